/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two consumers that do not keep up: a view that is paused for a while, and a reader that nobody asks, which may not hold up the
 * child for ever. */

#include <procstream/procstream.h>

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
  const char *const argv[] = { "seq", "1", "5", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) view = NULL;
  g_autoptr (ProcstreamReader) forgotten = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamOutput *output;

  procstream_output_config_set_max_buffered_chunks (config, 1);
  procstream_launcher_set_stdout_config (launcher, config);
  child = procstream_launcher_create (launcher, argv, &error);
  g_assert_no_error (error);
  output = procstream_child_get_stdout (child);

  // [slow]
  view = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  procstream_consumer_pause (PROCSTREAM_CONSUMER (view));
  procstream_output_attach (output, PROCSTREAM_CONSUMER (view), NULL);

  forgotten = procstream_reader_new ();
  procstream_consumer_set_max_stall_ms (PROCSTREAM_CONSUMER (forgotten), 100);
  procstream_output_attach (output, PROCSTREAM_CONSUMER (forgotten), NULL);

  procstream_child_start (child, &error);
  g_assert_no_error (error);
  if (!procstream_consumer_wait (PROCSTREAM_CONSUMER (forgotten), PROCSTREAM_NO_TIMEOUT, NULL, &error) &&
      g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED))
    g_print ("dropped: %" G_GUINT64_FORMAT "\n", procstream_output_get_consumers_dropped (output));

  g_print ("paused: %" G_GUINT64_FORMAT " bytes behind\n", procstream_consumer_get_lag_bytes (PROCSTREAM_CONSUMER (view)));
  procstream_consumer_resume (PROCSTREAM_CONSUMER (view));
  procstream_consumer_wait (PROCSTREAM_CONSUMER (view), PROCSTREAM_NO_TIMEOUT, NULL, NULL);
  print_lines ("resumed", view);
  // [/slow]
  return 0;
}
