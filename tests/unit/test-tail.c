/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tail-private.h"

#include <string.h>

static const ProcstreamLineOptions newline = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 64, PROCSTREAM_LINE_OVERFLOW_SPLIT };

static void
push (ProcstreamTail *tail,
      const char     *text)
{
  procstream_tail_push (tail, (const guint8 *) text, strlen (text));
}

static void
expect (ProcstreamTail *tail,
        const char     *expected)
{
  g_auto (GStrv) lines = procstream_tail_dup_lines (tail, &newline);
  g_autofree char *joined = g_strjoinv ("|", lines);

  g_assert_cmpstr (joined, ==, expected);
}

static void
test_lines (void)
{
  ProcstreamTail *tail = procstream_tail_new ();

  expect (tail, "");
  push (tail, "one\ntw");
  expect (tail, "one|tw");
  push (tail, "o\r\nthree\377");
  /* Asking changes nothing. */
  expect (tail, "one|two|three\357\277\275");
  expect (tail, "one|two|three\357\277\275");
  procstream_tail_free (tail);
}

static void
test_last_lines (void)
{
  ProcstreamTail *tail = procstream_tail_new ();

  for (int i = 1; i <= PROCSTREAM_TAIL_LINES + 2; i++)
    {
      g_autofree char *line = g_strdup_printf ("%d\n", i);

      push (tail, line);
    }
  expect (tail, "3|4|5|6|7|8|9|10|11|12");
  procstream_tail_free (tail);
}

/* However long a line is, it costs no more than the limit, and what is shown of it says so. */
static void
test_long_line (void)
{
  ProcstreamTail  *tail = procstream_tail_new ();
  g_autofree char *line = g_strnfill (3 * PROCSTREAM_TAIL_BYTES, 'x');
  g_autofree char *rest = g_strnfill (PROCSTREAM_TAIL_BYTES, 'x');
  g_autofree char *marked = g_strconcat ("…", rest, NULL);

  push (tail, "before\n");
  push (tail, line);
  expect (tail, marked);
  push (tail, "\nafter\n");
  expect (tail, "after");
  procstream_tail_free (tail);
}

static void
test_gap (void)
{
  ProcstreamTail *tail = procstream_tail_new ();

  push (tail, "one\nrea");
  procstream_tail_gap (tail);
  push (tail, "dy\n");
  expect (tail, "dy");
  procstream_tail_free (tail);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tail/lines", test_lines);
  g_test_add_func ("/tail/last-lines", test_last_lines);
  g_test_add_func ("/tail/long-line", test_long_line);
  g_test_add_func ("/tail/gap", test_gap);
  return g_test_run ();
}
