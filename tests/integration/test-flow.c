/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

/* How the consumers of one output stand to its flow and to each other, as programs see it. */

/* A class of the program's own that says in one text what it was told. */
typedef struct _Noter Noter;

struct _Noter
{
  ProcstreamConsumer parent_instance;
  GString           *order;
  void (*in_chunk) (Noter *self); /* NULL: nothing */
  TestStream *stream;
  gpointer    other;
};
typedef ProcstreamConsumerClass NoterClass;

static GType noter_get_type (void);
G_DEFINE_TYPE (Noter, noter, PROCSTREAM_TYPE_CONSUMER)

static guint noters_alive;

static gboolean
noter_chunk (ProcstreamConsumer *consumer,
             GBytes             *bytes)
{
  Noter           *self = (Noter *) consumer;
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

  g_string_append_printf (((Noter *) consumer)->order, "L:%s ", text);
  return FALSE;
}

static gboolean
noter_gap (ProcstreamConsumer *consumer,
           guint64             chunks,
           guint64             bytes)
{
  g_string_append_printf (((Noter *) consumer)->order, "g:%d,%d ", (int) chunks, (int) bytes);
  return FALSE;
}

static void
noter_ended (ProcstreamConsumer *consumer,
             const GError       *error)
{
  if (error && !g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED))
    g_error ("%s", error->message);
  g_string_append (((Noter *) consumer)->order, error ? "stalled" : "end");
}

static void
noter_finalize (GObject *object)
{
  g_string_free (((Noter *) object)->order, TRUE);
  noters_alive--;
  G_OBJECT_CLASS (noter_parent_class)->finalize (object);
}

static void
noter_class_init (NoterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = noter_finalize;
  klass->chunk = noter_chunk;
  klass->lines = noter_lines;
  klass->gap = noter_gap;
  klass->ended = noter_ended;
}

static void
noter_init (Noter *self)
{
  self->order = g_string_new (NULL);
  noters_alive++;
}

/* --- Helpers ------------------------------------------------------------------------------------------------------------------ */

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

static TestStream *
new_single (ProcstreamDelivery delivery,
            ProcstreamReplay   replay)
{
  return test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = replay, .max_chunks = 4, .backend = PROCSTREAM_BACKEND_SINGLE });
}

static void
attach (TestStream *stream,
        gpointer    consumer)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_output_attach (stream->output, consumer, &error));
  g_assert_no_error (error);
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

static Noter *
new_noter (void)
{
  return g_object_new (noter_get_type (), NULL);
}

static Noter *
attach_noter (TestStream *stream)
{
  Noter *self = new_noter ();

  attach (stream, self);
  return self;
}

static ProcstreamCollector *
new_collector (void)
{
  return procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
}

