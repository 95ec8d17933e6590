/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-platform-private.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-scoped.h"
#include "test-start.h"
#include "test-utils.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCHDOG_MS (TEST_WATCHDOG_SECONDS * 1000)

/* --- The pool ----------------------------------------------------------------------------------------------------------------- */

static gboolean
is_running (gpointer data)
{
  return procstream_child_get_state (data) == PROCSTREAM_CHILD_STATE_RUNNING;
}

static void
let_end (ProcstreamChild *child)
{
  procstream_input_close (procstream_child_get_stdin (child));
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
}

/* In order, and when there is room. */
static void
test_pool_order (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  ProcstreamChild *children[5];

  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_scope_set_max_running (fixture->scope, 2);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      children[i] = test_scope_create (fixture, "cat");
      test_scope_enqueue (fixture, children[i]);
    }
  test_scope_assert_counts (fixture, 2, 3, 0);
  g_assert_cmpint (procstream_child_get_state (children[2]), ==, PROCSTREAM_CHILD_STATE_QUEUED);
  let_end (children[1]);
  test_run_until (NULL, "a child to start", is_running, children[2]);
  test_scope_assert_counts (fixture, 2, 2, 1);
  procstream_scope_set_max_running (fixture->scope, 3);
  test_run_until (NULL, "a child to start", is_running, children[3]);
  test_scope_assert_counts (fixture, 3, 1, 1);
  procstream_scope_set_max_running (fixture->scope, 0);
  test_run_until (NULL, "a child to start", is_running, children[4]);
  test_scope_assert_counts (fixture, 4, 0, 1);
  test_scope_close (fixture);
  test_scope_assert_counts (fixture, 0, 0, 5);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    g_object_unref (children[i]);
}

#define N_MANY 200
#define N_ROOM 8

static void
count_cb (ProcstreamScope *scope,
          GParamSpec      *pspec,
          guint           *most)
{
  *most = MAX (*most, procstream_scope_get_n_running (scope));
}

/* Blocking, so that nothing but the library's own thread starts and ends them. */
static void
test_pool_of_many (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GPtrArray) results = NULL;
  guint most = 0;

  procstream_scope_set_max_running (fixture->scope, N_ROOM);
  g_signal_connect (fixture->scope, "notify::n-running", G_CALLBACK (count_cb), &most);
  for (guint i = 0; i < N_MANY; i++)
    {
      g_autofree char *mode = g_strdup_printf ("echo number %u", i);
      g_autoptr (ProcstreamChild) child = test_scope_create (fixture, mode);

      test_scope_enqueue (fixture, child);
      g_assert_cmpuint (procstream_scope_get_n_running (fixture->scope), <=, N_ROOM);
    }
  results = test_scope_complete_all (fixture);
  g_assert_cmpuint (results->len, ==, N_MANY);
  for (guint i = 0; i < N_MANY; i++)
    {
      ProcstreamResult *result = g_ptr_array_index (results, i);
      g_autofree char  *expected = g_strdup_printf ("number %u\n", i);
      g_autofree char  *text = procstream_result_dup_stdout_text (result);

      g_assert_cmpstr (text, ==, expected);
      g_assert_true (procstream_result_check (result, NULL));
    }
  test_scope_assert_counts (fixture, 0, 0, N_MANY);
  test_scope_iterate ();
  g_assert_cmpuint (most, <=, N_ROOM);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, N_MANY);
  g_signal_handlers_disconnect_by_data (fixture->scope, &most);
}

typedef struct
{
  guint    n;
  gpointer child;
  GError  *error;
} StartFailed;

static void
start_failed_cb (ProcstreamScope *scope,
                 ProcstreamChild *child,
                 const GError    *error,
                 StartFailed     *self)
{
  self->n++;
  self->child = child;
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
}

