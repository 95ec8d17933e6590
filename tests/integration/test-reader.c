/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

typedef struct
{
  TestStream       *stream;
  ProcstreamReader *reader;
} Fixture;

static void
set_up (Fixture *fixture,
        guint    max_chunks,
        guint    chunk_size)
{
  fixture->stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = max_chunks, .chunk_size = chunk_size });
  fixture->reader = procstream_reader_new ();
  test_iterate ();
  g_assert_true (procstream_output_attach (fixture->stream->output, PROCSTREAM_CONSUMER (fixture->reader), NULL));
}

static void
tear_down (Fixture *fixture)
{
  g_clear_object (&fixture->reader);
  test_stream_free (fixture->stream);
}

static void
expect_chunk (Fixture    *fixture,
              const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = procstream_reader_next (fixture->reader, 30000, NULL, &error);

  g_assert_no_error (error);
  if (expected == NULL)
    g_assert_null (bytes);
  else
    g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
}

static void
expect_line (Fixture    *fixture,
             const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = procstream_reader_read_line (fixture->reader, 30000, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, expected);
}

static void
test_next (void)
{
  Fixture fixture;

  set_up (&fixture, 0, 0);
  test_stream_write_read (fixture.stream, "one");
  test_stream_write_read (fixture.stream, "two");
  expect_chunk (&fixture, "one");
  expect_chunk (&fixture, "two");
  test_stream_close (fixture.stream);
  expect_chunk (&fixture, NULL);
  expect_chunk (&fixture, NULL);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture.reader)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  tear_down (&fixture);
}

static void
test_lines (void)
{
  Fixture fixture;

  set_up (&fixture, 0, 3);
  test_stream_write (fixture.stream, "first\r\n\nan \xc3\xa9 and \xff\nlast");
  test_stream_close (fixture.stream);
  expect_line (&fixture, "first");
  expect_line (&fixture, "");
  expect_line (&fixture, "an \xc3\xa9 and \357\277\275");
  expect_line (&fixture, "last");
  expect_line (&fixture, NULL);
  tear_down (&fixture);
}

/* Lines and chunks in turns: no byte is lost, none comes twice. */
static void
test_mixed (void)
{
  Fixture fixture;

  set_up (&fixture, 0, 0);
  test_stream_write_read (fixture.stream, "header\nbody");
  expect_line (&fixture, "header");
  expect_chunk (&fixture, "body");
  test_stream_write_read (fixture.stream, "tail\nend");
  test_stream_close (fixture.stream);
  expect_line (&fixture, "tail");
  expect_line (&fixture, "end");
  tear_down (&fixture);
}

/* The rest of a line that was cut at the limit comes as a chunk to who asks for one. */
static void
test_mixed_long_line (void)
{
  Fixture fixture = { .stream = test_stream_new (&(TestStreamOptions){
                          .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE }),
                      .reader = procstream_reader_new () };

  procstream_consumer_set_max_line_length (PROCSTREAM_CONSUMER (fixture.reader), 4);
  procstream_consumer_set_line_overflow (PROCSTREAM_CONSUMER (fixture.reader), PROCSTREAM_LINE_OVERFLOW_SPLIT);
  g_assert_true (procstream_output_attach (fixture.stream->output, PROCSTREAM_CONSUMER (fixture.reader), NULL));
  test_stream_write_read (fixture.stream, "abcdefg");
  expect_line (&fixture, "abcd");
  expect_chunk (&fixture, "efg");
  test_stream_write_read (fixture.stream, "h\nrest");
  test_stream_close (fixture.stream);
  expect_line (&fixture, "h");
  expect_chunk (&fixture, "rest");
  tear_down (&fixture);
}

static void
cancel (gpointer data)
{
  g_cancellable_cancel (data);
}

static void
cancel_consumer (gpointer data)
{
  procstream_consumer_cancel (data);
}

/* A limit too far away to be told is none, and does not pass at once. */
static void
test_far_timeout (void)
{
  Fixture fixture;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  TestInterruption *interruption;

  set_up (&fixture, 0, 0);
  interruption = test_interrupt (cancel, cancellable);
  g_assert_null (procstream_reader_next (fixture.reader, G_MAXINT64, cancellable, &error));
  test_interruption_end (interruption);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  tear_down (&fixture);
}

