/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-log-model-private.h"

#include "procstream-consumer-private.h"
#include "procstream-line-cache-private.h"
#include "procstream-log-record-private.h"
#include "procstream-platform-private.h"

/**
 * ProcstreamLogModel:
 *
 * The last lines of one or several outputs, as a list that a `GtkListView` can show.
 *
 * It is a [iface@Gio.ListModel] of [class@Procstream.Line] objects. Any number of
 * outputs are given to it with [method@Procstream.LogModel.follow], before or after others
 * have ended; their lines stand in the order in which they arrived.
 *
 * Lines are taken in the thread that reads, whether a main loop runs or not. They appear
 * in the list together, once in each iteration of the thread-default main context
 * of the thread that created the model: [signal@Gio.ListModel::items-changed] is emitted
 * at most twice in an iteration, once for what goes at the front and once for what
 * comes at the end, however fast a child writes.
 *
 * ## What it keeps
 *
 * At most [property@Procstream.LogModel:max-lines] lines and
 * [property@Procstream.LogModel:max-bytes] bytes of them; the oldest go first, and are counted in
 * [property@Procstream.LogModel:lines-dropped]. While its context does not iterate it may
 * hold up to twice that: what it shows, and what is to come. It never makes a child
 * wait.
 *
 * A line takes its bytes and 16 more. Its object is made when the list is asked for it,
 * and the list gives out the same object as long as somebody holds it; it stays what it is
 * after the line has left the list.
 *
 * ## Threads
 *
 * Everything but [method@Procstream.LogModel.follow] and
 * [method@Procstream.LogModel.add_consumer] is for the thread that runs the
 * context.
 *
 * A handler of [signal@Gio.ListModel::items-changed] may do anything. Until it has
 * returned the list stays as it is, even if it runs the main loop, and what it
 * clears is cleared right after it.
 *
 * Since: 1.0
 */

/*
 * The record has what came and was not shown yet; everything here belongs to the thread of the context, but for feeds, which mutex
 * protects. shown is the list: position 0 is its first id. Ids grow for ever, so an id tells a line apart however the list moves.
 *
 * Handlers of items-changed must all see the same changes in the same order. So shown changes right before the emission that tells of it,
 * and while one is under way (emitting) nothing else changes it: a nested iteration finds nothing to do, and clear() is remembered as
 * the id up to which all goes (clear_to), and carried out by the one who emits. */
struct _ProcstreamLogModel
{
  GObject parent_instance;

  ProcstreamLogRecord *record;
  ProcstreamLineStore *shown;
  ProcstreamLineCache *cache;
  gboolean             emitting;
  gboolean             again; /* something came meanwhile */
  guint64              clear_to;
  guint64              dropped_told; /* lines-dropped, when it was last notified */

  GMainContext *context;
  GThread      *owner_thread;
  GMutex        mutex;
  GPtrArray    *feeds; /* of ProcstreamConsumer, those that are not over */
};

