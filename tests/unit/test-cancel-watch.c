/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-cancel-watch-private.h"

#include "test-utils.h"

typedef struct
{
  gint   n_called; /* atomic, as the others */
  gint   n_freed;
  gint   stays;
  gint   is_in;
  gulong watch;
} Watched;

static void
called_cb (gpointer data)
{
  Watched *self = data;

  g_atomic_int_inc (&self->n_called);
  g_atomic_int_set (&self->is_in, TRUE);
  while (g_atomic_int_get (&self->stays))
    g_thread_yield ();
}

static void
freed_cb (gpointer data)
{
  g_atomic_int_inc (&((Watched *) data)->n_freed);
}

static void
begin (Watched      *self,
       GCancellable *cancellable)
{
  self->watch = procstream_cancel_watch_begin (cancellable, called_cb, self, freed_cb);
}

static void
test_calls (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Watched first = { 0 }, ended = { 0 }, late = { 0 };

  begin (&first, cancellable);
  begin (&ended, cancellable);
  procstream_cancel_watch_end (cancellable, ended.watch);
  g_cancellable_cancel (cancellable);
  begin (&late, cancellable);
  g_assert_cmpint (first.n_called, ==, 1);
  g_assert_cmpint (ended.n_called, ==, 0);
  g_assert_cmpint (late.n_called, ==, 0);
  procstream_cancel_watch_end (cancellable, first.watch);
  procstream_cancel_watch_end (cancellable, late.watch);
  g_assert_cmpint (first.n_freed, ==, 1);
  g_assert_cmpint (ended.n_freed, ==, 1);
  g_assert_cmpint (late.n_freed, ==, 1);
}

static void
test_none (void)
{
  Watched watched = { 0 };

  begin (&watched, NULL);
  g_assert_cmpint (watched.n_freed, ==, 1);
  procstream_cancel_watch_end (NULL, watched.watch);
}

static gpointer
cancel_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

/* While its function runs in another thread, ending it waits for nothing, and what the function uses stays. */
static void
test_ends_within (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Watched  watched = { .stays = TRUE };
  GThread *thread;

  begin (&watched, cancellable);
  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  while (!g_atomic_int_get (&watched.is_in))
    g_thread_yield ();
  procstream_cancel_watch_end (cancellable, watched.watch);
  g_assert_cmpint (g_atomic_int_get (&watched.n_freed), ==, 0);
  g_atomic_int_set (&watched.stays, FALSE);
  g_thread_join (thread);
  g_assert_cmpint (watched.n_freed, ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/cancel-watch/calls", test_calls);
  g_test_add_func ("/cancel-watch/none", test_none);
  g_test_add_func ("/cancel-watch/ends-within", test_ends_within);
  return g_test_run ();
}
