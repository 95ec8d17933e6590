/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-core-private.h"

#include <procstream/procstream.h>

#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <string.h>
#include <unistd.h>

static GThread *main_thread;

static const TestStreamOptions reliable = { .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE };

/* --- Classes of the program's own --------------------------------------------------------------------------------------------- */

/* What is asked of it, and in which thread; it does what the test says. */
typedef struct
{
  GOutputStream parent;

  GString    *text;
  GString    *order;              /* a letter per call: w f c */
  const char *answers;            /* for the next writes: a digit is how many bytes it takes, "x" an error, "-" everything; then everything */
  void (*during) (gpointer data); /* in each write */
  gpointer data;
  gboolean runs; /* what takes its time is over when the call that begins it returns: it iterates the context meanwhile */
} OwnStream;

typedef GOutputStreamClass OwnStreamClass;

static GType own_stream_get_type (void);
G_DEFINE_TYPE (OwnStream, own_stream, G_TYPE_OUTPUT_STREAM)

static gssize
own_write (GOutputStream *stream,
           const void    *buffer,
           gsize          count,
           GCancellable  *cancellable,
           GError       **error)
{
  OwnStream *self = (OwnStream *) stream;
  char       answer = self->answers && *self->answers ? *self->answers++ : '-';

  g_assert_true (g_thread_self () == main_thread);
  g_string_append_c (self->order, 'w');
  if (self->during)
    self->during (self->data);
  if (answer == 'x')
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "it was told to");
      return -1;
    }
  if (answer != '-')
    count = MIN (count, (gsize) (answer - '0'));
  g_string_append_len (self->text, buffer, count);
  return count;
}

static gboolean
own_flush (GOutputStream *stream,
           GCancellable  *cancellable,
           GError       **error)
{
  g_assert_true (g_thread_self () == main_thread);
  g_string_append_c (((OwnStream *) stream)->order, 'f');
  return TRUE;
}

static gboolean
own_close (GOutputStream *stream,
           GCancellable  *cancellable,
           GError       **error)
{
  g_assert_true (g_thread_self () == main_thread);
  g_string_append_c (((OwnStream *) stream)->order, 'c');
  return TRUE;
}

static void
own_finalize (GObject *object)
{
  OwnStream *self = (OwnStream *) object;

  g_assert_true (g_thread_self () == main_thread);
  g_string_free (self->text, TRUE);
  g_string_free (self->order, TRUE);
  G_OBJECT_CLASS (own_stream_parent_class)->finalize (object);
}

static void
own_stream_class_init (OwnStreamClass *klass)
{
  klass->write_fn = own_write;
  klass->flush = own_flush;
  klass->close_fn = own_close;
  G_OBJECT_CLASS (klass)->finalize = own_finalize;
}

static void
own_stream_init (OwnStream *self)
{
  self->text = g_string_new (NULL);
  self->order = g_string_new (NULL);
}

/* The same, but it takes an iteration of the context for each operation. */
typedef OwnStream          AsyncStream;
typedef GOutputStreamClass AsyncStreamClass;

static GType async_stream_get_type (void);
G_DEFINE_TYPE (AsyncStream, async_stream, own_stream_get_type ())

typedef struct
{
  const void *buffer;
  gsize       count;
} AsyncWrite;

static gboolean
async_write_cb (gpointer user_data)
{
  GTask      *task = user_data;
  AsyncWrite *data = g_task_get_task_data (task);
  GError     *error = NULL;
  gssize      n = own_write (g_task_get_source_object (task), data->buffer, data->count, NULL, &error);

  if (n < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, n);
  return G_SOURCE_REMOVE;
}

static void
async_write (GOutputStream      *stream,
             const void         *buffer,
             gsize               count,
             int                 priority,
             GCancellable       *cancellable,
             GAsyncReadyCallback callback,
             gpointer            user_data)
{
  GTask *task = g_task_new (stream, NULL, callback, user_data);
  g_autoptr (GSource) source = g_idle_source_new ();
  AsyncWrite *data = g_new (AsyncWrite, 1);

  *data = (AsyncWrite){ buffer, count };
  g_task_set_task_data (task, data, g_free);
  g_source_set_callback (source, async_write_cb, task, g_object_unref);
  g_source_attach (source, g_task_get_context (task));
  while (((OwnStream *) stream)->runs && g_output_stream_has_pending (stream))
    g_main_context_iteration (NULL, TRUE);
}

