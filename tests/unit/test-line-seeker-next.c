/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-match-private.h"

#include "test-search.h"
#include "test-start.h"
#include "test-utils.h"

#include <string.h>

/*
 * Looking for the next match. What holds:
 *
 *  - A search with NEXT finds what one that read the whole stream would find after the end of the match before, however the stream was cut into
 *    chunks, whatever ends its lines, and whether the match before was in a line that was finished or not.
 *  - The place moves to the end of a match when somebody is given it, never back, and not by a search that was given up.
 *  - Each stream has its place; a merged output has those of its inputs.
 *  - What is missing between the match before and what replay kept counts as lost, and the message says so.
 */

/* A search in the first output, that the fixture's waiter is not needed for. */
static ProcstreamLineWaiter *
new_waiter (TestSearch          *fixture,
            const char          *pattern,
            ProcstreamMatchFlags flags)
{
  g_autoptr (GError) error = NULL;
  ProcstreamLineWaiter *waiter = procstream_line_waiter_new ();

  procstream_line_waiter_add_pattern (waiter, pattern, flags, &error);
  g_assert_no_error (error);
  return waiter;
}

static void
attach (TestSearch           *fixture,
        ProcstreamLineWaiter *waiter)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_attach (PROCSTREAM_CONSUMER (waiter), fixture->outputs[0], PROCSTREAM_DELIVERY_RELIABLE, &error);
  g_assert_no_error (error);
}

static ProcstreamMatch *
wait_match (ProcstreamLineWaiter *waiter)
{
  g_autoptr (GError) error = NULL;
  ProcstreamMatch *match = procstream_line_waiter_wait_match (waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);

  g_assert_no_error (error);
  return match;
}

static ProcstreamMatch *
find (TestSearch          *fixture,
      const char          *pattern,
      ProcstreamMatchFlags flags)
{
  g_autoptr (ProcstreamLineWaiter) waiter = new_waiter (fixture, pattern, flags);

  attach (fixture, waiter);
  return wait_match (waiter);
}

/* The next one: its line, and where it ends. */
static void
expect_next (TestSearch          *fixture,
             const char          *pattern,
             ProcstreamMatchFlags flags,
             const char          *text,
             guint64              end)
{
  g_autoptr (ProcstreamMatch) match = find (fixture, pattern, flags | PROCSTREAM_MATCH_NEXT);

  g_assert_cmpstr (procstream_match_get_text (match), ==, text);
  g_assert_cmpuint (procstream_match_get_end_offset (match), ==, end);
}

