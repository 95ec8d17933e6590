/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-record-private.h"
#include "procstream-platform-private.h"
#include "procstream-waiters-private.h"

#include <errno.h>

/* --- Reading, pausing, closing ------------------------------------------------------------------------------------------------ */

static gboolean
is_over_locked (ProcstreamOutputCore *self)
{
  return self->state == PROCSTREAM_OUTPUT_STATE_ENDED ||
         self->state == PROCSTREAM_OUTPUT_STATE_FAILED ||
         self->state == PROCSTREAM_OUTPUT_STATE_CLOSED;
}

static void
set_state_locked (ProcstreamOutputCore *self,
                  ProcstreamOutputState state)
{
  g_assert (!is_over_locked (self));
  g_assert (state > PROCSTREAM_OUTPUT_STATE_PAUSED || self->source != NULL);
  self->state = state;
}

void
procstream_output_core_update_reading_locked (ProcstreamOutputCore *self)
{
  if (self->state == PROCSTREAM_OUTPUT_STATE_OPEN && (self->held_back || procstream_chunk_log_must_pause (self->log)))
    {
      set_state_locked (self, PROCSTREAM_OUTPUT_STATE_PAUSED);
      self->source->klass->set_reading (self->source, FALSE);
      if (self->n_limited > 0)
        {
          self->paused_since_us = g_get_monotonic_time ();
          procstream_output_core_watch_stalls_locked (self);
        }
    }
  else if (self->state == PROCSTREAM_OUTPUT_STATE_PAUSED && !self->held_back && procstream_chunk_log_may_resume (self->log))
    {
      set_state_locked (self, PROCSTREAM_OUTPUT_STATE_OPEN);
      self->source->klass->set_reading (self->source, TRUE);
    }
}

void
procstream_output_core_wake_one_locked (ProcstreamSubscription *subscription)
{
  if (!subscription->armed || subscription->paused)
    return;
  subscription->armed = FALSE;
  subscription->ops->ready (subscription->data);
}

/* Wakes who was told that there is nothing. */
static void
wake_locked (ProcstreamOutputCore *self)
{
  self->unannounced = 0;
  for (guint i = 0; i < self->pulling->len; i++)
    procstream_output_core_wake_one_locked (g_ptr_array_index (self->pulling, i));
  if (self->n_blocked > 0)
    g_cond_broadcast (&self->cond);
}

/* The same, but some may have taken everything already while more was read: they are left asleep. */
static void
wake_behind_locked (ProcstreamOutputCore *self)
{
  for (guint i = 0; i < self->pulling->len; i++)
    {
      ProcstreamSubscription *subscription = g_ptr_array_index (self->pulling, i);

      if (!procstream_chunk_log_has_next (self->log, subscription->cursor))
        continue;
      wake_locked (self);
      return;
    }
  self->unannounced = 0;
}

/* Nobody is left: the source to close, or NULL. */
static ProcstreamSource *
abandon_locked (ProcstreamOutputCore *self)
{
  ProcstreamSource *source = NULL;

  if (self->holds == 0 && self->pushed->len == 0 && self->pulling->len == 0 && !is_over_locked (self) && self->source)
    {
      set_state_locked (self, PROCSTREAM_OUTPUT_STATE_CLOSED);
      source = g_steal_pointer (&self->source);
    }
  return source;
}

static void
close_if_abandoned (ProcstreamOutputCore *self)
{
  ProcstreamSource *source;

  g_mutex_lock (&self->push_mutex);
  g_mutex_lock (&self->mutex);
  source = abandon_locked (self);
  g_mutex_unlock (&self->mutex);
  g_mutex_unlock (&self->push_mutex);
  if (source == NULL)
    return;
  source->klass->close (source);
  procstream_output_core_unwatch_stalls (self);
  if (self->ended)
    self->ended (self->ended_data);
}

void
procstream_output_core_hold (ProcstreamOutputCore *self)
{
  g_mutex_lock (&self->mutex);
  self->holds++;
  g_mutex_unlock (&self->mutex);
}

