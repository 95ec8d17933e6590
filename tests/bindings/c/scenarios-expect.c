/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"

#include <string.h>

static ProcstreamChild *
create (ProcstreamReplay replay,
        const char      *script)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, replay);

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  return harness_create (launcher, script);
}

static ProcstreamMatch *
expect (ProcstreamChild     *child,
        const char          *pattern,
        ProcstreamMatchFlags flags)
{
  g_autoptr (GError) error = NULL;
  ProcstreamMatch *match = procstream_child_expect (child, pattern, flags, TIMEOUT_MS, NULL, &error);

  g_assert_no_error (error);
  return match;
}

static void
expect_text (ProcstreamChild     *child,
             const char          *pattern,
             ProcstreamMatchFlags flags,
             const char          *text)
{
  g_autoptr (ProcstreamMatch) match = expect (child, pattern, flags);

  g_assert_cmpstr (procstream_match_get_text (match), ==, text);
}

static void
expect_failure (ProcstreamChild     *child,
                const char          *pattern,
                ProcstreamMatchFlags flags,
                gint64               timeout_ms,
                GQuark               domain,
                int                  code,
                const char          *first,
                const char          *second)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_child_expect (child, pattern, flags, timeout_ms, NULL, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, first));
  g_assert_nonnull (strstr (error->message, second));
}

void
scenario_expect (void)
{
  g_autoptr (ProcstreamChild) child =
                 create (PROCSTREAM_REPLAY_ALL, "echo starting; echo 'Ready on 8080' >&2; read x; echo last words; exit 3");
  g_autoptr (ProcstreamMatch) match = NULL;
  const char *const *groups;

  g_assert_true (procstream_child_start (child, NULL));
  match = expect (child, "(?i)ready on (?<port>\\d+)(!)?", PROCSTREAM_MATCH_REGEX);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "Ready on 8080");
  g_assert_cmpstr (procstream_line_get_stream (procstream_match_get_line (match)), ==, "stderr");
  groups = procstream_match_get_groups (match);
  g_assert_cmpuint (g_strv_length ((char **) groups), ==, 3);
  g_assert_cmpstr (groups[1], ==, "8080");
  g_assert_cmpstr (groups[2], ==, "");
  g_assert_null (procstream_match_get_group (match, 2));
  g_assert_cmpstr (procstream_match_get_named_group (match, "port"), ==, "8080");
  expect_text (child, "start", PROCSTREAM_MATCH_NONE, "starting");
  expect_text (child, "starting", PROCSTREAM_MATCH_WHOLE_LINE, "starting");
  expect_failure (child, "words", PROCSTREAM_MATCH_NONE, 10, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "a line with “words”", "\n  starting");
  procstream_input_close (procstream_child_get_stdin (child));
  expect_failure (child, "set", PROCSTREAM_MATCH_NONE, TIMEOUT_MS, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH,
                  "exited with status 3", "\n  last words");
  expect_failure (child, "(", PROCSTREAM_MATCH_REGEX, TIMEOUT_MS, G_REGEX_ERROR, G_REGEX_ERROR_UNMATCHED_PARENTHESIS, "", "");
}

static void
check_answer (ProcstreamChild *child,
              const char      *word,
              guint64          end)
{
  g_autoptr (ProcstreamMatch) prompt = expect (child, "> ", PROCSTREAM_MATCH_PARTIAL | PROCSTREAM_MATCH_NEXT);
  g_autofree char *line = g_strconcat (word, "\n", NULL);
  g_autoptr (ProcstreamMatch) match = NULL;

  g_assert_true (procstream_input_write_utf8 (procstream_child_get_stdin (child), line, NULL));
  match = expect (child, "said (\\w+)", PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_NEXT);
  g_assert_cmpstr (procstream_match_get_group (match, 1), ==, word);
  g_assert_true (g_str_has_prefix (procstream_match_get_text (match), "said "));
  g_assert_true (procstream_line_get_torn (procstream_match_get_line (match)));
  g_assert_cmpuint (procstream_match_get_end_offset (match), ==, end);
}

