/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pull-stream-private.h"

#include <string.h>

/*
 * Lines. A line that stands as a whole in the chunk is given out from there, found by the index that the chunk has for all. Only the
 * beginning of one whose end has not come is held; then what comes is added to it up to the next byte that may end it.
 *
 * Nothing is cut before it is asked for: of a long line one piece, and what was truncated, or is not the beginning of a line, stays
 * until the next line is looked for, and as long as it is not too much until that is found.
 */

/* Where a line is looked for: at the first byte that was not given out. */
typedef struct
{
  const guint8 *data;
  gsize         size;
  gssize        mark;     /* where the separator ends, -1: nowhere yet */
  gboolean      finished; /* nothing follows */
  gboolean      plain;    /* it is known that nothing is to repair */
} View;

typedef struct
{
  gsize             size;
  ProcstreamLineEnd end;
} Cut;

typedef enum
{
  NEEDS_MORE,
  LOOK_AGAIN, /* something was consumed that is no line */
  HAS_LINE,
} Found;

/* Whether the first byte is a LF that belongs to the CR before it. */
static gboolean
follows_cr (const ProcstreamPullLane *lane,
            const guint8             *data,
            gsize                     size)
{
  return lane->after_cr && size > 0 && data[0] == '\n';
}

/* Whether a marked byte after @size bytes at @data is the end of a separator. */
static gboolean
is_separator (ProcstreamPull           *self,
              const ProcstreamPullLane *lane,
              const guint8             *data,
              gsize                     size)
{
  const gsize   before = self->rule.size - 1;
  const guint8 *bytes = self->rule.bytes;
  gsize         n;

  if (self->rule.any)
    return size > 0 || !follows_cr (lane, data, 1);
  if (self->rule.optional_cr || before == 0)
    return TRUE;
  if (size >= before)
    return memcmp (data + size - before, bytes, before) == 0;
  n = before - size;
  return lane->skipping && n <= lane->n_known && memcmp (lane->known + lane->n_known - n, bytes, n) == 0 &&
         (size == 0 || memcmp (data, bytes + n, size) == 0);
}

static void
stop_skipping (ProcstreamPullLane *lane)
{
  lane->skipping = FALSE;
  lane->n_known = 0;
}

/* What is not a line, before or without a separator; returns how many bytes to consume. */
static gsize
skip (ProcstreamPull     *self,
      ProcstreamPullLane *lane,
      const View         *view)
{
  const gsize width = view->mark < 0 ? 0 : 1 + procstream_line_rule_get_width_before_mark (&self->rule, view->data, view->mark);
  gsize       size = view->mark + 1;

  if (view->mark >= 0)
    {
      /* Of the separator, some bytes may be those that are known of the gap. */
      self->bytes_torn += size - MIN (width, size);
      stop_skipping (lane);
      return size;
    }
  /* As long as it may still be read in another way it is kept, within the bounds of a line. */
  size = view->size;
  if (!view->finished && size <= (gsize) self->options.max_length + self->rule.size)
    return 0;
  if (!view->finished)
    size -= self->rule.size - 1;
  self->bytes_torn += size;
  lane->n_known = 0;
  return size;
}

static Found
cut_piece (ProcstreamPull     *self,
           ProcstreamPullLane *lane,
           const View         *view,
           Cut                *cut,
           gsize              *consumed)
{
  *cut = (Cut){ procstream_line_get_piece_size (view->data, self->options.max_length), PROCSTREAM_LINE_END_LIMIT };
  *consumed = cut->size;
  if (self->options.overflow == PROCSTREAM_LINE_OVERFLOW_TRUNCATE)
    {
      lane->skipping = TRUE;
      lane->n_known = 0;
    }
  lane->after_cr = FALSE;
  return HAS_LINE;
}

