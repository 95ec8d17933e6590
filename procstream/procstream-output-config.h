/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_DEFAULT_READ_CHUNK_SIZE:
 *
 * How many bytes one read asks for unless told otherwise, in bytes: 64 KiB, a
 * quarter of the enlarged pipe. Bigger reads were measured to be no faster.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_READ_CHUNK_SIZE 65536

/**
 * PROCSTREAM_DEFAULT_MAX_BUFFERED_CHUNKS:
 *
 * The default size of the live window in chunks. It is a guard against floods
 * of tiny chunks; with full chunks the byte limit is reached first.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_MAX_BUFFERED_CHUNKS 1024

/**
 * PROCSTREAM_DEFAULT_MAX_BUFFERED_BYTES:
 *
 * The default size of the live window in bytes: 2 MiB, 32 full chunks.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_MAX_BUFFERED_BYTES 2097152

/**
 * PROCSTREAM_DEFAULT_MAX_REPLAY_BYTES:
 *
 * The default limit of what replay of lines or milliseconds takes, in bytes:
 * 2 MiB, as much as the live window.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_MAX_REPLAY_BYTES 2097152

/**
 * PROCSTREAM_DEFAULT_MAX_LINE_LENGTH:
 *
 * The default limit of a line, in bytes of its text without the separator:
 * 64 KiB.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_MAX_LINE_LENGTH 65536

/**
 * PROCSTREAM_SMALLEST_MAX_LINE_LENGTH:
 *
 * The smallest limit of a line, in bytes: the length of the longest character
 * of UTF-8, so that a line can always be cut between two characters.
 *
 * Since: 1.0
 */
#define PROCSTREAM_SMALLEST_MAX_LINE_LENGTH 4

/**
 * PROCSTREAM_LARGEST_CUSTOM_SEPARATOR:
 *
 * The most bytes that a separator of one's own may have: 16, so many as each chunk
 * remembers of what came before it, to tell whether a line begins with it.
 *
 * Since: 1.0
 */
#define PROCSTREAM_LARGEST_CUSTOM_SEPARATOR 16

#define PROCSTREAM_TYPE_OUTPUT_CONFIG (procstream_output_config_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamOutputConfig, procstream_output_config, PROCSTREAM, OUTPUT_CONFIG, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_output_config_new (ProcstreamDelivery delivery,
                                                      ProcstreamReplay   replay);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_output_config_new_discard (void);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_output_config_new_inherit (void);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_output_config_new_file (const char *path, ProcstreamFileMode file_mode);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamBackend procstream_output_config_get_backend (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_backend (ProcstreamOutputConfig *self, ProcstreamBackend backend);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamDelivery procstream_output_config_get_delivery (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_delivery (ProcstreamOutputConfig *self, ProcstreamDelivery delivery);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamReplay procstream_output_config_get_replay (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_replay (ProcstreamOutputConfig *self, ProcstreamReplay replay);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_output_config_get_replay_limit (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_replay_limit (ProcstreamOutputConfig *self, guint64 replay_limit);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_output_config_get_read_chunk_size (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_read_chunk_size (ProcstreamOutputConfig *self, guint read_chunk_size);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_output_config_get_max_buffered_chunks (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_max_buffered_chunks (ProcstreamOutputConfig *self, guint max_buffered_chunks);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_output_config_get_max_buffered_bytes (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_max_buffered_bytes (ProcstreamOutputConfig *self, guint64 max_buffered_bytes);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_output_config_get_max_replay_bytes (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_max_replay_bytes (ProcstreamOutputConfig *self, guint64 max_replay_bytes);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_output_config_get_max_stall_ms (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_max_stall_ms (ProcstreamOutputConfig *self, gint64 max_stall_ms);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamReaderMode procstream_output_config_get_reader (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_reader (ProcstreamOutputConfig *self, ProcstreamReaderMode reader);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLineSeparator procstream_output_config_get_line_separator (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_line_separator (ProcstreamOutputConfig *self, ProcstreamLineSeparator line_separator);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_output_config_get_max_line_length (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_max_line_length (ProcstreamOutputConfig *self, guint max_line_length);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLineOverflow procstream_output_config_get_line_overflow (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_line_overflow (ProcstreamOutputConfig *self, ProcstreamLineOverflow line_overflow);

PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_output_config_get_custom_separator (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_custom_separator (ProcstreamOutputConfig *self, GBytes *custom_separator);

PROCSTREAM_AVAILABLE_IN_1_0
GFile *procstream_output_config_get_file (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_file (ProcstreamOutputConfig *self, GFile *file);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamFileMode procstream_output_config_get_file_mode (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_file_mode (ProcstreamOutputConfig *self, ProcstreamFileMode file_mode);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_output_config_get_encoding (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_encoding (ProcstreamOutputConfig *self, const char *encoding);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_output_config_get_strip_escapes (ProcstreamOutputConfig *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_config_set_strip_escapes (ProcstreamOutputConfig *self, gboolean strip_escapes);

G_END_DECLS
