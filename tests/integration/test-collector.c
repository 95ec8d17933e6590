/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-noter.h"
#include "test-stream.h"
#include "test-utils.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct
{
  ProcstreamCollect collect;
  ProcstreamKeep    keep;
  guint64           max_bytes;
  guint64           max_lines;
  guint64           first; /* bytes or lines */
  guint64           spill_above;
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
  if (options->first && options->collect == PROCSTREAM_COLLECT_BYTES)
    procstream_collector_set_first_bytes (collector, options->first);
  if (options->first && options->collect == PROCSTREAM_COLLECT_LINES)
    procstream_collector_set_first_lines (collector, options->first);
  if (options->spill_above)
    procstream_collector_set_spill_above (collector, options->spill_above);
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
  g_autoptr (ProcstreamCollector) bytes = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST, 11, 0 }, some_lines);
  g_autoptr (ProcstreamCollector) fewer = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST, 10, 0 }, some_lines);

  check_lines (all, "one|two|three|four", 4, 0);
  check_lines (first, "one|two", 4, 2);
  check_lines (last, "three|four", 4, 2);
  /* A line counts one byte more than it has. */
  check_lines (bytes, "three|four", 4, 2);
  check_lines (fewer, "four", 4, 3);
}

/* Lines that have no byte are not without a limit. */
static void
test_empty_lines (void)
{
  const char *const pieces[] = { "\n\n\n\n\n", "\n\n\n\n\n", NULL };
  g_autoptr (ProcstreamCollector) first = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST, 4, 0 }, pieces);
  g_autoptr (ProcstreamCollector) last = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST, 4, 0 }, pieces);
  g_autoptr (ProcstreamCollector) both = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST_AND_LAST, 4, 0 }, pieces);

  check_lines (first, "|||", 10, 6);
  check_lines (last, "|||", 10, 6);
  check_lines (both, "|||", 10, 6);
}

static void
check_raw (GList      *lines, /* (transfer full) */
           const char *joined,
           gsize       size)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  for (GList *l = lines; l; l = l->next)
    {
      if (l != lines)
        g_byte_array_append (all, (const guint8 *) "|", 1);
      g_byte_array_append (all, g_bytes_get_data (l->data, NULL), g_bytes_get_size (l->data));
    }
  g_assert_cmpmem (all->data, all->len, joined, size);
  g_list_free_full (lines, (GDestroyNotify) g_bytes_unref);
}

/* As the child wrote them, whatever that is; as text beside that. And what they are collected as makes no difference. */
static void
test_raw_lines (void)
{
  for (ProcstreamCollect what = PROCSTREAM_COLLECT_BYTES; what <= PROCSTREAM_COLLECT_LINES; what++)
    {
      const char *const pieces[] = { "o\377ne\n\n\303", "\244\r\n\rt\342\202\nlast", NULL };
      const char        joined[] = "o\377ne||\303\244|\rt\342\202|last";
      g_autoptr (ProcstreamCollector) collector = collect (&(Options){ what, PROCSTREAM_KEEP_FIRST, 0, 0 }, pieces);
      g_auto (GStrv) text = procstream_collector_dup_lines (collector);
      const char *const expected[] = { "o\357\277\275ne", "", "\303\244", "\rt\357\277\275\357\277\275", "last", NULL };

      check_raw (procstream_collector_dup_raw_lines (collector), joined, sizeof joined - 1);
      check_raw (procstream_collector_dup_first_raw_lines (collector), joined, sizeof joined - 1);
      check_raw (procstream_collector_dup_last_raw_lines (collector), "", 0);
      g_assert_cmpstrv (text, expected);
    }
}

/* A NUL is a byte as any, in a line too. */
static void
test_raw_lines_with_nul (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST);

  test_stream_attach (stream, collector);
  g_assert_cmpint (write (stream->write_fd, "a\0b\n\0\n", 6), ==, 6);
  test_stream_close (stream);
  test_consumer_wait (collector);
  check_raw (procstream_collector_dup_raw_lines (collector), "a\0b|\0", 5);
  check_raw (procstream_collector_dup_last_raw_lines (collector), "a\0b|\0", 5);
  g_assert_cmpuint (procstream_collector_get_bytes_seen (collector), ==, 4);
}

