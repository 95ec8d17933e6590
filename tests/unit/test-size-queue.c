/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-size-queue-private.h"

#include "test-utils.h"

static void
test_sizes (void)
{
  static const guint64 sizes[] = { 0, 1, 127, 128, 129, 16383, 16384, G_MAXUINT32, G_MAXUINT64 - 1, G_MAXUINT64 };
  ProcstreamSizeQueue  queue = { 0 };
  gsize                position = 0;
  guint64              size;

  g_assert_false (procstream_size_queue_next (&queue, &position, &size));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    procstream_size_queue_push (&queue, sizes[i]);
  g_assert_cmpuint (queue.length, ==, G_N_ELEMENTS (sizes));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_true (procstream_size_queue_next (&queue, &position, &size));
      g_assert_cmpuint (size, ==, sizes[i]);
    }
  g_assert_false (procstream_size_queue_next (&queue, &position, &size));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_cmpuint (procstream_size_queue_peek (&queue), ==, sizes[i]);
      g_assert_cmpuint (procstream_size_queue_pop (&queue), ==, sizes[i]);
    }
  g_assert_cmpuint (queue.length, ==, 0);
  g_assert_cmpuint (queue.used, ==, 0);
  procstream_size_queue_clear (&queue);
}

/* Against the obvious one, at every length, wrapped around or not. */
static void
test_random (void)
{
  ProcstreamSizeQueue queue = { 0 };
  GQueue              model = G_QUEUE_INIT;

  for (guint i = 0; i < 20000; i++)
    {
      guint32 size = g_test_rand_int_range (0, 32);

      size = g_test_rand_int_range (0, G_MAXINT32) >> size % 31;
      /* In turn it rather grows and rather shrinks. */
      if (model.length == 0 || g_test_rand_int_range (0, 10) < (i / 1000 % 2 ? 3 : 7))
        {
          procstream_size_queue_push (&queue, size);
          g_queue_push_tail (&model, GUINT_TO_POINTER (size));
        }
      else
        {
          g_assert_cmpuint (procstream_size_queue_pop (&queue), ==, GPOINTER_TO_UINT (g_queue_pop_head (&model)));
        }
      g_assert_cmpuint (queue.length, ==, model.length);
    }
  while (model.length > 0)
    g_assert_cmpuint (procstream_size_queue_pop (&queue), ==, GPOINTER_TO_UINT (g_queue_pop_head (&model)));
  procstream_size_queue_clear (&queue);
}

/* Small sizes take a byte each. */
static void
test_memory (void)
{
  ProcstreamSizeQueue queue = { 0 };

  for (guint i = 0; i < 1 << 20; i++)
    procstream_size_queue_push (&queue, i % 128);
  g_assert_cmpuint (queue.allocated, ==, 1 << 20);
  procstream_size_queue_clear (&queue);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/size-queue/sizes", test_sizes);
  g_test_add_func ("/size-queue/random", test_random);
  g_test_add_func ("/size-queue/memory", test_memory);
  return g_test_run ();
}
