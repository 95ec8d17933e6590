/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_CAPTURE (procstream_capture_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamCapture, procstream_capture, PROCSTREAM, CAPTURE, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_capture_get_bytes (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_capture_get_text (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
char **procstream_capture_dup_lines (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_capture_get_bytes_seen (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_capture_get_bytes_cut (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_capture_get_bytes_lost (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_capture_get_bytes_missed (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_capture_get_gaps (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_capture_get_lines_seen (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_capture_get_lines_cut (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_capture_get_ended (ProcstreamCapture *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_capture_get_truncated (ProcstreamCapture *self);

G_END_DECLS