/* A chunk counts once, with the first of its bytes that is cut. */
static void
test_chunks_cut (void)
{
  static const struct
  {
    ProcstreamKeep keep;
    guint64        max;
    guint64        cut;
  } cases[] = {
    { PROCSTREAM_KEEP_FIRST, 12, 0 },
    { PROCSTREAM_KEEP_FIRST, 11, 1 },
    { PROCSTREAM_KEEP_FIRST, 8, 1 },
    { PROCSTREAM_KEEP_FIRST, 7, 2 },
    { PROCSTREAM_KEEP_FIRST, 1, 3 },
    { PROCSTREAM_KEEP_LAST, 12, 0 },
    { PROCSTREAM_KEEP_LAST, 11, 1 },
    { PROCSTREAM_KEEP_LAST, 8, 1 },
    { PROCSTREAM_KEEP_LAST, 7, 2 },
    { PROCSTREAM_KEEP_LAST, 3, 3 },
    { PROCSTREAM_KEEP_LAST, 1, 3 },
    { PROCSTREAM_KEEP_FIRST_AND_LAST, 12, 0 }, /* aaaabb bbcccc */
    { PROCSTREAM_KEEP_FIRST_AND_LAST, 10, 1 }, /* aaaab … bcccc */
    { PROCSTREAM_KEEP_FIRST_AND_LAST, 8, 1 },  /* aaaa … cccc */
    { PROCSTREAM_KEEP_FIRST_AND_LAST, 6, 3 },  /* aaa … ccc */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Options options = { PROCSTREAM_COLLECT_BYTES, cases[i].keep, cases[i].max, 0, 0, 0 };
      const Options spilled = { PROCSTREAM_COLLECT_BYTES, cases[i].keep, cases[i].max, 0, 0, 1 };
      g_autoptr (ProcstreamCollector) collector = collect (&options, abc);
      g_autoptr (ProcstreamCollector) spilling = cases[i].keep == PROCSTREAM_KEEP_FIRST && cases[i].max > 1 ? collect (&spilled, abc) : NULL;

      g_assert_cmpuint (procstream_collector_get_chunks_cut (collector), ==, cases[i].cut);
      if (spilling)
        g_assert_cmpuint (procstream_collector_get_chunks_cut (spilling), ==, cases[i].cut);
    }
}

/* Against the obvious: which chunks are not wholly in what is kept. */
static void
test_chunks_cut_random (void)
{
  for (guint i = 0; i < 30; i++)
    {
      const Options options = { PROCSTREAM_COLLECT_BYTES, g_test_rand_bit () ? PROCSTREAM_KEEP_LAST : PROCSTREAM_KEEP_FIRST_AND_LAST,
                                g_test_rand_int_range (2, 40), 0, 0, 0 };
      guint64       begin = options.keep == PROCSTREAM_KEEP_LAST ? 0 : options.max_bytes / 2;
      guint64       end = 0;
      guint64       at = 0;
      guint64       expected = 0;
      char         *pieces[20] = { NULL };
      g_autoptr (ProcstreamCollector) collector = NULL;

      for (guint j = 0; j < 12; j++)
        {
          pieces[j] = g_strnfill (g_test_rand_int_range (1, 9), 'x');
          end += strlen (pieces[j]);
        }
      end -= MIN (end, options.max_bytes - begin);
      for (guint j = 0; j < 12; at += strlen (pieces[j++]))
        expected += at < end && at + strlen (pieces[j]) > begin && begin < end;
      collector = collect (&options, (const char *const *) pieces);
      g_assert_cmpuint (procstream_collector_get_chunks_cut (collector), ==, expected);
      for (guint j = 0; j < 12; j++)
        g_free (pieces[j]);
    }
}

/* Keeping the first, a later line that would fit again is not kept: what there is has no hole. */
static void
test_no_hole (void)
{
  const char *const pieces[] = { "aa\nlong line\nb\n", NULL };
  g_autoptr (ProcstreamCollector) first = collect (&(Options){ PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST, 4, 0 }, pieces);

  check_lines (first, "aa", 3, 2);
}

