/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-hold.h"
#include "test-start.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"
#include "procstream-poll-set-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What cannot be started says so, names what is at fault, and leaves nothing. */

static void
test_not_found (void)
{
  g_autoptr (TestStart) path = test_start_new_program ("/nowhere/program");
  g_autoptr (TestStart) name = test_start_new_program ("procstream-no-such-program");
  g_autoptr (TestStart) empty = test_start_new_program ("");

  test_start_to_error (path, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "“/nowhere/program”");
  test_start_to_error (name, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "“procstream-no-such-program”");
  test_start_to_error (empty, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "“”");
}

static void
test_not_executable (void)
{
  char            *directory = test_make_directory ();
  g_autofree char *file = test_make_script (directory, "file", "#!/bin/sh\n", 0644);
  g_autofree char *lost = test_make_script (directory, "lost", "#!/nowhere/interpreter\n", 0755);
  g_autoptr (TestStart) plain = test_start_new_program (file);
  g_autoptr (TestStart) dir = test_start_new_program (directory);
  g_autoptr (TestStart) interpreter = test_start_new_program (lost);

  test_start_to_error (plain, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES, file);
  test_start_to_error (dir, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES, directory);
  test_start_to_error (interpreter, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "interpreter");
  g_assert_nonnull (strstr (interpreter->error->message, lost));
  test_remove_directory (directory);
}

static void
test_bad_cwd (void)
{
  g_autoptr (TestStart) missing = test_start_new_program ("true");
  g_autoptr (TestStart) file = test_start_new_program ("true");

  missing->request->cwd = g_strdup ("/nowhere/at/all");
  test_start_to_error (missing, G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, "“/nowhere/at/all”");
  file->request->cwd = g_strdup ("/dev/null");
  test_start_to_error (file, G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, "“/dev/null”");
}

static void
test_too_big (void)
{
  g_autofree char *big = g_strnfill (3 * 1024 * 1024, 'x');
  const char      *argv[] = { "true", big, NULL };
  g_autofree char *long_cwd = g_strnfill (100000, 'd');
  g_autoptr (TestStart) argument = test_start_new (argv);
  g_autoptr (TestStart) cwd = test_start_new_program ("true");

  if (!test_on_valgrind ())
    test_start_to_error (argument, G_SPAWN_ERROR, G_SPAWN_ERROR_TOO_BIG, "arguments");
  cwd->request->cwd = g_steal_pointer (&long_cwd);
  test_start_to_error (cwd, G_SPAWN_ERROR, G_SPAWN_ERROR_TOO_BIG, "its working directory, and PATH");
}

/* Arguments that nearly fill what the kernel allows pass: the helper adds but a path. */
static void
test_nearly_too_big (void)
{
  g_autofree char *big = g_strnfill (100 * 1024, 'x');
  g_autoptr (TestStart) run = test_start_new_mode ("exit", "0", big, big, big, big, big, big, big, big, NULL);

  test_start_to_end (run);
  g_assert_true (g_subprocess_get_successful (run->spawned.subprocess));
}

static void
test_bad_targets (void)
{
  g_autoptr (TestStart) twice = test_start_new_program ("true");
  g_autoptr (TestStart) negative = test_start_new_program ("true");
  g_autoptr (TestStart) too_high = test_start_new_program ("true");

  test_start_give_null (twice, 1);
  test_start_to_error (twice, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "number 1 is given twice");
  test_start_give_null (negative, -5);
  test_start_to_error (negative, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "number -5");
  test_start_give_null (too_high, G_MAXINT);
  test_start_to_error (too_high, G_IO_ERROR, g_io_error_from_errno (EBADF), "descriptor 2147483647");
}

