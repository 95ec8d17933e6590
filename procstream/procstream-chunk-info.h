/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_CHUNK_INFO (procstream_chunk_info_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamChunkInfo, procstream_chunk_info, PROCSTREAM, CHUNK_INFO, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_chunk_info_get_bytes (ProcstreamChunkInfo *self);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_chunk_info_get_stream (ProcstreamChunkInfo *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_chunk_info_get_sequence (ProcstreamChunkInfo *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_chunk_info_get_offset (ProcstreamChunkInfo *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_chunk_info_get_stream_offset (ProcstreamChunkInfo *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_chunk_info_get_time_us (ProcstreamChunkInfo *self);

G_END_DECLS
