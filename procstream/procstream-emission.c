/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-emission-private.h"

/* The innermost emission of the thread. A handler that runs a main loop may be inside of several. */
static GPrivate innermost;

void
procstream_emission_begin (ProcstreamEmission *self,
                           gconstpointer       family)
{
  self->family = family;
  self->outer = g_private_get (&innermost);
  g_private_set (&innermost, self);
}

void
procstream_emission_end (ProcstreamEmission *self)
{
  g_assert (g_private_get (&innermost) == self);
  g_private_set (&innermost, self->outer);
}

gboolean
procstream_emission_is_under_way (gconstpointer family)
{
  for (const ProcstreamEmission *emission = g_private_get (&innermost); emission; emission = emission->outer)
    if (emission->family == family)
      return TRUE;
  return FALSE;
}
