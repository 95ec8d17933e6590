/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Nothing outlives the program whose children have guards, however it ends. Whether something does is seen by what each process of a tree
 * holds: the standard output of the program, whose end comes when the last of them has gone. */

#include "test-clean.h"
#include "test-start.h"
#include "test-tree.h"
#include "test-utils.h"

#include "procstream-platform-private.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static TestProcess *
inheriting_new (void)
{
  TestProcess *self = test_tree_new ();
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();

  procstream_launcher_set_stdout_config (self->launcher, inherit);
  return self;
}

static void
run_killed (const char *test)
{
  int status = test_tree_run_program (test);

  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

/* It does not come back. */
static void
kill_program (void)
{
  kill (getpid (), SIGKILL);
}

static void
test_killed (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      if (test_tree_can_find_strays ())
        run_killed ("/guard-program/killed");
      return;
    }
  process = inheriting_new ();
  test_tree_begin (process, TEST_TREE);
  test_tree_await_lines (process, 1);
  kill_program ();
}

/* What is known without /proc is the child and its group. */
static void
test_group (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      run_killed ("/guard-program/group");
      return;
    }
  process = inheriting_new ();
  test_tree_begin (process, "sleep 1000 & echo up >&2; exec sleep 1000");
  test_tree_await_lines (process, 1);
  kill_program ();
}

/* What /proc shows there are others, by other numbers. */
static void
begin_in_namespace (TestProcess *process)
{
  g_autofree char *own = g_strdup_printf ("%d", getpid ());
  g_autofree char *shown = g_file_read_link ("/proc/self", NULL);

  g_assert_cmpstr (shown, !=, own);
  test_tree_begin (process, "setsid sh -c 'trap \"\" TERM; echo up >&2; sleep 1000' & trap '' TERM; echo up >&2; sleep 1000");
  test_tree_await_lines (process, 2); /* who leaves the group has left it */
}

static void
test_namespace (void)
{
  g_autoptr (TestProcess) process = NULL;
  int status;

  if (!g_test_subprocess ())
    {
      status = test_tree_can_find_strays () ? test_tree_run_in_namespace ("/guard-program/namespace") : -1;
      if (status >= 0)
        g_assert_cmpint (status, ==, 128 + SIGKILL);
      return;
    }
  process = inheriting_new ();
  begin_in_namespace (process);
  kill_program ();
}

/* All through the guard, which the kernel could do without for the group. */
static void
test_namespace_terminated (void)
{
  g_autoptr (TestProcess) process = NULL;
  g_autoptr (ProcstreamShutdown) shutdown = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  if (!g_test_subprocess ())
    {
      status = test_tree_can_find_strays () ? test_tree_run_in_namespace ("/guard-program/namespace/terminated") : -1;
      if (status >= 0)
        g_assert_cmpint (status, ==, 6);
      return;
    }
  procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD_GROUP);
  process = inheriting_new ();
  begin_in_namespace (process);
  shutdown = procstream_shutdown_new_kill ();
  procstream_child_terminate (process->child, shutdown, PROCSTREAM_NO_TIMEOUT, NULL, &error);
  g_assert_no_error (error);
  _exit (6);
}

/* What a copy of the program has that knows nothing of the library: the channel to the guard, whose end is not the program's then. */
static void
hold_channel (int guard)
{
  struct pollfd fd = { procstream_platform_pidfd_open (guard), POLLIN, 0 };

  if (syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) != 0)
    return;
  close (STDOUT_FILENO);
  poll (&fd, 1, TEST_WATCHDOG_SECONDS * 1000);
  _exit (0);
}

/* Each way in which the guard hears of the death of the program does alone. */
static void
test_one_way (gconstpointer data)
{
  const char      *way = data;
  g_autofree char *test = g_strdup_printf ("/guard-program/one-way/%s", way);
  g_autofree char *upper = g_ascii_strup (way, -1);
  g_autofree char *variable = g_strdup_printf ("PROCSTREAM_TEST_HELPER_BY_%s", upper);
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      run_killed (test);
      return;
    }
  g_assert_nonnull (g_getenv (variable));
  g_setenv ("PROCSTREAM_HELPER", g_getenv (variable), TRUE);
  process = inheriting_new ();
  test_tree_begin (process, "sleep 1000 & echo up >&2; exec sleep 1000");
  test_tree_await_lines (process, 1);
  if (strcmp (way, "channel") != 0)
    hold_channel (test_tree_get_guard (process));
  kill_program ();
}

