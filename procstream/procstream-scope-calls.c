/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-scope-private.h"

#include "procstream-child-private.h"
#include "procstream-complete-options-private.h"
#include "procstream-completion-group-private.h"
#include "procstream-emission-private.h"
#include "procstream-error.h"
#include "procstream-mute-private.h"
#include "procstream-platform-private.h"

/* What is done with a scope, each that waits as a blocking call and as an asynchronous pair. */

/* --- Children ----------------------------------------------------------------------------------------------------------------- */

/**
 * procstream_scope_add:
 * @self: a scope
 * @child: a child, in any state, that belongs to no scope
 * @error: return location for an error
 *
 * Gives a child to the scope, for good. One that was not started is started as always, with
 * [method@Procstream.Child.start], and only as long as the scope is not closed. Until then the caller has to
 * hold it: the scope does so from when it is started, or enqueued.
 *
 * One that runs counts as running at once, whatever [property@Procstream.Scope:max-running] is, and is ended with
 * the others. One that has exited, or whose start has failed, counts as finished at once. Its end may have been a
 * failure: then [property@Procstream.Scope:on-failure] holds as if it had ended in the scope. [signal@Procstream.Scope::start-failed] is
 * only for children of the queue.
 *
 * [property@Procstream.Launcher:scope] does the same for all children of a launcher, so
 * that none can be forgotten. A child that is detached later on is left alone by its scope.
 *
 * Returns: %TRUE, or %FALSE with %PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED,
 *   %PROCSTREAM_CHILD_ERROR_NOT_STARTED after a failure (see
 *   [property@Procstream.Scope:on-failure]),
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the child belongs to a scope,
 *   %G_IO_ERROR_INVALID_ARGUMENT for one that is detached, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_scope_add (ProcstreamScope *self,
                      ProcstreamChild *child,
                      GError         **error)
{
  gboolean added;

  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), FALSE);
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (child), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("add a child to a scope", error))
    return FALSE;
  procstream_scope_roster_lock (self->roster);
  added = procstream_scope_core_add (self->core, child->core, error);
  if (added)
    procstream_scope_roster_add_locked (self->roster, child);
  procstream_scope_roster_unlock (self->roster);
  procstream_bell_ring (self->bell);
  return added;
}

/**
 * procstream_scope_enqueue:
 * @self: a scope
 * @child: a child that was not started, of this scope or of none
 * @error: return location for an error
 *
 * Has a child started when there is room for it: at once, or when others have ended. Children
 * are started in the order in which they were enqueued. It becomes a child of
 * the scope, if it is not. What it has of the environment of the program is as it is now.
 *
 * Nothing that it writes is missed by what is attached or connected before it starts. Until
 * then its state is %PROCSTREAM_CHILD_STATE_QUEUED: it can be waited for, and
 * [method@Procstream.Child.terminate] takes it out of the queue. If its start fails, or it is taken out of the
 * queue, that is what waiting for it comes to;
 * [signal@Procstream.Scope::start-failed] tells of it, and the result that
 * [method@Procstream.Scope.complete_all] has for it.
 *
 * Returns: %TRUE, or %FALSE, and nothing has changed, with an error of [method@Procstream.Scope.add], or
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when it was started or enqueued before
 *
 * Since: 1.0
 */
gboolean
procstream_scope_enqueue (ProcstreamScope *self,
                          ProcstreamChild *child,
                          GError         **error)
{
  gboolean kept, added, queued;

  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), FALSE);
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (child), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("enqueue a child", error))
    return FALSE;
  kept = procstream_child_keep (child);
  procstream_scope_roster_lock (self->roster);
  queued = procstream_scope_core_enqueue (self->core, child->core, &added, error);
  if (added)
    procstream_scope_roster_add_locked (self->roster, child);
  if (queued)
    procstream_scope_roster_admit_locked (self->roster, child->core);
  procstream_scope_roster_unlock (self->roster);
  if (kept && !queued)
    procstream_child_let_go (child);
  if (queued)
    {
      procstream_child_release_opening (child);
      procstream_scope_core_pump (self->core);
    }
  procstream_bell_ring (self->bell);
  return queued;
}

