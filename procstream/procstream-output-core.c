/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-record-private.h"
#include "procstream-platform-private.h"

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
      self->resumed_us = g_get_monotonic_time ();
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
void
procstream_output_core_wake_locked (ProcstreamOutputCore *self)
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
      procstream_output_core_wake_locked (self);
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

void
procstream_output_core_close_if_abandoned (ProcstreamOutputCore *self)
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
  procstream_output_core_close_if_abandoned (self);
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

static void
cut_cb (gpointer data)
{
  procstream_output_core_feed_end (data, NULL);
}

static void
cut_at_home (ProcstreamOutputCore *self)
{
  procstream_output_core_invoke_data (self, cut_cb, procstream_output_core_ref (self), (GDestroyNotify) procstream_output_core_unref);
}

void
procstream_output_core_cut (ProcstreamOutputCore *self)
{
  gboolean is_open;

  g_mutex_lock (&self->mutex);
  is_open = self->state != PROCSTREAM_OUTPUT_STATE_NONE;
  self->is_cut = TRUE;
  g_mutex_unlock (&self->mutex);
  if (is_open)
    cut_at_home (self);
}

void
procstream_output_core_open_source (ProcstreamOutputCore *self,
                                    ProcstreamSource     *source)
{
  gboolean is_cut;

  g_mutex_lock (&self->mutex);
  g_assert (self->state == PROCSTREAM_OUTPUT_STATE_NONE);
  self->source = source;
  set_state_locked (self, PROCSTREAM_OUTPUT_STATE_OPEN);
  source->klass->set_reading (source, TRUE);
  procstream_output_core_update_reading_locked (self);
  is_cut = self->is_cut;
  g_mutex_unlock (&self->mutex);
  procstream_output_core_close_if_abandoned (self);
  if (is_cut)
    cut_at_home (self);
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
  procstream_output_core_close_if_abandoned (self);
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

static gboolean
wants_indexes_locked (ProcstreamOutputCore *self)
{
  return self->line_subscribers > 0 || self->other_marks->len > 0;
}

/* Before anybody else sees the chunk, so that several who want the same lines search once. It is done without the lock, which nobody is
 * to wait for so long; who begins to want lines meanwhile finds the chunk without an index. */
static void
index_unlocking (ProcstreamOutputCore *self,
                 ProcstreamChunk      *chunk)
{
  const gboolean lf = self->line_subscribers > 0;
  g_autoptr (GArray) marks = self->other_marks->len > 0 ? g_array_copy (self->other_marks) : NULL;

  g_mutex_unlock (&self->mutex);
  if (lf)
    procstream_chunk_get_line_index (chunk, PROCSTREAM_LINE_MARK_LF);
  for (guint i = 0; marks && i < marks->len; i++)
    procstream_chunk_get_line_index (chunk, g_array_index (marks, ProcstreamLineMark, i));
  g_mutex_lock (&self->mutex);
}

gboolean
procstream_output_core_feed (ProcstreamOutputCore *self,
                             ProcstreamChunk      *chunk)
{
  gboolean reading;

  if (self->probe)
    self->probe (self->probe_data);

  if (!chunk->is_share)
    chunk->stream = self->stream;
  g_mutex_lock (&self->mutex);
  if (wants_indexes_locked (self) && !is_over_locked (self))
    index_unlocking (self, chunk);
  if (is_over_locked (self))
    {
      g_mutex_unlock (&self->mutex);
      procstream_chunk_unref (chunk);
      return FALSE;
    }
  procstream_chunk_log_append (self->log, procstream_chunk_ref (chunk));
  self->last_us = chunk->time_us;
  if (!self->feeding || ++self->unannounced >= self->wake_after)
    procstream_output_core_wake_locked (self);
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
  procstream_output_core_wake_locked (self);
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
