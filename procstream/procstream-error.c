/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-error.h"

/**
 * procstream_child_error_quark:
 *
 * Gets the error domain of [error@Procstream.ChildError].
 *
 * Returns: the quark of the domain
 *
 * Since: 1.0
 */
/* By hand, since clang-format would take the hyphens of the G_DEFINE_QUARK() argument for subtraction. */
GQuark
procstream_child_error_quark (void)
{
  static GQuark quark;
  GQuark        known = g_atomic_int_get (&quark);

  if (known == 0)
    {
      known = g_quark_from_static_string ("procstream-child-error-quark");
      g_atomic_int_set (&quark, known);
    }
  return known;
}
