/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-child-private.h"
#include "procstream-group-private.h"
#include "procstream-platform-private.h"
#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-start.h"
#include "test-tree.h"
#include "test-utils.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Long enough that a phase never ends by its time; such a time is never waited for. */
#define NEVER_MS 600000

static void
use_pipe (TestProcess *process)
{
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
}

/* What a mode says first tells that it is where it should be. */
static void
spawn_and_hear (TestProcess *process,
                const char  *mode)
{
  test_process_spawn_mode (process, mode);
  test_process_listen (process);
  test_process_run_until_out (process, 2);
  while (process->out->str[process->out->len - 1] != '\n')
    test_process_run_until_out (process, process->out->len + 1);
}

static void
terminate (TestProcess        *process,
           ProcstreamShutdown *shutdown) /* taken */
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_child_terminate (process->child, shutdown, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_EXITED);
  g_clear_object (&shutdown);
}

/* Now, and not soon; one that its new parent has not waited for is gone. */
static void
assert_gone (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *stat = NULL;

  if (g_file_get_contents (path, &stat, NULL, NULL))
    g_assert_nonnull (strstr (stat, ") Z "));
}

static gboolean
can_signal_group (void)
{
  return procstream_platform_has (PROCSTREAM_FEATURE_PIDFD) && procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP);
}

/* --- Phases ------------------------------------------------------------------------------------------------------------------- */

static void
phase_cb (ProcstreamChild         *child,
          ProcstreamShutdownPhase *phase,
          GString                 *log)
{
  g_autofree char *text = procstream_shutdown_phase_to_string (phase);

  g_string_append_printf (log, "%s, ", text);
}

static void
test_default (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (ProcstreamResult) result = NULL;

  spawn_and_hear (process, "sleep-forever");
  g_signal_connect (process->child, "terminating", G_CALLBACK (phase_cb), log);
  terminate (process, NULL);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGTERM);
  test_process_run_to_completed (process);
  g_assert_cmpstr (log->str, ==, "SIGTERM, ");
  /* Once more: nothing is sent, and it is a success. */
  terminate (process, NULL);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (log->str, ==, "SIGTERM, ");
  /* Nor does that make anybody forget what was done. */
  result = procstream_child_complete (process->child, NULL, NULL, NULL);
  g_assert_cmpint (procstream_result_get_phase (result), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (procstream_result_get_attempts (result)), ==, 1);
  g_signal_handlers_disconnect_by_data (process->child, log);
}

static void
test_all_phases (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GString) log = g_string_new (NULL);

  spawn_and_hear (process, "trap");
  g_signal_connect (process->child, "terminating", G_CALLBACK (phase_cb), log);
  terminate (process, procstream_shutdown_new_interrupt_terminate (1000, 1000));
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "ready\nINT\nTERM\n");
  g_assert_cmpstr (log->str, ==, "SIGINT, SIGTERM, SIGKILL, ");
  g_signal_handlers_disconnect_by_data (process->child, log);
}

static void
test_graceful_exit (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  spawn_and_hear (process, "trap-exit 7");
  terminate (process, procstream_shutdown_new_terminate (NEVER_MS));
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 7);
}

/* Whatever it is told to end by: it ends of that, and is told nothing more. */
static void
test_exit_in_each_phase (void)
{
  static const struct
  {
    const char *mode;
    gint64      graces[2];
    const char *out;
  } phases[] = {
    { "trap 2 7", { NEVER_MS, NEVER_MS }, "ready\nINT\n" },
    { "trap 15 7", { 1000, NEVER_MS }, "ready\nINT\nTERM\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();

      spawn_and_hear (process, phases[i].mode);
      terminate (process, procstream_shutdown_new_interrupt_terminate (phases[i].graces[0], phases[i].graces[1]));
      g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 7);
      g_assert_cmpint (procstream_result_get_phase (procstream_child_get_result (process->child)), ==, i);
      test_process_run_to_completed (process);
      g_assert_cmpstr (process->out->str, ==, phases[i].out);
    }
}

/* However quickly it would exit, the kill is sent; what wins is up to the kernel. */
static void
test_zero_grace (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GString) log = g_string_new (NULL);

  spawn_and_hear (process, "trap-exit 0");
  g_signal_connect (process->child, "terminating", G_CALLBACK (phase_cb), log);
  terminate (process, procstream_shutdown_new_terminate (0));
  test_process_run_to_completed (process);
  g_assert_cmpstr (log->str, ==, "SIGTERM, SIGKILL, ");
  g_signal_handlers_disconnect_by_data (process->child, log);
}

