/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How children end, and what is told of that. */

/* --- Shutting down ------------------------------------------------------------------------------------------------------------ */

static void
note_phase_cb (ProcstreamChild         *child,
               ProcstreamShutdownPhase *phase,
               GString                 *phases)
{
  g_autofree char *text = procstream_shutdown_phase_to_string (phase);

  g_string_append_printf (phases, "%s ", text);
}

static void
terminate_when_ready_cb (ProcstreamOutput *output,
                         const char       *line,
                         ProcstreamChild  *child)
{
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_interrupt_terminate (1000, TIMEOUT_MS);

  if (strcmp (line, "ready") == 0)
    procstream_child_terminate_async (child, shutdown, NULL, NULL, NULL);
}

void
scenario_terminate (void)
{
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamChild) cat = NULL;
  g_autoptr (ProcstreamShutdown) closing = procstream_shutdown_new ();
  g_autoptr (Record) record = record_new ();
  g_autoptr (GString) phases = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  child = harness_spawn (harness_reliable (), "trap 'echo INT' INT; trap 'echo TERM; exit 3' TERM; echo ready; "
                                              "while :; do sleep 1000; done");
  g_signal_connect (child, "terminating", G_CALLBACK (note_phase_cb), phases);
  record_connect_line (record, procstream_child_get_stdout (child));
  g_signal_connect (procstream_child_get_stdout (child), "line", G_CALLBACK (terminate_when_ready_cb), child);
  harness_complete (child);
  g_assert_cmpstr (phases->str, ==, "SIGINT SIGTERM ");
  record_assert_lines (record, "ready|INT|TERM");
  g_assert_cmpint (procstream_child_get_exit_code (child), ==, 3);

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  cat = harness_spawn (g_steal_pointer (&launcher), "exec cat");
  g_assert_false (procstream_child_terminate (cat, closing, TIMEOUT_MS, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  procstream_shutdown_add_close_stdin (closing, TIMEOUT_MS);
  g_assert_cmpuint (g_list_model_get_n_items (procstream_shutdown_get_phases (closing)), ==, 1);
  g_assert_true (procstream_child_terminate (cat, closing, TIMEOUT_MS, NULL, NULL));
  g_assert_cmpint (procstream_child_get_exit_code (cat), ==, 0);
}

/* --- The exit of the program -------------------------------------------------------------------------------------------------- */

static gboolean
is_alive (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "stat", NULL);
  g_autofree char *stat = NULL;

  return g_file_get_contents (path, &stat, NULL, NULL) && strstr (stat, ") Z ") == NULL;
}

G_NORETURN static void
spawn_and_exit (void)
{
  const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), "sleep 1000 & echo $!; wait");
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamOutputConfig) nothing = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamLauncher) detached = harness_reliable ();
  g_autoptr (ProcstreamChild) survivor = NULL;
  g_autofree char *line = NULL;

  procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL);
  g_assert_true (procstream_child_start (child, NULL));
  line = procstream_reader_read_line (reader, TIMEOUT_MS, NULL, NULL);
  procstream_launcher_set_lifetime (detached, PROCSTREAM_LIFETIME_DETACHED);
  procstream_launcher_set_stdout_config (detached, nothing);
  procstream_launcher_set_stderr_config (detached, nothing);
  survivor = procstream_launcher_spawnv (detached, argv, NULL);
  printf ("pids %d %s %d\n", procstream_child_get_pid (child), line, procstream_child_get_pid (survivor));
  exit (0);
}

void
scenario_lifetime (void)
{
  /* In the child that name would be another program's. */
  g_autofree char  *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *const argv[] = { self, "69", NULL };
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;

  if (g_getenv ("PROCSTREAM_SCENE"))
    spawn_and_exit ();
  procstream_launcher_set_variable (launcher, "PROCSTREAM_SCENE", "yes");
  result = procstream_launcher_run (launcher, argv, NULL, NULL, &error);
  g_assert_no_error (error);
  words = g_strsplit (strstr (procstream_capture_get_text (procstream_result_get_stdout (result)), "pids ") + 5, " ", 3);
  g_assert_false (is_alive (words[0]));
  g_assert_false (is_alive (words[1]));
  g_strdelimit (words[2], "\n", '\0');
  g_assert_true (is_alive (words[2]));
  kill (atoi (words[2]), SIGKILL);
}

