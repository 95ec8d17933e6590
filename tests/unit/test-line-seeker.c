/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-private.h"
#include "procstream-line-waiter-private.h"
#include "procstream-output-config-private.h"

#include <procstream/procstream.h>

#include "test-hold.h"
#include "test-utils.h"

#include <string.h>
#include <sys/eventfd.h>

/*
 * A line waiter and the outputs that it searches, which are read in this thread: nothing comes but what the test gives, and at the time that the
 * test says. While the I/O thread is held, nothing is searched.
 */

typedef struct
{
  ProcstreamOutputCore *outputs[2];
  ProcstreamLineWaiter *waiter;
  TestHold              hold;
  guint                 n_over;
} Fixture;

static ProcstreamOutputCore *
make_output (const char        *name,
             ProcstreamDelivery delivery,
             ProcstreamReplay   replay,
             guint              max_chunks)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (delivery, replay);
  ProcstreamOutputSettings settings;
  ProcstreamOutputCore    *self;

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  procstream_output_config_set_max_buffered_chunks (config, max_chunks);
  g_assert_true (procstream_output_config_resolve (config, name, PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET, 0, &settings, NULL));
  self = procstream_output_core_new (name, &settings, g_main_context_default (), &settings);
  procstream_output_core_hold (self);
  /* Never readable, and never at an end. */
  procstream_output_core_open_fd (self, eventfd (0, EFD_CLOEXEC));
  return self;
}

static void
set_up_with (Fixture           *fixture,
             ProcstreamDelivery delivery,
             ProcstreamReplay   replay,
             guint              max_chunks)
{
  fixture->outputs[0] = make_output ("stdout", delivery, replay, max_chunks);
  fixture->outputs[1] = make_output ("stderr", delivery, replay, max_chunks);
  fixture->waiter = procstream_line_waiter_new ();
}

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  set_up_with (fixture, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL, 100);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_clear_object (&fixture->waiter);
  test_hold_pass ();
  for (guint i = 0; i < 2; i++)
    {
      procstream_output_core_release (fixture->outputs[i]);
      procstream_output_core_unref (fixture->outputs[i]);
    }
}

static void
add (Fixture             *fixture,
     const char          *pattern,
     ProcstreamMatchFlags flags)
{
  g_autoptr (GError) error = NULL;

  procstream_line_waiter_add_pattern (fixture->waiter, pattern, flags, &error);
  g_assert_no_error (error);
}

static void
attach (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_attach (PROCSTREAM_CONSUMER (fixture->waiter), fixture->outputs[0], PROCSTREAM_DELIVERY_RELIABLE, &error);
  g_assert_no_error (error);
}

static void
over_cb (gpointer data)
{
  ((Fixture *) data)->n_over++;
}

static void
free_cb (gpointer data)
{
}

static void
attach_both (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  procstream_line_waiter_attach_both (fixture->waiter, fixture->outputs, "prog", over_cb, fixture, free_cb, &error);
  g_assert_no_error (error);
}

static void
feed_at (Fixture    *fixture,
         guint       output,
         gint64      time_us,
         const char *text)
{
  procstream_output_core_feed (fixture->outputs[output], procstream_chunk_new_copy (text, strlen (text), time_us));
}

static void
feed (Fixture    *fixture,
      const char *text)
{
  feed_at (fixture, 0, 0, text);
}

static void
end (Fixture *fixture,
     guint    output,
     GError  *error)
{
  procstream_output_core_feed_end (fixture->outputs[output], error);
}

static ProcstreamMatch *
wait_match (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  ProcstreamMatch *match = procstream_line_waiter_wait_match (fixture->waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (match == procstream_line_waiter_get_match (fixture->waiter));
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_DONE);
  return match;
}

