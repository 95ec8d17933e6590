/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-write-batch-private.h"

#include <string.h>

#define MAX_VECTORS 8

static ProcstreamChunk *
make_chunk (const char *text)
{
  return procstream_chunk_new_copy (text, strlen (text), 0);
}

static void
add_chunk (ProcstreamWriteBatch *batch,
           const char           *text)
{
  ProcstreamChunk *chunk = make_chunk (text);

  procstream_write_batch_add_chunk (batch, chunk);
  procstream_chunk_unref (chunk);
}

static void
add_text (ProcstreamWriteBatch *batch,
          const char           *text)
{
  procstream_write_batch_add_text (batch, text, strlen (text));
}

static void
assert_vectors (ProcstreamWriteBatch *batch,
                gsize                 end,
                guint                 max,
                const char           *expected) /* with a "|" between */
{
  GOutputVector vectors[MAX_VECTORS];
  guint         n = procstream_write_batch_get_vectors (batch, end, vectors, max);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append_c (text, '|');
      g_string_append_len (text, vectors[i].buffer, vectors[i].size);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* Chunks stay where they are, text lies together. */
static void
test_vectors (void)
{
  ProcstreamWriteBatch batch;
  ProcstreamChunk     *chunk = make_chunk ("chunk");
  GOutputVector        vector;

  procstream_write_batch_init (&batch);
  procstream_write_batch_add_chunk (&batch, chunk);
  g_assert_cmpuint (procstream_write_batch_get_vectors (&batch, 5, &vector, 1), ==, 1);
  g_assert_true (vector.buffer == chunk->data);
  add_text (&batch, "a");
  add_text (&batch, "bc");
  procstream_write_batch_end_item (&batch);
  add_chunk (&batch, "more");
  assert_vectors (&batch, batch.size, MAX_VECTORS, "chunk|abc|more");
  assert_vectors (&batch, 7, MAX_VECTORS, "chunk|ab");
  assert_vectors (&batch, batch.size, 2, "chunk|abc");
  procstream_write_batch_advance (&batch, 3);
  assert_vectors (&batch, batch.size, MAX_VECTORS, "nk|abc|more");
  procstream_write_batch_advance (&batch, 2);
  assert_vectors (&batch, batch.size, MAX_VECTORS, "abc|more");
  procstream_write_batch_advance (&batch, 7);
  assert_vectors (&batch, batch.size, MAX_VECTORS, "");
  g_assert_cmpuint (procstream_write_batch_get_left (&batch), ==, 0);
  procstream_write_batch_reset (&batch);
  g_assert_true (g_atomic_ref_count_compare (&chunk->ref_count, 1));
  procstream_chunk_unref (chunk);
  add_text (&batch, "again");
  assert_vectors (&batch, batch.size, MAX_VECTORS, "again");
  procstream_write_batch_clear (&batch);
}

static void
test_items (void)
{
  ProcstreamWriteBatch batch;

  procstream_write_batch_init (&batch);
  add_chunk (&batch, "12345"); /* 0 to 5 */
  add_text (&batch, "67");
  add_text (&batch, "8");
  procstream_write_batch_end_item (&batch); /* to 8 */
  procstream_write_batch_end_item (&batch); /* nothing, so no item */
  add_text (&batch, "90");
  procstream_write_batch_end_item (&batch); /* to 10 */

  g_assert_cmpuint (procstream_write_batch_get_item_end (&batch), ==, 5);
  g_assert_cmpuint (procstream_write_batch_get_last_end (&batch, 4), ==, 0);
  g_assert_cmpuint (procstream_write_batch_get_last_end (&batch, 5), ==, 5);
  g_assert_cmpuint (procstream_write_batch_get_last_end (&batch, 9), ==, 8);
  g_assert_cmpuint (procstream_write_batch_get_last_end (&batch, 10), ==, 10);
  g_assert_cmpuint (procstream_write_batch_get_last_end (&batch, 99), ==, 10);
  g_assert_true (procstream_write_batch_is_at_item (&batch));
  procstream_write_batch_advance (&batch, 6);
  g_assert_false (procstream_write_batch_is_at_item (&batch));
  g_assert_cmpuint (procstream_write_batch_get_item_end (&batch), ==, 8);
  g_assert_cmpuint (procstream_write_batch_get_last_end (&batch, 7), ==, 6);
  procstream_write_batch_advance (&batch, 2);
  g_assert_true (procstream_write_batch_is_at_item (&batch));
  g_assert_cmpuint (procstream_write_batch_get_item_end (&batch), ==, 10);
  procstream_write_batch_clear (&batch);
}

/* Slices of a chunk that follow each other are one vector, and so is the space for text. */
static void
test_slices (void)
{
  ProcstreamWriteBatch batch;
  ProcstreamChunk     *chunk = make_chunk ("0123456789");

  procstream_write_batch_init (&batch);
  procstream_write_batch_add_slice (&batch, chunk, 0, 3);
  procstream_write_batch_end_item (&batch);
  procstream_write_batch_add_slice (&batch, chunk, 3, 2);
  procstream_write_batch_end_item (&batch);
  procstream_write_batch_add_slice (&batch, chunk, 6, 2);
  memcpy (procstream_write_batch_add_space (&batch, 2), "ab", 2);
  memcpy (procstream_write_batch_add_space (&batch, 1), "c", 1);
  procstream_write_batch_add_slice (&batch, chunk, 8, 2);
  assert_vectors (&batch, batch.size, MAX_VECTORS, "01234|67|abc|89");
  g_assert_cmpuint (procstream_write_batch_get_item_end (&batch), ==, 3);
  procstream_write_batch_clear (&batch);
  g_assert_true (g_atomic_ref_count_compare (&chunk->ref_count, 1));
  procstream_chunk_unref (chunk);
}

/* Where nobody asks for items there is one. */
static void
test_whole (void)
{
  ProcstreamWriteBatch batch;

  procstream_write_batch_init (&batch);
  batch.whole = TRUE;
  add_chunk (&batch, "12345");
  add_chunk (&batch, "678");
  g_assert_cmpuint (procstream_write_batch_get_item_end (&batch), ==, 8);
  procstream_write_batch_clear (&batch);
}

/* What a slow disk keeps in memory besides the log is bounded. */
static void
test_full (void)
{
  ProcstreamWriteBatch batch;
  g_autofree char     *big = g_strnfill (PROCSTREAM_WRITE_BATCH_SIZE, 'x');

  procstream_write_batch_init (&batch);
  for (int i = 0; i < PROCSTREAM_WRITE_BATCH_PIECES; i++)
    {
      g_assert_false (procstream_write_batch_is_full (&batch));
      add_chunk (&batch, "x");
    }
  g_assert_true (procstream_write_batch_is_full (&batch));
  procstream_write_batch_reset (&batch);
  g_assert_false (procstream_write_batch_is_full (&batch));
  add_text (&batch, big);
  g_assert_true (procstream_write_batch_is_full (&batch));
  procstream_write_batch_clear (&batch);
}

/* Random items, written in random steps, against the bytes that they are. */
static void
test_random (void)
{
  for (int round = 0; round < 200; round++)
    {
      ProcstreamWriteBatch batch;
      g_autoptr (GString) model = g_string_new (NULL);
      g_autoptr (GString) written = g_string_new (NULL);

      procstream_write_batch_init (&batch);
      for (int i = g_test_rand_int_range (1, 30); i > 0; i--)
        {
          g_autofree char *text = g_strnfill (g_test_rand_int_range (1, 20), g_test_rand_int_range ('a', 'z'));

          g_string_append (model, text);
          if (g_test_rand_bit ())
            add_chunk (&batch, text);
          else
            add_text (&batch, text);
          if (g_test_rand_bit ())
            procstream_write_batch_end_item (&batch);
        }
      while (procstream_write_batch_get_left (&batch) > 0)
        {
          GOutputVector vectors[MAX_VECTORS];
          gsize         end = batch.done + g_test_rand_int_range (1, procstream_write_batch_get_left (&batch) + 1);
          guint         n = procstream_write_batch_get_vectors (&batch, end, vectors, MAX_VECTORS);
          gsize         size = g_test_rand_int_range (1, 1 + vectors[0].size);

          g_assert_cmpuint (n, >, 0);
          g_string_append_len (written, vectors[0].buffer, size);
          procstream_write_batch_advance (&batch, size);
        }
      g_assert_cmpstr (written->str, ==, model->str);
      procstream_write_batch_clear (&batch);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/write-batch/vectors", test_vectors);
  g_test_add_func ("/write-batch/items", test_items);
  g_test_add_func ("/write-batch/slices", test_slices);
  g_test_add_func ("/write-batch/whole", test_whole);
  g_test_add_func ("/write-batch/full", test_full);
  g_test_add_func ("/write-batch/random", test_random);
  return g_test_run ();
}