/* It could not act on the signal otherwise. */
static void
test_stopped (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  spawn_and_hear (process, "trap-exit 5 stop");
  terminate (process, procstream_shutdown_new_terminate (NEVER_MS));
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 5);
}

static void
test_stdin_phases (void)
{
  g_autoptr (TestProcess) closing = test_process_new ();
  g_autoptr (TestProcess) writing = test_process_new ();
  g_autoptr (TestProcess) without = test_process_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("q", 1);
  ProcstreamShutdown *shutdown = procstream_shutdown_new ();

  use_pipe (closing);
  test_process_spawn_mode (closing, "cat");
  procstream_shutdown_add_close_stdin (shutdown, NEVER_MS);
  terminate (closing, g_object_ref (shutdown));
  g_assert_cmpint (procstream_child_get_exit_code (closing->child), ==, 0);

  /* Where there is no pipe the phase is skipped. */
  test_process_spawn_mode (without, "sleep-forever");
  terminate (without, shutdown);
  g_assert_cmpint (procstream_child_get_term_signal (without->child), ==, SIGKILL);

  use_pipe (writing);
  spawn_and_hear (writing, "write-wait-write a\n b\n 3");
  shutdown = procstream_shutdown_new ();
  procstream_shutdown_add_write (shutdown, bytes, NEVER_MS);
  terminate (writing, shutdown);
  g_assert_cmpint (procstream_child_get_exit_code (writing->child), ==, 3);
}

static void
test_leader_only (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  ProcstreamShutdown *shutdown = procstream_shutdown_new ();
  int                 grandchild;

  spawn_and_hear (process, "tree");
  grandchild = atoi (process->out->str);
  procstream_shutdown_add_signal (shutdown, SIGTERM, PROCSTREAM_SIGNAL_TARGET_LEADER, 1000);
  if (can_signal_group ())
    {
      terminate (process, shutdown);
      assert_gone (grandchild);
      return;
    }
  g_assert_false (procstream_child_terminate (process->child, shutdown, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  kill (grandchild, SIGKILL);
  test_await_gone (grandchild);
  g_object_unref (shutdown);
}

static void
test_nonsense (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamShutdown) empty = procstream_shutdown_new ();
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "sleep-forever");
  g_assert_false (procstream_child_terminate (process->child, NULL, -1, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);
  test_process_start (process);
  g_assert_false (procstream_child_terminate (process->child, empty, -1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  terminate (process, procstream_shutdown_new_kill ());
}

/* --- The group ---------------------------------------------------------------------------------------------------------------- */

/* Success is not that the leader is gone. */
static void
test_survivors (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamShutdown) brief = procstream_shutdown_new_terminate (1000);
  g_autoptr (GError) error = NULL;
  int grandchild;

  spawn_and_hear (process, "stubborn");
  grandchild = atoi (process->out->str);
  if (can_signal_group ())
    {
      terminate (process, g_object_ref (brief));
      assert_gone (grandchild);
      return;
    }
  /* What is out of reach is reported, with its number. */
  g_assert_false (procstream_child_terminate (process->child, brief, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS);
  g_assert_nonnull (strstr (error->message, "“test-child”"));
  g_assert_nonnull (strstr (error->message, g_strstrip (process->out->str)));
  g_assert_cmpint (kill (grandchild, 0), ==, 0);
  kill (grandchild, SIGKILL);
  test_await_gone (grandchild);
}

/* The leader is killed together with its group: that works on every kernel. */
static void
test_kill_group (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  int grandchild;

  spawn_and_hear (process, "stubborn");
  grandchild = atoi (process->out->str);
  terminate (process, procstream_shutdown_new_kill ());
  assert_gone (grandchild);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
}

/* As the terminal has it done: everybody in the group. */
static void
test_continue (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  int grandchild;

  spawn_and_hear (process, "tree");
  grandchild = atoi (process->out->str);
  g_assert_no_errno (kill (-procstream_child_get_pid (process->child), SIGSTOP));
  test_tree_await_state (procstream_child_get_pid (process->child), 'T');
  test_tree_await_state (grandchild, 'T');
  procstream_child_core_continue (process->child->core);
  test_tree_await_state (procstream_child_get_pid (process->child), 'S');
  test_tree_await_state (grandchild, 'S');
  terminate (process, NULL);
  test_await_gone (grandchild);
}

/* A child whose pidfd was never had, on whatever kernel: who is left of its group is told of, and not taken for gone. */
static void
test_without_its_pidfd (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *last = NULL;
  gboolean         had_pidfds = procstream_platform_has (PROCSTREAM_FEATURE_PIDFD);
  int              grandchild;

  procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD);
  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  spawn_and_hear (process, "stubborn");
  if (had_pidfds)
    procstream_platform_enable (PROCSTREAM_FEATURE_PIDFD);
  grandchild = atoi (process->out->str);
  g_assert_no_errno (kill (procstream_child_get_pid (process->child), SIGKILL));
  test_process_run_to_exited (process);
  g_assert_false (procstream_child_terminate (process->child, NULL, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS);
  g_assert_nonnull (strstr (error->message, "cannot be reached"));
  g_assert_nonnull (strstr (error->message, " s, and"));
  last = g_strdup_printf ("its last output:\n%d", grandchild);
  g_assert_true (g_str_has_suffix (error->message, last));
  g_assert_no_errno (kill (grandchild, SIGKILL));
  test_await_gone (grandchild);
  terminate (process, NULL);
}

/* A process that has left its group is ended all the same, whether there is somebody in it or not. */
static void
test_left_group (void)
{
  static const char *const modes[] = { "leave-group", "leave-group member" };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      int member;

      spawn_and_hear (process, modes[i]);
      member = atoi (process->out->str);
      terminate (process, procstream_shutdown_new_terminate (NEVER_MS));
      g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGTERM);
      if (member > 0)
        test_await_gone (member);
    }
}

static void
test_kill_left_group (void)
{
  static const char *const modes[] = { "leave-group", "leave-group member" };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (GError) error = NULL;
      int member;

      spawn_and_hear (process, modes[i]);
      member = atoi (process->out->str);
      g_assert_true (procstream_child_kill (process->child, &error));
      g_assert_no_error (error);
      test_process_run_to_exited (process);
      g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
      if (member > 0)
        test_await_gone (member);
    }
}

