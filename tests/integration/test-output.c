/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-io-thread-private.h"
#include "procstream-platform-private.h"
#include "procstream-poll-set-private.h"

#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Each test runs with both readers. */
static ProcstreamReaderMode
reader_of (gconstpointer data)
{
  return GPOINTER_TO_INT (data);
}

static TestStream *
new_stream (gconstpointer      data,
            ProcstreamDelivery delivery,
            ProcstreamReplay   replay,
            guint64            limit)
{
  return test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = replay, .replay_limit = limit, .reader = reader_of (data) });
}

static void
test_chunks (gconstpointer data)
{
  g_autoptr (TestStream) stream = new_stream (data, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);

  test_stream_listen (stream, "ce");
  test_stream_write (stream, "hello ");
  test_stream_run_until_bytes (stream, 6);
  test_stream_write (stream, "world");
  test_stream_run_to_end (stream);

  g_assert_cmpstr (stream->bytes->str, ==, "hello world");
  g_assert_cmpstr (stream->order->str, ==, "cce");
  g_assert_no_error (stream->error);
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_ENDED);
  g_assert_cmpuint (procstream_output_get_bytes_received (stream->output), ==, 11);
  g_assert_cmpuint (procstream_output_get_bytes_dropped (stream->output), ==, 0);
  g_assert_cmpuint (procstream_output_get_bytes_unobserved (stream->output), ==, 0);
}

/* Nothing is missed by a handler that is connected before the context runs, however long ago the bytes came. */
static void
test_opening (gconstpointer data)
{
  g_autoptr (TestStream) stream = new_stream (data, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);

  if (reader_of (data) == PROCSTREAM_READER_MODE_THREAD)
    test_stream_write_read (stream, "early ");
  else
    test_stream_write (stream, "early ");
  test_stream_listen (stream, "ce");
  test_stream_write (stream, "late");
  test_stream_run_to_end (stream);
  g_assert_cmpstr (stream->bytes->str, ==, "early late");
}

static gboolean
received (gpointer user_data)
{
  TestStream *stream = user_data;

  return procstream_output_get_bytes_received (stream->output) >= 100;
}

/* Nobody connected by the time the context runs: nothing is kept, and the child is not slowed. */
static void
test_no_handlers (gconstpointer data)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .reader = reader_of (data), .max_chunks = 2 });

  test_iterate ();
  for (int i = 0; i < 100; i++)
    test_stream_write (stream, "x");
  test_run_until (NULL, "100 bytes", received, stream);
  g_assert_cmpuint (procstream_output_get_bytes_unobserved (stream->output), ==, 100);
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_OPEN);

  /* One that is connected now gets what comes from now on. */
  test_stream_listen (stream, "ce");
  test_stream_write (stream, "more");
  test_stream_run_to_end (stream);
  g_assert_cmpstr (stream->bytes->str, ==, "more");
}

/* What is held for handlers that never come, and for consumers that do not either, was observed by nobody; unless a consumer has had it, who
 * may be gone by then. */
static void
test_unobserved_opening (void)
{
  const guint64 expected[] = { 5, 2, 0, 0, 2 };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
          .delivery = i == 4 ? PROCSTREAM_DELIVERY_LOSSY : PROCSTREAM_DELIVERY_RELIABLE,
          .replay = i == 3 ? PROCSTREAM_REPLAY_ALL : PROCSTREAM_REPLAY_NONE,
          .max_chunks = 1 + (i < 4) });
      g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
      g_autoptr (GBytes) bytes = NULL;

      if (i == 1 || i == 2)
        g_assert_true (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (reader), NULL));
      test_stream_write_read (stream, "one");
      test_stream_write_read (stream, "22");
      g_assert_cmpuint (procstream_output_get_bytes_unobserved (stream->output), ==, 0);
      if (i == 1)
        {
          bytes = procstream_reader_next (reader, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL);
          g_assert_nonnull (bytes);
          procstream_consumer_cancel (PROCSTREAM_CONSUMER (reader));
        }
      test_iterate ();
      g_assert_cmpuint (procstream_output_get_bytes_unobserved (stream->output), ==, expected[i]);
      g_assert_cmpuint (procstream_output_get_bytes_dropped (stream->output), ==, i == 4 ? 3 : 0);
    }
}

