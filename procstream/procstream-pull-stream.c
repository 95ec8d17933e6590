/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pull-stream-private.h"

#include <string.h>

/*
 * What was taken and not given out of a stream is what its lane holds, and then the rest of the chunk, if it is of that stream. Nothing is
 * taken out of that before it is given out, so a reader may change from one way of reading to another at any point without losing a
 * byte. Only a line is not made of bytes that a gap tore off: who asks for lines gives up the beginning of one that has no
 * end, and it is counted.
 *
 * pieces says of every byte that is held, unless it was filtered, where it stands: the first piece begins at start or before it, each ends
 * where the next one begins, and bytes of one chunk are in one piece. When nothing is held they are forgotten with the next byte.
 *
 * While chunk is not settled, nothing of it was given out and position is 0; it may be torn off from what the lane holds.
 */

void
procstream_pull_init (ProcstreamPull              *self,
                      const ProcstreamLineOptions *options)
{
  *self = (ProcstreamPull){ .is_init = TRUE, .options = *options };
  procstream_line_rule_init (&self->rule, options);
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    {
      self->lanes[i].held = g_byte_array_new ();
      self->lanes[i].pieces = g_array_new (FALSE, FALSE, sizeof (ProcstreamPullPiece));
      self->lanes[i].filter = procstream_line_filter_new (options);
      self->lanes[i].torn = TRUE;
      self->lanes[i].next = G_MAXUINT64;
    }
}

void
procstream_pull_clear (ProcstreamPull *self)
{
  if (!self->is_init)
    return;
  procstream_pull_drop_chunk (self);
  g_clear_pointer (&self->output, g_free);
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    {
      g_clear_pointer (&self->lanes[i].held, g_byte_array_unref);
      g_clear_pointer (&self->lanes[i].pieces, g_array_unref);
      g_clear_pointer (&self->lanes[i].filter, procstream_line_filter_free);
    }
  self->is_init = FALSE;
}

gboolean
procstream_pull_is_init (ProcstreamPull *self)
{
  return self->is_init;
}

guint64
procstream_pull_get_bytes_torn (ProcstreamPull *self)
{
  guint64 lost = self->bytes_torn;

  for (guint i = 0; self->is_init && i < PROCSTREAM_N_LANES; i++)
    if (self->lanes[i].filter)
      lost += procstream_line_filter_get_bytes_invalid (self->lanes[i].filter);
  return lost;
}

/* --- Chunks ------------------------------------------------------------------------------------------------------------------- */

void
procstream_pull_drop_chunk (ProcstreamPull *self)
{
  g_clear_pointer (&self->chunk, procstream_chunk_unref);
  g_clear_pointer (&self->index, procstream_line_index_free);
  self->position = 0;
  self->settled = FALSE;
  self->mark = 0;
}

static void
tear_off (ProcstreamPull *self)
{
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    self->lanes[i].torn = TRUE;
}

static void
meet_gap (ProcstreamPull         *self,
          ProcstreamConsumerCore *core,
          ProcstreamLogEvent     *event)
{
  procstream_consumer_core_count_gap (core, event->chunks, event->bytes);
  tear_off (self);
}

static void
meet_end (ProcstreamPull         *self,
          ProcstreamConsumerCore *core,
          ProcstreamLogEvent     *event)
{
  self->ended = TRUE;
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    if (self->lanes[i].filter && !self->lanes[i].torn)
      {
        gsize         size;
        const guint8 *rest = procstream_line_filter_finish (self->lanes[i].filter, &size);

        g_byte_array_append (self->lanes[i].held, rest, size);
      }
  procstream_consumer_core_finish (core, event->error ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED,
                                   event->error);
}

static void
look_at_output (ProcstreamPull       *self,
                ProcstreamOutputCore *output)
{
  if (self->output)
    return;
  self->output = g_strdup (procstream_output_core_get_name (output));
  self->is_merged = procstream_output_core_is_merged (output);
}

/* One that has ended was looked at before. */
static gboolean
is_merged (ProcstreamPull         *self,
           ProcstreamConsumerCore *core)
{
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription = self->output ? NULL : procstream_consumer_core_dup_subscription (core, &output);

  if (subscription)
    {
      look_at_output (self, output);
      procstream_subscription_unref (subscription);
      procstream_output_core_unref (output);
    }
  return self->is_merged;
}

