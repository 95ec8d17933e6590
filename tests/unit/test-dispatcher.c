/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-dispatcher-private.h"
#include "procstream-dispatcher-record-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"
#include "procstream-poll-set-private.h"

#include "test-utils.h"

#include <unistd.h>

/* An item that hands out units of work, one letter per unit, as an emitter does. */
typedef struct _Work Work;
struct _Work
{
  GMainContext           *context;
  ProcstreamDispatchItem *item;
  int                     refs;  /* atomic */
  int                     units; /* atomic; -1: without end */
  gssize                  bytes_per_unit;
  char                    name;
  GString                *order;
  guint                   n_called; /* units */
  guint                   n_runs;
  gssize                  most_bytes;
  void (*action) (Work *self);
  Work *other;
};

static gpointer
work_ref (gpointer data)
{
  g_atomic_int_inc (&((Work *) data)->refs);
  return data;
}

static void
work_unref (gpointer data)
{
  g_atomic_int_add (&((Work *) data)->refs, -1);
}

static gboolean
work_cb (gpointer          data,
         ProcstreamBudget *budget)
{
  Work *self = data;

  g_assert_cmpint (g_atomic_int_get (&self->refs), >, 0);
  self->n_runs++;
  self->most_bytes = MAX (self->most_bytes, budget->bytes);
  while (g_atomic_int_get (&self->units) != 0)
    {
      if (g_atomic_int_get (&self->units) > 0)
        g_atomic_int_add (&self->units, -1);
      self->n_called++;
      budget->bytes -= self->bytes_per_unit;
      if (self->order)
        g_string_append_c (self->order, self->name);
      if (self->action)
        self->action (self);
      if (procstream_budget_spent (budget))
        return g_atomic_int_get (&self->units) != 0;
    }
  return FALSE;
}

static void
work_init (Work         *self,
           GMainContext *context,
           char          name,
           GString      *order)
{
  *self = (Work){ .context = context, .name = name, .order = order };
  self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, work_cb, self, work_ref, work_unref);
}

static void
work_post (Work *self,
           int   units)
{
  g_atomic_int_set (&self->units, units);
  procstream_dispatch_item_post (self->item);
}

static void
work_clear (Work *self)
{
  procstream_dispatch_item_free (self->item);
  g_assert_cmpint (self->refs, ==, 0);
}

static void
settle (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    ;
}

static void
test_post (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Work work;

  work_init (&work, context, 'a', NULL);
  g_assert_false (g_main_context_iteration (context, FALSE));
  work_post (&work, 1);
  procstream_dispatch_item_post (work.item);
  procstream_dispatch_item_post (work.item);
  settle (context);
  g_assert_cmpuint (work.n_runs, ==, 1);
  work_post (&work, 3);
  settle (context);
  g_assert_cmpuint (work.n_runs, ==, 2);
  g_assert_cmpuint (work.n_called, ==, 4);
  work_clear (&work);
}

/* One unit, and, twice, there is another at once. */
static gboolean
again_cb (gpointer          data,
          ProcstreamBudget *budget)
{
  Work *self = data;

  g_string_append_c (self->order, self->name);
  if (++self->n_called % 3 > 0)
    procstream_dispatch_item_post (self->item);
  return FALSE;
}

static gboolean
is_called_six_times (gpointer data)
{
  return ((Work *) data)->n_called == 6;
}

/* What would come again in the same iteration comes in the next, and nobody sleeps over it. */
static void
test_once (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GString) order = g_string_new (NULL);
  Work a, b;

  work_init (&b, context, 'b', order);
  a = (Work){ .context = context, .name = 'a', .order = order };
  a.item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, again_cb, &a, work_ref, work_unref);
  procstream_dispatch_item_set_once (a.item);
  procstream_dispatch_item_post (a.item);
  work_post (&b, 1);
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_assert_cmpstr (order->str, ==, "ab");
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_assert_cmpstr (order->str, ==, "aba");
  work_post (&b, 1);
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_assert_cmpstr (order->str, ==, "abaab");
  g_assert_false (g_main_context_iteration (context, FALSE));

  procstream_dispatch_item_post (a.item);
  g_assert_true (g_main_context_acquire (context));
  g_assert_true (procstream_dispatcher_run_until (context, is_called_six_times, &a, -1, NULL));
  g_main_context_release (context);
  g_assert_cmpstr (order->str, ==, "abaabaaa");
  work_clear (&a);
  work_clear (&b);
}

