/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-run.h"

#include "procstream-child-private.h"
#include "procstream-complete-private.h"
#include "procstream-error.h"
#include "procstream-launcher-private.h"
#include "procstream-platform-private.h"

/*
 * The whole job in one call: make a child, collect what it writes from its first byte on, start it, wait for it, and check what came of
 * it. What is collected is bounded by the options. A child that nobody but this call knows of does not outlive it: whatever ends
 * the wait ends the child as well.
 */

#define END_ON_ANYTHING \
  (PROCSTREAM_END_ON_TIMEOUT | PROCSTREAM_END_ON_IDLE | PROCSTREAM_END_ON_OUTPUT_LIMIT | PROCSTREAM_END_ON_CANCEL)

/* Whoever cancels a run knows why, and everybody else who looks at an error for that looks for this one, whenever the run was cancelled. */
static gboolean
check (ProcstreamResult *result,
       GError          **error)
{
  if (procstream_result_get_cause (result) != PROCSTREAM_CAUSE_CANCELLED || procstream_result_get_success (result))
    return procstream_result_check (result, error);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, procstream_result_get_message (result));
  return FALSE;
}

/* A child that is not started is collected from. NULL: the options make no sense. */
static ProcstreamCompleteCall *
begin (ProcstreamChild           *child,
       ProcstreamCompleteOptions *options,
       GCancellable              *cancellable,
       GError                   **error)
{
  ProcstreamCompleteSettings settings = { 0 };
  ProcstreamCompleteCall    *call = NULL;

  if (procstream_complete_settings_init (&settings, options, error))
    {
      settings.end_on |= END_ON_ANYTHING;
      settings.close_stdin = TRUE;
      call = procstream_complete_call_new (child, &settings, cancellable);
    }
  procstream_complete_settings_clear (&settings);
  return call;
}

/* Nobody else starts what its scope did not let start, so whoever waits for it would do so for ever. */
static void
refuse (ProcstreamChild *child,
        const GError    *error)
{
  procstream_child_core_refuse (child->core, PROCSTREAM_CHILD_STATE_CREATED, error);
}

static ProcstreamResult *
start_and_wait (ProcstreamChild        *child,
                ProcstreamCompleteCall *call, /* taken */
                GError                **error)
{
  g_autoptr (GError) start_error = NULL;
  ProcstreamResult *result;

  /* The failure of a start comes out of the wait. */
  if (!procstream_child_start (child, &start_error))
    refuse (child, start_error);
  result = procstream_complete_call_wait (call, child, error);
  procstream_complete_call_free (call);
  return result;
}

/* The child is made, and collected from, and not started. */
static ProcstreamChild *
prepare (ProcstreamLauncher        *launcher,
         const char *const         *argv,
         ProcstreamCompleteOptions *options,
         GCancellable              *cancellable,
         ProcstreamCompleteCall   **call,
         GError                   **error)
{
  g_autoptr (ProcstreamChild) child = NULL;

  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    child = procstream_launcher_create_unknown (launcher, argv, error);
  *call = child ? begin (child, options, cancellable, error) : NULL;
  return *call ? g_steal_pointer (&child) : NULL;
}