static void
expect_none (TestSearch          *fixture,
             const char          *pattern,
             ProcstreamMatchFlags flags)
{
  g_autoptr (ProcstreamLineWaiter) waiter = new_waiter (fixture, pattern, flags | PROCSTREAM_MATCH_NEXT);
  g_autoptr (GError) error = NULL;

  attach (fixture, waiter);
  g_assert_null (procstream_line_waiter_wait_match (waiter, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* --- A dialogue --------------------------------------------------------------------------------------------------------------- */

/* The same prompt twice, on a line that is not finished, then on one that is. */
static void
test_prompts (TestSearch   *fixture,
              gconstpointer data)
{
  test_search_feed (fixture, "> ");
  expect_next (fixture, "> ", PROCSTREAM_MATCH_PARTIAL, "> ", 2);
  expect_none (fixture, "> ", PROCSTREAM_MATCH_PARTIAL);
  test_search_feed (fixture, "answer\n");
  expect_none (fixture, "> ", PROCSTREAM_MATCH_PARTIAL);
  expect_next (fixture, "ans", PROCSTREAM_MATCH_NONE, "answer", 5);
  expect_next (fixture, "wer", PROCSTREAM_MATCH_NONE, "wer", 8);
  test_search_feed (fixture, "> > ");
  expect_next (fixture, "> ", PROCSTREAM_MATCH_PARTIAL, "> > ", 11);
  expect_next (fixture, "> ", PROCSTREAM_MATCH_PARTIAL, "> ", 13);
  expect_none (fixture, "> ", PROCSTREAM_MATCH_PARTIAL);
  /* What is searched anew, is. */
  g_object_unref (find (fixture, "> ", PROCSTREAM_MATCH_PARTIAL));
}

/* On a line that goes on no line begins; the next one does. */
static void
test_beginning (TestSearch   *fixture,
                gconstpointer data)
{
  test_search_feed (fixture, "a a\na b\nc\n");
  expect_next (fixture, "a", PROCSTREAM_MATCH_PREFIX, "a a", 1);
  expect_next (fixture, "a", PROCSTREAM_MATCH_PREFIX, "a b", 5);
  expect_next (fixture, "^(c|b)", PROCSTREAM_MATCH_REGEX, "c", 9);
}

/* Only one who was given a match moves the place. */
static void
test_given_up (TestSearch   *fixture,
               gconstpointer data)
{
  g_autoptr (ProcstreamLineWaiter) waiter = new_waiter (fixture, "ready", PROCSTREAM_MATCH_NEXT);
  g_autoptr (ProcstreamLineWaiter) other = new_waiter (fixture, "ready", PROCSTREAM_MATCH_NONE);

  attach (fixture, waiter);
  attach (fixture, other);
  test_search_feed (fixture, "ready 1\nready 2\n");
  g_object_unref (wait_match (other));
  while (procstream_consumer_get_state (PROCSTREAM_CONSUMER (waiter)) != PROCSTREAM_CONSUMER_STATE_DONE)
    test_hold_pass ();
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (waiter));
  expect_next (fixture, "ready", PROCSTREAM_MATCH_NONE, "ready 1", 5);
  /* One that found it before, and is asked only now, does not take it back. */
  expect_next (fixture, "ready", PROCSTREAM_MATCH_NONE, "ready 2", 13);
  g_assert_nonnull (procstream_line_waiter_get_match (waiter));
  expect_none (fixture, "ready", PROCSTREAM_MATCH_NONE);
}

/* Two that begin at the same time begin at the same place. */
static void
test_concurrent (TestSearch   *fixture,
                 gconstpointer data)
{
  g_autoptr (ProcstreamLineWaiter) a = new_waiter (fixture, "ready", PROCSTREAM_MATCH_NEXT);
  g_autoptr (ProcstreamLineWaiter) b = new_waiter (fixture, "ready", PROCSTREAM_MATCH_NEXT);
  g_autoptr (ProcstreamMatch) match_a = NULL;
  g_autoptr (ProcstreamMatch) match_b = NULL;

  attach (fixture, a);
  attach (fixture, b);
  test_search_feed (fixture, "ready 1\nready 2\n");
  match_a = wait_match (a);
  match_b = wait_match (b);
  g_assert_cmpuint (procstream_match_get_end_offset (match_a), ==, 5);
  g_assert_cmpuint (procstream_match_get_end_offset (match_b), ==, 5);
  expect_next (fixture, "ready", PROCSTREAM_MATCH_NONE, "ready 2", 13);
}

static gboolean
accept_cb (ProcstreamLine *line,
           gpointer        user_data)
{
  return TRUE;
}

/* Of a function, the line is what was found. */
static void
test_function (TestSearch   *fixture,
               gconstpointer data)
{
  test_search_feed (fixture, "one\r\ntwo\r\n");
  g_assert_true (procstream_line_waiter_add_function (fixture->waiter, PROCSTREAM_MATCH_NEXT, accept_cb, NULL, NULL, NULL));
  attach (fixture, fixture->waiter);
  g_object_unref (wait_match (fixture->waiter));
  expect_next (fixture, ".*", PROCSTREAM_MATCH_REGEX, "two", 8);
}

static void
test_mixed (TestSearch   *fixture,
            gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  test_search_add (fixture, "a", PROCSTREAM_MATCH_NEXT);
  g_assert_false (procstream_line_waiter_add_pattern (fixture->waiter, "b", PROCSTREAM_MATCH_NONE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  test_search_add (fixture, "c", PROCSTREAM_MATCH_NEXT | PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_PARTIAL);
}

/* --- What nobody kept --------------------------------------------------------------------------------------------------------- */

static void
set_up_without_replay (TestSearch   *fixture,
                       gconstpointer data)
{
  test_search_set_up_with (fixture, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 100);
}

static void
test_missed (TestSearch   *fixture,
             gconstpointer data)
{
  g_autoptr (ProcstreamLineWaiter) first = new_waiter (fixture, "name", PROCSTREAM_MATCH_NEXT | PROCSTREAM_MATCH_PARTIAL);
  g_autofree char *message = NULL;

  attach (fixture, first);
  test_search_feed (fixture, "name? ");
  g_object_unref (wait_match (first));
  test_search_feed (fixture, "hi bob\n");
  test_search_add (fixture, "hi", PROCSTREAM_MATCH_NEXT);
  test_search_attach (fixture);
  test_search_end (fixture, 0, NULL);
  message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "; 9 bytes that came after the last match and before the wait began were not kept for it; nothing came since");
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (fixture->waiter)), ==, 9);
}

static void
test_nothing_after (TestSearch   *fixture,
                    gconstpointer data)
{
  g_autofree char *message = NULL;

  test_search_feed (fixture, "bye");
  expect_next (fixture, "bye", PROCSTREAM_MATCH_PARTIAL, "bye", 3);
  test_search_add (fixture, "bye", PROCSTREAM_MATCH_NEXT);
  test_search_attach (fixture);
  test_search_end (fixture, 0, NULL);
  message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "; nothing came after the last match");
}

