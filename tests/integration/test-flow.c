/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-noter.h"
#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

/* How the consumers of one output stand to its flow and to each other, as programs see it. */

static TestStream *
new_stream (ProcstreamDelivery delivery,
            ProcstreamReplay   replay,
            guint64            replay_limit)
{
  return test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = replay, .replay_limit = replay_limit });
}

static TestStream *
new_small (ProcstreamDelivery delivery,
           guint              max_chunks)
{
  return test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = max_chunks });
}

static ProcstreamConsumerState
state_of (gpointer consumer)
{
  return procstream_consumer_get_state (consumer);
}

/* --- Standing still ----------------------------------------------------------------------------------------------------------- */

static void
pause_in_chunk (TestNoter *self)
{
  self->in_chunk = NULL;
  procstream_consumer_pause (PROCSTREAM_CONSUMER (self));
  /* Not in a loop within it either. */
  test_iterate ();
}

static gpointer
resume_thread (gpointer data)
{
  procstream_consumer_resume (data);
  return NULL;
}

/* In its own function: nothing more comes, not even the lines of that chunk, or the end, until another thread resumes it. */
static void
test_pause_in_function (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  g_autoptr (GError) error = NULL;
  TestNoter *noter = test_noter_attach (stream);

  noter->in_chunk = pause_in_chunk;
  test_stream_write_read (stream, "one\n");
  test_stream_write_read (stream, "two\n");
  test_iterate ();
  g_assert_cmpstr (noter->order->str, ==, "c:one/ ");
  g_assert_true (procstream_consumer_is_paused (PROCSTREAM_CONSUMER (noter)));
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (PROCSTREAM_CONSUMER (noter)), ==, 1);
  test_stream_close (stream);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (noter), 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (noter->order->str, ==, "c:one/ ");
  g_thread_join (g_thread_new ("resume", resume_thread, noter));
  g_assert_cmpstr (noter->order->str, ==, "c:one/ ");
  test_consumer_wait (noter);
  test_noter_free (noter, "c:one/ L:one c:two/ L:two end");
}

/* Before it is attached; twice; and what is undone before it had any effect. */
static void
test_pause_before_attach (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  g_autoptr (ProcstreamCollector) pushed = test_collector_new ();
  g_autoptr (ProcstreamCollector) other = test_collector_new ();
  TestNoter *own = test_noter_new ();

  for (int i = 0; i < 2; i++)
    {
      procstream_consumer_pause (PROCSTREAM_CONSUMER (pushed));
      procstream_consumer_pause (PROCSTREAM_CONSUMER (own));
    }
  procstream_consumer_pause (PROCSTREAM_CONSUMER (other));
  procstream_consumer_resume (PROCSTREAM_CONSUMER (other));
  test_stream_attach (stream, pushed);
  test_stream_attach (stream, own);
  test_stream_attach (stream, other);
  test_stream_write_read (stream, "text");
  test_stream_close (stream);
  test_consumer_wait (other);
  test_iterate ();
  test_collector_assert (other, "text");
  test_collector_assert (pushed, "");
  g_assert_cmpstr (own->order->str, ==, "");
  procstream_consumer_resume (PROCSTREAM_CONSUMER (pushed));
  procstream_consumer_resume (PROCSTREAM_CONSUMER (own));
  test_consumer_wait (pushed);
  test_consumer_wait (own);
  test_collector_assert (pushed, "text");
  test_noter_free (own, "c:text L:text end");
}

