/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

static ProcstreamChild *
spawn_with_pipe (const char *script)
{
  ProcstreamLauncher *launcher = harness_reliable ();

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  return harness_spawn (launcher, script);
}

static void
close_and_wait (ProcstreamChild *child)
{
  g_autoptr (GError) error = NULL;

  procstream_input_close (procstream_child_get_stdin (child));
  g_assert_true (procstream_child_wait (child, TIMEOUT_MS, NULL, &error));
  g_assert_no_error (error);
}

/* --- Waiting ------------------------------------------------------------------------------------------------------------------ */

void
scenario_wait_async (void)
{
  g_autoptr (ProcstreamChild) child = harness_spawn (harness_reliable (), "exit 3");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_child_wait_async (child, NULL, harness_store_cb, &result);
  g_assert_true (procstream_child_wait_finish (child, harness_await (&result), &error));
  g_assert_no_error (error);
  g_assert_cmpint (procstream_child_get_exit_code (child), ==, 3);
}

static void
close_on_line_cb (ProcstreamOutput *output,
                  const char       *line,
                  gpointer          user_data)
{
  procstream_input_close (procstream_child_get_stdin (user_data));
}

void
scenario_wait_without_loop (void)
{
  g_autoptr (Record) record = record_new ();
  g_autoptr (ProcstreamChild) child = spawn_with_pipe ("echo ready; read x; exit 3");

  record_connect_line (record, procstream_child_get_stdout (child));
  g_signal_connect (procstream_child_get_stdout (child), "line", G_CALLBACK (close_on_line_cb), child);
  g_assert_true (procstream_child_wait (child, TIMEOUT_MS, NULL, NULL));
  record_assert_lines (record, "ready");
  g_assert_cmpint (procstream_child_get_exit_code (child), ==, 3);
}

void
scenario_wait_timeout (void)
{
  g_autoptr (ProcstreamChild) child = spawn_with_pipe ("read x");
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_child_wait (child, 10, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  close_and_wait (child);
}

void
scenario_wait_cancel (void)
{
  g_autoptr (ProcstreamChild) child = spawn_with_pipe ("read x; exit 4");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_child_wait_async (child, cancellable, harness_store_cb, &result);
  g_cancellable_cancel (cancellable);
  g_assert_false (procstream_child_wait_finish (child, harness_await (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  close_and_wait (child);
  g_assert_cmpint (procstream_child_get_exit_code (child), ==, 4);
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  GString    *order;
  const char *fifo;
  gboolean    early;
} Order;

static void
order_line_cb (ProcstreamOutput *output,
               const char       *line,
               gpointer          user_data)
{
  Order *order = user_data;

  if (g_str_equal (line, "early"))
    order->early = TRUE;
  else
    g_string_append_printf (order->order, "%s ", line);
}

static void
order_ended_cb (ProcstreamOutput *output,
                const GError     *error,
                gpointer          user_data)
{
  Order *order = user_data;

  g_string_append (order->order, "ended ");
}

static void
order_exited_cb (ProcstreamChild *child,
                 gpointer         user_data)
{
  Order            *order = user_data;
  g_autofree char  *script = g_strdup_printf ("echo >%s", order->fifo);
  ProcstreamOutput *output = procstream_child_get_stdout (child);
  g_autoptr (ProcstreamChild) releaser = NULL;

  g_assert_cmpint (procstream_output_get_state (output), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  g_string_append (order->order, "exited ");
  releaser = harness_spawn (harness_reliable (), script);
}

static void
order_completed_cb (ProcstreamChild  *child,
                    ProcstreamResult *result,
                    gpointer          user_data)
{
  Order *order = user_data;

  g_string_append (order->order, "completed");
}

/* The grandchild holds the output open until something is written to the fifo. */
void
scenario_exited_before_completed (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *directory = g_dir_make_tmp (NULL, NULL);
  g_autofree char *fifo = g_build_filename (directory, "fifo", NULL);
  g_autofree char *script = g_strdup_printf ("mkfifo %s; (read x <%s; echo late) & echo early", fifo, fifo);
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), script);
  Order order = { .order = text, .fifo = fifo };

  g_signal_connect (procstream_child_get_stdout (child), "line", G_CALLBACK (order_line_cb), &order);
  g_signal_connect (procstream_child_get_stdout (child), "ended", G_CALLBACK (order_ended_cb), &order);
  g_signal_connect (child, "exited", G_CALLBACK (order_exited_cb), &order);
  g_signal_connect (child, "completed", G_CALLBACK (order_completed_cb), &order);
  g_assert_true (procstream_child_start (child, NULL));
  harness_complete (child);
  g_unlink (fifo);
  g_rmdir (directory);
  g_assert_true (order.early);
  g_assert_cmpstr (text->str, ==, "exited late ended completed");
}

static ProcstreamResult *
run (const char *script)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  ProcstreamResult *result;

  procstream_launcher_set_name (launcher, "job");
  child = harness_spawn (launcher, script);
  harness_complete (child);
  result = g_object_ref (procstream_child_get_result (child));
  g_assert_cmpstr (procstream_result_get_name (result), ==, "job");
  g_assert_cmpint (procstream_result_get_duration_us (result), >, 0);
  return result;
}

static void
assert_result (ProcstreamResult *result,
               int               exit_code,
               int               term_signal)
{
  g_assert_cmpint (procstream_result_get_success (result), ==, exit_code == 0);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, exit_code);
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, term_signal);
}

