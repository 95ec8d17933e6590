/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

/* A class of the program's own. */
typedef struct _Recorder Recorder;

struct _Recorder
{
  ProcstreamConsumer parent_instance;
  GString           *bytes;
  GString           *lines;
  GString           *order;
  guint64            gap_bytes;
  guint              done_after; /* calls of chunk; 0: never */
  guint              calls;
  GThread           *thread;
  void (*in_chunk) (Recorder *self); /* NULL: nothing */
  ProcstreamConsumer *other;
  ProcstreamChild    *child;
};
typedef ProcstreamConsumerClass RecorderClass;

static GType recorder_get_type (void);
G_DEFINE_TYPE (Recorder, recorder, PROCSTREAM_TYPE_CONSUMER)

static guint recorders_alive;

static gboolean
recorder_chunk (ProcstreamConsumer *consumer,
                GBytes             *bytes)
{
  Recorder *self = (Recorder *) consumer;

  g_assert_true (g_thread_self () == self->thread);
  g_string_append_len (self->bytes, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_string_append_c (self->order, 'c');
  if (self->in_chunk)
    self->in_chunk (self);
  return ++self->calls == self->done_after;
}

static gboolean
recorder_lines (ProcstreamConsumer *consumer,
                const char *const  *lines)
{
  Recorder *self = (Recorder *) consumer;

  for (; *lines; lines++)
    g_string_append_printf (self->lines, "%s|", *lines);
  g_string_append_c (self->order, 'L');
  return FALSE;
}

static gboolean
recorder_gap (ProcstreamConsumer *consumer,
              guint64             chunks,
              guint64             bytes)
{
  Recorder *self = (Recorder *) consumer;

  self->gap_bytes += bytes;
  g_string_append_c (self->order, 'g');
  return FALSE;
}

static void
recorder_ended (ProcstreamConsumer *consumer,
                const GError       *error)
{
  g_string_append_c (((Recorder *) consumer)->order, error ? 'E' : 'e');
}

static void
recorder_finalize (GObject *object)
{
  Recorder *self = (Recorder *) object;

  g_assert_true (g_thread_self () == self->thread);
  g_string_free (self->bytes, TRUE);
  g_string_free (self->lines, TRUE);
  g_string_free (self->order, TRUE);
  recorders_alive--;
  G_OBJECT_CLASS (recorder_parent_class)->finalize (object);
}

static void
recorder_class_init (RecorderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = recorder_finalize;
  klass->chunk = recorder_chunk;
  klass->lines = recorder_lines;
  klass->gap = recorder_gap;
  klass->ended = recorder_ended;
}

static void
recorder_init (Recorder *self)
{
  self->bytes = g_string_new (NULL);
  self->lines = g_string_new (NULL);
  self->order = g_string_new (NULL);
  self->thread = g_thread_self ();
  recorders_alive++;
}

/* A class that implements nothing. */
typedef struct
{
  ProcstreamConsumer parent_instance;
} Idler;
typedef ProcstreamConsumerClass IdlerClass;

static GType idler_get_type (void);
G_DEFINE_TYPE (Idler, idler, PROCSTREAM_TYPE_CONSUMER)

static void
idler_class_init (IdlerClass *klass)
{
}

static void
idler_init (Idler *self)
{
}

static Recorder *
attach_recorder (TestStream *stream)
{
  g_autoptr (GError) error = NULL;
  Recorder *self = g_object_new (recorder_get_type (), NULL);

  g_assert_true (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (self), &error));
  g_assert_no_error (error);
  return self;
}

static TestStream *
new_stream (ProcstreamDelivery delivery,
            guint              max_chunks)
{
  return test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = max_chunks });
}

static void
wait_ok (gpointer consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_wait (consumer, 30000, NULL, &error);
  g_assert_no_error (error);
}

static void
test_derived (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  Recorder *recorder = attach_recorder (stream);

  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (recorder)), ==, PROCSTREAM_CONSUMER_STATE_ATTACHED);
  test_stream_write (stream, "one\ntwo");
  test_stream_close (stream);
  wait_ok (recorder);
  g_assert_cmpstr (recorder->bytes->str, ==, "one\ntwo");
  g_assert_cmpstr (recorder->lines->str, ==, "one|two|");
  g_assert_cmpstr (recorder->order->str, ==, "cLLe");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (recorder)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_object_unref (recorder);
  g_assert_cmpuint (recorders_alive, ==, 0);
}

/* Nobody but the library holds it: it stays until it has had everything, and then goes. */
static void
test_keeps_itself (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);

  g_object_unref (attach_recorder (stream));
  g_assert_cmpuint (recorders_alive, ==, 1);
  test_stream_listen (stream, "e");
  test_stream_write (stream, "x");
  test_stream_run_to_end (stream);
  while (recorders_alive > 0)
    test_iterate ();
}

