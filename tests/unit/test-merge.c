/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-private.h"
#include "procstream-merge-private.h"
#include "procstream-output-private.h"

#include <procstream/procstream.h>

#include "test-core.h"
#include "test-recorder.h"
#include "test-utils.h"

#include <string.h>

/* Two outputs and the merged one, all read in this thread, which feeds them. */
typedef struct
{
  ProcstreamOutputCore *inputs[2];
  ProcstreamOutputCore *core; /* the merged one */
  ProcstreamOutput     *output;
} Fixture;

static void
set_up_window (Fixture           *f,
               ProcstreamDelivery delivery,
               guint              max_chunks)
{
  const ProcstreamOutputSettings settings = {
    .backend = PROCSTREAM_BACKEND_BROADCAST,
    .reader = PROCSTREAM_READER_MODE_CONTEXT,
    .delivery = delivery,
    .log = { PROCSTREAM_REPLAY_NONE, 0, max_chunks, 100000 },
    .read_chunk_size = 100,
    .lines = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT },
  };

  for (guint i = 0; i < 2; i++)
    {
      f->inputs[i] = test_core_new (0);
      procstream_output_core_set_stream (f->inputs[i], i == 0 ? PROCSTREAM_STREAM_STDOUT : PROCSTREAM_STREAM_STDERR);
    }
  f->core = procstream_output_core_new ("merged", &settings, g_main_context_default (), NULL);
  procstream_output_core_set_merged (f->core, f->inputs);
  f->output = procstream_output_new_for_core (f->core, g_main_context_default ());
  procstream_merge_open (f->core, f->inputs);
  procstream_output_release_opening (f->output);
}

static void
set_up (Fixture *f)
{
  set_up_window (f, PROCSTREAM_DELIVERY_RELIABLE, 100);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
tear_down (Fixture *f)
{
  g_clear_object (&f->output);
  procstream_output_core_unref (f->core);
  for (guint i = 0; i < 2; i++)
    test_core_free (f->inputs[i]);
  iterate ();
}

static void
end (Fixture *f)
{
  for (guint i = 0; i < 2; i++)
    procstream_output_core_feed_end (f->inputs[i], NULL);
}

static void
attach (Fixture *f,
        gpointer consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_output_attach (f->output, consumer, &error);
  g_assert_no_error (error);
}

/* --- Chunks ------------------------------------------------------------------------------------------------------------------- */

static void
expect (ProcstreamReader *reader,
        const char       *text,
        const char       *stream,
        guint64           sequence,
        guint64           offset,
        guint64           stream_offset)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamChunkInfo) info = procstream_reader_next_info (reader, 0, NULL, &error);
  GBytes *bytes;

  g_assert_no_error (error);
  bytes = procstream_chunk_info_get_bytes (info);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
  g_assert_cmpstr (procstream_chunk_info_get_stream (info), ==, stream);
  g_assert_cmpuint (procstream_chunk_info_get_sequence (info), ==, sequence);
  g_assert_cmpuint (procstream_chunk_info_get_offset (info), ==, offset);
  g_assert_cmpuint (procstream_chunk_info_get_stream_offset (info), ==, stream_offset);
}

/* In the order of arrival, each with its stream; the inputs have theirs as ever. */
static void
test_chunks (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamReader) own = procstream_reader_new ();

  set_up (&f);
  attach (&f, reader);
  g_assert_true (procstream_consumer_attach (PROCSTREAM_CONSUMER (own), f.inputs[1], PROCSTREAM_DELIVERY_RELIABLE, NULL));
  test_core_feed (f.inputs[0], "one");
  test_core_feed (f.inputs[1], "two");
  test_core_feed (f.inputs[1], "three");
  test_core_feed (f.inputs[0], "four");
  end (&f);
  expect (reader, "one", "stdout", 0, 0, 0);
  expect (reader, "two", "stderr", 1, 3, 0);
  expect (reader, "three", "stderr", 2, 6, 3);
  expect (reader, "four", "stdout", 3, 11, 3);
  g_assert_null (procstream_reader_next_info (reader, 0, NULL, NULL));
  expect (own, "two", "stderr", 0, 0, 0);
  expect (own, "three", "stderr", 1, 3, 3);
  g_assert_cmpuint (procstream_output_get_bytes_received (f.output), ==, 15);
  tear_down (&f);
}

static void
keep_cb (ProcstreamOutput *output,
         GBytes           *bytes,
         gpointer          place)
{
  *(gconstpointer *) place = g_bytes_get_data (bytes, NULL);
}