void
scenario_result (void)
{
  g_autoptr (ProcstreamResult) success = run ("exit 0");
  g_autoptr (ProcstreamResult) failure = run ("exit 3");
  g_autoptr (ProcstreamResult) killed = run ("kill -TERM $$");

  assert_result (success, 0, 0);
  assert_result (failure, 3, 0);
  g_assert_nonnull (strstr (procstream_result_get_message (failure), "job"));
  g_assert_nonnull (strstr (procstream_result_get_message (failure), "3"));
  assert_result (killed, -1, SIGTERM);
  g_assert_nonnull (strstr (procstream_result_get_message (killed), "job"));
}

/* --- Signals ------------------------------------------------------------------------------------------------------------------ */

static void
terminate_cb (ProcstreamOutput *output,
              const char       *line,
              gpointer          user_data)
{
  g_assert_true (procstream_child_send_signal (user_data, SIGTERM, NULL));
}

/* The grandchild holds the output open, so this ends only when it is gone too. */
void
scenario_signal_the_group (void)
{
  g_autoptr (ProcstreamChild) child = harness_spawn (harness_reliable (), "sleep 1000 & echo ready; wait");

  g_signal_connect (procstream_child_get_stdout (child), "line", G_CALLBACK (terminate_cb), child);
  harness_complete (child);
  g_assert_cmpint (procstream_child_get_term_signal (child), ==, SIGTERM);
}

static void
terminate_then_kill_cb (ProcstreamOutput *output,
                        const char       *line,
                        gpointer          user_data)
{
  g_autoptr (GBytes) newline = g_bytes_new_static ("\n", 1);

  if (g_str_equal (line, "ready"))
    {
      g_assert_true (procstream_child_send_signal (user_data, SIGTERM, NULL));
      procstream_input_write_async (procstream_child_get_stdin (user_data), newline, NULL, NULL, NULL);
    }
  else
    {
      g_assert_true (procstream_child_kill (user_data, NULL));
    }
}

void
scenario_kill (void)
{
  g_autoptr (ProcstreamChild) child = spawn_with_pipe ("trap '' TERM; echo ready; read x; echo again; read x");

  g_signal_connect (procstream_child_get_stdout (child), "line", G_CALLBACK (terminate_then_kill_cb), child);
  harness_complete (child);
  g_assert_cmpint (procstream_child_get_term_signal (child), ==, SIGKILL);
}

/* --- Errors ------------------------------------------------------------------------------------------------------------------- */

static void
assert_spawn_error (ProcstreamLauncher *launcher,
                    const char         *program,
                    GQuark              domain,
                    int                 code,
                    const char         *named)
{
  const char *const argv[] = { program, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_launcher_spawnv (launcher, argv, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, named));
}

