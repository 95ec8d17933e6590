/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-collector.h"

#include "procstream-collection-private.h"
#include "procstream-collector-private.h"
#include "procstream-enum-types.h"

/**
 * ProcstreamCollector:
 *
 * A consumer that collects bytes or lines, up to a limit.
 *
 * When there is more than the limit allows, it keeps the beginning, the end, or some of
 * both, and counts exactly what it did not keep. Whether what it has is everything is answered
 * by [property@Procstream.Collector:truncated], which also knows of gaps.
 * After a read error it still has what came before.
 *
 * What is kept has no hole. So a line that is longer than [property@Procstream.Collector:max-bytes] allows, and
 * is not kept itself, ends what is kept of the beginning, and of the end drives out all that is older: with
 * %PROCSTREAM_KEEP_LAST nothing of what came before it is left. Lines have a limit of their own,
 * [property@Procstream.Consumer:max-line-length], which can keep them shorter than that.
 *
 * It works in the library's I/O thread, with or without a main loop. What it has may
 * be looked at at any time, from any thread, also while it still collects.
 *
 * Since: 1.0
 */

/*
 * The outer object: properties, which are those of the record (see procstream-collection.c). They are fixed once it is attached, when the
 * record belongs to another thread.
 */
struct _ProcstreamCollector
{
  ProcstreamConsumer parent_instance;

  ProcstreamCollection *collection; /* its core owns it */
};

G_DEFINE_FINAL_TYPE (ProcstreamCollector, procstream_collector, PROCSTREAM_TYPE_CONSUMER)

