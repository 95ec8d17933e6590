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
 * PROCSTREAM_UNLIMITED:
 *
 * No limit, where a limit is asked for: more bytes or lines than there is memory for,
 * and the largest number that JavaScript, too, holds exactly (2⁵³ − 1).
 *
 * Since: 1.0
 */
#define PROCSTREAM_UNLIMITED G_GINT64_CONSTANT (9007199254740991)

/**
 * PROCSTREAM_DEFAULT_COLLECTED_BYTES:
 *
 * How many bytes a collector keeps unless told otherwise: 1 MiB.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_COLLECTED_BYTES 1048576

#define PROCSTREAM_TYPE_COLLECTOR (procstream_collector_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamCollector, procstream_collector, PROCSTREAM, COLLECTOR, ProcstreamConsumer)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamCollector *procstream_collector_new (ProcstreamCollect collect, ProcstreamKeep keep);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamCollect procstream_collector_get_collect (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamKeep procstream_collector_get_keep (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_max_bytes (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_collector_set_max_bytes (ProcstreamCollector *self, guint64 max_bytes);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_max_lines (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_collector_set_max_lines (ProcstreamCollector *self, guint64 max_lines);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_first_bytes (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_collector_set_first_bytes (ProcstreamCollector *self, guint64 first_bytes);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_first_lines (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_collector_set_first_lines (ProcstreamCollector *self, guint64 first_lines);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_spill_above (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_collector_set_spill_above (ProcstreamCollector *self, guint64 spill_above);

PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_collector_dup_bytes (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_collector_dup_text (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
char **procstream_collector_dup_lines (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_collector_dup_first_bytes (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_collector_dup_last_bytes (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
char **procstream_collector_dup_first_lines (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
char **procstream_collector_dup_last_lines (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
GList *procstream_collector_dup_raw_lines (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
GList *procstream_collector_dup_first_raw_lines (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
GList *procstream_collector_dup_last_raw_lines (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
GInputStream *procstream_collector_open_stream (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_bytes_seen (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_lines_seen (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_bytes_cut (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_lines_cut (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_collector_get_chunks_cut (ProcstreamCollector *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_collector_get_truncated (ProcstreamCollector *self);

G_END_DECLS
