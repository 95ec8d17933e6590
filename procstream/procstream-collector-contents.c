/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-collector.h"

#include "procstream-collection-private.h"
#include "procstream-collector-private.h"
#include "procstream-valid-text-private.h"

#include <string.h>

/* What a collector has, in each form that is asked for. */

/* Where each line is in the bytes that hold all of them. */
typedef struct
{
  gsize offset;
  gsize size;
} Place;

static void
add_place (gpointer data,
           gsize    offset,
           gsize    size)
{
  Place place = { offset, size };

  g_array_append_val ((GArray *) data, place);
}

/* Bytes that were collected as such: cut at LF and CRLF, without a copy. */
static void
find_places (GBytes *bytes,
             GArray *places)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize at = 0; at < size;)
    {
      const guint8 *end = memchr (data + at, '\n', size - at);
      gsize         next = end ? (gsize) (end - data) : size;

      add_place (places, at, end && next > at && data[next - 1] == '\r' ? next - 1 - at : next - at);
      at = next + 1;
    }
}

static GBytes *
get_lines (ProcstreamCollector *self,
           gboolean             first,
           gboolean             last,
           GArray              *places)
{
  ProcstreamCollection *collection = procstream_collector_get_collection (self);
  GBytes               *bytes;

  if (collection->collect == PROCSTREAM_COLLECT_LINES)
    return procstream_collection_dup_lines (collection, first, last, add_place, places);
  bytes = procstream_collection_dup_bytes (collection, first, last);
  find_places (bytes, places);
  return bytes;
}

static char **
dup_lines (ProcstreamCollector *self,
           gboolean             first,
           gboolean             last)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_autoptr (GBytes) bytes = get_lines (self, first, last, places);
  g_autoptr (GString) scratch = g_string_new (NULL);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  char        **lines = g_new0 (char *, places->len + 1);

  for (guint i = 0; i < places->len; i++)
    {
      const Place *place = &g_array_index (places, Place, i);
      gsize        size = 0;
      const char  *text = place->size > 0 ? procstream_line_repair (data + place->offset, place->size, scratch, &size) : "";

      lines[i] = g_strndup (text, size);
    }
  return lines;
}

static GList *
dup_raw_lines (ProcstreamCollector *self,
               gboolean             first,
               gboolean             last)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_autoptr (GBytes) bytes = get_lines (self, first, last, places);
  GList *lines = NULL;

  for (guint i = places->len; i > 0; i--)
    {
      const Place *place = &g_array_index (places, Place, i - 1);

      lines = g_list_prepend (lines, g_bytes_new_from_bytes (bytes, place->offset, place->size));
    }
  return lines;
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
  gsize       size;
  const char *data = g_bytes_get_data (bytes, &size);

  procstream_valid_text_append (text, data, size);
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
 * Gets the lines that were kept so far, as text: what is not valid UTF-8, and NUL, is replaced
 * by U+FFFD. Where bytes are collected, they are cut into lines at LF and CRLF now.
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

/**
 * procstream_collector_dup_raw_lines:
 * @self: a collector
 *
 * Gets the lines that were kept so far, byte for byte as the child wrote them, without their
 * separators. An encoding that is not UTF-8 has been converted, and escape sequences that
 * are to be left out are; nothing else is changed. All of them share their memory.
 *
 * Returns: (transfer full) (element-type GLib.Bytes): the lines, possibly none
 *
 * Since: 1.0
 */
GList *
procstream_collector_dup_raw_lines (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return dup_raw_lines (self, TRUE, TRUE);
}

/**
 * procstream_collector_dup_first_raw_lines:
 * @self: a collector
 *
 * Gets the lines that were kept so far of the beginning, as
 * [method@Procstream.Collector.dup_raw_lines] gets all of them.
 *
 * Returns: (transfer full) (element-type GLib.Bytes): the lines, possibly none
 *
 * Since: 1.0
 */
GList *
procstream_collector_dup_first_raw_lines (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return dup_raw_lines (self, TRUE, FALSE);
}

/**
 * procstream_collector_dup_last_raw_lines:
 * @self: a collector
 *
 * Gets the lines that were kept so far of the end, as
 * [method@Procstream.Collector.dup_raw_lines] gets all of them.
 *
 * Returns: (transfer full) (element-type GLib.Bytes): the lines, possibly none
 *
 * Since: 1.0
 */
GList *
procstream_collector_dup_last_raw_lines (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  return dup_raw_lines (self, FALSE, TRUE);
}
