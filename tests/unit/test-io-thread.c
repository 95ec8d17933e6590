/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-io-thread-private.h"

#include <signal.h>

typedef struct
{
  GMutex   mutex;
  GCond    cond;
  guint    n_run;
  guint    n_destroyed;
  gboolean current;
  gboolean nested_at_once;
  gboolean sigpipe_blocked;
  gboolean default_context;
  gboolean foreign_destroy;
  GString *order;
} Shared;

static void
destroyed_cb (gpointer data)
{
  Shared *shared = data;

  g_mutex_lock (&shared->mutex);
  shared->foreign_destroy |= !procstream_io_thread_is_current ();
  shared->n_destroyed++;
  g_cond_broadcast (&shared->cond);
  g_mutex_unlock (&shared->mutex);
}

static gboolean
count_cb (gpointer data)
{
  Shared *shared = data;

  g_mutex_lock (&shared->mutex);
  shared->n_run++;
  g_mutex_unlock (&shared->mutex);
  return G_SOURCE_CONTINUE; /* ignored */
}

static gboolean
look_cb (gpointer data)
{
  Shared  *shared = data;
  sigset_t mask;
  guint    before = shared->n_run;

  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  shared->current = procstream_io_thread_is_current ();
  shared->sigpipe_blocked = sigismember (&mask, SIGPIPE);
  shared->default_context = g_main_context_get_thread_default () == procstream_io_thread_get_context ();
  procstream_io_thread_invoke (count_cb, shared, NULL);
  shared->nested_at_once = shared->n_run == before + 1;
  return G_SOURCE_REMOVE;
}

static void
wait_destroyed (Shared *shared,
                guint   n)
{
  g_mutex_lock (&shared->mutex);
  while (shared->n_destroyed < n)
    g_cond_wait (&shared->cond, &shared->mutex);
  g_mutex_unlock (&shared->mutex);
}

static void
test_invoke (void)
{
  Shared shared = { 0 };

  g_assert_false (procstream_io_thread_is_current ());
  procstream_io_thread_invoke (look_cb, &shared, destroyed_cb);
  wait_destroyed (&shared, 1);
  g_assert_true (shared.current);
  g_assert_true (shared.sigpipe_blocked);
  g_assert_true (shared.default_context);
  g_assert_true (shared.nested_at_once);
  g_assert_false (shared.foreign_destroy);
  g_assert_false (g_main_context_acquire (procstream_io_thread_get_context ()));
}

static gpointer
invoke_many (gpointer data)
{
  for (guint i = 0; i < 1000; i++)
    procstream_io_thread_invoke (count_cb, data, destroyed_cb);
  return NULL;
}

static void
test_many (void)
{
  Shared   shared = { 0 };
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("invoke", invoke_many, &shared);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  wait_destroyed (&shared, 3000);
  g_assert_cmpuint (shared.n_run, ==, 3000);
  g_assert_false (shared.foreign_destroy);
}

static gboolean
note_cb (gpointer data)
{
  g_string_append_c (((gpointer *) data)[0], GPOINTER_TO_INT (((gpointer *) data)[1]));
  return G_SOURCE_REMOVE;
}

static void
test_order (void)
{
  Shared   shared = { .order = g_string_new (NULL) };
  gpointer notes[26][2];

  for (int i = 0; i < 26; i++)
    {
      notes[i][0] = shared.order;
      notes[i][1] = GINT_TO_POINTER ('a' + i);
      procstream_io_thread_invoke (note_cb, notes[i], NULL);
    }
  procstream_io_thread_invoke (count_cb, &shared, destroyed_cb);
  wait_destroyed (&shared, 1);
  g_assert_cmpstr (shared.order->str, ==, "abcdefghijklmnopqrstuvwxyz");
  g_string_free (shared.order, TRUE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/io-thread/invoke", test_invoke);
  g_test_add_func ("/io-thread/many", test_many);
  g_test_add_func ("/io-thread/order", test_order);
  return g_test_run ();
}
