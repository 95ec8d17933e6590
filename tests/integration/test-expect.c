/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-utils.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Waiting for a line of a child, on either output, to its exit. */

#define LONG (TEST_WATCHDOG_SECONDS * 1000)

static TestProcess *
new_process (ProcstreamReplay replay)
{
  TestProcess *process = test_process_new ();

  procstream_launcher_set_replay (process->launcher, replay);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  return process;
}

static void
expect_line (TestProcess         *process,
             const char          *pattern,
             ProcstreamMatchFlags flags,
             const char          *text,
             const char          *stream)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamMatch) match = procstream_child_expect (process->child, pattern, flags, LONG, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_text (match), ==, text);
  g_assert_cmpstr (procstream_line_get_stream (procstream_match_get_line (match)), ==, stream);
}

/* Returns the message. */
static char *
expect_error_flags (TestProcess         *process,
                    const char          *pattern,
                    ProcstreamMatchFlags flags,
                    gint64               timeout_ms,
                    GQuark               domain,
                    int                  code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_child_expect (process->child, pattern, flags, timeout_ms, NULL, &error));
  g_assert_error (error, domain, code);
  return g_strdup (error->message);
}

static char *
expect_error (TestProcess *process,
              const char  *pattern,
              gint64       timeout_ms,
              GQuark       domain,
              int          code)
{
  return expect_error_flags (process, pattern, PROCSTREAM_MATCH_NONE, timeout_ms, domain, code);
}

static void
expect_in (const char *message,
           const char *part)
{
  if (strstr (message, part) == NULL)
    g_test_message ("no “%s” in: %s", part, message);
  g_assert_nonnull (strstr (message, part));
}

static void
end (TestProcess *process)
{
  g_assert_true (procstream_child_kill (process->child, NULL));
  g_assert_true (procstream_child_wait (process->child, LONG, NULL, NULL));
}

/* --- Found -------------------------------------------------------------------------------------------------------------------- */

/* Right after the spawn, without replay: what came before the call was kept for it. */
static void
test_either_output (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_NONE);

  test_process_spawn_mode (process, "both 1 0");
  expect_line (process, "^e(r+)$", PROCSTREAM_MATCH_REGEX, "err", "stderr");
}

static void
test_history_then_live (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);

  test_process_spawn_mode (process, "write-wait-write ready-1 ready-2");
  test_process_await_received (process, strlen ("ready-1"));
  expect_line (process, "ready", PROCSTREAM_MATCH_PARTIAL, "ready-1", "stdout");
  /* It is not finished. */
  g_free (expect_error (process, "ready-2", 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  test_process_write (process, "x");
  expect_line (process, "ready-2", PROCSTREAM_MATCH_NONE, "ready-1ready-2", "stdout");
  procstream_child_wait (process->child, LONG, NULL, NULL);
  /* And once more, when it is long gone. */
  expect_line (process, "ready-2", PROCSTREAM_MATCH_NONE, "ready-1ready-2", "stdout");
}

static void
test_created (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamMatch) match = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  test_process_create_mode (process, "echo ready on 8080");
  procstream_child_expect_async (process->child, "ready on (\\d+)", PROCSTREAM_MATCH_REGEX, LONG, NULL, test_store_result_cb, &result);
  test_process_start (process);
  test_wait_result (NULL, "the line", &result);
  match = procstream_child_expect_finish (process->child, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_group (match, 1), ==, "8080");
  g_object_unref (result);
}

static gpointer
start_thread (gpointer data)
{
  test_process_start (data);
  return NULL;
}

static void
test_created_blocking (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  GThread *thread;

  test_process_create_mode (process, "echo ready");
  thread = g_thread_new ("start", start_thread, process);
  expect_line (process, "ready", PROCSTREAM_MATCH_NONE, "ready", "stdout");
  g_thread_join (thread);
}

static gpointer
expect_thread (gpointer data)
{
  expect_line (data, "ready", PROCSTREAM_MATCH_NONE, "ready", "stdout");
  return NULL;
}

/* In a thread that is not the child's, while nobody runs the context of the child. */
static void
test_other_thread (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);

  test_process_spawn_mode (process, "sleep-forever");
  g_thread_join (g_thread_new ("expect", expect_thread, process));
  end (process);
}

