/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pull-private.h"

/*
 * Bytes go through in this order: chunk from position on, then carry, then the splitter, then lines. Whenever a
 * call returns, what was taken and not given is lines, the text that the splitter holds, carry and the rest of the chunk, in that
 * order. The splitter holds text only after a line was cut at the limit, or where a LF does not end a line; else complete lines, and
 * nothing but, are pushed into it. So a reader may change from lines to chunks at any point without losing a byte.
 *
 * While the cursor is torn (after a gap, or attached in the middle), carry is what came before that, and chunk is NULL or has not been
 * read from.
 *
 * Of a merged output each stream has a carry and a splitter of its own, and the lines that wait are of one stream.
 */

void
procstream_pull_init (ProcstreamPull              *self,
                      const ProcstreamLineOptions *options)
{
  procstream_line_cursor_init (&self->cursor, options);
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    self->carry[i] = g_byte_array_new ();
  g_queue_init (&self->lines);
}

void
procstream_pull_clear (ProcstreamPull *self)
{
  if (!procstream_pull_is_init (self))
    return;
  procstream_line_cursor_clear (&self->cursor);
  g_clear_pointer (&self->output, g_free);
  g_clear_pointer (&self->chunk, procstream_chunk_unref);
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    g_clear_pointer (&self->carry[i], g_byte_array_unref);
  g_queue_clear_full (&self->lines, g_free);
}

gboolean
procstream_pull_is_init (ProcstreamPull *self)
{
  return procstream_line_cursor_is_init (&self->cursor);
}

guint64
procstream_pull_get_bytes_torn (ProcstreamPull *self)
{
  return self->bytes_torn + procstream_line_cursor_get_bytes_lost (&self->cursor);
}

static void
drop_chunk (ProcstreamPull *self)
{
  g_clear_pointer (&self->chunk, procstream_chunk_unref);
  self->position = 0;
}

/* The bytes before the gap were never given out: as bytes they still can be, as a line they are torn. */
static void
meet_gap (ProcstreamPull         *self,
          ProcstreamConsumerCore *core,
          ProcstreamLogEvent     *event)
{
  procstream_consumer_core_count_gap (core, event->chunks, event->bytes);
  procstream_line_cursor_gap (&self->cursor);
}

static void
meet_end (ProcstreamPull         *self,
          ProcstreamConsumerCore *core,
          ProcstreamLogEvent     *event)
{
  self->ended = TRUE;
  procstream_consumer_core_finish (core, event->error ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED,
                                   event->error);
}