static ProcstreamCollector *
attach_collector (TestStream *stream)
{
  ProcstreamCollector *self = new_collector ();

  attach (stream, self);
  return self;
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

static void
wait_for (gpointer consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_wait (consumer, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
  g_assert_no_error (error);
}

static void
assert_collected (ProcstreamCollector *collector,
                  const char          *text)
{
  g_autofree char *got = procstream_collector_dup_text (collector);

  g_assert_cmpstr (got, ==, text);
}

static void
free_noter (Noter      *noter,
            const char *order)
{
  g_assert_cmpstr (noter->order->str, ==, order);
  g_object_unref (noter);
}

/* --- One consumer at a time --------------------------------------------------------------------------------------------------- */

/* Behaviour SS-01: a second consumer is refused with an error that names the output; neither the first one nor the output, its replay
 * included, is disturbed. The refused one is as it was: it can be attached when the place is free. */
static void
test_single_second_is_refused (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamCollector) first = attach_collector (stream);
  g_autoptr (ProcstreamCollector) second = new_collector ();
  Noter *third = new_noter ();
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
  wait_for (first);
  assert_collected (first, "live");
  g_assert_true (try_attach (stream, second));
  wait_for (second);
  assert_collected (second, "live");
  g_assert_true (try_attach (stream, third));
  wait_for (third);
  free_noter (third, "c:live L:live end");
}

/* Behaviours SS-03, SS-04 and W-11: the place is free the moment a consumer is over, whatever ended it, and so any number may follow each
 * other. */
static void
test_single_is_free_at_once (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  for (int i = 0; i < 300; i++)
    {
      ProcstreamCollector *cancelled = attach_collector (stream);
      ProcstreamReader    *disposed = procstream_reader_new ();
      ProcstreamReader    *done = procstream_reader_new ();
      Noter               *own = new_noter ();

      procstream_consumer_cancel (PROCSTREAM_CONSUMER (cancelled));
      attach (stream, disposed);
      g_object_unref (cancelled);
      g_object_unref (disposed);
      attach (stream, own);
      procstream_consumer_cancel (PROCSTREAM_CONSUMER (own));
      attach (stream, done);
      procstream_consumer_mark_done (PROCSTREAM_CONSUMER (done));
      g_object_unref (own);
      g_object_unref (done);
    }
  test_iterate ();
  g_assert_cmpuint (noters_alive, ==, 0);
}

/* Whoever sees that it has ended, by whatever means, in whatever thread, finds the place free. */
static void
test_single_is_free_when_ended (void)
{
  for (int i = 0; i < 200; i++)
    {
      g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
      g_autoptr (ProcstreamCollector) pushed = attach_collector (stream);
      g_autoptr (ProcstreamReader) pulls = procstream_reader_new ();
      g_autoptr (ProcstreamCollector) last = new_collector ();
      g_autoptr (GBytes) bytes = NULL;

      test_stream_close (stream);
      spin_until_over (pushed);
      attach (stream, pulls);
      bytes = procstream_reader_next (pulls, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL);
      g_assert_null (bytes);
      attach (stream, last);
    }
}

static void
hand_over (Noter *self)
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
  Noter *first = attach_noter (stream);
  Noter *second = new_noter ();

  first->in_chunk = hand_over;
  first->stream = stream;
  first->other = second;
  test_stream_write_read (stream, "one\n");
  wait_for (first);
  test_stream_write_read (stream, "two\n");
  test_stream_close (stream);
  wait_for (second);
  free_noter (first, "c:one/ ");
  free_noter (second, "c:two/ L:two end");
}

/* Handlers are no consumers: they take no place, and get everything beside one. */
static void
test_single_and_handlers (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) collector = NULL;

  test_stream_listen (stream, "ce");
  collector = attach_collector (stream);
  test_stream_write (stream, "text");
  test_stream_run_to_end (stream);
  g_assert_cmpstr (stream->bytes->str, ==, "text");
  wait_for (collector);
  assert_collected (collector, "text");
}

/* Behaviour SS-10: what one missed is not told to the next. */
static void
test_single_gap_is_ones_own (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  Noter *first, *second = new_noter ();

  test_iterate ();
  first = attach_noter (stream);
  for (int i = 0; i < 9; i++)
    test_stream_write_read (stream, "x\n");
  g_assert_cmpuint (procstream_output_get_bytes_dropped (stream->output), ==, 10);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (first));
  attach (stream, second);
  test_stream_write_read (stream, "y");
  test_stream_close (stream);
  wait_for (second);
  free_noter (first, "");
  free_noter (second, "c:y L:y end");
}

/* Behaviour SS-12: without a consumer everything is read, so the child never waits for one. */
static void
test_single_without_a_consumer (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) late = NULL;

  test_iterate ();
  for (int i = 0; i < 20; i++)
    test_stream_write_read (stream, "x");
  g_assert_cmpuint (procstream_output_get_bytes_unobserved (stream->output), ==, 20);
  late = attach_collector (stream);
  test_stream_write_read (stream, "tail");
  test_stream_close (stream);
  wait_for (late);
  assert_collected (late, "tail");
}

