/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-scoped.h"

#include "test-clean.h"
#include "test-hold.h"
#include "test-noter.h"
#include "test-process.h"
#include "test-start.h"
#include "test-utils.h"

#include <stdlib.h>

#define WATCHDOG_MS (TEST_WATCHDOG_SECONDS * 1000)

TestScope *
test_scope_new (void)
{
  TestScope *self = g_new0 (TestScope, 1);

  self->scope = procstream_scope_new ();
  self->launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  procstream_launcher_set_scope (self->launcher, self->scope);
  return self;
}

/* Nobody else holds the scope. */
void
test_scope_free (TestScope *self)
{
  gpointer scope = self->scope;

  g_clear_object (&self->launcher);
  g_object_add_weak_pointer (G_OBJECT (self->scope), &scope);
  g_object_unref (self->scope);
  g_assert_null (scope);
  g_free (self);
}

ProcstreamChild *
test_scope_create (TestScope  *self,
                   const char *mode)
{
  g_auto (GStrv) argv = test_child_argv (mode);
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child = procstream_launcher_create (self->launcher, (const char *const *) argv, &error);

  g_assert_no_error (error);
  return child;
}

ProcstreamChild *
test_scope_create_missing (TestScope *self)
{
  const char *argv[] = { "/nowhere/program", NULL };

  return procstream_launcher_create (self->launcher, argv, NULL);
}

/* It has said where it is, if its mode says so. */
ProcstreamChild *
test_scope_spawn (TestScope  *self,
                  const char *mode)
{
  ProcstreamChild *child = test_scope_create (self, mode);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autofree char *line = NULL;

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  line = procstream_reader_read_line (reader, WATCHDOG_MS, NULL, NULL);
  g_assert_nonnull (line);
  return child;
}

/* One that leaves somebody behind whom SIGTERM does not end, and what number that has. */
ProcstreamChild *
test_scope_spawn_stubborn (TestScope *fixture,
                           int       *left)
{
  ProcstreamChild *child = test_scope_create (fixture, "stubborn");
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autofree char *line = NULL;

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  line = procstream_reader_read_line (reader, WATCHDOG_MS, NULL, NULL);
  g_assert_nonnull (line);
  *left = atoi (line);
  return child;
}

void
test_scope_enqueue (TestScope       *self,
                    ProcstreamChild *child)
{
  g_autoptr (GError) error = NULL;

  procstream_scope_enqueue (self->scope, child, &error);
  g_assert_no_error (error);
}

void
test_scope_close (TestScope *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_scope_close (self->scope, WATCHDOG_MS, NULL, &error));
  g_assert_no_error (error);
}

void
test_scope_assert_ended_by (ProcstreamChild *child,
                            int              signum,
                            ProcstreamCause  cause)
{
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_EXITED);
  g_assert_cmpint (procstream_child_get_term_signal (child), ==, signum);
  g_assert_cmpint (procstream_result_get_cause (procstream_child_get_result (child)), ==, cause);
}

void
test_scope_assert_failed (ProcstreamChild *child,
                          int              code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_FAILED);
  g_assert_false (procstream_child_wait (child, WATCHDOG_MS, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, code);
}

void
test_scope_await_gone (ProcstreamChild *child)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_child_terminate (child, NULL, WATCHDOG_MS, NULL, &error));
  g_assert_no_error (error);
}

GPtrArray *
test_scope_complete_all (TestScope *self)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *results = procstream_scope_complete_all (self->scope, NULL, NULL, &error);

  g_assert_no_error (error);
  return results;
}

void
test_scope_iterate (void)
{
  for (int i = 0; i < 10; i++)
    while (g_main_context_iteration (NULL, FALSE))
      ;
}

void
test_scope_assert_counts (TestScope *fixture,
                          guint      n_running,
                          guint      n_queued,
                          guint      n_finished)
{
  /* Who waits for a child may hear of its end before the scope does. */
  test_hold_pass ();
  g_assert_cmpuint (procstream_scope_get_n_running (fixture->scope), ==, n_running);
  g_assert_cmpuint (procstream_scope_get_n_queued (fixture->scope), ==, n_queued);
  g_assert_cmpuint (procstream_scope_get_n_finished (fixture->scope), ==, n_finished);
}

/* --- Running tests ------------------------------------------------------------------------------------------------------------ */

static void
run_case (gconstpointer data)
{
  ((const TestScopeCase *) data)->run ();
  test_scope_iterate ();
  g_assert_cmpuint (test_noter_count_alive (), ==, 0);
}

int
test_scope_run (int                  argc,
                char               **argv,
                const TestScopeCase *cases,
                guint                n_cases)
{
  test_init (&argc, &argv);
  for (guint i = 0; i < n_cases; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%s", cases[i].name);

      test_add_data_func (path, &cases[i], run_case);
    }
  return g_test_run ();
}
