/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-complete-private.h"
#include "procstream-error.h"
#include "procstream-platform-private.h"

/* Waiting for a whole child, as a blocking call and as an asynchronous pair. */

/* --- Calls -------------------------------------------------------------------------------------------------------------------- */

ProcstreamCompleteCall *
procstream_complete_call_new (ProcstreamChild                  *child,
                              const ProcstreamCompleteSettings *settings,
                              GCancellable                     *cancellable)
{
  ProcstreamCompleteCall *self = g_new0 (ProcstreamCompleteCall, 1);

  self->completion = procstream_completion_new (child->core, settings, cancellable);
  g_set_object (&self->cancellable, cancellable);
  return self;
}

void
procstream_complete_call_free (gpointer data)
{
  ProcstreamCompleteCall *self = data;

  procstream_completion_unref (self->completion);
  g_clear_object (&self->cancellable);
  g_free (self);
}

ProcstreamResult *
procstream_complete_call_wait (ProcstreamCompleteCall *self,
                               ProcstreamChild        *child,
                               GError                **error)
{
  ProcstreamWaiters *over = procstream_completion_get_over (self->completion);

  procstream_child_release_opening_for_blocking (child);
  /* How long it may take, and what cancels it, is the completion's own business. */
  if (!procstream_waiters_wait (over, child->context, procstream_child_get_delivering_thread (child), "a child to complete", -1, NULL, error))
    return NULL;
  if (g_thread_self () == child->owner_thread)
    procstream_child_settle (child);
  return procstream_completion_make_result (self->completion);
}

void
procstream_complete_call_add_task (ProcstreamCompleteCall *self,
                                   GTask                  *task)
{
  procstream_waiters_add_task (procstream_completion_get_over (self->completion), task);
}

/* --- Of a child --------------------------------------------------------------------------------------------------------------- */

static gboolean
check_started (ProcstreamChild *self,
               GError         **error)
{
  if (!procstream_platform_check_forked ("wait for a child", error))
    return FALSE;
  if (procstream_child_core_get_state (self->core) != PROCSTREAM_CHILD_STATE_CREATED)
    return TRUE;
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
               "“%s” cannot be waited for: its state is “created”", procstream_child_get_name (self));
  return FALSE;
}

/**
 * procstream_child_complete:
 * @self: a child that was started
 * @options: (nullable): for how long, what is collected and what ends the child, or
 *   %NULL for the default
 * @cancellable: (nullable): ends the waiting, and the child only when the options say so
 * @error: return location for an error
 *
 * Blocks until the process is gone and its outputs have ended, collecting what it writes.
 *
 * Everything that can come of a child that was started is a result, and not an error: also that it
 * took too long, was idle, wrote too much, or that the wait was cancelled. What was
 * collected by then is in it. If the options do not have the child ended, it goes on,
 * and can be waited for again; [property@Procstream.Result:running] tells. Use
 * [method@Procstream.Result.check] to have an error where there is no success.
 *
 * What is collected begins where any consumer would begin that is attached now; right after
 * a start that is the beginning, and it stays so until the main context of the child iterates or a
 * blocking call is made for it. To have all of the output, call
 * [method@Procstream.Child.complete_async] first, and then write to the child or wait for
 * its lines, or have [enum@Procstream.Replay] keep all; what was missed is counted in
 * [property@Procstream.Capture:bytes-missed], and is no success to
 * [method@Procstream.Result.check]. After the exit of the process another process can hold
 * the outputs open: they are waited for as long as the options say, and
 * [property@Procstream.Capture:ended] tells.
 *
 * It works whether a main loop runs or not. Any number of such calls, waits and readers may
 * be under way at the same time. Delivery meanwhile is as in
 * [method@Procstream.Child.wait]. Handlers that were not called by the time it returns are
 * called later: [signal@Procstream.Child::completed] tells when all were.
 *
 * Returns: (transfer full): the result, or %NULL with the error of a start that
 *   failed, %G_IO_ERROR_INVALID_ARGUMENT for options that make no sense,
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when it was never started,
 *   %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK in a handler of the child, or in a handler
 *   or consumer of one of its outputs, unless it has exited and its outputs have ended, as they
 *   have in handlers of [signal@Procstream.Child::completed], or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_child_complete (ProcstreamChild           *self,
                           ProcstreamCompleteOptions *options,
                           GCancellable              *cancellable,
                           GError                   **error)
{
  ProcstreamCompleteSettings settings;
  ProcstreamCompleteCall    *call;
  ProcstreamResult          *result = NULL;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);
  g_return_val_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_started (self, error) || (!procstream_child_is_over (self) && !procstream_child_check_not_emitting (self, error)))
    return NULL;
  if (procstream_complete_settings_init (&settings, options, error))
    {
      call = procstream_complete_call_new (self, &settings, cancellable);
      result = procstream_complete_call_wait (call, self, error);
      procstream_complete_call_free (call);
    }
  procstream_complete_settings_clear (&settings);
  return result;
}

/**
 * procstream_child_complete_async:
 * @self: a child that was started
 * @options: (nullable): for how long, what is collected and what ends the child, or
 *   %NULL for the default
 * @cancellable: (nullable): ends the waiting, and the child only when the options say so
 * @callback: (nullable): called when there is a result
 * @user_data: data for @callback
 *
 * Waits until the process is gone and its outputs have ended, collecting what it writes
 * from now on; see [method@Procstream.Child.complete].
 *
 * Since: 1.0
 */
void
procstream_child_complete_async (ProcstreamChild           *self,
                                 ProcstreamCompleteOptions *options,
                                 GCancellable              *cancellable,
                                 GAsyncReadyCallback        callback,
                                 gpointer                   user_data)
{
  ProcstreamCompleteSettings settings = { 0 };
  ProcstreamCompleteCall    *call;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (procstream_child_is_of_launcher_and_not_disposed (self));
  g_return_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* Without the cancellable: what was collected until then is the result. */
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, procstream_child_complete_async);
  if (!check_started (self, &error) || !procstream_complete_settings_init (&settings, options, &error))
    {
      g_task_return_error (task, error);
    }
  else
    {
      call = procstream_complete_call_new (self, &settings, cancellable);
      g_task_set_task_data (task, call, procstream_complete_call_free);
      procstream_complete_call_add_task (call, g_steal_pointer (&task));
    }
  procstream_complete_settings_clear (&settings);
}

/**
 * procstream_child_complete_finish:
 * @self: a child
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Child.complete_async].
 *
 * Returns: (transfer full): the result, or %NULL with an error of
 *   [method@Procstream.Child.complete]
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_child_complete_finish (ProcstreamChild *self,
                                  GAsyncResult    *result,
                                  GError         **error)
{
  ProcstreamCompleteCall *call;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_child_complete_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  call = g_task_get_task_data (G_TASK (result));
  return procstream_completion_make_result (call->completion);
}
