/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-capture-private.h"

#include <string.h>

static ProcstreamCapture *
capture_new (const char            *bytes,
             gssize                 size,
             ProcstreamCaptureFacts facts)
{
  facts.bytes = g_bytes_new (bytes, size < 0 ? strlen (bytes) : (gsize) size);
  return procstream_capture_new (&facts);
}

static void
test_text (void)
{
  g_autoptr (ProcstreamCapture) empty = capture_new ("", 0, (ProcstreamCaptureFacts){ .ended = TRUE });
  g_autoptr (ProcstreamCapture) broken = capture_new ("a\0b\377c", 5, (ProcstreamCaptureFacts){ .ended = TRUE });

  g_assert_cmpstr (procstream_capture_get_text (empty), ==, "");
  g_assert_cmpuint (g_bytes_get_size (procstream_capture_get_bytes (empty)), ==, 0);
  g_assert_cmpstr (procstream_capture_get_text (broken), ==, "a\357\277\275b\357\277\275c");
  g_assert_true (procstream_capture_get_text (broken) == procstream_capture_get_text (broken));
  g_assert_cmpuint (g_bytes_get_size (procstream_capture_get_bytes (broken)), ==, 5);
}

/* What a language constructs is empty, and can be asked for everything. */
static void
test_bare (void)
{
  g_autoptr (ProcstreamCapture) capture = g_object_new (PROCSTREAM_TYPE_CAPTURE, NULL);
  g_auto (GStrv) lines = procstream_capture_dup_lines (capture);

  g_assert_cmpstr (procstream_capture_get_text (capture), ==, "");
  g_assert_cmpuint (g_bytes_get_size (procstream_capture_get_bytes (capture)), ==, 0);
  g_assert_cmpuint (g_strv_length (lines), ==, 0);
  g_assert_cmpuint (procstream_capture_get_lines_cut (capture), ==, 0);
  g_assert_true (procstream_capture_get_truncated (capture));
}

static void
assert_lines (const char *bytes,
              const char *expected)
{
  g_autoptr (ProcstreamCapture) capture = capture_new (bytes, -1, (ProcstreamCaptureFacts){ 0 });
  g_auto (GStrv) lines = procstream_capture_dup_lines (capture);
  g_autofree char *joined = g_strjoinv ("|", lines);

  g_assert_cmpstr (joined, ==, expected);
}

static void
test_lines (void)
{
  assert_lines ("", "");
  assert_lines ("one", "one");
  assert_lines ("one\n", "one");
  assert_lines ("one\r\ntwo\n\nfour", "one|two||four");
  /* A CR elsewhere, or at the very end, is a byte like any other. */
  assert_lines ("a\rb\n\r\n\r", "a\rb||\r");
}

/* Anything that is missing is told, whatever it is. */
static void
test_truncated (void)
{
  static const struct
  {
    ProcstreamCaptureFacts facts;
    gboolean               truncated;
  } cases[] = {
    { { .ended = TRUE }, FALSE },
    { { .ended = FALSE }, TRUE },
    { { .ended = TRUE, .bytes_cut = 1 }, TRUE },
    { { .ended = TRUE, .bytes_lost = 1, .gaps = 1 }, TRUE },
    { { .ended = TRUE, .bytes_missed = 1 }, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (ProcstreamCapture) capture = capture_new ("x", 1, cases[i].facts);

      g_assert_cmpint (procstream_capture_get_truncated (capture), ==, cases[i].truncated);
    }
}

static void
test_line_counts (void)
{
  g_autoptr (ProcstreamCapture) whole = capture_new ("a\nb", 3, (ProcstreamCaptureFacts){ .lines_seen = 2 });
  g_autoptr (ProcstreamCapture) first = capture_new ("a\nb", 3, (ProcstreamCaptureFacts){ .lines_seen = 9 });
  g_autoptr (ProcstreamCapture) last = capture_new ("h\ni\n", 4, (ProcstreamCaptureFacts){ .lines_seen = 9 });
  g_autoptr (ProcstreamCapture) none = capture_new ("", 0, (ProcstreamCaptureFacts){ .lines_seen = 9 });

  g_assert_cmpuint (procstream_capture_get_lines_cut (whole), ==, 0);
  g_assert_cmpuint (procstream_capture_get_lines_cut (first), ==, 7);
  g_assert_cmpuint (procstream_capture_get_lines_cut (last), ==, 7);
  g_assert_cmpuint (procstream_capture_get_lines_cut (none), ==, 9);
}

/* As languages read it. */
static void
test_properties (void)
{
  ProcstreamCaptureFacts facts = { .bytes_seen = 10, .bytes_cut = 2, .bytes_lost = 3, .gaps = 4, .lines_seen = 5, .ended = TRUE };
  g_autoptr (ProcstreamCapture) capture = capture_new ("12345678", 8, facts);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;
  guint64          seen, cut, lost, gaps, lines_seen, lines_cut;
  gboolean         ended, truncated;

  g_object_get (capture, "bytes", &bytes, "text", &text, "bytes-seen", &seen, "bytes-cut", &cut, "bytes-lost", &lost, "gaps", &gaps,
                "lines-seen", &lines_seen, "lines-cut", &lines_cut, "ended", &ended, "truncated", &truncated, NULL);
  g_assert_true (bytes == procstream_capture_get_bytes (capture));
  g_assert_cmpstr (text, ==, "12345678");
  g_assert_cmpuint (seen, ==, 10);
  g_assert_cmpuint (cut, ==, 2);
  g_assert_cmpuint (lost, ==, 3);
  g_assert_cmpuint (gaps, ==, 4);
  g_assert_cmpuint (lines_seen, ==, 5);
  g_assert_cmpuint (lines_cut, ==, 4);
  g_assert_true (ended && truncated);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/capture/text", test_text);
  g_test_add_func ("/capture/bare", test_bare);
  g_test_add_func ("/capture/lines", test_lines);
  g_test_add_func ("/capture/truncated", test_truncated);
  g_test_add_func ("/capture/line-counts", test_line_counts);
  g_test_add_func ("/capture/properties", test_properties);
  return g_test_run ();
}
