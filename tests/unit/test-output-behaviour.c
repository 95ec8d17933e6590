/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-private.h"
#include "procstream-output-record-private.h"

#include <procstream/procstream.h>

#include "test-core.h"
#include "test-noter.h"
#include "test-process.h"
#include "test-recorder.h"
#include "test-utils.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

/* The behaviours that users of other broadcasting streams rely on, in our terms: each of them with both back ends that are read. */

typedef struct
{
  ProcstreamOutputCore *core; /* read in this thread; the test says what */
  ProcstreamOutput     *output;
} Fixture;

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
set_up (Fixture           *self,
        gconstpointer      backend,
        ProcstreamDelivery delivery,
        ProcstreamReplay   replay,
        guint64            replay_limit,
        guint              max_chunks)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (delivery, replay);

  procstream_output_config_set_backend (config, GPOINTER_TO_INT (backend));
  procstream_output_config_set_replay_limit (config, replay_limit);
  procstream_output_config_set_max_buffered_chunks (config, max_chunks);
  self->core = test_core_new_for (config);
  self->output = procstream_output_new_for_core (self->core, g_main_context_default ());
  procstream_output_release_opening (self->output);
  iterate ();
}

static void
tear_down (Fixture *self)
{
  iterate ();
  g_assert_cmpuint (test_noter_count_alive (), ==, 0);
  g_clear_object (&self->output);
  test_core_free (self->core);
}

/* Each word is a chunk. */
static void
feed (Fixture    *self,
      const char *words)
{
  g_auto (GStrv) chunks = g_strsplit (words, " ", -1);

  for (guint i = 0; chunks[i]; i++)
    test_core_feed (self->core, chunks[i]);
}

static void
end (Fixture *self)
{
  procstream_output_core_feed_end (self->core, NULL);
}

static void
fail (Fixture *self)
{
  procstream_output_core_feed_end (self->core, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "Broken"));
}

static gboolean
try_attach (Fixture *self,
            gpointer consumer)
{
  return procstream_output_attach (self->output, consumer, NULL);
}

static TestNoter *
attach (Fixture *self)
{
  TestNoter *noter = test_noter_new ();

  g_assert_true (try_attach (self, noter));
  return noter;
}

/* Lines do not matter here. */
static void
leave (TestNoter  *noter,
       const char *expected)
{
  g_auto (GStrv) words = NULL;
  g_autoptr (GString) order = g_string_new (NULL);

  iterate ();
  words = g_strsplit (noter->order->str, " ", -1);
  for (guint i = 0; words[i]; i++)
    if (!g_str_has_prefix (words[i], "L:"))
      g_string_append_printf (order, "%s%s", order->len > 0 ? " " : "", words[i]);
  g_strchomp (order->str);
  g_assert_cmpstr (order->str, ==, expected);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (noter));
  g_object_unref (noter);
  iterate ();
}

/* What somebody who comes now gets. */
static void
assert_late (Fixture    *self,
             const char *expected)
{
  leave (attach (self), expected);
}

/* --- Replay and the end ------------------------------------------------------------------------------------------------------- */

/* From what was kept to what comes, nothing is missing and nothing comes twice. */
static void
test_hand_over (gconstpointer backend)
{
  Fixture    fixture;
  TestNoter *noter;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL, 0, 8);
  feed (&fixture, "kept");
  noter = attach (&fixture);
  feed (&fixture, "live");
  end (&fixture);
  leave (noter, "c:kept c:live end");
  tear_down (&fixture);
}

/* Without replay one begins with what comes. */
static void
test_no_replay (gconstpointer backend)
{
  Fixture    fixture;
  TestNoter *noter;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0, 8);
  feed (&fixture, "old");
  noter = attach (&fixture);
  feed (&fixture, "live");
  end (&fixture);
  leave (noter, "c:live end");
  tear_down (&fixture);
}

