/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A child with a guard, and its end. Whether something of a tree is left is seen by what each process of it holds: the standard output,
 * whose end comes when the last of them has gone. */

#include "test-clean.h"
#include "test-tree.h"
#include "test-utils.h"

#include "procstream-child-private.h"
#include "procstream-platform-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A grace that no test lives to see the end of. */
#define NEVER_MS (1000 * 1000)

/* --- The child ---------------------------------------------------------------------------------------------------------------- */

static void
test_status (void)
{
  g_autoptr (TestProcess) exits = test_tree_new ();
  g_autoptr (TestProcess) killed = test_tree_new ();

  test_process_spawn_mode (exits, "exit 7");
  test_process_listen (exits);
  test_process_run_to_completed (exits);
  g_assert_cmpint (procstream_child_get_exit_code (exits->child), ==, 7);
  g_assert_cmpint (g_subprocess_get_exit_status (procstream_child_get_subprocess (exits->child)), ==, 7);
  test_process_spawn_mode (killed, "kill 10");
  test_process_listen (killed);
  test_process_run_to_completed (killed);
  g_assert_cmpint (procstream_child_get_term_signal (killed->child), ==, SIGUSR1);
  g_assert_cmpint (g_subprocess_get_term_sig (procstream_child_get_subprocess (killed->child)), ==, SIGUSR1);
}

/* The child is nobody's here to be reaped, which says nothing of its end; and the kernel throws away what the guard ends with. */
static void
test_status_ignored (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      if (!test_tree_can_find_strays ())
        return;
      g_test_trap_subprocess ("/guard/status/ignored", 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  signal (SIGCHLD, SIG_IGN);
  /* Where the kernel tells of those that others have reaped, it would not be noticed. */
  procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD_STATUS);
  process = test_tree_new ();
  test_tree_begin (process, "setsid sh -c 'trap \"\" TERM; sleep 1000' & exit 7");
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 7);
}

static gpointer
reap_thread (gpointer data)
{
  waitpid (GPOINTER_TO_INT (data), NULL, 0);
  return NULL;
}

/* The thread waits for the guard long before GLib does, and so is served first, nearly always. */
static void
test_status_reaped (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  GThread *thread;

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_tree_begin (process, "read -r line; exit 7");
  thread = g_thread_new ("reaper", reap_thread, GINT_TO_POINTER (test_tree_get_guard (process)));
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 7);
  g_thread_join (thread);
}

/* The number is that of the program, which leads a group, and whose parent is the guard. */
static void
test_identity (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  int pid, group, session;

  test_process_create_mode (process, "pgid");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpint (sscanf (process->out->str, "%d %d %d", &pid, &group, &session), ==, 3);
  g_assert_cmpint (pid, ==, procstream_child_get_pid (process->child));
  g_assert_cmpint (group, ==, pid);
  g_assert_cmpint (session, ==, getsid (0));
}

