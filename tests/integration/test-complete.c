/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-platform-private.h"
#include "test-clean.h"
#include "test-noter.h"
#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Never waited for. */
#define NEVER_MS 600000

static const char *
text_of (ProcstreamCapture *capture)
{
  g_assert_nonnull (capture);
  return procstream_capture_get_text (capture);
}

static ProcstreamResult *
complete (TestProcess               *process,
          ProcstreamCompleteOptions *options)
{
  g_autoptr (GError) error = NULL;
  ProcstreamResult *result = procstream_child_complete (process->child, options, NULL, &error);

  g_assert_no_error (error);
  return result;
}

static void
use_pipe (TestProcess *process)
{
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
}

static void
kill_and_wait (TestProcess *process)
{
  g_autoptr (ProcstreamShutdown) only_kill = procstream_shutdown_new_kill ();

  g_assert_true (procstream_child_terminate (process->child, only_kill, -1, NULL, NULL));
}

/* --- What comes of it --------------------------------------------------------------------------------------------------------- */

static void
test_both (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  test_process_spawn_mode (process, "both 3 2");
  result = complete (process, NULL);
  g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "out\nout\nout\n");
  g_assert_cmpstr (text_of (procstream_result_get_stderr (result)), ==, "err\nerr\nerr\n");
  lines = procstream_capture_dup_lines (procstream_result_get_stdout (result));
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  g_assert_cmpuint (procstream_capture_get_bytes_seen (procstream_result_get_stdout (result)), ==, 12);
  g_assert_cmpuint (procstream_capture_get_lines_seen (procstream_result_get_stdout (result)), ==, 3);
  g_assert_cmpuint (procstream_capture_get_lines_cut (procstream_result_get_stdout (result)), ==, 0);
  g_assert_true (procstream_capture_get_ended (procstream_result_get_stdout (result)));
  g_assert_false (procstream_result_get_truncated (result));
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_EXITED);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, 2);
  g_assert_cmpint (procstream_result_get_phase (result), ==, -1);
  g_assert_cmpstr (procstream_result_get_tail (result), ==, "err\nerr\nerr\n");
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_true (procstream_child_error_get_result (error) == result);
  g_assert_true (g_str_has_prefix (error->message, "“test-child” exited with status 2 after "));
  g_assert_nonnull (strstr (error->message, "err\nerr"));
}

/* The result travels with each copy of the error, and with no other error. */
static void
test_error_copies (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) copy = NULL;
  g_autoptr (GError) plain = g_error_new_literal (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_FAILED, "no");
  g_autoptr (GError) other = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");

  test_process_spawn_mode (process, "exit 1");
  result = complete (process, NULL);
  g_assert_false (procstream_result_check (result, &error));
  copy = g_error_copy (error);
  g_clear_error (&error);
  g_assert_true (procstream_child_error_get_result (copy) == result);
  g_assert_null (procstream_child_error_get_result (plain));
  g_assert_null (procstream_child_error_get_result (other));
}