/* The start was asked for, and not more. */
static void
test_asked (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      run_killed ("/guard-program/asked");
      return;
    }
  process = inheriting_new ();
  test_process_create_mode (process, "sleep-forever");
  procstream_child_start_async (process->child, NULL, NULL, NULL);
  kill_program ();
}

/* A helper that was built for this kills the program at a given moment, and goes on when it is gone. The last moment is that which nothing
 * reaches, so that it is known that all others were. */
static void
test_moments (void)
{
  g_autoptr (TestProcess) process = NULL;
  const char *helper = g_getenv ("PROCSTREAM_TEST_KILLING_HELPER");

  if (!g_test_subprocess ())
    {
      g_assert_nonnull (helper);
      for (int i = 0; i < 6; i++)
        {
          g_autofree char *moment = g_strdup_printf ("%d", i);

          g_setenv ("PROCSTREAM_TEST_MOMENT", moment, TRUE);
          run_killed ("/guard-program/moments");
        }
      g_setenv ("PROCSTREAM_TEST_MOMENT", "6", TRUE);
      g_assert_cmpint (test_tree_run_program ("/guard-program/moments"), ==, W_EXITCODE (5, 0));
      return;
    }
  g_setenv ("PROCSTREAM_HELPER", helper, TRUE);
  process = inheriting_new ();
  test_process_create_mode (process, "sleep-forever");
  procstream_child_start (process->child, NULL);
  _exit (5);
}

/* The child is gone, and the guard about to end what it left. */
static void
test_ending (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      if (test_tree_can_find_strays ())
        run_killed ("/guard-program/ending");
      return;
    }
  process = inheriting_new ();
  test_tree_begin (process, TEST_TREE);
  test_tree_await_lines (process, 1);
  procstream_child_kill (process->child, NULL);
  kill_program ();
}

/* The child, and so the guard, has stopped. */
static void
test_stopped (void)
{
  g_autoptr (TestProcess) process = NULL;
  int signums[] = { SIGSTOP, SIGTSTP };

  if (!g_test_subprocess ())
    {
      for (guint i = 0; i < G_N_ELEMENTS (signums); i++)
        {
          g_autofree char *signum = g_strdup_printf ("%d", signums[i]);

          g_setenv ("PROCSTREAM_TEST_SIGNAL", signum, TRUE);
          run_killed ("/guard-program/stopped");
        }
      return;
    }
  process = inheriting_new ();
  test_tree_begin (process, "echo ready >&2; exec sleep 1000");
  test_tree_await_lines (process, 1);
  g_assert_true (procstream_child_send_signal (process->child, atoi (g_getenv ("PROCSTREAM_TEST_SIGNAL")), NULL));
  test_tree_await_state (test_tree_get_guard (process), 'T');
  kill_program ();
}

/* The program is killed while the guard is about to stop: before the stop is pending, before it has looked, and after. */
static void
test_stopping (gconstpointer data)
{
  g_autoptr (TestProcess) process = NULL;
  int signum = GPOINTER_TO_INT (data);

  if (!g_test_subprocess ())
    {
      if (signum == SIGSTOP && test_on_emulator ())
        {
          g_test_skip ("the emulator does not make a process that holds another");
          return;
        }
      for (int i = 7; i <= 9; i++)
        {
          g_autofree char *moment = g_strdup_printf ("%d", i);

          g_setenv ("PROCSTREAM_TEST_MOMENT", moment, TRUE);
          run_killed (signum == SIGSTOP ? "/guard-program/stopping" : "/guard-program/stopping/terminal");
        }
      return;
    }
  g_setenv ("PROCSTREAM_HELPER", g_getenv ("PROCSTREAM_TEST_KILLING_HELPER"), TRUE);
  process = inheriting_new ();
  test_tree_begin (process, "echo ready >&2; exec sleep 1000");
  test_tree_await_lines (process, 1);
  g_assert_true (procstream_child_send_signal (process->child, signum, NULL));
  for (;;)
    pause ();
}

static char *
read_time_on_cpu (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/schedstat", pid);
  char            *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("");
}