static void
expect_match (Fixture    *fixture,
              const char *text,
              const char *stream,
              guint64     number,
              guint       pattern)
{
  g_autoptr (ProcstreamMatch) match = wait_match (fixture);
  ProcstreamLine *line = procstream_match_get_line (match);

  g_assert_cmpstr (procstream_match_get_text (match), ==, text);
  g_assert_cmpstr (procstream_line_get_stream (line), ==, stream);
  g_assert_cmpuint (procstream_line_get_number (line), ==, number);
  g_assert_cmpuint (procstream_match_get_pattern (match), ==, pattern);
}

/* Returns the message. */
static char *
expect_error (Fixture *fixture,
              GQuark   domain,
              int      code)
{
  g_autoptr (GError) error = NULL;
  ProcstreamMatch *match = procstream_line_waiter_wait_match (fixture->waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);

  g_assert_null (match);
  g_assert_error (error, domain, code);
  g_assert_null (procstream_line_waiter_get_match (fixture->waiter));
  return g_strdup (error->message);
}

static void
expect_in (const char *message,
           const char *part)
{
  if (strstr (message, part) == NULL)
    g_test_message ("no “%s” in: %s", part, message);
  g_assert_nonnull (strstr (message, part));
}

/* Nobody subscribes any more. */
static void
expect_free (Fixture *fixture,
             guint    output)
{
  procstream_output_core_release (fixture->outputs[output]);
  g_assert_cmpint (procstream_output_core_get_state (fixture->outputs[output]), >=, PROCSTREAM_OUTPUT_STATE_ENDED);
  procstream_output_core_hold (fixture->outputs[output]);
}

/* --- Where the line is -------------------------------------------------------------------------------------------------------- */

/* A late wait finds the line that replay kept, and the line of a history that comes first, however much follows. */
static void
test_history (Fixture      *fixture,
              gconstpointer data)
{
  feed (fixture, "booting\nready 1\n");
  feed (fixture, "ready 2\n");
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  feed (fixture, "ready 3\n");
  expect_match (fixture, "ready 1", "stdout", 2, 0);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 2);
  /* The only slot, if there is but one, is free again. */
  expect_free (fixture, 0);
}

static void
test_live (Fixture      *fixture,
           gconstpointer data)
{
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  feed (fixture, "booting\n");
  feed (fixture, "ready\nand more\n");
  expect_match (fixture, "ready", "stdout", 2, 0);
}

/* A line, and the separator, that cross chunks. */
static void
test_chunk_boundary (Fixture      *fixture,
                     gconstpointer data)
{
  add (fixture, "ready", PROCSTREAM_MATCH_WHOLE_LINE);
  attach (fixture);
  feed (fixture, "al");
  feed (fixture, "ready\nrea");
  feed (fixture, "dy\r");
  feed (fixture, "\n");
  expect_match (fixture, "ready", "stdout", 2, 0);
}

/* A last line without a separator counts when it is certain that it is the last. */
static void
test_unterminated (Fixture      *fixture,
                   gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  feed (fixture, "booting\nready");
  end (fixture, 0, NULL);
  match = wait_match (fixture);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "ready");
  g_assert_false (procstream_line_get_terminated (procstream_match_get_line (match)));
}

/* The match and the end are there before anything is searched. */
static void
test_match_and_end (Fixture      *fixture,
                    gconstpointer data)
{
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  test_hold_begin (&fixture->hold);
  feed (fixture, "ready\n");
  end (fixture, 0, NULL);
  test_hold_end (&fixture->hold);
  expect_match (fixture, "ready", "stdout", 1, 0);
}

static void
test_end (Fixture      *fixture,
          gconstpointer data)
{
  g_autofree char *message = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  add (fixture, "^go$", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  feed (fixture, "one\ntwo\nthree");
  end (fixture, 0, NULL);
  message = expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "“stdout”");
  expect_in (message, "a line with “ready” or a line that matches “^go$”");
  expect_in (message, "\n  one\n  two\n  three");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 3);
}

static void
test_end_without_output (Fixture      *fixture,
                         gconstpointer data)
{
  g_autofree char *message = NULL;

  end (fixture, 0, NULL);
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  message = expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "there was no output");
}