static void
test_helper (void)
{
  g_autofree char *helper = g_strdup (g_getenv ("PROCSTREAM_HELPER"));
  g_autoptr (TestStart) missing = test_start_new_program ("true");
  g_autoptr (TestStart) other = test_start_new_program ("true");

  g_setenv ("PROCSTREAM_HELPER", "/nowhere/helper", TRUE);
  if (!test_on_valgrind ())
    test_start_to_error (missing, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER, "“/nowhere/helper”");
  g_setenv ("PROCSTREAM_HELPER", "/bin/true", TRUE);
  test_start_to_error (other, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER, "“/bin/true”");
  g_setenv ("PROCSTREAM_HELPER", helper, TRUE);
}

/* With any number of free descriptors it works or says what is short, and the next attempt with enough of them works. */
static void
try_with_free_fds (guint n_free)
{
  g_autoptr (GArray) filler = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (TestStart) run = test_start_new_program ("true");
  g_autoptr (TestStart) next = test_start_new_program ("true");
  int fd;

  test_count_settled_fds ();
  while ((fd = fcntl (2, F_DUPFD_CLOEXEC, 3)) >= 0)
    g_array_append_val (filler, fd);
  for (guint i = 0; i < n_free; i++)
    close (g_array_index (filler, int, filler->len - 1 - i));
  test_start_begin (run);
  test_start_await_answer (run);
  for (guint i = 0; i + n_free < filler->len; i++)
    close (g_array_index (filler, int, i));
  if (run->error)
    {
      g_assert_error (run->error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
      g_assert_nonnull (strstr (run->error->message, "“the process”"));
    }
  else
    g_assert_true (g_subprocess_wait_check (run->spawned.subprocess, NULL, NULL));
  g_assert_true (n_free > 1 || run->error != NULL);
  test_start_to_end (next);
}

static void
test_exhaustion_subprocess (void)
{
  const struct rlimit limit = { 64, 64 };
  TestStart          *first = test_start_new_program ("true");

  test_start_to_end (first); /* threads are there */
  test_start_free (first);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint n_free = 0; n_free < 8; n_free++)
    try_with_free_fds (n_free);
}

