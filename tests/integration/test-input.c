/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-dispatcher-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-poll-set-private.h"

#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than any pipe holds. */
#define BIG (4 * 1024 * 1024)

typedef struct
{
  gboolean done;
  gboolean ok;
  GError  *error;
} Written;

static void
written_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Written *written = user_data;

  g_assert_false (written->done);
  written->ok = procstream_input_write_finish (PROCSTREAM_INPUT (object), result, &written->error);
  written->done = TRUE;
}

static void
write_text (TestProcess  *process,
            const char   *text,
            GCancellable *cancellable,
            Written      *written)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  procstream_input_write_async (procstream_child_get_stdin (process->child), bytes, cancellable, written_cb, written);
}

static void
write_big (TestProcess  *process,
           GCancellable *cancellable,
           Written      *written)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (BIG), BIG);

  procstream_input_write_async (procstream_child_get_stdin (process->child), bytes, cancellable, written_cb, written);
}

static void
run_to_written (Written *written)
{
  test_run_until_set (NULL, "a write", &written->done);
}

static TestProcess *
new_process_mode (const char *mode)
{
  TestProcess *process = test_process_new ();

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create_mode (process, mode);
  test_process_listen (process);
  return process;
}

/* Where it takes a script of the shell. */
static TestProcess *
new_process (const char *script)
{
  TestProcess *process = test_process_new ();

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create (process, script);
  test_process_listen (process);
  return process;
}

static void
test_order (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("cat");
  Written written[4] = { 0 };

  write_text (process, "before the start, ", NULL, &written[0]);
  write_text (process, "", NULL, &written[1]);
  test_process_start (process);
  write_text (process, "after, ", NULL, &written[2]);
  write_text (process, "last", NULL, &written[3]);
  procstream_input_close (procstream_child_get_stdin (process->child));
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  for (int i = 0; i < 4; i++)
    {
      run_to_written (&written[i]);
      g_assert_no_error (written[i].error);
      g_assert_true (written[i].ok);
    }
  g_assert_cmpstr (process->out->str, ==, "before the start, after, last");
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
}

static void
test_big (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("count");
  Written written = { 0 };

  test_process_start (process);
  write_big (process, NULL, &written);
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  run_to_written (&written);
  g_assert_true (written.ok);
  g_assert_cmpint (atoi (process->out->str), ==, BIG);
}

/* How far the main loop fell behind. */
typedef struct
{
  gint64 last_us;
  gint64 longest_us;
  guint  count;
} Ticks;

#define TICK_MS 10
/* A loop that waits for the child waits for ever. A busy machine delays it, too, and valgrind more than that. */
#define MOST_MS (g_getenv ("PROCSTREAM_TEST_VALGRIND") ? 20000 : 1000)

static gboolean
tick_cb (gpointer user_data)
{
  Ticks *ticks = user_data;
  gint64 now = g_get_monotonic_time ();

  ticks->longest_us = MAX (ticks->longest_us, now - ticks->last_us);
  ticks->last_us = now;
  ticks->count++;
  return G_SOURCE_CONTINUE;
}