static void
test_failing_start (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) missing = test_scope_create_missing (fixture);
  g_autoptr (ProcstreamChild) fine = test_scope_create (fixture, "echo fine");
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GError) error = NULL;
  StartFailed failed = { 0 };

  procstream_scope_set_max_running (fixture->scope, 1);
  g_signal_connect (fixture->scope, "start-failed", G_CALLBACK (start_failed_cb), &failed);
  test_scope_enqueue (fixture, missing);
  test_scope_enqueue (fixture, fine);
  results = test_scope_complete_all (fixture);
  g_assert_cmpuint (results->len, ==, 2);
  g_assert_cmpint (procstream_result_get_cause (results->pdata[0]), ==, PROCSTREAM_CAUSE_NOT_STARTED);
  g_assert_false (procstream_result_get_success (results->pdata[0]));
  g_assert_false (procstream_result_check (results->pdata[0], &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_cmpstr (procstream_result_get_message (results->pdata[0]), ==, error->message);
  g_assert_true (procstream_result_check (results->pdata[1], NULL));
  test_scope_iterate ();
  g_assert_cmpuint (failed.n, ==, 1);
  g_assert_true (failed.child == missing);
  g_assert_error (failed.error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_clear_error (&failed.error);
  g_signal_handlers_disconnect_by_data (fixture->scope, &failed);
}

/* Each fails before its start has returned, and makes room for the next one in the middle of that. */
static void
test_many_failing_starts (void)
{
  const guint n = 2000;
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new_file ("/nowhere/file", PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (ProcstreamChild) last = NULL;
  StartFailed failed = { 0 };

  g_signal_connect (fixture->scope, "start-failed", G_CALLBACK (start_failed_cb), &failed);
  procstream_launcher_set_stdout_config (fixture->launcher, config);
  procstream_scope_set_max_finished (fixture->scope, 0);
  procstream_scope_set_max_running (fixture->scope, 1);
  for (guint i = 0; i < n; i++)
    {
      g_clear_object (&last);
      last = test_scope_create (fixture, "echo x");
      test_scope_enqueue (fixture, last);
    }
  g_assert_false (procstream_child_wait (last, WATCHDOG_MS, NULL, NULL));
  test_scope_close (fixture);
  test_scope_assert_counts (fixture, 0, 0, n);
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, 0);
  /* Of those too that went before they were ever seen. */
  g_assert_cmpuint (failed.n, ==, n);
  g_clear_error (&failed.error);
  g_signal_handlers_disconnect_by_data (fixture->scope, &failed);
}

/* Waited for, ended, and started by somebody else while it is in the queue. */
static void
test_queued (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) running = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) queued = test_scope_create (fixture, "echo x");
  g_autoptr (ProcstreamChild) other = test_scope_create (fixture, "echo x");
  g_autoptr (GError) error = NULL;

  procstream_scope_set_max_running (fixture->scope, 1);
  test_scope_enqueue (fixture, queued);
  test_scope_enqueue (fixture, other);
  g_assert_false (procstream_child_start (queued, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_assert_false (procstream_scope_enqueue (fixture->scope, queued, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_assert_false (procstream_child_wait (queued, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_scope_await_gone (queued);
  test_scope_assert_failed (queued, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
  test_scope_assert_counts (fixture, 1, 1, 1);
  test_scope_await_gone (running);
  g_assert_true (procstream_child_wait (other, WATCHDOG_MS, NULL, NULL));
  test_scope_assert_counts (fixture, 0, 0, 3);
}

static void
refuse_to_enqueue (ProcstreamScope *scope,
                   ProcstreamChild *child,
                   int              code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_scope_enqueue (scope, child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, code);
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (scope)), ==, 0);
}

static void
test_refused (void)
{
  g_autoptr (ProcstreamScope) refusing = procstream_scope_new ();
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) of_another = test_scope_create (fixture, "echo x");
  g_autoptr (ProcstreamChild) running = NULL;
  g_autoptr (ProcstreamChild) exited = NULL;

  procstream_launcher_set_scope (fixture->launcher, NULL);
  running = test_scope_spawn (fixture, "sleep-forever");
  exited = test_scope_spawn (fixture, "echo x");
  g_assert_true (procstream_child_wait (exited, WATCHDOG_MS, NULL, NULL));
  refuse_to_enqueue (refusing, running, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  refuse_to_enqueue (refusing, exited, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  refuse_to_enqueue (refusing, of_another, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  /* Who was refused is nobody's, so that another scope can have it, and this one does not end it. */
  g_assert_true (procstream_scope_close (refusing, WATCHDOG_MS, NULL, NULL));
  g_assert_cmpint (procstream_child_get_state (running), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  g_assert_true (procstream_scope_add (fixture->scope, running, NULL));
  g_assert_true (procstream_scope_add (fixture->scope, exited, NULL));
  g_assert_true (procstream_scope_enqueue (fixture->scope, of_another, NULL));
  g_assert_true (procstream_child_wait (of_another, WATCHDOG_MS, NULL, NULL));
}

/* What a refused call took must not be what a start has later on. */
static void
test_refused_environment (void)
{
  g_autoptr (ProcstreamScope) closed = procstream_scope_new ();
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_launcher_set_scope (fixture->launcher, NULL);
  process->child = test_scope_create (fixture, "env PROCSTREAM_TEST_REFUSED");
  g_assert_true (procstream_scope_close (closed, WATCHDOG_MS, NULL, NULL));
  g_assert_true (g_setenv ("PROCSTREAM_TEST_REFUSED", "refused", TRUE));
  refuse_to_enqueue (closed, process->child, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_assert_true (g_setenv ("PROCSTREAM_TEST_REFUSED", "started", TRUE));
  test_process_listen (process);
  g_assert_true (procstream_child_start (process->child, NULL));
  g_unsetenv ("PROCSTREAM_TEST_REFUSED");
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "started\n");
}

/* It is started by a library thread, which must not read what the program may change meanwhile. */
static void
test_queued_environment (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) running = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_scope_set_max_running (fixture->scope, 1);
  process->child = test_scope_create (fixture, "env PROCSTREAM_TEST_QUEUED");
  g_assert_true (g_setenv ("PROCSTREAM_TEST_QUEUED", "then", TRUE));
  test_scope_enqueue (fixture, process->child);
  g_unsetenv ("PROCSTREAM_TEST_QUEUED");
  test_process_listen (process);
  test_scope_await_gone (running);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "then\n");
}

/* Handlers that are connected while it waits, and those of before, miss nothing. */
static void
test_queued_listeners (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) running = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_scope_set_max_running (fixture->scope, 1);
  process->child = test_scope_create (fixture, "echo x");
  test_scope_enqueue (fixture, process->child);
  test_scope_iterate ();
  test_process_listen (process);
  test_scope_await_gone (running);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "x\n");
}

/* Nobody but the scope knows of them. */
static void
test_forgotten (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) running = test_scope_spawn (fixture, "sleep-forever");
  gpointer forgotten = test_scope_create (fixture, "echo x");

  procstream_scope_set_max_running (fixture->scope, 1);
  procstream_scope_set_max_finished (fixture->scope, 0);
  test_scope_enqueue (fixture, forgotten);
  g_object_add_weak_pointer (forgotten, &forgotten);
  g_object_unref (forgotten);
  test_scope_await_gone (running);
  while (forgotten)
    g_main_context_iteration (NULL, TRUE);
  test_scope_assert_counts (fixture, 0, 0, 2);
}

/* --- Who has ended ------------------------------------------------------------------------------------------------------------ */

/* Those stay that ended last, whenever they were added. */
static void
test_max_finished (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  GListModel      *list = G_LIST_MODEL (fixture->scope);
  const guint      order[] = { 3, 0, 4, 1, 2 };
  ProcstreamChild *children[5];
  g_autoptr (ProcstreamChild) first = NULL;
  g_autoptr (ProcstreamChild) second = NULL;

  g_assert_cmpuint (procstream_scope_get_max_finished (fixture->scope), ==, 1000);
  procstream_scope_set_max_finished (fixture->scope, 2);
  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      children[i] = test_scope_create (fixture, "cat");
      g_assert_true (procstream_child_start (children[i], NULL));
    }
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      let_end (children[order[i]]);
      test_hold_pass ();
      test_scope_iterate ();
      g_assert_cmpuint (g_list_model_get_n_items (list), ==, G_N_ELEMENTS (children) - (i < 2 ? 0 : i - 1));
    }
  test_scope_assert_counts (fixture, 0, 0, 5);
  first = g_list_model_get_item (list, 0);
  second = g_list_model_get_item (list, 1);
  g_assert_true (first == children[1] && second == children[2]);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    g_object_unref (children[i]);
}

/* Who is too many, and has left somebody behind, leaves when nobody is left: it is looked for when others finish. */
static void
test_staying (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamChild) other = NULL;
  g_autofree char *line = NULL;

  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP) || test_on_valgrind ())
    {
      g_test_skip ("this kernel cannot reach the group of a process that has exited");
      return;
    }
  /* It is this program that reaps who is left: a dead member is one until somebody does. */
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  procstream_scope_set_max_finished (fixture->scope, 0);
  child = test_scope_create (fixture, "orphan");
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  line = procstream_reader_read_line (reader, WATCHDOG_MS, NULL, NULL);
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
  test_scope_assert_counts (fixture, 0, 0, 1);
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, 1);
  kill (atoi (line), SIGKILL);
  g_assert_cmpint (waitpid (atoi (line), NULL, 0), ==, atoi (line));
  prctl (PR_SET_CHILD_SUBREAPER, 0);
  other = test_scope_spawn (fixture, "echo x");
  g_assert_true (procstream_child_wait (other, WATCHDOG_MS, NULL, NULL));
  test_scope_assert_counts (fixture, 0, 0, 2);
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, 0);
}

