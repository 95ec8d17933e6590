/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a program that must not get much: few files, small ones, little of the environment, and after everybody else. */

#include <procstream/procstream.h>

// [limits]
static ProcstreamLauncher *
make_careful_launcher (void)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_launcher_set_limit (launcher, PROCSTREAM_LIMIT_OPEN_FILES, 32, 32);
  procstream_launcher_set_limit (launcher, PROCSTREAM_LIMIT_FILE_SIZE, 1024 * 1024, 1024 * 1024);
  procstream_launcher_set_nice (launcher, 10);
  procstream_launcher_set_oom_score_adjust (launcher, 500);
  procstream_launcher_set_umask (launcher, 077);
  procstream_launcher_clear_environment (launcher);
  procstream_launcher_set_variable (launcher, "MODE", "careful");
  return launcher;
}
// [/limits]

int
main (void)
{
  const char *const argv[] = { "sh", "-c", "ulimit -n; umask; echo \"$MODE\"", NULL };
  g_autoptr (ProcstreamLauncher) launcher = make_careful_launcher ();
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;
  g_autofree char *joined = NULL;

  child = procstream_launcher_create (launcher, argv, &error);
  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (collector), &error) ||
      !procstream_child_start (child, &error) ||
      !procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), PROCSTREAM_NO_TIMEOUT, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  lines = procstream_collector_dup_lines (collector);
  joined = g_strjoinv (" ", lines);
  g_print ("%s\n", joined);
  return 0;
}
