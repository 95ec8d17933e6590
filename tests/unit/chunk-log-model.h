/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include "procstream-chunk-log-private.h"

/*
 * What the chunk log promises, written down as simply as can be: every question is answered by counting from the beginning. A history
 * is a string of bytes that is read as operations; it is run on this model and on the log side by side, and after each
 * operation everything that can be asked is compared. Any string is a valid history, so a fuzzer may invent them, and one that
 * fails can be shortened by leaving operations out.
 */

#define MODEL_MAX_CHUNKS 512
#define MODEL_MAX_CURSORS 12
#define MODEL_SETUP 5     /* bytes before the operations */
#define MODEL_OPERATION 2 /* bytes of each of them */
#define MODEL_CUSTOM "\n\r\nefg"

typedef struct
{
  gboolean          reliable;
  guint64           next;
  guint64           attached_at;
  guint64           there;   /* the head then */
  guint64           missed;  /* chunks that were gone when it attached from the start, until it is told */
  guint64           skip;    /* bytes of the next chunk that replay had let go */
  guint64           account; /* where in the stream it is, by what it was told */
  gboolean          finished;
  const GError     *dropped;     /* owned by the log */
  guint64           lost_chunks; /* by that */
  guint64           lost_bytes;
  gboolean          told;   /* of it */
  ProcstreamCursor *cursor; /* of the log */
} ModelCursor;

typedef struct
{
  ProcstreamLogOptions    options;
  ProcstreamLineSeparator separator;
  guint64                 offsets[MODEL_MAX_CHUNKS + 1]; /* the last one is that of the head */
  gint64                  times[MODEL_MAX_CHUNKS];
  gint64                  now;
  guint64                 head;
  guint64                 first;
  guint64                 dropped;
  guint64                 unobserved;
  gboolean                sealed;
  gboolean                finished;
  GError                 *error; /* owned by the log */
  ModelCursor             cursors[MODEL_MAX_CURSORS];
  guint                   n_cursors;
  ProcstreamChunkLog     *log;
  char                   *failure;
} Model;

static inline guint64
model_size (Model  *self,
            guint64 from,
            guint64 to)
{
  return self->offsets[to] - self->offsets[from];
}

static inline guint64
model_start (const ModelCursor *cursor)
{
  return MAX (cursor->next, cursor->attached_at);
}

/* Byte @offset of every stream: lines of many lengths, with both separators and halves of them. */
static inline guint8
model_byte (guint64 offset)
{
  static const char text[] = "a\nbcd\r\n\n\r\nefghijklmnopqrstuvwxyz0\r1\n\rABCDEFGHIJKLMNOPQRSTUVWXYZ\n.\r\n";

  return text[offset % (sizeof text - 1)];
}

/* Whether @text is what stands before @offset. */
static inline gboolean
model_follows (guint64     offset,
               const char *text)
{
  const gsize size = strlen (text);

  for (gsize i = 0; i < size; i++)
    if (offset < size || model_byte (offset - size + i) != (guint8) text[i])
      return FALSE;
  return TRUE;
}

static inline gboolean
model_begins_line (Model  *self,
                   guint64 offset)
{
  if (offset == 0)
    return TRUE;
  switch (self->separator)
    {
    case PROCSTREAM_LINE_SEPARATOR_CRLF:
      return model_follows (offset, "\r\n");
    case PROCSTREAM_LINE_SEPARATOR_CUSTOM:
      return model_follows (offset, MODEL_CUSTOM);
    case PROCSTREAM_LINE_SEPARATOR_ANY:
      return model_follows (offset, "\n") || (model_follows (offset, "\r") && model_byte (offset) != '\n');
    default:
      return model_follows (offset, "\n");
    }
}

/* The first byte of the last lines. */
static inline guint64
model_lines_start (Model *self)
{
  guint64 n = 0;

  for (guint64 offset = self->offsets[self->head]; offset > 0; offset--)
    if (model_begins_line (self, offset - 1) && ++n == self->options.replay_limit)
      return offset - 1;
  return 0;
}

/* The first byte of what is young. */
static inline guint64
model_young_start (Model *self)
{
  guint64 n = 0;

  while (n < self->head && self->now - self->times[n] >= (gint64) self->options.replay_limit * 1000)
    n++;
  return self->offsets[n];
}