/* All that it covers, however few may stay. The first one ends when all of it has begun. */
static void
complete_with_limit (guint max_finished)
{
  const guint n = 300;
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) gate = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GPtrArray) left = NULL;

  procstream_scope_set_max_finished (fixture->scope, max_finished);
  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  gate = test_scope_create (fixture, "cat");
  procstream_scope_set_max_running (fixture->scope, 1);
  test_scope_enqueue (fixture, gate);
  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_NULL);
  for (guint i = 1; i < n; i++)
    {
      g_autofree char *mode = g_strdup_printf ("echo number %u", i);
      g_autoptr (ProcstreamChild) child = test_scope_create (fixture, mode);

      test_scope_enqueue (fixture, child);
    }
  procstream_scope_complete_all_async (fixture->scope, NULL, NULL, test_store_result_cb, &result);
  procstream_scope_set_max_running (fixture->scope, 8);
  procstream_input_close (procstream_child_get_stdin (gate));
  test_wait_result (NULL, "a scope to complete", &result);
  results = procstream_scope_complete_all_finish (fixture->scope, result, NULL);
  g_assert_cmpuint (results->len, ==, n);
  for (guint i = 1; i < n; i++)
    {
      g_autofree char *expected = g_strdup_printf ("number %u\n", i);
      g_autofree char *text = procstream_result_dup_stdout_text (results->pdata[i]);

      g_assert_cmpstr (text, ==, expected);
    }
  test_scope_assert_counts (fixture, 0, 0, n);
  left = test_scope_complete_all (fixture);
  g_assert_cmpuint (left->len, ==, max_finished);
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, max_finished);
}

