/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-chunk-log-private.h"

#include <malloc.h>

#include "chunk-log-model.h"
#include "test-history.h"

/*
 * The log is compared with a naive model of it, operation by operation, on random histories: see test-history.h. What a
 * model cannot say well, an example says.
 */

#define N_HISTORIES 3000

static ProcstreamChunkLog *
new_log (ProcstreamReplay replay,
         guint64          limit,
         guint            max_chunks)
{
  const ProcstreamLineOptions lines = { .separator = PROCSTREAM_LINE_SEPARATOR_NEWLINE };
  ProcstreamLogOptions        options = { replay, limit, max_chunks, 1000, .max_replay_bytes = 1000 };

  procstream_line_rule_init (&options.rule, &lines);
  return procstream_chunk_log_new (&options);
}

static void
append (ProcstreamChunkLog *log,
        const char         *text)
{
  procstream_chunk_log_append (log, procstream_chunk_new_copy (text, strlen (text), 0));
}

static void
assert_chunk (ProcstreamChunkLog *log,
              ProcstreamCursor   *cursor,
              const char         *text)
{
  ProcstreamLogEvent event = { 0 };

  g_assert_cmpint (procstream_chunk_log_next (log, cursor, &event), ==, PROCSTREAM_LOG_EVENT_CHUNK);
  g_assert_cmpmem (event.chunk->data, event.chunk->size, text, strlen (text));
  procstream_chunk_unref (event.chunk);
}

static void
assert_gap (ProcstreamChunkLog *log,
            ProcstreamCursor   *cursor,
            guint64             chunks,
            guint64             bytes)
{
  ProcstreamLogEvent event = { 0 };

  g_assert_cmpint (procstream_chunk_log_next (log, cursor, &event), ==, PROCSTREAM_LOG_EVENT_GAP);
  g_assert_cmpuint (event.chunks, ==, chunks);
  g_assert_cmpuint (event.bytes, ==, bytes);
}

static void
assert_nothing (ProcstreamChunkLog *log,
                ProcstreamCursor   *cursor)
{
  ProcstreamLogEvent event = { 0 };

  g_assert_false (procstream_chunk_log_has_next (log, cursor));
  g_assert_cmpint (procstream_chunk_log_next (log, cursor, &event), ==, PROCSTREAM_LOG_EVENT_NOTHING);
}

/* --- Examples ----------------------------------------------------------------------------------------------------------------- */

/* A lossy subscriber that falls behind is told once, exactly, and goes on with the oldest chunk there is. */
static void
test_gap (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_NONE, 0, 2);
  ProcstreamCursor   *cursor = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_LOSSY, FALSE);

  for (const char *const *text = (const char *const[]){ "a", "bb", "ccc", "d", "e", NULL }; *text; text++)
    append (log, *text);
  assert_gap (log, cursor, 3, 6);
  assert_chunk (log, cursor, "d");
  assert_chunk (log, cursor, "e");
  assert_nothing (log, cursor);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_dropped (log), ==, 6);
  procstream_chunk_log_detach (log, cursor);
  procstream_chunk_log_free (log);
}

/* Two that miss the same bytes: these are counted once. */
static void
test_dropped_once (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_NONE, 0, 1);
  ProcstreamCursor   *one = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_LOSSY, FALSE);
  ProcstreamCursor   *two;

  append (log, "abc");
  two = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_LOSSY, FALSE);
  append (log, "de");
  append (log, "f");
  g_assert_cmpuint (procstream_chunk_log_get_bytes_dropped (log), ==, 5);
  assert_gap (log, one, 2, 5);
  assert_gap (log, two, 1, 2);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_dropped (log), ==, 5);
  procstream_chunk_log_detach (log, one);
  procstream_chunk_log_detach (log, two);
  procstream_chunk_log_free (log);
}

