/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* That user code is being called in this thread, and for what: a blocking call there must know that it would wait for its own caller.
 * @family is what belongs together: the outputs of one child (its core), an output that belongs to none (its core), or the signals of a
 * child itself (the child), in whose handlers its consumers may be waited for. */
typedef struct _ProcstreamEmission ProcstreamEmission;

struct _ProcstreamEmission
{
  gconstpointer       family;
  ProcstreamEmission *outer;
};

/* @self is on the stack of the caller, who ends it in the same thread, the last one first. */
void     procstream_emission_begin (ProcstreamEmission *self,
                                    gconstpointer       family);
void     procstream_emission_end (ProcstreamEmission *self);
gboolean procstream_emission_is_under_way (gconstpointer family); /* in the calling thread */

G_END_DECLS