/**
 * procstream_launcher_run:
 * @self: a launcher
 * @argv: (array zero-terminated=1) (element-type filename): the program and its
 *   arguments
 * @options: (nullable): for how long and what is collected, or %NULL for the default: 1 MiB of
 *   each output, and no limit of time
 * @cancellable: (nullable): ends the child
 * @error: return location for an error
 *
 * Runs a program from beginning to end, blocking, and collects what it writes.
 *
 * Whatever ends the wait before the child has ended shuts it down as well, whatever `end-on`
 * says. A standard input that is a pipe is closed at once.
 *
 * When the program ends meanwhile, by Ctrl-C, `SIGTERM` or `SIGKILL` too, the child gets a `SIGTERM`, unless
 * the launcher has another [property@Procstream.Launcher:parent-death-signal], or detaches its
 * children.
 *
 * Returns: (transfer full): the result of a success, or %NULL with an error of
 *   [method@Procstream.Launcher.spawnv], [method@Procstream.Child.complete] or
 *   [method@Procstream.Result.check]; the latter carries the result. One that
 *   was cancelled is %G_IO_ERROR_CANCELLED, before the start and after it, unless the child succeeded all the same; it
 *   carries no result: for what was collected until then use [method@Procstream.Child.complete]
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_launcher_run (ProcstreamLauncher        *self,
                         const char *const         *argv,
                         ProcstreamCompleteOptions *options,
                         GCancellable              *cancellable,
                         GError                   **error)
{
  ProcstreamCompleteCall *call = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamResult) result = NULL;

  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  child = prepare (self, argv, options, cancellable, &call, error);
  if (child == NULL)
    return NULL;
  result = start_and_wait (child, call, error);
  if (result == NULL || !check (result, error))
    return NULL;
  return g_steal_pointer (&result);
}

static void
started_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  ProcstreamChild *child = PROCSTREAM_CHILD (object);
  g_autoptr (GError) error = NULL;

  if (!procstream_child_start_finish (child, result, &error))
    refuse (child, error);
}

static void
run_in_task (GTask                     *task, /* taken */
             ProcstreamLauncher        *launcher,
             const char *const         *argv,
             ProcstreamCompleteOptions *options,
             GCancellable              *cancellable)
{
  ProcstreamCompleteCall *call = NULL;
  GError                 *error = NULL;
  g_autoptr (ProcstreamChild) child = prepare (launcher, argv, options, cancellable, &call, &error);

  if (child == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, call, procstream_complete_call_free);
  procstream_child_start_async (child, NULL, started_cb, NULL);
  procstream_complete_call_add_task (call, task);
}

static ProcstreamResult *
finish_task (GTask   *task,
             GError **error)
{
  ProcstreamCompleteCall *call = g_task_get_task_data (task);
  g_autoptr (ProcstreamResult) result = NULL;

  if (!g_task_propagate_boolean (task, error))
    return NULL;
  result = procstream_completion_make_result (call->completion);
  return check (result, error) ? g_steal_pointer (&result) : NULL;
}

/**
 * procstream_launcher_run_async:
 * @self: a launcher
 * @argv: (array zero-terminated=1) (element-type filename): the program and its
 *   arguments
 * @options: (nullable): for how long and what is collected, or %NULL for the default
 * @cancellable: (nullable): ends the child
 * @callback: (nullable): called when there is a result
 * @user_data: data for @callback
 *
 * Runs a program from beginning to end and collects what it writes; see
 * [method@Procstream.Launcher.run].
 *
 * Since: 1.0
 */
void
procstream_launcher_run_async (ProcstreamLauncher        *self,
                               const char *const         *argv,
                               ProcstreamCompleteOptions *options,
                               GCancellable              *cancellable,
                               GAsyncReadyCallback        callback,
                               gpointer                   user_data)
{
  GTask *task;

  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, procstream_launcher_run_async);
  run_in_task (task, self, argv, options, cancellable);
}

/**
 * procstream_launcher_run_finish:
 * @self: a launcher
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Launcher.run_async].
 *
 * Returns: (transfer full): the result of a success, or %NULL with an error of
 *   [method@Procstream.Launcher.run]
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_launcher_run_finish (ProcstreamLauncher *self,
                                GAsyncResult       *result,
                                GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_launcher_run_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return finish_task (G_TASK (result), error);
}

/**
 * procstream_launcher_run_get_result:
 * @self: a launcher
 * @result: what the callback of [method@Procstream.Launcher.run_async] was given
 *
 * Gets the result of a run, be it a success or not, after it was finished. It is for languages
 * whose errors cannot carry one.
 *
 * Returns: (transfer full) (nullable): the result, or %NULL when there was no start
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_launcher_run_get_result (ProcstreamLauncher *self,
                                    GAsyncResult       *result)
{
  ProcstreamCompleteCall *call;

  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_launcher_run_async), NULL);

  call = g_task_get_task_data (G_TASK (result));
  return call && procstream_completion_get_error (call->completion) == NULL ? procstream_completion_make_result (call->completion) : NULL;
}

/**
 * procstream_launcher_create_for_run:
 * @self: a launcher
 * @argv: (array zero-terminated=1) (element-type filename): the program and its
 *   arguments
 * @error: return location for an error
 *
 * Makes a child as [method@Procstream.Launcher.run] does, which is not started yet. It is for languages that make a run
 * of its parts, because their errors cannot carry a result; [method@Procstream.Child.complete_for_run] is the next part.
 *
 * Returns: (transfer full): a new child, or %NULL with an error of [method@Procstream.Launcher.create]
 *
 * Since: 1.0
 */