/* What replay held at attach is promised, to a lossy subscriber too, whatever the log lets go of later. */
static void
test_history_is_promised (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_LAST_CHUNKS, 3, 1);
  ProcstreamChunk    *live = procstream_chunk_new_copy ("5", 1, 0);
  ProcstreamCursor   *cursor;

  for (const char *const *text = (const char *const[]){ "1", "2", "3", "4", NULL }; *text; text++)
    append (log, *text);
  cursor = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_LOSSY, FALSE);
  g_assert_true (procstream_cursor_is_in_history (cursor));
  procstream_chunk_log_seal (log);
  procstream_chunk_log_append (log, procstream_chunk_ref (live));
  append (log, "6");
  append (log, "7");
  g_assert_cmpuint (procstream_chunk_log_get_first (log), ==, 6);
  /* What came later is not history: nobody but this test still has it. */
  g_assert_true (g_atomic_ref_count_compare (&live->ref_count, 1));
  procstream_chunk_unref (live);
  assert_chunk (log, cursor, "2");
  assert_chunk (log, cursor, "3");
  assert_chunk (log, cursor, "4");
  g_assert_false (procstream_cursor_is_in_history (cursor));
  assert_gap (log, cursor, 2, 2);
  assert_chunk (log, cursor, "7");
  procstream_chunk_log_detach (log, cursor);
  procstream_chunk_log_free (log);
}

/* A subscriber that is still busy with history does not stop the stream. */
static void
test_history_does_not_pause (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_ALL, 0, 2);
  ProcstreamCursor   *cursor;

  for (int i = 0; i < 5; i++)
    append (log, "x");
  cursor = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  g_assert_false (procstream_chunk_log_must_pause (log));
  append (log, "x");
  g_assert_false (procstream_chunk_log_must_pause (log));
  append (log, "x");
  g_assert_true (procstream_chunk_log_must_pause (log));
  g_assert_false (procstream_chunk_log_may_resume (log));
  for (int i = 0; i < 6; i++)
    assert_chunk (log, cursor, "x");
  g_assert_true (procstream_chunk_log_may_resume (log));
  procstream_chunk_log_detach (log, cursor);
  procstream_chunk_log_free (log);
}

/* The end comes after everything, once, and to those that come later too. */
static void
test_end (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_LAST_BYTES, 1, 4);
  ProcstreamCursor   *early = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  ProcstreamCursor   *late;
  ProcstreamLogEvent  event = { 0 };

  append (log, "last");
  procstream_chunk_log_finish (log, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "It broke"));
  late = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_LOSSY, FALSE);
  for (ProcstreamCursor *const *cursor = (ProcstreamCursor *const[]){ early, late, NULL }; *cursor; cursor++)
    {
      assert_chunk (log, *cursor, "last");
      g_assert_cmpint (procstream_chunk_log_next (log, *cursor, &event), ==, PROCSTREAM_LOG_EVENT_END);
      g_assert_error (event.error, G_IO_ERROR, G_IO_ERROR_FAILED);
      assert_nothing (log, *cursor);
    }
  procstream_chunk_log_detach (log, early);
  procstream_chunk_log_detach (log, late);
  procstream_chunk_log_free (log);
}

static void
test_unobserved (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_LAST_CHUNKS, 2, 4);

  append (log, "kept");
  g_assert_cmpuint (procstream_chunk_log_get_bytes_unobserved (log), ==, 0);
  procstream_chunk_log_seal (log);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 0);
  append (log, "lost");
  g_assert_cmpuint (procstream_chunk_log_get_bytes_unobserved (log), ==, 4);
  procstream_chunk_log_free (log);
}

static void
disown (ProcstreamChunkLog *log,
        ProcstreamCursor   *cursor)
{
  procstream_chunk_log_disown (log, cursor);
  procstream_chunk_log_detach (log, cursor);
}

