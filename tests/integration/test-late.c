/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-utils.h"

#include <string.h>

/* What a result has of an output that was written to before anybody asked for it. */

#define BEFORE "one\ntwo\n"

static void
run_until_received (TestProcess *process,
                    guint64      n)
{
  test_process_await_received (process, n);
  /* Nobody is at the beginning any more. */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static ProcstreamResult *
complete (ProcstreamChild           *child,
          ProcstreamCompleteOptions *options)
{
  g_autoptr (GError) error = NULL;
  ProcstreamResult *result = procstream_child_complete (child, options, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (procstream_result_get_success (result));
  return result;
}

static void
check (ProcstreamResult *result,
       const char       *text,
       guint64           missed)
{
  ProcstreamCapture *capture = procstream_result_get_stdout (result);
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = g_strdup_printf (": %" G_GUINT64_FORMAT " bytes of stdout came before it was collected (", missed);

  g_assert_cmpstr (procstream_capture_get_text (capture), ==, text);
  g_assert_cmpuint (procstream_capture_get_bytes_seen (capture), ==, g_bytes_get_size (procstream_capture_get_bytes (capture)));
  g_assert_cmpuint (procstream_capture_get_bytes_lost (capture), ==, 0);
  g_assert_cmpuint (procstream_capture_get_bytes_missed (capture), ==, missed);
  g_assert_true (procstream_capture_get_ended (capture));
  g_assert_cmpint (procstream_capture_get_truncated (capture), ==, missed > 0);
  g_assert_cmpuint (procstream_capture_get_bytes_missed (procstream_result_get_stderr (result)), ==, 0);
  g_assert_cmpint (procstream_result_get_truncated (result), ==, missed > 0);
  g_assert_cmpint (procstream_result_check (result, &error), ==, missed == 0);
  if (missed == 0)
    return;
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
  g_assert_nonnull (strstr (error->message, reason));
}

/* --- One child ---------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char      *name;
  ProcstreamReplay replay;
  guint64          limit;
  const char      *kept;
} Kept;

static const Kept kept[] = {
  { "none", PROCSTREAM_REPLAY_NONE, 0, "" },
  { "bytes", PROCSTREAM_REPLAY_LAST_BYTES, 3, "wo\n" },
  { "lines", PROCSTREAM_REPLAY_LAST_LINES, 1, "two\n" },
  { "all", PROCSTREAM_REPLAY_ALL, 0, BEFORE },
};

/* What replay kept is not missed, and the rest is counted to the byte, whatever the delivery. */
static void
test_replay (gconstpointer data)
{
  const Kept *const        self = data;
  const ProcstreamDelivery deliveries[] = { PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_DELIVERY_LOSSY };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (deliveries[i], self->replay);
      g_autoptr (GAsyncResult) async_result = NULL;
      g_autoptr (ProcstreamResult) result = NULL;
      g_autofree char *all = g_strconcat (self->kept, "three", NULL);

      procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
      /* Replay keeps whole chunks. */
      procstream_output_config_set_read_chunk_size (config, 1);
      if (self->limit > 0)
        procstream_output_config_set_replay_limit (config, self->limit);
      procstream_launcher_set_stdout_config (process->launcher, config);
      test_process_spawn_mode (process, "write-wait-write " BEFORE " three");
      run_until_received (process, strlen (BEFORE));
      procstream_child_complete_async (process->child, NULL, NULL, test_store_result_cb, &async_result);
      test_process_write (process, "x");
      test_wait_result (NULL, "a child to complete", &async_result);
      result = procstream_child_complete_finish (process->child, async_result, NULL);
      check (result, all, strlen (BEFORE) - strlen (self->kept));
    }
}

/* Until the main context iterates, nothing is late. */
static void
test_opening (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamResult) result = NULL;

  test_process_spawn_mode (process, "echo early");
  test_process_await_state (process, PROCSTREAM_CHILD_STATE_EXITED);
  result = complete (process->child, NULL);
  check (result, "early\n", 0);
}

