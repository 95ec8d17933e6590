/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>

#include "procstream-line-splitter-private.h"

/*
 * How bytes become lines, written down as simply as can be: all bytes between two gaps are put together, then cut. The splitter must
 * give the same lines however the bytes were pushed, one by one to a function or in batches, and each as soon as it can be known. A
 * history is what a splitter is told: pieces of bytes, gaps, ends. It can be read from any string of bytes, for a
 * fuzzer.
 */

typedef enum
{
  LINE_PUSH,
  LINE_GAP,
  LINE_GAP_AFTER, /* data: the last bytes that are missing */
  LINE_GAP_AT_START,
  LINE_FINISH,
} LineEventType;

typedef struct
{
  LineEventType type;
  const guint8 *data;
  gsize         size;
} LineEvent;

typedef struct
{
  ProcstreamLineOptions options;
  GPtrArray            *lines; /* of GBytes */
  GArray               *ends;  /* of ProcstreamLineEnd: what ended each of them */
  guint64               lost;
  guint64               separators; /* bytes */
  guint64               text;       /* bytes */
  GByteArray           *segment;
  gsize                 known;    /* so many bytes at its beginning were never pushed */
  gboolean              skipping; /* of the segment, up to its first separator */
} LineModel;

/* The bytes of a separator, NULL where there are several. */
static inline const char *
line_model_get_separator (const ProcstreamLineOptions *options,
                          gsize                       *size)
{
  *size = options->separator == PROCSTREAM_LINE_SEPARATOR_CRLF ? 2 : 1;
  switch (options->separator)
    {
    case PROCSTREAM_LINE_SEPARATOR_LF:
      return "\n";
    case PROCSTREAM_LINE_SEPARATOR_CRLF:
      return "\r\n";
    case PROCSTREAM_LINE_SEPARATOR_NUL:
      return "\0";
    case PROCSTREAM_LINE_SEPARATOR_CUSTOM:
      *size = options->custom_size;
      return (const char *) options->custom;
    default:
      return NULL;
    }
}

static inline gboolean
line_model_ends_with (const guint8 *data,
                      gsize         size,
                      const char   *what,
                      gsize         n)
{
  return size >= n && memcmp (data + size - n, what, n) == 0;
}

static inline LineModel *
line_model_new (const ProcstreamLineOptions *options)
{
  LineModel *self = g_new0 (LineModel, 1);

  self->options = *options;
  self->lines = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->ends = g_array_new (FALSE, FALSE, sizeof (ProcstreamLineEnd));
  self->segment = g_byte_array_new ();
  return self;
}

static inline void
line_model_free (LineModel *self)
{
  g_ptr_array_unref (self->lines);
  g_array_unref (self->ends);
  g_byte_array_unref (self->segment);
  g_free (self);
}

static inline gboolean
line_model_is_continuation (guint8 byte)
{
  return byte >= 0x80 && byte < 0xc0;
}

/* A line is cut at the limit, or up to three bytes before it where these begin a character that goes on after it. */
static inline gsize
line_model_cut (const guint8 *data,
                gsize         max)
{
  if (!line_model_is_continuation (data[max]))
    return max;
  for (gsize back = 1; back <= 3 && back < max; back++)
    {
      guint8 byte = data[max - back];

      if (line_model_is_continuation (byte))
        continue;
      return byte >= 0xc0 && (gsize) g_utf8_skip[byte] > back ? max - back : max;
    }
  return max;
}

static inline void
line_model_add (LineModel        *self,
                const guint8     *data,
                gsize             size,
                ProcstreamLineEnd end)
{
  self->text += size;
  g_array_append_val (self->ends, end);
  g_ptr_array_add (self->lines, g_bytes_new (data, size));
}

/* The pieces of a line that are certain when it has at least these @size bytes; returns how many bytes they took. */
static inline gsize
line_model_add_pieces (LineModel    *self,
                       const guint8 *data,
                       gsize         size)
{
  gsize from = 0;

  while (size - from > self->options.max_length)
    {
      gsize cut = line_model_cut (data + from, self->options.max_length);

      line_model_add (self, data + from, cut, PROCSTREAM_LINE_END_LIMIT);
      from += cut;
      if (self->options.overflow == PROCSTREAM_LINE_OVERFLOW_TRUNCATE)
        {
          self->lost += size - from;
          return size;
        }
    }
  return from;
}

static inline void
line_model_add_line (LineModel        *self,
                     const guint8     *data,
                     gsize             size,
                     ProcstreamLineEnd end)
{
  gsize from = line_model_add_pieces (self, data, size);

  if (from < size || size == 0)
    line_model_add (self, data + from, size - from, end);
}

