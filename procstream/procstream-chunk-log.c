/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-chunk-log-record-private.h"

#include <string.h>

/*
 * Chunks first … head-1 stand in a ring of slots. A slot also counts the cursors that stand at its chunk, and the slot of the
 * head, which has no chunk yet, those that have read everything. So appending touches no cursor: all that stood at the head now
 * stand at a chunk. What the policies need is the lowest position of each kind of cursor; it is a mark that only moves over
 * empty slots, and goes back only when a cursor attaches further down, so that it costs a constant on average.
 *
 * Three positions matter:
 *  - unread: of a reliable cursor, its next chunk. Nothing from there on is let go.
 *  - paused: of a reliable cursor, its next chunk or, while it reads history, where it attached. What lies between that and the head is
 *    its share of the live window.
 *  - wanted: of a lossy cursor, in the same way. It keeps chunks as far as the live window reaches.
 *
 * A lossy cursor whose wanted position lies below first is counted in behind and in no slot: a gap awaits it. One that reads
 * history is in the list histories; when the log lets a chunk go that is history to it, it gets a reference of its own.
 *
 * All floors only rise: what was let go never comes back.
 */

#define LEAST_CAPACITY 64

/* --- Slots -------------------------------------------------------------------------------------------------------------------- */

static void
resize (ProcstreamChunkLog *self,
        guint64             capacity)
{
  ProcstreamLogSlot *slots = g_new0 (ProcstreamLogSlot, capacity);

  for (guint64 i = self->first; i <= self->head; i++)
    slots[i & (capacity - 1)] = *procstream_log_slot_at (self, i);
  g_free (self->slots);
  self->slots = slots;
  self->mask = capacity - 1;
}

/* --- Cursors in slots --------------------------------------------------------------------------------------------------------- */

static inline guint64
live_position (const ProcstreamCursor *cursor)
{
  return MAX (cursor->next, cursor->attached_at);
}

static void
enter (ProcstreamChunkLog     *self,
       const ProcstreamCursor *cursor)
{
  guint64 live = live_position (cursor);

  if (cursor->delivery == PROCSTREAM_DELIVERY_RELIABLE)
    {
      procstream_log_slot_at (self, cursor->next)->unread++;
      procstream_log_slot_at (self, live)->paused++;
      self->unread_mark = MIN (self->unread_mark, cursor->next);
      self->paused_mark = MIN (self->paused_mark, live);
    }
  else if (live < self->first)
    {
      self->behind++;
    }
  else
    {
      procstream_log_slot_at (self, live)->wanted++;
      self->wanted_mark = MIN (self->wanted_mark, live);
    }
}

static void
leave (ProcstreamChunkLog     *self,
       const ProcstreamCursor *cursor)
{
  guint64 live = live_position (cursor);

  if (cursor->delivery == PROCSTREAM_DELIVERY_RELIABLE)
    {
      procstream_log_slot_at (self, cursor->next)->unread--;
      procstream_log_slot_at (self, live)->paused--;
    }
  else if (live < self->first)
    {
      self->behind--;
    }
  else
    {
      procstream_log_slot_at (self, live)->wanted--;
    }
}

static void
move_to (ProcstreamChunkLog *self,
         ProcstreamCursor   *cursor,
         guint64             next)
{
  gboolean was_history = procstream_cursor_is_in_history (cursor);

  leave (self, cursor);
  cursor->next = next;
  enter (self, cursor);
  if (was_history && cursor->delivery == PROCSTREAM_DELIVERY_LOSSY && !procstream_cursor_is_in_history (cursor))
    g_ptr_array_remove_fast (self->histories, cursor);
}

static guint64
lowest_unread (ProcstreamChunkLog *self)
{
  self->unread_mark = MAX (self->unread_mark, self->first);
  while (self->unread_mark < self->head && procstream_log_slot_at (self, self->unread_mark)->unread == 0)
    self->unread_mark++;
  return self->unread_mark;
}

static guint64
lowest_paused (ProcstreamChunkLog *self)
{
  self->paused_mark = MAX (self->paused_mark, self->first);
  while (self->paused_mark < self->head && procstream_log_slot_at (self, self->paused_mark)->paused == 0)
    self->paused_mark++;
  return self->paused_mark;
}

static guint64
lowest_wanted (ProcstreamChunkLog *self)
{
  /* Who is behind goes on with the oldest chunk there is. */
  if (self->behind > 0)
    return self->first;
  self->wanted_mark = MAX (self->wanted_mark, self->first);
  while (self->wanted_mark < self->head && procstream_log_slot_at (self, self->wanted_mark)->wanted == 0)
    self->wanted_mark++;
  return self->wanted_mark;
}

