/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers a program that asks only at a terminal. */

#include <procstream/procstream.h>

#define ASK "test -t 0 || exit 1; stty size; printf 'name? '; read -r name; echo \"hello $name\""

// [terminal]
static ProcstreamLauncher *
make_terminal_launcher (void)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_launcher_set_pty (launcher, TRUE);
  procstream_launcher_set_pty_columns (launcher, 100);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PTY);
  procstream_launcher_set_variable (launcher, "TERM", "dumb");
  return launcher;
}
// [/terminal]

int
main (void)
{
  const char *const argv[] = { "sh", "-c", ASK, NULL };
  g_autoptr (ProcstreamLauncher) launcher = make_terminal_launcher ();
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GBytes) answer = g_bytes_new_static ("world\n", 6);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;
  g_autofree char *joined = NULL;

  child = procstream_launcher_create (launcher, argv, &error);
  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (collector), &error) ||
      !procstream_child_start (child, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  procstream_input_write_async (procstream_child_get_stdin (child), answer, NULL, NULL, NULL);
  procstream_input_close (procstream_child_get_stdin (child));
  procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), PROCSTREAM_NO_TIMEOUT, NULL, NULL);
  lines = procstream_collector_dup_lines (collector);
  joined = g_strjoinv ("\n", lines);
  g_print ("%s\n", joined);
  return 0;
}
