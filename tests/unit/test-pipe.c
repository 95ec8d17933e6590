/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-config-private.h"
#include "procstream-output-core-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"

#include "test-utils.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
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

static void
fill (int write_fd,
      int size)
{
  g_autofree char *data = g_malloc0 (size);

  g_assert_cmpint (write (write_fd, data, size), ==, size);
}

static ProcstreamOutputCore *
read_pipe (int fd)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamOutputSettings settings;
  ProcstreamOutputCore    *core;
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_output_config_resolve (NULL, "stdout", PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0, &settings, &error));
  g_assert_no_error (error);
  core = procstream_output_core_new ("stdout", &settings, context, NULL);
  procstream_output_core_hold (core);
  procstream_output_core_open_pipe (core, fd);
  return core;
}

/* A full pipe before anybody reads, so the first read is a full one, whoever is faster. */
static ProcstreamOutputCore *
read_full_pipe (int *write_fd)
{
  int fds[2];

  open_pipe (fds);
  fill (fds[1], 65536);
  *write_fd = fds[1];
  return read_pipe (fds[0]);
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

/* --- The user's quota ----------------------------------------------------------------------------------------------------------- */

#define QUOTA_FILE "/proc/sys/fs/pipe-user-pages-soft"
#define FILLER_SIZE (1024 * 1024)
#define MAX_FILLERS 400

/* One that nobody else has, so that its quota is all ours; running as root alone is under no quota. */
static gboolean
become_new_user (void)
{
  uid_t uid = 1000000000 + getpid ();

  /* The sanitizers look into the process. */
  return setresuid (uid, uid, uid) == 0 && prctl (PR_SET_DUMPABLE, 1) == 0;
}

/* NULL, or why it cannot be tried. */
static const char *
why_no_quota (void)
{
  g_autofree char *pages = NULL;
  guint64          quota;
  int              pid, status;

  if (geteuid () != 0)
    return "only root can become a user that has no pipes yet";
  if (!g_file_get_contents (QUOTA_FILE, &pages, NULL, NULL))
    return QUOTA_FILE " cannot be read";
  quota = g_ascii_strtoull (pages, NULL, 10) * sysconf (_SC_PAGESIZE);
  if (quota == 0 || quota > (guint64) MAX_FILLERS * FILLER_SIZE)
    return QUOTA_FILE " has no limit, or one that is too high to be reached";
  pid = fork ();
  if (pid == 0)
    _exit (become_new_user () ? 0 : 1);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status == 0 ? NULL : "there are no other users here";
}

static void
run_with_quota (const char *path)
{
  const char *why = why_no_quota ();

  if (why)
    {
      g_test_skip (why);
      return;
    }
  g_test_trap_subprocess (path, 0, 0);
  g_test_trap_assert_passed ();
}

/* Pipes that take all pages that the user may have. */
typedef struct
{
  int   fds[MAX_FILLERS + 16][2];
  guint n;
} Fillers;

static void
exhaust_quota (Fillers *self)
{
  int page = sysconf (_SC_PAGESIZE);
  int size = FILLER_SIZE;

  self->n = 0;
  while (size > page)
    {
      int *fds = self->fds[self->n++];

      g_assert_cmpuint (self->n, <, G_N_ELEMENTS (self->fds));
      open_pipe (fds);
      /* To be smaller is always allowed; then all that is left is asked for. */
      g_assert_cmpint (fcntl (fds[0], F_SETPIPE_SZ, page), ==, page);
      while (size > page && fcntl (fds[0], F_SETPIPE_SZ, size) < 0)
        {
          g_assert_cmpint (errno, ==, EPERM);
          size /= 2;
        }
    }
}

static void
free_quota (Fillers *self)
{
  for (guint i = 0; i < self->n; i++)
    close_pipe (self->fds[i]);
}

/* Refused, it is as before: nothing is taken from the budget, and the kernel still can. */
static void
test_quota_subprocess (void)
{
  static Fillers fillers;
  int            fds[2];
  gsize          grant;

  g_assert_true (become_new_user ());
  open_pipe (fds);
  exhaust_quota (&fillers);
  g_assert_cmpint (fcntl (fds[0], F_SETPIPE_SZ, PROCSTREAM_PIPE_ENLARGED_SIZE), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  g_assert_cmpuint (procstream_pipe_enlarge (fds[0]), ==, 0);
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, 0);
  g_assert_cmpint (fcntl (fds[0], F_GETPIPE_SZ), ==, 65536);
  g_assert_true (procstream_platform_has (PROCSTREAM_FEATURE_PIPE_SIZE));

  free_quota (&fillers);
  grant = procstream_pipe_enlarge (fds[0]);
  g_assert_cmpuint (grant, ==, ADDED);
  g_assert_cmpint (fcntl (fds[0], F_GETPIPE_SZ), ==, PROCSTREAM_PIPE_ENLARGED_SIZE);
  close_pipe (fds);
  g_assert_true (procstream_pipe_give_back (-1, grant));
}

static void
test_quota (void)
{
  run_with_quota ("/pipe/quota/subprocess");
}

typedef struct
{
  ProcstreamOutputCore *core;
  int                   write_fd;
  int                   size; /* of the pipe, as it was made */
  guint64               written;
} SmallPipe;

static gboolean
is_read (gpointer data)
{
  SmallPipe             *self = data;
  ProcstreamOutputCounts counts;

  procstream_output_core_get_counts (self->core, &counts);
  return counts.received == self->written;
}

/* What fits is written in one piece, so it is read in one, and that read finds the pipe full. */
static void
fill_and_await (SmallPipe *self)
{
  fill (self->write_fd, self->size);
  self->written += self->size;
  test_run_until (NULL, "a full pipe to be read", is_read, self);
}

static gboolean
fill_until_enlarged (gpointer data)
{
  SmallPipe *self = data;

  if (fcntl (self->write_fd, F_GETPIPE_SZ) != PROCSTREAM_PIPE_ENLARGED_SIZE)
    fill_and_await (self);
  return procstream_pipe_budget_used () > 0;
}

/* The kernel makes it small when the quota is spent. That may be over when it is found full. */
static void
test_made_small_subprocess (void)
{
  static Fillers fillers;
  SmallPipe      pipe = { 0 };
  int            fds[2];

  g_assert_true (become_new_user ());
  exhaust_quota (&fillers);
  open_pipe (fds);
  pipe.size = fcntl (fds[0], F_GETPIPE_SZ);
  pipe.write_fd = fds[1];
  g_assert_cmpint (pipe.size, >, 0);
  g_assert_cmpint (pipe.size, <, 65536);
  pipe.core = read_pipe (fds[0]);
  fill_and_await (&pipe);
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, 0);
  g_assert_cmpint (fcntl (pipe.write_fd, F_GETPIPE_SZ), ==, pipe.size);

  free_quota (&fillers);
  test_run_until (NULL, "a pipe that was made small to be enlarged", fill_until_enlarged, &pipe);
  g_assert_cmpint (fcntl (pipe.write_fd, F_GETPIPE_SZ), ==, PROCSTREAM_PIPE_ENLARGED_SIZE);
  g_assert_cmpuint (procstream_pipe_budget_used (), ==, PROCSTREAM_PIPE_ENLARGED_SIZE - pipe.size);
  test_run_until (NULL, "the grant of an idle pipe", is_given_back, NULL);
  g_assert_cmpint (fcntl (pipe.write_fd, F_GETPIPE_SZ), ==, pipe.size);
  let_go (pipe.core, pipe.write_fd);
}

static void
test_made_small (void)
{
  run_with_quota ("/pipe/made-small/subprocess");
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
  g_test_add_func ("/pipe/quota/subprocess", test_quota_subprocess);
  g_test_add_func ("/pipe/quota", test_quota);
  g_test_add_func ("/pipe/made-small/subprocess", test_made_small_subprocess);
  g_test_add_func ("/pipe/made-small", test_made_small);
  return g_test_run ();
}
