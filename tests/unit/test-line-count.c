/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-count-private.h"

#include <string.h>

static void
test_small (void)
{
  static const struct
  {
    const char *text;
    guint64     feeds;
    guint64     lines;
  } cases[] = {
    { "", 0, 0 },
    { "a", 0, 1 },
    { "\n", 1, 1 },
    { "a\nb", 1, 2 },
    { "a\nb\n", 2, 2 },
    { "\r\n\r\n", 2, 2 },
    { "12345678\n\n\n\n\n\n\n\n9", 8, 9 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const guint8 *data = (const guint8 *) cases[i].text;

      g_assert_cmpuint (procstream_line_count_feeds (data, strlen (cases[i].text)), ==, cases[i].feeds);
      g_assert_cmpuint (procstream_line_count (data, strlen (cases[i].text)), ==, cases[i].lines);
    }
}

/* The neighbours of a line feed in the table of bytes, and what differs from it in the highest bit, are none. */
static void
test_every_byte (void)
{
  for (int before = 0; before < 256; before++)
    for (int byte = 0; byte < 256; byte++)
      {
        guint8 data[9];

        memset (data, before, sizeof data);
        data[3] = (guint8) byte;
        g_assert_cmpuint (procstream_line_count_feeds (data, 8), ==, 7 * (before == '\n') + (byte == '\n'));
      }
}

/* Longer than what one sum can hold, at each offset, with nothing read beyond the end. */
static void
test_long (void)
{
  const gsize        size = 8 * 255 * 3 + 5;
  g_autofree guint8 *data = g_malloc (size);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint64 expected = 0;

  memset (data, '\n', size);
  for (gsize offset = 0; offset < 9; offset++)
    g_assert_cmpuint (procstream_line_count_feeds (data + offset, size - offset), ==, size - offset);
  for (gsize i = 0; i < size; i++)
    {
      data[i] = g_rand_boolean (rand) ? '\n' : (guint8) g_rand_int (rand);
      expected += data[i] == '\n';
    }
  for (gsize offset = 0; offset < 9; offset++)
    {
      g_assert_cmpuint (procstream_line_count_feeds (data + offset, size - offset), ==, expected);
      expected -= data[offset] == '\n';
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/line-count/small", test_small);
  g_test_add_func ("/line-count/every-byte", test_every_byte);
  g_test_add_func ("/line-count/long", test_long);
  return g_test_run ();
}
