/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-consumer.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-output.h>
#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_DEFAULT_LOG_LINES:
 *
 * How many lines a [class@Procstream.LogModel] shows unless told otherwise: more than
 * anybody scrolls through, and with lines of 80 bytes about 10 MB.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_LOG_LINES 100000

/**
 * PROCSTREAM_DEFAULT_LOG_BYTES:
 *
 * How many bytes of lines a [class@Procstream.LogModel] shows unless told otherwise: as
 * many as %PROCSTREAM_DEFAULT_LOG_LINES lines that are four times as long as a line of a
 * terminal.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_LOG_BYTES 33554432

#define PROCSTREAM_TYPE_LOG_MODEL (procstream_log_model_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamLogModel, procstream_log_model, PROCSTREAM, LOG_MODEL, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLogModel *procstream_log_model_new (void);

PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_log_model_get_max_lines (ProcstreamLogModel *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_log_model_set_max_lines (ProcstreamLogModel *self, guint max_lines);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_log_model_get_max_bytes (ProcstreamLogModel *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_log_model_set_max_bytes (ProcstreamLogModel *self, guint64 max_bytes);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_log_model_get_show_gaps (ProcstreamLogModel *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_log_model_set_show_gaps (ProcstreamLogModel *self, gboolean show_gaps);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_log_model_get_bytes_shown (ProcstreamLogModel *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_log_model_get_lines_dropped (ProcstreamLogModel *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_log_model_get_gaps (ProcstreamLogModel *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_log_model_get_bytes_lost (ProcstreamLogModel *self);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamConsumer *procstream_log_model_follow (ProcstreamLogModel *self, ProcstreamOutput *output, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamConsumer *procstream_log_model_add_consumer (ProcstreamLogModel *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_log_model_clear (ProcstreamLogModel *self);

PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_log_model_find (ProcstreamLogModel *self, const char *text, ProcstreamFindFlags flags, guint start);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_log_model_find_async (ProcstreamLogModel *self, const char *text, ProcstreamFindFlags flags, guint start, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_log_model_find_finish (ProcstreamLogModel *self, GAsyncResult *result, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_log_model_find_regex (ProcstreamLogModel *self, GRegex *regex, ProcstreamFindFlags flags, guint start, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_log_model_find_regex_async (ProcstreamLogModel *self, GRegex *regex, ProcstreamFindFlags flags, guint start, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_log_model_find_regex_finish (ProcstreamLogModel *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_log_model_save (ProcstreamLogModel *self, GFile *file, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_log_model_save_async (ProcstreamLogModel *self, GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_log_model_save_finish (ProcstreamLogModel *self, GAsyncResult *result, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_log_model_save_to_stream (ProcstreamLogModel *self, GOutputStream *stream, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_log_model_save_to_stream_async (ProcstreamLogModel *self, GOutputStream *stream, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_log_model_save_to_stream_finish (ProcstreamLogModel *self, GAsyncResult *result, GError **error);

G_END_DECLS
