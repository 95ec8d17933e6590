/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Children that read what others write. */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-start.h"
#include "test-utils.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than any pipe holds. */
#define BIG (4 * 1024 * 1024)

/* --- Helpers ------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  ProcstreamLauncher *launcher;
  ProcstreamPipeline *pipeline;
} Fixture;

static Fixture *
fixture_new (void)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  self->pipeline = procstream_pipeline_new ();
  return self;
}

static void
fixture_free (Fixture *self)
{
  g_clear_object (&self->pipeline);
  g_clear_object (&self->launcher);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static ProcstreamChild *
append_argv (Fixture           *self,
             const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child = procstream_pipeline_append (self->pipeline, self->launcher, argv, &error);

  g_assert_no_error (error);
  return child;
}

/* The test's child in a mode. */
static ProcstreamChild *
append (Fixture    *self,
        const char *mode)
{
  g_auto (GStrv) argv = test_child_argv (mode);

  return append_argv (self, (const char *const *) argv);
}

static Fixture *
new_of (const char *first,
        ...)
{
  Fixture *self = fixture_new ();
  va_list  modes;

  va_start (modes, first);
  for (const char *mode = first; mode; mode = va_arg (modes, const char *))
    append (self, mode);
  va_end (modes);
  return self;
}

static void
start (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  procstream_pipeline_start (self->pipeline, &error);
  g_assert_no_error (error);
}

static void
observe (Fixture *self,
         guint    stage)
{
  g_autoptr (GError) error = NULL;

  procstream_pipeline_set_observed (self->pipeline, stage, TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (procstream_pipeline_is_observed (self->pipeline, stage));
}

static ProcstreamPipelineResult *
complete_with (Fixture                   *self,
               ProcstreamCompleteOptions *options,
               GCancellable              *cancellable)
{
  g_autoptr (GError) error = NULL;
  ProcstreamPipelineResult *result = procstream_pipeline_complete (self->pipeline, options, cancellable, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (procstream_pipeline_result_get_n_stages (result), ==, procstream_pipeline_get_n_stages (self->pipeline));
  return result;
}

static ProcstreamPipelineResult *
run (Fixture *self)
{
  start (self);
  return complete_with (self, NULL, NULL);
}

/* With no more than the beginning of what they write. */
static ProcstreamPipelineResult *
complete_cut (Fixture *self)
{
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();

  procstream_complete_options_set_allow_truncated (options, TRUE);
  return complete_with (self, options, NULL);
}

static void
assert_text (ProcstreamPipelineResult *result,
             const char               *expected)
{
  g_autofree char *text = procstream_pipeline_result_dup_stdout_text (result);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_success (ProcstreamPipelineResult *result)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_pipeline_result_check (result, &error));
  g_assert_no_error (error);
  g_assert_true (procstream_pipeline_result_get_success (result));
  g_assert_cmpint (procstream_pipeline_result_get_blamed (result), ==, -1);
}

static ProcstreamChild *
get (Fixture *self,
     guint    stage)
{
  return procstream_pipeline_get_stage (self->pipeline, stage);
}

static guint64
get_received (ProcstreamOutput *output)
{
  return procstream_output_get_bytes_received (output);
}

static void
await_text (ProcstreamOutput *output,
            const char       *text)
{
  while (get_received (output) < strlen (text))
    g_main_context_iteration (NULL, FALSE);
}

/* --- What goes through -------------------------------------------------------------------------------------------------------- */

/* All of it arrives, and none of it passes through this program. */
static void
test_three (void)
{
  g_autoptr (Fixture) fixture = new_of ("flood 4194304", "cat", "count", NULL);
  g_autoptr (ProcstreamPipelineResult) result = run (fixture);

  assert_success (result);
  assert_text (result, "4194304\n");
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (get_received (procstream_child_get_stdout (get (fixture, i))), ==, 0);
      g_assert_cmpuint (procstream_input_get_bytes_written (procstream_child_get_stdin (get (fixture, i + 1))), ==, 0);
    }
  g_assert_true (procstream_pipeline_get_output (fixture->pipeline) == procstream_child_get_stdout (get (fixture, 2)));
  g_assert_cmpuint (g_list_model_get_n_items (procstream_pipeline_get_stages (fixture->pipeline)), ==, 3);
  g_assert_cmpuint (g_list_model_get_n_items (procstream_pipeline_result_get_stages (result)), ==, 3);
}