/* --- Both ends ---------------------------------------------------------------------------------------------------------------- */

static void
check_ends (ProcstreamCollector *collector,
            const char          *first,
            const char          *last,
            guint64              cut)
{
  g_autoptr (GBytes) first_bytes = procstream_collector_dup_first_bytes (collector);
  g_autoptr (GBytes) last_bytes = procstream_collector_dup_last_bytes (collector);
  g_autoptr (GBytes) all = procstream_collector_dup_bytes (collector);
  g_autofree char *joined = g_strconcat (first, last, NULL);

  g_assert_cmpmem (g_bytes_get_data (first_bytes, NULL), g_bytes_get_size (first_bytes), first, strlen (first));
  g_assert_cmpmem (g_bytes_get_data (last_bytes, NULL), g_bytes_get_size (last_bytes), last, strlen (last));
  g_assert_cmpmem (g_bytes_get_data (all, NULL), g_bytes_get_size (all), joined, strlen (joined));
  g_assert_cmpuint (procstream_collector_get_bytes_cut (collector), ==, cut);
  g_assert_cmpint (procstream_collector_get_truncated (collector), ==, cut > 0);
}

/* The beginning and the end, and exactly how much lies between. */
static void
test_both_ends (void)
{
  const Options half = { PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST_AND_LAST, 6, 0, 0, 0 };
  const Options mostly_last = { PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST_AND_LAST, 6, 0, 1, 0 };
  const Options exact = { PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST_AND_LAST, 12, 0, 0, 0 };
  const Options tiny = { PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST_AND_LAST, 1, 0, 0, 0 };
  g_autoptr (ProcstreamCollector) a = collect (&half, abc);
  g_autoptr (ProcstreamCollector) b = collect (&mostly_last, abc);
  g_autoptr (ProcstreamCollector) c = collect (&exact, abc);
  g_autoptr (ProcstreamCollector) d = collect (&tiny, abc);
  g_autofree char *text = procstream_collector_dup_text (a);
  g_autofree char *whole = procstream_collector_dup_text (c);

  check_ends (a, "aaa", "ccc", 6);
  check_ends (b, "a", "bcccc", 6);
  check_ends (c, "aaaabb", "bbcccc", 0);
  check_ends (d, "", "c", 11);
  g_assert_cmpstr (text, ==, "aaa\n[… 6 bytes left out …]\nccc");
  g_assert_cmpstr (whole, ==, "aaaabbbbcccc");
}

static void
test_both_ends_of_lines (void)
{
  const char *const pieces[] = { "1\n2\n3\n4\n", "5\n6\n7\n", NULL };
  const Options     half = { PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST_AND_LAST, 0, 4, 0, 0 };
  const Options     mostly_first = { PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST_AND_LAST, 0, 4, 3, 0 };
  const Options     all = { PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST_AND_LAST, 0, 7, 0, 0 };
  g_autoptr (ProcstreamCollector) a = collect (&half, pieces);
  g_autoptr (ProcstreamCollector) b = collect (&mostly_first, pieces);
  g_autoptr (ProcstreamCollector) c = collect (&all, pieces);
  g_auto (GStrv) first = procstream_collector_dup_first_lines (a);
  g_auto (GStrv) last = procstream_collector_dup_last_lines (a);
  const char *const expected_first[] = { "1", "2", NULL };
  const char *const expected_last[] = { "6", "7", NULL };

  g_assert_cmpstrv (first, expected_first);
  g_assert_cmpstrv (last, expected_last);
  check_lines (a, "1|2|6|7", 7, 3);
  check_lines (b, "1|2|3|7", 7, 3);
  check_lines (c, "1|2|3|4|5|6|7", 7, 0);
}

