/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-platform-private.h"
#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-utils.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that another part of the program waits for, on a kernel that keeps nothing of those that were reaped. */

/* GLib's own thread, which reaps, stopped: what ends there is the last reference to a process that it has reaped. */
typedef struct
{
  GMutex   mutex;
  GCond    cond;
  gboolean held;
  gboolean let_go;
} WorkerHold;

static void
hold_worker_cb (gpointer data,
                GObject *where_the_object_was)
{
  WorkerHold *hold = data;

  g_mutex_lock (&hold->mutex);
  hold->held = TRUE;
  g_cond_broadcast (&hold->cond);
  while (!hold->let_go)
    g_cond_wait (&hold->cond, &hold->mutex);
  g_mutex_unlock (&hold->mutex);
}

static void
hold_worker (WorkerHold *hold)
{
  GSubprocess *last = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE, NULL, "cat", NULL);
  g_autoptr (GOutputStream) pipe = NULL;

  g_assert_nonnull (last);
  pipe = g_object_ref (g_subprocess_get_stdin_pipe (last));
  *hold = (WorkerHold){ 0 };
  g_mutex_init (&hold->mutex);
  g_cond_init (&hold->cond);
  g_object_weak_ref (G_OBJECT (last), hold_worker_cb, hold);
  g_object_unref (last);
  g_output_stream_close (pipe, NULL, NULL);
  g_mutex_lock (&hold->mutex);
  while (!hold->held)
    g_cond_wait (&hold->cond, &hold->mutex);
  g_mutex_unlock (&hold->mutex);
}

static void
let_worker_go (WorkerHold *hold)
{
  g_mutex_lock (&hold->mutex);
  hold->let_go = TRUE;
  g_cond_broadcast (&hold->cond);
  g_mutex_unlock (&hold->mutex);
}

/* @seen: the library has a look at it before it is reaped by somebody else. */
static void
expect_reaped (gboolean seen,
               int      exit_code)
{
  g_autoptr (TestProcess) process = test_process_new ();
  WorkerHold worker;
  TestHold   hold;
  int        pid, status;
  siginfo_t  info = { 0 };

  test_process_spawn_mode (process, "trap-exit 7");
  test_process_listen (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  pid = procstream_child_get_pid (process->child);
  hold_worker (&worker);
  if (!seen)
    test_hold_begin (&hold);
  g_assert_no_errno (kill (pid, SIGTERM));
  g_assert_no_errno (waitid (P_PID, (id_t) pid, &info, WEXITED | WNOWAIT));
  if (seen)
    {
      test_hold_pass ();
      test_hold_begin (&hold);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (WEXITSTATUS (status), ==, 7);
  test_hold_end (&hold);
  let_worker_go (&worker);
  test_process_run_to_exited (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, exit_code);
  g_assert_false (procstream_result_get_success (procstream_child_get_result (process->child)));
}

/* Somebody else waits for a child: what was seen before counts, and from then on a 0 of GLib proves nothing. */
static void
test_reaped_by_others (void)
{
  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
    {
      g_test_skip ("needs pidfds");
      return;
    }
  if (g_test_subprocess ())
    {
      expect_reaped (TRUE, 7);
      expect_reaped (FALSE, -1);
      return;
    }
  g_setenv ("PROCSTREAM_DISABLE_FEATURES", "pidfd-status", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_unsetenv ("PROCSTREAM_DISABLE_FEATURES");
  g_test_trap_assert_passed ();
}

/* Its guard is killed, and somebody else waits for that: it has told nothing. */
static void
expect_guard_reaped (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  WorkerHold worker;
  int        guard;

  procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_TREE);
  test_process_spawn_mode (process, "trap");
  test_process_listen (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  guard = atoi (g_subprocess_get_identifier (procstream_child_get_subprocess (process->child)));
  hold_worker (&worker);
  g_assert_no_errno (kill (guard, SIGKILL));
  g_assert_cmpint (waitpid (guard, NULL, 0), ==, guard);
  let_worker_go (&worker);
  test_process_run_to_exited (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, -1);
  g_assert_false (procstream_result_get_success (procstream_child_get_result (process->child)));
}

static void
test_guard_reaped_by_others (void)
{
  if (g_test_subprocess ())
    {
      expect_guard_reaped ();
      return;
    }
  g_setenv ("PROCSTREAM_DISABLE_FEATURES", "pidfd-status", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_unsetenv ("PROCSTREAM_DISABLE_FEATURES");
  g_test_trap_assert_passed ();
}

/* Somebody else waits for a child that is being ended: that is an end like any other, and nobody is signalled after it. */
static void
test_reaped_in_shutdown (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamShutdown) endless = procstream_shutdown_new_terminate (600000);
  g_autoptr (GAsyncResult) ended = NULL;
  g_autoptr (GError) error = NULL;
  WorkerHold worker;
  int        pid;

  test_process_spawn_mode (process, "trap");
  test_process_listen (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  pid = procstream_child_get_pid (process->child);
  procstream_child_terminate_async (process->child, endless, NULL, test_store_result_cb, &ended);
  test_process_run_until_out (process, strlen ("ready\nTERM\n"));
  hold_worker (&worker);
  g_assert_no_errno (kill (pid, SIGKILL));
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  let_worker_go (&worker);
  test_wait_result (NULL, "the end", &ended);
  g_assert_true (procstream_child_terminate_finish (process->child, ended, &error));
  g_assert_no_error (error);
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_EXITED);
  g_assert_cmpint (procstream_result_get_cause (procstream_child_get_result (process->child)), ==, PROCSTREAM_CAUSE_TERMINATED);
  g_assert_cmpint (procstream_result_get_phase (procstream_child_get_result (process->child)), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  test_add_func ("/reaped/by-others", test_reaped_by_others);
  test_add_func ("/reaped/guard-by-others", test_guard_reaped_by_others);
  test_add_func ("/reaped/in-shutdown", test_reaped_in_shutdown);
  return g_test_run ();
}
