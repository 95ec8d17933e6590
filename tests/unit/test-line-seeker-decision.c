/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-core-private.h"
#include "procstream-line-seeker-record-private.h"

#include "test-search.h"
#include "test-utils.h"

#include <unistd.h>

/* When a search ends, who comes first when several would end it, and what is left of it then. */

/* --- Who comes first ---------------------------------------------------------------------------------------------------------- */

static void
test_cancel_before_match (TestSearch   *fixture,
                          gconstpointer data)
{
  g_autofree char *message = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "ready\n");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (fixture->waiter));
  test_search_expect_free (fixture, 0);
  test_hold_end (&fixture->hold);
  test_hold_pass ();
  message = test_search_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel_after_match (TestSearch   *fixture,
                         gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_search_feed (fixture, "ready\n");
  g_object_unref (test_search_wait_match (fixture));
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (fixture->waiter));
  test_search_expect_match (fixture, "ready", "stdout", 1, 0);
}

static void
test_timeout_before_match (TestSearch   *fixture,
                           gconstpointer data)
{
  g_autofree char *message = NULL;

  procstream_line_waiter_set_timeout_ms (fixture->waiter, 3600 * 1000);
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "ready\n");
  procstream_line_seeker_expire (procstream_line_waiter_get_search (fixture->waiter));
  test_hold_end (&fixture->hold);
  test_hold_pass ();
  message = test_search_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_search_expect_in (message, "3600000 ms");
  test_search_expect_in (message, "a line with “ready” from “stdout”");
}

static void
test_timeout_after_match (TestSearch   *fixture,
                          gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_search_feed (fixture, "ready\n");
  g_object_unref (test_search_wait_match (fixture));
  procstream_line_seeker_expire (procstream_line_waiter_get_search (fixture->waiter));
  test_search_expect_match (fixture, "ready", "stdout", 1, 0);
}

/* With no time at all, what is there already is found all the same; so it is by a timer. */
static void
test_no_time (TestSearch   *fixture,
              gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamMatch) match = NULL;
  g_autofree char *message = NULL;

  test_search_feed (fixture, "booting\nready\n");
  procstream_line_waiter_set_timeout_ms (fixture->waiter, GPOINTER_TO_INT (data) & 1 ? 0 : -1);
  test_search_add (fixture, "ready", GPOINTER_TO_INT (data) & 2 ? PROCSTREAM_MATCH_REGEX : PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  match = procstream_line_waiter_wait_match (fixture->waiter, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "ready");
}

static void
test_no_time_no_match (TestSearch   *fixture,
                       gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  test_search_feed (fixture, "booting\n");
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  g_assert_null (procstream_line_waiter_wait_match (fixture->waiter, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_search_expect_in (error->message, "\n  booting");
  /* It goes on, for whoever waits next. */
  test_search_feed (fixture, "ready\n");
  test_search_expect_match (fixture, "ready", "stdout", 2, 0);
}

static void
test_timer (TestSearch   *fixture,
            gconstpointer data)
{
  g_autofree char *message = NULL;

  procstream_line_waiter_set_timeout_ms (fixture->waiter, 1);
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  message = test_search_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
  test_search_expect_free (fixture, 0);
}

/* The last reference goes while it searches: it is as if it had never been. */
static void
test_dropped (TestSearch   *fixture,
              gconstpointer data)
{
  GWeakRef weak;

  test_search_add (fixture, "ready", GPOINTER_TO_UINT (data));
  test_search_attach_both (fixture);
  g_weak_ref_init (&weak, fixture->waiter);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "ready\n");
  g_clear_object (&fixture->waiter);
  g_assert_null (g_weak_ref_get (&weak));
  g_assert_cmpuint (fixture->n_over, ==, 1);
  test_search_expect_free (fixture, 0);
  test_search_expect_free (fixture, 1);
  test_hold_end (&fixture->hold);
  g_weak_ref_clear (&weak);
}

/* --- The program's word --------------------------------------------------------------------------------------------------------- */

static void
mark_done (TestSearch *fixture)
{
  procstream_consumer_mark_done (PROCSTREAM_CONSUMER (fixture->waiter));
}

static void
expect_marked (TestSearch *fixture)
{
  g_autofree char *message = test_search_expect_error (fixture, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  g_autoptr (GError) error = NULL;

  test_search_expect_in (message, "was marked as done");
  test_search_expect_in (message, "a line with “ready”");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_DONE);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (fixture->waiter), 0, NULL, &error));
  g_assert_no_error (error);
}

