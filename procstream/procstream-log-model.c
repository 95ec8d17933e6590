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
 * ## The end of a scope
 *
 * After [method@Procstream.Scope.abort] the list does not change any more by what it follows of the
 * children of that scope: what came of these, and is not in the list by then, never is.
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
  GPtrArray           *streams; /* of reference counted strings: the names of those of the lines that are shown, and others */
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
  PROP_N_ITEMS,
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
  const char         *stream = g_ptr_array_index (self->streams, stored->stream);
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

/* What came is shown after what goes has been told of: it may be less by then. */
static void
show_pending (ProcstreamLogModel *self)
{
  guint   before = get_n_items (self);
  guint   removed, added;
  guint64 max_lines, max_bytes;
  g_autoptr (ProcstreamLogPending) pending = NULL;

  pending = procstream_log_record_begin_showing (self->record, procstream_line_store_get_end (self->shown), self->streams, &max_lines, &max_bytes);
  removed = procstream_line_store_trim (self->shown, max_lines, max_bytes);
  procstream_log_record_add_dropped (self->record, removed);
  /* As one change, if nothing stays. */
  if (removed < before)
    emit (self, 0, removed, 0);
  pending = procstream_log_record_end_showing (self->record, g_steal_pointer (&pending));
  procstream_line_store_take (self->shown, procstream_log_pending_get_store (pending));
  added = get_n_items (self) - (before - removed);
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

  self->clear_to = 0;
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
  procstream_log_model_limits_notify_dropped (self);
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

/* Somebody else may hold them, and wait for them. In a forked copy there is nothing to cancel. */
static void
cancel_feeds (ProcstreamLogModel *self)
{
  g_autoptr (GPtrArray) feeds = NULL;

  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&self->mutex);
  feeds = self->feeds;
  self->feeds = g_ptr_array_new_with_free_func (g_object_unref);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < feeds->len; i++)
    procstream_consumer_cancel (g_ptr_array_index (feeds, i));
}

static void
procstream_log_model_dispose (GObject *object)
{
  cancel_feeds (PROCSTREAM_LOG_MODEL (object));
  G_OBJECT_CLASS (procstream_log_model_parent_class)->dispose (object);
}

static void
procstream_log_model_finalize (GObject *object)
{
  ProcstreamLogModel *self = PROCSTREAM_LOG_MODEL (object);

  g_clear_pointer (&self->cache, procstream_line_cache_free);
  g_clear_pointer (&self->shown, procstream_line_store_free);
  procstream_log_record_close (self->record);
  g_clear_pointer (&self->record, procstream_log_record_unref);
  g_clear_pointer (&self->streams, g_ptr_array_unref);
  g_clear_pointer (&self->feeds, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  if (!procstream_platform_forked ())
    g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (procstream_log_model_parent_class)->finalize (object);
}

static void
procstream_log_model_get_property (GObject    *object,
                                   guint       property_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  if (property_id == PROP_N_ITEMS)
    g_value_set_uint (value, get_n_items (PROCSTREAM_LOG_MODEL (object)));
  else
    procstream_log_model_limits_get_property (object, property_id, value, pspec);
}

static void
procstream_log_model_class_init (ProcstreamLogModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = procstream_log_model_dispose;
  object_class->finalize = procstream_log_model_finalize;
  object_class->get_property = procstream_log_model_get_property;
  object_class->set_property = procstream_log_model_limits_set_property;
  /**
   * ProcstreamLogModel:n-items:
   *
   * How many lines are shown.
   *
   * Since: 1.0
   */
  properties[PROP_N_ITEMS] = g_param_spec_uint ("n-items", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  procstream_log_model_limits_install (object_class);
}

static void
procstream_log_model_init (ProcstreamLogModel *self)
{
  g_mutex_init (&self->mutex);
  self->context = g_main_context_ref_thread_default ();
  self->owner_thread = g_thread_self ();
  self->record = procstream_log_record_new (G_OBJECT (self), self->context, changed);
  procstream_log_model_limits_init (self);
  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ref_string_release);
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
  /* There nothing can be attached. */
  if (procstream_platform_forked ())
    return feed;
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