static void
test_done (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .chunk_size = 1 });
  Recorder *recorder = attach_recorder (stream);

  recorder->done_after = 2;
  test_stream_write (stream, "abcdef");
  wait_ok (recorder);
  g_assert_cmpstr (recorder->bytes->str, ==, "ab");
  g_assert_cmpstr (recorder->order->str, ==, "cc");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (recorder)), ==, PROCSTREAM_CONSUMER_STATE_DONE);
  g_object_unref (recorder);
}

static void
test_cancel (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  Recorder *recorder = attach_recorder (stream);
  g_autoptr (GError) error = NULL;

  test_stream_write_read (stream, "never seen");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (recorder));
  test_iterate ();
  g_assert_cmpstr (recorder->order->str, ==, "");
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (recorder), -1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (recorder)), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  g_object_unref (recorder);
  g_assert_cmpuint (recorders_alive, ==, 0);
}

static void
test_attach_errors (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (GObject) idler = g_object_new (idler_get_type (), NULL);
  Recorder *recorder = attach_recorder (stream);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_UNSET, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (recorder), &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);

  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (idler), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "Idler"));
  g_clear_error (&error);

  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY);
  g_assert_nonnull (strstr (error->message, "collect"));
  g_clear_error (&error);

  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (reader), 0, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_assert_null (procstream_reader_next (reader, 0, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (recorder));
  g_object_unref (recorder);
}

/* A lossy view beside a reliable log on one stream. */
static void
test_own_delivery (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 2);
  g_autoptr (ProcstreamCollector) log = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  Recorder        *view = g_object_new (recorder_get_type (), NULL);
  g_autofree char *text = NULL;

  test_iterate (); /* the opening goes */
  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (view), PROCSTREAM_DELIVERY_LOSSY);
  g_assert_true (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (view), NULL));
  g_assert_true (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (log), NULL));
  for (int i = 0; i < 5; i++)
    test_stream_write_read (stream, "ab\n");
  test_stream_close (stream);
  wait_ok (log);
  wait_ok (view);
  text = procstream_collector_dup_text (log);
  g_assert_cmpstr (text, ==, "ab\nab\nab\nab\nab\n");
  g_assert_cmpstr (view->bytes->str, ==, "ab\nab\n");
  g_assert_cmpuint (view->gap_bytes, ==, 9);
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (view)), ==, 1);
  g_assert_cmpuint (procstream_consumer_get_chunks_lost (PROCSTREAM_CONSUMER (view)), ==, 3);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (view)), ==, 9);
  g_object_unref (view);
}

/* Each with its own line options, on one stream. */
static void
test_own_line_options (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (ProcstreamCollector) lf = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamCollector) cut = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_auto (GStrv) lf_lines = NULL;
  g_auto (GStrv) cut_lines = NULL;
  const char *const lf_expected[] = { "abcdef\r", "g", NULL };
  const char *const cut_expected[] = { "abcd", "g", NULL };

  procstream_consumer_set_line_separator (PROCSTREAM_CONSUMER (lf), PROCSTREAM_LINE_SEPARATOR_LF);
  procstream_consumer_set_max_line_length (PROCSTREAM_CONSUMER (cut), 4);
  procstream_consumer_set_line_overflow (PROCSTREAM_CONSUMER (cut), PROCSTREAM_LINE_OVERFLOW_TRUNCATE);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (lf), NULL);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (cut), NULL);
  test_stream_write (stream, "abcdef\r\ng");
  test_stream_close (stream);
  wait_ok (lf);
  wait_ok (cut);
  lf_lines = procstream_collector_dup_lines (lf);
  cut_lines = procstream_collector_dup_lines (cut);
  g_assert_cmpstrv (lf_lines, lf_expected);
  g_assert_cmpstrv (cut_lines, cut_expected);
  g_assert_true (procstream_collector_get_truncated (cut));
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (cut)), ==, 2);
  g_assert_false (procstream_collector_get_truncated (lf));
}

/* What is lost of lines is known while it is attached, and not forgotten when it is over before the output is. */
static void
test_own_torn (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  Recorder           *recorder = g_object_new (recorder_get_type (), NULL);
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (recorder);

  procstream_consumer_set_max_line_length (consumer, 4);
  procstream_consumer_set_line_overflow (consumer, PROCSTREAM_LINE_OVERFLOW_TRUNCATE);
  g_assert_true (procstream_output_attach (stream->output, consumer, NULL));
  test_stream_write_read (stream, "abcdef\n");
  test_iterate ();
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (consumer), ==, 2);
  procstream_consumer_mark_done (consumer);
  test_iterate ();
  g_assert_cmpint (procstream_consumer_get_state (consumer), ==, PROCSTREAM_CONSUMER_STATE_DONE);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (consumer), ==, 2);
  g_object_unref (recorder);
}

