/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"
#include "procstream-completion-private.h"
#include "procstream-pipeline-result.h"

G_BEGIN_DECLS

/* The inner record of a pipeline: its stages, and what is done with all of them at once. Atomically counted; held by the outer
 * ProcstreamPipeline, and by what is under way in the I/O thread. */
typedef struct _ProcstreamPipelineCore ProcstreamPipelineCore;

ProcstreamPipelineCore *procstream_pipeline_core_new (void);
ProcstreamPipelineCore *procstream_pipeline_core_ref (ProcstreamPipelineCore *self);
void                    procstream_pipeline_core_unref (ProcstreamPipelineCore *self);

/* Before the start. In the thread of the outer object. */
void                 procstream_pipeline_core_append (ProcstreamPipelineCore *self,
                                                      ProcstreamChildCore    *stage);
void                 procstream_pipeline_core_set_observed (ProcstreamPipelineCore *self,
                                                            guint                   i,
                                                            gboolean                observed);
gboolean             procstream_pipeline_core_is_observed (ProcstreamPipelineCore *self,
                                                           guint                   i);
guint                procstream_pipeline_core_get_size (ProcstreamPipelineCore *self);
ProcstreamChildCore *procstream_pipeline_core_get_stage (ProcstreamPipelineCore *self,
                                                         guint                   i);

/* Whether it may still be changed, and was started. */
gboolean procstream_pipeline_core_check_new (ProcstreamPipelineCore *self,
                                             GError                **error);
gboolean procstream_pipeline_core_check_started (ProcstreamPipelineCore *self,
                                                 GError                **error);

/* Checks all, and makes what the stages are to be joined by; a pipeline that this fails for stays as it was. All stages are to be claimed then, and
 * launched; or given up, where @error is why the one after the first @n_claimed could not be claimed. */
gboolean procstream_pipeline_core_prepare (ProcstreamPipelineCore *self,
                                           GError                **error);
void     procstream_pipeline_core_launch (ProcstreamPipelineCore *self);
void     procstream_pipeline_core_give_up (ProcstreamPipelineCore *self,
                                           guint                   n_claimed,
                                           const GError           *error);
/* Complete when every stage runs, or, with the error of the first that could not be started, when all the others are gone again. */
ProcstreamWaiters *procstream_pipeline_core_get_started (ProcstreamPipelineCore *self);

/* Begins to end all stages that were started; @plan NULL: each as its launcher says. (transfer full) what to wait for: nobody is left, or
 * the error of the first stage of which somebody is. */
ProcstreamWaiters *procstream_pipeline_core_shut_down (ProcstreamPipelineCore *self,
                                                       ProcstreamShutdownPlan *plan);

/* A wait for all of it: one for each stage, and what ends one of them ends them all. */
typedef struct _ProcstreamPipelineWait ProcstreamPipelineWait;

ProcstreamPipelineWait *procstream_pipeline_wait_new (ProcstreamPipelineCore           *core,
                                                      const ProcstreamCompleteSettings *settings,
                                                      GCancellable                     *cancellable);
ProcstreamPipelineWait *procstream_pipeline_wait_ref (ProcstreamPipelineWait *self);
void                    procstream_pipeline_wait_unref (ProcstreamPipelineWait *self);
ProcstreamWaiters      *procstream_pipeline_wait_get_over (ProcstreamPipelineWait *self);
/* Once it is over. (transfer full) */
ProcstreamPipelineResult *procstream_pipeline_wait_make_result (ProcstreamPipelineWait *self);

G_END_DECLS