static void
test_after_exit (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamShutdown) brief = procstream_shutdown_new_terminate (1000);
  g_autoptr (GError) error = NULL;
  int grandchild;

  spawn_and_hear (process, "orphan");
  grandchild = atoi (process->out->str);
  g_assert_true (procstream_child_wait (process->child, -1, NULL, NULL));
  g_assert_cmpint (kill (grandchild, 0), ==, 0);
  if (can_signal_group ())
    {
      terminate (process, NULL);
      assert_gone (grandchild);
      return;
    }
  g_assert_false (procstream_child_terminate (process->child, brief, -1, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS);
  g_assert_cmpint (kill (grandchild, 0), ==, 0);
  kill (grandchild, SIGKILL);
  test_await_gone (grandchild);
}

/* Each member that is killed may just have made another. */
static void
test_breeding (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  ProcstreamGroupCensus census;
  int                   leader;

  use_pipe (process);
  spawn_and_hear (process, "breed");
  leader = procstream_child_get_pid (process->child);
  /* A leader that is gone first would leave the rest out of reach of an old kernel. */
  terminate (process, can_signal_group () ? procstream_shutdown_new_terminate (0) : procstream_shutdown_new_kill ());
  g_assert_true (procstream_group_count (leader, getsid (0), &census));
  g_assert_cmpuint (census.living, ==, 0);
}