/* The bytes are there once, however many outputs have them. */
static void
test_shared (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GBytes) bytes = NULL;
  gconstpointer data = NULL;

  set_up (&f);
  g_signal_connect (f.output, "chunk", G_CALLBACK (keep_cb), &data);
  g_assert_true (procstream_consumer_attach (PROCSTREAM_CONSUMER (reader), f.inputs[0], PROCSTREAM_DELIVERY_RELIABLE, NULL));
  test_core_feed (f.inputs[0], "text");
  iterate ();
  bytes = procstream_reader_next (reader, 0, NULL, NULL);
  g_assert_true (data == g_bytes_get_data (bytes, NULL));
  g_signal_handlers_disconnect_by_data (f.output, &data);
  tear_down (&f);
}

/* What only the merged output shows is seen by somebody if that has somebody. */
static void
test_counts (void)
{
  Fixture                f;
  ProcstreamOutputCounts counts;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  set_up (&f);
  iterate ();
  test_core_feed (f.inputs[0], "nobody");
  attach (&f, reader);
  test_core_feed (f.inputs[0], "reader");
  procstream_output_core_get_counts (f.inputs[0], &counts);
  g_assert_cmpuint (counts.received, ==, 12);
  g_assert_cmpuint (counts.unobserved, ==, 0);
  g_assert_cmpuint (procstream_output_get_bytes_received (f.output), ==, 12);
  g_assert_cmpuint (procstream_output_get_bytes_unobserved (f.output), ==, 6);
  tear_down (&f);
}

/* --- Lines -------------------------------------------------------------------------------------------------------------------- */

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         GString          *joined)
{
  g_string_append_printf (joined, "%s|", line);
}

/* All who cut lines. */
typedef struct
{
  GString             *handler;
  TestRecorder        *recorder;
  ProcstreamCollector *collector;
  ProcstreamReader    *reader;
  GString             *read;
} Followers;

static void
follow (Fixture   *f,
        Followers *who)
{
  who->handler = g_string_new (NULL);
  who->read = g_string_new (NULL);
  who->recorder = test_recorder_new ();
  who->collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  who->reader = procstream_reader_new ();
  g_signal_connect (f->output, "line", G_CALLBACK (line_cb), who->handler);
  attach (f, who->recorder);
  attach (f, who->collector);
  attach (f, who->reader);
}

static void
serve (Followers *who)
{
  char *line;

  iterate ();
  while ((line = procstream_reader_read_line (who->reader, 0, NULL, NULL)))
    {
      g_string_append_printf (who->read, "%s|", line);
      g_free (line);
    }
}

static void
check (Followers  *who,
       const char *expected,
       const char *collected)
{
  g_auto (GStrv) lines = procstream_collector_dup_lines (who->collector);
  g_autoptr (GString) joined = g_string_new (NULL);

  test_join_lines (joined, (const char *const *) lines);
  g_assert_cmpstr (who->handler->str, ==, expected);
  g_assert_cmpstr (who->recorder->joined->str, ==, expected);
  g_assert_cmpstr (who->read->str, ==, expected);
  g_assert_cmpstr (joined->str, ==, collected);
}

static void
unfollow (Fixture   *f,
          Followers *who)
{
  g_signal_handlers_disconnect_by_data (f->output, who->handler);
  g_string_free (who->handler, TRUE);
  g_string_free (who->read, TRUE);
  g_object_unref (who->recorder);
  g_object_unref (who->collector);
  g_object_unref (who->reader);
}

/* Byte by byte in each possible order of two texts: a line comes when it is complete, and is of one stream; what is not terminated comes at
 * the end. */
static void
check_interleaving (const char *const texts[2],
                    guint             order,
                    guint             n)
{
  Fixture   f;
  Followers who;
  g_autoptr (GString) expected = g_string_new (NULL);
  GString *rest[2] = { g_string_new (NULL), g_string_new (NULL) };
  gsize    at[2] = { 0, 0 };

  set_up (&f);
  follow (&f, &who);
  for (guint i = 0; i < n; i++)
    {
      guint      which = order >> i & 1;
      const char text[] = { texts[which][at[which]++], '\0' };

      test_core_feed (f.inputs[which], text);
      if (*text != '\n')
        {
          g_string_append (rest[which], text);
          continue;
        }
      g_string_append_printf (expected, "%s|", rest[which]->str);
      g_string_truncate (rest[which], 0);
    }
  end (&f);
  serve (&who);
  for (guint i = 0; i < 2; i++)
    {
      if (rest[i]->len > 0)
        g_string_append_printf (expected, "%s|", rest[i]->str);
      g_string_free (rest[i], TRUE);
    }
  check (&who, expected->str, expected->str);
  unfollow (&f, &who);
  tear_down (&f);
}