static void
test_limits (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) first = NULL;
  g_autoptr (ProcstreamResult) last = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamCapture *capture;

  procstream_complete_options_set_max_bytes (options, 100);
  test_process_spawn_mode (process, "flood 200000");
  first = complete (process, options);
  capture = procstream_result_get_stdout (first);
  g_assert_cmpuint (g_bytes_get_size (procstream_capture_get_bytes (capture)), ==, 100);
  g_assert_cmpuint (procstream_capture_get_bytes_cut (capture), ==, 199900);
  g_assert_cmpuint (procstream_capture_get_bytes_seen (capture), ==, 200000);
  /* Of 80 bytes each: one whole and a part are kept. */
  g_assert_cmpuint (procstream_capture_get_lines_seen (capture), ==, 2500);
  g_assert_cmpuint (procstream_capture_get_lines_cut (capture), ==, 2498);
  g_assert_true (g_str_has_prefix (procstream_capture_get_text (capture), "abcd"));
  g_assert_true (procstream_result_get_success (first));
  g_assert_false (procstream_result_check (first, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
  g_assert_true (g_str_has_suffix (error->message, "not all of it: 199900 bytes of stdout were not kept"));
  g_clear_object (&process->child);

  procstream_complete_options_set_keep (options, PROCSTREAM_KEEP_LAST);
  procstream_complete_options_set_allow_truncated (options, TRUE);
  test_process_spawn_mode (process, "flood 200000");
  last = complete (process, options);
  g_assert_true (procstream_result_get_truncated (last));
  g_assert_cmpuint (procstream_capture_get_lines_seen (procstream_result_get_stdout (last)), ==, 2500);
  g_assert_cmpuint (procstream_capture_get_lines_cut (procstream_result_get_stdout (last)), ==, 2498);
  g_assert_true (procstream_result_check (last, NULL));
}

/* What was lost before anybody waited is missing in the result too, to the byte, and there is no success without it. */
static void
test_lossy (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamCapture *capture;

  procstream_output_config_set_read_chunk_size (config, 100);
  procstream_output_config_set_max_buffered_chunks (config, 3);
  procstream_launcher_set_stdout_config (process->launcher, config);
  test_process_spawn_mode (process, "flood 1000");
  test_process_await_received (process, 1000);
  result = complete (process, NULL);
  capture = procstream_result_get_stdout (result);
  g_assert_true (procstream_result_get_success (result));
  g_assert_true (procstream_capture_get_ended (capture));
  g_assert_cmpuint (procstream_capture_get_gaps (capture), ==, 1);
  g_assert_cmpuint (procstream_capture_get_bytes_lost (capture), ==, 1000 - g_bytes_get_size (procstream_capture_get_bytes (capture)));
  g_assert_cmpuint (procstream_capture_get_bytes_lost (capture), >=, 700);
  g_assert_true (procstream_result_get_truncated (result));
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
  g_assert_true (g_str_has_suffix (error->message, " bytes of stdout were lost"));
}

static void
read_away (TestProcess *process,
           gsize        n)
{
  test_process_await_received (process, n);
  test_iterate (); /* the opening goes */
}

/* What came before anybody waited is missing, too: that there is nothing of it left is not that there was nothing. That a consumer took
 * it changes nothing for the result, which does not have it. */
static void
test_late_without_replay (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (ProcstreamCollector) collector = test_collector_new ();
      g_autoptr (ProcstreamResult) result = NULL;
      g_autoptr (GAsyncResult) waits = NULL;
      g_autoptr (GError) error = NULL;
      ProcstreamCapture *capture;

      use_pipe (process);
      test_process_create_mode (process, "write-wait-write a\n b\n");
      if (i == 1)
        g_assert_true (procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (collector), NULL));
      test_process_start (process);
      read_away (process, 2);
      if (i < 2)
        procstream_child_complete_async (process->child, NULL, NULL, test_store_result_cb, &waits);
      test_process_write (process, "\n");
      if (i < 2)
        {
          test_wait_result (NULL, "the whole child", &waits);
          result = procstream_child_complete_finish (process->child, waits, NULL);
        }
      else
        {
          g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
          read_away (process, 4);
          result = complete (process, NULL);
        }
      capture = procstream_result_get_stdout (result);
      g_assert_cmpstr (text_of (capture), ==, i == 2 ? "" : "b\n");
      g_assert_cmpuint (procstream_capture_get_bytes_lost (capture), ==, 0);
      g_assert_cmpuint (procstream_capture_get_bytes_missed (capture), ==, i == 2 ? 4 : 2);
      g_assert_true (procstream_result_get_truncated (result));
      g_assert_false (procstream_result_check (result, &error));
      g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
      g_assert_nonnull (strstr (error->message, i == 2 ? "not all of it: 4 bytes of stdout came before" : "not all of it: 2 bytes of stdout came before"));
    }
}

/* --- What cuts it short ------------------------------------------------------------------------------------------------------- */