/* The newest chunks, and whole chunks that have at least so many bytes. */
static void
test_boundaries (gconstpointer backend)
{
  Fixture fixture;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_CHUNKS, 2, 8);
  feed (&fixture, "a b c");
  assert_late (&fixture, "c:b c:c");
  tear_down (&fixture);
  for (guint64 limit = 1; limit <= 6; limit++)
    {
      set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_BYTES, limit, 8);
      feed (&fixture, "aa bb cc");
      assert_late (&fixture, limit <= 2 ? "c:cc" : limit <= 4 ? "c:bb c:cc"
                                                              : "c:aa c:bb c:cc");
      tear_down (&fixture);
    }
  /* One that is larger than the limit is kept whole until others make up for it. */
  set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_BYTES, 3, 8);
  feed (&fixture, "oversized x y");
  assert_late (&fixture, "c:oversized c:x c:y");
  feed (&fixture, "z");
  assert_late (&fixture, "c:x c:y c:z");
  tear_down (&fixture);
}

/* The end is told to everybody, once, however late, and is not a part of what is kept: sealing leaves it. */
static void
test_end_is_told_late (gconstpointer backend)
{
  Fixture fixture;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL, 0, 8);
  feed (&fixture, "tail");
  end (&fixture);
  assert_late (&fixture, "c:tail end");
  assert_late (&fixture, "c:tail end");
  procstream_output_seal_replay (fixture.output);
  assert_late (&fixture, "end");
  tear_down (&fixture);
}

/* A read error is told after what came before it, to late ones too, and never as an end of file. What was collected
 * is kept. */
static void
test_error_is_told_late (gconstpointer backend)
{
  const ProcstreamReplay replays[] = { PROCSTREAM_REPLAY_NONE, PROCSTREAM_REPLAY_ALL };

  for (guint i = 0; i < G_N_ELEMENTS (replays); i++)
    {
      Fixture fixture;
      g_autoptr (ProcstreamCollector) early = test_collector_new ();
      g_autoptr (ProcstreamCollector) late = test_collector_new ();
      g_autoptr (GError) error = NULL;

      set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, replays[i], 0, 8);
      g_assert_true (try_attach (&fixture, early));
      feed (&fixture, "boot ing");
      fail (&fixture);
      g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (early), 0, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
      test_collector_assert (early, "booting");
      assert_late (&fixture, i == 0 ? "failed" : "c:boot c:ing failed");
      g_assert_true (try_attach (&fixture, late));
      iterate ();
      g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (late)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
      test_collector_assert (late, i == 0 ? "" : "booting");
      tear_down (&fixture);
    }
}

static guint64
get_retained (Fixture *self)
{
  guint64 bytes;

  g_mutex_lock (&self->core->mutex);
  bytes = procstream_chunk_log_get_bytes_retained (self->core->log);
  g_mutex_unlock (&self->core->mutex);
  return bytes;
}

/* Who is there when replay is sealed gets what it was promised and had not read; who comes later begins live, also while that is still
 * kept for the other one. */
static void
test_seal (gconstpointer backend)
{
  Fixture    fixture;
  TestNoter *active, *later = NULL;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_LAST_BYTES, 1 << 20, 8);
  feed (&fixture, "ready");
  active = attach (&fixture);
  feed (&fixture, "tail");
  procstream_output_seal_replay (fixture.output);
  procstream_output_seal_replay (fixture.output);
  g_assert_cmpuint (get_retained (&fixture), ==, 9);
  if (GPOINTER_TO_INT (backend) == PROCSTREAM_BACKEND_BROADCAST)
    later = attach (&fixture);
  leave (active, "c:ready c:tail");
  if (later == NULL)
    later = attach (&fixture);
  g_assert_cmpuint (get_retained (&fixture), ==, 0);
  feed (&fixture, "live");
  end (&fixture);
  leave (later, "c:live end");
  tear_down (&fixture);
}