/* What the work of a source makes ready is handed out with it, not by the next iteration, unless it is less urgent. */
static void
test_enter_leave (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Work     urgent, idle;
  gpointer dispatcher;

  g_assert_null (procstream_dispatcher_enter (context));
  procstream_dispatcher_leave (NULL, G_PRIORITY_DEFAULT);
  work_init (&urgent, context, 'a', NULL);
  work_init (&idle, context, 'b', NULL);
  procstream_dispatch_item_set_priority (idle.item, G_PRIORITY_LOW);
  settle (context);

  dispatcher = procstream_dispatcher_enter (context);
  work_post (&urgent, 1);
  work_post (&idle, 1);
  g_assert_cmpuint (urgent.n_called, ==, 0);
  procstream_dispatcher_leave (dispatcher, G_PRIORITY_DEFAULT);
  g_assert_cmpuint (urgent.n_called, ==, 1);
  g_assert_cmpuint (idle.n_called, ==, 0);
  settle (context);
  g_assert_cmpuint (idle.n_called, ==, 1);

  /* From then on, what is posted wakes again. */
  work_post (&urgent, 1);
  settle (context);
  g_assert_cmpuint (urgent.n_called, ==, 2);
  work_clear (&urgent);
  work_clear (&idle);
}

/* A MiB in all and no more is handed out per iteration, however many items there are, and all get the same. */
static void
test_byte_budget (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Work  works[4];
  guint total = 0;

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    {
      work_init (&works[i], context, 'a', NULL);
      works[i].bytes_per_unit = 64 * 1024;
      work_post (&works[i], -1);
    }
  /* On a busy machine the time may be spent first, so there is no least. */
  for (guint n = 0; n < 10; n++)
    {
      guint before = total;

      g_assert_true (g_main_context_iteration (context, FALSE));
      total = 0;
      for (guint i = 0; i < G_N_ELEMENTS (works); i++)
        total += works[i].n_called;
      g_assert_cmpuint (total - before, >, 0);
      g_assert_cmpuint (total - before, <=, 16);
    }
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    {
      g_assert_cmpint (works[i].most_bytes, <=, 1024 * 1024);
      g_assert_cmpuint (works[i].n_called, >, 0);
      work_clear (&works[i]);
    }
}

static gboolean
count_cb (gpointer data)
{
  (*(guint *) data)++;
  return G_SOURCE_CONTINUE;
}

/* An item without an end stops when the time is over, and other sources have their turn in between. */
static void
test_time_budget (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) idle = g_idle_source_new ();
  Work  work;
  guint n_idle = 0;

  g_source_set_priority (idle, G_PRIORITY_DEFAULT);
  g_source_set_callback (idle, count_cb, &n_idle, NULL);
  g_source_attach (idle, context);
  work_init (&work, context, 'a', NULL);
  work_post (&work, -1);
  for (guint i = 1; i <= 5; i++)
    {
      g_assert_true (g_main_context_iteration (context, FALSE));
      g_assert_cmpuint (work.n_runs, >=, i);
      g_assert_cmpuint (n_idle, ==, i);
    }
  g_source_destroy (idle);
  work_clear (&work);
}

/* With items of equal appetite no one is served twice before the other. */
static void
test_fairness (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GString) order = g_string_new (NULL);
  Work works[3];

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    {
      work_init (&works[i], context, 'a' + i, order);
      works[i].bytes_per_unit = 2 * 1024 * 1024;
      work_post (&works[i], 3);
    }
  settle (context);
  g_assert_cmpstr (order->str, ==, "abcabcabc");
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    work_clear (&works[i]);
}

static void
test_priority (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GString) order = g_string_new (NULL);
  Work works[3];

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    work_init (&works[i], context, 'a' + i, order);
  procstream_dispatch_item_set_priority (works[0].item, G_PRIORITY_LOW);
  procstream_dispatch_item_set_priority (works[2].item, G_PRIORITY_HIGH);
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    work_post (&works[i], 1);
  settle (context);
  g_assert_cmpstr (order->str, ==, "cba");

  /* Queued, and then changed: it moves to its new place, and is still run once. */
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    work_post (&works[i], 1);
  procstream_dispatch_item_set_priority (works[0].item, G_PRIORITY_HIGH - 1);
  procstream_dispatch_item_set_priority (works[2].item, G_PRIORITY_LOW);
  settle (context);
  g_assert_cmpstr (order->str, ==, "cbaabc");
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    work_clear (&works[i]);
}