/* What came before a read error is searched; then the error is the read error. */
static void
test_read_error (Fixture      *fixture,
                 gconstpointer data)
{
  g_autofree char *message = NULL;
  g_autoptr (GError) error = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  test_hold_begin (&fixture->hold);
  feed (fixture, "not yet\n");
  end (fixture, 0, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "It broke"));
  test_hold_end (&fixture->hold);
  message = expect_error (fixture, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  expect_in (message, "It broke");
  expect_in (message, "ready");
  expect_in (message, "\n  not yet");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (fixture->waiter), 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

static void
test_read_error_after_match (Fixture      *fixture,
                             gconstpointer data)
{
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  test_hold_begin (&fixture->hold);
  feed (fixture, "ready");
  end (fixture, 0, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "It broke"));
  test_hold_end (&fixture->hold);
  expect_match (fixture, "ready", "stdout", 1, 0);
}

/* What stands before a gap and what stands after it are no line; the gap is counted, and told. */
static void
test_gap (void)
{
  Fixture          fixture = { 0 };
  g_autofree char *message = NULL;

  set_up_with (&fixture, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, 1);
  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (fixture.waiter), PROCSTREAM_DELIVERY_LOSSY);
  add (&fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (&fixture);
  feed (&fixture, "rea");
  while (procstream_line_seeker_peek_offset (procstream_line_waiter_get_search (fixture.waiter)) < 3)
    test_hold_pass ();
  test_hold_begin (&fixture.hold);
  feed (&fixture, "lost\n");
  feed (&fixture, "dy\n");
  end (&fixture, 0, NULL);
  test_hold_end (&fixture.hold);
  message = expect_error (&fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "5 bytes were lost");
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (fixture.waiter)), ==, 1);
  /* The beginning of the line that the gap tore counts as well. */
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (fixture.waiter)), ==, 8);
  tear_down (&fixture, NULL);
}

/* A line is searched as far as its limit goes. */
static void
test_line_options (Fixture      *fixture,
                   gconstpointer data)
{
  procstream_consumer_set_max_line_length (PROCSTREAM_CONSUMER (fixture->waiter), 4);
  procstream_consumer_set_line_overflow (PROCSTREAM_CONSUMER (fixture->waiter), PROCSTREAM_LINE_OVERFLOW_TRUNCATE);
  add (fixture, "ness", PROCSTREAM_MATCH_NONE);
  add (fixture, "read", PROCSTREAM_MATCH_WHOLE_LINE);
  attach (fixture);
  feed (fixture, "readiness\n");
  expect_match (fixture, "read", "stdout", 1, 1);
}

static void
test_invalid_text (Fixture      *fixture,
                   gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;

  add (fixture, "\357\277\275y$", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  feed (fixture, "read\377y\n");
  match = wait_match (fixture);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "read\357\277\275y");
  g_assert_cmpstr (procstream_match_get_group (match, 0), ==, "\357\277\275y");
  g_assert_cmpmem (g_bytes_get_data (procstream_line_get_bytes (procstream_match_get_line (match)), NULL), 6, "read\377y", 6);
}

/* --- Lines that are not finished ---------------------------------------------------------------------------------------------- */

static void
test_prompt (Fixture      *fixture,
             gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;

  add (fixture, "login: ", PROCSTREAM_MATCH_PARTIAL | PROCSTREAM_MATCH_WHOLE_LINE);
  attach (fixture);
  feed (fixture, "motd\nlog");
  feed (fixture, "in: ");
  match = wait_match (fixture);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "login: ");
  g_assert_false (procstream_line_get_terminated (procstream_match_get_line (match)));
  g_assert_cmpuint (procstream_line_get_number (procstream_match_get_line (match)), ==, 2);
}