/* A paused one can be cancelled and disposed of as any other, and holds nobody up any more. */
static void
test_pause_and_leave (void)
{
  g_autoptr (TestStream) stream = new_small (PROCSTREAM_DELIVERY_RELIABLE, 1);
  g_autoptr (ProcstreamCollector) stays = NULL;

  test_iterate ();
  for (int i = 0; i < 3; i++)
    {
      ProcstreamCollector *disposed = test_collector_new ();
      ProcstreamCollector *cancelled = test_collector_new ();
      TestNoter           *own = test_noter_new ();

      for (ProcstreamConsumer *const *consumer = (ProcstreamConsumer *const[]){ PROCSTREAM_CONSUMER (disposed), PROCSTREAM_CONSUMER (cancelled),
                                                                                PROCSTREAM_CONSUMER (own), NULL };
           *consumer; consumer++)
        {
          procstream_consumer_pause (*consumer);
          test_stream_attach (stream, *consumer);
        }
      test_stream_write_read (stream, "x");
      g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
      g_object_unref (disposed);
      procstream_consumer_cancel (PROCSTREAM_CONSUMER (cancelled));
      g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
      procstream_consumer_cancel (PROCSTREAM_CONSUMER (own));
      g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
      /* After the end it has no meaning, and does no harm. */
      procstream_consumer_resume (PROCSTREAM_CONSUMER (cancelled));
      procstream_consumer_pause (PROCSTREAM_CONSUMER (own));
      procstream_consumer_resume (PROCSTREAM_CONSUMER (own));
      test_iterate ();
      test_collector_assert (cancelled, "");
      g_object_unref (cancelled);
      test_noter_free (own, "");
      g_assert_cmpuint (test_noter_count_alive (), ==, 0);
    }
  stays = test_collector_attach (stream);
  test_stream_write_read (stream, "end");
  test_stream_close (stream);
  test_consumer_wait (stays);
  test_collector_assert (stays, "end");
}

static void
pause_other (TestNoter *self)
{
  procstream_consumer_pause (self->other);
  procstream_consumer_cancel (self->other);
  self->in_chunk = NULL;
  test_iterate ();
}

/* One consumer pauses and cancels another in a function, and runs the loop there. */
static void
test_pause_another (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  TestNoter *first = test_noter_attach (stream);
  TestNoter *second = test_noter_attach (stream);

  first->in_chunk = pause_other;
  first->other = second;
  test_stream_write_read (stream, "one");
  test_stream_write_read (stream, "two");
  test_stream_close (stream);
  test_consumer_wait (first);
  test_noter_free (first, "c:one c:two L:onetwo end");
  test_noter_free (second, "");
  g_assert_cmpuint (test_noter_count_alive (), ==, 0);
}

/* A paused reliable one makes the child wait; a paused lossy one does not, and finds a gap; the others go on as far as they can. */
static void
test_pause_and_delivery (void)
{
  g_autoptr (TestStream) stream = new_small (PROCSTREAM_DELIVERY_RELIABLE, 2);
  g_autoptr (ProcstreamCollector) other = test_collector_attach (stream);
  g_autoptr (ProcstreamCollector) reliable = test_collector_attach (stream);
  TestNoter *lossy = test_noter_new ();

  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (lossy), PROCSTREAM_DELIVERY_LOSSY);
  test_stream_attach (stream, lossy);
  test_iterate ();
  procstream_consumer_pause (PROCSTREAM_CONSUMER (lossy));
  for (const char *text = "abc"; *text; text++)
    test_stream_write_read (stream, (const char[]){ *text, 0 });
  procstream_consumer_pause (PROCSTREAM_CONSUMER (reliable));
  for (const char *text = "de"; *text; text++)
    test_stream_write_read (stream, (const char[]){ *text, 0 });
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  test_collector_assert (other, "abcde");
  test_collector_assert (reliable, "abc");
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (PROCSTREAM_CONSUMER (reliable)), ==, 2);
  test_stream_write (stream, "f");
  g_assert_cmpuint (procstream_output_get_bytes_received (stream->output), ==, 5);
  procstream_consumer_resume (PROCSTREAM_CONSUMER (reliable));
  test_stream_close (stream);
  test_consumer_wait (reliable);
  test_collector_assert (reliable, "abcdef");
  procstream_consumer_resume (PROCSTREAM_CONSUMER (lossy));
  test_consumer_wait (lossy);
  test_noter_free (lossy, "g:4,4 c:e c:f end");
}

static void
resume_cb (gpointer data)
{
  procstream_consumer_resume (data);
}

