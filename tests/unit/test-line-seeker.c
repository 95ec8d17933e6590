/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-search.h"
#include "test-utils.h"

/* What a line waiter finds where. When it ends, and who comes first, is tested in test-line-seeker-decision.c. */

/* --- Where the line is -------------------------------------------------------------------------------------------------------- */

/* A late wait finds the line that replay kept, and the line of a history that comes first, however much follows. */
static void
test_history (TestSearch   *fixture,
              gconstpointer data)
{
  test_search_feed (fixture, "booting\nready 1\n");
  test_search_feed (fixture, "ready 2\n");
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_search_feed (fixture, "ready 3\n");
  test_search_expect_match (fixture, "ready 1", "stdout", 2, 0);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 2);
  /* The only slot, if there is but one, is free again. */
  test_search_expect_free (fixture, 0);
}

static void
test_live (TestSearch   *fixture,
           gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_search_feed (fixture, "booting\n");
  test_search_feed (fixture, "ready\nand more\n");
  test_search_expect_match (fixture, "ready", "stdout", 2, 0);
}

/* A line, and the separator, that cross chunks. */
static void
test_chunk_boundary (TestSearch   *fixture,
                     gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_WHOLE_LINE);
  test_search_attach (fixture);
  test_search_feed (fixture, "al");
  test_search_feed (fixture, "ready\nrea");
  test_search_feed (fixture, "dy\r");
  test_search_feed (fixture, "\n");
  test_search_expect_match (fixture, "ready", "stdout", 2, 0);
}

/* A last line without a separator counts when it is certain that it is the last. */
static void
test_unterminated (TestSearch   *fixture,
                   gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_search_feed (fixture, "booting\nready");
  test_search_end (fixture, 0, NULL);
  match = test_search_wait_match (fixture);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "ready");
  g_assert_false (procstream_line_get_terminated (procstream_match_get_line (match)));
}

/* The match and the end are there before anything is searched. */
static void
test_match_and_end (TestSearch   *fixture,
                    gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "ready\n");
  test_search_end (fixture, 0, NULL);
  test_hold_end (&fixture->hold);
  test_search_expect_match (fixture, "ready", "stdout", 1, 0);
}

static void
test_end (TestSearch   *fixture,
          gconstpointer data)
{
  g_autofree char *message = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_add (fixture, "^go$", PROCSTREAM_MATCH_REGEX);
  test_search_attach (fixture);
  test_search_feed (fixture, "one\ntwo\nthree");
  test_search_end (fixture, 0, NULL);
  message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "“stdout”");
  test_search_expect_in (message, "a line with “ready” or a line that matches “^go$”");
  test_search_expect_in (message, "\n  one\n  two\n  three");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 3);
}

static void
test_end_without_output (TestSearch   *fixture,
                         gconstpointer data)
{
  g_autofree char *message = NULL;

  test_search_end (fixture, 0, NULL);
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "there was no output");
}

/* It does not say so of output that nobody kept. */
static void
test_end_without_replay (TestSearch   *fixture,
                         gconstpointer data)
{
  g_autofree char *message = NULL;

  test_search_feed (fixture, "ready\n");
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_search_end (fixture, 0, NULL);
  message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "; 6 bytes that came before the wait began were not kept for it; nothing came since");
}

/* What came before a read error is searched; then the error is the read error. */
static void
test_read_error (TestSearch   *fixture,
                 gconstpointer data)
{
  g_autofree char *message = NULL;
  g_autoptr (GError) error = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "not yet\n");
  test_search_end (fixture, 0, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "It broke"));
  test_hold_end (&fixture->hold);
  message = test_search_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  test_search_expect_in (message, "It broke");
  test_search_expect_in (message, "ready");
  test_search_expect_in (message, "\n  not yet");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (fixture->waiter), 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

static void
test_read_error_after_match (TestSearch   *fixture,
                             gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "ready");
  test_search_end (fixture, 0, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "It broke"));
  test_hold_end (&fixture->hold);
  test_search_expect_match (fixture, "ready", "stdout", 1, 0);
}