static gssize
async_write_finish (GOutputStream *stream,
                    GAsyncResult  *result,
                    GError       **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
async_stream_class_init (AsyncStreamClass *klass)
{
  klass->write_async = async_write;
  klass->write_finish = async_write_finish;
}

static void
async_stream_init (AsyncStream *self)
{
}

/* --- Helpers ------------------------------------------------------------------------------------------------------------------ */

static ProcstreamWriter *
attach_to (GOutputStream *target,
           TestStream    *stream,
           const char    *first_property,
           ...)
{
  ProcstreamWriter *writer = procstream_writer_new_for_stream (target);
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, first_property);
  if (first_property)
    g_object_set_valist (G_OBJECT (writer), first_property, args);
  va_end (args);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (writer), &error);
  g_assert_no_error (error);
  return writer;
}

static gboolean
wait_for (ProcstreamWriter *writer,
          GError          **error)
{
  return procstream_consumer_wait (PROCSTREAM_CONSUMER (writer), TEST_WATCHDOG_SECONDS * 1000, NULL, error);
}

static GType
get_own_type (gconstpointer async)
{
  return async ? async_stream_get_type () : own_stream_get_type ();
}

/* --- Streams of GIO ----------------------------------------------------------------------------------------------------------- */

static void
test_memory (void)
{
  for (int close_it = FALSE; close_it <= TRUE; close_it++)
    {
      g_autoptr (TestStream) stream = test_stream_new (&reliable);
      g_autoptr (GOutputStream) target = g_memory_output_stream_new_resizable ();
      g_autoptr (ProcstreamWriter) writer = attach_to (target, stream, "close-stream", close_it, NULL);

      test_stream_write_read (stream, "abc");
      test_stream_write_read (stream, "def");
      test_stream_close (stream);
      g_assert_true (wait_for (writer, NULL));
      g_assert_cmpint (g_output_stream_is_closed (target), ==, close_it);
      g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (target)),
                       g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (target)), "abcdef", 6);
    }
}

/* What the stream holds back is there at the end, or at once, or not at all. */
static void
test_flush_policies (void)
{
  for (ProcstreamFlushPolicy policy = PROCSTREAM_FLUSH_POLICY_NEVER; policy <= PROCSTREAM_FLUSH_POLICY_ALWAYS; policy++)
    {
      g_autoptr (TestStream) stream = test_stream_new (&reliable);
      g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
      g_autoptr (GOutputStream) buffered = g_buffered_output_stream_new (memory);
      g_autoptr (ProcstreamWriter) writer = attach_to (buffered, stream, "flush-policy", policy, NULL);
      gsize expected = policy == PROCSTREAM_FLUSH_POLICY_NEVER ? 0 : 5;

      test_stream_write_read (stream, "abcde");
      if (policy == PROCSTREAM_FLUSH_POLICY_ALWAYS)
        while (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)) < 5)
          g_usleep (200);
      test_stream_close (stream);
      g_assert_true (wait_for (writer, NULL));
      g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)), ==, expected);
    }
}

/* The error comes only when it is flushed. */
static void
test_flush_error (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  g_autoptr (GOutputStream) full = g_unix_output_stream_new (open ("/dev/full", O_WRONLY | O_CLOEXEC), TRUE);
  g_autoptr (GOutputStream) buffered = g_buffered_output_stream_new (full);
  g_autoptr (ProcstreamWriter) writer = attach_to (buffered, stream, NULL);
  g_autoptr (GError) error = NULL;

  test_stream_write_read (stream, "abc");
  test_stream_close (stream);
  g_assert_false (wait_for (writer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "Could not flush “GBufferedOutputStream”, which “test” is written to: "));
}

/* A pipe whose reader has left: an error, and no signal. */
static void
test_broken_pipe (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  g_autoptr (GOutputStream) target = NULL;
  g_autoptr (ProcstreamWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  close (fds[0]);
  target = g_unix_output_stream_new (fds[1], TRUE);
  writer = attach_to (target, stream, NULL);
  test_stream_write_read (stream, "abc");
  g_assert_false (wait_for (writer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* What is written can be made something else on its way, by a converter, though a chunk tears a character; its error is the writer's. */
static void
test_converted (void)
{
  for (int bad = FALSE; bad <= TRUE; bad++)
    {
      g_autoptr (TestStream) stream = test_stream_new (&reliable);
      g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
      g_autoptr (GConverter) converter = G_CONVERTER (g_charset_converter_new ("ISO-8859-1", "UTF-8", NULL));
      g_autoptr (GOutputStream) target = g_converter_output_stream_new (memory, converter);
      g_autoptr (ProcstreamWriter) writer = attach_to (target, stream, "close-stream", TRUE, NULL);
      g_autoptr (GError) error = NULL;

      test_stream_write_read (stream, "gr\303");
      test_stream_write_read (stream, bad ? "\377n" : "\274n");
      test_stream_close (stream);
      g_assert_cmpint (wait_for (writer, &error), ==, !bad);
      if (bad)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      else
        g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (memory)),
                         g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)), "gr\374n", 4);
    }
}