/* Where the last lines, or milliseconds, begin that do not take too much. */
static inline guint64
model_bounded_start (Model *self)
{
  const gboolean lines = self->options.replay == PROCSTREAM_REPLAY_LAST_LINES;
  const guint64  size = self->offsets[self->head];
  const guint64  start = lines ? model_lines_start (self) : model_young_start (self);
  const guint64  least = MAX (start, size - MIN (size, self->options.max_replay_bytes));

  for (guint64 offset = least; lines && offset < size; offset++)
    if (model_begins_line (self, offset))
      return offset;
  return least;
}

static inline gboolean
model_is_bounded (Model *self)
{
  return self->options.replay == PROCSTREAM_REPLAY_LAST_LINES || self->options.replay == PROCSTREAM_REPLAY_LAST_MS;
}

static inline guint64
model_replay_floor (Model *self)
{
  guint64 n = self->head;

  if (self->sealed || self->options.replay == PROCSTREAM_REPLAY_NONE)
    return self->head;
  if (self->options.replay == PROCSTREAM_REPLAY_ALL)
    return 0;
  if (self->options.replay == PROCSTREAM_REPLAY_LAST_CHUNKS)
    return MAX (self->first, self->head - MIN (self->head, self->options.replay_limit));
  if (model_is_bounded (self))
    {
      while (n > 0 && (n == self->head || self->offsets[n] > model_bounded_start (self)))
        n--;
      return model_bounded_start (self) == self->offsets[self->head] ? self->head : n;
    }
  while (n > self->first && model_size (self, n, self->head) < self->options.replay_limit)
    n--;
  return n;
}

static inline guint64
model_live_floor (Model *self)
{
  guint64 n = self->head;

  while (n > self->first &&
         (n == self->head || (self->head - (n - 1) <= self->options.max_chunks &&
                              model_size (self, n - 1, self->head) <= self->options.max_bytes)))
    n--;
  return n;
}

static inline gboolean
model_counts (const ModelCursor *cursor)
{
  return cursor->dropped == NULL;
}

static inline guint
model_count_cursors (Model *self)
{
  guint n = 0;

  for (guint i = 0; i < self->n_cursors; i++)
    n += model_counts (&self->cursors[i]);
  return n;
}

/* Each byte that is let go while some lossy cursor had it still before it. */
static inline void
model_count_dropped (Model  *self,
                     guint64 first)
{
  for (guint64 n = self->first; n < first; n++)
    {
      gboolean missed = FALSE;

      for (guint i = 0; i < self->n_cursors; i++)
        missed |= model_counts (&self->cursors[i]) && !self->cursors[i].reliable && model_start (&self->cursors[i]) <= n;
      self->dropped += missed ? model_size (self, n, n + 1) : 0;
    }
}

static inline void
model_trim (Model *self)
{
  guint64 keep = model_replay_floor (self);
  guint64 live = model_live_floor (self);

  for (guint i = 0; i < self->n_cursors; i++)
    {
      ModelCursor *cursor = &self->cursors[i];

      if (model_counts (cursor))
        keep = MIN (keep, cursor->reliable ? cursor->next : MAX (model_start (cursor), live));
    }
  keep = MAX (self->first, MIN (keep, self->head));
  model_count_dropped (self, keep);
  self->first = keep;
}

/* Whether a reliable cursor has this much to read that is not history. */
static inline gboolean
model_cursor_is_behind (Model       *self,
                        ModelCursor *cursor,
                        guint64      chunks,
                        guint64      bytes)
{
  guint64 start = model_start (cursor);

  return model_counts (cursor) && cursor->reliable && (self->head - start >= chunks || model_size (self, start, self->head) >= bytes);
}

static inline gboolean
model_is_behind (Model  *self,
                 guint64 chunks,
                 guint64 bytes)
{
  for (guint i = 0; i < self->n_cursors; i++)
    if (model_cursor_is_behind (self, &self->cursors[i], chunks, bytes))
      return TRUE;
  return FALSE;
}

/* --- Comparing ---------------------------------------------------------------------------------------------------------------- */

