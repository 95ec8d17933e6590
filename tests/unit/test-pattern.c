/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pattern-private.h"

#include <procstream/procstream.h>

#include <string.h>

static ProcstreamPattern *
make (const char          *text,
      ProcstreamMatchFlags flags)
{
  g_autoptr (GError) error = NULL;
  ProcstreamPattern *pattern = procstream_pattern_new (text, flags, &error);

  g_assert_no_error (error);
  return pattern;
}

/* The groups, "-" for one that took no part, or "no". The text has no NUL after it. */
static char *
test (ProcstreamPattern *pattern,
      const char        *text,
      gsize              start,
      gboolean           torn)
{
  gsize                 size = strlen (text);
  g_autofree char      *copy = size > 0 ? g_memdup2 (text, size) : NULL;
  ProcstreamMatchGroups groups = { 0 };
  g_autoptr (GError) error = NULL;
  GString *found = g_string_new (NULL);

  if (!procstream_pattern_test (pattern, &(ProcstreamPatternLine){ copy, size, start, torn }, &groups, &error))
    {
      g_assert_no_error (error);
      return g_string_free (g_string_assign (found, "no"), FALSE);
    }
  for (guint i = 0; i < groups.texts->len; i++)
    {
      const char *group = g_ptr_array_index (groups.texts, i);

      g_string_append_printf (found, "%s%s", i > 0 ? "|" : "", group ? group : "-");
    }
  procstream_match_groups_clear (&groups);
  return g_string_free (found, FALSE);
}

static void
expect (const char          *text,
        ProcstreamMatchFlags flags,
        const char          *line,
        const char          *expected)
{
  ProcstreamPattern *pattern = make (text, flags);
  g_autofree char   *found = test (pattern, line, 0, FALSE);

  g_assert_cmpstr (found, ==, expected);
  procstream_pattern_free (pattern);
}

static void
test_text (void)
{
  expect ("ready", PROCSTREAM_MATCH_NONE, "ready", "ready");
  expect ("ready", PROCSTREAM_MATCH_NONE, "now ready to go", "ready");
  expect ("ready", PROCSTREAM_MATCH_NONE, "read", "no");
  expect ("ready", PROCSTREAM_MATCH_NONE, "", "no");
  expect ("ready", PROCSTREAM_MATCH_PREFIX, "ready to go", "ready");
  expect ("ready", PROCSTREAM_MATCH_PREFIX, "not ready", "no");
  expect ("ready", PROCSTREAM_MATCH_WHOLE_LINE, "ready", "ready");
  expect ("ready", PROCSTREAM_MATCH_WHOLE_LINE, "ready ", "no");
  expect ("ready", PROCSTREAM_MATCH_WHOLE_LINE, " ready", "no");
  expect ("", PROCSTREAM_MATCH_WHOLE_LINE, "", "");
  expect ("", PROCSTREAM_MATCH_WHOLE_LINE, "x", "no");
  /* Text is text. */
  expect ("a.c", PROCSTREAM_MATCH_NONE, "abc", "no");
}

/* In what there is of a line whose beginning is missing; before @start it is not searched, but known. */
static void
expect_torn (const char          *text,
             ProcstreamMatchFlags flags,
             const char          *line,
             gsize                start,
             const char          *expected)
{
  ProcstreamPattern *pattern = make (text, flags);
  g_autofree char   *found = test (pattern, line, start, TRUE);

  g_assert_cmpstr (found, ==, expected);
  procstream_pattern_free (pattern);
}