/* What is not allowed is an error that says so, whatever is sent; nothing changes by it, and the child can be ended when it is allowed. */
static void
test_not_allowed (void)
{
  g_autoptr (TestProcess) process = NULL;
  g_autoptr (ProcstreamShutdown) endless = procstream_shutdown_new_interrupt_terminate (NEVER_MS, NEVER_MS);
  g_autoptr (ProcstreamCompleteOptions) at_once = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GListModel *attempts;

  if (!g_test_subprocess ())
    {
      if (geteuid () != 0)
        {
          g_test_skip ("needs another user");
          return;
        }
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  process = test_process_new ();
  procstream_shutdown_set_kill_timeout_ms (endless, 100);
  spawn_and_hear (process, "trap 15 7");
  g_assert_cmpint (setresuid (65534, 65534, 0), ==, 0);
  g_assert_false (procstream_child_send_signal (process->child, SIGINT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, "“test-child”"));
  g_clear_error (&error);
  g_assert_false (procstream_child_kill (process->child, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  g_assert_false (procstream_child_terminate (process->child, endless, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS);
  /* In order, each with what the system said. */
  procstream_complete_options_set_timeout_ms (at_once, 0);
  result = procstream_child_complete (process->child, at_once, NULL, NULL);
  attempts = procstream_result_get_attempts (result);
  g_assert_cmpuint (g_list_model_get_n_items (attempts), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      const int signums[] = { SIGINT, SIGTERM, SIGKILL };
      g_autoptr (ProcstreamShutdownAttempt) attempt = g_list_model_get_item (attempts, i);

      g_assert_cmpint (procstream_shutdown_attempt_get_signum (attempt), ==, signums[i]);
      g_assert_cmpint (procstream_shutdown_attempt_get_error_number (attempt), ==, EPERM);
    }

  g_assert_cmpint (setresuid (0, 0, 0), ==, 0);
  g_assert_cmpint (kill (procstream_child_get_pid (process->child), 0), ==, 0);
  terminate (process, NULL);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 7);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "ready\nTERM\n");
}

/* --- Races -------------------------------------------------------------------------------------------------------------------- */

/* It has exited and been waited for, and the library has yet to hear of that: between its check and its signal. */
static void
test_exit_before_signal (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TestHold hold;
  int      pid;

  test_process_spawn_mode (process, "sleep-forever");
  pid = procstream_child_get_pid (process->child);
  test_hold_begin (&hold);
  g_assert_cmpint (kill (pid, SIGUSR1), ==, 0);
  test_await_gone (pid);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  procstream_child_terminate_async (process->child, NULL, NULL, test_store_result_cb, &result);
  test_hold_end (&hold);
  test_wait_result (NULL, "the end", &result);
  g_assert_true (procstream_child_terminate_finish (process->child, result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGUSR1);
  /* Nothing was done to it, so it is no deed of the program. */
  g_assert_cmpint (procstream_result_get_cause (procstream_child_get_result (process->child)), ==, PROCSTREAM_CAUSE_SIGNALLED);
}

/* The same where it is killed in vain. */
static void
test_exit_before_kill (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  TestHold hold;
  int      pid;

  spawn_and_hear (process, "sleep-forever");
  pid = procstream_child_get_pid (process->child);
  test_hold_begin (&hold);
  g_assert_no_errno (kill (pid, SIGKILL));
  test_await_gone (pid);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_hold_end (&hold);
  test_process_run_to_exited (process);
  g_assert_cmpint (procstream_result_get_cause (procstream_child_get_result (process->child)), ==, PROCSTREAM_CAUSE_SIGNALLED);
}

/* The same when a phase is due, and the process went meanwhile. */
static void
test_exit_before_next_phase (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_interrupt_terminate (1000, NEVER_MS);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TestHold hold;
  int      pid;

  spawn_and_hear (process, "trap");
  pid = procstream_child_get_pid (process->child);
  procstream_child_terminate_async (process->child, shutdown, NULL, test_store_result_cb, &result);
  test_process_run_until_out (process, strlen ("ready\nINT\n"));
  test_hold_begin (&hold);
  g_assert_cmpint (kill (pid, SIGUSR2), ==, 0);
  test_await_gone (pid);
  /* It has to be due for this to be about something; nothing depends on how long that takes. */
  g_usleep (1100000);
  test_hold_end (&hold);
  test_wait_result (NULL, "the end", &result);
  g_assert_true (procstream_child_terminate_finish (process->child, result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGUSR2);
  test_process_run_to_completed (process);
}

static void
test_during_start (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GAsyncResult) ended = NULL;
  TestHold hold;

  test_process_create_mode (process, "sleep-forever");
  test_hold_begin (&hold);
  procstream_child_start_async (process->child, NULL, test_store_result_cb, &started);
  procstream_child_terminate_async (process->child, NULL, NULL, test_store_result_cb, &ended);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_STARTING);
  test_hold_end (&hold);
  test_wait_result (NULL, "the start", &started);
  test_wait_result (NULL, "the end", &ended);
  g_assert_true (procstream_child_start_finish (process->child, started, NULL));
  g_assert_true (procstream_child_terminate_finish (process->child, ended, NULL));
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGTERM);
}

static void
test_failed_start (void)
{
  const char *const argv[] = { "/nonexistent/program", NULL };
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GAsyncResult) ended = NULL;
  TestHold hold;

  process->child = procstream_launcher_create (process->launcher, argv, NULL);
  test_hold_begin (&hold);
  procstream_child_start_async (process->child, NULL, test_store_result_cb, &started);
  procstream_child_terminate_async (process->child, NULL, NULL, test_store_result_cb, &ended);
  test_hold_end (&hold);
  test_wait_result (NULL, "the start", &started);
  test_wait_result (NULL, "the end", &ended);
  g_assert_false (procstream_child_start_finish (process->child, started, NULL));
  g_assert_true (procstream_child_terminate_finish (process->child, ended, NULL));
  g_assert_true (procstream_child_terminate (process->child, NULL, -1, NULL, NULL));
}

