/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A child that says nothing for too long: a warning first, and then its end. */

#include <procstream/procstream.h>

static const char *const argv[] = { "sh", "-c", "echo begun; sleep 1000", NULL };

// [warn]
static void
warn_cb (ProcstreamChild *child,
         gint64           silent_ms,
         gpointer         user_data)
{
  g_print ("%s has been silent for half a second\n", procstream_child_get_name (child));
  procstream_child_terminate_async (child, NULL, NULL, NULL, NULL);
}

static ProcstreamChild *
start (ProcstreamLauncher *launcher,
       GError            **error)
{
  g_autoptr (ProcstreamChild) child = NULL;

  procstream_launcher_set_idle_timeout_ms (launcher, 500);
  child = procstream_launcher_create (launcher, argv, error);
  if (child == NULL)
    return NULL;
  g_signal_connect (child, "idle", G_CALLBACK (warn_cb), NULL);
  return procstream_child_start (child, error) ? g_steal_pointer (&child) : NULL;
}
// [/warn]

static gboolean
end_silent (ProcstreamLauncher *launcher,
            GError            **error)
{
  // [end]
  g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (launcher, argv, error);
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;

  procstream_complete_options_set_idle_timeout_ms (options, 500);
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_IDLE);
  if (child)
    result = procstream_child_complete (child, options, NULL, error);
  if (result && procstream_result_get_cause (result) == PROCSTREAM_CAUSE_IDLE)
    g_print ("it was idle, and had written: %s", procstream_capture_get_text (procstream_result_get_stdout (result)));
  // [/end]
  return result != NULL;
}

int
main (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamChild) child = start (launcher, &error);

  if (child)
    {
      g_signal_connect_swapped (child, "completed", G_CALLBACK (g_main_loop_quit), loop);
      g_main_loop_run (loop);
      g_print ("ended by signal %d\n", procstream_child_get_term_signal (child));
      procstream_launcher_set_idle_timeout_ms (launcher, PROCSTREAM_NO_TIMEOUT);
      end_silent (launcher, &error);
    }
  if (error)
    g_printerr ("%s\n", error->message);
  return error != NULL;
}
