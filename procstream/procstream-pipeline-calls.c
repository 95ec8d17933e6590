/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pipeline-private.h"

#include "procstream-child-private.h"
#include "procstream-complete-options-private.h"
#include "procstream-pipeline-result-private.h"
#include "procstream-platform-private.h"

/* Starting, waiting and ending, each as a blocking call and as an asynchronous pair. */

static ProcstreamChild *
get (ProcstreamPipeline *self,
     guint               i)
{
  return g_ptr_array_index (self->children, i);
}

static gboolean
wait_for (ProcstreamPipeline *self,
          ProcstreamWaiters  *waiters,
          const char         *what,
          gint64              timeout_ms,
          GCancellable       *cancellable,
          GError            **error)
{
  return procstream_children_wait (self->children, waiters, self->context, self->owner_thread, what, timeout_ms, cancellable, error);
}

/* --- Starting ----------------------------------------------------------------------------------------------------------------- */

/* How many: not all with an error. */
static guint
claim_all (ProcstreamPipeline *self,
           gboolean            awaited,
           GError            **error)
{
  for (guint i = 0; i < self->children->len; i++)
    if (!procstream_child_claim_stage (get (self, i), awaited, error))
      {
        /* Those before it keep themselves, and have failed. */
        for (guint k = 0; k < i; k++)
          procstream_child_let_go (get (self, k));
        return i;
      }
  return self->children->len;
}

/* When this succeeds every stage runs sooner or later, or has failed. */
static gboolean
begin (ProcstreamPipeline *self,
       gboolean            awaited,
       GError            **error)
{
  g_autoptr (GError) failure = NULL;
  guint n_claimed;

  if (!procstream_platform_check_forked ("start a pipeline", error) || !procstream_pipeline_core_prepare (self->core, error))
    return FALSE;
  n_claimed = claim_all (self, awaited, &failure);
  if (failure == NULL)
    {
      procstream_pipeline_core_launch (self->core);
      return TRUE;
    }
  procstream_pipeline_core_give_up (self->core, n_claimed, failure);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/**
 * procstream_pipeline_start:
 * @self: a pipeline with a stage, that was not started
 * @error: return location for an error
 *
 * Starts all stages and blocks until they run. Usually no handler is called meanwhile.
 *
 * If one cannot be started, those that were are shut down as their launchers say; the call waits until they are
 * gone, and the error says which stage it was.
 *
 * Returns: %TRUE when every stage runs, or %FALSE with an error of [method@Procstream.Child.start] for the first
 *   that could not be started, %G_IO_ERROR_INVALID_ARGUMENT when the stages do not fit together or there is none,
 *   or %PROCSTREAM_CHILD_ERROR_WRONG_STATE when it was started before
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_start (ProcstreamPipeline *self,
                           GError            **error)
{
  gboolean started = TRUE;

  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!begin (self, FALSE, error))
    return FALSE;
  for (guint i = 0; i < self->children->len; i++)
    {
      ProcstreamChild *child = get (self, i);
      gboolean         runs = procstream_child_core_wait_started (child->core, NULL);

      if (!runs)
        procstream_child_let_go (child);
      procstream_child_release_opening (child);
      started &= runs;
    }
  /* Its own decision follows at once. */
  return started || wait_for (self, procstream_pipeline_core_get_started (self->core), "a pipeline to start", -1, NULL, error);
}

/**
 * procstream_pipeline_start_async:
 * @self: a pipeline with a stage, that was not started
 * @cancellable: (nullable): when already cancelled, nothing is started; a start
 *   that was begun is not interrupted
 * @callback: (nullable): called when every stage runs, or all are gone
 * @user_data: data for @callback
 *
 * Starts all stages; see [method@Procstream.Pipeline.start]. What is connected or attached in the callback, or
 * right after awaiting it, still misses nothing.
 *
 * Since: 1.0
 */
void
procstream_pipeline_start_async (ProcstreamPipeline *self,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (PROCSTREAM_IS_PIPELINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* Without the cancellable: a cancelled start whose programs run would leave children that nobody knows of. */
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, procstream_pipeline_start_async);
  if (g_cancellable_set_error_if_cancelled (cancellable, &error) || !begin (self, TRUE, &error))
    g_task_return_error (task, error);
  else
    procstream_waiters_add_task (procstream_pipeline_core_get_started (self->core), g_steal_pointer (&task));
}