/* Behaviours SS-05 and SS-06: who comes while reading still waits for the one that left gets each byte once. */
static void
test_single_after_one_that_was_slow (void)
{
  g_autoptr (TestStream) stream = new_single (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamReader) slow = procstream_reader_new ();
  g_autoptr (ProcstreamCollector) next = NULL;

  attach (stream, slow);
  for (const char *text = "abcd"; *text; text++)
    test_stream_write_read (stream, (const char[]){ *text, 0 });
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  test_stream_write (stream, "e");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (slow));
  next = attach_collector (stream);
  test_stream_write (stream, "f");
  test_stream_close (stream);
  wait_for (next);
  assert_collected (next, "abcdef");
}

/* Of a child; the error says of which. */
static void
test_single_of_a_child (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET);
  g_autoptr (ProcstreamCollector) first = new_collector ();
  g_autoptr (ProcstreamCollector) second = new_collector ();
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
  wait_for (first);
  assert_collected (first, "text");
}

/* --- Standing still ----------------------------------------------------------------------------------------------------------- */

static void
pause_in_chunk (Noter *self)
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
  Noter *noter = attach_noter (stream);

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
  wait_for (noter);
  free_noter (noter, "c:one/ L:one c:two/ L:two end");
}

/* Before it is attached; twice; and what is undone before it had any effect. */
static void
test_pause_before_attach (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  g_autoptr (ProcstreamCollector) pushed = new_collector ();
  g_autoptr (ProcstreamCollector) other = new_collector ();
  Noter *own = new_noter ();

  for (int i = 0; i < 2; i++)
    {
      procstream_consumer_pause (PROCSTREAM_CONSUMER (pushed));
      procstream_consumer_pause (PROCSTREAM_CONSUMER (own));
    }
  procstream_consumer_pause (PROCSTREAM_CONSUMER (other));
  procstream_consumer_resume (PROCSTREAM_CONSUMER (other));
  attach (stream, pushed);
  attach (stream, own);
  attach (stream, other);
  test_stream_write_read (stream, "text");
  test_stream_close (stream);
  wait_for (other);
  test_iterate ();
  assert_collected (other, "text");
  assert_collected (pushed, "");
  g_assert_cmpstr (own->order->str, ==, "");
  procstream_consumer_resume (PROCSTREAM_CONSUMER (pushed));
  procstream_consumer_resume (PROCSTREAM_CONSUMER (own));
  wait_for (pushed);
  wait_for (own);
  assert_collected (pushed, "text");
  free_noter (own, "c:text L:text end");
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
      ProcstreamCollector *disposed = new_collector ();
      ProcstreamCollector *cancelled = new_collector ();
      Noter               *own = new_noter ();

      for (ProcstreamConsumer *const *consumer = (ProcstreamConsumer *const[]){ PROCSTREAM_CONSUMER (disposed), PROCSTREAM_CONSUMER (cancelled),
                                                                                PROCSTREAM_CONSUMER (own), NULL };
           *consumer; consumer++)
        {
          procstream_consumer_pause (*consumer);
          attach (stream, *consumer);
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
      assert_collected (cancelled, "");
      g_object_unref (cancelled);
      free_noter (own, "");
      g_assert_cmpuint (noters_alive, ==, 0);
    }
  stays = attach_collector (stream);
  test_stream_write_read (stream, "end");
  test_stream_close (stream);
  wait_for (stays);
  assert_collected (stays, "end");
}

static void
pause_other (Noter *self)
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
  Noter *first = attach_noter (stream);
  Noter *second = attach_noter (stream);

  first->in_chunk = pause_other;
  first->other = second;
  test_stream_write_read (stream, "one");
  test_stream_write_read (stream, "two");
  test_stream_close (stream);
  wait_for (first);
  free_noter (first, "c:one c:two L:onetwo end");
  free_noter (second, "");
  g_assert_cmpuint (noters_alive, ==, 0);
}