void
scenario_spawn_errors (void)
{
  const char *const argv[] = { "/nowhere/program", NULL };
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  assert_spawn_error (launcher, argv[0], G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, argv[0]);
  assert_spawn_error (launcher, "/etc/passwd", G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES, "/etc/passwd");
  child = procstream_launcher_create (launcher, argv, NULL);
  g_assert_false (procstream_child_start (child, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_clear_error (&error);
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_FAILED);
  procstream_launcher_spawn_async (launcher, argv, NULL, harness_store_cb, &result);
  g_assert_null (procstream_launcher_spawn_finish (launcher, harness_await (&result), &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  procstream_launcher_set_cwd (launcher, "/nowhere");
  assert_spawn_error (launcher, "/bin/true", G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, "/nowhere");
}

void
scenario_unset_policy (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET);

  assert_spawn_error (launcher, "/bin/true", PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "delivery");
  procstream_launcher_set_delivery (launcher, PROCSTREAM_DELIVERY_LOSSY);
  assert_spawn_error (launcher, "/bin/true", PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "replay");
}

#define assert_wrong_state(call)                                                        \
  G_STMT_START                                                                          \
  {                                                                                     \
    g_autoptr (GError) error = NULL;                                                    \
    g_assert_false (call);                                                              \
    g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE); \
  }                                                                                     \
  G_STMT_END

void
scenario_wrong_state (void)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), "true");
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  ProcstreamOutput *output = procstream_child_get_stdout (child);

  assert_wrong_state (procstream_child_wait (child, TIMEOUT_MS, NULL, &error));
  assert_wrong_state (procstream_child_send_signal (child, SIGTERM, &error));
  g_assert_true (procstream_child_start (child, NULL));
  assert_wrong_state (procstream_child_start (child, &error));
  collector = harness_collect (output);
  assert_wrong_state (procstream_output_attach (output, PROCSTREAM_CONSUMER (collector), &error));
  assert_wrong_state (procstream_reader_next (reader, TIMEOUT_MS, NULL, &error) != NULL);
  g_assert_true (procstream_child_wait (child, TIMEOUT_MS, NULL, NULL));
}

/* --- Standard input and output ------------------------------------------------------------------------------------------------ */

static gboolean
write_and_wait (ProcstreamInput *input,
                GBytes          *bytes,
                GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  procstream_input_write_async (input, bytes, NULL, harness_store_cb, &result);
  return procstream_input_write_finish (input, harness_await (&result), error);
}

static GBytes *
new_pattern (gsize size)
{
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = i;
  return g_bytes_new_take (data, size);
}

void
scenario_stdin_round_trip (void)
{
  g_autoptr (ProcstreamChild) child = spawn_with_pipe ("exec cat");
  g_autoptr (ProcstreamCollector) collector = harness_collect (procstream_child_get_stdout (child));
  g_autoptr (GBytes) bytes = new_pattern (1024000);
  g_autoptr (GBytes) collected = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (write_and_wait (procstream_child_get_stdin (child), bytes, &error));
  g_assert_no_error (error);
  procstream_input_close (procstream_child_get_stdin (child));
  harness_wait (PROCSTREAM_CONSUMER (collector));
  collected = procstream_collector_dup_bytes (collector);
  g_assert_true (g_bytes_equal (collected, bytes));
}