static inline void
model_expect (Model      *self,
              const char *what,
              guint64     is,
              guint64     expected)
{
  if (is != expected && self->failure == NULL)
    self->failure = g_strdup_printf ("%s is %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, what, is, expected);
}

static inline void
model_expect_chunk (Model           *self,
                    ProcstreamChunk *chunk,
                    guint64          sequence,
                    guint64          skip)
{
  guint64       offset = self->offsets[sequence] + skip;
  const guint8 *before;
  gsize         n_before;

  if (chunk == NULL)
    {
      model_expect (self, "a chunk that is there", FALSE, TRUE);
      return;
    }
  model_expect (self, "sequence", chunk->sequence, sequence);
  model_expect (self, "offset", chunk->offset, offset);
  model_expect (self, "size", chunk->size, model_size (self, sequence, sequence + 1) - skip);
  model_expect (self, "time", chunk->time_us, self->times[sequence]);
  for (guint i = 0; i < chunk->size; i++)
    model_expect (self, "a byte", chunk->data[i], model_byte (offset + i));
  before = procstream_chunk_get_before (chunk, &n_before);
  model_expect (self, "how many bytes before are known", n_before, MIN (offset, PROCSTREAM_LINE_RULE_MAX_SIZE));
  for (gsize i = 0; i < n_before; i++)
    model_expect (self, "a byte before", before[i], model_byte (offset - n_before + i));
}

/* Chunks that were lost are not something to read. */
static inline void
model_compare_lag (Model       *self,
                   ModelCursor *cursor)
{
  guint64       next = cursor->next < cursor->attached_at ? cursor->next : MAX (cursor->next, self->first);
  guint64       skip = next == cursor->next ? cursor->skip : 0;
  gboolean      none = cursor->dropped || next == self->head;
  ProcstreamLag lag;

  procstream_chunk_log_get_lag (self->log, cursor->cursor, &lag);
  model_expect (self, "the lag in chunks", lag.chunks, none ? 0 : self->head - next);
  model_expect (self, "the lag in bytes", lag.bytes, none ? 0 : model_size (self, next, self->head) - skip);
  model_expect (self, "the time of the oldest unread chunk", lag.oldest_us, none ? 0 : self->times[next]);
}

static inline void
model_compare_cursor (Model       *self,
                      ModelCursor *cursor)
{
  gboolean has_next = cursor->missed > 0 || cursor->next < self->head || (self->finished && !cursor->finished);

  if (cursor->dropped)
    has_next = !cursor->finished;
  model_expect (self, "has_next", procstream_chunk_log_has_next (self->log, cursor->cursor), has_next);
  model_expect (self, "is_in_history", procstream_cursor_is_in_history (cursor->cursor), cursor->next < cursor->attached_at);
  model_expect (self, "is_at_newest", procstream_chunk_log_is_at_newest (self->log, cursor->cursor),
                !cursor->dropped && cursor->missed == 0 && cursor->skip == 0 && cursor->next + 1 == self->head);
  model_expect (self, "holds_up", procstream_chunk_log_holds_up (self->log, cursor->cursor),
                model_cursor_is_behind (self, cursor, self->options.max_chunks / 2 + 1, self->options.max_bytes / 2 + 1));
  model_compare_lag (self, cursor);
}

static inline void
model_compare (Model *self)
{
  ProcstreamChunkLog *log = self->log;

  model_expect (self, "first", procstream_chunk_log_get_first (log), self->first);
  model_expect (self, "head", procstream_chunk_log_get_head (log), self->head);
  model_expect (self, "bytes_appended", procstream_chunk_log_get_bytes_appended (log), self->offsets[self->head]);
  model_expect (self, "bytes_retained", procstream_chunk_log_get_bytes_retained (log), model_size (self, self->first, self->head));
  model_expect (self, "bytes_dropped", procstream_chunk_log_get_bytes_dropped (log), self->dropped);
  model_expect (self, "bytes_unobserved", procstream_chunk_log_get_bytes_unobserved (log), self->unobserved);
  model_expect (self, "is_sealed", procstream_chunk_log_is_sealed (log), self->sealed);
  model_expect (self, "is_finished", procstream_chunk_log_is_finished (log), self->finished);
  model_expect (self, "the error", procstream_chunk_log_get_error (log) == self->error, TRUE);
  model_expect (self, "must_pause", procstream_chunk_log_must_pause (log),
                model_is_behind (self, self->options.max_chunks, self->options.max_bytes));
  model_expect (self, "may_resume", procstream_chunk_log_may_resume (log),
                !model_is_behind (self, self->options.max_chunks / 2 + 1, self->options.max_bytes / 2 + 1));
  if (self->first > 0)
    model_expect (self, "a chunk that was let go", procstream_chunk_log_peek (log, self->first - 1) == NULL, TRUE);
  for (guint64 n = self->first; n < self->head && self->failure == NULL; n++)
    model_expect_chunk (self, procstream_chunk_log_peek (log, n), n, 0);
  model_expect (self, "a chunk to come", procstream_chunk_log_peek (log, self->head) == NULL, TRUE);
  for (guint i = 0; i < self->n_cursors; i++)
    model_compare_cursor (self, &self->cursors[i]);
}

/* What follows from the rules, whatever they are in detail; it would show a mistake that the model shares with the log. */
static inline void
model_check_laws (Model *self)
{
  gboolean replays = self->options.replay != PROCSTREAM_REPLAY_NONE && !self->sealed;
  gboolean promised = FALSE;
  guint64  least_offset = 0;

  for (guint i = 0; i < self->n_cursors; i++)
    {
      const ModelCursor *cursor = &self->cursors[i];

      if (!model_counts (cursor))
        continue;
      promised |= cursor->reliable && cursor->next < cursor->there;
      model_expect (self, "what a cursor was told of", cursor->account, self->offsets[cursor->next] + cursor->skip);
      if (cursor->reliable)
        model_expect (self, "what a reliable cursor has to read is kept", cursor->next >= self->first, TRUE);
    }
  if (model_count_cursors (self) == 0 && model_is_bounded (self) && self->first < self->head)
    model_expect (self, "no more than is replayed, and a part of a chunk",
                  model_size (self, self->first + 1, self->head) < self->options.max_replay_bytes, TRUE);
  if (replays || promised)
    return;
  /* One live window, and the last chunk may be larger than that. */
  if (self->head > self->first)
    least_offset = self->offsets[self->head - 1];
  model_expect (self, "no more than a window of chunks", self->head - self->first <= self->options.max_chunks, TRUE);
  model_expect (self, "no more than a window of bytes",
                self->head == self->first || least_offset - self->offsets[self->first] <= self->options.max_bytes, TRUE);
  model_expect (self, "nothing for nobody", model_count_cursors (self) > 0 || self->first == self->head, TRUE);
}

/* --- Operations --------------------------------------------------------------------------------------------------------------- */

static inline void
model_append (Model *self,
              guint  size,
              gint64 later_us)
{
  guint8  bytes[16];
  guint64 offset = self->offsets[self->head];

  g_assert (size <= sizeof bytes);
  if (self->finished || self->head == MODEL_MAX_CHUNKS || model_is_behind (self, self->options.max_chunks, self->options.max_bytes))
    return;
  for (guint i = 0; i < size; i++)
    bytes[i] = model_byte (offset + i);
  self->now += later_us;
  self->times[self->head] = self->now;
  self->offsets[++self->head] = offset + size;
  if (model_count_cursors (self) == 0 && (self->sealed || self->options.replay == PROCSTREAM_REPLAY_NONE))
    self->unobserved += size;
  model_trim (self);
  procstream_chunk_log_append (self->log, procstream_chunk_new_copy (bytes, size, self->now));
}

typedef enum
{
  MODEL_ATTACH,
  MODEL_ATTACH_LIVE,
  MODEL_ATTACH_AT_START,
} ModelAttach;

static inline void
model_attach (Model      *self,
              gboolean    reliable,
              ModelAttach how)
{
  const ProcstreamDelivery delivery = reliable ? PROCSTREAM_DELIVERY_RELIABLE : PROCSTREAM_DELIVERY_LOSSY;
  ModelCursor             *cursor = &self->cursors[self->n_cursors];

  if (self->n_cursors == MODEL_MAX_CURSORS)
    return;
  memset (cursor, 0, sizeof *cursor);
  cursor->reliable = reliable;
  cursor->attached_at = self->head;
  if (how == MODEL_ATTACH_AT_START)
    {
      cursor->next = cursor->attached_at = reliable ? self->first : 0;
      cursor->missed = reliable ? self->first : 0;
    }
  else
    cursor->next = how == MODEL_ATTACH_LIVE ? self->head : MIN (self->head, MAX (self->first, model_replay_floor (self)));
  if (how == MODEL_ATTACH && model_is_bounded (self) && cursor->next < self->head)
    cursor->skip = model_bounded_start (self) - self->offsets[cursor->next];
  cursor->there = self->head;
  cursor->account = self->offsets[cursor->next] + cursor->skip;
  self->n_cursors++;
  if (how == MODEL_ATTACH_AT_START)
    cursor->cursor = procstream_chunk_log_attach_at_start (self->log, delivery);
  else
    cursor->cursor = procstream_chunk_log_attach (self->log, delivery, how == MODEL_ATTACH_LIVE);
}

static inline void
model_detach (Model *self,
              guint  i)
{
  ProcstreamCursor *cursor = self->cursors[i].cursor;

  self->cursors[i] = self->cursors[--self->n_cursors];
  model_trim (self);
  procstream_chunk_log_detach (self->log, cursor);
}

/* It held the others up. */
static inline void
model_drop (Model       *self,
            ModelCursor *cursor)
{
  if (cursor->dropped)
    return;
  cursor->dropped = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "It took too long");
  cursor->lost_chunks = self->head - cursor->next + cursor->missed;
  cursor->lost_bytes = self->offsets[self->head] - (cursor->missed > 0 ? 0 : cursor->account);
  cursor->attached_at = cursor->next;
  cursor->missed = 0;
  cursor->finished = FALSE;
  model_trim (self);
  procstream_chunk_log_drop (self->log, cursor->cursor, (GError *) cursor->dropped);
}