/* What stands before a gap and what stands after it are no line; the gap is counted, and told. */
static void
test_gap (void)
{
  TestSearch       fixture = { 0 };
  g_autofree char *message = NULL;

  test_search_set_up_with (&fixture, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, 1);
  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (fixture.waiter), PROCSTREAM_DELIVERY_LOSSY);
  test_search_add (&fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (&fixture);
  test_search_feed (&fixture, "rea");
  while (procstream_line_seeker_peek_offset (procstream_line_waiter_get_search (fixture.waiter)) < 3)
    test_hold_pass ();
  test_hold_begin (&fixture.hold);
  test_search_feed (&fixture, "lost\n");
  test_search_feed (&fixture, "dy\n");
  test_search_end (&fixture, 0, NULL);
  test_hold_end (&fixture.hold);
  message = test_search_expect_error (&fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "5 bytes were lost");
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (fixture.waiter)), ==, 1);
  /* The beginning of the line that the gap tore counts as well. */
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (fixture.waiter)), ==, 8);
  test_search_tear_down (&fixture, NULL);
}

/* A line is searched as far as its limit goes. */
static void
test_line_options (TestSearch   *fixture,
                   gconstpointer data)
{
  procstream_consumer_set_max_line_length (PROCSTREAM_CONSUMER (fixture->waiter), 4);
  procstream_consumer_set_line_overflow (PROCSTREAM_CONSUMER (fixture->waiter), PROCSTREAM_LINE_OVERFLOW_TRUNCATE);
  test_search_add (fixture, "ness", PROCSTREAM_MATCH_NONE);
  test_search_add (fixture, "read", PROCSTREAM_MATCH_WHOLE_LINE);
  test_search_attach (fixture);
  test_search_feed (fixture, "readiness\n");
  test_search_expect_match (fixture, "read", "stdout", 1, 1);
}

static void
test_invalid_text (TestSearch   *fixture,
                   gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;

  test_search_add (fixture, "\357\277\275y$", PROCSTREAM_MATCH_REGEX);
  test_search_attach (fixture);
  test_search_feed (fixture, "read\377y\n");
  match = test_search_wait_match (fixture);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "read\357\277\275y");
  g_assert_cmpstr (procstream_match_get_group (match, 0), ==, "\357\277\275y");
  g_assert_cmpmem (g_bytes_get_data (procstream_line_get_bytes (procstream_match_get_line (match)), NULL), 6, "read\377y", 6);
}

/* --- Lines that are not finished ---------------------------------------------------------------------------------------------- */

static void
test_prompt (TestSearch   *fixture,
             gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;

  test_search_add (fixture, "login: ", PROCSTREAM_MATCH_PARTIAL | PROCSTREAM_MATCH_WHOLE_LINE);
  test_search_attach (fixture);
  test_search_feed (fixture, "motd\nlog");
  test_search_feed (fixture, "in: ");
  match = test_search_wait_match (fixture);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "login: ");
  g_assert_false (procstream_line_get_terminated (procstream_match_get_line (match)));
  g_assert_cmpuint (procstream_line_get_number (procstream_match_get_line (match)), ==, 2);
}

/* Not where something more is there already, and not for a pattern that does not ask for it. */
static void
test_no_prompt (TestSearch   *fixture,
                gconstpointer data)
{
  test_search_add (fixture, "login", PROCSTREAM_MATCH_NONE);
  test_search_add (fixture, "log", PROCSTREAM_MATCH_PARTIAL | PROCSTREAM_MATCH_WHOLE_LINE);
  test_search_feed (fixture, "log");
  test_search_feed (fixture, "in: ");
  test_search_attach (fixture);
  while (procstream_line_seeker_peek_offset (procstream_line_waiter_get_search (fixture->waiter)) < 7)
    test_hold_pass ();
  g_assert_null (procstream_line_waiter_get_match (fixture->waiter));
  test_search_feed (fixture, "\n");
  test_search_expect_match (fixture, "login: ", "stdout", 1, 0);
}

/* Half a character at the end is no character yet, and a CR may be half a separator. */
static void
test_prompt_cut (TestSearch   *fixture,
                 gconstpointer data)
{
  test_search_add (fixture, "\\A\\w+\\z", PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_PARTIAL);
  test_search_attach (fixture);
  test_search_feed (fixture, "-f\303\274r\n");
  test_search_feed (fixture, "f\303");
  test_search_expect_match (fixture, "f", "stdout", 2, 0);
}

/* --- Torn lines --------------------------------------------------------------------------------------------------------------- */

static void
set_up_without_replay (TestSearch   *fixture,
                       gconstpointer data)
{
  test_search_set_up_with (fixture, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 100);
}

static gboolean
accept_cb (ProcstreamLine *line,
           gpointer        user_data)
{
  g_assert_true (procstream_line_get_torn (line));
  return TRUE;
}