gboolean
procstream_pull_take_chunk (ProcstreamPull         *self,
                            ProcstreamConsumerCore *core)
{
  while (self->chunk == NULL && !self->ended)
    {
      ProcstreamOutputCore   *output;
      ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (core, &output);
      ProcstreamLogEvent      event = { 0 };

      if (subscription == NULL)
        {
          /* Cancelled, or dropped: that is not where the output ends. */
          tear_off (self);
          self->ended = TRUE;
          return FALSE;
        }
      look_at_output (self, output);
      procstream_output_core_take (output, subscription, &event);
      if (event.type == PROCSTREAM_LOG_EVENT_GAP)
        meet_gap (self, core, &event);
      else if (event.type == PROCSTREAM_LOG_EVENT_END)
        meet_end (self, core, &event);
      else
        self->chunk = g_steal_pointer (&event.chunk);
      /* The output owns the error of the end. */
      procstream_subscription_unref (subscription);
      procstream_output_core_unref (output);
      if (event.type == PROCSTREAM_LOG_EVENT_NOTHING)
        return FALSE;
    }
  return self->chunk != NULL;
}

ProcstreamPullLane *
procstream_pull_get_lane (ProcstreamPull *self)
{
  return &self->lanes[procstream_line_cursor_get_lane (self->chunk)];
}

gboolean
procstream_pull_is_torn (ProcstreamPull *self)
{
  const ProcstreamPullLane *lane = procstream_pull_get_lane (self);

  return !self->settled && lane->torn && procstream_chunk_get_stream_offset (self->chunk) != lane->next;
}

/* Whether a line begins with the first byte is told by what came before. */
static void
begin_anew (ProcstreamPull     *self,
            ProcstreamPullLane *lane)
{
  const guint64 offset = procstream_chunk_get_stream_offset (self->chunk);
  gsize         n_before;
  const guint8 *before = procstream_chunk_get_before (self->chunk, &n_before);
  gsize         size = procstream_pull_lane_get_size (lane);

  if (lane->filter && n_before > 0)
    before = procstream_line_filter_gap (lane->filter, offset, before, n_before, &n_before);
  lane->n_known = MIN (n_before, sizeof lane->known);
  before += n_before - lane->n_known;
  if (lane->n_known > 0)
    memcpy (lane->known, before, lane->n_known);
  self->bytes_torn += size;
  procstream_pull_lane_consume (lane, size);
  lane->skipping = offset > 0 && !procstream_line_rule_ends (&self->rule, before, lane->n_known);
  lane->after_cr = self->rule.any && lane->n_known > 0 && before[lane->n_known - 1] == '\r';
}

void
procstream_pull_settle (ProcstreamPull *self)
{
  ProcstreamPullLane *lane = procstream_pull_get_lane (self);

  if (self->settled)
    return;
  if (procstream_pull_is_torn (self))
    begin_anew (self, lane);
  self->settled = TRUE;
  lane->torn = FALSE;
  lane->next = procstream_chunk_get_stream_offset (self->chunk) + self->chunk->size;
}

/* --- Bytes -------------------------------------------------------------------------------------------------------------------- */

void
procstream_pull_lane_consume (ProcstreamPullLane *self,
                              gsize               size)
{
  self->start += size;
  self->searched = MAX (self->searched, self->start);
}

static ProcstreamPullPiece *
get_piece (ProcstreamPullLane *self,
           guint               i)
{
  return &g_array_index (self->pieces, ProcstreamPullPiece, i);
}

/* The piece that start is in, if anything is held; where the next one begins is where its bytes end. */
static const ProcstreamPullPiece *
get_first_piece (ProcstreamPullLane *self,
                 gsize              *end)
{
  while (self->piece + 1 < self->pieces->len && get_piece (self, self->piece + 1)->at <= self->start)
    self->piece++;
  *end = self->piece + 1 < self->pieces->len ? get_piece (self, self->piece + 1)->at : self->held->len;
  return get_piece (self, self->piece);
}

static ProcstreamChunkPlace
get_place_of_start (ProcstreamPullLane *self,
                    gsize              *end)
{
  const ProcstreamPullPiece *piece = get_first_piece (self, end);
  ProcstreamChunkPlace       place = piece->place;

  place.offset += self->start - piece->at;
  place.stream_offset += self->start - piece->at;
  return place;
}

/* What was given out is about to be removed. */
static void
compact_pieces (ProcstreamPullLane *self)
{
  gsize                end;
  ProcstreamChunkPlace place;

  if (self->start == self->held->len || self->pieces->len == 0)
    {
      g_array_set_size (self->pieces, 0);
      self->piece = 0;
      return;
    }
  place = get_place_of_start (self, &end);
  g_array_remove_range (self->pieces, 0, self->piece);
  self->piece = 0;
  *get_piece (self, 0) = (ProcstreamPullPiece){ self->start, place };
  for (guint i = 0; i < self->pieces->len; i++)
    get_piece (self, i)->at -= self->start;
}

static void
add_piece (ProcstreamPullLane         *self,
           const ProcstreamChunkPlace *place)
{
  const ProcstreamPullPiece piece = { self->held->len, *place };

  if (self->pieces->len == 0 || get_piece (self, self->pieces->len - 1)->place.sequence != place->sequence)
    g_array_append_val (self->pieces, piece);
}