static void
lower_own (Work *self)
{
  self->action = NULL;
  procstream_dispatch_item_set_priority (self->item, G_PRIORITY_LOW);
}

static void
test_priority_while_running (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GString) order = g_string_new (NULL);
  Work a, b;

  work_init (&a, context, 'a', order);
  work_init (&b, context, 'b', order);
  a.bytes_per_unit = b.bytes_per_unit = 2 * 1024 * 1024;
  a.action = lower_own;
  work_post (&a, 2);
  work_post (&b, 2);
  settle (context);
  g_assert_cmpstr (order->str, ==, "abba");
  work_clear (&a);
  work_clear (&b);
}

static void
run_nested (Work *self)
{
  self->action = NULL;
  settle (self->context);
  g_assert_false (g_main_context_pending (self->context));
}

/* A handler that runs the main loop gets what it would have handed out next, and that of others; and then the loop is idle. */
static void
test_recursion (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GString) order = g_string_new (NULL);
  Work a, b;

  work_init (&a, context, 'a', order);
  work_init (&b, context, 'b', order);
  a.action = run_nested;
  work_post (&a, 3);
  work_post (&b, 1);
  settle (context);
  g_assert_cmpuint (a.n_called, ==, 3);
  g_assert_cmpuint (b.n_called, ==, 1);
  work_clear (&a);
  work_clear (&b);
}

static gpointer
post_other (gpointer data)
{
  work_post (data, 1);
  return NULL;
}

/* Blocks in a nested poll, with nothing ready: the post must wake it although the thread is in a slice. */
static void
block_nested (Work *self)
{
  g_autoptr (GThread) thread = NULL;

  self->action = NULL;
  settle (self->context);
  thread = g_thread_new ("post", post_other, self->other);
  while (self->other->n_called == 0)
    g_main_context_iteration (self->context, TRUE);
  g_thread_join (g_steal_pointer (&thread));
}

static void
test_recursion_wakes (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Work a, b;

  work_init (&a, context, 'a', NULL);
  work_init (&b, context, 'b', NULL);
  a.action = block_nested;
  a.other = &b;
  work_post (&a, 1);
  settle (context);
  g_assert_cmpuint (b.n_called, ==, 1);
  work_clear (&a);
  work_clear (&b);
}

static void
free_own (Work *self)
{
  procstream_dispatch_item_free (g_steal_pointer (&self->item));
}

/* What wakes a context, as its own poll sees it. */
typedef struct
{
  GMainContext *context;
  GPollFD       fds[4];
  int           n_fds;
  int           priority;
} Wakings;

static void
wakings_begin (Wakings      *self,
               GMainContext *context)
{
  int timeout;

  *self = (Wakings){ .context = context };
  g_assert_true (g_main_context_acquire (context));
  g_assert_false (g_main_context_prepare (context, &self->priority));
  self->n_fds = g_main_context_query (context, self->priority, &timeout, self->fds, G_N_ELEMENTS (self->fds));
  g_assert_cmpint (self->n_fds, <=, (int) G_N_ELEMENTS (self->fds));
}

static gboolean
wakings_come (Wakings *self,
              int      timeout_ms)
{
  return g_poll (self->fds, (guint) self->n_fds, timeout_ms) > 0;
}

static void
wakings_end (Wakings *self)
{
  g_main_context_check (self->context, self->priority, self->fds, self->n_fds);
  g_main_context_dispatch (self->context);
  g_main_context_release (self->context);
}

typedef struct
{
  Work     work;
  Wakings  wakings;
  gboolean take_back;
  gboolean woken_meanwhile;
} Piece;

static gboolean
piece_cb (gpointer data)
{
  Piece *self = data;

  work_post (&self->work, 1);
  if (self->take_back)
    work_clear (&self->work);
  self->woken_meanwhile = wakings_come (&self->wakings, 0);
  return G_SOURCE_REMOVE;
}

/* What a piece of work of the I/O thread makes ready wakes when that is over, and not before. */
static void
test_noted (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Piece piece = { .take_back = FALSE };

  work_init (&piece.work, context, 'a', NULL);
  settle (context);
  wakings_begin (&piece.wakings, context);
  procstream_io_thread_invoke (piece_cb, &piece, NULL);
  g_assert_true (wakings_come (&piece.wakings, -1));
  g_assert_false (piece.woken_meanwhile);
  wakings_end (&piece.wakings);
  settle (context);
  g_assert_cmpuint (piece.work.n_called, ==, 1);
  work_clear (&piece.work);
}

