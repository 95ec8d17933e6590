/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-platform-private.h"

#include <signal.h>

/* How a child is told to end. */

/**
 * procstream_child_send_signal:
 * @self: a child that runs
 * @signum: a signal number, such as `SIGTERM`
 * @error: return location for an error
 *
 * Sends a signal to what belongs to the child: its process group, or the
 * process alone, as the `containment` of the launcher says. It never reaches
 * a process that merely got the number of one that is gone.
 *
 * A group can outlive its leader. From Linux 6.9 on the rest of the group is
 * reached after the exit too; before that, nothing is sent any more.
 *
 * `SIGTERM` and `SIGKILL` make the state
 * %PROCSTREAM_CHILD_STATE_TERMINATING.
 *
 * Returns: %TRUE when the signal was sent, or %FALSE with
 *   %G_IO_ERROR_NOT_FOUND when nobody is left to signal,
 *   %G_IO_ERROR_PERMISSION_DENIED, %G_IO_ERROR_INVALID_ARGUMENT,
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the program does not run yet, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_child_send_signal (ProcstreamChild *self,
                              int              signum,
                              GError         **error)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("signal a child", error))
    return FALSE;
  if (signum > 0 && signum < NSIG)
    return procstream_child_core_send_signal (self->core, signum, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” cannot be signalled: there is no signal %d",
               procstream_child_get_name (self), signum);
  return FALSE;
}

/**
 * procstream_child_kill:
 * @self: a child that runs
 * @error: return location for an error
 *
 * Sends `SIGKILL`, as [method@Procstream.Child.send_signal] does. A child that has exited
 * already, which may be at any moment, is what was asked for, and no error.
 *
 * Returns: %TRUE when the signal was sent or nobody is left to signal, or %FALSE with another
 *   error of [method@Procstream.Child.send_signal]
 *
 * Since: 1.0
 */