void
procstream_output_core_release (ProcstreamOutputCore *self)
{
  g_mutex_lock (&self->mutex);
  self->holds--;
  g_mutex_unlock (&self->mutex);
  close_if_abandoned (self);
}

void
procstream_output_core_set_held_back (ProcstreamOutputCore *self,
                                      gboolean              held_back)
{
  g_mutex_lock (&self->mutex);
  self->held_back = held_back;
  procstream_output_core_update_reading_locked (self);
  g_mutex_unlock (&self->mutex);
}

void
procstream_output_core_open_source (ProcstreamOutputCore *self,
                                    ProcstreamSource     *source)
{
  g_mutex_lock (&self->mutex);
  g_assert (self->state == PROCSTREAM_OUTPUT_STATE_NONE);
  self->source = source;
  set_state_locked (self, PROCSTREAM_OUTPUT_STATE_OPEN);
  source->klass->set_reading (source, TRUE);
  procstream_output_core_update_reading_locked (self);
  g_mutex_unlock (&self->mutex);
  close_if_abandoned (self);
}

static void
open_descriptor (ProcstreamOutputCore *self,
                 int                   fd,
                 gboolean              own_pipe)
{
  ProcstreamSource *source = procstream_fd_source_new (self, procstream_home_get_context (self->home), fd, own_pipe);

  if (source == NULL)
    source = procstream_worker_source_new_fd (self, fd);
  procstream_output_core_open_source (self, source);
}

void
procstream_output_core_open_pipe (ProcstreamOutputCore *self,
                                  int                   fd)
{
  open_descriptor (self, fd, TRUE);
}

void
procstream_output_core_open_fd (ProcstreamOutputCore *self,
                                int                   fd)
{
  open_descriptor (self, fd, FALSE);
}

void
procstream_output_core_open_stream (ProcstreamOutputCore *self,
                                    GInputStream         *stream)
{
  if (procstream_stream_is_native (stream))
    procstream_output_core_open_source (self, procstream_worker_source_new_stream (self, g_object_ref (stream)));
  else
    procstream_output_core_open_source (self, procstream_stream_source_new (self, self->context, g_object_ref (stream)));
}

/* --- Line indexes ------------------------------------------------------------------------------------------------------------- */

static gboolean
awaits_index_locked (ProcstreamOutputCore   *self,
                     ProcstreamSubscription *subscription)
{
  return self->indexing && subscription->mark == PROCSTREAM_LINE_MARK_LF && procstream_chunk_log_lacks_index (self->log, subscription->cursor);
}

/* The next chunk to index, with a reference; who waited for the one before it is woken. */
static ProcstreamChunk *
go_on_indexing (ProcstreamOutputCore *self)
{
  ProcstreamChunk *chunk = NULL;

  g_mutex_lock (&self->mutex);
  if (self->line_subscribers > 0)
    chunk = procstream_chunk_log_peek_unindexed (self->log);
  if (chunk)
    procstream_chunk_ref (chunk);
  self->indexing = chunk != NULL;
  for (guint i = 0; i < self->pulling->len; i++)
    {
      ProcstreamSubscription *subscription = g_ptr_array_index (self->pulling, i);

      if (procstream_chunk_log_has_next (self->log, subscription->cursor) && !awaits_index_locked (self, subscription))
        procstream_output_core_wake_one_locked (subscription);
    }
  g_mutex_unlock (&self->mutex);
  return chunk;
}

/* Runs at home. */
static void
index_kept (gpointer data)
{
  ProcstreamChunk *chunk;

  while ((chunk = go_on_indexing (data)))
    {
      procstream_chunk_get_line_index (chunk, PROCSTREAM_LINE_MARK_LF);
      procstream_chunk_unref (chunk);
    }
}

/* Somebody who pulls wants lines from now on: whether index_kept() is to be invoked. */
static gboolean
begin_indexing_locked (ProcstreamOutputCore *self)
{
  gboolean begin = !self->indexing && self->settings.reader != PROCSTREAM_READER_MODE_CONTEXT &&
                   procstream_chunk_log_peek_unindexed (self->log);

  self->indexing |= begin;
  return begin;
}