/* It ended well, and without a match: that is told, and not taken for one. */
static void
test_marked_done (TestSearch   *fixture,
                  gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  if (data)
    test_search_attach_both (fixture);
  else
    test_search_attach (fixture);
  procstream_line_waiter_wait_match_async (fixture->waiter, NULL, test_store_result_cb, &result);
  mark_done (fixture);
  expect_marked (fixture);
  test_wait_result (NULL, "the end", &result);
  g_assert_null (procstream_line_waiter_wait_match_finish (fixture->waiter, result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH);
  g_object_unref (result);
  test_search_expect_free (fixture, 0);
  test_search_expect_free (fixture, 1);
}

static void
test_marked_done_unattached (TestSearch   *fixture,
                             gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  mark_done (fixture);
  expect_marked (fixture);
}

/* The line is there, and the run that would find it has not come. */
static void
test_marked_done_before_match (TestSearch   *fixture,
                               gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "ready\n");
  mark_done (fixture);
  test_hold_end (&fixture->hold);
  test_hold_pass ();
  expect_marked (fixture);
}

/* The run has found it, and comes too late all the same: what it found does not count. */
static void
test_marked_done_before_decision (TestSearch   *fixture,
                                  gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "ready\n");
  procstream_seeker_leg_fetch (&search->legs[0]);
  procstream_seeker_leg_take (&search->legs[0]);
  g_assert_nonnull (search->hit);
  search->running = TRUE;
  mark_done (fixture);
  expect_marked (fixture);
  procstream_line_seeker_decide_found (search);
  expect_marked (fixture);
  procstream_line_seeker_settle (search);
  test_hold_end (&fixture->hold);
}

static void
test_marked_done_after_match (TestSearch   *fixture,
                              gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_search_feed (fixture, "ready\n");
  g_object_unref (test_search_wait_match (fixture));
  mark_done (fixture);
  test_search_expect_match (fixture, "ready", "stdout", 1, 0);
}

/* Two that would end it, one of which has not yet got to making that final: the other one does not change what is told. */
static void
test_first_decision (TestSearch   *fixture,
                     gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);
  g_autofree char      *message = NULL;
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The first");

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed (fixture, "ready\n");
  procstream_seeker_leg_fetch (&search->legs[0]);
  procstream_seeker_leg_take (&search->legs[0]);
  search->running = TRUE;
  search->error = g_error_copy (error);
  procstream_line_seeker_decide_found (search);
  procstream_line_seeker_conclude (search);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->waiter)), ==, PROCSTREAM_CONSUMER_STATE_ATTACHED);
  procstream_consumer_core_finish (search->core, PROCSTREAM_CONSUMER_STATE_FAILED, error);
  procstream_line_seeker_settle (search);
  test_hold_end (&fixture->hold);
  message = test_search_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* --- Waiting for what was there ------------------------------------------------------------------------------------------------ */

static void
cancel_cb (gpointer data)
{
  g_cancellable_cancel (data);
}

