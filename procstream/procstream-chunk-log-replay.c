/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-chunk-log-record-private.h"

/*
 * Where replay begins is a byte: replay_skip bytes of chunk replay_mark, which is kept whole, are left out. With replay of lines that is where
 * the oldest of them begins, or else, when they take more than max_replay_bytes, the first one that begins within so many
 * of the newest bytes; only where none does it is in the middle of a line. replay_lines counts the lines that begin there or later,
 * rest_lines those of them that begin in chunk replay_mark, and each slot has the number of its own, so that moving on looks at every byte a
 * constant number of times.
 */

static void
leave_replay_mark (ProcstreamChunkLog *self)
{
  self->replay_lines -= self->rest_lines;
  self->replay_mark++;
  self->replay_skip = 0;
  self->rest_lines = self->replay_mark < self->head ? procstream_log_slot_at (self, self->replay_mark)->lines : 0;
}

/* Forward within chunk replay_mark. */
static void
skip_to (ProcstreamChunkLog *self,
         gsize               skip)
{
  if (self->rest_lines > 0)
    {
      guint32 passed = procstream_chunk_count_lines (procstream_log_slot_at (self, self->replay_mark)->chunk, &self->options.rule,
                                                     self->replay_skip, skip);

      self->rest_lines -= passed;
      self->replay_lines -= passed;
    }
  self->replay_skip = skip;
}

/* To the first line that begins at or after where it stands. */
static void
skip_to_line (ProcstreamChunkLog *self)
{
  ProcstreamChunk *chunk;

  while (self->rest_lines == 0)
    leave_replay_mark (self);
  chunk = procstream_log_slot_at (self, self->replay_mark)->chunk;
  self->replay_skip = procstream_chunk_find_line (chunk, &self->options.rule, self->replay_skip, chunk->size);
}

static void
limit_lines (ProcstreamChunkLog *self)
{
  while (self->replay_lines > self->options.replay_limit)
    {
      if (self->replay_lines - self->rest_lines >= self->options.replay_limit)
        {
          leave_replay_mark (self);
          continue;
        }
      skip_to_line (self);
      self->replay_skip++;
      self->rest_lines--;
      self->replay_lines--;
    }
}

static gboolean
is_old (ProcstreamChunkLog    *self,
        const ProcstreamChunk *chunk)
{
  return self->now_us - chunk->time_us >= 0 && (guint64) (self->now_us - chunk->time_us) / 1000 >= self->options.replay_limit;
}

static void
limit_time (ProcstreamChunkLog *self)
{
  while (self->replay_mark < self->head && is_old (self, procstream_log_slot_at (self, self->replay_mark)->chunk))
    leave_replay_mark (self);
}

static void
limit_replay_bytes (ProcstreamChunkLog *self)
{
  guint64 least;

  if (self->head_offset <= self->options.max_replay_bytes)
    return;
  least = self->head_offset - self->options.max_replay_bytes;
  if (procstream_log_offset_of (self, self->replay_mark) + self->replay_skip >= least)
    return;
  while (procstream_log_offset_of (self, self->replay_mark + 1) <= least)
    leave_replay_mark (self);
  skip_to (self, least - procstream_log_offset_of (self, self->replay_mark));
}

/* Bytes are a floor: whole chunks that together have at least so many. */
static void
limit_bytes (ProcstreamChunkLog *self)
{
  while (self->replay_mark < self->head && procstream_log_size_from (self, self->replay_mark + 1) >= self->options.replay_limit)
    self->replay_mark++;
}

guint64
procstream_log_get_replay_floor (ProcstreamChunkLog *self)
{
  if (!procstream_log_has_replay (self))
    return self->head;
  self->replay_mark = MAX (self->replay_mark, self->first);
  switch (self->options.replay)
    {
    case PROCSTREAM_REPLAY_LAST_CHUNKS:
      return MAX (self->first, self->head - MIN (self->head, self->options.replay_limit));
    case PROCSTREAM_REPLAY_LAST_BYTES:
      limit_bytes (self);
      return self->replay_mark;
    case PROCSTREAM_REPLAY_LAST_LINES:
      limit_lines (self);
      limit_replay_bytes (self);
      if (self->replay_lines > 0)
        skip_to_line (self);
      return self->replay_mark;
    case PROCSTREAM_REPLAY_LAST_MS:
      limit_time (self);
      limit_replay_bytes (self);
      return self->replay_mark;
    default:
      return self->first;
    }
}

void
procstream_log_count_lines (ProcstreamChunkLog *self)
{
  ProcstreamLogSlot *slot = procstream_log_slot_at (self, self->head);

  slot->lines = procstream_chunk_count_lines (slot->chunk, &self->options.rule, 0, slot->chunk->size);
  self->replay_lines += slot->lines;
  if (self->replay_mark == self->head)
    self->rest_lines = slot->lines;
}