static void
test_torn (void)
{
  expect_torn ("hi", PROCSTREAM_MATCH_NONE, "oh hi", 3, "hi");
  expect_torn ("hi", PROCSTREAM_MATCH_NONE, "oh hi", 4, "no");
  expect_torn ("hi", PROCSTREAM_MATCH_PREFIX, "hi", 0, "no");
  expect_torn ("hi", PROCSTREAM_MATCH_WHOLE_LINE, "hi", 0, "no");
  expect_torn ("", PROCSTREAM_MATCH_WHOLE_LINE, "", 0, "no");
  expect_torn ("h(.)", PROCSTREAM_MATCH_REGEX, "ho hi", 3, "hi|i");
  expect_torn ("hi$", PROCSTREAM_MATCH_REGEX, "hi", 0, "hi");
  expect_torn ("^hi", PROCSTREAM_MATCH_REGEX, "hi", 0, "no");
  expect_torn ("^hi", PROCSTREAM_MATCH_REGEX, "oh hi", 3, "no");
  expect_torn ("^oh hi", PROCSTREAM_MATCH_REGEX, "oh hi", 3, "no");
  expect_torn ("\\Ahi", PROCSTREAM_MATCH_REGEX, "oh hi", 3, "no");
  expect_torn ("^", PROCSTREAM_MATCH_REGEX, "", 0, "no");
  /* What stands before is known. */
  expect_torn ("\\bhi", PROCSTREAM_MATCH_REGEX, "delhi", 3, "no");
  expect_torn ("\\bhi", PROCSTREAM_MATCH_REGEX, "oh hi", 3, "hi");
  expect_torn ("(?<=oh )hi", PROCSTREAM_MATCH_REGEX, "oh hi", 3, "hi");
}

/* One that may only match where a line begins. */
static void
test_torn_anchored (void)
{
  g_autoptr (GRegex) compiled = g_regex_new ("hi", G_REGEX_ANCHORED, 0, NULL);
  g_autoptr (GRegex) matched = g_regex_new ("hi", 0, G_REGEX_MATCH_ANCHORED, NULL);
  GRegex *regexes[] = { compiled, matched };

  for (guint i = 0; i < G_N_ELEMENTS (regexes); i++)
    {
      ProcstreamPattern *pattern = procstream_pattern_new_regex (regexes[i], PROCSTREAM_MATCH_NONE, NULL);
      g_autofree char   *whole = test (pattern, "hi", 0, FALSE);
      g_autofree char   *torn = test (pattern, "oh hi", 3, TRUE);

      g_assert_cmpstr (whole, ==, "hi");
      g_assert_cmpstr (torn, ==, "no");
      procstream_pattern_free (pattern);
    }
}

static void
test_regex (void)
{
  expect ("ready on (\\d+)", PROCSTREAM_MATCH_REGEX, "now ready on 8080.", "ready on 8080|8080");
  expect ("^ready$", PROCSTREAM_MATCH_REGEX, "not ready", "no");
  expect ("^$", PROCSTREAM_MATCH_REGEX, "", "");
  expect ("(a)|(b)", PROCSTREAM_MATCH_REGEX, "xb", "b|-|b");
  expect ("(?i)READY", PROCSTREAM_MATCH_REGEX, "ready", "ready");
  expect ("(\\w+)", PROCSTREAM_MATCH_REGEX, "f\303\274r", "f\303\274r|f\303\274r");
}

/* With the options that it was made with, and while the one that was given is used elsewhere. */
static void
test_given_regex (void)
{
  g_autoptr (GRegex) regex = g_regex_new ("^a(?<name>.)", G_REGEX_CASELESS | G_REGEX_OPTIMIZE, G_REGEX_MATCH_NOTEMPTY, NULL);
  ProcstreamPattern    *pattern = procstream_pattern_new_regex (regex, PROCSTREAM_MATCH_NONE, NULL);
  ProcstreamMatchGroups groups = { 0 };

  g_assert_nonnull (pattern);
  g_assert_true (procstream_pattern_is_regex (pattern));
  g_assert_true (procstream_pattern_test (pattern, &(ProcstreamPatternLine){ "AB", 2, 0, FALSE }, &groups, NULL));
  g_assert_true (groups.regex != regex);
  g_assert_cmpint (g_regex_get_string_number (groups.regex, "name"), ==, 1);
  g_assert_cmpint (g_regex_get_match_flags (groups.regex), ==, g_regex_get_match_flags (regex));
  g_assert_cmpstr (g_ptr_array_index (groups.texts, 1), ==, "B");
  procstream_match_groups_clear (&groups);
  procstream_pattern_free (pattern);
}

