/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-scoped.h"
#include "test-start.h"
#include "test-utils.h"

#define WATCHDOG_MS (TEST_WATCHDOG_SECONDS * 1000)
#define N_THREADS 20

/* What is done in a thread with a context of its own that nobody iterates keeps nothing of it, once every object is gone: neither what would have
 * been emitted there, nor the context. */

static ProcstreamLauncher *
make_launcher (void)
{
  return procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
}

static ProcstreamChild *
create (const char *mode)
{
  g_autoptr (ProcstreamLauncher) launcher = make_launcher ();
  g_auto (GStrv) argv = test_child_argv (mode);
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child = procstream_launcher_create (launcher, (const char *const *) argv, &error);

  g_assert_no_error (error);
  return child;
}

static void
create_and_drop (void)
{
  g_autoptr (ProcstreamChild) child = create ("echo x");
}

static void
run (void)
{
  g_auto (GStrv) argv = test_child_argv ("echo x");
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamResult) result = procstream_run ((const char *const *) argv, NULL, &error);

  g_assert_no_error (error);
}

static void
wait_for_exit (void)
{
  g_autoptr (ProcstreamChild) child = create ("echo x");

  g_assert_true (procstream_child_start (child, NULL));
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
}

static void
read_lines (void)
{
  g_autoptr (ProcstreamChild) child = create ("echo x");
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  char *line;

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  while ((line = procstream_reader_read_line (reader, WATCHDOG_MS, NULL, NULL)))
    g_free (line);
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
}

static gboolean
never (ProcstreamLine *line,
       gpointer        user_data)
{
  return FALSE;
}

static void
match (void)
{
  g_autoptr (ProcstreamChild) child = create ("echo x");
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();

  g_assert_true (procstream_line_waiter_add_function (waiter, PROCSTREAM_MATCH_NONE, never, NULL, NULL, NULL));
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (waiter), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
}

static void
complete_all (void)
{
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (GPtrArray) results = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (ProcstreamChild) child = create ("echo x");

      g_assert_true (procstream_scope_enqueue (scope, child, NULL));
    }
  results = procstream_scope_complete_all (scope, NULL, NULL, NULL);
  g_assert_cmpuint (results->len, ==, 2);
}

static void
run_pipeline (void)
{
  g_autoptr (ProcstreamLauncher) launcher = make_launcher ();
  g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_auto (GStrv) echo = test_child_argv ("echo x");
  g_auto (GStrv) cat = test_child_argv ("cat");

  g_assert_nonnull (procstream_pipeline_append (pipeline, launcher, (const char *const *) echo, NULL));
  g_assert_nonnull (procstream_pipeline_append (pipeline, launcher, (const char *const *) cat, NULL));
  g_assert_true (procstream_pipeline_start (pipeline, NULL));
  result = procstream_pipeline_complete (pipeline, NULL, NULL, NULL);
  g_assert_nonnull (result);
}

static void
ignore_line_cb (ProcstreamOutput *output,
                const char       *line,
                gpointer          user_data)
{
}

/* The output is still open when the wait is over, so its end cannot have been told; but a bound child is not kept for that. */
static void
wait_with_handler (void)
{
  const char *const argv[] = { "sh", "-c", "sleep 1000 &", NULL };
  g_autoptr (ProcstreamLauncher) launcher = make_launcher ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_BOUND);
  child = procstream_launcher_create (launcher, argv, &error);
  g_assert_no_error (error);
  g_signal_connect (procstream_child_get_stdout (child), "line", G_CALLBACK (ignore_line_cb), NULL);
  g_assert_true (procstream_child_start (child, NULL));
  g_assert_true (procstream_child_wait (child, WATCHDOG_MS, NULL, NULL));
}

static const TestScopeCase kinds[] = {
  { "contexts/create", create_and_drop },
  { "contexts/run", run },
  { "contexts/wait", wait_for_exit },
  { "contexts/wait-with-handler", wait_with_handler },
  { "contexts/reader", read_lines },
  { "contexts/line-waiter", match },
  { "contexts/scope", complete_all },
  { "contexts/pipeline", run_pipeline },
};

static gpointer
do_in_thread (gpointer data)
{
  const TestScopeCase *kind = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  kind->run ();
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_kind (gconstpointer data)
{
  guint fds;

  /* What the library opens once is not counted. */
  g_thread_join (g_thread_new ("once", do_in_thread, (gpointer) data));
  run ();
  test_scope_iterate ();
  fds = test_count_settled_fds ();
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (g_thread_new ("own context", do_in_thread, (gpointer) data));
  test_assert_fds (fds);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/%s", kinds[i].name);

      test_add_data_func (path, &kinds[i], test_kind);
    }
  return g_test_run ();
}
