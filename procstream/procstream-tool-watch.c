/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-watch-private.h"

#include <string.h>

/*
 * The feeds run in the watch's thread, where a slow regular expression delays nothing but the next line. What they
 * gather is protected by mutex, because the main thread may give up on an output that does not end.
 *
 * Exactly one of matched and unmatched is called, in the main thread, when there is something to wait for: settled says that it was
 * decided. announce is called here, after matched, and may wait for its reader. match is constant once match.line is set.
 *
 * A line is handed out as soon as it is certain that it is cut, before its length is known. So the lengths are taken from the chunks,
 * each of which comes before the lines that it makes: what is cut is either the first of those lines, if it began in
 * an earlier chunk, or the last, if it goes on. No chunk is longer than the limit, so none in between can be.
 */
#define MAX_LINE PROCSTREAM_DEFAULT_MAX_LINE_LENGTH

struct _ToolWatch
{
  ToolThread *thread;
  GRegex     *wait_for;
  GSourceFunc matched;
  GSourceFunc unmatched;
  void (*announce) (gpointer user_data);
  gpointer   user_data;
  guint      max_tail;
  GPtrArray *feeds;

  GMutex   mutex;
  GQueue   tail; /* of ToolLine */
  guint    open_feeds;
  gboolean settled;
  ToolLine match; /* cut at the limit, if it is longer */
  gint64   match_time;
};

typedef struct
{
  ToolWatch  *watch;
  const char *stream;
  guint64     lines;
  guint64     bytes_lost; /* in gaps; not what a long line was cut by */

  guint64   length;     /* so far, of the line that is not finished */
  guint64   first_size; /* of a line that the last chunk finished and that must be cut, 0: there is none */
  gboolean  after_cr;   /* the last byte of that line */
  gboolean  torn;       /* where that line began is not known */
  gboolean  cut;        /* that line was handed out, cut */
  ToolLine *unfinished; /* the same, if it is still in the tail */
} Feed;

static void
tool_line_free (gpointer data)
{
  ToolLine *line = data;

  g_free (line->line);
  g_free (line);
}

static void
push_tail_locked (ToolWatch  *self,
                  const char *stream,
                  const char *text)
{
  ToolLine *line = self->tail.length >= self->max_tail ? g_queue_pop_head (&self->tail) : g_new0 (ToolLine, 1);

  for (guint i = 0; i < self->feeds->len; i++)
    {
      Feed *feed = g_ptr_array_index (self->feeds, i);

      if (feed->unfinished == line)
        feed->unfinished = NULL;
    }
  g_free (line->line);
  line->size = 0;
  line->stream = stream;
  line->line = g_strdup (text);
  g_queue_push_tail (&self->tail, line);
}

/* Only what will still be there at the end of the batch is worth a copy. */
static void
keep_lines_locked (Feed              *feed,
                   const char *const *lines,
                   guint              n)
{
  ToolWatch *self = feed->watch;

  feed->lines += n;
  if (self->max_tail == 0)
    return;
  for (guint i = n > self->max_tail ? n - self->max_tail : 0; i < n; i++)
    push_tail_locked (self, feed->stream, lines[i]);
}

/* A CR before the newline is no part of the line; one at the end of what is there may turn out to be that. */
static gboolean
is_too_long (const Feed *feed)
{
  return feed->length - feed->after_cr > MAX_LINE;
}

static void
end_line_locked (Feed *feed)
{
  guint64 length = feed->length - feed->after_cr;

  if (feed->unfinished)
    feed->unfinished->size = length;
  else if (!feed->cut && !feed->torn && length > MAX_LINE)
    feed->first_size = length;
  feed->length = 0;
  feed->after_cr = feed->torn = feed->cut = FALSE;
  feed->unfinished = NULL;
}

static void
extend_line (Feed       *feed,
             const char *data,
             gsize       size)
{
  if (size == 0)
    return;
  feed->length += size;
  feed->after_cr = data[size - 1] == '\r';
}

static gboolean
feed_chunk (gpointer user_data,
            GBytes  *bytes)
{
  Feed       *feed = user_data;
  gsize       size;
  const char *data = g_bytes_get_data (bytes, &size);
  const char *first = memchr (data, '\n', size);
  const char *last = memrchr (data, '\n', size);

  g_mutex_lock (&feed->watch->mutex);
  feed->first_size = 0;
  if (first)
    {
      extend_line (feed, data, first - data);
      end_line_locked (feed);
      size -= last + 1 - data;
      data = last + 1;
    }
  extend_line (feed, data, size);
  g_mutex_unlock (&feed->watch->mutex);
  return FALSE;
}

/* Finds the lines of this batch that were cut among those that were kept. */
static void
mark_lines_locked (Feed *feed,
                   guint n)
{
  GQueue  *tail = &feed->watch->tail;
  gboolean goes_on = !feed->torn && !feed->cut && is_too_long (feed);

  if (feed->first_size && n <= tail->length)
    ((ToolLine *) g_queue_peek_nth (tail, tail->length - n))->size = feed->first_size;
  feed->first_size = 0;
  if (!goes_on)
    return;
  feed->cut = TRUE;
  feed->unfinished = g_queue_peek_tail (tail);
}