static void
test_lines (gconstpointer data)
{
  g_autoptr (TestStream) stream = new_stream (data, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  g_autofree char *line = NULL;
  g_autofree char *lines = NULL;

  test_stream_listen (stream, "clLe");
  test_stream_write (stream, "one\ntw");
  test_stream_run_until_bytes (stream, 6);
  test_stream_write (stream, "o\r\n\nbad \xff byte\nlast");
  test_stream_run_to_end (stream);
  line = test_join (stream->line);
  lines = test_join (stream->lines);
  g_assert_cmpstr (line, ==, "one|two||bad \357\277\275 byte|last");
  g_assert_cmpstr (lines, ==, line);
  g_assert_cmpstr (stream->order->str, ==, "cLlcLlllLle");
}

/* A lossy subscriber that is not served loses the oldest and is told how much. */
static void
test_gap (gconstpointer data)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_LOSSY, .replay = PROCSTREAM_REPLAY_NONE, .reader = PROCSTREAM_READER_MODE_THREAD, .max_chunks = 2 });
  g_autofree char *lines = NULL;

  test_stream_listen (stream, "clge");
  test_stream_write_read (stream, "a1\n");
  test_stream_write_read (stream, "b22\n");
  test_stream_write_read (stream, "c333\n");
  test_stream_write_read (stream, "d\n");
  test_stream_run_to_end (stream);
  lines = test_join (stream->line);
  g_assert_cmpstr (stream->bytes->str, ==, "c333\nd\n");
  g_assert_cmpstr (stream->order->str, ==, "gclcle");
  g_assert_cmpstr (lines, ==, "c333|d");
  g_assert_cmpuint (stream->n_gaps, ==, 1);
  g_assert_cmpuint (stream->gap_chunks, ==, 2);
  g_assert_cmpuint (stream->gap_bytes, ==, 7);
  g_assert_cmpuint (procstream_output_get_bytes_dropped (stream->output), ==, 7);
}

static gboolean
is_paused (gpointer user_data)
{
  return procstream_output_get_state (user_data) == PROCSTREAM_OUTPUT_STATE_PAUSED;
}

/* A reliable subscriber that is not served stops the reading, and nothing is lost. */
static void
test_pause (gconstpointer data)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .reader = PROCSTREAM_READER_MODE_THREAD, .max_chunks = 2 });
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  test_stream_listen (stream, "cge");
  test_stream_write_read (stream, "a");
  test_stream_write_read (stream, "b");
  while (!is_paused (stream->output))
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  test_stream_write (stream, "c");
  test_stream_write (stream, "d");
  g_assert_cmpuint (procstream_output_get_bytes_received (stream->output), ==, 2);
  test_stream_run_to_end (stream);
  g_assert_cmpstr (stream->bytes->str, ==, "abcd");
  g_assert_cmpuint (stream->n_gaps, ==, 0);
}

/* A handler that is connected late gets what replay kept, with the next chunk or the end. */
static void
test_replay_for_late_handler (gconstpointer data)
{
  g_autoptr (TestStream) stream = new_stream (data, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_ALL, 0);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  test_iterate ();
  test_stream_write (stream, "early ");
  while (procstream_output_get_bytes_received (stream->output) < 6)
    test_iterate ();
  test_stream_listen (stream, "ce");
  test_stream_write (stream, "late");
  test_stream_run_to_end (stream);
  g_assert_cmpstr (stream->bytes->str, ==, "early late");

  /* The end has come; an attached consumer still gets everything. */
  g_assert_true (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), &error));
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 30000, NULL, &error));
  g_assert_no_error (error);
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, "early late");
}

static void
test_seal (gconstpointer data)
{
  g_autoptr (TestStream) stream = new_stream (data, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_ALL, 0);

  test_iterate ();
  test_stream_write (stream, "early ");
  while (procstream_output_get_bytes_received (stream->output) < 6)
    test_iterate ();
  procstream_output_seal_replay (stream->output);
  test_stream_listen (stream, "ce");
  test_stream_write (stream, "late");
  test_stream_run_to_end (stream);
  g_assert_cmpstr (stream->bytes->str, ==, "late");
}