/* A reader: what it has taken can be read, and nothing more; a read that waits is woken by the resume. */
static void
test_pause_reader (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TestInterruption *interruption;
  g_autofree char  *one = NULL;
  g_autofree char  *two = NULL;
  g_autofree char  *three = NULL;
  g_autofree char  *four = NULL;

  test_stream_attach (stream, reader);
  test_stream_write_read (stream, "one\ntwo\n");
  one = procstream_reader_read_line (reader, 0, NULL, &error);
  procstream_consumer_pause (PROCSTREAM_CONSUMER (reader));
  test_stream_write_read (stream, "three\n");
  two = procstream_reader_read_line (reader, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (procstream_reader_read_line (reader, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  interruption = test_interrupt (resume_cb, reader);
  three = procstream_reader_read_line (reader, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
  test_interruption_end (interruption);
  g_assert_no_error (error);
  procstream_consumer_pause (PROCSTREAM_CONSUMER (reader));
  test_stream_write_read (stream, "four\n");
  procstream_reader_read_line_async (reader, NULL, test_store_result_cb, &result);
  test_iterate ();
  g_assert_null (result);
  procstream_consumer_resume (PROCSTREAM_CONSUMER (reader));
  test_wait_result (NULL, "a line", &result);
  four = procstream_reader_read_line_finish (reader, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (one, ==, "one");
  g_assert_cmpstr (two, ==, "two");
  g_assert_cmpstr (three, ==, "three");
  g_assert_cmpstr (four, ==, "four");
}

typedef struct
{
  ProcstreamConsumer *consumers[3];
  gboolean            stop; /* atomic */
} Toggling;

static gpointer
toggle_thread (gpointer data)
{
  Toggling *self = data;

  for (guint i = 0; !g_atomic_int_get (&self->stop); i++)
    {
      procstream_consumer_pause (self->consumers[i % 3]);
      procstream_consumer_resume (self->consumers[i % 3]);
    }
  return NULL;
}

/* Another thread that does nothing else: nothing is lost, nothing comes twice, and nobody is left standing. */
static void
test_pause_all_the_time (void)
{
  g_autoptr (TestStream) stream = new_small (PROCSTREAM_DELIVERY_RELIABLE, 4);
  g_autoptr (ProcstreamCollector) pushed = test_collector_attach (stream);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GString) expected_order = g_string_new (NULL);
  g_autoptr (GString) got = g_string_new (NULL);
  TestNoter *own = test_noter_attach (stream);
  Toggling   toggling = { { PROCSTREAM_CONSUMER (pushed), PROCSTREAM_CONSUMER (own), PROCSTREAM_CONSUMER (reader) }, FALSE };
  GThread   *thread;

  test_stream_attach (stream, reader);
  thread = g_thread_new ("toggle", toggle_thread, &toggling);
  for (int i = 0; i < 500; i++)
    {
      g_autofree char *text = g_strdup_printf ("%d\n", i);
      g_autoptr (GBytes) bytes = NULL;

      g_string_append (expected, text);
      test_stream_write (stream, text);
      bytes = procstream_reader_next (reader, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL);
      g_assert_nonnull (bytes);
      g_string_append_len (got, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      g_string_append_printf (expected_order, "c:%d/ L:%d ", i, i);
    }
  g_atomic_int_set (&toggling.stop, TRUE);
  g_thread_join (thread);
  test_stream_close (stream);
  test_consumer_wait (pushed);
  test_consumer_wait (own);
  g_assert_cmpstr (got->str, ==, expected->str);
  test_collector_assert (pushed, expected->str);
  g_string_append (expected_order, "end");
  test_noter_free (own, expected_order->str);
}

/* --- Where it begins, and how far it is --------------------------------------------------------------------------------------- */

static void
test_live_only (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL, 0);
  g_autoptr (ProcstreamCollector) all = test_collector_new ();
  g_autoptr (ProcstreamCollector) live = g_object_new (PROCSTREAM_TYPE_COLLECTOR, "collect", PROCSTREAM_COLLECT_BYTES,
                                                       "keep", PROCSTREAM_KEEP_FIRST, "live-only", TRUE, NULL);
  TestNoter *own = test_noter_new ();

  /* The context has not iterated, so all others begin at the start. */
  test_stream_write_read (stream, "before");
  procstream_consumer_set_live_only (PROCSTREAM_CONSUMER (own), TRUE);
  test_stream_attach (stream, all);
  test_stream_attach (stream, live);
  test_stream_attach (stream, own);
  g_assert_cmpuint (procstream_consumer_get_lag_bytes (PROCSTREAM_CONSUMER (own)), ==, 0);
  test_stream_write_read (stream, "after");
  test_stream_close (stream);
  test_consumer_wait (all);
  test_consumer_wait (live);
  test_consumer_wait (own);
  test_collector_assert (all, "beforeafter");
  test_collector_assert (live, "after");
  /* In the middle of a line as it is, lines begin with the next one. */
  test_noter_free (own, "c:after end");
}

/* Exactly the last lines, in chunks and in lines, however late. */
static void
test_replay_lines (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_LINES, 2);
  g_autoptr (ProcstreamCollector) bytes = NULL;
  TestNoter *own;

  test_iterate ();
  test_stream_write_read (stream, "one\ntwo\nthr");
  test_stream_write_read (stream, "ee\nfour\n");
  own = test_noter_attach (stream);
  test_stream_close (stream);
  test_consumer_wait (own);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (own)), ==, 0);
  test_noter_free (own, "c:thr c:ee/four/ L:three,four end");
  bytes = test_collector_attach (stream);
  test_consumer_wait (bytes);
  test_collector_assert (bytes, "three\nfour\n");
}

static void
test_lag (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  ProcstreamConsumer *own = PROCSTREAM_CONSUMER (test_noter_new ());
  gint64              before = g_get_monotonic_time ();
  gint64              first;

  g_assert_cmpint (procstream_consumer_get_lag_us (own), ==, 0);
  test_stream_attach (stream, own);
  g_assert_cmpint (procstream_consumer_get_lag_us (own), ==, 0);
  test_stream_write_read (stream, "one");
  test_stream_write_read (stream, "three");
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (own), ==, 2);
  g_assert_cmpuint (procstream_consumer_get_lag_bytes (own), ==, 8);
  first = procstream_consumer_get_lag_us (own);
  g_assert_cmpint (first, >=, 0);
  g_assert_cmpint (procstream_consumer_get_lag_us (own), >=, first);
  g_assert_cmpint (procstream_consumer_get_lag_us (own), <=, g_get_monotonic_time () - before);
  test_iterate ();
  g_assert_cmpuint (procstream_consumer_get_lag_bytes (own), ==, 0);
  test_stream_write_read (stream, "x");
  procstream_consumer_cancel (own);
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (own), ==, 0);
  g_assert_cmpint (procstream_consumer_get_lag_us (own), ==, 0);
  g_object_unref (own);
}

