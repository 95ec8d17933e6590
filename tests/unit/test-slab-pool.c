/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-slab-pool-private.h"

#include <string.h>

#define MAX_FREE_BYTES (2 * 1024 * 1024)

static void
test_reuse (void)
{
  ProcstreamSlab *a, *b;
  guint8         *data;

  procstream_slab_pool_clear ();
  a = procstream_slab_new (1);
  data = a->data;
  g_assert_cmpuint (a->size, ==, PROCSTREAM_SLAB_SIZE);
  memset (a->data, 1, a->size);
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, 0);
  procstream_slab_unref (a);
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, PROCSTREAM_SLAB_SIZE);
  b = procstream_slab_new (PROCSTREAM_SLAB_SIZE);
  g_assert_true (b->data == data);
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, 0);
  procstream_slab_unref (b);
}

static void
test_shared (void)
{
  ProcstreamSlab *slab = procstream_slab_new (1);

  g_assert_false (procstream_slab_is_shared (slab));
  g_assert_true (procstream_slab_ref (slab) == slab);
  g_assert_true (procstream_slab_is_shared (slab));
  procstream_slab_unref (slab);
  g_assert_false (procstream_slab_is_shared (slab));
  procstream_slab_unref (slab);
}

/* Who reads much at once gets the same memory again, too; and never one of another size. */
static void
test_sizes (void)
{
  ProcstreamSlab *small, *big;
  guint8         *data;

  procstream_slab_pool_clear ();
  big = procstream_slab_new (PROCSTREAM_SLAB_SIZE + 1);
  g_assert_cmpuint (big->size, ==, 2 * PROCSTREAM_SLAB_SIZE);
  data = big->data;
  memset (data, 1, big->size);
  procstream_slab_unref (big);
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, 2 * PROCSTREAM_SLAB_SIZE);
  small = procstream_slab_new (PROCSTREAM_SLAB_SIZE);
  g_assert_cmpuint (small->size, ==, PROCSTREAM_SLAB_SIZE);
  procstream_slab_unref (small);
  big = procstream_slab_new (2 * PROCSTREAM_SLAB_SIZE);
  g_assert_true (big->data == data);
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, PROCSTREAM_SLAB_SIZE);
  procstream_slab_unref (big);
  procstream_slab_pool_clear ();
}

/* However many come back at once, little is kept: the last ones. */
static void
test_bounded (void)
{
  ProcstreamSlab *slabs[100];
  ProcstreamSlab *big;
  guint8         *last;

  procstream_slab_pool_clear ();
  big = procstream_slab_new (MAX_FREE_BYTES);
  g_assert_cmpuint (big->size, ==, MAX_FREE_BYTES);
  big->data[MAX_FREE_BYTES - 1] = 1;
  procstream_slab_unref (big);
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (slabs); i++)
    slabs[i] = procstream_slab_new (1);
  last = slabs[G_N_ELEMENTS (slabs) - 1]->data;
  for (guint i = 0; i < G_N_ELEMENTS (slabs); i++)
    procstream_slab_unref (slabs[i]);
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, MAX_FREE_BYTES);
  slabs[0] = procstream_slab_new (1);
  g_assert_true (slabs[0]->data == last);
  procstream_slab_unref (slabs[0]);

  /* Of another size: it makes itself room. */
  procstream_slab_unref (procstream_slab_new (MAX_FREE_BYTES / 2));
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, MAX_FREE_BYTES);
  procstream_slab_pool_clear ();
  g_assert_cmpuint (procstream_slab_pool_get_size (), ==, 0);
}

static gpointer
churn (gpointer data)
{
  for (guint i = 0; i < 1000; i++)
    {
      ProcstreamSlab *slab = procstream_slab_new (1);

      slab->data[0] = i;
      procstream_slab_unref (slab);
      procstream_slab_unref (procstream_slab_ref (data));
    }
  return NULL;
}

static void
test_threads (void)
{
  ProcstreamSlab *slab = procstream_slab_new (1);
  GThread        *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("churn", churn, slab);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_false (procstream_slab_is_shared (slab));
  procstream_slab_unref (slab);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slab-pool/reuse", test_reuse);
  g_test_add_func ("/slab-pool/shared", test_shared);
  g_test_add_func ("/slab-pool/sizes", test_sizes);
  g_test_add_func ("/slab-pool/bounded", test_bounded);
  g_test_add_func ("/slab-pool/threads", test_threads);
  return g_test_run ();
}