typedef struct
{
  TestStream *stream;
  int         depth;
  int         deepest;
} Nesting;

static void
nest_cb (ProcstreamOutput *output,
         GBytes           *bytes,
         Nesting          *nesting)
{
  if (++nesting->depth > nesting->deepest)
    nesting->deepest = nesting->depth;
  if (nesting->depth < 3)
    test_iterate ();
  nesting->depth--;
}

/* A handler that runs the main loop: every chunk and line once, lines before those of later chunks. */
static void
test_nested_loops (gconstpointer data)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .reader = reader_of (data), .chunk_size = 4 });
  Nesting          nesting = { stream, 0, 0 };
  g_autofree char *lines = NULL;

  g_signal_connect (stream->output, "chunk", G_CALLBACK (nest_cb), &nesting);
  test_stream_listen (stream, "le");
  test_stream_write (stream, "a\nb\nc\nd\ne\nf\ng\nh\n");
  test_stream_run_to_end (stream);
  lines = test_join (stream->line);
  g_assert_cmpstr (lines, ==, "a|b|c|d|e|f|g|h");
  g_assert_cmpint (nesting.deepest, ==, 3);
  g_signal_handlers_disconnect_by_data (stream->output, &nesting);
}

static void
iterate_in_line_cb (ProcstreamOutput *output,
                    const char       *line,
                    TestStream       *stream)
{
  test_iterate ();
}

/* All lines of one batch: the loop that runs in the handler of a line goes on with the one after it. */
static void
test_nested_in_line (gconstpointer data)
{
  g_autoptr (TestStream) stream = new_stream (data, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  g_autofree char *lines = NULL;

  test_stream_listen (stream, "le");
  g_signal_connect (stream->output, "line", G_CALLBACK (iterate_in_line_cb), stream);
  test_stream_write (stream, "a\nb\nc\nd\n");
  test_stream_run_to_end (stream);
  lines = test_join (stream->line);
  g_assert_cmpstr (lines, ==, "a|b|c|d");
  g_signal_handlers_disconnect_by_func (stream->output, G_CALLBACK (iterate_in_line_cb), stream);
}

static void
drop_cb (ProcstreamOutput *output,
         GBytes           *bytes,
         TestStream       *stream)
{
  g_signal_handlers_disconnect_by_data (output, stream);
  g_clear_object (&stream->output);
}

/* The last reference goes in a handler: nothing more is emitted, and the other end sees a closed pipe. */
static void
test_dropped_in_handler (gconstpointer data)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .reader = reader_of (data), .chunk_size = 1 });
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  test_stream_listen (stream, "le");
  g_signal_connect (stream->output, "chunk", G_CALLBACK (drop_cb), stream);
  test_stream_write (stream, "abc\n");
  while (stream->output)
    test_iterate ();
  while (write (stream->write_fd, "x", 1) == 1)
    {
      test_iterate ();
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  g_assert_cmpint (errno, ==, EPIPE);
  g_assert_cmpstr (stream->order->str, ==, "");
}

/* Arguments stay valid when they are kept, whatever happens to the stream. */
static void
test_kept_chunks (gconstpointer data)
{
  g_autoptr (TestStream) stream = new_stream (data, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);
  g_autofree char *block = g_malloc (20001);

  test_stream_listen (stream, "ce");
  for (int i = 0; i < 50; i++)
    {
      memset (block, 'a' + i % 26, 20000);
      block[20000] = '\0';
      test_stream_write (stream, block);
      test_stream_run_until_bytes (stream, (i + 1) * 20000);
    }
  test_stream_run_to_end (stream);
  for (guint i = 0, position = 0; i < stream->chunks->len; i++)
    {
      gsize       size;
      const char *bytes = g_bytes_get_data (g_ptr_array_index (stream->chunks, i), &size);

      for (gsize j = 0; j < size; j++, position++)
        g_assert_cmpint (bytes[j], ==, 'a' + position / 20000 % 26);
    }
}

