/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <malloc.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
use_pipe (TestProcess *process)
{
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
}

/* A reliable handler that is not served holds up the child: only a wait that delivers can end. */
static void
test_owner_delivers (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "flood 8388608 2");
  test_process_listen (process);
  test_process_start (process);
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (process->out->len, >, 4 * 1024 * 1024);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 2);
  g_assert_nonnull (procstream_child_get_result (process->child));
  /* Again, when it is long over. */
  g_assert_true (procstream_child_wait (process->child, 0, NULL, &error));
  test_process_run_to_completed (process);
  g_assert_cmpuint (process->out->len, ==, 8388608);
  g_assert_cmpint (process->n_wrong_thread, ==, 0);
}

/* The opening, which nobody reads, must not hold up what is waited for. */
static void
test_no_handlers (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  test_process_spawn_mode (process, "flood 8388608");
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
}

/* The same when nothing told yet that it was started. */
static void
test_after_start_async (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  test_process_create_mode (process, "flood 8388608");
  procstream_child_start_async (process->child, NULL, NULL, NULL);
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
}

/* Other objects of the same context are served as well: here the write that the awaited child needs. */
static void
unblock_cb (ProcstreamOutput *output,
            GBytes           *bytes,
            TestProcess      *other)
{
  procstream_input_close (procstream_child_get_stdin (other->child));
}

static void
test_owner_serves_others (void)
{
  g_autoptr (TestProcess) awaited = test_process_new ();
  g_autoptr (TestProcess) other = test_process_new ();

  use_pipe (awaited);
  test_process_spawn_mode (awaited, "cat");
  test_process_create_mode (other, "echo go");
  g_signal_connect (procstream_child_get_stdout (other->child), "chunk", G_CALLBACK (unblock_cb), awaited);
  test_process_start (other);
  g_assert_true (procstream_child_wait (awaited->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  g_assert_true (procstream_child_wait (other->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
}

static void
test_timeout (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_name (process->launcher, "the sleeper");
  test_process_spawn_mode (process, "sleep-forever");
  g_assert_false (procstream_child_wait (process->child, 20, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "the sleeper"));
  g_assert_nonnull (strstr (error->message, "20"));
  g_clear_error (&error);
  g_assert_false (procstream_child_wait (process->child, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  g_assert_true (procstream_child_kill (process->child, NULL));
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
}

/* What is kept of the output says what the child was at: the standard error, if there is anything. */
static void
test_timeout_with_output (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_spawn_mode (process, "write-then-wait first second");
  test_process_await_received (process, strlen ("firstsecond"));
  g_assert_false (procstream_child_wait (process->child, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "0 ms"));
  g_assert_true (g_str_has_suffix (error->message, "; its last output:\nfirstsecond"));
  g_assert_true (procstream_child_kill (process->child, NULL));
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
}

/* A wait, however short, leaves the child its input. */
static void
test_timeout_and_input (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create_mode (process, "cat");
  test_process_listen (process);
  test_process_start (process);
  g_assert_false (procstream_child_wait (process->child, 0, NULL, NULL));
  g_assert_false (procstream_child_wait (process->child, 20, NULL, NULL));
  test_process_write (process, "still open");
  test_process_run_until_out (process, strlen ("still open"));
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  procstream_input_close (procstream_child_get_stdin (process->child));
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  test_process_run_to_completed (process);
}

static void
cancel (gpointer data)
{
  g_cancellable_cancel (data);
}

static gpointer
wait_cancelled (gpointer data)
{
  TestProcess *process = data;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  TestInterruption *interruption = test_interrupt (cancel, cancellable);

  g_assert_false (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, cancellable, &error));
  test_interruption_end (interruption);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  return NULL;
}

/* A cancel wakes a wait that sleeps, in the thread of the child and in another one; the child goes on. */
static void
test_cancel (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  use_pipe (process);
  test_process_spawn_mode (process, "cat");
  wait_cancelled (process);
  g_thread_join (g_thread_new ("waits", wait_cancelled, process));
  procstream_input_close (procstream_child_get_stdin (process->child));
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
}

static void
test_wrong_state (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  test_process_create_mode (process, "exit 0");
  g_assert_false (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_nonnull (strstr (error->message, "“test-child”"));
  g_assert_nonnull (strstr (error->message, "created"));
}

static gboolean
is_refused (GError **error)
{
  gboolean refused = g_error_matches (*error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_FORKED);

  g_clear_error (error);
  return refused;
}

static gboolean
attach_refused (TestProcess *process)
{
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST);
  GError *error = NULL;

  procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (collector), &error);
  return is_refused (&error);
}

static gboolean
write_refused (TestProcess *process)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x\n", 2);
  g_autoptr (GAsyncResult) result = NULL;
  ProcstreamInput *input = procstream_child_get_stdin (process->child);
  GError          *error = NULL;

  procstream_input_write_async (input, bytes, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "the write to be refused", &result);
  procstream_input_write_finish (input, result, &error);
  return is_refused (&error);
}

static gboolean
read_refused (ProcstreamReader *reader)
{
  g_autoptr (GAsyncResult) result = NULL;
  GError  *error = NULL;
  gboolean refused;

  procstream_reader_next (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error);
  refused = is_refused (&error);
  procstream_reader_read_line_async (reader, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "the read to be refused", &result);
  procstream_reader_read_line_finish (reader, result, &error);
  refused &= is_refused (&error);
  procstream_consumer_wait (PROCSTREAM_CONSUMER (reader), PROCSTREAM_NO_TIMEOUT, NULL, &error);
  return refused && is_refused (&error);
}

/* A forked copy of the program has none of the threads that the library needs: everything is refused at once. */
static gboolean
all_refused (TestProcess      *process,
             ProcstreamReader *reader)
{
  g_auto (GStrv) argv = test_child_argv ("exit 0");
  GError  *error = NULL;
  gboolean refused;

  procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, &error);
  refused = is_refused (&error);
  procstream_child_kill (process->child, &error);
  refused &= is_refused (&error);
  procstream_launcher_spawnv (process->launcher, (const char *const *) argv, &error);
  refused &= is_refused (&error);
  refused &= attach_refused (process);
  refused &= write_refused (process);
  refused &= read_refused (reader);
  g_clear_object (&process->child);
  return refused;
}

static void
test_forked (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  int   status;
  pid_t pid;

  use_pipe (process);
  test_process_spawn_mode (process, "cat");
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (reader), NULL));
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    _exit (all_refused (process, reader) ? 0 : 1);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  procstream_input_close (procstream_child_get_stdin (process->child));
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
}

