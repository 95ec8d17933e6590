/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Children that belong to something, and end with it. */

#include "harness.h"

#include <signal.h>

static ProcstreamLauncher *
new_launcher (ProcstreamScope *scope)
{
  ProcstreamLauncher *launcher = harness_reliable ();

  procstream_launcher_set_scope (launcher, scope);
  return launcher;
}

static void
close_scope (void)
{
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (ProcstreamLauncher) launcher = new_launcher (scope);
  const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (ProcstreamChild) first = procstream_launcher_spawnv (launcher, argv, NULL);
  g_autoptr (ProcstreamChild) second = procstream_launcher_spawnv (launcher, argv, NULL);
  g_autoptr (ProcstreamChild) item = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  while (g_list_model_get_n_items (G_LIST_MODEL (scope)) < 2)
    g_main_context_iteration (NULL, TRUE);
  item = g_list_model_get_item (G_LIST_MODEL (scope), 1);
  g_assert_true (item == second);
  g_assert_cmpuint (procstream_scope_get_n_running (scope), ==, 2);
  procstream_scope_close_async (scope, NULL, harness_store_cb, &result);
  g_assert_true (procstream_scope_close_finish (scope, harness_await (&result), NULL));
  g_object_unref (result);
  g_assert_cmpint (procstream_child_get_term_signal (first), ==, SIGTERM);
  g_assert_cmpint (procstream_child_get_term_signal (second), ==, SIGTERM);
  g_assert_null (procstream_launcher_spawnv (launcher, argv, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_assert_true (procstream_scope_close (scope, TIMEOUT_MS, NULL, NULL));
}

static void
enqueue (ProcstreamScope    *scope,
         ProcstreamLauncher *launcher,
         const char         *program)
{
  const char *const argv[] = { program, program, NULL };
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, argv, NULL);

  g_assert_true (procstream_scope_enqueue (scope, child, NULL));
}

static void
start_failed_cb (ProcstreamScope *scope,
                 ProcstreamChild *child,
                 GError          *error,
                 guint           *n)
{
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  ++*n;
}

static void
assert_text (ProcstreamResult *result,
             const char       *text)
{
  g_autofree char *written = procstream_result_dup_stdout_text (result);

  g_assert_cmpstr (written, ==, text);
}

static void
pool (void)
{
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (ProcstreamLauncher) launcher = new_launcher (scope);
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GPtrArray) last = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  guint n_failed = 0;

  procstream_scope_set_max_running (scope, 1);
  g_signal_connect (scope, "start-failed", G_CALLBACK (start_failed_cb), &n_failed);
  enqueue (scope, launcher, "echo");
  enqueue (scope, launcher, "/nowhere/program");
  enqueue (scope, launcher, "printf");
  procstream_scope_complete_all_async (scope, NULL, NULL, harness_store_cb, &result);
  results = procstream_scope_complete_all_finish (scope, harness_await (&result), NULL);
  g_object_unref (result);
  g_assert_cmpuint (results->len, ==, 3);
  assert_text (results->pdata[0], "echo\n");
  assert_text (results->pdata[2], "printf");
  g_assert_cmpint (procstream_result_get_cause (results->pdata[1]), ==, PROCSTREAM_CAUSE_NOT_STARTED);
  g_assert_false (procstream_result_check (results->pdata[1], &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  while (n_failed == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (procstream_scope_get_n_finished (scope), ==, 3);
  again = procstream_scope_complete_all (scope, NULL, NULL, NULL);
  g_assert_cmpuint (again->len, ==, 3);
  g_assert_cmpuint (procstream_scope_get_max_finished (scope), ==, 1000);
  procstream_scope_set_max_finished (scope, 1);
  last = procstream_scope_complete_all (scope, NULL, NULL, NULL);
  g_assert_cmpuint (last->len, ==, 1);
  g_signal_handlers_disconnect_by_data (scope, &n_failed);
}

static void
assert_refused (ProcstreamChild *child,
                int              code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_child_start (child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, code);
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_FAILED);
}

static void
never_start (void)
{
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (ProcstreamLauncher) launcher = new_launcher (scope);
  const char *const argv[] = { "echo", NULL };
  g_autoptr (ProcstreamChild) removed = procstream_launcher_create (launcher, argv, NULL);
  g_autoptr (ProcstreamChild) closed = procstream_launcher_create (launcher, argv, NULL);

  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (scope)), ==, 0);
  g_assert_true (procstream_scope_remove (scope, removed, NULL));
  assert_refused (removed, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
  g_assert_true (procstream_scope_close (scope, TIMEOUT_MS, NULL, NULL));
  assert_refused (closed, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
}

static void
late_cb (gboolean *late)
{
  *late = TRUE;
}

static void
abort_scope (void)
{
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (ProcstreamLauncher) launcher = new_launcher (scope);
  const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (launcher, argv, NULL);
  gboolean late = FALSE;

  g_signal_connect_swapped (child, "exited", G_CALLBACK (late_cb), &late);
  g_signal_connect_swapped (procstream_child_get_stdout (child), "ended", G_CALLBACK (late_cb), &late);
  procstream_scope_abort (scope);
  g_assert_true (procstream_scope_close (scope, TIMEOUT_MS, NULL, NULL));
  g_main_context_iteration (NULL, FALSE);
  g_assert_false (late);
  g_assert_cmpint (procstream_child_get_term_signal (child), ==, SIGKILL);
}

/* In C the end of a block drops the reference, and that ends the children. */
static void
leave_block (void)
{
  g_autoptr (ProcstreamChild) child = NULL;

  {
    g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
    g_autoptr (ProcstreamLauncher) launcher = new_launcher (scope);
    const char *const argv[] = { "sleep", "1000", NULL };

    child = procstream_launcher_spawnv (launcher, argv, NULL);
  }
  g_assert_true (procstream_child_wait (child, TIMEOUT_MS, NULL, NULL));
  g_assert_cmpint (procstream_child_get_term_signal (child), ==, SIGTERM);
}

void
scenario_scope (void)
{
  close_scope ();
  pool ();
  never_start ();
  abort_scope ();
  leave_block ();
}