/* The child goes on, is not touched, and can be waited for again. */
static void
test_timeout (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (ProcstreamResult) again = NULL;
  g_autoptr (GError) error = NULL;

  use_pipe (process);
  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  test_process_spawn_mode (process, "write-wait-write a\n b\n 4");
  procstream_complete_options_set_timeout_ms (options, 1000);
  result = complete (process, options);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_TIMED_OUT);
  g_assert_true (procstream_result_get_running (result));
  g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "a\n");
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  test_process_write (process, "\n");
  procstream_complete_options_set_timeout_ms (options, PROCSTREAM_NO_TIMEOUT);
  again = complete (process, options);
  g_assert_cmpint (procstream_result_get_exit_code (again), ==, 4);
  g_assert_cmpstr (text_of (procstream_result_get_stdout (again)), ==, "a\nb\n");
}

static void
test_timeout_and_end (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_interrupt_terminate (1000, 1000);
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (ProcstreamShutdownAttempt) attempt = NULL;

  test_process_spawn_mode (process, "trap");
  procstream_complete_options_set_timeout_ms (options, 1000);
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_TIMEOUT);
  procstream_complete_options_set_shutdown (options, shutdown);
  result = complete (process, options);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_TIMED_OUT);
  g_assert_false (procstream_result_get_running (result));
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, SIGKILL);
  g_assert_cmpint (procstream_result_get_phase (result), ==, 2);
  /* What it wrote while it was being ended is there. */
  g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "ready\nINT\nTERM\n");
  g_assert_cmpuint (g_list_model_get_n_items (procstream_result_get_attempts (result)), ==, 3);
  attempt = g_list_model_get_item (procstream_result_get_attempts (result), 1);
  g_assert_cmpint (procstream_shutdown_attempt_get_signum (attempt), ==, SIGTERM);
  g_assert_cmpint (procstream_result_get_cause (procstream_child_get_result (process->child)), ==, PROCSTREAM_CAUSE_TIMED_OUT);
}

/* A shutdown that somebody else began, and that takes for ever, is cut short. */
static void
test_foreign_shutdown (gconstpointer mode)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamShutdown) endless = procstream_shutdown_new_interrupt_terminate (NEVER_MS, NEVER_MS);
  g_autoptr (ProcstreamShutdown) only_kill = procstream_shutdown_new_kill ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (ProcstreamResult) again = NULL;
  g_autoptr (GAsyncResult) ended = NULL;

  test_process_spawn_mode (process, mode);
  test_process_listen (process);
  test_process_run_until_out (process, 2);
  procstream_child_terminate_async (process->child, endless, NULL, test_store_result_cb, &ended);
  procstream_complete_options_set_timeout_ms (options, 1000);
  procstream_complete_options_set_shutdown (options, only_kill);
  /* Unless it is not to be ended: then it goes on. */
  result = complete (process, options);
  g_assert_cmpint (procstream_child_get_state (process->child), ==,
                   strcmp (mode, "trap") == 0 ? PROCSTREAM_CHILD_STATE_TERMINATING : PROCSTREAM_CHILD_STATE_EXITED);
  g_assert_null (ended);
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_TIMEOUT);
  again = complete (process, options);
  g_assert_false (procstream_result_get_running (again));
  g_assert_cmpint (procstream_result_get_term_signal (again), ==, strcmp (mode, "trap") == 0 ? SIGKILL : SIGINT);
  g_assert_cmpint (procstream_result_get_cause (again), ==, strcmp (mode, "trap") == 0 ? PROCSTREAM_CAUSE_KILLED : PROCSTREAM_CAUSE_TERMINATED);
  test_wait_result (NULL, "the end", &ended);
  g_assert_true (procstream_child_terminate_finish (process->child, ended, NULL));
  /* The phase in between did not come. */
  if (strcmp (mode, "trap") != 0)
    return;
  g_assert_cmpint (procstream_result_get_phase (again), ==, 2);
  g_assert_cmpuint (g_list_model_get_n_items (procstream_result_get_attempts (again)), ==, 2);
}

