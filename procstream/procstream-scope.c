/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-scope.h"

#include "procstream-child-private.h"
#include "procstream-emission-private.h"
#include "procstream-enum-types.h"
#include "procstream-platform-private.h"
#include "procstream-scope-private.h"

/**
 * ProcstreamScope:
 *
 * Owns children, and ends them all together.
 *
 * Whatever belongs to one thing, such as a window, a request or a plug-in, is given to
 * one scope, by [property@Procstream.Launcher:scope], so that no child can be
 * forgotten, or by [method@Procstream.Scope.add]. [method@Procstream.Scope.close] then shuts all of
 * it down, at the same time, and nothing can be started in a scope that is closed. A
 * scope that nobody refers to any more is closed as well, without waiting: the
 * library's own thread goes on with that.
 *
 * [method@Procstream.Scope.abort] is for who has to be gone at once.
 *
 * ## As a pool
 *
 * [method@Procstream.Scope.enqueue] has children started when there is room, which
 * [property@Procstream.Scope:max-running] says, in the order in which they came.
 * [method@Procstream.Scope.complete_all] waits for all and collects what they
 * write. [property@Procstream.Scope:on-failure] says what becomes of the others when one
 * fails. Neither needs a main loop.
 *
 * ## As a list
 *
 * A scope is a [iface@Gio.ListModel] of [class@Procstream.Child] objects, in the order in which they were
 * started or enqueued. They appear in the list, and leave it, when the thread-default main context of the
 * thread that created the scope iterates: [signal@Gio.ListModel::items-changed] is emitted once
 * for all that has changed by then. The last [property@Procstream.Scope:max-finished] children
 * that have ended stay, unless [method@Procstream.Scope.remove] takes them away.
 *
 * A child that was neither started nor enqueued is not in the list, and is held by whoever made it, not by the
 * scope: with the last reference to it, it leaves the scope as if it had never been made.
 *
 * ## Threads
 *
 * All signals, those of property changes among them, are emitted in the thread-default
 * main context of the thread that created the scope. [iface@Gio.ListModel] is for that thread; all
 * other methods may be called from any thread.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_SHUTDOWN,
  PROP_MAX_RUNNING,
  PROP_ON_FAILURE,
  PROP_MAX_FINISHED,
  PROP_N_ITEMS,
  PROP_N_RUNNING,
  PROP_N_QUEUED,
  PROP_N_FINISHED,
  PROP_CLOSED,
  N_PROPS,
};

enum
{
  START_FAILED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ProcstreamScope, procstream_scope, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* --- The list ----------------------------------------------------------------------------------------------------------------- */

static gpointer
get_item (GListModel *list,
          guint       position)
{
  ProcstreamScope *self = PROCSTREAM_SCOPE (list);
  GPtrArray       *shown = procstream_scope_roster_get_shown (self->roster);

  return position < shown->len ? g_object_ref (g_ptr_array_index (shown, position)) : NULL;
}

static GType
get_item_type (GListModel *list)
{
  return PROCSTREAM_TYPE_CHILD;
}

