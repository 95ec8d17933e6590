/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-cursor-private.h"

/*
 * After a gap, and where a subscriber attaches in the middle of a stream, only the next chunk can tell whether a line begins with
 * it. So torn is remembered until there is one: whenever it is TRUE, nothing of that stream has been pushed since.
 *
 * A gap in a merged output need not be one in both of its streams. Which of them misses something shows with its next chunk too: if that
 * stands where the stream stopped, nothing is missing. Should none come any more, it is not known, and what was not yet cut counts as torn.
 */

void
procstream_line_cursor_init (ProcstreamLineCursor        *self,
                             const ProcstreamLineOptions *options)
{
  *self = (ProcstreamLineCursor){ .options = *options, .is_init = TRUE };
}

void
procstream_line_cursor_clear (ProcstreamLineCursor *self)
{
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    {
      g_clear_pointer (&self->lanes[i].splitter, procstream_line_splitter_free);
      g_clear_pointer (&self->lanes[i].filter, procstream_line_filter_free);
      g_clear_pointer (&self->lanes[i].trace, procstream_line_trace_free);
    }
  self->is_init = FALSE;
}

gboolean
procstream_line_cursor_is_init (ProcstreamLineCursor *self)
{
  return self->is_init;
}

void
procstream_line_cursor_gap (ProcstreamLineCursor *self)
{
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    self->lanes[i].torn = TRUE;
}

guint
procstream_line_cursor_get_lane (ProcstreamChunk *chunk)
{
  return chunk->stream == PROCSTREAM_STREAM_STDERR;
}

static ProcstreamLineLane *
get_lane (ProcstreamLineCursor *self,
          ProcstreamChunk      *chunk)
{
  ProcstreamLineLane *lane = &self->lanes[procstream_line_cursor_get_lane (chunk)];

  if (lane->splitter == NULL)
    {
      lane->splitter = procstream_line_splitter_new (&self->options);
      lane->filter = procstream_line_filter_new (&self->options);
      if (self->searches)
        procstream_line_splitter_keep_torn (lane->splitter);
      if (self->searches && lane->filter)
        lane->trace = procstream_line_trace_new (&self->options);
      lane->torn = TRUE;
      lane->next = G_MAXUINT64;
    }
  self->stream = chunk->stream;
  return lane;
}

static void
follow (ProcstreamLineLane *lane,
        ProcstreamChunk    *chunk)
{
  lane->torn = FALSE;
  lane->time_us = chunk->time_us;
  lane->next = procstream_chunk_get_stream_offset (chunk) + chunk->size;
}

void
procstream_line_cursor_join (ProcstreamLineCursor *self,
                             ProcstreamChunk      *chunk)
{
  follow (get_lane (self, chunk), chunk);
}

gboolean
procstream_line_cursor_is_torn (ProcstreamLineCursor *self,
                                ProcstreamChunk      *chunk)
{
  ProcstreamLineLane *lane = get_lane (self, chunk);

  return lane->torn && procstream_chunk_get_stream_offset (chunk) != lane->next;
}

void
procstream_line_cursor_settle (ProcstreamLineCursor *self,
                               ProcstreamChunk      *chunk)
{
  ProcstreamLineLane *lane = get_lane (self, chunk);
  gsize               size;
  const guint8       *before = procstream_chunk_get_before (chunk, &size);

  if (procstream_line_cursor_is_torn (self, chunk))
    {
      if (lane->filter && size > 0)
        before = procstream_line_filter_gap (lane->filter, procstream_chunk_get_stream_offset (chunk), before, size, &size);
      if (procstream_chunk_get_stream_offset (chunk) > 0)
        procstream_line_splitter_gap_after (lane->splitter, before, size);
      else
        procstream_line_splitter_gap (lane->splitter, TRUE);
    }
  follow (lane, chunk);
}

void
procstream_line_cursor_settle_end (ProcstreamLineCursor *self,
                                   guint                 i)
{
  ProcstreamLineLane *lane = &self->lanes[i];

  if (lane->torn && lane->splitter)
    procstream_line_splitter_gap (lane->splitter, TRUE);
  lane->torn = FALSE;
}

/* What is to be cut: the chunk and its index, or, where it was filtered, what is left of it. */
static const guint8 *
get_data (ProcstreamLineLane         *lane,
          ProcstreamChunk            *chunk,
          gsize                      *size,
          const ProcstreamLineIndex **index)
{
  const guint8 *data = chunk->data;

  *size = chunk->size;
  *index = NULL;
  if (lane->filter)
    data = procstream_line_filter_push (lane->filter, chunk->data, chunk->size, size);
  if (data == chunk->data)
    *index = procstream_chunk_get_line_index (chunk, procstream_line_splitter_get_mark (lane->splitter));
  return data;
}

static void
note_place (ProcstreamLineLane *lane,
            ProcstreamChunk    *chunk)
{
  const guint64 pushed = procstream_line_splitter_get_bytes_pushed (lane->splitter);

  lane->origin = (gint64) (procstream_chunk_get_stream_offset (chunk) - pushed);
  if (lane->trace == NULL)
    return;
  procstream_line_trace_forget (lane->trace, MAX (0, procstream_line_splitter_get_unfinished_start (lane->splitter)));
  procstream_line_trace_add (lane->trace, chunk, pushed);
}

void
procstream_line_cursor_push (ProcstreamLineCursor *self,
                             ProcstreamChunk      *chunk,
                             ProcstreamLineFunc    func,
                             gpointer              user_data)
{
  ProcstreamLineLane        *lane = get_lane (self, chunk);
  const ProcstreamLineIndex *index;
  const guint8              *data;
  gsize                      size;

  procstream_line_cursor_settle (self, chunk);
  self->is_peeking = FALSE;
  if (self->searches)
    note_place (lane, chunk);
  data = get_data (lane, chunk, &size, &index);
  if (size > 0)
    procstream_line_splitter_push (lane->splitter, data, size, index, func, user_data);
}

