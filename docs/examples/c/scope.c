/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Children that belong to something, and a pool of them. */

#include <procstream/procstream.h>

static void
close_all (void)
{
  // [close]
  const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (ProcstreamChild) first = NULL;
  g_autoptr (ProcstreamChild) second = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_scope (launcher, scope);
  first = procstream_launcher_spawnv (launcher, argv, NULL);
  second = procstream_launcher_spawnv (launcher, argv, NULL);
  if (procstream_scope_close (scope, PROCSTREAM_NO_TIMEOUT, NULL, &error))
    g_print ("ended by signals %d and %d\n", procstream_child_get_term_signal (first), procstream_child_get_term_signal (second));
  // [/close]
}

static void
run_pool (void)
{
  // [pool]
  const char *const names[] = { "one", "two", "three" };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (GPtrArray) results = NULL;

  procstream_scope_set_max_running (scope, 2);
  procstream_scope_set_on_failure (scope, PROCSTREAM_ON_FAILURE_STOP_STARTING);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *const argv[] = { "echo", names[i], NULL };
      g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, argv, NULL);

      procstream_scope_enqueue (scope, child, NULL);
    }
  results = procstream_scope_complete_all (scope, NULL, NULL, NULL);
  for (guint i = 0; results && i < results->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = procstream_result_dup_stdout_text (results->pdata[i]);

      if (procstream_result_check (results->pdata[i], &error))
        g_print ("%s", text);
      else
        g_printerr ("%s\n", error->message);
    }
  // [/pool]
}

int
main (void)
{
  close_all ();
  run_pool ();
  return 0;
}