/* Several patterns, on both. */
static void
test_waiter (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
  g_autoptr (ProcstreamMatch) match = NULL;

  test_process_create_mode (process, "both 1 0");
  g_assert_true (procstream_line_waiter_add_pattern (waiter, "never", PROCSTREAM_MATCH_REGEX, NULL));
  g_assert_true (procstream_line_waiter_add_pattern (waiter, "err", PROCSTREAM_MATCH_NONE, NULL));
  g_assert_true (procstream_child_attach_waiter (process->child, waiter, NULL));
  g_assert_false (procstream_child_attach_waiter (process->child, waiter, NULL));
  test_process_start (process);
  match = procstream_line_waiter_wait_match (waiter, LONG, NULL, NULL);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "err");
  g_assert_cmpuint (procstream_match_get_pattern (match), ==, 1);
}

/* One output that is not captured ends when the child starts; the other one counts. */
static void
test_merged_and_discarded (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (TestProcess) other = new_process (PROCSTREAM_REPLAY_ALL);

  procstream_launcher_set_merge_stderr (process->launcher, TRUE);
  test_process_spawn_mode (process, "both 1 0");
  expect_line (process, "err", PROCSTREAM_MATCH_NONE, "err", "stdout");

  procstream_launcher_set_stdout_config (other->launcher, discard);
  test_process_spawn_mode (other, "both 1 0");
  expect_line (other, "err", PROCSTREAM_MATCH_NONE, "err", "stderr");
}

/* Attached in the middle of a line, before the rest of it comes. */
static void
test_rest_of_line (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_NONE);
  GAsyncResult *result = NULL;
  g_autoptr (ProcstreamMatch) match = NULL;

  test_process_spawn_mode (process, "write-wait-write name? password?");
  expect_line (process, "name?", PROCSTREAM_MATCH_PARTIAL, "name?", "stdout");
  procstream_child_expect_async (process->child, "password?", PROCSTREAM_MATCH_PARTIAL, LONG, NULL, test_store_result_cb, &result);
  test_process_write (process, "x");
  test_wait_result (NULL, "the rest", &result);
  match = procstream_child_expect_finish (process->child, result, NULL);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "password?");
  g_object_unref (result);
}

/* Of an output of both streams each may stand in the middle of a line of its own. */
static void
test_rest_of_merged_lines (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
  g_autoptr (ProcstreamMatch) match = NULL;
  ProcstreamOutput *merged;

  procstream_launcher_set_merged_view (process->launcher, TRUE);
  test_process_spawn (process, "printf 'out '; printf 'err ' >&2; read x; printf 'o\\n'; printf 'e\\n' >&2");
  merged = procstream_child_get_merged (process->child);
  /* At least once, as the opening goes by that. */
  do
    g_main_context_iteration (NULL, FALSE);
  while (procstream_output_get_bytes_received (merged) < 8);
  g_assert_true (procstream_line_waiter_add_pattern (waiter, "^e", PROCSTREAM_MATCH_REGEX, NULL));
  g_assert_true (procstream_line_waiter_add_pattern (waiter, "(?<=err )e", PROCSTREAM_MATCH_REGEX, NULL));
  g_assert_true (procstream_output_attach (merged, PROCSTREAM_CONSUMER (waiter), NULL));
  test_process_write (process, "\n");
  match = procstream_line_waiter_wait_match (waiter, LONG, NULL, NULL);
  g_assert_nonnull (match);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "e");
  g_assert_cmpuint (procstream_match_get_pattern (match), ==, 1);
  g_assert_cmpstr (procstream_line_get_stream (procstream_match_get_line (match)), ==, "stderr");
}

/* --- The next one ------------------------------------------------------------------------------------------------------------- */

/* The same prompt again and again, and what comes between on the same line. */
static void
test_next (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  const ProcstreamMatchFlags prompt = PROCSTREAM_MATCH_NEXT | PROCSTREAM_MATCH_PARTIAL;

  test_process_spawn (process, "while printf '> '; read -r x; do echo \"said $x\"; done");
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *text = g_strdup_printf ("said %u", i);
      g_autofree char *line = g_strdup_printf ("%u\n", i);

      expect_line (process, "> ", prompt, "> ", "stdout");
      g_free (expect_error_flags (process, "> ", prompt, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
      test_process_write (process, line);
      expect_line (process, "said", PROCSTREAM_MATCH_NEXT, text, "stdout");
      /* What is left of it is searched, too. */
      expect_line (process, "\\d+", PROCSTREAM_MATCH_NEXT | PROCSTREAM_MATCH_REGEX, text + strlen ("said"), "stdout");
    }
  end (process);
}

/* What one output has says nothing of the other. */
static void
test_next_on_either (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);

  test_process_spawn_mode (process, "both 2 0");
  expect_line (process, "out", PROCSTREAM_MATCH_NEXT, "out", "stdout");
  expect_line (process, "err", PROCSTREAM_MATCH_NEXT, "err", "stderr");
  expect_line (process, "out", PROCSTREAM_MATCH_NEXT, "out", "stdout");
  expect_line (process, "err", PROCSTREAM_MATCH_NEXT, "err", "stderr");
  g_free (expect_error_flags (process, "out|err", PROCSTREAM_MATCH_NEXT | PROCSTREAM_MATCH_REGEX, LONG, PROCSTREAM_CHILD_ERROR,
                              PROCSTREAM_CHILD_ERROR_NO_MATCH));
}

