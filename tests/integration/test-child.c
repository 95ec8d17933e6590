/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-platform-private.h"
#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static gsize
position (TestProcess *process,
          char         letter)
{
  const char *found = strchr (process->order->str, letter);

  g_assert_nonnull (found);
  return found - process->order->str;
}

static void
assert_order (TestProcess *process)
{
  g_assert_cmpuint (position (process, 'x'), <, position (process, 'C'));
  g_assert_cmpuint (position (process, 'O'), <, position (process, 'C'));
  g_assert_cmpuint (position (process, 'E'), <, position (process, 'C'));
  g_assert_cmpuint (position (process, 'C'), ==, process->order->len - 1);
  g_assert_cmpint (process->n_wrong_thread, ==, 0);
}

static void
use_pipe (TestProcess *process)
{
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
}

static void
test_create_start (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  ProcstreamResult *result;

  test_process_create_mode (process, "both 1 3");
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_CREATED);
  g_assert_cmpint (procstream_child_get_pid (process->child), ==, 0);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, -1);
  g_assert_cmpint (procstream_child_get_elapsed_us (process->child), ==, 0);
  g_assert_null (procstream_child_get_result (process->child));
  g_assert_null (procstream_child_get_subprocess (process->child));
  g_assert_null (procstream_child_get_stdin (process->child));
  test_process_listen (process);
  test_process_start (process);
  g_assert_cmpint (procstream_child_get_pid (process->child), >, 0);
  test_process_run_to_completed (process);

  assert_order (process);
  g_assert_cmpstr (process->out->str, ==, "out\n");
  g_assert_cmpstr (process->err->str, ==, "err\n");
  g_assert_cmpstr (procstream_child_get_name (process->child), ==, "test-child");
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_EXITED);
  g_assert_cmpint (procstream_child_get_pid (process->child), >, 0);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 3);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, 0);
  g_assert_true (G_IS_SUBPROCESS (procstream_child_get_subprocess (process->child)));
  result = procstream_child_get_result (process->child);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, 3);
  g_assert_false (procstream_result_get_success (result));
  g_assert_cmpint (procstream_result_get_duration_us (result), >, 0);
  g_assert_cmpint (procstream_result_get_duration_us (result), ==, procstream_child_get_elapsed_us (process->child));
  g_assert_true (g_str_has_prefix (procstream_result_get_message (result), "“test-child” exited with status 3 after "));
}

/* The process is gone, and everything it wrote was read, before start is back with the caller, as far as that can see. */
static void
test_exit_before_connect (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  test_process_spawn_mode (process, "echo early");
  test_process_await_state (process, PROCSTREAM_CHILD_STATE_EXITED);
  test_process_await_received (process, 6);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
  test_process_listen (process);
  test_process_run_to_completed (process);
  assert_order (process);
  g_assert_cmpstr (process->out->str, ==, "early\n");
  g_assert_true (procstream_result_get_success (procstream_child_get_result (process->child)));
}

/* --- Asynchronous starts ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  TestProcess *process;
  guint        hops;   /* iterations between the callback and the connecting */
  gboolean     launch; /* through the launcher */
} Start;

static gboolean
connect_later_cb (gpointer user_data)
{
  Start *start = user_data;

  if (start->hops-- > 1)
    return G_SOURCE_CONTINUE;
  test_process_listen (start->process);
  return G_SOURCE_REMOVE;
}

static void
started_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Start *start = user_data;
  g_autoptr (GError) error = NULL;

  if (start->launch)
    start->process->child = procstream_launcher_spawn_finish (PROCSTREAM_LAUNCHER (object), result, &error);
  else
    procstream_child_start_finish (PROCSTREAM_CHILD (object), result, &error);
  g_assert_no_error (error);
  /* However long the callback takes: nothing is lost. */
  test_process_await_state (start->process, PROCSTREAM_CHILD_STATE_EXITED);
  test_process_await_received (start->process, 6);
  if (start->hops == 0)
    test_process_listen (start->process);
  else
    g_idle_add_full (G_PRIORITY_DEFAULT, connect_later_cb, start, NULL);
}