/**
 * procstream_pipeline_start_finish:
 * @self: a pipeline
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Pipeline.start_async].
 *
 * Returns: %TRUE when every stage runs, or %FALSE with %G_IO_ERROR_CANCELLED or an error of
 *   [method@Procstream.Pipeline.start]
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_start_finish (ProcstreamPipeline *self,
                                  GAsyncResult       *result,
                                  GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_pipeline_start_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Waiting ------------------------------------------------------------------------------------------------------------------ */

static ProcstreamPipelineWait *
begin_waiting (ProcstreamPipeline        *self,
               ProcstreamCompleteOptions *options,
               GCancellable              *cancellable,
               GError                   **error)
{
  ProcstreamCompleteSettings settings = { 0 };
  ProcstreamPipelineWait    *wait = NULL;

  if (procstream_platform_check_forked ("wait for a pipeline", error) &&
      procstream_pipeline_core_check_started (self->core, error) &&
      procstream_complete_settings_init (&settings, options, error))
    wait = procstream_pipeline_wait_new (self->core, &settings, cancellable);
  procstream_complete_settings_clear (&settings);
  return wait;
}

/**
 * procstream_pipeline_complete:
 * @self: a pipeline that was started
 * @options: (nullable): for how long, what is collected and what ends the stages, or %NULL for the default
 * @cancellable: (nullable): ends the waiting, and the stages only when the options say so
 * @error: return location for an error
 *
 * Blocks until all stages are gone and their outputs have ended, collecting what they write; see
 * [method@Procstream.Child.complete], which this is for every stage at the same time.
 *
 * What is collected, and the limit of that, is each stage's own. Of an output that goes on to the next
 * stage nothing is, whether it is observed or not, nor does it count for any limit. Whether the pipeline is idle is seen by the outputs of the last stage. What ends the wait
 * for one stage, be it the time, its output or the cancellable, ends it for all.
 *
 * Returns: (transfer full): the result, or %NULL with the error of a start that failed,
 *   %G_IO_ERROR_INVALID_ARGUMENT for options that make no sense,
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when it was never started, %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK in a
 *   handler of one of the children, or in a handler or consumer of one of their outputs, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
ProcstreamPipelineResult *
procstream_pipeline_complete (ProcstreamPipeline        *self,
                              ProcstreamCompleteOptions *options,
                              GCancellable              *cancellable,
                              GError                   **error)
{
  ProcstreamPipelineWait   *wait;
  ProcstreamPipelineResult *result = NULL;

  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), NULL);
  g_return_val_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!procstream_children_check_not_emitting (self->children, error))
    return NULL;
  wait = begin_waiting (self, options, cancellable, error);
  if (wait == NULL)
    return NULL;
  /* How long it may take, and what cancels it, is the waits' own business. */
  if (wait_for (self, procstream_pipeline_wait_get_over (wait), "a pipeline to complete", -1, NULL, error))
    result = procstream_pipeline_wait_make_result (wait);
  procstream_pipeline_wait_unref (wait);
  return result;
}

/* What a task waits with: freed in the task's own context, as the cancellable must be. */
typedef struct
{
  ProcstreamPipelineWait *wait;
  GCancellable           *cancellable;
} Call;

static void
call_free (gpointer data)
{
  Call *self = data;

  procstream_pipeline_wait_unref (self->wait);
  g_clear_object (&self->cancellable);
  g_free (self);
}

/**
 * procstream_pipeline_complete_async:
 * @self: a pipeline that was started
 * @options: (nullable): for how long, what is collected and what ends the stages, or %NULL for the default
 * @cancellable: (nullable): ends the waiting, and the stages only when the options say so
 * @callback: (nullable): called when there is a result
 * @user_data: data for @callback
 *
 * Waits until all stages are gone and their outputs have ended, collecting what they write from now on; see
 * [method@Procstream.Pipeline.complete].
 *
 * Since: 1.0
 */
void
procstream_pipeline_complete_async (ProcstreamPipeline        *self,
                                    ProcstreamCompleteOptions *options,
                                    GCancellable              *cancellable,
                                    GAsyncReadyCallback        callback,
                                    gpointer                   user_data)
{
  ProcstreamPipelineWait *wait;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Call   *call;

  g_return_if_fail (PROCSTREAM_IS_PIPELINE (self));
  g_return_if_fail (options == NULL || PROCSTREAM_IS_COMPLETE_OPTIONS (options));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* Without the cancellable: what was collected until then is the result. */
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, procstream_pipeline_complete_async);
  wait = begin_waiting (self, options, cancellable, &error);
  if (wait == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  call = g_new0 (Call, 1);
  call->wait = wait;
  g_set_object (&call->cancellable, cancellable);
  g_task_set_task_data (task, call, call_free);
  procstream_waiters_add_task (procstream_pipeline_wait_get_over (wait), g_steal_pointer (&task));
}