/* Whatever the I/O thread holds at the moment of the fork, a copy can look at what it has, and let it go. */
static void
use_copies (TestProcess         *process,
            ProcstreamCollector *collector,
            ProcstreamReader    *reader)
{
  ProcstreamOutput *output = procstream_child_get_stdout (process->child);

  alarm (30);
  g_log_set_always_fatal (G_LOG_FATAL_MASK); /* a collector may have to warn */
  procstream_child_get_state (process->child);
  procstream_output_get_state (output);
  procstream_output_get_bytes_received (output);
  procstream_output_seal_replay (output);
  procstream_collector_get_bytes_seen (collector);
  g_bytes_unref (procstream_collector_dup_bytes (collector));
  procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (reader));
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (reader));
  g_object_unref (reader);
  g_object_unref (collector);
  g_clear_object (&process->child);
}

static void
test_forked_in_flood (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  ProcstreamOutput *output;

  procstream_launcher_set_delivery (process->launcher, PROCSTREAM_DELIVERY_LOSSY);
  test_process_spawn_mode (process, "flood");
  output = procstream_child_get_stdout (process->child);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (collector), NULL));
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (reader), NULL));
  for (int i = 0; i < 30; i++)
    {
      int   status;
      pid_t pid;

      g_bytes_unref (procstream_reader_next (reader, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
      pid = fork ();
      g_assert_cmpint (pid, >=, 0);
      if (pid == 0)
        {
          use_copies (process, collector, reader);
          _exit (0);
        }
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_cmpint (status, ==, 0);
    }
  g_assert_true (procstream_child_kill (process->child, NULL));
}

/* --- Other threads ------------------------------------------------------------------------------------------------------------ */

static gpointer
wait_thread (gpointer data)
{
  TestProcess *process = data;

  return GINT_TO_POINTER (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
}

/* Elsewhere it only waits: handlers are called in their own thread and nowhere else. */
static void
test_other_threads (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  GThread *threads[2];

  use_pipe (process);
  test_process_create_mode (process, "count");
  test_process_listen (process);
  test_process_start (process);
  for (int i = 0; i < 2; i++)
    threads[i] = g_thread_new ("wait", wait_thread, process);
  procstream_input_close (procstream_child_get_stdin (process->child));
  for (int i = 0; i < 2; i++)
    g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (threads[i])), ==, TRUE);
  g_assert_cmpstr (process->order->str, ==, "");
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "0\n");
  g_assert_cmpint (process->n_wrong_thread, ==, 0);
}