/* Two writers take turns, and neither cuts the lines of the other. */
static void
test_shared (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GOutputStream) target = g_memory_output_stream_new_resizable ();
  ProcstreamWriter *writers[2];
  g_autofree char  *text = NULL;
  g_auto (GStrv) lines = NULL;

  test_process_create_mode (process, "both 2000");
  for (int i = 0; i < 2; i++)
    {
      writers[i] = procstream_writer_new_for_stream (target);
      procstream_writer_set_write_mode (writers[i], PROCSTREAM_WRITE_MODE_LINES);
      procstream_output_attach (i == 0 ? procstream_child_get_stdout (process->child) : procstream_child_get_stderr (process->child),
                                PROCSTREAM_CONSUMER (writers[i]), NULL);
    }
  test_process_start (process);
  g_assert_true (wait_for (writers[0], NULL) && wait_for (writers[1], NULL));
  text = g_strndup (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (target)),
                    g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (target)));
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4001);
  for (guint i = 0; i < 4000; i++)
    g_assert_true (strlen (lines[i]) == strlen (lines[0]) && (strstr (lines[i], "out") || strstr (lines[i], "err")));
  g_object_unref (writers[0]);
  g_object_unref (writers[1]);
}

/* --- Classes of one's own ----------------------------------------------------------------------------------------------------- */

/* Every call is made in this thread, in its order, whether it blocks or not; a write may take a part. */
static void
test_own (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, "close-stream", TRUE, NULL);
  g_autoptr (GError) error = NULL;

  target->answers = "12";
  test_stream_write_read (stream, "abcdef");
  test_stream_close (stream);
  g_assert_true (wait_for (writer, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (target->text->str, ==, "abcdef");
  /* GIO flushes what it closes once more. */
  g_assert_cmpstr (target->order->str, ==, "wwwffc");
  g_assert_cmpuint (procstream_writer_get_bytes_written (writer), ==, 6);
  g_object_unref (target);
}

/* The error of a stream that cannot be written is the class's own. */
static void
test_own_stops (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, NULL);
  g_autoptr (GError) error = NULL;

  target->answers = "x";
  test_stream_write_read (stream, "abc");
  g_assert_false (wait_for (writer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_nonnull (strstr (error->message, "Could not write 3 bytes of “test” to “"));
  g_assert_nonnull (strstr (error->message, "it was told to"));
  g_assert_cmpstr (target->order->str, ==, "w");
  g_assert_cmpuint (procstream_writer_get_bytes_failed (writer), ==, 3);
  g_object_unref (target);
}

/* The line is taken, and what ends it is not: that is an error as any, and what was taken counts as written. */
static void
test_own_stops_at_the_end_of_a_line (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, "write-mode", PROCSTREAM_WRITE_MODE_LINES, NULL);
  g_autoptr (GError) error = NULL;

  target->answers = "4x";
  test_stream_write_read (stream, "line\n");
  g_assert_false (wait_for (writer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_nonnull (strstr (error->message, "Could not write 1 bytes of “test” to “"));
  g_assert_cmpstr (target->text->str, ==, "line");
  g_assert_cmpuint (procstream_writer_get_bytes_written (writer), ==, 4);
  g_assert_cmpuint (procstream_writer_get_bytes_failed (writer), ==, 1);
  g_object_unref (target);
}

/* Taking nothing, without an error, would go on for ever. */
static void
test_own_takes_nothing (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, NULL);
  g_autoptr (GError) error = NULL;

  target->answers = "0";
  test_stream_write_read (stream, "abc");
  g_assert_false (wait_for (writer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_object_unref (target);
}

/* One that goes on after errors: the two lines are two errors, and nothing else of them is tried. */
static void
test_own_continues (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, "write-mode", PROCSTREAM_WRITE_MODE_LINES,
                                                   "error-policy", PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE, NULL);

  target->answers = "xx";
  test_stream_write_read (stream, "a\nb\n");
  test_stream_close (stream);
  g_assert_true (wait_for (writer, NULL));
  g_assert_cmpstr (target->order->str, ==, "wwf");
  g_assert_cmpstr (target->text->str, ==, "");
  g_assert_cmpuint (procstream_writer_get_write_errors (writer), ==, 2);
  g_assert_cmpuint (procstream_writer_get_bytes_failed (writer), ==, 4);
  g_object_unref (target);
}

/* A line of which a part was written ends before the next one, and a marker says what is missing. */
static void
test_own_recovers (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, "write-mode", PROCSTREAM_WRITE_MODE_LINES,
                                                   "error-policy", PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE,
                                                   "mark-losses", TRUE, "prefix", "> ", NULL);

  target->answers = "4xx";
  test_stream_write_read (stream, "first\nsecond\nthird\n");
  test_stream_close (stream);
  g_assert_true (wait_for (writer, NULL));
  /* 4 of 8 bytes, then an error; the fence before the second fails with it; then all is well. */
  g_assert_cmpstr (target->text->str, ==, "> fi\n> [test: 13 bytes not written]\n> third\n");
  g_assert_cmpuint (procstream_writer_get_write_errors (writer), ==, 2);
  g_assert_cmpuint (procstream_writer_get_bytes_failed (writer), ==, 13);
  g_assert_cmpuint (procstream_writer_get_bytes_written (writer), ==, target->text->len);
  g_object_unref (target);
}

/* Something was lost at the very end: the marker comes there. */
static void
test_own_marks_at_end (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream,
                                                   "error-policy", PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE, "mark-losses", TRUE, NULL);

  target->answers = "2x";
  test_stream_write_read (stream, "abcdef");
  test_stream_close (stream);
  g_assert_true (wait_for (writer, NULL));
  g_assert_cmpstr (target->text->str, ==, "ab\n[test: 4 bytes not written]\n");
  g_object_unref (target);
}

/* The marker at the very end is whole, also where it is written a few bytes at a time. */
static void
test_own_marks_in_parts (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream,
                                                   "error-policy", PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE, "mark-losses", TRUE, NULL);

  target->answers = "2x135";
  test_stream_write_read (stream, "abcdef");
  test_stream_close (stream);
  g_assert_true (wait_for (writer, NULL));
  g_assert_cmpstr (target->text->str, ==, "ab\n[test: 4 bytes not written]\n");
  g_assert_cmpstr (target->order->str, ==, "wwwwwwf");
  g_object_unref (target);
}