gboolean
procstream_child_kill (ProcstreamChild *self,
                       GError         **error)
{
  g_autoptr (GError) local_error = NULL;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (procstream_child_send_signal (self, SIGKILL, &local_error) ||
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* --- Shutting down ------------------------------------------------------------------------------------------------------------ */

/* Begins; (transfer full) what to wait for. */
static ProcstreamWaiters *
shut_down (ProcstreamChild    *self,
           ProcstreamShutdown *shutdown,
           GError            **error)
{
  g_autoptr (ProcstreamShutdownPlan) plan = NULL;

  if (!procstream_platform_check_forked ("end a child", error))
    return NULL;
  plan = shutdown ? procstream_shutdown_plan_new (shutdown, error)
                  : procstream_shutdown_plan_ref (procstream_child_core_get_options (self->core)->shutdown);
  return plan ? procstream_child_core_shut_down (self->core, plan, PROCSTREAM_CAUSE_TERMINATED, error) : NULL;
}

/**
 * procstream_child_terminate:
 * @self: a child that was started
 * @shutdown: (nullable): how, or %NULL for the `shutdown` of the launcher
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT: the shutdown itself takes no longer than its phases say
 * @cancellable: (nullable): stops the waiting, not the shutdown
 * @error: return location for an error
 *
 * Ends the child, and blocks until nobody of it is left: neither the process, nor, with
 * a `containment` of the group, any member of its group. That is success. A child that
 * is gone already is one, too, and nothing is sent then.
 *
 * A shutdown that was begun goes on to its end, also when nobody waits for it any
 * more, and whether a main loop runs or not. There is one at a time: whoever asks for another one
 * meanwhile waits for the one under way. A wait that ends the child when its time is over, and the exit
 * of the program, cut it short where it gives more time than they do. A child that is still being started is
 * ended as soon as it runs.
 *
 * A group can outlive its leader. On Linux before 6.9, and in a sandbox that withholds
 * process descriptors, what is left then is out of reach: it is waited for,
 * and nothing is ever sent to a number that may be somebody else's.
 *
 * Delivery meanwhile is as in [method@Procstream.Child.wait].
 *
 * Returns: %TRUE when nobody is left, or %FALSE with %PROCSTREAM_CHILD_ERROR_SURVIVORS,
 *   which tells who is, %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED,
 *   %G_IO_ERROR_INVALID_ARGUMENT for a shutdown that makes no sense,
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when it was never started,
 *   %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK in a handler of the child, or in a handler
 *   or consumer of one of its outputs, unless nobody is left, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_child_terminate (ProcstreamChild    *self,
                            ProcstreamShutdown *shutdown,
                            gint64              timeout_ms,
                            GCancellable       *cancellable,
                            GError            **error)
{
  g_autofree char   *what = NULL;
  GError            *local_error = NULL;
  ProcstreamWaiters *waiters;
  gboolean           gone;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (shutdown == NULL || PROCSTREAM_IS_SHUTDOWN (shutdown), FALSE);
  g_return_val_if_fail (timeout_ms >= -1, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("end a child", error) ||
      (!procstream_child_core_is_gone (self->core) && !procstream_child_check_not_emitting (self, error)))
    return FALSE;
  waiters = shut_down (self, shutdown, error);
  if (waiters == NULL)
    return FALSE;
  procstream_child_release_opening_for_blocking (self);
  what = g_strdup_printf ("“%s” to end", procstream_child_get_name (self));
  gone = procstream_waiters_wait (waiters, self->context, procstream_child_get_delivering_thread (self), what, timeout_ms, cancellable, &local_error);
  procstream_waiters_unref (waiters);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    procstream_child_core_add_last_lines (self->core, local_error);
  if (local_error)
    g_propagate_error (error, local_error);
  if (gone && g_thread_self () == self->owner_thread)
    procstream_child_settle (self);
  return gone;
}

/**
 * procstream_child_terminate_async:
 * @self: a child that was started
 * @shutdown: (nullable): how, or %NULL for the `shutdown` of the launcher
 * @cancellable: (nullable): stops the waiting, not the shutdown
 * @callback: (nullable): called when nobody is left, or somebody stays
 * @user_data: data for @callback
 *
 * Ends the child; see [method@Procstream.Child.terminate]. The shutdown is begun
 * by this call, whether anybody waits for it or not.
 *
 * Since: 1.0
 */
void
procstream_child_terminate_async (ProcstreamChild    *self,
                                  ProcstreamShutdown *shutdown,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  ProcstreamWaiters *waiters;
  GError            *error = NULL;
  GTask             *task;

  g_return_if_fail (procstream_child_is_of_launcher_and_not_disposed (self));
  g_return_if_fail (shutdown == NULL || PROCSTREAM_IS_SHUTDOWN (shutdown));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_child_terminate_async);
  waiters = shut_down (self, shutdown, &error);
  procstream_waiters_answer_task (waiters, error, task);
}

/**
 * procstream_child_terminate_finish:
 * @self: a child
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Child.terminate_async].
 *
 * Returns: %TRUE when nobody is left, or %FALSE with an error of
 *   [method@Procstream.Child.terminate]
 *
 * Since: 1.0
 */
gboolean
procstream_child_terminate_finish (ProcstreamChild *self,
                                   GAsyncResult    *result,
                                   GError         **error)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_child_terminate_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Lifetime ----------------------------------------------------------------------------------------------------------------- */

/**
 * procstream_child_get_lifetime: (get-property lifetime)
 * @self: a child
 *
 * Gets how long the child may live.
 *
 * Returns: the lifetime
 *
 * Since: 1.0
 */
ProcstreamLifetime
procstream_child_get_lifetime (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), PROCSTREAM_LIFETIME_UNSET);

  return procstream_child_core_get_lifetime (self->core);
}

/**
 * procstream_child_detach:
 * @self: a child
 * @error: return location for an error
 *
 * Lets the child go on when the program exits, and when its object goes. It can
 * be called at any time; of a child that has exited it leaves what is left of the group alone.
 * A shutdown that is under way goes on to its end, and the exit of the program waits for that.
 *
 * The pipes of the child end with the program. A child in the process group of the
 * program stays in it, so Ctrl-C at the terminal still reaches it: for one that never had anything
 * to do with that, set the `lifetime` of the launcher.
 *
 * A child that has a guard, or gets a signal when its parent dies, ends with the program whatever
 * its lifetime is, and so cannot be detached.
 *
 * Returns: %TRUE, or %FALSE with %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the program is
 *   about to exit, and ends the child, or the child ends with it in any case, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_child_detach (ProcstreamChild *self,
                         GError         **error)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("detach a child", error))
    return FALSE;
  return procstream_child_core_detach (self->core, error);
}