static Found
look_for_line (ProcstreamPull     *self,
               ProcstreamPullLane *lane,
               const View         *view,
               Cut                *cut,
               gsize              *consumed)
{
  const guint max = self->options.max_length;
  gsize       size = view->size;

  *consumed = 0;
  if (view->size == 0)
    return NEEDS_MORE;
  if (lane->skipping)
    {
      *consumed = skip (self, lane, view);
      lane->after_cr = self->rule.any && view->mark >= 0 && view->data[view->mark] == '\r';
      return view->mark >= 0 ? LOOK_AGAIN : NEEDS_MORE;
    }
  if (view->mark >= 0)
    size = view->mark - procstream_line_rule_get_width_before_mark (&self->rule, view->data, view->mark);
  else if (!view->finished)
    size -= procstream_line_rule_get_pending (&self->rule, view->data, view->size);
  if (size > max)
    return cut_piece (self, lane, view, cut, consumed);
  if (view->mark < 0 && !view->finished)
    return NEEDS_MORE;
  *cut = (Cut){ size, view->mark >= 0 ? PROCSTREAM_LINE_END_SEPARATOR : PROCSTREAM_LINE_END_OUTPUT };
  *consumed = view->mark >= 0 ? (gsize) view->mark + 1 : view->size;
  lane->after_cr = self->rule.any && view->mark >= 0 && view->data[view->mark] == '\r';
  return HAS_LINE;
}

/* The same; a LF that belongs to the CR before it is consumed with what follows it, not alone. */
static Found
look (ProcstreamPull     *self,
      ProcstreamPullLane *lane,
      View               *view,
      Cut                *cut,
      gsize              *consumed)
{
  const gsize lead = follows_cr (lane, view->data, view->size);
  Found       found;

  view->data += lead;
  view->size -= lead;
  view->mark -= view->mark >= 0 ? lead : 0;
  found = look_for_line (self, lane, view, cut, consumed);
  *consumed += *consumed > 0 ? lead : 0;
  return found;
}

/* --- In what is held ---------------------------------------------------------------------------------------------------------- */

static gssize
find_held_mark (ProcstreamPull     *self,
                ProcstreamPullLane *lane)
{
  const guint8 *data = lane->held->data;

  while (lane->searched < lane->held->len)
    {
      const guint8 *found = procstream_line_mark_find (self->rule.mark, data + lane->searched, lane->held->len - lane->searched);

      if (found == NULL)
        {
          lane->searched = lane->held->len;
          break;
        }
      lane->searched = found - data;
      if (is_separator (self, lane, data + lane->start, lane->searched - lane->start))
        return lane->searched - lane->start;
      lane->searched++;
    }
  return -1;
}

/* A line gets its text, or all that is known of it. */
static void
give (ProcstreamPull             *self,
      const ProcstreamChunkPlace *end,
      const View                 *view,
      const Cut                  *cut,
      char                      **text,
      ProcstreamLine            **line)
{
  g_autoptr (GString) scratch = NULL;
  const char *repaired = (const char *) view->data;
  gsize       size = cut->size;

  self->n_lines++;
  if (line)
    {
      const char *stream = end->stream ? procstream_stream_get_name (end->stream) : self->output;

      *line = procstream_line_new (view->data, size, self->n_lines, end->time_us, stream, cut->end);
      return;
    }
  if (!view->plain)
    {
      scratch = g_string_new (NULL);
      repaired = procstream_line_repair (view->data, size, scratch, &size);
    }
  *text = g_strndup (repaired, size);
}

/* At the end of the output what is left is the last line, unless a gap tore it off. */
static gboolean
take_held_line (ProcstreamPull     *self,
                ProcstreamPullLane *lane,
                gboolean            ended,
                char              **text,
                ProcstreamLine    **line)
{
  const gboolean finished = ended && !lane->torn;
  gsize          rest;
  Found          found;

  do
    {
      View  view = { lane->held->data + lane->start, procstream_pull_lane_get_size (lane), find_held_mark (self, lane), finished, FALSE };
      Cut   cut;
      gsize consumed;

      found = look (self, lane, &view, &cut, &consumed);
      if (found == HAS_LINE)
        give (self, &lane->end, &view, &cut, text, line);
      procstream_pull_lane_consume (lane, consumed);
    }
  while (found == LOOK_AGAIN);
  rest = ended && found == NEEDS_MORE ? procstream_pull_lane_get_size (lane) : 0;
  self->bytes_torn += rest - follows_cr (lane, lane->held->data + lane->start, rest);
  procstream_pull_lane_consume (lane, rest);
  return found == HAS_LINE;
}

