/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-valid-text-private.h"

#include <string.h>

/* The text is what GLib would make of the same bytes. */
static void
check (const char *data,
       gsize       size)
{
  g_autofree char *expected = g_utf8_make_valid (data, (gssize) size);
  g_autofree char *text = procstream_valid_text_new (data, size);
  g_autoptr (GString) appended = g_string_new ("before");

  g_assert_cmpstr (text, ==, expected);
  procstream_valid_text_append (appended, data, size);
  g_assert_true (g_str_has_prefix (appended->str, "before"));
  g_assert_cmpstr (appended->str + strlen ("before"), ==, expected);
  g_assert_cmpuint (appended->len, ==, strlen (appended->str));
}

static void
test_nothing (void)
{
  g_autofree char *text = procstream_valid_text_new (NULL, 0);

  g_assert_cmpstr (text, ==, "");
  check ("", 0);
}

/* Each pair of bytes, between two that are letters and at the end. */
static void
test_pairs (void)
{
  for (guint first = 0; first < 256; first++)
    for (guint second = 0; second < 256; second++)
      {
        const char bytes[] = { 'a', (char) first, (char) second, 'z' };

        check (bytes, sizeof bytes);
        check (bytes, sizeof bytes - 1);
      }
}

/* Characters that are as long, or as high, as they may be, and just not any more; surrogates; each cut anywhere. */
static void
test_edges (void)
{
  const char *const edges[] = {
    "\302\200", "\337\277", "\340\237\277", "\340\240\200", "\355\237\277", "\355\240\200", "\355\277\277", "\356\200\200", "\357\277\277",
    "\360\217\277\277", "\360\220\200\200", "\364\217\277\277", "\364\220\200\200", "\365\200\200\200", "\370\210\200\200\200", "\301\277",
    "\357\277\275"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (edges); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (edges); j++)
      {
        g_autofree char *both = g_strconcat (edges[i], edges[j], NULL);

        for (gsize size = 0; size <= strlen (both); size++)
          check (both, size);
      }
}

/* Of few kinds, so that there are characters, and runs of what is none. */
static void
test_random (void)
{
  static const guint8 kinds[] = { 0, 'a', 'b', 0x80, 0xa0, 0xbf, 0xc3, 0xe2, 0xed, 0xf0, 0xf4, 0xff };
  char                bytes[200];

  for (guint round = 0; round < 20000; round++)
    {
      gsize size = (gsize) g_test_rand_int_range (0, sizeof bytes + 1);
      int   n_kinds = g_test_rand_int_range (1, G_N_ELEMENTS (kinds) + 1);

      for (gsize i = 0; i < size; i++)
        bytes[i] = (char) (round % 4 == 0 ? g_test_rand_int_range (0, 256) : kinds[g_test_rand_int_range (0, n_kinds)]);
      check (bytes, size);
    }
}

/* As a program that writes UTF-16, or a disk that is empty. */
static void
test_much (void)
{
  const gsize      size = 1024 * 1024;
  g_autofree char *bytes = g_malloc0 (size);

  check (bytes, size);
  for (gsize i = 0; i < size; i += 2)
    bytes[i] = 'a';
  check (bytes, size);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/valid-text/nothing", test_nothing);
  g_test_add_func ("/valid-text/pairs", test_pairs);
  g_test_add_func ("/valid-text/edges", test_edges);
  g_test_add_func ("/valid-text/random", test_random);
  g_test_add_func ("/valid-text/much", test_much);
  return g_test_run ();
}
