/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-private.h"
#include "procstream-exact-private.h"
#include "procstream-line-waiter-private.h"

#include <procstream/procstream.h>

#include "test-start.h"
#include "test-utils.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* This process plays the child: it writes to the sockets, and both outputs are read in this thread. */
typedef struct
{
  ProcstreamOutputCore *cores[2];
  int                   fds[2]; /* the child's; -1: closed */
  ProcstreamReader     *readers[2];
} Fixture;

static void
set_up_window (Fixture *f,
               guint    max_chunks)
{
  const ProcstreamOutputSettings settings = {
    .backend = PROCSTREAM_BACKEND_BROADCAST,
    .reader = PROCSTREAM_READER_MODE_CONTEXT,
    .delivery = PROCSTREAM_DELIVERY_RELIABLE,
    .log = { PROCSTREAM_REPLAY_NONE, 0, max_chunks, 10000000 },
    .read_chunk_size = 100,
    .lines = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT },
  };
  g_autoptr (GError) error = NULL;
  ProcstreamExact exact;

  g_assert_true (procstream_exact_new (&exact, f->fds, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      f->cores[i] = procstream_output_core_new (i == 0 ? "stdout" : "stderr", &settings, g_main_context_default (), NULL);
      f->readers[i] = procstream_reader_new ();
      g_assert_true (procstream_consumer_attach (PROCSTREAM_CONSUMER (f->readers[i]), f->cores[i], PROCSTREAM_DELIVERY_RELIABLE, NULL));
    }
  procstream_exact_open (&exact, f->cores);
}

static void
set_up (Fixture *f)
{
  set_up_window (f, 10000);
}

static void
close_fd (Fixture *f,
          guint    i)
{
  if (f->fds[i] >= 0)
    close (g_steal_fd (&f->fds[i]));
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
tear_down (Fixture *f)
{
  for (guint i = 0; i < 2; i++)
    {
      close_fd (f, i);
      g_object_unref (f->readers[i]);
      procstream_output_core_unref (f->cores[i]);
    }
  iterate ();
}

static void
write_text (Fixture    *f,
            guint       i,
            const char *text)
{
  g_assert_cmpint (write (f->fds[i], text, strlen (text)), ==, strlen (text));
}

static ProcstreamChunkInfo *
next (Fixture *f,
      guint    i)
{
  g_autoptr (GError) error = NULL;
  ProcstreamChunkInfo *info = procstream_reader_next_info (f->readers[i], TEST_WATCHDOG_SECONDS * 1000, NULL, &error);

  g_assert_no_error (error);
  return info;
}

static void
expect (Fixture    *f,
        guint       i,
        const char *text)
{
  g_autoptr (ProcstreamChunkInfo) info = next (f, i);
  GBytes *bytes = procstream_chunk_info_get_bytes (info);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
}

static void
expect_end (Fixture *f,
            guint    i)
{
  g_assert_null (next (f, i));
}

static void
expect_error (Fixture     *f,
              guint        i,
              GIOErrorEnum code,
              const char  *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_reader_next (f->readers[i], TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, part));
}

/* --- Order -------------------------------------------------------------------------------------------------------------------- */

/* Each write is one chunk, and the times of all are in the order of the writes. */
static void
test_order (void)
{
  Fixture f;
  gint64  last = 0;

  set_up (&f);
  for (guint round = 0; round < 100; round++)
    {
      guint numbers[2] = { 0, 0 };

      /* As many as the kernel keeps, in an order that depends on the round. */
      for (guint n = 0; n < 8; n++)
        write_text (&f, (round >> n) & 1, "x");
      for (guint n = 0; n < 8; n++)
        {
          g_autoptr (ProcstreamChunkInfo) info = next (&f, (round >> n) & 1);

          g_assert_cmpuint (g_bytes_get_size (procstream_chunk_info_get_bytes (info)), ==, 1);
          g_assert_cmpint (procstream_chunk_info_get_time_us (info), >, last);
          last = procstream_chunk_info_get_time_us (info);
          numbers[(round >> n) & 1]++;
        }
      g_assert_cmpuint (numbers[0] + numbers[1], ==, 8);
    }
  tear_down (&f);
}

/* A write of nothing is neither a chunk nor an end. */
static void
test_empty (void)
{
  Fixture f;

  set_up (&f);
  g_assert_cmpint (send (f.fds[0], "", 0, 0), ==, 0);
  write_text (&f, 0, "text");
  expect (&f, 0, "text");
  tear_down (&f);
}