ProcstreamChild *
procstream_launcher_create_for_run (ProcstreamLauncher *self,
                                    const char *const  *argv,
                                    GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return procstream_launcher_create_unknown (self, argv, error);
}

/**
 * procstream_child_complete_for_run:
 * @self: a child of [method@Procstream.Launcher.create_for_run]
 * @options: (nullable): for how long and what is collected, or %NULL for the default
 * @cancellable: (nullable): ends the child
 * @error: return location for an error
 *
 * Starts a child, and does with it all that [method@Procstream.Launcher.run] does, blocking, but for the check of the result:
 * what the child writes is collected from its first byte on, whatever other threads do meanwhile.
 *
 * Returns: (transfer full): the result, or %NULL with an error of [method@Procstream.Launcher.spawnv], or
 *   %G_IO_ERROR_INVALID_ARGUMENT for options that make no sense, or %PROCSTREAM_CHILD_ERROR_WRONG_STATE when it was
 *   started before
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_child_complete_for_run (ProcstreamChild           *self,
                                   ProcstreamCompleteOptions *options,
                                   GCancellable              *cancellable,
                                   GError                   **error)
{
  ProcstreamCompleteCall *call;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);
  g_return_val_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!procstream_platform_check_forked ("run a child", error))
    return NULL;
  if (procstream_child_core_get_state (self->core) != PROCSTREAM_CHILD_STATE_CREATED)
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                   "“%s” cannot be run: it was started before", procstream_child_get_name (self));
      return NULL;
    }
  call = begin (self, options, cancellable, error);
  return call ? start_and_wait (self, call, error) : NULL;
}

/**
 * procstream_run:
 * @argv: (array zero-terminated=1) (element-type filename): the program and its
 *   arguments
 * @cancellable: (nullable): ends the child
 * @error: return location for an error
 *
 * Runs a program from beginning to end, blocking, with a launcher that is as new and
 * options that are as new; see [method@Procstream.Launcher.run].
 *
 * It keeps 1 MiB of each output (%PROCSTREAM_DEFAULT_COLLECTED_BYTES), and takes as long as the program does. More output than that is
 * an error, %PROCSTREAM_CHILD_ERROR_OUTPUT_CUT, which carries the result; give
 * [method@Procstream.Launcher.run] options for another limit.
 *
 * Returns: (transfer full): the result of a success, or %NULL with an error of
 *   [method@Procstream.Launcher.run]
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_run (const char *const *argv,
                GCancellable      *cancellable,
                GError           **error)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  return procstream_launcher_run (launcher, argv, NULL, cancellable, error);
}

/**
 * procstream_run_async:
 * @argv: (array zero-terminated=1) (element-type filename): the program and its
 *   arguments
 * @cancellable: (nullable): ends the child
 * @callback: (nullable): called when there is a result
 * @user_data: data for @callback
 *
 * Runs a program from beginning to end; see [func@Procstream.run].
 *
 * Since: 1.0
 */
void
procstream_run_async (const char *const  *argv,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  g_autoptr (ProcstreamLauncher) launcher = NULL;
  GTask *task;

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (task, procstream_run_async);
  run_in_task (task, launcher, argv, NULL, cancellable);
}

/**
 * procstream_run_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [func@Procstream.run_async].
 *
 * Returns: (transfer full): the result of a success, or %NULL with an error of
 *   [func@Procstream.run]
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_run_finish (GAsyncResult *result,
                       GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_run_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return finish_task (G_TASK (result), error);
}
