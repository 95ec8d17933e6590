/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include <string.h>

/* Lines joined with bars; a line that is not text would not be equal to any. */
static void
assert_lines (char      **lines,
              const char *expected)
{
  g_autofree char *joined = NULL;

  g_assert_nonnull (lines);
  joined = g_strjoinv ("|", lines);
  g_assert_cmpstr (joined, ==, expected);
  for (char **line = lines; *line; line++)
    g_assert_true (g_utf8_validate (*line, -1, NULL));
  g_strfreev (lines);
}

static char **
push_sized (ProcstreamLineParser *parser,
            const char           *data,
            gsize                 size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  return procstream_line_parser_push (parser, bytes);
}

static char **
push (ProcstreamLineParser *parser,
      const char           *text)
{
  return push_sized (parser, text, strlen (text));
}

static void
test_lines (void)
{
  g_autoptr (ProcstreamLineParser) parser =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_NEWLINE, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT);

  assert_lines (push (parser, "one\ntwo\r\nthr"), "one|two");
  assert_lines (push (parser, ""), "");
  assert_lines (push (parser, "ee\r"), "");
  assert_lines (push (parser, "\n\n"), "three|");
  assert_lines (push (parser, "last"), "");
  assert_lines (procstream_line_parser_finish (parser), "last");
  assert_lines (procstream_line_parser_finish (parser), "");
  /* It may be used for something else then. */
  assert_lines (push (parser, "new\n"), "new");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (parser), ==, 0);
}

/* Each with a bar after it. */
static void
append_lines (GString *all,
              char   **lines)
{
  for (char **line = lines; *line; line++)
    g_string_append_printf (all, "%s|", *line);
  g_strfreev (lines);
}

static void
check_lines (guint                  max_length,
             ProcstreamLineOverflow overflow,
             const char *const     *pieces,
             gboolean               byte_by_byte,
             const char            *expected)
{
  g_autoptr (ProcstreamLineParser) parser = procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_NEWLINE, max_length, overflow);
  g_autoptr (GString) all = g_string_new (NULL);

  for (; *pieces; pieces++)
    for (gsize i = 0, n = byte_by_byte ? 1 : strlen (*pieces); i < strlen (*pieces); i += n)
      append_lines (all, push_sized (parser, *pieces + i, n));
  append_lines (all, procstream_line_parser_finish (parser));
  g_assert_cmpstr (all->str, ==, expected);
}

/* What a line is, and what becomes of one that is too long, however the bytes come. */
static void
test_cases (void)
{
  static const struct
  {
    guint                  max_length;
    ProcstreamLineOverflow overflow;
    const char            *pieces[4];
    const char            *expected;
  } cases[] = {
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "" }, "" },
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "no newlines here" }, "no newlines here|" },
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "one line\n" }, "one line|" },
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "one\ntwo\nthree\n" }, "one|two|three|" },
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "complete line\npartial" }, "complete line|partial|" },
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "first\nse", "cond\nthird" }, "first|second|third|" },
    /* Nothing in a line has a meaning, and nothing is taken off its ends. */
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "key: value:: %s\\n\n" }, "key: value:: %s\\n|" },
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "  both ends\t \n   \n" }, "  both ends\t |   |" },
    /* Text that a piece tears, and what is no text. */
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "\342\235", "\244\360\237\221\215\n\360\237", "\216\211" }, "\342\235\244\360\237\221\215|\360\237\216\211|" },
    { 100, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "a\360(\214\274b\n" }, "a\357\277\275(\357\277\275\357\277\275b|" },
    /* The rest of what is too long is dropped, up to the next separator, however far that is. */
    { 4, PROCSTREAM_LINE_OVERFLOW_TRUNCATE, { "1234\n\n" }, "1234||" },
    { 4, PROCSTREAM_LINE_OVERFLOW_TRUNCATE, { "ok\n123456789\nnext\n" }, "ok|1234|next|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_TRUNCATE, { "123456789\nabcdefghi\n" }, "1234|abcd|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_TRUNCATE, { "1234", "5678", "9\nok\n" }, "1234|ok|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_TRUNCATE, { "12345\n\n6" }, "1234||6|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_TRUNCATE, { "readiness" }, "read|" },
    /* Or is lines of its own, with no empty one that was not there. */
    { 4, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "123456789\nabcdefghi\n" }, "1234|5678|9|abcd|efgh|i|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "1234\n" }, "1234|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "1234", "\n" }, "1234|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "1234", "\r", "\n" }, "1234|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "12345678\n" }, "1234|5678|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "1234", "5678", "\n" }, "1234|5678|" },
    { 4, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "1234\n\n" }, "1234||" },
    { 4, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "12345678" }, "1234|5678|" },
    /* The highest limit is none. */
    { G_MAXUINT, PROCSTREAM_LINE_OVERFLOW_TRUNCATE, { "123456789\nabc", "defghi\n" }, "123456789|abcdefghi|" },
    { G_MAXUINT, PROCSTREAM_LINE_OVERFLOW_SPLIT, { "123456789\nabc", "defghi\n" }, "123456789|abcdefghi|" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      check_lines (cases[i].max_length, cases[i].overflow, cases[i].pieces, FALSE, cases[i].expected);
      check_lines (cases[i].max_length, cases[i].overflow, cases[i].pieces, TRUE, cases[i].expected);
    }
}