static void
test_idle (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;

  test_process_spawn_mode (process, "sleep-forever");
  procstream_complete_options_set_idle_timeout_ms (options, 1000);
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_IDLE);
  result = complete (process, options);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_IDLE);
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, SIGTERM);
  g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "ready\n");
}

static void
test_output_limit (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;

  test_process_spawn_mode (process, "flood");
  procstream_complete_options_set_output_limit (options, 1000000);
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_OUTPUT_LIMIT);
  result = complete (process, options);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_OUTPUT_LIMIT);
  g_assert_false (procstream_result_get_running (result));
  g_assert_cmpuint (procstream_capture_get_bytes_seen (procstream_result_get_stdout (result)), >, 1000000);
}

static void
cancel_cb (gpointer data)
{
  g_cancellable_cancel (data);
}

static void
test_cancel (gconstpointer data)
{
  gboolean end = GPOINTER_TO_INT (data);
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  TestInterruption *interruption;

  test_process_spawn_mode (process, "sleep-forever");
  procstream_complete_options_set_end_on (options, end ? PROCSTREAM_END_ON_CANCEL : PROCSTREAM_END_ON_NONE);
  interruption = test_interrupt (cancel_cb, cancellable);
  result = procstream_child_complete (process->child, options, cancellable, NULL);
  test_interruption_end (interruption);
  g_assert_nonnull (result);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_CANCELLED);
  g_assert_cmpint (procstream_result_get_running (result), ==, !end);
  if (!end)
    kill_and_wait (process);
}

/* A grandchild holds the outputs open: status and everything that was collected are there, and that it is not all. */
static void
test_drain (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;
  int grandchild;

  test_process_spawn_mode (process, "orphan");
  procstream_complete_options_set_drain_timeout_ms (options, 1000);
  result = complete (process, options);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, 0);
  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_EXITED);
  grandchild = atoi (text_of (procstream_result_get_stdout (result)));
  g_assert_cmpint (grandchild, >, 0);
  g_assert_false (procstream_capture_get_ended (procstream_result_get_stdout (result)));
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
  g_assert_true (g_str_has_suffix (error->message, "not all of it: stdout was still open; stderr was still open"));
  kill (grandchild, SIGKILL);
  test_await_gone (grandchild);
}

/* Who began too late and has a grandchild in the way hears of both: that one is open is not why the rest is missing. */
static void
test_drain_when_late (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;

  test_process_spawn (process, "echo a; sleep 1000 & exit 0");
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  read_away (process, 2);
  procstream_complete_options_set_drain_timeout_ms (options, 0);
  result = complete (process, options);
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
  g_assert_nonnull (strstr (error->message, "not all of it: 2 bytes of stdout came before it was collected ("));
  g_assert_nonnull (strstr (error->message, "), stdout was still open; stderr was still open"));
  g_assert_true (procstream_child_kill (process->child, NULL));
}

/* It holds one of them: the other one is whole, and known to be. */
static void
test_drain_of_one (void)
{
  const char *const scripts[] = { "echo out; sleep 1000 2>/dev/null & echo $! >&2", "echo out; sleep 1000 >/dev/null & echo $! >&2" };
  const char *const missing[] = { "not all of it: stdout was still open", "not all of it: stderr was still open" };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
      g_autoptr (ProcstreamResult) result = NULL;
      g_autoptr (GError) error = NULL;
      int grandchild;

      test_process_spawn (process, scripts[i]);
      procstream_complete_options_set_drain_timeout_ms (options, 1000);
      result = complete (process, options);
      g_assert_cmpint (procstream_result_get_exit_code (result), ==, 0);
      g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "out\n");
      grandchild = atoi (text_of (procstream_result_get_stderr (result)));
      g_assert_cmpint (grandchild, >, 0);
      g_assert_cmpint (procstream_capture_get_ended (procstream_result_get_stdout (result)), ==, i == 1);
      g_assert_cmpint (procstream_capture_get_ended (procstream_result_get_stderr (result)), ==, i == 0);
      g_assert_false (procstream_result_check (result, &error));
      g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
      g_assert_true (g_str_has_suffix (error->message, missing[i]));
      kill (grandchild, SIGKILL);
      test_await_gone (grandchild);
    }
}