static void
test_one (void)
{
  g_autoptr (Fixture) fixture = new_of ("echo alone", NULL);
  g_autoptr (ProcstreamPipelineResult) result = run (fixture);

  assert_success (result);
  assert_text (result, "alone\n");
}

/* The launcher says what the first one reads and where the last one writes, and nothing about those between. */
static void
test_stdin (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autofree char *directory = test_make_directory ();
  g_autofree char *path = g_build_filename (directory, "output", NULL);
  g_autofree char *content = NULL;
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new_file (path, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  ProcstreamInput *input;

  procstream_launcher_set_stdin_mode (fixture->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_stdout_config (fixture->launcher, config);
  for (int i = 0; i < 3; i++)
    append (fixture, "cat");
  input = procstream_pipeline_get_stdin (fixture->pipeline);
  g_assert_true (input == procstream_child_get_stdin (get (fixture, 0)));
  g_assert_true (procstream_input_write_utf8 (input, "before, ", NULL));
  g_assert_false (procstream_input_write_utf8 (procstream_child_get_stdin (get (fixture, 1)), "x", NULL));
  start (fixture);
  g_assert_true (procstream_input_write_utf8 (input, "after", NULL));
  procstream_input_close (input);
  result = complete_with (fixture, NULL, NULL);
  assert_success (result);
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "before, after");
  test_remove_directory (g_steal_pointer (&directory));
}

/* Each standard error is the stage's own, unless it is merged: then it goes the same way. */
static void
test_stderr (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *text = NULL;

  append (fixture, "both");
  procstream_launcher_set_merge_stderr (fixture->launcher, TRUE);
  append_argv (fixture, test_shell_argv ("cat; echo merged >&2"));
  procstream_launcher_set_merge_stderr (fixture->launcher, FALSE);
  append_argv (fixture, test_shell_argv ("cat; echo last >&2"));
  result = run (fixture);
  assert_success (result);
  first = procstream_result_dup_stderr_text (procstream_pipeline_result_get_stage (result, 0));
  second = procstream_result_dup_stderr_text (procstream_pipeline_result_get_stage (result, 2));
  text = procstream_pipeline_result_dup_stdout_text (result);
  g_assert_true (g_str_has_prefix (first, "err"));
  g_assert_cmpstr (second, ==, "last\n");
  g_assert_true (g_str_has_prefix (text, "out"));
  g_assert_true (g_str_has_suffix (text, "merged\n"));
}

/* --- Blame -------------------------------------------------------------------------------------------------------------------- */

/* Who writes for ever is stopped by the end of who reads, and that is no failure. */
static void
test_excused (void)
{
  g_autoptr (Fixture) fixture = new_of ("flood", "cat", "echo enough", NULL);
  g_autoptr (ProcstreamPipelineResult) result = run (fixture);

  assert_success (result);
  assert_text (result, "enough\n");
  g_assert_true (procstream_pipeline_result_is_excused (result, 0));
  g_assert_cmpint (procstream_result_get_term_signal (procstream_pipeline_result_get_stage (result, 0)), ==, SIGPIPE);
  g_assert_false (procstream_pipeline_result_is_excused (result, 2));
}

static void
check_blame (int         blamed,
             const char *part,
             const char *first,
             const char *second)
{
  g_autoptr (Fixture) fixture = new_of (first, second, NULL);
  g_autoptr (ProcstreamPipelineResult) result = run (fixture);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (procstream_pipeline_result_get_blamed (result), ==, blamed);
  g_assert_false (procstream_pipeline_result_get_success (result));
  g_assert_false (procstream_pipeline_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_true (g_str_has_prefix (error->message, blamed == 0 ? "Stage 1 of 2: " : "Stage 2 of 2: "));
  g_assert_nonnull (strstr (error->message, part));
  g_assert_cmpstr (error->message, ==, procstream_pipeline_result_get_message (result));
  g_assert_true (procstream_child_error_get_result (error) == procstream_pipeline_result_get_stage (result, blamed));
}

static void
test_blame (void)
{
  check_blame (0, "status 3", "exit 3", "cat");
  check_blame (0, "status 3", "exit 3", "exit 4");
  check_blame (1, "status 4", "flood", "exit 4");
  check_blame (1, "status 4", "echo x", "exit 4");
  check_blame (0, "SIGTERM", "kill 15", "cat");
  /* The last one has no reader that could excuse it, and the first killed itself while its reader was there. */
  check_blame (1, "SIGPIPE", "echo x", "kill 13");
}

/* --- Starts that fail --------------------------------------------------------------------------------------------------------- */

static void
assert_none_left (Fixture *self)
{
  for (guint i = 0; i < procstream_pipeline_get_n_stages (self->pipeline); i++)
    {
      ProcstreamChildState state = procstream_child_get_state (get (self, i));

      g_assert_true (state == PROCSTREAM_CHILD_STATE_EXITED || state == PROCSTREAM_CHILD_STATE_FAILED);
    }
}

static void
assert_missing (const GError *error)
{
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_true (g_str_has_prefix (error->message, "Stage 2 of 3: "));
  g_assert_nonnull (strstr (error->message, "/nowhere/program"));
}

static Fixture *
new_with_missing (void)
{
  static const char *const argv[] = { "/nowhere/program", NULL };
  Fixture                 *self = fixture_new ();

  append (self, "sleep-forever");
  append_argv (self, argv);
  append (self, "ignore-term");
  return self;
}

static void
test_missing (void)
{
  g_autoptr (Fixture) fixture = new_with_missing ();
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_pipeline_start (fixture->pipeline, &error));
  assert_missing (error);
  assert_none_left (fixture);
  g_clear_error (&error);
  g_assert_null (procstream_pipeline_complete (fixture->pipeline, NULL, NULL, &error));
  assert_missing (error);
  g_clear_error (&error);
  g_assert_false (procstream_pipeline_start (fixture->pipeline, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
}

static void
test_missing_async (void)
{
  g_autoptr (Fixture) fixture = new_with_missing ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_pipeline_start_async (fixture->pipeline, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "a pipeline to start", &result);
  g_assert_false (procstream_pipeline_start_finish (fixture->pipeline, result, &error));
  assert_missing (error);
  assert_none_left (fixture);
}

static void
start_to_refusal (Fixture    *fixture,
                  const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_pipeline_start (fixture->pipeline, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, part));
}

/* What cannot be joined is refused before anything is started, and can be put right. */
static void
test_refused (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autoptr (Fixture) other = fixture_new ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;

  start_to_refusal (fixture, "needs a stage");
  procstream_launcher_set_exact_order (fixture->launcher, TRUE);
  append (fixture, "echo exact");
  procstream_launcher_set_exact_order (fixture->launcher, FALSE);
  append (fixture, "cat");
  start_to_refusal (fixture, "exact-order");
  observe (fixture, 0);
  result = run (fixture);
  assert_success (result);
  assert_text (result, "exact\n");

  procstream_launcher_set_stdout_config (other->launcher, discard);
  append (other, "echo x");
  append (other, "cat");
  observe (other, 0);
  start_to_refusal (other, "broadcast");
}

static void
test_wrong_state (void)
{
  g_autoptr (Fixture) fixture = new_of ("echo x", "cat", NULL);
  g_auto (GStrv) argv = test_child_argv ("cat");
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  GError *errors[7] = { NULL };

  g_assert_false (procstream_child_start (get (fixture, 0), &errors[0]));
  g_assert_null (procstream_pipeline_complete (fixture->pipeline, NULL, NULL, &errors[1]));
  g_assert_false (procstream_pipeline_terminate (fixture->pipeline, NULL, -1, NULL, &errors[2]));
  g_assert_null (procstream_pipeline_get_stage (fixture->pipeline, 2));
  g_assert_false (procstream_pipeline_set_observed (fixture->pipeline, 2, TRUE, NULL));
  start (fixture);
  g_assert_false (procstream_pipeline_start (fixture->pipeline, &errors[3]));
  g_assert_null (procstream_pipeline_append (fixture->pipeline, fixture->launcher, (const char *const *) argv, &errors[4]));
  g_assert_false (procstream_pipeline_set_observed (fixture->pipeline, 0, TRUE, &errors[5]));
  g_assert_false (procstream_child_start (get (fixture, 0), &errors[6]));
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_assert_error (errors[i], PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
      g_clear_error (&errors[i]);
    }
  result = complete_with (fixture, NULL, NULL);
  assert_success (result);
}

/* --- Observed joints ---------------------------------------------------------------------------------------------------------- */

/* Whoever looks sees all of it, and so does the next stage. */
static void
test_observed (void)
{
  g_autoptr (Fixture) fixture = new_of ("flood 4194304", "cat", "count", NULL);
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autoptr (GError) error = NULL;

  observe (fixture, 0);
  observe (fixture, 1);
  start (fixture);
  result = procstream_pipeline_complete (fixture->pipeline, NULL, NULL, NULL);
  assert_success (result);
  assert_text (result, "4194304\n");
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (get_received (procstream_child_get_stdout (get (fixture, i))), ==, BIG);
      g_assert_cmpuint (procstream_input_get_bytes_written (procstream_child_get_stdin (get (fixture, i + 1))), ==, BIG);
    }
  /* To look is not to collect: nothing of it is kept, so nothing of it can be missing. */
  g_assert_null (procstream_result_get_stdout (procstream_pipeline_result_get_stage (result, 0)));
  g_assert_nonnull (procstream_result_get_stderr (procstream_pipeline_result_get_stage (result, 0)));
  procstream_pipeline_result_check (result, &error);
  g_assert_no_error (error);
}

/* Nor does what passes count for what the pipeline may write. */
static void
test_observed_limit (void)
{
  g_autoptr (Fixture) fixture = new_of ("flood 4194304", "count", NULL);
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;

  observe (fixture, 0);
  procstream_complete_options_set_output_limit (options, 100);
  start (fixture);
  result = procstream_pipeline_complete (fixture->pipeline, options, NULL, NULL);
  assert_success (result);
  assert_text (result, "4194304\n");
}

/* Who does not read stops who writes, here as well; nothing piles up in between. */
static void
test_observed_backpressure (void)
{
  g_autoptr (Fixture) fixture = new_of ("flood", "sleep-forever", NULL);
  ProcstreamOutput *between;
  g_autoptr (GError) error = NULL;

  observe (fixture, 0);
  between = procstream_child_get_stdout (get (fixture, 0));
  start (fixture);
  await_text (procstream_pipeline_get_output (fixture->pipeline), "ready\n");
  while (procstream_output_get_state (between) != PROCSTREAM_OUTPUT_STATE_PAUSED)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (get_received (between), <, 64 * 1024 * 1024);
  g_assert_true (procstream_pipeline_terminate (fixture->pipeline, NULL, -1, NULL, &error));
  g_assert_no_error (error);
  assert_none_left (fixture);
}

/* The end of who reads is told to who writes, as by a pipe of the kernel. */
static void
test_observed_excused (void)
{
  g_autoptr (Fixture) fixture = new_of ("flood", "echo enough", NULL);
  g_autoptr (ProcstreamPipelineResult) result = NULL;

  observe (fixture, 0);
  result = run (fixture);
  g_assert_cmpint (procstream_pipeline_result_get_blamed (result), ==, -1);
  assert_text (result, "enough\n");
  g_assert_true (procstream_pipeline_result_is_excused (result, 0));
}

/* --- Waiting and ending ------------------------------------------------------------------------------------------------------- */

static ProcstreamCompleteOptions *
new_ending_options (void)
{
  ProcstreamCompleteOptions *options = procstream_complete_options_new ();

  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_TIMEOUT | PROCSTREAM_END_ON_IDLE | PROCSTREAM_END_ON_CANCEL |
                                                       PROCSTREAM_END_ON_OUTPUT_LIMIT);
  return options;
}