static void
test_exhaustion (void)
{
  g_test_trap_subprocess ("/spawn-errors/exhaustion/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

/* The program runs, and there is no descriptor for its pidfd: it is ended, and the start fails. */
static void
test_no_room_for_pidfd_subprocess (void)
{
  TestStart       *first = test_start_new_program ("true");
  TestStart       *run = test_start_new_mode ("sleep-forever", NULL);
  g_autofree char *output = NULL;
  struct rlimit    limit;
  TestHold         hold;
  char             byte;

  test_start_to_end (first); /* GLib's threads are there, and have their descriptors */
  test_start_free (first);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  test_hold_begin (&hold);
  test_start_begin (run);
  g_assert_cmpint (read (run->read_fd, &byte, 1), ==, 1);
  /* The spawner may still close its own; those for input and output of this program are all open, and a poll may have as many. */
  limit.rlim_cur = STDERR_FILENO + 1;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  test_hold_end (&hold);
  test_start_await_answer (run);
  limit.rlim_cur = limit.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  g_assert_error (run->error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  output = test_read_all (run->read_fd);
  g_assert_cmpstr (output, ==, "eady\n");
  test_start_free (run);
}

static void
test_no_room_for_pidfd (void)
{
  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
    {
      g_test_skip ("no pidfd is had anyway");
      return;
    }
  g_test_trap_subprocess ("/spawn-errors/no-room-for-pidfd/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

/* The kernel refuses the watch through which the start would be heard of: nothing is started. */
static void
test_unwatched (void)
{
  char            *directory = test_make_directory ();
  g_autofree char *trace = g_build_filename (directory, "trace", NULL);
  const char      *argv[] = { "/bin/sh", "-c", "touch \"$0\"", trace, NULL };
  g_autoptr (TestStart) refused = test_start_new (argv);
  g_autoptr (TestStart) next = test_start_new (argv);
  TestStart *first = test_start_new_program ("true");
  guint      fds;

  test_start_to_end (first); /* threads are there */
  test_start_free (first);
  fds = test_count_settled_fds ();
  g_atomic_int_set (&procstream_poll_set_adds_left, 0);
  test_start_to_error (refused, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, "epoll watches");
  g_atomic_int_set (&procstream_poll_set_adds_left, -1);
  g_assert_cmpuint (test_count_settled_fds (), ==, fds);
  g_assert_false (g_file_test (trace, G_FILE_TEST_EXISTS));
  test_start_to_end (next);
  g_assert_true (g_file_test (trace, G_FILE_TEST_EXISTS));
  test_remove_directory (directory);
}

static void
forked_cb (gpointer           user_data,
           ProcstreamSpawned *spawned,
           GError            *error)
{
  *(gboolean *) user_data = g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_FORKED);
}

static void
test_forked (void)
{
  g_autoptr (TestStart) first = test_start_new_program ("true");
  const char      *argv[] = { "true", NULL };
  g_autofree char *answer = NULL;
  int              fds[2];
  pid_t            pid;

  test_start_to_end (first);
  g_assert_true (procstream_pipe_new (fds, NULL));
  pid = fork ();
  if (pid == 0)
    {
      gboolean refused = FALSE;

      procstream_spawn (procstream_spawn_request_new ("copy", argv), forked_cb, &refused);
      g_assert_cmpint (write (fds[1], refused ? "yes" : "no", refused ? 3 : 2), >, 0);
      _exit (0);
    }
  close (fds[1]);
  answer = test_read_all (fds[0]);
  g_assert_cmpstr (answer, ==, "yes");
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

/* A copy that was forked at any moment of a start, and lives on, holds nothing that the start waits for. */
static void
test_forks_meanwhile (void)
{
  TestStart *runs[32];
  pid_t      copies[64];
  int        fds[2];
  char       byte;

  g_assert_true (procstream_pipe_new (fds, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    runs[i] = test_start_new_program ("true");
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    test_start_begin (runs[i]);
  for (guint i = 0; i < G_N_ELEMENTS (copies); i++)
    if ((copies[i] = fork ()) == 0)
      {
        close (fds[1]);
        _exit (read (fds[0], &byte, 1) == 0 ? 0 : 1);
      }
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      test_start_await_answer (runs[i]);
      g_assert_no_error (runs[i]->error);
      g_assert_true (g_subprocess_wait_check (runs[i]->spawned.subprocess, NULL, NULL));
      test_start_free (runs[i]);
    }
  close (fds[1]);
  close (fds[0]);
  for (guint i = 0; i < G_N_ELEMENTS (copies); i++)
    g_assert_cmpint (waitpid (copies[i], NULL, 0), ==, copies[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_add_func ("/spawn-errors/exhaustion/subprocess", test_exhaustion_subprocess);
  test_add_func ("/spawn-errors/no-room-for-pidfd/subprocess", test_no_room_for_pidfd_subprocess);
  test_add_func ("/spawn-errors/not-found", test_not_found);
  test_add_func ("/spawn-errors/not-executable", test_not_executable);
  test_add_func ("/spawn-errors/bad-cwd", test_bad_cwd);
  test_add_func ("/spawn-errors/too-big", test_too_big);
  test_add_func ("/spawn-errors/nearly-too-big", test_nearly_too_big);
  test_add_func ("/spawn-errors/bad-targets", test_bad_targets);
  test_add_func ("/spawn-errors/helper", test_helper);
  test_add_func ("/spawn-errors/exhaustion", test_exhaustion);
  test_add_func ("/spawn-errors/no-room-for-pidfd", test_no_room_for_pidfd);
  test_add_func ("/spawn-errors/unwatched", test_unwatched);
  test_add_func ("/spawn-errors/forked", test_forked);
  test_add_func ("/spawn-errors/forks-meanwhile", test_forks_meanwhile);
  return g_test_run ();
}
