/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-config-private.h"
#include "procstream-output-core-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"

#include "test-utils.h"

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

/* --- Pipes that are read ------------------------------------------------------------------------------------------------------ */

/* A full pipe before anybody reads, so the first read is a full one, whoever is faster. */
static ProcstreamOutputCore *
read_full_pipe (int *write_fd)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autofree char         *data = g_malloc0 (65536);
  ProcstreamOutputSettings settings;
  ProcstreamOutputCore    *core;
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_true (procstream_output_config_resolve (NULL, "stdout", PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0, &settings, &error));
  g_assert_no_error (error);
  open_pipe (fds);
  g_assert_cmpint (write (fds[1], data, 65536), ==, 65536);
  core = procstream_output_core_new ("stdout", &settings, context, NULL);
  procstream_output_core_hold (core);
  procstream_output_core_open_pipe (core, fds[0]);
  *write_fd = fds[1];
  return core;
}

static gboolean
is_enlarged (gpointer data)
{
  return procstream_pipe_budget_used () == ADDED;
}

static gboolean
is_given_back (gpointer data)
{
  return procstream_pipe_budget_used () == 0;
}

static void
let_go (ProcstreamOutputCore *core,
        int                   write_fd)
{
  procstream_output_core_release (core);
  procstream_output_core_unref (core);
  close (write_fd);
}

/* A full read shows that it pays; what is closed while it is big gives back what it took. */
static void
test_full_read (void)
{
  int                   write_fd;
  ProcstreamOutputCore *core = read_full_pipe (&write_fd);

  test_run_until (NULL, "the pipe to be enlarged", is_enlarged, NULL);
  g_assert_cmpint (fcntl (write_fd, F_GETPIPE_SZ), ==, PROCSTREAM_PIPE_ENLARGED_SIZE);
  let_go (core, write_fd);
  test_run_until (NULL, "the grant of a closed pipe", is_given_back, NULL);
}

/* One that stays open, but through which nothing comes any more, is shrunk. */
static void
test_idle (void)
{
  int                   write_fd;
  ProcstreamOutputCore *core = read_full_pipe (&write_fd);

  test_run_until (NULL, "the pipe to be enlarged", is_enlarged, NULL);
  test_run_until (NULL, "the grant of an idle pipe", is_given_back, NULL);
  g_assert_cmpint (fcntl (write_fd, F_GETPIPE_SZ), ==, 65536);
  let_go (core, write_fd);
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
  g_test_add_func ("/pipe/full-read", test_full_read);
  g_test_add_func ("/pipe/idle", test_idle);
  return g_test_run ();
}