/* All that it had not read, and then the end, whatever happens to the others. */
static inline void
model_next_dropped (Model       *self,
                    ModelCursor *cursor)
{
  ProcstreamLogEvent     event = { 0 };
  ProcstreamLogEventType type = procstream_chunk_log_next (self->log, cursor->cursor, &event);

  if (!cursor->told && cursor->lost_chunks > 0)
    {
      model_expect (self, "a gap of what it lost", type, PROCSTREAM_LOG_EVENT_GAP);
      model_expect (self, "chunks that it lost", event.chunks, cursor->lost_chunks);
      model_expect (self, "bytes that it lost", event.bytes, cursor->lost_bytes);
      cursor->told = TRUE;
    }
  else if (!cursor->finished)
    {
      model_expect (self, "its own end", type, PROCSTREAM_LOG_EVENT_END);
      model_expect (self, "its own error", event.error == cursor->dropped, TRUE);
      cursor->finished = TRUE;
    }
  else
    {
      model_expect (self, "nothing after its end", type, PROCSTREAM_LOG_EVENT_NOTHING);
    }
}

static inline void
model_next (Model       *self,
            ModelCursor *cursor)
{
  ProcstreamLogEvent     event = { 0 };
  guint64                was = cursor->next;
  ProcstreamLogEventType type = procstream_chunk_log_next (self->log, cursor->cursor, &event);

  model_expect (self, "the event returned", event.type, type);
  if (cursor->missed > 0)
    {
      model_expect (self, "a gap of what went before", type, PROCSTREAM_LOG_EVENT_GAP);
      model_expect (self, "chunks that went before", event.chunks, cursor->missed);
      model_expect (self, "bytes that went before", event.bytes, self->offsets[cursor->missed]);
      cursor->missed = 0;
    }
  else if (cursor->attached_at <= was && was < self->first)
    {
      model_expect (self, "a gap", type, PROCSTREAM_LOG_EVENT_GAP);
      model_expect (self, "a gap of a lossy cursor", cursor->reliable, FALSE);
      model_expect (self, "chunks of a gap", event.chunks, self->first - was);
      model_expect (self, "bytes of a gap", event.bytes, model_size (self, was, self->first));
      cursor->account += event.bytes;
      cursor->next = self->first;
    }
  else if (was < self->head)
    {
      model_expect (self, "a chunk", type, PROCSTREAM_LOG_EVENT_CHUNK);
      model_expect_chunk (self, event.chunk, was, cursor->skip);
      cursor->account += event.chunk ? event.chunk->size : 0;
      cursor->skip = 0;
      cursor->next++;
    }
  else if (self->finished && !cursor->finished)
    {
      model_expect (self, "the end", type, PROCSTREAM_LOG_EVENT_END);
      model_expect (self, "the error of the end", event.error == self->error, TRUE);
      cursor->finished = TRUE;
    }
  else
    {
      model_expect (self, "nothing", type, PROCSTREAM_LOG_EVENT_NOTHING);
    }
  g_clear_pointer (&event.chunk, procstream_chunk_unref);
  model_trim (self);
}

