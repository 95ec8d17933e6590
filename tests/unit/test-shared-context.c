/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Threads without a context of their own, which block in that of the main thread. */

#include <procstream/procstream.h>

#include "procstream-dispatcher-private.h"

#include "test-process.h"
#include "test-utils.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Far more than anything here takes, so that what stands still is a failure and not a hang. */
#define LIMIT_MS (20 * 1000)

typedef struct
{
  const char  *script;
  GAsyncQueue *in_call; /* of the thread that the first handler is called in */
  gsize        n_bytes;
  gsize        n_expected;
  int          served_by_worker; /* atomic: calls of a handler */
  int          served_by_others;
  GThread     *thread;

  ProcstreamChild *child;
  gboolean         success;
  int              over; /* atomic */
} Worker;

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          Worker           *self)
{
  gboolean by_worker = g_thread_self () == self->thread;

  self->n_bytes += g_bytes_get_size (bytes);
  g_atomic_int_inc (by_worker ? &self->served_by_worker : &self->served_by_others);
  if (self->in_call)
    g_async_queue_push (self->in_call, g_thread_self ());
  self->in_call = NULL;
}

static ProcstreamChild *
spawn (Worker *self)
{
  const char *const argv[] = { "/bin/sh", "-c", self->script, NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = procstream_launcher_create (launcher, argv, &error);
  g_assert_no_error (error);
  return child;
}

static gpointer
wait_thread (gpointer data)
{
  Worker *self = data;
  g_autoptr (GError) error = NULL;

  self->thread = g_thread_self ();
  self->child = spawn (self);
  g_signal_connect (procstream_child_get_stdout (self->child), "chunk", G_CALLBACK (chunk_cb), self);
  g_assert_true (procstream_child_start (self->child, &error));
  self->success = procstream_child_wait (self->child, LIMIT_MS, NULL, &error);
  g_atomic_int_set (&self->over, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
write_line (Worker *self)
{
  g_autoptr (GError) error = NULL;

  procstream_input_write_utf8 (procstream_child_get_stdin (self->child), "go\n", &error);
  g_assert_no_error (error);
}

static gboolean
is_over (gpointer data)
{
  return g_atomic_int_get (&((Worker *) data)->over);
}

static gboolean
go_cb (gpointer data)
{
  write_line (data);
  return G_SOURCE_REMOVE;
}

static gboolean
is_received (gpointer data)
{
  Worker *self = data;

  return self->n_bytes == self->n_expected;
}

/* The child can have exited before all of its output is handed out. */
static void
join (Worker  *self,
      GThread *thread,
      gsize    n_expected)
{
  g_thread_join (thread);
  g_assert_true (self->success);
  self->n_expected = n_expected;
  test_run_until (NULL, "the output", is_received, self);
  g_object_unref (self->child);
}

/* The main loop begins when the worker is in its wait already, and what it does is what the child waits for. */
static void
test_loop_begins (void)
{
  g_autoptr (GAsyncQueue) in_call = g_async_queue_new ();
  Worker   self = { .script = "echo ready; read x; echo end", .in_call = in_call };
  GThread *thread = g_thread_new ("waits", wait_thread, &self);

  /* Nobody else is there to serve it. */
  g_assert_true (g_async_queue_pop (in_call) == thread);
  g_timeout_add (1, go_cb, &self);
  test_run_until (NULL, "the worker", is_over, &self);
  join (&self, thread, strlen ("ready\nend\n"));
}

/* Somebody's code needs the context itself, so the worker iterates it. */
static void
test_loop_begins_while_iterating (void)
{
  g_autoptr (GAsyncQueue) in_call = g_async_queue_new ();
  Worker   self = { .script = "echo ready; read x; echo end", .in_call = in_call };
  GThread *thread;

  procstream_dispatcher_hold_iterate (g_main_context_default ());
  thread = g_thread_new ("waits", wait_thread, &self);
  g_assert_true (g_async_queue_pop (in_call) == thread);
  g_timeout_add (1, go_cb, &self);
  test_run_until (NULL, "the worker", is_over, &self);
  join (&self, thread, strlen ("ready\nend\n"));
  procstream_dispatcher_release_iterate (g_main_context_default ());
}

static void
own_default_context (void)
{
  while (!g_main_context_acquire (NULL))
    g_thread_yield ();
}

static void
await_loss (int before)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (g_atomic_int_get (&procstream_dispatcher_losses) == before)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

static gpointer
write_when_main_sleeps (gpointer data)
{
  while (!test_is_asleep (getpid ()))
    g_usleep (1000);
  write_line (data);
  return NULL;
}

/* Whoever took the context is told of what the worker hears of in its place. Then it stops iterating, and a handler that is not served
 * holds up the child. */
static void
test_loop_ends (void)
{
  g_autoptr (GAsyncQueue) in_call = g_async_queue_new ();
  Worker   self = { .script = "echo ready; read x; head -c 4000000 /dev/zero", .in_call = in_call };
  GThread *thread = g_thread_new ("waits", wait_thread, &self);
  GThread *writes;
  int      losses;

  g_assert_true (g_async_queue_pop (in_call) == thread);
  own_default_context ();
  losses = g_atomic_int_get (&procstream_dispatcher_losses);
  writes = g_thread_new ("writes", write_when_main_sleeps, &self);
  while (g_atomic_int_get (&self.served_by_others) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (writes);
  await_loss (losses);
  g_main_context_release (NULL);
  join (&self, thread, 4000000 + strlen ("ready\n"));
  g_assert_cmpint (g_atomic_int_get (&self.served_by_others), >, 0);
}

/* One that sleeps serves the other one, too; and when it is gone, the other one does it itself. */
static void
test_two_workers (void)
{
  g_autoptr (GAsyncQueue) in_call = g_async_queue_new ();
  Worker   first = { .script = "echo ready; read x", .in_call = in_call };
  Worker   second = { .script = "head -c 4000000 /dev/zero; read x; head -c 4000000 /dev/zero" };
  GThread *threads[2];
  int      losses;

  threads[0] = g_thread_new ("first", wait_thread, &first);
  g_assert_true (g_async_queue_pop (in_call) == threads[0]);
  losses = g_atomic_int_get (&procstream_dispatcher_losses);
  threads[1] = g_thread_new ("second", wait_thread, &second);
  await_loss (losses);
  write_line (&first);
  join (&first, threads[0], strlen ("ready\n"));
  write_line (&second);
  join (&second, threads[1], 8000000);
}

#define LINES 20000

static void
read_lines (ProcstreamReader *reader)
{
  g_autoptr (GError) error = NULL;
  guint n = 0;

  for (;;)
    {
      g_autofree char *line = procstream_reader_read_line (reader, LIMIT_MS, NULL, &error);

      g_assert_no_error (error);
      if (line == NULL)
        break;
      g_assert_cmpint (atoi (line), ==, ++n);
    }
  g_assert_cmpuint (n, ==, LINES);
}

/* Who sleeps for the main thread, too, has begun to before there was anything to read in the context. */
static void
test_read_in_context (void)
{
  const char *const argv[] = { "seq", G_STRINGIFY (LINES), NULL };
  g_autoptr (GAsyncQueue) in_call = g_async_queue_new ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  Worker   self = { .script = "echo ready; read x", .in_call = in_call };
  GThread *thread = g_thread_new ("waits", wait_thread, &self);

  g_assert_true (g_async_queue_pop (in_call) == thread);
  procstream_output_config_set_max_buffered_chunks (config, 1);
  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_launcher_set_stdout_config (launcher, config);
  child = procstream_launcher_create (launcher, argv, &error);
  g_assert_no_error (error);
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), &error));
  g_assert_true (procstream_child_start (child, &error));
  read_lines (reader);
  write_line (&self);
  join (&self, thread, strlen ("ready\n"));
  g_assert_true (procstream_child_wait (child, LIMIT_MS, NULL, &error));
}

static gpointer
read_thread (gpointer data)
{
  Worker *self = data;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;

  self->child = spawn (self);
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (self->child), PROCSTREAM_CONSUMER (reader), &error));
  g_assert_true (procstream_child_start (self->child, &error));
  read_lines (reader);
  self->success = TRUE;
  g_atomic_int_set (&self->over, TRUE);
  return NULL;
}