/**
 * procstream_scope_remove:
 * @self: a scope
 * @child: a child of it that does not run
 * @error: return location for an error
 *
 * Takes a child from the scope that has ended, or could not be started. It never comes back.
 *
 * One that was neither started nor enqueued cannot be started after that: it fails, and its outputs
 * end, with %PROCSTREAM_CHILD_ERROR_NOT_STARTED. To drop the last reference to it takes it from the scope as well.
 *
 * Returns: %TRUE, or %FALSE with %PROCSTREAM_CHILD_ERROR_WRONG_STATE when it runs, or waits in the queue, or is not a child
 *   of this scope, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_scope_remove (ProcstreamScope *self,
                         ProcstreamChild *child,
                         GError         **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), FALSE);
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (child), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return procstream_platform_check_forked ("remove a child from a scope", error) &&
         procstream_scope_core_remove (self->core, child->core, error);
}

/**
 * procstream_scope_dup_children:
 * @self: a scope
 *
 * Gets the children that the list has, or will have when its main context iterates: as it is now, and in any thread.
 * It is for who has no main loop, or is in another thread, and wants to do something with each, such as to kill them.
 *
 * Returns: (transfer container) (element-type ProcstreamChild): the children, in the order in which they were started or enqueued; none
 *   in a forked copy of the program
 *
 * Since: 1.0
 */
GPtrArray *
procstream_scope_dup_children (ProcstreamScope *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), NULL);

  /* There another thread may have held the locks. */
  if (procstream_platform_forked ())
    return g_ptr_array_new_with_free_func (g_object_unref);
  return procstream_scope_roster_dup_held (self->roster, self->core);
}

/* --- Ending ------------------------------------------------------------------------------------------------------------------- */

/**
 * procstream_scope_abort:
 * @self: a scope
 *
 * Kills all children, has nothing emitted any more, and returns at once: for who
 * must be gone when this returns, as a plug-in that is disabled.
 *
 * The scope is closed by this. Its children get `SIGKILL` as soon as they can get it, from the library's own thread,
 * and those that are being started as soon as they run. From now on nothing is
 * emitted by the scope, by its children and by their input and outputs, and no class of consumers of your own, and
 * no function of a [class@Procstream.LineWaiter], is called for one of these: such a consumer is
 * cancelled. When this is called in the thread of the main context in which they are emitted, that is so
 * at once, also for the other handlers of a signal whose handler it is called in. The list of a
 * [class@Procstream.LogModel] that follows one of these outputs does not change any more by what
 * comes from there, even if it was read before. Who called an
 * asynchronous function still gets the answer.
 *
 * [method@Procstream.Scope.close] waits for the end of what was killed. A scope that is closed, or is being
 * closed, can be aborted.
 *
 * Since: 1.0
 */
void
procstream_scope_abort (ProcstreamScope *self)
{
  g_autoptr (GPtrArray) children = NULL;

  g_return_if_fail (PROCSTREAM_IS_SCOPE (self));

  if (procstream_platform_forked ())
    return;
  g_atomic_int_set (&self->muted, TRUE);
  if (g_thread_self () == self->owner_thread)
    procstream_mute_block_handlers (G_OBJECT (self));
  procstream_scope_core_abort (self->core);
  children = procstream_scope_roster_dup_children (self->roster);
  for (guint i = 0; i < children->len; i++)
    procstream_child_mute (g_ptr_array_index (children, i));
}

static ProcstreamWaiters *
begin_closing (ProcstreamScope *self,
               GError         **error)
{
  g_autoptr (ProcstreamShutdown) shutdown = NULL;
  g_autoptr (ProcstreamShutdownPlan) plan = NULL;

  if (!procstream_platform_check_forked ("close a scope", error))
    return NULL;
  g_mutex_lock (&self->mutex);
  g_set_object (&shutdown, self->shutdown);
  g_mutex_unlock (&self->mutex);
  if (shutdown)
    {
      plan = procstream_shutdown_plan_new (shutdown, error);
      if (plan == NULL)
        return NULL;
    }
  return procstream_scope_core_close (self->core, plan);
}

static gboolean
check_not_emitting (ProcstreamScope *self,
                    GPtrArray       *children,
                    GError         **error)
{
  if (procstream_emission_is_under_way (self))
    {
      g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK,
                           "A scope cannot be waited for in a handler of its own");
      return FALSE;
    }
  return procstream_children_check_not_emitting (children, error);
}