static void
test_no_leak (gconstpointer data)
{
  guint fds = 0;

  for (int round = 0; round < 20; round++)
    {
      g_autoptr (TestStream) stream = new_stream (data, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0);

      if (round == 1)
        fds = test_count_fds ();
      test_stream_listen (stream, "cle");
      test_stream_write (stream, "x\n");
      if (round % 2)
        test_stream_run_to_end (stream);
      if (round > 1)
        {
          gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

          while (test_count_fds () > fds)
            g_assert_cmpint (g_get_monotonic_time (), <, deadline);
        }
    }
}

static ProcstreamOutput *
open_source (int                  fd,
             ProcstreamReaderMode reader)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GError) error = NULL;
  ProcstreamOutput *output;

  procstream_output_config_set_reader (config, reader);
  output = procstream_output_new_take_fd (fd, "source", config, &error);
  g_assert_no_error (error);
  return output;
}

static void
read_source (ProcstreamOutput *output,
             const char       *expected)
{
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (collector), &error));
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 30000, NULL, &error));
  g_assert_no_error (error);
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, expected);
}

static void
run_source (int                  fd,
            ProcstreamReaderMode reader,
            const char          *expected)
{
  g_autoptr (ProcstreamOutput) output = open_source (fd, reader);

  read_source (output, expected);
}

static void
test_regular_file (gconstpointer data)
{
  g_autofree char *path = NULL;
  int              fd = g_file_open_tmp (NULL, &path, NULL);

  g_assert_cmpint (write (fd, "from a file", 11), ==, 11);
  lseek (fd, 0, SEEK_SET);
  run_source (fd, reader_of (data), "from a file");
  g_unlink (path);
}

static void
test_socket (gconstpointer data)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_cmpint (write (fds[1], "from a socket", 13), ==, 13);
  close (fds[1]);
  run_source (fds[0], reader_of (data), "from a socket");
}

/* The description of a pipe that others share is not made non-blocking. */
static void
test_shared_pipe (gconstpointer data)
{
  int fds[2];
  int shared;

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  shared = dup (fds[0]);
  g_assert_cmpint (write (fds[1], "shared", 6), ==, 6);
  close (fds[1]);
  run_source (fds[0], reader_of (data), "shared");
  g_assert_false (fcntl (shared, F_GETFL) & O_NONBLOCK);
  close (shared);
}

/* A set exists while it has watches. */
static gboolean
nothing_is_watched (gpointer data)
{
  gboolean           by_context = reader_of (data) == PROCSTREAM_READER_MODE_CONTEXT;
  ProcstreamPollSet *set = procstream_poll_set_lookup (by_context ? g_main_context_default () : procstream_io_thread_get_context ());

  if (set)
    procstream_poll_set_unref (set);
  return set == NULL;
}

/* Opened while it cannot be watched, it is read by a worker. */
static void
check_worker (gconstpointer data,
              void (*begin) (void),
              void (*end) (void))
{
  g_autoptr (ProcstreamOutput) output = NULL;
  int fds[2];
  int shared;

  /* What the tests before this one have left. */
  test_run_until (NULL, "all watches to go", nothing_is_watched, (gpointer) data);
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  shared = dup (fds[0]);
  begin ();
  output = open_source (fds[0], reader_of (data));
  end ();
  g_assert_true (nothing_is_watched ((gpointer) data));
  g_assert_cmpint (write (fds[1], "shared", 6), ==, 6);
  close (fds[1]);
  read_source (output, "shared");
  g_assert_false (fcntl (shared, F_GETFL) & O_NONBLOCK);
  close (shared);
}

static void
disable_nowait (void)
{
  procstream_platform_disable (PROCSTREAM_FEATURE_NOWAIT_READ);
}

static void
enable_nowait (void)
{
  procstream_platform_enable (PROCSTREAM_FEATURE_NOWAIT_READ);
}

static void
test_shared_pipe_by_worker (gconstpointer data)
{
  check_worker (data, disable_nowait, enable_nowait);
}