/* --- Outputs of all kinds ----------------------------------------------------------------------------------------------------- */

/* An output that is thrown away is empty, and whole; the other one is collected. */
static void
test_discarded (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
      g_autoptr (ProcstreamResult) result = NULL;
      g_autoptr (GError) error = NULL;

      if (i != 1)
        procstream_launcher_set_stdout_config (process->launcher, discard);
      if (i != 0)
        procstream_launcher_set_stderr_config (process->launcher, discard);
      test_process_spawn_mode (process, "both 2");
      result = complete (process, NULL);
      g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, i == 1 ? "out\nout\n" : "");
      g_assert_cmpstr (text_of (procstream_result_get_stderr (result)), ==, i == 0 ? "err\nerr\n" : "");
      g_assert_true (procstream_result_check (result, &error));
      g_assert_no_error (error);
    }
}

static void
attach (TestProcess *process,
        gpointer     consumer)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (process->child), consumer, &error));
  g_assert_no_error (error);
}

/* What is collected for a result is no consumer: it neither needs the one place of an output nor takes it, whether that is free or not. */
static void
test_single (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) single = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamCollector) first = test_collector_new ();
  g_autoptr (ProcstreamCollector) second = test_collector_new ();
  g_autoptr (ProcstreamResult) beside = NULL;
  g_autoptr (ProcstreamResult) alone = NULL;
  g_autoptr (ProcstreamResult) whole = NULL;
  g_autoptr (GAsyncResult) waits = NULL;
  g_autoptr (GError) error = NULL;

  procstream_output_config_set_backend (single, PROCSTREAM_BACKEND_SINGLE);
  procstream_launcher_set_stdout_config (process->launcher, single);
  procstream_launcher_set_stderr_config (process->launcher, single);
  use_pipe (process);
  test_process_create_mode (process, "write-wait-write a\n b\n");
  attach (process, first);
  test_process_start (process);
  test_process_await_received (process, 2);
  procstream_complete_options_set_timeout_ms (options, 0);
  beside = complete (process, options);
  g_assert_cmpstr (text_of (procstream_result_get_stdout (beside)), ==, "a\n");
  g_assert_false (procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (second), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (first));
  alone = complete (process, options);
  g_assert_true (procstream_result_get_running (alone));
  procstream_child_complete_async (process->child, NULL, NULL, test_store_result_cb, &waits);
  attach (process, second);
  test_process_write (process, "\n");
  test_wait_result (NULL, "the whole child", &waits);
  whole = procstream_child_complete_finish (process->child, waits, NULL);
  g_assert_cmpstr (text_of (procstream_result_get_stdout (whole)), ==, "a\nb\n");
  test_consumer_wait (second);
  test_collector_assert (second, "a\nb\n");
}

/* --- Several at once, and stdin ----------------------------------------------------------------------------------------------- */

static void
test_stdin (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) polled = NULL;
  g_autoptr (ProcstreamResult) result = NULL;

  use_pipe (process);
  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  test_process_spawn_mode (process, "cat");
  procstream_complete_options_set_timeout_ms (options, 0);
  polled = complete (process, options);
  g_assert_true (procstream_result_get_running (polled));
  /* That did not close it. */
  test_process_write (process, "still there\n");
  procstream_complete_options_set_timeout_ms (options, PROCSTREAM_NO_TIMEOUT);
  procstream_complete_options_set_close_stdin (options, TRUE);
  result = complete (process, options);
  g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "still there\n");
}