/* What comes between two consumers is kept where there is replay, and only there. */
static void
test_between_consumers (gconstpointer backend)
{
  const ProcstreamReplay replays[] = { PROCSTREAM_REPLAY_NONE, PROCSTREAM_REPLAY_ALL };

  for (guint i = 0; i < G_N_ELEMENTS (replays); i++)
    {
      Fixture fixture;

      set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, replays[i], 0, 8);
      assert_late (&fixture, "");
      feed (&fixture, "idle");
      g_assert_cmpuint (procstream_output_get_bytes_unobserved (fixture.output), ==, i == 0 ? 4 : 0);
      end (&fixture);
      assert_late (&fixture, i == 0 ? "end" : "c:idle end");
      tear_down (&fixture);
    }
}

/* --- Falling behind ----------------------------------------------------------------------------------------------------------- */

/* Of what does not fit the oldest is lost, with one gap that says exactly how much, whatever the size of
 * the window; the newest is always there, and then the end. */
static void
test_overflow (gconstpointer backend)
{
  const struct
  {
    guint       max_chunks;
    const char *expected;
  } cases[] = { { 1, "g:9,9 c:j end" }, { 2, "g:8,8 c:i c:j end" }, { 5, "g:5,5 c:f c:g c:h c:i c:j end" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Fixture    fixture;
      TestNoter *noter;

      set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, 0, cases[i].max_chunks);
      noter = attach (&fixture);
      feed (&fixture, "a b c d e f g h i j");
      end (&fixture);
      leave (noter, cases[i].expected);
      tear_down (&fixture);
    }
}

/* A second gap is another one; between them comes what was there. */
static void
test_gap_after_gap (gconstpointer backend)
{
  Fixture    fixture;
  TestNoter *noter;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, 0, 2);
  noter = attach (&fixture);
  feed (&fixture, "aa bb cc");
  iterate ();
  feed (&fixture, "dd ee ff gg");
  end (&fixture);
  leave (noter, "g:1,2 c:bb c:cc g:2,4 c:ff c:gg end");
  tear_down (&fixture);
}

/* One that falls behind costs those who come later nothing: replay keeps without holes. What it keeps
 * is not lost to the slow one either. */
static void
test_history_after_overflow (gconstpointer backend)
{
  Fixture    fixture;
  TestNoter *idle;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_ALL, 0, 1);
  idle = attach (&fixture);
  feed (&fixture, "a b c");
  leave (idle, "c:a c:b c:c");
  assert_late (&fixture, "c:a c:b c:c");
  tear_down (&fixture);

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_CHUNKS, 2, 1);
  idle = attach (&fixture);
  feed (&fixture, "a b c");
  leave (idle, "g:1,1 c:b c:c");
  assert_late (&fixture, "c:b c:c");
  tear_down (&fixture);
}

/* The end, or an error, is known to all as soon as it is read, however far behind somebody is. */
static void
test_end_while_somebody_is_behind (gconstpointer backend)
{
  for (int failing = 0; failing < 2; failing++)
    {
      Fixture    fixture;
      TestNoter *noter;

      set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, 0, 1);
      noter = attach (&fixture);
      feed (&fixture, "aa bb cc");
      (failing ? fail : end) (&fixture);
      g_assert_cmpint (procstream_output_get_state (fixture.output), ==, failing ? PROCSTREAM_OUTPUT_STATE_FAILED : PROCSTREAM_OUTPUT_STATE_ENDED);
      leave (noter, failing ? "g:2,4 c:cc failed" : "g:2,4 c:cc end");
      tear_down (&fixture);
    }
}

