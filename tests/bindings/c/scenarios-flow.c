/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scenarios-consumer.h"

#include <string.h>

#define FOUR_LINES "printf 'one\\ntwo\\nthree\\nfour'"

static void
assert_late (ProcstreamOutput *output,
             const char       *text)
{
  g_autoptr (ProcstreamCollector) late = harness_collect (output);

  harness_assert_collected (late, text);
}

static void
assert_replayed (ProcstreamReplay replay,
                 guint64          limit,
                 guint64          max_bytes,
                 const char      *text)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, replay);
  g_autoptr (ProcstreamChild) child = NULL;

  procstream_output_config_set_replay_limit (config, limit);
  procstream_output_config_set_max_replay_bytes (config, max_bytes);
  procstream_launcher_set_stdout_config (launcher, config);
  child = harness_spawn (launcher, FOUR_LINES);
  harness_complete (child);
  assert_late (procstream_child_get_stdout (child), text);
}

void
scenario_replay_last_lines_and_ms (void)
{
  assert_replayed (PROCSTREAM_REPLAY_LAST_LINES, 2, 100, "three\nfour");
  assert_replayed (PROCSTREAM_REPLAY_LAST_LINES, 9, 100, "one\ntwo\nthree\nfour");
  assert_replayed (PROCSTREAM_REPLAY_LAST_LINES, 9, 6, "four");
  assert_replayed (PROCSTREAM_REPLAY_LAST_MS, 3600000, 100, "one\ntwo\nthree\nfour");
  assert_replayed (PROCSTREAM_REPLAY_LAST_MS, 3600000, 5, "\nfour");
}

static void
count_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          gsize            *size)
{
  *size += g_bytes_get_size (bytes);
}

void
scenario_live_only_and_sealed_child (void)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamCollector) live = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamCollector) all = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  ProcstreamOutput *output;
  gsize             size = 0;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = harness_spawn (launcher, "echo before; read x; echo after; echo error >&2");
  output = procstream_child_get_stdout (child);
  g_signal_connect (output, "chunk", G_CALLBACK (count_cb), &size);
  while (size < strlen ("before\n"))
    g_main_context_iteration (NULL, TRUE);
  procstream_consumer_set_live_only (PROCSTREAM_CONSUMER (live), TRUE);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (live), NULL));
  all = harness_collect (output);
  procstream_input_close (procstream_child_get_stdin (child));
  harness_complete (child);
  harness_assert_collected (live, "after\n");
  harness_assert_collected (all, "before\nafter\n");
  assert_late (procstream_child_get_stderr (child), "error\n");
  procstream_child_seal_replay (child);
  assert_late (output, "");
  assert_late (procstream_child_get_stderr (child), "");
}

void
scenario_single (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) first = NULL;
  g_autoptr (ProcstreamReader) second = procstream_reader_new ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char  *line = NULL;
  ProcstreamOutput *output;

  procstream_output_config_set_backend (config, PROCSTREAM_BACKEND_SINGLE);
  procstream_launcher_set_stdout_config (launcher, config);
  procstream_launcher_set_name (launcher, "job");
  child = harness_create (launcher, "echo text");
  output = procstream_child_get_stdout (child);
  first = harness_collect (output);
  g_assert_false (procstream_output_attach (output, PROCSTREAM_CONSUMER (second), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "job"));
  g_clear_error (&error);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (first));
  procstream_output_attach (output, PROCSTREAM_CONSUMER (second), &error);
  g_assert_no_error (error);
  procstream_child_start (child, &error);
  g_assert_no_error (error);
  line = procstream_reader_read_line (second, TIMEOUT_MS, NULL, &error);
  g_assert_cmpstr (line, ==, "text");
}

void
scenario_pause_lag_and_stall (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) stuck = procstream_reader_new ();
  g_autoptr (Counter) counter = counter_new (PROCSTREAM_DELIVERY_RELIABLE);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamConsumer *paused = PROCSTREAM_CONSUMER (counter);
  ProcstreamOutput   *output;

  procstream_output_config_set_max_buffered_chunks (config, 1);
  procstream_launcher_set_stdout_config (launcher, config);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = harness_create (launcher, "printf one; read x; printf three");
  output = procstream_child_get_stdout (child);
  procstream_consumer_pause (paused);
  procstream_consumer_set_max_stall_ms (PROCSTREAM_CONSUMER (stuck), 1);
  g_assert_true (procstream_output_attach (output, paused, NULL));
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (stuck), NULL));
  procstream_child_start (child, &error);
  g_assert_no_error (error);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (stuck), TIMEOUT_MS, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (stuck)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (stuck)), ==, 3);
  g_assert_cmpuint (procstream_output_get_consumers_dropped (output), ==, 1);

  g_assert_true (procstream_consumer_is_paused (paused));
  g_assert_cmpuint (counter_get_chunks (counter), ==, 0);
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (paused), ==, 1);
  g_assert_cmpuint (procstream_consumer_get_lag_bytes (paused), ==, 3);
  g_assert_cmpint (procstream_consumer_get_lag_us (paused), >=, 0);
  procstream_consumer_resume (paused);
  procstream_input_close (procstream_child_get_stdin (child));
  harness_wait (paused);
  g_assert_cmpuint (counter_get_chunks (counter), ==, 2);
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (paused), ==, 0);
}
