/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-io-thread-private.h"
#include "procstream-output-record-private.h"

#include <procstream/procstream.h>

#include "test-core.h"
#include "test-hold.h"
#include "test-utils.h"

#include <string.h>

/* The outputs here are read in this thread, so whatever happens, happens when the test says so. The timers belong to the I/O thread. */

/* --- Subscribers -------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamOutputCore   *core;
  ProcstreamSubscription *subscription;
  GString                *got;   /* the text of chunks, "|" for the end, "!" for an end with an error, "(chunks,bytes)" for a gap */
  guint                   ready; /* atomic */
  gboolean                over;
  gboolean                dropped; /* atomic; the rest was written before */
  gboolean                in_io_thread;
  guint64                 lost_chunks;
  guint64                 lost_bytes;
  GError                 *error;
} Subscriber;

static void
note (Subscriber               *self,
      const ProcstreamLogEvent *event)
{
  if (event->type == PROCSTREAM_LOG_EVENT_CHUNK)
    g_string_append_len (self->got, (const char *) event->chunk->data, event->chunk->size);
  else if (event->type == PROCSTREAM_LOG_EVENT_GAP)
    g_string_append_printf (self->got, "(%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ")", event->chunks, event->bytes);
  else if (event->type == PROCSTREAM_LOG_EVENT_END)
    g_string_append_c (self->got, event->error ? '!' : '|');
}

static gboolean
push_cb (gpointer                  data,
         const ProcstreamLogEvent *event)
{
  note (data, event);
  return FALSE;
}

static void
over_cb (gpointer data)
{
  ((Subscriber *) data)->over = TRUE;
}

static void
ready_cb (gpointer data)
{
  g_atomic_int_inc (&((Subscriber *) data)->ready);
}

static void
dropped_cb (gpointer      data,
            guint64       chunks,
            guint64       bytes,
            const GError *error)
{
  Subscriber *self = data;

  self->in_io_thread = procstream_io_thread_is_current ();
  self->lost_chunks = chunks;
  self->lost_bytes = bytes;
  self->error = g_error_copy (error);
  g_atomic_int_set (&self->dropped, TRUE);
  g_main_context_wakeup (NULL);
}

static gpointer
ref_cb (gpointer data)
{
  return data;
}

static void
unref_cb (gpointer data)
{
}

static const ProcstreamSubscriberOps pushed_ops = { .push = push_cb, .over = over_cb, .dropped = dropped_cb, .ref = ref_cb, .unref = unref_cb };
static const ProcstreamSubscriberOps pulling_ops = { .ready = ready_cb, .dropped = dropped_cb, .ref = ref_cb, .unref = unref_cb };
/* It is told of everything in its own time. */
static const ProcstreamSubscriberOps slow_ops = { .ready = ready_cb, .ref = ref_cb, .unref = unref_cb };

static const ProcstreamSubscribeOptions reliable = { .delivery = PROCSTREAM_DELIVERY_RELIABLE };

static void
subscribe (Subscriber                       *self,
           ProcstreamOutputCore             *core,
           const ProcstreamSubscriberOps    *ops,
           const ProcstreamSubscribeOptions *options)
{
  *self = (Subscriber){ .core = core, .got = g_string_new (NULL) };
  self->subscription = procstream_output_core_subscribe_full (core, ops, self, options);
  g_atomic_int_set (&self->ready, 0);
}

static void
subscribe_limited (Subscriber                    *self,
                   ProcstreamOutputCore          *core,
                   const ProcstreamSubscriberOps *ops,
                   gint64                         max_stall_ms)
{
  subscribe (self, core, ops, &(ProcstreamSubscribeOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .max_stall_ms = max_stall_ms });
}

static void
leave (Subscriber *self)
{
  procstream_output_core_unsubscribe (self->core, self->subscription);
  procstream_subscription_unref (self->subscription);
  g_string_free (self->got, TRUE);
  g_clear_error (&self->error);
}

/* All that there is to take. */
static void
take_all (Subscriber *self)
{
  ProcstreamLogEvent event = { 0 };

  while (procstream_output_core_take (self->core, self->subscription, &event) != PROCSTREAM_LOG_EVENT_NOTHING)
    {
      note (self, &event);
      procstream_log_event_clear (&event);
    }
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
assert_got (Subscriber *self,
            const char *text)
{
  g_assert_cmpstr (self->got->str, ==, text);
  g_string_truncate (self->got, 0);
}

/* --- Where it begins ---------------------------------------------------------------------------------------------------------- */

static ProcstreamOutputCore *
new_replaying (ProcstreamReplay replay,
               guint64          limit)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, replay);

  procstream_output_config_set_replay_limit (config, limit);
  return test_core_new_for (config);
}

