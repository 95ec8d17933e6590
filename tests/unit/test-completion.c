/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-completion-private.h"

#include "procstream-child-private.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-utils.h"

#include <signal.h>

/* Completions of real children, looked at in states that the public calls pass too quickly. */
typedef struct
{
  TestProcess               *process;
  ProcstreamCompleteSettings settings;
  GCancellable              *cancellable;
  ProcstreamCompletion      *completion;
} Fixture;

static void
fixture_init (Fixture    *self,
              const char *mode)
{
  *self = (Fixture){ .process = test_process_new (), .cancellable = g_cancellable_new () };
  test_process_create_mode (self->process, mode);
  g_assert_true (procstream_complete_settings_init (&self->settings, NULL, NULL));
}

static void
fixture_clear (Fixture *self)
{
  if (self->completion)
    procstream_completion_unref (self->completion);
  procstream_complete_settings_clear (&self->settings);
  g_object_unref (self->cancellable);
  test_process_free (self->process);
  g_assert_cmpuint (test_count_children (), ==, 0);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static void
begin (Fixture *self)
{
  self->completion = procstream_completion_new (self->process->child->core, &self->settings, self->cancellable);
  test_hold_pass ();
  test_hold_pass ();
}

static gboolean
is_over (Fixture *self)
{
  return procstream_waiters_is_complete (procstream_completion_get_over (self->completion));
}

static void
await_over (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  procstream_waiters_wait (procstream_completion_get_over (self->completion), g_main_context_default (), g_thread_self (), "the end",
                           TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
  g_assert_no_error (error);
}

static ProcstreamResult *
await (Fixture *self)
{
  await_over (self);
  return procstream_completion_make_result (self->completion);
}

/* --- Before the start --------------------------------------------------------------------------------------------------------- */

/* No time counts before the start, and what ends the wait ends the child once there is one. */
static void
test_timeout_before_start (gconstpointer end)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (ProcstreamResult) result = NULL;

  fixture_init (&fixture, "sleep-forever");
  fixture.settings.timeout_ms = 0;
  fixture.settings.end_on = end ? PROCSTREAM_END_ON_TIMEOUT : PROCSTREAM_END_ON_NONE;
  begin (&fixture);
  g_assert_false (is_over (&fixture));
  test_process_start (fixture.process);
  result = await (&fixture);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_TIMED_OUT);
  g_assert_cmpint (procstream_result_get_running (result), ==, end == NULL);
  if (end == NULL)
    g_assert_true (procstream_child_terminate (fixture.process->child, NULL, -1, NULL, NULL));
}

/* A place in a queue is no start. */
static void
test_timeout_in_queue (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (TestProcess) first = test_process_new ();
  TestHold hold;

  procstream_scope_set_max_running (scope, 1);
  test_process_create_mode (first, "sleep-forever");
  g_assert_true (procstream_scope_enqueue (scope, first->child, NULL));
  g_assert_true (procstream_child_core_wait_started (first->child->core, NULL));
  fixture_init (&fixture, "echo x");
  g_assert_true (procstream_scope_enqueue (scope, fixture.process->child, NULL));
  fixture.settings.timeout_ms = 60000;
  fixture.settings.end_on = PROCSTREAM_END_ON_TIMEOUT;
  begin (&fixture);
  test_hold_begin (&hold);
  g_assert_cmpint (procstream_completion_get_begin_us (fixture.completion), ==, 0);
  test_hold_end (&hold);
  g_assert_true (procstream_child_kill (first->child, NULL));
  result = await (&fixture);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_EXITED);
}

static void
test_cancel_before_start (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (ProcstreamResult) result = NULL;

  fixture_init (&fixture, "sleep-forever");
  fixture.settings.end_on = PROCSTREAM_END_ON_CANCEL;
  begin (&fixture);
  g_cancellable_cancel (fixture.cancellable);
  test_hold_pass ();
  test_hold_pass ();
  g_assert_false (is_over (&fixture));
  test_process_start (fixture.process);
  result = await (&fixture);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_CANCELLED);
  g_assert_false (procstream_result_get_running (result));
}

