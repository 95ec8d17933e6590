/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-chunk-info.h>
#include <procstream/procstream-consumer.h>
#include <procstream/procstream-line.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_READER (procstream_reader_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamReader, procstream_reader, PROCSTREAM, READER, ProcstreamConsumer)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamReader *procstream_reader_new (void);

PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_reader_next (ProcstreamReader *self, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_reader_next_async (ProcstreamReader *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_reader_next_finish (ProcstreamReader *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChunkInfo *procstream_reader_next_info (ProcstreamReader *self, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_reader_next_info_async (ProcstreamReader *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChunkInfo *procstream_reader_next_info_finish (ProcstreamReader *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_reader_read_line (ProcstreamReader *self, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_reader_read_line_async (ProcstreamReader *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_reader_read_line_finish (ProcstreamReader *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLine *procstream_reader_next_line (ProcstreamReader *self, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_reader_next_line_async (ProcstreamReader *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLine *procstream_reader_next_line_finish (ProcstreamReader *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_reader_read_until (ProcstreamReader *self, GBytes *terminator, gsize max_size, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_reader_read_until_async (ProcstreamReader *self, GBytes *terminator, gsize max_size, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_reader_read_until_finish (ProcstreamReader *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_reader_read_exactly (ProcstreamReader *self, gsize size, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_reader_read_exactly_async (ProcstreamReader *self, gsize size, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_reader_read_exactly_finish (ProcstreamReader *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_reader_wait_more_async (ProcstreamReader *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_reader_wait_more_finish (ProcstreamReader *self, GAsyncResult *result, GError **error);

G_END_DECLS