/* Not where something more is there already, and not for a pattern that does not ask for it. */
static void
test_no_prompt (Fixture      *fixture,
                gconstpointer data)
{
  add (fixture, "login", PROCSTREAM_MATCH_NONE);
  add (fixture, "log", PROCSTREAM_MATCH_PARTIAL | PROCSTREAM_MATCH_WHOLE_LINE);
  feed (fixture, "log");
  feed (fixture, "in: ");
  attach (fixture);
  while (procstream_line_seeker_peek_offset (procstream_line_waiter_get_search (fixture->waiter)) < 7)
    test_hold_pass ();
  g_assert_null (procstream_line_waiter_get_match (fixture->waiter));
  feed (fixture, "\n");
  expect_match (fixture, "login: ", "stdout", 1, 0);
}

/* Half a character at the end is no character yet, and a CR may be half a separator. */
static void
test_prompt_cut (Fixture      *fixture,
                 gconstpointer data)
{
  add (fixture, "\\A\\w+\\z", PROCSTREAM_MATCH_REGEX | PROCSTREAM_MATCH_PARTIAL);
  attach (fixture);
  feed (fixture, "-f\303\274r\n");
  feed (fixture, "f\303");
  expect_match (fixture, "f", "stdout", 2, 0);
}

/* --- Several patterns --------------------------------------------------------------------------------------------------------- */

/* The first line counts, whatever its pattern; of one line, the pattern that was added first. */
static void
test_several (Fixture      *fixture,
              gconstpointer data)
{
  add (fixture, "late", PROCSTREAM_MATCH_NONE);
  add (fixture, "first|second", PROCSTREAM_MATCH_REGEX);
  add (fixture, "first", PROCSTREAM_MATCH_NONE);
  feed (fixture, "the first\nlate\n");
  attach (fixture);
  expect_match (fixture, "the first", "stdout", 1, 1);
}

static void
test_groups (Fixture      *fixture,
             gconstpointer data)
{
  g_autoptr (ProcstreamMatch) match = NULL;
  const char *const *groups;

  add (fixture, "on (?<host>[a-z]+)?:(?<port>\\d+)", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  feed (fixture, "ready on :8080.\n");
  match = wait_match (fixture);
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
test_both_match (Fixture      *fixture,
                 gconstpointer data)
{
  add (fixture, "ready", GPOINTER_TO_UINT (data));
  feed_at (fixture, 0, 10, "one\n");
  feed_at (fixture, 1, 20, "ready err\n");
  feed_at (fixture, 0, 30, "ready out\n");
  attach_both (fixture);
  expect_match (fixture, "ready err", "stderr", 1, 0);
  g_assert_cmpuint (fixture->n_over, ==, 1);
  expect_free (fixture, 0);
  expect_free (fixture, 1);
}

static void
test_both_match_at_once (Fixture      *fixture,
                         gconstpointer data)
{
  add (fixture, "ready", GPOINTER_TO_UINT (data));
  attach_both (fixture);
  test_hold_begin (&fixture->hold);
  feed_at (fixture, 1, 20, "ready err\n");
  feed_at (fixture, 0, 20, "ready out\n");
  test_hold_end (&fixture->hold);
  /* A worker may have been quicker than the other output. */
  if (GPOINTER_TO_UINT (data) == PROCSTREAM_MATCH_NONE)
    expect_match (fixture, "ready out", "stdout", 1, 0);
  else
    g_object_unref (wait_match (fixture));
}

/* One output may end long before the line comes on the other. */
static void
test_one_ends (Fixture      *fixture,
               gconstpointer data)
{
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach_both (fixture);
  end (fixture, 0, NULL);
  test_hold_pass ();
  feed_at (fixture, 1, 1, "ready\n");
  expect_match (fixture, "ready", "stderr", 1, 0);
}

/* The exit comes when all has been read: the message says how the process ended, and what it said last. */
static void
test_exit_after_end (Fixture      *fixture,
                     gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);
  g_autofree char      *message = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach_both (fixture);
  feed_at (fixture, 0, 1, "an output\n");
  feed_at (fixture, 1, 2, "an error\n");
  end (fixture, 0, NULL);
  end (fixture, 1, NULL);
  test_hold_pass ();
  procstream_line_seeker_exited (search, "“prog” exited with status 3");
  message = expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "“prog” exited with status 3; ");
  expect_in (message, "The last lines of stdout:\n  an output\nThe last lines of stderr:\n  an error");
  g_assert_cmpuint (fixture->n_over, ==, 1);
}