/* An end of the same pipe for ourselves, which must not be there any more when somebody is to find that nobody reads. */
static int
open_stdin_of (TestProcess *process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/0", procstream_child_get_pid (process->child));
  int              fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static gboolean
is_full (gpointer fd)
{
  int n = 0;

  g_assert_cmpint (ioctl (GPOINTER_TO_INT (fd), FIONREAD, &n), ==, 0);
  return n == fcntl (GPOINTER_TO_INT (fd), F_GETPIPE_SZ);
}

static gboolean
answer_cb (gpointer answered)
{
  g_atomic_int_set ((int *) answered, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
has_ticked (gpointer ticks)
{
  return ((Ticks *) ticks)->count >= 100;
}

/* A child that does not read stops neither the caller nor its main loop nor the I/O thread, only the write. */
static void
test_child_does_not_read (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("sleep-forever");
  Written  written[2] = { 0 };
  Ticks    ticks = { 0 };
  gboolean answered = FALSE;
  guint    source;
  int      fd;

  test_process_start (process);
  test_process_run_until_out (process, 6);
  fd = open_stdin_of (process);
  ticks.last_us = g_get_monotonic_time ();
  source = g_timeout_add (TICK_MS, tick_cb, &ticks);
  write_big (process, NULL, &written[0]);
  test_run_until (NULL, "a full pipe", is_full, GINT_TO_POINTER (fd));
  close (fd);
  procstream_io_thread_invoke (answer_cb, &answered, NULL);
  test_run_until_set (NULL, "the I/O thread", &answered);
  write_text (process, "more", NULL, &written[1]);
  ticks.count = 0;
  test_run_until (NULL, "the main loop", has_ticked, &ticks);
  g_source_remove (source);
  g_test_message ("The main loop was %" G_GINT64_FORMAT " ms late", ticks.longest_us / 1000 - TICK_MS);
  g_assert_cmpint (ticks.longest_us / 1000, <, MOST_MS);
  g_assert_false (written[0].done || written[1].done);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  for (int i = 0; i < 2; i++)
    {
      run_to_written (&written[i]);
      g_assert_error (written[i].error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
      g_assert_nonnull (strstr (written[i].error->message, "“test-child”"));
      g_clear_error (&written[i].error);
    }
}

/* The child closes its input and lives on: no SIGPIPE here, and everything queued fails. */
static void
test_broken_pipe (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("close-stdin");
  Written written[2] = { 0 };

  signal (SIGPIPE, SIG_DFL);
  test_process_start (process);
  test_process_run_until_out (process, 7);
  write_text (process, "a", NULL, &written[0]);
  write_text (process, "b", NULL, &written[1]);
  for (int i = 0; i < 2; i++)
    {
      run_to_written (&written[i]);
      g_assert_error (written[i].error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
      g_assert_nonnull (strstr (written[i].error->message, "“test-child”"));
      g_clear_error (&written[i].error);
    }
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
}

/* What was closed, and had everything written before, is closed: before the exit, and after it. */
static void
test_after_close_and_exit (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("count");
  Written written = { 0 };
  Written closed = { 0 };
  Written gone = { 0 };

  test_process_start (process);
  write_text (process, "all of it", NULL, &written);
  run_to_written (&written);
  g_assert_no_error (written.error);
  procstream_input_close (procstream_child_get_stdin (process->child));
  procstream_input_close (procstream_child_get_stdin (process->child));
  write_text (process, "late", NULL, &closed);
  run_to_written (&closed);
  g_assert_error (closed.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_nonnull (strstr (closed.error->message, "“test-child”"));
  test_process_run_to_completed (process);
  procstream_input_close (procstream_child_get_stdin (process->child));
  write_text (process, "later", NULL, &gone);
  run_to_written (&gone);
  g_assert_error (gone.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpstr (gone.error->message, ==, closed.error->message);
  g_clear_error (&closed.error);
  g_clear_error (&gone.error);
}

/* There is more in the pipe that the child does not read yet: the next write was begun. */
static void
await_more_in_pipe (TestProcess *process,
                    int          n)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/0", procstream_child_get_pid (process->child));
  int              fd = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  gint64           deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;
  int              there = 0;

  g_assert_cmpint (fd, >=, 0);
  while (there <= n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_assert_cmpint (ioctl (fd, FIONREAD, &there), ==, 0);
      g_usleep (200);
    }
  close (fd);
}

/* What was not begun is not written; of what was, the rest follows. */
static void
test_cancel (void)
{
  g_autoptr (TestProcess) process = new_process ("echo ready; read x </dev/null; kill -STOP $$; exec wc -c");
  g_autoptr (GCancellable) first = g_cancellable_new ();
  g_autoptr (GCancellable) second = g_cancellable_new ();
  g_autoptr (GCancellable) before = g_cancellable_new ();
  Written written[4] = { 0 };

  test_process_start (process);
  test_process_run_until_out (process, 6);
  g_string_truncate (process->out, 0);
  write_text (process, "x", NULL, &written[3]);
  write_big (process, first, &written[0]);
  write_text (process, "never", second, &written[1]);
  run_to_written (&written[3]);
  await_more_in_pipe (process, 1);
  g_cancellable_cancel (first);
  g_cancellable_cancel (second);
  g_cancellable_cancel (before);
  write_text (process, "neither", before, &written[2]);
  for (int i = 0; i < 3; i++)
    {
      run_to_written (&written[i]);
      g_assert_error (written[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&written[i].error);
    }
  procstream_input_close (procstream_child_get_stdin (process->child));
  while (!procstream_child_send_signal (process->child, SIGCONT, NULL))
    g_usleep (1000);
  while (!process->completed)
    {
      g_main_context_iteration (NULL, FALSE);
      procstream_child_send_signal (process->child, SIGCONT, NULL);
      g_usleep (1000);
    }
  g_assert_cmpint (atoi (process->out->str), ==, BIG + 1);
}

static gboolean
queue_bytes (TestProcess *process,
             gsize        n,
             GError     **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (n), n);

  return procstream_input_write_bytes (procstream_child_get_stdin (process->child), bytes, error);
}

static void
assert_no_room (TestProcess *process,
                gsize        n)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (queue_bytes (process, n, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_nonnull (strstr (error->message, "“test-child”"));
}

typedef struct
{
  ProcstreamInput *input;
  GThread         *thread;
  guint            queued; /* notifications */
  guint            written;
  guint            wrong_thread;
} Notified;

static void
notify_cb (ProcstreamInput *input,
           GParamSpec      *pspec,
           gpointer         user_data)
{
  Notified *self = user_data;

  self->wrong_thread += g_thread_self () != self->thread;
  self->queued += g_str_equal (pspec->name, "bytes-queued");
  self->written += g_str_equal (pspec->name, "bytes-written");
}

static gboolean
is_all_written (gpointer data)
{
  Notified *self = data;

  return procstream_input_get_bytes_queued (self->input) == 0;
}

/* What is queued is bounded, whoever reads or does not. None of the calls waits for the child, which reads nothing as long as it is not
 * told to. What there is, is told of in the thread of the context, and once for all that happened. */
static void
test_bounded (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("cat");
  Notified notified = { .thread = g_thread_self () };

  notified.input = procstream_child_get_stdin (process->child);
  g_signal_connect (notified.input, "notify", G_CALLBACK (notify_cb), &notified);
  g_assert_cmpuint (procstream_input_get_max_queued_bytes (notified.input), ==, PROCSTREAM_DEFAULT_MAX_QUEUED_BYTES);
  g_assert_true (queue_bytes (process, 1024 * 1024 - 10, NULL));
  assert_no_room (process, 11);
  g_assert_true (queue_bytes (process, 9, NULL));
  g_assert_true (procstream_input_write_utf8 (notified.input, "x", NULL));
  assert_no_room (process, 1);
  procstream_input_set_max_queued_bytes (notified.input, 1024 * 1024 + 1);
  g_assert_true (queue_bytes (process, 1, NULL));
  assert_no_room (process, 1);
  g_assert_cmpuint (procstream_input_get_bytes_queued (notified.input), ==, 1024 * 1024 + 1);
  g_assert_cmpuint (procstream_input_get_bytes_written (notified.input), ==, 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (notified.queued, ==, 1);

  test_process_start (process);
  test_run_until (NULL, "everything to be written", is_all_written, &notified);
  g_assert_cmpuint (procstream_input_get_bytes_written (notified.input), ==, 1024 * 1024 + 1);
  /* More than there may be, where nothing is. */
  g_assert_true (queue_bytes (process, 1024 * 1024 + 2, NULL));
  procstream_input_close (notified.input);
  test_process_run_to_completed (process);
  g_assert_cmpuint (process->out->len, ==, 2 * 1024 * 1024 + 3);
  g_assert_cmpuint (notified.queued, >=, 2);
  g_assert_cmpuint (notified.written, >=, 1);
  g_assert_cmpuint (notified.wrong_thread, ==, 0);
  g_assert_false (queue_bytes (process, 1, NULL));
}

/* The calls that queue return while the child reads nothing, as the one that waits does not. */
static void
test_queue_for_sleeper (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("sleep-forever");
  ProcstreamInput *input = procstream_child_get_stdin (process->child);

  test_process_start (process);
  test_process_run_until_out (process, 6);
  g_assert_true (queue_bytes (process, 1024 * 1024, NULL));
  g_assert_cmpuint (procstream_input_get_bytes_queued (input) + procstream_input_get_bytes_written (input), ==, 1024 * 1024);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  g_assert_cmpuint (procstream_input_get_bytes_queued (input), ==, 0);
  g_assert_cmpuint (procstream_input_get_bytes_written (input), <, 1024 * 1024);
}

/* A write that is taken back leaves its room. */
static void
test_cancel_counts (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("count");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ProcstreamInput *input = procstream_child_get_stdin (process->child);
  Written          written = { 0 };

  write_text (process, "never", cancellable, &written);
  g_assert_cmpuint (procstream_input_get_bytes_queued (input), ==, 5);
  g_cancellable_cancel (cancellable);
  run_to_written (&written);
  g_assert_error (written.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&written.error);
  g_assert_cmpuint (procstream_input_get_bytes_queued (input), ==, 0);
  test_process_start (process);
  procstream_input_close (input);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "0\n");
}

/* Whoever was refused is told that there is room again, even if it was made before anybody could be told that there was none. */
static void
test_room_is_told (void)
{
  g_autoptr (TestProcess) process = new_process_mode ("sleep-forever");
  ProcstreamInput *input = procstream_child_get_stdin (process->child);
  Notified         notified = { .input = input, .thread = g_thread_self () };
  gint64           deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  g_signal_connect (input, "notify", G_CALLBACK (notify_cb), &notified);
  procstream_input_set_max_queued_bytes (input, 4);
  g_assert_true (queue_bytes (process, 4, NULL));
  assert_no_room (process, 1);
  test_process_start (process);
  while (procstream_input_get_bytes_queued (input) > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (200);
    }
  g_assert_cmpuint (notified.queued, ==, 0);
  while (notified.queued == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
}

/* The kernel takes the start's watch and no more: the outputs are read by threads, the exit is learned without a descriptor, and who
 * writes is told. */
static void
test_no_watches (void)
{
  guint        fds = test_count_fds ();
  TestProcess *process = new_process ("cat; echo out; echo err >&2; exit 3");
  Written      written[2] = { 0 };

  write_text (process, "before the start", NULL, &written[0]);
  g_atomic_int_set (&procstream_poll_set_adds_left, 1);
  test_process_start (process);
  run_to_written (&written[0]);
  g_atomic_int_set (&procstream_poll_set_adds_left, -1);
  write_text (process, "after it", NULL, &written[1]);
  run_to_written (&written[1]);
  test_process_run_to_completed (process);
  for (int i = 0; i < 2; i++)
    {
      g_assert_error (written[i].error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (written[i].error->message, "watch"));
      g_clear_error (&written[i].error);
    }
  g_assert_cmpstr (process->out->str, ==, "out\n");
  g_assert_cmpstr (process->err->str, ==, "err\n");
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 3);
  test_process_free (process);
  test_assert_fds (fds);
}

/* --- In a forked copy --------------------------------------------------------------------------------------------------------- */

/* Something of the context that another thread is just making ready, for as long as the test wants: whoever makes something else of it
 * ready waits for that, and holds what it holds. */
typedef struct
{
  ProcstreamDispatchItem *item;
  ProcstreamInput        *input;
  gint                    entered; /* atomic */
  gint                    let_go;  /* atomic */
  gint                    teller;  /* atomic: a thread, once it is about to tell */
} Holding;

static gpointer
holding_ref (gpointer data)
{
  Holding *self = data;

  g_atomic_int_set (&self->entered, TRUE);
  while (!g_atomic_int_get (&self->let_go))
    g_usleep (1000);
  return self;
}

static void
holding_unref (gpointer data)
{
}

static gboolean
holding_dispatch (gpointer          data,
                  ProcstreamBudget *budget)
{
  return FALSE;
}

static gpointer
hold_thread (gpointer data)
{
  procstream_dispatch_item_post (((Holding *) data)->item);
  return NULL;
}

static gpointer
tell_thread (gpointer data)
{
  Holding *self = data;

  g_atomic_int_set (&self->teller, gettid ());
  procstream_input_set_max_queued_bytes (self->input, 1);
  return NULL;
}

/* A copy can let go of an input while another thread, which it has not, was telling of a change. */
static void
test_forked_copy (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  Holding  holding = { 0 };
  GThread *threads[2];
  int      status;
  pid_t    pid;

  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create_mode (process, "cat");
  holding.input = procstream_child_get_stdin (process->child);
  holding.item = procstream_dispatch_item_new (g_main_context_default (), G_PRIORITY_DEFAULT, holding_dispatch, &holding, holding_ref, holding_unref);
  threads[0] = g_thread_new ("hold", hold_thread, &holding);
  while (!g_atomic_int_get (&holding.entered))
    g_usleep (1000);
  threads[1] = g_thread_new ("tell", tell_thread, &holding);
  while (g_atomic_int_get (&holding.teller) == 0 || !test_is_asleep (g_atomic_int_get (&holding.teller)))
    g_usleep (1000);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      alarm (30);
      g_clear_object (&process->child);
      test_exit_copy (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_atomic_int_set (&holding.let_go, TRUE);
  for (int i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  procstream_dispatch_item_free (holding.item);
  g_assert_cmpint (status, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/input/order", test_order);
  test_add_func ("/input/big", test_big);
  test_add_func ("/input/child-does-not-read", test_child_does_not_read);
  test_add_func ("/input/broken-pipe", test_broken_pipe);
  test_add_func ("/input/after-close-and-exit", test_after_close_and_exit);
  test_add_func ("/input/cancel", test_cancel);
  test_add_func ("/input/bounded", test_bounded);
  test_add_func ("/input/queue-for-sleeper", test_queue_for_sleeper);
  test_add_func ("/input/cancel-counts", test_cancel_counts);
  test_add_func ("/input/room-is-told", test_room_is_told);
  test_add_func ("/input/no-watches", test_no_watches);
  test_add_func ("/input/forked-copy", test_forked_copy);
  return g_test_run ();
}