/* How many bytes at the end may be the beginning of a separator. */
static inline gsize
line_model_get_pending (LineModel    *self,
                        const guint8 *data,
                        gsize         size)
{
  gsize       n;
  const char *separator = line_model_get_separator (&self->options, &n);

  if (separator == NULL)
    return self->options.separator == PROCSTREAM_LINE_SEPARATOR_NEWLINE && line_model_ends_with (data, size, "\r", 1);
  while (--n > 0)
    if (line_model_ends_with (data, size, separator, n))
      return n;
  return 0;
}

/* How many bytes the separator has that ends with the last of the @size bytes of a line that begins at @data; 0: there is none. */
static inline gsize
line_model_get_width (LineModel    *self,
                      const guint8 *data,
                      gsize         size)
{
  gsize       n;
  const char *separator = line_model_get_separator (&self->options, &n);

  if (separator)
    return line_model_ends_with (data, size, separator, n) ? n : 0;
  if (self->options.separator == PROCSTREAM_LINE_SEPARATOR_ANY)
    return data[size - 1] == '\n' || data[size - 1] == '\r';
  return line_model_ends_with (data, size, "\r\n", 2) ? 2 : line_model_ends_with (data, size, "\n", 1);
}

/* So many of the bytes from @from to @to that were pushed. */
static inline gsize
line_model_count_pushed (LineModel *self,
                         gsize      from,
                         gsize      to)
{
  return MAX (to, self->known) - MAX (from, self->known);
}

static inline void
line_model_end_segment (LineModel *self,
                        gboolean   finished)
{
  const guint8 *data = self->segment->data;
  const gsize   size = self->segment->len;
  gsize         start = self->skipping ? 0 : self->known;

  for (gsize end = self->known + 1; end <= size; end++)
    {
      gsize    width = line_model_get_width (self, data + start, end - start);
      gboolean rest = self->options.separator == PROCSTREAM_LINE_SEPARATOR_ANY && end - start == 1 && data[start] == '\n' &&
                      start > 0 && data[start - 1] == '\r';

      if (width == 0)
        continue;
      if (self->skipping)
        self->lost += line_model_count_pushed (self, start, end - width);
      else if (!rest)
        line_model_add_line (self, data + start, end - width - start, PROCSTREAM_LINE_END_SEPARATOR);
      self->separators += line_model_count_pushed (self, end - width, end);
      self->skipping = FALSE;
      start = end;
    }
  if (self->skipping)
    self->lost += line_model_count_pushed (self, start, size);
  else if (finished && start < size)
    line_model_add_line (self, data + start, size - start, PROCSTREAM_LINE_END_OUTPUT);
  else if (start < size)
    self->lost += size - start - line_model_add_pieces (self, data + start, size - start - line_model_get_pending (self, data + start, size - start));
  g_byte_array_set_size (self->segment, 0);
}

static inline void
line_model_begin_after (LineModel       *self,
                        const LineEvent *event)
{
  gsize       n;
  const char *separator = line_model_get_separator (&self->options, &n);

  g_byte_array_append (self->segment, event->data, event->size);
  if (separator)
    self->skipping = !line_model_ends_with (event->data, event->size, separator, n);
  else if (self->options.separator == PROCSTREAM_LINE_SEPARATOR_ANY)
    self->skipping = !line_model_ends_with (event->data, event->size, "\n", 1) && !line_model_ends_with (event->data, event->size, "\r", 1);
  else
    self->skipping = !line_model_ends_with (event->data, event->size, "\n", 1);
}

static inline void
line_model_event (LineModel       *self,
                  const LineEvent *event)
{
  if (event->type == LINE_PUSH)
    {
      g_byte_array_append (self->segment, event->data, event->size);
      return;
    }
  line_model_end_segment (self, event->type == LINE_FINISH);
  self->skipping = event->type == LINE_GAP;
  self->known = event->size;
  if (event->type == LINE_GAP_AFTER)
    line_model_begin_after (self, event);
}

/* How many lines must have come after these events, with nothing said of what follows. */
static inline guint
line_model_count (const ProcstreamLineOptions *options,
                  const LineEvent             *events,
                  guint                        n_events)
{
  LineModel *self = line_model_new (options);
  guint      count;

  for (guint i = 0; i < n_events; i++)
    line_model_event (self, &events[i]);
  line_model_end_segment (self, FALSE);
  count = self->lines->len;
  line_model_free (self);
  return count;
}

/* --- Text --------------------------------------------------------------------------------------------------------------------- */

