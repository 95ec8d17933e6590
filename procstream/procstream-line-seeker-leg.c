/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-seeker-record-private.h"

#include <string.h>

/* What there is of a line. What is torn begins with context bytes that were not read as a part of the output: they are not searched. */
typedef struct
{
  const guint8 *data;
  gsize         size;
  gsize         context;
  gboolean      torn;
  gboolean      plain; /* it is its own text */
} RawLine;

/* --- What was found ----------------------------------------------------------------------------------------------------------- */

ProcstreamFoundLine *
procstream_found_line_ref (ProcstreamFoundLine *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_found_line_unref (ProcstreamFoundLine *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  procstream_match_groups_clear (&self->groups);
  g_clear_pointer (&self->place, procstream_match_place_unref);
  g_bytes_unref (self->bytes);
  g_free (self->stream);
  g_free (self);
}

ProcstreamLine *
procstream_found_line_to_line (ProcstreamFoundLine *self)
{
  gsize           size;
  gconstpointer   data = g_bytes_get_data (self->bytes, &size);
  ProcstreamLine *line = procstream_line_new (data, size, self->number, self->time_us, self->stream, self->end);

  procstream_line_set_torn (line, self->torn);
  return line;
}

/* Nobody else has it yet. */
static void
find_place (Leg                 *leg,
            guint                lane,
            gint64               end,
            ProcstreamFoundLine *found)
{
  found->place = procstream_match_place_ref (leg->places[lane]);
  found->end_offset = procstream_line_cursor_find_offset (&leg->cursor, lane, end);
}

ProcstreamFoundLine *
procstream_question_to_hit (const Question *self,
                            guint           pattern)
{
  ProcstreamFoundLine *hit;

  if (self->found && pattern == self->n_patterns)
    {
      find_place (self->leg, self->lane, self->match_end, self->line);
      return procstream_found_line_ref (self->line);
    }
  hit = g_new0 (ProcstreamFoundLine, 1);
  *hit = *self->line;
  g_atomic_ref_count_init (&hit->ref_count);
  hit->pattern = pattern;
  hit->bytes = g_bytes_ref (self->line->bytes);
  hit->stream = g_strdup (self->line->stream);
  hit->place = NULL;
  hit->groups = (ProcstreamMatchGroups){ 0 };
  find_place (self->leg, self->lane, self->line_end, hit);
  return hit;
}

void
procstream_question_free (Question *self)
{
  procstream_found_line_unref (self->line);
  g_free (self);
}

/* How many bytes of the line make the first @end bytes of its text. */
static gsize
get_raw_end (const RawLine *line,
             gsize          end)
{
  return line->plain ? end : procstream_line_get_raw_offset (line->data, line->size, end);
}

/* Takes @groups. */
static ProcstreamFoundLine *
found_line_new (Leg                   *leg,
                const RawLine         *line,
                guint                  pattern,
                ProcstreamMatchGroups *groups)
{
  ProcstreamFoundLine *self = g_new0 (ProcstreamFoundLine, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->pattern = pattern;
  self->groups = *groups;
  self->bytes = g_bytes_new (line->data + line->context, line->size - line->context);
  self->number = leg->n_lines;
  self->time_us = leg->last_time_us;
  if (leg->cursor.stream != PROCSTREAM_STREAM_NONE)
    self->stream = g_strdup (procstream_stream_get_name (leg->cursor.stream));
  else
    self->stream = g_strdup (leg->stream);
  self->end = leg->end;
  self->torn = line->torn;
  return self;
}

/* --- Testing ------------------------------------------------------------------------------------------------------------------ */

static void
count_skipped (ProcstreamLineSeeker *self,
               GError               *error)
{
  g_mutex_lock (&self->mutex);
  self->skipped++;
  if (self->skipped_why == NULL)
    self->skipped_why = g_strdup (error->message);
  g_mutex_unlock (&self->mutex);
  g_error_free (error);
}

/* The first pattern that finds the line, or how many there are. What is to be asked about is passed over. */
static guint
test_patterns (ProcstreamLineSeeker        *self,
               const ProcstreamPatternLine *line,
               gboolean                     partial,
               ProcstreamMatchGroups       *groups)
{
  GError *error = NULL;
  guint   i;

  for (i = 0; i < self->patterns->len && !g_atomic_int_get (&self->decided); i++)
    {
      ProcstreamPattern *pattern = g_ptr_array_index (self->patterns, i);

      if (partial && !procstream_pattern_is_partial (pattern))
        continue;
      if (procstream_pattern_test (pattern, line, groups, error ? NULL : &error))
        break;
    }
  if (error)
    count_skipped (self, error);
  return i;
}

static gboolean
is_to_be_asked (ProcstreamLineSeeker *self,
                guint                 n_patterns,
                gboolean              partial)
{
  for (guint i = 0; self->asks && i < n_patterns; i++)
    {
      ProcstreamPattern *pattern = g_ptr_array_index (self->patterns, i);

      if (procstream_pattern_is_predicate (pattern) && (!partial || procstream_pattern_is_partial (pattern)))
        return TRUE;
    }
  return FALSE;
}

static void
add_question (ProcstreamLineSeeker *self,
              Leg                  *leg,
              ProcstreamFoundLine  *line,
              const RawLine        *raw,
              gboolean              found,
              gboolean              partial)
{
  Question *question = g_new (Question, 1);

  question->leg = leg;
  question->line_end = procstream_line_cursor_get_position (&leg->cursor, raw->size, &question->lane);
  question->match_end = procstream_line_cursor_get_position (&leg->cursor, found ? get_raw_end (raw, line->groups.end) : 0, &question->lane);
  question->line = line;
  question->partial = partial;
  question->n_patterns = line->pattern;
  question->found = found;
  g_queue_push_tail (&self->asking, question);
}

/* Nothing after a line that was found can be the first one. */
static gboolean
is_settled (ProcstreamLineSeeker *self)
{
  const Question *last = g_queue_peek_tail (&self->asking);

  return self->hit || (last && last->found) || g_atomic_int_get (&self->decided);
}

/* Takes @groups. */
static ProcstreamFoundLine *
make_hit (Leg                   *leg,
          const RawLine         *raw,
          guint                  pattern,
          ProcstreamMatchGroups *groups)
{
  ProcstreamFoundLine *hit = found_line_new (leg, raw, pattern, groups);
  guint                lane;
  const gint64         end = procstream_line_cursor_get_position (&leg->cursor, get_raw_end (raw, groups->end), &lane);

  find_place (leg, lane, end, hit);
  return hit;
}

static void
test_line (Leg           *leg,
           const RawLine *raw,
           gboolean       partial)
{
  ProcstreamLineSeeker *self = leg->search;
  ProcstreamMatchGroups groups = { 0 };
  ProcstreamPatternLine line = { (const char *) raw->data, raw->size, raw->context, raw->torn };
  guint                 pattern;
  gboolean              found, ask;

  if (!raw->plain)
    {
      line.text = procstream_line_repair (raw->data, raw->size, self->scratch, &line.size);
      line.start = procstream_line_get_text_offset (raw->data, raw->size, raw->context);
    }
  pattern = test_patterns (self, &line, partial, &groups);
  found = pattern < self->patterns->len;
  ask = is_to_be_asked (self, pattern, partial);
  if (ask || (found && self->asking.length > 0))
    add_question (self, leg, found_line_new (leg, raw, pattern, &groups), raw, found, partial);
  else if (found)
    self->hit = make_hit (leg, raw, pattern, &groups);
  if (G_UNLIKELY (self->scratch->allocated_len > 2 * PROCSTREAM_LINE_KEPT_SIZE))
    {
      g_string_free (self->scratch, TRUE);
      self->scratch = g_string_new (NULL);
    }
}

/* FALSE: all of it came before what is searched. */
static gboolean
take_line (Leg          *leg,
           const guint8 *data,
           gsize         size,
           gboolean      plain,
           RawLine      *line)
{
  line->data = data;
  line->size = size;
  line->plain = plain;
  line->torn = procstream_line_cursor_is_line_torn (&leg->cursor, &line->context);
  return !line->torn || size > line->context;
}

static void
line_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  Leg    *leg = user_data;
  RawLine line;

  if (is_settled (leg->search) || !take_line (leg, data, size, plain, &line))
    return;
  leg->n_lines++;
  leg->end = procstream_line_cursor_get_end (&leg->cursor);
  test_line (leg, &line, FALSE);
}

/* --- Events ------------------------------------------------------------------------------------------------------------------- */

static guint64
get_stop (Leg *leg)
{
  guint64 stop;

  g_mutex_lock (&leg->search->mutex);
  stop = leg->stop;
  g_mutex_unlock (&leg->search->mutex);
  return stop;
}

static void
note_error (Leg          *leg,
            const GError *error)
{
  if (error == NULL)
    return;
  g_mutex_lock (&leg->search->mutex);
  leg->error = g_error_copy (error);
  g_mutex_unlock (&leg->search->mutex);
}

/* The exit of the process ends it where the process itself can have written nothing more. */
static gboolean
is_stopped (Leg *leg)
{
  guint64 stop = get_stop (leg);

  if (stop == G_MAXUINT64)
    return FALSE;
  if (leg->held.type == PROCSTREAM_LOG_EVENT_CHUNK)
    return leg->held.chunk->offset >= stop;
  return leg->held.type == PROCSTREAM_LOG_EVENT_NOTHING && leg->offset >= stop;
}

static void
take_from (Leg                    *leg,
           ProcstreamOutputCore   *output,
           ProcstreamSubscription *subscription)
{
  procstream_output_core_take (output, subscription, &leg->held);
  if (leg->held.type == PROCSTREAM_LOG_EVENT_NOTHING)
    {
      leg->offset = procstream_output_core_get_offset (output, subscription);
      leg->caught_up |= leg->offset >= leg->history_end;
    }
  if (leg->held.type == PROCSTREAM_LOG_EVENT_END)
    note_error (leg, leg->held.error);
  leg->held.error = NULL;
  if (!is_stopped (leg))
    return;
  procstream_log_event_clear (&leg->held);
  leg->held.type = PROCSTREAM_LOG_EVENT_END;
}

void
procstream_seeker_leg_fetch (Leg *leg)
{
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription;

  if (leg->ended || leg->held.type != PROCSTREAM_LOG_EVENT_NOTHING)
    return;
  subscription = procstream_consumer_core_dup_subscription (leg->core, &output);
  if (subscription == NULL)
    return;
  take_from (leg, output, subscription);
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);
}

