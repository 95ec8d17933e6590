/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-noter.h"
#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

/* Outputs that have one consumer at a time. */

static TestStream *
new_single (ProcstreamDelivery delivery,
            ProcstreamReplay   replay)
{
  return test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = replay, .max_chunks = 4, .backend = PROCSTREAM_BACKEND_SINGLE });
}

static gboolean
try_attach (TestStream *stream,
            gpointer    consumer)
{
  g_autoptr (GError) error = NULL;

  if (procstream_output_attach (stream->output, consumer, &error))
    return TRUE;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "“test”"));
  return FALSE;
}

static ProcstreamConsumerState
state_of (gpointer consumer)
{
  return procstream_consumer_get_state (consumer);
}

static gboolean
is_over (gpointer consumer)
{
  return state_of (consumer) > PROCSTREAM_CONSUMER_STATE_ATTACHED;
}

/* Without iterating anything. */
static void
spin_until_over (gpointer consumer)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (!is_over (consumer))
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
}

/* A second consumer is refused with an error that names the output; neither the first one nor the output, its replay
 * included, is disturbed. The refused one is as it was: it can be attached when the place is free. */
static void
test_single_second_is_refused (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamCollector) first = test_collector_attach (stream);
  g_autoptr (ProcstreamCollector) second = test_collector_new ();
  TestNoter *third = test_noter_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (try_attach (stream, second));
  g_assert_false (try_attach (stream, third));
  g_assert_cmpint (state_of (second), ==, PROCSTREAM_CONSUMER_STATE_NONE);
  test_stream_write_read (stream, "live");
  /* One that was attached before is refused for that. */
  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (first), &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_false (try_attach (stream, second));
  test_stream_close (stream);
  test_consumer_wait (first);
  test_collector_assert (first, "live");
  g_assert_true (try_attach (stream, second));
  test_consumer_wait (second);
  test_collector_assert (second, "live");
  g_assert_true (try_attach (stream, third));
  test_consumer_wait (third);
  test_noter_free (third, "c:live L:live end");
}

/* The place is free the moment a consumer is over, whatever ended it, and so any number may follow each
 * other. */
static void
test_single_is_free_at_once (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  for (int i = 0; i < 300; i++)
    {
      ProcstreamCollector *cancelled = test_collector_attach (stream);
      ProcstreamReader    *disposed = procstream_reader_new ();
      ProcstreamReader    *done = procstream_reader_new ();
      TestNoter           *own = test_noter_new ();

      procstream_consumer_cancel (PROCSTREAM_CONSUMER (cancelled));
      test_stream_attach (stream, disposed);
      g_object_unref (cancelled);
      g_object_unref (disposed);
      test_stream_attach (stream, own);
      procstream_consumer_cancel (PROCSTREAM_CONSUMER (own));
      test_stream_attach (stream, done);
      procstream_consumer_mark_done (PROCSTREAM_CONSUMER (done));
      g_object_unref (own);
      g_object_unref (done);
    }
  test_iterate ();
  g_assert_cmpuint (test_noter_count_alive (), ==, 0);
}

/* Whoever sees that it has ended, by whatever means, in whatever thread, finds the place free. */
static void
test_single_is_free_when_ended (void)
{
  for (int i = 0; i < 200; i++)
    {
      g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
      g_autoptr (ProcstreamCollector) pushed = test_collector_attach (stream);
      g_autoptr (ProcstreamReader) pulls = procstream_reader_new ();
      g_autoptr (ProcstreamCollector) last = test_collector_new ();
      g_autoptr (GBytes) bytes = NULL;

      test_stream_close (stream);
      spin_until_over (pushed);
      test_stream_attach (stream, pulls);
      bytes = procstream_reader_next (pulls, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL);
      g_assert_null (bytes);
      test_stream_attach (stream, last);
    }
}

static void
hand_over (TestNoter *self)
{
  g_assert_false (try_attach (self->stream, self->other));
  procstream_consumer_mark_done (PROCSTREAM_CONSUMER (self));
  g_assert_true (try_attach (self->stream, self->other));
}

/* From one to the next, within a function of the first. */
static void
test_single_handed_over (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  TestNoter *first = test_noter_attach (stream);
  TestNoter *second = test_noter_new ();

  first->in_chunk = hand_over;
  first->stream = stream;
  first->other = second;
  test_stream_write_read (stream, "one\n");
  test_consumer_wait (first);
  test_stream_write_read (stream, "two\n");
  test_stream_close (stream);
  test_consumer_wait (second);
  test_noter_free (first, "c:one/ ");
  test_noter_free (second, "c:two/ L:two end");
}

static void
hold (TestNoter *self)
{
  procstream_consumer_hold (PROCSTREAM_CONSUMER (self));
}