static void
test_several (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  GAsyncResult *results[3] = { NULL };

  use_pipe (process);
  test_process_spawn_mode (process, "write-wait-write a\n b\n");
  test_process_listen (process);
  for (guint i = 0; i < 2; i++)
    procstream_child_complete_async (process->child, NULL, NULL, test_store_result_cb, &results[i]);
  procstream_child_wait_async (process->child, NULL, test_store_result_cb, &results[2]);
  test_process_write (process, "\n");
  for (guint i = 0; i < 3; i++)
    test_wait_result (NULL, "a wait", &results[i]);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (ProcstreamResult) result = procstream_child_complete_finish (process->child, results[i], NULL);

      g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "a\nb\n");
    }
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "a\nb\n");
  for (guint i = 0; i < 3; i++)
    g_object_unref (results[i]);
}

/* Long after it happened, and for ever after. */
static void
test_late (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  test_process_spawn_mode (process, "echo early");
  test_process_await_state (process, PROCSTREAM_CHILD_STATE_EXITED);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (ProcstreamResult) result = complete (process, NULL);

      g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "early\n");
    }
}

static void
refused_cb (ProcstreamOutput *output,
            GBytes           *bytes,
            ProcstreamChild **child)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_child_complete (*child, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  procstream_input_close (procstream_child_get_stdin (*child));
  *child = NULL;
}