/* One that closes both and goes on is not waited for. */
static void
test_end_without_exit (Fixture      *fixture,
                       gconstpointer data)
{
  g_autofree char *message = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach_both (fixture);
  end (fixture, 0, NULL);
  end (fixture, 1, NULL);
  message = expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "The output of “prog” ended; ");
}

/* Somebody else holds the outputs open after the exit: everything that is there by then is searched, and no more. */
static void
test_exit_without_end (Fixture      *fixture,
                       gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);
  g_autofree char      *message = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach_both (fixture);
  test_hold_begin (&fixture->hold);
  feed_at (fixture, 0, 1, "last words\n");
  procstream_line_seeker_exited (search, "“prog” exited with status 0");
  /* The place where it stops is noted by the thread that reads, which is this one. */
  g_main_context_iteration (NULL, FALSE);
  feed_at (fixture, 0, 2, "ready, says somebody else\n");
  test_hold_end (&fixture->hold);
  message = expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  expect_in (message, "last words");
}

static void
test_exit_and_match (Fixture      *fixture,
                     gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach_both (fixture);
  test_hold_begin (&fixture->hold);
  feed_at (fixture, 1, 1, "ready");
  procstream_line_seeker_exited (search, "“prog” exited with status 0");
  g_main_context_iteration (NULL, FALSE);
  test_hold_end (&fixture->hold);
  expect_match (fixture, "ready", "stderr", 1, 0);
}