enum
{
  PROP_0,
  PROP_MAX_LINES,
  PROP_MAX_BYTES,
  PROP_SHOW_GAPS,
  PROP_N_ITEMS,
  PROP_BYTES_SHOWN,
  PROP_LINES_DROPPED,
  PROP_GAPS,
  PROP_BYTES_LOST,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ProcstreamLogModel, procstream_log_model, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* --- Items -------------------------------------------------------------------------------------------------------------------- */

static guint
get_n_items (ProcstreamLogModel *self)
{
  return procstream_line_store_get_end (self->shown) - procstream_line_store_get_first (self->shown);
}

static ProcstreamLine *
make_line (ProcstreamLogModel         *self,
           const ProcstreamStoredLine *stored)
{
  const char         *stream = procstream_log_record_get_stream (self->record, stored->stream);
  ProcstreamStoredGap gap;

  if (!stored->is_gap)
    return procstream_line_new (stored->data, stored->size, stored->number, stored->time_us, stream, stored->end);
  memcpy (&gap, stored->data, sizeof gap);
  return procstream_line_new_gap (gap.chunks, gap.bytes, stored->time_us, stream);
}

static gpointer
get_item (GListModel *list,
          guint       position)
{
  ProcstreamLogModel  *self = PROCSTREAM_LOG_MODEL (list);
  guint64              id = procstream_line_store_get_first (self->shown) + position;
  ProcstreamStoredLine stored;
  ProcstreamLine      *line;

  if (!procstream_line_store_lookup (self->shown, id, &stored))
    return NULL;
  line = procstream_line_cache_get (self->cache, id);
  if (line == NULL)
    {
      line = make_line (self, &stored);
      procstream_line_cache_put (self->cache, id, line);
    }
  return line;
}

static GType
get_item_type (GListModel *list)
{
  return PROCSTREAM_TYPE_LINE;
}

static guint
list_get_n_items (GListModel *list)
{
  return get_n_items (PROCSTREAM_LOG_MODEL (list));
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = list_get_n_items;
  iface->get_item = get_item;
}

/* --- Changes ------------------------------------------------------------------------------------------------------------------ */

static void
emit (ProcstreamLogModel *self,
      guint               position,
      guint               removed,
      guint               added)
{
  procstream_log_record_set_first_shown (self->record, procstream_line_store_get_first (self->shown));
  if (removed > 0 || added > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
}

static guint64
count_lines (ProcstreamLineStore *store)
{
  return procstream_line_store_get_end (store) - procstream_line_store_get_first (store);
}

/* What must go at the front for @pending to have room; all of it when some of what came after it was dropped already. */
static guint
make_room (ProcstreamLogModel  *self,
           ProcstreamLineStore *pending)
{
  ProcstreamLogLimits limits;
  guint64             dropped, removed;
  guint64             lines, bytes;

  procstream_log_record_get_limits (self->record, &limits);
  dropped = procstream_line_store_trim (pending, limits.max_lines, limits.max_bytes);
  lines = limits.max_lines - count_lines (pending);
  bytes = limits.max_bytes - procstream_line_store_get_bytes (pending);
  if (procstream_line_store_get_first (pending) > procstream_line_store_get_end (self->shown))
    lines = 0;
  removed = procstream_line_store_trim (self->shown, lines, bytes);
  procstream_log_record_add_dropped (self->record, dropped + removed);
  return removed;
}

static void
show_pending (ProcstreamLogModel *self)
{
  ProcstreamLineStore *pending = procstream_log_record_steal_pending (self->record);
  guint                before = get_n_items (self);
  guint                removed = make_room (self, pending);
  guint                added = count_lines (pending);

  /* As one change, if nothing stays. */
  if (removed < before)
    emit (self, 0, removed, 0);
  procstream_line_store_take (self->shown, pending);
  procstream_line_store_free (pending);
  if (removed < before)
    emit (self, before - removed, 0, added);
  else
    emit (self, 0, removed, added);
}

static void
apply_clear (ProcstreamLogModel *self)
{
  guint64 first = procstream_line_store_get_first (self->shown);
  guint   n = CLAMP (self->clear_to, first, procstream_line_store_get_end (self->shown)) - first;

  procstream_line_store_drop_first (self->shown, n);
  emit (self, 0, n, 0);
}

static void
notify_counts (ProcstreamLogModel *self,
               guint               n_items_before)
{
  guint64 dropped = procstream_log_model_get_lines_dropped (self);

  if (get_n_items (self) != n_items_before)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
  if (dropped == self->dropped_told)
    return;
  self->dropped_told = dropped;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LINES_DROPPED]);
}

/* The one place that changes the list and tells of it. The caller holds a reference. */
static void
update (ProcstreamLogModel *self,
        gboolean            with_pending)
{
  guint before = get_n_items (self);

  if (self->emitting)
    {
      self->again = TRUE;
      return;
    }
  self->emitting = TRUE;
  self->again = FALSE;
  if (with_pending)
    show_pending (self);
  apply_clear (self);
  notify_counts (self, before);
  self->emitting = FALSE;
  if (self->again)
    procstream_log_record_post (self->record);
}

static void
forget_feeds_that_are_over (ProcstreamLogModel *self)
{
  g_autoptr (GPtrArray) over = g_ptr_array_new_with_free_func (g_object_unref);

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->feeds->len;)
    {
      ProcstreamConsumer *feed = g_ptr_array_index (self->feeds, i);

      if (procstream_consumer_get_state (feed) > PROCSTREAM_CONSUMER_STATE_ATTACHED)
        g_ptr_array_add (over, g_ptr_array_steal_index (self->feeds, i));
      else
        i++;
    }
  g_mutex_unlock (&self->mutex);
}

static void
changed (GObject *object)
{
  ProcstreamLogModel *self = PROCSTREAM_LOG_MODEL (object);

  forget_feeds_that_are_over (self);
  update (self, TRUE);
}

/* --- Private interface -------------------------------------------------------------------------------------------------------- */

ProcstreamLogRecord *
procstream_log_model_get_record (ProcstreamLogModel *self)
{
  return self->record;
}

ProcstreamLineStore *
procstream_log_model_get_shown (ProcstreamLogModel *self)
{
  return self->shown;
}