/**
 * procstream_scope_close:
 * @self: a scope
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT: the shutdowns themselves take no longer than their phases say
 * @cancellable: (nullable): stops the waiting, not the shutdowns
 * @error: return location for an error
 *
 * Closes the scope, and blocks until nobody of its children is left. All are shut down at
 * the same time, as [property@Procstream.Scope:shutdown] says; what waits in the queue is taken out of it, and
 * nothing starts in the scope any more. What happens to each child is what
 * [method@Procstream.Child.terminate] does, and its result the same.
 *
 * A child that was neither started nor enqueued fails, and its outputs end, with
 * %PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED, and it leaves the scope.
 *
 * A scope that is closed, or is being closed, can be closed again: the call waits for the same end,
 * and comes to the same. Delivery meanwhile is as in [method@Procstream.Child.wait].
 *
 * Returns: %TRUE when nobody is left, or %FALSE with %PROCSTREAM_CHILD_ERROR_SURVIVORS,
 *   which tells who is, %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED,
 *   %G_IO_ERROR_INVALID_ARGUMENT for a shutdown that makes no sense, with which nothing is closed,
 *   %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK in a handler of the scope or of a child of it, or in a handler
 *   or consumer of one of their outputs, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_scope_close (ProcstreamScope *self,
                        gint64           timeout_ms,
                        GCancellable    *cancellable,
                        GError         **error)
{
  g_autoptr (GPtrArray) children = NULL;
  ProcstreamWaiters *waiters;
  gboolean           gone;

  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), FALSE);
  g_return_val_if_fail (timeout_ms >= -1, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("close a scope", error))
    return FALSE;
  children = procstream_scope_roster_dup_children (self->roster);
  if (!check_not_emitting (self, children, error))
    return FALSE;
  waiters = begin_closing (self, error);
  if (waiters == NULL)
    return FALSE;
  gone = procstream_children_wait (children, waiters, self->context, self->owner_thread, "all children of a scope to end",
                                   timeout_ms, cancellable, error);
  procstream_waiters_unref (waiters);
  return gone;
}

/**
 * procstream_scope_close_async:
 * @self: a scope
 * @cancellable: (nullable): stops the waiting, not the shutdowns
 * @callback: (nullable): called when nobody is left, or somebody stays
 * @user_data: data for @callback
 *
 * Closes the scope; see [method@Procstream.Scope.close]. It is closed by this call, whether anybody
 * waits for the end or not.
 *
 * Since: 1.0
 */
void
procstream_scope_close_async (ProcstreamScope    *self,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  ProcstreamWaiters *waiters;
  GError            *error = NULL;
  GTask             *task;

  g_return_if_fail (PROCSTREAM_IS_SCOPE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_scope_close_async);
  waiters = begin_closing (self, &error);
  procstream_waiters_answer_task (waiters, error, task);
}

/**
 * procstream_scope_close_finish:
 * @self: a scope
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Scope.close_async].
 *
 * Returns: %TRUE when nobody is left, or %FALSE with an error of
 *   [method@Procstream.Scope.close]
 *
 * Since: 1.0
 */