enum
{
  PROP_0,
  PROP_COLLECT,
  PROP_KEEP,
  PROP_MAX_BYTES,
  PROP_MAX_LINES,
  PROP_FIRST_BYTES,
  PROP_FIRST_LINES,
  PROP_SPILL_ABOVE,
  PROP_BYTES_SEEN,
  PROP_LINES_SEEN,
  PROP_BYTES_CUT,
  PROP_LINES_CUT,
  PROP_CHUNKS_CUT,
  PROP_TRUNCATED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static guint64
get_count (ProcstreamCollector *self,
           const guint64       *count)
{
  return procstream_collection_get_count (self->collection, count);
}

static void
procstream_collector_get_property (GObject    *object,
                                   guint       property_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  ProcstreamCollector  *self = PROCSTREAM_COLLECTOR (object);
  ProcstreamCollection *collection = self->collection;

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
    case PROP_FIRST_BYTES:
      g_value_set_uint64 (value, collection->first_bytes);
      break;
    case PROP_FIRST_LINES:
      g_value_set_uint64 (value, collection->first_lines);
      break;
    case PROP_SPILL_ABOVE:
      g_value_set_uint64 (value, collection->spill_above);
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
    case PROP_CHUNKS_CUT:
      g_value_set_uint64 (value, get_count (self, &collection->chunks_cut));
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
    case PROP_FIRST_BYTES:
      procstream_collector_set_first_bytes (self, g_value_get_uint64 (value));
      break;
    case PROP_FIRST_LINES:
      procstream_collector_set_first_lines (self, g_value_get_uint64 (value));
      break;
    case PROP_SPILL_ABOVE:
      procstream_collector_set_spill_above (self, g_value_get_uint64 (value));
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
   * How many bytes are kept at most; a line counts as many as it has, and one more for its
   * end. A line that is longer than all of that is not kept, and nothing beyond it is. The default is %PROCSTREAM_DEFAULT_COLLECTED_BYTES; %PROCSTREAM_UNLIMITED is no limit.
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
  /**
   * ProcstreamCollector:first-bytes: (getter get_first_bytes) (setter set_first_bytes)
   *
   * With %PROCSTREAM_KEEP_FIRST_AND_LAST, how many of
   * [property@Procstream.Collector:max-bytes] are for the beginning; the others are for
   * the end. 0, the default, is half of them.
   *
   * Since: 1.0
   */
  properties[PROP_FIRST_BYTES] = g_param_spec_uint64 ("first-bytes", NULL, NULL, 0, G_MAXUINT64, 0, writable);
  /**
   * ProcstreamCollector:first-lines: (getter get_first_lines) (setter set_first_lines)
   *
   * With %PROCSTREAM_KEEP_FIRST_AND_LAST, how many of
   * [property@Procstream.Collector:max-lines] are for the beginning; the others are for
   * the end. 0, the default, is half of them.
   *
   * Since: 1.0
   */
  properties[PROP_FIRST_LINES] = g_param_spec_uint64 ("first-lines", NULL, NULL, 0, G_MAXUINT64, 0, writable);
  /**
   * ProcstreamCollector:spill-above: (getter get_spill_above) (setter set_spill_above)
   *
   * Above how many bytes everything goes to a temporary file, in the directory that
   * [func@GLib.get_tmp_dir] names, instead of memory. The file has no name and goes with
   * the collector. It is written in a thread of the library: a slow disk slows the child, or
   * loses chunks, as delivery says. If it is full, the collector keeps what it has, counts the
   * rest as cut, and fails with that error at the end.
   *
   * It needs %PROCSTREAM_COLLECT_BYTES, %PROCSTREAM_KEEP_FIRST, and a higher
   * [property@Procstream.Collector:max-bytes]. The default is %PROCSTREAM_UNLIMITED: never.
   *
   * Since: 1.0
   */
  properties[PROP_SPILL_ABOVE] = g_param_spec_uint64 ("spill-above", NULL, NULL, 0, G_MAXUINT64, PROCSTREAM_UNLIMITED, writable);
}

static void
install_counts (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamCollector:bytes-seen: (getter get_bytes_seen)
   *
   * How many bytes came, kept or not; of lines, those between their separators.
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
   * ProcstreamCollector:chunks-cut: (getter get_chunks_cut)
   *
   * How many chunks came of which not every byte was kept because of the limits; 0 where
   * lines are collected.
   *
   * Since: 1.0
   */
  properties[PROP_CHUNKS_CUT] = g_param_spec_uint64 ("chunks-cut", NULL, NULL, 0, G_MAXUINT64, 0, readable);
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
  self->collection = procstream_collection_new (PROCSTREAM_CONSUMER (self));
}

ProcstreamCollection *
procstream_collector_get_collection (ProcstreamCollector *self)
{
  return self->collection;
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
 * procstream_collector_get_chunks_cut: (get-property chunks-cut)
 * @self: a collector
 *
 * Gets how many chunks were not kept, or not in full.
 *
 * Returns: a number of chunks
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_chunks_cut (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return get_count (self, &self->collection->chunks_cut);
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

/**
 * procstream_collector_get_first_bytes: (get-property first-bytes)
 * @self: a collector
 *
 * Gets how many bytes are for the beginning, where the last are kept too.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_first_bytes (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return self->collection->first_bytes;
}

/**
 * procstream_collector_set_first_bytes: (set-property first-bytes)
 * @self: a collector that is not attached yet
 * @first_bytes: the number, or 0 for half
 *
 * Sets how many bytes are for the beginning, where the last are kept too.
 *
 * Since: 1.0
 */
void
procstream_collector_set_first_bytes (ProcstreamCollector *self, guint64 first_bytes)
{
  g_return_if_fail (PROCSTREAM_IS_COLLECTOR (self));
  g_return_if_fail (procstream_consumer_get_state (PROCSTREAM_CONSUMER (self)) == PROCSTREAM_CONSUMER_STATE_NONE);

  if (self->collection->first_bytes == first_bytes)
    return;
  self->collection->first_bytes = first_bytes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FIRST_BYTES]);
}

/**
 * procstream_collector_get_first_lines: (get-property first-lines)
 * @self: a collector
 *
 * Gets how many lines are for the beginning, where the last are kept too.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_first_lines (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return self->collection->first_lines;
}

/**
 * procstream_collector_set_first_lines: (set-property first-lines)
 * @self: a collector that is not attached yet
 * @first_lines: the number, or 0 for half
 *
 * Sets how many lines are for the beginning, where the last are kept too.
 *
 * Since: 1.0
 */
void
procstream_collector_set_first_lines (ProcstreamCollector *self, guint64 first_lines)
{
  g_return_if_fail (PROCSTREAM_IS_COLLECTOR (self));
  g_return_if_fail (procstream_consumer_get_state (PROCSTREAM_CONSUMER (self)) == PROCSTREAM_CONSUMER_STATE_NONE);

  if (self->collection->first_lines == first_lines)
    return;
  self->collection->first_lines = first_lines;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FIRST_LINES]);
}

/**
 * procstream_collector_get_spill_above: (get-property spill-above)
 * @self: a collector
 *
 * Gets above how many bytes everything goes to a temporary file.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
procstream_collector_get_spill_above (ProcstreamCollector *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COLLECTOR (self), 0);

  return self->collection->spill_above;
}

/**
 * procstream_collector_set_spill_above: (set-property spill-above)
 * @self: a collector that is not attached yet
 * @spill_above: the limit, or %PROCSTREAM_UNLIMITED for never
 *
 * Sets above how many bytes everything goes to a temporary file.
 *
 * Since: 1.0
 */
void
procstream_collector_set_spill_above (ProcstreamCollector *self, guint64 spill_above)
{
  g_return_if_fail (PROCSTREAM_IS_COLLECTOR (self));
  g_return_if_fail (procstream_consumer_get_state (PROCSTREAM_CONSUMER (self)) == PROCSTREAM_CONSUMER_STATE_NONE);

  if (self->collection->spill_above == spill_above)
    return;
  self->collection->spill_above = spill_above;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SPILL_ABOVE]);
}
