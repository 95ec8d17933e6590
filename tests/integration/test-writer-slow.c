/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-core-private.h"

#include <procstream/procstream.h>

#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Writers to a FIFO: it is as slow as the test is in reading it.
 */
typedef struct
{
  char             *directory;
  char             *path;
  int               fd; /* the reading end */
  TestStream       *stream;
  ProcstreamWriter *writer;
  GString          *text; /* what was read */
} Slow;

#define PIECE 4096

static void
slow_open (Slow *self)
{
  self->fd = g_open (self->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (self->fd, >=, 0);
  /* As small as it can be: one page. */
  fcntl (self->fd, F_SETPIPE_SZ, PIECE);
}

static Slow *
slow_new_for (ProcstreamDelivery delivery,
              ProcstreamBackend  backend)
{
  Slow *self = g_new0 (Slow, 1);

  self->directory = g_dir_make_tmp ("procstream-writer-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "fifo", NULL);
  g_assert_cmpint (mkfifo (self->path, 0600), ==, 0);
  self->stream = test_stream_new (&(TestStreamOptions){
      .delivery = delivery, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = 4, .chunk_size = PIECE, .backend = backend });
  self->writer = procstream_writer_new_for_path (self->path, PROCSTREAM_FILE_MODE_APPEND);
  self->text = g_string_new (NULL);
  slow_open (self);
  return self;
}

static Slow *
slow_new (ProcstreamDelivery delivery)
{
  return slow_new_for (delivery, PROCSTREAM_BACKEND_BROADCAST);
}

static void
slow_close (Slow *self)
{
  if (self->fd >= 0)
    close (g_steal_fd (&self->fd));
}

static void
slow_free (Slow *self)
{
  slow_close (self);
  test_stream_free (self->stream);
  g_clear_object (&self->writer);
  g_string_free (self->text, TRUE);
  g_unlink (self->path);
  g_rmdir (self->directory);
  g_free (self->path);
  g_free (self->directory);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Slow, slow_free)

static void
slow_attach (Slow *self)
{
  g_autoptr (GError) error = NULL;

  procstream_output_attach (self->stream->output, PROCSTREAM_CONSUMER (self->writer), &error);
  g_assert_no_error (error);
  /* What holds the beginning for those who come late is gone. */
  test_iterate ();
}

static gboolean
slow_wait (Slow    *self,
           GError **error)
{
  return procstream_consumer_wait (PROCSTREAM_CONSUMER (self->writer), TEST_WATCHDOG_SECONDS * 1000, NULL, error);
}

/* A chunk: one line of that size, of one character. */
static void
slow_feed (Slow *self,
           char  character)
{
  char piece[PIECE + 1];

  memset (piece, character, PIECE);
  piece[PIECE - 1] = '\n';
  piece[PIECE] = '\0';
  test_stream_write (self->stream, piece);
}

/* Reads once; FALSE at the end, once somebody had written. */
static gboolean
slow_read (Slow *self)
{
  char          buffer[PIECE];
  struct pollfd fds = { self->fd, POLLIN, 0 };
  gssize        n;

  g_assert_cmpint (poll (&fds, 1, TEST_WATCHDOG_SECONDS * 1000), ==, 1);
  n = read (self->fd, buffer, sizeof buffer);
  /* A FIFO that has no writer for a moment is ready too. */
  if (n < 0 && errno == EAGAIN)
    return TRUE;
  g_assert_cmpint (n, >=, 0);
  g_string_append_len (self->text, buffer, n);
  return n > 0;
}

/* The writer has filled the FIFO, and waits. */
static void
slow_await_full (Slow *self)
{
  while (procstream_writer_get_bytes_written (self->writer) < PIECE)
    g_usleep (200);
}

static void
slow_await_received (Slow   *self,
                     guint64 bytes)
{
  while (procstream_output_get_bytes_received (self->stream->output) < bytes)
    g_usleep (200);
}

static gboolean
slow_is_paused (Slow *self)
{
  return procstream_output_get_state (self->stream->output) == PROCSTREAM_OUTPUT_STATE_PAUSED;
}

/* One piece after the other until reading pauses: how many the writer takes at once depends on how many have come by then. */
static guint
slow_feed_until_paused (Slow *self)
{
  guint n = 0;

  while (!slow_is_paused (self))
    {
      slow_feed (self, 'a' + n++ % 26);
      while (!slow_is_paused (self) && procstream_output_get_bytes_received (self->stream->output) < n * PIECE)
        g_usleep (200);
    }
  return n;
}

/* The child waits for the reader, and nothing is lost. */
static void
test_reliable (void)
{
  g_autoptr (Slow) slow = slow_new (PROCSTREAM_DELIVERY_RELIABLE);
  g_autoptr (GError) error = NULL;
  guint n;

  slow_attach (slow);
  n = slow_feed_until_paused (slow);
  test_stream_close (slow->stream);
  slow_await_full (slow);
  while (slow_read (slow))
    ;
  g_assert_true (slow_wait (slow, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (slow->text->len, ==, n * PIECE);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (slow->text->str[i * PIECE], ==, 'a' + i % 26);
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (slow->writer)), ==, 0);
}

/* What is missing is counted, and told where it is missing, to the byte. */
static void
check_lossy (ProcstreamWriteMode mode)
{
  g_autoptr (Slow) slow = slow_new (PROCSTREAM_DELIVERY_LOSSY);
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (slow->writer);
  g_autoptr (GError) error = NULL;
  const char *last = NULL;
  guint64     told = 0;
  gsize       markers = 0;
  guint       n_markers = 0;

  procstream_writer_set_mark_losses (slow->writer, TRUE);
  procstream_writer_set_write_mode (slow->writer, mode);
  slow_attach (slow);
  slow_feed (slow, 'a');
  slow_await_full (slow);
  slow_feed (slow, 'b');
  slow_await_received (slow, 2 * PIECE);
  /* The writer has taken that one, and has nowhere to put it. As a rule there is one gap then; it may see more before it stands. */
  while (procstream_consumer_get_lag_chunks (consumer) > 0)
    g_usleep (200);
  for (char c = 'c'; c <= 'z'; c++)
    {
      slow_feed (slow, c);
      slow_await_received (slow, (c - 'a' + 1) * PIECE);
    }
  test_stream_close (slow->stream);
  while (slow_read (slow))
    ;
  g_assert_true (slow_wait (slow, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (procstream_consumer_get_gaps (consumer), >=, 1);
  g_assert_cmpuint (procstream_consumer_get_chunks_lost (consumer) * PIECE, ==, procstream_consumer_get_bytes_lost (consumer));
  for (const char *marker = slow->text->str; (marker = strstr (marker, "[test: ")); marker++)
    {
      const char *end = strchr (marker, '\n');

      g_assert_cmpint (marker[-1], ==, '\n');
      g_assert_true (g_str_has_prefix (strchr (marker + strlen ("[test: "), ' '), " bytes lost]\n"));
      told += g_ascii_strtoull (marker + strlen ("[test: "), NULL, 10);
      markers += end + 1 - marker;
      n_markers++;
      last = end + 1;
    }
  g_assert_cmpuint (n_markers, ==, procstream_consumer_get_gaps (consumer));
  g_assert_cmpuint (told, ==, procstream_consumer_get_bytes_lost (consumer));
  g_assert_cmpuint (slow->text->len - markers, ==, 26 * PIECE - told);
  /* The last one comes before the last four chunks. */
  g_assert_cmpint (*last, ==, 'w');
  g_assert_cmpuint (strlen (last), ==, 4 * PIECE);
}

static void
test_lossy (void)
{
  check_lossy (PROCSTREAM_WRITE_MODE_BYTES);
  check_lossy (PROCSTREAM_WRITE_MODE_LINES);
}

/* Of one that is dropped, what it had taken and could not write counts as failed, or as a torn line; the rest is the gap. */
static void
check_dropped (ProcstreamWriteMode mode,
               gsize               torn)
{
  g_autoptr (Slow) slow = slow_new (PROCSTREAM_DELIVERY_RELIABLE);
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (slow->writer);
  g_autoptr (GError) error = NULL;
  g_autofree char *piece = g_strnfill (PIECE, 'b');
  gint64           deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  procstream_consumer_set_max_stall_ms (consumer, 1);
  procstream_writer_set_write_mode (slow->writer, mode);
  slow_attach (slow);
  slow_feed (slow, 'a');
  slow_await_full (slow);
  piece[PIECE - 10 - 1] = '\n';
  test_stream_write (slow->stream, piece);
  slow_await_received (slow, 2 * PIECE);
  while (procstream_consumer_get_lag_chunks (consumer) > 0)
    g_usleep (200);
  for (char c = 'c'; c <= 'f'; c++)
    {
      slow_feed (slow, c);
      slow_await_received (slow, (c - 'a' + 1) * PIECE);
    }
  g_assert_false (slow_wait (slow, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);
  /* The write that is under way is interrupted after that. */
  while (procstream_writer_get_bytes_failed (slow->writer) < PIECE - torn || procstream_consumer_get_bytes_lost (consumer) < 4 * PIECE + torn)
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  g_assert_cmpuint (procstream_writer_get_bytes_written (slow->writer), ==, PIECE);
  g_assert_cmpuint (procstream_writer_get_bytes_failed (slow->writer), ==, PIECE - torn);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (consumer), ==, 4 * PIECE + torn);
  g_assert_cmpuint (procstream_writer_get_write_errors (slow->writer), ==, 0);
  test_stream_close (slow->stream);
}

static void
test_dropped (void)
{
  check_dropped (PROCSTREAM_WRITE_MODE_BYTES, 0);
  check_dropped (PROCSTREAM_WRITE_MODE_LINES, 10);
}

/* Other outputs are read while a writer is stuck, and so is this one by others. */
static void
test_nobody_else_waits (void)
{
  g_autoptr (Slow) slow = slow_new (PROCSTREAM_DELIVERY_LOSSY);
  g_autoptr (TestStream) other = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  g_autoptr (ProcstreamCollector) beside = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);

  procstream_output_attach (slow->stream->output, PROCSTREAM_CONSUMER (beside), NULL);
  slow_attach (slow);
  test_iterate ();
  slow_feed (slow, 'a');
  slow_await_full (slow);
  slow_feed (slow, 'b');
  test_stream_write_read (other, "read");
  while (procstream_collector_get_bytes_seen (beside) < 2 * PIECE)
    g_usleep (200);
  g_assert_cmpuint (procstream_writer_get_bytes_written (slow->writer), <=, PIECE);
}

/* Who reads leaves. It is an error, and no signal. */
static void
test_reader_leaves (void)
{
  g_autoptr (Slow) slow = slow_new (PROCSTREAM_DELIVERY_RELIABLE);
  g_autoptr (GError) error = NULL;

  slow_attach (slow);
  slow_feed (slow, 'a');
  slow_await_full (slow);
  slow_feed (slow, 'b');
  slow_close (slow);
  g_assert_false (slow_wait (slow, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_nonnull (strstr (error->message, "4096 bytes of “test”"));
  g_assert_nonnull (strstr (error->message, slow->path));
  g_assert_cmpuint (procstream_writer_get_bytes_failed (slow->writer), ==, PIECE);
}

/* The worker is in the middle of a write that does not end: it leaves, and closes. The place that it had is free at once. */
static void
test_cancel_while_writing (void)
{
  g_autoptr (Slow) slow = slow_new_for (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_BACKEND_SINGLE);
  g_autoptr (ProcstreamCollector) next = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GError) error = NULL;

  slow_attach (slow);
  slow_feed (slow, 'a');
  slow_await_full (slow);
  slow_feed (slow, 'b');
  slow_await_received (slow, 2 * PIECE);
  g_assert_false (procstream_output_attach (slow->stream->output, PROCSTREAM_CONSUMER (next), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (slow->writer));
  g_assert_true (procstream_output_attach (slow->stream->output, PROCSTREAM_CONSUMER (next), &error));
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (next));
  g_assert_false (slow_wait (slow, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  /* Until nobody has it open for writing. */
  while (slow_read (slow))
    ;
  g_assert_cmpuint (slow->text->len, ==, PIECE);
  g_assert_cmpuint (procstream_writer_get_write_errors (slow->writer), ==, 0);
  /* The output is free for others. */
  g_clear_object (&slow->writer);
  slow->writer = procstream_writer_new_for_path (slow->path, PROCSTREAM_FILE_MODE_APPEND);
  slow_attach (slow);
  slow_feed (slow, 'c');
  test_stream_close (slow->stream);
  while (slow->text->len < 2 * PIECE)
    slow_read (slow);
  g_assert_true (slow_wait (slow, &error));
  g_assert_no_error (error);
  g_assert_cmpint (slow->text->str[PIECE], ==, 'c');
}

/* Nobody reads the FIFO: the writer waits for that, and the output for the writer. */
static void
test_late_reader (void)
{
  g_autoptr (Slow) slow = slow_new (PROCSTREAM_DELIVERY_RELIABLE);
  g_autoptr (GError) error = NULL;

  slow_close (slow);
  slow_attach (slow);
  slow_feed (slow, 'a');
  test_stream_close (slow->stream);
  slow_await_received (slow, PIECE);
  g_assert_cmpuint (procstream_writer_get_bytes_written (slow->writer), ==, 0);
  slow_open (slow);
  while (slow->text->len < PIECE)
    slow_read (slow);
  g_assert_true (slow_wait (slow, &error));
  g_assert_no_error (error);
}

/* The worker that waits for a reader that never comes lets go of it, too. */
static void
test_cancel_while_opening (void)
{
  g_autoptr (Slow) slow = slow_new (PROCSTREAM_DELIVERY_RELIABLE);
  ProcstreamConsumerCore *core = procstream_consumer_core_ref (procstream_consumer_get_core (PROCSTREAM_CONSUMER (slow->writer)));

  slow_close (slow);
  slow_attach (slow);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (slow->writer));
  g_assert_false (slow_wait (slow, NULL));
  g_clear_object (&slow->writer);
  while (!g_atomic_ref_count_compare (&core->ref_count, 1))
    g_usleep (200);
  procstream_consumer_core_unref (core);
}

/* A wait that times out leaves the writer alone. */
static void
test_wait_times_out (void)
{
  g_autoptr (Slow) slow = slow_new (PROCSTREAM_DELIVERY_RELIABLE);
  g_autoptr (GError) error = NULL;

  slow_attach (slow);
  slow_feed (slow, 'a');
  slow_await_full (slow);
  slow_feed (slow, 'b');
  test_stream_close (slow->stream);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (slow->writer), 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  while (slow_read (slow))
    ;
  g_assert_true (slow_wait (slow, &error));
  g_assert_cmpuint (slow->text->len, ==, 2 * PIECE);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/writer-slow/reliable", test_reliable);
  g_test_add_func ("/writer-slow/lossy", test_lossy);
  g_test_add_func ("/writer-slow/dropped", test_dropped);
  g_test_add_func ("/writer-slow/nobody-else-waits", test_nobody_else_waits);
  g_test_add_func ("/writer-slow/reader-leaves", test_reader_leaves);
  g_test_add_func ("/writer-slow/cancel-while-writing", test_cancel_while_writing);
  g_test_add_func ("/writer-slow/late-reader", test_late_reader);
  g_test_add_func ("/writer-slow/cancel-while-opening", test_cancel_while_opening);
  g_test_add_func ("/writer-slow/wait-times-out", test_wait_times_out);
  return g_test_run ();
}
