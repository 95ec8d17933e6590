/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How children are set up. */

#include "harness.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
spoil_limit (ProcstreamLauncher *launcher)
{
  procstream_launcher_set_limit (launcher, PROCSTREAM_LIMIT_OPEN_FILES, 64, 32);
}

static void
spoil_umask (ProcstreamLauncher *launcher)
{
  g_object_set (launcher, "umask", 07777, NULL);
}

static void
spoil_statuses (ProcstreamLauncher *launcher)
{
  procstream_launcher_set_success_statuses (launcher, (const int[]){ 256 }, 1);
}

static void
spoil_variable (ProcstreamLauncher *launcher)
{
  procstream_launcher_set_variable (launcher, "A=b", "c");
}

typedef struct
{
  const char *name;
  void (*spoil) (ProcstreamLauncher *launcher);
} Spoiler;

static const Spoiler spoilers[] = {
  { "open-files", spoil_limit },
  { "umask", spoil_umask },
  { "256", spoil_statuses },
  { "variable", spoil_variable },
};

static void
assert_refused (const Spoiler *spoiler)
{
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (GError) error = NULL;

  spoiler->spoil (launcher);
  g_assert_null (procstream_launcher_create (launcher, (const char *const[]){ "cat", NULL }, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, spoiler->name));
}

void
scenario_process_settings (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) plain = harness_spawn (harness_reliable (), "nice");
  g_autoptr (ProcstreamCollector) nice = harness_collect (procstream_child_get_stdout (plain));
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamChild) named = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autoptr (GBytes) own = NULL;
  g_autofree char *own_nice = NULL;
  g_autofree char *expected = NULL;
  int              fds[2];

  harness_complete (plain);
  own = procstream_collector_dup_bytes (nice);
  own_nice = g_strndup (g_bytes_get_data (own, NULL), g_bytes_get_size (own));
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_cmpint (write (fds[1], "given\n", 6), ==, 6);
  close (fds[1]);
  g_setenv ("SCENARIO_GONE", "here", TRUE);
  procstream_launcher_set_nice (launcher, 3);
  procstream_launcher_set_umask (launcher, 027);
  procstream_launcher_set_containment (launcher, PROCSTREAM_CONTAINMENT_SESSION);
  procstream_launcher_set_search_environment_path (launcher, TRUE);
  procstream_launcher_set_limit (launcher, PROCSTREAM_LIMIT_CORE_SIZE, 0, PROCSTREAM_NO_LIMIT);
  procstream_launcher_take_fd (launcher, fds[0], 7);
  procstream_launcher_clear_environment (launcher);
  g_object_ref (launcher);
  child = harness_spawn (launcher, "nice; umask; ulimit -S -c; echo \"${SCENARIO_GONE-unset}\"; cat <&7; cut -d' ' -f1,6 /proc/$$/stat");
  procstream_launcher_close_fd (launcher, 7);
  collector = harness_collect (procstream_child_get_stdout (child));
  harness_complete (child);
  expected = g_strdup_printf ("%d\n0027\n0\nunset\ngiven\n%d %d\n", MIN (atoi (own_nice) + 3, 19),
                              procstream_child_get_pid (child), procstream_child_get_pid (child));
  harness_assert_collected (collector, expected);
  procstream_launcher_set_name_parts (launcher, PROCSTREAM_NAME_PARTS_ARGUMENTS);
  named = procstream_launcher_create (launcher, (const char *const[]){ "/bin/prog", "--token", "x", "y", NULL }, NULL);
  g_assert_cmpstr (procstream_child_get_name (named), ==, "prog \"--token\" \"***\" \"y\"");
  for (guint i = 0; i < G_N_ELEMENTS (spoilers); i++)
    assert_refused (&spoilers[i]);
  g_object_unref (launcher);
}