/* --- Floors ------------------------------------------------------------------------------------------------------------------- */

/* The oldest chunk of the live window, which always has the newest chunk. */
static guint64
live_floor (ProcstreamChunkLog *self)
{
  self->live_mark = MAX (self->live_mark, self->first);
  while (self->live_mark + 1 < self->head && (self->head - self->live_mark > self->options.max_chunks ||
                                              procstream_log_size_from (self, self->live_mark) > self->options.max_bytes))
    self->live_mark++;
  return self->live_mark;
}

/* --- Trim --------------------------------------------------------------------------------------------------------------------- */

static void
keep_as_history (ProcstreamChunkLog *self,
                 ProcstreamChunk    *chunk)
{
  for (guint i = 0; i < self->histories->len; i++)
    {
      ProcstreamCursor *cursor = g_ptr_array_index (self->histories, i);

      if (cursor->next <= chunk->sequence && chunk->sequence < cursor->attached_at)
        g_queue_push_tail (&cursor->own, procstream_chunk_ref (chunk));
    }
}

static void
let_go_first (ProcstreamChunkLog *self)
{
  ProcstreamLogSlot *slot = procstream_log_slot_at (self, self->first);

  g_assert (slot->unread == 0 && slot->paused == 0);
  if (self->histories->len > 0)
    keep_as_history (self, slot->chunk);
  self->behind += slot->wanted;
  if (self->behind > 0)
    self->dropped += slot->chunk->size;
  procstream_chunk_unref (slot->chunk);
  *slot = (ProcstreamLogSlot){ 0 };
  self->first++;
}

/* At once to what fits, since this trim may be the last one. From full to shrinking it is far, so that a window that swings does not
 * resize all the time. */
static void
shrink (ProcstreamChunkLog *self)
{
  guint64 capacity = self->mask + 1;

  while (capacity > 8 * LEAST_CAPACITY && self->head - self->first < capacity / 8)
    capacity /= 4;
  if (capacity <= self->mask)
    resize (self, capacity);
}

static void
trim (ProcstreamChunkLog *self)
{
  guint64 keep = MIN (procstream_log_get_replay_floor (self), lowest_unread (self));

  if (keep <= self->first)
    return;
  keep = MIN (keep, MAX (lowest_wanted (self), live_floor (self)));
  while (self->first < keep)
    let_go_first (self);
  shrink (self);
}

/* --- Interface ---------------------------------------------------------------------------------------------------------------- */

ProcstreamChunkLog *
procstream_chunk_log_new (const ProcstreamLogOptions *options)
{
  ProcstreamChunkLog *self = g_new0 (ProcstreamChunkLog, 1);

  self->options = *options;
  self->slots = g_new0 (ProcstreamLogSlot, LEAST_CAPACITY);
  self->mask = LEAST_CAPACITY - 1;
  self->histories = g_ptr_array_new ();
  self->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  return self;
}

void
procstream_chunk_log_free (ProcstreamChunkLog *self)
{
  g_assert (self->n_cursors == 0);
  for (guint64 i = self->first; i < self->head; i++)
    procstream_chunk_unref (procstream_log_slot_at (self, i)->chunk);
  g_ptr_array_unref (self->histories);
  g_ptr_array_unref (self->errors);
  g_clear_error (&self->error);
  g_free (self->slots);
  g_free (self);
}

static void
remember_last (ProcstreamChunkLog    *self,
               const ProcstreamChunk *chunk)
{
  const gsize kept = sizeof self->last;

  if (G_LIKELY (chunk->size >= kept))
    {
      memcpy (self->last, chunk->data + chunk->size - kept, kept);
      return;
    }
  memmove (self->last, self->last + chunk->size, kept - chunk->size);
  memcpy (self->last + kept - chunk->size, chunk->data, chunk->size);
}