static void
settle (ToolWatch  *self,
        Feed       *feed,
        const char *line)
{
  g_mutex_lock (&self->mutex);
  self->settled = TRUE;
  if (line)
    {
      self->match_time = g_get_monotonic_time ();
      self->match.stream = feed->stream;
      self->match.line = g_strdup (line);
    }
  g_mutex_unlock (&self->mutex);
  tool_call_main (line ? self->matched : self->unmatched, self->user_data);
  if (line)
    self->announce (self->user_data);
}

static gboolean
feed_lines (gpointer           user_data,
            const char *const *lines)
{
  Feed      *feed = user_data;
  ToolWatch *self = feed->watch;
  guint      n = g_strv_length ((char **) lines);

  g_mutex_lock (&self->mutex);
  keep_lines_locked (feed, lines, n);
  mark_lines_locked (feed, n);
  g_mutex_unlock (&self->mutex);

  for (guint i = 0; i < n && self->wait_for && !self->settled; i++)
    if (g_regex_match (self->wait_for, lines[i], 0, NULL))
      settle (self, feed, lines[i]);
  return FALSE;
}

static gboolean
feed_gap (gpointer user_data,
          guint64  bytes)
{
  Feed *feed = user_data;

  g_mutex_lock (&feed->watch->mutex);
  feed->bytes_lost += bytes;
  feed->length = 0;
  feed->after_cr = feed->cut = FALSE;
  feed->torn = TRUE;
  feed->unfinished = NULL;
  g_mutex_unlock (&feed->watch->mutex);
  return FALSE;
}

static void
feed_ended (gpointer user_data)
{
  Feed      *feed = user_data;
  ToolWatch *self = feed->watch;

  if (--self->open_feeds == 0 && self->wait_for && !self->settled)
    settle (self, feed, NULL);
}

static const ToolSinkFuncs feed_funcs = { .chunk = feed_chunk, .lines = feed_lines, .gap = feed_gap, .ended = feed_ended };

ToolWatch *
tool_watch_new (ToolThread *thread,
                guint       tail,
                GRegex     *wait_for,
                GSourceFunc matched,
                GSourceFunc unmatched,
                void (*announce) (gpointer user_data),
                gpointer user_data)
{
  ToolWatch *self = g_new0 (ToolWatch, 1);

  self->thread = thread;
  self->max_tail = tail;
  self->wait_for = wait_for ? g_regex_ref (wait_for) : NULL;
  self->matched = matched;
  self->unmatched = unmatched;
  self->announce = announce;
  self->user_data = user_data;
  self->feeds = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&self->mutex);
  g_queue_init (&self->tail);
  return self;
}

void
tool_watch_free (ToolWatch *self)
{
  g_clear_pointer (&self->wait_for, g_regex_unref);
  g_ptr_array_unref (self->feeds);
  g_queue_clear_full (&self->tail, tool_line_free);
  g_free (self->match.line);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

ProcstreamConsumer *
tool_watch_attach (ToolWatch        *self,
                   ProcstreamOutput *output,
                   const char       *stream,
                   GError          **error)
{
  g_autoptr (ProcstreamConsumer) sink = NULL;
  Feed *feed = g_new0 (Feed, 1);

  feed->watch = self;
  feed->stream = stream;
  g_ptr_array_add (self->feeds, feed);
  self->open_feeds++;
  sink = tool_sink_new (self->thread, &feed_funcs, feed);
  /* A line is one line here, however long: the tail is bounded and the count is right. */
  procstream_consumer_set_max_line_length (sink, MAX_LINE);
  procstream_consumer_set_line_overflow (sink, PROCSTREAM_LINE_OVERFLOW_TRUNCATE);
  if (!procstream_output_attach (output, sink, error))
    return NULL;
  return g_steal_pointer (&sink);
}

GPtrArray *
tool_watch_steal_tail (ToolWatch *self)
{
  GPtrArray *tail = g_ptr_array_new_with_free_func (tool_line_free);
  ToolLine  *line;

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->feeds->len; i++)
    end_line_locked (g_ptr_array_index (self->feeds, i));
  while ((line = g_queue_pop_head (&self->tail)))
    {
      if (line->size)
        {
          g_autofree char *beginning = g_steal_pointer (&line->line);

          line->line = g_strdup_printf ("%s… (%" G_GUINT64_FORMAT " bytes in all)", beginning, line->size);
        }
      g_ptr_array_add (tail, line);
    }
  g_mutex_unlock (&self->mutex);
  return tail;
}

void
tool_watch_count (ToolWatch  *self,
                  const char *stream,
                  guint64    *lines,
                  guint64    *bytes_lost)
{
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->feeds->len; i++)
    {
      Feed *feed = g_ptr_array_index (self->feeds, i);

      if (!g_str_equal (feed->stream, stream))
        continue;
      *lines = feed->lines;
      *bytes_lost = feed->bytes_lost;
    }
  g_mutex_unlock (&self->mutex);
}

const ToolLine *
tool_watch_get_match (ToolWatch *self,
                      gint64    *time_us)
{
  const ToolLine *match;

  g_mutex_lock (&self->mutex);
  match = self->match.line ? &self->match : NULL;
  *time_us = self->match_time;
  g_mutex_unlock (&self->mutex);
  return match;
}
