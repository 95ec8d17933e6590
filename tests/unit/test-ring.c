/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-ring-private.h"

#include <malloc.h>
#include <string.h>

/* A ring, and all that it should hold in the simplest form. */
typedef struct
{
  ProcstreamRing *ring;
  GByteArray     *model;
  guint64         limit;
  guint8          next; /* the bytes are numbered, so that each shows its place */
} Twins;

static void
twins_init (Twins  *self,
            guint64 limit)
{
  self->ring = procstream_ring_new (limit);
  self->model = g_byte_array_new ();
  self->limit = limit;
  self->next = 0;
}

static void
twins_clear (Twins *self)
{
  procstream_ring_free (self->ring);
  g_byte_array_unref (self->model);
}

/* What is there already stays in front. */
static void
twins_assert (Twins *self)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) "before", 6);
  procstream_ring_append_to (self->ring, bytes);
  g_assert_cmpmem (bytes->data, 6, "before", 6);
  g_assert_cmpmem (bytes->data + 6, bytes->len - 6, self->model->data, self->model->len);
  g_assert_cmpuint (procstream_ring_get_size (self->ring), ==, self->model->len);
  memset (bytes->data + 6, 0xff, bytes->len - 6);
  procstream_ring_copy_to (self->ring, bytes->data + 6);
  g_assert_cmpmem (bytes->data + 6, bytes->len - 6, self->model->data, self->model->len);
}

static guint8 *
twins_make (Twins *self,
            gsize  size)
{
  guint8 *data = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    data[i] = self->next++ % 251;
  return data;
}

static void
twins_push (Twins *self,
            gsize  size)
{
  g_autofree guint8 *data = twins_make (self, size);
  guint64            too_many;

  g_byte_array_append (self->model, data, size);
  too_many = self->model->len > self->limit ? self->model->len - self->limit : 0;
  if (too_many > 0)
    g_byte_array_remove_range (self->model, 0, too_many);
  g_assert_cmpuint (procstream_ring_push (self->ring, data, size), ==, too_many);
  twins_assert (self);
}

static void
twins_fill (Twins *self,
            gsize  size)
{
  g_autofree guint8 *data = twins_make (self, size);
  gsize              fits = MIN (size, self->limit - self->model->len);

  g_byte_array_append (self->model, data, fits);
  g_assert_cmpuint (procstream_ring_fill (self->ring, data, size), ==, fits);
  twins_assert (self);
}

/* The sizes at which something is doubled, wraps around, fills exactly or is passed over. */
static void
test_sizes (void)
{
  const guint64 limits[] = { 1, 2, 3, 7, 255, 256, 257, 300, 512, 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      const gsize sizes[] = { 0, 1, limits[i] / 2, limits[i] - 1, limits[i], limits[i] + 1, 2 * limits[i] + 3 };

      for (gsize j = 0; j < G_N_ELEMENTS (sizes); j++)
        for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++)
          {
            Twins twins;

            twins_init (&twins, limits[i]);
            twins_push (&twins, sizes[j]);
            twins_push (&twins, sizes[k]);
            twins_push (&twins, sizes[j]);
            twins_fill (&twins, sizes[k]);
            twins_clear (&twins);
          }
    }
}

/* A long life, in which the bytes begin at every place of the memory, before and after it has grown to the limit. */
static void
test_random (void)
{
  const guint64 limits[] = { 1, 5, 256, 700, 4096 };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      Twins twins;

      twins_init (&twins, limits[i]);
      for (int step = 0; step < 3000; step++)
        if (g_test_rand_int_range (0, 4) > 0)
          twins_push (&twins, g_test_rand_int_range (0, MAX (limits[i] / 3, 2)));
        else
          twins_fill (&twins, g_test_rand_int_range (0, 2 * limits[i]));
      twins_clear (&twins);
    }
}

/* What fills keeps the first, whatever comes after. */
static void
test_fill (void)
{
  ProcstreamRing *ring = procstream_ring_new (5);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_assert_cmpuint (procstream_ring_fill (ring, (const guint8 *) "abc", 3), ==, 3);
  g_assert_cmpuint (procstream_ring_fill (ring, (const guint8 *) "defg", 4), ==, 2);
  g_assert_cmpuint (procstream_ring_fill (ring, (const guint8 *) "h", 1), ==, 0);
  procstream_ring_append_to (ring, bytes);
  g_assert_cmpmem (bytes->data, bytes->len, "abcde", 5);
  procstream_ring_free (ring);
}

/* Memory is taken for what is there, not for what may come. */
static void
test_no_limit (void)
{
  Twins twins;

  twins_init (&twins, G_MAXUINT64);
  for (int i = 0; i < 20; i++)
    {
      twins_push (&twins, 100 * i);
      twins_fill (&twins, 10);
    }
  g_assert_cmpuint (twins.model->len, ==, 19200);
  twins_clear (&twins);
}

static gsize
count_memory (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

/* The limit is that of the memory, too, though it doubles. (An allocator that is not the C library's tells nothing.) */
static void
test_memory (void)
{
  const gsize      limit = 5 * 1024 * 1024;
  g_autofree char *data = g_malloc0 (limit);
  gsize            before = count_memory ();
  ProcstreamRing  *ring = procstream_ring_new (limit);

  for (gsize i = 0; i < 6; i++)
    procstream_ring_push (ring, (const guint8 *) data, 1000 * 1000);
  g_assert_cmpuint (count_memory () - before, <, limit + 64 * 1024);
  procstream_ring_free (ring);
}

/* What keeping the last bytes costs does not depend on how many are kept. */
static void
test_cost (void)
{
  const gsize limits[] = { 1000, 1024 * 1024, 8 * 1024 * 1024 };
  guint8      piece[16 * 1024] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      ProcstreamRing *ring = procstream_ring_new (limits[i]);
      guint64         pushed = 0;

      for (; pushed < 64 * 1024 * 1024; pushed += sizeof piece)
        procstream_ring_push (ring, piece, sizeof piece);
      /* Each byte once, and those that were there when it grew. */
      g_assert_cmpuint (procstream_ring_get_bytes_moved (ring), <=, pushed + limits[i]);
      procstream_ring_free (ring);
    }
}

static void
test_empty (void)
{
  ProcstreamRing *ring = procstream_ring_new (10);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_assert_cmpuint (procstream_ring_push (ring, NULL, 0), ==, 0);
  g_assert_cmpuint (procstream_ring_fill (ring, NULL, 0), ==, 0);
  procstream_ring_append_to (ring, bytes);
  g_assert_cmpuint (bytes->len, ==, 0);
  procstream_ring_free (ring);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ring/sizes", test_sizes);
  g_test_add_func ("/ring/random", test_random);
  g_test_add_func ("/ring/fill", test_fill);
  g_test_add_func ("/ring/no-limit", test_no_limit);
  g_test_add_func ("/ring/memory", test_memory);
  g_test_add_func ("/ring/cost", test_cost);
  g_test_add_func ("/ring/empty", test_empty);
  return g_test_run ();
}