static inline GString *
line_model_repair (GBytes *line)
{
  gsize       size;
  const char *data = g_bytes_get_data (line, &size);
  GString    *text = g_string_new (NULL);

  for (gsize i = 0; i < size;)
    {
      gunichar character = data[i] ? g_utf8_get_char_validated (data + i, size - i) : (gunichar) -1;
      gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;

      g_string_append_unichar (text, valid ? character : 0xfffd);
      i += valid ? (gsize) g_utf8_skip[(guint8) data[i]] : 1;
    }
  return text;
}

static inline gboolean
line_model_is_plain (GBytes *line)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (line, &size);

  for (gsize i = 0; i < size; i++)
    if (data[i] == 0 || data[i] >= 0x80)
      return FALSE;
  return TRUE;
}

/* --- Comparing ---------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  LineModel *model; /* after all events */
  guint      next;  /* line to come */
  char      *failure;

  ProcstreamLineSplitter *splitter;
} LineCheck;

static inline void
line_check_fail (LineCheck  *self,
                 const char *what)
{
  if (self->failure == NULL)
    self->failure = g_strdup_printf ("line %u: %s", self->next, what);
}

static inline GBytes *
line_check_get (LineCheck *self)
{
  if (self->next < self->model->lines->len)
    return g_ptr_array_index (self->model->lines, self->next);
  line_check_fail (self, "there should be none");
  return NULL;
}

static inline void
line_check_line_cb (gpointer      user_data,
                    const guint8 *data,
                    gsize         size,
                    gboolean      plain)
{
  LineCheck *self = user_data;
  GBytes    *expected = line_check_get (self);
  g_autoptr (GString) scratch = g_string_new (NULL);
  g_autoptr (GString) repaired = expected ? line_model_repair (expected) : NULL;
  gsize       text_size;
  const char *text;

  if (expected == NULL)
    return;
  if (g_bytes_get_size (expected) != size || (size > 0 && memcmp (g_bytes_get_data (expected, NULL), data, size) != 0))
    line_check_fail (self, "other bytes");
  if (g_array_index (self->model->ends, ProcstreamLineEnd, self->next) != procstream_line_splitter_get_end (self->splitter))
    line_check_fail (self, "ended by something else");
  if (line_model_is_plain (expected) != !!plain)
    line_check_fail (self, "plain is wrong");
  text = procstream_line_repair (data, size, scratch, &text_size);
  if (text_size != repaired->len || (text_size > 0 && memcmp (text, repaired->str, text_size) != 0))
    line_check_fail (self, "not repaired as it should be");
  if (plain && text != (const char *) data)
    line_check_fail (self, "repaired without need");
  self->next++;
}

static inline void
line_check_batch (LineCheck           *self,
                  ProcstreamLineBatch *batch)
{
  if (batch == NULL)
    return;
  if (batch->n_lines == 0 || batch->lines[batch->n_lines] != NULL)
    line_check_fail (self, "not a batch");
  for (guint i = 0; i < batch->n_lines; i++, self->next++)
    {
      GBytes *expected = line_check_get (self);
      g_autoptr (GString) text = expected ? line_model_repair (expected) : NULL;

      if (text && strcmp (text->str, batch->lines[i]) != 0)
        line_check_fail (self, "other text in a batch");
    }
  procstream_line_batch_unref (batch);
}

/* In memory of exactly its size, and gone right after it was pushed. */
static inline void
line_check_push (LineCheck              *self,
                 ProcstreamLineSplitter *splitter,
                 const LineEvent        *event,
                 gboolean                in_batches,
                 gboolean                with_index)
{
  guint8              *data = event->size > 0 ? g_memdup2 (event->data, event->size) : (guint8 *) g_strdup ("");
  ProcstreamLineIndex *index = with_index ? procstream_line_index_new (data, event->size, procstream_line_splitter_get_mark (splitter)) : NULL;

  if (in_batches)
    line_check_batch (self, procstream_line_splitter_push_batch (splitter, data, event->size, index));
  else
    procstream_line_splitter_push (splitter, data, event->size, index, line_check_line_cb, self);
  g_clear_pointer (&index, procstream_line_index_free);
  g_free (data);
}

static inline void
line_check_event (LineCheck              *self,
                  ProcstreamLineSplitter *splitter,
                  const LineEvent        *event,
                  gboolean                in_batches,
                  gboolean                with_index)
{
  if (event->type == LINE_PUSH)
    line_check_push (self, splitter, event, in_batches, with_index);
  else if (event->type == LINE_GAP_AFTER)
    procstream_line_splitter_gap_after (splitter, event->data, event->size);
  else if (event->type != LINE_FINISH)
    procstream_line_splitter_gap (splitter, event->type == LINE_GAP_AT_START);
  else if (in_batches)
    line_check_batch (self, procstream_line_splitter_push_batch (splitter, NULL, 0, NULL));
  else
    procstream_line_splitter_finish (splitter, line_check_line_cb, self);
}