GMainContext *
procstream_log_model_get_context (ProcstreamLogModel *self)
{
  return self->context;
}

GThread *
procstream_log_model_get_owner_thread (ProcstreamLogModel *self)
{
  return self->owner_thread;
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static GPtrArray *
steal_feeds (ProcstreamLogModel *self)
{
  GPtrArray *feeds;

  g_mutex_lock (&self->mutex);
  feeds = self->feeds;
  self->feeds = g_ptr_array_new_with_free_func (g_object_unref);
  g_mutex_unlock (&self->mutex);
  return feeds;
}

static void
procstream_log_model_dispose (GObject *object)
{
  g_autoptr (GPtrArray) feeds = steal_feeds (PROCSTREAM_LOG_MODEL (object));

  /* Somebody else may hold them, and wait for them. */
  for (guint i = 0; i < feeds->len; i++)
    procstream_consumer_cancel (g_ptr_array_index (feeds, i));
  G_OBJECT_CLASS (procstream_log_model_parent_class)->dispose (object);
}

static void
procstream_log_model_finalize (GObject *object)
{
  ProcstreamLogModel *self = PROCSTREAM_LOG_MODEL (object);

  g_clear_pointer (&self->cache, procstream_line_cache_free);
  g_clear_pointer (&self->shown, procstream_line_store_free);
  g_clear_pointer (&self->record, procstream_log_record_unref);
  g_clear_pointer (&self->feeds, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (procstream_log_model_parent_class)->finalize (object);
}

static void
procstream_log_model_get_property (GObject    *object,
                                   guint       property_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  ProcstreamLogModel *self = PROCSTREAM_LOG_MODEL (object);

  switch (property_id)
    {
    case PROP_MAX_LINES:
      g_value_set_uint (value, procstream_log_model_get_max_lines (self));
      break;
    case PROP_MAX_BYTES:
      g_value_set_uint64 (value, procstream_log_model_get_max_bytes (self));
      break;
    case PROP_SHOW_GAPS:
      g_value_set_boolean (value, procstream_log_model_get_show_gaps (self));
      break;
    case PROP_N_ITEMS:
      g_value_set_uint (value, get_n_items (self));
      break;
    case PROP_BYTES_SHOWN:
      g_value_set_uint64 (value, procstream_log_model_get_bytes_shown (self));
      break;
    case PROP_LINES_DROPPED:
      g_value_set_uint64 (value, procstream_log_model_get_lines_dropped (self));
      break;
    case PROP_GAPS:
      g_value_set_uint64 (value, procstream_log_model_get_gaps (self));
      break;
    case PROP_BYTES_LOST:
      g_value_set_uint64 (value, procstream_log_model_get_bytes_lost (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_log_model_set_property (GObject      *object,
                                   guint         property_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  ProcstreamLogModel *self = PROCSTREAM_LOG_MODEL (object);

  switch (property_id)
    {
    case PROP_MAX_LINES:
      procstream_log_model_set_max_lines (self, g_value_get_uint (value));
      break;
    case PROP_MAX_BYTES:
      procstream_log_model_set_max_bytes (self, g_value_get_uint64 (value));
      break;
    case PROP_SHOW_GAPS:
      procstream_log_model_set_show_gaps (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_options (void)
{
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamLogModel:max-lines: (getter get_max_lines) (setter set_max_lines)
   *
   * How many lines are shown at most; at least 1. May be changed at any time:
   * what is too much goes with the next iteration.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_LINES] = g_param_spec_uint ("max-lines", NULL, NULL, 1, G_MAXINT, PROCSTREAM_DEFAULT_LOG_LINES, writable);
  /**
   * ProcstreamLogModel:max-bytes: (getter get_max_bytes) (setter set_max_bytes)
   *
   * How many bytes the lines that are shown have at most, without separators; at least 1.
   * A line that is longer than that is dropped, with all before it. May be
   * changed at any time.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_BYTES] = g_param_spec_uint64 ("max-bytes", NULL, NULL, 1, G_MAXUINT64, PROCSTREAM_DEFAULT_LOG_BYTES, writable);
  /**
   * ProcstreamLogModel:show-gaps: (getter get_show_gaps) (setter set_show_gaps)
   *
   * Whether an item stands where bytes of an output that it follows were lost: see
   * [property@Procstream.Line:bytes-lost]. It counts for gaps that come after it was
   * set. They are counted in any case.
   *
   * Since: 1.0
   */
  properties[PROP_SHOW_GAPS] = g_param_spec_boolean ("show-gaps", NULL, NULL, FALSE, writable);
}

static void
install_counts (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamLogModel:n-items:
   *
   * How many lines are shown.
   *
   * Since: 1.0
   */
  properties[PROP_N_ITEMS] = g_param_spec_uint ("n-items", NULL, NULL, 0, G_MAXUINT, 0, readable);
  /**
   * ProcstreamLogModel:bytes-shown: (getter get_bytes_shown)
   *
   * How many bytes the lines that are shown have, without separators. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_SHOWN] = g_param_spec_uint64 ("bytes-shown", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLogModel:lines-dropped: (getter get_lines_dropped)
   *
   * How many lines had to go because of the limits, shown or not. What was cleared
   * does not count.
   *
   * Since: 1.0
   */
  properties[PROP_LINES_DROPPED] = g_param_spec_uint64 ("lines-dropped", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLogModel:gaps: (getter get_gaps)
   *
   * In how many places something was lost before it reached the model, in all
   * outputs together. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_GAPS] = g_param_spec_uint64 ("gaps", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLogModel:bytes-lost: (getter get_bytes_lost)
   *
   * How many bytes were lost in these places. What was lost of the lines that they tore
   * apart each consumer counts for itself. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_LOST] = g_param_spec_uint64 ("bytes-lost", NULL, NULL, 0, G_MAXUINT64, 0, readable);
}

static void
procstream_log_model_class_init (ProcstreamLogModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = procstream_log_model_dispose;
  object_class->finalize = procstream_log_model_finalize;
  object_class->get_property = procstream_log_model_get_property;
  object_class->set_property = procstream_log_model_set_property;
  install_options ();
  install_counts ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_log_model_init (ProcstreamLogModel *self)
{
  const ProcstreamLogLimits limits = { PROCSTREAM_DEFAULT_LOG_LINES, PROCSTREAM_DEFAULT_LOG_BYTES, FALSE };

  g_mutex_init (&self->mutex);
  self->context = g_main_context_ref_thread_default ();
  self->owner_thread = g_thread_self ();
  self->record = procstream_log_record_new (G_OBJECT (self), self->context, changed);
  procstream_log_record_set_limits (self->record, &limits);
  self->shown = procstream_line_store_new (0);
  self->cache = procstream_line_cache_new ();
  self->feeds = g_ptr_array_new_with_free_func (g_object_unref);
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_log_model_new:
 *
 * Makes a model that follows nothing yet.
 *
 * Returns: (transfer full): a new model
 *
 * Since: 1.0
 */
ProcstreamLogModel *
procstream_log_model_new (void)
{
  return g_object_new (PROCSTREAM_TYPE_LOG_MODEL, NULL);
}

static ProcstreamLogLimits
get_limits (ProcstreamLogModel *self)
{
  ProcstreamLogLimits limits;

  procstream_log_record_get_limits (self->record, &limits);
  return limits;
}

static ProcstreamLogCounts
get_counts (ProcstreamLogModel *self)
{
  ProcstreamLogCounts counts;

  procstream_log_record_get_counts (self->record, &counts);
  return counts;
}

/**
 * procstream_log_model_get_max_lines: (get-property max-lines)
 * @self: a log model
 *
 * Gets how many lines are shown at most.
 *
 * Returns: a number of lines
 *
 * Since: 1.0
 */
guint
procstream_log_model_get_max_lines (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_limits (self).max_lines;
}

/**
 * procstream_log_model_set_max_lines: (set-property max-lines)
 * @self: a log model
 * @max_lines: a number of lines, at least 1
 *
 * Sets how many lines are shown at most.
 *
 * Since: 1.0
 */
void
procstream_log_model_set_max_lines (ProcstreamLogModel *self,
                                    guint               max_lines)
{
  ProcstreamLogLimits limits;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));
  g_return_if_fail (max_lines >= 1 && max_lines <= G_MAXINT);

  limits = get_limits (self);
  if (limits.max_lines == max_lines)
    return;
  limits.max_lines = max_lines;
  procstream_log_record_set_limits (self->record, &limits);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_LINES]);
}

/**
 * procstream_log_model_get_max_bytes: (get-property max-bytes)
 * @self: a log model
 *
 * Gets how many bytes the lines that are shown have at most.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_max_bytes (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_limits (self).max_bytes;
}

/**
 * procstream_log_model_set_max_bytes: (set-property max-bytes)
 * @self: a log model
 * @max_bytes: a number of bytes, at least 1
 *
 * Sets how many bytes the lines that are shown have at most.
 *
 * Since: 1.0
 */
void
procstream_log_model_set_max_bytes (ProcstreamLogModel *self,
                                    guint64             max_bytes)
{
  ProcstreamLogLimits limits;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));
  g_return_if_fail (max_bytes >= 1);

  limits = get_limits (self);
  if (limits.max_bytes == max_bytes)
    return;
  limits.max_bytes = max_bytes;
  procstream_log_record_set_limits (self->record, &limits);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_BYTES]);
}

/**
 * procstream_log_model_get_show_gaps: (get-property show-gaps)
 * @self: a log model
 *
 * Gets whether an item stands where something was lost.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
procstream_log_model_get_show_gaps (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), FALSE);

  return get_limits (self).show_gaps;
}

/**
 * procstream_log_model_set_show_gaps: (set-property show-gaps)
 * @self: a log model
 * @show_gaps: whether to show them
 *
 * Sets whether an item stands where something was lost.
 *
 * Since: 1.0
 */
void
procstream_log_model_set_show_gaps (ProcstreamLogModel *self,
                                    gboolean            show_gaps)
{
  ProcstreamLogLimits limits;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));

  limits = get_limits (self);
  if (limits.show_gaps == !!show_gaps)
    return;
  limits.show_gaps = !!show_gaps;
  procstream_log_record_set_limits (self->record, &limits);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOW_GAPS]);
}