/* One that was there for others leaves without them: what it has not read counts, unless somebody else has, or will, or replay keeps it. */
static void
test_disown (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_NONE, 0, 4);
  ProcstreamCursor   *holder = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  ProcstreamCursor   *other;

  append (log, "one");
  append (log, "22");
  assert_chunk (log, holder, "one");
  disown (log, holder);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_unobserved (log), ==, 2);
  append (log, "nobody");
  g_assert_cmpuint (procstream_chunk_log_get_bytes_unobserved (log), ==, 8);

  holder = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  other = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  append (log, "a");
  append (log, "b");
  assert_chunk (log, other, "a");
  procstream_chunk_log_detach (log, other);
  disown (log, holder);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_unobserved (log), ==, 9);

  holder = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  other = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  append (log, "c");
  disown (log, holder);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_unobserved (log), ==, 9);
  procstream_chunk_log_detach (log, other);
  procstream_chunk_log_free (log);
}

/* From the start, to where the only chunk is gone already: who was given it as the newest is past it, and has none of its own. */
static void
test_skip_what_is_gone (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_NONE, 0, 4);
  ProcstreamCursor   *cursor;

  append (log, "gone");
  cursor = procstream_chunk_log_attach_at_start (log, PROCSTREAM_DELIVERY_LOSSY);
  g_assert_true (procstream_chunk_log_is_at_newest (log, cursor));
  procstream_chunk_log_skip_newest (log, cursor);
  assert_nothing (log, cursor);
  append (log, "next");
  assert_chunk (log, cursor, "next");
  procstream_chunk_log_detach (log, cursor);
  procstream_chunk_log_free (log);
}

/* What a late subscriber gets now, as one text. */
static void
assert_replay (ProcstreamChunkLog *log,
               const char         *text)
{
  ProcstreamCursor  *cursor = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_LOSSY, FALSE);
  ProcstreamLogEvent event = { 0 };
  g_autoptr (GString) joined = g_string_new (NULL);

  while (procstream_chunk_log_next (log, cursor, &event) == PROCSTREAM_LOG_EVENT_CHUNK)
    {
      g_string_append_len (joined, (const char *) event.chunk->data, event.chunk->size);
      procstream_chunk_unref (event.chunk);
    }
  procstream_chunk_log_detach (log, cursor);
  g_assert_cmpstr (joined->str, ==, text);
}

/* Exactly the last lines, however they were read; one that is not terminated yet is one of them. */
static void
test_replay_lines (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_LAST_LINES, 2, 4);

  assert_replay (log, "");
  append (log, "one\ntwo\nthr");
  assert_replay (log, "two\nthr");
  append (log, "ee\n");
  assert_replay (log, "two\nthree\n");
  append (log, "f");
  assert_replay (log, "three\nf");
  append (log, "our\nfive\nsix\n\n");
  assert_replay (log, "six\n\n");
  /* The chunk in which they begin is kept whole, no other. */
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 14);
  procstream_chunk_log_free (log);
}

/* More text than replay may keep: as many whole lines as fit; of one that is longer than that, the end. */
static void
test_replay_long_lines (void)
{
  const ProcstreamLineOptions lines = { .separator = PROCSTREAM_LINE_SEPARATOR_NEWLINE };
  ProcstreamLogOptions        options = { PROCSTREAM_REPLAY_LAST_LINES, 3, 4, 1000, .max_replay_bytes = 10 };
  ProcstreamChunkLog         *log;

  procstream_line_rule_init (&options.rule, &lines);
  log = procstream_chunk_log_new (&options);

  append (log, "123456\n12");
  append (log, "3\n12345\n");
  assert_replay (log, "123\n12345\n");
  append (log, "-");
  assert_replay (log, "12345\n-");
  append (log, "abcdefghijklmnopqrs");
  assert_replay (log, "jklmnopqrs");
  append (log, "tu");
  assert_replay (log, "lmnopqrstu");
  append (log, "\nx");
  assert_replay (log, "x");
  procstream_chunk_log_free (log);
}

static void
append_at (ProcstreamChunkLog *log,
           const char         *text,
           gint64              time_us)
{
  procstream_chunk_log_append (log, procstream_chunk_new_copy (text, strlen (text), time_us));
}