static void
answer_silence_cb (ProcstreamChild *child,
                   gint64           silent_ms,
                   guint           *n_silences)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);

  g_assert_cmpint (silent_ms, >=, 20);
  if (++*n_silences == 1)
    procstream_input_write_async (procstream_child_get_stdin (child), bytes, NULL, NULL, NULL);
  else
    procstream_input_close (procstream_child_get_stdin (child));
}

static void
kill_silent_cb (ProcstreamChild *child)
{
  g_assert_true (procstream_child_kill (child, NULL));
}

void
scenario_idle (void)
{
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamChild) silent = NULL;
  g_autoptr (GError) error = NULL;
  guint n_silences = 0;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_idle_timeout_ms (launcher, 20);
  child = harness_create (g_object_ref (launcher), "exec cat");
  g_signal_connect (child, "idle", G_CALLBACK (answer_silence_cb), &n_silences);
  g_assert_true (procstream_child_start (child, NULL));
  harness_complete (child);
  g_assert_cmpuint (n_silences, ==, 2);

  silent = harness_create (g_object_ref (launcher), "exec sleep 1000");
  g_signal_connect (silent, "idle", G_CALLBACK (kill_silent_cb), NULL);
  g_assert_true (procstream_child_start (silent, NULL));
  g_assert_true (procstream_child_wait (silent, TIMEOUT_MS, NULL, NULL));
  g_assert_cmpint (procstream_child_get_term_signal (silent), ==, SIGKILL);

  procstream_launcher_set_idle_stderr (launcher, FALSE);
  procstream_launcher_set_stdout_config (launcher, discard);
  g_assert_null (procstream_launcher_create (launcher, (const char *const[]){ "cat", NULL }, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "idle-timeout-ms"));
}

typedef struct
{
  ProcstreamChild *child;
  GString         *lines;
  int              ends;
} Terminal;

static void
typed_line_cb (ProcstreamOutput *output,
               const char       *line,
               gpointer          user_data)
{
  Terminal *self = user_data;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("typed\nmore\n", 11);

  g_string_append_printf (self->lines, "%s\n", line);
  if (g_strcmp0 (line, "50 132") != 0)
    return;
  g_assert_true (procstream_child_resize (self->child, 100, 30, NULL));
  procstream_input_write_async (procstream_child_get_stdin (self->child), bytes, NULL, NULL, NULL);
  procstream_input_close (procstream_child_get_stdin (self->child));
}

static void
terminal_ended_cb (ProcstreamOutput *output,
                   const GError     *error,
                   gpointer          user_data)
{
  g_assert_no_error (error);
  ((Terminal *) user_data)->ends++;
}