/* Nothing of before, while another one gets it; in the opening too, when everybody else begins at the start. */
static void
test_live_only (void)
{
  ProcstreamOutputCore            *core = new_replaying (PROCSTREAM_REPLAY_ALL, 0);
  const ProcstreamSubscribeOptions live_only = { .delivery = PROCSTREAM_DELIVERY_RELIABLE, .live_only = TRUE };

  test_core_feed (core, "before ");
  for (int opening = 0; opening < 2; opening++)
    {
      Subscriber all, pulling, pushed;

      procstream_output_core_set_opening (core, opening);
      subscribe (&all, core, &pulling_ops, &reliable);
      subscribe (&pulling, core, &pulling_ops, &live_only);
      subscribe (&pushed, core, &pushed_ops, &live_only);
      test_core_feed (core, "after ");
      take_all (&all);
      take_all (&pulling);
      assert_got (&all, opening ? "before after after " : "before after ");
      assert_got (&pulling, "after ");
      assert_got (&pushed, "after ");
      leave (&all);
      leave (&pulling);
      leave (&pushed);
    }
  test_core_free (core);
}

static void
feed_at (ProcstreamOutputCore *core,
         const char           *text,
         gint64                ago_ms)
{
  procstream_output_core_feed (core, procstream_chunk_new_copy (text, strlen (text), g_get_monotonic_time () - ago_ms * 1000));
}

/* What is old is not replayed, though nothing arrived since; whoever looks at the counters lets go of it. */
static void
test_replay_ms (void)
{
  ProcstreamOutputCore  *core = new_replaying (PROCSTREAM_REPLAY_LAST_MS, 3600 * 1000);
  ProcstreamOutputCounts counts;
  Subscriber             late;

  feed_at (core, "old", 3601 * 1000);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (core->log), ==, 3);
  subscribe (&late, core, &pulling_ops, &reliable);
  take_all (&late);
  assert_got (&late, "");
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (core->log), ==, 0);
  leave (&late);
  test_core_free (core);

  core = new_replaying (PROCSTREAM_REPLAY_LAST_MS, 3600 * 1000);
  feed_at (core, "old", 3601 * 1000);
  feed_at (core, "older than it should be", 3601 * 1000);
  procstream_output_core_get_counts (core, &counts);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (core->log), ==, 0);
  feed_at (core, "young", 0);
  procstream_output_core_get_counts (core, &counts);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (core->log), ==, 5);
  test_core_free (core);
}

/* --- Standing still ----------------------------------------------------------------------------------------------------------- */

/* What comes meanwhile waits, and so does the end. */
static void
test_pause_pushed (void)
{
  ProcstreamOutputCore *core = test_core_new (0);
  Subscriber            paused, other;

  subscribe (&paused, core, &pushed_ops, &reliable);
  subscribe (&other, core, &pushed_ops, &reliable);
  test_core_feed (core, "a");
  procstream_output_core_set_paused (core, paused.subscription, TRUE);
  test_core_feed (core, "b");
  test_core_feed (core, "c");
  procstream_output_core_feed_end (core, NULL);
  iterate ();
  assert_got (&paused, "a");
  g_assert_false (paused.over);
  assert_got (&other, "abc|");
  g_assert_true (other.over);
  procstream_output_core_set_paused (core, paused.subscription, FALSE);
  iterate ();
  assert_got (&paused, "bc|");
  g_assert_true (paused.over);
  leave (&paused);
  leave (&other);
  test_core_free (core);
}

/* It is not told either, until it goes on; and it is then told once. */
static void
test_pause_pulling (void)
{
  ProcstreamOutputCore *core = test_core_new (0);
  Subscriber            paused;

  subscribe (&paused, core, &pulling_ops, &(ProcstreamSubscribeOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .paused = TRUE });
  test_core_feed (core, "a");
  take_all (&paused);
  test_core_feed (core, "b");
  g_assert_cmpuint (paused.ready, ==, 0);
  g_assert_false (procstream_output_core_wait (core, paused.subscription, 0, NULL));
  procstream_output_core_set_paused (core, paused.subscription, FALSE);
  g_assert_cmpuint (paused.ready, ==, 1);
  g_assert_true (procstream_output_core_wait (core, paused.subscription, 0, NULL));
  take_all (&paused);
  assert_got (&paused, "ab");
  procstream_output_core_set_paused (core, paused.subscription, TRUE);
  procstream_output_core_feed_end (core, NULL);
  take_all (&paused);
  assert_got (&paused, "");
  procstream_output_core_set_paused (core, paused.subscription, FALSE);
  g_assert_cmpuint (paused.ready, ==, 2);
  take_all (&paused);
  assert_got (&paused, "|");
  leave (&paused);
  test_core_free (core);
}