static void
test_start_async (gconstpointer data)
{
  g_autoptr (TestProcess) process = test_process_new ();
  Start start = { process, GPOINTER_TO_UINT (data) & 3, GPOINTER_TO_UINT (data) & 4 };

  if (start.launch)
    {
      g_auto (GStrv) argv = test_child_argv ("echo early");

      procstream_launcher_spawn_async (process->launcher, (const char *const *) argv, NULL, started_cb, &start);
    }
  else
    {
      test_process_create_mode (process, "echo early");
      procstream_child_start_async (process->child, NULL, started_cb, &start);
    }
  test_process_run_to_completed (process);
  assert_order (process);
  g_assert_cmpstr (process->out->str, ==, "early\n");
}

typedef struct
{
  GAsyncResult *result;
  gboolean      done;
} Result;

static void
result_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Result *self = user_data;

  g_assert_false (self->done);
  self->result = g_object_ref (result);
  self->done = TRUE;
}

static void
test_start_async_cancelled (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Result result = { 0 };

  g_cancellable_cancel (cancellable);
  test_process_create_mode (process, "exit 0");
  procstream_child_start_async (process->child, cancellable, result_cb, &result);
  test_run_until_set (NULL, "the callback", &result.done);
  g_assert_false (procstream_child_start_finish (process->child, result.result, &error));
  g_object_unref (result.result);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_CREATED);
  test_process_start (process);
  test_process_await_state (process, PROCSTREAM_CHILD_STATE_EXITED);
}

/* --- Late subscribers and life ------------------------------------------------------------------------------------------------ */

