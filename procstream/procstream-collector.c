/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-collector.h"

#include "procstream-consumer-private.h"
#include "procstream-enum-types.h"
#include "procstream-error.h"
#include "procstream-line-cursor-private.h"
#include "procstream-line-parser.h"
#include "procstream-platform-private.h"
#include "procstream-ring-private.h"

/**
 * ProcstreamCollector:
 *
 * A consumer that collects bytes or lines, up to a limit.
 *
 * When there is more than the limit allows, it keeps the beginning or the end, and
 * counts exactly what it did not keep. Whether what it has is everything is answered
 * by [property@Procstream.Collector:truncated], which also knows of gaps.
 * After a read error it still has what came before.
 *
 * It works in the library's I/O thread, with or without a main loop. What it has may
 * be looked at at any time, from any thread, also while it still collects.
 *
 * Since: 1.0
 */

/*
 * The record is shared by the outer and the thread that reads; mutex protects all of it but the options, which are fixed from attach
 * on. Whenever mutex is free:
 *
 *  - bytes: seen = kept + cut, kept <= max_bytes;
 *  - lines: seen = kept + cut, kept <= max_lines, and the bytes of the kept ones <= max_bytes;
 *  - what is kept is without a hole: keeping the first, nothing is kept any more once something was cut (full).
 */
typedef struct
{
  ProcstreamConsumerCore *core; /* its owner */
  ProcstreamCollect       collect;
  ProcstreamKeep          keep;
  guint64                 max_bytes;
  guint64                 max_lines;

  GMutex               mutex;
  ProcstreamLineCursor cursor;
  ProcstreamRing      *bytes;
  GQueue               lines; /* of owned char * */
  guint64              line_bytes;
  guint64              bytes_seen;
  guint64              lines_seen;
  guint64              bytes_cut;
  guint64              lines_cut;
  gboolean             full;
  GString             *scratch;
} Collection;

struct _ProcstreamCollector
{
  ProcstreamConsumer parent_instance;

  Collection *collection;
};

G_DEFINE_FINAL_TYPE (ProcstreamCollector, procstream_collector, PROCSTREAM_TYPE_CONSUMER)

enum
{
  PROP_0,
  PROP_COLLECT,
  PROP_KEEP,
  PROP_MAX_BYTES,
  PROP_MAX_LINES,
  PROP_BYTES_SEEN,
  PROP_LINES_SEEN,
  PROP_BYTES_CUT,
  PROP_LINES_CUT,
  PROP_TRUNCATED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- Collecting --------------------------------------------------------------------------------------------------------------- */

static void
collect_bytes (Collection   *self,
               const guint8 *data,
               gsize         size)
{
  self->bytes_seen += size;
  if (self->keep == PROCSTREAM_KEEP_FIRST)
    self->bytes_cut += size - procstream_ring_fill (self->bytes, data, size);
  else
    self->bytes_cut += procstream_ring_push (self->bytes, data, size);
}

static gboolean
fits (Collection *self,
      guint64     size)
{
  return self->lines.length < self->max_lines && self->line_bytes + size <= self->max_bytes;
}

static void
cut_oldest (Collection *self)
{
  g_autofree char *line = g_queue_pop_head (&self->lines);
  gsize            size = strlen (line);

  self->line_bytes -= size;
  self->bytes_cut += size;
  self->lines_cut++;
}

static void
keep_line (Collection   *self,
           const guint8 *data,
           gsize         size,
           gboolean      plain)
{
  const char *text = (const char *) data;

  if (!plain)
    text = procstream_line_repair (data, size, self->scratch, &size);
  if (self->keep == PROCSTREAM_KEEP_LAST)
    while (!fits (self, size) && self->lines.length > 0)
      cut_oldest (self);
  self->full = self->keep == PROCSTREAM_KEEP_FIRST && !fits (self, size);
  if (!fits (self, size))
    {
      self->bytes_cut += size;
      self->lines_cut++;
      return;
    }
  self->line_bytes += size;
  g_queue_push_tail (&self->lines, g_strndup (text, size));
}

static void
line_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  Collection *self = user_data;

