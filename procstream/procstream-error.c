/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-error-private.h"

#include "procstream-result.h"

/* What GLib keeps for each error of the domain, right before the error itself. */
typedef struct
{
  ProcstreamResult *result;
} Private;

static Private *
get_private (const GError *error)
{
  /* As G_DEFINE_EXTENDED_ERROR() does. */
  const gsize align = 2 * sizeof (gsize);
  const gsize size = (sizeof (Private) + (align - 1)) & -align;

  return (Private *) (gpointer) ((guint8 *) error - size);
}

static void
init_cb (GError *error)
{
  get_private (error)->result = NULL;
}

static void
copy_cb (const GError *source,
         GError       *copy)
{
  g_set_object (&get_private (copy)->result, get_private (source)->result);
}

static void
clear_cb (GError *error)
{
  g_clear_object (&get_private (error)->result);
}

/**
 * procstream_child_error_quark:
 *
 * Gets the error domain of [error@Procstream.ChildError].
 *
 * Returns: the quark of the domain
 *
 * Since: 1.0
 */
GQuark
procstream_child_error_quark (void)
{
  static gsize quark;

  if (g_once_init_enter (&quark))
    g_once_init_leave (&quark, g_error_domain_register_static ("procstream-child-error-quark", sizeof (Private),
                                                               init_cb, copy_cb, clear_cb));
  return (GQuark) quark;
}

GError *
procstream_child_error_new_with_result (int               code,
                                        const char       *message,
                                        ProcstreamResult *result)
{
  GError *error = g_error_new_literal (PROCSTREAM_CHILD_ERROR, code, message);

  get_private (error)->result = g_object_ref (result);
  return error;
}

/**
 * procstream_child_error_get_result:
 * @error: an error of any domain
 *
 * Gets the result that an error carries. One of
 * %PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL, %PROCSTREAM_CHILD_ERROR_OUTPUT_CUT or
 * %PROCSTREAM_CHILD_ERROR_INPUT_CUT has one.
 *
 * In Python, whose errors have no room for it, they have an attribute `result`
 * instead; in JavaScript they have that property as well.
 *
 * Returns: (transfer none) (nullable): the result, or %NULL
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_child_error_get_result (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  return error->domain == PROCSTREAM_CHILD_ERROR ? get_private (error)->result : NULL;
}
