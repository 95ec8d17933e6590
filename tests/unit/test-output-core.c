/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-io-thread-private.h"
#include "procstream-output-core-private.h"
#include "procstream-output-private.h"

#include <procstream/procstream.h>

#include "test-hold.h"
#include "test-recorder.h"
#include "test-utils.h"

#include <string.h>

/* Line indexes are built by the thread that reads. It is held here while somebody asks for lines, so that nobody else builds them
 * unseen. */

/* --- A core that is fed ------------------------------------------------------------------------------------------------------------ */

static void
nothing_cb (gpointer data)
{
}

typedef struct
{
  ProcstreamOutputCore *core;
  GPtrArray            *chunks; /* all that was fed */
  const char           *next;
} Fixture;

static void
set_up (Fixture             *fixture,
        ProcstreamReaderMode reader,
        ProcstreamReplay     replay,
        guint64              limit)
{
  const ProcstreamOutputSettings settings = {
    .backend = PROCSTREAM_BACKEND_BROADCAST,
    .reader = reader,
    .delivery = PROCSTREAM_DELIVERY_RELIABLE,
    .log = { replay, limit, 1, 1000 },
    .read_chunk_size = 100,
    .lines = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT },
  };

  fixture->core = procstream_output_core_new ("test", &settings, g_main_context_default (), NULL);
  fixture->chunks = g_ptr_array_new_with_free_func ((GDestroyNotify) procstream_chunk_unref);
}

static void
tear_down (Fixture *fixture)
{
  test_hold_pass ();
  procstream_output_core_unref (fixture->core);
  g_ptr_array_unref (fixture->chunks);
}

static gboolean
feed_cb (gpointer data)
{
  Fixture         *fixture = data;
  ProcstreamChunk *chunk = procstream_chunk_new_copy (fixture->next, strlen (fixture->next), 0);

  g_ptr_array_add (fixture->chunks, procstream_chunk_ref (chunk));
  procstream_output_core_feed (fixture->core, chunk);
  return G_SOURCE_REMOVE;
}

/* In the thread that reads. */
static void
feed (Fixture    *fixture,
      const char *text)
{
  fixture->next = text;
  if (procstream_output_core_get_settings (fixture->core)->reader == PROCSTREAM_READER_MODE_CONTEXT)
    {
      feed_cb (fixture);
      return;
    }
  procstream_io_thread_invoke (feed_cb, fixture, nothing_cb);
  test_hold_pass ();
}

static guint
count_indexed (Fixture *fixture)
{
  guint n = 0;

  for (guint i = 0; i < fixture->chunks->len; i++)
    n += procstream_chunk_has_line_index (g_ptr_array_index (fixture->chunks, i));
  return n;
}

/* --- A subscriber that takes -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamSubscription *subscription;
  gboolean                ready; /* atomic */
} Taker;

static void
ready_cb (gpointer data)
{
  g_atomic_int_set (&((Taker *) data)->ready, TRUE);
}

static gpointer
ref_cb (gpointer data)
{
  return data;
}

static const ProcstreamSubscriberOps ops = { .ready = ready_cb, .ref = ref_cb, .unref = nothing_cb };

static void
subscribe (Taker             *taker,
           Fixture           *fixture,
           ProcstreamDelivery delivery,
           gboolean           wants_lines)
{
  taker->subscription = procstream_output_core_subscribe (fixture->core, &ops, taker, delivery, wants_lines);
  g_atomic_int_set (&taker->ready, FALSE);
}

static void
unsubscribe (Taker   *taker,
             Fixture *fixture)
{
  procstream_output_core_unsubscribe (fixture->core, taker->subscription);
  procstream_subscription_unref (taker->subscription);
}

/* Whether there was a chunk; then whether it had an index. */
static gboolean
take (Taker    *taker,
      Fixture  *fixture,
      gboolean *indexed)
{
  ProcstreamLogEvent     event = { 0 };
  ProcstreamLogEventType type = procstream_output_core_take (fixture->core, taker->subscription, &event);

  *indexed = type == PROCSTREAM_LOG_EVENT_CHUNK && procstream_chunk_has_line_index (event.chunk);
  procstream_log_event_clear (&event);
  return type == PROCSTREAM_LOG_EVENT_CHUNK;
}