static void
test_late_replay (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  ProcstreamOutput *out;

  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  test_process_spawn_mode (process, "echo kept");
  test_process_await_state (process, PROCSTREAM_CHILD_STATE_EXITED);
  for (int i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  out = procstream_child_get_stdout (process->child);
  test_process_await_received (process, 5);
  test_process_listen (process);
  g_assert_true (PROCSTREAM_IS_OUTPUT (out));
  test_process_run_until_out (process, 5);
  g_assert_cmpstr (process->out->str, ==, "kept\n");
}

static void
gone_cb (gpointer user_data,
         GObject *where_the_object_was)
{
  gboolean *gone = user_data;

  *gone = TRUE;
}

static void
unref_child_cb (ProcstreamOutput *output,
                GBytes           *bytes,
                TestProcess      *process)
{
  g_clear_object (&process->child);
}

/* A running child keeps itself alive, and lets go of itself. */
static void
test_drop_in_handler (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  gboolean gone = FALSE;

  use_pipe (process);
  test_process_create_mode (process, "write-wait-write one\n two\n 4");
  g_object_weak_ref (G_OBJECT (process->child), gone_cb, &gone);
  test_process_listen (process);
  test_process_start (process);
  test_process_write (process, "\n");
  g_signal_connect (procstream_child_get_stdout (process->child), "chunk", G_CALLBACK (unref_child_cb), process);
  test_process_run_to_completed (process);
  assert_order (process);
  g_assert_cmpstr (process->out->str, ==, "one\ntwo\n");
  test_run_until_set (NULL, "the child object to go", &gone);
}

static void
out_only_cb (ProcstreamOutput *output,
             GBytes           *bytes,
             TestProcess      *process)
{
  g_string_append_len (process->out, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
exit_meanwhile_cb (ProcstreamOutput *output,
                   GBytes           *bytes,
                   TestProcess      *process)
{
  if (procstream_child_get_state (process->child) == PROCSTREAM_CHILD_STATE_EXITED)
    return;
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_await_state (process, PROCSTREAM_CHILD_STATE_EXITED);
  g_assert_null (strpbrk (process->order->str, "xC"));
}

/* The process exits while a handler runs: that is told after it, and in order. */
static void
test_exit_during_emission (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  use_pipe (process);
  test_process_create_mode (process, "write-wait-write one\n two\n 0");
  test_process_listen (process);
  g_signal_connect (procstream_child_get_stdout (process->child), "chunk", G_CALLBACK (exit_meanwhile_cb), process);
  test_process_start (process);
  test_process_run_to_completed (process);
  assert_order (process);
  g_assert_cmpstr (process->out->str, ==, "one\ntwo\n");
}

/* Who holds only an output has everything that is his, however long the child object is gone. */
static void
test_output_outlives (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutput) out = NULL;
  gboolean gone = FALSE;

  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  test_process_spawn_mode (process, "echo kept");
  out = g_object_ref (procstream_child_get_stdout (process->child));
  g_signal_connect (out, "chunk", G_CALLBACK (out_only_cb), process);
  g_object_weak_ref (G_OBJECT (process->child), gone_cb, &gone);
  g_clear_object (&process->child);
  test_run_until_set (NULL, "the child object to go", &gone);
  while (process->out->len < 5)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (process->out->str, ==, "kept\n");
  g_signal_handlers_disconnect_by_data (out, process);
}

static void
test_drop_unheard (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  gboolean gone = FALSE;

  use_pipe (process);
  test_process_spawn_mode (process, "cat");
  g_object_weak_ref (G_OBJECT (process->child), gone_cb, &gone);
  procstream_input_close (procstream_child_get_stdin (process->child));
  g_clear_object (&process->child);
  test_run_until_set (NULL, "the child object to go", &gone);
}

static void
never_started_cb (ProcstreamOutput *output,
                  const GError     *error,
                  gboolean         *told)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpstr (error->message, ==, "“test-child” was never started");
  g_assert_false (*told);
  *told = TRUE;
}

static void
assert_never_started (gpointer consumer)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_consumer_wait (consumer, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* Nothing came of it, which nobody takes for an output of nothing: whoever listened, or was attached, or comes late is told. */
static void
test_never_started (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutput) out = NULL;
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamCollector) late = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  gboolean gone = FALSE;
  gboolean told = FALSE;

  use_pipe (process);
  test_process_create_mode (process, "exit 0");
  test_process_write (process, "never");
  out = g_object_ref (procstream_child_get_stdout (process->child));
  g_signal_connect (out, "ended", G_CALLBACK (never_started_cb), &told);
  g_assert_true (procstream_output_attach (out, PROCSTREAM_CONSUMER (collector), NULL));
  g_object_weak_ref (G_OBJECT (process->child), gone_cb, &gone);
  g_clear_object (&process->child);
  g_assert_true (gone);
  g_assert_cmpint (procstream_output_get_state (out), ==, PROCSTREAM_OUTPUT_STATE_FAILED);
  assert_never_started (collector);
  g_assert_true (procstream_output_attach (out, PROCSTREAM_CONSUMER (late), NULL));
  assert_never_started (late);
  test_run_until_set (NULL, "the end", &told);
  g_signal_handlers_disconnect_by_data (out, &told);
}

/* Nobody listens: all is read, nothing is kept, and a reliable policy slows nobody. */
static void
test_no_handlers (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  ProcstreamOutput *out;

  test_process_spawn_mode (process, "flood 8388608");
  while (procstream_child_get_result (process->child) == NULL)
    g_main_context_iteration (NULL, TRUE);
  out = procstream_child_get_stdout (process->child);
  test_process_await_received (process, 8388608);
  g_assert_cmpuint (procstream_output_get_bytes_unobserved (out), >, 0);
}