static gboolean
answer_cb (gpointer data)
{
  g_async_queue_push (data, data);
  return G_SOURCE_REMOVE;
}

/* What was taken back meanwhile wakes nobody, and its dispatcher need not be there any more. */
static void
test_noted_free (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncQueue) answers = g_async_queue_new ();
  Piece piece = { .take_back = TRUE };

  work_init (&piece.work, context, 'a', NULL);
  settle (context);
  wakings_begin (&piece.wakings, context);
  procstream_io_thread_invoke (piece_cb, &piece, NULL);
  /* Before it answers for the second time it has polled. */
  for (int i = 0; i < 2; i++)
    {
      procstream_io_thread_invoke (answer_cb, answers, NULL);
      g_async_queue_pop (answers);
    }
  g_assert_false (wakings_come (&piece.wakings, 0));
  wakings_end (&piece.wakings);
}

static void
test_free (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Work a, b;

  /* While queued. */
  work_init (&a, context, 'a', NULL);
  work_post (&a, 1);
  g_assert_cmpint (a.refs, ==, 1);
  work_clear (&a);
  settle (context);
  g_assert_cmpuint (a.n_called, ==, 0);

  /* While it runs, with more to do. */
  work_init (&a, context, 'a', NULL);
  work_init (&b, context, 'b', NULL);
  a.action = free_own;
  a.bytes_per_unit = 2 * 1024 * 1024;
  work_post (&a, 5);
  settle (context);
  g_assert_cmpuint (a.n_called, ==, 1);
  g_assert_cmpint (a.refs, ==, 0);
  work_clear (&b);
}

typedef struct
{
  GMutex mutex;
  Work   work;
  int    stop; /* atomic */
  int    n_posts;
} Swapped;

static gpointer
post_swapped (gpointer data)
{
  Swapped *swapped = data;

  while (!g_atomic_int_get (&swapped->stop))
    {
      g_mutex_lock (&swapped->mutex);
      work_post (&swapped->work, 1);
      swapped->n_posts++;
      g_mutex_unlock (&swapped->mutex);
    }
  return NULL;
}

/* The item is replaced, queued or running or not, while another thread posts whichever there is. */
static void
test_free_while_posting (void)
{
  GMainContext *context = g_main_context_new ();
  Swapped       swapped = { 0 };
  GThread      *thread;

  work_init (&swapped.work, context, 'a', NULL);
  thread = g_thread_new ("post", post_swapped, &swapped);
  for (guint i = 0; i < 500; i++)
    {
      ProcstreamDispatchItem *old;

      g_main_context_iteration (context, TRUE);
      g_mutex_lock (&swapped.mutex);
      old = swapped.work.item;
      swapped.work.item = procstream_dispatch_item_new (context, i % 3, work_cb, &swapped.work, work_ref, work_unref);
      procstream_dispatch_item_post (swapped.work.item);
      g_mutex_unlock (&swapped.mutex);
      procstream_dispatch_item_free (old);
    }
  g_atomic_int_set (&swapped.stop, TRUE);
  g_thread_join (thread);
  work_clear (&swapped.work);
  g_main_context_unref (context);
}

/* --- Blocking calls ----------------------------------------------------------------------------------------------------------- */

static gboolean
is_done_cb (gpointer data)
{
  return ((Work *) data)->n_called > 0;
}

static void
test_run_until_done (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) idle = g_idle_source_new ();
  Work     work;
  guint    n_idle = 0;
  GThread *thread;

  g_source_set_priority (idle, G_PRIORITY_HIGH);
  g_source_set_callback (idle, count_cb, &n_idle, NULL);
  g_source_attach (idle, context);
  work_init (&work, context, 'a', NULL);
  g_main_context_acquire (context);
  thread = g_thread_new ("post", post_other, &work);
  g_assert_true (procstream_dispatcher_run_until (context, is_done_cb, &work, -1, NULL));
  g_thread_join (thread);
  g_main_context_release (context);
  /* Only what is the library's is run. */
  g_assert_cmpuint (n_idle, ==, 0);
  g_source_destroy (idle);
  work_clear (&work);
}

static gboolean
never_cb (gpointer data)
{
  if (data)
    (*(guint *) data)++;
  return FALSE;
}

