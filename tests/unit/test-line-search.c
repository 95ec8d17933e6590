/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-search-private.h"

#include "test-utils.h"

#include <string.h>

static gboolean
matches (ProcstreamLineMatcher *matcher,
         const char            *bytes,
         gsize                  size)
{
  g_autoptr (GError) error = NULL;
  /* Of its exact size, without NUL, so that reading past it shows. */
  g_autofree guint8         *data = g_malloc (MAX (size, 1));
  const ProcstreamStoredLine line = { .data = data, .size = size };
  gboolean                   match;

  memcpy (data, bytes, size);
  match = procstream_line_matcher_match (matcher, &line, &error);
  g_assert_no_error (error);
  return match;
}

static void
test_text (void)
{
  g_autoptr (ProcstreamLineMatcher) plain = procstream_line_matcher_new_text ("a.b", FALSE, NULL);
  g_autoptr (ProcstreamLineMatcher) caseless = procstream_line_matcher_new_text ("a.b", TRUE, NULL);
  g_autoptr (ProcstreamLineMatcher) empty = procstream_line_matcher_new_text ("", FALSE, NULL);

  g_assert_true (matches (plain, "xa.b", 4));
  g_assert_false (matches (plain, "xa.b", 3));
  g_assert_false (matches (plain, "axb", 3));
  g_assert_false (matches (plain, "A.B", 3));
  g_assert_true (matches (plain, "\377\0a.b", 5));
  g_assert_true (matches (caseless, "xA.b", 4));
  g_assert_true (matches (caseless, "\377A.B\0", 5));
  g_assert_false (matches (caseless, "axb", 3));
  g_assert_false (matches (plain, "", 0));
  g_assert_true (matches (empty, "", 0));
  g_assert_true (matches (empty, "x", 1));
}

/* A text matches what a user sees: that which stands for what was not valid, too. */
static void
test_regex (void)
{
  g_autoptr (GRegex) seen = g_regex_new ("^a\357\277\275+b$", 0, 0, NULL);
  g_autoptr (GRegex) raw = g_regex_new ("^a\\xff\\x00b$", G_REGEX_RAW, 0, NULL);
  g_autoptr (ProcstreamLineMatcher) text = procstream_line_matcher_new_regex (seen, NULL);
  g_autoptr (ProcstreamLineMatcher) bytes = procstream_line_matcher_new_regex (raw, NULL);

  g_assert_true (matches (text, "a\377\0b", 4));
  g_assert_true (matches (bytes, "a\377\0b", 4));
  g_assert_false (matches (text, "ab", 2));
  g_assert_false (matches (bytes, "ab", 2));
  g_assert_false (matches (text, "", 0));
}

/* The program may use its own in a thread of its own, at the same time. */
static void
test_regex_copied (void)
{
  g_autoptr (GRegex) regex = g_regex_new ("^a", G_REGEX_CASELESS, G_REGEX_MATCH_NOTEMPTY, NULL);
  g_autoptr (ProcstreamLineMatcher) matcher = procstream_line_matcher_new_regex (regex, NULL);
  GRegex *own = procstream_line_matcher_peek_regex (matcher);

  g_assert_true (own != regex);
  g_assert_cmpint (g_regex_get_match_flags (own), ==, g_regex_get_match_flags (regex));
  g_assert_true (matches (matcher, "Ab", 2));
  g_assert_false (matches (matcher, "bA", 2));
}

static void
append (GString    *string,
        const char *unit,
        guint       n)
{
  g_string_append_c (string, '#');
  for (guint i = 0; i < n; i++)
    g_string_append (string, unit);
}

/* A text that the regular expression library does not take in one piece. */
static void
check_huge (const char *unit,
            const char *line_unit)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) line = g_string_new ("x");
  g_autoptr (ProcstreamLineMatcher) matcher = NULL;
  g_autoptr (GError) error = NULL;

  append (text, unit, 30000);
  g_string_append_c (text, '!');
  matcher = procstream_line_matcher_new_text (text->str, TRUE, &error);
  g_assert_no_error (error);
  /* Where its beginning is for the first time, the rest does not follow. */
  append (line, line_unit, 4000);
  append (line, line_unit, 30000);
  g_assert_false (matches (matcher, line->str, line->len));
  g_string_append (line, "!x");
  g_assert_true (matches (matcher, line->str, line->len));
  g_assert_true (matches (matcher, line->str, line->len - 1));
  g_assert_false (matches (matcher, line->str, line->len - 2));
}

static void
test_huge (void)
{
  check_huge ("ab.", "Ab.");
  check_huge ("\303\244", "\303\204");
}

static void
test_gap (void)
{
  const ProcstreamStoredGap  gap = { 1, 2 };
  const ProcstreamStoredLine line = { .data = (const guint8 *) &gap, .size = sizeof gap, .is_gap = TRUE };
  g_autoptr (ProcstreamLineMatcher) empty = procstream_line_matcher_new_text ("", FALSE, NULL);

  g_assert_false (procstream_line_matcher_match (empty, &line, NULL));
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/line-search/text", test_text);
  g_test_add_func ("/line-search/regex", test_regex);
  g_test_add_func ("/line-search/regex-copied", test_regex_copied);
  g_test_add_func ("/line-search/huge", test_huge);
  g_test_add_func ("/line-search/gap", test_gap);
  return g_test_run ();
}