/**
 * procstream_log_model_get_bytes_shown: (get-property bytes-shown)
 * @self: a log model
 *
 * Gets how many bytes the lines that are shown have.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_bytes_shown (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return procstream_line_store_get_bytes (self->shown);
}

/**
 * procstream_log_model_get_lines_dropped: (get-property lines-dropped)
 * @self: a log model
 *
 * Gets how many lines had to go because of the limits.
 *
 * Returns: a number of lines
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_lines_dropped (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_counts (self).lines_dropped;
}

/**
 * procstream_log_model_get_gaps: (get-property gaps)
 * @self: a log model
 *
 * Gets in how many places something was lost before it reached the model.
 *
 * Returns: a number of gaps
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_gaps (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_counts (self).gaps;
}

/**
 * procstream_log_model_get_bytes_lost: (get-property bytes-lost)
 * @self: a log model
 *
 * Gets how many bytes were lost in gaps.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_bytes_lost (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_counts (self).bytes_lost;
}

/**
 * procstream_log_model_add_consumer:
 * @self: a log model
 *
 * Makes a consumer whose lines appear in the model, to be given to
 * [method@Procstream.Output.attach] once its delivery and line options are set.
 * Where these need not be set, [method@Procstream.LogModel.follow] does it all. When
 * the model goes its consumers are cancelled. From any thread.
 *
 * Returns: (transfer full): the consumer, which the model keeps too, until it is over
 *
 * Since: 1.0
 */