static void
test_two_waits (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Result results[2] = { 0 };
  Result cancelled = { 0 };

  use_pipe (process);
  test_process_spawn_mode (process, "cat");
  procstream_child_wait_async (process->child, NULL, result_cb, &results[0]);
  procstream_child_wait_async (process->child, cancellable, result_cb, &cancelled);
  procstream_child_wait_async (process->child, NULL, result_cb, &results[1]);
  g_cancellable_cancel (cancellable);
  test_run_until_set (NULL, "the cancelled wait", &cancelled.done);
  g_assert_false (procstream_child_wait_finish (process->child, cancelled.result, &error));
  g_object_unref (cancelled.result);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  procstream_input_close (procstream_child_get_stdin (process->child));
  for (int i = 0; i < 2; i++)
    {
      test_run_until_set (NULL, "a wait", &results[i].done);
      g_assert_true (procstream_child_wait_finish (process->child, results[i].result, NULL));
      g_object_unref (results[i].result);
    }
}

static void
note_notify_cb (GObject    *object,
                GParamSpec *pspec,
                gpointer    user_data)
{
  g_string_append_printf (user_data, "%s ", pspec->name);
}

static void
test_notify (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GString) notified = g_string_new (NULL);

  use_pipe (process);
  test_process_create_mode (process, "cat");
  g_signal_connect (process->child, "notify", G_CALLBACK (note_notify_cb), notified);
  test_process_listen (process);
  test_process_start (process);
  g_assert_cmpstr (notified->str, ==, "");
  while (notified->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (notified->str, ==, "pid subprocess state ");
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpstr (notified->str, ==, "pid subprocess state state exit-code term-signal result ");
  g_signal_handlers_disconnect_by_data (process->child, notified);
}

/* --- Signals ------------------------------------------------------------------------------------------------------------------ */

static void
test_kill (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "sleep-forever");
  g_assert_false (procstream_child_kill (process->child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_nonnull (strstr (error->message, "“test-child”"));
  g_assert_nonnull (strstr (error->message, "created"));
  g_clear_error (&error);

  test_process_listen (process);
  test_process_start (process);
  g_assert_false (procstream_child_send_signal (process->child, 1000, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (procstream_child_kill (process->child, &error));
  test_process_run_to_completed (process);
  assert_order (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, -1);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
  g_assert_true (g_str_has_prefix (procstream_result_get_message (procstream_child_get_result (process->child)),
                                   "“test-child” was killed by signal SIGKILL after "));

  g_assert_false (procstream_child_send_signal (process->child, SIGTERM, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "“test-child”"));
}

/* A process that ignores the signal stays in state terminating. */
static void
test_terminating (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  use_pipe (process);
  test_process_create_mode (process, "ignore-term");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, 6);
  g_assert_true (procstream_child_send_signal (process->child, SIGTERM, NULL));
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_TERMINATING);
  g_assert_true (procstream_child_send_signal (process->child, SIGTERM, NULL));
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, 0);
}

static gpointer
kill_in_thread (gpointer child)
{
  g_assert_true (procstream_child_kill (child, NULL));
  return NULL;
}

/* A signal, and a kill from any thread, reach the whole group. */
static void
test_group_signal (void)
{
  for (int killed = 0; killed < 2; killed++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      int grandchild;

      test_process_create_mode (process, "tree");
      test_process_listen (process);
      test_process_start (process);
      test_process_run_until_out (process, 2);
      while (process->out->str[process->out->len - 1] != '\n')
        test_process_run_until_out (process, process->out->len + 1);
      grandchild = atoi (process->out->str);
      if (killed)
        g_thread_join (g_thread_new ("kill", kill_in_thread, process->child));
      else
        g_assert_true (procstream_child_send_signal (process->child, SIGTERM, NULL));
      test_process_run_to_completed (process);
      assert_order (process);
      g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, killed ? SIGKILL : SIGTERM);
      test_await_gone (grandchild);
    }
}