static void
test_complete_with_limit (void)
{
  complete_with_limit (0);
  complete_with_limit (10);
}

static void
close_stdin_cb (ProcstreamOutput *output,
                const char       *line,
                ProcstreamChild  *child)
{
  procstream_input_close (procstream_child_get_stdin (child));
}

/* One that wrote too much is waited for no longer, and its result is what was known then, although it ends before the others do. */
static void
test_complete_left_alone (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamChild) first = NULL;
  g_autoptr (ProcstreamChild) second = NULL;
  g_autoptr (GPtrArray) results = NULL;
  ProcstreamResult *left;

  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  first = test_scope_create (fixture, "write-wait-write word\n more\n 3");
  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_NULL);
  second = test_scope_create (fixture, "exit 0");
  g_signal_connect (procstream_child_get_stdout (first), "line", G_CALLBACK (close_stdin_cb), first);
  procstream_scope_set_max_running (fixture->scope, 1);
  test_scope_enqueue (fixture, first);
  test_scope_enqueue (fixture, second);
  procstream_complete_options_set_output_limit (options, 1);
  results = procstream_scope_complete_all (fixture->scope, options, NULL, NULL);
  g_assert_cmpint (procstream_child_get_exit_code (first), ==, 3);
  left = results->pdata[0];
  g_assert_cmpint (procstream_result_get_cause (left), ==, PROCSTREAM_CAUSE_OUTPUT_LIMIT);
  g_assert_true (procstream_result_get_running (left));
  g_assert_cmpint (procstream_result_get_exit_code (left), ==, -1);
  g_assert_false (procstream_capture_get_ended (procstream_result_get_stdout (left)));
  g_assert_true (procstream_result_get_success (results->pdata[1]));
}

/* --- Failures ----------------------------------------------------------------------------------------------------------------- */

