/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"
#include "procstream-complete-options-private.h"

G_BEGIN_DECLS

/* One wait for a whole child: its exit, the ends of its outputs and what they said, and whatever cuts that short. Atomically counted. */
typedef struct _ProcstreamCompletion ProcstreamCompletion;

/* Begins. From then on nothing that the child writes is missed. @cancellable is only borrowed: the caller keeps it until the wait is
 * over. */
ProcstreamCompletion *procstream_completion_new (ProcstreamChildCore              *child,
                                                 const ProcstreamCompleteSettings *settings,
                                                 GCancellable                     *cancellable);
ProcstreamCompletion *procstream_completion_ref (ProcstreamCompletion *self);
void                  procstream_completion_unref (ProcstreamCompletion *self);

/* The wait comes to its end because of @cause, as if that had happened to its own child. Any thread. */
void procstream_completion_stop (ProcstreamCompletion *self,
                                 ProcstreamCause       cause);
/* As if its cancellable were cancelled. Any thread. */
void procstream_completion_cancel (ProcstreamCompletion *self);
/* Why it came to its end before the child did, once it is over; NONE: it did not. */
ProcstreamCause procstream_completion_get_cause (ProcstreamCompletion *self);
/* Whether it was stopped when nothing but the ends of the outputs was waited for, once it is over. */
gboolean procstream_completion_was_cut_short (ProcstreamCompletion *self);

/* Complete when it is over, with the error of a start that failed, or that was not waited for. */
ProcstreamWaiters *procstream_completion_get_over (ProcstreamCompletion *self);
/* That error, once it is over; NULL: there is none, whatever becomes of the child after that. */
const GError *procstream_completion_get_error (ProcstreamCompletion *self);
/* From when its times count; 0: not yet. In the I/O thread, or while that stands still. */
gint64 procstream_completion_get_begin_us (ProcstreamCompletion *self);
/* What came of it, once it is over: (transfer full). */
ProcstreamResult *procstream_completion_make_result (ProcstreamCompletion *self);

G_END_DECLS
