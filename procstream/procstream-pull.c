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
 */

void
procstream_pull_init (ProcstreamPull              *self,
                      const ProcstreamLineOptions *options)
{
  procstream_line_cursor_init (&self->cursor, options);
  self->carry = g_byte_array_new ();
  g_queue_init (&self->lines);
}

void
procstream_pull_clear (ProcstreamPull *self)
{
  if (!procstream_pull_is_init (self))
    return;
  procstream_line_cursor_clear (&self->cursor);
  g_clear_pointer (&self->chunk, procstream_chunk_unref);
  g_clear_pointer (&self->carry, g_byte_array_unref);
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
      procstream_output_core_take (output, subscription, &event);
      procstream_subscription_unref (subscription);
      procstream_output_core_unref (output);
      if (event.type == PROCSTREAM_LOG_EVENT_NOTHING)
        return FALSE;
      if (event.type == PROCSTREAM_LOG_EVENT_GAP)
        meet_gap (self, core, &event);
      else if (event.type == PROCSTREAM_LOG_EVENT_END)
        meet_end (self, core, &event);
      else
        self->chunk = g_steal_pointer (&event.chunk);
    }
  return self->chunk != NULL;
}

static GBytes *
take_line_as_bytes (ProcstreamPull *self)
{
  char *line = g_queue_pop_head (&self->lines);

  return g_bytes_new_take (line, strlen (line));
}

static GBytes *
take_carry (ProcstreamPull *self)
{
  GByteArray *carry = g_steal_pointer (&self->carry);

  self->carry = g_byte_array_new ();
  return g_byte_array_free_to_bytes (carry);
}

ProcstreamPullResult
procstream_pull_next (ProcstreamPull         *self,
                      ProcstreamConsumerCore *core,
                      GBytes                **bytes)
{
  if (self->lines.length > 0)
    *bytes = take_line_as_bytes (self);
  else if ((*bytes = procstream_line_splitter_steal_text (self->cursor.splitter)))
    ; /* the rest of a line that was cut */
  else if (self->carry->len > 0)
    *bytes = take_carry (self);
  else if (take_chunk (self, core))
    {
      *bytes = procstream_chunk_to_bytes_from (self->chunk, self->position);
      drop_chunk (self);
      /* Who took the bytes knows what they end with: a line that is asked for next begins where they stopped. */
      procstream_line_cursor_join (&self->cursor);
    }
  else
    return self->ended ? PROCSTREAM_PULL_END : PROCSTREAM_PULL_EMPTY;
  return PROCSTREAM_PULL_ITEM;
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

/* Before the first byte of a chunk, and at the end: if it does not go on where carry ends, the beginning of one line, or the end of
 * another, is missing. */
static void
settle (ProcstreamPull *self)
{
  if (self->cursor.torn)
    {
      self->bytes_torn += self->carry->len;
      g_byte_array_set_size (self->carry, 0);
    }
  procstream_line_cursor_settle (&self->cursor, self->chunk);
}

/* The end of the line that position is in, past its line feed; 0 when the chunk has none. */
static gsize
find_line_end (ProcstreamPull *self)
{
  const guint8 *from = self->chunk->data + self->position;
  const guint8 *feed = memchr (from, '\n', self->chunk->size - self->position);

  return feed ? feed + 1 - self->chunk->data : 0;
}

static void
push_line (ProcstreamPull *self,
           gsize           end)
{
  const guint8 *from = self->chunk->data + self->position;

  if (self->carry->len > 0)
    {
      g_byte_array_append (self->carry, from, end - self->position);
      procstream_line_splitter_push (self->cursor.splitter, self->carry->data, self->carry->len, NULL, line_cb, self);
      g_byte_array_set_size (self->carry, 0);
    }
  else
    {
      procstream_line_splitter_push (self->cursor.splitter, from, end - self->position, NULL, line_cb, self);
    }
  self->position = end;
  if (self->position == self->chunk->size)
    drop_chunk (self);
}

static void
carry_rest (ProcstreamPull *self)
{
  g_byte_array_append (self->carry, self->chunk->data + self->position, self->chunk->size - self->position);
  drop_chunk (self);
  if (self->carry->len <= self->cursor.options.max_length + 2)
    return;
  procstream_line_splitter_push (self->cursor.splitter, self->carry->data, self->carry->len, NULL, line_cb, self);
  g_byte_array_set_size (self->carry, 0);
}

static void
finish_lines (ProcstreamPull *self)
{
  settle (self);
  if (self->carry->len > 0)
    procstream_line_splitter_push (self->cursor.splitter, self->carry->data, self->carry->len, NULL, line_cb, self);
  g_byte_array_set_size (self->carry, 0);
  procstream_line_splitter_finish (self->cursor.splitter, line_cb, self);
}

ProcstreamPullResult
procstream_pull_line (ProcstreamPull         *self,
                      ProcstreamConsumerCore *core,
                      char                  **line)
{
  while (self->lines.length == 0)
    {
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
      settle (self);
      end = find_line_end (self);
      if (end > 0)
        push_line (self, end);
      else
        carry_rest (self);
    }
  *line = g_queue_pop_head (&self->lines);
  return PROCSTREAM_PULL_ITEM;
}