/* --- A program that ends otherwise -------------------------------------------------------------------------------------------- */

/* One of a scenario, as a child of the scenario itself. */
static ProcstreamChild *
create_scene (const char *number,
              const char *scene)
{
  g_autofree char  *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *const argv[] = { self, number, NULL };
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child;

  procstream_launcher_set_variable (launcher, "PROCSTREAM_SCENE", scene);
  child = procstream_launcher_create (launcher, argv, &error);
  g_assert_no_error (error);
  return child;
}

/* A child that says something when it is asked to end, which is written to a file. */
static ProcstreamChild *
spawn_written (const char *path)
{
  ProcstreamChild *child = harness_create (harness_reliable (), "trap 'echo bye; exit' TERM; echo up; sleep 1000 & wait");
  g_autoptr (ProcstreamWriter) writer = procstream_writer_new_for_path (path, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (ProcstreamMatch) match = NULL;

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (writer), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  match = procstream_child_expect (child, "up", PROCSTREAM_MATCH_NONE, TIMEOUT_MS, NULL, NULL);
  g_assert_nonnull (match);
  return child;
}

static void
assert_written (const char *path)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "up\nbye\n");
}

static char *
make_file (void)
{
  char *path = NULL;

  g_assert_true (g_close (g_file_open_tmp ("procstream-XXXXXX", &path, NULL), NULL));
  return path;
}

static void
deinit_and_die (const char *path)
{
  const char *const argv[] = { "true", NULL };
  g_autoptr (ProcstreamChild) child = spawn_written (path);
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autofree char *pid = g_strdup_printf ("%d", procstream_child_get_pid (child));
  g_autoptr (GError) error = NULL;

  procstream_deinit ();
  g_assert_false (is_alive (pid));
  assert_written (path);
  g_assert_null (procstream_launcher_spawnv (launcher, argv, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  raise (SIGKILL);
}

void
scenario_deinit (void)
{
  g_autoptr (ProcstreamChild) program = NULL;
  g_autoptr (ProcstreamResult) result = NULL;
  g_autofree char *path = NULL;

  if (g_getenv ("PROCSTREAM_SCENE"))
    deinit_and_die (g_getenv ("PROCSTREAM_SCENE"));
  path = make_file ();
  program = create_scene ("96", path);
  g_assert_true (procstream_child_start (program, NULL));
  result = procstream_child_complete (program, NULL, NULL, NULL);
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, SIGKILL);
  assert_written (path);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
hurry_and_exit (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamShutdown) slow = procstream_shutdown_new_terminate (1000000);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autofree char *pid = NULL;

  procstream_launcher_set_shutdown (launcher, slow);
  child = harness_spawn (launcher, "trap '' TERM; echo up; exec sleep 1000");
  g_object_unref (procstream_child_expect (child, "up", PROCSTREAM_MATCH_NONE, TIMEOUT_MS, NULL, NULL));
  pid = g_strdup_printf ("%d", procstream_child_get_pid (child));
  procstream_deinit_hurry ();
  procstream_deinit ();
  g_assert_false (is_alive (pid));
  exit (7);
}

void
scenario_deinit_hurry (void)
{
  g_autoptr (ProcstreamChild) program = NULL;
  g_autoptr (ProcstreamResult) result = NULL;

  if (g_getenv ("PROCSTREAM_SCENE"))
    hurry_and_exit ();
  program = create_scene ("105", "yes");
  g_assert_true (procstream_child_start (program, NULL));
  result = procstream_child_complete (program, NULL, NULL, NULL);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, 7);
}