/* Reliable, reading stops when the window of the slowest is full, and everything arrives, the end as well. */
static void
test_reliable_waits (gconstpointer backend)
{
  Fixture    fixture;
  TestNoter *noter;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0, 1);
  noter = attach (&fixture);
  for (const char *const *text = (const char *const[]){ "a", "b", "c", NULL }; *text; text++)
    {
      feed (&fixture, *text);
      g_assert_cmpint (procstream_output_get_state (fixture.output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
      iterate ();
      g_assert_cmpint (procstream_output_get_state (fixture.output), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
    }
  end (&fixture);
  leave (noter, "c:a c:b c:c end");
  tear_down (&fixture);
}

/* When the one that reading waited for leaves, everything is read, whether anybody listens or not. */
static void
test_reads_on_after_the_last (gconstpointer backend)
{
  Fixture    fixture;
  TestNoter *noter;

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0, 1);
  noter = attach (&fixture);
  feed (&fixture, "x");
  g_assert_cmpint (procstream_output_get_state (fixture.output), ==, PROCSTREAM_OUTPUT_STATE_PAUSED);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (noter));
  leave (noter, "");
  for (int i = 0; i < 256; i++)
    {
      feed (&fixture, "sixteen bytes...");
      g_assert_cmpint (procstream_output_get_state (fixture.output), ==, PROCSTREAM_OUTPUT_STATE_OPEN);
    }
  noter = attach (&fixture);
  feed (&fixture, "tail");
  end (&fixture);
  leave (noter, "c:tail end");
  tear_down (&fixture);
}

/* A consumer does not need the output object; it goes on to the real end. */
static void
test_without_the_object (gconstpointer backend)
{
  Fixture fixture;
  g_autoptr (ProcstreamCollector) collector = test_collector_new ();

  set_up (&fixture, backend, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0, 8);
  g_assert_true (try_attach (&fixture, collector));
  g_clear_object (&fixture.output);
  feed (&fixture, "on and on");
  end (&fixture);
  test_collector_assert (collector, "onandon");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (collector)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  tear_down (&fixture);
}

/* A line waiter has the one place of a single output from when it is attached, before anything was searched, until it is over: because
 * its time is, or because it found its line. */
static void
test_place_of_a_waiter (void)
{
  for (int found = 0; found < 2; found++)
    {
      Fixture    fixture;
      TestNoter *noter;
      g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
      g_autoptr (ProcstreamCollector) refused = test_collector_new ();
      g_autoptr (GError) error = NULL;

      set_up (&fixture, GINT_TO_POINTER (PROCSTREAM_BACKEND_SINGLE), PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0, 8);
      procstream_line_waiter_set_timeout_ms (waiter, found ? PROCSTREAM_NO_TIMEOUT : 1);
      g_assert_true (procstream_line_waiter_add_pattern (waiter, "ready", PROCSTREAM_MATCH_NONE, NULL));
      g_assert_true (try_attach (&fixture, waiter));
      /* The one whose time is short may be over by now. */
      if (found)
        {
          g_assert_false (try_attach (&fixture, refused));
          feed (&fixture, "ready\n");
        }
      g_assert_cmpint (procstream_consumer_wait (PROCSTREAM_CONSUMER (waiter), TEST_WATCHDOG_SECONDS * 1000, NULL, &error), ==, found);
      if (!found)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      noter = attach (&fixture);
      feed (&fixture, "later");
      end (&fixture);
      leave (noter, "c:later end");
      tear_down (&fixture);
    }
}

/* --- Lines -------------------------------------------------------------------------------------------------------------------- */

/* What takes lines: each keeps them in joined, with “|” after each. */
typedef struct
{
  const char *name;
  gpointer (*make) (void);
  void (*serve) (gpointer consumer,
                 GString *joined);
  void (*finish) (gpointer consumer,
                  GString *joined);
} Taker;

static gpointer
make_collector (void)
{
  return procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
}

/* It would be told at once of all that comes. */
static void
pause_collector (gpointer consumer,
                 GString *joined)
{
  procstream_consumer_pause (consumer);
}

static void
finish_collector (gpointer consumer,
                  GString *joined)
{
  g_auto (GStrv) lines = NULL;

  procstream_consumer_resume (consumer);
  iterate ();
  lines = procstream_collector_dup_lines (consumer);
  test_join_lines (joined, (const char *const *) lines);
}

static gpointer
make_recorder (void)
{
  return test_recorder_new ();
}