/* Attached in the middle of a line it searches the rest of that, finished or not, whatever looks; where the line begins it knows not to be. */
static void
test_torn (TestSearch   *fixture,
           gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;
  ProcstreamLine *line;

  test_search_feed (fixture, "old\nlogin: ");
  test_search_add (fixture, "Password", PROCSTREAM_MATCH_PREFIX | PROCSTREAM_MATCH_PARTIAL);
  test_search_add (fixture, "^Password", PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_PARTIAL);
  test_search_add (fixture, "login", PROCSTREAM_MATCH_PARTIAL);
  if (GPOINTER_TO_UINT (data) == 0)
    test_search_add (fixture, "Password: ", PROCSTREAM_MATCH_PARTIAL);
  else if (GPOINTER_TO_UINT (data) == 1)
    test_search_add (fixture, "(?<=: )P", PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_PARTIAL);
  else
    g_assert_true (procstream_line_waiter_add_function (fixture->waiter, PROCSTREAM_MATCH_PARTIAL, accept_cb, NULL, NULL, NULL));
  test_search_attach (fixture);
  test_search_feed (fixture, "Password: ");
  match = test_search_wait_match (fixture);
  line = procstream_match_get_line (match);
  g_assert_cmpuint (procstream_match_get_pattern (match), ==, 3);
  g_assert_cmpstr (procstream_line_get_text (line), ==, "Password: ");
  g_assert_true (procstream_line_get_torn (line));
  g_assert_false (procstream_line_get_terminated (line));
  g_assert_cmpuint (procstream_line_get_number (line), ==, 1);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (fixture->waiter)), ==, 0);
}

/* The rest counts as a line when there is any of it; the next line is whole. */
static void
test_torn_finished (TestSearch   *fixture,
                    gconstpointer data)
{
  const gboolean any = data != NULL;

  test_search_feed (fixture, "name? ");
  test_search_add (fixture, any ? "hi bob" : "^next", any ? PROCSTREAM_MATCH_NONE : PROCSTREAM_MATCH_REGEX);
  test_search_attach (fixture);
  test_search_feed (fixture, any ? "hi bob\r\nnext\n" : "\r\nnext\n");
  test_search_expect_match (fixture, any ? "hi bob" : "next", "stdout", 1, 0);
  g_assert_cmpint (procstream_line_get_torn (procstream_match_get_line (procstream_line_waiter_get_match (fixture->waiter))), ==, any);
}

/* The bytes of a character that stand on both sides of where it was attached. */
static void
test_torn_character (TestSearch   *fixture,
                     gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;

  test_search_feed (fixture, "\377f\303");
  test_search_add (fixture, "\\w+", PROCSTREAM_MATCH_REGEX);
  test_search_attach (fixture);
  test_search_feed (fixture, "\274r\n");
  match = test_search_wait_match (fixture);
  g_assert_cmpstr (procstream_match_get_group (match, 0), ==, "r");
}

/* Of an encoding, and with escape sequences, what is before is known in the same way. */
static void
test_torn_filtered (TestSearch   *fixture,
                    gconstpointer data)
{
  test_search_feed (fixture, "login\033[1m: \033[0m");
  procstream_consumer_set_strip_escapes (PROCSTREAM_CONSUMER (fixture->waiter), TRUE);
  test_search_add (fixture, "^Password", PROCSTREAM_MATCH_REGEX);
  test_search_add (fixture, "(?<=: )Password: ", PROCSTREAM_MATCH_REGEX);
  test_search_attach (fixture);
  test_search_feed (fixture, "Pass\033[1mword: \n");
  test_search_expect_match (fixture, "Password: ", "stdout", 1, 1);
}

/* After a gap, too. */
static void
test_torn_gap (void)
{
  TestSearch fixture = { 0 };

  test_search_set_up_with (&fixture, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, 1);
  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (fixture.waiter), PROCSTREAM_DELIVERY_LOSSY);
  test_search_add (&fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (&fixture);
  test_search_feed (&fixture, "rea");
  while (procstream_line_seeker_peek_offset (procstream_line_waiter_get_search (fixture.waiter)) < 3)
    test_hold_pass ();
  test_hold_begin (&fixture.hold);
  test_search_feed (&fixture, "lost");
  test_search_feed (&fixture, " but ready\n");
  test_hold_end (&fixture.hold);
  test_search_expect_match (&fixture, " but ready", "stdout", 1, 0);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (fixture.waiter)), ==, 7);
  test_search_tear_down (&fixture, NULL);
}