/* The last event must be an end. NULL when all is as it should be. */
static inline char *
line_events_run (const ProcstreamLineOptions *options,
                 const LineEvent             *events,
                 guint                        n_events,
                 gboolean                     in_batches,
                 gboolean                     with_index)
{
  ProcstreamLineSplitter *splitter = procstream_line_splitter_new (options);
  LineCheck               check = { line_model_new (options), 0, NULL, splitter };
  guint64                 pushed = 0;

  for (guint i = 0; i < n_events; i++)
    {
      line_model_event (check.model, &events[i]);
      pushed += events[i].type == LINE_PUSH ? events[i].size : 0;
    }
  for (guint i = 0; i < n_events; i++)
    {
      line_check_event (&check, splitter, &events[i], in_batches, with_index);
      /* Counting anew each time is quadratic. */
      if (n_events <= 8 && events[i].type == LINE_PUSH && check.next != line_model_count (options, events, i + 1))
        line_check_fail (&check, "came early or late");
    }
  if (check.next != check.model->lines->len)
    line_check_fail (&check, "is missing");
  if (procstream_line_splitter_get_bytes_lost (splitter) != check.model->lost)
    line_check_fail (&check, "the number of bytes lost is wrong");
  if (check.model->text + check.model->separators + check.model->lost != pushed)
    line_check_fail (&check, "the model itself loses bytes");
  line_model_free (check.model);
  procstream_line_splitter_free (splitter);
  return check.failure;
}

/* Both ways, with an index that is given or not. */
static inline char *
line_events_run_all (const ProcstreamLineOptions *options,
                     const LineEvent             *events,
                     guint                        n_events)
{
  for (int way = 0; way < 4; way++)
    {
      g_autofree char *failure = line_events_run (options, events, n_events, way & 1, way & 2);

      if (failure)
        return g_strdup_printf ("%s, index %s: %s", way & 1 ? "batches" : "lines", way & 2 ? "given" : "not given", failure);
    }
  return NULL;
}

static inline LineEventType
line_history_event (guint8 what)
{
  if (what < 240)
    return LINE_PUSH;
  if (what < 244)
    return LINE_GAP;
  if (what < 247)
    return LINE_GAP_AFTER;
  return what < 254 ? LINE_GAP_AT_START : LINE_FINISH;
}

/* Separators of one's own, some of which begin as they end. */
static const char *const line_custom_separators[] = { "ab", "aab", "\r\n\r\n", "--", "abcabcabd", "a" };

static inline void
line_options_set_separator (ProcstreamLineOptions *self,
                            guint                  which)
{
  const guint last = PROCSTREAM_LINE_SEPARATOR_CUSTOM;

  self->separator = MIN (PROCSTREAM_LINE_SEPARATOR_NEWLINE + which, last);
  self->custom_size = 0;
  if (self->separator != last)
    return;
  which = (which + PROCSTREAM_LINE_SEPARATOR_NEWLINE - last) % G_N_ELEMENTS (line_custom_separators);
  self->custom_size = strlen (line_custom_separators[which]);
  memcpy (self->custom, line_custom_separators[which], self->custom_size);
}

#define LINE_N_SEPARATORS (PROCSTREAM_LINE_SEPARATOR_CUSTOM - PROCSTREAM_LINE_SEPARATOR_NEWLINE + G_N_ELEMENTS (line_custom_separators))

/* Reads a history from any bytes: three for the options, then events. */
static inline char *
line_history_run (const guint8 *history,
                  gsize         size)
{
  ProcstreamLineOptions options = { 0 };
  g_autoptr (GArray) events = g_array_new (FALSE, FALSE, sizeof (LineEvent));
  LineEvent event = { LINE_FINISH, NULL, 0 };

  if (size < 3)
    return NULL;
  line_options_set_separator (&options, history[0] % LINE_N_SEPARATORS);
  options.overflow = PROCSTREAM_LINE_OVERFLOW_SPLIT + history[1] % 2;
  options.max_length = 1 + history[2] % 40;
  for (gsize i = 3; i < size;)
    {
      guint8 what = history[i++];

      event = (LineEvent){ line_history_event (what), NULL, 0 };
      if (event.type == LINE_PUSH)
        event.size = what % 48;
      else if (event.type == LINE_GAP_AFTER && i < size)
        event.size = history[i++] % (PROCSTREAM_LINE_RULE_MAX_SIZE + 1);
      event.data = history + i;
      event.size = MIN (event.size, size - i);
      i += event.size;
      g_array_append_val (events, event);
    }
  event = (LineEvent){ LINE_FINISH, NULL, 0 };
  g_array_append_val (events, event);
  return line_events_run_all (&options, (const LineEvent *) (gpointer) events->data, events->len);
}