/* A paused reliable one makes the child wait; a paused lossy one does not, and finds a gap; the others go on as far as they can. */
static void
test_pause_and_delivery (void)
{
  g_autoptr (TestStream) stream = new_small (PROCSTREAM_DELIVERY_RELIABLE, 2);
  g_autoptr (ProcstreamCollector) other = attach_collector (stream);
  g_autoptr (ProcstreamCollector) reliable = attach_collector (stream);
  Noter *lossy = new_noter ();

  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (lossy), PROCSTREAM_DELIVERY_LOSSY);
  attach (stream, lossy);
  test_iterate ();
  procstream_consumer_pause (PROCSTREAM_CONSUMER (lossy));
  for (const char *text = "abc"; *text; text++)
    test_stream_write_read (stream, (const char[]){ *text, 0 });
  procstream_consumer_pause (PROCSTREAM_CONSUMER (reliable));
  for (const char *text = "de"; *text; text++)
    test_stream_write_read (stream, (const char[]){ *text, 0 });
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  assert_collected (other, "abcde");
  assert_collected (reliable, "abc");
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (PROCSTREAM_CONSUMER (reliable)), ==, 2);
  test_stream_write (stream, "f");
  g_assert_cmpuint (procstream_output_get_bytes_received (stream->output), ==, 5);
  procstream_consumer_resume (PROCSTREAM_CONSUMER (reliable));
  test_stream_close (stream);
  wait_for (reliable);
  assert_collected (reliable, "abcdef");
  procstream_consumer_resume (PROCSTREAM_CONSUMER (lossy));
  wait_for (lossy);
  free_noter (lossy, "g:4,4 c:e c:f end");
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

  attach (stream, reader);
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
  g_autoptr (ProcstreamCollector) pushed = attach_collector (stream);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GString) expected_order = g_string_new (NULL);
  g_autoptr (GString) got = g_string_new (NULL);
  Noter   *own = attach_noter (stream);
  Toggling toggling = { { PROCSTREAM_CONSUMER (pushed), PROCSTREAM_CONSUMER (own), PROCSTREAM_CONSUMER (reader) }, FALSE };
  GThread *thread;

  attach (stream, reader);
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
  wait_for (pushed);
  wait_for (own);
  g_assert_cmpstr (got->str, ==, expected->str);
  assert_collected (pushed, expected->str);
  g_string_append (expected_order, "end");
  free_noter (own, expected_order->str);
}

/* --- Where it begins, and how far it is --------------------------------------------------------------------------------------- */

static void
test_live_only (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL, 0);
  g_autoptr (ProcstreamCollector) all = new_collector ();
  g_autoptr (ProcstreamCollector) live = g_object_new (PROCSTREAM_TYPE_COLLECTOR, "collect", PROCSTREAM_COLLECT_BYTES,
                                                       "keep", PROCSTREAM_KEEP_FIRST, "live-only", TRUE, NULL);
  Noter *own = new_noter ();

  /* The context has not iterated, so all others begin at the start. */
  test_stream_write_read (stream, "before");
  procstream_consumer_set_live_only (PROCSTREAM_CONSUMER (own), TRUE);
  attach (stream, all);
  attach (stream, live);
  attach (stream, own);
  g_assert_cmpuint (procstream_consumer_get_lag_bytes (PROCSTREAM_CONSUMER (own)), ==, 0);
  test_stream_write_read (stream, "after");
  test_stream_close (stream);
  wait_for (all);
  wait_for (live);
  wait_for (own);
  assert_collected (all, "beforeafter");
  assert_collected (live, "after");
  /* In the middle of a line as it is, lines begin with the next one. */
  free_noter (own, "c:after end");
}

/* Exactly the last lines, in chunks and in lines, however late. */
static void
test_replay_lines (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_LINES, 2);
  g_autoptr (ProcstreamCollector) bytes = NULL;
  Noter *own;

  test_iterate ();
  test_stream_write_read (stream, "one\ntwo\nthr");
  test_stream_write_read (stream, "ee\nfour\n");
  own = attach_noter (stream);
  test_stream_close (stream);
  wait_for (own);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (own)), ==, 0);
  free_noter (own, "c:thr c:ee/four/ L:three,four end");
  bytes = attach_collector (stream);
  wait_for (bytes);
  assert_collected (bytes, "three\nfour\n");
}

