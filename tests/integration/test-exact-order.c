/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Children whose outputs are read in the order in which they write. What the sockets do is tested with their unit. */

#define N_ROUNDS 2000

static TestProcess *
new_exact (void)
{
  TestProcess *process = test_process_new ();

  procstream_launcher_set_exact_order (process->launcher, TRUE);
  return process;
}

static void
read_in_context (TestProcess *process)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_launcher_set_stdout_config (process->launcher, config);
  procstream_launcher_set_stderr_config (process->launcher, config);
}

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         GPtrArray        *lines)
{
  g_ptr_array_add (lines, g_strdup (line));
}

static void
assert_alternate (GPtrArray *lines)
{
  g_assert_cmpuint (lines->len, ==, 2 * N_ROUNDS);
  for (guint i = 0; i < lines->len; i++)
    g_assert_cmpstr (lines->pdata[i], ==, i % 2 == 0 ? "out" : "err");
}

/* Lines that the child writes to one and the other in turn: not one of them is out of its place in the merged output. */
static void
test_merged (gconstpointer in_context)
{
  g_autoptr (TestProcess) process = new_exact ();
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_auto (GStrv) collected = NULL;

  procstream_launcher_set_merged_view (process->launcher, TRUE);
  if (in_context)
    read_in_context (process);
  test_process_create_mode (process, "both 2000");
  g_signal_connect (procstream_child_get_merged (process->child), "line", G_CALLBACK (line_cb), lines);
  g_assert_true (procstream_output_attach (procstream_child_get_merged (process->child), PROCSTREAM_CONSUMER (collector), NULL));
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  assert_alternate (lines);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  collected = procstream_collector_dup_lines (collector);
  g_assert_cmpuint (g_strv_length (collected), ==, 2 * N_ROUNDS);
  g_assert_cmpuint (process->out->len, ==, 4 * N_ROUNDS);
  g_assert_cmpuint (process->err->len, ==, 4 * N_ROUNDS);
  g_signal_handlers_disconnect_by_data (procstream_child_get_merged (process->child), lines);
}

typedef struct
{
  gint64 time_us;
  char   line[4];
} Written;

static void
info_cb (ProcstreamOutput    *output,
         ProcstreamChunkInfo *info,
         GArray              *all)
{
  Written written = { procstream_chunk_info_get_time_us (info), "" };
  GBytes *bytes = procstream_chunk_info_get_bytes (info);

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 4);
  memcpy (written.line, g_bytes_get_data (bytes, NULL), 3);
  g_array_append_val (all, written);
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 difference = ((const Written *) a)->time_us - ((const Written *) b)->time_us;

  return difference < 0 ? -1 : difference > 0;
}

/* The same without a merged output: sorted by their time, the chunks of both are in the order in which they were written. */
static void
test_times (void)
{
  g_autoptr (TestProcess) process = new_exact ();
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Written));

  test_process_create_mode (process, "both 2000");
  g_signal_connect (procstream_child_get_stdout (process->child), "chunk-info", G_CALLBACK (info_cb), all);
  g_signal_connect (procstream_child_get_stderr (process->child), "chunk-info", G_CALLBACK (info_cb), all);
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_array_sort (all, compare_times);
  g_assert_cmpuint (all->len, ==, 2 * N_ROUNDS);
  for (guint i = 0; i < all->len; i++)
    g_assert_cmpstr (g_array_index (all, Written, i).line, ==, i % 2 == 0 ? "out" : "err");
  g_signal_handlers_disconnect_by_data (procstream_child_get_stdout (process->child), all);
  g_signal_handlers_disconnect_by_data (procstream_child_get_stderr (process->child), all);
}

/* One who reads slowly loses nothing, and the order of nothing. */
static void
test_slow (void)
{
  g_autoptr (TestProcess) process = new_exact ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  char *line;

  procstream_output_config_set_max_buffered_chunks (config, 3);
  procstream_launcher_set_merged_view (process->launcher, TRUE);
  procstream_launcher_set_merged_config (process->launcher, config);
  test_process_create_mode (process, "both 2000");
  g_assert_true (procstream_output_attach (procstream_child_get_merged (process->child), PROCSTREAM_CONSUMER (reader), NULL));
  test_process_start (process);
  while ((line = procstream_reader_read_line (reader, PROCSTREAM_NO_TIMEOUT, NULL, NULL)))
    g_ptr_array_add (lines, line);
  assert_alternate (lines);
}