static void
resume_cb (gpointer data)
{
  Subscriber *self = data;

  procstream_output_core_set_paused (self->core, self->subscription, FALSE);
}

/* A thread that is blocked in a wait goes on. */
static void
test_resume_wakes (void)
{
  ProcstreamOutputCore *core = test_core_new (0);
  TestInterruption     *interruption;
  Subscriber            paused;

  subscribe (&paused, core, &pulling_ops, &(ProcstreamSubscribeOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .paused = TRUE });
  test_core_feed (core, "a");
  interruption = test_interrupt (resume_cb, &paused);
  g_assert_true (procstream_output_core_wait (core, paused.subscription, -1, NULL));
  test_interruption_end (interruption);
  leave (&paused);
  test_core_free (core);
}

/* One that is paused behaves as any other that does not read: reliable, it makes the child wait; lossy, it loses. Who leaves while it
 * is paused leaves nothing behind. */
static void
test_pause_and_delivery (void)
{
  ProcstreamOutputCore *core = test_core_new (2);
  Subscriber            lossy, slow;

  subscribe (&lossy, core, &pushed_ops, &(ProcstreamSubscribeOptions){ .delivery = PROCSTREAM_DELIVERY_LOSSY, .paused = TRUE });
  for (const char *const *text = (const char *const[]){ "a", "b", "c", NULL }; *text; text++)
    test_core_feed (core, *text);
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  procstream_output_core_set_paused (core, lossy.subscription, FALSE);
  iterate ();
  assert_got (&lossy, "(1,1)bc");
  subscribe (&slow, core, &pushed_ops, &(ProcstreamSubscribeOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .paused = TRUE });
  test_core_feed (core, "d");
  test_core_feed (core, "e");
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  assert_got (&lossy, "de");
  leave (&slow);
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  leave (&lossy);
  test_core_free (core);
}

/* --- How far behind ----------------------------------------------------------------------------------------------------------- */

static void
assert_lag (Subscriber *self,
            guint64     chunks,
            guint64     bytes)
{
  ProcstreamLag lag;

  procstream_output_core_get_lag (self->core, self->subscription, &lag);
  g_assert_cmpuint (lag.chunks, ==, chunks);
  g_assert_cmpuint (lag.bytes, ==, bytes);
  g_assert_cmpint (lag.oldest_us > 0, ==, chunks > 0);
}

static void
test_lag (void)
{
  ProcstreamOutputCore *core = test_core_new (2);
  ProcstreamLogEvent    event = { 0 };
  Subscriber            reads, lossy;

  subscribe (&reads, core, &pulling_ops, &reliable);
  subscribe (&lossy, core, &pulling_ops, &(ProcstreamSubscribeOptions){ .delivery = PROCSTREAM_DELIVERY_LOSSY });
  assert_lag (&reads, 0, 0);
  feed_at (core, "ab", 10);
  feed_at (core, "c", 5);
  assert_lag (&reads, 2, 3);
  procstream_output_core_take (core, reads.subscription, &event);
  procstream_log_event_clear (&event);
  assert_lag (&reads, 1, 1);
  feed_at (core, "defg", 0);
  take_all (&reads);
  assert_lag (&reads, 0, 0);
  /* What it lost is not what it has yet to read. */
  assert_lag (&lossy, 2, 5);
  procstream_output_core_feed_end (core, NULL);
  assert_lag (&lossy, 2, 5);
  take_all (&lossy);
  assert_got (&lossy, "(1,2)cdefg|");
  assert_lag (&lossy, 0, 0);
  leave (&lossy);
  leave (&reads);
  test_core_free (core);
}

/* --- The one place ------------------------------------------------------------------------------------------------------------ */