/* Who has read it is another matter: the result is what this wait knows. */
static void
test_again (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) allowed = procstream_complete_options_new ();
  g_autoptr (ProcstreamCompleteOptions) nothing = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) first = NULL;
  g_autoptr (ProcstreamResult) second = NULL;
  g_autoptr (ProcstreamResult) third = NULL;
  g_autoptr (ProcstreamResult) fourth = NULL;
  g_autoptr (GError) error = NULL;

  test_process_spawn_mode (process, "echo early");
  first = complete (process->child, NULL);
  check (first, "early\n", 0);
  second = complete (process->child, NULL);
  check (second, "", strlen ("early\n"));

  procstream_complete_options_set_allow_truncated (allowed, TRUE);
  third = complete (process->child, allowed);
  g_assert_true (procstream_result_get_truncated (third));
  g_assert_true (procstream_result_check (third, &error));
  g_assert_no_error (error);

  /* What was not to be collected is not missed. */
  procstream_complete_options_set_capture (nothing, FALSE);
  fourth = complete (process->child, nothing);
  g_assert_null (procstream_result_get_stdout (fourth));
  g_assert_false (procstream_result_get_truncated (fourth));
  g_assert_true (procstream_result_check (fourth, &error));
  g_assert_no_error (error);
}

/* --- Several ------------------------------------------------------------------------------------------------------------------ */

static void
test_scope (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (GAsyncResult) async_result = NULL;
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_scope (process->launcher, scope);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_spawn_mode (process, "write-wait-write " BEFORE " three");
  run_until_received (process, strlen (BEFORE));
  procstream_scope_complete_all_async (scope, NULL, NULL, test_store_result_cb, &async_result);
  test_process_write (process, "x");
  test_wait_result (NULL, "a scope to complete", &async_result);
  results = procstream_scope_complete_all_finish (scope, async_result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results->len, ==, 1);
  check (g_ptr_array_index (results, 0), "three", strlen (BEFORE));
}

static void
test_pipeline (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamPipeline) pipeline = procstream_pipeline_new ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_auto (GStrv) first = test_child_argv ("echo one");
  g_auto (GStrv) last = test_child_argv ("cat");
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (procstream_pipeline_append (pipeline, process->launcher, (const char *const *) first, NULL));
  process->child = g_object_ref (procstream_pipeline_append (pipeline, process->launcher, (const char *const *) last, NULL));
  procstream_pipeline_start (pipeline, &error);
  g_assert_no_error (error);
  run_until_received (process, strlen ("one\n"));
  result = procstream_pipeline_complete (pipeline, NULL, NULL, &error);
  g_assert_no_error (error);
  check (procstream_pipeline_result_get_stage (result, 1), "", strlen ("one\n"));
  g_assert_false (procstream_result_get_truncated (procstream_pipeline_result_get_stage (result, 0)));
  g_assert_false (procstream_pipeline_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
}

/* It ended before anybody asked, and what it kept is given in the context in which it is read. */
static void
test_read_in_context (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (GAsyncResult) async_result = NULL;
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (ProcstreamResult) again = NULL;

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_launcher_set_stdout_config (process->launcher, config);
  procstream_launcher_set_stderr_config (process->launcher, config);
  test_process_create_mode (process, "echo one");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  procstream_child_complete_async (process->child, NULL, NULL, test_store_result_cb, &async_result);
  /* The library's own thread has looked at it by then. */
  test_hold_pass ();
  test_hold_pass ();
  test_wait_result (NULL, "a child to complete", &async_result);
  result = procstream_child_complete_finish (process->child, async_result, NULL);
  check (result, "one\n", 0);
  again = complete (process->child, NULL);
  check (again, "one\n", 0);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_autofree char *path = g_strconcat ("/late/replay/", kept[i].name, NULL);

      test_add_data_func (path, &kept[i], test_replay);
    }
  test_add_func ("/late/opening", test_opening);
  test_add_func ("/late/again", test_again);
  test_add_func ("/late/scope", test_scope);
  test_add_func ("/late/pipeline", test_pipeline);
  test_add_func ("/late/read-in-context", test_read_in_context);
  return g_test_run ();
}
