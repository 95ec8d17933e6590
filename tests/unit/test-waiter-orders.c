/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-error.h"
#include "procstream-line-seeker-record-private.h"

#include "test-hold.h"
#include "test-search.h"
#include "test-start.h"
#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

/*
 * What can happen to a line waiter, in every order: a line comes that is not the one, and one that is, it is attached, to one output or to both, it is
 * left (cancelled, marked as done, dropped, or its time is over), and its outputs end, fail, or the process exits. Either each step is taken when
 * everything that follows from the one before has happened, or the I/O thread, which searches for text, is stopped, and finds everything at once
 * in the end.
 *
 * What becomes of it is known exactly; it is told once, and in the end nothing is left of any of it.
 */

typedef enum
{
  OTHER_LINE,
  THE_LINE,
  ATTACH,
  LEAVE,
  END,
  N_STEPS,
} Step;

typedef enum
{
  TEXT,     /* in the I/O thread */
  REGEX,    /* in a worker */
  FUNCTION, /* in this thread */
  ALL,      /* in a worker and in this thread */
} Kind;

typedef enum
{
  CANCEL,
  MARK_DONE,
  EXPIRE,
  DROP,
  N_WAYS,
} Way;

typedef enum
{
  END_OF_FILE,
  READ_ERROR,
  EXIT, /* of the process; others hold its outputs open */
  N_ENDS,
} HowEnd;

typedef enum
{
  NOT_ATTACHED,
  ATTACHED,
  FOUND,
  NO_MATCH,
  FAILED,
  CANCELLED,
  MARKED,
  TIMED_OUT,
  DROPPED,
} Outcome;

typedef struct
{
  Kind     kind;
  Way      way;
  HowEnd   how_end;
  gboolean both;
  gboolean in_thread; /* it is left there */
  gboolean held;
} Case;

typedef struct
{
  const Case *c;
  TestSearch  search;
  gboolean    was_attached;
  gboolean    has_line;
  gboolean    ended;
  guint       n_lines;
  guint       line_number; /* of the one */
  gsize       n_bytes;
  guint       n_freed; /* of what the function was given */
  Outcome     outcome;
} Run;

/* --- Steps ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
accept_cb (ProcstreamLine *line,
           gpointer        user_data)
{
  return g_str_equal (procstream_line_get_text (line), "ready");
}

static void
freed_cb (gpointer data)
{
  ((Run *) data)->n_freed++;
}

static void
set_up (Run        *run,
        const Case *c)
{
  *run = (Run){ .c = c };
  test_search_set_up (&run->search, NULL);
  if (c->kind == TEXT)
    test_search_add (&run->search, "ready", PROCSTREAM_MATCH_NONE);
  if (c->kind == REGEX || c->kind == ALL)
    test_search_add (&run->search, c->kind == ALL ? "never" : "^ready$", PROCSTREAM_MATCH_REGEX);
  if (c->kind == FUNCTION || c->kind == ALL)
    g_assert_true (procstream_line_waiter_add_function (run->search.waiter, PROCSTREAM_MATCH_NONE, accept_cb, run, freed_cb, NULL));
  if (c->held)
    test_hold_begin (&run->search.hold);
}

/* What a search that is under way, or has just begun, comes to. */
static Outcome
get_outcome (Run *run)
{
  if (run->has_line)
    return FOUND;
  if (!run->ended)
    return ATTACHED;
  return run->c->how_end == READ_ERROR ? FAILED : NO_MATCH;
}

static void
search_on (Run *run)
{
  if (run->outcome == ATTACHED)
    run->outcome = get_outcome (run);
}

static void
exit_process (Run *run)
{
  procstream_line_seeker_exited (procstream_line_waiter_get_search (run->search.waiter), "“prog” exited");
  /* Where it stops is noted by the thread that reads. */
  test_iterate ();
}

static void
attach (Run *run)
{
  g_autoptr (GError) error = NULL;

  if (run->outcome == DROPPED)
    return;
  if (run->outcome != NOT_ATTACHED)
    {
      g_assert_false (procstream_consumer_attach (PROCSTREAM_CONSUMER (run->search.waiter), run->search.outputs[0],
                                                  PROCSTREAM_DELIVERY_RELIABLE, &error));
      g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
      return;
    }
  run->was_attached = TRUE;
  run->outcome = ATTACHED;
  if (run->c->both)
    test_search_attach_both (&run->search);
  else
    test_search_attach (&run->search);
  if (run->c->both && run->ended)
    exit_process (run);
}

