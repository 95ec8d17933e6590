/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-core-private.h"

#include "procstream-platform-private.h"

/*
 * The state goes from NONE to ATTACHED once, and from there to one final state once; both under mutex. output and subscription are
 * set exactly while a native consumer is ATTACHED; whoever makes the state final takes them away and ends the subscription, so
 * the circle (subscription, consumer core, subscription) is broken by the end, by cancelling and by the outer's finalization,
 * whichever comes first. waiters are completed after that, without the lock.
 */

static gpointer
ref_cb (gpointer data)
{
  return procstream_consumer_core_ref (data);
}

static void
unref_cb (gpointer data)
{
  procstream_consumer_core_unref (data);
}

ProcstreamConsumerCore *
procstream_consumer_core_new (void)
{
  ProcstreamConsumerCore *self = g_new0 (ProcstreamConsumerCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_mutex_init (&self->flow_mutex);
  self->waiters = procstream_waiters_new ();
  return self;
}

ProcstreamConsumerCore *
procstream_consumer_core_ref (ProcstreamConsumerCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_consumer_core_unref (ProcstreamConsumerCore *self)
{
  /* In a forked copy any lock may be held for ever, by a thread that is not there. */
  if (!g_atomic_ref_count_dec (&self->ref_count) || procstream_platform_forked ())
    return;
  g_assert (self->subscription == NULL);
  if (self->klass)
    self->klass->free (self->native);
  procstream_waiters_unref (self->waiters);
  g_free (self->stream);
  g_clear_pointer (&self->muted, g_atomic_rc_box_release);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_mutex_clear (&self->flow_mutex);
  g_free (self);
}

/* --- Pushed events ------------------------------------------------------------------------------------------------------------ */

static gboolean
push_cb (gpointer                  data,
         const ProcstreamLogEvent *event)
{
  ProcstreamConsumerCore *self = data;

  if (event->type == PROCSTREAM_LOG_EVENT_GAP)
    procstream_consumer_core_count_gap (self, event->chunks, event->bytes);
  if (event->type == PROCSTREAM_LOG_EVENT_END)
    {
      g_mutex_lock (&self->mutex);
      self->end_seen = TRUE;
      self->error = event->error ? g_error_copy (event->error) : NULL;
      g_mutex_unlock (&self->mutex);
    }
  return self->klass->event (self->native, event);
}

static void
over_cb (gpointer data)
{
  ProcstreamConsumerCore *self = data;

  if (!self->end_seen)
    procstream_consumer_core_finish (self, PROCSTREAM_CONSUMER_STATE_DONE, NULL);
  else
    procstream_consumer_core_finish (self, self->error ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED,
                                     NULL);
}

/* It is not subscribed any more, so nothing else counts or ends it now, but a cancel may. */
static void
dropped_cb (gpointer      data,
            guint64       chunks,
            guint64       bytes,
            const GError *error)
{
  ProcstreamConsumerCore *self = data;

  if (chunks > 0)
    procstream_consumer_core_count_gap (self, chunks, bytes);
  procstream_consumer_core_finish (self, PROCSTREAM_CONSUMER_STATE_FAILED, error);
}

/* The same; what it has begun with the events that it had, such as a line, is torn. */
static void
pushed_dropped_cb (gpointer      data,
                   guint64       chunks,
                   guint64       bytes,
                   const GError *error)
{
  ProcstreamConsumerCore  *self = data;
  const ProcstreamLogEvent gap = { .type = PROCSTREAM_LOG_EVENT_GAP, .chunks = chunks, .bytes = bytes };
  const ProcstreamLogEvent end = { .type = PROCSTREAM_LOG_EVENT_END, .error = error };

  if (procstream_consumer_core_get_state (self) == PROCSTREAM_CONSUMER_STATE_ATTACHED)
    {
      self->klass->event (self->native, &gap);
      self->klass->event (self->native, &end);
    }
  dropped_cb (self, chunks, bytes, error);
}

static void
ready_cb (gpointer data)
{
  ProcstreamConsumerCore *self = data;

  self->klass->ready (self->native);
}

static void
muted_cb (gpointer data)
{
  ProcstreamConsumerCore *self = data;

  if (self->klass->muted)
    self->klass->muted (self->native);
}

static const ProcstreamSubscriberOps push_ops = {
  .push = push_cb,
  .over = over_cb,
  .dropped = pushed_dropped_cb,
  .muted = muted_cb,
  .ref = ref_cb,
  .unref = unref_cb,
};

static const ProcstreamSubscriberOps pull_ops = {
  .ready = ready_cb,
  .dropped = dropped_cb,
  .muted = muted_cb,
  .ref = ref_cb,
  .unref = unref_cb,
};

/* --- State -------------------------------------------------------------------------------------------------------------------- */

gboolean
procstream_consumer_core_begin (ProcstreamConsumerCore *self,
                                GError                **error)
{
  gboolean fresh;

  g_mutex_lock (&self->mutex);
  fresh = self->state == PROCSTREAM_CONSUMER_STATE_NONE;
  if (fresh)
    self->state = PROCSTREAM_CONSUMER_STATE_ATTACHED;
  g_mutex_unlock (&self->mutex);
  if (!fresh)
    g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                         "A consumer can be attached only once, and not after it was cancelled");
  return fresh;
}

static gboolean
prepare (ProcstreamConsumerCore      *self,
         const ProcstreamLineOptions *lines,
         gboolean                    *wants_lines,
         GError                     **error)
{
  return self->klass == NULL || self->klass->attach == NULL || self->klass->attach (self->native, lines, wants_lines, error);
}

gboolean
procstream_consumer_core_begin_at (ProcstreamConsumerCore      *self,
                                   ProcstreamOutputCore        *output,
                                   const ProcstreamLineOptions *lines,
                                   gboolean                    *wants_lines,
                                   GError                     **error)
{
  if (procstream_consumer_core_get_state (self) != PROCSTREAM_CONSUMER_STATE_NONE)
    return procstream_consumer_core_begin (self, error);
  if (!self->extra && !procstream_output_core_claim (output, error))
    return FALSE;
  if (prepare (self, lines, wants_lines, error) && procstream_consumer_core_begin (self, error))
    return TRUE;
  if (!self->extra)
    procstream_output_core_unclaim (output);
  return FALSE;
}

void
procstream_consumer_core_get_options (ProcstreamConsumerCore     *self,
                                      ProcstreamOutputCore       *output,
                                      ProcstreamDelivery          delivery,
                                      ProcstreamLineMark          mark,
                                      ProcstreamSubscribeOptions *options)
{
  const ProcstreamOutputSettings *settings = procstream_output_core_get_settings (output);
  gint64                          inherited_ms = settings->max_stall_ms > 0 ? settings->max_stall_ms : self->default_stall_ms;

  *options = (ProcstreamSubscribeOptions){
    .delivery = delivery,
    .mark = mark,
    .live_only = self->live_only,
    .occupies = settings->backend == PROCSTREAM_BACKEND_SINGLE && !self->extra,
    .max_stall_ms = self->max_stall_ms ? self->max_stall_ms : inherited_ms,
  };
}

void
procstream_consumer_core_subscribe (ProcstreamConsumerCore *self,
                                    ProcstreamOutputCore   *output,
                                    ProcstreamDelivery      delivery,
                                    ProcstreamLineMark      mark)
{
  gboolean                       pulls = self->klass->event == NULL || (self->klass->pulls && self->klass->pulls (self->native));
  const ProcstreamSubscriberOps *ops = pulls ? &pull_ops : &push_ops;
  ProcstreamSubscribeOptions     options;
  ProcstreamSubscription        *subscription;
  gboolean                       attached;

  self->stream = g_strdup (procstream_output_core_get_name (output));
  self->muted = procstream_output_core_dup_muted (output);
  procstream_consumer_core_get_options (self, output, delivery, mark, &options);
  g_mutex_lock (&self->flow_mutex);
  options.paused = self->paused;
  subscription = procstream_output_core_subscribe_full (output, ops, self, &options);
  g_mutex_lock (&self->mutex);
  attached = self->state == PROCSTREAM_CONSUMER_STATE_ATTACHED;
  if (attached)
    {
      self->output = procstream_output_core_ref (output);
      self->subscription = procstream_subscription_ref (subscription);
    }
  g_mutex_unlock (&self->mutex);
  g_mutex_unlock (&self->flow_mutex);
  /* It may already be over: the end can have been pushed, or another thread can have cancelled. */
  if (!attached)
    procstream_output_core_unsubscribe (output, subscription);
  procstream_subscription_unref (subscription);
  if (self->klass->attached)
    self->klass->attached (self->native);
}

gint *
procstream_consumer_core_get_muted (ProcstreamConsumerCore *self)
{
  return self->muted;
}

const char *
procstream_consumer_core_get_stream (ProcstreamConsumerCore *self)
{
  return self->stream;
}

ProcstreamSubscription *
procstream_consumer_core_dup_subscription (ProcstreamConsumerCore *self,
                                           ProcstreamOutputCore  **output)
{
  ProcstreamSubscription *subscription = NULL;

  g_mutex_lock (&self->mutex);
  if (self->subscription)
    {
      subscription = procstream_subscription_ref (self->subscription);
      *output = procstream_output_core_ref (self->output);
    }
  g_mutex_unlock (&self->mutex);
  return subscription;
}

void
procstream_consumer_core_count_gap (ProcstreamConsumerCore *self,
                                    guint64                 chunks,
                                    guint64                 bytes)
{
  g_mutex_lock (&self->mutex);
  self->gaps++;
  self->chunks_lost += chunks;
  self->bytes_lost += bytes;
  g_mutex_unlock (&self->mutex);
}

/* --- Flow --------------------------------------------------------------------------------------------------------------------- */

void
procstream_consumer_core_set_paused (ProcstreamConsumerCore *self,
                                     gboolean                paused)
{
  ProcstreamSubscription *subscription;
  ProcstreamOutputCore   *output;

  g_mutex_lock (&self->flow_mutex);
  g_atomic_int_set (&self->paused, paused);
  subscription = procstream_consumer_core_dup_subscription (self, &output);
  if (subscription)
    {
      procstream_output_core_set_paused (output, subscription, paused);
      procstream_subscription_unref (subscription);
      procstream_output_core_unref (output);
    }
  if (paused && self->klass && self->klass->paused)
    self->klass->paused (self->native);
  if (!paused && self->klass && self->klass->resumed)
    self->klass->resumed (self->native);
  g_mutex_unlock (&self->flow_mutex);
}

static void
add_lag_at (ProcstreamOutputCore   *output,
            ProcstreamSubscription *subscription,
            ProcstreamLag          *sum)
{
  ProcstreamLag lag;

  procstream_output_core_get_lag (output, subscription, &lag);
  if (lag.chunks == 0)
    return;
  sum->oldest_us = sum->chunks > 0 ? MIN (sum->oldest_us, lag.oldest_us) : lag.oldest_us;
  sum->chunks += lag.chunks;
  sum->bytes += lag.bytes;
}

void
procstream_consumer_core_add_lag (ProcstreamConsumerCore *self,
                                  ProcstreamLag          *lag)
{
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (self, &output);

  if (subscription)
    {
      add_lag_at (output, subscription, lag);
      procstream_subscription_unref (subscription);
      procstream_output_core_unref (output);
    }
  if (self->klass && self->klass->add_lag)
    self->klass->add_lag (self->native, lag);
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

static GError *
make_wait_error (ProcstreamConsumerCore *self)
{
  switch (self->state)
    {
    case PROCSTREAM_CONSUMER_STATE_FAILED:
      return g_error_copy (self->error);
    case PROCSTREAM_CONSUMER_STATE_CANCELLED:
      return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The consumer was cancelled");
    default:
      return NULL;
    }
}

static gboolean
make_final (ProcstreamConsumerCore *self,
            ProcstreamConsumerState state,
            const GError           *error,
            gboolean                by_program)
{
  ProcstreamSubscription *subscription;
  ProcstreamOutputCore   *output;
  g_autoptr (GError) wait_error = NULL;

  /* What a forked copy inherited is left alone: nobody in it can give this anything or wait for it. */
  if (procstream_platform_forked ())
    return FALSE;
  g_mutex_lock (&self->mutex);
  if (self->state > PROCSTREAM_CONSUMER_STATE_ATTACHED)
    {
      g_mutex_unlock (&self->mutex);
      return FALSE;
    }
  /* Whoever sees that it is over can take its place. */
  if (self->subscription)
    procstream_output_core_vacate (self->output, self->subscription);
  self->state = state;
  self->ended_by_program = by_program;
  if (error && self->error == NULL)
    self->error = g_error_copy (error);
  wait_error = make_wait_error (self);
  subscription = g_steal_pointer (&self->subscription);
  output = g_steal_pointer (&self->output);
  g_mutex_unlock (&self->mutex);

  if (subscription)
    {
      procstream_output_core_unsubscribe (output, subscription);
      procstream_subscription_unref (subscription);
      procstream_output_core_unref (output);
    }
  if (self->klass && self->klass->over)
    self->klass->over (self->native);
  procstream_waiters_complete (self->waiters, wait_error);
  return TRUE;
}

gboolean
procstream_consumer_core_finish (ProcstreamConsumerCore *self,
                                 ProcstreamConsumerState state,
                                 const GError           *error)
{
  return make_final (self, state, error, FALSE);
}

gboolean
procstream_consumer_core_end (ProcstreamConsumerCore *self,
                              ProcstreamConsumerState state)
{
  return make_final (self, state, NULL, TRUE);
}

gboolean
procstream_consumer_core_was_ended (ProcstreamConsumerCore *self)
{
  gboolean was_ended;

  procstream_platform_lock_to_read (&self->mutex);
  was_ended = self->ended_by_program;
  procstream_platform_unlock_to_read (&self->mutex);
  return was_ended;
}

ProcstreamConsumerState
procstream_consumer_core_get_state (ProcstreamConsumerCore *self)
{
  ProcstreamConsumerState state;

  procstream_platform_lock_to_read (&self->mutex);
  state = self->state;
  procstream_platform_unlock_to_read (&self->mutex);
  return state;
}

GError *
procstream_consumer_core_dup_error (ProcstreamConsumerCore *self)
{
  GError *error;

  g_mutex_lock (&self->mutex);
  error = make_wait_error (self);
  g_mutex_unlock (&self->mutex);
  return error;
}

ProcstreamWaiters *
procstream_consumer_core_get_waiters (ProcstreamConsumerCore *self)
{
  return self->waiters;
}