/* Nothing is called in any other thread, so nothing happens until the context runs; then it does, by itself. */
static void
test_own_in_loop (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (get_own_type (async), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, NULL);
  g_autoptr (GAsyncResult) result = NULL;

  test_stream_write_read (stream, "abc");
  test_stream_close (stream);
  g_assert_cmpstr (target->order->str, ==, "");
  procstream_consumer_wait_async (PROCSTREAM_CONSUMER (writer), NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "the writer", &result);
  g_assert_true (procstream_consumer_wait_finish (PROCSTREAM_CONSUMER (writer), result, NULL));
  g_assert_cmpstr (target->text->str, ==, "abc");
  g_object_unref (target);
}

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (tasks))
    n++;
  return n;
}

/* It never had anything to do, so it is over: no thread is begun for it, and its stream is let go of where it was made. The first of all
 * tests, as no thread waits for work yet. */
static void
test_never_attached (void)
{
  OwnStream        *target = g_object_new (own_stream_get_type (), NULL);
  ProcstreamWriter *writer = procstream_writer_new_for_stream (G_OUTPUT_STREAM (target));
  guint             n = count_threads ();

  procstream_consumer_cancel (PROCSTREAM_CONSUMER (writer));
  g_assert_cmpuint (count_threads (), ==, n);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (writer)), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  g_object_unref (writer);
  g_assert_cmpuint (G_OBJECT (target)->ref_count, ==, 1);
  g_object_unref (target);
}

static void
cancel_cb (gpointer data)
{
  procstream_consumer_cancel (data);
}

