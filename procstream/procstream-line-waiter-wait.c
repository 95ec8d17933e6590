/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-waiter-private.h"

#include "procstream-consumer-private.h"
#include "procstream-emission-private.h"
#include "procstream-error.h"
#include "procstream-match-private.h"
#include "procstream-platform-private.h"

/*
 * Waiting for what a line waiter finds: blocked or not, by any number of callers, each of which may give up. Nothing of that touches the search.
 *
 * A time that is over does not count before what was there at the beginning has been searched, or a second has passed: else who asks with
 * no time at all would be told nothing of what is there. While the waiter is paused nothing is searched, and so that is not waited for.
 */

static gboolean
check_attached (ProcstreamLineWaiter *self,
                GError              **error)
{
  if (procstream_consumer_get_state (PROCSTREAM_CONSUMER (self)) != PROCSTREAM_CONSUMER_STATE_NONE)
    return procstream_platform_check_forked ("wait for a line", error);
  g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                       "The line waiter is not attached, so there is nothing to wait for");
  return FALSE;
}

static ProcstreamWaiters *
get_waiters (ProcstreamLineWaiter *self)
{
  return procstream_consumer_core_get_waiters (procstream_consumer_get_core (PROCSTREAM_CONSUMER (self)));
}

static void
wait_for (ProcstreamLineWaiter *self,
          ProcstreamWaiters    *waiters,
          gint64                timeout_ms,
          GCancellable         *cancellable,
          GError              **error)
{
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (self);

  procstream_waiters_wait (waiters, procstream_consumer_get_context (consumer), procstream_consumer_get_owner_thread (consumer),
                           "a line", timeout_ms, cancellable, error);
}

static gboolean
is_timeout (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* However short the timeout, what is there already is searched. A wait that is cancelled meanwhile was cancelled, and did not time out. */
static void
wait_for_history (ProcstreamLineWaiter *self,
                  GCancellable         *cancellable,
                  GError              **failure)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (self);
  gint64                left_us = procstream_line_seeker_get_history_deadline (search) - g_get_monotonic_time ();
  /* Before it is looked whether it is paused, since pausing gives up what is there by then. */
  ProcstreamWaiters *history = procstream_line_seeker_dup_history (search);
  g_autoptr (GError) error = NULL;

  if (left_us > 0 && !procstream_consumer_is_paused (PROCSTREAM_CONSUMER (self)))
    wait_for (self, history, (left_us + 999) / 1000, cancellable, &error);
  procstream_waiters_unref (history);
  if (error && !is_timeout (error))
    {
      g_clear_error (failure);
      *failure = g_steal_pointer (&error);
    }
  /* It is over, and those who wait are about to be told. */
  if (procstream_consumer_get_state (PROCSTREAM_CONSUMER (self)) != PROCSTREAM_CONSUMER_STATE_ATTACHED)
    wait_for (self, get_waiters (self), -1, NULL, NULL);
}

/* Whether the waiter is over. */
static gboolean
wait_blocking (ProcstreamLineWaiter *self,
               gint64                timeout_ms,
               GCancellable         *cancellable,
               GError              **error)
{
  ProcstreamWaiters *waiters = get_waiters (self);
  g_autoptr (GError) failure = NULL;

  wait_for (self, waiters, timeout_ms, cancellable, &failure);
  if (is_timeout (failure) && !procstream_waiters_is_complete (waiters))
    wait_for_history (self, cancellable, &failure);
  if (procstream_waiters_is_complete (waiters))
    return TRUE;
  if (is_timeout (failure))
    g_propagate_error (error, procstream_line_seeker_make_timeout_error (procstream_line_waiter_get_search (self), timeout_ms));
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* With NEXT, whoever is given a match may look for the next one. */
static ProcstreamMatch *
give_match (ProcstreamLineWaiter *self,
            GError              **error)
{
  ProcstreamMatch *match = procstream_line_waiter_dup_match (self, error);

  if (match && procstream_line_seeker_is_next (procstream_line_waiter_get_search (self)))
    procstream_match_move_place (match);
  return match;
}

ProcstreamMatch *
procstream_line_waiter_peek_match_finish (ProcstreamLineWaiter *self,
                                          GAsyncResult         *result,
                                          GError              **error)
{
  return g_task_propagate_boolean (G_TASK (result), error) ? procstream_line_waiter_dup_match (self, error) : NULL;
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_line_waiter_wait_match:
 * @self: a line waiter that was attached
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the waiting, not the waiter
 * @error: return location for an error
 *
 * Blocks until the line was found. It waits as [method@Procstream.Consumer.wait]
 * does. A wait that times out or is cancelled leaves the waiter attached: it can be
 * waited for again, by any number of callers.
 *
 * Returns: (transfer full): the match, or %NULL with
 *   %PROCSTREAM_CHILD_ERROR_NO_MATCH when there is none and will be none, the read
 *   error that ended the output, the error of a start that failed,
 *   %PROCSTREAM_CHILD_ERROR_STALLED when the waiter was dropped because it held up its output,
 *   %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED when the waiter or the wait was
 *   cancelled, %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the waiter is not attached,
 *   %PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK in a handler or consumer of an output of
 *   the same child, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
ProcstreamMatch *
procstream_line_waiter_wait_match (ProcstreamLineWaiter *self,
                                   gint64                timeout_ms,
                                   GCancellable         *cancellable,
                                   GError              **error)
{
  ProcstreamConsumer *consumer;

  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (self), NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_attached (self, error))
    return NULL;
  consumer = PROCSTREAM_CONSUMER (self);
  if (procstream_waiters_is_complete (get_waiters (self)))
    return give_match (self, error);
  if (procstream_emission_is_under_way (procstream_consumer_get_family (consumer)))
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK,
                   "A line of “%s” cannot be waited for in a handler or consumer of the same child or output",
                   procstream_consumer_get_label (consumer));
      return NULL;
    }
  return wait_blocking (self, timeout_ms, cancellable, error) ? give_match (self, error) : NULL;
}

/**
 * procstream_line_waiter_wait_match_async:
 * @self: a line waiter that was attached
 * @cancellable: (nullable): stops the waiting, not the waiter
 * @callback: (nullable): called when the line was found, or will not be
 * @user_data: data for @callback
 *
 * Waits for the line. Any number of waits may be under way at the same time. How long
 * at most is up to [property@Procstream.LineWaiter:timeout-ms].
 *
 * Since: 1.0
 */
void
procstream_line_waiter_wait_match_async (ProcstreamLineWaiter *self,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (PROCSTREAM_IS_LINE_WAITER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_line_waiter_wait_match_async);
  if (!check_attached (self, &error))
    g_task_return_error (task, error);
  else
    procstream_waiters_add_task (get_waiters (self), g_steal_pointer (&task));
}

/**
 * procstream_line_waiter_wait_match_finish:
 * @self: a line waiter
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.LineWaiter.wait_match_async].
 *
 * Returns: (transfer full): the match, or %NULL with the errors of
 *   [method@Procstream.LineWaiter.wait_match]
 *
 * Since: 1.0
 */
ProcstreamMatch *
procstream_line_waiter_wait_match_finish (ProcstreamLineWaiter *self,
                                          GAsyncResult         *result,
                                          GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_line_waiter_wait_match_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_boolean (G_TASK (result), error) ? give_match (self, error) : NULL;
}