static guint direct_limit;

static void
refuse_watches (void)
{
  direct_limit = procstream_poll_set_direct_limit;
  procstream_poll_set_direct_limit = 0;
  g_atomic_int_set (&procstream_poll_set_adds_left, 0);
}

static void
allow_watches (void)
{
  procstream_poll_set_direct_limit = direct_limit;
  g_atomic_int_set (&procstream_poll_set_adds_left, -1);
}

static void
test_no_watches (gconstpointer data)
{
  if (procstream_platform_has (PROCSTREAM_FEATURE_EPOLL))
    check_worker (data, refuse_watches, allow_watches);
  else
    g_test_skip ("only epoll can refuse");
}

static void
test_stream_of_gio (gconstpointer data)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST);
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data ("from memory", 11, NULL);
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  procstream_output_config_set_reader (config, reader_of (data));
  output = procstream_output_new_from_stream (input, "memory", config, &error);
  g_assert_no_error (error);
  procstream_output_attach (output, PROCSTREAM_CONSUMER (collector), &error);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 30000, NULL, &error));
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, "from memory");
}

/* A stream class of the program's own: every call in the thread of the captured context; fails after what it has. */
typedef struct
{
  GInputStream parent_instance;
  GThread     *thread;
  int          reads;
} FailingStream;
typedef GInputStreamClass FailingStreamClass;

static GType failing_stream_get_type (void);
G_DEFINE_TYPE (FailingStream, failing_stream, G_TYPE_INPUT_STREAM)

static void
failing_read_async (GInputStream       *stream,
                    void               *buffer,
                    gsize               count,
                    int                 priority,
                    GCancellable       *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer            user_data)
{
  FailingStream *self = (FailingStream *) stream;
  GTask         *task = g_task_new (self, cancellable, callback, user_data);

  g_assert_true (g_thread_self () == self->thread);
  g_task_set_check_cancellable (task, FALSE);
  if (self->reads++ == 2)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "the disk is on fire");
    }
  else
    {
      memcpy (buffer, "piece ", 6);
      g_task_return_int (task, 6);
    }
  g_object_unref (task);
}

static gssize
failing_read_finish (GInputStream *stream,
                     GAsyncResult *result,
                     GError      **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
failing_stream_class_init (FailingStreamClass *klass)
{
  klass->read_async = failing_read_async;
  klass->read_finish = failing_read_finish;
}

static void
failing_stream_init (FailingStream *self)
{
  self->thread = g_thread_self ();
}

/* A read error comes after the bytes before it, to handlers and to consumers, which keep what they had. */
static void
test_read_error (gconstpointer data)
{
  g_autoptr (GInputStream) input = g_object_new (failing_stream_get_type (), NULL);
  g_autoptr (TestStream) stream = test_stream_new_from_input (
      &(TestStreamOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .reader = reader_of (data) }, input);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  test_stream_listen (stream, "clge");
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), &error);
  g_assert_no_error (error);
  test_stream_run_to_end (stream);
  g_assert_cmpstr (stream->order->str, ==, "ccle");
  g_assert_cmpstr (stream->bytes->str, ==, "piece piece ");
  g_assert_cmpint (procstream_output_get_state (stream->output), ==, PROCSTREAM_OUTPUT_STATE_FAILED);

  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 30000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "Could not read from “test”: the disk is on fire");
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, "piece piece ");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (collector)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);

  /* What the handler was given and copied has nothing to do with the output. */
  g_signal_handlers_disconnect_by_data (stream->output, stream);
  g_clear_object (&stream->output);
  g_assert_error (stream->error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpstr (stream->error->message, ==, error->message);
}

/* --- Priority ----------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  int         at_first;
  int         when_pending; /* what it is changed to once all has been read */
  const char *ready;        /* the order in which the two became ready */
  const char *emitted;
} PriorityCase;

