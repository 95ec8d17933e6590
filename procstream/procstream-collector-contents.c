/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-collector.h"

#include "procstream-collection-private.h"
#include "procstream-collector-private.h"
#include "procstream-line-parser.h"

/* What a collector has, in each form that is asked for. */

static char **
parse_lines (GBytes *bytes)
{
  g_autoptr (ProcstreamLineParser) parser =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_NEWLINE, G_MAXINT, PROCSTREAM_LINE_OVERFLOW_SPLIT);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) lines = procstream_line_parser_push (parser, bytes);
  g_auto (GStrv) last = procstream_line_parser_finish (parser);

  g_strv_builder_addv (builder, (const char **) lines);
  g_strv_builder_addv (builder, (const char **) last);
  return g_strv_builder_end (builder);
}

static char **
dup_lines (ProcstreamCollector *self,
           gboolean             first,
           gboolean             last)
{
  ProcstreamCollection *collection = procstream_collector_get_collection (self);
  g_autoptr (GBytes) bytes = NULL;

  if (collection->collect == PROCSTREAM_COLLECT_LINES)
    return procstream_collection_dup_lines (collection, first, last);
  bytes = procstream_collection_dup_bytes (collection, first, last);
  return parse_lines (bytes);
}

/**
 * procstream_collector_dup_bytes:
 * @self: a collector
 *
 * Gets what was kept so far. Lines are joined, each ended by a line feed. Of the first and
 * the last, the last follow the first at once, whatever was cut between the two.
 *
 * What was spilled to a file is mapped, not read: the bytes take no memory that the system
 * cannot get back, and stay what they are when the collector is gone.
 *
 * Returns: (transfer full): the bytes, possibly none
 *
 * Since: 1.0
 */
GBytes *
procstream_collector_dup_bytes (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return procstream_collection_dup_bytes (procstream_collector_get_collection (self), TRUE, TRUE);
}

/**
 * procstream_collector_dup_first_bytes:
 * @self: a collector
 *
 * Gets what was kept so far of the beginning, as [method@Procstream.Collector.dup_bytes]
 * gets all of it.
 *
 * Returns: (transfer full): the bytes, possibly none
 *
 * Since: 1.0
 */
GBytes *
procstream_collector_dup_first_bytes (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return procstream_collection_dup_bytes (procstream_collector_get_collection (self), TRUE, FALSE);
}

/**
 * procstream_collector_dup_last_bytes:
 * @self: a collector
 *
 * Gets what was kept so far of the end: with %PROCSTREAM_KEEP_FIRST_AND_LAST, what did not
 * fit into the beginning.
 *
 * Returns: (transfer full): the bytes, possibly none
 *
 * Since: 1.0
 */
GBytes *
procstream_collector_dup_last_bytes (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return procstream_collection_dup_bytes (procstream_collector_get_collection (self), FALSE, TRUE);
}

/**
 * procstream_collector_open_stream:
 * @self: a collector
 *
 * Opens what was kept so far as a stream: the bytes of
 * [method@Procstream.Collector.dup_bytes].
 *
 * Returns: (transfer full): a stream
 *
 * Since: 1.0
 */
GInputStream *
procstream_collector_open_stream (ProcstreamCollector *self)
{
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  bytes = procstream_collector_dup_bytes (self);
  return g_memory_input_stream_new_from_bytes (bytes);
}

static void
append_text (GString *text,
             GBytes  *bytes)
{
  g_autoptr (GString) scratch = g_string_new (NULL);
  gsize       size;
  const char *part = procstream_line_repair (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), scratch, &size);

  g_string_append_len (text, part, size);
}

/**
 * procstream_collector_dup_text:
 * @self: a collector
 *
 * Gets what was kept so far as valid UTF-8: what is not valid, and NUL, is replaced by
 * U+FFFD. It is meant for people: with %PROCSTREAM_KEEP_FIRST_AND_LAST, a line of its own
 * says what was cut between the two, as in `[… 4096 bytes left out …]`.
 *
 * Returns: (transfer full): the text, possibly empty
 *
 * Since: 1.0
 */
char *
procstream_collector_dup_text (ProcstreamCollector *self)
{
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) last = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  guint64 cut;

  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  cut = procstream_collector_get_bytes_cut (self);
  if (procstream_collector_get_keep (self) != PROCSTREAM_KEEP_FIRST_AND_LAST || cut == 0)
    {
      /* A character may lie across the two. */
      first = procstream_collector_dup_bytes (self);
      append_text (text, first);
      return g_string_free (g_steal_pointer (&text), FALSE);
    }
  first = procstream_collector_dup_first_bytes (self);
  last = procstream_collector_dup_last_bytes (self);
  append_text (text, first);
  if (text->len > 0 && text->str[text->len - 1] != '\n')
    g_string_append_c (text, '\n');
  g_string_append_printf (text, "[… %" G_GUINT64_FORMAT " bytes left out …]\n", cut);
  append_text (text, last);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/**
 * procstream_collector_dup_lines:
 * @self: a collector
 *
 * Gets the lines that were kept so far. Where bytes are collected, they are cut into
 * lines at LF and CRLF now.
 *
 * Returns: (transfer full) (array zero-terminated=1): the lines, possibly none
 *
 * Since: 1.0
 */
char **
procstream_collector_dup_lines (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return dup_lines (self, TRUE, TRUE);
}

/**
 * procstream_collector_dup_first_lines:
 * @self: a collector
 *
 * Gets the lines that were kept so far of the beginning.
 *
 * Returns: (transfer full) (array zero-terminated=1): the lines, possibly none
 *
 * Since: 1.0
 */
char **
procstream_collector_dup_first_lines (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return dup_lines (self, TRUE, FALSE);
}

/**
 * procstream_collector_dup_last_lines:
 * @self: a collector
 *
 * Gets the lines that were kept so far of the end.
 *
 * Returns: (transfer full) (array zero-terminated=1): the lines, possibly none
 *
 * Since: 1.0
 */
char **
procstream_collector_dup_last_lines (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return dup_lines (self, FALSE, TRUE);
}