/* --- Several patterns --------------------------------------------------------------------------------------------------------- */

/* The first line counts, whatever its pattern; of one line, the pattern that was added first. */
static void
test_several (TestSearch   *fixture,
              gconstpointer data)
{
  test_search_add (fixture, "late", PROCSTREAM_MATCH_NONE);
  test_search_add (fixture, "first|second", PROCSTREAM_MATCH_REGEX);
  test_search_add (fixture, "first", PROCSTREAM_MATCH_NONE);
  test_search_feed (fixture, "the first\nlate\n");
  test_search_attach (fixture);
  test_search_expect_match (fixture, "the first", "stdout", 1, 1);
}

static void
test_groups (TestSearch   *fixture,
             gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;
  const char *const *groups;

  test_search_add (fixture, "on (?<host>[a-z]+)?:(?<port>\\d+)", PROCSTREAM_MATCH_REGEX);
  test_search_attach (fixture);
  test_search_feed (fixture, "ready on :8080.\n");
  match = test_search_wait_match (fixture);
  groups = procstream_match_get_groups (match);
  g_assert_cmpuint (g_strv_length ((char **) groups), ==, 3);
  g_assert_cmpstr (groups[0], ==, "on :8080");
  g_assert_cmpstr (groups[1], ==, "");
  g_assert_cmpstr (groups[2], ==, "8080");
  g_assert_null (procstream_match_get_group (match, 1));
  g_assert_null (procstream_match_get_group (match, 3));
  g_assert_cmpstr (procstream_match_get_named_group (match, "port"), ==, "8080");
  g_assert_null (procstream_match_get_named_group (match, "host"));
  g_assert_null (procstream_match_get_named_group (match, "path"));
}

/* --- Two outputs -------------------------------------------------------------------------------------------------------------- */

/* What was read first counts, on whatever output. */
static void
test_both_match (TestSearch   *fixture,
                 gconstpointer data)
{
  test_search_add (fixture, "ready", GPOINTER_TO_UINT (data));
  test_search_feed_at (fixture, 0, 10, "one\n");
  test_search_feed_at (fixture, 1, 20, "ready err\n");
  test_search_feed_at (fixture, 0, 30, "ready out\n");
  test_search_attach_both (fixture);
  test_search_expect_match (fixture, "ready err", "stderr", 1, 0);
  g_assert_cmpuint (fixture->n_over, ==, 1);
  test_search_expect_free (fixture, 0);
  test_search_expect_free (fixture, 1);
}

static void
test_both_match_at_once (TestSearch   *fixture,
                         gconstpointer data)
{
  test_search_add (fixture, "ready", GPOINTER_TO_UINT (data));
  test_search_attach_both (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed_at (fixture, 1, 20, "ready err\n");
  test_search_feed_at (fixture, 0, 20, "ready out\n");
  test_hold_end (&fixture->hold);
  /* A worker may have been quicker than the other output. */
  if (GPOINTER_TO_UINT (data) == PROCSTREAM_MATCH_NONE)
    test_search_expect_match (fixture, "ready out", "stdout", 1, 0);
  else
    g_object_unref (test_search_wait_match (fixture));
}

/* One output may end long before the line comes on the other. */
static void
test_one_ends (TestSearch   *fixture,
               gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  test_search_end (fixture, 0, NULL);
  test_hold_pass ();
  test_search_feed_at (fixture, 1, 1, "ready\n");
  test_search_expect_match (fixture, "ready", "stderr", 1, 0);
}

/* The exit comes when all has been read: the message says how the process ended, and what it said last. */
static void
test_exit_after_end (TestSearch   *fixture,
                     gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);
  g_autofree char      *message = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  test_search_feed_at (fixture, 0, 1, "an output\n");
  test_search_feed_at (fixture, 1, 2, "an error\n");
  test_search_end (fixture, 0, NULL);
  test_search_end (fixture, 1, NULL);
  test_hold_pass ();
  procstream_line_seeker_exited (search, "“prog” exited with status 3");
  message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "“prog” exited with status 3; ");
  test_search_expect_in (message, "The last lines of stdout:\n  an output\nThe last lines of stderr:\n  an error");
  g_assert_cmpuint (fixture->n_over, ==, 1);
}

/* One that closes both and goes on is not waited for. */
static void
test_end_without_exit (TestSearch   *fixture,
                       gconstpointer data)
{
  g_autofree char *message = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  test_search_end (fixture, 0, NULL);
  test_search_end (fixture, 1, NULL);
  message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "The output of “prog” ended; ");
}

