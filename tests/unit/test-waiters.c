/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-dispatcher-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-task-private.h"
#include "procstream-waiters-private.h"

#include "test-hold.h"
#include "test-utils.h"

#include <signal.h>

/* Completes from a thread of the library. */
static gboolean
complete_cb (gpointer data)
{
  procstream_waiters_complete (data, NULL);
  return G_SOURCE_REMOVE;
}

static void
complete_elsewhere (ProcstreamWaiters *waiters)
{
  procstream_io_thread_invoke (complete_cb, procstream_waiters_ref (waiters), (GDestroyNotify) procstream_waiters_unref);
}

static gboolean
wait_here (ProcstreamWaiters *waiters,
           GMainContext      *context,
           gint64             timeout_ms,
           GCancellable      *cancellable,
           GError           **error)
{
  return procstream_waiters_wait (waiters, context, g_thread_self (), "the dawn", timeout_ms, cancellable, error);
}

/* --- Blocking, in the owner's thread ------------------------------------------------------------------------------------------ */

static void
test_owner (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamWaiters *waiters = procstream_waiters_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_waiters_is_complete (waiters));
  complete_elsewhere (waiters);
  g_assert_true (wait_here (waiters, context, -1, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (procstream_waiters_is_complete (waiters));
  /* And once more, when it is long over; it is also told when there is no time to wait. */
  g_assert_true (wait_here (waiters, context, 0, NULL, &error));
  g_assert_no_error (error);
  procstream_waiters_unref (waiters);
}

typedef struct
{
  ProcstreamWaiters      *waiters;
  ProcstreamDispatchItem *item;
  int                     refs;
  guint                   n_run;
} Handler;

static gpointer
handler_ref (gpointer data)
{
  g_atomic_int_inc (&((Handler *) data)->refs);
  return data;
}

static void
handler_unref (gpointer data)
{
  g_atomic_int_add (&((Handler *) data)->refs, -1);
}

static gboolean
handler_cb (gpointer          data,
            ProcstreamBudget *budget)
{
  Handler *handler = data;

  handler->n_run++;
  procstream_waiters_complete (handler->waiters, NULL);
  return FALSE;
}

/* The event depends on a handler in the very context whose thread waits. */
static void
test_delivers (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Handler handler = { .waiters = procstream_waiters_new () };

  handler.item = procstream_dispatch_item_new (context, G_PRIORITY_LOW, handler_cb, &handler, handler_ref, handler_unref);
  procstream_dispatch_item_post (handler.item);
  g_assert_true (wait_here (handler.waiters, context, -1, NULL, NULL));
  g_assert_cmpuint (handler.n_run, ==, 1);
  procstream_dispatch_item_free (handler.item);
  procstream_waiters_unref (handler.waiters);
}

static void
check_timeout (ProcstreamWaiters *waiters,
               GMainContext      *context,
               GThread           *owner,
               gint64             timeout_ms)
{
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  g_assert_false (procstream_waiters_wait (waiters, context, owner, "the dawn", timeout_ms, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "the dawn"));
  g_assert_nonnull (strstr (error->message, timeout_ms ? "20 ms" : "0 ms"));
  g_assert_cmpint (g_get_monotonic_time () - start, >=, timeout_ms * 1000);
}

static void
test_timeout (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamWaiters *waiters = procstream_waiters_new ();

  check_timeout (waiters, context, g_thread_self (), 20);
  check_timeout (waiters, context, g_thread_self (), 0);
  check_timeout (waiters, context, NULL, 20);
  check_timeout (waiters, context, NULL, 0);
  procstream_waiters_unref (waiters);
}

/* A time too long to be told. */
static void
test_endless_timeout (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamWaiters *waiters = procstream_waiters_new ();

  complete_elsewhere (waiters);
  g_assert_true (wait_here (waiters, context, G_MAXINT64, NULL, NULL));
  procstream_waiters_unref (waiters);
}

static void
test_error (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamWaiters *waiters = procstream_waiters_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;
  g_autoptr (GError) cause = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "It broke");

  procstream_waiters_complete (waiters, cause);
  g_assert_false (wait_here (waiters, context, -1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (procstream_waiters_wait (waiters, context, NULL, "x", -1, NULL, &again));
  g_assert_error (again, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  procstream_waiters_unref (waiters);
}

static void
cancel (gpointer data)
{
  g_cancellable_cancel (data);
}

static void
check_cancelled (GThread *owner)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ProcstreamWaiters *waiters = procstream_waiters_new ();

  for (int i = 0; i < 2; i++)
    {
      TestInterruption *interruption = i == 0 ? test_interrupt (cancel, cancellable) : NULL;
      g_autoptr (GError) error = NULL;

      g_assert_false (procstream_waiters_wait (waiters, context, owner, "the dawn", -1, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_pointer (&interruption, test_interruption_end);
    }
  /* What happened counts. */
  procstream_waiters_complete (waiters, NULL);
  g_assert_true (procstream_waiters_wait (waiters, context, owner, "the dawn", -1, cancellable, NULL));
  procstream_waiters_unref (waiters);
}

/* A cancel wakes a wait that sleeps, in the owner's thread and elsewhere. */
static void
test_cancelled (void)
{
  check_cancelled (g_thread_self ());
  check_cancelled (NULL);
}

typedef struct
{
  ProcstreamWaiters *waiters;
  GMainContext      *context;
  GThread           *owner;
  GCancellable      *cancellable;
  GError            *error;
} Nested;

static void
wait_in_handler_cb (GCancellable *cancellable,
                    gpointer      data)
{
  Nested *nested = data;

  procstream_waiters_wait (nested->waiters, nested->context, nested->owner, "the dawn", -1, cancellable, &nested->error);
}

/* A wait with a cancellable whose "cancelled" handler it is called from does not wait for that handler. */
static void
test_cancelled_handler (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GThread *owners[] = { g_thread_self (), NULL };

  for (guint i = 0; i < G_N_ELEMENTS (owners); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Nested nested = { procstream_waiters_new (), context, owners[i] };

      g_signal_connect (cancellable, "cancelled", G_CALLBACK (wait_in_handler_cb), &nested);
      g_cancellable_cancel (cancellable);
      g_assert_error (nested.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&nested.error);
      procstream_waiters_unref (nested.waiters);
    }
}

/* --- Blocking elsewhere ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GMutex             mutex;
  GCond              cond;
  ProcstreamWaiters *waiters;
  GMainContext      *context;
  GThread           *owner;
  guint              n_waiting;
  int                n_ok; /* atomic */
} Elsewhere;

static gpointer
wait_thread (gpointer data)
{
  Elsewhere *elsewhere = data;

  g_mutex_lock (&elsewhere->mutex);
  elsewhere->n_waiting++;
  g_cond_signal (&elsewhere->cond);
  g_mutex_unlock (&elsewhere->mutex);
  if (procstream_waiters_wait (elsewhere->waiters, elsewhere->context, elsewhere->owner, "x", -1, NULL, NULL))
    g_atomic_int_inc (&elsewhere->n_ok);
  return NULL;
}

/* Other threads wait, even for a context that nobody runs and that they could acquire: they are not its owner. */
static void
test_other_threads (void)
{
  Elsewhere elsewhere = { .waiters = procstream_waiters_new (), .context = g_main_context_new (), .owner = g_thread_self () };
  Handler   handler = { .waiters = elsewhere.waiters };
  GThread  *threads[5];

  handler.item = procstream_dispatch_item_new (elsewhere.context, 0, handler_cb, &handler, handler_ref, handler_unref);
  procstream_dispatch_item_post (handler.item);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("wait", wait_thread, &elsewhere);
  g_mutex_lock (&elsewhere.mutex);
  while (elsewhere.n_waiting < G_N_ELEMENTS (threads))
    g_cond_wait (&elsewhere.cond, &elsewhere.mutex);
  g_mutex_unlock (&elsewhere.mutex);
  g_assert_cmpuint (handler.n_run, ==, 0);
  while (g_main_context_iteration (elsewhere.context, FALSE))
    ;
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (elsewhere.n_ok, ==, G_N_ELEMENTS (threads));
  g_assert_cmpuint (handler.n_run, ==, 1);
  procstream_dispatch_item_free (handler.item);
  procstream_waiters_unref (elsewhere.waiters);
  g_main_context_unref (elsewhere.context);
}

static gpointer
acquire_thread (gpointer data)
{
  Elsewhere *elsewhere = data;

  g_assert_true (g_main_context_acquire (elsewhere->context));
  g_mutex_lock (&elsewhere->mutex);
  elsewhere->n_waiting++;
  g_cond_signal (&elsewhere->cond);
  while (elsewhere->n_waiting < 2)
    g_cond_wait (&elsewhere->cond, &elsewhere->mutex);
  g_mutex_unlock (&elsewhere->mutex);
  g_main_context_release (elsewhere->context);
  return NULL;
}

/* The owner waits while another thread runs its context. */
static void
test_owner_without_context (void)
{
  Elsewhere elsewhere = { .waiters = procstream_waiters_new (), .context = g_main_context_new () };
  GThread  *thread = g_thread_new ("acquire", acquire_thread, &elsewhere);

  g_mutex_lock (&elsewhere.mutex);
  while (elsewhere.n_waiting == 0)
    g_cond_wait (&elsewhere.cond, &elsewhere.mutex);
  g_mutex_unlock (&elsewhere.mutex);
  complete_elsewhere (elsewhere.waiters);
  g_assert_true (wait_here (elsewhere.waiters, elsewhere.context, -1, NULL, NULL));
  g_mutex_lock (&elsewhere.mutex);
  elsewhere.n_waiting = 2;
  g_cond_signal (&elsewhere.cond);
  g_mutex_unlock (&elsewhere.mutex);
  g_thread_join (thread);
  procstream_waiters_unref (elsewhere.waiters);
  g_main_context_unref (elsewhere.context);
}

/* The I/O thread has the last reference to what a wait was woken through, an eventfd, until it is done with waking. */
static guint
count_settled_fds (void)
{
  g_autoptr (GDir) dir = NULL;
  guint n = 0;

  test_hold_pass ();
  dir = g_dir_open ("/proc/self/fd", 0, NULL);
  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* A program that never runs a main loop: nothing is left in its context. */
static void
test_thousand (void)
{
  GMainContext *context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint fds = 0;

  for (guint i = 0; i < 1000; i++)
    {
      ProcstreamWaiters *waiters = procstream_waiters_new ();

      complete_elsewhere (waiters);
      g_assert_true (wait_here (waiters, context, 60000, cancellable, NULL));
      procstream_waiters_unref (waiters);
      if (i == 0)
        fds = count_settled_fds ();
    }
  g_assert_cmpuint (count_settled_fds (), ==, fds);
  g_assert_cmpuint (G_OBJECT (cancellable)->ref_count, ==, 1);
  g_assert_cmpuint (g_signal_handler_find (cancellable, G_SIGNAL_MATCH_ID, g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE), 0, NULL, NULL, NULL), ==, 0);
  g_main_context_unref (context);
}

/* --- Tasks -------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GMainContext *context;
  GThread      *callback_thread;
  GThread      *finalize_thread;
  guint         n_called;
  gboolean      result;
  GError       *error;
  gpointer      pointer;
} TaskResult;

static void
task_done_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  TaskResult *self = user_data;

  self->n_called++;
  self->callback_thread = g_thread_self ();
  self->result = g_task_propagate_boolean (G_TASK (result), &self->error);
}

static void
source_gone_cb (gpointer data,
                GObject *object)
{
  ((TaskResult *) data)->finalize_thread = g_thread_self ();
}

/* The task has the only reference to its source object. */
static GTask *
make_task (TaskResult         *self,
           GCancellable       *cancellable,
           GAsyncReadyCallback callback)
{
  g_autoptr (GObject) source = g_object_new (G_TYPE_OBJECT, NULL);
  GTask *task;

  *self = (TaskResult){ .context = self->context };
  g_object_weak_ref (source, source_gone_cb, self);
  g_main_context_push_thread_default (self->context);
  task = g_task_new (source, cancellable, callback, self);
  g_main_context_pop_thread_default (self->context);
  return task;
}

static void
run_task (TaskResult *self)
{
  while (self->finalize_thread == NULL)
    g_main_context_iteration (self->context, TRUE);
  g_assert_cmpuint (self->n_called, ==, 1);
  g_assert_true (self->callback_thread == g_thread_self ());
  g_assert_true (self->finalize_thread == g_thread_self ());
}

static void
test_task (void)
{
  TaskResult         result = { g_main_context_new () };
  ProcstreamWaiters *waiters = procstream_waiters_new ();

  procstream_waiters_add_task (waiters, make_task (&result, NULL, task_done_cb));
  complete_elsewhere (waiters);
  run_task (&result);
  g_assert_true (result.result);

  /* It happened before; still nothing is called at once. */
  procstream_waiters_add_task (waiters, make_task (&result, NULL, task_done_cb));
  g_assert_cmpuint (result.n_called, ==, 0);
  run_task (&result);
  g_assert_true (result.result);
  procstream_waiters_unref (waiters);
  g_main_context_unref (result.context);
}

static void
test_task_error (void)
{
  TaskResult         result = { g_main_context_new () };
  ProcstreamWaiters *waiters = procstream_waiters_new ();
  g_autoptr (GError) cause = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "It broke");

  procstream_waiters_add_task (waiters, make_task (&result, NULL, task_done_cb));
  procstream_waiters_complete (waiters, cause);
  run_task (&result);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_clear_error (&result.error);
  procstream_waiters_unref (waiters);
  g_main_context_unref (result.context);
}

static void
test_task_cancelled (void)
{
  TaskResult         result = { g_main_context_new () };
  ProcstreamWaiters *waiters = procstream_waiters_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestInterruption *interruption;

  procstream_waiters_add_task (waiters, make_task (&result, cancellable, task_done_cb));
  interruption = test_interrupt (cancel, cancellable);
  run_task (&result);
  test_interruption_end (interruption);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&result.error);

  /* Cancelled before it begins. */
  procstream_waiters_add_task (waiters, make_task (&result, cancellable, task_done_cb));
  run_task (&result);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&result.error);
  procstream_waiters_complete (waiters, NULL);
  procstream_waiters_unref (waiters);
  g_main_context_unref (result.context);
}