/* A terminal's stop has no effect on a guard whose parent has gone to another session, and which then rests. */
static void
test_stopped_orphaned (void)
{
  g_autoptr (TestProcess) process = NULL;
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;
  int    guard;

  if (!g_test_subprocess ())
    {
      run_killed ("/guard-program/stopped/orphaned");
      return;
    }
  process = inheriting_new ();
  test_tree_begin (process, "echo ready >&2; exec sleep 1000");
  test_tree_await_lines (process, 1);
  guard = test_tree_get_guard (process);
  g_assert_cmpint (setsid (), ==, getpid ());
  g_assert_true (procstream_child_send_signal (process->child, SIGTSTP, NULL));
  test_tree_await_state (procstream_child_get_pid (process->child), 'T');
  for (;;)
    {
      g_autofree char *before = read_time_on_cpu (guard);
      g_autofree char *after = NULL;

      g_usleep (100 * 1000);
      after = read_time_on_cpu (guard);
      if (strcmp (before, after) == 0)
        break;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  kill_program ();
}

/* The child has gone, and left something that was to be kept. */
static void
test_kept (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      if (test_tree_can_find_strays ())
        run_killed ("/guard-program/kept");
      return;
    }
  process = inheriting_new ();
  procstream_launcher_set_keep_descendants (process->launcher, TRUE);
  test_tree_begin (process, "setsid sleep 1000 & exit 0");
  test_process_run_to_exited (process);
  kill_program ();
}

/* The same, when the program returns. Its shutdown does not wait for long. */
static void
test_kept_exit (void)
{
  TestProcess *process;
  g_autoptr (ProcstreamShutdown) shutdown = NULL;

  if (!g_test_subprocess ())
    {
      if (test_tree_can_find_strays ())
        g_assert_cmpint (test_tree_run_program ("/guard-program/kept/exit"), ==, W_EXITCODE (6, 0));
      return;
    }
  process = inheriting_new ();
  shutdown = procstream_shutdown_new_kill ();
  procstream_launcher_set_shutdown (process->launcher, shutdown);
  procstream_launcher_set_keep_descendants (process->launcher, TRUE);
  test_tree_begin (process, "setsid sh -c 'trap \"\" TERM; echo up >&2; sleep 1000' & exit 0");
  test_tree_await_lines (process, 1);
  test_process_free (process);
  exit (6);
}

/* Asked by the signal that was set, in another session as well. */
static void
test_signal (void)
{
  g_autoptr (TestProcess) process = NULL;
  g_autofree char *directory = NULL;
  g_autofree char *file = NULL;
  g_autofree char *text = NULL;
  g_autofree char *script = NULL;

  if (g_test_subprocess ())
    {
      process = inheriting_new ();
      procstream_launcher_set_parent_death_signal (process->launcher, SIGUSR1);
      procstream_launcher_set_guard_grace_ms (process->launcher, 20 * 1000);
      script = g_strdup_printf ("trap 'exit' USR1; setsid sh -c 'trap \"echo heard >%s; exit\" USR1; echo up >&2; sleep 1000 & wait' & sleep 1000 & wait",
                                g_getenv ("PROCSTREAM_TEST_FILE"));
      test_tree_begin (process, script);
      test_tree_await_lines (process, 1);
      kill_program ();
    }
  if (!test_tree_can_find_strays ())
    return;
  directory = g_dir_make_tmp ("procstream-XXXXXX", NULL);
  file = g_build_filename (directory, "heard", NULL);
  g_setenv ("PROCSTREAM_TEST_FILE", file, TRUE);
  run_killed ("/guard-program/signal");
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "heard\n");
  unlink (file);
  rmdir (directory);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/guard-program/killed", test_killed);
  test_add_func ("/guard-program/group", test_group);
  test_add_func ("/guard-program/namespace", test_namespace);
  test_add_func ("/guard-program/namespace/terminated", test_namespace_terminated);
  test_add_data_func ("/guard-program/one-way/pidfd", "pidfd", test_one_way);
  test_add_data_func ("/guard-program/one-way/channel", "channel", test_one_way);
  test_add_data_func ("/guard-program/one-way/signal", "signal", test_one_way);
  test_add_func ("/guard-program/asked", test_asked);
  test_add_func ("/guard-program/moments", test_moments);
  test_add_func ("/guard-program/ending", test_ending);
  test_add_func ("/guard-program/stopped", test_stopped);
  test_add_func ("/guard-program/stopped/orphaned", test_stopped_orphaned);
  test_add_data_func ("/guard-program/stopping", GINT_TO_POINTER (SIGSTOP), test_stopping);
  test_add_data_func ("/guard-program/stopping/terminal", GINT_TO_POINTER (SIGTSTP), test_stopping);
  test_add_func ("/guard-program/kept", test_kept);
  test_add_func ("/guard-program/kept/exit", test_kept_exit);
  test_add_func ("/guard-program/signal", test_signal);
  return g_test_run ();
}