/* The time is over, and what is there already has not been searched: who is cancelled then was cancelled. */
static void
test_cancel_in_history (TestSearch   *fixture,
                        gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  TestInterruption *interruption;

  test_search_feed (fixture, "ready\n");
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_hold_begin (&fixture->hold);
  test_search_attach (fixture);
  /* As long as it takes. */
  procstream_line_waiter_get_search (fixture->waiter)->begin_us += G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC;
  interruption = test_interrupt (cancel_cb, cancellable);
  g_assert_null (procstream_line_waiter_wait_match (fixture->waiter, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_interruption_end (interruption);
  test_hold_end (&fixture->hold);
  test_search_expect_match (fixture, "ready", "stdout", 1, 0);
}

/* --- What is left of it --------------------------------------------------------------------------------------------------------- */

/* A thread that drops a leg has made that final, and is stopped there. Everybody else lets go; then it goes on, to tell the search. */
static void
test_leg_dropped_late (TestSearch   *fixture,
                       gconstpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED, "It was dropped");
  ProcstreamConsumerCore *leg;
  ProcstreamSubscription *subscription;
  ProcstreamOutputCore   *output;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  leg = procstream_consumer_core_ref (procstream_line_waiter_get_search (fixture->waiter)->legs[1].core);
  g_mutex_lock (&leg->mutex);
  leg->state = PROCSTREAM_CONSUMER_STATE_FAILED;
  leg->error = g_error_copy (error);
  subscription = g_steal_pointer (&leg->subscription);
  output = g_steal_pointer (&leg->output);
  g_mutex_unlock (&leg->mutex);
  procstream_output_core_unsubscribe (output, subscription);
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);

  g_clear_object (&fixture->waiter);
  test_hold_pass ();
  g_assert_cmpuint (fixture->n_over, ==, 1);
  g_assert_cmpuint (fixture->n_freed, ==, 0);
  leg->klass->over (leg->native);
  g_assert_cmpuint (fixture->n_freed, ==, 1);
  procstream_consumer_core_unref (leg);
}

/* Nothing keeps a search in both that came to its end. */
static void
test_both_let_go (TestSearch   *fixture,
                  gconstpointer data)
{
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  test_search_feed (fixture, "ready\n");
  test_search_expect_match (fixture, "ready", "stdout", 1, 0);
  g_clear_object (&fixture->waiter);
  test_hold_pass ();
  g_assert_cmpuint (fixture->n_freed, ==, 1);
}

/* --- Standing still ------------------------------------------------------------------------------------------------------------- */

/* Both legs stand still with the waiter, from the beginning or from when it is told; it says how far behind both are; and it goes on with
 * what waited. */
static void
test_pause_both (TestSearch   *fixture,
                 gconstpointer data)
{
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (fixture->waiter);
  const gboolean      before = data != NULL;

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  if (before)
    procstream_consumer_pause (consumer);
  test_search_attach_both (fixture);
  if (!before)
    procstream_consumer_pause (consumer);
  test_search_feed_at (fixture, 0, 10, "one\n");
  test_search_feed_at (fixture, 1, 20, "ready\n");
  test_hold_pass ();
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 0);
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (consumer), ==, 2);
  g_assert_cmpuint (procstream_consumer_get_lag_bytes (consumer), ==, 10);
  g_assert_cmpint (procstream_consumer_get_lag_us (consumer), >=, g_get_monotonic_time () - 10 - TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC);
  g_assert_cmpint (procstream_consumer_get_state (consumer), ==, PROCSTREAM_CONSUMER_STATE_ATTACHED);
  procstream_consumer_resume (consumer);
  test_search_expect_match (fixture, "ready", "stderr", 1, 0);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (fixture->waiter), ==, 2);
  g_assert_cmpuint (procstream_consumer_get_lag_chunks (consumer), ==, 0);
}

/* What one leg holds already, because the other one's came first, waits as well. */
static void
test_pause_holding (TestSearch   *fixture,
                    gconstpointer data)
{
  ProcstreamLineSeeker *search = procstream_line_waiter_get_search (fixture->waiter);

  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_search_attach_both (fixture);
  test_hold_begin (&fixture->hold);
  test_search_feed_at (fixture, 1, 20, "ready\n");
  procstream_seeker_leg_fetch (&search->legs[1]);
  procstream_consumer_pause (PROCSTREAM_CONSUMER (fixture->waiter));
  test_hold_end (&fixture->hold);
  test_hold_pass ();
  g_assert_null (procstream_line_waiter_get_match (fixture->waiter));
  procstream_consumer_resume (PROCSTREAM_CONSUMER (fixture->waiter));
  test_search_expect_match (fixture, "ready", "stderr", 1, 0);
}

static gboolean
accept_cb (ProcstreamLine *line,
           gpointer        user_data)
{
  guint *n_asked = user_data;

  (*n_asked)++;
  return TRUE;
}

