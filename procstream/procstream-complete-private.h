/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child.h"
#include "procstream-completion-private.h"

G_BEGIN_DECLS

/* What a task waits with: freed in the task's own context, as the cancellable must be. */
typedef struct
{
  ProcstreamCompletion *completion;
  GCancellable         *cancellable;
} ProcstreamCompleteCall;

ProcstreamCompleteCall *procstream_complete_call_new (ProcstreamChild                  *child,
                                                      const ProcstreamCompleteSettings *settings,
                                                      GCancellable                     *cancellable);
void                    procstream_complete_call_free (gpointer data);

/* Blocks until it is over. In a thread that may. */
ProcstreamResult *procstream_complete_call_wait (ProcstreamCompleteCall *self,
                                                 ProcstreamChild        *child,
                                                 GError                **error);
/* Completes @task (taken), whose data is a call, when that is over. */
void procstream_complete_call_add_task (ProcstreamCompleteCall *self,
                                        GTask                  *task);

G_END_DECLS