static guint
count_bits (guint number)
{
  guint n = 0;

  for (; number > 0; number >>= 1)
    n += number & 1;
  return n;
}

static void
test_lines (void)
{
  const char *const texts[2] = { "a\nbc", "x\n\ny\n" };
  const guint       n = strlen (texts[0]) + strlen (texts[1]);

  for (guint order = 0; order < 1u << n; order++)
    if (count_bits (order) == strlen (texts[1]))
      check_interleaving (texts, order, n);
}

/* The gap is one of the other stream alone: a line that was begun before it is whole. One that misses something is dropped. */
static void
test_lines_and_gap (void)
{
  Fixture   f;
  Followers who;

  set_up_window (&f, PROCSTREAM_DELIVERY_LOSSY, 2);
  follow (&f, &who);
  test_core_feed (f.inputs[0], "be");
  test_core_feed (f.inputs[1], "to");
  serve (&who);
  test_core_feed (f.inputs[1], "lost\n");
  test_core_feed (f.inputs[1], "lost ");
  test_core_feed (f.inputs[1], "torn\nwhole\n");
  test_core_feed (f.inputs[0], "gin\n");
  end (&f);
  serve (&who);
  check (&who, "whole|begin|", "tolost|lost torn|whole|begin|");
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (who.reader)), ==, 1);
  /* The gap, and the text of “to” and “torn”. */
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (who.reader)), ==, 10 + 2 + 4);
  unfollow (&f, &who);
  tear_down (&f);
}

/* From lines to chunks and back, nothing of either stream is lost. */
static void
test_mixed (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autofree char *line = NULL;
  g_autofree char *last = NULL;

  set_up (&f);
  attach (&f, reader);
  test_core_feed (f.inputs[0], "beginning");
  test_core_feed (f.inputs[1], "error\nmore");
  line = procstream_reader_read_line (reader, 0, NULL, NULL);
  g_assert_cmpstr (line, ==, "error");
  expect (reader, "beginning", "stdout", 0, 0, 0);
  expect (reader, "more", "stderr", 1, 15, 6);
  test_core_feed (f.inputs[1], " of it\n");
  last = procstream_reader_read_line (reader, 0, NULL, NULL);
  g_assert_cmpstr (last, ==, " of it");
  tear_down (&f);
}

/* What was held back of each stream comes as it arrived: every chunk by itself, where it stands, or what is left of it. */
static void
test_held_back (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autofree char *line = NULL;

  set_up (&f);
  attach (&f, reader);
  test_core_feed (f.inputs[1], "to");
  test_core_feed (f.inputs[0], "be");
  test_core_feed (f.inputs[1], "get");
  test_core_feed (f.inputs[0], "gin");
  test_core_feed (f.inputs[1], "her\nrest");
  test_core_feed (f.inputs[1], "more");
  line = procstream_reader_read_line (reader, 0, NULL, NULL);
  g_assert_cmpstr (line, ==, "together");
  g_assert_null (procstream_reader_read_line (reader, 0, NULL, NULL));
  expect (reader, "be", "stdout", 1, 2, 0);
  expect (reader, "gin", "stdout", 3, 7, 2);
  expect (reader, "rest", "stderr", 4, 14, 9);
  expect (reader, "more", "stderr", 5, 18, 13);
  g_assert_null (procstream_reader_next_info (reader, 0, NULL, NULL));
  test_core_feed (f.inputs[0], "last");
  expect (reader, "last", "stdout", 6, 22, 5);
  tear_down (&f);
}