/* A function is not asked, whoever cuts the lines, and nothing turns round meanwhile. */
static void
test_pause_function (TestSearch   *fixture,
                     gconstpointer data)
{
  guint n_asked = 0;

  g_assert_true (procstream_line_waiter_add_function (fixture->waiter, PROCSTREAM_MATCH_NONE, accept_cb, &n_asked, NULL, NULL));
  if (data)
    test_search_add (fixture, "never", PROCSTREAM_MATCH_REGEX);
  test_search_attach (fixture);
  test_search_feed (fixture, "ready\n");
  if (data)
    while (!g_atomic_int_get (&procstream_line_waiter_get_search (fixture->waiter)->is_asking))
      g_thread_yield ();
  procstream_consumer_pause (PROCSTREAM_CONSUMER (fixture->waiter));
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_false (g_main_context_pending (NULL));
  g_assert_cmpuint (n_asked, ==, 0);
  procstream_consumer_resume (PROCSTREAM_CONSUMER (fixture->waiter));
  test_search_expect_match (fixture, "ready", "stdout", 1, 0);
  g_assert_cmpuint (n_asked, ==, 1);
}

static gint is_about_to_wait; /* atomic */

static gpointer
pause_in_thread (gpointer waiter)
{
  while (!g_atomic_int_get (&is_about_to_wait) || !test_is_asleep (getpid ()))
    g_thread_yield ();
  procstream_consumer_pause (waiter);
  return NULL;
}

/* Who asks with no time does not wait for what a waiter does not search that stands still: neither when it did so before, nor when it
 * begins to meanwhile. When it goes on, that is waited for again. */
static void
test_pause_no_time (TestSearch   *fixture,
                    gconstpointer data)
{
  const gboolean before = data != NULL;
  GThread       *thread = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamMatch) match = NULL;

  test_search_feed (fixture, "ready\n");
  test_search_add (fixture, "ready", PROCSTREAM_MATCH_NONE);
  test_hold_begin (&fixture->hold);
  test_search_attach (fixture);
  /* So long it would take. */
  procstream_line_waiter_get_search (fixture->waiter)->begin_us += G_TIME_SPAN_DAY;
  if (before)
    procstream_consumer_pause (PROCSTREAM_CONSUMER (fixture->waiter));
  else
    thread = g_thread_new ("pause", pause_in_thread, fixture->waiter);
  g_atomic_int_set (&is_about_to_wait, TRUE);
  g_assert_null (procstream_line_waiter_wait_match (fixture->waiter, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  if (thread)
    g_thread_join (thread);
  test_hold_end (&fixture->hold);
  procstream_consumer_resume (PROCSTREAM_CONSUMER (fixture->waiter));
  match = procstream_line_waiter_wait_match (fixture->waiter, 0, NULL, NULL);
  g_assert_cmpstr (procstream_match_get_text (match), ==, "ready");
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, function, data) g_test_add ("/line-seeker-decision/" name, TestSearch, data, test_search_set_up, function, test_search_tear_down)
  test_init (&argc, &argv);
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
  ADD ("marked-done", test_marked_done, NULL);
  ADD ("marked-done/both", test_marked_done, GINT_TO_POINTER (TRUE));
  ADD ("marked-done/unattached", test_marked_done_unattached, NULL);
  ADD ("marked-done/before-match", test_marked_done_before_match, NULL);
  ADD ("marked-done/before-decision", test_marked_done_before_decision, NULL);
  ADD ("marked-done/after-match", test_marked_done_after_match, NULL);
  ADD ("first-decision", test_first_decision, NULL);
  ADD ("cancel/in-history", test_cancel_in_history, NULL);
  ADD ("leg-dropped-late", test_leg_dropped_late, NULL);
  ADD ("both-let-go", test_both_let_go, NULL);
  ADD ("pause/both", test_pause_both, NULL);
  ADD ("pause/both-before", test_pause_both, GINT_TO_POINTER (TRUE));
  ADD ("pause/holding", test_pause_holding, NULL);
  ADD ("pause/no-time", test_pause_no_time, NULL);
  ADD ("pause/no-time-before", test_pause_no_time, GINT_TO_POINTER (TRUE));
  ADD ("pause/function", test_pause_function, NULL);
  ADD ("pause/function-with-worker", test_pause_function, GINT_TO_POINTER (TRUE));
  return g_test_run ();
}