static void
test_descriptors (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_auto (GStrv) lines = NULL;

  test_process_create_mode (process, "fds");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  lines = g_strsplit (process->out->str, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
}

static void
test_no_program (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autoptr (GError) error = NULL;
  guint before = test_count_children ();

  g_assert_null (procstream_launcher_spawnv (process->launcher, (const char *const[]){ "/nowhere/program", NULL }, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_cmpuint (test_count_children (), ==, before);
}

/* A guard that may not adopt would lose whoever loses its parent: there is no child without what was asked for. */
static void
test_not_adopting (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *helper = g_strdup (g_getenv ("PROCSTREAM_HELPER"));
  const char      *refused = g_getenv ("PROCSTREAM_TEST_REFUSED_HELPER");
  guint            before = test_count_children ();

  g_assert_nonnull (refused);
  g_setenv ("PROCSTREAM_HELPER", refused, TRUE);
  g_assert_null (procstream_launcher_spawnv (process->launcher, (const char *const[]){ "true", NULL }, &error));
  g_setenv ("PROCSTREAM_HELPER", helper, TRUE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "its guard"));
  g_assert_nonnull (strstr (error->message, g_strerror (EINVAL)));
  g_assert_cmpuint (test_count_children (), ==, before);
}

/* What is sent to the guard is meant for the child. */
static void
test_forwarded (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();

  test_process_create_mode (process, "sleep-forever");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  g_assert_cmpint (test_tree_get_guard (process), !=, getpid ());
  g_subprocess_send_signal (procstream_child_get_subprocess (process->child), SIGUSR2);
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGUSR2);
}

/* It is not of the program's group, which a terminal, and others, signal. */
static void
test_own_group (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  int guard;

  test_process_create_mode (process, "sleep-forever");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  guard = test_tree_get_guard (process);
  g_assert_cmpint (getpgid (guard), ==, guard);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
}

/* FALSE, with the test skipped: no core would be written here at the end of a guard, whose working directory is the root. */
static gboolean
can_dump_core (const struct rlimit *limit)
{
  g_autofree char *pattern = NULL;

  if (limit->rlim_max != 0 && g_file_get_contents ("/proc/sys/kernel/core_pattern", &pattern, NULL, NULL) &&
      (pattern[0] == '/' || pattern[0] == '|' || (pattern[0] > ' ' && g_access ("/", W_OK) == 0)))
    return TRUE;
  g_test_skip ("no core would be written here");
  return FALSE;
}

/* The program has left one, if that was wanted; the guard, which ends by the same signal, leaves none. */
static void
test_no_core (void)
{
  g_autoptr (TestProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit before, all;
  int           status;

  g_assert_no_errno (getrlimit (RLIMIT_CORE, &before));
  if (!can_dump_core (&before))
    return;
  all = (struct rlimit){ before.rlim_max, before.rlim_max };
  g_assert_no_errno (setrlimit (RLIMIT_CORE, &all));
  process = test_tree_new ();
  procstream_launcher_set_limit (process->launcher, PROCSTREAM_LIMIT_CORE_SIZE, 0, 0);
  test_process_spawn_mode (process, "kill 3");
  test_process_listen (process);
  test_process_run_to_completed (process);
  g_assert_true (g_subprocess_wait (procstream_child_get_subprocess (process->child), NULL, &error));
  g_assert_no_error (error);
  status = g_subprocess_get_status (procstream_child_get_subprocess (process->child));
  g_assert_no_errno (setrlimit (RLIMIT_CORE, &before));
  g_assert_cmpint (WTERMSIG (status), ==, SIGQUIT);
  g_assert_false (WCOREDUMP (status));
}

/* The guard ends by the signal of the child, and by no other that waits for it, of which the kernel would take the one with the lowest number
 * first. All have come when it looks again, where it takes one of them before it sees the end. */
static void
test_pending (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autoptr (GError) error = NULL;
  int guard;

  test_process_create_mode (process, "sleep-forever");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  guard = test_tree_get_guard (process);
  kill (guard, SIGSTOP);
  test_tree_await_state (guard, 'T');
  kill (guard, SIGHUP);
  kill (guard, SIGUSR1);
  /* Its end makes the library wake the guard. */
  kill (procstream_child_get_pid (process->child), SIGTERM);
  g_subprocess_wait (procstream_child_get_subprocess (process->child), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_term_sig (procstream_child_get_subprocess (process->child)), ==, SIGTERM);
  test_process_run_to_completed (process);
}

static void
test_guard_killed (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create_mode (process, "ignore-term");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  g_assert_cmpint (kill (test_tree_get_guard (process), SIGKILL), ==, 0);
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
}

static void
test_pty (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();

  procstream_launcher_set_pty (process->launcher, TRUE);
  test_process_create_mode (process, "isatty");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "011 controlled 1 leader 1 front 1\n");
}

static void
test_usage (void)
{
  g_autoptr (TestProcess) guarded = test_tree_new ();
  g_autoptr (TestProcess) other = test_process_new ();
  ProcstreamResult *result;

  test_process_spawn_mode (guarded, "use 100 64");
  test_process_listen (guarded);
  test_process_run_to_completed (guarded);
  result = procstream_child_get_result (guarded->child);
  g_assert_cmpint (procstream_result_get_user_time_us (result) + procstream_result_get_system_time_us (result), >=, 100 * 1000);
  g_assert_cmpint (procstream_result_get_user_time_us (result), <=, 60 * G_USEC_PER_SEC);
  g_assert_cmpint (procstream_result_get_peak_memory (result), >=, 64 * 1024 * 1024);
  g_assert_cmpint (procstream_result_get_peak_memory (result), <=, 256 * 1024 * 1024);
  test_process_spawn_mode (other, "exit 0");
  test_process_listen (other);
  test_process_run_to_completed (other);
  result = procstream_child_get_result (other->child);
  g_assert_cmpint (procstream_result_get_user_time_us (result), ==, -1);
  g_assert_cmpint (procstream_result_get_system_time_us (result), ==, -1);
  g_assert_cmpint (procstream_result_get_peak_memory (result), ==, -1);
}

/* --- What it leaves ----------------------------------------------------------------------------------------------------------- */

/* The outputs end too, which those that are left would have held. */
static void
test_exit (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();

  if (!test_tree_can_find_strays ())
    return;
  procstream_launcher_set_guard_grace_ms (process->launcher, NEVER_MS);
  test_tree_begin (process, "setsid sh -c 'sleep 1000' & (setsid sleep 1000 &); exit 3");
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 3);
}

