/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a child ended is told in its result, and the result is the same whoever asked for the end. */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-utils.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A child that says "ready", and exits with status 7 when it is asked to end. */
#define OBEDIENT "trap-exit 7"

typedef struct
{
  TestProcess               *process;
  ProcstreamScope           *scope;
  ProcstreamCompleteOptions *options;
  GCancellable              *cancellable;
} Ending;

typedef struct
{
  const char *name;
  const char *mode;
  void (*prepare) (Ending *ending); /* nullable, before the start */
  void (*end) (Ending *ending);     /* nullable, once the child is ready and is waited for */
  ProcstreamCause cause;
  int             exit_code;
  int             term_signal;
  gboolean        success; /* where status 7 is one */
  int             n_attempts;
  const char     *reason; /* of its message */
} End;

/* --- Who asks ----------------------------------------------------------------------------------------------------------------- */

static void
let_go_on (Ending *ending)
{
  test_process_write (ending->process, "\n");
}

static void
kill_from_outside (Ending *ending)
{
  g_assert_cmpint (kill (procstream_child_get_pid (ending->process->child), SIGUSR1), ==, 0);
}

static void
send_signal (Ending *ending)
{
  g_assert_true (procstream_child_send_signal (ending->process->child, SIGUSR2, NULL));
}

static void
terminate (Ending *ending)
{
  procstream_child_terminate_async (ending->process->child, NULL, NULL, NULL, NULL);
}

static void
terminate_by_force (Ending *ending)
{
  g_autoptr (ProcstreamShutdown) only_kill = procstream_shutdown_new_kill ();

  procstream_child_terminate_async (ending->process->child, only_kill, NULL, NULL, NULL);
}

static void
kill_child (Ending *ending)
{
  g_assert_true (procstream_child_kill (ending->process->child, NULL));
}

static void
end_after_a_second (Ending *ending)
{
  procstream_complete_options_set_timeout_ms (ending->options, 1000);
  procstream_complete_options_set_end_on (ending->options, PROCSTREAM_END_ON_TIMEOUT);
}

static void
end_when_silent (Ending *ending)
{
  procstream_complete_options_set_idle_timeout_ms (ending->options, 1000);
  procstream_complete_options_set_end_on (ending->options, PROCSTREAM_END_ON_IDLE);
}

static void
end_when_it_says_much (Ending *ending)
{
  procstream_complete_options_set_output_limit (ending->options, strlen ("ready"));
  procstream_complete_options_set_end_on (ending->options, PROCSTREAM_END_ON_OUTPUT_LIMIT);
}

static void
end_when_cancelled (Ending *ending)
{
  procstream_complete_options_set_end_on (ending->options, PROCSTREAM_END_ON_CANCEL);
}

static void
cancel (Ending *ending)
{
  g_cancellable_cancel (ending->cancellable);
}

static void
use_scope (Ending *ending)
{
  ending->scope = procstream_scope_new ();
  procstream_launcher_set_scope (ending->process->launcher, ending->scope);
}

static void
close_scope (Ending *ending)
{
  procstream_scope_close_async (ending->scope, NULL, NULL, NULL);
}

static void
abort_scope (Ending *ending)
{
  procstream_scope_abort (ending->scope);
}

static void
end_program (Ending *ending)
{
  procstream_deinit ();
}

static const End ends[] = {
  { "itself", "write-wait-write ready\n  7", NULL, let_go_on, PROCSTREAM_CAUSE_EXITED, 7, 0, TRUE, 0, "" },
  { "outside", OBEDIENT, NULL, kill_from_outside, PROCSTREAM_CAUSE_SIGNALLED, -1, SIGUSR1, FALSE, 0, "" },
  { "sent-signal", OBEDIENT, NULL, send_signal, PROCSTREAM_CAUSE_SIGNALLED, -1, SIGUSR2, FALSE, 0, "" },
  { "user", OBEDIENT, NULL, terminate, PROCSTREAM_CAUSE_TERMINATED, 7, 0, TRUE, 1, ", as it was told to end" },
  { "user-by-force", OBEDIENT, NULL, terminate_by_force, PROCSTREAM_CAUSE_KILLED, -1, SIGKILL, FALSE, 1, ", as it was told to end" },
  { "kill", OBEDIENT, NULL, kill_child, PROCSTREAM_CAUSE_KILLED, -1, SIGKILL, FALSE, 0, ", as it was told to end" },
  { "timeout", OBEDIENT, end_after_a_second, NULL, PROCSTREAM_CAUSE_TIMED_OUT, 7, 0, FALSE, 1, ", as it took too long" },
  { "idle", OBEDIENT, end_when_silent, NULL, PROCSTREAM_CAUSE_IDLE, 7, 0, FALSE, 1, ", as it wrote nothing for too long" },
  { "output-limit", OBEDIENT, end_when_it_says_much, NULL, PROCSTREAM_CAUSE_OUTPUT_LIMIT, 7, 0, FALSE, 1, ", as it wrote too much" },
  { "cancel", OBEDIENT, end_when_cancelled, cancel, PROCSTREAM_CAUSE_CANCELLED, 7, 0, FALSE, 1, ", as the wait for it was cancelled" },
  { "scope", OBEDIENT, use_scope, close_scope, PROCSTREAM_CAUSE_TERMINATED, 7, 0, TRUE, 1, ", as it was told to end" },
  { "abort", OBEDIENT, use_scope, abort_scope, PROCSTREAM_CAUSE_KILLED, -1, SIGKILL, FALSE, 1, ", as it was told to end" },
  { "program", OBEDIENT, NULL, end_program, PROCSTREAM_CAUSE_PARENT_EXIT, 7, 0, TRUE, 1, ", as the program exited" },
};