static void
invoke_with_ref (ProcstreamOutputCore *self,
                 void (*func) (gpointer))
{
  procstream_output_core_invoke_data (self, func, procstream_output_core_ref (self), (GDestroyNotify) procstream_output_core_unref);
}

/* --- Pushing ------------------------------------------------------------------------------------------------------------------ */

/* At most so many events for one subscriber before the others have their turn and the lock is let go: a subscriber that catches
 * up with a long history must not make an attach or a cancel wait for all of it. */
#define CATCH_UP_EVENTS 64

void
procstream_log_event_clear (ProcstreamLogEvent *event)
{
  g_clear_pointer (&event->chunk, procstream_chunk_unref);
  event->type = PROCSTREAM_LOG_EVENT_NOTHING;
}

static void
count_mark_locked (ProcstreamOutputCore *self,
                   ProcstreamLineMark    mark,
                   int                   by)
{
  if (mark == PROCSTREAM_LINE_MARK_LF)
    self->line_subscribers += by;
  else if (mark != PROCSTREAM_LINE_MARK_NONE && by > 0)
    g_array_append_val (self->other_marks, mark);
  else if (mark != PROCSTREAM_LINE_MARK_NONE)
    for (guint i = 0; i < self->other_marks->len; i++)
      if (g_array_index (self->other_marks, ProcstreamLineMark, i) == mark)
        {
          g_array_remove_index_fast (self->other_marks, i);
          break;
        }
}

static void
set_mark_locked (ProcstreamOutputCore   *self,
                 ProcstreamSubscription *subscription,
                 ProcstreamLineMark      mark)
{
  count_mark_locked (self, subscription->mark, -1);
  subscription->mark = mark;
  count_mark_locked (self, mark, 1);
}

void
procstream_output_core_drop_cursor_locked (ProcstreamOutputCore   *self,
                                           ProcstreamSubscription *subscription)
{
  if (subscription->cursor == NULL)
    return;
  procstream_chunk_log_detach (self->log, g_steal_pointer (&subscription->cursor));
  set_mark_locked (self, subscription, PROCSTREAM_LINE_MARK_NONE);
  if (subscription->max_stall_us > 0)
    self->n_limited--;
  if (subscription->occupies)
    self->claimed = FALSE;
  subscription->occupies = FALSE;
  procstream_output_core_update_reading_locked (self);
}

typedef enum
{
  CAUGHT_UP,
  HAS_MORE,
  IS_OVER,
} Progress;

/* One event after the other through the lock: for history, gaps and the end. */
static Progress
push_events (ProcstreamOutputCore   *self,
             ProcstreamSubscription *subscription)
{
  for (int i = 0; i < CATCH_UP_EVENTS; i++)
    {
      ProcstreamLogEvent event = { 0 };
      gboolean           done;

      if (subscription->paused)
        return CAUGHT_UP;
      g_mutex_lock (&self->mutex);
      procstream_chunk_log_next (self->log, subscription->cursor, &event);
      procstream_output_core_update_reading_locked (self);
      g_mutex_unlock (&self->mutex);
      if (event.type == PROCSTREAM_LOG_EVENT_NOTHING)
        return CAUGHT_UP;
      done = subscription->ops->push (subscription->data, &event) || event.type == PROCSTREAM_LOG_EVENT_END;
      procstream_log_event_clear (&event);
      if (done)
        return IS_OVER;
    }
  return HAS_MORE;
}

/* Moves one that is over out of the list, into an array that the caller finishes without a lock. */
static GPtrArray *
collect_over_locked (ProcstreamOutputCore *self,
                     guint                 index,
                     GPtrArray            *over)
{
  ProcstreamSubscription *subscription = g_ptr_array_index (self->pushed, index);

  if (over == NULL)
    over = g_ptr_array_new ();
  g_ptr_array_add (over, subscription);
  g_mutex_lock (&self->mutex);
  g_ptr_array_remove_index (self->pushed, index);
  procstream_output_core_drop_cursor_locked (self, subscription);
  self->n_finishing++;
  g_mutex_unlock (&self->mutex);
  return over;
}