static void
fail_with (ProcstreamOnFailure on_failure,
           int                 status)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autofree char *mode = g_strdup_printf ("write-wait-write a b %d", status);
  g_autoptr (ProcstreamChild) running = NULL;
  g_autoptr (ProcstreamChild) ending = NULL;
  g_autoptr (ProcstreamChild) queued = NULL;
  g_autoptr (ProcstreamChild) late = NULL;
  g_autoptr (GError) error = NULL;
  gboolean goes_on = status == 0 || on_failure == PROCSTREAM_ON_FAILURE_CONTINUE;

  procstream_scope_set_on_failure (fixture->scope, on_failure);
  running = test_scope_spawn (fixture, "sleep-forever");
  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  ending = test_scope_create (fixture, mode);
  g_assert_true (procstream_child_start (ending, NULL));
  queued = test_scope_create (fixture, "cat");
  procstream_scope_set_max_running (fixture->scope, 2);
  test_scope_enqueue (fixture, queued);
  late = test_scope_create (fixture, "cat");
  let_end (ending);
  test_hold_pass ();
  if (goes_on)
    {
      test_run_until (NULL, "a child to start", is_running, queued);
      g_assert_true (procstream_child_start (late, NULL));
    }
  else
    {
      test_scope_assert_failed (queued, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
      g_assert_false (procstream_child_start (late, &error));
      g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
    }
  if (!goes_on && on_failure == PROCSTREAM_ON_FAILURE_SHUT_DOWN_OTHERS)
    {
      g_assert_true (procstream_child_wait (running, WATCHDOG_MS, NULL, NULL));
      test_scope_assert_ended_by (running, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
    }
  else
    {
      test_hold_pass ();
      g_assert_cmpint (procstream_child_get_state (running), ==, PROCSTREAM_CHILD_STATE_RUNNING);
    }
  test_scope_close (fixture);
}

static void
test_on_failure (void)
{
  fail_with (PROCSTREAM_ON_FAILURE_CONTINUE, 3);
  fail_with (PROCSTREAM_ON_FAILURE_STOP_STARTING, 0);
}

static void
test_stop_starting (void)
{
  fail_with (PROCSTREAM_ON_FAILURE_STOP_STARTING, 3);
}

static void
test_shut_down_others (void)
{
  fail_with (PROCSTREAM_ON_FAILURE_SHUT_DOWN_OTHERS, 3);
}

/* Who could not be started has. */
static void
test_failing_start_stops (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) missing = test_scope_create_missing (fixture);
  g_autoptr (ProcstreamChild) queued = test_scope_create (fixture, "echo x");
  g_autoptr (GError) error = NULL;

  procstream_scope_set_on_failure (fixture->scope, PROCSTREAM_ON_FAILURE_STOP_STARTING);
  g_assert_false (procstream_child_start (missing, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  test_hold_pass ();
  g_clear_error (&error);
  g_assert_false (procstream_scope_enqueue (fixture->scope, queued, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
}

/* Who was ended on purpose has not failed. */
static void
test_no_failure (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) ended = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) killed = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) queued = test_scope_create (fixture, "echo x");
  g_autoptr (ProcstreamChild) late = NULL;

  procstream_scope_set_on_failure (fixture->scope, PROCSTREAM_ON_FAILURE_SHUT_DOWN_OTHERS);
  procstream_scope_set_max_running (fixture->scope, 1);
  test_scope_enqueue (fixture, queued);
  test_scope_await_gone (queued);
  test_scope_assert_failed (queued, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
  test_scope_await_gone (ended);
  g_assert_true (procstream_child_kill (killed, NULL));
  g_assert_true (procstream_child_wait (killed, WATCHDOG_MS, NULL, NULL));
  late = test_scope_spawn (fixture, "sleep-forever");
  test_scope_close (fixture);
}

/* --- The list ----------------------------------------------------------------------------------------------------------------- */

static void
changed_cb (GListModel *list,
            guint       position,
            guint       removed,
            guint       added,
            GString    *log)
{
  g_string_append_printf (log, "%u-%u+%u ", position, removed, added);
}

static void
test_list (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  GListModel *list = G_LIST_MODEL (fixture->scope);
  g_autoptr (ProcstreamChild) first = NULL;
  g_autoptr (ProcstreamChild) second = NULL;
  g_autoptr (ProcstreamChild) third = NULL;
  g_autoptr (ProcstreamChild) item = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (list, "items-changed", G_CALLBACK (changed_cb), log);
  first = test_scope_spawn (fixture, "sleep-forever");
  second = test_scope_spawn (fixture, "echo x");
  third = test_scope_spawn (fixture, "echo x");
  g_string_truncate (log, 0);
  test_scope_iterate ();
  g_assert_true (g_list_model_get_item_type (list) == PROCSTREAM_TYPE_CHILD);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 3);
  item = g_list_model_get_item (list, 1);
  g_assert_true (item == second);
  g_assert_null (g_list_model_get_item (list, 3));
  g_assert_true (procstream_child_wait (second, WATCHDOG_MS, NULL, NULL));
  g_assert_true (procstream_child_wait (third, WATCHDOG_MS, NULL, NULL));
  g_assert_false (procstream_scope_remove (fixture->scope, first, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  test_scope_iterate ();
  g_string_truncate (log, 0);
  g_assert_true (procstream_scope_remove (fixture->scope, second, NULL));
  g_assert_false (procstream_scope_remove (fixture->scope, second, NULL));
  test_hold_pass ();
  procstream_scope_set_max_finished (fixture->scope, 0);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 3);
  test_scope_iterate ();
  /* Both as one change. */
  g_assert_cmpstr (log->str, ==, "1-2+0 ");
  g_assert_cmpuint (procstream_scope_get_n_finished (fixture->scope), ==, 2);
  g_signal_handlers_disconnect_by_data (list, log);
}

static void
test_list_batch (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GString) log = g_string_new (NULL);

  g_signal_connect (fixture->scope, "items-changed", G_CALLBACK (changed_cb), log);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "echo x");

      test_scope_enqueue (fixture, child);
    }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, 0);
  test_scope_iterate ();
  g_assert_cmpstr (log->str, ==, "0-0+3 ");
  g_signal_handlers_disconnect_by_data (fixture->scope, log);
}

