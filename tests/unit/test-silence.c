/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-silence-private.h"

#include "procstream-chunk-private.h"
#include "procstream-output-config-private.h"
#include "test-core.h"
#include "test-utils.h"

#include <procstream/procstream.h>

#include <fcntl.h>
#include <unistd.h>

/* Two outputs that are read in this thread, at times that the test makes up. The present is far away from all of them. */
#define BEGIN 1000
#define NOW G_GINT64_CONSTANT (1000000)

typedef struct
{
  ProcstreamSilence      silence;
  ProcstreamSilenceFacts facts;
} Fixture;

static void
fixture_init (Fixture *self,
              guint    max_chunks)
{
  *self = (Fixture){ .silence.watched = { TRUE, TRUE } };
  for (guint i = 0; i < 2; i++)
    self->silence.outputs[i] = test_core_new (max_chunks);
}

static void
fixture_clear (Fixture *self)
{
  for (guint i = 0; i < 2; i++)
    test_core_free (self->silence.outputs[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static gint64
since (Fixture *self)
{
  procstream_silence_look (&self->silence, BEGIN, NOW, &self->facts);
  return self->facts.since_us;
}

static void
feed (Fixture *self,
      guint    i,
      gint64   time_us)
{
  procstream_output_core_feed (self->silence.outputs[i], procstream_chunk_new_copy ("x", 1, time_us));
}

static void
test_last (void)
{
  g_auto (Fixture) f = { 0 };

  fixture_init (&f, 0);
  g_assert_cmpint (since (&f), ==, BEGIN);
  g_assert_cmpint (f.facts.last_us, ==, 0);
  /* What was before is over. */
  feed (&f, 0, BEGIN - 1);
  g_assert_cmpint (since (&f), ==, BEGIN);
  feed (&f, 0, BEGIN + 1);
  g_assert_cmpint (since (&f), ==, BEGIN + 1);
  feed (&f, 1, BEGIN + 3);
  feed (&f, 0, BEGIN + 2);
  g_assert_cmpint (since (&f), ==, BEGIN + 3);
  g_assert_cmpint (f.facts.last_us, ==, BEGIN + 3);
}

static void
test_watched (void)
{
  g_auto (Fixture) f = { 0 };

  fixture_init (&f, 0);
  f.silence.watched[0] = FALSE;
  feed (&f, 1, BEGIN + 1);
  feed (&f, 0, BEGIN + 2);
  g_assert_cmpint (since (&f), ==, BEGIN + 1);
  f.silence.in_step = TRUE;
  g_assert_cmpint (since (&f), ==, BEGIN + 1);
  g_assert_cmpint (f.facts.last_us, ==, BEGIN + 1);
}

static void
test_over (void)
{
  g_auto (Fixture) f = { 0 };

  fixture_init (&f, 0);
  feed (&f, 0, BEGIN + 1);
  procstream_output_core_feed_end (f.silence.outputs[0], NULL);
  g_assert_cmpint (since (&f), ==, BEGIN + 1);
  g_assert_false (f.facts.over);
  f.silence.watched[1] = FALSE;
  g_assert_cmpint (since (&f), ==, BEGIN + 1);
  g_assert_true (f.facts.over);
  f.silence.in_step = TRUE;
  since (&f);
  g_assert_true (f.facts.over);
}

/* --- Not heard ---------------------------------------------------------------------------------------------------------------- */

static gpointer
same_cb (gpointer data)
{
  return data;
}

static void
nothing_cb (gpointer data)
{
}

static const ProcstreamSubscriberOps slow_ops = { .ready = nothing_cb, .ref = same_cb, .unref = nothing_cb };

static void
take_one (ProcstreamOutputCore   *core,
          ProcstreamSubscription *slow)
{
  ProcstreamLogEvent event = { 0 };

  g_assert_cmpint (procstream_output_core_take (core, slow, &event), ==, PROCSTREAM_LOG_EVENT_CHUNK);
  procstream_log_event_clear (&event);
}

/* Somebody has more than enough of one output. */
static void
test_paused (void)
{
  g_auto (Fixture) f = { 0 };
  ProcstreamSubscription *slow;
  gint64                  before_us;

  fixture_init (&f, 2);
  slow = procstream_output_core_subscribe (f.silence.outputs[0], &slow_ops, &f, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  feed (&f, 0, BEGIN + 1);
  feed (&f, 0, BEGIN + 2);
  g_assert_cmpint (procstream_output_core_get_state (f.silence.outputs[0]), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  g_assert_cmpint (since (&f), ==, NOW);
  g_assert_cmpint (f.facts.last_us, ==, BEGIN + 2);
  /* Where both are read together the other one waits, too. */
  f.silence.watched[0] = FALSE;
  g_assert_cmpint (since (&f), ==, BEGIN);
  f.silence.in_step = TRUE;
  g_assert_cmpint (since (&f), ==, NOW);

  before_us = g_get_monotonic_time ();
  take_one (f.silence.outputs[0], slow);
  take_one (f.silence.outputs[0], slow);
  g_assert_cmpint (procstream_output_core_get_state (f.silence.outputs[0]), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
  g_assert_cmpint (since (&f), >=, before_us);
  g_assert_cmpint (f.facts.last_us, ==, 0);
  f.silence.in_step = FALSE;
  g_assert_cmpint (since (&f), ==, BEGIN);
  f.silence.watched[0] = TRUE;
  g_assert_cmpint (since (&f), >=, before_us);
  procstream_output_core_unsubscribe (f.silence.outputs[0], slow);
  procstream_subscription_unref (slow);
}

static void
open_pipe (Fixture *self,
           int      fds[2])
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  ProcstreamOutputSettings settings;

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  g_assert_true (procstream_output_config_resolve (config, "test", PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET, 0, &settings, NULL));
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  test_core_free (self->silence.outputs[0]);
  self->silence.outputs[0] = procstream_output_core_new ("pipe", &settings, g_main_context_default (), NULL);
  procstream_output_core_hold (self->silence.outputs[0]);
  procstream_output_core_open_pipe (self->silence.outputs[0], fds[0]);
}

static gboolean
has_received (gpointer data)
{
  ProcstreamOutputCounts counts;

  procstream_output_core_get_counts (data, &counts);
  return counts.received > 0;
}

/* The thread that reads is busy. */
static void
test_pending (void)
{
  g_auto (Fixture) f = { 0 };
  gint64 before_us;
  int    fds[2];

  fixture_init (&f, 0);
  open_pipe (&f, fds);
  g_assert_cmpint (since (&f), ==, BEGIN);
  g_assert_cmpint (write (fds[1], "x", 1), ==, 1);
  g_assert_cmpint (since (&f), ==, NOW);
  /* It is the other one that is asked for. */
  f.silence.watched[0] = FALSE;
  f.silence.in_step = TRUE;
  g_assert_cmpint (since (&f), ==, BEGIN);
  f.silence.watched[0] = TRUE;
  before_us = g_get_monotonic_time ();
  test_run_until (NULL, "the byte", has_received, f.silence.outputs[0]);
  g_assert_cmpint (since (&f), >=, before_us);
  g_assert_cmpint (f.facts.last_us, ==, f.facts.since_us);
  close (fds[1]);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/silence/last", test_last);
  g_test_add_func ("/silence/watched", test_watched);
  g_test_add_func ("/silence/over", test_over);
  g_test_add_func ("/silence/paused", test_paused);
  g_test_add_func ("/silence/pending", test_pending);
  return g_test_run ();
}