/* --- What its result says ----------------------------------------------------------------------------------------------------- */

static void
assert_checked (ProcstreamResult *result,
                gboolean          success)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (procstream_result_get_success (result), ==, success);
  g_assert_cmpint (procstream_result_check (result, &error), ==, success);
  if (success)
    return;
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_true (procstream_child_error_get_result (error) == result);
  g_assert_true (g_str_has_prefix (error->message, procstream_result_get_message (result)));
}

/* All of it, but the output, which is of the wait. */
static void
assert_facts (ProcstreamResult *result,
              const End        *end)
{
  const char *message = procstream_result_get_message (result);

  g_assert_cmpint (procstream_result_get_cause (result), ==, end->cause);
  g_assert_false (procstream_result_get_running (result));
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, end->exit_code);
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, end->term_signal);
  g_assert_cmpuint (g_list_model_get_n_items (procstream_result_get_attempts (result)), ==, end->n_attempts);
  g_assert_cmpint (procstream_result_get_phase (result), ==, end->n_attempts - 1);
  g_assert_cmpint (procstream_result_get_duration_us (result), >, 0);
  g_assert_true (g_str_has_prefix (message, end->term_signal ? "“test-child” was killed by signal SIG" : "“test-child” exited with status 7 after "));
  if (end->reason[0])
    g_assert_nonnull (strstr (message, end->reason));
  else
    g_assert_null (strstr (message, ", as"));
  assert_checked (result, end->success);
}

static void
assert_ended (Ending       *ending,
              GAsyncResult *completed,
              const End    *end)
{
  ProcstreamChild *child = ending->process->child;
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamResult) result = procstream_child_complete_finish (child, completed, &error);

  g_assert_no_error (error);
  assert_facts (result, end);
  g_assert_cmpstr (procstream_capture_get_text (procstream_result_get_stdout (result)), ==, "ready\n");
  g_assert_true (procstream_capture_get_ended (procstream_result_get_stdout (result)));
  g_assert_false (procstream_result_get_truncated (result));
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_EXITED);
  assert_facts (procstream_child_get_result (child), end);
}

static void
begin (Ending    *ending,
       const End *end)
{
  static const int    statuses[] = { 0, 7 };
  ProcstreamLauncher *launcher = ending->process->launcher;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_replay (launcher, PROCSTREAM_REPLAY_ALL);
  procstream_launcher_set_success_statuses (launcher, statuses, G_N_ELEMENTS (statuses));
  if (end->prepare)
    end->prepare (ending);
  test_process_create_mode (ending->process, end->mode);
  test_process_listen (ending->process);
  test_process_start (ending->process);
  test_process_run_until_out (ending->process, strlen ("ready\n"));
}

static void
run_end (const End *end)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) completed = NULL;
  Ending ending = { process, NULL, options, cancellable };

  begin (&ending, end);
  procstream_child_complete_async (process->child, options, cancellable, test_store_result_cb, &completed);
  if (end->end)
    end->end (&ending);
  test_wait_result (NULL, "the end", &completed);
  assert_ended (&ending, completed, end);
  /* After an abort nothing is emitted. */
  if (end->end != abort_scope)
    test_process_run_to_completed (process);
  g_clear_object (&ending.scope);
}

static void
test_end (gconstpointer data)
{
  const End *end = data;

  if (end->end != end_program || g_test_subprocess ())
    {
      run_end (end);
      return;
    }
  /* It can be had only once. */
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

/* A child that never ran has a result where all of a scope are asked for. */
static void
test_not_started (void)
{
  const char *const argv[] = { "/nonexistent/program", NULL };
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GError) start_error = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamResult *result;

  procstream_launcher_set_scope (process->launcher, scope);
  process->child = procstream_launcher_create (process->launcher, argv, NULL);
  g_assert_false (procstream_child_start (process->child, &start_error));
  results = procstream_scope_complete_all (scope, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results->len, ==, 1);
  result = results->pdata[0];
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_NOT_STARTED);
  g_assert_false (procstream_result_get_running (result));
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, -1);
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, 0);
  g_assert_cmpint (procstream_result_get_phase (result), ==, -1);
  g_assert_cmpstr (procstream_result_get_message (result), ==, start_error->message);
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
}

/* The program runs before that is heard of, and has counted since. */
static void
test_duration (void)
{
  const gint64     late_us = 20000;
  const char      *argv[] = { "/bin/sh", "-c", "echo x >&5", NULL };
  ProcstreamChild *child;
  TestHold         hold;
  int              fds[2];
  char             byte;
  g_autoptr (TestProcess) process = test_process_new ();

  g_assert_cmpint (pipe (fds), ==, 0);
  procstream_launcher_take_fd (process->launcher, fds[1], 5);
  child = process->child = procstream_launcher_create (process->launcher, argv, NULL);
  g_assert_nonnull (child);
  test_hold_begin (&hold);
  procstream_child_start_async (child, NULL, NULL, NULL);
  g_assert_cmpint (read (fds[0], &byte, 1), ==, 1);
  close (fds[0]);
  g_usleep (late_us);
  test_hold_end (&hold);
  g_assert_true (procstream_child_wait (child, -1, NULL, NULL));
  g_assert_cmpint (procstream_child_get_elapsed_us (child), >=, late_us);
  g_assert_cmpint (procstream_result_get_duration_us (procstream_child_get_result (child)), >=, late_us);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *path = g_strdup_printf ("/causes/%s", ends[i].name);

      test_add_data_func (path, &ends[i], test_end);
    }
  test_add_func ("/causes/not-started", test_not_started);
  test_add_func ("/causes/duration", test_duration);
  return g_test_run ();
}