/* What a subscriber that keeps up does. */
static inline void
model_skip (Model       *self,
            ModelCursor *cursor)
{
  if (cursor->missed > 0 || cursor->skip > 0 || cursor->next + 1 != self->head)
    {
      model_next (self, cursor);
      return;
    }
  procstream_chunk_log_skip_newest (self->log, cursor->cursor);
  cursor->account += model_size (self, cursor->next, self->head);
  cursor->next++;
  model_trim (self);
}

/* Up to three times what the largest limit keeps; now and then into the past, which is ignored. */
static inline void
model_set_time (Model *self,
                guint8 how)
{
  const gint64 now = self->now + (how % 16 == 0 ? -500 : how * 250);

  self->now = MAX (self->now, now);
  if (self->options.replay == PROCSTREAM_REPLAY_LAST_MS)
    model_trim (self);
  procstream_chunk_log_set_time (self->log, now);
}

static inline void
model_finish (Model   *self,
              gboolean with_error)
{
  if (self->finished)
    return;
  self->finished = TRUE;
  self->error = with_error ? g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "It broke") : NULL;
  procstream_chunk_log_finish (self->log, self->error);
}

static inline void
model_operate (Model *self,
               guint8 what,
               guint8 how)
{
  ModelCursor *cursor = self->n_cursors > 0 ? &self->cursors[how % self->n_cursors] : NULL;

  what %= 64;
  if (what < 24)
    model_append (self, 1 + how % 12, how / 12 % 4 * 200);
  else if (what < 30)
    model_attach (self, how & 1, (how & 6) == 2 ? MODEL_ATTACH_LIVE : (how & 30) == 4 ? MODEL_ATTACH_AT_START
                                                                                      : MODEL_ATTACH);
  else if (what < 33 && cursor)
    model_detach (self, how % self->n_cursors);
  else if (what == 33 && how % 4 == 0)
    {
      self->sealed = TRUE;
      model_trim (self);
      procstream_chunk_log_seal (self->log);
    }
  else if (what == 34 && how % 4 == 0)
    model_finish (self, how & 4);
  else if (what == 35 && how % 2 == 0 && cursor)
    model_drop (self, cursor);
  else if (what > 38 && cursor && cursor->dropped)
    model_next_dropped (self, cursor);
  else if (what < 39)
    model_set_time (self, how);
  else if (what < 44 && cursor)
    model_skip (self, cursor);
  else if (cursor)
    model_next (self, cursor);
}

