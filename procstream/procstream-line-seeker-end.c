/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-seeker-record-private.h"

#include "procstream-error.h"

/* When both outputs of a process have ended, its exit is waited for so long, to be able to tell how it ended. It follows at once, but for
 * one that closes them and goes on. */
#define EXIT_GRACE_US G_USEC_PER_SEC

/* So long what was there at the beginning is searched, even if the timeout is shorter. */
#define HISTORY_GRACE_US G_USEC_PER_SEC

/* --- The decision ------------------------------------------------------------------------------------------------------------- */

/* When it is decided, and nothing runs. */
void
procstream_line_seeker_settle (ProcstreamLineSeeker *self)
{
  for (guint i = 0; i < self->n_legs; i++)
    procstream_seeker_leg_let_go (&self->legs[i]);
  g_queue_clear_full (&self->asking, (GDestroyNotify) procstream_question_free);
  g_clear_pointer (&self->hit, procstream_found_line_unref);
}

void
procstream_line_seeker_rearm_locked (ProcstreamLineSeeker *self)
{
  gint64 next = self->end_us;

  if (self->exit_end_us >= 0 && (next < 0 || self->exit_end_us < next))
    next = self->exit_end_us;
  if (self->timer)
    g_source_set_ready_time (self->timer, next);
}