static void
assert_pending (Fixture *f,
                guint64  out,
                guint64  err)
{
  g_assert_cmpuint (procstream_output_core_get_pending_offset (f->cores[0]), ==, out);
  g_assert_cmpuint (procstream_output_core_get_pending_offset (f->cores[1]), ==, err);
}

/* What was written is known before it is read, for each of the two; looking changes nothing. */
static void
test_pending (void)
{
  Fixture f;

  set_up (&f);
  assert_pending (&f, 0, 0);
  write_text (&f, 0, "one");
  g_assert_cmpint (send (f.fds[1], "", 0, 0), ==, 0);
  write_text (&f, 1, "other");
  g_assert_cmpint (send (f.fds[0], "", 0, 0), ==, 0);
  write_text (&f, 0, "two");
  for (guint i = 0; i < 3; i++)
    assert_pending (&f, 6, 5);
  expect (&f, 0, "one");
  iterate ();
  assert_pending (&f, 6, 5);
  expect (&f, 1, "other");
  expect (&f, 0, "two");
  write_text (&f, 1, "!");
  assert_pending (&f, 6, 6);
  tear_down (&f);
}

static void
over_cb (gpointer data)
{
  (*(guint *) data)++;
}

static void
free_cb (gpointer data)
{
}

/* A line that was in the queue when the process was gone is found, though others still have its outputs; what they write is not. */
static void
test_exited (void)
{
  const char *const texts[] = { "ready", "late" };

  for (guint i = 0; i < 2; i++)
    {
      Fixture f;
      guint   n_over = 0;
      g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
      g_autoptr (ProcstreamMatch) match = NULL;
      g_autoptr (GError) error = NULL;

      set_up (&f);
      g_assert_true (procstream_line_waiter_add_pattern (waiter, texts[i], PROCSTREAM_MATCH_NONE, NULL));
      g_assert_true (procstream_line_waiter_attach_both (waiter, f.cores, "prog", over_cb, &n_over, free_cb, NULL));
      write_text (&f, 1, "first\n");
      write_text (&f, 0, "ready\n");
      procstream_line_seeker_exited (procstream_line_waiter_get_search (waiter), "It is gone");
      if (i == 1)
        {
          iterate ();
          write_text (&f, 0, "late\n");
        }
      match = procstream_line_waiter_wait_match (waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
      if (i == 0)
        g_assert_no_error (error);
      else
        g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
      g_assert_cmpuint (n_over, ==, 1);
      tear_down (&f);
    }
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

/* Each output ends when the last one that has its socket closes it, after all that was written. */
static void
test_ends (void)
{
  Fixture f;
  int     grandchild;

  set_up (&f);
  grandchild = fcntl (f.fds[0], F_DUPFD_CLOEXEC, 3);
  write_text (&f, 0, "out");
  write_text (&f, 1, "err");
  close_fd (&f, 1);
  expect (&f, 1, "err");
  expect_end (&f, 1);
  close_fd (&f, 0);
  iterate ();
  g_assert_cmpint (write (grandchild, "late", 4), ==, 4);
  close (grandchild);
  expect (&f, 0, "out");
  expect (&f, 0, "late");
  expect_end (&f, 0);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (procstream_output_core_get_state (f.cores[i]), ==, PROCSTREAM_OUTPUT_STATE_ENDED);
  tear_down (&f);
}

/* Who reads from its own output takes away what tells of its end: that is an error, and no end. The other one is none the worse. */
static void
test_reads_own (void)
{
  Fixture f;
  char    byte;

  set_up (&f);
  write_text (&f, 0, "before");
  g_assert_cmpint (recv (f.fds[0], &byte, 1, MSG_DONTWAIT), ==, 0);
  expect (&f, 0, "before");
  expect_error (&f, 0, G_IO_ERROR_NOT_SUPPORTED, "reads from its own output");
  write_text (&f, 0, "nobody reads this");
  write_text (&f, 1, "other");
  expect (&f, 1, "other");
  close_fd (&f, 1);
  expect_end (&f, 1);
  tear_down (&f);
}

/* --- Limits ------------------------------------------------------------------------------------------------------------------- */

static gboolean
write_size (int   fd,
            gsize size)
{
  g_autofree char *data = g_malloc0 (size);

  return write (fd, data, size) == (gssize) size;
}

static void
test_large (void)
{
  Fixture         f;
  ProcstreamExact exact;
  int             theirs[2];
  gsize           largest;

  g_assert_true (procstream_exact_new (&exact, theirs, NULL));
  largest = exact.largest;
  procstream_exact_close (&exact);
  close (theirs[0]);
  close (theirs[1]);
  /* What Linux gives without being asked. */
  g_assert_cmpuint (largest, >=, 212992);

  set_up (&f);
  /* The kernel keeps some of it for itself. */
  g_assert_true (write_size (f.fds[0], largest - 4096));
  {
    g_autoptr (ProcstreamChunkInfo) info = next (&f, 0);

    g_assert_cmpuint (g_bytes_get_size (procstream_chunk_info_get_bytes (info)), ==, largest - 4096);
  }
  g_assert_false (write_size (f.fds[0], largest + 1));
  g_assert_cmpint (errno, ==, EMSGSIZE);
  write_text (&f, 0, "goes on");
  expect (&f, 0, "goes on");
  tear_down (&f);
}

/* A child that allows itself more: what does not fit is not lost in silence. */
static void
test_cut (void)
{
  Fixture   f;
  int       more = 8 * PROCSTREAM_EXACT_WANTED_WRITE;
  int       given = 0;
  socklen_t size = sizeof given;

  set_up (&f);
  if (setsockopt (f.fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &more, sizeof more) < 0)
    setsockopt (f.fds[0], SOL_SOCKET, SO_SNDBUF, &more, sizeof more);
  getsockopt (f.fds[0], SOL_SOCKET, SO_SNDBUF, &given, &size);
  if (given <= 4 * PROCSTREAM_EXACT_WANTED_WRITE)
    {
      g_test_skip ("the system allows no more");
      tear_down (&f);
      return;
    }
  g_assert_true (write_size (f.fds[0], 3 * PROCSTREAM_EXACT_WANTED_WRITE));
  {
    g_autoptr (ProcstreamChunkInfo) info = next (&f, 0);

    g_assert_cmpuint (g_bytes_get_size (procstream_chunk_info_get_bytes (info)), <, 3 * PROCSTREAM_EXACT_WANTED_WRITE);
  }
  expect_error (&f, 0, G_IO_ERROR_PARTIAL_INPUT, "was cut");
  write_text (&f, 1, "other");
  expect (&f, 1, "other");
  tear_down (&f);
}

/* --- Backpressure and closing ------------------------------------------------------------------------------------------------- */

static void
assert_states (Fixture              *f,
               ProcstreamOutputState out,
               ProcstreamOutputState err)
{
  g_assert_cmpint (procstream_output_core_get_state (f->cores[0]), ==, out);
  g_assert_cmpint (procstream_output_core_get_state (f->cores[1]), ==, err);
}

/* While one of them waits the other one does too, or the order would be lost; and its end. */
static void
test_backpressure (void)
{
  Fixture f;

  set_up_window (&f, 1);
  write_text (&f, 0, "full");
  iterate ();
  assert_states (&f, PROCSTREAM_OUTPUT_STATE_PAUSED, PROCSTREAM_OUTPUT_STATE_OPEN);
  write_text (&f, 1, "waits");
  close_fd (&f, 1);
  close_fd (&f, 0);
  iterate ();
  g_assert_null (procstream_reader_next (f.readers[1], 0, NULL, NULL));
  assert_states (&f, PROCSTREAM_OUTPUT_STATE_PAUSED, PROCSTREAM_OUTPUT_STATE_OPEN);
  expect (&f, 0, "full");
  expect (&f, 1, "waits");
  expect_end (&f, 0);
  expect_end (&f, 1);
  tear_down (&f);
}

/* Nobody is left for one: what comes for it is thrown away, and neither stops the other nor the child. */
static void
test_closed (void)
{
  Fixture f;

  set_up (&f);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (f.readers[0]));
  assert_states (&f, PROCSTREAM_OUTPUT_STATE_CLOSED, PROCSTREAM_OUTPUT_STATE_OPEN);
  for (guint i = 0; i < 100; i++)
    {
      write_text (&f, 0, "nobody");
      iterate ();
    }
  write_text (&f, 1, "somebody");
  expect (&f, 1, "somebody");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (f.readers[1]));
  assert_states (&f, PROCSTREAM_OUTPUT_STATE_CLOSED, PROCSTREAM_OUTPUT_STATE_CLOSED);
  g_assert_cmpint (write (f.fds[0], "x", 1), ==, -1);
  g_assert_cmpint (errno, ==, ECONNREFUSED);
  tear_down (&f);
}