/* One that is in the middle of an operation leaves at once all the same, however that ends, if it ever does. */
static void
test_single_held (void)
{
  void (*const leave[]) (ProcstreamConsumer *) = { procstream_consumer_cancel, procstream_consumer_mark_done };

  for (guint i = 0; i < G_N_ELEMENTS (leave); i++)
    {
      g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
      TestNoter *held = test_noter_attach (stream);
      g_autoptr (ProcstreamCollector) next = test_collector_new ();

      held->in_chunk = hold;
      test_stream_write_read (stream, "one");
      while (held->order->len == 0)
        test_iterate ();
      g_assert_false (try_attach (stream, next));
      leave[i](PROCSTREAM_CONSUMER (held));
      test_stream_attach (stream, next);
      test_stream_write (stream, "later");
      if (i == 0)
        procstream_consumer_release (PROCSTREAM_CONSUMER (held));
      test_stream_close (stream);
      test_consumer_wait (next);
      test_collector_assert (next, "later");
      test_iterate ();
      test_noter_free (held, "c:one ");
    }
  g_assert_cmpuint (test_noter_count_alive (), ==, 0);
}

/* Handlers are no consumers: they take no place, and get everything beside one. */
static void
test_single_and_handlers (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) collector = NULL;

  test_stream_listen (stream, "ce");
  collector = test_collector_attach (stream);
  test_stream_write (stream, "text");
  test_stream_run_to_end (stream);
  g_assert_cmpstr (stream->bytes->str, ==, "text");
  test_consumer_wait (collector);
  test_collector_assert (collector, "text");
}

/* What one missed is not told to the next. */
static void
test_single_gap_is_ones_own (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  TestNoter *first, *second = test_noter_new ();

  test_iterate ();
  first = test_noter_attach (stream);
  for (int i = 0; i < 9; i++)
    test_stream_write_read (stream, "x\n");
  g_assert_cmpuint (procstream_output_get_bytes_dropped (stream->output), ==, 10);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (first));
  test_stream_attach (stream, second);
  test_stream_write_read (stream, "y");
  test_stream_close (stream);
  test_consumer_wait (second);
  test_noter_free (first, "");
  test_noter_free (second, "c:y L:y end");
}

/* Without a consumer everything is read, so the child never waits for one. */
static void
test_single_without_a_consumer (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) late = NULL;

  test_iterate ();
  for (int i = 0; i < 20; i++)
    test_stream_write_read (stream, "x");
  g_assert_cmpuint (procstream_output_get_bytes_unobserved (stream->output), ==, 20);
  late = test_collector_attach (stream);
  test_stream_write_read (stream, "tail");
  test_stream_close (stream);
  test_consumer_wait (late);
  test_collector_assert (late, "tail");
}

/* Who comes while reading still waits for the one that left gets each byte once. */
static void
test_single_after_one_that_was_slow (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamReader) slow = procstream_reader_new ();
  g_autoptr (ProcstreamCollector) next = NULL;

  test_stream_attach (stream, slow);
  for (const char *text = "abcd"; *text; text++)
    test_stream_write_read (stream, (const char[]){ *text, 0 });
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  test_stream_write (stream, "e");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (slow));
  next = test_collector_attach (stream);
  test_stream_write (stream, "f");
  test_stream_close (stream);
  test_consumer_wait (next);
  test_collector_assert (next, "abcdef");
}

/* Of a child; the error says of which. */
static void
test_single_of_a_child (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET);
  g_autoptr (ProcstreamCollector) first = test_collector_new ();
  g_autoptr (ProcstreamCollector) second = test_collector_new ();
  g_autoptr (GError) error = NULL;

  procstream_output_config_set_backend (config, PROCSTREAM_BACKEND_SINGLE);
  procstream_launcher_set_stdout_config (process->launcher, config);
  test_process_create (process, "printf text");
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (first), &error));
  g_assert_false (procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (second), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, procstream_child_get_name (process->child)));
  g_assert_nonnull (strstr (error->message, "stdout"));
  test_process_start (process);
  test_consumer_wait (first);
  test_collector_assert (first, "text");
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/single/second-is-refused", test_single_second_is_refused);
  g_test_add_func ("/single/is-free-at-once", test_single_is_free_at_once);
  g_test_add_func ("/single/is-free-when-ended", test_single_is_free_when_ended);
  g_test_add_func ("/single/handed-over", test_single_handed_over);
  g_test_add_func ("/single/held", test_single_held);
  g_test_add_func ("/single/and-handlers", test_single_and_handlers);
  g_test_add_func ("/single/gap-is-ones-own", test_single_gap_is_ones_own);
  g_test_add_func ("/single/without-a-consumer", test_single_without_a_consumer);
  g_test_add_func ("/single/after-one-that-was-slow", test_single_after_one_that_was_slow);
  g_test_add_func ("/single/of-a-child", test_single_of_a_child);
  return g_test_run ();
}