static void
take_indexed (Taker   *taker,
              Fixture *fixture,
              guint    n)
{
  gboolean indexed;

  for (; n > 0; n--)
    {
      g_assert_true (take (taker, fixture, &indexed));
      g_assert_true (indexed);
    }
  g_assert_false (take (taker, fixture, &indexed));
}

/* --- Tests -------------------------------------------------------------------------------------------------------------------------- */

/* Subscribing blocks for nothing; what is kept gets its index in the thread that reads, and then it can be taken. */
static void
test_history (void)
{
  Fixture  fixture;
  Taker    lines, chunks, others;
  TestHold hold;
  gboolean indexed;

  set_up (&fixture, PROCSTREAM_READER_MODE_THREAD, PROCSTREAM_REPLAY_ALL, 0);
  feed (&fixture, "a\n");
  feed (&fixture, "b\n");
  g_assert_cmpuint (count_indexed (&fixture), ==, 0);
  test_hold_begin (&hold);
  subscribe (&lines, &fixture, PROCSTREAM_DELIVERY_RELIABLE, TRUE);
  subscribe (&chunks, &fixture, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  subscribe (&others, &fixture, PROCSTREAM_DELIVERY_LOSSY, TRUE);
  g_assert_false (take (&lines, &fixture, &indexed));
  g_assert_false (take (&others, &fixture, &indexed));
  g_assert_true (take (&chunks, &fixture, &indexed));
  g_assert_false (indexed);
  test_hold_end (&hold);
  test_hold_pass ();
  g_assert_true (lines.ready && others.ready);
  g_assert_cmpuint (count_indexed (&fixture), ==, 2);
  take_indexed (&lines, &fixture, 2);
  take_indexed (&others, &fixture, 2);
  /* What comes now has it from the beginning. */
  feed (&fixture, "c\n");
  take_indexed (&lines, &fixture, 1);
  unsubscribe (&lines, &fixture);
  unsubscribe (&chunks, &fixture);
  unsubscribe (&others, &fixture);
  tear_down (&fixture);
}

/* The same when it is only noticed later that lines are wanted, and again when they had not been for a while. */
static void
test_later (void)
{
  Fixture  fixture;
  Taker    taker;
  gboolean indexed;

  set_up (&fixture, PROCSTREAM_READER_MODE_THREAD, PROCSTREAM_REPLAY_ALL, 0);
  subscribe (&taker, &fixture, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  for (int round = 0; round < 2; round++)
    {
      TestHold hold;

      feed (&fixture, "a\n");
      feed (&fixture, "b\n");
      g_assert_true (take (&taker, &fixture, &indexed));
      g_assert_false (indexed);
      test_hold_begin (&hold);
      procstream_output_core_set_wants_lines (fixture.core, taker.subscription, TRUE);
      g_assert_false (take (&taker, &fixture, &indexed));
      g_atomic_int_set (&taker.ready, FALSE);
      test_hold_end (&hold);
      test_hold_pass ();
      g_assert_true (taker.ready);
      take_indexed (&taker, &fixture, 1);
      procstream_output_core_set_wants_lines (fixture.core, taker.subscription, FALSE);
    }
  unsubscribe (&taker, &fixture);
  tear_down (&fixture);
}

/* Nobody wants them any more when the thread comes to it: nothing is built, and nobody waits for it. */
static void
test_no_longer (void)
{
  Fixture  fixture;
  Taker    gone, stays;
  TestHold hold;
  gboolean indexed;

  set_up (&fixture, PROCSTREAM_READER_MODE_THREAD, PROCSTREAM_REPLAY_ALL, 0);
  feed (&fixture, "a\n");
  test_hold_begin (&hold);
  subscribe (&gone, &fixture, PROCSTREAM_DELIVERY_RELIABLE, TRUE);
  subscribe (&stays, &fixture, PROCSTREAM_DELIVERY_RELIABLE, TRUE);
  g_assert_false (take (&stays, &fixture, &indexed));
  unsubscribe (&gone, &fixture);
  procstream_output_core_set_wants_lines (fixture.core, stays.subscription, FALSE);
  test_hold_end (&hold);
  test_hold_pass ();
  g_assert_cmpuint (count_indexed (&fixture), ==, 0);
  g_assert_true (take (&stays, &fixture, &indexed));
  unsubscribe (&stays, &fixture);
  tear_down (&fixture);
}

/* History that was let go before its turn came is given all the same. */
static void
test_let_go (void)
{
  Fixture  fixture;
  Taker    taker;
  TestHold hold;
  gboolean indexed;

  set_up (&fixture, PROCSTREAM_READER_MODE_THREAD, PROCSTREAM_REPLAY_LAST_CHUNKS, 1);
  feed (&fixture, "a\n");
  test_hold_begin (&hold);
  /* This is what it does next, before it builds anything. */
  fixture.next = "b\n";
  procstream_io_thread_invoke (feed_cb, &fixture, nothing_cb);
  subscribe (&taker, &fixture, PROCSTREAM_DELIVERY_LOSSY, TRUE);
  g_assert_false (take (&taker, &fixture, &indexed));
  test_hold_end (&hold);
  test_hold_pass ();
  g_assert_true (taker.ready);
  g_assert_true (take (&taker, &fixture, &indexed));
  g_assert_false (indexed);
  take_indexed (&taker, &fixture, 1);
  unsubscribe (&taker, &fixture);
  tear_down (&fixture);
}

/* Where the captured context reads, nobody waits for it. */
static void
test_context (void)
{
  Fixture  fixture;
  Taker    taker;
  gboolean indexed;

  set_up (&fixture, PROCSTREAM_READER_MODE_CONTEXT, PROCSTREAM_REPLAY_ALL, 0);
  feed (&fixture, "a\n");
  subscribe (&taker, &fixture, PROCSTREAM_DELIVERY_RELIABLE, TRUE);
  g_assert_true (take (&taker, &fixture, &indexed));
  g_assert_false (indexed);
  unsubscribe (&taker, &fixture);
  tear_down (&fixture);
}

/* --- Signals and classes of one's own ------------------------------------------------------------------------------------------------ */

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         GString          *joined)
{
  g_string_append_printf (joined, "%s|", line);
}

static gboolean
has_two_lines (gpointer data)
{
  return ((GString *) data)->len >= 4;
}

/* Nothing is emitted, and so nothing is searched in this thread, before the index is there. */
static void
run_held (GString  *joined,
          TestHold *hold)
{
  for (int i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (joined->str, ==, "");
  test_hold_end (hold);
  test_run_until (NULL, "two lines", has_two_lines, joined);
}

/* Handlers that are connected when the first lines are there already. */
static void
test_handlers (void)
{
  Fixture  fixture;
  TestHold hold;
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (GString) joined = g_string_new (NULL);

  set_up (&fixture, PROCSTREAM_READER_MODE_THREAD, PROCSTREAM_REPLAY_NONE, 0);
  output = procstream_output_new_for_core (fixture.core, g_main_context_default ());
  procstream_output_release_opening (output);
  feed (&fixture, "a\nb\n");
  test_hold_begin (&hold);
  g_signal_connect (output, "line", G_CALLBACK (line_cb), joined);
  run_held (joined, &hold);
  g_assert_cmpstr (joined->str, ==, "a|b|");
  g_assert_cmpuint (count_indexed (&fixture), ==, 1);
  g_signal_handlers_disconnect_by_data (output, joined);
  g_clear_object (&output);
  tear_down (&fixture);
}

/* A class of one's own that attaches to history, which begins in the middle of a line. */
static void
check_own_class (gboolean held)
{
  Fixture       fixture;
  TestHold      hold;
  TestRecorder *recorder = test_recorder_new ();
  g_autoptr (ProcstreamOutput) output = NULL;

  set_up (&fixture, PROCSTREAM_READER_MODE_THREAD, PROCSTREAM_REPLAY_LAST_CHUNKS, 2);
  output = procstream_output_new_for_core (fixture.core, g_main_context_default ());
  procstream_output_release_opening (output);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  feed (&fixture, "a\nb");
  feed (&fixture, "c\nd\n");
  feed (&fixture, "e\n");
  test_hold_begin (&hold);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (recorder), NULL));
  if (held)
    {
      run_held (recorder->joined, &hold);
    }
  else
    {
      /* Attaching is enough, its context need not run for it. */
      test_hold_end (&hold);
      test_hold_pass ();
      g_assert_cmpuint (count_indexed (&fixture), ==, 2);
      test_run_until (NULL, "two lines", has_two_lines, recorder->joined);
    }
  g_assert_cmpstr (recorder->joined->str, ==, "d|e|");
  g_assert_cmpuint (count_indexed (&fixture), ==, 2);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (recorder));
  g_object_unref (recorder);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&output);
  tear_down (&fixture);
}