/* Somebody else holds the outputs open after the exit: everything that is there by then is searched, and no more. */
static void
test_exit_without_end (TestSearch   *fixture,
                       gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);
  g_autofree char      *message = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed_at (fixture, 0, 1, "last words\n");
  procstream_line_seeker_exited (search, "“prog” exited with status 0");
  /* The place where it stops is noted by the thread that reads, which is this one. */
  g_main_context_iteration (NULL, FALSE);
  test_search_feed_at (fixture, 0, 2, "ready, says somebody else\n");
  test_hold_end (&fixture->hold);
  message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  test_search_expect_in (message, "last words");
}

static void
test_exit_and_match (TestSearch   *fixture,
                     gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed_at (fixture, 1, 1, "ready");
  procstream_line_seeker_exited (search, "“prog” exited with status 0");
  g_main_context_iteration (NULL, FALSE);
  test_hold_end (&fixture->hold);
  test_search_expect_match (fixture, "ready", "stderr", 1, 0);
}

static void
test_start_failed (TestSearch   *fixture,
                   gconstpointer data)
{
  g_autofree char *message = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  for (guint i = 0; i < 2; i++)
    test_search_end (fixture, i, g_error_new_literal (G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "No such program"));
  message = test_search_expect_error (fixture, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  test_search_expect_in (message, "No such program");
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, function, data) g_test_add ("/line-seeker/" name, TestSearch, data, test_search_set_up, function, test_search_tear_down)
  test_init (&argc, &argv);
  ADD ("history", test_history, NULL);
  ADD ("live", test_live, NULL);
  ADD ("chunk-boundary", test_chunk_boundary, NULL);
  ADD ("unterminated", test_unterminated, NULL);
  ADD ("match-and-end", test_match_and_end, NULL);
  ADD ("end", test_end, NULL);
  ADD ("end/without-output", test_end_without_output, NULL);
  g_test_add ("/line-seeker/end/without-replay", TestSearch, NULL, set_up_without_replay, test_end_without_replay, test_search_tear_down);
  ADD ("read-error", test_read_error, NULL);
  ADD ("read-error/after-match", test_read_error_after_match, NULL);
  g_test_add_func ("/line-seeker/gap", test_gap);
  ADD ("line-options", test_line_options, NULL);
  ADD ("invalid-text", test_invalid_text, NULL);
  ADD ("prompt", test_prompt, NULL);
  ADD ("prompt/none", test_no_prompt, NULL);
  ADD ("prompt/cut", test_prompt_cut, NULL);
#define ADD_TORN(name, function, data) g_test_add ("/line-seeker/torn/" name, TestSearch, data, set_up_without_replay, function, test_search_tear_down)
  ADD_TORN ("text", test_torn, GUINT_TO_POINTER (0));
  ADD_TORN ("regex", test_torn, GUINT_TO_POINTER (1));
  ADD_TORN ("function", test_torn, GUINT_TO_POINTER (2));
  ADD_TORN ("finished", test_torn_finished, GUINT_TO_POINTER (TRUE));
  ADD_TORN ("finished/empty", test_torn_finished, GUINT_TO_POINTER (FALSE));
  ADD_TORN ("character", test_torn_character, NULL);
  ADD_TORN ("filtered", test_torn_filtered, NULL);
  g_test_add_func ("/line-seeker/torn/gap", test_torn_gap);
  ADD ("several", test_several, NULL);
  ADD ("groups", test_groups, NULL);
  ADD ("both/match", test_both_match, GUINT_TO_POINTER (PROCSTREAM_MATCH_NONE));
  ADD ("both/match-regex", test_both_match, GUINT_TO_POINTER (PROCSTREAM_MATCH_REGEX));
  ADD ("both/match-at-once", test_both_match_at_once, GUINT_TO_POINTER (PROCSTREAM_MATCH_NONE));
  ADD ("both/match-at-once-regex", test_both_match_at_once, GUINT_TO_POINTER (PROCSTREAM_MATCH_REGEX));
  ADD ("both/one-ends", test_one_ends, NULL);
  ADD ("exit/after-end", test_exit_after_end, NULL);
  ADD ("exit/none", test_end_without_exit, NULL);
  ADD ("exit/without-end", test_exit_without_end, NULL);
  ADD ("exit/and-match", test_exit_and_match, NULL);
  ADD ("start-failed", test_start_failed, NULL);
  return g_test_run ();
}