/* It fails in the thread that launches it, and the shutdown is the I/O thread's. */
static void
test_failed_launch (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamShutdownPlan) plan = procstream_shutdown_plan_new_kill ();
  ProcstreamChildCore *core;
  ProcstreamWaiters   *waiters;
  struct rlimit        limit, none;
  TestHold             hold;

  test_process_create_mode (process, "sleep-forever");
  core = process->child->core;
  test_hold_begin (&hold);
  g_assert_true (procstream_child_core_claim (core, NULL));
  waiters = procstream_child_core_shut_down (core, plan, PROCSTREAM_CAUSE_TERMINATED, NULL);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  none = (struct rlimit){ 0, limit.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  procstream_child_core_launch (core);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_FAILED);
  g_assert_false (procstream_waiters_is_complete (waiters));
  test_hold_end (&hold);
  g_assert_true (procstream_waiters_wait (waiters, g_main_context_default (), g_thread_self (), "the end", -1, NULL, NULL));
  procstream_waiters_unref (waiters);
}

/* One shutdown for all who ask; whoever stops waiting stops nothing. */
static void
test_shared (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamShutdown) slow = procstream_shutdown_new_interrupt_terminate (NEVER_MS, NEVER_MS);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *results[3] = { NULL };
  g_autoptr (GError) error = NULL;

  spawn_and_hear (process, "trap");
  procstream_child_terminate_async (process->child, slow, cancellable, test_store_result_cb, &results[0]);
  procstream_child_terminate_async (process->child, slow, NULL, test_store_result_cb, &results[1]);
  procstream_child_terminate_async (process->child, NULL, NULL, test_store_result_cb, &results[2]);
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "the cancelled wait", &results[0]);
  g_assert_false (procstream_child_terminate_finish (process->child, results[0], &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (procstream_child_terminate (process->child, NULL, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_process_run_until_out (process, strlen ("ready\nINT\n"));
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_TERMINATING);
  /* Whoever cannot wait kills. */
  g_assert_true (procstream_child_kill (process->child, NULL));
  for (guint i = 1; i < 3; i++)
    {
      test_wait_result (NULL, "the end", &results[i]);
      g_assert_true (procstream_child_terminate_finish (process->child, results[i], NULL));
    }
  g_assert_cmpstr (process->out->str, ==, "ready\nINT\n");
  for (guint i = 0; i < 3; i++)
    g_object_unref (results[i]);
}

static void
in_handler_cb (ProcstreamChild         *child,
               ProcstreamShutdownPhase *phase,
               gboolean                *refused)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_child_terminate (child, NULL, -1, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  *refused = TRUE;
}

/* Of one that is there for as long as the handler may take to be called. */
static void
test_in_handler (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamShutdown) slow = procstream_shutdown_new_terminate (600000);
  g_autoptr (GAsyncResult) ended = NULL;
  gboolean refused = FALSE;

  spawn_and_hear (process, "trap");
  g_signal_connect (process->child, "terminating", G_CALLBACK (in_handler_cb), &refused);
  procstream_child_terminate_async (process->child, slow, NULL, test_store_result_cb, &ended);
  test_run_until_set (NULL, "the handler", &refused);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_wait_result (NULL, "the end", &ended);
  g_assert_true (procstream_child_terminate_finish (process->child, ended, NULL));
  test_process_run_to_completed (process);
  g_signal_handlers_disconnect_by_data (process->child, &refused);
}

/* Dropped while it is under way, by a program that has no main loop: it goes on to its end. */
static void
test_dropped (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  int grandchild, leader;

  spawn_and_hear (process, "stubborn");
  leader = procstream_child_get_pid (process->child);
  grandchild = atoi (process->out->str);
  procstream_child_terminate_async (process->child, NULL, NULL, NULL, NULL);
  test_process_free (g_steal_pointer (&process));
  test_await_gone (leader);
  if (can_signal_group ())
    {
      test_await_gone (grandchild);
      return;
    }
  kill (grandchild, SIGKILL);
  test_await_gone (grandchild);
}

/* The kernel reaps for a program that ignores SIGCHLD: there is no status, but there is an end. */
static void
test_reaped_elsewhere (void)
{
  if (g_test_subprocess ())
    {
      signal (SIGCHLD, SIG_IGN);
      test_all_phases ();
      test_kill_group ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

/* --- All of it on other kernels ----------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  void (*func) (void);
} Case;

static const Case cases[] = {
  { "default", test_default },
  { "all-phases", test_all_phases },
  { "graceful-exit", test_graceful_exit },
  { "exit-in-each-phase", test_exit_in_each_phase },
  { "zero-grace", test_zero_grace },
  { "stopped", test_stopped },
  { "stdin", test_stdin_phases },
  { "leader-only", test_leader_only },
  { "nonsense", test_nonsense },
  { "survivors", test_survivors },
  { "kill-group", test_kill_group },
  { "left-group", test_left_group },
  { "continue", test_continue },
  { "kill-left-group", test_kill_left_group },
  { "after-exit", test_after_exit },
  { "breeding", test_breeding },
  { "exit-before-signal", test_exit_before_signal },
  { "exit-before-kill", test_exit_before_kill },
  { "exit-before-next-phase", test_exit_before_next_phase },
  { "during-start", test_during_start },
  { "failed-start", test_failed_start },
  { "failed-launch", test_failed_launch },
  { "shared", test_shared },
  { "in-handler", test_in_handler },
  { "dropped", test_dropped },
};

typedef struct
{
  const Case *its;
  guint       without; /* features */
} Variant;

/* At once, whether they go when they are told to, or are killed, with a group or without. */
static void
test_many (gconstpointer mode)
{
  const guint n = g_getenv ("PROCSTREAM_TEST_VALGRIND") == NULL ? 500 : strcmp (mode, "sleep-forever") == 0 ? 50
                                                                                                            : 12;
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_terminate (1000);
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (GPtrArray) processes = g_ptr_array_new_with_free_func ((GDestroyNotify) test_process_free);
  g_autofree GAsyncResult **results = g_new0 (GAsyncResult *, n);

  for (guint i = 0; i < n; i++)
    {
      TestProcess *process = test_process_new ();

      g_ptr_array_add (processes, process);
      procstream_launcher_set_stderr_config (process->launcher, discard);
      test_process_spawn_mode (process, mode);
    }
  for (guint i = 0; i < n; i++)
    {
      TestProcess *process = g_ptr_array_index (processes, i);

      procstream_child_terminate_async (process->child, shutdown, NULL, test_store_result_cb, &results[i]);
    }
  for (guint i = 0; i < n; i++)
    {
      TestProcess *process = g_ptr_array_index (processes, i);

      test_wait_result (NULL, "the end", &results[i]);
      g_assert_true (procstream_child_terminate_finish (process->child, results[i], NULL));
      g_object_unref (results[i]);
    }
}

static void
run_variant (gconstpointer data)
{
  const Variant *variant = data;

  if (variant->without && !procstream_platform_has (variant->without))
    {
      g_test_skip ("not there anyway");
      return;
    }
  if (variant->without)
    procstream_platform_disable (variant->without);
  variant->its->func ();
  if (variant->without)
    procstream_platform_enable (variant->without);
}

static void
add_variants (const char *prefix,
              guint       without)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/terminate/%s%s", prefix, cases[i].name);
      Variant          variant = { &cases[i], without };

      test_add_data_func_full (path, g_memdup2 (&variant, sizeof variant), run_variant, g_free);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  add_variants ("", 0);
  add_variants ("without-pidfd-group/", PROCSTREAM_FEATURE_PIDFD_GROUP);
  add_variants ("without-pidfd/", PROCSTREAM_FEATURE_PIDFD);
  test_add_func ("/terminate/reaped-elsewhere", test_reaped_elsewhere);
  test_add_func ("/terminate/without-its-pidfd", test_without_its_pidfd);
  test_add_func ("/terminate/not-allowed", test_not_allowed);
  test_add_data_func ("/terminate/many/obedient", "sleep-forever", test_many);
  test_add_data_func ("/terminate/many/stubborn", "trap", test_many);
  if (can_signal_group ())
    test_add_data_func ("/terminate/many/groups", "tree", test_many);
  return g_test_run ();
}