/* --- Holding up the others ---------------------------------------------------------------------------------------------------- */

static void
wait_for_stall (gpointer consumer)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_consumer_wait (consumer, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);
  g_assert_nonnull (strstr (error->message, "“test”"));
  g_assert_cmpint (state_of (consumer), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
}

/* One that never reads is dropped: told so, and what it lost, and counted; all others, and the writer, go on. */
static void
test_stall (void)
{
  g_autoptr (TestStream) stream = new_small (PROCSTREAM_DELIVERY_RELIABLE, 2);
  g_autoptr (ProcstreamReader) stuck = procstream_reader_new ();
  g_autoptr (ProcstreamCollector) other = test_collector_attach (stream);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  test_iterate ();
  procstream_consumer_set_max_stall_ms (PROCSTREAM_CONSUMER (stuck), 1);
  test_stream_attach (stream, stuck);
  test_stream_write_read (stream, "abc");
  test_stream_write_read (stream, "d");
  wait_for_stall (stuck);
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (stuck)), ==, 1);
  g_assert_cmpuint (procstream_consumer_get_chunks_lost (PROCSTREAM_CONSUMER (stuck)), ==, 2);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (stuck)), ==, 4);
  g_assert_cmpuint (procstream_output_get_consumers_dropped (stream->output), ==, 1);
  bytes = procstream_reader_next (stuck, 0, NULL, &error);
  g_assert_null (bytes);
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);
  test_stream_write_read (stream, "e");
  test_stream_close (stream);
  test_consumer_wait (other);
  test_collector_assert (other, "abcde");
}

/* Of the output's limit, with a class of one's own whose context does nothing: it is out of the way, and told when it does. What the consumer
 * says itself counts more. */