static void
serve_recorder (gpointer consumer,
                GString *joined)
{
  iterate ();
}

static void
finish_recorder (gpointer consumer,
                 GString *joined)
{
  iterate ();
  g_string_append (joined, ((TestRecorder *) consumer)->joined->str);
}

static gpointer
make_reader (void)
{
  return procstream_reader_new ();
}

static void
read_lines (gpointer consumer,
            GString *joined)
{
  g_autofree char *line = NULL;

  while ((line = procstream_reader_read_line (consumer, 0, NULL, NULL)))
    {
      g_string_append_printf (joined, "%s|", line);
      g_clear_pointer (&line, g_free);
    }
}

static const Taker takers[] = {
  { "collector", make_collector, pause_collector, finish_collector },
  { "own class", make_recorder, serve_recorder, finish_recorder },
  { "reader", make_reader, read_lines, read_lines },
};

/* @lost: NULL, or what came after @first and was lost to those who take slowly. */
static void
check_lines (gconstpointer backend,
             const char   *first,
             const char   *lost,
             const char   *then,
             void (*finish) (Fixture *fixture),
             const char *expected)
{
  for (guint i = 0; i < G_N_ELEMENTS (takers); i++)
    {
      Fixture fixture;
      g_autoptr (ProcstreamConsumer) consumer = takers[i].make ();
      g_autoptr (GString) joined = g_string_new (NULL);

      set_up (&fixture, backend, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, 0, 1);
      g_assert_true (try_attach (&fixture, consumer));
      test_core_feed (fixture.core, first);
      takers[i].serve (consumer, joined);
      if (lost)
        test_core_feed (fixture.core, lost);
      test_core_feed (fixture.core, then);
      finish (&fixture);
      takers[i].finish (consumer, joined);
      if (strcmp (joined->str, expected) != 0)
        g_error ("The %s got “%s” and not “%s”", takers[i].name, joined->str, expected);
      g_assert_cmpint (procstream_consumer_get_state (consumer), ==, finish == fail ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED);
      g_assert_cmpuint (procstream_consumer_get_gaps (consumer), ==, lost != NULL);
      g_clear_object (&consumer);
      tear_down (&fixture);
    }
}

/* What stands before a gap is never joined with what stands after it. A line that is whole after it is there, and the last one
 * too, without an end. */
static void
test_lines_and_gap (gconstpointer backend)
{
  check_lines (backend, "one\npar", "lost", "\ntwo\nfinal", end, "one|two|final|");
  check_lines (backend, "rea", "lost", "dy\nnext\n", end, "next|");
  check_lines (backend, "rea", "lost\n", "dy\nnext\n", end, "dy|next|");
  check_lines (backend, "one\n", "lost", "still of it", end, "one|");
  check_lines (backend, "one\n", "lost\r", "\ntwo\n", end, "one|two|");
}

/* What came before a read error are lines too, to the last byte. */
static void
test_lines_and_error (gconstpointer backend)
{
  check_lines (backend, "complete\npart", NULL, "ial", fail, "complete|partial|");
  check_lines (backend, "one\npar", "lost", "\ntwo\nfinal", fail, "one|two|final|");
}

/* --- Chunks ------------------------------------------------------------------------------------------------------------------- */

static void
note_size_cb (ProcstreamOutput *output,
              GBytes           *bytes,
              GArray           *sizes)
{
  gsize size = g_bytes_get_size (bytes);

  g_array_append_val (sizes, size);
}