/* Who is left has the grace, and not more. */
static void
test_exit_ignored (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  gint64 begin_us;

  if (!test_tree_can_find_strays ())
    return;
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_guard_grace_ms (process->launcher, 1500);
  test_tree_begin (process, "setsid sh -c 'trap \"\" TERM; echo up >&2; sleep 1000' & read -r line; exit 3");
  test_tree_await_lines (process, 1);
  begin_us = g_get_monotonic_time ();
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpint (g_get_monotonic_time () - begin_us, >=, 1500 * 1000);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 3);
}

/* Nobody is asked. */
static void
test_exit_at_once (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();

  if (!test_tree_can_find_strays ())
    return;
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_guard_grace_ms (process->launcher, 0);
  test_tree_begin (process, "setsid sh -c 'trap \"echo heard\" TERM; echo up >&2; sleep 1000; sleep 1000' & read -r line; exit 3");
  test_tree_await_lines (process, 1);
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "");
}

/* Who is stopped hears that it is to end. */
static void
test_exit_stopped (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  int pid = 0;

  if (!test_tree_can_find_strays ())
    return;
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_guard_grace_ms (process->launcher, NEVER_MS);
  test_tree_begin (process, "setsid sh -c 'trap \"echo heard; exit\" TERM; echo $$ >&2; kill -STOP $$; sleep 1000' & read -r line; exit 0");
  test_tree_await_lines (process, 1);
  g_assert_cmpint (sscanf (process->err->str, "%d", &pid), ==, 1);
  test_tree_await_state (pid, 'T');
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "heard\n");
}

/* At once, whatever the grace is. */
static void
test_kill (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();

  if (!test_tree_can_find_strays ())
    return;
  procstream_launcher_set_guard_grace_ms (process->launcher, NEVER_MS);
  test_tree_begin (process, TEST_TREE);
  test_tree_await_lines (process, 1);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
}

/* A signal reaches who has left the group. */
static void
test_signal (gconstpointer data)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  ProcstreamFeature without = GPOINTER_TO_UINT (data);

  if (!test_tree_can_find_strays ())
    return;
  procstream_platform_disable (without);
  test_tree_begin (process, "trap 'echo here' USR1; setsid sh -c 'trap \"echo there; exit\" USR1; echo up >&2; sleep 1000 & wait' & wait; wait");
  test_tree_await_lines (process, 1);
  g_assert_true (procstream_child_send_signal (process->child, SIGUSR1, NULL));
  test_process_run_to_completed (process);
  procstream_platform_enable (without);
  g_assert_nonnull (strstr (process->out->str, "here\n"));
  g_assert_nonnull (strstr (process->out->str, "there\n"));
}

/* --- What it may leave -------------------------------------------------------------------------------------------------------- */