/* Exit and end of output are two things while a grandchild holds the pipe. */
static void
test_grandchild_holds (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;
  int grandchild;

  test_process_create_mode (process, "orphan");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, 2);
  test_process_run_to_exited (process);
  grandchild = atoi (process->out->str);
  for (int i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_false (process->completed);
  g_assert_null (strchr (process->order->str, 'O'));
  if (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP) && procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
    {
      g_assert_true (procstream_child_kill (process->child, &error));
      g_assert_no_error (error);
    }
  else
    {
      g_assert_false (procstream_child_send_signal (process->child, SIGKILL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      kill (grandchild, SIGKILL);
    }
  test_process_run_to_completed (process);
  assert_order (process);
}

/* A program may remember as many children as it likes: one that has exited holds no descriptor, unless its group lives on. */
static void
test_exited_holds_nothing (void)
{
  g_autoptr (GPtrArray) remembered = g_ptr_array_new_with_free_func ((GDestroyNotify) test_process_free);
  guint before = 0;

  for (guint i = 0; i < 10; i++)
    {
      TestProcess *process = test_process_new ();

      g_ptr_array_add (remembered, process);
      if (i % 2)
        procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_PROCESS);
      test_process_create_mode (process, "exit 0");
      test_process_listen (process);
      test_process_start (process);
      test_process_run_to_completed (process);
      if (i == 1)
        before = test_count_fds ();
    }
  test_assert_fds (before);
}

static void
test_process_signal (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  int grandchild;

  procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_PROCESS);
  test_process_create_mode (process, "tree");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, 2);
  grandchild = atoi (process->out->str);
  g_assert_cmpint (getpgid (grandchild), ==, getpgrp ());
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_exited (process);
  g_assert_cmpint (kill (grandchild, 0), ==, 0);
  kill (grandchild, SIGKILL);
  test_process_run_to_completed (process);
}

static void
kill_cb (ProcstreamChild *child,
         TestProcess     *process)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_child_send_signal (child, SIGKILL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "SIGKILL"));
  g_clear_error (&error);
  /* Who wants it to be gone has that. */
  g_assert_true (procstream_child_kill (child, &error));
  g_assert_no_error (error);
  g_assert_cmpint (procstream_child_get_pid (child), >, 0);
}

static void
test_kill_in_exited (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  test_process_create_mode (process, "exit 1");
  test_process_listen (process);
  g_signal_connect (process->child, "exited", G_CALLBACK (kill_cb), process);
  test_process_start (process);
  test_process_run_to_completed (process);
}

/* The kernels without the group flag, and without pidfds: the same tests. */
static void
test_without (gconstpointer data)
{
  ProcstreamFeature feature = GPOINTER_TO_INT (data);

  if (!procstream_platform_has (feature))
    {
      g_test_skip ("not there anyway");
      return;
    }
  procstream_platform_disable (feature);
  test_create_start ();
  test_kill ();
  test_terminating ();
  test_group_signal ();
  test_grandchild_holds ();
  test_process_signal ();
  procstream_platform_enable (feature);
}

/* --- Failures ----------------------------------------------------------------------------------------------------------------- */

static void
test_spawn_failure (void)
{
  const char *const argv[] = { "/nonexistent/program", "secret", NULL };
  guint             fds = 0;

  for (int i = 0; i < 20; i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (GError) error = NULL;
      gboolean gone = FALSE;

      use_pipe (process);
      process->is_missing = TRUE;
      process->child = procstream_launcher_create (process->launcher, argv, NULL);
      g_object_weak_ref (G_OBJECT (process->child), gone_cb, &gone);
      test_process_listen (process);
      test_process_write (process, "never");
      g_assert_false (procstream_child_start (process->child, &error));
      g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
      g_assert_nonnull (strstr (error->message, "program"));
      g_assert_null (strstr (error->message, "secret"));
      g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_FAILED);
      g_clear_error (&error);
      g_assert_false (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, &error));
      g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
      while (process->order->len < 2)
        g_main_context_iteration (NULL, TRUE);
      for (int j = 0; j < 10; j++)
        g_main_context_iteration (NULL, FALSE);
      g_assert_null (strpbrk (process->order->str, "oexC"));
      g_signal_handlers_disconnect_by_data (process->child, process);
      g_signal_handlers_disconnect_by_data (procstream_child_get_stdout (process->child), process);
      g_signal_handlers_disconnect_by_data (procstream_child_get_stderr (process->child), process);
      g_clear_object (&process->child);
      g_assert_true (gone);
      if (i == 5)
        fds = test_count_fds ();
    }
  test_assert_fds (fds);
  g_assert_cmpuint (test_count_children (), ==, 0);
}