static void
test_claim (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  const ProcstreamSubscribeOptions occupies = { .delivery = PROCSTREAM_DELIVERY_RELIABLE, .occupies = TRUE };
  ProcstreamOutputCore            *core;
  Subscriber                       first, second;
  g_autoptr (GError) error = NULL;

  procstream_output_config_set_backend (config, PROCSTREAM_BACKEND_SINGLE);
  core = test_core_new_for (config);
  procstream_output_core_take_label (core, g_strdup ("make (test)"));
  g_assert_true (procstream_output_core_claim (core, &error));
  g_assert_false (procstream_output_core_claim (core, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "“make (test)”"));
  procstream_output_core_unclaim (core);

  g_assert_true (procstream_output_core_claim (core, NULL));
  subscribe (&first, core, &pushed_ops, &occupies);
  g_assert_false (procstream_output_core_claim (core, NULL));
  /* Free before it has ended, as far as its owner decided that it has; and not twice. */
  procstream_output_core_vacate (core, first.subscription);
  g_assert_true (procstream_output_core_claim (core, NULL));
  subscribe (&second, core, &pushed_ops, &occupies);
  leave (&first);
  g_assert_false (procstream_output_core_claim (core, NULL));
  procstream_output_core_feed_end (core, NULL);
  g_assert_true (procstream_output_core_claim (core, NULL));
  leave (&second);
  test_core_free (core);
}

/* --- Holding up the others ---------------------------------------------------------------------------------------------------- */

#define FOR_EVER_MS ((gint64) 1000 * 3600 * 1000)
#define MS 1000

/* Each is judged by what it was allowed, from when reading stopped on; nothing happens to those who keep up, or may take their time. */
static void
test_stall (void)
{
  ProcstreamOutputCore *core = test_core_new (2);
  Subscriber            fast, patient, pulling, slow;
  gint64                stopped;

  subscribe_limited (&fast, core, &pushed_ops, FOR_EVER_MS);
  subscribe_limited (&patient, core, &pulling_ops, -1);
  subscribe_limited (&pulling, core, &pulling_ops, FOR_EVER_MS);
  subscribe_limited (&slow, core, &slow_ops, 2 * FOR_EVER_MS);
  test_core_feed (core, "ab");
  procstream_output_core_check_stalls (core, G_MAXINT64);
  test_core_feed (core, "c");
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  stopped = core->paused_since_us;

  procstream_output_core_check_stalls (core, stopped + FOR_EVER_MS * MS - 1);
  g_assert_cmpuint (procstream_output_core_get_n_dropped (core), ==, 0);
  procstream_output_core_check_stalls (core, stopped + FOR_EVER_MS * MS);
  g_assert_cmpuint (procstream_output_core_get_n_dropped (core), ==, 1);
  g_assert_true (pulling.dropped);
  g_assert_error (pulling.error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);
  g_assert_cmpuint (pulling.lost_chunks, ==, 2);
  g_assert_cmpuint (pulling.lost_bytes, ==, 3);
  take_all (&pulling);
  assert_got (&pulling, "");
  /* The others are still in the way. */
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  take_all (&patient);
  assert_got (&patient, "abc");

  /* One that is told in its own time is out of the way at once. */
  procstream_output_core_check_stalls (core, stopped + 2 * FOR_EVER_MS * MS);
  g_assert_cmpuint (procstream_output_core_get_n_dropped (core), ==, 2);
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  test_core_feed (core, "d");
  take_all (&slow);
  assert_got (&slow, "(2,3)!");
  g_assert_false (fast.dropped || patient.dropped || slow.dropped);
  assert_got (&fast, "abcd");
  procstream_output_core_check_stalls (core, G_MAXINT64);
  g_assert_cmpuint (procstream_output_core_get_n_dropped (core), ==, 2);
  leave (&fast);
  leave (&patient);
  leave (&pulling);
  leave (&slow);
  test_core_free (core);
}

/* Whoever goes on in time is left alone, however often it was close; time before it came is not counted against it. */
static void
test_stall_in_time (void)
{
  ProcstreamOutputCore *core = test_core_new (2);
  Subscriber            first, second;

  subscribe_limited (&first, core, &pulling_ops, FOR_EVER_MS);
  for (int i = 0; i < 3; i++)
    {
      test_core_feed (core, "a");
      test_core_feed (core, "b");
      g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
      take_all (&first);
      procstream_output_core_check_stalls (core, G_MAXINT64);
    }
  assert_got (&first, "ababab");

  /* A second one that begins in the past, while the first one is in the way. */
  test_core_feed (core, "a");
  test_core_feed (core, "b");
  core->paused_since_us = 1;
  procstream_output_core_set_opening (core, TRUE);
  subscribe_limited (&second, core, &pulling_ops, FOR_EVER_MS);
  procstream_output_core_check_stalls (core, 2 + FOR_EVER_MS * MS);
  g_assert_false (second.dropped);
  leave (&first);
  leave (&second);
  test_core_free (core);
}