  self->lines_seen++;
  self->bytes_seen += size;
  if (!self->full)
    {
      keep_line (self, data, size, plain);
      return;
    }
  self->lines_cut++;
  self->bytes_cut += size;
}

static gboolean
collection_event (gpointer                  native,
                  const ProcstreamLogEvent *event)
{
  Collection *self = native;
  gboolean    lines = self->collect == PROCSTREAM_COLLECT_LINES;

  g_mutex_lock (&self->mutex);
  if (event->type == PROCSTREAM_LOG_EVENT_CHUNK && lines)
    procstream_line_cursor_push (&self->cursor, event->chunk, line_cb, self);
  else if (event->type == PROCSTREAM_LOG_EVENT_CHUNK)
    collect_bytes (self, event->chunk->data, event->chunk->size);
  else if (event->type == PROCSTREAM_LOG_EVENT_GAP && lines)
    procstream_line_cursor_gap (&self->cursor);
  else if (event->type == PROCSTREAM_LOG_EVENT_END && lines)
    procstream_line_cursor_finish (&self->cursor, line_cb, self);
  g_mutex_unlock (&self->mutex);
  return FALSE;
}

static gboolean
collection_attach (gpointer                     native,
                   const ProcstreamLineOptions *lines,
                   gboolean                    *wants_lines,
                   GError                     **error)
{
  Collection *self = native;
  const char *missing = NULL;

  if (self->collect == PROCSTREAM_COLLECT_UNSET)
    missing = "collect";
  else if (self->keep == PROCSTREAM_KEEP_UNSET)
    missing = "keep";
  if (missing)
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY,
                   "The property “%s” of the collector is not set", missing);
      return FALSE;
    }
  if (self->max_bytes == 0 || self->max_lines == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The property “%s” of the collector must not be 0",
                   self->max_bytes == 0 ? "max-bytes" : "max-lines");
      return FALSE;
    }
  *wants_lines = self->collect == PROCSTREAM_COLLECT_LINES;
  g_mutex_lock (&self->mutex);
  if (!*wants_lines)
    self->bytes = procstream_ring_new (self->max_bytes);
  else if (!procstream_line_cursor_is_init (&self->cursor))
    procstream_line_cursor_init (&self->cursor, lines);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static guint64
collection_get_bytes_torn (gpointer native)
{
  Collection *self = native;
  guint64     torn;

  procstream_platform_lock_to_read (&self->mutex);
  torn = procstream_line_cursor_get_bytes_lost (&self->cursor);
  procstream_platform_unlock_to_read (&self->mutex);
  return torn;
}

