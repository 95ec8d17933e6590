/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pty-private.h"

#include "test-process.h"
#include "test-utils.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

/* The two ends of a pseudo-terminal, without a child between them. */
typedef struct
{
  int master;
  int slave;
} Pair;

static void
pair_init (Pair              *self,
           ProcstreamPtyFlags flags)
{
  const ProcstreamPtySettings settings = { .enabled = TRUE, .columns = 90, .rows = 33, .flags = flags };
  g_autoptr (GError) error = NULL;

  procstream_pty_open (&settings, &self->master, &self->slave, &error);
  g_assert_no_error (error);
}

static void
pair_clear (Pair *self)
{
  close (self->master);
  close (self->slave);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static void
put (int         fd,
     const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
}

/* What comes with one read, once there is something. */
static void
assert_comes (int         fd,
              const char *expected)
{
  struct pollfd wait = { .fd = fd, .events = POLLIN };
  char          buffer[64] = "";

  g_assert_cmpint (poll (&wait, 1, TEST_WATCHDOG_SECONDS * 1000), ==, 1);
  g_assert_cmpint (read (fd, buffer, sizeof buffer - 1), >=, 0);
  g_assert_cmpstr (buffer, ==, expected);
}

static gboolean
is_readable (int fd)
{
  struct pollfd look = { .fd = fd, .events = POLLIN };

  return poll (&look, 1, 0) == 1;
}

static void
test_descriptors (void)
{
  g_auto (Pair) pair = { -1, -1 };

  pair_init (&pair, PROCSTREAM_PTY_FLAGS_NONE);
  g_assert_cmpint (pair.master, >, STDERR_FILENO);
  g_assert_cmpint (pair.slave, >, STDERR_FILENO);
  g_assert_cmpint (fcntl (pair.master, F_GETFD), ==, FD_CLOEXEC);
  g_assert_cmpint (fcntl (pair.slave, F_GETFD), ==, FD_CLOEXEC);
  g_assert_true (isatty (pair.slave));
  g_assert_true (procstream_pty_is_master (pair.master));
  g_assert_false (procstream_pty_is_master (pair.slave));
  /* It is nobody's: not even of this program, had it no other. */
  g_assert_cmpint (tcgetsid (pair.slave), ==, -1);
}

static void
test_size (void)
{
  g_auto (Pair) pair = { -1, -1 };
  struct winsize size;

  pair_init (&pair, PROCSTREAM_PTY_FLAGS_NONE);
  g_assert_cmpint (ioctl (pair.slave, TIOCGWINSZ, &size), ==, 0);
  g_assert_cmpint (size.ws_col, ==, 90);
  g_assert_cmpint (size.ws_row, ==, 33);
  g_assert_true (procstream_pty_set_size (pair.master, 10, 20));
  g_assert_cmpint (ioctl (pair.slave, TIOCGWINSZ, &size), ==, 0);
  g_assert_cmpint (size.ws_col, ==, 10);
  g_assert_cmpint (size.ws_row, ==, 20);
  g_assert_false (procstream_pty_set_size (-1, 10, 20));
  g_assert_cmpint (errno, ==, EBADF);
}

/* What goes in comes out, and nothing comes back. */
static void
test_untouched (void)
{
  g_auto (Pair) pair = { -1, -1 };

  pair_init (&pair, PROCSTREAM_PTY_FLAGS_NONE);
  put (pair.slave, "a\nb\r\n\tc");
  assert_comes (pair.master, "a\nb\r\n\tc");
  put (pair.master, "typed");
  g_assert_false (is_readable (pair.slave));
  put (pair.master, "\n");
  assert_comes (pair.slave, "typed\n");
  g_assert_false (is_readable (pair.master));
  /* Ctrl-S is a byte like any other. */
  put (pair.master, "\x13\n");
  assert_comes (pair.slave, "\x13\n");
  put (pair.slave, "goes on");
  assert_comes (pair.master, "goes on");
}

static void
test_flags (void)
{
  g_auto (Pair) pair = { -1, -1 };

  pair_init (&pair, PROCSTREAM_PTY_FLAGS_ECHO | PROCSTREAM_PTY_FLAGS_CRLF);
  put (pair.slave, "a\n");
  assert_comes (pair.master, "a\r\n");
  put (pair.master, "b\n");
  assert_comes (pair.master, "b\r\n");
  assert_comes (pair.slave, "b\n");
}

/* Neither lines nor keys: each byte arrives as it is, at once. */
static void
test_raw_input (void)
{
  g_auto (Pair) pair = { -1, -1 };

  pair_init (&pair, PROCSTREAM_PTY_FLAGS_RAW_INPUT);
  put (pair.master, "x");
  assert_comes (pair.slave, "x");
  put (pair.master, "\x03\x04\x1a\r");
  assert_comes (pair.slave, "\x03\x04\x1a\r");
}

static void
test_end_of_input (void)
{
  g_auto (Pair) pair = { -1, -1 };
  struct termios modes;
  char           bytes[2];

  pair_init (&pair, PROCSTREAM_PTY_FLAGS_NONE);
  g_assert_cmpuint (procstream_pty_end_of_input (pair.master, TRUE, bytes), ==, 1);
  g_assert_cmpint (write (pair.master, bytes, 1), ==, 1);
  assert_comes (pair.slave, "");
  /* In the middle of a line one hands that over, and the other is the end. */
  put (pair.master, "no newline");
  g_assert_cmpuint (procstream_pty_end_of_input (pair.master, FALSE, bytes), ==, 2);
  g_assert_cmpint (write (pair.master, bytes, 2), ==, 2);
  assert_comes (pair.slave, "no newline");
  assert_comes (pair.slave, "");
  /* The child may have chosen another key. */
  g_assert_cmpint (tcgetattr (pair.slave, &modes), ==, 0);
  modes.c_cc[VEOF] = 'q';
  g_assert_cmpint (tcsetattr (pair.slave, TCSANOW, &modes), ==, 0);
  g_assert_cmpuint (procstream_pty_end_of_input (pair.master, TRUE, bytes), ==, 1);
  g_assert_cmpint (bytes[0], ==, 'q');
  g_assert_cmpuint (procstream_pty_end_of_input (-1, TRUE, bytes), ==, 1);
  g_assert_cmpint (bytes[0], ==, 4);
}

/* Of a pair that cannot be made nothing is left. */
static void
test_refused (void)
{
  const ProcstreamPtySettings settings = { .enabled = TRUE, .columns = 80, .rows = 24 };
  guint                       before = test_count_fds ();
  struct rlimit               limit, none;
  int                         master, slave;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  none = (struct rlimit){ 0, limit.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  g_assert_false (procstream_pty_open (&settings, &master, &slave, &error));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_true (g_str_has_prefix (error->message, "Could not open a pseudo-terminal: "));
  g_assert_cmpint (master, ==, -1);
  g_assert_cmpint (slave, ==, -1);
  g_assert_cmpuint (test_count_fds (), ==, before);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/pty-pair/descriptors", test_descriptors);
  g_test_add_func ("/pty-pair/size", test_size);
  g_test_add_func ("/pty-pair/untouched", test_untouched);
  g_test_add_func ("/pty-pair/flags", test_flags);
  g_test_add_func ("/pty-pair/raw-input", test_raw_input);
  g_test_add_func ("/pty-pair/end-of-input", test_end_of_input);
  g_test_add_func ("/pty-pair/refused", test_refused);
  return g_test_run ();
}