static void
assert_causes (ProcstreamPipelineResult *result,
               ProcstreamCause           cause)
{
  for (guint i = 0; i < procstream_pipeline_result_get_n_stages (result); i++)
    g_assert_cmpint (procstream_result_get_cause (procstream_pipeline_result_get_stage (result, i)), ==, cause);
}

/* What ends the wait for one ends all of them. */
static void
test_ended (void)
{
  g_autoptr (ProcstreamCompleteOptions) timeout = new_ending_options ();
  g_autoptr (ProcstreamCompleteOptions) idle = new_ending_options ();
  g_autoptr (ProcstreamCompleteOptions) limit = new_ending_options ();
  ProcstreamCompleteOptions *options[] = { timeout, idle, limit };
  static const char *const   sleeper[] = { "sleep", "1000", NULL };
  const ProcstreamCause      causes[] = { PROCSTREAM_CAUSE_TIMED_OUT, PROCSTREAM_CAUSE_IDLE, PROCSTREAM_CAUSE_OUTPUT_LIMIT };

  procstream_complete_options_set_timeout_ms (timeout, 20);
  procstream_complete_options_set_idle_timeout_ms (idle, 20);
  procstream_complete_options_set_output_limit (limit, 3);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autoptr (Fixture) fixture = fixture_new ();
      g_autoptr (ProcstreamPipelineResult) result = NULL;

      /* The others write nothing, or they could die of that when the last one is gone. */
      append_argv (fixture, sleeper);
      append_argv (fixture, sleeper);
      append (fixture, "sleep-forever");
      start (fixture);
      result = complete_with (fixture, options[i], NULL);
      assert_causes (result, causes[i]);
      assert_none_left (fixture);
      /* Nobody but the last one wrote anything. */
      g_assert_cmpint (procstream_pipeline_result_get_blamed (result), ==, causes[i] == PROCSTREAM_CAUSE_OUTPUT_LIMIT ? 2 : 0);
    }
}

