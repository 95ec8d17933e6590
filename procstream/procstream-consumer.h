/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-chunk-info.h>
#include <procstream/procstream-line.h>
#include <procstream/procstream-enums.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_CONSUMER (procstream_consumer_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (ProcstreamConsumer, procstream_consumer, PROCSTREAM, CONSUMER, GObject)

struct _ProcstreamConsumerClass
{
  GObjectClass parent_class;

  gboolean (*chunk) (ProcstreamConsumer *self, GBytes *bytes);
  gboolean (*lines) (ProcstreamConsumer *self, const char *const *lines);
  gboolean (*gap) (ProcstreamConsumer *self, guint64 chunks, guint64 bytes);
  void (*ended) (ProcstreamConsumer *self, const GError *error);
  gboolean (*chunk_info) (ProcstreamConsumer *self, ProcstreamChunkInfo *info);
  gboolean (*line_received) (ProcstreamConsumer *self, ProcstreamLine *line);

  /*< private >*/
  gpointer padding[10];
};

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamConsumerState procstream_consumer_get_state (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_consumer_get_gaps (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_consumer_get_chunks_lost (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_consumer_get_bytes_lost (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_consumer_is_paused (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_consumer_get_lag_chunks (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_consumer_get_lag_bytes (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_consumer_get_lag_us (ProcstreamConsumer *self);

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_cancel (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_mark_done (ProcstreamConsumer *self);

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_hold (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_release (ProcstreamConsumer *self);

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_pause (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_resume (ProcstreamConsumer *self);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_consumer_wait (ProcstreamConsumer *self, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_wait_async (ProcstreamConsumer *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_consumer_wait_finish (ProcstreamConsumer *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_consumer_get_live_only (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_live_only (ProcstreamConsumer *self, gboolean live_only);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_consumer_get_max_stall_ms (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_max_stall_ms (ProcstreamConsumer *self, gint64 max_stall_ms);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamDelivery procstream_consumer_get_delivery (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_delivery (ProcstreamConsumer *self, ProcstreamDelivery delivery);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLineSeparator procstream_consumer_get_line_separator (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_line_separator (ProcstreamConsumer *self, ProcstreamLineSeparator line_separator);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_consumer_get_max_line_length (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_max_line_length (ProcstreamConsumer *self, guint max_line_length);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLineOverflow procstream_consumer_get_line_overflow (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_line_overflow (ProcstreamConsumer *self, ProcstreamLineOverflow line_overflow);

PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_consumer_get_custom_separator (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_custom_separator (ProcstreamConsumer *self, GBytes *custom_separator);

PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_consumer_get_encoding (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_encoding (ProcstreamConsumer *self, const char *encoding);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_consumer_get_strip_escapes (ProcstreamConsumer *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_consumer_set_strip_escapes (ProcstreamConsumer *self, gboolean strip_escapes);

G_END_DECLS