/* Found, and nobody was told: the next one finds it. */
static void
test_next_cancelled (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  test_process_spawn_mode (process, "sleep-forever");
  test_process_await_received (process, strlen ("ready\n"));
  procstream_child_expect_async (process->child, "ready", PROCSTREAM_MATCH_NEXT, LONG, cancellable, test_store_result_cb, &result);
  test_hold_pass ();
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "the cancellation", &result);
  g_assert_null (procstream_child_expect_finish (process->child, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  /* One whose result nobody looks at was not told either. */
  procstream_child_expect_async (process->child, "ready", PROCSTREAM_MATCH_NEXT, LONG, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "the line", &result);
  expect_line (process, "ready", PROCSTREAM_MATCH_NEXT, "ready", "stdout");
  g_object_unref (result);
  g_free (expect_error_flags (process, "ready", PROCSTREAM_MATCH_NEXT, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  end (process);
}

/* The merged output has the places of both. */
static void
test_next_merged (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
  g_autoptr (ProcstreamMatch) match = NULL;

  procstream_launcher_set_merged_view (process->launcher, TRUE);
  test_process_spawn (process, "echo a 1; echo a 2 >&2; echo a 3");
  expect_line (process, "3", PROCSTREAM_MATCH_NONE, "a 3", "stdout");
  g_assert_true (procstream_line_waiter_add_pattern (waiter, "a", PROCSTREAM_MATCH_NEXT, NULL));
  g_assert_true (procstream_output_attach (procstream_child_get_merged (process->child), PROCSTREAM_CONSUMER (waiter), NULL));
  match = procstream_line_waiter_wait_match (waiter, LONG, NULL, NULL);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "a 2");
  g_assert_cmpuint (procstream_match_get_end_offset (match), ==, 1);
  expect_line (process, "2", PROCSTREAM_MATCH_NEXT, " 2", "stderr");
}

/* --- Not found ---------------------------------------------------------------------------------------------------------------- */

static void
test_exit (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autofree char *message = NULL;

  test_process_spawn_mode (process, "both 1 7");
  message = expect_error (process, "ready", LONG, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "exited with status 7");
  expect_in (message, "a line with “ready”");
  expect_in (message, "\nThe last lines of stdout:\n  out\nThe last lines of stderr:\n  err");
}

static void
test_killed (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autofree char *message = NULL;
  g_autofree char *mode = g_strdup_printf ("kill %d", SIGTERM);

  test_process_spawn_mode (process, mode);
  message = expect_error (process, "ready", LONG, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "SIGTERM");
}

/* A grandchild holds both outputs open for ever. What the child itself wrote is searched; nobody waits for the rest. */
static void
test_orphan (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamMatch) match = NULL;
  g_autofree char *message = NULL;
  int              pid;

  test_process_spawn_mode (process, "orphan");
  message = expect_error (process, "never", LONG, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "exited with status 0");
  g_assert_cmpint (procstream_output_get_state (procstream_child_get_stdout (process->child)), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  match = procstream_child_expect (process->child, "^\\d+$", PROCSTREAM_MATCH_REGEX, LONG, NULL, NULL);
  g_assert_nonnull (match);
  expect_in (message, procstream_match_get_text (match));
  pid = atoi (procstream_match_get_text (match));
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  test_await_gone (pid);
}

/* One that closes both and goes on: its exit is not waited for. */
static void
test_closed (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autofree char *message = NULL;

  test_process_spawn (process, "exec >&- 2>&-; read x");
  message = expect_error (process, "ready", LONG, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "The output of “sh” ended");
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  end (process);
}

static void
test_missing (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_NONE);
  const char *const argv[] = { "/nowhere/program", NULL };
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  process->child = procstream_launcher_create (process->launcher, argv, &error);
  g_assert_no_error (error);
  procstream_child_expect_async (process->child, "ready", PROCSTREAM_MATCH_NONE, LONG, NULL, test_store_result_cb, &result);
  g_assert_false (procstream_child_start (process->child, NULL));
  test_wait_result (NULL, "the failure", &result);
  g_assert_null (procstream_child_expect_finish (process->child, result, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_object_unref (result);
}

static void
test_timeout (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autofree char *message = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  test_process_spawn_mode (process, "sleep-forever");
  expect_line (process, "ready", PROCSTREAM_MATCH_NONE, "ready", "stdout");
  message = expect_error (process, "set", 1, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  expect_in (message, "Timed out after 1 ms waiting for a line with “set”");
  expect_in (message, "\n  ready");
  procstream_child_expect_async (process->child, "set", PROCSTREAM_MATCH_NONE, 1, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "the timeout", &result);
  g_assert_null (procstream_child_expect_finish (process->child, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_object_unref (result);
  end (process);
}

static void
cancel_cb (gpointer data)
{
  g_cancellable_cancel (data);
}

static void
test_cancelled (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) other = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GAsyncResult     *result = NULL;
  TestInterruption *interruption;

  test_process_spawn_mode (process, "sleep-forever");
  interruption = test_interrupt (cancel_cb, cancellable);
  g_assert_null (procstream_child_expect (process->child, "set", PROCSTREAM_MATCH_NONE, -1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_interruption_end (interruption);
  g_clear_error (&error);

  procstream_child_expect_async (process->child, "set", PROCSTREAM_MATCH_NONE, -1, other, test_store_result_cb, &result);
  g_cancellable_cancel (other);
  test_wait_result (NULL, "the cancellation", &result);
  g_assert_null (procstream_child_expect_finish (process->child, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_object_unref (result);
  end (process);
}

static void
test_bad_pattern (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "sleep-forever");
  g_assert_null (procstream_child_expect (process->child, "(", PROCSTREAM_MATCH_REGEX, LONG, NULL, &error));
  g_assert_error (error, G_REGEX_ERROR, G_REGEX_ERROR_UNMATCHED_PARENTHESIS);
}

/* --- In handlers -------------------------------------------------------------------------------------------------------------- */

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          TestProcess      *process)
{
  g_free (expect_error (process, "ready", LONG, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK));
  process->completed = TRUE;
}

static void
test_in_output_handler (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);

  test_process_create_mode (process, "sleep-forever");
  g_signal_connect (procstream_child_get_stdout (process->child), "chunk", G_CALLBACK (chunk_cb), process);
  test_process_start (process);
  test_run_until_set (NULL, "the handler", &process->completed);
  end (process);
}

static void
exited_cb (ProcstreamChild *child,
           TestProcess     *process)
{
  expect_line (process, "^err$", PROCSTREAM_MATCH_REGEX, "err", "stderr");
  process->exited = TRUE;
}

static void
test_in_exit_handler (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);

  test_process_create_mode (process, "both 1 0");
  g_signal_connect (process->child, "exited", G_CALLBACK (exited_cb), process);
  test_process_start (process);
  test_run_until_set (NULL, "the handler", &process->exited);
}

/* --- Outputs that have one consumer at a time ----------------------------------------------------------------------------------- */

static gboolean
can_attach (ProcstreamOutput *output)
{
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  return procstream_output_attach (output, PROCSTREAM_CONSUMER (reader), NULL);
}

/* It needs both places: with one of them taken it is refused and does not keep the other, and when it is over both are free again. */
static void
test_single (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamOutputConfig) single = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  ProcstreamOutput *outputs[2];

  procstream_output_config_set_backend (single, PROCSTREAM_BACKEND_SINGLE);
  procstream_launcher_set_stdout_config (process->launcher, single);
  procstream_launcher_set_stderr_config (process->launcher, single);
  test_process_spawn_mode (process, "write-wait-write ready\n later");
  outputs[0] = procstream_child_get_stdout (process->child);
  outputs[1] = procstream_child_get_stderr (process->child);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
      g_autofree char *message = NULL;

      g_assert_true (procstream_output_attach (outputs[i], PROCSTREAM_CONSUMER (reader), NULL));
      message = expect_error (process, "ready", LONG, G_IO_ERROR, G_IO_ERROR_BUSY);
      expect_in (message, i == 0 ? "stdout" : "stderr");
      g_assert_false (can_attach (outputs[i]));
      g_assert_true (can_attach (outputs[1 - i]));
    }
  expect_line (process, "ready", PROCSTREAM_MATCH_NONE, "ready", "stdout");
  g_assert_true (can_attach (outputs[0]));
  g_assert_true (can_attach (outputs[1]));
  g_free (expect_error (process, "never", 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  g_assert_true (can_attach (outputs[0]));
  g_assert_true (can_attach (outputs[1]));
  end (process);
}

/* --- Dropped ------------------------------------------------------------------------------------------------------------------ */

static void
test_child_dropped (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "echo ready");
  g_assert_true (procstream_line_waiter_add_pattern (waiter, "ready", PROCSTREAM_MATCH_NONE, NULL));
  g_assert_true (procstream_child_attach_waiter (process->child, waiter, NULL));
  g_clear_object (&process->child);
  g_assert_null (procstream_line_waiter_wait_match (waiter, LONG, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  expect_in (error->message, "“test-child” was never started");
}

/* A thousand waits for a child that goes on leave nothing that waits for its exit. */
static void
test_many (void)
{
  g_autoptr (TestProcess) process = new_process (PROCSTREAM_REPLAY_ALL);
  guint fds;

  test_process_spawn_mode (process, "sleep-forever");
  expect_line (process, "ready", PROCSTREAM_MATCH_NONE, "ready", "stdout");
  /* One that has to wait opens what wakes it, and keeps that. */
  g_free (expect_error (process, "set", 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  fds = test_count_fds ();
  for (int i = 0; i < 1000; i++)
    expect_line (process, "ready", i % 2 ? PROCSTREAM_MATCH_REGEX : PROCSTREAM_MATCH_NONE, "ready", "stdout");
  test_assert_fds (fds);
  end (process);
}

/* Many children at once, each with its line. */
static void
test_many_children (void)
{
  enum
  {
    N = 50,
  };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  ProcstreamChild *children[N];
  GAsyncResult    *results[N] = { NULL };

  for (int i = 0; i < N; i++)
    {
      g_autofree char *mode = g_strdup_printf ("echo ready %d", i);
      g_auto (GStrv) argv = test_child_argv (mode);

      children[i] = procstream_launcher_spawnv (launcher, (const char *const *) argv, NULL);
      procstream_child_expect_async (children[i], "ready (\\d+)", PROCSTREAM_MATCH_REGEX, LONG, NULL, test_store_result_cb, &results[i]);
    }
  for (int i = 0; i < N; i++)
    {
      g_autoptr (ProcstreamMatch) match = NULL;

      test_wait_result (NULL, "the line", &results[i]);
      match = procstream_child_expect_finish (children[i], results[i], NULL);
      g_assert_cmpint (atoi (procstream_match_get_group (match, 1)), ==, i);
      g_object_unref (results[i]);
      g_object_unref (children[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/expect/either-output", test_either_output);
  test_add_func ("/expect/history-then-live", test_history_then_live);
  test_add_func ("/expect/created", test_created);
  test_add_func ("/expect/created/blocking", test_created_blocking);
  test_add_func ("/expect/other-thread", test_other_thread);
  test_add_func ("/expect/waiter", test_waiter);
  test_add_func ("/expect/merged-and-discarded", test_merged_and_discarded);
  test_add_func ("/expect/rest-of-line", test_rest_of_line);
  test_add_func ("/expect/rest-of-merged-lines", test_rest_of_merged_lines);
  test_add_func ("/expect/next", test_next);
  test_add_func ("/expect/next/either", test_next_on_either);
  test_add_func ("/expect/next/cancelled", test_next_cancelled);
  test_add_func ("/expect/next/merged", test_next_merged);
  test_add_func ("/expect/exit", test_exit);
  test_add_func ("/expect/killed", test_killed);
  test_add_func ("/expect/orphan", test_orphan);
  test_add_func ("/expect/closed", test_closed);
  test_add_func ("/expect/missing", test_missing);
  test_add_func ("/expect/timeout", test_timeout);
  test_add_func ("/expect/cancelled", test_cancelled);
  test_add_func ("/expect/bad-pattern", test_bad_pattern);
  test_add_func ("/expect/in-output-handler", test_in_output_handler);
  test_add_func ("/expect/in-exit-handler", test_in_exit_handler);
  test_add_func ("/expect/single", test_single);
  test_add_func ("/expect/child-dropped", test_child_dropped);
  test_add_func ("/expect/many", test_many);
  test_add_func ("/expect/many-children", test_many_children);
  return g_test_run ();
}
