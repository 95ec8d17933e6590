/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-child.h>
#include <procstream/procstream-complete-options.h>
#include <procstream/procstream-input.h>
#include <procstream/procstream-launcher.h>
#include <procstream/procstream-output.h>
#include <procstream/procstream-pipeline-result.h>
#include <procstream/procstream-shutdown.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_PIPELINE (procstream_pipeline_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamPipeline, procstream_pipeline, PROCSTREAM, PIPELINE, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamPipeline *procstream_pipeline_new (void);

PROCSTREAM_AVAILABLE_IN_1_0
GListModel *procstream_pipeline_get_stages (ProcstreamPipeline *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamInput *procstream_pipeline_get_stdin (ProcstreamPipeline *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutput *procstream_pipeline_get_output (ProcstreamPipeline *self);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChild *procstream_pipeline_append (ProcstreamPipeline *self, ProcstreamLauncher *launcher, const char *const *argv, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_pipeline_get_n_stages (ProcstreamPipeline *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChild *procstream_pipeline_get_stage (ProcstreamPipeline *self, guint stage);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_set_observed (ProcstreamPipeline *self, guint stage, gboolean observed, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_is_observed (ProcstreamPipeline *self, guint stage);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_start (ProcstreamPipeline *self, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_pipeline_start_async (ProcstreamPipeline *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_start_finish (ProcstreamPipeline *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamPipelineResult *procstream_pipeline_complete (ProcstreamPipeline *self, ProcstreamCompleteOptions *options, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_pipeline_complete_async (ProcstreamPipeline *self, ProcstreamCompleteOptions *options, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamPipelineResult *procstream_pipeline_complete_finish (ProcstreamPipeline *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_terminate (ProcstreamPipeline *self, ProcstreamShutdown *shutdown, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_pipeline_terminate_async (ProcstreamPipeline *self, ProcstreamShutdown *shutdown, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_terminate_finish (ProcstreamPipeline *self, GAsyncResult *result, GError **error);

G_END_DECLS