static gpointer
read_cancelled (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  TestInterruption *interruption = test_interrupt (cancel, cancellable);

  g_assert_null (procstream_reader_read_line (fixture->reader, PROCSTREAM_NO_TIMEOUT, cancellable, &error));
  test_interruption_end (interruption);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return NULL;
}

/* A cancel wakes a read that sleeps, in the reader's thread and in another one; nothing is lost. */
static void
test_cancelled (void)
{
  Fixture fixture;

  set_up (&fixture, 0, 0);
  test_stream_write_read (fixture.stream, "beg");
  read_cancelled (&fixture);
  g_thread_join (g_thread_new ("reads", read_cancelled, &fixture));
  test_stream_write_read (fixture.stream, "in\n");
  expect_line (&fixture, "begin");
  tear_down (&fixture);
}

/* A read that times out in the middle of a line, or is cancelled, loses nothing. */
static void
test_interrupted (void)
{
  Fixture fixture;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&fixture, 0, 0);
  test_stream_write_read (fixture.stream, "beg");
  g_assert_null (procstream_reader_read_line (fixture.reader, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "“test”"));
  g_clear_error (&error);

  procstream_reader_read_line_async (fixture.reader, cancellable, test_store_result_cb, &result);
  g_assert_null (procstream_reader_next (fixture.reader, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "the cancelled read", &result);
  g_assert_null (procstream_reader_read_line_finish (fixture.reader, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  test_stream_write_read (fixture.stream, "in\n");
  expect_line (&fixture, "begin");
  tear_down (&fixture);
}

/* A second read, from another context, is refused, and the first one does not notice. */
static gpointer
read_refused (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (context);
  procstream_reader_next_async (fixture->reader, NULL, test_store_result_cb, &result);
  test_wait_result (context, "the refused read", &result);
  g_assert_null (procstream_reader_next_finish (fixture->reader, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_refused (void)
{
  Fixture fixture;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  set_up (&fixture, 0, 0);
  procstream_reader_read_line_async (fixture.reader, NULL, test_store_result_cb, &result);
  g_thread_join (g_thread_new ("refused", read_refused, &fixture));
  test_stream_write (fixture.stream, "line\n");
  test_wait_result (NULL, "the first read", &result);
  line = procstream_reader_read_line_finish (fixture.reader, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "line");
  tear_down (&fixture);
}

static void
test_async (void)
{
  Fixture fixture;
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  set_up (&fixture, 0, 0);
  procstream_reader_next_async (fixture.reader, NULL, test_store_result_cb, &first);
  test_iterate ();
  g_assert_null (first);
  test_stream_write (fixture.stream, "chunk");
  test_wait_result (NULL, "a chunk", &first);
  bytes = procstream_reader_next_finish (fixture.reader, first, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "chunk", 5);

  test_stream_write_read (fixture.stream, "line\n");
  procstream_reader_read_line_async (fixture.reader, NULL, test_store_result_cb, &second);
  g_assert_null (second); /* never before the call returns */
  test_wait_result (NULL, "a line", &second);
  line = procstream_reader_read_line_finish (fixture.reader, second, &error);
  g_assert_cmpstr (line, ==, "line");
  tear_down (&fixture);
}

/* Reading slowly stops the stream; reading on lets it go on; nothing is lost. */
static void
test_backpressure (void)
{
  Fixture fixture;

  set_up (&fixture, 2, 1);
  test_stream_write (fixture.stream, "abcdefgh");
  test_stream_close (fixture.stream);
  while (procstream_output_get_state (fixture.stream->output) != PROCSTREAM_OUTPUT_STATE_PAUSED)
    g_usleep (100);
  g_assert_cmpuint (procstream_output_get_bytes_received (fixture.stream->output), ==, 2);
  for (const char *c = "abcdefgh"; *c; c++)
    expect_chunk (&fixture, (char[]){ *c, '\0' });
  expect_chunk (&fixture, NULL);
  tear_down (&fixture);
}

static gpointer
read_in_thread (gpointer data)
{
  Fixture *fixture = data;

  expect_line (fixture, "to another thread");
  expect_line (fixture, NULL);
  return NULL;
}

static void
test_other_thread (void)
{
  Fixture  fixture;
  GThread *thread;

  set_up (&fixture, 0, 0);
  thread = g_thread_new ("reader", read_in_thread, &fixture);
  test_stream_write (fixture.stream, "to another ");
  test_stream_write (fixture.stream, "thread\n");
  test_stream_close (fixture.stream);
  g_thread_join (thread);
  tear_down (&fixture);
}

/* A line longer than the limit comes in pieces; memory stays bounded by it. */
static void
test_long_line (void)
{
  Fixture fixture;

  fixture.stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .chunk_size = 4 });
  fixture.reader = procstream_reader_new ();
  procstream_consumer_set_max_line_length (PROCSTREAM_CONSUMER (fixture.reader), 5);
  g_assert_true (procstream_output_attach (fixture.stream->output, PROCSTREAM_CONSUMER (fixture.reader), NULL));
  test_stream_write (fixture.stream, "abcdefghijklm\nshort\n");
  test_stream_close (fixture.stream);
  expect_line (&fixture, "abcde");
  expect_line (&fixture, "fghij");
  expect_line (&fixture, "klm");
  expect_line (&fixture, "short");
  expect_line (&fixture, NULL);
  tear_down (&fixture);
}

static gpointer
read_of_cancelled_consumer (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GError) error = NULL;
  TestInterruption *interruption = test_interrupt (cancel_consumer, fixture->reader);

  g_assert_null (procstream_reader_next (fixture->reader, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  test_interruption_end (interruption);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return NULL;
}

/* Cancelling the consumer ends a read that sleeps, in whatever thread. */
static void
test_cancelled_consumer (void)
{
  Fixture fixture;

  set_up (&fixture, 0, 0);
  read_of_cancelled_consumer (&fixture);
  tear_down (&fixture);
  set_up (&fixture, 0, 0);
  g_thread_join (g_thread_new ("reads", read_of_cancelled_consumer, &fixture));
  tear_down (&fixture);
}

static void
wait_more_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  int *n_waits = user_data;
  g_autoptr (GError) error = NULL;

  if (procstream_reader_wait_more_finish (PROCSTREAM_READER (object), result, &error))
    {
      g_assert_no_error (error);
      ++*n_waits;
    }
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      *n_waits = -1;
    }
}

static void
wait_more (Fixture      *fixture,
           GCancellable *cancellable,
           int           expected)
{
  int n_waits = 0;

  procstream_reader_wait_more_async (fixture->reader, cancellable, wait_more_cb, &n_waits);
  g_cancellable_cancel (cancellable);
  while (n_waits == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (n_waits, ==, expected);
}

/* It takes nothing, and what was looked at is not told again. */
static void
test_wait_more (void)
{
  Fixture fixture;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  set_up (&fixture, 0, 0);
  test_stream_write_read (fixture.stream, "one\nbegun");
  wait_more (&fixture, NULL, 1);
  wait_more (&fixture, NULL, 1);
  expect_line (&fixture, "one");
  wait_more (&fixture, NULL, 1);
  g_assert_null (procstream_reader_read_line (fixture.reader, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  wait_more (&fixture, cancellable, -1);
  test_stream_write_read (fixture.stream, " and ended\n");
  wait_more (&fixture, NULL, 1);
  expect_line (&fixture, "begun and ended");
  test_stream_close (fixture.stream);
  wait_more (&fixture, NULL, 1);
  expect_line (&fixture, NULL);
  wait_more (&fixture, NULL, 1);
  tear_down (&fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reader/next", test_next);
  g_test_add_func ("/reader/lines", test_lines);
  g_test_add_func ("/reader/mixed", test_mixed);
  g_test_add_func ("/reader/mixed-long-line", test_mixed_long_line);
  g_test_add_func ("/reader/far-timeout", test_far_timeout);
  g_test_add_func ("/reader/cancelled", test_cancelled);
  g_test_add_func ("/reader/interrupted", test_interrupted);
  g_test_add_func ("/reader/refused", test_refused);
  g_test_add_func ("/reader/async", test_async);
  g_test_add_func ("/reader/backpressure", test_backpressure);
  g_test_add_func ("/reader/other-thread", test_other_thread);
  g_test_add_func ("/reader/long-line", test_long_line);
  g_test_add_func ("/reader/wait-more", test_wait_more);
  g_test_add_func ("/reader/cancelled-consumer", test_cancelled_consumer);
  return g_test_run ();
}