void
procstream_line_seeker_complete_history (ProcstreamLineSeeker *self)
{
  ProcstreamWaiters *history;
  gboolean           first;

  g_mutex_lock (&self->mutex);
  first = !self->caught_up;
  history = procstream_waiters_ref (self->history);
  self->caught_up = TRUE;
  if (self->end_awaits)
    {
      self->end_us = g_get_monotonic_time ();
      procstream_line_seeker_rearm_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  if (first)
    procstream_waiters_complete (history, NULL);
  procstream_waiters_unref (history);
}

void
procstream_line_seeker_give_up_history (ProcstreamLineSeeker *self)
{
  ProcstreamWaiters *history = NULL;

  g_mutex_lock (&self->mutex);
  if (!self->caught_up)
    {
      history = self->history;
      self->history = procstream_waiters_new ();
    }
  g_mutex_unlock (&self->mutex);
  if (history == NULL)
    return;
  procstream_waiters_complete (history, NULL);
  procstream_waiters_unref (history);
}

void
procstream_line_seeker_end_legs (ProcstreamLineSeeker *self)
{
  for (guint i = 0; i < self->n_legs; i++)
    if (self->legs[i].owned)
      procstream_consumer_core_finish (self->legs[i].core, PROCSTREAM_CONSUMER_STATE_DONE, NULL);
}

/* Of a core that was dropped, or that the program says is done, it knows nothing yet. */
static GError *
dup_cause (ProcstreamLineSeeker *self)
{
  switch (procstream_consumer_core_get_state (self->core))
    {
    case PROCSTREAM_CONSUMER_STATE_FAILED:
      return procstream_consumer_core_dup_error (self->core);
    case PROCSTREAM_CONSUMER_STATE_DONE:
      if (procstream_consumer_core_was_ended (self->core))
        return g_error_new_literal (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH, "The line waiter was marked as done");
      return NULL;
    default:
      return NULL;
    }
}

static void
set_cause_locked (ProcstreamLineSeeker *self,
                  const GError         *cause)
{
  if (self->error && g_error_matches (self->error, cause->domain, cause->code))
    return;
  g_clear_error (&self->error);
  self->error = procstream_line_seeker_explain_locked (self, cause);
}

void
procstream_line_seeker_over (ProcstreamLineSeeker *self)
{
  g_autoptr (GError) cause = dup_cause (self);
  GSource *timer;
  gboolean idle;

  g_mutex_lock (&self->mutex);
  g_atomic_int_set (&self->decided, TRUE);
  if (cause)
    set_cause_locked (self, cause);
  timer = g_steal_pointer (&self->timer);
  idle = !self->running;
  /* What the program gave is let go where it is used. */
  if (self->asks && self->item)
    procstream_dispatch_item_post (self->item);
  g_mutex_unlock (&self->mutex);
  procstream_line_seeker_end_legs (self);
  if (idle)
    procstream_line_seeker_settle (self);
  if (!self->asks)
    procstream_line_seeker_drop_item (self);
  procstream_line_seeker_complete_history (self);
  if (self->over)
    self->over (self->over_data);
  if (timer == NULL)
    return;
  g_source_destroy (timer);
  g_source_unref (timer);
}

/* Takes both, one of which is NULL. FALSE: somebody else came first, and is about to make the state final. */
static gboolean
decide (ProcstreamLineSeeker *self,
        ProcstreamFoundLine  *found,
        GError               *error)
{
  gboolean first;

  g_mutex_lock (&self->mutex);
  first = self->found == NULL && self->error == NULL;
  if (first)
    {
      self->found = found;
      self->error = error;
    }
  g_mutex_unlock (&self->mutex);
  if (first)
    return TRUE;
  g_clear_pointer (&found, procstream_found_line_unref);
  g_clear_error (&error);
  return FALSE;
}

void
procstream_line_seeker_decide_found (ProcstreamLineSeeker *self)
{
  if (decide (self, g_steal_pointer (&self->hit), NULL))
    procstream_consumer_core_finish (self->core, PROCSTREAM_CONSUMER_STATE_DONE, NULL);
}

/* Takes @error. */
static void
decide_error (ProcstreamLineSeeker   *self,
              ProcstreamConsumerState state,
              GError                 *error)
{
  g_autoptr (GError) copy = g_error_copy (error);

  if (decide (self, NULL, error))
    procstream_consumer_core_finish (self->core, state, state == PROCSTREAM_CONSUMER_STATE_FAILED ? copy : NULL);
}

static const GError *
find_read_error_locked (ProcstreamLineSeeker *self)
{
  for (guint i = 0; i < self->n_legs; i++)
    if (self->legs[i].error)
      return self->legs[i].error;
  return NULL;
}

void
procstream_line_seeker_fail (ProcstreamLineSeeker   *self,
                             ProcstreamConsumerCore *leg_core)
{
  g_autoptr (GError) cause = procstream_consumer_core_dup_error (leg_core);
  GError *error;

  g_mutex_lock (&self->mutex);
  error = procstream_line_seeker_explain_locked (self, cause);
  g_mutex_unlock (&self->mutex);
  decide_error (self, PROCSTREAM_CONSUMER_STATE_FAILED, error);
}

/* All legs have ended, and nothing was found. */
void
procstream_line_seeker_conclude (ProcstreamLineSeeker *self)
{
  GError       *error = NULL;
  const GError *cause;

  g_mutex_lock (&self->mutex);
  cause = find_read_error_locked (self);
  if (cause == NULL && self->process && !self->exited && !self->exit_missed)
    {
      if (self->exit_end_us < 0)
        self->exit_end_us = g_get_monotonic_time () + EXIT_GRACE_US;
      procstream_line_seeker_rearm_locked (self);
    }
  else if (!self->decided)
    {
      error = procstream_line_seeker_explain_locked (self, cause);
    }
  g_mutex_unlock (&self->mutex);
  if (error)
    decide_error (self, cause ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED, error);
}

void
procstream_line_seeker_expire (ProcstreamLineSeeker *self)
{
  GError *error = NULL;

  g_mutex_lock (&self->mutex);
  if (!self->decided)
    error = procstream_line_seeker_explain_timeout_locked (self, self->timeout_ms);
  g_mutex_unlock (&self->mutex);
  if (error)
    decide_error (self, PROCSTREAM_CONSUMER_STATE_FAILED, error);
}

gboolean
procstream_line_seeker_timer_cb (gpointer user_data)
{
  ProcstreamLineSeeker *self = user_data;
  gint64                now = g_get_monotonic_time ();
  gboolean              expired, missed;

  g_mutex_lock (&self->mutex);
  expired = self->end_us >= 0 && now >= self->end_us;
  if (expired && !self->caught_up && now < self->begin_us + HISTORY_GRACE_US)
    {
      self->end_awaits = TRUE;
      self->end_us = self->begin_us + HISTORY_GRACE_US;
      expired = FALSE;
    }
  missed = self->exit_end_us >= 0 && now >= self->exit_end_us;
  if (missed)
    {
      self->exit_missed = TRUE;
      self->exit_end_us = -1;
    }
  procstream_line_seeker_rearm_locked (self);
  g_mutex_unlock (&self->mutex);
  if (missed)
    procstream_line_seeker_conclude (self);
  if (expired)
    procstream_line_seeker_expire (self);
  return G_SOURCE_CONTINUE;
}

/* --- The exit ----------------------------------------------------------------------------------------------------------------- */

/* The place up to which the process, which is gone, can have written. */
typedef struct
{
  ProcstreamLineSeeker *search;
  guint                 leg;
  ProcstreamOutputCore *output;
} Stop;

static void
stop_cb (gpointer data)
{
  Stop                 *stop = data;
  ProcstreamLineSeeker *self = stop->search;
  guint64               offset = procstream_output_core_get_pending_offset (stop->output);

  g_mutex_lock (&self->mutex);
  self->legs[stop->leg].stop = offset;
  procstream_line_seeker_wake_locked (self);
  g_mutex_unlock (&self->mutex);
}

static void
stop_free (gpointer data)
{
  Stop *stop = data;

  procstream_output_core_unref (stop->output);
  procstream_line_seeker_unref (stop->search);
  g_free (stop);
}

static void
stop_leg (ProcstreamLineSeeker *self,
          guint                 i)
{
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (self->legs[i].core, &output);
  Stop                   *stop;

  if (subscription == NULL)
    return;
  procstream_subscription_unref (subscription);
  stop = g_new (Stop, 1);
  *stop = (Stop){ procstream_line_seeker_ref (self), i, output };
  procstream_output_core_invoke_data (output, stop_cb, stop, stop_free);
}

void
procstream_line_seeker_exited (ProcstreamLineSeeker *self,
                               const char           *message)
{
  gboolean awaited;

  g_mutex_lock (&self->mutex);
  self->exited = TRUE;
  self->exit_message = g_strdup (message);
  awaited = self->exit_end_us >= 0;
  self->exit_end_us = -1;
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < self->n_legs; i++)
    stop_leg (self, i);
  if (awaited)
    procstream_line_seeker_conclude (self);
}

ProcstreamWaiters *
procstream_line_seeker_dup_history (ProcstreamLineSeeker *self)
{
  ProcstreamWaiters *history;

  g_mutex_lock (&self->mutex);
  history = procstream_waiters_ref (self->history);
  g_mutex_unlock (&self->mutex);
  return history;
}

gint64
procstream_line_seeker_get_history_deadline (ProcstreamLineSeeker *self)
{
  return self->begin_us + HISTORY_GRACE_US;
}