static void
set_option (ProcstreamConsumer *consumer,
            const char         *property,
            guint               value)
{
  if (g_str_equal (property, "max-line-length"))
    procstream_consumer_set_max_line_length (consumer, value);
  else if (g_str_equal (property, "line-separator"))
    procstream_consumer_set_line_separator (consumer, value);
  else if (g_str_equal (property, "line-overflow"))
    procstream_consumer_set_line_overflow (consumer, value);
  else
    procstream_consumer_set_delivery (consumer, value);
}

/* A consumer that cannot be attached as it is says which property is wrong, and can be attached once that is right. */
static void
test_bad_options (void)
{
  const struct
  {
    const char *property;
    guint       bad;
    guint       good;
  } options[] = {
    { "max-line-length", PROCSTREAM_SMALLEST_MAX_LINE_LENGTH - 1, PROCSTREAM_SMALLEST_MAX_LINE_LENGTH },
    { "line-separator", 42, PROCSTREAM_LINE_SEPARATOR_LF },
    { "line-overflow", 42, PROCSTREAM_LINE_OVERFLOW_SPLIT },
    { "delivery", 42, PROCSTREAM_DELIVERY_LOSSY },
  };
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (collector);

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autoptr (GError) error = NULL;

      set_option (consumer, options[i].property, options[i].bad);
      g_assert_false (procstream_output_attach (stream->output, consumer, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, options[i].property));
      g_assert_nonnull (strstr (error->message, "ProcstreamCollector"));
      set_option (consumer, options[i].property, options[i].good);
    }
  g_assert_true (procstream_output_attach (stream->output, consumer, NULL));
  test_stream_close (stream);
  wait_ok (collector);
}

static void
assert_would_deadlock (ProcstreamConsumer *consumer)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_consumer_wait (consumer, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  g_assert_true (strstr (error->message, "(stderr)”") || strstr (error->message, "“test”"));
}

/* What has come can be read; what has not come yet cannot be waited for. */
static void
assert_reads_until_empty (ProcstreamReader *reader)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  while ((bytes = procstream_reader_next (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error)) != NULL)
    g_bytes_unref (bytes);
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
}

static void
wait_for_itself (Recorder *self)
{
  assert_would_deadlock (PROCSTREAM_CONSUMER (self));
}

static void
wait_for_other (Recorder *self)
{
  assert_would_deadlock (self->other);
}

static void
read_other (Recorder *self)
{
  assert_reads_until_empty (PROCSTREAM_READER (self->other));
}

static void
wait_for_child (Recorder *self)
{
  g_autoptr (GError) error = NULL;

  assert_would_deadlock (self->other);
  g_assert_false (procstream_child_wait (self->child, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  procstream_input_close (procstream_child_get_stdin (self->child));
}

static void
wait_for_cancelled (Recorder *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_consumer_wait (self->other, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean
is_called (gpointer data)
{
  return ((Recorder *) data)->calls > 0;
}

static void
call_in_chunk (ProcstreamConsumer *other,
               void (*in_chunk) (Recorder *self))
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  Recorder *recorder = attach_recorder (stream);

  recorder->in_chunk = in_chunk;
  recorder->other = other;
  if (other)
    g_assert_true (procstream_output_attach (stream->output, other, NULL));
  if (in_chunk == wait_for_cancelled)
    procstream_consumer_cancel (other);
  test_stream_write (stream, "x");
  test_run_until (NULL, "the chunk", is_called, recorder);
  test_stream_close (stream);
  wait_ok (recorder);
  g_clear_object (&other);
  g_object_unref (recorder);
}

/* A virtual function is on the way to what is waited for: a wait inside of it would call it again and again, or never end. */
static void
test_wait_in_own_function (void)
{
  call_in_chunk (NULL, wait_for_itself);
  call_in_chunk (PROCSTREAM_CONSUMER (procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST)), wait_for_other);
  call_in_chunk (PROCSTREAM_CONSUMER (procstream_reader_new ()), read_other);
  call_in_chunk (PROCSTREAM_CONSUMER (procstream_reader_new ()), wait_for_cancelled);
}

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          gpointer          collector)
{
  assert_would_deadlock (collector);
}

static void
test_wait_in_handler (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);

  g_assert_true (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), NULL));
  test_stream_listen (stream, "c");
  g_signal_connect (stream->output, "chunk", G_CALLBACK (chunk_cb), collector);
  test_stream_write (stream, "x");
  test_stream_run_until_bytes (stream, 1);
  test_stream_close (stream);
  wait_ok (collector);
}