/* However often the context changes hands, each line is read once. */
static void
test_reader (void)
{
  Worker   self = { .script = "seq " G_STRINGIFY (LINES) };
  GThread *thread = g_thread_new ("reads", read_thread, &self);

  while (!is_over (&self))
    {
      if (!g_main_context_acquire (NULL))
        continue;
      g_main_context_iteration (NULL, FALSE);
      g_main_context_release (NULL);
    }
  join (&self, thread, 0);
}

/* --- The dispatcher itself ---------------------------------------------------------------------------------------------------- */

typedef struct
{
  int    tid;    /* atomic; 0: it has not begun */
  int    served; /* atomic */
  gint64 deadline_us;
} Sleeper;

static gpointer
keep_cb (gpointer data)
{
  return data;
}

static void
let_go_cb (gpointer data)
{
}

static gboolean
serve_cb (gpointer          data,
          ProcstreamBudget *budget)
{
  g_atomic_int_set (&((Sleeper *) data)->served, TRUE);
  return FALSE;
}

static gboolean
is_served (gpointer data)
{
  return g_atomic_int_get (&((Sleeper *) data)->served);
}

/* Who is woken while the context is still owned has lost it, and tries again. */
static gpointer
sleep_thread (gpointer data)
{
  Sleeper         *self = data;
  ProcstreamRunEnd end;

  g_atomic_int_set (&self->tid, gettid ());
  do
    end = procstream_dispatcher_run_until (g_main_context_default (), is_served, self, self->deadline_us, NULL);
  while (end == PROCSTREAM_RUN_LOST);
  g_assert_cmpint (end, ==, PROCSTREAM_RUN_DONE);
  return NULL;
}

