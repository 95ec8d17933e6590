/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a command, prints its lines as they come and says how it ended. */

#include <procstream/procstream.h>

// [run]
static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         gpointer          user_data)
{
  g_print ("line: %s\n", line);
}

static void
completed_cb (ProcstreamChild  *child,
              ProcstreamResult *result,
              gpointer          user_data)
{
  g_print ("exit code: %d\n", procstream_result_get_exit_code (result));
  g_main_loop_quit (user_data);
}

int
main (void)
{
  const char *const argv[] = { "sh", "-c", "echo compiling; echo linking; exit 3", NULL };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  child = procstream_launcher_spawnv (launcher, argv, &error);
  if (child == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_signal_connect (procstream_child_get_stdout (child), "line", G_CALLBACK (line_cb), NULL);
  g_signal_connect (child, "completed", G_CALLBACK (completed_cb), loop);
  g_main_loop_run (loop);
  return 0;
}
// [/run]
