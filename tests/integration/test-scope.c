/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-child-private.h"
#include "procstream-platform-private.h"
#include "procstream-scope-private.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-scoped.h"
#include "test-start.h"
#include "test-utils.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Long enough that a phase never ends by its time; such a time is never waited for. */
#define NEVER_MS 600000

#define WATCHDOG_MS (TEST_WATCHDOG_SECONDS * 1000)

/* --- Closing ------------------------------------------------------------------------------------------------------------------ */

static void
test_close (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) first = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) second = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) gone = test_scope_create (fixture, "echo x");
  g_autoptr (ProcstreamChild) never = test_scope_create (fixture, "echo x");
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_child_start (gone, NULL));
  g_assert_true (procstream_child_wait (gone, WATCHDOG_MS, NULL, NULL));
  test_scope_assert_counts (fixture, 2, 0, 1);
  test_scope_close (fixture);
  g_assert_true (procstream_scope_get_closed (fixture->scope));
  test_scope_assert_counts (fixture, 0, 0, 3);
  test_scope_assert_ended_by (first, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
  test_scope_assert_ended_by (second, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
  test_scope_assert_ended_by (gone, 0, PROCSTREAM_CAUSE_EXITED);
  test_scope_assert_failed (never, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_assert_false (procstream_child_start (never, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
}

/* Each is counted as what it is. */
static void
test_add (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) running = NULL;
  g_autoptr (ProcstreamChild) exited = NULL;

  procstream_launcher_set_scope (fixture->launcher, NULL);
  running = test_scope_spawn (fixture, "sleep-forever");
  exited = test_scope_spawn (fixture, "echo x");
  g_assert_true (procstream_child_wait (exited, WATCHDOG_MS, NULL, NULL));
  procstream_scope_set_max_running (fixture->scope, 1);
  g_assert_true (procstream_scope_add (fixture->scope, running, NULL));
  g_assert_true (procstream_scope_add (fixture->scope, exited, NULL));
  test_scope_assert_counts (fixture, 1, 0, 1);
  test_scope_close (fixture);
  test_scope_assert_ended_by (running, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
}

static void
enter_cb (gpointer      gate,
          const GError *unused)
{
  g_mutex_lock (gate);
}

static void
leave_cb (gpointer gate)
{
  g_mutex_unlock (gate);
}

/* Its start has failed for whoever has started it, and the library's thread has not told all others yet. */
static void
test_add_while_failing (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) failed = NULL;
  g_autoptr (ProcstreamChild) next = NULL;
  g_autoptr (GError) error = NULL;
  GMutex gate;

  g_mutex_init (&gate);
  procstream_launcher_set_scope (fixture->launcher, NULL);
  procstream_scope_set_on_failure (fixture->scope, PROCSTREAM_ON_FAILURE_STOP_STARTING);
  failed = test_scope_create_missing (fixture);
  next = test_scope_create (fixture, "echo x");
  g_mutex_lock (&gate);
  procstream_waiters_add_func (procstream_child_core_get_started (failed->core), enter_cb, &gate, leave_cb);
  g_assert_false (procstream_child_start (failed, NULL));
  g_assert_true (procstream_scope_add (fixture->scope, failed, NULL));
  g_assert_cmpuint (procstream_scope_get_n_running (fixture->scope), ==, 0);
  g_assert_cmpuint (procstream_scope_get_n_finished (fixture->scope), ==, 1);
  g_mutex_unlock (&gate);
  test_scope_assert_counts (fixture, 0, 0, 1);
  g_assert_false (procstream_scope_add (fixture->scope, next, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
  g_assert_nonnull (strstr (error->message, "cannot be added: “program” has failed"));
  g_mutex_clear (&gate);
}

/* What was made for a run before the failure, and is to be run after it: nobody waits for what never starts. */
static void
test_run_after_failure (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_auto (GStrv) argv = test_child_argv ("echo x");
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamChild) failed = NULL;
  g_autoptr (GError) error = NULL;

  procstream_scope_set_on_failure (fixture->scope, PROCSTREAM_ON_FAILURE_STOP_STARTING);
  child = procstream_launcher_create_for_run (fixture->launcher, (const char *const *) argv, NULL);
  failed = test_scope_create (fixture, "exit 3");
  g_assert_true (procstream_child_start (failed, NULL));
  g_assert_true (procstream_child_wait (failed, WATCHDOG_MS, NULL, NULL));
  test_scope_assert_counts (fixture, 0, 0, 1);
  g_assert_null (procstream_child_complete_for_run (child, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
  g_assert_nonnull (strstr (error->message, "has failed"));
  test_scope_assert_counts (fixture, 0, 0, 1);
}

/* One that waits for room when the wait for it is cancelled, and goes on: it has not run as far as that wait knows, whenever it is finished. */
static void
test_left_in_queue (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ProcstreamChild) running = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) queued = test_scope_create (fixture, "exit 0");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GError) error = NULL;

  procstream_scope_set_max_running (fixture->scope, 1);
  test_scope_enqueue (fixture, queued);
  procstream_scope_complete_all_async (fixture->scope, NULL, cancellable, test_store_result_cb, &result);
  test_hold_pass ();
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "a scope to complete", &result);
  g_assert_true (procstream_child_kill (running, NULL));
  g_assert_true (procstream_child_wait (queued, WATCHDOG_MS, NULL, NULL));
  results = procstream_scope_complete_all_finish (fixture->scope, result, NULL);
  g_assert_cmpint (procstream_result_get_cause (results->pdata[0]), ==, PROCSTREAM_CAUSE_CANCELLED);
  g_assert_true (procstream_result_get_running (results->pdata[0]));
  g_assert_cmpint (procstream_result_get_cause (results->pdata[1]), ==, PROCSTREAM_CAUSE_NOT_STARTED);
  g_assert_false (procstream_result_check (results->pdata[1], &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
note_thread_cb (GThread **thread)
{
  g_assert_null (*thread);
  *thread = g_thread_self ();
}

static gpointer
set_options_in_thread (gpointer scope)
{
  procstream_scope_set_max_running (scope, 3);
  procstream_scope_set_on_failure (scope, PROCSTREAM_ON_FAILURE_STOP_STARTING);
  procstream_scope_set_max_finished (scope, 3);
  return NULL;
}

/* What another thread sets is told of in the context of the scope. */
static void
test_set_elsewhere (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  static const char *const names[] = { "notify::max-running", "notify::on-failure", "notify::max-finished" };
  GThread                 *threads[G_N_ELEMENTS (names)] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_signal_connect_swapped (fixture->scope, names[i], G_CALLBACK (note_thread_cb), &threads[i]);
  g_thread_join (g_thread_new ("set", set_options_in_thread, fixture->scope));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_null (threads[i]);
  test_scope_iterate ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_true (threads[i] == g_thread_self ());
      threads[i] = NULL;
    }
  procstream_scope_set_max_running (fixture->scope, 2);
  g_assert_true (threads[0] == g_thread_self ());
  test_scope_iterate ();
}

/* Nothing gets in. */
static void
test_closed (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamLauncher) other = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_auto (GStrv) argv = test_child_argv ("echo x");
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (other, (const char *const *) argv, NULL);
  g_autoptr (GError) error = NULL;

  test_scope_close (fixture);
  g_assert_null (procstream_launcher_spawnv (fixture->launcher, (const char *const *) argv, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_clear_error (&error);
  g_assert_false (procstream_scope_add (fixture->scope, child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_assert_nonnull (strstr (error->message, "cannot be added: its scope is closed"));
  g_clear_error (&error);
  g_assert_false (procstream_scope_enqueue (fixture->scope, child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  /* It is nobody's, and runs as ever. */
  g_assert_true (procstream_child_start (child, NULL));
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
}

static void
count_weak_cb (gpointer data,
               GObject *where)
{
  (*(guint *) data)--;
}

/* A scope holds no child that was neither started nor enqueued. */
static void
test_never_started (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (GPtrArray) results = NULL;
  guint alive = 0;

  for (int i = 0; i < 100; i++)
    {
      g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "echo x");

      alive++;
      g_object_weak_ref (G_OBJECT (child), count_weak_cb, &alive);
      test_scope_iterate ();
    }
  g_assert_cmpuint (alive, ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, 0);
  /* It would be refused for one that was not started. */
  results = test_scope_complete_all (fixture);
  g_assert_cmpuint (results->len, ==, 0);
  test_scope_assert_counts (fixture, 0, 0, 0);
}

static ProcstreamReader *
attach_reader (ProcstreamChild *child)
{
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  return g_steal_pointer (&reader);
}

static void
assert_ended (ProcstreamReader *reader,
              int               code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_reader_read_line (reader, WATCHDOG_MS, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, code);
}

static void
abort_all (TestScope *fixture)
{
  procstream_scope_abort (fixture->scope);
}

/* Who waits for what will never be hears of it, whichever way the scope goes. */
static void
test_never_started_told (void)
{
  void (*const ways[]) (TestScope *) = { test_scope_close, abort_all };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr (TestScope) fixture = test_scope_new ();
      g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "echo x");
      g_autoptr (ProcstreamReader) reader = attach_reader (child);
      g_autoptr (GPtrArray) results = NULL;

      ways[i](fixture);
      assert_ended (reader, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
      test_scope_assert_failed (child, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
      results = test_scope_complete_all (fixture);
      g_assert_cmpuint (results->len, ==, 0);
      test_scope_assert_counts (fixture, 0, 0, 0);
    }
}

static void
test_remove_never_started (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "echo x");
  g_autoptr (ProcstreamReader) reader = attach_reader (child);
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_scope_remove (fixture->scope, child, NULL));
  g_assert_false (procstream_scope_remove (fixture->scope, child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);
  assert_ended (reader, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
  g_assert_false (procstream_child_start (child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED);
  g_clear_error (&error);
  g_assert_false (procstream_scope_enqueue (fixture->scope, child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  test_scope_assert_counts (fixture, 0, 0, 0);
}

/* The scope holds a child from its start on, even if nothing tells its list of it: this one would be ended with its object. */
static void
test_started_is_held (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) again = NULL;
  ProcstreamChild *child;

  procstream_launcher_set_lifetime (fixture->launcher, PROCSTREAM_LIFETIME_BOUND);
  child = test_scope_create (fixture, "sleep-forever");
  g_assert_true (procstream_child_start (child, NULL));
  g_object_unref (child);
  test_scope_iterate ();
  again = g_list_model_get_item (G_LIST_MODEL (fixture->scope), 0);
  g_assert_true (again == child);
  g_assert_cmpint (procstream_child_get_state (again), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  test_scope_close (fixture);
}

static void
test_close_while_starting (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) child = test_scope_create (fixture, "sleep-forever");
  g_autoptr (GAsyncResult) result = NULL;
  TestHold hold;

  test_hold_begin (&hold);
  procstream_child_start_async (child, NULL, NULL, NULL);
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_STARTING);
  procstream_scope_close_async (fixture->scope, NULL, test_store_result_cb, &result);
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_STARTING);
  test_hold_end (&hold);
  test_wait_result (NULL, "a scope to close", &result);
  g_assert_true (procstream_scope_close_finish (fixture->scope, result, NULL));
  test_scope_assert_ended_by (child, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
}

/* The scope joins a shutdown that is under way, and comes to what that comes to. */
static void
test_close_while_terminating (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) child = test_scope_spawn (fixture, "trap");
  g_autoptr (ProcstreamShutdown) gentle = procstream_shutdown_new_terminate (NEVER_MS);
  g_autoptr (GAsyncResult) terminated = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GError) error = NULL;

  procstream_scope_set_shutdown (fixture->scope, gentle);
  procstream_child_terminate_async (child, gentle, NULL, test_store_result_cb, &terminated);
  test_hold_pass ();
  procstream_scope_close_async (fixture->scope, NULL, test_store_result_cb, &closed);
  test_hold_pass ();
  test_scope_iterate ();
  g_assert_null (closed);
  g_assert_false (procstream_scope_close (fixture->scope, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (procstream_child_kill (child, NULL));
  test_wait_result (NULL, "a scope to close", &closed);
  test_wait_result (NULL, "a child to end", &terminated);
  g_assert_true (procstream_scope_close_finish (fixture->scope, closed, NULL));
  g_assert_true (procstream_child_terminate_finish (child, terminated, NULL));
  test_scope_assert_ended_by (child, SIGKILL, PROCSTREAM_CAUSE_KILLED);
}

/* It takes no longer than the scope allows, whoever began it. */
static void
test_close_cuts_short (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) child = test_scope_spawn (fixture, "trap");
  g_autoptr (ProcstreamShutdown) gentle = procstream_shutdown_new_terminate (NEVER_MS);
  g_autoptr (ProcstreamShutdown) quick = procstream_shutdown_new_terminate (10);

  procstream_scope_set_shutdown (fixture->scope, quick);
  procstream_child_terminate_async (child, gentle, NULL, NULL, NULL);
  test_scope_close (fixture);
  test_scope_assert_ended_by (child, SIGKILL, PROCSTREAM_CAUSE_KILLED);
}

static void
test_close_twice (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) child = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;

  procstream_scope_close_async (fixture->scope, NULL, test_store_result_cb, &first);
  procstream_scope_close_async (fixture->scope, NULL, test_store_result_cb, &second);
  test_scope_close (fixture);
  test_scope_close (fixture);
  test_wait_result (NULL, "a scope to close", &first);
  test_wait_result (NULL, "a scope to close", &second);
  g_assert_true (procstream_scope_close_finish (fixture->scope, first, NULL));
  g_assert_true (procstream_scope_close_finish (fixture->scope, second, NULL));
  test_scope_assert_ended_by (child, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
}

typedef struct
{
  ProcstreamScope *scope;
  gint             tid; /* atomic */
} Closer;

static gpointer
close_in_thread (gpointer data)
{
  Closer *self = data;

  g_atomic_int_set (&self->tid, gettid ());
  procstream_scope_close_async (self->scope, NULL, NULL, NULL);
  return NULL;
}

/* While the shutdown is being replaced: who closes has the one or the other, and never one that is gone. */
static void
test_close_elsewhere (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamShutdown) gentle = procstream_shutdown_new_terminate (NEVER_MS);
  g_autoptr (ProcstreamShutdown) kill_at_once = procstream_shutdown_new_kill ();
  g_autoptr (ProcstreamChild) child = test_scope_spawn (fixture, "trap");
  Closer   closer = { fixture->scope, 0 };
  GThread *thread;

  procstream_scope_set_shutdown (fixture->scope, gentle);
  g_mutex_lock (&fixture->scope->mutex);
  thread = g_thread_new ("close", close_in_thread, &closer);
  while (g_atomic_int_get (&closer.tid) == 0 || !test_is_asleep (g_atomic_int_get (&closer.tid)))
    g_assert_false (procstream_scope_get_closed (fixture->scope));
  g_set_object (&fixture->scope->shutdown, kill_at_once);
  g_mutex_unlock (&fixture->scope->mutex);
  g_thread_join (thread);
  test_scope_close (fixture);
  /* The call holds the scope until it is answered. */
  test_scope_iterate ();
  test_scope_assert_ended_by (child, SIGKILL, PROCSTREAM_CAUSE_KILLED);
}

static void
test_close_stubborn (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_terminate (50);
  g_autoptr (ProcstreamChild) stubborn = NULL;
  g_autoptr (ProcstreamChild) meek = NULL;

  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  stubborn = test_scope_spawn (fixture, "ignore-term");
  meek = test_scope_spawn (fixture, "sleep-forever");
  procstream_scope_set_shutdown (fixture->scope, shutdown);
  test_scope_close (fixture);
  test_scope_assert_ended_by (stubborn, SIGKILL, PROCSTREAM_CAUSE_KILLED);
  test_scope_assert_ended_by (meek, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
}

/* One that makes no sense closes nothing. */
static void
test_close_refused (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_terminate (1);
  g_autoptr (GError) error = NULL;

  procstream_shutdown_add_signal (shutdown, 12345, PROCSTREAM_SIGNAL_TARGET_GROUP, 1);
  procstream_scope_set_shutdown (fixture->scope, shutdown);
  g_assert_false (procstream_scope_close (fixture->scope, WATCHDOG_MS, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (procstream_scope_get_closed (fixture->scope));
  procstream_scope_set_shutdown (fixture->scope, NULL);
}

/* What a child that has exited leaves behind in its group ends with the scope. */
static void
test_close_orphans (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autofree char *line = NULL;

  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP) || test_on_valgrind ())
    {
      g_test_skip ("this kernel cannot reach the group of a process that has exited");
      return;
    }
  procstream_scope_set_max_finished (fixture->scope, 0);
  child = test_scope_create (fixture, "orphan");
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  line = procstream_reader_read_line (reader, WATCHDOG_MS, NULL, NULL);
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
  if (kill (-procstream_child_get_pid (child), 0) != 0)
    g_error ("the grandchild is gone already");
  test_scope_close (fixture);
  test_await_gone (atoi (line));
}

/* Who is out of reach is told of, by whoever closes, and keeps nobody else from ending. */
static void
test_close_survivors (void)
{
  const gboolean can = procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP);
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamShutdown) brief = procstream_shutdown_new_terminate (1000);
  g_autoptr (ProcstreamChild) first = NULL;
  g_autoptr (ProcstreamChild) second = NULL;
  g_autoptr (ProcstreamChild) meek = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (GAsyncResult) result = NULL;
  int left[2];

  procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD_GROUP);
  first = test_scope_spawn_stubborn (fixture, &left[0]);
  second = test_scope_spawn_stubborn (fixture, &left[1]);
  procstream_scope_set_shutdown (fixture->scope, brief);
  procstream_scope_close_async (fixture->scope, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "a scope to close", &result);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      /* Again, and it is the same. */
      if (i == 0)
        g_assert_false (procstream_scope_close_finish (fixture->scope, result, &error));
      else
        g_assert_false (procstream_scope_close (fixture->scope, WATCHDOG_MS, NULL, &error));
      g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS);
      g_assert_nonnull (strstr (error->message, "“test-child”"));
      g_assert_nonnull (strstr (error->message, "and 1 more "));
    }
  test_scope_assert_ended_by (meek, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
  test_scope_assert_ended_by (first, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
  test_scope_assert_ended_by (second, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
  for (guint i = 0; i < G_N_ELEMENTS (left); i++)
    {
      g_assert_cmpint (kill (left[i], 0), ==, 0);
      kill (left[i], SIGKILL);
      test_await_gone (left[i]);
    }
  if (can)
    procstream_platform_enable (PROCSTREAM_FEATURE_PIDFD_GROUP);
}

static void
test_detached (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamChild) child = test_scope_spawn (fixture, "sleep-forever");
  g_autoptr (ProcstreamChild) other = NULL;
  g_autoptr (ProcstreamChild) failing = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = test_child_argv ("echo x");

  g_assert_true (procstream_child_detach (child, NULL));
  /* Not even by the failure of another one, which ends those that are not. */
  procstream_scope_set_on_failure (fixture->scope, PROCSTREAM_ON_FAILURE_SHUT_DOWN_OTHERS);
  other = test_scope_spawn (fixture, "sleep-forever");
  failing = test_scope_create (fixture, "exit 1");
  g_assert_true (procstream_child_start (failing, NULL));
  g_assert_true (procstream_child_wait (other, WATCHDOG_MS, NULL, NULL));
  test_scope_close (fixture);
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  test_scope_await_gone (child);
  procstream_launcher_set_lifetime (fixture->launcher, PROCSTREAM_LIFETIME_DETACHED);
  g_assert_null (procstream_launcher_create (fixture->launcher, (const char *const *) argv, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* --- A pipeline --------------------------------------------------------------------------------------------------------------- */

static void
append (ProcstreamPipeline *pipeline,
        TestScope          *fixture,
        const char         *mode)
{
  g_auto (GStrv) argv = test_child_argv (mode);
  g_autoptr (GError) error = NULL;

  procstream_pipeline_append (pipeline, fixture->launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
}

/* All stages, which do not read, or the end of one could end another before the scope does. */
static void
test_pipeline (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autoptr (GAsyncResult) waited = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");
  static const char *const sleeper[] = { "sleep", "1000", NULL };

  g_assert_nonnull (procstream_pipeline_append (pipeline, fixture->launcher, sleeper, NULL));
  g_assert_nonnull (procstream_pipeline_append (pipeline, fixture->launcher, sleeper, NULL));
  append (pipeline, fixture, "sleep-forever");
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, 0);
  g_assert_true (procstream_pipeline_start (pipeline, NULL));
  test_scope_assert_counts (fixture, 3, 0, 0);
  test_scope_iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->scope)), ==, 3);
  procstream_pipeline_complete_async (pipeline, NULL, NULL, test_store_result_cb, &waited);
  test_scope_close (fixture);
  test_scope_assert_counts (fixture, 0, 0, 3);
  test_wait_result (NULL, "a pipeline to end", &waited);
  result = procstream_pipeline_complete_finish (pipeline, waited, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (procstream_pipeline_result_get_n_stages (result), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      ProcstreamResult *stage = procstream_pipeline_result_get_stage (result, i);

      g_assert_cmpint (procstream_result_get_cause (stage), ==, PROCSTREAM_CAUSE_TERMINATED);
      g_assert_cmpint (procstream_child_get_term_signal (procstream_pipeline_get_stage (pipeline, i)), ==, SIGTERM);
    }
  g_assert_false (procstream_pipeline_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_clear_error (&error);
  g_assert_null (procstream_pipeline_append (pipeline, fixture->launcher, (const char *const *) argv, &error));
}

/* One that was put together before the scope was closed does not start after that, not even a stage of it. */
static void
test_pipeline_closed (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();
  g_auto (GStrv) argv = test_child_argv ("cat");
  g_autoptr (GError) error = NULL;

  append (pipeline, fixture, "sleep-forever");
  append (pipeline, fixture, "cat");
  test_scope_close (fixture);
  g_assert_null (procstream_pipeline_append (pipeline, fixture->launcher, (const char *const *) argv, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_clear_error (&error);
  g_assert_false (procstream_pipeline_start (pipeline, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_assert_cmpuint (test_count_children (), ==, 0);
  /* Whoever waits for one of them knows it. */
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (procstream_child_wait (procstream_pipeline_get_stage (pipeline, i), WATCHDOG_MS, NULL, NULL));
      test_scope_assert_failed (procstream_pipeline_get_stage (pipeline, i), PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
    }
}

static void
start_cb (gpointer      data,
          const GError *unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_pipeline_start (data, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
}

/* It starts, and gives up, while the closing scope has its last stage in hand. */
static void
test_pipeline_while_closing (void)
{
  g_autoptr (TestScope) fixture = test_scope_new ();
  g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();

  append (pipeline, fixture, "sleep-forever");
  append (pipeline, fixture, "cat");
  procstream_waiters_add_func (procstream_child_core_get_claimed (procstream_pipeline_get_stage (pipeline, 1)->core), start_cb,
                               g_object_ref (pipeline), g_object_unref);
  test_scope_close (fixture);
  for (guint i = 0; i < 2; i++)
    test_scope_assert_failed (procstream_pipeline_get_stage (pipeline, i), PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
}

/* --- Disposing ---------------------------------------------------------------------------------------------------------------- */

static gpointer
unref_in_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* No main loop runs. */
static void
test_dispose_elsewhere (void)
{
  ProcstreamScope *scope = procstream_scope_new ();
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");
  g_autoptr (ProcstreamChild) running = procstream_launcher_spawnv (launcher, (const char *const *) argv, NULL);
  g_autoptr (ProcstreamChild) queued = procstream_launcher_create (launcher, (const char *const *) argv, NULL);
  g_autoptr (ProcstreamChild) never = procstream_launcher_create (launcher, (const char *const *) argv, NULL);
  g_autoptr (GError) error = NULL;

  procstream_scope_set_max_running (scope, 1);
  g_assert_true (procstream_scope_add (scope, running, NULL));
  g_assert_true (procstream_scope_enqueue (scope, queued, NULL));
  g_assert_true (procstream_scope_add (scope, never, NULL));
  g_thread_join (g_thread_new ("dispose", unref_in_thread, scope));
  test_scope_assert_failed (queued, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_assert_false (procstream_child_start (never, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED);
  g_assert_true (procstream_child_wait (running, WATCHDOG_MS, NULL, NULL));
  test_scope_assert_ended_by (running, SIGTERM, PROCSTREAM_CAUSE_TERMINATED);
}

/* Disposing blocks nobody: the child would never end by itself. */
static void
test_dispose_returns (void)
{
  g_autoptr (ProcstreamShutdown) gentle = procstream_shutdown_new_terminate (NEVER_MS);
  ProcstreamScope *scope = g_object_new (PROCSTREAM_TYPE_SCOPE, "shutdown", gentle, NULL);
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  TestScope fixture = { scope, launcher };
  g_autoptr (ProcstreamChild) child = test_scope_spawn (&fixture, "trap");

  g_assert_true (procstream_scope_add (scope, child, NULL));
  g_object_unref (scope);
  test_hold_pass ();
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_TERMINATING);
  g_assert_true (procstream_child_kill (child, NULL));
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
}

/* As the scope says, and not as the launcher does. */
static void
test_dispose_plan (void)
{
  g_autoptr (ProcstreamShutdown) kill_at_once = procstream_shutdown_new_kill ();
  ProcstreamScope *scope = g_object_new (PROCSTREAM_TYPE_SCOPE, "shutdown", kill_at_once, NULL);
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  TestScope fixture = { scope, launcher };
  g_autoptr (ProcstreamChild) child = test_scope_spawn (&fixture, "sleep-forever");

  g_assert_true (procstream_scope_add (scope, child, NULL));
  g_object_unref (scope);
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
  g_assert_cmpint (procstream_child_get_term_signal (child), ==, SIGKILL);
}

static const TestScopeCase cases[] = {
  { "scope/close", test_close },
  { "scope/run-after-failure", test_run_after_failure },
  { "scope/left-in-queue", test_left_in_queue },
  { "scope/set-elsewhere", test_set_elsewhere },
  { "scope/closed", test_closed },
  { "scope/add", test_add },
  { "scope/add-while-failing", test_add_while_failing },
  { "scope/never-started", test_never_started },
  { "scope/never-started-told", test_never_started_told },
  { "scope/remove-never-started", test_remove_never_started },
  { "scope/started-is-held", test_started_is_held },
  { "scope/close-while-starting", test_close_while_starting },
  { "scope/close-while-terminating", test_close_while_terminating },
  { "scope/close-cuts-short", test_close_cuts_short },
  { "scope/close-twice", test_close_twice },
  { "scope/close-elsewhere", test_close_elsewhere },
  { "scope/close-stubborn", test_close_stubborn },
  { "scope/close-refused", test_close_refused },
  { "scope/close-orphans", test_close_orphans },
  { "scope/close-survivors", test_close_survivors },
  { "scope/detached", test_detached },
  { "scope/pipeline", test_pipeline },
  { "scope/pipeline-closed", test_pipeline_closed },
  { "scope/pipeline-while-closing", test_pipeline_while_closing },
  { "scope/dispose-elsewhere", test_dispose_elsewhere },
  { "scope/dispose-returns", test_dispose_returns },
  { "scope/dispose-plan", test_dispose_plan },
};

int
main (int    argc,
      char **argv)
{
  return test_scope_run (argc, argv, cases, G_N_ELEMENTS (cases));
}