static void
test_stall_of_output (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = 2, .max_stall_ms = 1 });
  g_autoptr (ProcstreamReader) patient = procstream_reader_new ();
  g_autoptr (ProcstreamReader) stuck = procstream_reader_new ();
  TestNoter *own;
  gint64     deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  test_iterate ();
  procstream_consumer_set_max_stall_ms (PROCSTREAM_CONSUMER (patient), PROCSTREAM_NO_TIMEOUT);
  test_stream_attach (stream, patient);
  test_stream_attach (stream, stuck);
  own = test_noter_attach (stream);
  test_stream_write_read (stream, "one");
  test_stream_write_read (stream, "two");
  while (procstream_output_get_consumers_dropped (stream->output) < 2)
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  g_assert_cmpint (state_of (patient), ==, PROCSTREAM_CONSUMER_STATE_ATTACHED);
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  g_assert_cmpint (state_of (own), ==, PROCSTREAM_CONSUMER_STATE_ATTACHED);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (patient));
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  wait_for_stall (stuck);
  wait_for_stall (own);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (own)), ==, 6);
  test_noter_free (own, "g:2,6 stalled");
}

/* Cancelled after it was dropped and before it was told: it is not told. */
static void
test_stall_and_cancel (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = 1, .max_stall_ms = 1 });
  TestNoter *own;
  gint64     deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  test_iterate ();
  own = test_noter_attach (stream);
  test_stream_write_read (stream, "one");
  while (procstream_output_get_consumers_dropped (stream->output) < 1)
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (own));
  test_iterate ();
  g_assert_cmpint (state_of (own), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  test_noter_free (own, "");
  g_assert_cmpuint (test_noter_count_alive (), ==, 0);
}

/* One that does not read at all delays the child, never what the others may already read. */
static void
test_slow_delays_only_the_child (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) slow = procstream_reader_new ();
  g_autoptr (ProcstreamCollector) fast = test_collector_new ();
  ProcstreamOutput *output;
  gint64            deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  procstream_output_config_set_max_buffered_bytes (config, 1000);
  procstream_launcher_set_stdout_config (process->launcher, config);
  test_process_create (process, "head -c 3000000 /dev/zero");
  output = procstream_child_get_stdout (process->child);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (slow), NULL));
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (fast), NULL));
  test_process_start (process);
  while (procstream_output_get_state (output) != PROCSTREAM_OUTPUT_STATE_PAUSED ||
         procstream_collector_get_bytes_seen (fast) < procstream_output_get_bytes_received (output))
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  g_assert_cmpuint (procstream_output_get_bytes_received (output), <, 3000000);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  /* When it leaves, everybody goes on at once, and nobody has lost anything. */
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (slow));
  test_consumer_wait (fast);
  g_assert_cmpuint (procstream_collector_get_bytes_seen (fast), ==, 3000000);
}

/* However many there are, and of whatever kind, each gets all of it. */
static void
test_everybody_gets_everything (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  GOutputStream *streams[2] = { g_memory_output_stream_new_resizable (), g_memory_output_stream_new_resizable () };
  g_autoptr (ProcstreamCollector) collector = test_collector_new ();
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  ProcstreamWriter *writers[2] = { procstream_writer_new_for_stream (streams[0]), procstream_writer_new_for_stream (streams[1]) };
  g_autoptr (GByteArray) read = g_byte_array_new ();
  g_autoptr (GBytes) kept = NULL;
  ProcstreamOutput *output;
  GBytes           *bytes;

  procstream_collector_set_max_bytes (collector, PROCSTREAM_UNLIMITED);
  test_process_create_mode (process, "flood 524288");
  output = procstream_child_get_stdout (process->child);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (writers[0]), NULL));
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (collector), NULL));
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (writers[1]), NULL));
  test_process_start (process);
  while ((bytes = procstream_reader_next (reader, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL)))
    {
      g_byte_array_append (read, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      g_bytes_unref (bytes);
    }
  test_consumer_wait (collector);
  kept = procstream_collector_dup_bytes (collector);
  g_assert_cmpuint (g_bytes_get_size (kept), ==, 524288);
  g_assert_cmpmem (read->data, read->len, g_bytes_get_data (kept, NULL), g_bytes_get_size (kept));
  for (int i = 0; i < 2; i++)
    {
      GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (streams[i]);

      test_consumer_wait (writers[i]);
      g_assert_cmpmem (g_memory_output_stream_get_data (memory), g_memory_output_stream_get_data_size (memory),
                       g_bytes_get_data (kept, NULL), g_bytes_get_size (kept));
      g_object_unref (writers[i]);
      g_object_unref (streams[i]);
    }
}