static gpointer
leave_in_thread (gpointer data)
{
  Run                *run = data;
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (run->search.waiter);

  if (run->c->way == CANCEL)
    procstream_consumer_cancel (consumer);
  else if (run->c->way == MARK_DONE)
    procstream_consumer_mark_done (consumer);
  else if (run->c->way == EXPIRE && run->was_attached)
    procstream_line_seeker_expire (procstream_line_waiter_get_search (run->search.waiter));
  return NULL;
}

static void
leave (Run *run)
{
  static const Outcome outcomes[N_WAYS] = { CANCELLED, MARKED, TIMED_OUT, DROPPED };
  const gboolean       goes_on = run->outcome == NOT_ATTACHED || run->outcome == ATTACHED;

  if (run->c->way == DROP)
    g_clear_object (&run->search.waiter);
  else if (run->c->in_thread)
    g_thread_join (g_thread_new ("leave", leave_in_thread, run));
  else
    leave_in_thread (run);
  if (run->c->way == DROP || (goes_on && (run->c->way != EXPIRE || run->was_attached)))
    run->outcome = outcomes[run->c->way];
}

static void
end (Run *run)
{
  run->ended = TRUE;
  for (guint i = 0; i < 2 && run->c->how_end != EXIT; i++)
    test_search_end (&run->search, i,
                     run->c->how_end == READ_ERROR ? g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "It broke") : NULL);
  if (run->c->both && run->was_attached && run->search.waiter)
    exit_process (run);
}

static void
feed (Run        *run,
      const char *line)
{
  test_search_feed_at (&run->search, 0, run->n_lines, line);
  run->n_lines++;
  run->n_bytes += strlen (line);
}

static void
act (Run *run,
     Step step)
{
  switch (step)
    {
    case OTHER_LINE:
      feed (run, "nothing\n");
      break;
    case THE_LINE:
      feed (run, "ready\n");
      run->has_line = TRUE;
      run->line_number = run->n_lines;
      break;
    case ATTACH:
      attach (run);
      break;
    case LEAVE:
      leave (run);
      break;
    case END:
      end (run);
      break;
    default:
      g_assert_not_reached ();
    }
  if (!run->c->held)
    search_on (run);
}

/* --- What becomes of it --------------------------------------------------------------------------------------------------------- */

/* All that must come of what was done has come, and nothing is under way. */
static gboolean
is_settled (gpointer data)
{
  Run                    *run = data;
  ProcstreamConsumerState state;

  if (run->search.waiter == NULL)
    return !run->was_attached || !run->c->both || g_atomic_int_get (&run->search.n_freed) > 0;
  state = procstream_consumer_get_state (PROCSTREAM_CONSUMER (run->search.waiter));
  if (run->outcome == NOT_ATTACHED)
    return TRUE;
  if (run->outcome == ATTACHED)
    return procstream_line_seeker_peek_offset (procstream_line_waiter_get_search (run->search.waiter)) == run->n_bytes;
  return state > PROCSTREAM_CONSUMER_STATE_ATTACHED;
}

static void
settle (Run *run)
{
  test_run_until (NULL, "a step", is_settled, run);
  test_hold_pass ();
  test_iterate ();
}

static void
check_error (Run    *run,
             GQuark  domain,
             int     code,
             GError *error)
{
  g_assert_error (error, domain, code);
  g_assert_null (procstream_line_waiter_get_match (run->search.waiter));
}

static void
check_match (Run             *run,
             ProcstreamMatch *match)
{
  g_assert_nonnull (match);
  g_assert_true (match == procstream_line_waiter_get_match (run->search.waiter));
  g_assert_cmpstr (procstream_match_get_text (match), ==, "ready");
  g_assert_cmpuint (procstream_line_get_number (procstream_match_get_line (match)), ==, run->line_number);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (run->search.waiter), ==, run->line_number);
}

