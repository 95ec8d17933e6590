/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_LINE (procstream_line_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamLine, procstream_line, PROCSTREAM, LINE, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_line_get_text (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_line_get_bytes (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_line_get_number (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_line_get_time_us (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_line_get_stream (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_line_get_terminated (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_line_get_cut (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_line_get_torn (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_line_get_chunks_lost (ProcstreamLine *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_line_get_bytes_lost (ProcstreamLine *self);

G_END_DECLS