static void
test_start_twice (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  test_process_spawn_mode (process, "exit 0");
  g_assert_false (procstream_child_start (process->child, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_nonnull (strstr (error->message, "“test-child”"));
  g_clear_error (&error);
  test_process_await_state (process, PROCSTREAM_CHILD_STATE_EXITED);
  g_assert_false (procstream_child_start (process->child, &error));
  g_assert_nonnull (strstr (error->message, "exited"));
}

/* Whatever the step at which descriptors run out: an error, nothing left open, and the next child starts. */
static void
test_fd_exhaustion (void)
{
  struct rlimit limit;
  guint         failures = 0;
  guint         before;

  {
    g_autoptr (TestProcess) warm = test_process_new ();
    test_process_create_mode (warm, "exit 0");
    test_process_listen (warm);
    test_process_start (warm);
    test_process_run_to_completed (warm);
  }
  before = test_count_fds ();
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint spare = 0; spare < 12; spare++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (GError) error = NULL;
      struct rlimit low = limit;
      int           top = dup (0);

      close (top);
      low.rlim_cur = top + spare;
      use_pipe (process);
      test_process_create_mode (process, "exit 0");
      test_process_listen (process);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
      procstream_child_start (process->child, &error);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      if (error == NULL)
        {
          test_process_run_to_completed (process);
          continue;
        }
      failures++;
      g_assert_nonnull (strstr (error->message, "“test-child”"));
      g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_FAILED);
    }
  g_assert_cmpuint (failures, >, 0);
  for (int i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  test_assert_fds (before);
  test_exit_before_connect ();
}

static void
expect_exit_code (int exit_code)
{
  g_autoptr (TestProcess) process = test_process_new ();

  test_process_spawn_mode (process, "exit 3");
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, exit_code);
  g_assert_false (procstream_result_get_success (procstream_child_get_result (process->child)));
}

/* The kernel reaps for a program that ignores SIGCHLD, and GLib takes what it cannot learn for success. */
static void
test_ignored_exits (void)
{
  if (g_test_subprocess ())
    {
      signal (SIGCHLD, SIG_IGN);
      expect_exit_code (-1);
      return;
    }
  g_setenv ("PROCSTREAM_DISABLE_FEATURES", "pidfd-status", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_unsetenv ("PROCSTREAM_DISABLE_FEATURES");
  g_test_trap_assert_passed ();
}

#define CHILD_COMPLAINT "*: assertion 'procstream_child_is_of_launcher_and_not_disposed (self)' failed"

/* What a language constructs without a launcher complains, and does not crash. */
static void
test_constructed (void)
{
  g_autoptr (ProcstreamChild) child = g_object_new (PROCSTREAM_TYPE_CHILD, NULL);
  g_autoptr (ProcstreamOutput) output = g_object_new (PROCSTREAM_TYPE_OUTPUT, NULL);
  g_autoptr (ProcstreamInput) input = g_object_new (PROCSTREAM_TYPE_INPUT, NULL);

  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, CHILD_COMPLAINT);
  g_assert_cmpint (procstream_child_get_pid (child), ==, 0);
  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, CHILD_COMPLAINT);
  g_assert_false (procstream_child_start (child, NULL));
  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, "*is_made_by_constructor*");
  g_assert_null (procstream_output_get_name (output));
  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, "*is_made_by_child*");
  procstream_input_close (input);
  g_test_assert_expected_messages ();
}