/* What the filter held back, once. */
static const guint8 *
finish_filter (ProcstreamLineLane *lane,
               gsize              *size)
{
  *size = 0;
  return lane->filter && !lane->torn ? procstream_line_filter_finish (lane->filter, size) : NULL;
}

static void
begin_end (ProcstreamLineCursor *self,
           guint                 i)
{
  procstream_line_cursor_settle_end (self, i);
  self->lanes[i].finished = TRUE;
  if (self->stream != PROCSTREAM_STREAM_NONE)
    self->stream = i == 0 ? PROCSTREAM_STREAM_STDOUT : PROCSTREAM_STREAM_STDERR;
}

void
procstream_line_cursor_finish (ProcstreamLineCursor *self,
                               ProcstreamLineFunc    func,
                               gpointer              user_data)
{
  self->is_peeking = FALSE;
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    {
      const guint8 *data;
      gsize         size;

      if (self->lanes[i].splitter == NULL || self->lanes[i].finished)
        continue;
      data = finish_filter (&self->lanes[i], &size);
      begin_end (self, i);
      if (size > 0)
        procstream_line_splitter_push (self->lanes[i].splitter, data, size, NULL, func, user_data);
      procstream_line_splitter_finish (self->lanes[i].splitter, func, user_data);
    }
}

ProcstreamLineBatch *
procstream_line_cursor_push_batch (ProcstreamLineCursor *self,
                                   ProcstreamChunk      *chunk)
{
  ProcstreamLineLane        *lane = get_lane (self, chunk);
  const ProcstreamLineIndex *index;
  const guint8              *data;
  gsize                      size;

  procstream_line_cursor_settle (self, chunk);
  data = get_data (lane, chunk, &size, &index);
  return size > 0 ? procstream_line_splitter_push_batch (lane->splitter, data, size, index) : NULL;
}

ProcstreamLineBatch *
procstream_line_cursor_finish_batch (ProcstreamLineCursor *self)
{
  ProcstreamLineBatch *batch = NULL;

  for (guint i = 0; batch == NULL && i < PROCSTREAM_N_LANES; i++)
    {
      const guint8 *data;
      gsize         size;

      if (self->lanes[i].splitter == NULL || self->lanes[i].finished)
        continue;
      data = finish_filter (&self->lanes[i], &size);
      if (size > 0 && (batch = procstream_line_splitter_push_batch (self->lanes[i].splitter, data, size, NULL)))
        break;
      begin_end (self, i);
      batch = procstream_line_splitter_push_batch (self->lanes[i].splitter, NULL, 0, NULL);
    }
  return batch;
}

guint64
procstream_line_cursor_get_bytes_lost (ProcstreamLineCursor *self)
{
  guint64 lost = 0;

  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    {
      if (self->lanes[i].splitter)
        lost += procstream_line_splitter_get_bytes_lost (self->lanes[i].splitter);
      if (self->lanes[i].filter)
        lost += procstream_line_filter_get_bytes_invalid (self->lanes[i].filter);
    }
  return lost;
}

static const ProcstreamLineLane *
get_current_lane (ProcstreamLineCursor *self)
{
  return &self->lanes[self->stream == PROCSTREAM_STREAM_STDERR];
}

ProcstreamLineEnd
procstream_line_cursor_get_end (ProcstreamLineCursor *self)
{
  return procstream_line_splitter_get_end (get_current_lane (self)->splitter);
}

gint64
procstream_line_cursor_get_time (ProcstreamLineCursor *self)
{
  return get_current_lane (self)->time_us;
}

gboolean
procstream_line_cursor_is_line_torn (ProcstreamLineCursor *self,
                                     gsize                *context)
{
  return procstream_line_splitter_is_torn (get_current_lane (self)->splitter, context);
}

gint64
procstream_line_cursor_get_position (ProcstreamLineCursor *self,
                                     gsize                 size,
                                     guint                *lane)
{
  ProcstreamLineSplitter *splitter;

  *lane = self->stream == PROCSTREAM_STREAM_STDERR;
  splitter = self->lanes[*lane].splitter;
  if (self->is_peeking)
    return procstream_line_splitter_get_unfinished_start (splitter) + (gint64) size;
  return procstream_line_splitter_get_line_start (splitter) + (gint64) size;
}

guint64
procstream_line_cursor_find_offset (ProcstreamLineCursor *self,
                                    guint                 i,
                                    gint64                position)
{
  const ProcstreamLineLane *lane = &self->lanes[i];

  return lane->trace ? procstream_line_trace_find (lane->trace, MAX (0, position)) : (guint64) (lane->origin + position);
}

void
procstream_line_cursor_forget_places (ProcstreamLineCursor *self)
{
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    g_clear_pointer (&self->lanes[i].trace, procstream_line_trace_free);
}

const guint8 *
procstream_line_cursor_peek_unfinished (ProcstreamLineCursor *self,
                                        guint                 i,
                                        gsize                *size)
{
  ProcstreamLineLane *lane = &self->lanes[i];
  const guint8       *text;

  *size = 0;
  if (lane->splitter == NULL || lane->torn || lane->finished)
    return NULL;
  self->is_peeking = TRUE;
  if (self->stream != PROCSTREAM_STREAM_NONE)
    self->stream = i == 0 ? PROCSTREAM_STREAM_STDOUT : PROCSTREAM_STREAM_STDERR;
  text = procstream_line_splitter_peek_text (lane->splitter, size);
  return *size > 0 ? text : NULL;
}