static void
assert_children (TestScope       *fixture,
                 ProcstreamChild *first,
                 ProcstreamChild *second)
{
  g_autoptr (GPtrArray) children = procstream_scope_dup_children (fixture->scope);
  ProcstreamChild *expected[] = { first, second };
  guint            n = (first != NULL) + (second != NULL);

  g_assert_cmpuint (children->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_true (children->pdata[i] == expected[i]);
}

static void
assert_none_in_copy (TestScope *fixture)
{
  pid_t pid = fork ();
  int   status;

  if (pid == 0)
    test_exit_copy ((int) procstream_scope_dup_children (fixture->scope)->len);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

/* What the list will be when the context iterates. */
static void
test_children (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  GListModel *list = G_LIST_MODEL (fixture->scope);
  g_autoptr (ProcstreamChild) created = test_scope_create (fixture, "echo x");
  g_autoptr (ProcstreamChild) running = test_scope_create (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) queued = test_scope_create (fixture, "echo x");

  assert_children (fixture, NULL, NULL);
  procstream_scope_set_max_running (fixture->scope, 1);
  test_scope_enqueue (fixture, running);
  test_scope_enqueue (fixture, queued);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
  assert_children (fixture, running, queued);
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 2);
  assert_children (fixture, running, queued);
  assert_none_in_copy (fixture);
  test_scope_await_gone (running);
  g_assert_true (procstream_child_wait (queued, WATCHDOG_MS, NULL, NULL));
  g_assert_true (procstream_scope_remove (fixture->scope, running, NULL));
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 2);
  assert_children (fixture, queued, NULL);
}

