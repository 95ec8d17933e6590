/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-clean.h"
#include "test-start.h"

#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- What the program is given ------------------------------------------------------------------------------------------------ */

static void
test_simple (void)
{
  g_autoptr (TestStart) run = test_start_new_mode ("args", "one", "", "with space", "Ünï", NULL);

  g_assert_cmpstr (test_start_to_end (run), ==, "one\n\nwith space\nÜnï\n");
  g_assert_cmpint (run->spawned.pid, >, 0);
  g_assert_true (g_subprocess_get_successful (run->spawned.subprocess));
}

static void
test_status (void)
{
  g_autoptr (TestStart) run = test_start_new_mode ("exit", "7", NULL);
  g_autoptr (TestStart) killed = test_start_new_mode ("kill", "9", NULL);

  test_start_to_end (run);
  g_assert_cmpint (g_subprocess_get_exit_status (run->spawned.subprocess), ==, 7);
  test_start_to_end (killed);
  g_assert_cmpint (g_subprocess_get_term_sig (killed->spawned.subprocess), ==, SIGKILL);
}

static void
test_environment (void)
{
  g_autoptr (TestStart) own = test_start_new_mode ("env", "TEST_SPAWN_OWN", NULL);
  g_autoptr (TestStart) other = test_start_new_mode ("env", NULL);

  g_setenv ("TEST_SPAWN_OWN", "mine", TRUE);
  test_start_begin (own);
  /* It is the one of the moment when the request was made. */
  g_setenv ("TEST_SPAWN_OWN", "later", TRUE);
  test_start_await_answer (own);
  own->output = test_read_all (own->read_fd);
  g_assert_cmpstr (own->output, ==, "mine\n");
  g_assert_true (g_subprocess_wait (own->spawned.subprocess, NULL, NULL));

  other->request->envp = g_strdupv ((char **) (const char *[]){ "A=1", "B=", NULL });
  test_start_to_end (other);
  if (test_on_emulator () && g_str_equal (other->output, "B=\nA=1\n"))
    return; /* some turn their order around */
  g_assert_cmpstr (other->output, ==, "A=1\nB=\n");
}

