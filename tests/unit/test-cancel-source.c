/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-cancel-source-private.h"

#include "test-utils.h"

/* A thread that cancels, and is held in the middle of it. */
typedef struct
{
  GCancellable *cancellable;
  GThread      *thread;
  GMutex        mutex;
  GCond         cond;
  gboolean      entered;
  gboolean      released;
} Canceller;

static gboolean
count_cb (GCancellable *cancellable,
          gpointer      user_data)
{
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

static GSource *
make_source (GCancellable *cancellable,
             GMainContext *context,
             guint        *n_called)
{
  return procstream_cancel_source_new (cancellable, context, count_cb, n_called, NULL);
}

static void
gone_cb (gpointer user_data,
         GObject *object)
{
  *(gboolean *) user_data = TRUE;
}

/* What holds the cancellable, the source above all, is gone. */
static void
assert_last (GCancellable *cancellable)
{
  gboolean gone = FALSE;

  g_object_weak_ref (G_OBJECT (cancellable), gone_cb, &gone);
  g_object_unref (cancellable);
  g_assert_true (gone);
}

static void
test_cancel (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GCancellable *cancellable = g_cancellable_new ();
  guint         n_called = 0;
  GSource      *source = make_source (cancellable, context, &n_called);

  g_assert_false (g_main_context_iteration (context, FALSE));
  g_cancellable_cancel (cancellable);
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_assert_false (g_main_context_iteration (context, FALSE));
  g_assert_cmpuint (n_called, ==, 1);
  procstream_cancel_source_end (source);
  assert_last (cancellable);
}

static void
test_cancelled_before (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GCancellable *cancellable = g_cancellable_new ();
  guint         n_called = 0;
  GSource      *source;

  g_cancellable_cancel (cancellable);
  source = make_source (cancellable, context, &n_called);
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_assert_cmpuint (n_called, ==, 1);
  procstream_cancel_source_end (source);
  assert_last (cancellable);
}

static void
test_never (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GCancellable *cancellable = g_cancellable_new ();
  guint         n_called = 0;

  procstream_cancel_source_end (make_source (cancellable, context, &n_called));
  g_cancellable_cancel (cancellable);
  g_assert_false (g_main_context_iteration (context, FALSE));
  g_assert_cmpuint (n_called, ==, 0);
  assert_last (cancellable);
}

static void
hold_cb (GCancellable *cancellable,
         gpointer      user_data)
{
  Canceller *self = user_data;

  g_mutex_lock (&self->mutex);
  self->entered = TRUE;
  g_cond_broadcast (&self->cond);
  while (!self->released)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

static gpointer
cancel_thread (gpointer data)
{
  g_cancellable_cancel (((Canceller *) data)->cancellable);
  return NULL;
}

/* It ends while another thread is cancelling, before or after that came to its handler. */
static void
test_end_meanwhile (gconstpointer data)
{
  const gboolean handler_ran = GPOINTER_TO_INT (data);
  g_autoptr (GMainContext) context = g_main_context_new ();
  Canceller canceller = { .cancellable = g_cancellable_new () };
  guint     n_called = 0;
  GSource  *source = handler_ran ? make_source (canceller.cancellable, context, &n_called) : NULL;

  g_signal_connect (canceller.cancellable, "cancelled", G_CALLBACK (hold_cb), &canceller);
  if (!handler_ran)
    source = make_source (canceller.cancellable, context, &n_called);
  canceller.thread = g_thread_new ("cancel", cancel_thread, &canceller);
  g_mutex_lock (&canceller.mutex);
  while (!canceller.entered)
    g_cond_wait (&canceller.cond, &canceller.mutex);
  procstream_cancel_source_end (source);
  canceller.released = TRUE;
  g_cond_broadcast (&canceller.cond);
  g_mutex_unlock (&canceller.mutex);
  g_thread_join (canceller.thread);
  g_assert_false (g_main_context_iteration (context, FALSE));
  g_assert_cmpuint (n_called, ==, 0);
  assert_last (canceller.cancellable);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/cancel-source/cancel", test_cancel);
  g_test_add_func ("/cancel-source/cancelled-before", test_cancelled_before);
  g_test_add_func ("/cancel-source/never", test_never);
  g_test_add_data_func ("/cancel-source/end-meanwhile/before-the-handler", GINT_TO_POINTER (FALSE), test_end_meanwhile);
  g_test_add_data_func ("/cancel-source/end-meanwhile/after-the-handler", GINT_TO_POINTER (TRUE), test_end_meanwhile);
  return g_test_run ();
}
