/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include "procstream-consumer-private.h"
#include "procstream-line-cursor-private.h"

/* The cheapest consumer there can be: what is measured with it is the library. */
typedef struct
{
  gboolean             lines;
  ProcstreamLineCursor cursor;
  guint64              count;
  void (*func) (gpointer    data,
                const char *line);
  gpointer data;
} Count;

struct _BenchCounter
{
  ProcstreamConsumer parent_instance;

  Count *count;
};

G_DEFINE_FINAL_TYPE (BenchCounter, bench_counter, PROCSTREAM_TYPE_CONSUMER)

static void
line_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  Count *self = user_data;

  self->count++;
  if (self->func)
    self->func (self->data, (const char *) data);
}

static gboolean
count_attach (gpointer                     native,
              const ProcstreamLineOptions *lines,
              gboolean                    *wants_lines,
              GError                     **error)
{
  Count *self = native;

  *wants_lines = self->lines;
  if (self->lines)
    procstream_line_cursor_init (&self->cursor, lines);
  return TRUE;
}

static gboolean
count_event (gpointer                  native,
             const ProcstreamLogEvent *event)
{
  Count *self = native;

  if (event->type == PROCSTREAM_LOG_EVENT_CHUNK && self->lines)
    procstream_line_cursor_push (&self->cursor, event->chunk, line_cb, self);
  else if (event->type == PROCSTREAM_LOG_EVENT_CHUNK)
    self->count += event->chunk->size;
  else if (event->type == PROCSTREAM_LOG_EVENT_GAP && self->lines)
    procstream_line_cursor_gap (&self->cursor);
  else if (event->type == PROCSTREAM_LOG_EVENT_END && self->lines)
    procstream_line_cursor_finish (&self->cursor, line_cb, self);
  return FALSE;
}

static void
count_over (gpointer native)
{
  g_main_context_wakeup (NULL);
}

static void
count_free (gpointer native)
{
  Count *self = native;

  procstream_line_cursor_clear (&self->cursor);
  g_free (self);
}

static const ProcstreamNativeClass native_class = {
  .attach = count_attach,
  .event = count_event,
  .over = count_over,
  .free = count_free,
};

static void
bench_counter_class_init (BenchCounterClass *klass)
{
}

static void
bench_counter_init (BenchCounter *self)
{
  self->count = g_new0 (Count, 1);
  procstream_consumer_set_native (PROCSTREAM_CONSUMER (self), &native_class, self->count);
}

BenchCounter *
bench_counter_new (gboolean lines)
{
  BenchCounter *self = g_object_new (BENCH_TYPE_COUNTER, NULL);

  self->count->lines = lines;
  return self;
}

guint64
bench_counter_get_count (BenchCounter *self)
{
  return self->count->count;
}

void
bench_counter_set_line_func (BenchCounter *self,
                             void (*func) (gpointer data, const char *line),
                             gpointer data)
{
  self->count->func = func;
  self->count->data = data;
}