/* In the middle of a write, by the very code that writes. */
static void
test_own_cancelled (gconstpointer async)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream              *target = g_object_new (get_own_type (async), NULL);
  ProcstreamWriter       *writer = attach_to (G_OUTPUT_STREAM (target), stream, "close-stream", TRUE, NULL);
  ProcstreamConsumerCore *core = procstream_consumer_core_ref (procstream_consumer_get_core (PROCSTREAM_CONSUMER (writer)));
  g_autoptr (GError) error = NULL;

  target->during = cancel_cb;
  target->data = writer;
  target->answers = "1";
  test_stream_write_read (stream, "abc");
  g_assert_false (wait_for (writer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  while (!g_output_stream_is_closed (G_OUTPUT_STREAM (target)))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (target->order->str, ==, "wfc");
  g_object_unref (writer);
  while (!g_atomic_ref_count_compare (&core->ref_count, 1))
    g_main_context_iteration (NULL, FALSE);
  procstream_consumer_core_unref (core);
  g_assert_cmpuint (G_OBJECT (target)->ref_count, ==, 1);
  g_object_unref (target);
}

/* A writer whose stream runs the main loop in its calls, and what happens in there. */
typedef struct
{
  TestStream       *stream;
  ProcstreamWriter *writer;
  gboolean          cancels;
  guint             depth;
  guint             n;
} Nested;

static void
iterate_cb (gpointer data)
{
  Nested *nested = data;

  g_assert_cmpuint (nested->depth++, ==, 0);
  if (++nested->n == 1)
    {
      test_stream_write_read (nested->stream, "def");
      test_stream_close (nested->stream);
    }
  if (nested->cancels)
    procstream_consumer_cancel (PROCSTREAM_CONSUMER (nested->writer));
  test_iterate ();
  nested->depth--;
}

/* What is written is still there, and comes once and in order, when a write iterates the context that the writer works in. */
static void
test_own_iterates (gconstpointer async)
{
  for (int cancels = FALSE; cancels <= TRUE; cancels++)
    {
      g_autoptr (TestStream) stream = test_stream_new (&reliable);
      OwnStream *target = g_object_new (get_own_type (async), NULL);
      g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, "close-stream", TRUE, NULL);
      Nested nested = { .stream = stream, .writer = writer, .cancels = cancels };

      target->during = iterate_cb;
      target->data = &nested;
      target->answers = "1";
      target->runs = async != NULL;
      test_stream_write_read (stream, "abc");
      g_assert_cmpint (wait_for (writer, NULL), ==, !cancels);
      while (!g_output_stream_is_closed (G_OUTPUT_STREAM (target)))
        g_main_context_iteration (NULL, TRUE);
      g_assert_cmpstr (target->text->str, ==, cancels ? "a" : "abcdef");
      g_assert_cmpstr (target->order->str, ==, cancels ? "wfc" : "wwwffc");
      g_object_unref (target);
    }
}

static GError *wait_error;

static void
wait_cb (gpointer data)
{
  g_clear_error (&wait_error);
  procstream_consumer_wait (data, TEST_WATCHDOG_SECONDS * 1000, NULL, &wait_error);
}

/* The stream's own code waits for what cannot come before it returns. */
static void
test_own_waits (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  OwnStream *target = g_object_new (own_stream_get_type (), NULL);
  g_autoptr (ProcstreamWriter) writer = attach_to (G_OUTPUT_STREAM (target), stream, NULL);

  target->during = wait_cb;
  target->data = writer;
  test_stream_write_read (stream, "abc");
  test_stream_close (stream);
  g_assert_true (wait_for (writer, NULL));
  g_assert_error (wait_error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  g_clear_error (&wait_error);
  g_object_unref (target);
}

static void
add_own (const char *name,
         void (*func) (gconstpointer))
{
  g_autofree char *blocking = g_strdup_printf ("/writer-stream/own/%s", name);
  g_autofree char *async = g_strdup_printf ("/writer-stream/own-async/%s", name);

  g_test_add_data_func (blocking, NULL, func);
  g_test_add_data_func (async, "async", func);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  main_thread = g_thread_self ();
  g_test_add_func ("/writer-stream/never-attached", test_never_attached);
  g_test_add_func ("/writer-stream/memory", test_memory);
  g_test_add_func ("/writer-stream/flush-policies", test_flush_policies);
  g_test_add_func ("/writer-stream/flush-error", test_flush_error);
  g_test_add_func ("/writer-stream/broken-pipe", test_broken_pipe);
  g_test_add_func ("/writer-stream/converted", test_converted);
  g_test_add_func ("/writer-stream/shared", test_shared);
  add_own ("calls", test_own);
  add_own ("stops", test_own_stops);
  add_own ("stops-at-the-end-of-a-line", test_own_stops_at_the_end_of_a_line);
  add_own ("takes-nothing", test_own_takes_nothing);
  add_own ("continues", test_own_continues);
  add_own ("recovers", test_own_recovers);
  add_own ("marks-at-end", test_own_marks_at_end);
  add_own ("marks-in-parts", test_own_marks_in_parts);
  add_own ("in-loop", test_own_in_loop);
  add_own ("iterates", test_own_iterates);
  add_own ("cancelled", test_own_cancelled);
  g_test_add_func ("/writer-stream/own/waits", test_own_waits);
  return g_test_run ();
}
