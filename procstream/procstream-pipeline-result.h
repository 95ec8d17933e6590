/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-capture.h>
#include <procstream/procstream-result.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_PIPELINE_RESULT (procstream_pipeline_result_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamPipelineResult, procstream_pipeline_result, PROCSTREAM, PIPELINE_RESULT, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_result_get_success (ProcstreamPipelineResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_pipeline_result_get_blamed (ProcstreamPipelineResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
GListModel *procstream_pipeline_result_get_stages (ProcstreamPipelineResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_pipeline_result_get_message (ProcstreamPipelineResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamCapture *procstream_pipeline_result_get_stdout (ProcstreamPipelineResult *self);

PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_pipeline_result_get_n_stages (ProcstreamPipelineResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_pipeline_result_get_stage (ProcstreamPipelineResult *self, guint stage);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_result_is_excused (ProcstreamPipelineResult *self, guint stage);
PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_pipeline_result_dup_stdout_text (ProcstreamPipelineResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_pipeline_result_check (ProcstreamPipelineResult *self, GError **error);

G_END_DECLS
