/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-chunk-info-private.h"
#include "procstream-chunk-log-private.h"

#include <procstream/procstream.h>

#include "procstream-consumer-private.h"

#include "test-core.h"
#include "test-utils.h"

#include <string.h>

static ProcstreamChunk *
new_chunk (const char      *text,
           gint64           time_us,
           ProcstreamStream stream)
{
  ProcstreamChunk *chunk = procstream_chunk_new_copy (text, strlen (text), time_us);

  chunk->stream = stream;
  return chunk;
}

static void
assert_info (ProcstreamChunkInfo *info,
             const char          *text,
             const char          *stream,
             guint64              sequence,
             guint64              offset,
             guint64              stream_offset)
{
  GBytes *bytes = procstream_chunk_info_get_bytes (info);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
  g_assert_cmpstr (procstream_chunk_info_get_stream (info), ==, stream);
  g_assert_cmpuint (procstream_chunk_info_get_sequence (info), ==, sequence);
  g_assert_cmpuint (procstream_chunk_info_get_offset (info), ==, offset);
  g_assert_cmpuint (procstream_chunk_info_get_stream_offset (info), ==, stream_offset);
}

/* A chunk of a child names its stream, any other one the output; a share has a place in its own log, and one in its stream. */
static void
test_place (void)
{
  const ProcstreamLogOptions options = { PROCSTREAM_REPLAY_ALL, 0, 10, 100 };
  ProcstreamChunkLog        *log = procstream_chunk_log_new (&options);
  ProcstreamChunkLog        *merged = procstream_chunk_log_new (&options);
  g_autoptr (ProcstreamChunkInfo) first = NULL;
  g_autoptr (ProcstreamChunkInfo) second = NULL;
  g_autoptr (ProcstreamChunkInfo) share = NULL;

  procstream_chunk_log_append (log, new_chunk ("first", 1, PROCSTREAM_STREAM_NONE));
  procstream_chunk_log_append (log, new_chunk ("second", 2, PROCSTREAM_STREAM_STDERR));
  procstream_chunk_log_append (merged, new_chunk ("other", 3, PROCSTREAM_STREAM_STDOUT));
  procstream_chunk_log_append (merged, procstream_chunk_new_share (procstream_chunk_log_peek (log, 1)));
  first = procstream_chunk_info_new_for_chunk (procstream_chunk_log_peek (log, 0), "name");
  second = procstream_chunk_info_new_for_chunk (procstream_chunk_log_peek (log, 1), "name");
  share = procstream_chunk_info_new_for_chunk (procstream_chunk_log_peek (merged, 1), "merged");
  procstream_chunk_log_free (merged);
  procstream_chunk_log_free (log);
  assert_info (first, "first", "name", 0, 0, 0);
  assert_info (second, "second", "stderr", 1, 5, 5);
  assert_info (share, "second", "stderr", 1, 5, 5);
  g_assert_cmpint (procstream_chunk_info_get_time_us (first), ==, 1);
  g_assert_cmpint (procstream_chunk_info_get_time_us (share), ==, 2);
}

/* Languages see properties: each says what its getter says. */
static void
test_properties (void)
{
  ProcstreamChunk *chunk = new_chunk ("text", 42, PROCSTREAM_STREAM_STDOUT);
  g_autoptr (ProcstreamChunkInfo) info = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *stream = NULL;
  guint64          sequence, offset, stream_offset;
  gint64           time_us;

  chunk->sequence = 7;
  chunk->offset = 70;
  info = procstream_chunk_info_new_for_chunk (chunk, "name");
  procstream_chunk_unref (chunk);
  g_object_get (info, "bytes", &bytes, "stream", &stream, "sequence", &sequence, "offset", &offset, "stream-offset", &stream_offset,
                "time-us", &time_us, NULL);
  g_assert_true (bytes == procstream_chunk_info_get_bytes (info));
  g_assert_cmpstr (stream, ==, "stdout");
  g_assert_cmpuint (sequence, ==, 7);
  g_assert_cmpuint (offset, ==, 70);
  g_assert_cmpuint (stream_offset, ==, 70);
  g_assert_cmpint (time_us, ==, 42);
  assert_info (info, "text", "stdout", 7, 70, 70);
}

/* --- Readers ------------------------------------------------------------------------------------------------------------------ */

static void
expect_info (ProcstreamReader *reader,
             const char       *text,
             guint64           sequence,
             guint64           offset)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamChunkInfo) info = procstream_reader_next_info (reader, 0, NULL, &error);

  g_assert_no_error (error);
  assert_info (info, text, "test", sequence, offset, offset);
}

static void
expect_line (ProcstreamReader *reader,
             const char       *text)
{
  g_autofree char *line = procstream_reader_read_line (reader, 0, NULL, NULL);

  g_assert_cmpstr (line, ==, text);
}

static ProcstreamReader *
attach_reader (ProcstreamOutputCore *core)
{
  ProcstreamReader *reader = procstream_reader_new ();

  g_assert_true (procstream_consumer_attach (PROCSTREAM_CONSUMER (reader), core, PROCSTREAM_DELIVERY_RELIABLE, NULL));
  return reader;
}

/* What is left of a chunk after its first line stands where it stands, and so does the beginning of a line that was waited for. */
static void
test_reader (void)
{
  ProcstreamOutputCore *core = test_core_new (0);
  g_autoptr (ProcstreamReader) reader = attach_reader (core);
  g_autoptr (GError) error = NULL;

  test_core_feed (core, "first");
  test_core_feed (core, "one\ntwo\nthree");
  test_core_feed (core, "four");
  test_core_feed (core, "five");
  expect_info (reader, "first", 0, 0);
  expect_line (reader, "one");
  expect_info (reader, "two\nthree", 1, 9);
  g_assert_null (procstream_reader_read_line (reader, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  /* It reaches into the last chunk: each part has its place. */
  expect_info (reader, "four", 2, 18);
  expect_info (reader, "five", 3, 22);
  procstream_output_core_feed_end (core, NULL);
  g_assert_null (procstream_reader_next_info (reader, 0, NULL, NULL));
  test_core_free (core);
}

static void
test_reader_async (void)
{
  ProcstreamOutputCore *core = test_core_new (0);
  g_autoptr (ProcstreamReader) reader = attach_reader (core);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (ProcstreamChunkInfo) info = NULL;

  procstream_reader_next_info_async (reader, NULL, test_store_result_cb, &result);
  test_core_feed (core, "bytes");
  test_wait_result (NULL, "a read", &result);
  info = procstream_reader_next_info_finish (reader, result, NULL);
  assert_info (info, "bytes", "test", 0, 0, 0);
  test_core_free (core);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/chunk-info/place", test_place);
  g_test_add_func ("/chunk-info/properties", test_properties);
  g_test_add_func ("/chunk-info/reader", test_reader);
  g_test_add_func ("/chunk-info/reader-async", test_reader_async);
  return g_test_run ();
}