static void
expect_refusal (ProcstreamReader *reader)
{
  g_autoptr (GBytes) terminator = g_bytes_new_static ("e", 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_reader_read_exactly (reader, 1, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_null (procstream_reader_read_until (reader, terminator, 10, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpstr (error->message, ==, "“merged” is two streams in one: read it by chunk or by line");
}

/* Which bytes come next of two streams nobody can say: that is refused at any time, whatever is there, and changes nothing. */
static void
test_not_byte_by_byte (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autofree char *line = NULL;

  set_up (&f);
  attach (&f, reader);
  expect_refusal (reader);
  test_core_feed (f.inputs[0], "begun");
  expect_refusal (reader);
  /* Now it is held. */
  g_assert_null (procstream_reader_read_line (reader, 0, NULL, NULL));
  expect_refusal (reader);
  end (&f);
  expect_refusal (reader);
  line = procstream_reader_read_line (reader, 0, NULL, NULL);
  g_assert_cmpstr (line, ==, "begun");
  g_assert_null (procstream_reader_read_line (reader, 0, NULL, NULL));
  expect_refusal (reader);
  tear_down (&f);
}

/* --- Backpressure ------------------------------------------------------------------------------------------------------------- */

static void
assert_states (Fixture              *f,
               ProcstreamOutputState out,
               ProcstreamOutputState err,
               ProcstreamOutputState merged)
{
  g_assert_cmpint (procstream_output_core_get_state (f->inputs[0]), ==, out);
  g_assert_cmpint (procstream_output_core_get_state (f->inputs[1]), ==, err);
  g_assert_cmpint (procstream_output_get_state (f->output), ==, merged);
}

#define OPEN PROCSTREAM_OUTPUT_STATE_OPEN
#define PAUSED PROCSTREAM_OUTPUT_STATE_PAUSED

static void
read_all (ProcstreamReader *reader)
{
  GBytes *bytes;

  while ((bytes = procstream_reader_next (reader, 0, NULL, NULL)))
    g_bytes_unref (bytes);
}

/* A reliable subscriber of the merged output that does not keep up stops both; they go on when it has caught up. */
static void
test_backpressure (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  set_up_window (&f, PROCSTREAM_DELIVERY_RELIABLE, 2);
  iterate ();
  attach (&f, reader);
  test_core_feed (f.inputs[0], "a");
  assert_states (&f, OPEN, OPEN, OPEN);
  test_core_feed (f.inputs[1], "b");
  assert_states (&f, PAUSED, PAUSED, PAUSED);
  read_all (reader);
  assert_states (&f, OPEN, OPEN, OPEN);
  tear_down (&f);
}

/* An input that waits for its own subscriber does not go on because the merged output could, and does not stop the other one. */
static void
test_own_backpressure (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamReader) own = procstream_reader_new ();

  set_up_window (&f, PROCSTREAM_DELIVERY_RELIABLE, 2);
  iterate ();
  attach (&f, reader);
  g_assert_true (procstream_consumer_attach (PROCSTREAM_CONSUMER (own), f.inputs[0], PROCSTREAM_DELIVERY_RELIABLE, NULL));
  for (guint i = 0; procstream_output_core_get_state (f.inputs[0]) == OPEN; i++)
    {
      test_core_feed (f.inputs[0], "a");
      read_all (reader);
      g_assert_cmpuint (i, <, 10000);
    }
  assert_states (&f, PAUSED, OPEN, OPEN);
  for (guint i = 0; i < 2; i++)
    test_core_feed (f.inputs[1], "b");
  assert_states (&f, PAUSED, PAUSED, PAUSED);
  read_all (reader);
  assert_states (&f, PAUSED, OPEN, OPEN);
  read_all (own);
  assert_states (&f, OPEN, OPEN, OPEN);
  tear_down (&f);
}

/* Held back is let go when the merged output is no more. */
static void
test_paused_and_closed (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  set_up_window (&f, PROCSTREAM_DELIVERY_RELIABLE, 1);
  iterate ();
  attach (&f, reader);
  test_core_feed (f.inputs[0], "a");
  assert_states (&f, PAUSED, PAUSED, PAUSED);
  g_clear_object (&f.output);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (reader));
  g_assert_cmpint (procstream_output_core_get_state (f.core), ==, PROCSTREAM_OUTPUT_STATE_CLOSED);
  g_assert_cmpint (procstream_output_core_get_state (f.inputs[0]), ==, OPEN);
  g_assert_cmpint (procstream_output_core_get_state (f.inputs[1]), ==, OPEN);
  test_core_feed (f.inputs[0], "on its own");
  end (&f);
  tear_down (&f);
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

static GError *
new_error (const char *message)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, message);
}

static void
check_end (GError     *first,
           GError     *second,
           const char *message)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;

  set_up (&f);
  attach (&f, reader);
  test_core_feed (f.inputs[0], "a");
  procstream_output_core_feed_end (f.inputs[0], first);
  g_assert_cmpint (procstream_output_get_state (f.output), ==, OPEN);
  test_core_feed (f.inputs[1], "b");
  procstream_output_core_feed_end (f.inputs[1], second);
  expect (reader, "a", "stdout", 0, 0, 0);
  expect (reader, "b", "stderr", 1, 1, 0);
  g_assert_null (procstream_reader_next (reader, 0, NULL, &error));
  g_assert_cmpstr (error ? error->message : NULL, ==, message);
  g_assert_cmpint (procstream_output_get_state (f.output), ==,
                   message ? PROCSTREAM_OUTPUT_STATE_FAILED : PROCSTREAM_OUTPUT_STATE_ENDED);
  tear_down (&f);
}