static void
test_separators (void)
{
  static const struct
  {
    ProcstreamLineSeparator separator;
    const char             *expected;
  } cases[] = {
    { PROCSTREAM_LINE_SEPARATOR_NEWLINE, "a|b|c" },
    { PROCSTREAM_LINE_SEPARATOR_LF, "a\r|b|c\r" },
    { PROCSTREAM_LINE_SEPARATOR_CRLF, "a|b\nc" },
    { PROCSTREAM_LINE_SEPARATOR_ANY, "a|b|c" },
    { PROCSTREAM_LINE_SEPARATOR_NUL, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (ProcstreamLineParser) parser = procstream_line_parser_new (cases[i].separator, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT);

      assert_lines (push (parser, "a\r\nb\nc\r\n"), cases[i].expected);
    }
}

/* Progress that a program draws over one line comes as soon as it is drawn. */
static void
test_any (void)
{
  g_autoptr (ProcstreamLineParser) parser =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_ANY, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT);

  assert_lines (push (parser, "10%\r"), "10%");
  assert_lines (push (parser, "20%\r"), "20%");
  assert_lines (push (parser, "\ndone\n\n\r\n"), "done||");
  assert_lines (push (parser, "\r\r"), "|");
  assert_lines (push (parser, "x"), "");
  assert_lines (push (parser, "\n"), "x");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (parser), ==, 0);
}

static void
test_nul (void)
{
  g_autoptr (ProcstreamLineParser) parser =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_NUL, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT);

  assert_lines (push_sized (parser, "./a\0./two\nlines\0\0./", 19), "./a|./two\nlines|");
  assert_lines (push_sized (parser, "./b\r\0", 5), "././b\r");
}

static void
test_custom (void)
{
  g_autoptr (GBytes) separator = g_bytes_new_static ("\n--\n", 4);
  g_autoptr (ProcstreamLineParser) parser = procstream_line_parser_new_custom (separator, 8, PROCSTREAM_LINE_OVERFLOW_TRUNCATE);

  assert_lines (push (parser, "one\ntwo\n--\n\n-"), "one\ntwo");
  assert_lines (push (parser, "-"), "");
  assert_lines (push (parser, "\nexactly8\n--"), "");
  assert_lines (push (parser, "\nmuch too long\n-"), "exactly8|much too");
  assert_lines (push (parser, "-\nlast"), "");
  assert_lines (procstream_line_parser_finish (parser), "last");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (parser), ==, 5);
}

/* Always text: what is not becomes the replacement character, byte by byte. */
static void
test_text (void)
{
  g_autoptr (ProcstreamLineParser) parser =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_LF, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT);

  assert_lines (push_sized (parser, "a\0b\n\xff\xfe\nfine\n\xc3", 13), "a\357\277\275b|\357\277\275\357\277\275|fine");
  assert_lines (push (parser, "\xa9\n"), "\303\251");
  assert_lines (push (parser, "\xc3"), "");
  assert_lines (procstream_line_parser_finish (parser), "\357\277\275");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (parser), ==, 0);
}

