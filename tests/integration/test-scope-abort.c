/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-platform-private.h"
#include "test-hold.h"
#include "test-noter.h"
#include "test-process.h"
#include "test-scoped.h"
#include "test-start.h"
#include "test-utils.h"

#include <signal.h>
#include <string.h>

/* How a scope is gone at once. */

/* Long enough that a phase never ends by its time; such a time is never waited for. */
#define NEVER_MS 600000

#define WATCHDOG_MS (TEST_WATCHDOG_SECONDS * 1000)

typedef struct
{
  TestScope *fixture;
  GString   *log;
} Abort;

static void
abort_cb (ProcstreamOutput *output,
          const char       *line,
          Abort            *self)
{
  /* What was emitted before does not matter. */
  g_string_printf (self->log, "%s ", line);
  procstream_scope_abort (self->fixture->scope);
}

static void
log_cb (Abort *self)
{
  g_string_append (self->log, "late ");
}

static void
listen_to_all (ProcstreamChild *child,
               Abort           *self)
{
  g_signal_connect_swapped (procstream_child_get_stdout (child), "line", G_CALLBACK (log_cb), self);
  g_signal_connect_swapped (procstream_child_get_stdout (child), "ended", G_CALLBACK (log_cb), self);
  g_signal_connect_swapped (procstream_child_get_stderr (child), "ended", G_CALLBACK (log_cb), self);
  g_signal_connect_swapped (child, "exited", G_CALLBACK (log_cb), self);
  g_signal_connect_swapped (child, "completed", G_CALLBACK (log_cb), self);
  g_signal_connect_swapped (child, "terminating", G_CALLBACK (log_cb), self);
  if (procstream_child_get_stdin (child))
    g_signal_connect_swapped (procstream_child_get_stdin (child), "notify", G_CALLBACK (log_cb), self);
}

static gboolean
log_line (ProcstreamLine *line,
          gpointer        user_data)
{
  log_cb (user_data);
  return FALSE;
}

/* In a handler, with lines and handlers that were to follow. */
static void
test_abort_in_handler (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  Abort abort = { fixture, log };
  g_autoptr (ProcstreamChild) talking = NULL;
  g_autoptr (ProcstreamChild) quiet = NULL;
  g_autoptr (ProcstreamChild) full = NULL;
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
  g_autoptr (GBytes) unread = g_bytes_new_take (g_malloc0 (1 << 20), 1 << 20);
  TestNoter *noter = test_noter_new ();

  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  talking = test_scope_create (fixture, "write-then-wait one\ntwo\nthree\n");
  g_signal_connect (procstream_child_get_stdout (talking), "line", G_CALLBACK (abort_cb), &abort);
  listen_to_all (talking, &abort);
  quiet = test_scope_create (fixture, "ignore-term");
  g_assert_true (procstream_line_waiter_add_function (waiter, PROCSTREAM_MATCH_NONE, log_line, &abort, NULL, NULL));
  g_assert_true (procstream_output_attach (procstream_child_get_stderr (quiet), PROCSTREAM_CONSUMER (waiter), NULL));
  g_assert_true (procstream_output_attach (procstream_child_get_stderr (quiet), PROCSTREAM_CONSUMER (noter), NULL));
  g_assert_true (procstream_child_start (quiet, NULL));
  listen_to_all (quiet, &abort);
  /* It does not read, so that its end has something to tell. */
  full = test_scope_spawn (fixture, "sleep-forever");
  g_assert_true (procstream_input_write_bytes (procstream_child_get_stdin (full), unread, NULL));
  while (procstream_input_get_bytes_written (procstream_child_get_stdin (full)) == 0)
    g_main_context_iteration (NULL, FALSE);
  test_scope_iterate ();
  listen_to_all (full, &abort);
  g_signal_connect_swapped (fixture->scope, "items-changed", G_CALLBACK (log_cb), &abort);
  g_signal_connect_swapped (fixture->scope, "notify", G_CALLBACK (log_cb), &abort);
  g_assert_true (procstream_child_start (talking, NULL));
  while (!g_str_has_prefix (log->str, "one"))
    g_main_context_iteration (NULL, TRUE);
  test_scope_close (fixture);
  test_scope_iterate ();
  g_assert_cmpstr (log->str, ==, "one ");
  g_assert_cmpuint (procstream_input_get_bytes_queued (procstream_child_get_stdin (full)), ==, 0);
  test_scope_assert_ended_by (talking, SIGKILL, PROCSTREAM_CAUSE_KILLED);
  test_scope_assert_ended_by (quiet, SIGKILL, PROCSTREAM_CAUSE_KILLED);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (waiter)), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (noter)), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  g_signal_handlers_disconnect_by_data (fixture->scope, &abort);
  test_noter_free (noter, "");
}

