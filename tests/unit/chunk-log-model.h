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
#define MODEL_SETUP 4     /* bytes before the operations */
#define MODEL_OPERATION 2 /* bytes of each of them */

typedef struct
{
  gboolean          reliable;
  guint64           next;
  guint64           attached_at;
  guint64           there;   /* the head then */
  guint64           missed;  /* chunks that were gone when it attached from the start, until it is told */
  guint64           account; /* where in the stream it is, by what it was told */
  gboolean          finished;
  ProcstreamCursor *cursor; /* of the log */
} ModelCursor;

typedef struct
{
  ProcstreamLogOptions options;
  guint64              offsets[MODEL_MAX_CHUNKS + 1]; /* the last one is that of the head */
  guint64              head;
  guint64              first;
  guint64              dropped;
  guint64              unobserved;
  gboolean             sealed;
  gboolean             finished;
  GError              *error; /* owned by the log */
  ModelCursor          cursors[MODEL_MAX_CURSORS];
  guint                n_cursors;
  ProcstreamChunkLog  *log;
  char                *failure;
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

/* Each byte that is let go while some lossy cursor had it still before it. */
static inline void
model_count_dropped (Model  *self,
                     guint64 first)
{
  for (guint64 n = self->first; n < first; n++)
    {
      gboolean missed = FALSE;

      for (guint i = 0; i < self->n_cursors; i++)
        missed |= !self->cursors[i].reliable && model_start (&self->cursors[i]) <= n;
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

      keep = MIN (keep, cursor->reliable ? cursor->next : MAX (model_start (cursor), live));
    }
  keep = MAX (self->first, MIN (keep, self->head));
  model_count_dropped (self, keep);
  self->first = keep;
}

/* Whether some reliable cursor has this much to read that is not history. */
static inline gboolean
model_is_behind (Model  *self,
                 guint64 chunks,
                 guint64 bytes)
{
  for (guint i = 0; i < self->n_cursors; i++)
    {
      guint64 start = model_start (&self->cursors[i]);

      if (self->cursors[i].reliable &&
          (self->head - start >= chunks || model_size (self, start, self->head) >= bytes))
        return TRUE;
    }
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

/* Byte @offset of every stream. */
static inline guint8
model_byte (guint64 offset)
{
  return offset * 7 + 1;
}

static inline void
model_expect_chunk (Model           *self,
                    ProcstreamChunk *chunk,
                    guint64          sequence)
{
  guint64       offset = self->offsets[sequence];
  const guint8 *before;
  gsize         n_before;

  if (chunk == NULL)
    {
      model_expect (self, "a chunk that is there", FALSE, TRUE);
      return;
    }
  model_expect (self, "sequence", chunk->sequence, sequence);
  model_expect (self, "offset", chunk->offset, offset);
  model_expect (self, "size", chunk->size, model_size (self, sequence, sequence + 1));
  for (guint i = 0; i < chunk->size; i++)
    model_expect (self, "a byte", chunk->data[i], model_byte (offset + i));
  before = procstream_chunk_get_before (chunk, &n_before);
  model_expect (self, "how many bytes before are known", n_before, MIN (offset, PROCSTREAM_LINE_RULE_MAX_SIZE));
  for (gsize i = 0; i < n_before; i++)
    model_expect (self, "a byte before", before[i], model_byte (offset - n_before + i));
}

static inline void
model_compare_cursor (Model       *self,
                      ModelCursor *cursor)
{
  gboolean has_next = cursor->missed > 0 || cursor->next < self->head || (self->finished && !cursor->finished);

  model_expect (self, "has_next", procstream_chunk_log_has_next (self->log, cursor->cursor), has_next);
  model_expect (self, "is_in_history", procstream_cursor_is_in_history (cursor->cursor), cursor->next < cursor->attached_at);
  model_expect (self, "is_at_newest", procstream_chunk_log_is_at_newest (self->log, cursor->cursor),
                cursor->missed == 0 && cursor->next + 1 == self->head);
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
    model_expect_chunk (self, procstream_chunk_log_peek (log, n), n);
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

      promised |= cursor->reliable && cursor->next < cursor->there;
      model_expect (self, "what a cursor was told of", cursor->account, self->offsets[cursor->next]);
      if (cursor->reliable)
        model_expect (self, "what a reliable cursor has to read is kept", cursor->next >= self->first, TRUE);
    }
  if (replays || promised)
    return;
  /* One live window, and the last chunk may be larger than that. */
  if (self->head > self->first)
    least_offset = self->offsets[self->head - 1];
  model_expect (self, "no more than a window of chunks", self->head - self->first <= self->options.max_chunks, TRUE);
  model_expect (self, "no more than a window of bytes",
                self->head == self->first || least_offset - self->offsets[self->first] <= self->options.max_bytes, TRUE);
  model_expect (self, "nothing for nobody", self->n_cursors > 0 || self->first == self->head, TRUE);
}

/* --- Operations --------------------------------------------------------------------------------------------------------------- */

static inline void
model_append (Model *self,
              guint  size)
{
  guint8  bytes[16];
  guint64 offset = self->offsets[self->head];

  g_assert (size <= sizeof bytes);
  if (self->finished || self->head == MODEL_MAX_CHUNKS || model_is_behind (self, self->options.max_chunks, self->options.max_bytes))
    return;
  for (guint i = 0; i < size; i++)
    bytes[i] = model_byte (offset + i);
  self->offsets[++self->head] = offset + size;
  if (self->n_cursors == 0 && (self->sealed || self->options.replay == PROCSTREAM_REPLAY_NONE))
    self->unobserved += size;
  model_trim (self);
  procstream_chunk_log_append (self->log, procstream_chunk_new_copy (bytes, size, 0));
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
  cursor->there = self->head;
  cursor->account = self->offsets[cursor->next];
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
      model_expect_chunk (self, event.chunk, was);
      cursor->account += event.chunk ? event.chunk->size : 0;
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
  if (cursor->missed > 0 || cursor->next + 1 != self->head)
    {
      model_next (self, cursor);
      return;
    }
  procstream_chunk_log_skip_newest (self->log, cursor->cursor);
  cursor->account += model_size (self, cursor->next, self->head);
  cursor->next++;
  model_trim (self);
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
    model_append (self, 1 + how % 12);
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
  else if (what < 42 && cursor)
    model_skip (self, cursor);
  else if (cursor)
    model_next (self, cursor);
}

/* Runs a history: NULL when log and model agree to the end, else where and how they differ. */
static inline char *
chunk_log_history_run (const guint8 *history,
                       gsize         size)
{
  static const ProcstreamReplay replays[] = { PROCSTREAM_REPLAY_NONE, PROCSTREAM_REPLAY_LAST_CHUNKS, PROCSTREAM_REPLAY_LAST_BYTES,
                                              PROCSTREAM_REPLAY_ALL };
  g_autofree Model             *self = g_new0 (Model, 1);
  char                         *failure;

  if (size < MODEL_SETUP)
    return NULL;
  self->options.replay = replays[history[0] % G_N_ELEMENTS (replays)];
  self->options.replay_limit = 1 + history[1] % 20;
  self->options.max_chunks = 1 + history[2] % 6;
  self->options.max_bytes = 1 + history[3] % 40;
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
