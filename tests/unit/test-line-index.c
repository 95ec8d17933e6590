/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-index-private.h"

#include <string.h>

/* The whole of each array is compared, so both must agree on what a byte-wise look finds. */
typedef struct
{
  GArray            *marked; /* of guint32 */
  ProcstreamLineMark mark;
  gboolean           ascii;
  gboolean           has_nul;
  gboolean           has_cr;
} Expected;

static void
expected_clear (Expected *self)
{
  g_clear_pointer (&self->marked, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Expected, expected_clear)

static void
look (Expected          *self,
      ProcstreamLineMark mark,
      const guint8      *data,
      gsize              size)
{
  *self = (Expected){ g_array_new (FALSE, FALSE, sizeof (guint32)), mark, TRUE, FALSE, FALSE };
  for (guint32 i = 0; i < size; i++)
    {
      if (procstream_line_mark_of_byte (data[i]) == mark || (mark == PROCSTREAM_LINE_MARK_CR_OR_LF && strchr ("\r\n", data[i]) && data[i]))
        g_array_append_val (self->marked, i);
      self->ascii &= data[i] < 0x80;
      self->has_nul |= data[i] == 0 && mark != procstream_line_mark_of_byte (0);
      self->has_cr |= data[i] == '\r';
    }
}

static void
assert_index (ProcstreamLineIndex *index,
              const Expected      *expected)
{
  g_assert_cmpuint (index->n_positions, ==, expected->marked->len);
  if (index->n_positions > 0)
    g_assert_cmpmem (index->positions, index->n_positions * sizeof (guint32), expected->marked->data, expected->marked->len * sizeof (guint32));
  g_assert_cmpuint (index->mark, ==, expected->mark);
  g_assert_cmpint (index->ascii, ==, expected->ascii);
  g_assert_cmpint (index->has_nul, ==, expected->has_nul);
  g_assert_cmpint (index->has_cr, ==, expected->has_cr);
  g_assert_cmpuint (procstream_line_index_get_memory (index), ==, sizeof (ProcstreamLineIndex) + index->n_positions * sizeof (guint32));
  procstream_line_index_free (index);
}

static void
check (const guint8 *data,
       gsize         size)
{
  static const ProcstreamLineMark marks[] = {
    PROCSTREAM_LINE_MARK_LF,
    PROCSTREAM_LINE_MARK_CR_OR_LF,
    PROCSTREAM_LINE_MARK_FIRST_BYTE, /* NUL */
    PROCSTREAM_LINE_MARK_FIRST_BYTE + '\r',
    PROCSTREAM_LINE_MARK_FIRST_BYTE + ' ',
    PROCSTREAM_LINE_MARK_FIRST_BYTE + 0xff,
  };

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      g_auto (Expected) expected = { 0 };

      look (&expected, marks[i], data, size);
      assert_index (procstream_line_index_new (data, size, marks[i]), &expected);
      assert_index (procstream_line_index_new_portable (data, size, marks[i]), &expected);
    }
}

static void
test_empty (void)
{
  check (NULL, 0);
  check ((const guint8 *) "\n", 0);
}

/* All of the values that are looked for, and those beside them, which the arithmetic on words could take for them. */
static void
test_single (void)
{
  guint8 data[200];

  for (guint value = 0; value < 256; value++)
    for (guint at = 0; at < sizeof data; at += value % 3 + 1)
      {
        memset (data, 'x', sizeof data);
        data[at] = value;
        check (data, sizeof data);
        check (data, at + 1);
        check (data, at);
      }
}

/* Of each size and alignment a copy of its own, so that a sanitizer sees a look beyond the end. */
static void
test_random (void)
{
  static const guint8 common[] = { '\n', '\n', '\r', 0, 0x80, 0xff, 0x0b, 0x09, 0x0c, 0x0e, 1, 'a', 'b', ' ', 0x7f, 0x8a, 0x8d };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  const guint max_size = g_getenv ("PROCSTREAM_TEST_VALGRIND") ? 140 : 300;

  for (guint size = 0; size <= max_size; size++)
    for (guint alignment = 0; alignment < 16; alignment++)
      {
        g_autofree guint8 *memory = g_malloc (alignment + size);
        guint              n_common = g_rand_int_range (random, 1, G_N_ELEMENTS (common) + 1);

        for (guint i = 0; i < size; i++)
          memory[alignment + i] = g_rand_int_range (random, 0, 4) == 0 ? common[g_rand_int_range (random, 0, n_common)] : 'x';
        check (memory + alignment, size);
      }
}

/* More line marked than have room on the stack, at all densities. */
static void
test_many (void)
{
  const gsize        size = 100001;
  g_autofree guint8 *data = g_malloc (size);

  for (guint distance = 1; distance < 200; distance = distance * 3 / 2 + 1)
    {
      for (gsize i = 0; i < size; i++)
        data[i] = i % distance == 0 ? '\n' : 'x';
      check (data, size);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/line-index/empty", test_empty);
  g_test_add_func ("/line-index/single", test_single);
  g_test_add_func ("/line-index/random", test_random);
  g_test_add_func ("/line-index/many", test_many);
  return g_test_run ();
}