/* --- Nobody else -------------------------------------------------------------------------------------------------------------- */

static int
connect_to (const struct sockaddr *address,
            socklen_t              size)
{
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int result = connect (fd, address, size);
  int errsv = errno;

  close (fd);
  errno = errsv;
  return result;
}

/* The receiver cannot be found any more, by a name that is known, and nothing is left of the names. */
static void
test_stranger (void)
{
  Fixture            f;
  struct sockaddr_un address;
  socklen_t          size = sizeof address;
  g_autofree char   *directory = NULL;

  set_up (&f);
  g_assert_cmpint (getpeername (f.fds[0], (struct sockaddr *) &address, &size), ==, 0);
  g_assert_cmpint (address.sun_path[0], ==, '/');
  g_assert_cmpint (connect_to ((struct sockaddr *) &address, size), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
  directory = g_path_get_dirname (address.sun_path);
  g_assert_false (g_file_test (directory, G_FILE_TEST_EXISTS));
  tear_down (&f);
}

static struct sockaddr_un
make_address (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  return address;
}

static void
test_sender (void)
{
  const char *const  names[] = { "/tmp/procstream-abcdef/0", "/tmp/procstream-abcdef/1", "/tmp/procstream-abcdef/2", "/tmp/00", "0", "" };
  const int          senders[] = { 0, 1, -1, -1, -1, -1 };
  struct sockaddr_un address;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      address = make_address (names[i]);
      g_assert_cmpint (procstream_exact_get_sender (&address, sizeof address), ==, senders[i]);
      /* The kernel does not always end a name with NUL. */
      g_assert_cmpint (procstream_exact_get_sender (&address, offsetof (struct sockaddr_un, sun_path) + strlen (names[i])), ==, senders[i]);
    }
  g_assert_cmpint (procstream_exact_get_sender (&address, sizeof (sa_family_t)), ==, -1);
  g_assert_cmpint (procstream_exact_get_sender (&address, 0), ==, -1);
}