static void
test_own_class (void)
{
  check_own_class (TRUE);
  check_own_class (FALSE);
}

/* --- The end, and who has had it ----------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint told; /* atomic; that it ended */
  guint over; /* atomic */
} Ending;

static void
told_cb (gpointer data)
{
  g_atomic_int_inc (&((Ending *) data)->told);
}

static gboolean
push_cb (gpointer                  data,
         const ProcstreamLogEvent *event)
{
  return FALSE;
}

static void
over_cb (gpointer data)
{
  g_atomic_int_inc (&((Ending *) data)->over);
}

static gpointer
same_cb (gpointer data)
{
  return data;
}

static gboolean
feed_end_cb (gpointer data)
{
  procstream_output_core_feed_end (data, NULL);
  return G_SOURCE_REMOVE;
}

/* Who attaches to an ended output is pushed all of it later, in the thread that reads; until then not everybody has had everything, and
 * whoever was told of the end is told again afterwards. Who stands still, or is taken away, is not waited for. */
static void
test_settled (void)
{
  static const ProcstreamSubscriberOps pushed = { .push = push_cb, .over = over_cb, .ref = same_cb, .unref = nothing_cb };

  for (int how = 0; how < 3; how++)
    {
      Ending                  ending = { 0 };
      Fixture                 fixture;
      TestHold                hold;
      ProcstreamSubscription *subscription;

      set_up (&fixture, PROCSTREAM_READER_MODE_THREAD, PROCSTREAM_REPLAY_ALL, 0);
      procstream_output_core_set_ended_func (fixture.core, told_cb, &ending, nothing_cb);
      feed (&fixture, "a\n");
      g_assert_false (procstream_output_core_is_settled (fixture.core));
      procstream_io_thread_invoke (feed_end_cb, fixture.core, nothing_cb);
      test_hold_pass ();
      g_assert_true (procstream_output_core_is_settled (fixture.core));
      g_assert_cmpuint (ending.told, ==, 1);

      test_hold_begin (&hold);
      subscription = procstream_output_core_subscribe (fixture.core, &pushed, &ending, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
      g_assert_false (procstream_output_core_is_settled (fixture.core));
      if (how == 1)
        procstream_output_core_set_paused (fixture.core, subscription, TRUE);
      if (how == 2)
        procstream_output_core_unsubscribe (fixture.core, subscription);
      g_assert_cmpuint (ending.told, ==, how == 0 ? 1 : 2);
      g_assert_true (procstream_output_core_is_settled (fixture.core) == (how != 0));
      test_hold_end (&hold);
      test_hold_pass ();
      g_assert_cmpuint (ending.over, ==, how == 0);
      g_assert_cmpuint (ending.told, ==, 2);
      g_assert_true (procstream_output_core_is_settled (fixture.core));
      if (how == 1)
        {
          procstream_output_core_set_paused (fixture.core, subscription, FALSE);
          test_hold_pass ();
          g_assert_cmpuint (ending.over, ==, 1);
        }
      procstream_subscription_unref (subscription);
      tear_down (&fixture);
    }
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/output-core/index/history", test_history);
  g_test_add_func ("/output-core/index/later", test_later);
  g_test_add_func ("/output-core/index/no-longer", test_no_longer);
  g_test_add_func ("/output-core/index/let-go", test_let_go);
  g_test_add_func ("/output-core/index/context", test_context);
  g_test_add_func ("/output-core/index/handlers", test_handlers);
  g_test_add_func ("/output-core/index/own-class", test_own_class);
  g_test_add_func ("/output-core/settled", test_settled);
  return g_test_run ();
}
