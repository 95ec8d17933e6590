/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer.h"

#include "procstream-consumer-core-private.h"
#include "procstream-consumer-private.h"
#include "procstream-emission-private.h"
#include "procstream-platform-private.h"

/* Waiting for a consumer, in each of the three ways. */

static gboolean
check_attached (ProcstreamConsumer *self,
                GError            **error)
{
  if (procstream_consumer_core_get_state (procstream_consumer_get_core (self)) != PROCSTREAM_CONSUMER_STATE_NONE)
    return procstream_platform_check_forked ("wait for a consumer", error);
  g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                       "The consumer is not attached, so there is nothing to wait for");
  return FALSE;
}

/**
 * procstream_consumer_wait:
 * @self: a consumer that was attached
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the waiting, not the consumer
 * @error: return location for an error
 *
 * Blocks until the consumer is over: it got everything, or was done.
 *
 * In the thread that created the consumer, the handlers and consumers of all
 * objects of this library in that thread's main context are served meanwhile. In any
 * other thread it only waits.
 *
 * Returns: %TRUE, or %FALSE with the read error that ended the output,
 *   %G_IO_ERROR_CANCELLED when the consumer or the wait was cancelled,
 *   %G_IO_ERROR_TIMED_OUT, %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK when called
 *   in a handler or consumer of an output of the same child, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_consumer_wait (ProcstreamConsumer *self,
                          gint64              timeout_ms,
                          GCancellable       *cancellable,
                          GError            **error)
{
  g_autofree char   *what = NULL;
  ProcstreamWaiters *waiters;

  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), FALSE);
  g_return_val_if_fail (timeout_ms >= -1, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_attached (self, error))
    return FALSE;
  waiters = procstream_consumer_get_core (self)->waiters;
  /* One that is over is about to say so, in another thread, and needs nobody of this one for it. */
  if (procstream_consumer_core_get_state (procstream_consumer_get_core (self)) <= PROCSTREAM_CONSUMER_STATE_ATTACHED && procstream_emission_is_under_way (procstream_consumer_get_family (self)))
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK,
                   "A consumer of “%s” cannot be waited for in a handler or consumer of the same child or output",
                   procstream_consumer_get_label (self));
      return FALSE;
    }
  what = g_strdup_printf ("a consumer of “%s” to end", procstream_consumer_get_label (self));
  return procstream_waiters_wait (waiters, procstream_consumer_get_context (self), procstream_consumer_get_owner_thread (self),
                                  what, timeout_ms, cancellable, error);
}

/**
 * procstream_consumer_wait_async:
 * @self: a consumer that was attached
 * @cancellable: (nullable): stops the waiting, not the consumer
 * @callback: (nullable): called when the consumer is over
 * @user_data: data for @callback
 *
 * Waits until the consumer is over. Any number of waits may be under way at
 * the same time.
 *
 * Since: 1.0
 */
void
procstream_consumer_wait_async (ProcstreamConsumer *self,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_consumer_wait_async);
  if (!check_attached (self, &error))
    g_task_return_error (task, error);
  else
    procstream_waiters_add_task (procstream_consumer_get_core (self)->waiters, g_steal_pointer (&task));
}

/**
 * procstream_consumer_wait_finish:
 * @self: a consumer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Consumer.wait_async].
 *
 * Returns: %TRUE, or %FALSE with the errors of [method@Procstream.Consumer.wait]
 *
 * Since: 1.0
 */
gboolean
procstream_consumer_wait_finish (ProcstreamConsumer *self,
                                 GAsyncResult       *result,
                                 GError            **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_consumer_wait_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