/* --- Wherever it was cut ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char             *text;
  const char             *pattern;
  ProcstreamLineSeparator separator;
  gboolean                strips;
  const char             *encoding;
  guint                   max_length; /* 0: as usual */
} Case;

/* Matches of each follow one another, on one line and on the next, with what is repaired, is taken out, or is a part of a separator. */
static const Case cases[] = {
  { "<1><2>\r\n\r\n<3>\n<4> and <5>", "<\\d>", PROCSTREAM_LINE_SEPARATOR_NEWLINE },
  { "\377<1>\377\303<2>\303\274<3>\n\303<4>\n\377\377<5>", "<\\d>", PROCSTREAM_LINE_SEPARATOR_NEWLINE },
  { "<1>\r<2>\r\n<3>\n\r<4><5>", "<\\d>", PROCSTREAM_LINE_SEPARATOR_ANY },
  { "<1>\r<2>\r\n<3>\r\r\n<4>\n<5>\r", "<\\d>", PROCSTREAM_LINE_SEPARATOR_CRLF },
  { "\033[1m<\033[0m1>\033[31m<2>\n\033[m\033[K<3\033[1m>\n<4>\033]0;title\007<5>\033[0m", "<\\d>", PROCSTREAM_LINE_SEPARATOR_NEWLINE, TRUE },
  { "\344<1>\374\337<2>\n<3>\326\n\n<4><5>\344", "<\\d>", PROCSTREAM_LINE_SEPARATOR_NEWLINE, FALSE, "ISO-8859-1" },
  { "\344\033[1m<1>\374\033[0m\337<2>\n<\033[1m3>\326\n\n<4><5>\344", "<\\d>", PROCSTREAM_LINE_SEPARATOR_NEWLINE, TRUE, "ISO-8859-1" },
  { "too long <1> for it <2><3>\nand <4>, <5> too", "<\\d>", PROCSTREAM_LINE_SEPARATOR_NEWLINE, FALSE, NULL, 8 },
};

static ProcstreamMatch *
find_in_case (TestSearch *fixture,
              const Case *c)
{
  g_autoptr (ProcstreamLineWaiter) waiter = new_waiter (fixture, c->pattern, PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_NEXT | PROCSTREAM_MATCH_PARTIAL);
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (waiter);

  procstream_consumer_set_line_separator (consumer, c->separator);
  procstream_consumer_set_strip_escapes (consumer, c->strips);
  procstream_consumer_set_encoding (consumer, c->encoding);
  if (c->max_length > 0)
    procstream_consumer_set_max_line_length (consumer, c->max_length);
  attach (fixture, waiter);
  return wait_match (waiter);
}

/* The first is looked for before the cut, in a line that is not finished there; all others when everything is there. */
static void
check_cut (const Case *c,
           gsize       cut)
{
  TestSearch       fixture = { 0 };
  g_autofree char *first = g_strndup (c->text, cut);

  test_search_set_up (&fixture, NULL);
  test_search_feed (&fixture, first);
  for (guint i = 1; i <= 5; i++)
    {
      g_autofree char *expected = g_strdup_printf ("<%u>", i);
      g_autoptr (ProcstreamMatch) match = NULL;

      if (i == 2)
        test_search_feed (&fixture, c->text + cut);
      match = find_in_case (&fixture, c);
      g_assert_cmpstr (procstream_match_get_group (match, 0), ==, expected);
      g_assert_cmpint (c->text[procstream_match_get_end_offset (match) - 1], ==, '>');
    }
  test_search_tear_down (&fixture, NULL);
}

static void
test_cuts (void)
{
  const guint step = test_on_valgrind () ? 7 : 1;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize cut = strchr (cases[i].text, '>') + 1 - cases[i].text; cut < strlen (cases[i].text); cut += step)
      {
        g_test_message ("case %u, cut %u", i, (guint) cut);
        check_cut (&cases[i], cut);
      }
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, function) g_test_add ("/line-seeker-next/" name, TestSearch, NULL, test_search_set_up, function, test_search_tear_down)
  test_init (&argc, &argv);
  ADD ("prompts", test_prompts);
  ADD ("beginning", test_beginning);
  ADD ("given-up", test_given_up);
  ADD ("concurrent", test_concurrent);
  ADD ("function", test_function);
  ADD ("mixed", test_mixed);
  ADD ("nothing-after", test_nothing_after);
  g_test_add ("/line-seeker-next/missed", TestSearch, NULL, set_up_without_replay, test_missed, test_search_tear_down);
  g_test_add_func ("/line-seeker-next/cuts", test_cuts);
  return g_test_run ();
}