/* A lossy policy alone loses nothing: what the library itself collects keeps up with any child, however small the window. */
static void
test_lossy_and_native (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) collector = test_collector_new ();

  procstream_output_config_set_max_buffered_chunks (config, 1);
  procstream_launcher_set_stdout_config (process->launcher, config);
  test_process_create_mode (process, "flood 4000000");
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (collector), NULL));
  test_process_start (process);
  test_consumer_wait (collector);
  g_assert_cmpuint (procstream_collector_get_bytes_seen (collector), ==, 4000000);
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (collector)), ==, 0);
  g_assert_cmpuint (procstream_output_get_bytes_dropped (procstream_child_get_stdout (process->child)), ==, 0);
}

/* --- Sealing ------------------------------------------------------------------------------------------------------------------ */

/* Of both outputs at once, whatever their back ends. Who was there before gets what it was promised. */
static void
test_seal_both (void)
{
  for (int mix = 0; mix < 3; mix++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (ProcstreamOutputConfig) single = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_ALL);
      ProcstreamOutput    *outputs[2];
      ProcstreamCollector *late[2];
      g_autoptr (ProcstreamCollector) early = test_collector_new ();

      procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
      procstream_output_config_set_backend (single, PROCSTREAM_BACKEND_SINGLE);
      if (mix == 1)
        procstream_launcher_set_stdout_config (process->launcher, single);
      else if (mix == 2)
        procstream_launcher_set_stderr_config (process->launcher, single);
      test_process_create (process, "printf out; printf err >&2");
      outputs[0] = procstream_child_get_stdout (process->child);
      outputs[1] = procstream_child_get_stderr (process->child);
      test_process_listen (process);
      test_process_start (process);
      test_process_run_to_completed (process);
      g_assert_true (procstream_output_attach (outputs[mix == 1], PROCSTREAM_CONSUMER (early), NULL));
      procstream_child_seal_replay (process->child);
      procstream_child_seal_replay (process->child);
      test_consumer_wait (early);
      test_collector_assert (early, mix == 1 ? "err" : "out");
      for (int i = 0; i < 2; i++)
        {
          late[i] = test_collector_new ();
          g_assert_true (procstream_output_attach (outputs[i], PROCSTREAM_CONSUMER (late[i]), NULL));
          test_consumer_wait (late[i]);
          test_collector_assert (late[i], "");
          g_object_unref (late[i]);
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/flow/pause/in-function", test_pause_in_function);
  g_test_add_func ("/flow/pause/before-attach", test_pause_before_attach);
  g_test_add_func ("/flow/pause/and-leave", test_pause_and_leave);
  g_test_add_func ("/flow/pause/another", test_pause_another);
  g_test_add_func ("/flow/pause/and-delivery", test_pause_and_delivery);
  g_test_add_func ("/flow/pause/reader", test_pause_reader);
  g_test_add_func ("/flow/pause/all-the-time", test_pause_all_the_time);
  g_test_add_func ("/flow/live-only", test_live_only);
  g_test_add_func ("/flow/replay-lines", test_replay_lines);
  g_test_add_func ("/flow/lag", test_lag);
  g_test_add_func ("/flow/stall", test_stall);
  g_test_add_func ("/flow/stall/of-output", test_stall_of_output);
  g_test_add_func ("/flow/stall/and-cancel", test_stall_and_cancel);
  g_test_add_func ("/flow/slow-delays-only-the-child", test_slow_delays_only_the_child);
  g_test_add_func ("/flow/everybody-gets-everything", test_everybody_gets_everything);
  g_test_add_func ("/flow/lossy-and-native", test_lossy_and_native);
  g_test_add_func ("/flow/seal-both", test_seal_both);
  return g_test_run ();
}