static void
test_signals (void)
{
  void (*pipe_before) (int) = signal (SIGPIPE, SIG_IGN);
  void (*hup_before) (int) = signal (SIGHUP, SIG_IGN);
  g_autoptr (TestStart) run = test_start_new_mode ("signals", NULL);

  g_assert_cmpstr (test_start_to_end (run), ==, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  signal (SIGPIPE, pipe_before);
  signal (SIGHUP, hup_before);
}

static void
test_group (void)
{
  g_autoptr (TestStart) leader = test_start_new_mode ("pgid", NULL);
  g_autoptr (TestStart) member = test_start_new_mode ("pgid", NULL);
  int pid, group, session;

  leader->request->new_group = TRUE;
  g_assert_cmpint (sscanf (test_start_to_end (leader), "%d %d %d", &pid, &group, &session), ==, 3);
  g_assert_cmpint (pid, ==, leader->spawned.pid);
  g_assert_cmpint (group, ==, pid);
  g_assert_cmpint (session, ==, getsid (0));

  g_assert_cmpint (sscanf (test_start_to_end (member), "%d %d %d", &pid, &group, &session), ==, 3);
  g_assert_cmpint (pid, ==, member->spawned.pid);
  g_assert_cmpint (group, ==, getpgrp ());
}

/* --- Where it runs and where it is found -------------------------------------------------------------------------------------- */

static void
test_cwd (void)
{
  char            *directory = test_make_directory ();
  g_autofree char *line = g_strconcat (directory, "\n", NULL);
  g_autofree char *script = test_make_script (directory, "script", "#!/bin/sh\npwd\n", 0755);
  g_autoptr (TestStart) run = test_start_new_mode ("cwd", NULL);
  g_autoptr (TestStart) relative = test_start_new_mode ("", NULL);

  run->request->cwd = g_strdup (directory);
  g_assert_cmpstr (test_start_to_end (run), ==, line);

  /* A relative path is one from there. */
  relative->request->cwd = g_strdup (directory);
  g_free (g_steal_pointer (&relative->request->argv[0]));
  relative->request->argv[0] = g_strdup ("./script");
  g_assert_cmpstr (test_start_to_end (relative), ==, line);
  test_remove_directory (directory);
}

static const char *
run_searched (TestStart  *run,
              const char *path,
              const char *program)
{
  g_autofree char *before = g_strdup (g_getenv ("PATH"));

  g_free (g_steal_pointer (&run->request->argv[0]));
  run->request->argv[0] = g_strdup (program);
  if (path)
    g_setenv ("PATH", path, TRUE);
  else
    g_unsetenv ("PATH");
  test_start_begin (run);
  g_setenv ("PATH", before, TRUE);
  test_start_await_answer (run);
  if (!run->error)
    {
      run->output = test_read_all (run->read_fd);
      g_assert_true (g_subprocess_wait (run->spawned.subprocess, NULL, NULL));
    }
  else
    close (run->read_fd);
  return run->output;
}

static void
test_search (void)
{
  char            *first = test_make_directory ();
  char            *second = test_make_directory ();
  g_autofree char *unusable = test_make_script (first, "prog", "#!/bin/sh\necho first\n", 0644);
  g_autofree char *usable = test_make_script (second, "prog", "#!/bin/sh\necho second\n", 0755);
  g_autofree char *both = g_strconcat (first, ":/nowhere::", second, NULL);
  g_autofree char *in_cwd = g_strconcat (first, ":", NULL);
  g_autoptr (TestStart) found = test_start_new_mode ("", NULL);
  g_autoptr (TestStart) here = test_start_new_mode ("", NULL);
  g_autoptr (TestStart) denied = test_start_new_mode ("", NULL);
  g_autoptr (TestStart) missing = test_start_new_mode ("", NULL);
  g_autoptr (TestStart) unset = test_start_new_mode ("-c", "echo standard", NULL);

  g_assert_cmpstr (run_searched (found, both, "prog"), ==, "second\n");
  /* An empty entry is the working directory, the child's. */
  here->request->cwd = g_strdup (second);
  g_assert_cmpstr (run_searched (here, in_cwd, "prog"), ==, "second\n");
  run_searched (denied, first, "prog");
  g_assert_error (denied->error, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES);
  run_searched (missing, first, "other");
  g_assert_error (missing->error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_nonnull (strstr (missing->error->message, "“other”"));
  g_assert_cmpstr (run_searched (unset, NULL, "sh"), ==, "standard\n");
  test_remove_directory (first);
  test_remove_directory (second);
}

/* As g_spawn_async() does. */
static void
test_plain_script (void)
{
  char            *directory = test_make_directory ();
  g_autofree char *script = test_make_script (directory, "plain", "echo \"$0|$1|$2\"\n", 0755);
  g_autofree char *expected = g_strconcat (script, "|a b|c\n", NULL);
  g_autoptr (TestStart) run = test_start_new_mode ("a b", "c", NULL);

  g_free (g_steal_pointer (&run->request->argv[0]));
  run->request->argv[0] = g_strdup (script);
  g_assert_cmpstr (test_start_to_end (run), ==, expected);
  test_remove_directory (directory);
}

/* --- Descriptors -------------------------------------------------------------------------------------------------------------- */

/* Each target gets its own pipe, and the child writes into each the number it knows it by. */
static void
check_targets (const int *targets,
               guint      n)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autofree int *read_fds = g_new (int, n);
  g_autoptr (TestStart) run = NULL;

  g_ptr_array_add (argv, g_strdup (test_child_program ()));
  g_ptr_array_add (argv, g_strdup ("write-fds"));
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (argv, g_strdup_printf ("%d", targets[i]));
  g_ptr_array_add (argv, NULL);
  run = test_start_new ((const char *const *) argv->pdata);
  for (guint i = 0; i < n; i++)
    read_fds[i] = test_start_give_pipe (run, targets[i]);
  test_start_to_end (run);
  g_assert_true (g_subprocess_get_successful (run->spawned.subprocess));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *written = test_read_all (read_fds[i]);

      g_assert_cmpstr (written, ==, g_ptr_array_index (argv, i + 2));
    }
}

