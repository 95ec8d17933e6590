/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-stream.h"
#include "test-utils.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A line waiter at an output whose other end the test holds. What may come before what is tested with the private parts, in
 * tests/unit/test-line-seeker.c. */

typedef struct
{
  TestStream           *stream;
  ProcstreamLineWaiter *waiter;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE,
      .replay = PROCSTREAM_REPLAY_ALL,
      .reader = GPOINTER_TO_INT (data) == PROCSTREAM_READER_MODE_CONTEXT ? PROCSTREAM_READER_MODE_CONTEXT : PROCSTREAM_READER_MODE_UNSET });
  fixture->waiter = procstream_line_waiter_new ();
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_clear_object (&fixture->waiter);
  test_stream_free (fixture->stream);
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

  procstream_output_attach (fixture->stream->output, PROCSTREAM_CONSUMER (fixture->waiter), &error);
  g_assert_no_error (error);
}

static void
expect_match (Fixture    *fixture,
              const char *text,
              guint       pattern)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamMatch) match =
                 procstream_line_waiter_wait_match (fixture->waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_text (match), ==, text);
  g_assert_cmpuint (procstream_match_get_pattern (match), ==, pattern);
  g_assert_cmpstr (procstream_line_get_stream (procstream_match_get_line (match)), ==, "test");
}

static void
expect_error (Fixture *fixture,
              gint64   timeout_ms,
              GQuark   domain,
              int      code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_line_waiter_wait_match (fixture->waiter, timeout_ms, NULL, &error));
  g_assert_error (error, domain, code);
}

/* --- Attaching ---------------------------------------------------------------------------------------------------------------- */

