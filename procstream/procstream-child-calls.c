/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-emission-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-error.h"
#include "procstream-output-private.h"
#include "procstream-platform-private.h"

/* Starting and waiting, each as a blocking call and as an asynchronous pair. */

/* --- Starting ----------------------------------------------------------------------------------------------------------------- */

static gboolean
claim (ProcstreamChild *self,
       gboolean         by_pipeline,
       GError         **error)
{
  if (!procstream_platform_check_forked ("start a child", error))
    return FALSE;
  if (procstream_child_core_get_options (self->core)->is_stage && !by_pipeline)
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                   "“%s” is a stage of a pipeline, which starts it", procstream_child_get_name (self));
      return FALSE;
    }
  if (!procstream_child_core_claim (self->core, error))
    return FALSE;
  procstream_child_keep (self);
  return TRUE;
}

gboolean
procstream_child_claim_stage (ProcstreamChild *self,
                              gboolean         awaited,
                              GError         **error)
{
  if (awaited)
    procstream_child_core_hold_start (self->core);
  if (!claim (self, TRUE, error))
    return FALSE;
  if (awaited)
    g_atomic_int_set (&self->opening_awaits, TRUE);
  return TRUE;
}

/**
 * procstream_child_start:
 * @self: a child that was not started
 * @error: return location for an error
 *
 * Starts the program and blocks until it runs, or is known not to: usually
 * less than a millisecond. No handler is called meanwhile.
 *
 * Returns: %TRUE when the program runs, or %FALSE with a `G_SPAWN_ERROR` such
 *   as %G_SPAWN_ERROR_NOENT, a `G_IO_ERROR` such as
 *   %G_IO_ERROR_TOO_MANY_OPEN_FILES, %PROCSTREAM_CHILD_ERROR_WRONG_STATE when
 *   it was started before, or the program is about to exit, %PROCSTREAM_CHILD_ERROR_NO_HELPER or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_child_start (ProcstreamChild *self,
                        GError         **error)
{
  gboolean started;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!claim (self, FALSE, error))
    return FALSE;
  procstream_child_core_launch (self->core);
  started = procstream_child_core_wait_started (self->core, error);
  if (!started)
    procstream_child_let_go (self);
  procstream_child_release_opening (self);
  return started;
}

/**
 * procstream_child_start_async:
 * @self: a child that was not started
 * @cancellable: (nullable): when already cancelled, nothing is started; a start
 *   that was begun is not interrupted
 * @callback: (nullable): called when the program runs, or is known not to
 * @user_data: data for @callback
 *
 * Starts the program. What is connected or attached in the callback, or right
 * after awaiting it, still misses nothing.
 *
 * Since: 1.0
 */