/* --- Making ------------------------------------------------------------------------------------------------------------------- */

/* Whatever cannot be made, nothing is left of the rest: here one descriptor after the other is the one too many. */
static void
test_no_descriptors (void)
{
  const guint   before = test_count_settled_fds ();
  struct rlimit limit, less;
  gboolean      made = FALSE;
  int           first = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  close (first);
  if (test_on_valgrind ())
    {
      g_test_skip ("the limit is not the kernel's");
      return;
    }
  getrlimit (RLIMIT_NOFILE, &limit);
  less = limit;
  for (guint n = 0; !made && n < 20; n++)
    {
      g_autoptr (GError) error = NULL;
      ProcstreamExact exact;
      int             theirs[2];

      less.rlim_cur = first + n;
      setrlimit (RLIMIT_NOFILE, &less);
      made = procstream_exact_new (&exact, theirs, &error);
      setrlimit (RLIMIT_NOFILE, &limit);
      if (made)
        {
          procstream_exact_close (&exact);
          close (theirs[0]);
          close (theirs[1]);
        }
      else
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
          g_assert_cmpint (theirs[0], ==, -1);
          g_assert_cmpint (theirs[1], ==, -1);
        }
    }
  g_assert_true (made);
  g_assert_cmpuint (test_count_settled_fds (), ==, before);
}

/* In a process of its own, since the directory for temporary files is found once. */
static void
test_long_directory (void)
{
  char            *parent;
  g_autofree char *name = g_strnfill (200, 'x');
  g_autofree char *directory = NULL;

  if (g_test_subprocess ())
    {
      Fixture f;

      g_assert_cmpuint (strlen (g_get_tmp_dir ()), >, 200);
      set_up (&f);
      write_text (&f, 0, "text");
      expect (&f, 0, "text");
      tear_down (&f);
      return;
    }
  parent = test_make_directory ();
  directory = g_build_filename (parent, name, NULL);
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_setenv ("TMPDIR", directory, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_unsetenv ("TMPDIR");
  g_test_trap_assert_passed ();
  g_rmdir (directory);
  test_remove_directory (parent);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/exact/order", test_order);
  g_test_add_func ("/exact/empty", test_empty);
  g_test_add_func ("/exact/pending", test_pending);
  g_test_add_func ("/exact/exited", test_exited);
  g_test_add_func ("/exact/ends", test_ends);
  g_test_add_func ("/exact/reads-own", test_reads_own);
  g_test_add_func ("/exact/large", test_large);
  g_test_add_func ("/exact/cut", test_cut);
  g_test_add_func ("/exact/backpressure", test_backpressure);
  g_test_add_func ("/exact/closed", test_closed);
  g_test_add_func ("/exact/stranger", test_stranger);
  g_test_add_func ("/exact/sender", test_sender);
  g_test_add_func ("/exact/no-descriptors", test_no_descriptors);
  g_test_add_func ("/exact/long-directory", test_long_directory);
  return g_test_run ();
}