/* At the limit of a collector of bytes, from both sides: exactly full is not cut, and a chunk may be larger than all that is kept. */
static void
test_boundaries (void)
{
  static const struct
  {
    const char *pieces[3];
    const char *first;
    const char *last;
  } cases[] = {
    { { NULL }, "", "" },
    { { "abcde", NULL }, "abcde", "abcde" },
    { { "abcdef", NULL }, "abcde", "bcdef" },
    { { "abc", "def", NULL }, "abcde", "bcdef" },
    { { "abcde", "f", NULL }, "abcde", "bcdef" },
    { { "abcdefgh", NULL }, "abcde", "defgh" },
    { { "ab", "cdefgh", NULL }, "abcde", "defgh" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *all = g_strjoinv ("", (char **) cases[i].pieces);
      guint64          seen = strlen (all);
      guint64          cut = seen - MIN (seen, 5);
      g_autoptr (ProcstreamCollector) first = collect (&(Options){ PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST, 5, 0, 0, 0 }, cases[i].pieces);
      g_autoptr (ProcstreamCollector) last = collect (&(Options){ PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST, 5, 0, 0, 0 }, cases[i].pieces);

      check (first, cases[i].first, seen, cut);
      check (last, cases[i].last, seen, cut);
    }
}

/* At both limits of a collector of lines, from both sides. A line counts one byte more than it has, and is kept whole or not at all. Nothing
 * is kept beyond one that is cut, so one that is longer than all that is kept leaves nothing of what came before it, where the last are kept. */
static void
test_boundaries_of_lines (void)
{
  static const struct
  {
    guint64     max_bytes;
    guint64     max_lines;
    const char *text;
    const char *first;
    const char *last;
  } cases[] = {
    { 6, 2, "", "", "" },
    { 6, 2, "abcde\n", "abcde", "abcde" }, /* just fits */
    { 5, 2, "abcde\n", "", "" },
    { 6, 2, "abcde", "abcde", "abcde" }, /* without an end as well */
    { 100, 1, "a\n", "a", "a" },
    { 100, 2, "a\nb\nc\n", "a|b", "b|c" },
    { 100, 2, "a\nbb\nccc\n", "a|bb", "bb|ccc" },
    { 100, 2, "\n\n\n", "|", "|" },
    { 6, 10, "aa\nbb\ncc\n", "aa|bb", "bb|cc" },
    { 5, 10, "aa\nbb\ncc\n", "aa", "cc" },
    { 8, 10, "abc\ndef\n", "abc|def", "abc|def" },
    { 7, 10, "abc\ndef\n", "abc", "def" },
    { 8, 10, "abc\ndefg\n", "abc", "defg" },
    { 8, 2, "one\ntwo\nthree\n", "one|two", "three" },
    { 8, 2, "one\ntwo\nsix\n", "one|two", "two|six" },
    { 10, 100, "aaaa\nbbbb\ncccc\n", "aaaa|bbbb", "bbbb|cccc" },
    { 9, 100, "a\nb\ncc\ndddd\neeeeee\n", "a|b|cc", "eeeeee" }, /* one drives out several */
    { 6, 10, "abc\nxxxxxxxxx\n", "abc", "" },
    { 10, 100, "aaa\nbbb\nxxxxxxxxxxxxx\n", "aaa|bbb", "" },
    { 10, 100, "aaa\nxxxxxxxxxxxxx\nbbb\n", "aaa", "bbb" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (ProcstreamKeep keep = PROCSTREAM_KEEP_FIRST; keep <= PROCSTREAM_KEEP_LAST; keep++)
      {
        const Options     options = { PROCSTREAM_COLLECT_LINES, keep, cases[i].max_bytes, cases[i].max_lines, 0, 0 };
        const char *const pieces[] = { cases[i].text, NULL };
        const char       *expected = keep == PROCSTREAM_KEEP_FIRST ? cases[i].first : cases[i].last;
        g_autoptr (ProcstreamCollector) collector = collect (&options, *cases[i].text ? pieces : pieces + 1);
        g_auto (GStrv) all = g_strsplit (cases[i].text, "\n", -1);
        g_auto (GStrv) kept = procstream_collector_dup_lines (collector);
        g_autofree char *seen = g_strjoinv ("", all);
        g_autofree char *left = g_strjoinv ("", kept);
        guint64          n_all = g_strv_length (all) - (g_str_has_suffix (cases[i].text, "\n") ? 1 : 0);

        check_lines (collector, expected, n_all, n_all - g_strv_length (kept));
        g_assert_cmpuint (procstream_collector_get_bytes_seen (collector), ==, strlen (seen));
        g_assert_cmpuint (procstream_collector_get_bytes_cut (collector), ==, strlen (seen) - strlen (left));
      }
}

/* --- Spilling ----------------------------------------------------------------------------------------------------------------- */

#define PIECE "0123456789abcdef"

static void
test_spill (void)
{
  const char *const pieces[] = { PIECE, PIECE, PIECE, PIECE, NULL };
  const guint64     limits[] = { 1, 16, 17, 63, 64, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      const Options options = { PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST, 2000, 0, 0, limits[i] };
      const Options cut = { PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST, 20, 0, 0, MIN (limits[i], 19) };
      g_autoptr (ProcstreamCollector) all = collect (&options, pieces);
      g_autoptr (ProcstreamCollector) some = collect (&cut, pieces);
      g_autoptr (GInputStream) stream = procstream_collector_open_stream (all);
      g_autoptr (GBytes) bytes = procstream_collector_dup_bytes (all);
      char buffer[100];

      check (all, PIECE PIECE PIECE PIECE, 64, 0);
      check (some, PIECE "0123", 64, 44);
      g_assert_cmpint (g_input_stream_read (stream, buffer, sizeof buffer, NULL, NULL), ==, 64);
      /* It outlives the collector. */
      g_clear_object (&all);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), PIECE PIECE PIECE PIECE, 64);
    }
}

static gboolean
is_in_worker (gpointer data)
{
  return procstream_collector_get_bytes_seen (data) > 0;
}

/* It can be looked at while it grows, and what was taken stays what it was. */
static void
test_spill_meanwhile (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GBytes) early = NULL;
  g_autoptr (GBytes) late = NULL;

  procstream_collector_set_spill_above (collector, 1);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), NULL);
  test_stream_write_read (stream, "early ");
  test_run_until (NULL, "the worker", is_in_worker, collector);
  early = procstream_collector_dup_bytes (collector);
  test_stream_write_read (stream, "late");
  test_stream_close (stream);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 60000, NULL, NULL));
  late = procstream_collector_dup_bytes (collector);
  g_assert_cmpmem (g_bytes_get_data (early, NULL), g_bytes_get_size (early), "early ", 6);
  g_assert_cmpmem (g_bytes_get_data (late, NULL), g_bytes_get_size (late), "early late", 10);
}