static void
test_refused (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child;

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create_mode (process, "write-then-wait once");
  child = process->child;
  g_assert_null (procstream_child_complete (process->child, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);
  test_process_listen (process);
  g_signal_connect (procstream_child_get_stdout (child), "chunk", G_CALLBACK (refused_cb), &child);
  test_process_start (process);
  procstream_complete_options_set_timeout_ms (options, -2);
  g_assert_null (procstream_child_complete (process->child, options, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  test_process_run_to_completed (process);
  g_assert_null (child);
  g_signal_handlers_disconnect_by_data (procstream_child_get_stdout (process->child), &child);
}

/* --- The whole job ------------------------------------------------------------------------------------------------------------ */

static void
test_run (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_auto (GStrv) good = test_child_argv ("echo one");
  g_auto (GStrv) bad = test_child_argv ("exit 3");
  g_auto (GStrv) endless = test_child_argv ("tree");
  const char *const missing[] = { "/nonexistent/program", NULL };
  const int         statuses[] = { 0, 3 };
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (ProcstreamResult) accepted = NULL;
  g_autoptr (ProcstreamResult) whole = NULL;
  g_autoptr (GError) error = NULL;

  result = procstream_launcher_run (launcher, (const char *const *) good, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text_of (procstream_result_get_stdout (result)), ==, "one\n");
  g_assert_null (procstream_launcher_run (launcher, (const char *const *) bad, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_cmpint (procstream_result_get_exit_code (procstream_child_error_get_result (error)), ==, 3);
  g_clear_error (&error);
  g_assert_null (procstream_launcher_run (launcher, missing, NULL, NULL, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_clear_error (&error);

  procstream_complete_options_set_timeout_ms (options, 1000);
  g_assert_null (procstream_launcher_run (launcher, (const char *const *) endless, options, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_cmpint (procstream_result_get_cause (procstream_child_error_get_result (error)), ==, PROCSTREAM_CAUSE_TIMED_OUT);
  g_assert_false (procstream_result_get_running (procstream_child_error_get_result (error)));
  g_clear_error (&error);

  procstream_launcher_set_success_statuses (launcher, statuses, 2);
  accepted = procstream_launcher_run (launcher, (const char *const *) bad, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (procstream_result_get_success (accepted));
  procstream_launcher_set_success_statuses (launcher, &statuses[1], 1);
  g_assert_null (procstream_launcher_run (launcher, (const char *const *) good, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_nonnull (strstr (error->message, " exited with status 0 after "));
  g_assert_nonnull (strstr (error->message, " s, which does not mean success here"));
  g_clear_error (&error);
  whole = procstream_run ((const char *const *) good, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text_of (procstream_result_get_stdout (whole)), ==, "one\n");
}

static gpointer
cancel_when_running (gpointer data)
{
  while (test_count_children () == 0)
    g_usleep (1000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
assert_run_cancelled (const GError *error)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_nonnull (strstr (error->message, ", as the wait for it was cancelled"));
}

/* It is the same error before the start and after it, and the child is ended. */
static void
test_run_cancelled (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (GStrv) argv = test_child_argv ("tree");
  g_autoptr (GAsyncResult) async_result = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancels", cancel_when_running, cancellable);

  g_assert_null (procstream_launcher_run (launcher, (const char *const *) argv, NULL, cancellable, &error));
  assert_run_cancelled (error);
  g_thread_join (thread);
  g_clear_error (&error);
  g_assert_null (procstream_launcher_run (launcher, (const char *const *) argv, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_cancellable_reset (cancellable);
  procstream_run_async ((const char *const *) argv, cancellable, test_store_result_cb, &async_result);
  thread = g_thread_new ("cancels", cancel_when_running, cancellable);
  test_wait_result (NULL, "a run", &async_result);
  g_thread_join (thread);
  g_assert_null (procstream_run_finish (async_result, &error));
  assert_run_cancelled (error);
}

static void
test_run_async (void)
{
  g_auto (GStrv) argv = test_child_argv ("both");
  g_autoptr (GAsyncResult) async_result = NULL;
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_run_async ((const char *const *) argv, NULL, test_store_result_cb, &async_result);
  test_wait_result (NULL, "a run", &async_result);
  result = procstream_run_finish (async_result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text_of (procstream_result_get_stderr (result)), ==, "err\n");
}

/* There is no result of what was never started. */
static void
test_run_async_missing (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  const char *const missing[] = { "/nonexistent/program", NULL };
  g_autoptr (GAsyncResult) async_result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_run_async (launcher, missing, NULL, NULL, test_store_result_cb, &async_result);
  test_wait_result (NULL, "a run", &async_result);
  g_assert_null (procstream_launcher_run_finish (launcher, async_result, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_null (procstream_launcher_run_get_result (launcher, async_result));
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/complete/both", test_both);
  test_add_func ("/complete/error-copies", test_error_copies);
  test_add_func ("/complete/limits", test_limits);
  test_add_func ("/complete/lossy", test_lossy);
  test_add_func ("/complete/late-without-replay", test_late_without_replay);
  test_add_func ("/complete/timeout", test_timeout);
  test_add_func ("/complete/timeout-and-end", test_timeout_and_end);
  test_add_data_func ("/complete/foreign-shutdown", "trap", test_foreign_shutdown);
  if (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD) && procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP))
    test_add_data_func ("/complete/foreign-shutdown-of-group", "stubborn", test_foreign_shutdown);
  test_add_func ("/complete/idle", test_idle);
  test_add_func ("/complete/output-limit", test_output_limit);
  test_add_data_func ("/complete/cancel", GINT_TO_POINTER (FALSE), test_cancel);
  test_add_data_func ("/complete/cancel-and-end", GINT_TO_POINTER (TRUE), test_cancel);
  test_add_func ("/complete/drain", test_drain);
  test_add_func ("/complete/drain-when-late", test_drain_when_late);
  test_add_func ("/complete/drain-of-one", test_drain_of_one);
  test_add_func ("/complete/discarded", test_discarded);
  test_add_func ("/complete/single", test_single);
  test_add_func ("/complete/stdin", test_stdin);
  test_add_func ("/complete/several", test_several);
  test_add_func ("/complete/late", test_late);
  test_add_func ("/complete/refused", test_refused);
  test_add_func ("/complete/run", test_run);
  test_add_func ("/complete/run-cancelled", test_run_cancelled);
  test_add_func ("/complete/run-async", test_run_async);
  test_add_func ("/complete/run-async-missing", test_run_async_missing);
  return g_test_run ();
}