/* --- In the chunk ------------------------------------------------------------------------------------------------------------- */

static const ProcstreamLineIndex *
get_index (ProcstreamPull *self)
{
  const ProcstreamLineIndex *index = procstream_chunk_get_line_index (self->chunk, self->rule.mark);

  if (index)
    return index;
  if (self->index == NULL)
    self->index = procstream_line_index_new (self->chunk->data, self->chunk->size, self->rule.mark);
  return self->index;
}

/* The next marked byte from position on, -1 when there is none. */
static gssize
get_mark (ProcstreamPull            *self,
          const ProcstreamLineIndex *index)
{
  while (self->mark < index->n_positions && index->positions[self->mark] < self->position)
    self->mark++;
  return self->mark < index->n_positions ? (gssize) (index->positions[self->mark] - self->position) : -1;
}

static gssize
find_chunk_mark (ProcstreamPull            *self,
                 const ProcstreamPullLane  *lane,
                 const ProcstreamLineIndex *index)
{
  gssize mark = get_mark (self, index);

  while (mark >= 0 && !is_separator (self, lane, self->chunk->data + self->position, mark))
    {
      self->mark++;
      mark = get_mark (self, index);
    }
  return mark;
}

static gboolean
take_chunk_line (ProcstreamPull  *self,
                 char           **text,
                 ProcstreamLine **line)
{
  const ProcstreamLineIndex *index = get_index (self);
  const gboolean             plain = index->ascii && !index->has_nul;
  ProcstreamPullLane        *lane = procstream_pull_get_lane (self);
  Found                      found;

  do
    {
      View  view = { self->chunk->data + self->position, self->chunk->size - self->position, find_chunk_mark (self, lane, index), FALSE, plain };
      Cut   cut;
      gsize consumed;

      found = look (self, lane, &view, &cut, &consumed);
      if (found == HAS_LINE)
        {
          const ProcstreamChunkPlace end = procstream_chunk_get_place (self->chunk, 0);

          give (self, &end, &view, &cut, text, line);
        }
      self->position += consumed;
    }
  while (found == LOOK_AGAIN);
  if (self->position == self->chunk->size)
    procstream_pull_drop_chunk (self);
  return found == HAS_LINE;
}

/* What is held gets longer, up to the next byte that may end the line. */
static void
extend_held (ProcstreamPull *self)
{
  gssize mark = get_mark (self, get_index (self));

  procstream_pull_hold (self, mark >= 0 ? (gsize) mark + 1 : self->chunk->size - self->position);
}

static void
hold_rest (ProcstreamPull     *self,
           ProcstreamPullLane *lane)
{
  procstream_pull_hold (self, self->chunk->size - self->position);
  lane->searched = lane->held->len;
}

static gboolean
take_any_held_line (ProcstreamPull  *self,
                    gboolean         ended,
                    char           **text,
                    ProcstreamLine **line)
{
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    if (procstream_pull_lane_get_size (&self->lanes[i]) > 0 && take_held_line (self, &self->lanes[i], ended, text, line))
      return TRUE;
  return FALSE;
}

ProcstreamPullResult
procstream_pull_line (ProcstreamPull         *self,
                      ProcstreamConsumerCore *core,
                      char                  **text,
                      ProcstreamLine        **line)
{
  for (;;)
    {
      ProcstreamPullLane *lane;
      gboolean            more = self->chunk != NULL || procstream_pull_take_chunk (self, core);

      /* A line that is complete comes before one that merely ends with the output. */
      if (take_any_held_line (self, FALSE, text, line) || (!more && self->ended && take_any_held_line (self, TRUE, text, line)))
        return PROCSTREAM_PULL_ITEM;
      if (!more)
        return self->ended ? PROCSTREAM_PULL_END : PROCSTREAM_PULL_EMPTY;
      procstream_pull_settle (self);
      lane = procstream_pull_get_lane (self);
      if (lane->filter)
        procstream_pull_hold (self, self->chunk->size - self->position);
      else if (procstream_pull_lane_get_size (lane) > 0)
        extend_held (self);
      else if (take_chunk_line (self, text, line))
        return PROCSTREAM_PULL_ITEM;
      else if (self->chunk)
        hold_rest (self, lane);
    }
}