/* One that has done what it should, and whose outputs were not waited for any longer because another one wrote too much. */
static void
test_cut_short (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autoptr (ProcstreamCompleteOptions) options = new_ending_options ();
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = NULL;

  g_object_set (fixture->launcher, "replay", PROCSTREAM_REPLAY_ALL, NULL);
  append_argv (fixture, test_shell_argv ("sleep 1000 & echo $! >&2"));
  append_argv (fixture, test_shell_argv ("echo more than a number; exec sleep 1000"));
  start (fixture);
  g_assert_true (procstream_child_wait (get (fixture, 0), TEST_WATCHDOG_SECONDS * 1000, NULL, NULL));
  procstream_complete_options_set_output_limit (options, strlen ("more than a number"));
  procstream_complete_options_set_drain_timeout_ms (options, -1);
  result = complete_with (fixture, options, NULL);
  pid = procstream_result_dup_stderr_text (procstream_pipeline_result_get_stage (result, 0));
  kill (atoi (pid), SIGKILL);
  test_await_gone (atoi (pid));
  g_assert_cmpint (procstream_pipeline_result_get_blamed (result), ==, 1);
  g_assert_false (procstream_pipeline_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_nonnull (strstr (error->message, ", as it wrote too much"));
}

/* A wait that is cancelled leaves them running, unless it is to end them. */
static void
test_cancelled (void)
{
  g_autoptr (Fixture) fixture = new_of ("sleep-forever", "sleep-forever", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (ProcstreamCompleteOptions) options = new_ending_options ();
  g_autoptr (ProcstreamPipelineResult) running = NULL;
  g_autoptr (ProcstreamPipelineResult) ended = NULL;

  g_cancellable_cancel (cancellable);
  start (fixture);
  running = complete_with (fixture, NULL, cancellable);
  assert_causes (running, PROCSTREAM_CAUSE_CANCELLED);
  g_assert_true (procstream_result_get_running (procstream_pipeline_result_get_stage (running, 0)));
  ended = complete_with (fixture, options, cancellable);
  assert_causes (ended, PROCSTREAM_CAUSE_CANCELLED);
  assert_none_left (fixture);
}

/* Stages do not belong together for signals; what ends all of them does. */
static void
test_terminate (void)
{
  g_autoptr (Fixture) fixture = new_of ("sleep-forever", "tree", "ignore-term", NULL);
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_terminate (0);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  start (fixture);
  g_assert_cmpint (getpgid (procstream_child_get_pid (get (fixture, 0))), !=, getpgid (procstream_child_get_pid (get (fixture, 1))));
  await_text (procstream_pipeline_get_output (fixture->pipeline), "ready\n");
  procstream_pipeline_terminate_async (fixture->pipeline, shutdown, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "a pipeline to end", &result);
  g_assert_true (procstream_pipeline_terminate_finish (fixture->pipeline, result, &error));
  g_assert_no_error (error);
  assert_none_left (fixture);
  /* Again, for those that are gone. */
  g_assert_true (procstream_pipeline_terminate (fixture->pipeline, NULL, -1, NULL, &error));
  g_assert_no_error (error);
}

/* What is attached in the callback of a start misses nothing, of whatever stage. */
static void
test_start_async (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GAsyncResult) completed = NULL;
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 5; i++)
    append_argv (fixture, test_shell_argv ("echo begun >&2; cat; echo more"));
  procstream_pipeline_start_async (fixture->pipeline, NULL, test_store_result_cb, &started);
  while (started == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (procstream_pipeline_start_finish (fixture->pipeline, started, &error));
  g_assert_no_error (error);
  procstream_pipeline_complete_async (fixture->pipeline, NULL, NULL, test_store_result_cb, &completed);
  test_wait_result (NULL, "a pipeline to complete", &completed);
  result = procstream_pipeline_complete_finish (fixture->pipeline, completed, &error);
  g_assert_no_error (error);
  assert_success (result);
  assert_text (result, "more\nmore\nmore\nmore\nmore\n");
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *text = procstream_result_dup_stderr_text (procstream_pipeline_result_get_stage (result, i));

      g_assert_cmpstr (text, ==, "begun\n");
    }
}