/* The process is gone, but not who it left behind with its outputs: they end with that one, as with pipes. */
static void
test_grandchild (void)
{
  g_autoptr (TestProcess) process = new_exact ();

  test_process_create_mode (process, "orphan");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_exited (process);
  test_process_run_until_out (process, 2);
  g_assert_false (process->completed);
  g_assert_cmpint (procstream_output_get_state (procstream_child_get_stdout (process->child)), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  g_assert_cmpint (kill (atoi (process->out->str), SIGKILL), ==, 0);
  test_process_run_to_completed (process);
  g_assert_nonnull (strchr (process->order->str, 'O'));
  g_assert_nonnull (strchr (process->order->str, 'E'));
}

/* One that closes an output and goes on with the other. */
static void
test_closes_one (void)
{
  g_autoptr (TestProcess) process = new_exact ();

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create (process, "echo first; exec >&-; read x; echo second >&2");
  test_process_listen (process);
  test_process_start (process);
  while (strchr (process->order->str, 'O') == NULL)
    g_main_context_iteration (NULL, TRUE);
  test_process_write (process, "\n");
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "first\n");
  g_assert_cmpstr (process->err->str, ==, "second\n");
}

/* One that reads from its own output, which then cannot be read to its end: nobody waits for that any longer, nothing is lost of the other
 * one, and who waits for the whole child is told why it is not all. */
static void
test_reads_own (void)
{
  g_autoptr (TestProcess) process = new_exact ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GAsyncResult) waits = NULL;
  g_autoptr (GError) error = NULL;

  procstream_complete_options_set_drain_timeout_ms (options, PROCSTREAM_NO_TIMEOUT);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_spawn (process, "echo before; head -c 1 <&1; read x; echo other >&2");
  procstream_child_complete_async (process->child, options, NULL, test_store_result_cb, &waits);
  while (procstream_output_get_state (procstream_child_get_stdout (process->child)) != PROCSTREAM_OUTPUT_STATE_FAILED)
    g_usleep (200);
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_wait_result (NULL, "the whole child", &waits);
  result = procstream_child_complete_finish (process->child, waits, &error);
  g_assert_no_error (error);
  g_assert_true (procstream_result_get_success (result));
  g_assert_cmpstr (procstream_capture_get_text (procstream_result_get_stdout (result)), ==, "before\n");
  g_assert_false (procstream_capture_get_ended (procstream_result_get_stdout (result)));
  g_assert_cmpstr (procstream_capture_get_text (procstream_result_get_stderr (result)), ==, "other\n");
  g_assert_true (procstream_capture_get_ended (procstream_result_get_stderr (result)));
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
  g_assert_nonnull (strstr (error->message, "reads from its own output"));
  g_assert_null (strstr (error->message, "stderr"));
}

/* The limits that the manual names are what they are. */
static void
test_limits (void)
{
  g_autoptr (TestProcess) process = new_exact ();

  test_process_create (process, "echo text > /dev/stdout || echo cannot open\n"
                                "dd if=/dev/zero bs=4M count=1 || echo cannot write\n"
                                "head -c 4000000 /dev/zero | wc -c");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "cannot open\ncannot write\n4000000\n");
}

/* Nothing is left of a child, nor of one that cannot be started. */
static void
test_nothing_left (void)
{
  const char *const argv[] = { "/nowhere/program", NULL };
  guint             before = 0;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TestProcess) process = new_exact ();
      g_autoptr (ProcstreamChild) missing = procstream_launcher_create (process->launcher, argv, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (procstream_child_start (missing, &error));
      g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
      g_assert_cmpint (procstream_output_get_state (procstream_child_get_stdout (missing)), ==, PROCSTREAM_OUTPUT_STATE_FAILED);
      test_process_create_mode (process, "flood 1000000");
      test_process_listen (process);
      test_process_start (process);
      test_process_run_to_completed (process);
      g_assert_cmpuint (process->out->len, ==, 1000000);
      if (i == 0)
        before = test_count_fds ();
      else
        test_assert_fds (before);
    }
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
  g_autoptr (TestProcess) process = new_exact ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamOutputConfig) context = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_launcher_set_merge_stderr (process->launcher, TRUE);
  expect_refused (process, "merge-stderr");
  procstream_launcher_set_merge_stderr (process->launcher, FALSE);
  procstream_launcher_set_stderr_config (process->launcher, discard);
  expect_refused (process, "both outputs must be read");
  procstream_output_config_set_reader (context, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_launcher_set_stderr_config (process->launcher, context);
  expect_refused (process, "“reader”");
  g_assert_true (procstream_launcher_get_exact_order (process->launcher));
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  test_add_data_func ("/exact-order/merged", NULL, test_merged);
  test_add_data_func ("/exact-order/merged-in-context", "context", test_merged);
  test_add_func ("/exact-order/times", test_times);
  test_add_func ("/exact-order/slow", test_slow);
  test_add_func ("/exact-order/grandchild", test_grandchild);
  test_add_func ("/exact-order/closes-one", test_closes_one);
  test_add_func ("/exact-order/reads-own", test_reads_own);
  test_add_func ("/exact-order/limits", test_limits);
  test_add_func ("/exact-order/nothing-left", test_nothing_left);
  test_add_func ("/exact-order/refused", test_refused);
  return g_test_run ();
}
