/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

typedef struct
{
  ProcstreamCollect collect;
  ProcstreamKeep    keep;
  guint64           max_bytes;
  guint64           max_lines;
} Options;

/* What a collector makes of @pieces, one chunk each. */
static ProcstreamCollector *
collect (const Options     *options,
         const char *const *pieces)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  ProcstreamCollector *collector = procstream_collector_new (options->collect, options->keep);
  g_autoptr (GError) error = NULL;

  if (options->max_bytes)
    procstream_collector_set_max_bytes (collector, options->max_bytes);
  if (options->max_lines)
    procstream_collector_set_max_lines (collector, options->max_lines);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), &error);
  g_assert_no_error (error);
  for (; *pieces; pieces++)
    test_stream_write_read (stream, *pieces);
  test_stream_close (stream);
  procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 30000, NULL, &error);
  g_assert_no_error (error);
  return collector;
}

static void
check (ProcstreamCollector *collector,
       const char          *text,
       guint64              seen,
       guint64              cut)
{
  g_autofree char *kept = procstream_collector_dup_text (collector);

  g_assert_cmpstr (kept, ==, text);
  g_assert_cmpuint (procstream_collector_get_bytes_seen (collector), ==, seen);
  g_assert_cmpuint (procstream_collector_get_bytes_cut (collector), ==, cut);
  g_assert_cmpint (procstream_collector_get_truncated (collector), ==, cut > 0);
}

static const char *const abc[] = { "aaaa", "bbbb", "cccc", NULL };

static void
test_bytes (void)
{
  g_autoptr (ProcstreamCollector) all = collect (&(Options){ PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST, 0, 0 }, abc);
  g_autoptr (ProcstreamCollector) exact = collect (&(Options){ PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST, 12, 0 }, abc);
  g_autoptr (ProcstreamCollector) first = collect (&(Options){ PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST, 6, 0 }, abc);
  g_autoptr (ProcstreamCollector) last = collect (&(Options){ PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST, 6, 0 }, abc);
  g_autoptr (ProcstreamCollector) tiny = collect (&(Options){ PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST, 1, 0 }, abc);

  check (all, "aaaabbbbcccc", 12, 0);
  check (exact, "aaaabbbbcccc", 12, 0);
  check (first, "aaaabb", 12, 6);
  check (last, "bbcccc", 12, 6);
  check (tiny, "c", 12, 11);
}

static const char *const some_lines[] = { "one\ntwo\nth", "ree\nfour", NULL };

static void
check_lines (ProcstreamCollector *collector,
             const char          *joined,
             guint64              seen,
             guint64              cut)
{
  g_auto (GStrv) lines = procstream_collector_dup_lines (collector);
  g_autofree char *text = g_strjoinv ("|", lines);

  g_assert_cmpstr (text, ==, joined);
  g_assert_cmpuint (procstream_collector_get_lines_seen (collector), ==, seen);
  g_assert_cmpuint (procstream_collector_get_lines_cut (collector), ==, cut);
  g_assert_cmpint (procstream_collector_get_truncated (collector), ==, cut > 0);
}

static void
test_lines (void)
{
  g_autoptr (ProcstreamCollector) all = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST, 0, 0 }, some_lines);
  g_autoptr (ProcstreamCollector) first = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST, 0, 2 }, some_lines);
  g_autoptr (ProcstreamCollector) last = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST, 0, 2 }, some_lines);
  g_autoptr (ProcstreamCollector) bytes = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST, 9, 0 }, some_lines);

  check_lines (all, "one|two|three|four", 4, 0);
  check_lines (first, "one|two", 4, 2);
  check_lines (last, "three|four", 4, 2);
  check_lines (bytes, "three|four", 4, 2);
}

/* Keeping the first, a later line that would fit again is not kept: what there is has no hole. */
static void
test_no_hole (void)
{
  const char *const pieces[] = { "aa\nlong line\nb\n", NULL };
  g_autoptr (ProcstreamCollector) first = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST, 4, 0 }, pieces);

  check_lines (first, "aa", 3, 2);
}

static void
test_bytes_as_lines (void)
{
  g_autoptr (ProcstreamCollector) bytes = collect (&(Options){ PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST, 0, 0 }, some_lines);
  g_auto (GStrv) lines = procstream_collector_dup_lines (bytes);
  const char *const expected[] = { "one", "two", "three", "four", NULL };

  g_assert_cmpstrv (lines, expected);
}

static void
test_zero_limit (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GError) error = NULL;

  procstream_collector_set_max_bytes (collector, 0);
  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "max-bytes"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/collector/bytes", test_bytes);
  g_test_add_func ("/collector/lines", test_lines);
  g_test_add_func ("/collector/no-hole", test_no_hole);
  g_test_add_func ("/collector/bytes-as-lines", test_bytes_as_lines);
  g_test_add_func ("/collector/zero-limit", test_zero_limit);
  return g_test_run ();
}