void
scenario_writer_at_exit (void)
{
  g_autoptr (ProcstreamChild) program = NULL;
  g_autoptr (ProcstreamResult) result = NULL;
  g_autofree char *path = NULL;

  if (g_getenv ("PROCSTREAM_SCENE"))
    {
      g_object_unref (spawn_written (g_getenv ("PROCSTREAM_SCENE")));
      exit (0);
    }
  path = make_file ();
  program = create_scene ("97", path);
  g_assert_true (procstream_child_start (program, NULL));
  result = procstream_child_complete (program, NULL, NULL, NULL);
  g_assert_true (procstream_result_get_success (result));
  assert_written (path);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* What runs has the standard output of the program that runs it, as that is not there to be told. */
void
scenario_death_in_a_run (void)
{
  const char *const argv[] = { "/bin/sh", "-c",
                               "exec 9> /proc/$PPID/fd/1; trap 'echo asked >&9; kill -9 $!; exit' TERM; sleep 1000 9>&- & "
                               "echo up >&9; wait",
                               NULL };
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) program = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autoptr (ProcstreamMatch) match = NULL;
  g_autofree char *text = NULL;

  if (g_getenv ("PROCSTREAM_SCENE"))
    {
      procstream_launcher_run (launcher, argv, NULL, NULL, NULL);
      g_assert_not_reached ();
    }
  program = create_scene ("98", "yes");
  collector = harness_collect (procstream_child_get_stdout (program));
  g_assert_true (procstream_child_start (program, NULL));
  match = procstream_child_expect (program, "up", PROCSTREAM_MATCH_NONE, TIMEOUT_MS, NULL, NULL);
  g_assert_nonnull (match);
  g_assert_true (procstream_child_kill (program, NULL));
  harness_wait (PROCSTREAM_CONSUMER (collector));
  text = procstream_collector_dup_text (collector);
  g_assert_true (g_str_has_suffix (text, "up\nasked\n"));
}

/* --- Complete and run --------------------------------------------------------------------------------------------------------- */

static void
assert_text (ProcstreamCapture *capture,
             const char        *text)
{
  g_assert_cmpstr (procstream_capture_get_text (capture), ==, text);
}

static ProcstreamResult *
complete (ProcstreamChild           *child,
          ProcstreamCompleteOptions *options)
{
  GAsyncResult *async_result = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamResult *result;

  procstream_child_complete_async (child, options, NULL, harness_store_cb, &async_result);
  result = procstream_child_complete_finish (child, harness_await (&async_result), &error);
  g_assert_no_error (error);
  g_object_unref (async_result);
  return result;
}

void
scenario_complete (void)
{
  g_autoptr (ProcstreamChild) child = harness_spawn (harness_reliable (), "echo out; echo err >&2; exit 3");
  g_autoptr (ProcstreamChild) slow = NULL;
  g_autoptr (ProcstreamChild) held = NULL;
  g_autoptr (ProcstreamChild) counted = NULL;
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamCompleteOptions) few = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = procstream_child_complete (child, NULL, NULL, NULL);
  g_autoptr (ProcstreamResult) part = NULL;
  g_autoptr (ProcstreamResult) missed = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamResult) late = NULL;
  g_autoptr (ProcstreamResult) cut = NULL;

  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_EXITED);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, 3);
  assert_text (procstream_result_get_stdout (result), "out\n");
  assert_text (procstream_result_get_stderr (result), "err\n");
  g_assert_cmpstr (procstream_result_get_tail (result), ==, "err\n");
  counted = harness_spawn (harness_reliable (), "seq 100; printf end");
  procstream_complete_options_set_max_bytes (few, 3);
  part = complete (counted, few);
  assert_text (procstream_result_get_stdout (part), "1\n2");
  g_assert_cmpuint (procstream_capture_get_lines_seen (procstream_result_get_stdout (part)), ==, 101);
  g_assert_cmpuint (procstream_capture_get_lines_cut (procstream_result_get_stdout (part)), ==, 99);
  missed = procstream_child_complete (counted, NULL, NULL, NULL);
  assert_text (procstream_result_get_stdout (missed), "");
  g_assert_cmpuint (procstream_capture_get_bytes_missed (procstream_result_get_stdout (missed)), ==, 295);
  g_assert_true (procstream_result_get_truncated (missed));
  g_assert_false (procstream_result_check (missed, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
  g_assert_nonnull (strstr (error->message, "295 bytes of stdout"));

  slow = harness_spawn (harness_reliable (), "echo begun; sleep 1000");
  procstream_complete_options_set_timeout_ms (options, 1000);
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_TIMEOUT);
  late = complete (slow, options);
  g_assert_cmpint (procstream_result_get_cause (late), ==, PROCSTREAM_CAUSE_TIMED_OUT);
  g_assert_false (procstream_result_get_running (late));
  g_assert_cmpuint (g_list_model_get_n_items (procstream_result_get_attempts (late)), ==, 1);
  assert_text (procstream_result_get_stdout (late), "begun\n");

  held = harness_spawn (harness_reliable (), "sleep 1000 & echo $!");
  procstream_complete_options_set_timeout_ms (options, PROCSTREAM_NO_TIMEOUT);
  procstream_complete_options_set_drain_timeout_ms (options, 1000);
  cut = complete (held, options);
  g_assert_cmpint (procstream_result_get_exit_code (cut), ==, 0);
  g_assert_false (procstream_capture_get_ended (procstream_result_get_stdout (cut)));
  g_assert_true (procstream_result_get_truncated (cut));
  g_assert_true (procstream_child_terminate (held, NULL, TIMEOUT_MS, NULL, NULL));
}