static void
test_states (Fixture      *fixture,
             gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  expect_error (fixture, 0, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_false (procstream_output_attach (fixture->stream->output, PROCSTREAM_CONSUMER (fixture->waiter), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  g_assert_false (procstream_output_attach (fixture->stream->output, PROCSTREAM_CONSUMER (fixture->waiter), &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_assert_false (procstream_line_waiter_add_pattern (fixture->waiter, "late", PROCSTREAM_MATCH_NONE, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  test_stream_write (fixture->stream, "late\nready\n");
  expect_match (fixture, "ready", 0);
}

/* Whoever is attached is promised the history, and gets it after replay was sealed; who comes later does not. */
static void
test_sealed (Fixture      *fixture,
             gconstpointer data)
{
  g_autoptr (ProcstreamLineWaiter) late = procstream_line_waiter_new ();
  g_autoptr (GError) error = NULL;

  test_stream_write_read (fixture->stream, "ready\n");
  add (fixture, "ready", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  procstream_output_seal_replay (fixture->stream->output);
  expect_match (fixture, "ready", 0);

  procstream_line_waiter_add_pattern (late, "ready", PROCSTREAM_MATCH_NONE, NULL);
  g_assert_true (procstream_output_attach (fixture->stream->output, PROCSTREAM_CONSUMER (late), NULL));
  g_assert_null (procstream_line_waiter_wait_match (late, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  test_stream_close (fixture->stream);
  g_assert_null (procstream_line_waiter_wait_match (late, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
}

/* The output is closed because nobody is left: who waited and dropped its reference is gone too. */
static void
test_output_dropped (Fixture      *fixture,
                     gconstpointer data)
{
  add (fixture, "never", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  g_clear_object (&fixture->stream->output);
  test_stream_write (fixture->stream, "never\n");
  expect_match (fixture, "never", 0);
}

static void
test_in_context (Fixture      *fixture,
                 gconstpointer data)
{
  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  test_stream_write (fixture->stream, "booting\nready\n");
  expect_match (fixture, "ready", 0);
}

/* --- Waiting ------------------------------------------------------------------------------------------------------------------ */

static gpointer
wait_thread (gpointer data)
{
  return procstream_line_waiter_wait_match (data, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL);
}

/* One waiter, many callers: they all get the same match. */
static void
test_several_callers (Fixture      *fixture,
                      gconstpointer data)
{
  GAsyncResult *results[2] = { NULL, NULL };
  g_autoptr (ProcstreamMatch) from_thread = NULL;
  GThread *thread;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  thread = g_thread_new ("wait", wait_thread, fixture->waiter);
  for (guint i = 0; i < 2; i++)
    procstream_line_waiter_wait_match_async (fixture->waiter, NULL, test_store_result_cb, &results[i]);
  test_stream_write (fixture->stream, "ready\n");
  from_thread = g_thread_join (thread);
  g_assert_nonnull (from_thread);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (ProcstreamMatch) match = NULL;

      test_wait_result (NULL, "the match", &results[i]);
      match = procstream_line_waiter_wait_match_finish (fixture->waiter, results[i], NULL);
      g_assert_true (match == from_thread);
      g_object_unref (results[i]);
    }
  g_assert_true (procstream_line_waiter_get_match (fixture->waiter) == from_thread);
}

static void
expect_async_error (ProcstreamLineWaiter *waiter,
                    GAsyncResult        **result,
                    GQuark                domain,
                    int                   code)
{
  g_autoptr (GError) error = NULL;

  test_wait_result (NULL, "the error", result);
  g_assert_null (procstream_line_waiter_wait_match_finish (waiter, *result, &error));
  g_assert_error (error, domain, code);
  g_clear_object (result);
}

/* Cancelling a wait is not cancelling the waiter. */
static void
test_cancelled_wait (Fixture      *fixture,
                     gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  procstream_line_waiter_wait_match_async (fixture->waiter, cancellable, test_store_result_cb, &result);
  g_cancellable_cancel (cancellable);
  expect_async_error (fixture->waiter, &result, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (procstream_line_waiter_wait_match (fixture->waiter, -1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_stream_write (fixture->stream, "ready\n");
  expect_match (fixture, "ready", 0);
}

static void
cancel_cb (gpointer data)
{
  procstream_consumer_cancel (data);
}

static void
test_cancelled_waiter (Fixture      *fixture,
                       gconstpointer data)
{
  TestInterruption *interruption;
  GAsyncResult     *result = NULL;

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  procstream_line_waiter_wait_match_async (fixture->waiter, NULL, test_store_result_cb, &result);
  interruption = test_interrupt (cancel_cb, fixture->waiter);
  expect_error (fixture, -1, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_interruption_end (interruption);
  expect_async_error (fixture->waiter, &result, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

typedef struct
{
  Fixture *fixture;
  gboolean tried;
} Try;

static void
try_to_wait_cb (ProcstreamOutput *output,
                GBytes           *bytes,
                Try              *try)
{
  expect_error (try->fixture, -1, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  try->tried = TRUE;
}

static void
test_would_deadlock (Fixture      *fixture,
                     gconstpointer data)
{
  Try try = { fixture, FALSE };

  add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  g_signal_connect (fixture->stream->output, "chunk", G_CALLBACK (try_to_wait_cb), &try);
  test_stream_write (fixture->stream, "booting\n");
  test_run_until_set (NULL, "the handler", &try.tried);
  g_signal_handlers_disconnect_by_data (fixture->stream->output, &try);
}

static void
test_forked (Fixture      *fixture,
             gconstpointer data)
{
  int   status;
  pid_t pid;

  add (fixture, "ready", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      alarm (TEST_WATCHDOG_SECONDS);
      expect_error (fixture, -1, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_FORKED);
      g_assert_null (procstream_line_waiter_get_match (fixture->waiter));
      g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 0);
      procstream_consumer_cancel (PROCSTREAM_CONSUMER (fixture->waiter));
      g_clear_object (&fixture->waiter);
      test_exit_copy (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

/* --- Functions of the program ------------------------------------------------------------------------------------------------- */

typedef struct
{
  Fixture    *fixture;
  GThread    *thread;
  const char *accepts;
  GString    *asked;
  guint       n_freed;
  void (*in_call) (Fixture *fixture); /* NULL: nothing */
} Question;

static gboolean
question_cb (ProcstreamLine *line,
             gpointer        user_data)
{
  Question *self = user_data;

  g_assert_true (g_thread_self () == self->thread);
  g_assert_cmpuint (self->n_freed, ==, 0);
  g_string_append_printf (self->asked, "%s|", procstream_line_get_text (line));
  if (self->in_call)
    self->in_call (self->fixture);
  return g_strcmp0 (procstream_line_get_text (line), self->accepts) == 0;
}

static void
question_freed_cb (gpointer data)
{
  Question *self = data;

  g_assert_true (g_thread_self () == self->thread);
  self->n_freed++;
}

static void
question_init (Question            *self,
               Fixture             *fixture,
               const char          *accepts,
               ProcstreamMatchFlags flags)
{
  g_autoptr (GError) error = NULL;

  *self = (Question){ fixture, g_thread_self (), accepts, g_string_new (NULL), 0, NULL };
  procstream_line_waiter_add_function (fixture->waiter, flags, question_cb, self, question_freed_cb, &error);
  g_assert_no_error (error);
}

static void
question_clear (Question   *self,
                const char *asked)
{
  if (asked)
    g_assert_cmpstr (self->asked->str, ==, asked);
  test_iterate ();
  g_assert_cmpuint (self->n_freed, ==, 1);
  g_string_free (self->asked, TRUE);
}

/* No main loop runs: the blocking call itself lets the function be called, here and nowhere else. What it was given is let go when the
 * waiter is over, and not only with it. */
static void
test_function (Fixture      *fixture,
               gconstpointer data)
{
  Question question;

  question_init (&question, fixture, "three", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  test_stream_write (fixture->stream, "one\ntwo\nthree\nfour\n");
  expect_match (fixture, "three", 0);
  question_clear (&question, "one|two|three|");
}

/* Elsewhere one only waits, while the function is called in its own thread. */
static void
test_function_thread (Fixture      *fixture,
                      gconstpointer data)
{
  Question question;
  g_autoptr (ProcstreamMatch) match = NULL;
  GAsyncResult *result = NULL;
  GThread      *thread;

  question_init (&question, fixture, "two", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  thread = g_thread_new ("wait", wait_thread, fixture->waiter);
  procstream_line_waiter_wait_match_async (fixture->waiter, NULL, test_store_result_cb, &result);
  test_stream_write (fixture->stream, "one\ntwo\n");
  test_wait_result (NULL, "the match", &result);
  g_clear_object (&result);
  match = g_thread_join (thread);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "two");
  g_assert_cmpstr (procstream_match_get_group (match, 0), ==, "two");
  question_clear (&question, "one|two|");
}

/* All kinds together, and with a worker: the first line counts, and of one line the pattern that was added first. */
static void
test_all_kinds (Fixture      *fixture,
                gconstpointer data)
{
  Question question;

  add (fixture, "text", PROCSTREAM_MATCH_NONE);
  question_init (&question, fixture, "mine, and text 2", PROCSTREAM_MATCH_NONE);
  add (fixture, "mine, and reg", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  test_stream_write (fixture->stream, "nothing\nmine, and regex\ntext\n");
  expect_match (fixture, "mine, and regex", 2);
  /* It was added before what found the line, so it had to be asked about it. */
  question_clear (&question, "nothing|mine, and regex|");
}

static void
test_function_first (Fixture      *fixture,
                     gconstpointer data)
{
  Question question;

  question_init (&question, fixture, "both", PROCSTREAM_MATCH_NONE);
  add (fixture, "^both", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  for (int i = 0; i < 10; i++)
    test_stream_write_read (fixture->stream, "nothing\n");
  test_stream_write (fixture->stream, "both\n");
  expect_match (fixture, "both", 0);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 11);
  question_clear (&question, NULL);
}

static void
test_function_not_asked (Fixture      *fixture,
                         gconstpointer data)
{
  Question question;

  add (fixture, "found", PROCSTREAM_MATCH_REGEX);
  question_init (&question, fixture, "found", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  test_stream_write (fixture->stream, "one\nfound\n");
  expect_match (fixture, "found", 0);
  question_clear (&question, "one|");
}

static void
test_function_prompt (Fixture      *fixture,
                      gconstpointer data)
{
  Question whole, prompt;

  question_init (&whole, fixture, "login: ", PROCSTREAM_MATCH_NONE);
  question_init (&prompt, fixture, "login: ", PROCSTREAM_MATCH_PARTIAL);
  attach (fixture);
  test_stream_write (fixture->stream, "login: ");
  expect_match (fixture, "login: ", 1);
  question_clear (&whole, "");
  question_clear (&prompt, "login: |");
}

/* The end is not told before everything was asked about. */
static void
test_function_end (Fixture      *fixture,
                   gconstpointer data)
{
  Question question;

  question_init (&question, fixture, "never", PROCSTREAM_MATCH_NONE);
  if (data)
    add (fixture, "nothing", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  test_stream_write (fixture->stream, "one\ntwo");
  test_stream_close (fixture->stream);
  expect_error (fixture, TEST_WATCHDOG_SECONDS * 1000, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  question_clear (&question, "one|two|");
}

static void
cancel_in_call (Fixture *fixture)
{
  expect_error (fixture, -1, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (fixture->waiter));
  /* What is being called is not let go under its feet. */
  test_iterate ();
}

static void
test_function_cancels (Fixture      *fixture,
                       gconstpointer data)
{
  Question question;

  question_init (&question, fixture, "one", PROCSTREAM_MATCH_NONE);
  question.in_call = cancel_in_call;
  attach (fixture);
  test_stream_write (fixture->stream, "one\ntwo\n");
  expect_error (fixture, TEST_WATCHDOG_SECONDS * 1000, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  question_clear (&question, "one|");
}

static void
drop_in_call (Fixture *fixture)
{
  g_clear_object (&fixture->waiter);
  test_iterate ();
}

static gboolean
is_freed (gpointer data)
{
  return ((Question *) data)->n_freed > 0;
}

static void
test_function_drops (Fixture      *fixture,
                     gconstpointer data)
{
  Question question;

  question_init (&question, fixture, "never", PROCSTREAM_MATCH_NONE);
  question.in_call = drop_in_call;
  attach (fixture);
  test_stream_write (fixture->stream, "one\ntwo\n");
  test_run_until (NULL, "the end of the waiter", is_freed, &question);
  question_clear (&question, "one|");
}

/* Without a match, and without a context that runs: it goes with the waiter. */
static void
test_function_unused (Fixture      *fixture,
                      gconstpointer data)
{
  Question question;

  question_init (&question, fixture, "never", PROCSTREAM_MATCH_NONE);
  attach (fixture);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (fixture->waiter));
  g_clear_object (&fixture->waiter);
  g_assert_cmpuint (question.n_freed, ==, 1);
  question_clear (&question, "");
}

/* --- Hostile patterns --------------------------------------------------------------------------------------------------------- */

/* Each of these lines takes the pattern the better part of a second, and there are a thousand. */
#define HOSTILE_LINES 1000

static void
write_hostile (Fixture *fixture)
{
  g_autofree char *as = g_strnfill (99, 'a');
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < HOSTILE_LINES; i++)
    g_string_append_printf (text, "%s!\n", as);
  /* More than the pipe holds: it is written only if it is read. */
  test_stream_write (fixture->stream, text->str);
}

/* The worker is busy with it: nobody else is. The timeout is over when it is over, although the match is not. */
static void
test_hostile (Fixture      *fixture,
              gconstpointer data)
{
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST);
  g_autoptr (ProcstreamLineWaiter) other = procstream_line_waiter_new ();
  g_autoptr (ProcstreamMatch) match = NULL;
  g_autoptr (GError) error = NULL;
  GWeakRef weak;

  add (fixture, "^(a+)+$", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  g_assert_true (procstream_line_waiter_add_pattern (other, "last", PROCSTREAM_MATCH_REGEX, NULL));
  g_assert_true (procstream_output_attach (fixture->stream->output, PROCSTREAM_CONSUMER (other), NULL));
  g_assert_true (procstream_output_attach (fixture->stream->output, PROCSTREAM_CONSUMER (collector), NULL));
  test_stream_listen (fixture->stream, "c");
  write_hostile (fixture);
  test_stream_write (fixture->stream, "the last\n");
  test_stream_close (fixture->stream);

  match = procstream_line_waiter_wait_match (other, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "the last");
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), TEST_WATCHDOG_SECONDS * 1000, NULL, NULL));
  g_assert_cmpuint (procstream_collector_get_lines_seen (collector), ==, HOSTILE_LINES + 1);
  test_stream_run_until_bytes (fixture->stream, HOSTILE_LINES * 101 + 9);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), <, HOSTILE_LINES);
  expect_error (fixture, 1, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  /* It cannot be stopped within a line, and is not waited for. */
  g_weak_ref_init (&weak, fixture->waiter);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (fixture->waiter));
  expect_error (fixture, -1, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&fixture->waiter);
  g_assert_null (g_weak_ref_get (&weak));
  g_weak_ref_clear (&weak);
}

static void
test_hostile_timer (Fixture      *fixture,
                    gconstpointer data)
{
  GAsyncResult *result = NULL;

  add (fixture, "^(a+)+$", PROCSTREAM_MATCH_REGEX);
  procstream_line_waiter_set_timeout_ms (fixture->waiter, 1);
  attach (fixture);
  procstream_line_waiter_wait_match_async (fixture->waiter, NULL, test_store_result_cb, &result);
  write_hostile (fixture);
  expect_async_error (fixture->waiter, &result, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Where it could hold up its output, because the window is small and nothing may be lost, it is dropped. */
static void
test_hostile_reliable (void)
{
  Fixture fixture = {
    test_stream_new (&(TestStreamOptions){
        .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = 1, .chunk_size = 4096 }),
    procstream_line_waiter_new (),
  };
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST);
  g_autoptr (GError) error = NULL;

  /* Nobody else holds it up. */
  test_iterate ();
  add (&fixture, "^(a+)+$", PROCSTREAM_MATCH_REGEX);
  attach (&fixture);
  g_assert_true (procstream_output_attach (fixture.stream->output, PROCSTREAM_CONSUMER (collector), NULL));
  write_hostile (&fixture);
  test_stream_close (fixture.stream);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), TEST_WATCHDOG_SECONDS * 1000, NULL, NULL));
  g_assert_cmpuint (procstream_collector_get_lines_seen (collector), ==, HOSTILE_LINES);
  g_assert_null (procstream_line_waiter_wait_match (fixture.waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);
  g_assert_nonnull (strstr (error->message, "a line that matches “^(a+)+$”"));
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (fixture.waiter)), >, 0);
  tear_down (&fixture, NULL);
}

/* A line that it gives up on is counted, and told. */
static void
test_given_up (Fixture      *fixture,
               gconstpointer data)
{
  g_autofree char *as = g_strnfill (99, 'a');
  g_autofree char *line = g_strconcat (as, "!\n", NULL);
  g_autoptr (GError) error = NULL;

  add (fixture, "^(a+)+$", PROCSTREAM_MATCH_REGEX);
  attach (fixture);
  test_stream_write (fixture->stream, line);
  test_stream_write (fixture->stream, "bbb\n");
  test_stream_close (fixture->stream);
  g_assert_null (procstream_line_waiter_wait_match (fixture->waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  g_assert_nonnull (strstr (error->message, "1 line could not be searched"));
  g_assert_cmpuint (procstream_line_waiter_get_lines_skipped (fixture->waiter), ==, 1);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 2);
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, function, data) g_test_add ("/line-waiter/" name, Fixture, data, set_up, function, tear_down)
  test_init (&argc, &argv);
  ADD ("states", test_states, NULL);
  ADD ("sealed", test_sealed, NULL);
  ADD ("output-dropped", test_output_dropped, NULL);
  ADD ("in-context", test_in_context, GINT_TO_POINTER (PROCSTREAM_READER_MODE_CONTEXT));
  ADD ("several-callers", test_several_callers, NULL);
  ADD ("cancelled/wait", test_cancelled_wait, NULL);
  ADD ("cancelled/waiter", test_cancelled_waiter, NULL);
  ADD ("would-deadlock", test_would_deadlock, NULL);
  ADD ("forked", test_forked, NULL);
  ADD ("function", test_function, NULL);
  ADD ("function/thread", test_function_thread, NULL);
  ADD ("function/all-kinds", test_all_kinds, NULL);
  ADD ("function/first", test_function_first, NULL);
  ADD ("function/not-asked", test_function_not_asked, NULL);
  ADD ("function/prompt", test_function_prompt, NULL);
  ADD ("function/end", test_function_end, NULL);
  ADD ("function/end-with-worker", test_function_end, GINT_TO_POINTER (-1));
  ADD ("function/cancels", test_function_cancels, NULL);
  ADD ("function/drops", test_function_drops, NULL);
  ADD ("function/unused", test_function_unused, NULL);
  ADD ("hostile", test_hostile, NULL);
  ADD ("hostile/timer", test_hostile_timer, NULL);
  g_test_add_func ("/line-waiter/hostile/reliable", test_hostile_reliable);
  ADD ("hostile/given-up", test_given_up, NULL);
  return g_test_run ();
}