static void
permute (int  *targets,
         guint first,
         guint n)
{
  if (first == n)
    check_targets (targets, n);
  for (guint i = first; i < n; i++)
    {
      int swapped = targets[first];

      targets[first] = targets[i];
      targets[i] = swapped;
      permute (targets, first + 1, n);
      targets[i] = targets[first];
      targets[first] = swapped;
    }
}

/* In the helper the descriptors are 1, 2, 3, … and its socket is 0: these are all ways in which they can be in each other's way. */
static void
test_permutations (void)
{
  int targets[] = { 0, 1, 2, 3 };

  permute (targets, 0, G_N_ELEMENTS (targets));
}

static void
test_targets (void)
{
  const int     reversed[] = { 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 };
  const int     rotated[] = { 2, 3, 4, 5, 6, 7, 8, 1 };
  int           far[] = { 2, 1, 0, 500, 4, 0 };
  int           many[300];
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  far[5] = MIN (limit.rlim_cur, 100000) - 1;
  check_targets (reversed, G_N_ELEMENTS (reversed));
  check_targets (rotated, G_N_ELEMENTS (rotated));
  check_targets (far, G_N_ELEMENTS (far));
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    many[i] = (i * 7) % G_N_ELEMENTS (many);
  if (limit.rlim_cur >= 1024)
    check_targets (many, G_N_ELEMENTS (many));
}

static void
test_nothing_else (void)
{
  g_autoptr (TestStart) run = test_start_new_mode ("fds", NULL);
  g_auto (GStrv) lines = NULL;
  int open_one = dup2 (2, 77);

  g_assert_cmpint (fcntl (open_one, F_GETFD), ==, 0);
  g_assert_cmpint (dup2 (2, 3 + 900), ==, 903);
  lines = g_strsplit (test_start_to_end (run), "\n", -1);
  close (open_one);
  close (903);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_true (g_str_has_prefix (lines[0], "0 /dev/null"));
  g_assert_true (g_str_has_prefix (lines[1], "1 pipe:"));
  g_assert_true (g_str_has_prefix (lines[2], "2 "));
}

/* More than a directory that lists them gives out at once. */
static void
test_nothing_of_many (void)
{
  g_autoptr (TestStart) run = test_start_new_mode ("fds", NULL);
  g_auto (GStrv) lines = NULL;
  int fds[400];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = dup (2);
  g_assert_cmpint (fds[G_N_ELEMENTS (fds) - 1], >, 0);
  lines = g_strsplit (test_start_to_end (run), "\n", -1);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_true (g_str_has_prefix (lines[2], "2 "));
}

static void
test_not_given (void)
{
  const char *argv[] = { test_child_program (), "fds", NULL };
  g_autoptr (TestStart) run = test_start_new (argv);

  run->read_fd = test_start_give_pipe (run, 1);
  test_start_to_end (run);
  g_assert_true (g_str_has_prefix (run->output, "1 pipe:"));
  g_assert_null (strstr (run->output, "\n0 "));
  g_assert_null (strstr (run->output, "\n2 "));
}

/* The program itself runs without standard descriptors; what it makes must not land there. */
static void
test_closed_subprocess (void)
{
  int kept = fcntl (2, F_DUPFD_CLOEXEC, 100);

  for (int fd = 0; fd < 3; fd++)
    close (fd);
  for (guint i = 0; i < 3; i++)
    {
      const char *argv[] = { test_child_program (), "fds", NULL };
      g_autoptr (TestStart) run = test_start_new (argv);
      g_autoptr (TestStart) missing = test_start_new_program ("/nowhere");

      test_start_give_null (run, 0);
      run->read_fd = test_start_give_pipe (run, 1);
      procstream_spawn_request_take_fd (run->request, fcntl (kept, F_DUPFD_CLOEXEC, 3), 2);
      test_start_to_end (run);
      if (!strstr (run->output, "1 pipe:") || g_strrstr (run->output, "\n3 ") || run->spawned.pidfd == 0)
        _exit (1);
      test_start_to_error (missing, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "/nowhere");
    }
}