/* Who was taken away, or stands still, may have been the last that was behind. */
void
procstream_output_core_tell_if_settled (ProcstreamOutputCore *self)
{
  if (self->ended && procstream_output_core_is_settled (self))
    self->ended (self->ended_data);
}

static void
finish_over (ProcstreamOutputCore *self,
             GPtrArray            *over)
{
  if (over == NULL)
    return;
  for (guint i = 0; i < over->len; i++)
    {
      ProcstreamSubscription *subscription = g_ptr_array_index (over, i);

      subscription->ops->over (subscription->data);
      procstream_subscription_unref (subscription);
    }
  g_mutex_lock (&self->mutex);
  self->n_finishing -= over->len;
  g_mutex_unlock (&self->mutex);
  procstream_output_core_tell_if_settled (self);
  g_ptr_array_unref (over);
  close_if_abandoned (self);
}

void
procstream_output_core_push_all (gpointer data)
{
  ProcstreamOutputCore *self = data;
  gboolean              more = TRUE;

  while (more)
    {
      GPtrArray *over = NULL;

      more = FALSE;
      g_mutex_lock (&self->push_mutex);
      for (guint i = 0; i < self->pushed->len;)
        {
          ProcstreamSubscription *subscription = g_ptr_array_index (self->pushed, i);
          Progress                progress = push_events (self, subscription);

          if (progress == IS_OVER)
            {
              over = collect_over_locked (self, i, over);
              continue;
            }
          more |= progress == HAS_MORE;
          i++;
        }
      g_mutex_unlock (&self->push_mutex);
      finish_over (self, over);
    }
}

static gboolean
is_at_newest (ProcstreamOutputCore   *self,
              ProcstreamSubscription *subscription)
{
  return !subscription->paused && procstream_chunk_log_is_at_newest (self->log, subscription->cursor);
}

static void
skip_newest (ProcstreamOutputCore *self,
             guint                 n)
{
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < n; i++)
    {
      ProcstreamSubscription *subscription = g_ptr_array_index (self->pushed, i);

      if (is_at_newest (self, subscription))
        procstream_chunk_log_skip_newest (self->log, subscription->cursor);
    }
  procstream_output_core_update_reading_locked (self);
  g_mutex_unlock (&self->mutex);
}

/* The newest chunk to all that have had everything before it, with one lock for all of them; FALSE when that is not everybody, or
 * somebody is done: the general way then takes care of the rest. */
static gboolean
push_newest (ProcstreamOutputCore *self,
             ProcstreamChunk      *chunk)
{
  const ProcstreamLogEvent event = { .type = PROCSTREAM_LOG_EVENT_CHUNK, .chunk = chunk };
  GPtrArray               *over = NULL;
  gboolean                 all = TRUE;

  g_mutex_lock (&self->push_mutex);
  for (guint i = 0; i < self->pushed->len;)
    {
      ProcstreamSubscription *subscription = g_ptr_array_index (self->pushed, i);

      if (!is_at_newest (self, subscription))
        all = FALSE;
      else if (subscription->ops->push (subscription->data, &event))
        {
          over = collect_over_locked (self, i, over);
          continue;
        }
      i++;
    }
  if (self->pushed->len > 0)
    skip_newest (self, self->pushed->len);
  g_mutex_unlock (&self->push_mutex);
  finish_over (self, over);
  return all;
}

/* --- Feeding ------------------------------------------------------------------------------------------------------------------ */

/* Before anybody else sees the chunk, so that several who want the same lines search once. */
static void
index_locked (ProcstreamOutputCore *self,
              ProcstreamChunk      *chunk)
{
  if (self->line_subscribers > 0)
    procstream_chunk_get_line_index (chunk, PROCSTREAM_LINE_MARK_LF);
  for (guint i = 0; i < self->other_marks->len; i++)
    procstream_chunk_get_line_index (chunk, g_array_index (self->other_marks, ProcstreamLineMark, i));
}