static void
test_start_cancelled (void)
{
  g_autoptr (Fixture) fixture = new_of ("echo x", "cat", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  procstream_pipeline_start_async (fixture->pipeline, cancellable, test_store_result_cb, &started);
  test_wait_result (NULL, "a pipeline to start", &started);
  g_assert_false (procstream_pipeline_start_finish (fixture->pipeline, started, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  /* Nothing was begun. */
  result = run (fixture);
  assert_success (result);
}

static gpointer
wait_thread (gpointer data)
{
  Fixture *fixture = data;

  return complete_cut (fixture);
}

/* Any thread may wait, with a main loop or without one, and the program may forget the pipeline meanwhile. */
static void
test_threads (void)
{
  Fixture *fixture = new_of ("flood 4194304", "cat", "count", NULL);
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  GThread *thread;

  observe (fixture, 1);
  start (fixture);
  thread = g_thread_new ("waiter", wait_thread, fixture);
  result = g_thread_join (thread);
  assert_success (result);
  assert_text (result, "4194304\n");
  fixture_free (fixture);
}

static void
note_completed_cb (ProcstreamChild  *child,
                   ProcstreamResult *result,
                   gpointer          user_data)
{
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, 0);
  ++*(guint *) user_data;
}

static void
test_forgotten (void)
{
  Fixture *fixture = new_of ("flood 4194304", "cat", "count", NULL);
  guint    n_completed = 0;

  observe (fixture, 0);
  for (guint i = 0; i < 3; i++)
    g_signal_connect (get (fixture, i), "completed", G_CALLBACK (note_completed_cb), &n_completed);
  start (fixture);
  fixture_free (fixture);
  while (n_completed < 3)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_never_started (void)
{
  g_autoptr (Fixture) fixture = new_of ("cat", "cat", "cat", NULL);

  observe (fixture, 0);
}

static void
complete_in_handler_cb (ProcstreamOutput *output,
                        GBytes           *bytes,
                        gpointer          user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_pipeline_complete (fixture->pipeline, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
}

static void
test_in_handler (void)
{
  g_autoptr (Fixture) fixture = new_of ("echo x", "cat", NULL);
  g_autoptr (ProcstreamPipelineResult) result = NULL;

  g_signal_connect (procstream_pipeline_get_output (fixture->pipeline), "chunk", G_CALLBACK (complete_in_handler_cb), fixture);
  result = run (fixture);
  assert_success (result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Nothing of a test is left. */
static void
run_and_count (gconstpointer data)
{
  guint fds = test_count_settled_fds ();

  ((void (*) (void)) data) ();
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (test_count_children (), ==, 0);
  test_assert_fds (fds);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  /* The threads of the library and of GLib have their descriptors before the first count. */
  test_one ();
  test_add_data_func ("/pipeline/three", test_three, run_and_count);
  test_add_data_func ("/pipeline/one", test_one, run_and_count);
  test_add_data_func ("/pipeline/stdin", test_stdin, run_and_count);
  test_add_data_func ("/pipeline/stderr", test_stderr, run_and_count);
  test_add_data_func ("/pipeline/excused", test_excused, run_and_count);
  test_add_data_func ("/pipeline/blame", test_blame, run_and_count);
  test_add_data_func ("/pipeline/missing", test_missing, run_and_count);
  test_add_data_func ("/pipeline/missing-async", test_missing_async, run_and_count);
  test_add_data_func ("/pipeline/refused", test_refused, run_and_count);
  test_add_data_func ("/pipeline/wrong-state", test_wrong_state, run_and_count);
  test_add_data_func ("/pipeline/observed", test_observed, run_and_count);
  test_add_data_func ("/pipeline/observed-limit", test_observed_limit, run_and_count);
  test_add_data_func ("/pipeline/observed-backpressure", test_observed_backpressure, run_and_count);
  test_add_data_func ("/pipeline/observed-excused", test_observed_excused, run_and_count);
  test_add_data_func ("/pipeline/ended", test_ended, run_and_count);
  test_add_data_func ("/pipeline/cut-short", test_cut_short, run_and_count);
  test_add_data_func ("/pipeline/cancelled", test_cancelled, run_and_count);
  test_add_data_func ("/pipeline/terminate", test_terminate, run_and_count);
  test_add_data_func ("/pipeline/start-async", test_start_async, run_and_count);
  test_add_data_func ("/pipeline/start-cancelled", test_start_cancelled, run_and_count);
  test_add_data_func ("/pipeline/threads", test_threads, run_and_count);
  test_add_data_func ("/pipeline/forgotten", test_forgotten, run_and_count);
  test_add_data_func ("/pipeline/never-started", test_never_started, run_and_count);
  test_add_data_func ("/pipeline/in-handler", test_in_handler, run_and_count);
  return g_test_run ();
}