/* What is there is read in chunks of the size that was asked for, whatever that is, also while all of those before are kept. */
static void
test_chunk_size (void)
{
  const guint chunk_sizes[] = { 1, 255, 256, 1000, 43008, 65536 };

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      const guint      all = chunk_sizes[i] == 1 ? 2000 : 65536;
      g_autofree char *data = g_strnfill (all, 'x');
      g_autoptr (GArray) sizes = g_array_new (FALSE, FALSE, sizeof (gsize));
      g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
      g_autoptr (ProcstreamOutput) output = NULL;
      int fds[2];

      g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
      g_assert_cmpint (write (fds[1], data, all), ==, all);
      close (fds[1]);
      procstream_output_config_set_read_chunk_size (config, chunk_sizes[i]);
      output = procstream_output_new_take_fd (fds[0], "test", config, NULL);
      g_signal_connect (output, "chunk", G_CALLBACK (note_size_cb), sizes);
      while (sizes->len < (all + chunk_sizes[i] - 1) / chunk_sizes[i])
        g_main_context_iteration (NULL, TRUE);
      for (guint j = 0; j < all / chunk_sizes[i]; j++)
        g_assert_cmpuint (g_array_index (sizes, gsize, j), ==, chunk_sizes[i]);
      g_signal_handlers_disconnect_by_data (output, sizes);
    }
}

/* --- Back ends ---------------------------------------------------------------------------------------------------------------- */

/* One configuration, and the same consumers, for every back end; where nothing is read they end at once. */
static void
test_every_backend (void)
{
  const struct
  {
    ProcstreamBackend backend;
    const char       *expected;
  } cases[] = { { PROCSTREAM_BACKEND_BROADCAST, "c:he c:ll c:o- c:wo c:rl c:d end" },
                { PROCSTREAM_BACKEND_SINGLE, "c:he c:ll c:o- c:wo c:rl c:d end" },
                { PROCSTREAM_BACKEND_DISCARD, "end" },
                { PROCSTREAM_BACKEND_INHERIT, "end" } };
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_output_config_set_read_chunk_size (config, 2);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      TestNoter *noter = test_noter_new ();

      procstream_output_config_set_backend (config, cases[i].backend);
      procstream_launcher_set_stderr_config (process->launcher, config);
      /* Where the program's own standard error is inherited, nothing is written to it. */
      test_process_create (process, cases[i].backend == PROCSTREAM_BACKEND_INHERIT ? "true" : "printf hello-world >&2");
      g_assert_true (procstream_output_attach (procstream_child_get_stderr (process->child), PROCSTREAM_CONSUMER (noter), NULL));
      test_process_start (process);
      test_consumer_wait (noter);
      leave (noter, cases[i].expected);
    }
}

static void
add (const char *name,
     void (*test) (gconstpointer backend))
{
  g_autofree char *broadcast = g_strconcat ("/output-behaviour/broadcast/", name, NULL);
  g_autofree char *single = g_strconcat ("/output-behaviour/single/", name, NULL);

  g_test_add_data_func (broadcast, GINT_TO_POINTER (PROCSTREAM_BACKEND_BROADCAST), test);
  g_test_add_data_func (single, GINT_TO_POINTER (PROCSTREAM_BACKEND_SINGLE), test);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  add ("hand-over", test_hand_over);
  add ("no-replay", test_no_replay);
  add ("boundaries", test_boundaries);
  add ("end-is-told-late", test_end_is_told_late);
  add ("error-is-told-late", test_error_is_told_late);
  add ("seal", test_seal);
  add ("between-consumers", test_between_consumers);
  add ("overflow", test_overflow);
  add ("gap-after-gap", test_gap_after_gap);
  add ("history-after-overflow", test_history_after_overflow);
  add ("end-while-somebody-is-behind", test_end_while_somebody_is_behind);
  add ("reliable-waits", test_reliable_waits);
  add ("reads-on-after-the-last", test_reads_on_after_the_last);
  add ("without-the-object", test_without_the_object);
  add ("lines-and-gap", test_lines_and_gap);
  add ("lines-and-error", test_lines_and_error);
  g_test_add_func ("/output-behaviour/place-of-a-waiter", test_place_of_a_waiter);
  g_test_add_func ("/output-behaviour/chunk-size", test_chunk_size);
  g_test_add_func ("/output-behaviour/every-backend", test_every_backend);
  return g_test_run ();
}