/* So that moving what is left takes no longer than giving the rest did. */
static void
compact (ProcstreamPull     *self,
         ProcstreamPullLane *lane)
{
  if (lane->start < lane->held->len - lane->start)
    return;
  compact_pieces (lane);
  g_byte_array_remove_range (lane->held, 0, lane->start);
  lane->searched -= lane->start;
  self->until_searched -= MIN (self->until_searched, lane->start);
  lane->start = 0;
}

void
procstream_pull_hold (ProcstreamPull *self,
                      gsize           size)
{
  ProcstreamPullLane        *lane = procstream_pull_get_lane (self);
  const ProcstreamChunkPlace place = procstream_chunk_get_place (self->chunk, self->position);
  const guint8              *data = self->chunk->data + self->position;
  gsize                      n = size;

  g_assert (self->settled);
  compact (self, lane);
  if (lane->filter)
    data = procstream_line_filter_push (lane->filter, data, size, &n);
  else
    add_piece (lane, &place);
  if (n > 0)
    g_byte_array_append (lane->held, data, n);
  self->position += size;
  lane->end = procstream_chunk_get_place (self->chunk, self->position);
  if (self->position == self->chunk->size)
    procstream_pull_drop_chunk (self);
}

GBytes *
procstream_pull_lane_take_bytes (ProcstreamPullLane *self,
                                 gsize               size)
{
  GBytes *bytes = g_bytes_new (self->held->data + self->start, size);

  procstream_pull_lane_consume (self, size);
  /* Who has the bytes knows what they end with: what is asked for next begins where they stopped. */
  self->skipping = FALSE;
  self->after_cr = FALSE;
  return bytes;
}

/* Where chunks are filtered, until something is held. */
static void
hold_filtered (ProcstreamPull         *self,
               ProcstreamConsumerCore *core)
{
  while (self->lanes[0].filter && procstream_pull_lane_get_size (&self->lanes[0]) == 0 &&
         procstream_pull_lane_get_size (&self->lanes[1]) == 0 && procstream_pull_take_chunk (self, core))
    {
      procstream_pull_settle (self);
      procstream_pull_hold (self, self->chunk->size - self->position);
    }
}

/* The lane that holds what arrived first; NULL: none holds anything. */
static ProcstreamPullLane *
get_first_lane (ProcstreamPull *self)
{
  ProcstreamPullLane *a = &self->lanes[0];
  ProcstreamPullLane *b = &self->lanes[1];
  gsize               end;

  if (procstream_pull_lane_get_size (a) == 0 || procstream_pull_lane_get_size (b) == 0)
    return procstream_pull_lane_get_size (a) > 0 ? a : procstream_pull_lane_get_size (b) > 0 ? b
                                                                                             : NULL;
  if (a->filter)
    return a;
  return get_first_piece (a, &end)->place.offset < get_first_piece (b, &end)->place.offset ? a : b;
}

/* Where what follows start without anything between ends. */
static gsize
get_run_end (ProcstreamPullLane *self)
{
  gsize   end;
  guint64 next = get_place_of_start (self, &end).offset + end - self->start;

  for (guint i = self->piece + 1; i < self->pieces->len && get_piece (self, i)->place.offset == next; i++)
    {
      const gsize at = end;

      end = i + 1 < self->pieces->len ? get_piece (self, i + 1)->at : self->held->len;
      next += end - at;
    }
  return end;
}

/* What was filtered has no place of its own: it came before the one it gets. */
static GBytes *
take_held (ProcstreamPullLane   *self,
           ProcstreamChunkPlace *place)
{
  gsize end = self->held->len;

  if (self->filter && place)
    *place = self->end;
  else if (place)
    *place = get_place_of_start (self, &end);
  else if (self->filter == NULL)
    end = get_run_end (self);
  return procstream_pull_lane_take_bytes (self, end - self->start);
}

ProcstreamPullResult
procstream_pull_look (ProcstreamPull         *self,
                      ProcstreamConsumerCore *core)
{
  if (self->chunk || procstream_pull_take_chunk (self, core))
    return PROCSTREAM_PULL_ITEM;
  return self->ended ? PROCSTREAM_PULL_END : PROCSTREAM_PULL_EMPTY;
}