/* So does what a language has disposed of. */
static void
test_disposed (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, (const char *const[]){ "true", NULL }, NULL);

  g_object_run_dispose (G_OBJECT (child));
  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, CHILD_COMPLAINT);
  g_assert_false (procstream_child_start (child, NULL));
  g_test_assert_expected_messages ();
}

/* Each operation is finished by its own function: the result of another one is refused, even where both return a boolean. */
static void
test_finish_of_another (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GAsyncResult) waited = NULL;

  test_process_create_mode (process, "exit 0");
  procstream_child_start_async (process->child, NULL, test_store_result_cb, &started);
  procstream_child_wait_async (process->child, NULL, test_store_result_cb, &waited);
  test_wait_result (NULL, "the start", &started);
  test_wait_result (NULL, "the exit", &waited);
  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, "*is_tagged*");
  g_assert_false (procstream_child_start_finish (process->child, waited, NULL));
  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, "*is_tagged*");
  g_assert_false (procstream_child_wait_finish (process->child, started, NULL));
  g_test_assert_expected_messages ();
  g_assert_true (procstream_child_start_finish (process->child, started, NULL));
  g_assert_true (procstream_child_wait_finish (process->child, waited, NULL));
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/child/constructed", test_constructed);
  test_add_func ("/child/disposed", test_disposed);
  test_add_func ("/child/finish-of-another", test_finish_of_another);
  test_add_func ("/child/ignored-exits", test_ignored_exits);
  test_add_func ("/child/create-start", test_create_start);
  test_add_func ("/child/exit-before-connect", test_exit_before_connect);
  test_add_data_func ("/child/start-async/in-callback", GUINT_TO_POINTER (0), test_start_async);
  test_add_data_func ("/child/start-async/after-await", GUINT_TO_POINTER (1), test_start_async);
  test_add_data_func ("/child/spawn-async/in-callback", GUINT_TO_POINTER (4), test_start_async);
  test_add_data_func ("/child/spawn-async/after-await", GUINT_TO_POINTER (5), test_start_async);
  test_add_func ("/child/start-async/cancelled", test_start_async_cancelled);
  test_add_func ("/child/late-replay", test_late_replay);
  test_add_func ("/child/drop-in-handler", test_drop_in_handler);
  test_add_func ("/child/exit-during-emission", test_exit_during_emission);
  test_add_func ("/child/output-outlives", test_output_outlives);
  test_add_func ("/child/drop-unheard", test_drop_unheard);
  test_add_func ("/child/never-started", test_never_started);
  test_add_func ("/child/no-handlers", test_no_handlers);
  test_add_func ("/child/two-waits", test_two_waits);
  test_add_func ("/child/notify", test_notify);
  test_add_func ("/child/kill", test_kill);
  test_add_func ("/child/terminating", test_terminating);
  test_add_func ("/child/group-signal", test_group_signal);
  test_add_func ("/child/grandchild-holds", test_grandchild_holds);
  test_add_func ("/child/exited-holds-nothing", test_exited_holds_nothing);
  test_add_func ("/child/process-signal", test_process_signal);
  test_add_func ("/child/kill-in-exited", test_kill_in_exited);
  test_add_data_func ("/child/without/pidfd-group", GINT_TO_POINTER (PROCSTREAM_FEATURE_PIDFD_GROUP), test_without);
  test_add_data_func ("/child/without/pidfd", GINT_TO_POINTER (PROCSTREAM_FEATURE_PIDFD), test_without);
  test_add_func ("/child/spawn-failure", test_spawn_failure);
  test_add_func ("/child/start-twice", test_start_twice);
  test_add_func ("/child/fd-exhaustion", test_fd_exhaustion);
  return g_test_run ();
}
