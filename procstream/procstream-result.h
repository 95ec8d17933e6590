/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-capture.h>
#include <procstream/procstream-enums.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_RESULT (procstream_result_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamResult, procstream_result, PROCSTREAM, RESULT, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_result_get_name (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_result_get_exit_code (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_result_get_term_signal (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_result_get_success (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_result_get_duration_us (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_result_get_user_time_us (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_result_get_system_time_us (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_result_get_peak_memory (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_result_get_message (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamCause procstream_result_get_cause (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_result_get_running (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_result_get_phase (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
GListModel *procstream_result_get_attempts (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamCapture *procstream_result_get_stdout (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamCapture *procstream_result_get_stderr (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_result_get_tail (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_result_get_truncated (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
GError *procstream_result_dup_input_error (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
GError *procstream_result_dup_file_error (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_result_dup_stdout_text (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_result_dup_stderr_text (ProcstreamResult *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_result_check (ProcstreamResult *self, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_child_error_get_result (const GError *error);

G_END_DECLS