static void
count_gap (Leg                      *leg,
           const ProcstreamLogEvent *event)
{
  procstream_consumer_core_count_gap (leg->core, event->chunks, event->bytes);
  if (leg->owned)
    procstream_consumer_core_count_gap (leg->search->core, event->chunks, event->bytes);
}

/* What stands before the place where the search begins. FALSE: that is all of it. */
static gboolean
pass_over (Leg                *leg,
           ProcstreamLogEvent *event)
{
  ProcstreamChunk *whole = event->chunk;
  const guint64    offset = procstream_chunk_get_stream_offset (whole);
  const guint64    from = leg->from[procstream_line_cursor_get_lane (whole)];

  if (from <= offset)
    return TRUE;
  event->chunk = from - offset < whole->size ? procstream_chunk_new_rest (whole, from - offset) : NULL;
  procstream_chunk_unref (whole);
  return event->chunk != NULL;
}

void
procstream_seeker_leg_take (Leg *leg)
{
  ProcstreamLineSeeker  *self = leg->search;
  ProcstreamLogEvent     event = leg->held;
  const ProcstreamChunk *chunk;

  leg->held = (ProcstreamLogEvent){ 0 };
  if (event.type == PROCSTREAM_LOG_EVENT_CHUNK && !pass_over (leg, &event))
    return;
  chunk = event.chunk;
  if (event.type == PROCSTREAM_LOG_EVENT_CHUNK)
    {
      leg->dirty |= 1u << procstream_line_cursor_get_lane (event.chunk);
      leg->last_time_us = chunk->time_us;
      procstream_line_cursor_push (&leg->cursor, event.chunk, line_cb, leg);
    }
  else if (event.type == PROCSTREAM_LOG_EVENT_GAP)
    {
      count_gap (leg, &event);
      procstream_line_cursor_gap (&leg->cursor);
    }
  else
    {
      leg->ended = TRUE;
      procstream_line_cursor_finish (&leg->cursor, line_cb, leg);
    }

  g_mutex_lock (&self->mutex);
  if (event.type == PROCSTREAM_LOG_EVENT_CHUNK)
    procstream_tail_push (leg->tail, chunk->data, chunk->size);
  else if (event.type == PROCSTREAM_LOG_EVENT_GAP)
    procstream_tail_gap (leg->tail);
  leg->lost += event.bytes;
  leg->searched = leg->n_lines;
  leg->torn = procstream_line_cursor_get_bytes_lost (&leg->cursor);
  g_mutex_unlock (&self->mutex);
  procstream_log_event_clear (&event);
}