/* By the clock that the log is told, whether anything arrives or not. */
static void
test_replay_ms (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_LAST_MS, 5, 4);

  append_at (log, "a", 1000);
  append_at (log, "b", 3000);
  append_at (log, "c", 5999);
  assert_replay (log, "abc");
  append_at (log, "d", 6000);
  assert_replay (log, "bcd");
  procstream_chunk_log_set_time (log, 7999);
  assert_replay (log, "bcd");
  procstream_chunk_log_set_time (log, 8000);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 2);
  procstream_chunk_log_set_time (log, 100);
  assert_replay (log, "cd");
  procstream_chunk_log_set_time (log, G_MAXINT64);
  assert_replay (log, "");
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 0);
  procstream_chunk_log_free (log);
}

/* A burst within that time: its last bytes. */
static void
test_replay_ms_burst (void)
{
  const ProcstreamLogOptions options = { PROCSTREAM_REPLAY_LAST_MS, G_MAXUINT64, 4, 1000, .max_replay_bytes = 7 };
  ProcstreamChunkLog        *log = procstream_chunk_log_new (&options);

  append_at (log, "abcd", 0);
  append_at (log, "efgh", 0);
  append_at (log, "ij", 0);
  assert_replay (log, "defghij");
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 10);
  append_at (log, "k", 0);
  assert_replay (log, "efghijk");
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 7);
  procstream_chunk_log_free (log);
}

/* What is promised begins in the middle of a chunk, also when the log let that go before it was read. */
static void
test_rest_is_promised (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_LAST_LINES, 1, 1);
  ProcstreamCursor   *cursor;
  ProcstreamLogEvent  event = { 0 };

  append (log, "one\r\ntwo");
  cursor = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_LOSSY, FALSE);
  g_assert_false (procstream_chunk_log_is_at_newest (log, cursor));
  g_assert_false (procstream_chunk_log_lacks_index (log, cursor));
  procstream_chunk_log_seal (log);
  append (log, "\nthree");
  g_assert_cmpuint (procstream_chunk_log_get_first (log), ==, 1);
  procstream_chunk_log_next (log, cursor, &event);
  g_assert_cmpmem (event.chunk->data, event.chunk->size, "two", 3);
  g_assert_cmpuint (event.chunk->sequence, ==, 0);
  g_assert_cmpuint (event.chunk->offset, ==, 5);
  g_assert_cmpmem (event.chunk->before + 11, 5, "one\r\n", 5);
  procstream_chunk_unref (event.chunk);
  assert_chunk (log, cursor, "\nthree");
  procstream_chunk_log_detach (log, cursor);
  procstream_chunk_log_free (log);
}

/* One that holds the others up is told what it lost and why, and holds nobody up any more. */
static void
test_drop (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_NONE, 0, 2);
  ProcstreamCursor   *slow = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  ProcstreamCursor   *fast = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  ProcstreamLogEvent  event = { 0 };

  append (log, "ab");
  append (log, "cde");
  assert_chunk (log, slow, "ab");
  append (log, "f");
  for (const char *const *text = (const char *const[]){ "ab", "cde", "f", NULL }; *text; text++)
    assert_chunk (log, fast, *text);
  g_assert_true (procstream_chunk_log_must_pause (log));
  g_assert_true (procstream_chunk_log_holds_up (log, slow));
  g_assert_false (procstream_chunk_log_holds_up (log, fast));
  procstream_chunk_log_drop (log, slow, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Too slow"));
  g_assert_false (procstream_chunk_log_must_pause (log));
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 0);
  append (log, "g");
  assert_gap (log, slow, 2, 4);
  g_assert_cmpint (procstream_chunk_log_next (log, slow, &event), ==, PROCSTREAM_LOG_EVENT_END);
  g_assert_error (event.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_nothing (log, slow);
  assert_chunk (log, fast, "g");
  procstream_chunk_log_detach (log, slow);
  procstream_chunk_log_detach (log, fast);
  procstream_chunk_log_free (log);
}