void
scenario_stdin_broken_pipe (void)
{
  g_autoptr (ProcstreamChild) child = spawn_with_pipe ("exit 0");
  g_autoptr (GBytes) bytes = new_pattern (4000000);
  g_autoptr (GBytes) one = new_pattern (1);
  g_autoptr (GError) error = NULL;

  g_assert_false (write_and_wait (procstream_child_get_stdin (child), bytes, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_clear_error (&error);
  g_assert_true (procstream_child_wait (child, TIMEOUT_MS, NULL, NULL));
  g_assert_false (write_and_wait (procstream_child_get_stdin (child), one, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

void
scenario_merged_stderr (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;
  ProcstreamOutput *errors;

  procstream_launcher_set_merge_stderr (launcher, TRUE);
  child = harness_spawn (launcher, "echo 1; echo 2 >&2; echo 3; echo 4 >&2");
  collector = harness_collect (procstream_child_get_stdout (child));
  harness_complete (child);
  harness_assert_collected (collector, "1\n2\n3\n4\n");
  errors = procstream_child_get_stderr (child);
  g_assert_cmpuint (procstream_output_get_bytes_received (errors), ==, 0);
  g_assert_cmpint (procstream_output_get_state (errors), ==, PROCSTREAM_OUTPUT_STATE_ENDED);
}

static void
count_cb (ProcstreamOutput *output,
          const GError     *error,
          gpointer          user_data)
{
  int *count = user_data;

  ++*count;
}

void
scenario_discard_and_inherit (void)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET);
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();
  g_autoptr (ProcstreamChild) child = NULL;
  int count = 0;

  procstream_launcher_set_stdout_config (launcher, discard);
  procstream_launcher_set_stderr_config (launcher, inherit);
  child = harness_spawn (launcher, "echo nobody sees this; echo '# seen by who runs the tests' >&2");
  g_signal_connect (procstream_child_get_stdout (child), "ended", G_CALLBACK (count_cb), &count);
  g_signal_connect (procstream_child_get_stderr (child), "ended", G_CALLBACK (count_cb), &count);
  harness_complete (child);
  g_assert_cmpint (count, ==, 2);
  g_assert_cmpuint (procstream_output_get_bytes_received (procstream_child_get_stdout (child)), ==, 0);
  g_assert_true (procstream_result_get_success (procstream_child_get_result (child)));
}

void
scenario_environment_and_cwd (void)
{
  const char *const   environment[] = { "PATH=/usr/bin:/bin", "KEPT=kept", "GONE=gone", NULL };
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;

  procstream_launcher_set_cwd (launcher, "/");
  procstream_launcher_set_environment (launcher, environment);
  procstream_launcher_set_variable (launcher, "ADDED", "ädded");
  procstream_launcher_unset_variable (launcher, "GONE");
  child = harness_spawn (launcher, "echo \"$KEPT\"; echo \"$ADDED\"; echo \"${GONE-unset}\"; pwd");
  collector = harness_collect (procstream_child_get_stdout (child));
  harness_complete (child);
  harness_assert_collected (collector, "kept\nädded\nunset\n/\n");
}

/* --- The object --------------------------------------------------------------------------------------------------------------- */

static void
notify_state_cb (ProcstreamChild *child,
                 GParamSpec      *pspec,
                 gpointer         user_data)
{
  ProcstreamChildState *last = user_data;

  g_object_get (child, "state", last, NULL);
}

void
scenario_properties (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (GSubprocess) subprocess = NULL;
  g_autofree char     *name = NULL;
  g_autofree char     *text = NULL;
  ProcstreamChildState last = PROCSTREAM_CHILD_STATE_NONE;
  guint64              received;
  gint64               elapsed;
  int                  pid, pid_after, exit_code;

  procstream_launcher_set_name (launcher, "job");
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = harness_create (launcher, "echo $$; read x");
  g_object_get (child, "name", &name, "pid", &pid, "stdout", &output, NULL);
  g_assert_cmpstr (name, ==, "job");
  g_assert_cmpint (pid, ==, 0);
  g_signal_connect (child, "notify::state", G_CALLBACK (notify_state_cb), &last);
  collector = harness_collect (output);
  g_assert_true (procstream_child_start (child, NULL));
  g_object_get (child, "pid", &pid, "subprocess", &subprocess, NULL);
  g_assert_cmpint (pid, >, 0);
  g_assert_true (G_IS_SUBPROCESS (subprocess));
  procstream_input_close (procstream_child_get_stdin (child));
  harness_complete (child);
  g_object_get (child, "pid", &pid_after, "exit-code", &exit_code, "elapsed-us", &elapsed, NULL);
  g_assert_cmpint (pid_after, ==, pid);
  g_assert_cmpint (exit_code, ==, 1);
  g_assert_cmpint (elapsed, >, 0);
  g_assert_cmpint (last, ==, PROCSTREAM_CHILD_STATE_EXITED);
  text = g_strdup_printf ("%d\n", pid);
  harness_assert_collected (collector, text);
  g_object_get (output, "bytes-received", &received, NULL);
  g_assert_cmpuint (received, ==, strlen (text));
}

typedef struct
{
  ProcstreamChild *child;
  gsize            size;
  gboolean         completed;
} Held;

static void
drop_cb (ProcstreamOutput *output,
         GBytes           *bytes,
         gpointer          user_data)
{
  Held *held = user_data;

  g_clear_object (&held->child);
  held->size += g_bytes_get_size (bytes);
}

static void
held_completed_cb (ProcstreamChild  *child,
                   ProcstreamResult *result,
                   gpointer          user_data)
{
  Held *held = user_data;

  held->completed = TRUE;
}

void
scenario_dropped_in_a_handler (void)
{
  Held held = { .child = harness_create (harness_small_chunks (), PRINT_MANY) };

  g_signal_connect (procstream_child_get_stdout (held.child), "chunk", G_CALLBACK (drop_cb), &held);
  g_signal_connect (held.child, "completed", G_CALLBACK (held_completed_cb), &held);
  g_assert_true (procstream_child_start (held.child, NULL));
  while (!held.completed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (held.child);
  g_assert_cmpuint (held.size, ==, strlen (harness_many ()));
}