/* The disk is full: what there is stays, the rest is counted, and the child is not held up. No file may be larger than the limit. */
static void
check_spill_error (guint64     limit,
                   const char *kept)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GError) error = NULL;
  struct rlimit before;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &(struct rlimit){ limit, before.rlim_max }), ==, 0);
  procstream_collector_set_spill_above (collector, 10);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), NULL);
  test_stream_write_read (stream, "01234567");
  for (int i = 0; i < 5; i++)
    test_stream_write_read (stream, PIECE);
  test_stream_close (stream);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 60000, NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_error (error, G_IO_ERROR, (int) g_io_error_from_errno (EFBIG));
  g_assert_nonnull (strstr (error->message, "temporary file"));
  check (collector, kept, 88, 88 - strlen (kept));
}

static void
test_spill_error (void)
{
  check_spill_error (0, "01234567");
  check_spill_error (5, "01234567");
  check_spill_error (30, "01234567" PIECE "012345");
}

static void
assert_refused (ProcstreamCollector *collector, /* (transfer full) */
                const char          *part)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, part));
  g_object_unref (collector);
}

static void
test_refused (void)
{
  ProcstreamCollector *collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST);

  procstream_collector_set_spill_above (collector, 1);
  assert_refused (collector, "“spill-above”");
  collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  procstream_collector_set_spill_above (collector, 1);
  assert_refused (collector, "“spill-above”");
  collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST_AND_LAST);
  procstream_collector_set_first_bytes (collector, PROCSTREAM_DEFAULT_COLLECTED_BYTES);
  assert_refused (collector, "“first-bytes”");
  collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST_AND_LAST);
  procstream_collector_set_first_lines (collector, PROCSTREAM_UNLIMITED);
  assert_refused (collector, "“first-lines”");
}