static void
test_closed (void)
{
  g_test_trap_subprocess ("/spawn/closed-standard/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

/* --- Many --------------------------------------------------------------------------------------------------------------------- */

static void
spawn_and_fail (void)
{
  g_autoptr (TestStart) run = test_start_new_mode ("exit", "0", NULL);
  g_autoptr (TestStart) missing = test_start_new_program ("/nowhere");
  g_autoptr (TestStart) cwd = test_start_new_program ("true");

  test_start_to_end (run);
  test_start_to_error (missing, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "/nowhere");
  cwd->request->cwd = g_strdup ("/nowhere");
  test_start_to_error (cwd, G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, "/nowhere");
}

static void
test_nothing_left (void)
{
  guint before;

  spawn_and_fail ();
  before = test_count_settled_fds ();
  for (guint i = 0; i < (test_on_valgrind () || test_on_emulator () ? 10 : 200); i++)
    spawn_and_fail ();
  g_assert_cmpuint (test_count_settled_fds (), ==, before);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
}

static void
test_at_once (void)
{
  TestStart *runs[64];
  guint      n = test_on_valgrind () ? 4 : G_N_ELEMENTS (runs);

  for (guint i = 0; i < n; i++)
    runs[i] = test_start_new_mode ("pgid", NULL);
  for (guint i = 0; i < n; i++)
    test_start_begin (runs[i]);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *output = NULL;

      test_start_await_answer (runs[i]);
      g_assert_no_error (runs[i]->error);
      output = test_read_all (runs[i]->read_fd);
      g_assert_cmpint (atoi (output), ==, runs[i]->spawned.pid);
      g_assert_true (g_subprocess_wait (runs[i]->spawned.subprocess, NULL, NULL));
      test_start_free (runs[i]);
    }
}

/* Both are right even for a process that is gone before anybody looks. */
static void
test_pid_and_pidfd (void)
{
  for (guint i = 0; i < (test_on_valgrind () || test_on_emulator () ? 3 : 100); i++)
    {
      g_autoptr (TestStart) run = test_start_new_mode ("pgid", NULL);
      struct pollfd poll_fd = { .events = POLLIN };

      test_start_to_end (run);
      g_assert_cmpint (run->spawned.pid, ==, atoi (run->output));
      if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
        continue;
      poll_fd.fd = run->spawned.pidfd;
      g_assert_cmpint (poll_fd.fd, >, 2);
      g_assert_true (fcntl (poll_fd.fd, F_GETFD) & FD_CLOEXEC);
      g_assert_cmpint (poll (&poll_fd, 1, -1), ==, 1);
      g_assert_cmpint (poll_fd.revents & POLLIN, ==, POLLIN);
    }
}

static void
test_pidfd_is_its_own (void)
{
  g_autoptr (TestStart) run = test_start_new_mode ("sleep-forever", NULL);
  char byte;

  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
    {
      g_test_skip ("there are no pidfds");
      test_start_free (g_steal_pointer (&run));
      return;
    }
  test_start_begin (run);
  test_start_await_answer (run);
  g_assert_no_error (run->error);
  g_assert_cmpint (read (run->read_fd, &byte, 1), ==, 1);
  if (!procstream_platform_pidfd_send_signal (run->spawned.pidfd, SIGTERM, FALSE))
    {
      g_assert_cmpint (errno, ==, ENOSYS); /* valgrind: the helper, outside of it, could open one */
      kill (run->spawned.pid, SIGTERM);
    }
  g_assert_true (g_subprocess_wait (run->spawned.subprocess, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_term_sig (run->spawned.subprocess), ==, SIGTERM);
  close (run->read_fd);
}

static void
test_without_features_subprocess (void)
{
  g_autoptr (TestStart) run = test_start_new_mode ("pgid", NULL);
  g_autoptr (TestStart) missing = test_start_new_program ("/nowhere");

  procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD | PROCSTREAM_FEATURE_EPOLL);
  test_start_to_end (run);
  g_assert_cmpint (run->spawned.pid, ==, atoi (run->output));
  g_assert_cmpint (run->spawned.pidfd, ==, -1);
  test_start_to_error (missing, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "/nowhere");
}

static void
test_without_features (void)
{
  g_test_trap_subprocess ("/spawn/without-features/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

/* --- Terminals ---------------------------------------------------------------------------------------------------------------- */

static void
test_terminal_subprocess (void)
{
  g_autoptr (TestStart) reader = test_start_new_mode ("tty", NULL);
  g_autoptr (TestStart) other = test_start_new_program ("true");
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  int slave;

  g_assert_cmpint (setsid (), >, 0);
  signal (SIGHUP, SIG_IGN); /* the terminal goes before we do */
  g_assert_true (grantpt (master) == 0 && unlockpt (master) == 0);
  slave = open (ptsname (master), O_RDWR | O_CLOEXEC);
  g_assert_cmpint (tcgetpgrp (slave), ==, getpgrp ());

  close (g_array_index (reader->request->fds, ProcstreamSpawnFd, 0).fd);
  g_array_index (reader->request->fds, ProcstreamSpawnFd, 0).fd = fcntl (slave, F_DUPFD_CLOEXEC, 3);
  reader->request->new_group = TRUE;
  reader->request->terminal = 0;
  g_assert_cmpint (write (master, "hello\n", 6), ==, 6);
  g_assert_cmpstr (test_start_to_end (reader), ==, "tty 1\nread hello\n");
  g_assert_cmpint (tcgetpgrp (slave), ==, reader->spawned.pid);

  /* Now we are in the background ourselves, and have nothing to give. */
  close (g_array_index (other->request->fds, ProcstreamSpawnFd, 0).fd);
  g_array_index (other->request->fds, ProcstreamSpawnFd, 0).fd = fcntl (slave, F_DUPFD_CLOEXEC, 3);
  other->request->new_group = TRUE;
  other->request->terminal = 0;
  test_start_to_end (other);
  g_assert_cmpint (tcgetpgrp (slave), ==, reader->spawned.pid);
}

static void
test_terminal (void)
{
  g_test_trap_subprocess ("/spawn/terminal/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

/* TestStart by the tests that need a program of their own, and by nothing else. */
static void
add_subprocesses (void)
{
  test_add_func ("/spawn/closed-standard/subprocess", test_closed_subprocess);
  test_add_func ("/spawn/without-features/subprocess", test_without_features_subprocess);
  test_add_func ("/spawn/terminal/subprocess", test_terminal_subprocess);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_subprocesses ();
  test_add_func ("/spawn/simple", test_simple);
  test_add_func ("/spawn/status", test_status);
  test_add_func ("/spawn/environment", test_environment);
  test_add_func ("/spawn/signals", test_signals);
  test_add_func ("/spawn/group", test_group);
  test_add_func ("/spawn/cwd", test_cwd);
  test_add_func ("/spawn/search", test_search);
  test_add_func ("/spawn/plain-script", test_plain_script);
  test_add_func ("/spawn/permutations", test_permutations);
  test_add_func ("/spawn/targets", test_targets);
  test_add_func ("/spawn/nothing-else", test_nothing_else);
  test_add_func ("/spawn/nothing-of-many", test_nothing_of_many);
  test_add_func ("/spawn/not-given", test_not_given);
  test_add_func ("/spawn/closed-standard", test_closed);
  test_add_func ("/spawn/nothing-left", test_nothing_left);
  test_add_func ("/spawn/at-once", test_at_once);
  test_add_func ("/spawn/pid-and-pidfd", test_pid_and_pidfd);
  test_add_func ("/spawn/pidfd-is-its-own", test_pidfd_is_its_own);
  test_add_func ("/spawn/without-features", test_without_features);
  test_add_func ("/spawn/terminal", test_terminal);
  return g_test_run ();
}