void
scenario_expect_next (void)
{
  g_autoptr (ProcstreamChild) child =
                 create (PROCSTREAM_REPLAY_ALL, "for i in 1 2; do printf '> '; read -r word; echo \"said $word\"; done; read -r word");
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
  g_autoptr (ProcstreamMatch) again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_child_start (child, NULL));
  check_answer (child, "one", 10);
  check_answer (child, "two", 21);
  expect_failure (child, "said", PROCSTREAM_MATCH_NEXT, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "", "");
  again = expect (child, "said", PROCSTREAM_MATCH_NONE);
  g_assert_cmpstr (procstream_match_get_text (again), ==, "> said one");
  g_assert_false (procstream_line_get_torn (procstream_match_get_line (again)));
  g_assert_cmpuint (procstream_match_get_end_offset (again), ==, 6);
  expect_failure (child, "said", PROCSTREAM_MATCH_NEXT, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "", "");
  g_assert_true (procstream_line_waiter_add_pattern (waiter, "a", PROCSTREAM_MATCH_NEXT, NULL));
  g_assert_false (procstream_line_waiter_add_pattern (waiter, "b", PROCSTREAM_MATCH_NONE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
finish_text (ProcstreamChild *child,
             GAsyncResult   **result,
             const char      *text)
{
  g_autoptr (GAsyncResult) awaited = harness_await (result);
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamMatch) match = procstream_child_expect_finish (child, awaited, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_text (match), ==, text);
}

void
scenario_expect_async (void)
{
  g_autoptr (ProcstreamChild) child = create (PROCSTREAM_REPLAY_NONE, "echo ready; printf 'login: '; read x; exit 0");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) cancelled = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *ready = NULL, *login = NULL, *never = NULL;

  procstream_child_expect_async (child, "ready", PROCSTREAM_MATCH_NONE, TIMEOUT_MS, NULL, harness_store_cb, &ready);
  procstream_child_expect_async (child, "login: ", PROCSTREAM_MATCH_PARTIAL, -1, NULL, harness_store_cb, &login);
  procstream_child_expect_async (child, "never", PROCSTREAM_MATCH_NONE, -1, cancellable, harness_store_cb, &never);
  g_assert_true (procstream_child_start (child, NULL));
  finish_text (child, &ready, "ready");
  finish_text (child, &login, "login: ");
  g_cancellable_cancel (cancellable);
  cancelled = harness_await (&never);
  g_assert_null (procstream_child_expect_finish (child, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  procstream_input_close (procstream_child_get_stdin (child));
  harness_complete (child);
}

typedef struct
{
  GThread *thread;
  GString *asked;
} Function;

static gboolean
is_three (ProcstreamLine *line,
          gpointer        user_data)
{
  Function *self = user_data;

  g_assert_true (g_thread_self () == self->thread);
  g_string_append_printf (self->asked, "%s|", procstream_line_get_text (line));
  return g_str_equal (procstream_line_get_text (line), "three");
}

void
scenario_line_waiter (void)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), "echo one; echo two; echo three");
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
  g_autoptr (ProcstreamMatch) match = NULL;
  g_autoptr (GError) error = NULL;
  Function function = { g_thread_self (), g_string_new (NULL) };

  g_assert_true (procstream_line_waiter_add_pattern (waiter, "four", PROCSTREAM_MATCH_NONE, NULL));
  g_assert_true (procstream_line_waiter_add_function (waiter, PROCSTREAM_MATCH_NONE, is_three, &function, NULL, NULL));
  g_assert_true (procstream_line_waiter_add_pattern (waiter, "^thr", PROCSTREAM_MATCH_REGEX, NULL));
  g_assert_true (procstream_child_attach_waiter (child, waiter, NULL));
  g_assert_true (procstream_child_start (child, NULL));
  match = procstream_line_waiter_wait_match (waiter, TIMEOUT_MS, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "three");
  g_assert_cmpuint (procstream_match_get_pattern (match), ==, 1);
  g_assert_cmpstr (procstream_match_get_groups (match)[0], ==, "three");
  g_assert_cmpstr (function.asked->str, ==, "one|two|three|");
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (waiter), ==, 3);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (waiter)), ==, PROCSTREAM_CONSUMER_STATE_DONE);
  g_assert_true (procstream_line_waiter_get_match (waiter) == match);
  g_assert_false (procstream_line_waiter_add_pattern (waiter, "late", PROCSTREAM_MATCH_NONE, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_string_free (function.asked, TRUE);
}

static ProcstreamLineWaiter *
attach_waiter (ProcstreamOutput *output,
               const char       *pattern)
{
  ProcstreamLineWaiter *waiter = procstream_line_waiter_new ();
  g_autoptr (GError) error = NULL;

  procstream_line_waiter_add_pattern (waiter, pattern, PROCSTREAM_MATCH_NONE, &error);
  g_assert_no_error (error);
  procstream_output_attach (output, PROCSTREAM_CONSUMER (waiter), &error);
  g_assert_no_error (error);
  return waiter;
}

static void
wait_for_ready (ProcstreamLineWaiter *waiter,
                const char           *stream)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamMatch) match = procstream_line_waiter_wait_match (waiter, TIMEOUT_MS, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "ready");
  g_assert_cmpstr (procstream_line_get_stream (procstream_match_get_line (match)), ==, stream);
}