gboolean
procstream_scope_close_finish (ProcstreamScope *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_scope_close_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Waiting for all ---------------------------------------------------------------------------------------------------------- */

/* What a task waits with: freed in the task's own context, as the cancellable must be. */
typedef struct
{
  ProcstreamCompletionGroup *group;
  GCancellable              *cancellable;
} Call;

static void
call_free (gpointer data)
{
  Call *self = data;

  procstream_completion_group_unref (self->group);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static gboolean
check_started (GPtrArray *cores,
               GError   **error)
{
  for (guint i = 0; i < cores->len; i++)
    {
      ProcstreamChildCore *child = g_ptr_array_index (cores, i);

      if (procstream_child_core_get_state (child) != PROCSTREAM_CHILD_STATE_CREATED)
        continue;
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                   "“%s” cannot be waited for: it was neither started nor enqueued", procstream_child_core_get_options (child)->name);
      return FALSE;
    }
  return TRUE;
}

static Call *
call_new (ProcstreamScope           *self,
          ProcstreamCompleteOptions *options,
          GCancellable              *cancellable,
          GError                   **error)
{
  g_autoptr (GPtrArray) cores = NULL;
  ProcstreamCompleteSettings settings = { 0 };
  Call                      *call = NULL;

  if (!procstream_platform_check_forked ("wait for a scope", error))
    return NULL;
  cores = procstream_scope_core_dup_children (self->core);
  if (check_started (cores, error) && procstream_complete_settings_init (&settings, options, error))
    {
      call = g_new0 (Call, 1);
      call->group = procstream_completion_group_new (cores, &settings, cancellable);
      g_set_object (&call->cancellable, cancellable);
    }
  procstream_complete_settings_clear (&settings);
  return call;
}

/**
 * procstream_scope_complete_all:
 * @self: a scope
 * @options: (nullable): for how long, what is collected and what ends a child, or
 *   %NULL for the default
 * @cancellable: (nullable): ends the waiting, and the children only when the options say so
 * @error: return location for an error
 *
 * Blocks until all children that the scope has now have ended, and their outputs, collecting
 * what they write; those that are in the queue as well.
 *
 * It is [method@Procstream.Child.complete] for each of them, with the same options: what has a
 * limit in these has it for each child, from its start on. A child that such a limit does not end is left alone: its result
 * says what was known then, whatever becomes of it while the others are waited for.
 * Everything that can come of a child is a result. One that could not be started, or
 * was taken out of the queue, has one too, with the cause %PROCSTREAM_CAUSE_NOT_STARTED, of which
 * [method@Procstream.Result.check] makes the error that kept it from starting.
 *
 * What a child wrote before this is called is collected only as far as replay keeps it: with children that are
 * enqueued, and then waited for, that is all that those write that were not started by then.
 *
 * Returns: (transfer container) (element-type ProcstreamResult): what came of each child, in the order in
 *   which they were added, or %NULL with %G_IO_ERROR_INVALID_ARGUMENT for options that make no sense,
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when a child was neither started nor enqueued,
 *   %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK in a handler of the scope or of a child of it, or in a handler
 *   or consumer of one of their outputs, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
GPtrArray *
procstream_scope_complete_all (ProcstreamScope           *self,
                               ProcstreamCompleteOptions *options,
                               GCancellable              *cancellable,
                               GError                   **error)
{
  g_autoptr (GPtrArray) children = NULL;
  GPtrArray *results = NULL;
  Call      *call;

  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), NULL);
  g_return_val_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!procstream_platform_check_forked ("wait for a scope", error))
    return NULL;
  children = procstream_scope_roster_dup_children (self->roster);
  if (!check_not_emitting (self, children, error))
    return NULL;
  call = call_new (self, options, cancellable, error);
  if (call == NULL)
    return NULL;
  /* How long it may take, and what cancels it, is the business of each completion. */
  if (procstream_children_wait (children, procstream_completion_group_get_over (call->group), self->context, self->owner_thread,
                                "all children of a scope to complete", -1, NULL, error))
    results = procstream_completion_group_make_results (call->group);
  call_free (call);
  return results;
}

/**
 * procstream_scope_complete_all_async:
 * @self: a scope
 * @options: (nullable): for how long, what is collected and what ends a child, or
 *   %NULL for the default
 * @cancellable: (nullable): ends the waiting, and the children only when the options say so
 * @callback: (nullable): called when there are all results
 * @user_data: data for @callback
 *
 * Waits until all children that the scope has now have ended, and their outputs, collecting what they
 * write from now on; see [method@Procstream.Scope.complete_all].
 *
 * Since: 1.0
 */
void
procstream_scope_complete_all_async (ProcstreamScope           *self,
                                     ProcstreamCompleteOptions *options,
                                     GCancellable              *cancellable,
                                     GAsyncReadyCallback        callback,
                                     gpointer                   user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Call   *call;

  g_return_if_fail (PROCSTREAM_IS_SCOPE (self));
  g_return_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* Without the cancellable: what was collected until then is the result. */
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, procstream_scope_complete_all_async);
  call = call_new (self, options, cancellable, &error);
  if (call == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_set_task_data (task, call, call_free);
  procstream_waiters_add_task (procstream_completion_group_get_over (call->group), g_steal_pointer (&task));
}

/**
 * procstream_scope_complete_all_finish:
 * @self: a scope
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Scope.complete_all_async].
 *
 * Returns: (transfer container) (element-type ProcstreamResult): what came of each child, in the order in
 *   which they were added, or %NULL with an error of [method@Procstream.Scope.complete_all]
 *
 * Since: 1.0
 */
GPtrArray *
procstream_scope_complete_all_finish (ProcstreamScope *self,
                                      GAsyncResult    *result,
                                      GError         **error)
{
  Call *call;

  g_return_val_if_fail (PROCSTREAM_IS_SCOPE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_scope_complete_all_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  call = g_task_get_task_data (G_TASK (result));
  return procstream_completion_group_make_results (call->group);
}
