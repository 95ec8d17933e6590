/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-record-private.h"

#include "procstream-cancel-watch-private.h"
#include "procstream-subscription-private.h"
#include "procstream-waiters-private.h"

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
  if (self->n_blocked > 0)
    g_cond_broadcast (&self->cond);
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

/* --- Marks ---------------------------------------------------------------------------------------------------------------------- */

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

guint64
procstream_subscription_get_start (ProcstreamSubscription *self)
{
  return self->start;
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
  subscription->for_handlers = options->for_handlers;
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
    {
      subscription->cursor = procstream_chunk_log_attach_at_start (self->log, options->delivery);
      /* What was let go is a gap to it. */
      subscription->start = 0;
    }
  else
    {
      subscription->cursor = procstream_chunk_log_attach (self->log, options->delivery, options->live_only);
      subscription->start = procstream_cursor_get_offset (subscription->cursor);
    }
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
    procstream_output_core_wake_locked (self);
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
  if (subscription->for_handlers && subscription->cursor)
    procstream_chunk_log_disown (self->log, subscription->cursor);
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
  procstream_output_core_close_if_abandoned (self);
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
  gboolean has_next = subscription->cursor && !subscription->paused && procstream_chunk_log_has_next (self->log, subscription->cursor) &&
                      !awaits_index_locked (self, subscription);

  subscription->armed = !has_next && subscription->cursor && subscription->ops->ready;
  return has_next;
}

static void
unref_cb (gpointer data)
{
  procstream_output_core_unref (data);
}

static void
wake_blocked (gpointer data)
{
  ProcstreamOutputCore *self = data;

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
  gulong   watch = procstream_cancel_watch_begin (cancellable, wake_blocked, procstream_output_core_ref (self), unref_cb);
  gboolean has_next;

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
  procstream_cancel_watch_end (cancellable, watch);
  return has_next;
}