/* What is kept follows what is promised, up and down, through many sizes of the log's own array. */
static void
test_large_and_small_again (void)
{
  const ProcstreamLogOptions options = { .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = G_MAXUINT, .max_bytes = G_MAXUINT64 };
  ProcstreamChunkLog        *log = procstream_chunk_log_new (&options);
  ProcstreamCursor          *cursor = procstream_chunk_log_attach (log, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  guint64                    expected = 0;

  for (int round = 0; round < 3; round++)
    {
      for (int i = 0; i < 20000; i++)
        append (log, "0123456789");
      for (int i = 0; i < 19990; i++, expected++)
        {
          ProcstreamLogEvent event = { 0 };

          g_assert_cmpint (procstream_chunk_log_next (log, cursor, &event), ==, PROCSTREAM_LOG_EVENT_CHUNK);
          g_assert_cmpuint (event.chunk->sequence, ==, expected);
          procstream_chunk_unref (event.chunk);
        }
      g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 100 * (round + 1));
    }
  procstream_chunk_log_detach (log, cursor);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 0);
  procstream_chunk_log_free (log);
}

/* --- Many --------------------------------------------------------------------------------------------------------------------- */

/* What the allocator of the C library has given out; 0 where another one takes its place. */
static gsize
get_allocated (void)
{
  g_autofree volatile char *probe = NULL;
  struct mallinfo2          before = mallinfo2 ();
  struct mallinfo2          after;

  probe = g_malloc0 (1 << 20);
  after = mallinfo2 ();
  return after.uordblks + after.hblkhd >= before.uordblks + before.hblkhd + (1 << 20) ? before.uordblks + before.hblkhd : 0;
}

/* A log that keeps everything of what is written in small pieces. */
static void
test_million_kept (void)
{
  const gsize         limit = (gsize) 150 << 20;
  const guint         count = 1000000;
  gsize               before = get_allocated ();
  ProcstreamChunkLog *log;
  gsize               taken;

  if (before == 0 || g_getenv ("PROCSTREAM_TEST_VALGRIND"))
    {
      g_test_skip ("The allocator does not tell");
      return;
    }
  log = new_log (PROCSTREAM_REPLAY_ALL, 0, 16);
  for (guint i = 0; i < count; i++)
    append (log, "012345678\n");
  taken = get_allocated () - before;
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 10 * count);
  g_test_message ("A million chunks of ten bytes take %" G_GSIZE_FORMAT " MiB", taken >> 20);
  g_assert_cmpuint (taken, <=, limit);
  procstream_chunk_log_free (log);
}

/* What a burst took is given back when it is over, though nothing is appended any more. */
static void
test_memory_is_given_back (void)
{
  gsize               before = get_allocated ();
  ProcstreamChunkLog *log;

  if (before == 0)
    {
      g_test_skip ("The allocator does not tell");
      return;
    }
  log = new_log (PROCSTREAM_REPLAY_ALL, 0, 16);
  for (guint i = 0; i < 100000; i++)
    append (log, "x");
  procstream_chunk_log_seal (log);
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 0);
  g_assert_cmpuint (get_allocated () - before, <, 100000);
  procstream_chunk_log_free (log);
}

/* However much is kept, one who comes shares it: nothing is copied for anybody. */
static void
test_attach_shares (void)
{
  const ProcstreamDelivery deliveries[] = { PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_DELIVERY_RELIABLE };
  ProcstreamCursor        *cursors[100];
  ProcstreamChunkLog      *log;
  gsize                    before;

  if (get_allocated () == 0)
    {
      g_test_skip ("The allocator does not tell");
      return;
    }
  log = new_log (PROCSTREAM_REPLAY_ALL, 0, 16);
  for (guint i = 0; i < 100000; i++)
    append (log, "x");
  before = get_allocated ();
  for (guint i = 0; i < G_N_ELEMENTS (cursors); i++)
    cursors[i] = procstream_chunk_log_attach (log, deliveries[i % 2], FALSE);
  /* A byte for each chunk would be a hundred times as much. */
  g_assert_cmpuint (get_allocated () - before, <, 100000);
  for (guint i = 0; i < G_N_ELEMENTS (cursors); i++)
    {
      assert_chunk (log, cursors[i], "x");
      procstream_chunk_log_detach (log, cursors[i]);
    }
  procstream_chunk_log_free (log);
}