void
scenario_run (void)
{
  const char *const argv[] = { "echo", "one", NULL };
  const char *const failing[] = { "/bin/sh", "-c", "echo no >&2; exit 4", NULL };
  const int         statuses[] = { 0, 4 };
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamResult) result = procstream_run (argv, NULL, NULL);
  g_autoptr (ProcstreamResult) accepted = NULL;
  g_autoptr (ProcstreamResult) awaited = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) async_result = NULL;

  assert_text (procstream_result_get_stdout (result), "one\n");
  g_assert_null (procstream_launcher_run (launcher, failing, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
  g_assert_nonnull (strstr (error->message, "status 4"));
  g_assert_nonnull (strstr (error->message, "no"));
  g_assert_cmpint (procstream_result_get_exit_code (procstream_child_error_get_result (error)), ==, 4);
  procstream_launcher_set_success_statuses (launcher, statuses, G_N_ELEMENTS (statuses));
  accepted = procstream_launcher_run (launcher, failing, NULL, NULL, NULL);
  g_assert_true (procstream_result_get_success (accepted));
  procstream_launcher_run_async (launcher, argv, NULL, NULL, harness_store_cb, &async_result);
  awaited = procstream_launcher_run_finish (launcher, harness_await (&async_result), NULL);
  assert_text (procstream_result_get_stdout (awaited), "one\n");
}

/* --- Causes ------------------------------------------------------------------------------------------------------------------- */

static void
assert_ended (ProcstreamResult *result,
              ProcstreamCause   cause,
              int               exit_code,
              int               term_signal)
{
  g_assert_nonnull (result);
  g_assert_cmpint (procstream_result_get_cause (result), ==, cause);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, exit_code);
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, term_signal);
  g_assert_false (procstream_result_get_running (result));
}

static void
complete_ended (ProcstreamChild           *child,
                ProcstreamCompleteOptions *options,
                GCancellable              *cancellable,
                ProcstreamCause            cause,
                int                        term_signal)
{
  g_autoptr (ProcstreamResult) result = procstream_child_complete (child, options, cancellable, NULL);

  assert_ended (result, cause, -1, term_signal);
  assert_ended (procstream_child_get_result (child), cause, -1, term_signal);
  g_object_unref (child);
}

static ProcstreamChild *
spawn_sleeper (void)
{
  return harness_spawn (harness_reliable (), "echo ready; exec sleep 1000");
}

