/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define ADDED (PROCSTREAM_PIPE_ENLARGED_SIZE - 65536)

static void
open_pipe (int fds[2])
{
  g_autoptr (GError) error = NULL;

  procstream_pipe_new (fds, &error);
  g_assert_no_error (error);
}

static void
close_pipe (const int fds[2])
{
  close (fds[0]);
  close (fds[1]);
}

static void
test_new (void)
{
  int  fds[2];
  char byte = 0;

  open_pipe (fds);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (fds[i], >, 2);
      g_assert_true (fcntl (fds[i], F_GETFD) & FD_CLOEXEC);
    }
  g_assert_cmpint (write (fds[1], "x", 1), ==, 1);
  g_assert_cmpint (read (fds[0], &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
  close_pipe (fds);
}

/* A program may run with its standard descriptors closed. */
static void
test_above_standard (void)
{
  int saved = fcntl (0, F_DUPFD_CLOEXEC, 10);
  int fds[2];

  close (0);
  open_pipe (fds);
  g_assert_cmpint (fds[0], >, 2);
  g_assert_cmpint (fds[1], >, 2);
  g_assert_true (fcntl (fds[0], F_GETFD) & FD_CLOEXEC);
  g_assert_cmpint (fcntl (0, F_GETFD), ==, -1);
  close_pipe (fds);
  if (saved >= 0)
    {
      dup2 (saved, 0);
      close (saved);
    }
}

static void
test_exhausted (void)
{
  struct rlimit limit, none;
  g_autoptr (GError) error = NULL;
  int fds[2] = { 5, 5 };

  getrlimit (RLIMIT_NOFILE, &limit);
  none = limit;
  none.rlim_cur = 0;
  setrlimit (RLIMIT_NOFILE, &none);
  g_assert_false (procstream_pipe_new (fds, &error));
  setrlimit (RLIMIT_NOFILE, &limit);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_nonnull (strstr (error->message, "pipe"));
  g_assert_cmpint (fds[0], ==, -1);
  g_assert_cmpint (fds[1], ==, -1);
}

static void
test_enlarge (void)
{
  int   fds[2];
  gsize grant;

  open_pipe (fds);
  grant = procstream_pipe_enlarge (fds[0]);
  g_assert_cmpuint (grant, ==, ADDED);
  g_assert_cmpint (fcntl (fds[0], F_GETPIPE_SZ), ==, PROCSTREAM_PIPE_ENLARGED_SIZE);
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, ADDED);
  /* It is big already. */
  g_assert_cmpuint (procstream_pipe_enlarge (fds[0]), ==, 0);
  g_assert_true (procstream_pipe_give_back (fds[0], grant));
  g_assert_cmpint (fcntl (fds[0], F_GETPIPE_SZ), ==, 65536);
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, 0);

  grant = procstream_pipe_enlarge (fds[0]);
  close_pipe (fds);
  g_assert_true (procstream_pipe_give_back (-1, grant));
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, 0);
}

/* What a pipe holds cannot be shrunk away; as long as it is big its grant is taken. */
static void
test_give_back_full (void)
{
  g_autofree char *data = g_malloc0 (PROCSTREAM_PIPE_ENLARGED_SIZE);
  int              fds[2];
  gsize            grant;

  open_pipe (fds);
  grant = procstream_pipe_enlarge (fds[0]);
  g_assert_cmpint (write (fds[1], data, PROCSTREAM_PIPE_ENLARGED_SIZE), ==, PROCSTREAM_PIPE_ENLARGED_SIZE);
  g_assert_false (procstream_pipe_give_back (fds[0], grant));
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, grant);
  g_assert_cmpint (read (fds[0], data, PROCSTREAM_PIPE_ENLARGED_SIZE), ==, PROCSTREAM_PIPE_ENLARGED_SIZE);
  g_assert_true (procstream_pipe_give_back (fds[0], grant));
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, 0);
  close_pipe (fds);
}

static void
test_budget (void)
{
  guint n = PROCSTREAM_PIPE_BUDGET / ADDED;
  int   fds[32][2];
  gsize grants[32];

  g_assert_cmpuint (n, <, 31);
  for (guint i = 0; i <= n; i++)
    {
      open_pipe (fds[i]);
      grants[i] = procstream_pipe_enlarge (fds[i][0]);
      g_assert_cmpuint (grants[i], ==, i < n ? ADDED : 0);
      g_assert_cmpuint (procstream_pipe_budget_used (), <=, PROCSTREAM_PIPE_BUDGET);
    }
  g_assert_true (procstream_pipe_give_back (fds[0][0], grants[0]));
  grants[0] = 0;
  grants[n] = procstream_pipe_enlarge (fds[n][0]);
  g_assert_cmpuint (grants[n], ==, ADDED);
  for (guint i = 0; i <= n; i++)
    {
      close_pipe (fds[i]);
      g_assert_true (procstream_pipe_give_back (-1, grants[i]));
    }
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, 0);
}

static void
test_not_possible (void)
{
  int fds[2];

  open_pipe (fds);
  procstream_platform_disable (PROCSTREAM_FEATURE_PIPE_SIZE);
  g_assert_cmpuint (procstream_pipe_enlarge (fds[0]), ==, 0);
  procstream_platform_enable (PROCSTREAM_FEATURE_PIPE_SIZE);
  close_pipe (fds);
  /* Not a pipe, not a descriptor. */
  g_assert_cmpuint (procstream_pipe_enlarge (fds[0]), ==, 0);
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, 0);
  g_assert_true (procstream_platform_has (PROCSTREAM_FEATURE_PIPE_SIZE));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pipe/new", test_new);
  g_test_add_func ("/pipe/above-standard", test_above_standard);
  g_test_add_func ("/pipe/exhausted", test_exhausted);
  g_test_add_func ("/pipe/enlarge", test_enlarge);
  g_test_add_func ("/pipe/give-back-full", test_give_back_full);
  g_test_add_func ("/pipe/budget", test_budget);
  g_test_add_func ("/pipe/not-possible", test_not_possible);
  return g_test_run ();
}