/* The exit is told, what was left goes on, and is ended when that is wanted, without the leader of the group and outside of it. */
static void
test_keep (gconstpointer data)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autoptr (GError) error = NULL;
  ProcstreamFeature without = GPOINTER_TO_UINT (data);
  int               pids[2];

  if (!test_tree_can_find_strays ())
    return;
  procstream_platform_disable (without);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_keep_descendants (process->launcher, TRUE);
  test_tree_begin (process, "setsid sleep 1000 & echo $! >&2; sleep 1000 & echo $! >&2; read -r line; exit 3");
  test_tree_await_lines (process, 2);
  g_assert_cmpint (sscanf (process->err->str, "%d %d", &pids[0], &pids[1]), ==, 2);
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_exited (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 3);
  g_assert_false (process->completed);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (kill (pids[i], 0), ==, 0);
  procstream_child_terminate (process->child, NULL, PROCSTREAM_NO_TIMEOUT, NULL, &error);
  g_assert_no_error (error);
  procstream_platform_enable (without);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (test_tree_get_state (pids[i]), ==, 0);
  test_process_run_to_completed (process);
  g_assert_false (procstream_child_send_signal (process->child, SIGTERM, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* The guard stays with them, and goes with the last. */
static void
test_keep_end (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autoptr (GError) error = NULL;
  int pid;

  if (!test_tree_can_find_strays ())
    return;
  procstream_launcher_set_keep_descendants (process->launcher, TRUE);
  test_tree_begin (process, "setsid sleep 1000 & echo $! >&2");
  test_process_run_to_exited (process);
  test_tree_await_lines (process, 1);
  g_assert_cmpint (sscanf (process->err->str, "%d", &pid), ==, 1);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_subprocess_wait (procstream_child_get_subprocess (process->child), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (procstream_child_get_subprocess (process->child)), ==, 0);
  test_process_run_to_completed (process);
}

/* --- Who cannot be ended ------------------------------------------------------------------------------------------------------ */

/* A copy of the test's child that runs as somebody else. NULL, with the test skipped: that cannot be had here. */
static char *
make_foreign_child (const char *directory)
{
  g_autofree char *copy = g_build_filename (directory, "foreign", NULL);
  g_autofree char *text = NULL;
  gsize            size;

  if (getuid () != 0)
    {
      g_test_skip ("only root can make a program that runs as another user");
      return NULL;
    }
  g_assert_true (g_file_get_contents (g_getenv ("PROCSTREAM_TEST_CHILD"), &text, &size, NULL));
  g_assert_true (g_file_set_contents (copy, text, (gssize) size, NULL));
  g_assert_cmpint (chown (copy, 1, 1), ==, 0);
  g_assert_cmpint (chmod (copy, 04755), ==, 0);
  g_assert_cmpint (chmod (directory, 0755), ==, 0);
  return g_steal_pointer (&copy);
}

/* Another user's process is told of after a bounded time, and goes on; the guard goes when it does. */
static void
test_survivor (void)
{
  g_autoptr (TestProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = NULL;
  g_autofree char *program = NULL;
  g_autofree char *script = NULL;
  g_autofree char *pid = NULL;
  g_autofree char *members = NULL;
  int              life[2];

  if (!g_test_subprocess ())
    {
      if (!test_tree_can_find_strays ())
        return;
      directory = g_dir_make_tmp ("procstream-XXXXXX", NULL);
      program = make_foreign_child (directory);
      if (program)
        {
          g_setenv ("PROCSTREAM_TEST_FOREIGN", program, TRUE);
          g_test_trap_subprocess ("/guard/survivor", 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
          g_unlink (program);
          if (g_test_trap_reached_timeout () || !g_test_trap_has_passed ())
            g_test_trap_assert_passed ();
        }
      rmdir (directory);
      return;
    }
  g_assert_cmpint (setresgid (65534, 65534, 65534), ==, 0);
  g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
  process = test_tree_new ();
  g_assert_cmpint (pipe2 (life, O_CLOEXEC), ==, 0);
  procstream_launcher_take_fd (process->launcher, life[0], 3);
  script = g_strdup_printf ("setsid \"%s\" as-owner <&3 & exec sleep 1000", g_getenv ("PROCSTREAM_TEST_FOREIGN"));
  test_tree_begin (process, script);
  test_tree_await_lines (process, 1);
  if (g_str_has_prefix (process->err->str, "own "))
    {
      g_test_skip ("programs with more rights have no effect here");
      procstream_child_kill (process->child, NULL);
      return;
    }
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_exited (process);
  g_assert_false (procstream_child_terminate (process->child, NULL, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS);
  pid = g_strchomp (g_strdup (process->err->str + strlen ("foreign ")));
  members = g_strdup_printf ("members of its tree (%s)", pid);
  g_assert_nonnull (strstr (error->message, members));
  g_assert_false (process->completed);
  close (life[1]);
  test_process_run_to_completed (process);
  g_subprocess_wait (procstream_child_get_subprocess (process->child), NULL, NULL);
}

/* --- Control groups ----------------------------------------------------------------------------------------------------------- */

/* Makes a group below our own, as delegated as systemd would make it. NULL: that cannot be had here. */
static char *
make_delegated_group (void)
{
  const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
  g_autofree char  *text = NULL;
  g_autofree char  *name = g_strdup_printf ("procstream-test-%d", getpid ());
  char             *own;

  if (!g_file_get_contents ("/proc/self/cgroup", &text, NULL, NULL) || (own = strstr (text, "0::/")) == NULL)
    return NULL;
  own = g_strchomp (own + strlen ("0::"));
  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    {
      g_autofree char *directory = g_build_filename (roots[i], own, name, NULL);
      g_autofree char *control = g_build_filename (directory, "cgroup.kill", NULL);

      if (g_mkdir (directory, 0755) != 0)
        continue;
      if (g_access (control, W_OK) == 0 && setxattr (directory, "user.delegate", "1", 1, 0) == 0)
        return g_steal_pointer (&directory);
      g_rmdir (directory);
    }
  return NULL;
}

static void
enter_group (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, "cgroup.procs", NULL);
  int              fd = open (path, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (write (fd, "0", 1), ==, 1);
  close (fd);
}

/* What is below the group has its name and gets the blow, also where /proc cannot be read; and it is gone after that. */
static void
run_in_group (const char *directory)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autofree char *leaf = NULL;
  g_autofree char *name = NULL;

  enter_group (directory);
  procstream_launcher_set_guard_grace_ms (process->launcher, NEVER_MS);
  test_tree_begin (process, "cat /proc/self/cgroup; setsid sh -c 'trap \"\" TERM; echo up >&2; sleep 1000' & sleep 1000");
  test_tree_await_lines (process, 1);
  name = g_strdup_printf ("procstream-%d", test_tree_get_guard (process));
  leaf = g_build_filename (directory, name, NULL);
  g_assert_true (g_file_test (leaf, G_FILE_TEST_IS_DIR));
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  g_assert_nonnull (strstr (process->out->str, name));
  g_assert_false (g_file_test (leaf, G_FILE_TEST_EXISTS));
}

static void
test_cgroup (void)
{
  g_autofree char *directory = NULL;

  if (g_test_subprocess ())
    {
      run_in_group (g_getenv ("PROCSTREAM_TEST_CGROUP"));
      return;
    }
  directory = make_delegated_group ();
  if (directory == NULL)
    {
      g_test_skip ("no control group of version 2 can be made and delegated here");
      return;
    }
  g_setenv ("PROCSTREAM_TEST_CGROUP", directory, TRUE);
  g_test_trap_subprocess ("/guard/cgroup", 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_rmdir (directory);
  g_test_trap_assert_passed ();
}

/* --- Stops -------------------------------------------------------------------------------------------------------------------- */

static void
await_event (int pid,
             int options,
             int code,
             int status)
{
  siginfo_t info = { 0 };

  g_assert_cmpint (waitid (P_PID, (id_t) pid, &info, options), ==, 0);
  g_assert_cmpint (info.si_code, ==, code);
  g_assert_cmpint (info.si_status, ==, status);
}

/* The guard stops as the child does, and goes on with it, as often as it likes. */
static void
test_stop (gconstpointer data)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  int signum = GPOINTER_TO_INT (data);
  int guard;

  test_process_create_mode (process, "trap");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  guard = test_tree_get_guard (process);
  for (int i = 0; i < 3; i++)
    {
      g_assert_true (procstream_child_send_signal (process->child, signum, NULL));
      await_event (guard, WSTOPPED, CLD_STOPPED, signum);
      g_assert_true (procstream_child_send_signal (process->child, SIGCONT, NULL));
      await_event (guard, WCONTINUED, CLD_CONTINUED, SIGCONT);
      /* It has heard all that was said. */
      test_tree_await_state (guard, 'S');
    }
  /* As somebody would who sees the guard alone. */
  kill (guard, signum == SIGSTOP ? SIGTSTP : signum);
  await_event (guard, WSTOPPED, CLD_STOPPED, signum == SIGSTOP ? SIGTSTP : signum);
  test_tree_await_state (procstream_child_get_pid (process->child), 'T');
  kill (guard, SIGCONT);
  await_event (guard, WCONTINUED, CLD_CONTINUED, SIGCONT);
  g_assert_true (procstream_child_send_signal (process->child, SIGHUP, NULL));
  test_process_run_until_out (process, strlen ("ready\nHUP\n"));
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
}

/* As the terminal has it done: the child and its guard. */
static void
test_continue (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  int guard;

  test_process_create_mode (process, "trap");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  guard = test_tree_get_guard (process);
  for (int i = 0; i < 3; i++)
    {
      g_assert_no_errno (kill (procstream_child_get_pid (process->child), SIGSTOP));
      test_tree_await_state (guard, 'T');
      procstream_child_core_continue (process->child->core);
      test_tree_await_state (procstream_child_get_pid (process->child), 'S');
      test_tree_await_state (guard, 'S');
    }
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
}

/* A child that was killed while it was stopped, by somebody else, is known to have ended. */
static void
test_stop_killed (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();

  test_process_create_mode (process, "sleep-forever");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  g_assert_true (procstream_child_send_signal (process->child, SIGSTOP, NULL));
  test_tree_await_state (test_tree_get_guard (process), 'T');
  kill (procstream_child_get_pid (process->child), SIGKILL);
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
}

/* Ending it works as with others. */
static void
test_stop_terminated (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "trap-exit 4");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  g_assert_true (procstream_child_send_signal (process->child, SIGSTOP, NULL));
  test_tree_await_state (test_tree_get_guard (process), 'T');
  procstream_child_terminate (process->child, NULL, PROCSTREAM_NO_TIMEOUT, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 4);
}

/* It would be ended with the program all the same. */
static void
test_detach (void)
{
  for (int guarded = FALSE; guarded <= TRUE; guarded++)
    {
      g_autoptr (TestProcess) process = test_tree_new ();
      g_autoptr (GError) error = NULL;

      if (!guarded)
        {
          procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_GROUP);
          procstream_launcher_set_parent_death_signal (process->launcher, SIGTERM);
        }
      test_process_create_mode (process, "sleep-forever");
      g_assert_false (procstream_child_detach (process->child, &error));
      g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
      g_assert_cmpint (procstream_child_get_lifetime (process->child), ==, PROCSTREAM_LIFETIME_APPLICATION);
    }
}

int
main (int    argc,
      char **argv)
{
  const gpointer no_group = GUINT_TO_POINTER (PROCSTREAM_FEATURE_PIDFD_GROUP);
  const gpointer no_pidfd = GUINT_TO_POINTER (PROCSTREAM_FEATURE_PIDFD);

  test_init (&argc, &argv);
  test_add_func ("/guard/status", test_status);
  test_add_func ("/guard/status/ignored", test_status_ignored);
  test_add_func ("/guard/status/reaped", test_status_reaped);
  test_add_func ("/guard/detach", test_detach);
  test_add_func ("/guard/identity", test_identity);
  test_add_func ("/guard/descriptors", test_descriptors);
  test_add_func ("/guard/no-program", test_no_program);
  test_add_func ("/guard/not-adopting", test_not_adopting);
  test_add_func ("/guard/forwarded", test_forwarded);
  test_add_func ("/guard/own-group", test_own_group);
  test_add_func ("/guard/no-core", test_no_core);
  test_add_func ("/guard/pending", test_pending);
  test_add_func ("/guard/guard-killed", test_guard_killed);
  test_add_func ("/guard/pty", test_pty);
  test_add_func ("/guard/usage", test_usage);
  test_add_func ("/guard/exit", test_exit);
  test_add_func ("/guard/exit/ignored", test_exit_ignored);
  test_add_func ("/guard/exit/at-once", test_exit_at_once);
  test_add_func ("/guard/exit/stopped", test_exit_stopped);
  test_add_func ("/guard/kill", test_kill);
  test_add_data_func ("/guard/signal", NULL, test_signal);
  test_add_data_func ("/guard/signal/no-group", no_group, test_signal);
  test_add_data_func ("/guard/signal/no-pidfd", no_pidfd, test_signal);
  test_add_data_func ("/guard/keep", NULL, test_keep);
  test_add_data_func ("/guard/keep/no-group", no_group, test_keep);
  test_add_data_func ("/guard/keep/no-pidfd", no_pidfd, test_keep);
  test_add_func ("/guard/keep/end", test_keep_end);
  test_add_func ("/guard/survivor", test_survivor);
  test_add_func ("/guard/cgroup", test_cgroup);
  test_add_data_func ("/guard/stop", GINT_TO_POINTER (SIGSTOP), test_stop);
  test_add_data_func ("/guard/stop/terminal", GINT_TO_POINTER (SIGTSTP), test_stop);
  test_add_func ("/guard/stop/continued", test_continue);
  test_add_func ("/guard/stop/killed", test_stop_killed);
  test_add_func ("/guard/stop/terminated", test_stop_terminated);
  return g_test_run ();
}