static void
assert_causes_of_waits (void)
{
  g_autoptr (ProcstreamCompleteOptions) timeout = procstream_complete_options_new ();
  g_autoptr (ProcstreamCompleteOptions) silence = procstream_complete_options_new ();
  g_autoptr (ProcstreamCompleteOptions) much = procstream_complete_options_new ();
  g_autoptr (ProcstreamCompleteOptions) cancel = procstream_complete_options_new ();
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();

  procstream_complete_options_set_timeout_ms (timeout, 1000);
  procstream_complete_options_set_end_on (timeout, PROCSTREAM_END_ON_TIMEOUT);
  complete_ended (spawn_sleeper (), timeout, NULL, PROCSTREAM_CAUSE_TIMED_OUT, SIGTERM);
  procstream_complete_options_set_idle_timeout_ms (silence, 1000);
  procstream_complete_options_set_end_on (silence, PROCSTREAM_END_ON_IDLE);
  complete_ended (spawn_sleeper (), silence, NULL, PROCSTREAM_CAUSE_IDLE, SIGTERM);
  procstream_complete_options_set_output_limit (much, 3);
  procstream_complete_options_set_end_on (much, PROCSTREAM_END_ON_OUTPUT_LIMIT);
  complete_ended (spawn_sleeper (), much, NULL, PROCSTREAM_CAUSE_OUTPUT_LIMIT, SIGTERM);
  procstream_complete_options_set_end_on (cancel, PROCSTREAM_END_ON_CANCEL);
  g_cancellable_cancel (cancelled);
  complete_ended (spawn_sleeper (), cancel, cancelled, PROCSTREAM_CAUSE_CANCELLED, SIGTERM);
}

G_NORETURN static void
end_program (void)
{
  ProcstreamChild *child = spawn_sleeper ();

  procstream_deinit ();
  complete_ended (child, NULL, NULL, PROCSTREAM_CAUSE_PARENT_EXIT, SIGTERM);
  printf ("ended with the program\n");
  exit (0);
}

void
scenario_causes (void)
{
  g_autoptr (ProcstreamLauncher) of_scope = harness_reliable ();
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (ProcstreamChild) brief = NULL;
  g_autoptr (ProcstreamResult) exited = NULL;
  g_autoptr (ProcstreamChild) program = NULL;
  g_autoptr (ProcstreamResult) of_program = NULL;
  ProcstreamChild *child;

  if (g_getenv ("PROCSTREAM_SCENE"))
    end_program ();
  brief = harness_spawn (harness_reliable (), "exit 3");
  exited = procstream_child_complete (brief, NULL, NULL, NULL);
  assert_ended (exited, PROCSTREAM_CAUSE_EXITED, 3, 0);
  child = spawn_sleeper ();
  kill (procstream_child_get_pid (child), SIGUSR1);
  complete_ended (child, NULL, NULL, PROCSTREAM_CAUSE_SIGNALLED, SIGUSR1);
  child = spawn_sleeper ();
  g_assert_true (procstream_child_terminate (child, NULL, TIMEOUT_MS, NULL, NULL));
  complete_ended (child, NULL, NULL, PROCSTREAM_CAUSE_TERMINATED, SIGTERM);
  child = spawn_sleeper ();
  g_assert_true (procstream_child_kill (child, NULL));
  complete_ended (child, NULL, NULL, PROCSTREAM_CAUSE_KILLED, SIGKILL);
  procstream_launcher_set_scope (of_scope, scope);
  child = harness_spawn (g_steal_pointer (&of_scope), "exec sleep 1000");
  g_assert_true (procstream_scope_close (scope, TIMEOUT_MS, NULL, NULL));
  complete_ended (child, NULL, NULL, PROCSTREAM_CAUSE_TERMINATED, SIGTERM);
  assert_causes_of_waits ();

  program = create_scene ("104", "yes");
  g_assert_true (procstream_child_start (program, NULL));
  of_program = procstream_child_complete (program, NULL, NULL, NULL);
  g_assert_nonnull (strstr (procstream_capture_get_text (procstream_result_get_stdout (of_program)), "ended with the program\n"));
}