static void
collection_free (gpointer native)
{
  Collection *self = native;

  procstream_line_cursor_clear (&self->cursor);
  g_clear_pointer (&self->bytes, procstream_ring_free);
  g_queue_clear_full (&self->lines, g_free);
  g_string_free (self->scratch, TRUE);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static const ProcstreamNativeClass native_class = {
  .attach = collection_attach,
  .event = collection_event,
  .get_bytes_torn = collection_get_bytes_torn,
  .free = collection_free,
};

/* FALSE in a forked copy when a thread that is not there holds the lock, and what is kept may be half changed. The program hears
 * of it, since nothing at all is what an empty output gives, too. */
static gboolean
lock_kept (Collection *self)
{
  if (procstream_platform_forked ())
    {
      if (g_mutex_trylock (&self->mutex))
        return TRUE;
      g_warning ("The program was forked while this collector was collecting: what it holds cannot be read in the copy");
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  return TRUE;
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static guint64
get_count (ProcstreamCollector *self,
           const guint64       *count)
{
  guint64 value;

  procstream_platform_lock_to_read (&self->collection->mutex);
  value = *count;
  procstream_platform_unlock_to_read (&self->collection->mutex);
  return value;
}

static void
procstream_collector_get_property (GObject    *object,
                                   guint       property_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  ProcstreamCollector *self = PROCSTREAM_COLLECTOR (object);
  Collection          *collection = self->collection;

  switch (property_id)
    {
    case PROP_COLLECT:
      g_value_set_enum (value, collection->collect);
      break;
    case PROP_KEEP:
      g_value_set_enum (value, collection->keep);
      break;
    case PROP_MAX_BYTES:
      g_value_set_uint64 (value, collection->max_bytes);
      break;
    case PROP_MAX_LINES:
      g_value_set_uint64 (value, collection->max_lines);
      break;
    case PROP_BYTES_SEEN:
      g_value_set_uint64 (value, get_count (self, &collection->bytes_seen));
      break;
    case PROP_LINES_SEEN:
      g_value_set_uint64 (value, get_count (self, &collection->lines_seen));
      break;
    case PROP_BYTES_CUT:
      g_value_set_uint64 (value, get_count (self, &collection->bytes_cut));
      break;
    case PROP_LINES_CUT:
      g_value_set_uint64 (value, get_count (self, &collection->lines_cut));
      break;
    case PROP_TRUNCATED:
      g_value_set_boolean (value, procstream_collector_get_truncated (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_collector_set_property (GObject      *object,
                                   guint         property_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  ProcstreamCollector *self = PROCSTREAM_COLLECTOR (object);

  switch (property_id)
    {
    case PROP_COLLECT:
      self->collection->collect = g_value_get_enum (value);
      break;
    case PROP_KEEP:
      self->collection->keep = g_value_get_enum (value);
      break;
    case PROP_MAX_BYTES:
      procstream_collector_set_max_bytes (self, g_value_get_uint64 (value));
      break;
    case PROP_MAX_LINES:
      procstream_collector_set_max_lines (self, g_value_get_uint64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_options (void)
{
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamCollector:collect: (getter get_collect)
   *
   * What is collected: bytes or lines. There is no default.
   *
   * Since: 1.0
   */
  properties[PROP_COLLECT] = g_param_spec_enum ("collect", NULL, NULL, PROCSTREAM_TYPE_COLLECT, PROCSTREAM_COLLECT_UNSET, once);
  /**
   * ProcstreamCollector:keep: (getter get_keep)
   *
   * What is kept when there is more than the limits allow. There is no default.
   *
   * Since: 1.0
   */
  properties[PROP_KEEP] = g_param_spec_enum ("keep", NULL, NULL, PROCSTREAM_TYPE_KEEP, PROCSTREAM_KEEP_UNSET, once);
  /**
   * ProcstreamCollector:max-bytes: (getter get_max_bytes) (setter set_max_bytes)
   *
   * How many bytes are kept at most; for lines, of their text. The default is
   * %PROCSTREAM_DEFAULT_COLLECTED_BYTES; %PROCSTREAM_UNLIMITED is no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_BYTES] = g_param_spec_uint64 ("max-bytes", NULL, NULL, 0, G_MAXUINT64, PROCSTREAM_DEFAULT_COLLECTED_BYTES,
                                                    writable);
  /**
   * ProcstreamCollector:max-lines: (getter get_max_lines) (setter set_max_lines)
   *
   * How many lines are kept at most, besides the limit in bytes. The default is
   * %PROCSTREAM_UNLIMITED.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_LINES] = g_param_spec_uint64 ("max-lines", NULL, NULL, 0, G_MAXUINT64, PROCSTREAM_UNLIMITED, writable);
}

static void
install_counts (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamCollector:bytes-seen: (getter get_bytes_seen)
   *
   * How many bytes came, kept or not; for lines, of their text.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_SEEN] = g_param_spec_uint64 ("bytes-seen", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCollector:lines-seen: (getter get_lines_seen)
   *
   * How many lines came, kept or not; 0 where bytes are collected.
   *
   * Since: 1.0
   */
  properties[PROP_LINES_SEEN] = g_param_spec_uint64 ("lines-seen", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCollector:bytes-cut: (getter get_bytes_cut)
   *
   * How many bytes came and were not kept because of the limits.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_CUT] = g_param_spec_uint64 ("bytes-cut", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCollector:lines-cut: (getter get_lines_cut)
   *
   * How many lines came and were not kept because of the limits.
   *
   * Since: 1.0
   */
  properties[PROP_LINES_CUT] = g_param_spec_uint64 ("lines-cut", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCollector:truncated: (getter get_truncated)
   *
   * Whether anything is missing from what the collector has: cut by its limits,
   * or lost in a gap or a torn line.
   *
   * Since: 1.0
   */
  properties[PROP_TRUNCATED] = g_param_spec_boolean ("truncated", NULL, NULL, FALSE, readable);
}

static void
procstream_collector_class_init (ProcstreamCollectorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = procstream_collector_get_property;
  object_class->set_property = procstream_collector_set_property;
  install_options ();
  install_counts ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_collector_init (ProcstreamCollector *self)
{
  Collection *collection = g_new0 (Collection, 1);

  g_mutex_init (&collection->mutex);
  g_queue_init (&collection->lines);
  collection->scratch = g_string_new (NULL);
  collection->max_bytes = PROCSTREAM_DEFAULT_COLLECTED_BYTES;
  collection->max_lines = PROCSTREAM_UNLIMITED;
  self->collection = collection;
  collection->core = procstream_consumer_set_native (PROCSTREAM_CONSUMER (self), &native_class, collection);
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_collector_new:
 * @collect: bytes or lines
 * @keep: what to keep when there is more than the limits allow
 *
 * Makes a collector that keeps %PROCSTREAM_DEFAULT_COLLECTED_BYTES bytes.
 *
 * Returns: (transfer full): a new collector
 *
 * Since: 1.0
 */
ProcstreamCollector *
procstream_collector_new (ProcstreamCollect collect,
                          ProcstreamKeep    keep)
{
  return g_object_new (PROCSTREAM_TYPE_COLLECTOR, "collect", collect, "keep", keep, NULL);
}

/**
 * procstream_collector_get_collect: (get-property collect)
 * @self: a collector
 *
 * Gets what is collected.
 *
 * Returns: bytes or lines
 *
 * Since: 1.0
 */
ProcstreamCollect
procstream_collector_get_collect (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), PROCSTREAM_COLLECT_UNSET);

  return self->collection->collect;
}

/**
 * procstream_collector_get_keep: (get-property keep)
 * @self: a collector
 *
 * Gets what is kept when there is more than the limits allow.
 *
 * Returns: the beginning or the end
 *
 * Since: 1.0
 */
ProcstreamKeep
procstream_collector_get_keep (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), PROCSTREAM_KEEP_UNSET);

  return self->collection->keep;
}

/**
 * procstream_collector_dup_bytes:
 * @self: a collector
 *
 * Gets a copy of what was kept so far. Lines are joined, each ended by a line
 * feed.
 *
 * Returns: (transfer full): the bytes, possibly none
 *
 * Since: 1.0
 */
GBytes *
procstream_collector_dup_bytes (ProcstreamCollector *self)
{
  Collection *collection;
  GByteArray *bytes;

  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  bytes = g_byte_array_new ();
  collection = self->collection;
  if (!lock_kept (collection))
    return g_byte_array_free_to_bytes (bytes);
  if (collection->bytes)
    procstream_ring_append_to (collection->bytes, bytes);
  for (GList *l = collection->lines.head; l; l = l->next)
    {
      g_byte_array_append (bytes, l->data, strlen (l->data));
      g_byte_array_append (bytes, (const guint8 *) "\n", 1);
    }
  g_mutex_unlock (&collection->mutex);
  return g_byte_array_free_to_bytes (bytes);
}

/**
 * procstream_collector_dup_text:
 * @self: a collector
 *
 * Gets what was kept so far as valid UTF-8: what is not valid, and NUL, is replaced by
 * U+FFFD.
 *
 * Returns: (transfer full): the text, possibly empty
 *
 * Since: 1.0
 */
char *
procstream_collector_dup_text (ProcstreamCollector *self)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GString) scratch = NULL;
  const char *text;
  gsize       size;

  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  bytes = procstream_collector_dup_bytes (self);
  scratch = g_string_new (NULL);
  text = procstream_line_repair (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), scratch, &size);
  return size > 0 ? g_strndup (text, size) : g_strdup ("");
}

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
  g_autoptr (GStrvBuilder) builder = NULL;
  Collection *collection;

  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), NULL);

  collection = self->collection;
  if (collection->collect != PROCSTREAM_COLLECT_LINES)
    {
      g_autoptr (GBytes) bytes = procstream_collector_dup_bytes (self);

      return parse_lines (bytes);
    }
  builder = g_strv_builder_new ();
  if (!lock_kept (collection))
    return g_strv_builder_end (builder);
  for (GList *l = collection->lines.head; l; l = l->next)
    g_strv_builder_add (builder, l->data);
  g_mutex_unlock (&collection->mutex);
  return g_strv_builder_end (builder);
}

/**
 * procstream_collector_get_truncated: (get-property truncated)
 * @self: a collector
 *
 * Gets whether anything is missing from what the collector has.
 *
 * Returns: %TRUE when something was cut or lost
 *
 * Since: 1.0
 */
gboolean
procstream_collector_get_truncated (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), FALSE);

  return procstream_collector_get_bytes_cut (self) > 0 || procstream_collector_get_lines_cut (self) > 0 ||
         procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (self)) > 0;
}

/**
 * procstream_collector_get_bytes_seen: (get-property bytes-seen)
 * @self: a collector
 *
 * Gets how many bytes came, kept or not.
 *
 * Returns: a count
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_bytes_seen (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return get_count (self, &self->collection->bytes_seen);
}

/**
 * procstream_collector_get_lines_seen: (get-property lines-seen)
 * @self: a collector
 *
 * Gets how many lines came, kept or not.
 *
 * Returns: a count
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_lines_seen (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return get_count (self, &self->collection->lines_seen);
}

/**
 * procstream_collector_get_bytes_cut: (get-property bytes-cut)
 * @self: a collector
 *
 * Gets how many bytes came and were not kept.
 *
 * Returns: a count
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_bytes_cut (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return get_count (self, &self->collection->bytes_cut);
}

/**
 * procstream_collector_get_lines_cut: (get-property lines-cut)
 * @self: a collector
 *
 * Gets how many lines came and were not kept.
 *
 * Returns: a count
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_lines_cut (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return get_count (self, &self->collection->lines_cut);
}

/**
 * procstream_collector_get_max_bytes: (get-property max-bytes)
 * @self: a collector
 *
 * Gets how many bytes are kept at most.
 *
 * Returns: the limit, or %PROCSTREAM_UNLIMITED
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_max_bytes (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return self->collection->max_bytes;
}

/**
 * procstream_collector_set_max_bytes: (set-property max-bytes)
 * @self: a collector that is not attached yet
 * @max_bytes: the limit, or %PROCSTREAM_UNLIMITED
 *
 * Sets how many bytes are kept at most.
 *
 * Since: 1.0
 */
void
procstream_collector_set_max_bytes (ProcstreamCollector *self, guint64 max_bytes)
{
  g_return_if_fail (PROCSTREAM_IS_COLLECTOR (self));
  g_return_if_fail (procstream_consumer_get_state (PROCSTREAM_CONSUMER (self)) == PROCSTREAM_CONSUMER_STATE_NONE);

  if (self->collection->max_bytes == max_bytes)
    return;
  self->collection->max_bytes = max_bytes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_BYTES]);
}

/**
 * procstream_collector_get_max_lines: (get-property max-lines)
 * @self: a collector
 *
 * Gets how many lines are kept at most.
 *
 * Returns: the limit, or %PROCSTREAM_UNLIMITED
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_max_lines (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return self->collection->max_lines;
}

/**
 * procstream_collector_set_max_lines: (set-property max-lines)
 * @self: a collector that is not attached yet
 * @max_lines: the limit, or %PROCSTREAM_UNLIMITED
 *
 * Sets how many lines are kept at most.
 *
 * Since: 1.0
 */
void
procstream_collector_set_max_lines (ProcstreamCollector *self, guint64 max_lines)
{
  g_return_if_fail (PROCSTREAM_IS_COLLECTOR (self));
  g_return_if_fail (procstream_consumer_get_state (PROCSTREAM_CONSUMER (self)) == PROCSTREAM_CONSUMER_STATE_NONE);

  if (self->collection->max_lines == max_lines)
    return;
  self->collection->max_lines = max_lines;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_LINES]);
}
