/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-store-private.h"

#include "test-utils.h"

#include <string.h>

/* The store is compared with a queue of copies, on random histories. */

typedef struct
{
  GBytes              *bytes;
  ProcstreamStoredLine line;
} Line;

static void
line_free (gpointer data)
{
  g_bytes_unref (((Line *) data)->bytes);
  g_free (data);
}

typedef struct
{
  ProcstreamLineStore *store;
  GPtrArray           *lines; /* of Line: all that are in it */
  guint64              first;
} Side;

static void
side_init (Side   *self,
           guint64 first)
{
  self->store = procstream_line_store_new (first);
  self->lines = g_ptr_array_new_with_free_func (line_free);
  self->first = first;
}

static void
side_clear (Side *self)
{
  procstream_line_store_free (self->store);
  g_ptr_array_unref (self->lines);
}

static gsize
random_size (GRand *random)
{
  switch (g_rand_int_range (random, 0, 20))
    {
    case 0:
      return 0;
    case 1:
      return g_rand_int_range (random, 1000, 200000);
    default:
      return g_rand_int_range (random, 0, 150);
    }
}

static void
append (Side  *self,
        GRand *random)
{
  gsize   size = random_size (random);
  guint8 *data = g_malloc (size + 1);
  Line   *line = g_new0 (Line, 1);

  memset (data, g_rand_int (random), size);
  line->bytes = g_bytes_new_take (data, size);
  line->line = (ProcstreamStoredLine){
    .data = size > 0 ? data : NULL,
    .size = size,
    .number = g_rand_int_range (random, 0, 50) == 0 ? (guint64) 1 << 40 : (guint64) g_rand_int_range (random, 0, 100),
    .time_us = g_rand_int_range (random, 0, 50) == 0 ? G_MAXINT64 / 2 : g_rand_int_range (random, -100, 100),
    .stream = g_rand_int_range (random, 0, 3),
    .end = g_rand_int_range (random, 0, 3),
    .is_gap = g_rand_boolean (random),
  };
  g_ptr_array_add (self->lines, line);
  procstream_line_store_append (self->store, &line->line);
}

static void
drop (Side   *self,
      guint64 n)
{
  procstream_line_store_drop_first (self->store, n);
  if (n > 0)
    g_ptr_array_remove_range (self->lines, 0, n);
  self->first += n;
}

/* Lines of a size of 0 go as long as there are too many bytes before them only. */
static void
trim (Side  *self,
      GRand *random)
{
  guint64 max_lines = g_rand_int_range (random, 0, self->lines->len + 2);
  guint64 max_bytes = g_rand_int_range (random, 0, procstream_line_store_get_bytes (self->store) + 2);
  guint   n = 0;
  guint64 bytes = procstream_line_store_get_bytes (self->store);

  for (; self->lines->len - n > max_lines || bytes > max_bytes; n++)
    bytes -= g_bytes_get_size (((Line *) g_ptr_array_index (self->lines, n))->bytes);
  g_assert_cmpuint (procstream_line_store_trim (self->store, max_lines, max_bytes), ==, n);
  if (n > 0)
    g_ptr_array_remove_range (self->lines, 0, n);
  self->first += n;
}

static void
assert_same (const ProcstreamStoredLine *is,
             const Line                 *expected)
{
  g_assert_cmpmem (is->data, is->size, g_bytes_get_data (expected->bytes, NULL), g_bytes_get_size (expected->bytes));
  g_assert_cmpuint (is->number, ==, expected->line.number);
  g_assert_cmpint (is->time_us, ==, expected->line.time_us);
  g_assert_cmpuint (is->stream, ==, expected->line.stream);
  g_assert_cmpint (is->end, ==, expected->line.end);
  g_assert_cmpint (is->is_gap, ==, expected->line.is_gap);
}

static void
compare (Side  *self,
         GRand *random)
{
  ProcstreamStoredLine line;
  guint64              bytes = 0;

  g_assert_cmpuint (procstream_line_store_get_first (self->store), ==, self->first);
  g_assert_cmpuint (procstream_line_store_get_end (self->store), ==, self->first + self->lines->len);
  for (guint i = 0; i < self->lines->len; i++)
    bytes += g_bytes_get_size (((Line *) g_ptr_array_index (self->lines, i))->bytes);
  g_assert_cmpuint (procstream_line_store_get_bytes (self->store), ==, bytes);
  g_assert_false (procstream_line_store_lookup (self->store, self->first - 1, &line));
  g_assert_false (procstream_line_store_lookup (self->store, self->first + self->lines->len, &line));
  for (guint i = 0; self->lines->len > 0 && i < 10; i++)
    {
      guint at = g_rand_int_range (random, 0, self->lines->len);

      g_assert_true (procstream_line_store_lookup (self->store, self->first + at, &line));
      assert_same (&line, g_ptr_array_index (self->lines, at));
    }
}

static void
take (Side *self,
      Side *other)
{
  GPtrArray *lines = other->lines;

  procstream_line_store_take (self->store, other->store);
  if (self->lines->len == 0)
    self->first = other->first;
  other->first += lines->len;
  for (guint i = 0; i < lines->len; i++)
    g_ptr_array_add (self->lines, g_ptr_array_index (lines, i));
  other->lines = g_ptr_array_new_with_free_func (line_free);
  g_ptr_array_set_free_func (lines, NULL);
  g_ptr_array_unref (lines);
}