void
procstream_chunk_log_append (ProcstreamChunkLog *self,
                             ProcstreamChunk    *chunk)
{
  g_assert (!self->finished && chunk->size > 0);

  if (self->head + 1 - self->first > self->mask)
    resize (self, 2 * (self->mask + 1));
  chunk->sequence = self->head;
  chunk->offset = self->head_offset;
  if (!chunk->is_share)
    {
      memcpy (chunk->before, self->last, sizeof chunk->before);
      remember_last (self, chunk);
    }
  if (self->n_cursors == 0 && !procstream_log_has_replay (self))
    self->unobserved += chunk->size;
  procstream_log_slot_at (self, self->head)->chunk = chunk;
  if (self->options.replay == PROCSTREAM_REPLAY_LAST_LINES && !self->sealed)
    procstream_log_count_lines (self);
  self->now_us = MAX (self->now_us, chunk->time_us);
  self->unindexed_mark += self->unindexed_mark == self->head && procstream_chunk_has_line_index (chunk);
  self->head_offset += chunk->size;
  self->head++;
  trim (self);
}

void
procstream_chunk_log_set_time (ProcstreamChunkLog *self,
                               gint64              now_us)
{
  self->now_us = MAX (self->now_us, now_us);
  if (self->options.replay == PROCSTREAM_REPLAY_LAST_MS)
    trim (self);
}

void
procstream_chunk_log_finish (ProcstreamChunkLog *self,
                             GError             *error)
{
  g_assert (!self->finished);

  self->finished = TRUE;
  self->error = error;
}

gboolean
procstream_chunk_log_must_pause (ProcstreamChunkLog *self)
{
  guint64 lowest = lowest_paused (self);

  return lowest < self->head &&
         (self->head - lowest >= self->options.max_chunks || procstream_log_size_from (self, lowest) >= self->options.max_bytes);
}

gboolean
procstream_chunk_log_may_resume (ProcstreamChunkLog *self)
{
  guint64 lowest = lowest_paused (self);

  return self->head - lowest <= self->options.max_chunks / 2 && procstream_log_size_from (self, lowest) <= self->options.max_bytes / 2;
}

void
procstream_chunk_log_seal (ProcstreamChunkLog *self)
{
  self->sealed = TRUE;
  trim (self);
}

gboolean
procstream_chunk_log_is_sealed (ProcstreamChunkLog *self)
{
  return self->sealed;
}

gboolean
procstream_chunk_log_is_finished (ProcstreamChunkLog *self)
{
  return self->finished;
}

const GError *
procstream_chunk_log_get_error (ProcstreamChunkLog *self)
{
  return self->error;
}

ProcstreamCursor *
procstream_chunk_log_attach (ProcstreamChunkLog *self,
                             ProcstreamDelivery  delivery,
                             gboolean            live_only)
{
  ProcstreamCursor *cursor = g_new0 (ProcstreamCursor, 1);

  cursor->delivery = delivery;
  cursor->next = live_only ? self->head : procstream_log_get_replay_floor (self);
  cursor->skip = cursor->next < self->head ? self->replay_skip : 0;
  cursor->next_offset = procstream_log_offset_of (self, cursor->next) + cursor->skip;
  cursor->attached_at = self->head;
  g_queue_init (&cursor->own);
  enter (self, cursor);
  self->n_cursors++;
  if (delivery == PROCSTREAM_DELIVERY_LOSSY && procstream_cursor_is_in_history (cursor))
    g_ptr_array_add (self->histories, cursor);
  return cursor;
}

ProcstreamCursor *
procstream_chunk_log_attach_at_start (ProcstreamChunkLog *self,
                                      ProcstreamDelivery  delivery)
{
  ProcstreamCursor *cursor = g_new0 (ProcstreamCursor, 1);

  cursor->delivery = delivery;
  cursor->next = delivery == PROCSTREAM_DELIVERY_LOSSY ? 0 : self->first;
  cursor->missed = cursor->next;
  cursor->next_offset = cursor->next < self->first ? 0 : procstream_log_offset_of (self, cursor->next);
  cursor->attached_at = cursor->next;
  g_queue_init (&cursor->own);
  enter (self, cursor);
  self->n_cursors++;
  return cursor;
}

static void
withdraw (ProcstreamChunkLog *self,
          ProcstreamCursor   *cursor)
{
  leave (self, cursor);
  self->taken_offset = MAX (self->taken_offset, cursor->next_offset);
  self->n_cursors--;
  g_ptr_array_remove_fast (self->histories, cursor);
  g_queue_clear_full (&cursor->own, (GDestroyNotify) procstream_chunk_unref);
}

void
procstream_chunk_log_detach (ProcstreamChunkLog *self,
                             ProcstreamCursor   *cursor)
{
  if (cursor->dropped == NULL)
    withdraw (self, cursor);
  g_free (cursor);
  trim (self);
}

