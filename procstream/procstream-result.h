/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>

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
const char *procstream_result_get_message (ProcstreamResult *self);

G_END_DECLS