/**
 * procstream_pipeline_complete_finish:
 * @self: a pipeline
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Pipeline.complete_async].
 *
 * Returns: (transfer full): the result, or %NULL with an error of [method@Procstream.Pipeline.complete]
 *
 * Since: 1.0
 */
ProcstreamPipelineResult *
procstream_pipeline_complete_finish (ProcstreamPipeline *self,
                                     GAsyncResult       *result,
                                     GError            **error)
{
  Call *call;

  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_pipeline_complete_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  call = g_task_get_task_data (G_TASK (result));
  return procstream_pipeline_wait_make_result (call->wait);
}

/* --- Ending ------------------------------------------------------------------------------------------------------------------- */

/* Begins; (transfer full) what to wait for. */
static ProcstreamWaiters *
shut_down (ProcstreamPipeline *self,
           ProcstreamShutdown *shutdown,
           GError            **error)
{
  g_autoptr (ProcstreamShutdownPlan) plan = NULL;

  if (!procstream_platform_check_forked ("end a pipeline", error) || !procstream_pipeline_core_check_started (self->core, error))
    return NULL;
  if (shutdown)
    plan = procstream_shutdown_plan_new (shutdown, error);
  if (shutdown && plan == NULL)
    return NULL;
  return procstream_pipeline_core_shut_down (self->core, plan);
}

/**
 * procstream_pipeline_terminate:
 * @self: a pipeline that was started
 * @shutdown: (nullable): how, or %NULL for the `shutdown` of the launcher of each stage
 * @timeout_ms: how long to wait at most, in milliseconds, or %PROCSTREAM_NO_TIMEOUT: the shutdown itself takes no
 *   longer than its phases say
 * @cancellable: (nullable): stops the waiting, not the shutdown
 * @error: return location for an error
 *
 * Ends all stages, at the same time, and blocks until nobody of them is left; see
 * [method@Procstream.Child.terminate].
 *
 * Returns: %TRUE when nobody is left, or %FALSE with an error of [method@Procstream.Child.terminate], or that of a
 *   start that failed
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_terminate (ProcstreamPipeline *self,
                               ProcstreamShutdown *shutdown,
                               gint64              timeout_ms,
                               GCancellable       *cancellable,
                               GError            **error)
{
  ProcstreamWaiters *waiters;
  gboolean           gone;

  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (shutdown == NULL || PROCSTREAM_IS_SHUTDOWN (shutdown), FALSE);
  g_return_val_if_fail (timeout_ms >= -1, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_children_check_not_emitting (self->children, error))
    return FALSE;
  waiters = shut_down (self, shutdown, error);
  if (waiters == NULL)
    return FALSE;
  gone = wait_for (self, waiters, "a pipeline to end", timeout_ms, cancellable, error);
  procstream_waiters_unref (waiters);
  return gone;
}

/**
 * procstream_pipeline_terminate_async:
 * @self: a pipeline that was started
 * @shutdown: (nullable): how, or %NULL for the `shutdown` of the launcher of each stage
 * @cancellable: (nullable): stops the waiting, not the shutdown
 * @callback: (nullable): called when nobody is left
 * @user_data: data for @callback
 *
 * Ends all stages; see [method@Procstream.Pipeline.terminate].
 *
 * Since: 1.0
 */
void
procstream_pipeline_terminate_async (ProcstreamPipeline *self,
                                     ProcstreamShutdown *shutdown,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data)
{
  ProcstreamWaiters *waiters;
  GError            *error = NULL;
  GTask             *task;

  g_return_if_fail (PROCSTREAM_IS_PIPELINE (self));
  g_return_if_fail (shutdown == NULL || PROCSTREAM_IS_SHUTDOWN (shutdown));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_pipeline_terminate_async);
  waiters = shut_down (self, shutdown, &error);
  procstream_waiters_answer_task (waiters, error, task);
}

/**
 * procstream_pipeline_terminate_finish:
 * @self: a pipeline
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Pipeline.terminate_async].
 *
 * Returns: %TRUE when nobody is left, or %FALSE with an error of [method@Procstream.Pipeline.terminate]
 *
 * Since: 1.0
 */
gboolean
procstream_pipeline_terminate_finish (ProcstreamPipeline *self,
                                      GAsyncResult       *result,
                                      GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_pipeline_terminate_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
