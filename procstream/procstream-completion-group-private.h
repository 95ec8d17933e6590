/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-completion-private.h"

G_BEGIN_DECLS

/* One wait for several whole children, each with a completion of its own. Atomically counted. */
typedef struct _ProcstreamCompletionGroup ProcstreamCompletionGroup;

/* Begins, with all of @children (of ProcstreamChildCore). @cancellable is only borrowed: the caller keeps it until the wait is over. */
ProcstreamCompletionGroup *procstream_completion_group_new (GPtrArray                        *children,
                                                            const ProcstreamCompleteSettings *settings,
                                                            GCancellable                     *cancellable);
void                       procstream_completion_group_unref (ProcstreamCompletionGroup *self);

/* Complete when all are over, without an error. */
ProcstreamWaiters *procstream_completion_group_get_over (ProcstreamCompletionGroup *self);
/* What came of each, in their order, once all are over: (transfer full) of owned ProcstreamResult. */
GPtrArray *procstream_completion_group_make_results (ProcstreamCompletionGroup *self);

G_END_DECLS