void
procstream_child_start_async (ProcstreamChild    *self,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (procstream_child_is_of_launcher_and_not_disposed (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* Without the cancellable: a cancelled start whose program runs would leave a child that nobody knows of. */
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, procstream_child_start_async);
  if (g_cancellable_set_error_if_cancelled (cancellable, &error) || !claim (self, FALSE, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_atomic_int_set (&self->opening_awaits, TRUE);
  procstream_waiters_add_task (procstream_child_core_get_started (self->core), g_steal_pointer (&task));
  procstream_child_core_launch (self->core);
}

/**
 * procstream_child_start_finish:
 * @self: a child
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Child.start_async].
 *
 * Returns: %TRUE when the program runs, or %FALSE with %G_IO_ERROR_CANCELLED or
 *   an error of [method@Procstream.Child.start]
 *
 * Since: 1.0
 */
gboolean
procstream_child_start_finish (ProcstreamChild *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_child_start_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Waiting ------------------------------------------------------------------------------------------------------------------ */

/* What is waited for may need that somebody reads. Handlers that are connected keep what they were promised. */
void
procstream_child_release_opening_for_blocking (ProcstreamChild *self)
{
  /* The opening of a child that is just being started would be let go by a main loop that does not run. */
  procstream_child_core_wait_started (self->core, NULL);
  if (g_atomic_int_get (&self->opening_awaits))
    procstream_child_release_opening (self);
  if (g_thread_self () == self->owner_thread)
    return;
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    procstream_output_release_opening_now (self->outputs[i]);
}

gboolean
procstream_child_is_emitting (ProcstreamChild *self)
{
  return procstream_emission_is_under_way (self) || procstream_emission_is_under_way (self->core);
}

gboolean
procstream_child_is_over (ProcstreamChild *self)
{
  if (procstream_child_core_get_state (self->core) != PROCSTREAM_CHILD_STATE_EXITED)
    return FALSE;
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    {
      ProcstreamOutputCore *output = procstream_child_core_get_output (self->core, i);

      /* What one that is read in the captured context still gives is given there. */
      if (!procstream_output_core_is_ended (output) || !procstream_io_thread_has_context (procstream_output_core_get_home_context (output)))
        return FALSE;
    }
  return TRUE;
}

GThread *
procstream_child_get_delivering_thread (ProcstreamChild *self)
{
  return procstream_child_is_emitting (self) ? NULL : self->owner_thread;
}

gboolean
procstream_child_check_not_emitting (ProcstreamChild *self,
                                     GError         **error)
{
  if (!procstream_child_is_emitting (self))
    return TRUE;
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK,
               "“%s” cannot be waited for in a handler or consumer of itself or of its outputs", procstream_child_get_name (self));
  return FALSE;
}

static gboolean
check_started (ProcstreamChild *self,
               GError         **error)
{
  ProcstreamChildState state;

  if (!procstream_platform_check_forked ("wait for a child", error))
    return FALSE;
  state = procstream_child_core_get_state (self->core);
  if (state != PROCSTREAM_CHILD_STATE_CREATED)
    return TRUE;
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
               "“%s” cannot be waited for: its state is “%s”", procstream_child_get_name (self),
               procstream_child_state_to_string (state));
  return FALSE;
}

static gboolean
wait_blocking (ProcstreamChild *self,
               gint64           timeout_ms,
               GCancellable    *cancellable,
               GError         **error)
{
  g_autofree char *what = g_strdup_printf ("“%s” to exit", procstream_child_get_name (self));
  GError          *local_error = NULL;

  if (!procstream_child_check_not_emitting (self, error))
    return FALSE;
  if (procstream_waiters_wait (procstream_child_core_get_exited (self->core), self->context, self->owner_thread, what,
                               timeout_ms, cancellable, &local_error))
    return TRUE;
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    procstream_child_core_add_last_lines (self->core, local_error);
  g_propagate_error (error, local_error);
  return FALSE;
}

/**
 * procstream_child_wait:
 * @self: a child that was started
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the waiting, not the child
 * @error: return location for an error
 *
 * Blocks until the process has exited. **Its output may not have been delivered by
 * then:** lines that it wrote at last can still be under way to handlers when this
 * returns. To have everything, wait for [signal@Procstream.Child::completed], or
 * attach a [class@Procstream.Collector] or [class@Procstream.Reader] and wait for that.
 *
 * In the thread that created the child, all signals and consumers of this
 * library that belong to the same main context are served meanwhile, so it
 * does not matter whether a main loop runs. The callbacks of asynchronous calls are not
 * called meanwhile, but when the main context next iterates. In any other thread the call only
 * waits.
 *
 * Returns: %TRUE when the process has exited, however it ended, or %FALSE with
 *   %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED, the error of a start that
 *   failed, %PROCSTREAM_CHILD_ERROR_WRONG_STATE when it was never started,
 *   %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK in a handler of the child, or in a handler
 *   or consumer of one of its outputs, while it runs, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_child_wait (ProcstreamChild *self,
                       gint64           timeout_ms,
                       GCancellable    *cancellable,
                       GError         **error)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (timeout_ms >= -1, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_started (self, error))
    return FALSE;
  procstream_child_release_opening_for_blocking (self);
  if (procstream_child_core_get_result (self->core) == NULL && !wait_blocking (self, timeout_ms, cancellable, error))
    return FALSE;
  if (g_thread_self () == self->owner_thread)
    procstream_child_settle (self);
  return TRUE;
}

/**
 * procstream_child_wait_async:
 * @self: a child that was started
 * @cancellable: (nullable): stops the waiting, not the child
 * @callback: (nullable): called when the process has exited
 * @user_data: data for @callback
 *
 * Waits until the process has exited, and not until its output was delivered; see
 * [method@Procstream.Child.wait]. Any number of waits may be under way at the same
 * time.
 *
 * Since: 1.0
 */
void
procstream_child_wait_async (ProcstreamChild    *self,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (procstream_child_is_of_launcher_and_not_disposed (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_child_wait_async);
  if (!check_started (self, &error))
    g_task_return_error (task, error);
  else
    procstream_waiters_add_task (procstream_child_core_get_exited (self->core), g_steal_pointer (&task));
}

/**
 * procstream_child_wait_finish:
 * @self: a child
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Child.wait_async].
 *
 * Returns: %TRUE when the process has exited, however it ended, or %FALSE with
 *   %G_IO_ERROR_CANCELLED, the error of a start that failed,
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_child_wait_finish (ProcstreamChild *self,
                              GAsyncResult    *result,
                              GError         **error)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_child_wait_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Several at once ---------------------------------------------------------------------------------------------------------- */

gboolean
procstream_children_check_not_emitting (GPtrArray *children,
                                        GError   **error)
{
  for (guint i = 0; i < children->len; i++)
    if (!procstream_child_check_not_emitting (g_ptr_array_index (children, i), error))
      return FALSE;
  return TRUE;
}

gboolean
procstream_children_wait (GPtrArray         *children,
                          ProcstreamWaiters *waiters,
                          GMainContext      *context,
                          GThread           *owner_thread,
                          const char        *what,
                          gint64             timeout_ms,
                          GCancellable      *cancellable,
                          GError           **error)
{
  gboolean done;

  for (guint i = 0; i < children->len; i++)
    procstream_child_release_opening_for_blocking (g_ptr_array_index (children, i));
  done = procstream_waiters_wait (waiters, context, owner_thread, what, timeout_ms, cancellable, error);
  for (guint i = 0; i < children->len; i++)
    {
      ProcstreamChild *child = g_ptr_array_index (children, i);

      if (g_thread_self () == owner_thread && child->owner_thread == owner_thread)
        procstream_child_settle (child);
    }
  return done;
}