/* Makes chunk the next one; FALSE when there is none, now or ever. */
static gboolean
take_chunk (ProcstreamPull         *self,
            ProcstreamConsumerCore *core)
{
  while (self->chunk == NULL && !self->ended)
    {
      ProcstreamOutputCore   *output;
      ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (core, &output);
      ProcstreamLogEvent      event = { 0 };

      if (subscription == NULL)
        {
          self->ended = TRUE;
          return FALSE;
        }
      if (self->output == NULL)
        self->output = g_strdup (procstream_output_core_get_name (output));
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

static GBytes *
take_line_as_bytes (ProcstreamPull *self)
{
  char *line = g_queue_pop_head (&self->lines);

  return g_bytes_new_take (line, strlen (line));
}

/* The rest of a line that was cut, or else the beginning of one; NULL when there is neither. */
static GBytes *
take_carry (ProcstreamPull *self,
            guint           lane)
{
  GBytes     *text = NULL;
  GByteArray *carry = self->carry[lane];

  if (self->cursor.lanes[lane].splitter)
    text = procstream_line_splitter_steal_text (self->cursor.lanes[lane].splitter);
  if (text || carry->len == 0)
    return text;
  self->carry[lane] = g_byte_array_new ();
  return g_byte_array_free_to_bytes (carry);
}

/* What was taken to be read by line, and not given out; NULL when there is nothing. */
static GBytes *
take_rest (ProcstreamPull       *self,
           ProcstreamChunkPlace *place)
{
  GBytes *bytes = NULL;
  guint   lane = self->lines_lane;
  gsize   behind = 0; /* bytes of this stream that were taken after these */

  if (self->lines.length > 0)
    bytes = take_line_as_bytes (self);
  for (guint i = 0; bytes == NULL && i < PROCSTREAM_N_LANES; i++)
    {
      lane = i;
      bytes = take_carry (self, i);
    }
  if (bytes == NULL)
    return NULL;
  behind = g_bytes_get_size (bytes) + self->carry[lane]->len;
  *place = self->ends[lane];
  place->offset -= behind;
  place->stream_offset -= behind;
  return bytes;
}

ProcstreamPullResult
procstream_pull_next (ProcstreamPull         *self,
                      ProcstreamConsumerCore *core,
                      GBytes                **bytes,
                      ProcstreamChunkPlace   *place)
{
  *bytes = take_rest (self, place);
  if (*bytes == NULL && take_chunk (self, core))
    {
      *bytes = procstream_chunk_to_bytes_from (self->chunk, self->position);
      *place = procstream_chunk_get_place (self->chunk, self->position);
      /* Who took the bytes knows what they end with: a line that is asked for next begins where they stopped. */
      procstream_line_cursor_join (&self->cursor, self->chunk);
      drop_chunk (self);
    }
  if (*bytes)
    return PROCSTREAM_PULL_ITEM;
  return self->ended ? PROCSTREAM_PULL_END : PROCSTREAM_PULL_EMPTY;
}

/* --- Lines -------------------------------------------------------------------------------------------------------------------- */

static void
line_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  ProcstreamPull *self = user_data;
  g_autoptr (GString) scratch = plain ? NULL : g_string_new (NULL);
  const char *text = plain ? (const char *) data : procstream_line_repair (data, size, scratch, &size);

  g_queue_push_tail (&self->lines, size > 0 ? g_strndup (text, size) : g_strdup (""));
}

/* If the first byte of the chunk does not go on where carry ends, the beginning of one line, or the end of another, is missing. */
static void
settle (ProcstreamPull *self,
        guint           lane)
{
  if (procstream_line_cursor_is_torn (&self->cursor, self->chunk))
    {
      self->bytes_torn += self->carry[lane]->len;
      g_byte_array_set_size (self->carry[lane], 0);
    }
  procstream_line_cursor_settle (&self->cursor, self->chunk);
}

/* Past the next byte, from position on, that may end a line; 0 when the chunk has none. */
static gsize
find_line_end (ProcstreamPull *self,
               guint           lane)
{
  const ProcstreamLineMark mark = procstream_line_splitter_get_mark (self->cursor.lanes[lane].splitter);
  const guint8            *from = self->chunk->data + self->position;
  const guint8            *end = procstream_line_mark_find (mark, from, self->chunk->size - self->position);

  return end ? end + 1 - self->chunk->data : 0;
}

static void
push (ProcstreamPull *self,
      guint           lane,
      const guint8   *data,
      gsize           size)
{
  self->lines_lane = lane;
  procstream_line_splitter_push (self->cursor.lanes[lane].splitter, data, size, NULL, line_cb, self);
}

static void
push_carry (ProcstreamPull *self,
            guint           lane)
{
  push (self, lane, self->carry[lane]->data, self->carry[lane]->len);
  g_byte_array_set_size (self->carry[lane], 0);
}

/* The chunk was read up to @end. */
static void
read_to (ProcstreamPull *self,
         guint           lane,
         gsize           end)
{
  self->position = end;
  self->ends[lane] = procstream_chunk_get_place (self->chunk, end);
  if (end == self->chunk->size)
    drop_chunk (self);
}

static void
push_line (ProcstreamPull *self,
           guint           lane,
           gsize           end)
{
  const guint8 *from = self->chunk->data + self->position;

  if (self->carry[lane]->len > 0)
    {
      g_byte_array_append (self->carry[lane], from, end - self->position);
      push_carry (self, lane);
    }
  else
    {
      push (self, lane, from, end - self->position);
    }
  read_to (self, lane, end);
}

static void
carry_rest (ProcstreamPull *self,
            guint           lane)
{
  g_byte_array_append (self->carry[lane], self->chunk->data + self->position, self->chunk->size - self->position);
  read_to (self, lane, self->chunk->size);
  if (self->carry[lane]->len > self->cursor.options.max_length + 2)
    push_carry (self, lane);
}

/* The last line of the next stream that has one. */
static void
finish_lines (ProcstreamPull *self)
{
  for (guint i = 0; self->lines.length == 0 && i < PROCSTREAM_N_LANES; i++)
    {
      if (self->cursor.lanes[i].splitter == NULL || self->cursor.lanes[i].finished)
        continue;
      self->cursor.lanes[i].finished = TRUE;
      if (self->cursor.lanes[i].torn)
        {
          self->bytes_torn += self->carry[i]->len;
          g_byte_array_set_size (self->carry[i], 0);
        }
      procstream_line_cursor_settle_end (&self->cursor, i);
      if (self->carry[i]->len > 0)
        push_carry (self, i);
      self->lines_lane = i;
      procstream_line_splitter_finish (self->cursor.lanes[i].splitter, line_cb, self);
    }
}

ProcstreamPullResult
procstream_pull_line (ProcstreamPull         *self,
                      ProcstreamConsumerCore *core,
                      char                  **line)
{
  while (self->lines.length == 0)
    {
      guint lane;
      gsize end;

      if (!take_chunk (self, core))
        {
          if (!self->ended)
            return PROCSTREAM_PULL_EMPTY;
          finish_lines (self);
          if (self->lines.length == 0)
            return PROCSTREAM_PULL_END;
          break;
        }
      lane = procstream_line_cursor_get_lane (self->chunk);
      settle (self, lane);
      end = find_line_end (self, lane);
      if (end > 0)
        push_line (self, lane, end);
      else
        carry_rest (self, lane);
    }
  *line = g_queue_pop_head (&self->lines);
  return PROCSTREAM_PULL_ITEM;
}