static guint
get_n_items (GListModel *list)
{
  return procstream_scope_roster_get_shown (PROCSTREAM_SCOPE (list)->roster)->len;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* --- Emission ----------------------------------------------------------------------------------------------------------------- */

static gboolean
is_muted (ProcstreamScope *self)
{
  return g_atomic_int_get (&self->muted);
}

/* As one change, of all that is not the same at the beginning and at the end. */
static void
emit_items_changed (ProcstreamScope *self,
                    GPtrArray       *before)
{
  GPtrArray *now = procstream_scope_roster_get_shown (self->roster);
  guint      first = 0;
  guint      last = 0;

  while (first < before->len && first < now->len && before->pdata[first] == now->pdata[first])
    first++;
  while (last < before->len - first && last < now->len - first &&
         before->pdata[before->len - 1 - last] == now->pdata[now->len - 1 - last])
    last++;
  if (first == before->len && first == now->len)
    return;
  g_list_model_items_changed (G_LIST_MODEL (self), first, before->len - first - last, now->len - first - last);
}

static void
emit_options (ProcstreamScope *self)
{
  ProcstreamScopeFacts before = self->told;
  ProcstreamScopeFacts now;

  procstream_scope_core_get_facts (self->core, &now);
  self->told.max_running = now.max_running;
  self->told.on_failure = now.on_failure;
  self->told.max_finished = now.max_finished;
  if (now.max_running != before.max_running && !is_muted (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_RUNNING]);
  if (now.on_failure != before.on_failure && !is_muted (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ON_FAILURE]);
  if (now.max_finished != before.max_finished && !is_muted (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_FINISHED]);
}

/* At once where that may be. */
static void
tell_options (ProcstreamScope *self)
{
  if (g_thread_self () == self->owner_thread)
    emit_options (self);
  else
    procstream_bell_ring (self->bell);
}

static void
emit_facts (ProcstreamScope *self,
            guint            n_items_before)
{
  ProcstreamScopeFacts before = self->told;
  ProcstreamScopeFacts now;

  procstream_scope_core_get_facts (self->core, &now);
  self->told.n_running = now.n_running;
  self->told.n_queued = now.n_queued;
  self->told.n_finished = now.n_finished;
  self->told.closed = now.closed;
  if (procstream_scope_roster_get_shown (self->roster)->len != n_items_before && !is_muted (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ITEMS]);
  if (now.n_queued != before.n_queued && !is_muted (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_QUEUED]);
  if (now.n_running != before.n_running && !is_muted (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_RUNNING]);
  if (now.n_finished != before.n_finished && !is_muted (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_FINISHED]);
  if (now.closed != before.closed && !is_muted (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CLOSED]);
}

static void
emit_failed (ProcstreamScope             *self,
             const ProcstreamScopeChange *change)
{
  for (guint i = 0; i < change->failed->len; i++)
    for (guint k = 0; k < change->known->len; k++)
      {
        ProcstreamChild *child = g_ptr_array_index (change->known, k);

        if (child->core != g_ptr_array_index (change->failed, i))
          continue;
        if (!is_muted (self))
          g_signal_emit (self, signals[START_FAILED], 0, child, procstream_child_core_get_error (child->core));
        break;
      }
}

static void
emit_all (ProcstreamScope *self)
{
  g_auto (ProcstreamScopeChange) change = { 0 };

  procstream_scope_roster_advance (self->roster, self->core, &change);
  emit_items_changed (self, change.before);
  emit_failed (self, &change);
  emit_facts (self, change.before->len);
  emit_options (self);
}

/* In the thread that runs the context, each time something has changed. */
static void
advance (gpointer outer)
{
  ProcstreamScope   *self = outer;
  ProcstreamEmission emission;

  if (is_muted (self))
    return;
  self->again = self->emitting;
  if (self->emitting)
    return;
  self->emitting = TRUE;
  procstream_emission_begin (&emission, self);
  emit_all (self);
  procstream_emission_end (&emission);
  self->emitting = FALSE;
  if (self->again)
    procstream_bell_ring (self->bell);
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_scope_dispose (GObject *object)
{
  ProcstreamScope *self = PROCSTREAM_SCOPE (object);
  g_autoptr (ProcstreamShutdownPlan) plan = NULL;

  g_atomic_int_set (&self->muted, TRUE);
  if (!procstream_platform_forked ())
    {
      /* One that makes no sense was never told of: each child has one that does. */
      plan = self->shutdown ? procstream_shutdown_plan_new (self->shutdown, NULL) : NULL;
      procstream_bell_close (self->bell);
      procstream_scope_core_abandon (self->core, plan);
    }
  G_OBJECT_CLASS (procstream_scope_parent_class)->dispose (object);
}

static void
procstream_scope_finalize (GObject *object)
{
  ProcstreamScope *self = PROCSTREAM_SCOPE (object);

  /* In a forked copy another thread may have held any lock of what is below. */
  if (!procstream_platform_forked ())
    {
      procstream_scope_roster_clear (self->roster);
      procstream_scope_roster_unref (self->roster);
      procstream_scope_core_unref (self->core);
      procstream_bell_unref (self->bell);
    }
  g_clear_object (&self->shutdown);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (procstream_scope_parent_class)->finalize (object);
}

static void
procstream_scope_get_property (GObject    *object,
                               guint       property_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  ProcstreamScope *self = PROCSTREAM_SCOPE (object);

  switch (property_id)
    {
    case PROP_SHUTDOWN:
      g_value_set_object (value, self->shutdown);
      break;
    case PROP_MAX_RUNNING:
      g_value_set_uint (value, procstream_scope_get_max_running (self));
      break;
    case PROP_ON_FAILURE:
      g_value_set_enum (value, procstream_scope_get_on_failure (self));
      break;
    case PROP_MAX_FINISHED:
      g_value_set_uint (value, procstream_scope_get_max_finished (self));
      break;
    case PROP_N_ITEMS:
      g_value_set_uint (value, procstream_scope_roster_get_shown (self->roster)->len);
      break;
    case PROP_N_RUNNING:
      g_value_set_uint (value, procstream_scope_get_n_running (self));
      break;
    case PROP_N_QUEUED:
      g_value_set_uint (value, procstream_scope_get_n_queued (self));
      break;
    case PROP_N_FINISHED:
      g_value_set_uint64 (value, procstream_scope_get_n_finished (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, procstream_scope_get_closed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_scope_set_property (GObject      *object,
                               guint         property_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  ProcstreamScope *self = PROCSTREAM_SCOPE (object);

  switch (property_id)
    {
    case PROP_SHUTDOWN:
      procstream_scope_set_shutdown (self, g_value_get_object (value));
      break;
    case PROP_MAX_RUNNING:
      procstream_scope_set_max_running (self, g_value_get_uint (value));
      break;
    case PROP_ON_FAILURE:
      procstream_scope_set_on_failure (self, g_value_get_enum (value));
      break;
    case PROP_MAX_FINISHED:
      procstream_scope_set_max_finished (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_options (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamScope:shutdown: (getter get_shutdown) (setter set_shutdown)
   *
   * How children are brought to their end when the scope is closed, or disposed of, as it
   * stands then. %NULL, unless set: each by the `shutdown` of its launcher.
   *
   * Since: 1.0
   */
  properties[PROP_SHUTDOWN] = g_param_spec_object ("shutdown", NULL, NULL, PROCSTREAM_TYPE_SHUTDOWN, flags);
  /**
   * ProcstreamScope:max-running: (getter get_max_running) (setter set_max_running)
   *
   * How many children may run for one more to be started from the queue; 0, unless
   * set, is no limit. Those that were not enqueued count, but are started whatever it is.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_RUNNING] = g_param_spec_uint ("max-running", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * ProcstreamScope:on-failure: (getter get_on_failure) (setter set_on_failure)
   *
   * What happens to the others when a child fails; unless set, they go on. Where it is
   * something else, nothing is started in this scope after a failure.
   *
   * Since: 1.0
   */
  properties[PROP_ON_FAILURE] = g_param_spec_enum ("on-failure", NULL, NULL, PROCSTREAM_TYPE_ON_FAILURE,
                                                   PROCSTREAM_ON_FAILURE_CONTINUE, flags);
  /**
   * ProcstreamScope:max-finished: (getter get_max_finished) (setter set_max_finished)
   *
   * How many children that have ended stay in the scope: in the list, for
   * [method@Procstream.Scope.complete_all], and in memory. When more have ended, those
   * leave it that ended first, each as soon as nobody of its group is left. `G_MAXUINT` lets all stay, 0
   * none.
   *
   * Unless set, it is 1000, which take about 10 MiB: 10 KiB for each child, as measured on a 64-bit
   * machine, besides what replay keeps of its outputs.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_FINISHED] = g_param_spec_uint ("max-finished", NULL, NULL, 0, G_MAXUINT,
                                                     PROCSTREAM_SCOPE_MAX_FINISHED, flags);
}

static void
install_counts (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamScope:n-items:
   *
   * How many children are in the list.
   *
   * Since: 1.0
   */
  properties[PROP_N_ITEMS] = g_param_spec_uint ("n-items", NULL, NULL, 0, G_MAXUINT, 0, readable);
  /**
   * ProcstreamScope:n-running: (getter get_n_running)
   *
   * How many children run, or are being started. Of several changes that follow each
   * other quickly only the last may be notified, as for the other counts.
   *
   * Since: 1.0
   */
  properties[PROP_N_RUNNING] = g_param_spec_uint ("n-running", NULL, NULL, 0, G_MAXUINT, 0, readable);
  /**
   * ProcstreamScope:n-queued: (getter get_n_queued)
   *
   * How many children wait for room.
   *
   * Since: 1.0
   */
  properties[PROP_N_QUEUED] = g_param_spec_uint ("n-queued", NULL, NULL, 0, G_MAXUINT, 0, readable);
  /**
   * ProcstreamScope:n-finished: (getter get_n_finished)
   *
   * How many children have ended, or could not be started; also those that have left the
   * scope since.
   *
   * Since: 1.0
   */
  properties[PROP_N_FINISHED] = g_param_spec_uint64 ("n-finished", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamScope:closed: (getter get_closed)
   *
   * Whether the scope is closed, or is being closed: nothing starts in it any more.
   *
   * Since: 1.0
   */
  properties[PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, readable);
}

static void
procstream_scope_class_init (ProcstreamScopeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = procstream_scope_dispose;
  object_class->finalize = procstream_scope_finalize;
  object_class->get_property = procstream_scope_get_property;
  object_class->set_property = procstream_scope_set_property;
  install_options ();
  install_counts ();
  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * ProcstreamScope::start-failed:
   * @self: the scope
   * @child: the child
   * @error: why
   *
   * A child that was enqueued could not be started, or was taken out of the queue.
   *
   * Since: 1.0
   */
  signals[START_FAILED] = g_signal_new ("start-failed", PROCSTREAM_TYPE_SCOPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 2, PROCSTREAM_TYPE_CHILD, G_TYPE_ERROR);
}

static void
procstream_scope_init (ProcstreamScope *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->owner_thread = g_thread_self ();
  g_mutex_init (&self->mutex);
  self->bell = procstream_bell_new (self->context, G_OBJECT (self), advance);
  self->roster = procstream_scope_roster_new (self->bell);
  self->core = procstream_scope_core_new (&procstream_scope_roster_ops, procstream_scope_roster_ref (self->roster));
  procstream_scope_core_get_facts (self->core, &self->told);
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_scope_new:
 *
 * Makes a scope without children.
 *
 * Returns: (transfer full): a new scope
 *
 * Since: 1.0
 */
ProcstreamScope *
procstream_scope_new (void)
{
  return g_object_new (PROCSTREAM_TYPE_SCOPE, NULL);
}

/**
 * procstream_scope_get_shutdown: (get-property shutdown)
 * @self: a scope
 *
 * Gets how children are brought to their end.
 *
 * Returns: (transfer none) (nullable): the shutdown, or %NULL where each has its own
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_scope_get_shutdown (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), NULL);

  return self->shutdown;
}

/**
 * procstream_scope_set_shutdown: (set-property shutdown)
 * @self: a scope
 * @shutdown: (nullable): how children are brought to their end, or %NULL for each by its own
 *
 * Sets how children are brought to their end. In the thread that created the scope.
 *
 * Since: 1.0
 */
void
procstream_scope_set_shutdown (ProcstreamScope *self, ProcstreamShutdown *shutdown)
{
  ProcstreamShutdown *before;

  g_return_if_fail (PROCSTREAM_IS_SCOPE (self));
  g_return_if_fail (shutdown == NULL || PROCSTREAM_IS_SHUTDOWN (shutdown));

  if (self->shutdown == shutdown)
    return;
  g_mutex_lock (&self->mutex);
  before = self->shutdown;
  self->shutdown = shutdown ? g_object_ref (shutdown) : NULL;
  g_mutex_unlock (&self->mutex);
  g_clear_object (&before);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHUTDOWN]);
}

static ProcstreamScopeFacts
get_facts (ProcstreamScope *self)
{
  ProcstreamScopeFacts facts;

  procstream_scope_core_get_facts (self->core, &facts);
  return facts;
}

/**
 * procstream_scope_get_max_running: (get-property max-running)
 * @self: a scope
 *
 * Gets how many children may run for one more to be started from the queue.
 *
 * Returns: a number of children, or 0 for no limit
 *
 * Since: 1.0
 */
guint
procstream_scope_get_max_running (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), 0);

  return get_facts (self).max_running;
}

/**
 * procstream_scope_set_max_running: (set-property max-running)
 * @self: a scope
 * @max_running: a number of children, or 0 for no limit
 *
 * Sets how many children may run for one more to be started from the queue. When it is raised,
 * those that have room now are started; when it is lowered, those that run go on.
 *
 * Since: 1.0
 */
void
procstream_scope_set_max_running (ProcstreamScope *self, guint max_running)
{
  g_return_if_fail (PROCSTREAM_IS_SCOPE (self));

  if (procstream_platform_forked () || get_facts (self).max_running == max_running)
    return;
  procstream_scope_core_set_max_running (self->core, max_running);
  tell_options (self);
}

/**
 * procstream_scope_get_on_failure: (get-property on-failure)
 * @self: a scope
 *
 * Gets what happens to the others when a child fails.
 *
 * Returns: what happens
 *
 * Since: 1.0
 */
ProcstreamOnFailure
procstream_scope_get_on_failure (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), PROCSTREAM_ON_FAILURE_UNSET);

  return get_facts (self).on_failure;
}

/**
 * procstream_scope_set_on_failure: (set-property on-failure)
 * @self: a scope
 * @on_failure: what happens; [enum@Procstream.OnFailure] says what there is
 *
 * Sets what happens to the others when a child fails from now on.
 *
 * Since: 1.0
 */
void
procstream_scope_set_on_failure (ProcstreamScope *self, ProcstreamOnFailure on_failure)
{
  g_return_if_fail (PROCSTREAM_IS_SCOPE (self));
  g_return_if_fail (on_failure > PROCSTREAM_ON_FAILURE_UNSET && on_failure <= PROCSTREAM_ON_FAILURE_SHUT_DOWN_OTHERS);

  if (procstream_platform_forked () || get_facts (self).on_failure == on_failure)
    return;
  procstream_scope_core_set_on_failure (self->core, on_failure);
  tell_options (self);
}

/**
 * procstream_scope_get_max_finished: (get-property max-finished)
 * @self: a scope
 *
 * Gets how many children that have ended stay in the scope.
 *
 * Returns: a number of children, or `G_MAXUINT` for all
 *
 * Since: 1.0
 */
guint
procstream_scope_get_max_finished (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), 0);

  return get_facts (self).max_finished;
}

/**
 * procstream_scope_set_max_finished: (set-property max-finished)
 * @self: a scope
 * @max_finished: a number of children, or `G_MAXUINT` for all
 *
 * Sets how many children that have ended stay in the scope. When it is lowered, those
 * that are too many by now leave it. Those that a
 * [method@Procstream.Scope.complete_all] waits for have their results in it all the same.
 *
 * Since: 1.0
 */
void
procstream_scope_set_max_finished (ProcstreamScope *self, guint max_finished)
{
  g_return_if_fail (PROCSTREAM_IS_SCOPE (self));

  if (procstream_platform_forked () || get_facts (self).max_finished == max_finished)
    return;
  procstream_scope_core_set_max_finished (self->core, max_finished);
  tell_options (self);
}

/**
 * procstream_scope_get_n_running: (get-property n-running)
 * @self: a scope
 *
 * Gets how many children run, or are being started, as it is now.
 *
 * Returns: a number of children
 *
 * Since: 1.0
 */
guint
procstream_scope_get_n_running (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), 0);

  return get_facts (self).n_running;
}

/**
 * procstream_scope_get_n_queued: (get-property n-queued)
 * @self: a scope
 *
 * Gets how many children wait for room, as it is now.
 *
 * Returns: a number of children
 *
 * Since: 1.0
 */
guint
procstream_scope_get_n_queued (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), 0);

  return get_facts (self).n_queued;
}

/**
 * procstream_scope_get_n_finished: (get-property n-finished)
 * @self: a scope
 *
 * Gets how many children have ended, or could not be started, as it is now.
 *
 * Returns: a number of children
 *
 * Since: 1.0
 */
guint64
procstream_scope_get_n_finished (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), 0);

  return get_facts (self).n_finished;
}

/**
 * procstream_scope_get_closed: (get-property closed)
 * @self: a scope
 *
 * Gets whether the scope is closed, or is being closed, as it is now.
 *
 * Returns: whether nothing starts in it any more
 *
 * Since: 1.0
 */
gboolean
procstream_scope_get_closed (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), FALSE);

  return get_facts (self).closed;
}