/* A pushed one that was paused, and one that leaves as it is dropped. */
static void
test_stall_paused (void)
{
  ProcstreamOutputCore *core = test_core_new (1);
  Subscriber            paused;

  subscribe_limited (&paused, core, &pushed_ops, FOR_EVER_MS);
  procstream_output_core_set_paused (core, paused.subscription, TRUE);
  test_core_feed (core, "a");
  procstream_output_core_check_stalls (core, G_MAXINT64);
  g_assert_true (paused.dropped);
  procstream_output_core_set_paused (core, paused.subscription, FALSE);
  iterate ();
  assert_got (&paused, "");
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  leave (&paused);
  test_core_free (core);
}

static gboolean
is_dropped (gpointer data)
{
  return g_atomic_int_get (&((Subscriber *) data)->dropped);
}

/* The timer, which this thread has no part in. */
static void
test_stall_timer (void)
{
  ProcstreamOutputCore *core = test_core_new (1);
  Subscriber            first, second;

  subscribe_limited (&first, core, &pulling_ops, FOR_EVER_MS);
  test_core_feed (core, "a");
  /* It was set for much later. */
  procstream_output_core_set_opening (core, TRUE);
  subscribe_limited (&second, core, &pulling_ops, 1);
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  leave (&first);
  test_run_until (NULL, "it to be dropped", is_dropped, &second);
  g_assert_true (second.in_io_thread);
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  leave (&second);
  test_core_free (core);
}

static void
freed_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static void
probe_cb (gpointer data)
{
}

/* The rest of what was read together comes although reading has paused, and one that was not in the way before may be so then. */
static void
test_stall_after_pause (void)
{
  ProcstreamOutputCore *core = test_core_new (2);
  Subscriber            patient, limited;

  subscribe (&patient, core, &pulling_ops, &reliable);
  subscribe_limited (&limited, core, &pulling_ops, 1);
  test_core_feed (core, "a");
  take_all (&limited);
  test_core_feed (core, "b");
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  g_assert_null (core->stall_source);
  test_core_feed (core, "c");
  test_run_until (NULL, "it to be dropped", is_dropped, &limited);
  take_all (&patient);
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  leave (&patient);
  leave (&limited);
  test_core_free (core);
}

typedef struct
{
  ProcstreamOutputCore *core;
  guint                 told;
  guint                 told_settled;
  gboolean              settled_too_soon;
} Ending;

static void
ended_cb (gpointer data)
{
  Ending *self = data;

  self->told++;
  self->told_settled += procstream_output_core_is_settled (self->core);
}

/* The thread that reads comes to the end at this very moment. */
static void
end_while_dropped_cb (gpointer      data,
                      guint64       chunks,
                      guint64       bytes,
                      const GError *error)
{
  Ending *self = ((Subscriber *) data)->core->ended_data;

  procstream_output_core_feed_end (self->core, NULL);
  self->settled_too_soon = procstream_output_core_is_settled (self->core);
}

/* Nothing is complete before who was dropped knows it. */
static void
test_stall_and_settled (void)
{
  static const ProcstreamSubscriberOps ops = { .push = push_cb, .over = over_cb, .dropped = end_while_dropped_cb, .ref = ref_cb, .unref = unref_cb };

  ProcstreamOutputCore *core = test_core_new (1);
  Ending                ending = { .core = core };
  Subscriber            paused;

  procstream_output_core_set_ended_func (core, ended_cb, &ending, NULL);
  subscribe_limited (&paused, core, &ops, FOR_EVER_MS);
  procstream_output_core_set_paused (core, paused.subscription, TRUE);
  test_core_feed (core, "a");
  procstream_output_core_check_stalls (core, G_MAXINT64);
  g_assert_false (ending.settled_too_soon);
  g_assert_cmpuint (ending.told, ==, 2);
  g_assert_cmpuint (ending.told_settled, ==, 1);
  leave (&paused);
  test_core_free (core);
}