/* However gentle the shutdown is that is under way, and while it waits for the child to start. */
static void
test_abort_while_closing (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamShutdown) gentle = procstream_shutdown_new_terminate (NEVER_MS);
  g_autoptr (ProcstreamChild) running = test_scope_spawn (fixture, "trap");
  g_autoptr (ProcstreamChild) starting = test_scope_create (fixture, "trap");
  g_autoptr (GAsyncResult) result = NULL;
  TestHold hold;

  procstream_scope_set_shutdown (fixture->scope, gentle);
  test_hold_begin (&hold);
  procstream_child_start_async (starting, NULL, NULL, NULL);
  procstream_scope_close_async (fixture->scope, NULL, test_store_result_cb, &result);
  procstream_scope_abort (fixture->scope);
  g_assert_cmpint (procstream_child_get_state (starting), ==, PROCSTREAM_CHILD_STATE_STARTING);
  test_hold_end (&hold);
  test_wait_result (NULL, "a scope to close", &result);
  g_assert_true (procstream_scope_close_finish (fixture->scope, result, NULL));
  test_scope_assert_ended_by (running, SIGKILL, PROCSTREAM_CAUSE_KILLED);
  test_scope_assert_ended_by (starting, SIGKILL, PROCSTREAM_CAUSE_KILLED);
}

static void
abort_scope_cb (ProcstreamScope *scope)
{
  procstream_scope_abort (scope);
}

/* In a handler of the scope, with handlers of the same signal that were to follow. */
static void
test_abort_in_own_handler (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  Abort abort = { fixture, log };
  g_autoptr (ProcstreamChild) child = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) other = NULL;

  test_scope_iterate ();
  g_signal_connect (fixture->scope, "items-changed", G_CALLBACK (abort_scope_cb), NULL);
  g_signal_connect_swapped (fixture->scope, "items-changed", G_CALLBACK (log_cb), &abort);
  g_signal_connect_swapped (fixture->scope, "notify", G_CALLBACK (log_cb), &abort);
  other = test_scope_create (fixture, "sleep-forever");
  g_assert_true (procstream_child_start (other, NULL));
  while (!procstream_scope_get_closed (fixture->scope))
    g_main_context_iteration (NULL, TRUE);
  test_scope_close (fixture);
  test_scope_iterate ();
  g_assert_cmpstr (log->str, ==, "");
  test_scope_assert_ended_by (child, SIGKILL, PROCSTREAM_CAUSE_KILLED);
  g_signal_handlers_disconnect_by_data (fixture->scope, &abort);
}

/* Also who is left of a child that has exited, in the middle of a gentle end. */
static void
test_abort_orphans (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamShutdown) gentle = procstream_shutdown_new_terminate (NEVER_MS);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  int left;

  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP) || test_on_valgrind ())
    {
      g_test_skip ("this kernel cannot reach the group of a process that has exited");
      return;
    }
  child = test_scope_spawn_stubborn (fixture, &left);
  procstream_scope_set_shutdown (fixture->scope, gentle);
  procstream_scope_close_async (fixture->scope, NULL, test_store_result_cb, &result);
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
  test_scope_assert_counts (fixture, 0, 0, 1);
  g_assert_null (result);
  procstream_scope_abort (fixture->scope);
  test_wait_result (NULL, "a scope to close", &result);
  g_assert_true (procstream_scope_close_finish (fixture->scope, result, NULL));
  test_await_gone (left);
}

static gpointer
abort_in_thread (gpointer data)
{
  procstream_scope_abort (data);
  return NULL;
}

static void
test_abort_elsewhere (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  Abort abort = { fixture, log };
  g_autoptr (ProcstreamChild) child = test_scope_spawn (fixture, "sleep-forever");

  test_scope_iterate ();
  listen_to_all (child, &abort);
  g_signal_connect_swapped (fixture->scope, "notify", G_CALLBACK (log_cb), &abort);
  g_thread_join (g_thread_new ("abort", abort_in_thread, fixture->scope));
  test_scope_close (fixture);
  test_scope_iterate ();
  g_assert_cmpstr (log->str, ==, "");
  g_signal_handlers_disconnect_by_data (fixture->scope, &abort);
  test_scope_assert_ended_by (child, SIGKILL, PROCSTREAM_CAUSE_KILLED);
}

/* A list of what a child wrote stays as it is. */
static void
test_abort_log_model (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamLogModel) model = procstream_log_model_new ();
  g_autoptr (ProcstreamConsumer) feed = NULL;
  g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "write-then-wait one\ntwo\nthree\n");
  ProcstreamOutput *output = procstream_child_get_stdout (child);

  feed = procstream_log_model_follow (model, output, NULL);
  g_assert_true (procstream_child_start (child, NULL));
  while (procstream_output_get_bytes_received (output) < strlen ("one\ntwo\nthree\n"))
    g_thread_yield ();
  test_hold_pass ();
  procstream_scope_abort (fixture->scope);
  test_scope_close (fixture);
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (model)), ==, 0);
}

static const TestScopeCase cases[] = {
  { "scope-abort/in-handler", test_abort_in_handler },
  { "scope-abort/in-own-handler", test_abort_in_own_handler },
  { "scope-abort/while-closing", test_abort_while_closing },
  { "scope-abort/orphans", test_abort_orphans },
  { "scope-abort/elsewhere", test_abort_elsewhere },
  { "scope-abort/log-model", test_abort_log_model },
};

int
main (int    argc,
      char **argv)
{
  return test_scope_run (argc, argv, cases, G_N_ELEMENTS (cases));
}
