/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-filter-private.h"

#include <gio/gio.h>
#include <string.h>

/* Text in an encoding, cut at every place, is the same text. */

static ProcstreamLineFilter *
new_filter (const char *encoding,
            gboolean    strip_escapes)
{
  return procstream_line_filter_new (&(ProcstreamLineOptions){ .encoding = encoding, .strip_escapes = strip_escapes });
}

static void
push (ProcstreamLineFilter *filter,
      const char           *data,
      gsize                 size,
      GString              *out)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  gsize              out_size;
  const guint8      *text = procstream_line_filter_push (filter, copy, size, &out_size);

  g_string_append_len (out, (const char *) text, out_size);
}

static void
finish (ProcstreamLineFilter *filter,
        GString              *out)
{
  gsize         size;
  const guint8 *text = procstream_line_filter_finish (filter, &size);

  g_string_append_len (out, (const char *) text, size);
}

static void
assert_filtered (const char *encoding,
                 gboolean    strip_escapes,
                 const char *data,
                 gsize       size,
                 const char *expected,
                 guint64     invalid)
{
  for (gsize a = 0; a <= size; a++)
    for (gsize b = a; b <= size; b++)
      {
        ProcstreamLineFilter *filter = new_filter (encoding, strip_escapes);
        g_autoptr (GString) out = g_string_new (NULL);

        push (filter, data, a, out);
        push (filter, data + a, b - a, out);
        push (filter, data + b, size - b, out);
        finish (filter, out);
        g_assert_cmpstr (out->str, ==, expected);
        g_assert_cmpuint (procstream_line_filter_get_bytes_invalid (filter), ==, invalid);
        procstream_line_filter_free (filter);
      }
}

#define LITERAL(text) text, sizeof text - 1

static void
test_nothing_to_do (void)
{
  g_assert_null (new_filter (NULL, FALSE));
}

static void
test_encodings (void)
{
  assert_filtered ("ISO-8859-1", FALSE, LITERAL ("gr\374n\nx"), "gr\303\274n\nx", 0);
  assert_filtered ("UTF-16LE", FALSE, LITERAL ("a\0\n\0\254\040=\330\0\336"), "a\n\342\202\254\360\237\230\200", 0);
  assert_filtered ("UTF-16BE", FALSE, LITERAL ("\0a\0\n\040\254\330=\336\0"), "a\n\342\202\254\360\237\230\200", 0);
  /* With a mark at the beginning that tells the order. */
  assert_filtered ("UTF-16", FALSE, LITERAL ("\376\377\0a\0\n"), "a\n", 0);
  assert_filtered ("UTF-16", FALSE, LITERAL ("\377\376a\0\n\0"), "a\n", 0);
  assert_filtered ("UTF-32LE", FALSE, LITERAL ("a\0\0\0\0\366\001\0"), "a\360\237\230\200", 0);
  assert_filtered ("SHIFT_JIS", FALSE, LITERAL ("\223\372\n\226{"), "\346\227\245\n\346\234\254", 0);
  assert_filtered ("UTF-8", FALSE, LITERAL ("gr\303\274n"), "gr\303\274n", 0);
}

/* What is not valid is made valid, and counted. */
static void
test_invalid (void)
{
  assert_filtered ("UTF-8", FALSE, LITERAL ("a\377b\303"), "a\357\277\275b\357\277\275", 2);
  assert_filtered ("UTF-16LE", FALSE, LITERAL ("a\0\0\334b\0c"), "a\357\277\275b\357\277\275", 3);
  assert_filtered ("ASCII", FALSE, LITERAL ("a\200\201b"), "a\357\277\275\357\277\275b", 2);
}

/* First the encoding, then the sequences in it; with controls of eight bits, since it is known what they are. */
static void
test_both (void)
{
  assert_filtered (NULL, TRUE, LITERAL ("\033[1mbold\033[0m"), "bold", 0);
  assert_filtered ("UTF-16LE", TRUE, LITERAL ("\033\0[\0001\0m\0b\0"), "b", 0);
  assert_filtered ("ISO-8859-1", TRUE, LITERAL ("\2331mb\374\2330m"), "b\303\274", 0);
}

/* After a gap it knows where a character begins, and completes one that was cut in two. */
static void
test_gap (void)
{
  static const char text[] = "a\0b\0\254\040\n\0c\0\254\040d\0";
  const gsize       size = sizeof text - 1;

  for (gsize offset = 0; offset <= size; offset++)
    for (gsize known = 0; known <= offset; known++)
      {
        ProcstreamLineFilter *filter = new_filter ("UTF-16LE", FALSE);
        g_autoptr (GString) out = g_string_new (NULL);
        gsize            first = offset - known + (offset - known) % 2;
        g_autofree char *expected = g_convert (text + MIN (first, offset), size - MIN (first, offset), "UTF-8", "UTF-16LE", NULL, NULL, NULL);
        gsize            before_size;
        const guint8    *before;

        if (known == 0 && offset % 2)
          {
            /* Nothing is known of the other half. */
            procstream_line_filter_free (filter);
            continue;
          }
        push (filter, "x", 1, out);
        g_string_truncate (out, 0);
        before = procstream_line_filter_gap (filter, offset, (const guint8 *) text + offset - known, known, &before_size);
        g_string_append_len (out, (const char *) before, before_size);
        push (filter, text + offset, size - offset, out);
        finish (filter, out);
        if (first <= offset)
          {
            g_assert_cmpstr (out->str, ==, expected);
            g_assert_cmpuint (procstream_line_filter_get_bytes_invalid (filter), ==, 0);
          }
        procstream_line_filter_free (filter);
      }
}

static void
test_check (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_line_filter_check_encoding ("ISO-8859-1", &error));
  g_assert_no_error (error);
  g_assert_false (procstream_line_filter_check_encoding ("no-such-thing", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/line-filter/nothing-to-do", test_nothing_to_do);
  g_test_add_func ("/line-filter/encodings", test_encodings);
  g_test_add_func ("/line-filter/invalid", test_invalid);
  g_test_add_func ("/line-filter/both", test_both);
  g_test_add_func ("/line-filter/gap", test_gap);
  g_test_add_func ("/line-filter/check", test_check);
  return g_test_run ();
}