/* Lines go through one store into the other, as those of a model do. */
static void
run (guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  Side sides[2];
  int  n = g_rand_int_range (random, 10, 200);

  side_init (&sides[0], 1000);
  side_init (&sides[1], 1000);
  for (int i = 0; i < n; i++)
    {
      Side *side = &sides[g_rand_int_range (random, 0, 2)];
      int   what = g_rand_int_range (random, 0, 10);

      if (what < 5)
        for (int j = g_rand_int_range (random, 1, 100); j > 0; j--)
          append (&sides[0], random);
      else if (what < 7 && (side == &sides[1] || sides[1].lines->len == 0))
        drop (side, g_rand_int_range (random, 0, side->lines->len + 1));
      else if (what == 7)
        trim (&sides[1], random);
      else
        take (&sides[1], &sides[0]);
      compare (&sides[0], random);
      compare (&sides[1], random);
    }
  side_clear (&sides[0]);
  side_clear (&sides[1]);
}

static void
test_random (void)
{
  guint32 count = g_getenv ("PROCSTREAM_TEST_VALGRIND") ? 4 : 60;

  for (guint32 seed = 1; seed <= count; seed++)
    run (seed);
}

static void
append_text (ProcstreamLineStore *store,
             const char          *text)
{
  procstream_line_store_append (store, &(ProcstreamStoredLine){ .data = (const guint8 *) text,
                                                                .size = strlen (text),
                                                                .time_us = 12345,
                                                                .number = procstream_line_store_get_end (store) });
}

/* 16 bytes for a line, and a little for a block. */
static void
assert_memory (ProcstreamLineStore *store)
{
  guint64 n = procstream_line_store_get_end (store) - procstream_line_store_get_first (store);
  guint64 least = procstream_line_store_get_bytes (store) + n * 16;

  g_assert_cmpuint (procstream_line_store_get_memory (store), >=, least);
  g_assert_cmpuint (procstream_line_store_get_memory (store), <, least + least / 50 + 65536);
}

static void
test_memory (void)
{
  const char *texts[] = { "", "x", "a line of a log, of about eighty bytes, as they are seen in logs again and again" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      ProcstreamLineStore *store = procstream_line_store_new (0);

      for (guint n = 0; n < 100000; n++)
        append_text (store, texts[i]);
      assert_memory (store);
      procstream_line_store_drop_first (store, 99999);
      g_assert_cmpuint (procstream_line_store_get_memory (store), <, 2 * 65536);
      procstream_line_store_drop_first (store, 1);
      g_assert_cmpuint (procstream_line_store_get_memory (store), <, 8192);
      procstream_line_store_free (store);
    }
}

/* Many small deliveries, and some that fill a block and a half, do not leave the blocks half empty. */
static void
test_memory_of_deliveries (void)
{
  ProcstreamLineStore *store = procstream_line_store_new (0);

  for (guint i = 0; i < 300; i++)
    {
      ProcstreamLineStore *delivery = procstream_line_store_new (procstream_line_store_get_end (store));

      for (guint n = i % 3 == 0 ? 1500 : i % 7; n > 0; n--)
        append_text (delivery, "a line of a log, of about fifty bytes, or so, .....");
      procstream_line_store_take (store, delivery);
      g_assert_cmpuint (procstream_line_store_get_bytes (delivery), ==, 0);
      procstream_line_store_free (delivery);
    }
  g_assert_cmpuint (procstream_line_store_get_memory (store), <,
                    (procstream_line_store_get_bytes (store) + procstream_line_store_get_end (store) * 16) / 3 * 4 + 65536);
  procstream_line_store_free (store);
}

static gpointer
read_snapshot (gpointer data)
{
  ProcstreamLineSnapshot *snapshot = data;
  ProcstreamStoredLine    line;
  guint64                 end = procstream_line_snapshot_get_end (snapshot);

  for (guint64 id = procstream_line_snapshot_get_first (snapshot); id < end; id++)
    {
      g_assert_true (procstream_line_snapshot_lookup (snapshot, id, &line));
      g_assert_cmpmem (line.data, line.size, "some text", strlen ("some text"));
      g_assert_cmpuint (line.number, ==, id);
    }
  g_assert_false (procstream_line_snapshot_lookup (snapshot, end, &line));
  procstream_line_snapshot_free (snapshot);
  return NULL;
}

/* Another thread reads it while the store changes, and goes. */
static void
test_snapshot (void)
{
  ProcstreamLineStore *store = procstream_line_store_new (5);
  GThread             *threads[20];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      for (guint n = 0; n < 500; n++)
        append_text (store, "some text");
      threads[i] = g_thread_new ("reader", read_snapshot, procstream_line_store_snapshot (store));
      for (guint n = 0; n < 500; n++)
        append_text (store, "some text");
      procstream_line_store_drop_first (store, 700);
    }
  procstream_line_store_free (store);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/line-store/random", test_random);
  g_test_add_func ("/line-store/memory", test_memory);
  g_test_add_func ("/line-store/memory-of-deliveries", test_memory_of_deliveries);
  g_test_add_func ("/line-store/snapshot", test_snapshot);
  return g_test_run ();
}