/* --- Waiting ------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  ProcstreamScope *scope;
  guint            n;
} Blocked;

static void
block_cb (Blocked *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_scope_close (self->scope, WATCHDOG_MS, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  g_assert_null (procstream_scope_complete_all (self->scope, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  g_assert_false (procstream_scope_get_closed (self->scope));
  self->n++;
}

static void
test_would_deadlock (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  Blocked blocked = { fixture->scope, 0 };
  g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "echo x");

  g_signal_connect_swapped (procstream_child_get_stdout (child), "line", G_CALLBACK (block_cb), &blocked);
  g_signal_connect_swapped (child, "exited", G_CALLBACK (block_cb), &blocked);
  g_signal_connect_swapped (fixture->scope, "items-changed", G_CALLBACK (block_cb), &blocked);
  g_assert_true (procstream_child_start (child, NULL));
  while (blocked.n < 3)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handlers_disconnect_by_data (fixture->scope, &blocked);
}

static void
test_complete_unstarted (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "echo x");
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_scope_complete_all (fixture->scope, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_true (procstream_child_start (child, NULL));
  results = test_scope_complete_all (fixture);
  g_assert_cmpuint (results->len, ==, 1);
}

static void
test_complete_nothing (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GPtrArray) results = test_scope_complete_all (fixture);

  g_assert_cmpuint (results->len, ==, 0);
}

/* What runs is ended, what waits is never started, and all have results. */
static void
test_complete_cancelled (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ProcstreamChild) running = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) results = NULL;
  const guint n_queued = 300;

  /* So many that the one that runs would be gone before all others have heard of it. */
  procstream_scope_set_max_running (fixture->scope, 1);
  for (guint i = 0; i < n_queued; i++)
    {
      g_autoptr (ProcstreamChild) queued = test_scope_create (fixture, "echo x");

      test_scope_enqueue (fixture, queued);
    }
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_CANCEL);
  procstream_scope_complete_all_async (fixture->scope, options, cancellable, test_store_result_cb, &result);
  test_hold_pass ();
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "a scope to complete", &result);
  results = procstream_scope_complete_all_finish (fixture->scope, result, NULL);
  g_assert_cmpuint (results->len, ==, 1 + n_queued);
  g_assert_cmpint (procstream_result_get_cause (results->pdata[0]), ==, PROCSTREAM_CAUSE_CANCELLED);
  g_assert_false (procstream_result_get_running (results->pdata[0]));
  for (guint i = 1; i <= n_queued; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (procstream_result_get_cause (results->pdata[i]), ==, PROCSTREAM_CAUSE_NOT_STARTED);
      g_assert_false (procstream_result_check (results->pdata[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  test_scope_assert_counts (fixture, 0, 0, 1 + n_queued);
}

/* The other way round: it is in a thread that only waits, and nobody iterates the context. */
static gpointer
complete_in_thread (gpointer data)
{
  return test_scope_complete_all (data);
}

static void
test_complete_elsewhere (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GPtrArray) results = NULL;

  procstream_scope_set_max_running (fixture->scope, 1);
  for (int i = 0; i < 3; i++)
    {
      /* More than a pipe and the log hold. */
      g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "flood 4000000");

      test_scope_enqueue (fixture, child);
    }
  results = g_thread_join (g_thread_new ("complete", complete_in_thread, fixture));
  g_assert_cmpuint (results->len, ==, 3);
}

static const TestScopeCase cases[] = {
  { "scope-pool/pool-order", test_pool_order },
  { "scope-pool/pool-of-many", test_pool_of_many },
  { "scope-pool/failing-start", test_failing_start },
  { "scope-pool/many-failing-starts", test_many_failing_starts },
  { "scope-pool/queued", test_queued },
  { "scope-pool/refused", test_refused },
  { "scope-pool/refused-environment", test_refused_environment },
  { "scope-pool/queued-environment", test_queued_environment },
  { "scope-pool/queued-listeners", test_queued_listeners },
  { "scope-pool/forgotten", test_forgotten },
  { "scope-pool/max-finished", test_max_finished },
  { "scope-pool/staying", test_staying },
  { "scope-pool/complete-with-limit", test_complete_with_limit },
  { "scope-pool/complete-left-alone", test_complete_left_alone },
  { "scope-pool/on-failure", test_on_failure },
  { "scope-pool/stop-starting", test_stop_starting },
  { "scope-pool/shut-down-others", test_shut_down_others },
  { "scope-pool/failing-start-stops", test_failing_start_stops },
  { "scope-pool/no-failure", test_no_failure },
  { "scope-pool/list", test_list },
  { "scope-pool/list-batch", test_list_batch },
  { "scope-pool/children", test_children },
  { "scope-pool/would-deadlock", test_would_deadlock },
  { "scope-pool/complete-unstarted", test_complete_unstarted },
  { "scope-pool/complete-nothing", test_complete_nothing },
  { "scope-pool/complete-cancelled", test_complete_cancelled },
  { "scope-pool/complete-elsewhere", test_complete_elsewhere },
};

int
main (int    argc,
      char **argv)
{
  return test_scope_run (argc, argv, cases, G_N_ELEMENTS (cases));
}