static gboolean
is_asleep_in_context (Sleeper *self)
{
  int tid = g_atomic_int_get (&self->tid);

  return tid && test_is_asleep (tid);
}

/* What the owner of the context makes ready, and leaves behind when it stops iterating, is for who sleeps. */
static void
test_left_behind (void)
{
  Sleeper                 self = { .deadline_us = g_get_monotonic_time () + LIMIT_MS * 1000 };
  ProcstreamDispatchItem *item = procstream_dispatch_item_new (g_main_context_default (), G_PRIORITY_DEFAULT, serve_cb, &self, keep_cb, let_go_cb);
  GThread                *thread = g_thread_new ("sleeps", sleep_thread, &self);
  gpointer                dispatcher;

  while (!is_asleep_in_context (&self))
    g_usleep (1000);
  own_default_context ();
  dispatcher = procstream_dispatcher_enter (g_main_context_default ());
  procstream_dispatch_item_post (item);
  procstream_dispatcher_leave (dispatcher, G_PRIORITY_HIGH);
  g_main_context_release (NULL);
  g_thread_join (thread);
  g_assert_cmpint (g_get_monotonic_time (), <, self.deadline_us);
  procstream_dispatch_item_free (item);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/shared-context/loop-begins", test_loop_begins);
  g_test_add_func ("/shared-context/loop-begins-while-iterating", test_loop_begins_while_iterating);
  g_test_add_func ("/shared-context/loop-ends", test_loop_ends);
  g_test_add_func ("/shared-context/two-workers", test_two_workers);
  g_test_add_func ("/shared-context/read-in-context", test_read_in_context);
  g_test_add_func ("/shared-context/reader", test_reader);
  g_test_add_func ("/shared-context/left-behind", test_left_behind);
  return g_test_run ();
}
