/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-private.h"

#include <procstream/procstream.h>

#include <string.h>

static void
assert_line (const char *data,
             gsize       size,
             const char *text)
{
  g_autoptr (ProcstreamLine) line = procstream_line_new (data, size, 7, 42, "stdout", PROCSTREAM_LINE_END_SEPARATOR);

  g_assert_cmpstr (procstream_line_get_text (line), ==, text);
  g_assert_cmpmem (g_bytes_get_data (procstream_line_get_bytes (line), NULL), g_bytes_get_size (procstream_line_get_bytes (line)), data, size);
}

/* The text is repaired, the bytes are what they were. */
static void
test_text (void)
{
  assert_line ("", 0, "");
  assert_line (NULL, 0, "");
  assert_line ("plain", 5, "plain");
  assert_line ("gr\303\274n", 5, "gr\303\274n");
  assert_line ("a\377b", 3, "a\357\277\275b");
  assert_line ("a\0b", 3, "a\357\277\275b");
  assert_line ("\303", 1, "\357\277\275");
  /* Only so many bytes, whatever follows. */
  assert_line ("line\nnext", 4, "line");
}

typedef struct
{
  ProcstreamLineEnd end;
  gboolean          terminated;
  gboolean          cut;
} Ending;

/* Languages see properties: each says what its getter says. */
static void
test_properties (void)
{
  static const Ending endings[] = {
    { PROCSTREAM_LINE_END_SEPARATOR, TRUE, FALSE },
    { PROCSTREAM_LINE_END_LIMIT, FALSE, TRUE },
    { PROCSTREAM_LINE_END_OUTPUT, FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      char name[] = "stderr";
      char data[] = "one\377";
      g_autoptr (ProcstreamLine) line = procstream_line_new (data, 4, 3, 123456789, name, endings[i].end);
      g_autoptr (GBytes) bytes = NULL;
      g_autofree char *text = NULL;
      g_autofree char *stream = NULL;
      guint64          number;
      gint64           time_us;
      gboolean         terminated, cut;

      /* It is kept for longer than what it was made from. */
      memset (data, 'x', sizeof data);
      memset (name, 'x', sizeof name);
      g_object_get (line, "text", &text, "bytes", &bytes, "number", &number, "time-us", &time_us, "stream", &stream,
                    "terminated", &terminated, "cut", &cut, NULL);
      g_assert_cmpstr (text, ==, "one\357\277\275");
      g_assert_cmpstr (text, ==, procstream_line_get_text (line));
      g_assert_true (bytes == procstream_line_get_bytes (line));
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "one\377", 4);
      g_assert_cmpuint (number, ==, 3);
      g_assert_cmpuint (procstream_line_get_number (line), ==, 3);
      g_assert_cmpint (time_us, ==, 123456789);
      g_assert_cmpint (procstream_line_get_time_us (line), ==, 123456789);
      g_assert_cmpstr (stream, ==, "stderr");
      g_assert_cmpstr (procstream_line_get_stream (line), ==, "stderr");
      g_assert_cmpint (terminated, ==, endings[i].terminated);
      g_assert_cmpint (procstream_line_get_terminated (line), ==, endings[i].terminated);
      g_assert_cmpint (cut, ==, endings[i].cut);
      g_assert_cmpint (procstream_line_get_cut (line), ==, endings[i].cut);
    }
}

/* What stands for a gap says so, in every way. */
static void
test_gap (void)
{
  g_autoptr (ProcstreamLine) line = procstream_line_new_gap (2, 345, 678, "stderr");
  g_autoptr (ProcstreamLine) ordinary = procstream_line_new ("", 0, 1, 0, "stderr", PROCSTREAM_LINE_END_SEPARATOR);
  guint64 chunks, bytes;

  g_object_get (line, "chunks-lost", &chunks, "bytes-lost", &bytes, NULL);
  g_assert_cmpuint (chunks, ==, 2);
  g_assert_cmpuint (bytes, ==, 345);
  g_assert_cmpuint (procstream_line_get_chunks_lost (line), ==, 2);
  g_assert_cmpuint (procstream_line_get_bytes_lost (line), ==, 345);
  g_assert_cmpstr (procstream_line_get_text (line), ==, "[345 bytes lost]");
  g_assert_cmpuint (procstream_line_get_number (line), ==, 0);
  g_assert_cmpint (procstream_line_get_time_us (line), ==, 678);
  g_assert_cmpuint (procstream_line_get_chunks_lost (ordinary), ==, 0);
  g_assert_cmpuint (procstream_line_get_bytes_lost (ordinary), ==, 0);
}

/* The bytes may outlive the line. */
static void
test_bytes_outlive (void)
{
  ProcstreamLine *line = procstream_line_new ("kept", 4, 1, 0, "stdout", PROCSTREAM_LINE_END_OUTPUT);
  g_autoptr (GBytes) bytes = g_bytes_ref (procstream_line_get_bytes (line));

  g_object_unref (line);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "kept", 4);
}

static void
test_read_only (void)
{
  GObjectClass           *klass = g_type_class_ref (PROCSTREAM_TYPE_LINE);
  guint                   n;
  g_autofree GParamSpec **specs = g_object_class_list_properties (klass, &n);

  g_assert_cmpuint (n, >, 0);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (specs[i]->flags & G_PARAM_READWRITE, ==, G_PARAM_READABLE);
  g_type_class_unref (klass);
}

/* Languages can construct one that is of no output. */
static void
test_of_no_output (void)
{
  g_autoptr (ProcstreamLine) line = g_object_new (PROCSTREAM_TYPE_LINE, NULL);

  g_assert_null (procstream_line_get_text (line));
  g_assert_null (procstream_line_get_bytes (line));
  g_assert_null (procstream_line_get_stream (line));
  g_assert_cmpuint (procstream_line_get_number (line), ==, 0);
  g_assert_false (procstream_line_get_terminated (line));
  g_assert_false (procstream_line_get_cut (line));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/line/text", test_text);
  g_test_add_func ("/line/properties", test_properties);
  g_test_add_func ("/line/gap", test_gap);
  g_test_add_func ("/line/bytes-outlive", test_bytes_outlive);
  g_test_add_func ("/line/read-only", test_read_only);
  g_test_add_func ("/line/of-no-output", test_of_no_output);
  return g_test_run ();
}
