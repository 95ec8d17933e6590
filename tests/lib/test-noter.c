/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-noter.h"

#include "test-utils.h"

#include <string.h>

static GType test_noter_get_type (void);
G_DEFINE_TYPE (TestNoter, test_noter, PROCSTREAM_TYPE_CONSUMER)

static guint noters_alive;

static gboolean
noter_chunk (ProcstreamConsumer *consumer,
             GBytes             *bytes)
{
  TestNoter       *self = (TestNoter *) consumer;
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  g_string_append_printf (self->order, "c:%s ", g_strdelimit (text, "\n", '/'));
  if (self->in_chunk)
    self->in_chunk (self);
  return FALSE;
}

static gboolean
noter_lines (ProcstreamConsumer *consumer,
             const char *const  *lines)
{
  g_autofree char *text = g_strjoinv (",", (char **) lines);

  g_string_append_printf (((TestNoter *) consumer)->order, "L:%s ", text);
  return FALSE;
}

static gboolean
noter_gap (ProcstreamConsumer *consumer,
           guint64             chunks,
           guint64             bytes)
{
  g_string_append_printf (((TestNoter *) consumer)->order, "g:%d,%d ", (int) chunks, (int) bytes);
  return FALSE;
}

static void
noter_ended (ProcstreamConsumer *consumer,
             const GError       *error)
{
  gboolean stalled = g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);

  g_string_append (((TestNoter *) consumer)->order, stalled ? "stalled" : error ? "failed"
                                                                                : "end");
}

static void
noter_finalize (GObject *object)
{
  g_string_free (((TestNoter *) object)->order, TRUE);
  noters_alive--;
  G_OBJECT_CLASS (test_noter_parent_class)->finalize (object);
}

static void
test_noter_class_init (TestNoterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = noter_finalize;
  klass->chunk = noter_chunk;
  klass->lines = noter_lines;
  klass->gap = noter_gap;
  klass->ended = noter_ended;
}

static void
test_noter_init (TestNoter *self)
{
  self->order = g_string_new (NULL);
  noters_alive++;
}

TestNoter *
test_noter_new (void)
{
  return g_object_new (test_noter_get_type (), NULL);
}

TestNoter *
test_noter_attach (TestStream *stream)
{
  TestNoter *self = test_noter_new ();

  test_stream_attach (stream, self);
  return self;
}

void
test_noter_free (TestNoter  *self,
                 const char *order)
{
  g_assert_cmpstr (self->order->str, ==, order);
  g_object_unref (self);
}

guint
test_noter_count_alive (void)
{
  return noters_alive;
}

ProcstreamCollector *
test_collector_new (void)
{
  return procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
}

ProcstreamCollector *
test_collector_attach (TestStream *stream)
{
  ProcstreamCollector *self = test_collector_new ();

  test_stream_attach (stream, self);
  return self;
}

void
test_collector_assert (ProcstreamCollector *collector,
                       const char          *text)
{
  g_autofree char *got = procstream_collector_dup_text (collector);

  g_assert_cmpstr (got, ==, text);
}

void
test_stream_attach (TestStream *self,
                    gpointer    consumer)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_output_attach (self->output, consumer, &error));
  g_assert_no_error (error);
}

void
test_consumer_wait (gpointer consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_wait (consumer, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
  g_assert_no_error (error);
}