/* When both have ended, and not before; an error comes after all bytes, and one that both have comes once. */
static void
test_end (void)
{
  check_end (NULL, NULL, NULL);
  check_end (new_error ("out"), NULL, "out");
  check_end (NULL, new_error ("err"), "err");
  check_end (new_error ("out"), new_error ("err"), "err; out");
  check_end (new_error ("both"), new_error ("both"), "both");
}

/* One that ends in the middle of several chunks in a row leaves nobody asleep. */
static void
test_end_within (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;

  set_up (&f);
  attach (&f, reader);
  procstream_output_core_begin_feeding (f.inputs[0]);
  procstream_output_core_feed_end (f.inputs[0], NULL);
  procstream_output_core_end_feeding (f.inputs[0]);
  procstream_reader_next_async (reader, NULL, test_store_result_cb, &result);
  iterate ();
  test_core_feed (f.inputs[1], "b");
  iterate ();
  g_assert_nonnull (result);
  bytes = procstream_reader_next_finish (reader, result, NULL);
  g_assert_nonnull (bytes);
  tear_down (&f);
}

/* Who pulls is woken once for several in a row, as by any other output. */
static void
test_feeding (void)
{
  Fixture f;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GAsyncResult) result = NULL;

  set_up (&f);
  attach (&f, reader);
  procstream_reader_next_async (reader, NULL, test_store_result_cb, &result);
  procstream_output_core_begin_feeding (f.inputs[0]);
  test_core_feed (f.inputs[0], "a");
  iterate ();
  g_assert_null (result);
  procstream_output_core_end_feeding (f.inputs[0]);
  iterate ();
  g_assert_nonnull (result);
  g_bytes_unref (procstream_reader_next_finish (reader, result, NULL));
  tear_down (&f);
}

/* --- Nobody is left ----------------------------------------------------------------------------------------------------------- */

/* The inputs are read for the merged output alone, and no longer than for it. */
static void
test_held (void)
{
  Fixture f;

  set_up (&f);
  iterate ();
  for (guint i = 0; i < 2; i++)
    procstream_output_core_release (f.inputs[i]);
  assert_states (&f, OPEN, OPEN, OPEN);
  g_clear_object (&f.output);
  g_assert_cmpint (procstream_output_core_get_state (f.core), ==, PROCSTREAM_OUTPUT_STATE_CLOSED);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (procstream_output_core_get_state (f.inputs[i]), ==, PROCSTREAM_OUTPUT_STATE_CLOSED);
      procstream_output_core_unref (f.inputs[i]);
    }
  procstream_output_core_unref (f.core);
}

/* The last subscriber is done in the middle of a feed, and everything is closed under it. */
static void
test_closed_within (void)
{
  Fixture f;
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);

  set_up (&f);
  iterate ();
  attach (&f, collector);
  g_clear_object (&f.output);
  for (guint i = 0; i < 2; i++)
    procstream_output_core_release (f.inputs[i]);
  test_core_feed (f.inputs[0], "a");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (collector));
  g_assert_cmpint (procstream_output_core_get_state (f.core), ==, PROCSTREAM_OUTPUT_STATE_CLOSED);
  for (guint i = 0; i < 2; i++)
    {
      test_core_feed (f.inputs[i], "late");
      g_assert_cmpint (procstream_output_core_get_state (f.inputs[i]), ==, PROCSTREAM_OUTPUT_STATE_CLOSED);
      procstream_output_core_unref (f.inputs[i]);
    }
  procstream_output_core_unref (f.core);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/merge/chunks", test_chunks);
  g_test_add_func ("/merge/shared", test_shared);
  g_test_add_func ("/merge/counts", test_counts);
  g_test_add_func ("/merge/lines", test_lines);
  g_test_add_func ("/merge/lines-and-gap", test_lines_and_gap);
  g_test_add_func ("/merge/mixed", test_mixed);
  g_test_add_func ("/merge/held-back", test_held_back);
  g_test_add_func ("/merge/not-byte-by-byte", test_not_byte_by_byte);
  g_test_add_func ("/merge/backpressure", test_backpressure);
  g_test_add_func ("/merge/own-backpressure", test_own_backpressure);
  g_test_add_func ("/merge/paused-and-closed", test_paused_and_closed);
  g_test_add_func ("/merge/end", test_end);
  g_test_add_func ("/merge/end-within", test_end_within);
  g_test_add_func ("/merge/feeding", test_feeding);
  g_test_add_func ("/merge/held", test_held);
  g_test_add_func ("/merge/closed-within", test_closed_within);
  return g_test_run ();
}