static void
chunk_of_another_cb (ProcstreamOutput *output,
                     GBytes           *bytes,
                     gpointer          collector)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_consumer_wait (collector, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* An output that refused a consumer is not the one that it is attached to. */
static void
test_wait_in_handler_of_another (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (TestStream) another = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);

  g_assert_true (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), NULL));
  g_assert_false (procstream_output_attach (another->output, PROCSTREAM_CONSUMER (collector), NULL));
  test_stream_listen (another, "c");
  g_signal_connect (another->output, "chunk", G_CALLBACK (chunk_of_another_cb), collector);
  test_stream_write (another, "x");
  test_stream_run_until_bytes (another, 1);
  test_stream_close (stream);
  wait_ok (collector);
}

/* The child, and what is attached to its other output, belong to the same. */
static void
test_wait_for_child_in_function (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCollector) errors = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  Recorder *recorder = g_object_new (recorder_get_type (), NULL);

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create (process, "echo x; read x");
  recorder->in_chunk = wait_for_child;
  recorder->other = PROCSTREAM_CONSUMER (errors);
  recorder->child = process->child;
  procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (recorder), NULL);
  procstream_output_attach (procstream_child_get_stderr (process->child), PROCSTREAM_CONSUMER (errors), NULL);
  test_process_start (process);
  wait_ok (recorder);
  wait_ok (errors);
  g_assert_cmpuint (recorder->calls, ==, 1);
  g_object_unref (recorder);
}

static gpointer
wait_in_thread (gpointer consumer)
{
  wait_ok (consumer);
  return NULL;
}

/* Another thread waits; a third cancels. Nobody hangs. */
static void
test_other_threads (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autofree char *text = NULL;
  GThread         *thread;

  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), NULL);
  thread = g_thread_new ("waiter", wait_in_thread, collector);
  test_stream_write (stream, "for the other thread");
  test_stream_close (stream);
  g_thread_join (thread);
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, "for the other thread");
}

static void
test_wait_timeout_and_async (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) cancelled = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), NULL);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "“test”"));
  g_clear_error (&error);

  procstream_consumer_wait_async (PROCSTREAM_CONSUMER (collector), cancellable, test_store_result_cb, &cancelled);
  procstream_consumer_wait_async (PROCSTREAM_CONSUMER (collector), NULL, test_store_result_cb, &result);
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "the cancelled wait", &cancelled);
  g_assert_false (procstream_consumer_wait_finish (PROCSTREAM_CONSUMER (collector), cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (result);

  test_stream_close (stream);
  test_wait_result (NULL, "the other wait", &result);
  g_assert_true (procstream_consumer_wait_finish (PROCSTREAM_CONSUMER (collector), result, &error));
  g_assert_no_error (error);
}

/* Dropping a native consumer that is attached lets a paused stream go on. */
static void
test_dropped_reader (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 1);
  ProcstreamReader *reader = procstream_reader_new ();

  test_iterate ();
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (reader), NULL);
  test_stream_write_read (stream, "a");
  while (procstream_output_get_state (stream->output) != PROCSTREAM_OUTPUT_STATE_PAUSED)
    g_usleep (100);
  test_stream_write (stream, "b");
  g_assert_cmpuint (procstream_output_get_bytes_received (stream->output), ==, 1);
  g_object_unref (reader);
  while (procstream_output_get_bytes_received (stream->output) < 2)
    g_usleep (100);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/consumer/derived", test_derived);
  g_test_add_func ("/consumer/keeps-itself", test_keeps_itself);
  g_test_add_func ("/consumer/done", test_done);
  g_test_add_func ("/consumer/cancel", test_cancel);
  g_test_add_func ("/consumer/attach-errors", test_attach_errors);
  g_test_add_func ("/consumer/own-delivery", test_own_delivery);
  g_test_add_func ("/consumer/own-line-options", test_own_line_options);
  g_test_add_func ("/consumer/own-torn", test_own_torn);
  g_test_add_func ("/consumer/bad-options", test_bad_options);
  g_test_add_func ("/consumer/wait-in-own-function", test_wait_in_own_function);
  g_test_add_func ("/consumer/wait-in-handler", test_wait_in_handler);
  g_test_add_func ("/consumer/wait-in-handler-of-another", test_wait_in_handler_of_another);
  g_test_add_func ("/consumer/wait-for-child-in-function", test_wait_for_child_in_function);
  g_test_add_func ("/consumer/other-threads", test_other_threads);
  g_test_add_func ("/consumer/wait-timeout-and-async", test_wait_timeout_and_async);
  g_test_add_func ("/consumer/dropped-reader", test_dropped_reader);
  return g_test_run ();
}