void
procstream_chunk_log_disown (ProcstreamChunkLog *self,
                             ProcstreamCursor   *cursor)
{
  guint64 offset;

  if (cursor->dropped || self->n_cursors > 1 || procstream_log_has_replay (self))
    return;
  /* What a lossy one has lost is counted as that. */
  offset = procstream_log_offset_of (self, MAX (cursor->next, self->first));
  self->unobserved += self->head_offset - MAX (offset, self->taken_offset);
}

void
procstream_chunk_log_drop (ProcstreamChunkLog *self,
                           ProcstreamCursor   *cursor,
                           GError             *error)
{
  g_assert (cursor->dropped == NULL);

  g_ptr_array_add (self->errors, error);
  cursor->dropped = error;
  cursor->lost.chunks = self->head - cursor->next + cursor->missed;
  cursor->lost.bytes = self->head_offset - (cursor->missed > 0 ? 0 : cursor->next_offset);
  withdraw (self, cursor);
  cursor->attached_at = cursor->next;
  cursor->missed = 0;
  cursor->finished = FALSE;
  trim (self);
}

gboolean
procstream_chunk_log_holds_up (ProcstreamChunkLog *self,
                               ProcstreamCursor   *cursor)
{
  guint64 live = live_position (cursor);

  return cursor->dropped == NULL && cursor->delivery == PROCSTREAM_DELIVERY_RELIABLE &&
         (self->head - live > self->options.max_chunks / 2 || procstream_log_size_from (self, live) > self->options.max_bytes / 2);
}

void
procstream_chunk_log_get_lag (ProcstreamChunkLog *self,
                              ProcstreamCursor   *cursor,
                              ProcstreamLag      *lag)
{
  gboolean own = cursor->next < self->first && procstream_cursor_is_in_history (cursor);
  guint64  next = own ? cursor->next : MAX (cursor->next, self->first);

  *lag = (ProcstreamLag){ 0 };
  if (cursor->dropped || next == self->head)
    return;
  lag->chunks = self->head - next;
  lag->bytes = self->head_offset - (next == cursor->next ? cursor->next_offset : procstream_log_offset_of (self, next));
  lag->oldest_us = own ? ((ProcstreamChunk *) g_queue_peek_head (&cursor->own))->time_us : procstream_log_slot_at (self, next)->chunk->time_us;
}

static void
take_gap (ProcstreamChunkLog *self,
          ProcstreamCursor   *cursor,
          ProcstreamLogEvent *event)
{
  guint64 offset = procstream_log_offset_of (self, self->first);

  event->type = PROCSTREAM_LOG_EVENT_GAP;
  event->chunks = self->first - cursor->next;
  event->bytes = offset - cursor->next_offset;
  cursor->next_offset = offset;
  move_to (self, cursor, self->first);
}

/* What was let go before a reliable cursor could hold it: told once, and it stands behind it already. */
static void
take_missed (ProcstreamCursor   *cursor,
             ProcstreamLogEvent *event)
{
  event->type = PROCSTREAM_LOG_EVENT_GAP;
  event->chunks = cursor->missed;
  event->bytes = cursor->next_offset;
  cursor->missed = 0;
}

static void
leave_out_skipped (ProcstreamCursor   *cursor,
                   ProcstreamLogEvent *event)
{
  ProcstreamChunk *whole = event->chunk;

  event->chunk = procstream_chunk_new_rest (whole, cursor->skip);
  procstream_chunk_unref (whole);
  cursor->skip = 0;
}

static void
take_chunk (ProcstreamChunkLog *self,
            ProcstreamCursor   *cursor,
            ProcstreamLogEvent *event)
{
  event->type = PROCSTREAM_LOG_EVENT_CHUNK;
  if (cursor->next < self->first)
    event->chunk = g_queue_pop_head (&cursor->own);
  else
    event->chunk = procstream_chunk_ref (procstream_log_slot_at (self, cursor->next)->chunk);
  g_assert (event->chunk && event->chunk->sequence == cursor->next);
  if (cursor->skip > 0)
    leave_out_skipped (cursor, event);
  cursor->next_offset += event->chunk->size;
  move_to (self, cursor, cursor->next + 1);
}

static void
take_end (ProcstreamCursor   *cursor,
          const GError       *error,
          ProcstreamLogEvent *event)
{
  cursor->finished = TRUE;
  event->type = PROCSTREAM_LOG_EVENT_END;
  event->error = error;
}