static inline void
model_set_separator (Model                  *self,
                     ProcstreamLineSeparator separator)
{
  ProcstreamLineOptions lines = { .separator = separator, .custom_size = strlen (MODEL_CUSTOM) };

  memcpy (lines.custom, MODEL_CUSTOM, lines.custom_size);
  procstream_line_rule_init (&self->options.rule, &lines);
  self->separator = separator;
}

/* Runs a history: NULL when log and model agree to the end, else where and how they differ. */
static inline char *
chunk_log_history_run (const guint8 *history,
                       gsize         size)
{
  static const ProcstreamReplay        replays[] = { PROCSTREAM_REPLAY_NONE, PROCSTREAM_REPLAY_LAST_CHUNKS, PROCSTREAM_REPLAY_LAST_BYTES,
                                                     PROCSTREAM_REPLAY_ALL, PROCSTREAM_REPLAY_LAST_LINES, PROCSTREAM_REPLAY_LAST_MS };
  static const ProcstreamLineSeparator separators[] = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, PROCSTREAM_LINE_SEPARATOR_CRLF,
                                                        PROCSTREAM_LINE_SEPARATOR_ANY, PROCSTREAM_LINE_SEPARATOR_CUSTOM };
  g_autofree Model                    *self = g_new0 (Model, 1);
  char                                *failure;

  if (size < MODEL_SETUP)
    return NULL;
  self->options.replay = replays[history[0] % G_N_ELEMENTS (replays)];
  self->options.replay_limit = 1 + history[1] % 20;
  self->options.max_chunks = 1 + history[2] % 6;
  self->options.max_bytes = 1 + history[3] % 40;
  model_set_separator (self, separators[history[4] % 4]);
  self->options.max_replay_bytes = 1 + 2 * (history[4] / 4);
  self->log = procstream_chunk_log_new (&self->options);
  for (gsize i = MODEL_SETUP; i + MODEL_OPERATION <= size && self->failure == NULL; i += MODEL_OPERATION)
    {
      model_operate (self, history[i], history[i + 1]);
      model_compare (self);
      model_check_laws (self);
      if (self->failure)
        {
          g_autofree char *what = g_steal_pointer (&self->failure);

          self->failure = g_strdup_printf ("after operation %" G_GSIZE_FORMAT ": %s", (i - MODEL_SETUP) / MODEL_OPERATION, what);
        }
    }
  while (self->n_cursors > 0)
    procstream_chunk_log_detach (self->log, self->cursors[--self->n_cursors].cursor);
  procstream_chunk_log_free (self->log);
  failure = g_steal_pointer (&self->failure);
  return failure;
}