static const PriorityCase priority_cases[] = {
  { G_PRIORITY_DEFAULT, G_PRIORITY_DEFAULT, "ab", "ab" },
  { G_PRIORITY_DEFAULT, G_PRIORITY_DEFAULT, "ba", "ba" },
  { G_PRIORITY_LOW, G_PRIORITY_LOW, "ab", "ba" },
  { G_PRIORITY_HIGH, G_PRIORITY_HIGH, "ba", "ab" },
  { G_PRIORITY_DEFAULT, G_PRIORITY_LOW, "ab", "ba" },
  { G_PRIORITY_DEFAULT, G_PRIORITY_HIGH, "ba", "ab" },
  { G_PRIORITY_LOW, G_PRIORITY_HIGH, "ba", "ab" },
  { G_PRIORITY_HIGH, G_PRIORITY_LOW, "ab", "ba" },
};

static void
note_bytes_cb (ProcstreamOutput *output,
               GBytes           *bytes,
               GString          *order)
{
  g_string_append_len (order, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static TestStream *
new_ready_stream (GString *order,
                  char     letter,
                  int      priority)
{
  TestStream *stream = new_stream (GINT_TO_POINTER (PROCSTREAM_READER_MODE_THREAD), PROCSTREAM_DELIVERY_RELIABLE,
                                   PROCSTREAM_REPLAY_NONE, 0);

  g_signal_connect (stream->output, "chunk", G_CALLBACK (note_bytes_cb), order);
  procstream_output_set_priority (stream->output, priority);
  test_stream_write_read (stream, (char[]){ letter, '\0' });
  return stream;
}

/* A blocking call of no time hands out what is ready. */
static void
block_for_no_time (void)
{
  g_autoptr (TestStream) silent = new_stream (GINT_TO_POINTER (PROCSTREAM_READER_MODE_THREAD), PROCSTREAM_DELIVERY_RELIABLE,
                                              PROCSTREAM_REPLAY_NONE, 0);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_output_attach (silent->output, PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_null (procstream_reader_next (reader, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
check_priority (const PriorityCase *row,
                void (*run) (void))
{
  g_autoptr (GString) order = g_string_new (NULL);
  TestStream *streams[2];

  for (int i = 0; i < 2; i++)
    streams[i] = new_ready_stream (order, row->ready[i], row->ready[i] == 'a' ? row->at_first : G_PRIORITY_DEFAULT);
  procstream_output_set_priority (streams[row->ready[0] == 'a' ? 0 : 1]->output, row->when_pending);
  g_assert_cmpstr (order->str, ==, "");
  run ();
  g_assert_cmpstr (order->str, ==, row->emitted);
  for (int i = 0; i < 2; i++)
    {
      g_signal_handlers_disconnect_by_data (streams[i]->output, order);
      test_stream_free (streams[i]);
    }
}

/* Of two outputs that have something the more urgent one is emitted first, whatever was ready first. */
static void
test_priority (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (priority_cases); i++)
    {
      check_priority (&priority_cases[i], test_iterate);
      check_priority (&priority_cases[i], block_for_no_time);
    }
}

static void
count_notify_cb (ProcstreamOutput *output,
                 GParamSpec       *pspec,
                 guint            *count)
{
  g_assert_cmpstr (pspec->name, ==, "priority");
  ++*count;
}

static void
test_priority_notify (void)
{
  g_autoptr (TestStream) stream = new_stream (GINT_TO_POINTER (PROCSTREAM_READER_MODE_THREAD), PROCSTREAM_DELIVERY_RELIABLE,
                                              PROCSTREAM_REPLAY_NONE, 0);
  guint count = 0;
  int   priority;

  g_signal_connect (stream->output, "notify", G_CALLBACK (count_notify_cb), &count);
  g_assert_cmpint (procstream_output_get_priority (stream->output), ==, G_PRIORITY_DEFAULT);
  procstream_output_set_priority (stream->output, G_PRIORITY_DEFAULT);
  g_assert_cmpuint (count, ==, 0);
  procstream_output_set_priority (stream->output, G_PRIORITY_LOW);
  g_assert_cmpuint (count, ==, 1);
  procstream_output_set_priority (stream->output, G_PRIORITY_LOW);
  g_object_set (stream->output, "priority", G_PRIORITY_LOW, NULL);
  g_assert_cmpuint (count, ==, 1);
  g_object_set (stream->output, "priority", G_PRIORITY_HIGH, NULL);
  g_assert_cmpuint (count, ==, 2);
  g_object_get (stream->output, "priority", &priority, NULL);
  g_assert_cmpint (priority, ==, G_PRIORITY_HIGH);
  g_signal_handlers_disconnect_by_data (stream->output, &count);
}

static void
swing_priority_cb (ProcstreamOutput *output,
                   const char       *line,
                   gpointer          user_data)
{
  gboolean is_low = procstream_output_get_priority (output) == G_PRIORITY_LOW;

  procstream_output_set_priority (output, is_low ? G_PRIORITY_HIGH : G_PRIORITY_LOW);
  test_iterate ();
}

/* A handler may change it in the middle of a batch, and run the main loop then: nothing is lost, doubled, or out of order. */
static void
test_priority_in_handler (gconstpointer data)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .reader = reader_of (data), .chunk_size = 4 });
  g_autofree char *lines = NULL;

  test_stream_listen (stream, "cle");
  g_signal_connect (stream->output, "line", G_CALLBACK (swing_priority_cb), NULL);
  test_stream_write (stream, "a\nb\nc\nd\ne\nf\ng\nh\n");
  test_stream_run_to_end (stream);
  lines = test_join (stream->line);
  g_assert_cmpstr (lines, ==, "a|b|c|d|e|f|g|h");
  g_assert_cmpstr (stream->bytes->str, ==, "a\nb\nc\nd\ne\nf\ng\nh\n");
}

/* --- Refusals ----------------------------------------------------------------------------------------------------------------- */

static void
test_bad_fd (gconstpointer data)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamOutputConfig) unset = procstream_output_config_new (PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_null (procstream_output_new_take_fd (9999, "nothing", config, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_null (procstream_output_new_take_fd (fds[0], "nothing", unset, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY);
  g_assert_nonnull (strstr (error->message, "delivery"));
  g_assert_cmpint (fcntl (fds[0], F_GETFD), ==, -1);
  g_clear_error (&error);

  g_assert_null (procstream_output_new_take_fd (fds[1], "wrong end", config, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "wrong end"));
  g_assert_nonnull (strstr (error->message, "not open for reading"));
  g_assert_cmpint (fcntl (fds[1], F_GETFD), ==, -1);
}

static void
add (const char   *name,
     GTestDataFunc test)
{
  g_autofree char *thread = g_strdup_printf ("/output/%s/thread", name);
  g_autofree char *context = g_strdup_printf ("/output/%s/context", name);

  g_test_add_data_func (thread, GINT_TO_POINTER (PROCSTREAM_READER_MODE_THREAD), test);
  g_test_add_data_func (context, GINT_TO_POINTER (PROCSTREAM_READER_MODE_CONTEXT), test);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  add ("chunks", test_chunks);
  add ("opening", test_opening);
  add ("no-handlers", test_no_handlers);
  add ("lines", test_lines);
  add ("gap", test_gap);
  add ("pause", test_pause);
  add ("replay-for-late-handler", test_replay_for_late_handler);
  add ("seal", test_seal);
  add ("nested-loops", test_nested_loops);
  add ("nested-in-line", test_nested_in_line);
  add ("dropped-in-handler", test_dropped_in_handler);
  add ("kept-chunks", test_kept_chunks);
  add ("no-leak", test_no_leak);
  add ("regular-file", test_regular_file);
  add ("socket", test_socket);
  add ("shared-pipe", test_shared_pipe);
  add ("shared-pipe-by-worker", test_shared_pipe_by_worker);
  add ("no-watches", test_no_watches);
  add ("stream-of-gio", test_stream_of_gio);
  add ("read-error", test_read_error);
  add ("priority-in-handler", test_priority_in_handler);
  add ("bad-fd", test_bad_fd);
  g_test_add_func ("/output/unobserved-opening", test_unobserved_opening);
  g_test_add_func ("/output/priority", test_priority);
  g_test_add_func ("/output/priority-notify", test_priority_notify);
  return g_test_run ();
}