static void
test_overflow (void)
{
  g_autoptr (ProcstreamLineParser) split =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_LF, 4, PROCSTREAM_LINE_OVERFLOW_SPLIT);
  g_autoptr (ProcstreamLineParser) truncate =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_LF, 4, PROCSTREAM_LINE_OVERFLOW_TRUNCATE);

  assert_lines (push (split, "abcdefghij\nabcd\n"), "abcd|efgh|ij|abcd");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (split), ==, 0);
  assert_lines (push (truncate, "abcdefghij\nabcd\n"), "abcd|abcd");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (truncate), ==, 6);
  /* A character is not torn. */
  assert_lines (push (split, "abc\303\251\n"), "abc|\303\251");
  assert_lines (push (split, "a\360\237\230\200\n"), "a|\360\237\230\200");
}

static void
test_gap (void)
{
  g_autoptr (ProcstreamLineParser) parser =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_LF, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT);

  assert_lines (push (parser, "one\nto"), "one");
  procstream_line_parser_gap (parser, TRUE);
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (parser), ==, 2);
  assert_lines (push (parser, "three\nfo"), "three");
  procstream_line_parser_gap (parser, FALSE);
  assert_lines (push (parser, "ive\nsix\n"), "six");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (parser), ==, 2 + 2 + 3);
}

/* A boxed type: copies are references to the same parser. */
static void
test_references (void)
{
  ProcstreamLineParser *parser = procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_LF, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT);
  ProcstreamLineParser *copy = g_boxed_copy (PROCSTREAM_TYPE_LINE_PARSER, parser);

  g_assert_true (copy == parser);
  g_assert_true (procstream_line_parser_ref (parser) == parser);
  procstream_line_parser_unref (parser);
  procstream_line_parser_unref (parser);
  assert_lines (push (copy, "still\n"), "still");
  g_boxed_free (PROCSTREAM_TYPE_LINE_PARSER, copy);
}

/* --- Misuse ------------------------------------------------------------------------------------------------------------------- */

static void
expect_critical (const char *what)
{
  g_autofree char *pattern = g_strdup_printf ("*%s*", what);

  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, pattern);
}

static void
test_misuse (void)
{
  g_autoptr (ProcstreamLineParser) parser =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_LF, 4, PROCSTREAM_LINE_OVERFLOW_SPLIT);

  expect_critical ("separator >=");
  g_assert_null (procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_UNSET, 4, PROCSTREAM_LINE_OVERFLOW_SPLIT));
  expect_critical ("max_length >=");
  g_assert_null (procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_LF, 3, PROCSTREAM_LINE_OVERFLOW_SPLIT));
  expect_critical ("overflow >=");
  g_assert_null (procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_LF, 4, PROCSTREAM_LINE_OVERFLOW_UNSET));
  expect_critical ("bytes != NULL");
  g_assert_null (procstream_line_parser_push (parser, NULL));
  expect_critical ("self != NULL");
  g_assert_null (procstream_line_parser_finish (NULL));
  expect_critical ("self != NULL");
  procstream_line_parser_gap (NULL, TRUE);
  expect_critical ("self != NULL");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (NULL), ==, 0);
  expect_critical ("self != NULL");
  g_assert_null (procstream_line_parser_ref (NULL));
  expect_critical ("self != NULL");
  procstream_line_parser_unref (NULL);
  g_test_assert_expected_messages ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/line-parser/lines", test_lines);
  g_test_add_func ("/line-parser/cases", test_cases);
  g_test_add_func ("/line-parser/separators", test_separators);
  g_test_add_func ("/line-parser/any", test_any);
  g_test_add_func ("/line-parser/nul", test_nul);
  g_test_add_func ("/line-parser/custom", test_custom);
  g_test_add_func ("/line-parser/text", test_text);
  g_test_add_func ("/line-parser/overflow", test_overflow);
  g_test_add_func ("/line-parser/gap", test_gap);
  g_test_add_func ("/line-parser/references", test_references);
  g_test_add_func ("/line-parser/misuse", test_misuse);
  return g_test_run ();
}