gboolean
procstream_output_core_feed (ProcstreamOutputCore *self,
                             ProcstreamChunk      *chunk)
{
  gboolean reading;

  if (self->probe)
    self->probe (self->probe_data);

  g_mutex_lock (&self->mutex);
  if (is_over_locked (self))
    {
      g_mutex_unlock (&self->mutex);
      procstream_chunk_unref (chunk);
      return FALSE;
    }
  if (!chunk->is_share)
    chunk->stream = self->stream;
  index_locked (self, chunk);
  procstream_chunk_log_append (self->log, procstream_chunk_ref (chunk));
  if (!self->feeding || ++self->unannounced >= self->wake_after)
    wake_locked (self);
  g_mutex_unlock (&self->mutex);

  if (!push_newest (self, chunk))
    procstream_output_core_push_all (self);
  if (self->tap)
    self->tap->chunk (self->tap_data, chunk);
  procstream_chunk_unref (chunk);

  g_mutex_lock (&self->mutex);
  if (!is_over_locked (self))
    procstream_output_core_update_reading_locked (self);
  reading = self->state == PROCSTREAM_OUTPUT_STATE_OPEN;
  /* What came although reading had paused may be what makes somebody hold it up. */
  if (self->state == PROCSTREAM_OUTPUT_STATE_PAUSED && self->n_limited > 0)
    procstream_output_core_watch_stalls_locked (self);
  g_mutex_unlock (&self->mutex);
  return reading;
}

void
procstream_output_core_begin_feeding (ProcstreamOutputCore *self)
{
  g_mutex_lock (&self->mutex);
  self->feeding = TRUE;
  g_mutex_unlock (&self->mutex);
  if (self->tap)
    self->tap->feeding (self->tap_data, TRUE);
}

void
procstream_output_core_end_feeding (ProcstreamOutputCore *self)
{
  g_mutex_lock (&self->mutex);
  self->feeding = FALSE;
  if (self->unannounced > 0)
    wake_behind_locked (self);
  g_mutex_unlock (&self->mutex);
  if (self->tap)
    self->tap->feeding (self->tap_data, FALSE);
}

static void
end_tap (ProcstreamOutputCore *self)
{
  const ProcstreamTapOps *tap = g_steal_pointer (&self->tap);

  if (tap == NULL)
    return;
  tap->ended (self->tap_data, procstream_chunk_log_get_error (self->log));
  tap->free (self->tap_data);
}

void
procstream_output_core_feed_end (ProcstreamOutputCore *self,
                                 GError               *error)
{
  ProcstreamSource *source;

  if (self->probe)
    self->probe (self->probe_data);

  g_mutex_lock (&self->mutex);
  if (is_over_locked (self))
    {
      g_mutex_unlock (&self->mutex);
      g_clear_error (&error);
      return;
    }
  set_state_locked (self, error ? PROCSTREAM_OUTPUT_STATE_FAILED : PROCSTREAM_OUTPUT_STATE_ENDED);
  source = g_steal_pointer (&self->source);
  procstream_chunk_log_finish (self->log, error);
  wake_locked (self);
  g_mutex_unlock (&self->mutex);

  if (source)
    source->klass->close (source);
  procstream_output_core_unwatch_stalls (self);
  procstream_output_core_push_all (self);
  end_tap (self);
  if (self->ended)
    self->ended (self->ended_data);
}

gboolean
procstream_output_core_set_terminal_size (ProcstreamOutputCore *self,
                                          guint                 columns,
                                          guint                 rows)
{
  gboolean done;
  int      errsv;

  g_mutex_lock (&self->mutex);
  errno = EBADF;
  done = self->source && self->source->klass->set_size && self->source->klass->set_size (self->source, columns, rows);
  errsv = errno;
  g_mutex_unlock (&self->mutex);
  errno = errsv;
  return done;
}