ProcstreamConsumer *
procstream_log_model_add_consumer (ProcstreamLogModel *self)
{
  ProcstreamConsumer *feed;

  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), NULL);

  feed = procstream_log_feed_new (self->record);
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->feeds, g_object_ref (feed));
  g_mutex_unlock (&self->mutex);
  return feed;
}

/**
 * procstream_log_model_follow:
 * @self: a log model
 * @output: an output
 * @error: return location for an error
 *
 * Lets the lines of an output appear in the model, from what replay kept on, as
 * [method@Procstream.Output.attach] does. From any thread.
 *
 * Returns: (transfer full) (nullable): the consumer that does it, which can be waited for
 *   and cancelled, and which the model keeps too, until it is over; or %NULL with the
 *   errors of [method@Procstream.Output.attach]
 *
 * Since: 1.0
 */
ProcstreamConsumer *
procstream_log_model_follow (ProcstreamLogModel *self,
                             ProcstreamOutput   *output,
                             GError            **error)
{
  ProcstreamConsumer *feed;

  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), NULL);
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT (output), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!procstream_platform_check_forked ("follow an output", error))
    return NULL;
  feed = procstream_log_model_add_consumer (self);
  if (procstream_output_attach (output, feed, error))
    return feed;
  /* Over now, and so let go of. */
  procstream_consumer_cancel (feed);
  g_object_unref (feed);
  return NULL;
}

/**
 * procstream_log_model_clear:
 * @self: a log model
 *
 * Empties the list, and forgets the lines that came but do not appear in it yet. What comes
 * next appears. In a handler of [signal@Gio.ListModel::items-changed] it
 * happens right after the emission.
 *
 * Since: 1.0
 */
void
procstream_log_model_clear (ProcstreamLogModel *self)
{
  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));

  self->clear_to = procstream_log_record_forget_pending (self->record);
  g_object_ref (self);
  update (self, FALSE);
  g_object_unref (self);
}