/* What is known then is that there is nothing to know. */
static void
test_facts_before_start (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (ProcstreamResult) result = NULL;

  fixture_init (&fixture, "exit 3");
  begin (&fixture);
  result = procstream_completion_make_result (fixture.completion);
  g_assert_true (procstream_result_get_running (result));
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, -1);
  g_assert_cmpint (procstream_result_get_duration_us (result), ==, 0);
  g_clear_object (&result);
  test_process_start (fixture.process);
  result = await (&fixture);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, 3);
}

static void
test_never_started (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture, "exit 3");
  begin (&fixture);
  g_clear_object (&fixture.process->child);
  g_assert_false (procstream_waiters_wait (procstream_completion_get_over (fixture.completion), g_main_context_default (), g_thread_self (),
                                           "the end", TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_failed_start (void)
{
  const char *const argv[] = { "/nonexistent/program", NULL };
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture, "exit 3");
  g_object_unref (fixture.process->child);
  fixture.process->child = procstream_launcher_create (fixture.process->launcher, argv, NULL);
  begin (&fixture);
  g_assert_false (procstream_child_start (fixture.process->child, NULL));
  g_assert_false (procstream_waiters_wait (procstream_completion_get_over (fixture.completion), g_main_context_default (), g_thread_self (),
                                           "the end", TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
}

/* While it is being started: the shutdown waits for the program to run, and the completion for that. */
static void
test_cancel_during_start (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (ProcstreamResult) result = NULL;
  TestHold hold;

  fixture_init (&fixture, "sleep-forever");
  fixture.settings.end_on = PROCSTREAM_END_ON_CANCEL;
  begin (&fixture);
  test_hold_begin (&hold);
  procstream_child_start_async (fixture.process->child, NULL, test_store_result_cb, &started);
  g_cancellable_cancel (fixture.cancellable);
  test_hold_end (&hold);
  test_wait_result (NULL, "the start", &started);
  g_assert_true (procstream_child_start_finish (fixture.process->child, started, NULL));
  result = await (&fixture);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_CANCELLED);
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, SIGTERM);
}

/* One that is left alone while it is being started: what becomes of it is not known, whenever somebody asks for the result. */
static void
test_left_during_start (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture, "exit 0");
  begin (&fixture);
  g_assert_true (procstream_child_core_claim (fixture.process->child->core, NULL));
  g_cancellable_cancel (fixture.cancellable);
  await_over (&fixture);
  procstream_child_core_launch (fixture.process->child->core);
  g_assert_true (procstream_child_wait (fixture.process->child, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL));
  result = await (&fixture);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_CANCELLED);
  g_assert_true (procstream_result_get_running (result));
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
}

/* --- Nothing stays ------------------------------------------------------------------------------------------------------------ */

static void
weak_cb (gpointer data,
         GObject *object)
{
  *(gboolean *) data = TRUE;
}

/* Whoever lets go of a completion of a child that never starts keeps nothing alive. */
static void
test_dropped (void)
{
  g_auto (Fixture) fixture = { 0 };
  gboolean gone = FALSE;

  fixture_init (&fixture, "exit 3");
  g_object_weak_ref (G_OBJECT (fixture.process->child), weak_cb, &gone);
  begin (&fixture);
  g_clear_pointer (&fixture.completion, procstream_completion_unref);
  g_clear_object (&fixture.process->child);
  g_assert_true (gone);
  test_hold_pass ();
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_data_func ("/completion/timeout-before-start/wait", NULL, test_timeout_before_start);
  g_test_add_data_func ("/completion/timeout-before-start/end", "end", test_timeout_before_start);
  g_test_add_func ("/completion/timeout-in-queue", test_timeout_in_queue);
  g_test_add_func ("/completion/cancel-before-start", test_cancel_before_start);
  g_test_add_func ("/completion/facts-before-start", test_facts_before_start);
  g_test_add_func ("/completion/never-started", test_never_started);
  g_test_add_func ("/completion/failed-start", test_failed_start);
  g_test_add_func ("/completion/cancel-during-start", test_cancel_during_start);
  g_test_add_func ("/completion/left-during-start", test_left_during_start);
  g_test_add_func ("/completion/dropped", test_dropped);
  return g_test_run ();
}
