/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-consumer.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_DEFAULT_MAX_BACKUPS:
 *
 * How many rotated files a writer keeps unless told otherwise: 3.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_MAX_BACKUPS 3

#define PROCSTREAM_TYPE_WRITER (procstream_writer_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamWriter, procstream_writer, PROCSTREAM, WRITER, ProcstreamConsumer)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamWriter *procstream_writer_new_for_path (const char *path, ProcstreamFileMode file_mode);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamWriter *procstream_writer_new_for_file (GFile *file, ProcstreamFileMode file_mode);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamWriter *procstream_writer_new_for_stream (GOutputStream *stream);

PROCSTREAM_AVAILABLE_IN_1_0
GFile *procstream_writer_get_file (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamFileMode procstream_writer_get_file_mode (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
GOutputStream *procstream_writer_get_stream (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamWriteMode procstream_writer_get_write_mode (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_write_mode (ProcstreamWriter *self, ProcstreamWriteMode write_mode);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_writer_get_prefix (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_prefix (ProcstreamWriter *self, const char *prefix);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_writer_get_line_ending (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_line_ending (ProcstreamWriter *self, const char *line_ending);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_writer_get_mark_losses (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_mark_losses (ProcstreamWriter *self, gboolean mark_losses);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamWriteErrorPolicy procstream_writer_get_error_policy (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_error_policy (ProcstreamWriter *self, ProcstreamWriteErrorPolicy error_policy);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamFlushPolicy procstream_writer_get_flush_policy (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_flush_policy (ProcstreamWriter *self, ProcstreamFlushPolicy flush_policy);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_writer_get_close_stream (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_close_stream (ProcstreamWriter *self, gboolean close_stream);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_writer_get_max_file_size (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_max_file_size (ProcstreamWriter *self, guint64 max_file_size);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_writer_get_max_backups (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_writer_set_max_backups (ProcstreamWriter *self, guint max_backups);

PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_writer_get_bytes_written (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_writer_get_bytes_failed (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_writer_get_write_errors (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_writer_get_rotations (ProcstreamWriter *self);
PROCSTREAM_AVAILABLE_IN_1_0
GError *procstream_writer_dup_write_error (ProcstreamWriter *self);

G_END_DECLS
