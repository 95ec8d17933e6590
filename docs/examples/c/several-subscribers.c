/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One output, three subscribers: a live view that may lose lines, a log of the last lines that may not, and one that comes when
 * everything is over. */

#include <procstream/procstream.h>

static void
live_cb (ProcstreamOutput *output,
         const char       *line,
         gpointer          user_data)
{
  g_print ("live: %s\n", line);
}

static void
print_lines (const char          *name,
             ProcstreamCollector *collector)
{
  g_auto (GStrv) lines = procstream_collector_dup_lines (collector);
  g_autofree char *joined = g_strjoinv (" ", lines);

  g_print ("%s: %s\n", name, joined);
}

int
main (void)
{
  // [subscribers]
  const char *const argv[] = { "seq", "1", "5", NULL };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_BYTES);
  g_autoptr (ProcstreamCollector) tail = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST);
  g_autoptr (ProcstreamCollector) late = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamOutput *output;

  procstream_launcher_set_replay_limit (launcher, 4096);
  child = procstream_launcher_create (launcher, argv, &error);
  g_assert_no_error (error);
  output = procstream_child_get_stdout (child);
  g_signal_connect (output, "line", G_CALLBACK (live_cb), NULL);
  procstream_collector_set_max_lines (tail, 2);
  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (tail), PROCSTREAM_DELIVERY_RELIABLE);
  procstream_output_attach (output, PROCSTREAM_CONSUMER (tail), NULL);

  g_signal_connect_swapped (child, "completed", G_CALLBACK (g_main_loop_quit), loop);
  procstream_child_start (child, &error);
  g_assert_no_error (error);
  g_main_loop_run (loop);
  print_lines ("tail", tail);
  procstream_output_attach (output, PROCSTREAM_CONSUMER (late), NULL);
  procstream_consumer_wait (PROCSTREAM_CONSUMER (late), PROCSTREAM_NO_TIMEOUT, NULL, &error);
  print_lines ("late", late);
  // [/subscribers]
  return 0;
}