/* All that is left for a cursor that was dropped. */
static void
take_dropped (ProcstreamCursor   *cursor,
              ProcstreamLogEvent *event)
{
  if (cursor->lost.chunks > 0)
    {
      event->type = PROCSTREAM_LOG_EVENT_GAP;
      event->chunks = cursor->lost.chunks;
      event->bytes = cursor->lost.bytes;
      cursor->lost.chunks = 0;
    }
  else if (!cursor->finished)
    {
      take_end (cursor, cursor->dropped, event);
    }
}

ProcstreamLogEventType
procstream_chunk_log_next (ProcstreamChunkLog *self,
                           ProcstreamCursor   *cursor,
                           ProcstreamLogEvent *event)
{
  *event = (ProcstreamLogEvent){ 0 };
  if (cursor->dropped)
    {
      take_dropped (cursor, event);
      return event->type;
    }
  if (cursor->missed > 0)
    {
      take_missed (cursor, event);
    }
  else if (cursor->next < self->first && !procstream_cursor_is_in_history (cursor))
    {
      take_gap (self, cursor, event);
    }
  else if (cursor->next < self->head)
    {
      take_chunk (self, cursor, event);
    }
  else if (self->finished && !cursor->finished)
    {
      take_end (cursor, self->error, event);
      return event->type;
    }
  else
    {
      return PROCSTREAM_LOG_EVENT_NOTHING;
    }
  trim (self);
  return event->type;
}

gboolean
procstream_chunk_log_has_next (ProcstreamChunkLog *self,
                               ProcstreamCursor   *cursor)
{
  if (cursor->dropped)
    return !cursor->finished;
  return cursor->missed > 0 || cursor->next < self->head || (self->finished && !cursor->finished);
}

gboolean
procstream_chunk_log_is_at_newest (ProcstreamChunkLog *self,
                                   ProcstreamCursor   *cursor)
{
  return cursor->missed == 0 && cursor->skip == 0 && cursor->next + 1 == self->head && cursor->dropped == NULL;
}

void
procstream_chunk_log_skip_newest (ProcstreamChunkLog *self,
                                  ProcstreamCursor   *cursor)
{
  /* History that the log let go since it attached is in its own references. */
  if (cursor->next < self->first && procstream_cursor_is_in_history (cursor))
    procstream_chunk_unref (g_queue_pop_head (&cursor->own));
  cursor->next_offset = self->head_offset;
  move_to (self, cursor, self->head);
  trim (self);
}

guint64
procstream_chunk_log_get_first (ProcstreamChunkLog *self)
{
  return self->first;
}

guint64
procstream_chunk_log_get_head (ProcstreamChunkLog *self)
{
  return self->head;
}

guint64
procstream_chunk_log_get_bytes_appended (ProcstreamChunkLog *self)
{
  return self->head_offset;
}

guint64
procstream_chunk_log_get_bytes_retained (ProcstreamChunkLog *self)
{
  return procstream_log_size_from (self, self->first);
}

guint64
procstream_chunk_log_get_bytes_dropped (ProcstreamChunkLog *self)
{
  return self->dropped;
}

guint64
procstream_chunk_log_get_bytes_unobserved (ProcstreamChunkLog *self)
{
  return self->unobserved;
}

ProcstreamChunk *
procstream_chunk_log_peek (ProcstreamChunkLog *self,
                           guint64             sequence)
{
  return sequence >= self->first && sequence < self->head ? procstream_log_slot_at (self, sequence)->chunk : NULL;
}

guint64
procstream_cursor_get_offset (ProcstreamCursor *self)
{
  return self->next_offset;
}

gboolean
procstream_cursor_is_in_history (ProcstreamCursor *self)
{
  return self->next < self->attached_at;
}

ProcstreamChunk *
procstream_chunk_log_peek_unindexed (ProcstreamChunkLog *self)
{
  self->unindexed_mark = MAX (self->unindexed_mark, self->first);
  while (self->unindexed_mark < self->head && procstream_chunk_has_line_index (procstream_log_slot_at (self, self->unindexed_mark)->chunk))
    self->unindexed_mark++;
  return procstream_chunk_log_peek (self, self->unindexed_mark);
}

gboolean
procstream_chunk_log_lacks_index (ProcstreamChunkLog *self,
                                  ProcstreamCursor   *cursor)
{
  ProcstreamChunk *chunk = procstream_chunk_log_peek (self, cursor->next);

  if (cursor->missed > 0 || cursor->skip > 0 || cursor->dropped)
    return FALSE;
  return chunk && !procstream_chunk_has_line_index (chunk);
}