/* A timer that is set for long keeps nothing in memory after the end, by whatever way it came. */
static void
test_stall_timer_and_end (void)
{
  for (int ends = 0; ends < 2; ends++)
    {
      ProcstreamOutputCore *core = test_core_new (1);
      Subscriber            slow;
      gboolean              freed = FALSE;

      procstream_output_core_set_probe (core, probe_cb, &freed, freed_cb);
      subscribe_limited (&slow, core, &pulling_ops, FOR_EVER_MS);
      test_core_feed (core, "a");
      g_assert_nonnull (core->stall_source);
      if (ends)
        procstream_output_core_feed_end (core, NULL);
      leave (&slow);
      test_core_free (core);
      test_hold_pass ();
      iterate ();
      g_assert_true (freed);
    }
}

/* --- Each at its own pace ----------------------------------------------------------------------------------------------------- */

/* One slow reliable subscriber delays the child, never what the others may already read. */
static void
test_slow_delays_nobody (void)
{
  ProcstreamOutputCore *core = test_core_new (3);
  Subscriber            slow, pushed, pulling, late;

  subscribe (&slow, core, &pulling_ops, &reliable);
  subscribe (&pushed, core, &pushed_ops, &reliable);
  subscribe (&pulling, core, &pulling_ops, &reliable);
  for (const char *const *text = (const char *const[]){ "a", "b", "c", NULL }; *text; text++)
    {
      test_core_feed (core, *text);
      take_all (&pulling);
      g_assert_cmpstr (pushed.got->str, ==, pulling.got->str);
      g_assert_true (g_str_has_suffix (pushed.got->str, *text));
    }
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  subscribe (&late, core, &pushed_ops, &reliable);
  take_all (&slow);
  g_assert_cmpint (procstream_output_core_get_state (core), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  test_core_feed (core, "d");
  assert_got (&late, "d");
  assert_got (&pushed, "abcd");
  leave (&slow);
  leave (&pushed);
  leave (&pulling);
  leave (&late);
  test_core_free (core);
}

/* --- Blocking ----------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Subscriber   *subscriber;
  GCancellable *cancellable;
} Wait;

static gpointer
wait_in_thread (gpointer data)
{
  Wait *wait = data;

  g_assert_false (procstream_output_core_wait (wait->subscriber->core, wait->subscriber->subscription, -1, wait->cancellable));
  return NULL;
}

static gboolean
is_blocked (ProcstreamOutputCore *core)
{
  gboolean blocked;

  g_mutex_lock (&core->mutex);
  blocked = core->n_blocked > 0;
  g_mutex_unlock (&core->mutex);
  return blocked;
}

static void
join_cb (GCancellable *cancellable,
         GThread      *thread)
{
  g_thread_join (thread);
}

/* A handler of the program's may wait for the thread that is woken by the same cancellation. */
static void
test_cancelled_and_joined (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ProcstreamOutputCore *core = test_core_new (1);
  Subscriber            subscriber;
  Wait                  wait = { &subscriber, cancellable };
  GThread              *thread;

  subscribe (&subscriber, core, &pulling_ops, &reliable);
  thread = g_thread_new ("waits", wait_in_thread, &wait);
  while (!is_blocked (core))
    g_thread_yield ();
  g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (join_cb), thread, NULL, G_CONNECT_AFTER);
  g_cancellable_cancel (cancellable);
  leave (&subscriber);
  test_core_free (core);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/output-flow/live-only", test_live_only);
  g_test_add_func ("/output-flow/replay-ms", test_replay_ms);
  g_test_add_func ("/output-flow/pause/pushed", test_pause_pushed);
  g_test_add_func ("/output-flow/pause/pulling", test_pause_pulling);
  g_test_add_func ("/output-flow/pause/resume-wakes", test_resume_wakes);
  g_test_add_func ("/output-flow/pause/delivery", test_pause_and_delivery);
  g_test_add_func ("/output-flow/lag", test_lag);
  g_test_add_func ("/output-flow/claim", test_claim);
  g_test_add_func ("/output-flow/stall", test_stall);
  g_test_add_func ("/output-flow/stall/in-time", test_stall_in_time);
  g_test_add_func ("/output-flow/stall/paused", test_stall_paused);
  g_test_add_func ("/output-flow/stall/timer", test_stall_timer);
  g_test_add_func ("/output-flow/stall/after-pause", test_stall_after_pause);
  g_test_add_func ("/output-flow/stall/and-settled", test_stall_and_settled);
  g_test_add_func ("/output-flow/stall/timer-and-end", test_stall_timer_and_end);
  g_test_add_func ("/output-flow/slow-delays-nobody", test_slow_delays_nobody);
  g_test_add_func ("/output-flow/cancelled-and-joined", test_cancelled_and_joined);
  return g_test_run ();
}