/* A regular expression for bytes finds half a character; what is handed out is valid all the same. */
static void
test_raw_regex (void)
{
  g_autoptr (GRegex) regex = g_regex_new ("f\\xc3", G_REGEX_RAW, 0, NULL);
  ProcstreamPattern    *pattern = procstream_pattern_new_regex (regex, PROCSTREAM_MATCH_NONE, NULL);
  ProcstreamMatchGroups groups = { 0 };

  g_assert_true (procstream_pattern_test (pattern, &(ProcstreamPatternLine){ "f\303\274r", 4, 0, FALSE }, &groups, NULL));
  g_assert_cmpstr (g_ptr_array_index (groups.texts, 0), ==, "f\357\277\275");
  procstream_match_groups_clear (&groups);
  procstream_pattern_free (pattern);
}

static void
test_limit (void)
{
  ProcstreamPattern    *pattern = make ("^(a+)+$", PROCSTREAM_MATCH_REGEX);
  g_autofree char      *line = g_strnfill (64, 'a');
  ProcstreamMatchGroups groups = { 0 };
  g_autoptr (GError) error = NULL;

  line[63] = '!';
  g_assert_false (procstream_pattern_test (pattern, &(ProcstreamPatternLine){ line, 64, 0, FALSE }, &groups, &error));
  g_assert_error (error, G_REGEX_ERROR, G_REGEX_ERROR_MATCH);
  g_assert_null (groups.texts);
  procstream_pattern_free (pattern);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    guint       flags;
  } refused[] = {
    { "", PROCSTREAM_MATCH_NONE },
    { "", PROCSTREAM_MATCH_PREFIX },
    { "", PROCSTREAM_MATCH_REGEX },
    { "a", PROCSTREAM_MATCH_PREFIX | PROCSTREAM_MATCH_WHOLE_LINE },
    { "a", PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_PREFIX },
    { "a", PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_WHOLE_LINE },
    { "a", 1 << 10 },
  };
  g_autoptr (GRegex) regex = g_regex_new ("a", 0, 0, NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_assert_null (procstream_pattern_new (refused[i].text, refused[i].flags, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  g_assert_null (procstream_pattern_new_regex (regex, PROCSTREAM_MATCH_WHOLE_LINE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (procstream_pattern_new_predicate (PROCSTREAM_MATCH_REGEX, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (procstream_pattern_new ("(", PROCSTREAM_MATCH_REGEX, &error));
  g_assert_error (error, G_REGEX_ERROR, G_REGEX_ERROR_UNMATCHED_PARENTHESIS);
}

static void
test_describe (void)
{
  static const struct
  {
    guint       flags;
    const char *text;
  } expected[] = {
    { PROCSTREAM_MATCH_NONE, "a line with “x”" },
    { PROCSTREAM_MATCH_PREFIX, "a line that begins with “x”" },
    { PROCSTREAM_MATCH_WHOLE_LINE | PROCSTREAM_MATCH_PARTIAL, "the line “x”" },
    { PROCSTREAM_MATCH_REGEX, "a line that matches “x”" },
  };
  ProcstreamPattern *predicate = procstream_pattern_new_predicate (PROCSTREAM_MATCH_PARTIAL, NULL);
  g_autofree char   *text = procstream_pattern_describe (predicate);

  g_assert_cmpstr (text, ==, "a line that a function of the program accepts");
  g_assert_true (procstream_pattern_is_predicate (predicate));
  g_assert_true (procstream_pattern_is_partial (predicate));
  g_assert_false (procstream_pattern_is_regex (predicate));
  procstream_pattern_free (predicate);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      ProcstreamPattern *pattern = make ("x", expected[i].flags);
      g_autofree char   *described = procstream_pattern_describe (pattern);

      g_assert_cmpstr (described, ==, expected[i].text);
      g_assert_false (procstream_pattern_is_predicate (pattern));
      procstream_pattern_free (pattern);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pattern/text", test_text);
  g_test_add_func ("/pattern/regex", test_regex);
  g_test_add_func ("/pattern/torn", test_torn);
  g_test_add_func ("/pattern/torn/anchored", test_torn_anchored);
  g_test_add_func ("/pattern/given-regex", test_given_regex);
  g_test_add_func ("/pattern/raw-regex", test_raw_regex);
  g_test_add_func ("/pattern/limit", test_limit);
  g_test_add_func ("/pattern/refused", test_refused);
  g_test_add_func ("/pattern/describe", test_describe);
  return g_test_run ();
}