void
scenario_pseudo_terminal (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  Terminal terminal = { NULL, lines, 0 };

  procstream_launcher_set_pty (launcher, TRUE);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PTY);
  procstream_launcher_set_pty_columns (launcher, 132);
  procstream_launcher_set_pty_rows (launcher, 50);
  g_object_ref (launcher);
  child = terminal.child = harness_create (launcher, "tty >/dev/null && stty size; read -r text; stty size; echo \"$text\" >&2; cat");
  g_signal_connect (procstream_child_get_stdout (child), "line", G_CALLBACK (typed_line_cb), &terminal);
  g_signal_connect (procstream_child_get_stdout (child), "ended", G_CALLBACK (terminal_ended_cb), &terminal);
  g_assert_true (procstream_child_start (child, NULL));
  harness_complete (child);
  g_assert_cmpstr (lines->str, ==, "50 132\n30 100\ntyped\nmore\n");
  g_assert_cmpint (terminal.ends, ==, 1);
  g_assert_cmpint (procstream_child_get_exit_code (child), ==, 0);
  procstream_launcher_set_pty (launcher, FALSE);
  g_assert_null (procstream_launcher_create (launcher, (const char *const[]){ "cat", NULL }, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_object_unref (launcher);
}

void
scenario_tree (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autofree char *expected = NULL;

  procstream_launcher_set_containment (launcher, PROCSTREAM_CONTAINMENT_TREE);
  child = harness_create (launcher, "setsid sleep 1000 & (sleep 1000 &); echo \"$$\"; exit 3");
  collector = harness_collect (procstream_child_get_stdout (child));
  g_assert_true (procstream_child_start (child, NULL));
  /* It ends when those have gone that hold it open. */
  harness_complete (child);
  expected = g_strdup_printf ("%d\n", procstream_child_get_pid (child));
  harness_assert_collected (collector, expected);
  g_assert_cmpint (procstream_child_get_exit_code (child), ==, 3);
}

void
scenario_tree_kept (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamResult) result = NULL;

  g_object_set (launcher, "containment", PROCSTREAM_CONTAINMENT_TREE, "keep-descendants", TRUE, "guard-grace-ms", 0, NULL);
  g_assert_true (procstream_launcher_get_keep_descendants (launcher));
  g_assert_cmpint (procstream_launcher_get_guard_grace_ms (launcher), ==, 0);
  child = harness_create (launcher, "setsid sh -c 'sleep 1000' & exit 3");
  g_assert_true (procstream_child_start (child, NULL));
  g_assert_true (procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  g_assert_cmpint (procstream_child_get_exit_code (child), ==, 3);
  g_assert_cmpint (procstream_output_get_state (procstream_child_get_stdout (child)), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  g_assert_true (procstream_child_terminate (child, NULL, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_no_error (error);
  /* What held the output open is gone. */
  result = procstream_child_complete (child, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (procstream_result_get_user_time_us (result), >=, 0);
  g_assert_cmpint (procstream_result_get_system_time_us (result), >=, 0);
  g_assert_cmpint (procstream_result_get_peak_memory (result), >, 0);
}

static void
assert_printed (ProcstreamLauncher *launcher,
                const char         *script,
                const char         *text)
{
  g_autoptr (ProcstreamChild) child = harness_create (launcher, script);
  g_autoptr (ProcstreamCollector) collector = harness_collect (procstream_child_get_stdout (child));

  g_assert_true (procstream_child_start (child, NULL));
  harness_complete (child);
  harness_assert_collected (collector, text);
}

void
scenario_other_settings (void)
{
  const char *const argv[] = { "/bin/prog", "--colour", "x", "--token", "y", NULL };
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamChild) named = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamCollector) late = NULL;
  g_autoptr (GBytes) bytes = NULL;
  ProcstreamLauncher *dying = harness_reliable ();
  ProcstreamLauncher *terminal = harness_reliable ();
  ProcstreamLauncher *merging = harness_reliable ();

  procstream_launcher_set_name_parts (launcher, PROCSTREAM_NAME_PARTS_ARGUMENTS);
  procstream_launcher_set_name_redact (launcher, "colour");
  named = procstream_launcher_create (launcher, argv, NULL);
  g_assert_cmpstr (procstream_child_get_name (named), ==, "prog \"--colour\" \"***\" \"--token\" \"y\"");
  procstream_launcher_set_oom_score_adjust (dying, 900);
  procstream_launcher_set_parent_death_signal (dying, SIGKILL);
  g_assert_cmpint (procstream_launcher_get_parent_death_signal (dying), ==, SIGKILL);
  assert_printed (dying, "cat /proc/self/oom_score_adj", "900\n");
  procstream_launcher_set_pty (terminal, TRUE);
  procstream_launcher_set_pty_flags (terminal, PROCSTREAM_PTY_FLAGS_CRLF);
  assert_printed (terminal, "echo line", "line\r\n");

  procstream_launcher_set_merged_view (merging, TRUE);
  procstream_launcher_set_merged_config (merging, config);
  child = harness_spawn (merging, "echo out; echo err >&2");
  harness_complete (child);
  late = harness_collect (procstream_child_get_merged (child));
  harness_wait (PROCSTREAM_CONSUMER (late));
  bytes = procstream_collector_dup_bytes (late);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, strlen ("out\nerr\n"));
}