/* Both at once: the task is completed once, whichever is first. */
static void
test_task_race (void)
{
  for (guint i = 0; i < 100; i++)
    {
      TaskResult         result = { g_main_context_new () };
      ProcstreamWaiters *waiters = procstream_waiters_new ();
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();

      procstream_waiters_add_task (waiters, make_task (&result, cancellable, task_done_cb));
      complete_elsewhere (waiters);
      g_cancellable_cancel (cancellable);
      run_task (&result);
      g_clear_error (&result.error);
      while (!procstream_waiters_is_complete (waiters))
        wait_here (waiters, result.context, -1, NULL, NULL);
      procstream_waiters_unref (waiters);
      g_main_context_unref (result.context);
    }
}

static void
pointer_done_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  TaskResult *self = user_data;

  self->n_called++;
  self->callback_thread = g_thread_self ();
  self->pointer = g_task_propagate_pointer (G_TASK (result), &self->error);
}

static gboolean
return_pointer_cb (gpointer data)
{
  procstream_task_return_pointer (data, g_strdup ("value"), g_free);
  return G_SOURCE_REMOVE;
}

static void
test_task_pointer (void)
{
  TaskResult result = { g_main_context_new () };

  procstream_io_thread_invoke (return_pointer_cb, make_task (&result, NULL, pointer_done_cb), NULL);
  run_task (&result);
  g_assert_cmpstr (result.pointer, ==, "value");
  g_free (result.pointer);
  g_main_context_unref (result.context);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/waiters/owner", test_owner);
  g_test_add_func ("/waiters/delivers", test_delivers);
  g_test_add_func ("/waiters/timeout", test_timeout);
  g_test_add_func ("/waiters/endless-timeout", test_endless_timeout);
  g_test_add_func ("/waiters/error", test_error);
  g_test_add_func ("/waiters/cancelled", test_cancelled);
  g_test_add_func ("/waiters/cancelled-handler", test_cancelled_handler);
  g_test_add_func ("/waiters/other-threads", test_other_threads);
  g_test_add_func ("/waiters/owner-without-context", test_owner_without_context);
  g_test_add_func ("/waiters/thousand", test_thousand);
  g_test_add_func ("/waiters/task", test_task);
  g_test_add_func ("/waiters/task/error", test_task_error);
  g_test_add_func ("/waiters/task/cancelled", test_task_cancelled);
  g_test_add_func ("/waiters/task/race", test_task_race);
  g_test_add_func ("/waiters/task/pointer", test_task_pointer);
  return g_test_run ();
}
