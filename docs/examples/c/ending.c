/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How children end, and what is known then. */

#include <procstream/procstream.h>
#include <signal.h>

static void
run (void)
{
  // [run]
  const char *const argv[] = { "grep", "root", "/nowhere/file", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamResult) result = procstream_run (argv, NULL, &error);

  if (g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL))
    g_print ("exit status %d\n", procstream_result_get_exit_code (procstream_child_error_get_result (error)));
  // [/run]
}

static void
complete (ProcstreamLauncher *launcher)
{
  // [complete]
  const char *const argv[] = { "sh", "-c", "echo begun; sleep 1000", NULL };
  g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (launcher, argv, NULL);
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;

  procstream_complete_options_set_timeout_ms (options, 1000);
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_TIMEOUT);
  result = procstream_child_complete (child, options, NULL, NULL);
  if (procstream_result_get_cause (result) == PROCSTREAM_CAUSE_TIMED_OUT)
    g_print ("it took too long, and had written: %s", procstream_capture_get_text (procstream_result_get_stdout (result)));
  // [/complete]
}

int
main (void)
{
  const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamShutdown) shutdown = NULL;
  g_autoptr (GError) error = NULL;

  // [terminate]
  child = procstream_launcher_spawnv (launcher, argv, NULL);
  shutdown = procstream_shutdown_new ();
  procstream_shutdown_add_close_stdin (shutdown, 2000);
  procstream_shutdown_add_signal (shutdown, SIGTERM, PROCSTREAM_SIGNAL_TARGET_GROUP, 5000);
  if (procstream_child_terminate (child, shutdown, PROCSTREAM_NO_TIMEOUT, NULL, &error))
    g_print ("ended by signal %d\n", procstream_child_get_term_signal (child));
  // [/terminate]
  run ();
  complete (launcher);
  return 0;
}
