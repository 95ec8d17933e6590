/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <string.h>

/* The merged output of real children. What it does with what arrives is tested with its unit. */

static TestProcess *
new_merged (void)
{
  TestProcess *process = test_process_new ();

  procstream_launcher_set_merged_view (process->launcher, TRUE);
  return process;
}

static ProcstreamOutput *
merged (TestProcess *process)
{
  return procstream_child_get_merged (process->child);
}

static void
info_cb (ProcstreamOutput    *output,
         ProcstreamChunkInfo *info,
         GString             *log)
{
  gsize       size;
  const char *data = g_bytes_get_data (procstream_chunk_info_get_bytes (info), &size);

  g_string_append_printf (log, "%s:%.*s|", procstream_chunk_info_get_stream (info), (int) size, data);
}

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         GString          *log)
{
  g_string_append_printf (log, "%s|", line);
}

static void
ended_cb (ProcstreamOutput *output,
          const GError     *error,
          GString          *log)
{
  g_string_append (log, error ? error->message : "end");
}

/* What was attached before the start misses nothing, and sees what is written while it is waited for in the order in which it is written. */
static void
test_order (void)
{
  g_autoptr (TestProcess) process = new_merged ();
  g_autoptr (GString) infos = g_string_new (NULL);
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autofree char *text = NULL;

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create (process, "printf beg; read x; echo no >&2; read x; echo in; read x; printf more >&2");
  g_assert_cmpstr (procstream_output_get_name (merged (process)), ==, "merged");
  g_assert_cmpint (procstream_output_get_state (merged (process)), ==, PROCSTREAM_OUTPUT_STATE_NONE);
  g_signal_connect (merged (process), "chunk-info", G_CALLBACK (info_cb), infos);
  g_signal_connect (merged (process), "line", G_CALLBACK (line_cb), lines);
  g_signal_connect (merged (process), "ended", G_CALLBACK (ended_cb), lines);
  g_assert_true (procstream_output_attach (merged (process), PROCSTREAM_CONSUMER (collector), NULL));
  test_process_listen (process);
  test_process_start (process);
  for (const guint64 *n = (const guint64[]){ 3, 6, 9, 0 }; *n > 0; n++)
    {
      while (procstream_output_get_bytes_received (merged (process)) < *n)
        g_main_context_iteration (NULL, FALSE);
      test_process_write (process, "\n");
    }
  test_process_run_to_completed (process);
  g_assert_cmpstr (infos->str, ==, "stdout:beg|stderr:no\n|stdout:in\n|stderr:more|");
  g_assert_cmpstr (lines->str, ==, "no|begin|more|end");
  g_assert_cmpstr (process->out->str, ==, "begin\n");
  g_assert_cmpstr (process->err->str, ==, "no\nmore");
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, "begno\nin\nmore");
  g_signal_handlers_disconnect_by_data (merged (process), infos);
  g_signal_handlers_disconnect_by_data (merged (process), lines);
}

/* Much of both, by one who reads slowly and loses nothing: each stream is whole, and in its order. */
static void
test_much (void)
{
  const guint n = 20000;
  g_autoptr (TestProcess) process = new_merged ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;
  ProcstreamChunkInfo *info;
  guint64              counts[2] = { 0, 0 };

  procstream_output_config_set_max_buffered_chunks (config, 2);
  procstream_launcher_set_merged_config (process->launcher, config);
  test_process_create_mode (process, "both 20000");
  g_assert_true (procstream_output_attach (merged (process), PROCSTREAM_CONSUMER (reader), NULL));
  test_process_start (process);
  while ((info = procstream_reader_next_info (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error)))
    {
      gboolean is_err = strcmp (procstream_chunk_info_get_stream (info), "stderr") == 0;

      g_assert_cmpuint (procstream_chunk_info_get_stream_offset (info), ==, counts[is_err]);
      g_assert_cmpuint (procstream_chunk_info_get_offset (info), ==, counts[0] + counts[1]);
      counts[is_err] += g_bytes_get_size (procstream_chunk_info_get_bytes (info));
      g_object_unref (info);
    }
  g_assert_no_error (error);
  g_assert_cmpuint (counts[0], ==, 4 * n);
  g_assert_cmpuint (counts[1], ==, 4 * n);
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (reader)), ==, 0);
}

/* completed waits for the signals of the merged output as for those of the others, and a child that is dropped emits them all the same. */
static void
completed_cb (ProcstreamChild  *child,
              ProcstreamResult *result,
              GString          *log)
{
  g_string_append (log, " completed");
}