static void
test_lag (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  ProcstreamConsumer *own = PROCSTREAM_CONSUMER (new_noter ());
  gint64              before = g_get_monotonic_time ();
  gint64              first;

  g_assert_cmpint (procstream_consumer_get_lag_us (own), ==, 0);
  attach (stream, own);
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
  g_autoptr (ProcstreamCollector) other = attach_collector (stream);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  test_iterate ();
  procstream_consumer_set_max_stall_ms (PROCSTREAM_CONSUMER (stuck), 1);
  attach (stream, stuck);
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
  wait_for (other);
  assert_collected (other, "abcde");
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
  Noter *own;
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  test_iterate ();
  procstream_consumer_set_max_stall_ms (PROCSTREAM_CONSUMER (patient), PROCSTREAM_NO_TIMEOUT);
  attach (stream, patient);
  attach (stream, stuck);
  own = attach_noter (stream);
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
  free_noter (own, "g:2,6 stalled");
}

/* Cancelled after it was dropped and before it was told: it is not told. */
static void
test_stall_and_cancel (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = 1, .max_stall_ms = 1 });
  Noter *own;
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  test_iterate ();
  own = attach_noter (stream);
  test_stream_write_read (stream, "one");
  while (procstream_output_get_consumers_dropped (stream->output) < 1)
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (own));
  test_iterate ();
  g_assert_cmpint (state_of (own), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  free_noter (own, "");
  g_assert_cmpuint (noters_alive, ==, 0);
}

/* Behaviours BB-04 and W-41: one that does not read at all delays the child, never what the others may already read. */
static void
test_slow_delays_only_the_child (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) slow = procstream_reader_new ();
  g_autoptr (ProcstreamCollector) fast = new_collector ();
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
  /* Behaviour BB-05: when it leaves, everybody goes on at once, and nobody has lost anything. */
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (slow));
  wait_for (fast);
  g_assert_cmpuint (procstream_collector_get_bytes_seen (fast), ==, 3000000);
}

/* --- Sealing ------------------------------------------------------------------------------------------------------------------ */

/* Behaviour RP-08: of both outputs at once, whatever their back ends. Who was there before gets what it was promised. */
static void
test_seal_both (void)
{
  for (int mix = 0; mix < 3; mix++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (ProcstreamOutputConfig) single = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_ALL);
      ProcstreamOutput    *outputs[2];
      ProcstreamCollector *late[2];
      g_autoptr (ProcstreamCollector) early = new_collector ();

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
      wait_for (early);
      assert_collected (early, mix == 1 ? "err" : "out");
      for (int i = 0; i < 2; i++)
        {
          late[i] = new_collector ();
          g_assert_true (procstream_output_attach (outputs[i], PROCSTREAM_CONSUMER (late[i]), NULL));
          wait_for (late[i]);
          assert_collected (late[i], "");
          g_object_unref (late[i]);
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/flow/single/second-is-refused", test_single_second_is_refused);
  g_test_add_func ("/flow/single/is-free-at-once", test_single_is_free_at_once);
  g_test_add_func ("/flow/single/is-free-when-ended", test_single_is_free_when_ended);
  g_test_add_func ("/flow/single/handed-over", test_single_handed_over);
  g_test_add_func ("/flow/single/and-handlers", test_single_and_handlers);
  g_test_add_func ("/flow/single/gap-is-ones-own", test_single_gap_is_ones_own);
  g_test_add_func ("/flow/single/without-a-consumer", test_single_without_a_consumer);
  g_test_add_func ("/flow/single/after-one-that-was-slow", test_single_after_one_that_was_slow);
  g_test_add_func ("/flow/single/of-a-child", test_single_of_a_child);
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
  g_test_add_func ("/flow/seal-both", test_seal_both);
  return g_test_run ();
}