/* --- Lines that are not finished ---------------------------------------------------------------------------------------------- */

/* Without the beginning of a character at the end, of which the rest has not come. */
static gsize
whole_characters (const guint8 *data,
                  gsize         size)
{
  gsize start = size;

  while (start > 0 && size - start < 3 && (data[start - 1] & 0xc0) == 0x80)
    start--;
  if (start > 0 && data[start - 1] >= 0xc0 && start - 1 + g_utf8_skip[data[start - 1]] > size)
    return start - 1;
  return size;
}

void
procstream_seeker_leg_look_at_unfinished (Leg *leg)
{
  if (leg->dirty == 0 || leg->ended || leg->held.type != PROCSTREAM_LOG_EVENT_NOTHING)
    return;
  for (guint i = 0; i < PROCSTREAM_N_LANES && !is_settled (leg->search); i++)
    {
      gsize         size;
      const guint8 *data = procstream_line_cursor_peek_unfinished (&leg->cursor, i, &size);
      RawLine       line;

      size = data ? whole_characters (data, size) : 0;
      if (size == 0 || !(leg->dirty & 1u << i) || !take_line (leg, data, size, FALSE, &line))
        continue;
      leg->n_lines++;
      leg->end = PROCSTREAM_LINE_END_OUTPUT;
      test_line (leg, &line, TRUE);
      leg->n_lines--;
    }
  leg->dirty = 0;
}

void
procstream_seeker_leg_let_go (Leg *leg)
{
  procstream_log_event_clear (&leg->held);
  procstream_line_cursor_forget_places (&leg->cursor);
}