static gboolean
is_completed (gpointer log)
{
  return strstr (((GString *) log)->str, " completed") != NULL;
}

static void
test_completed (void)
{
  g_autoptr (TestProcess) process = new_merged ();
  g_autoptr (GString) log = g_string_new (NULL);

  test_process_spawn_mode (process, "echo text");
  g_signal_connect (merged (process), "line", G_CALLBACK (line_cb), log);
  g_signal_connect (merged (process), "ended", G_CALLBACK (ended_cb), log);
  g_signal_connect (process->child, "completed", G_CALLBACK (completed_cb), log);
  g_clear_object (&process->child);
  test_run_until (NULL, "completion", is_completed, log);
  g_assert_cmpstr (log->str, ==, "text|end completed");
}

/* Replay and the end are there for who comes late. */
static void
test_late (void)
{
  g_autoptr (TestProcess) process = new_merged ();
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autofree char *text = NULL;

  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  test_process_spawn_mode (process, "echo kept");
  test_process_listen (process);
  test_process_run_to_completed (process);
  g_assert_true (procstream_output_attach (merged (process), PROCSTREAM_CONSUMER (collector), NULL));
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, "kept\n");
}

/* An output that is not read adds nothing, and one that is read in the captured context makes the merged one so, too. */
static void
test_one_side (void)
{
  g_autoptr (TestProcess) process = new_merged ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamOutputConfig) context = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GString) log = g_string_new (NULL);

  procstream_output_config_set_reader (context, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_launcher_set_stdout_config (process->launcher, context);
  procstream_launcher_set_stderr_config (process->launcher, discard);
  test_process_create_mode (process, "both 2");
  g_signal_connect (merged (process), "line", G_CALLBACK (line_cb), log);
  g_signal_connect (merged (process), "ended", G_CALLBACK (ended_cb), log);
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (log->str, ==, "out|out|end");
  g_signal_handlers_disconnect_by_data (merged (process), log);
}

static void
test_not_asked_for (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutput) output = NULL;

  test_process_create_mode (process, "exit 0");
  g_assert_null (merged (process));
  g_object_get (process->child, "merged", &output, NULL);
  g_assert_null (output);
}

/* A child that cannot be started, and one that never is: its merged output ends as the others do. */
static void
test_never_started (void)
{
  g_autoptr (TestProcess) process = new_merged ();
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamReader) late = procstream_reader_new ();
  g_autoptr (GError) error = NULL;
  const char *const argv[] = { "/nowhere/program", NULL };

  process->child = procstream_launcher_create (process->launcher, argv, NULL);
  g_assert_true (procstream_output_attach (merged (process), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_false (procstream_child_start (process->child, NULL));
  g_assert_null (procstream_reader_next (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_clear_object (&process->child);

  test_process_create_mode (process, "exit 0");
  output = g_object_ref (merged (process));
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (late), NULL));
  g_clear_object (&process->child);
  g_clear_error (&error);
  g_assert_null (procstream_reader_next (late, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (procstream_output_get_state (output), ==, PROCSTREAM_OUTPUT_STATE_FAILED);
}

static void
expect_refused (TestProcess *process,
                const char  *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_launcher_create (process->launcher, test_shell_argv (":"), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_refused (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamOutputConfig) context = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_launcher_set_merged_config (process->launcher, discard);
  expect_refused (process, "“merged-config” has no meaning without “merged-view”");
  procstream_launcher_set_merged_view (process->launcher, TRUE);
  expect_refused (process, "must be “broadcast”");
  procstream_launcher_set_merged_config (process->launcher, NULL);
  procstream_launcher_set_merge_stderr (process->launcher, TRUE);
  expect_refused (process, "merge-stderr");
  procstream_launcher_set_merge_stderr (process->launcher, FALSE);
  procstream_output_config_set_reader (context, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_launcher_set_stdout_config (process->launcher, context);
  expect_refused (process, "“reader”");
  g_assert_true (procstream_launcher_get_merged_view (process->launcher));
  g_assert_null (procstream_launcher_get_merged_config (process->launcher));
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  test_add_func ("/merged/order", test_order);
  test_add_func ("/merged/much", test_much);
  test_add_func ("/merged/completed", test_completed);
  test_add_func ("/merged/late", test_late);
  test_add_func ("/merged/one-side", test_one_side);
  test_add_func ("/merged/not-asked-for", test_not_asked_for);
  test_add_func ("/merged/never-started", test_never_started);
  test_add_func ("/merged/refused", test_refused);
  return g_test_run ();
}
