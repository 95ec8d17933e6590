/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-feeder-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"

#include "test-core.h"
#include "test-utils.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* An output that this thread feeds or reads, an input whose other end the test holds, and what moves from one to the other. */
typedef struct
{
  ProcstreamOutputCore *from;
  ProcstreamInputCore  *to;
  int                   read_fd; /* of the pipe that is written to; -1: closed, or not open yet */
} Fixture;

static void
set_up (Fixture *f)
{
  f->from = test_core_new (0);
  f->to = procstream_input_core_new ("reader");
  f->read_fd = -1;
  procstream_input_core_set_fed (f->to);
}

static void
fail_input (Fixture *f)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "it is gone");

  procstream_input_core_fail (f->to, error);
}

static void
tear_down (Fixture *f)
{
  fail_input (f);
  if (f->read_fd >= 0)
    close (f->read_fd);
  procstream_input_core_unref (f->to);
  test_core_free (f->from);
}

static void
open_input (Fixture *f)
{
  int fds[2];

  g_assert_true (procstream_pipe_new (fds, NULL));
  f->read_fd = fds[0];
  procstream_input_core_open (f->to, fds[1]);
}

static gboolean
set_cb (gpointer data)
{
  g_atomic_int_set ((int *) data, TRUE);
  return G_SOURCE_REMOVE;
}

/* What was ready in the I/O thread has been dispatched; and what that sent to this thread. */
static void
settle (void)
{
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GSource) source = g_idle_source_new ();
      int done = FALSE;

      g_source_set_callback (source, set_cb, &done, NULL);
      g_source_attach (source, procstream_io_thread_get_context ());
      while (!g_atomic_int_get (&done))
        g_usleep (200);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
}

static void
assert_read (Fixture    *f,
             const char *expected)
{
  char  buffer[100];
  gsize got = 0;

  while (got < strlen (expected))
    {
      gssize n = read (f->read_fd, buffer + got, sizeof buffer - got);

      g_assert_cmpint (n, >, 0);
      got += n;
    }
  g_assert_cmpmem (buffer, got, expected, strlen (expected));
}

static void
assert_end (Fixture *f)
{
  char byte;

  g_assert_cmpint (read (f->read_fd, &byte, 1), ==, 0);
}

static void
test_moves (void)
{
  Fixture f;

  set_up (&f);
  procstream_feed (f.from, f.to, TRUE);
  test_core_feed (f.from, "before, ");
  open_input (&f);
  test_core_feed (f.from, "after");
  assert_read (&f, "before, after");
  procstream_output_core_feed_end (f.from, NULL);
  assert_end (&f);
  g_assert_null (procstream_input_core_dup_feed_error (f.to));
  tear_down (&f);
}

static void
test_error (void)
{
  g_autoptr (GError) error = NULL;
  Fixture f;

  set_up (&f);
  open_input (&f);
  procstream_feed (f.from, f.to, FALSE);
  test_core_feed (f.from, "so far");
  procstream_output_core_feed_end (f.from, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "dry"));
  assert_read (&f, "so far");
  assert_end (&f);
  error = procstream_input_core_dup_feed_error (f.to);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  tear_down (&f);
}

/* The one that reads is gone: whoever feeds it is told, or left alone. */
static void
test_reader_gone (void)
{
  for (int ends_from = 0; ends_from < 2; ends_from++)
    {
      Fixture f;

      set_up (&f);
      procstream_feed (f.from, f.to, ends_from);
      open_input (&f);
      test_core_feed (f.from, "x");
      assert_read (&f, "x");
      fail_input (&f);
      settle ();
      g_assert_cmpint (procstream_output_core_is_ended (f.from), ==, ends_from);
      tear_down (&f);
    }
}

/* The one that reads is gone before the one that writes was even started, and so before its output is open: that ends, and its writer is
 * told, when it is. */
static void
test_reader_gone_early (void)
{
  const ProcstreamOutputSettings settings = {
    .backend = PROCSTREAM_BACKEND_BROADCAST,
    .reader = PROCSTREAM_READER_MODE_CONTEXT,
    .delivery = PROCSTREAM_DELIVERY_RELIABLE,
    .log = { PROCSTREAM_REPLAY_NONE, 0, 100, 100000 },
    .read_chunk_size = 100,
    .lines = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT },
  };
  ProcstreamOutputCore *from = procstream_output_core_new ("writer", &settings, g_main_context_default (), NULL);
  ProcstreamInputCore  *to = procstream_input_core_new ("reader");
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "it is gone");
  int fds[2];

  procstream_output_core_hold (from);
  procstream_input_core_set_fed (to);
  procstream_feed (from, to, TRUE);
  procstream_input_core_fail (to, error);
  settle ();
  g_assert_false (procstream_output_core_is_ended (from));
  g_assert_true (procstream_pipe_new (fds, NULL));
  procstream_output_core_open_pipe (from, fds[0]);
  settle ();
  g_assert_true (procstream_output_core_is_ended (from));
  signal (SIGPIPE, SIG_IGN);
  g_assert_cmpint (write (fds[1], "x", 1), ==, -1);
  g_assert_cmpint (errno, ==, EPIPE);
  signal (SIGPIPE, SIG_DFL);
  close (fds[1]);
  procstream_output_core_release (from);
  procstream_output_core_unref (from);
  procstream_input_core_unref (to);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/feeder/moves", test_moves);
  g_test_add_func ("/feeder/error", test_error);
  g_test_add_func ("/feeder/reader-gone", test_reader_gone);
  g_test_add_func ("/feeder/reader-gone-early", test_reader_gone_early);
  return g_test_run ();
}