/* What it makes of an output that cannot be read any more after @text. */
static void
collect_until_error (ProcstreamCollector *collector,
                     const char          *text)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autofree char *bad = g_strconcat (text, "\xff bad", NULL);
  g_autoptr (GInputStream) memory = g_memory_input_stream_new_from_data (bad, -1, NULL);
  g_autoptr (GConverter) converter = G_CONVERTER (g_charset_converter_new ("UTF-8", "UTF-8", NULL));
  g_autoptr (GInputStream) input = g_converter_input_stream_new (memory, converter);
  g_autoptr (ProcstreamOutput) output = procstream_output_new_from_stream (input, "broken", config, NULL);
  g_autoptr (GError) error = NULL;

  procstream_output_attach (output, PROCSTREAM_CONSUMER (collector), NULL);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (collector)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
}

/* A read error loses nothing of what was collected, spilled or not, and the collector says by itself that it is not all. */
static void
test_read_error (void)
{
  const guint64 limits[] = { PROCSTREAM_UNLIMITED, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);

      procstream_collector_set_spill_above (collector, limits[i]);
      collect_until_error (collector, "good ");
      check (collector, "good ", 5, 0);
    }
}

/* The line that the error tore is kept as far as it was read. */
static void
test_read_error_of_lines (void)
{
  for (ProcstreamKeep keep = PROCSTREAM_KEEP_FIRST; keep <= PROCSTREAM_KEEP_LAST; keep++)
    {
      g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, keep);

      collect_until_error (collector, "complete\npartial");
      check_lines (collector, "complete|partial", 2, 0);
    }
}

/* One that is cancelled keeps what it has, also of a line that was not over, and gets no more. */
static void
test_cancelled (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  g_autoptr (ProcstreamCollector) bytes = test_collector_attach (stream);
  g_autoptr (ProcstreamCollector) lines = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamCollector) nothing = test_collector_attach (stream);
  g_autoptr (GError) error = NULL;

  test_stream_attach (stream, lines);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (nothing));
  test_stream_write_read (stream, "one\ntw");
  while (procstream_collector_get_bytes_seen (bytes) < 6 || procstream_collector_get_lines_seen (lines) < 1)
    g_usleep (200);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (bytes));
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (lines));
  test_stream_write_read (stream, "o\nthree\n");
  test_stream_close (stream);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (bytes), 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  check (bytes, "one\ntw", 6, 0);
  check_lines (lines, "one", 1, 0);
  check (nothing, "", 0, 0);
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
  g_clear_error (&error);
  procstream_collector_set_max_bytes (collector, 1);
  procstream_collector_set_max_lines (collector, 0);
  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "max-lines"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/collector/bytes", test_bytes);
  g_test_add_func ("/collector/lines", test_lines);
  g_test_add_func ("/collector/empty-lines", test_empty_lines);
  g_test_add_func ("/collector/raw-lines/exact", test_raw_lines);
  g_test_add_func ("/collector/raw-lines/nul", test_raw_lines_with_nul);
  g_test_add_func ("/collector/chunks-cut/cases", test_chunks_cut);
  g_test_add_func ("/collector/chunks-cut/random", test_chunks_cut_random);
  g_test_add_func ("/collector/no-hole", test_no_hole);
  g_test_add_func ("/collector/bytes-as-lines", test_bytes_as_lines);
  g_test_add_func ("/collector/zero-limit", test_zero_limit);
  g_test_add_func ("/collector/boundaries", test_boundaries);
  g_test_add_func ("/collector/boundaries-of-lines", test_boundaries_of_lines);
  g_test_add_func ("/collector/both-ends/bytes", test_both_ends);
  g_test_add_func ("/collector/both-ends/lines", test_both_ends_of_lines);
  g_test_add_func ("/collector/spill/kept", test_spill);
  g_test_add_func ("/collector/spill/meanwhile", test_spill_meanwhile);
  g_test_add_func ("/collector/spill/error", test_spill_error);
  g_test_add_func ("/collector/refused", test_refused);
  g_test_add_func ("/collector/read-error/bytes", test_read_error);
  g_test_add_func ("/collector/read-error/lines", test_read_error_of_lines);
  g_test_add_func ("/collector/cancelled", test_cancelled);
  return g_test_run ();
}