static void
wait_in_merged_view (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamLineWaiter) waiter = NULL;

  procstream_launcher_set_merged_view (launcher, TRUE);
  child = harness_create (launcher, "echo one; echo ready >&2");
  waiter = attach_waiter (procstream_child_get_merged (child), "ready");
  g_assert_true (procstream_child_start (child, NULL));
  wait_for_ready (waiter, "stderr");
}

static void
mark_done (ProcstreamChild *child)
{
  g_autoptr (ProcstreamLineWaiter) waiter = attach_waiter (procstream_child_get_stderr (child), "never");
  g_autoptr (GError) error = NULL;

  procstream_consumer_mark_done (PROCSTREAM_CONSUMER (waiter));
  g_assert_null (procstream_line_waiter_wait_match (waiter, TIMEOUT_MS, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  g_assert_nonnull (strstr (error->message, "marked as done"));
  g_assert_null (procstream_line_waiter_get_match (waiter));
}

static ProcstreamChild *
create_single (void)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_output_config_set_backend (config, PROCSTREAM_BACKEND_SINGLE);
  procstream_launcher_set_stdout_config (launcher, config);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  return harness_create (launcher, "echo one; echo ready; read x; echo set");
}

void
scenario_line_waiter_elsewhere (void)
{
  g_autoptr (ProcstreamChild) child = create_single ();
  ProcstreamOutput *output = procstream_child_get_stdout (child);
  g_autoptr (ProcstreamLineWaiter) waiter = NULL;
  g_autoptr (ProcstreamReader) refused = procstream_reader_new ();
  g_autoptr (ProcstreamCollector) last = NULL;
  g_autoptr (GError) error = NULL;

  wait_in_merged_view ();
  waiter = attach_waiter (output, "ready");
  procstream_consumer_pause (PROCSTREAM_CONSUMER (waiter));
  g_assert_false (procstream_output_attach (output, PROCSTREAM_CONSUMER (refused), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_true (procstream_child_start (child, NULL));
  g_assert_null (procstream_line_waiter_wait_match (waiter, 10, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  procstream_consumer_resume (PROCSTREAM_CONSUMER (waiter));
  wait_for_ready (waiter, "stdout");
  last = harness_collect (output);
  mark_done (child);
  procstream_input_close (procstream_child_get_stdin (child));
  harness_assert_collected (last, "set\n");
}