static void
test_run_until_timeout (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gint64 start = g_get_monotonic_time ();
  guint  n = 0;
  Work   work;

  work_init (&work, context, 'a', NULL);
  work_post (&work, 1);
  g_main_context_acquire (context);
  /* No time at all, and still what is ready is handed out. */
  g_assert_false (procstream_dispatcher_run_until (context, never_cb, NULL, 0, NULL));
  g_assert_cmpuint (work.n_called, ==, 1);
  g_assert_false (procstream_dispatcher_run_until (context, never_cb, &n, start + 50000, NULL));
  g_assert_cmpint (g_get_monotonic_time (), >=, start + 50000);
  g_assert_cmpuint (n, <, 10); /* it does not spin */
  g_main_context_release (context);
  work_clear (&work);
}

static void
cancel (gpointer data)
{
  g_cancellable_cancel (data);
}

/* A cancel wakes a wait that sleeps, whether that polls by itself or iterates the context. */
static void
test_run_until_cancelled (gconstpointer hold)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestInterruption *interruption;

  if (hold)
    procstream_dispatcher_hold_iterate (context);
  g_main_context_acquire (context);
  interruption = test_interrupt (cancel, cancellable);
  g_assert_false (procstream_dispatcher_run_until (context, never_cb, NULL, -1, cancellable));
  test_interruption_end (interruption);
  g_assert_false (procstream_dispatcher_run_until (context, never_cb, NULL, -1, cancellable));
  g_main_context_release (context);
  if (hold)
    procstream_dispatcher_release_iterate (context);
}

typedef struct
{
  GCancellable *cancellable;
  guint         cancel_at;
  guint         n_calls;
} CancelInCheck;

static gboolean
cancel_in_check_cb (gpointer data)
{
  CancelInCheck *self = data;

  if (++self->n_calls == self->cancel_at)
    g_cancellable_cancel (self->cancellable);
  return FALSE;
}

/* One that comes while it is awake, between two looks, is not slept over. */
static void
test_run_until_cancelled_awake (gconstpointer hold)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_acquire (context);
  if (hold)
    procstream_dispatcher_hold_iterate (context);
  for (guint i = 1; i <= 2; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      CancelInCheck check = { cancellable, i, 0 };

      g_assert_false (procstream_dispatcher_run_until (context, cancel_in_check_cb, &check, -1, cancellable));
      g_assert_cmpuint (check.n_calls, ==, 2);
    }
  if (hold)
    procstream_dispatcher_release_iterate (context);
  g_main_context_release (context);
}

static gboolean
post_cb (gpointer data)
{
  work_post (data, 1);
  return G_SOURCE_REMOVE;
}

static gpointer
hold_thread (gpointer data)
{
  procstream_dispatcher_hold_iterate (data);
  return NULL;
}

/* Whoever cancels a wait can come to wake it when that is over, and the context is gone. */
static void
test_wake_late (void)
{
  GMainContext *context = g_main_context_new ();
  Dispatcher   *dispatcher = procstream_dispatcher_use (context, TRUE);

  procstream_dispatcher_ref_memory (dispatcher);
  procstream_dispatcher_let_go (dispatcher);
  g_main_context_unref (context);
  procstream_dispatcher_wake (dispatcher);
  procstream_dispatcher_unref_memory (dispatcher);
}

/* What is waited for needs another source of the context; that becomes known in the middle of the wait. */
static void
test_hold_iterate (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) idle = g_idle_source_new ();
  GThread *thread;
  Work     work;

  work_init (&work, context, 'a', NULL);
  g_source_set_callback (idle, post_cb, &work, NULL);
  g_source_attach (idle, context);
  g_main_context_acquire (context);
  thread = g_thread_new ("hold", hold_thread, context);
  g_assert_true (procstream_dispatcher_run_until (context, is_done_cb, &work, -1, NULL));
  g_assert_false (procstream_dispatcher_run_until (context, never_cb, NULL, g_get_monotonic_time () + 20000, NULL));
  g_thread_join (thread);
  procstream_dispatcher_release_iterate (context);
  g_main_context_release (context);
  work_clear (&work);
}

static void
readable_cb (gpointer     data,
             GIOCondition condition)
{
  Work *self = data;

  work_post (self, 1);
}

static gpointer
write_thread (gpointer data)
{
  g_assert_cmpint (write (GPOINTER_TO_INT (data), "x", 1), ==, 1);
  return NULL;
}