void
procstream_output_core_end (ProcstreamOutputCore *self)
{
  g_mutex_lock (&self->mutex);
  g_assert (self->state == PROCSTREAM_OUTPUT_STATE_NONE);
  g_mutex_unlock (&self->mutex);
  /* Without a source there is no thread that reads, so any thread may play its part. */
  procstream_output_core_feed_end (self, NULL);
}

/* --- Subscriptions ------------------------------------------------------------------------------------------------------------ */

ProcstreamSubscription *
procstream_subscription_ref (ProcstreamSubscription *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_subscription_unref (ProcstreamSubscription *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->cursor == NULL);
  self->ops->unref (self->data);
  g_free (self);
}

static ProcstreamSubscription *
subscription_new (const ProcstreamSubscriberOps    *ops,
                  gpointer                          data,
                  const ProcstreamSubscribeOptions *options)
{
  ProcstreamSubscription *subscription = g_new0 (ProcstreamSubscription, 1);

  g_atomic_ref_count_init (&subscription->ref_count);
  subscription->ops = ops;
  subscription->data = ops->ref (data);
  subscription->paused = options->paused;
  subscription->occupies = options->occupies;
  subscription->armed = ops->ready != NULL;
  /* What is too far away to be told is no limit. */
  if (options->max_stall_ms > 0 && procstream_waiters_get_deadline (options->max_stall_ms) >= 0)
    {
      subscription->max_stall_us = options->max_stall_ms * 1000;
      subscription->since_us = g_get_monotonic_time ();
    }
  return subscription;
}

static void
attach_cursor_locked (ProcstreamOutputCore             *self,
                      ProcstreamSubscription           *subscription,
                      const ProcstreamSubscribeOptions *options)
{
  procstream_chunk_log_set_time (self->log, g_get_monotonic_time ());
  if (g_atomic_int_get (&self->opening) && !options->live_only)
    subscription->cursor = procstream_chunk_log_attach_at_start (self->log, options->delivery);
  else
    subscription->cursor = procstream_chunk_log_attach (self->log, options->delivery, options->live_only);
  set_mark_locked (self, subscription, options->mark);
  self->n_limited += subscription->max_stall_us > 0;
}

ProcstreamSubscription *
procstream_output_core_subscribe_full (ProcstreamOutputCore             *self,
                                       const ProcstreamSubscriberOps    *ops,
                                       gpointer                          data,
                                       const ProcstreamSubscribeOptions *options)
{
  ProcstreamSubscription *subscription = subscription_new (ops, data, options);
  gboolean                behind, index;

  if (ops->push)
    g_mutex_lock (&self->push_mutex);
  g_mutex_lock (&self->mutex);
  attach_cursor_locked (self, subscription, options);
  index = options->mark == PROCSTREAM_LINE_MARK_LF && ops->push == NULL && begin_indexing_locked (self);
  g_ptr_array_add (ops->push ? self->pushed : self->pulling, procstream_subscription_ref (subscription));
  if (subscription->max_stall_us > 0 && self->state == PROCSTREAM_OUTPUT_STATE_PAUSED)
    procstream_output_core_watch_stalls_locked (self);
  behind = procstream_chunk_log_has_next (self->log, subscription->cursor);
  if (behind && ops->ready)
    wake_locked (self);
  g_mutex_unlock (&self->mutex);
  if (ops->push)
    {
      g_mutex_unlock (&self->push_mutex);
      if (behind)
        invoke_with_ref (self, procstream_output_core_push_all);
    }
  if (index)
    invoke_with_ref (self, index_kept);
  return subscription;
}

ProcstreamSubscription *
procstream_output_core_subscribe (ProcstreamOutputCore          *self,
                                  const ProcstreamSubscriberOps *ops,
                                  gpointer                       data,
                                  ProcstreamDelivery             delivery,
                                  ProcstreamLineMark             mark)
{
  const ProcstreamSubscribeOptions options = { .delivery = delivery, .mark = mark };

  return procstream_output_core_subscribe_full (self, ops, data, &options);
}