/* A thousand at the head, half of which keep up: each sees everything, or is told what it did not see. */
static void
test_thousand_cursors (void)
{
  ProcstreamChunkLog *log = new_log (PROCSTREAM_REPLAY_NONE, 0, 4);
  ProcstreamCursor   *cursors[1000];

  for (guint i = 0; i < G_N_ELEMENTS (cursors); i++)
    cursors[i] = procstream_chunk_log_attach (log, i % 4 == 0 ? PROCSTREAM_DELIVERY_RELIABLE : PROCSTREAM_DELIVERY_LOSSY, FALSE);
  for (guint n = 0; n < 20; n++)
    {
      append (log, "x");
      for (guint i = 0; i < G_N_ELEMENTS (cursors); i += 2)
        assert_chunk (log, cursors[i], "x");
      g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, MIN (n + 1, 4));
      g_assert_false (procstream_chunk_log_must_pause (log));
    }
  g_assert_cmpuint (procstream_chunk_log_get_bytes_dropped (log), ==, 16);
  for (guint i = 0; i < G_N_ELEMENTS (cursors); i++)
    {
      if (i % 2 == 1)
        {
          assert_gap (log, cursors[i], 16, 16);
          for (guint n = 0; n < 4; n++)
            assert_chunk (log, cursors[i], "x");
        }
      assert_nothing (log, cursors[i]);
    }
  g_assert_cmpuint (procstream_chunk_log_get_bytes_retained (log), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cursors); i++)
    procstream_chunk_log_detach (log, cursors[i]);
  procstream_chunk_log_free (log);
}

/* --- Random histories --------------------------------------------------------------------------------------------------------- */

static void
test_histories (void)
{
  test_histories_run (&(TestHistories){ .name = "The log differs",
                                        .count = N_HISTORIES,
                                        .setup = MODEL_SETUP,
                                        .operation = MODEL_OPERATION,
                                        .most_operations = 200,
                                        .run = chunk_log_history_run });
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk-log/gap", test_gap);
  g_test_add_func ("/chunk-log/dropped-once", test_dropped_once);
  g_test_add_func ("/chunk-log/history-is-promised", test_history_is_promised);
  g_test_add_func ("/chunk-log/history-does-not-pause", test_history_does_not_pause);
  g_test_add_func ("/chunk-log/end", test_end);
  g_test_add_func ("/chunk-log/unobserved", test_unobserved);
  g_test_add_func ("/chunk-log/disown", test_disown);
  g_test_add_func ("/chunk-log/skip-what-is-gone", test_skip_what_is_gone);
  g_test_add_func ("/chunk-log/replay-lines", test_replay_lines);
  g_test_add_func ("/chunk-log/replay-long-lines", test_replay_long_lines);
  g_test_add_func ("/chunk-log/replay-ms", test_replay_ms);
  g_test_add_func ("/chunk-log/replay-ms-burst", test_replay_ms_burst);
  g_test_add_func ("/chunk-log/rest-is-promised", test_rest_is_promised);
  g_test_add_func ("/chunk-log/drop", test_drop);
  g_test_add_func ("/chunk-log/large-and-small-again", test_large_and_small_again);
  g_test_add_func ("/chunk-log/million-kept", test_million_kept);
  g_test_add_func ("/chunk-log/memory-is-given-back", test_memory_is_given_back);
  g_test_add_func ("/chunk-log/attach-shares", test_attach_shares);
  g_test_add_func ("/chunk-log/thousand-cursors", test_thousand_cursors);
  g_test_add_func ("/chunk-log/histories", test_histories);
  return g_test_run ();
}