static void
check (Run *run)
{
  g_autoptr (ProcstreamMatch) match = NULL;
  g_autoptr (GError) error = NULL;

  if (run->search.waiter == NULL || run->outcome == NOT_ATTACHED || run->outcome == ATTACHED)
    return;
  match = procstream_line_waiter_wait_match (run->search.waiter, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
  g_assert_cmpuint (procstream_line_waiter_get_lines_searched (run->search.waiter), <=, run->n_lines);
  if (run->outcome == FOUND)
    check_match (run, match);
  else if (run->outcome == NO_MATCH || run->outcome == MARKED)
    check_error (run, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH, error);
  else if (run->outcome == FAILED)
    check_error (run, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, error);
  else if (run->outcome == CANCELLED)
    check_error (run, G_IO_ERROR, G_IO_ERROR_CANCELLED, error);
  else
    check_error (run, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, error);
  if (run->c->both && run->was_attached)
    g_assert_cmpuint (g_atomic_int_get (&run->search.n_over), ==, 1);
}

static void
tear_down (Run *run)
{
  const gboolean asks = run->c->kind == FUNCTION || run->c->kind == ALL;

  g_clear_object (&run->search.waiter);
  settle (run);
  g_assert_cmpuint (run->search.n_over, ==, run->c->both && run->was_attached ? 1 : 0);
  g_assert_cmpuint (run->search.n_freed, ==, run->search.n_over);
  g_assert_cmpuint (run->n_freed, ==, asks ? 1 : 0);
  test_search_tear_down (&run->search, NULL);
}

static void
run_order (const Case *c,
           const Step *steps)
{
  Run run;

  set_up (&run, c);
  for (guint i = 0; i < N_STEPS; i++)
    {
      act (&run, steps[i]);
      if (c->held)
        continue;
      settle (&run);
      check (&run);
    }
  if (c->held)
    {
      test_hold_end (&run.search.hold);
      search_on (&run);
      settle (&run);
      check (&run);
    }
  tear_down (&run);
}

/* --- All orders ----------------------------------------------------------------------------------------------------------------- */

/* Nothing comes after the end. */
static gboolean
is_possible (const Step *steps)
{
  gboolean ended = FALSE;

  for (guint i = 0; i < N_STEPS; i++)
    {
      if (ended && (steps[i] == OTHER_LINE || steps[i] == THE_LINE))
        return FALSE;
      ended |= steps[i] == END;
    }
  return TRUE;
}

/* Order number @n of all, by taking out each in turn. */
static void
make_order (guint n,
            Step *steps)
{
  Step  left[N_STEPS] = { OTHER_LINE, THE_LINE, ATTACH, LEAVE, END };
  guint n_left = N_STEPS;

  for (guint i = 0; i < N_STEPS; i++)
    {
      guint at = n % n_left;

      steps[i] = left[at];
      memmove (&left[at], &left[at + 1], (n_left - at - 1) * sizeof left[0]);
      n /= n_left--;
    }
}

#define N_ORDERS 120

static void
run_all (const Case *c,
         guint       one_in)
{
  static guint turn;

  for (guint n = 0; n < N_ORDERS; n++)
    {
      Step steps[N_STEPS];

      make_order (n, steps);
      if (!is_possible (steps) || turn++ % one_in > 0)
        continue;
      g_test_message ("kind %d way %d end %d both %d thread %d held %d: %d%d%d%d%d", c->kind, c->way, c->how_end, c->both, c->in_thread, c->held,
                      steps[0], steps[1], steps[2], steps[3], steps[4]);
      run_order (c, steps);
    }
}

static void
test_orders (gconstpointer data)
{
  const guint one_in = test_on_valgrind () ? 29 : 1;
  Case        c = { .kind = GPOINTER_TO_UINT (data) };

  for (guint variant = 0; variant < N_WAYS * N_ENDS * 8; variant++)
    {
      c.way = variant % N_WAYS;
      c.how_end = variant / N_WAYS % N_ENDS;
      c.both = variant / N_WAYS / N_ENDS % 2;
      c.in_thread = variant / N_WAYS / N_ENDS / 2 % 2;
      c.held = variant / N_WAYS / N_ENDS / 4;
      /* An exit is that of a process with both; only the owner drops; and what searches elsewhere is not held up. */
      if ((c.how_end == EXIT && !c.both) || (c.way == DROP && c.in_thread) || (c.held && (c.kind != TEXT || c.in_thread)))
        continue;
      run_all (&c, one_in);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_data_func ("/waiter-orders/text", GUINT_TO_POINTER (TEXT), test_orders);
  g_test_add_data_func ("/waiter-orders/regex", GUINT_TO_POINTER (REGEX), test_orders);
  g_test_add_data_func ("/waiter-orders/function", GUINT_TO_POINTER (FUNCTION), test_orders);
  g_test_add_data_func ("/waiter-orders/all", GUINT_TO_POINTER (ALL), test_orders);
  return g_test_run ();
}
