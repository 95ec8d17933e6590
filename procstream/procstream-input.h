/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_DEFAULT_MAX_QUEUED_BYTES:
 *
 * How much a program may queue for the standard input of a child without waiting, unless told
 * otherwise: 1 MiB, which is what any pipe holds at most by default.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_MAX_QUEUED_BYTES (1024 * 1024)

#define PROCSTREAM_TYPE_INPUT (procstream_input_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamInput, procstream_input, PROCSTREAM, INPUT, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_input_get_bytes_queued (ProcstreamInput *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_input_get_bytes_written (ProcstreamInput *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_input_get_max_queued_bytes (ProcstreamInput *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_input_set_max_queued_bytes (ProcstreamInput *self, guint64 max_queued_bytes);
PROCSTREAM_AVAILABLE_IN_1_0
GError *procstream_input_dup_feed_error (ProcstreamInput *self);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_input_write_bytes (ProcstreamInput *self, GBytes *bytes, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_input_write_utf8 (ProcstreamInput *self, const char *text, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_input_write_async (ProcstreamInput *self, GBytes *bytes, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_input_write_finish (ProcstreamInput *self, GAsyncResult *result, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_input_close (ProcstreamInput *self);

G_END_DECLS
