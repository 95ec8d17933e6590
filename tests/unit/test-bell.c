/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-stream.h"
#include "test-utils.h"

#include "procstream-bell-private.h"

static int      n_calls;
static gpointer last_outer;

static void
advance_cb (gpointer outer)
{
  n_calls++;
  last_outer = outer;
}

static gpointer
ring_thread (gpointer data)
{
  procstream_bell_ring (data);
  return NULL;
}

static void
test_ring (void)
{
  g_autoptr (GObject) outer = g_object_new (G_TYPE_OBJECT, NULL);
  ProcstreamBell *bell = procstream_bell_new (g_main_context_default (), outer, advance_cb);

  n_calls = 0;
  g_thread_join (g_thread_new ("ring", ring_thread, bell));
  procstream_bell_ring (bell);
  g_assert_cmpint (n_calls, ==, 0);
  test_iterate ();
  /* Two rings before the context runs are one call. */
  g_assert_cmpint (n_calls, ==, 1);
  g_assert_true (last_outer == outer);
  procstream_bell_ring (bell);
  test_iterate ();
  g_assert_cmpint (n_calls, ==, 2);
  procstream_bell_close (bell);
  procstream_bell_unref (bell);
}

static void
test_close (void)
{
  g_autoptr (GObject) outer = g_object_new (G_TYPE_OBJECT, NULL);
  ProcstreamBell *bell = procstream_bell_new (g_main_context_default (), outer, advance_cb);

  n_calls = 0;
  procstream_bell_ring (bell);
  procstream_bell_close (bell);
  procstream_bell_ring (bell);
  test_iterate ();
  g_assert_cmpint (n_calls, ==, 0);
  procstream_bell_unref (bell);
}

/* What means nothing alone wakes nobody, and is seen when what it was waiting for has come. */
static void
test_awaited (void)
{
  g_autoptr (GObject) outer = g_object_new (G_TYPE_OBJECT, NULL);
  ProcstreamBell *bell = procstream_bell_new (g_main_context_default (), outer, advance_cb);

  n_calls = 0;
  procstream_bell_ring_awaited (bell);
  g_assert_false (g_main_context_pending (NULL));
  procstream_bell_await (bell);
  test_iterate ();
  g_assert_cmpint (n_calls, ==, 0);
  procstream_bell_ring_awaited (bell);
  test_iterate ();
  g_assert_cmpint (n_calls, ==, 1);
  procstream_bell_close (bell);
  procstream_bell_unref (bell);
}

/* Who holds the bell does not hold the outer object. */
static void
test_outer_gone (void)
{
  GObject        *outer = g_object_new (G_TYPE_OBJECT, NULL);
  ProcstreamBell *bell = procstream_bell_new (g_main_context_default (), outer, advance_cb);
  ProcstreamBell *held = procstream_bell_ref (bell);

  n_calls = 0;
  g_object_add_weak_pointer (outer, (gpointer *) &outer);
  procstream_bell_ring (bell);
  g_object_unref (outer);
  g_assert_null (outer);
  test_iterate ();
  g_assert_cmpint (n_calls, ==, 0);
  procstream_bell_close (bell);
  procstream_bell_unref (bell);
  procstream_bell_unref (held);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/bell/ring", test_ring);
  g_test_add_func ("/bell/close", test_close);
  g_test_add_func ("/bell/awaited", test_awaited);
  g_test_add_func ("/bell/outer-gone", test_outer_gone);
  return g_test_run ();
}