static void
test_start_failed (Fixture      *fixture,
                   gconstpointer data)
{
  g_autofree char *message = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach_both (fixture);
  for (guint i = 0; i < 2; i++)
    end (fixture, i, g_error_new_literal (G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "No such program"));
  message = expect_error (fixture, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  expect_in (message, "No such program");
}

/* --- Who comes first ---------------------------------------------------------------------------------------------------------- */

static void
test_cancel_before_match (Fixture      *fixture,
                          gconstpointer data)
{
  g_autofree char *message = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  test_hold_begin (&fixture->hold);
  feed (fixture, "ready\n");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (fixture->waiter));
  expect_free (fixture, 0);
  test_hold_end (&fixture->hold);
  test_hold_pass ();
  message = expect_error (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel_after_match (Fixture      *fixture,
                         gconstpointer data)
{
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  feed (fixture, "ready\n");
  g_object_unref (wait_match (fixture));
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (fixture->waiter));
  expect_match (fixture, "ready", "stdout", 1, 0);
}

static void
test_timeout_before_match (Fixture      *fixture,
                           gconstpointer data)
{
  g_autofree char *message = NULL;

  procstream_line_waiter_set_timeout_ms (fixture->waiter, 3600 * 1000);
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  test_hold_begin (&fixture->hold);
  feed (fixture, "ready\n");
  procstream_line_seeker_expire (procstream_line_waiter_get_search (fixture->waiter));
  test_hold_end (&fixture->hold);
  test_hold_pass ();
  message = expect_error (fixture, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  expect_in (message, "3600000 ms");
  expect_in (message, "a line with “ready” from “stdout”");
}

static void
test_timeout_after_match (Fixture      *fixture,
                          gconstpointer data)
{
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  feed (fixture, "ready\n");
  g_object_unref (wait_match (fixture));
  procstream_line_seeker_expire (procstream_line_waiter_get_search (fixture->waiter));
  expect_match (fixture, "ready", "stdout", 1, 0);
}

/* With no time at all, what is there already is found all the same; so it is by a timer. */
static void
test_no_time (Fixture      *fixture,
              gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamMatch) match = NULL;
  g_autofree char *message = NULL;

  feed (fixture, "booting\nready\n");
  procstream_line_waiter_set_timeout_ms (fixture->waiter, GPOINTER_TO_INT (data) & 1 ? 0 : -1);
  add (fixture, "ready", GPOINTER_TO_INT (data) & 2 ? PROCSTREAM_MATCH_REGEX : PROCSTREAM_MATCH_NONE);
  attach (fixture);
  match = procstream_line_waiter_wait_match (fixture->waiter, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "ready");
}

static void
test_no_time_no_match (Fixture      *fixture,
                       gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  feed (fixture, "booting\n");
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  g_assert_null (procstream_line_waiter_wait_match (fixture->waiter, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  expect_in (error->message, "\n  booting");
  /* It goes on, for whoever waits next. */
  feed (fixture, "ready\n");
  expect_match (fixture, "ready", "stdout", 2, 0);
}

static void
test_timer (Fixture      *fixture,
            gconstpointer data)
{
  g_autofree char *message = NULL;

  procstream_line_waiter_set_timeout_ms (fixture->waiter, 1);
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  message = expect_error (fixture, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
  expect_free (fixture, 0);
}

/* The last reference goes while it searches: it is as if it had never been. */
static void
test_dropped (Fixture      *fixture,
              gconstpointer data)
{
  GWeakRef weak;

  add (fixture, "ready", GPOINTER_TO_UINT (data));
  attach_both (fixture);
  g_weak_ref_init (&weak, fixture->waiter);
  test_hold_begin (&fixture->hold);
  feed (fixture, "ready\n");
  g_clear_object (&fixture->waiter);
  g_assert_null (g_weak_ref_get (&weak));
  g_assert_cmpuint (fixture->n_over, ==, 1);
  expect_free (fixture, 0);
  expect_free (fixture, 1);
  test_hold_end (&fixture->hold);
  g_weak_ref_clear (&weak);
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, function, data) g_test_add ("/line-seeker/" name, Fixture, data, set_up, function, tear_down)
  test_init (&argc, &argv);
  ADD ("history", test_history, NULL);
  ADD ("live", test_live, NULL);
  ADD ("chunk-boundary", test_chunk_boundary, NULL);
  ADD ("unterminated", test_unterminated, NULL);
  ADD ("match-and-end", test_match_and_end, NULL);
  ADD ("end", test_end, NULL);
  ADD ("end/without-output", test_end_without_output, NULL);
  ADD ("read-error", test_read_error, NULL);
  ADD ("read-error/after-match", test_read_error_after_match, NULL);
  g_test_add_func ("/line-seeker/gap", test_gap);
  ADD ("line-options", test_line_options, NULL);
  ADD ("invalid-text", test_invalid_text, NULL);
  ADD ("prompt", test_prompt, NULL);
  ADD ("prompt/none", test_no_prompt, NULL);
  ADD ("prompt/cut", test_prompt_cut, NULL);
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
  ADD ("cancel/before-match", test_cancel_before_match, NULL);
  ADD ("cancel/after-match", test_cancel_after_match, NULL);
  ADD ("timeout/before-match", test_timeout_before_match, NULL);
  ADD ("timeout/after-match", test_timeout_after_match, NULL);
  ADD ("no-time/wait", test_no_time, GINT_TO_POINTER (0));
  ADD ("no-time/timer", test_no_time, GINT_TO_POINTER (1));
  ADD ("no-time/wait-regex", test_no_time, GINT_TO_POINTER (2));
  ADD ("no-time/timer-regex", test_no_time, GINT_TO_POINTER (3));
  ADD ("no-time/no-match", test_no_time_no_match, NULL);
  ADD ("timer", test_timer, NULL);
  ADD ("dropped", test_dropped, GUINT_TO_POINTER (PROCSTREAM_MATCH_NONE));
  ADD ("dropped/regex", test_dropped, GUINT_TO_POINTER (PROCSTREAM_MATCH_REGEX));
  return g_test_run ();
}