ProcstreamPullResult
procstream_pull_next (ProcstreamPull         *self,
                      ProcstreamConsumerCore *core,
                      GBytes                **bytes,
                      ProcstreamChunkPlace   *place)
{
  ProcstreamPullLane *lane;

  hold_filtered (self, core);
  lane = get_first_lane (self);
  if (lane)
    {
      *bytes = take_held (lane, place);
      return PROCSTREAM_PULL_ITEM;
    }
  if (!procstream_pull_take_chunk (self, core))
    return self->ended ? PROCSTREAM_PULL_END : PROCSTREAM_PULL_EMPTY;
  procstream_pull_settle (self);
  lane = procstream_pull_get_lane (self);
  lane->skipping = FALSE;
  lane->after_cr = FALSE;
  *bytes = procstream_chunk_to_bytes_from (self->chunk, self->position);
  if (place)
    *place = procstream_chunk_get_place (self->chunk, self->position);
  procstream_pull_drop_chunk (self);
  return PROCSTREAM_PULL_ITEM;
}

/* The lane of an output that is not merged: the one that its chunks have. */
static ProcstreamPullLane *
get_only_lane (ProcstreamPull *self)
{
  return &self->lanes[procstream_pull_lane_get_size (&self->lanes[1]) > 0 || (self->chunk && procstream_line_cursor_get_lane (self->chunk) == 1)];
}

/* Holds more of the only stream; FALSE when there is no more that follows what is held, for the reason in @result. */
static gboolean
hold_more (ProcstreamPull         *self,
           ProcstreamConsumerCore *core,
           ProcstreamPullResult   *result)
{
  ProcstreamPullLane *lane = get_only_lane (self);

  *result = PROCSTREAM_PULL_EMPTY;
  if (!procstream_pull_take_chunk (self, core))
    {
      if (self->ended)
        *result = procstream_pull_lane_get_size (lane) > 0 ? PROCSTREAM_PULL_ITEM : PROCSTREAM_PULL_END;
      return FALSE;
    }
  lane = procstream_pull_get_lane (self);
  if (procstream_pull_is_torn (self) && procstream_pull_lane_get_size (lane) > 0)
    {
      *result = PROCSTREAM_PULL_ITEM;
      return FALSE;
    }
  procstream_pull_settle (self);
  procstream_pull_hold (self, self->chunk->size - self->position);
  return TRUE;
}

ProcstreamPullResult
procstream_pull_exactly (ProcstreamPull         *self,
                         ProcstreamConsumerCore *core,
                         gsize                   size,
                         GBytes                **bytes)
{
  ProcstreamPullResult result = PROCSTREAM_PULL_ITEM;

  if (is_merged (self, core))
    return PROCSTREAM_PULL_MERGED;
  while (procstream_pull_lane_get_size (get_only_lane (self)) < size && hold_more (self, core, &result))
    result = PROCSTREAM_PULL_ITEM;
  if (result == PROCSTREAM_PULL_ITEM)
    {
      ProcstreamPullLane *lane = get_only_lane (self);

      *bytes = procstream_pull_lane_take_bytes (lane, MIN (size, procstream_pull_lane_get_size (lane)));
    }
  return result;
}

void
procstream_pull_begin_until (ProcstreamPull *self)
{
  self->until_searched = 0;
}

/* Past the terminator, counted from start; 0 where it is not held. */
static gsize
find_terminator (ProcstreamPull     *self,
                 ProcstreamPullLane *lane,
                 GBytes             *terminator)
{
  gsize         size;
  const guint8 *wanted = g_bytes_get_data (terminator, &size);
  gsize         from = MAX (self->until_searched, lane->start);
  const guint8 *found = NULL;

  if (lane->held->len >= from + size)
    found = memmem (lane->held->data + from, lane->held->len - from, wanted, size);
  if (found)
    return found - lane->held->data + size - lane->start;
  if (lane->held->len >= size)
    self->until_searched = MAX (from, lane->held->len - size + 1);
  return 0;
}

ProcstreamPullResult
procstream_pull_until (ProcstreamPull         *self,
                       ProcstreamConsumerCore *core,
                       GBytes                 *terminator,
                       gsize                   max_size,
                       GBytes                **bytes)
{
  ProcstreamPullResult result;

  if (is_merged (self, core))
    return PROCSTREAM_PULL_MERGED;
  do
    {
      ProcstreamPullLane *lane = get_only_lane (self);
      gsize               size = find_terminator (self, lane, terminator);

      if (size > max_size || (size == 0 && procstream_pull_lane_get_size (lane) >= max_size))
        return PROCSTREAM_PULL_TOO_LONG;
      if (size > 0)
        {
          *bytes = procstream_pull_lane_take_bytes (lane, size);
          return PROCSTREAM_PULL_ITEM;
        }
    }
  while (hold_more (self, core, &result));
  if (result == PROCSTREAM_PULL_ITEM)
    {
      ProcstreamPullLane *lane = get_only_lane (self);

      *bytes = procstream_pull_lane_take_bytes (lane, procstream_pull_lane_get_size (lane));
    }
  return result;
}