void
procstream_output_core_unsubscribe (ProcstreamOutputCore   *self,
                                    ProcstreamSubscription *subscription)
{
  gboolean push = subscription->ops->push != NULL;
  gboolean was_there;

  if (push)
    g_mutex_lock (&self->push_mutex);
  g_mutex_lock (&self->mutex);
  was_there = g_ptr_array_remove (push ? self->pushed : self->pulling, subscription);
  procstream_output_core_drop_cursor_locked (self, subscription);
  subscription->armed = FALSE;
  if (self->n_blocked > 0)
    g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  if (push)
    g_mutex_unlock (&self->push_mutex);
  if (was_there)
    procstream_subscription_unref (subscription);
  if (was_there && push)
    procstream_output_core_tell_if_settled (self);
  close_if_abandoned (self);
}

void
procstream_output_core_set_wants_lines (ProcstreamOutputCore   *self,
                                        ProcstreamSubscription *subscription,
                                        ProcstreamLineMark      mark)
{
  gboolean index = FALSE;

  g_mutex_lock (&self->mutex);
  if (subscription->cursor && subscription->mark != mark)
    {
      set_mark_locked (self, subscription, mark);
      index = mark == PROCSTREAM_LINE_MARK_LF && begin_indexing_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  if (index)
    invoke_with_ref (self, index_kept);
}

ProcstreamLogEventType
procstream_output_core_take (ProcstreamOutputCore   *self,
                             ProcstreamSubscription *subscription,
                             ProcstreamLogEvent     *event)
{
  event->type = PROCSTREAM_LOG_EVENT_NOTHING;
  event->chunk = NULL;
  g_mutex_lock (&self->mutex);
  if (subscription->cursor && (subscription->paused || awaits_index_locked (self, subscription)))
    {
      subscription->armed = TRUE;
    }
  else if (subscription->cursor)
    {
      procstream_chunk_log_next (self->log, subscription->cursor, event);
      subscription->armed = event->type == PROCSTREAM_LOG_EVENT_NOTHING;
      procstream_output_core_update_reading_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  return event->type;
}

static gboolean
has_next_locked (ProcstreamOutputCore   *self,
                 ProcstreamSubscription *subscription)
{
  gboolean has_next = subscription->cursor && !subscription->paused && procstream_chunk_log_has_next (self->log, subscription->cursor);

  subscription->armed = !has_next && subscription->cursor && subscription->ops->ready;
  return has_next;
}

static void
unref_closure_cb (gpointer  data,
                  GClosure *closure)
{
  procstream_output_core_unref (data);
}

static void
cancelled_cb (GCancellable         *cancellable,
              ProcstreamOutputCore *self)
{
  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

gboolean
procstream_output_core_wait (ProcstreamOutputCore   *self,
                             ProcstreamSubscription *subscription,
                             gint64                  deadline_us,
                             GCancellable           *cancellable)
{
  gulong   handler = 0;
  gboolean has_next;

  /* Not g_cancellable_disconnect() afterwards: it waits for handlers that run, and one of the program's may wait for this thread. So
   * this one may run later, and keeps what it needs. */
  if (cancellable)
    handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (cancelled_cb), procstream_output_core_ref (self),
                                     unref_closure_cb, 0);
  g_mutex_lock (&self->mutex);
  self->n_blocked++;
  while (!(has_next = has_next_locked (self, subscription)) && subscription->cursor && !g_cancellable_is_cancelled (cancellable))
    {
      if (deadline_us < 0)
        g_cond_wait (&self->cond, &self->mutex);
      else if (!g_cond_wait_until (&self->cond, &self->mutex, deadline_us))
        break;
    }
  has_next = has_next || has_next_locked (self, subscription);
  self->n_blocked--;
  g_mutex_unlock (&self->mutex);
  g_clear_signal_handler (&handler, cancellable);
  return has_next;
}