/* The poll set of the context is served too: where the context itself reads, nobody else does. */
static void
test_run_until_reads (gconstpointer without_epoll)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamPollSet *set;
  ProcstreamWatch    watch;
  int                fds[2];
  Work               work;
  GThread           *thread;

  if (without_epoll)
    procstream_platform_disable (PROCSTREAM_FEATURE_EPOLL);
  work_init (&work, context, 'a', NULL);
  procstream_pipe_new (fds, NULL);
  set = procstream_poll_set_get (context);
  watch = procstream_poll_set_add (set, fds[0], G_IO_IN, readable_cb, &work, work_ref, work_unref);
  procstream_poll_set_arm (set, watch);
  g_main_context_acquire (context);
  thread = g_thread_new ("write", write_thread, GINT_TO_POINTER (fds[1]));
  g_assert_true (procstream_dispatcher_run_until (context, is_done_cb, &work, -1, NULL));
  g_thread_join (thread);
  g_main_context_release (context);
  procstream_poll_set_remove (set, watch);
  procstream_poll_set_unref (set);
  close (fds[0]);
  close (fds[1]);
  work_clear (&work);
  procstream_platform_enable (PROCSTREAM_FEATURE_EPOLL);
}

/* A source of ours whose work makes items ready: what it hands out itself and what the items' own source does are one slice. */
static void
ready_again_cb (gpointer     data,
                GIOCondition condition)
{
  work_post (data, -1);
}

static void
test_one_slice (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamPollSet *set;
  ProcstreamWatch    watch;
  Work               work;
  int                fds[2];

  work_init (&work, context, 'a', NULL);
  work.bytes_per_unit = 1024;
  g_assert_true (procstream_pipe_new (fds, NULL));
  set = procstream_poll_set_get (context);
  watch = procstream_poll_set_add (set, fds[0], G_IO_IN, ready_again_cb, &work, work_ref, work_unref);
  procstream_poll_set_arm (set, watch);
  g_assert_cmpint (write (fds[1], "x", 1), ==, 1);
  for (int i = 0; i < 10; i++)
    {
      work.n_called = 0;
      g_assert_true (g_main_context_iteration (context, FALSE));
      g_assert_cmpuint (work.n_called, <=, 1024);
      g_assert_cmpuint (work.n_called, >, 0);
    }
  procstream_poll_set_remove (set, watch);
  procstream_poll_set_unref (set);
  close (fds[0]);
  close (fds[1]);
  g_atomic_int_set (&work.units, 0);
  settle (context);
  work_clear (&work);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dispatcher/post", test_post);
  g_test_add_func ("/dispatcher/once", test_once);
  g_test_add_func ("/dispatcher/enter-leave", test_enter_leave);
  g_test_add_func ("/dispatcher/one-slice", test_one_slice);
  g_test_add_func ("/dispatcher/byte-budget", test_byte_budget);
  g_test_add_func ("/dispatcher/time-budget", test_time_budget);
  g_test_add_func ("/dispatcher/fairness", test_fairness);
  g_test_add_func ("/dispatcher/priority", test_priority);
  g_test_add_func ("/dispatcher/priority-while-running", test_priority_while_running);
  g_test_add_func ("/dispatcher/recursion", test_recursion);
  g_test_add_func ("/dispatcher/recursion-wakes", test_recursion_wakes);
  g_test_add_func ("/dispatcher/noted", test_noted);
  g_test_add_func ("/dispatcher/noted/free", test_noted_free);
  g_test_add_func ("/dispatcher/free", test_free);
  g_test_add_func ("/dispatcher/free-while-posting", test_free_while_posting);
  g_test_add_func ("/dispatcher/run-until", test_run_until_done);
  g_test_add_func ("/dispatcher/run-until/timeout", test_run_until_timeout);
  g_test_add_data_func ("/dispatcher/run-until/cancelled", NULL, test_run_until_cancelled);
  g_test_add_data_func ("/dispatcher/run-until/cancelled-iterating", "hold", test_run_until_cancelled);
  g_test_add_data_func ("/dispatcher/run-until/cancelled-awake", NULL, test_run_until_cancelled_awake);
  g_test_add_data_func ("/dispatcher/run-until/cancelled-awake-iterating", "hold", test_run_until_cancelled_awake);
  g_test_add_func ("/dispatcher/wake-late", test_wake_late);
  g_test_add_func ("/dispatcher/run-until/hold-iterate", test_hold_iterate);
  g_test_add_data_func ("/dispatcher/run-until/reads", NULL, test_run_until_reads);
  g_test_add_data_func ("/dispatcher/run-until/reads-without-epoll", "poll", test_run_until_reads);
  return g_test_run ();
}