/* Nobody iterates the owner's context, and nobody reads: the opening must be let go by the waiting thread. */
static void
test_other_thread_unread (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  GThread *thread;

  test_process_spawn_mode (process, "flood 8388608");
  thread = g_thread_new ("wait", wait_thread, process);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, TRUE);
}

static gpointer
own_context_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  TestProcess *process;

  g_main_context_push_thread_default (context);
  process = test_process_new ();
  test_process_create_mode (process, "flood 8388608");
  test_process_listen (process);
  test_process_start (process);
  g_assert_true (procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  test_process_run_to_completed (process);
  g_assert_cmpint (process->n_wrong_thread, ==, 0);
  g_assert_cmpuint (process->out->len, ==, 8388608);
  test_process_free (process);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_own_context (void)
{
  g_thread_join (g_thread_new ("own context", own_context_thread, NULL));
}

/* --- Handlers ----------------------------------------------------------------------------------------------------------------- */

static void
assert_would_deadlock (ProcstreamChild *child)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  g_assert_nonnull (strstr (error->message, "“test-child”"));
}

/* Everything that could be waited for is there. */
static void
wait_in_completed_cb (ProcstreamChild  *child,
                      ProcstreamResult *result,
                      gboolean         *waited)
{
  g_autoptr (ProcstreamResult) again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_no_error (error);
  again = procstream_child_complete (child, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (procstream_result_get_exit_code (again), ==, 3);
  g_assert_cmpstr (procstream_capture_get_text (procstream_result_get_stdout (again)), ==, "all of it");
  g_assert_true (procstream_child_terminate (child, NULL, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_no_error (error);
  *waited = TRUE;
}

static void
check_completed (ProcstreamContainment containment)
{
  g_autoptr (TestProcess) process = test_process_new ();
  gboolean waited = FALSE;

  procstream_launcher_set_containment (process->launcher, containment);
  procstream_launcher_set_replay (process->launcher, PROCSTREAM_REPLAY_ALL);
  test_process_create (process, "printf 'all of it'; exit 3");
  test_process_listen (process);
  g_signal_connect (process->child, "completed", G_CALLBACK (wait_in_completed_cb), &waited);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_true (waited);
}

static void
test_completed (void)
{
  check_completed (PROCSTREAM_CONTAINMENT_GROUP);
  check_completed (PROCSTREAM_CONTAINMENT_TREE);
}

static void
wait_in_chunk_cb (ProcstreamOutput *output,
                  GBytes           *bytes,
                  TestProcess      *process)
{
  assert_would_deadlock (process->child);
  procstream_input_close (procstream_child_get_stdin (process->child));
}

static void
wait_in_notify_cb (ProcstreamChild *child,
                   GParamSpec      *pspec,
                   gpointer         user_data)
{
  assert_would_deadlock (child);
}

static void
wait_in_exited_cb (ProcstreamChild *child,
                   gpointer         user_data)
{
  g_autoptr (GError) error = NULL;

  /* There is nothing left to wait for. */
  g_assert_true (procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_no_error (error);
}

static void
test_in_handler (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  use_pipe (process);
  test_process_create_mode (process, "write-then-wait x");
  test_process_listen (process);
  g_signal_connect (procstream_child_get_stdout (process->child), "chunk", G_CALLBACK (wait_in_chunk_cb), process);
  g_signal_connect (process->child, "notify::pid", G_CALLBACK (wait_in_notify_cb), process);
  g_signal_connect (process->child, "exited", G_CALLBACK (wait_in_exited_cb), process);
  test_process_start (process);
  test_process_run_to_completed (process);
}

static void
wait_for_other_cb (ProcstreamOutput *output,
                   GBytes           *bytes,
                   TestProcess      *other)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_child_wait (other->child, PROCSTREAM_NO_TIMEOUT, NULL, &error));
  g_assert_no_error (error);
}

/* Another child may be waited for, and is served. */
static void
test_in_handler_of_another (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (TestProcess) other = test_process_new ();

  test_process_create_mode (other, "flood 8388608");
  test_process_listen (other);
  test_process_start (other);
  test_process_create_mode (process, "echo x");
  test_process_listen (process);
  g_signal_connect (procstream_child_get_stdout (process->child), "chunk", G_CALLBACK (wait_for_other_cb), other);
  test_process_start (process);
  test_process_run_to_completed (process);
  test_process_run_to_completed (other);
}

/* --- A thousand --------------------------------------------------------------------------------------------------------------- */

static guint n_gone;

static void
gone_cb (gpointer user_data,
         GObject *where_the_object_was)
{
  n_gone++;
}

static void
run_once (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  test_process_spawn_mode (process, "both");
  g_object_weak_ref (G_OBJECT (process->child), gone_cb, NULL);
  procstream_child_wait (process->child, PROCSTREAM_NO_TIMEOUT, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
}

static gsize
used_memory (void)
{
  return mallinfo2 ().uordblks;
}

/* No context is ever iterated, except by the calls themselves. */
static void
test_thousand (void)
{
  const guint total = 1000;
  const guint warm = 100;
  gsize       memory = 0;
  guint       fds = 0;

  n_gone = 0;
  for (guint i = 0; i < total; i++)
    {
      if (i == warm)
        {
          memory = used_memory ();
          fds = test_count_fds ();
        }
      run_once ();
      g_assert_cmpuint (n_gone, ==, i + 1);
    }
  g_assert_cmpuint (test_count_children (), ==, 0);
  test_assert_fds (fds);
  /* 100 bytes for each run would be 90000. A tool that replaces the allocator makes both 0. */
  g_assert_cmpuint (used_memory (), <, memory + 65536);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/blocking/owner-delivers", test_owner_delivers);
  test_add_func ("/blocking/no-handlers", test_no_handlers);
  test_add_func ("/blocking/after-start-async", test_after_start_async);
  test_add_func ("/blocking/owner-serves-others", test_owner_serves_others);
  test_add_func ("/blocking/timeout", test_timeout);
  test_add_func ("/blocking/timeout-with-output", test_timeout_with_output);
  test_add_func ("/blocking/timeout-and-input", test_timeout_and_input);
  test_add_func ("/blocking/cancel", test_cancel);
  test_add_func ("/blocking/wrong-state", test_wrong_state);
  test_add_func ("/blocking/forked", test_forked);
  test_add_func ("/blocking/forked-in-flood", test_forked_in_flood);
  test_add_func ("/blocking/other-threads", test_other_threads);
  test_add_func ("/blocking/other-thread-unread", test_other_thread_unread);
  test_add_func ("/blocking/own-context", test_own_context);
  test_add_func ("/blocking/in-handler", test_in_handler);
  test_add_func ("/blocking/in-handler/completed", test_completed);
  test_add_func ("/blocking/in-handler-of-another", test_in_handler_of_another);
  test_add_func ("/blocking/thousand", test_thousand);
  return g_test_run ();
}
