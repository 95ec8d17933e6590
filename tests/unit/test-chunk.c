/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-chunk-private.h"
#include "procstream-chunk-log-private.h"

#include <string.h>

static ProcstreamSlab *
new_slab (void)
{
  ProcstreamSlab *slab = procstream_slab_new (1);

  for (guint i = 0; i < slab->size; i++)
    slab->data[i] = i % 251;
  return slab;
}

static ProcstreamChunk *
new_chunk (const char *text)
{
  return procstream_chunk_new_copy (text, strlen (text), 0);
}

/* From an eighth of the slab on a chunk is a slice of it; what is smaller is copied, so that no one holds a slab for little. */
static void
test_slice_or_copy (void)
{
  const gsize share = PROCSTREAM_SLAB_SIZE / 8;
  const gsize sizes[] = { 1, 2, share - 1, share, share + 1, PROCSTREAM_SLAB_SIZE - 5 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      ProcstreamSlab  *slab = new_slab ();
      ProcstreamChunk *chunk = procstream_chunk_new (slab, 5, sizes[i], 123);

      g_assert_cmpint (procstream_slab_is_shared (slab), ==, sizes[i] >= share);
      g_assert_cmpint (chunk->data == slab->data + 5, ==, sizes[i] >= share);
      g_assert_cmpmem (chunk->data, chunk->size, slab->data + 5, sizes[i]);
      g_assert_cmpint (chunk->time_us, ==, 123);
      procstream_chunk_unref (chunk);
      g_assert_false (procstream_slab_is_shared (slab));
      procstream_slab_unref (slab);
    }
}

/* The bytes of a chunk are its own once the slab is used for something else. */
static void
test_copy_is_separate (void)
{
  ProcstreamSlab  *slab = new_slab ();
  ProcstreamChunk *chunk = procstream_chunk_new (slab, 0, 4, 0);

  memset (slab->data, 'x', slab->size);
  g_assert_cmpmem (chunk->data, chunk->size, "\0\1\2\3", 4);
  procstream_slab_unref (slab);
  procstream_chunk_unref (chunk);
}

/* A share has a place of its own, and everything else of the chunk that it keeps alive. */
static void
test_share (void)
{
  const ProcstreamLogOptions options = { PROCSTREAM_REPLAY_ALL, 0, 10, 100 };
  ProcstreamChunkLog        *log = procstream_chunk_log_new (&options);
  ProcstreamChunkLog        *other = procstream_chunk_log_new (&options);
  ProcstreamChunk           *chunk = procstream_chunk_ref (new_chunk ("b\nc\n"));
  ProcstreamChunk           *share;
  g_autoptr (GBytes) bytes = NULL;

  chunk->stream = PROCSTREAM_STREAM_STDERR;
  procstream_chunk_log_append (log, new_chunk ("a\r"));
  procstream_chunk_log_append (log, chunk);
  share = procstream_chunk_new_share (chunk);
  procstream_chunk_log_append (other, new_chunk ("before"));
  procstream_chunk_log_append (other, procstream_chunk_ref (share));
  procstream_chunk_log_append (other, new_chunk ("d"));
  g_assert_true (share->data == chunk->data);
  g_assert_cmpint (share->stream, ==, PROCSTREAM_STREAM_STDERR);
  g_assert_cmpuint (share->sequence, ==, 1);
  g_assert_cmpuint (share->offset, ==, 6);
  g_assert_cmpuint (chunk->offset, ==, 2);
  g_assert_cmpuint (procstream_chunk_get_stream_offset (share), ==, 2);
  g_assert_cmpmem (share->before + 14, 2, "a\r", 2);
  g_assert_cmpmem (procstream_chunk_log_peek (other, 2)->before + 14, 2, "re", 2);
  g_assert_false (procstream_chunk_has_line_index (share));
  g_assert_true (procstream_chunk_get_line_index (share, PROCSTREAM_LINE_MARK_LF) == procstream_chunk_get_line_index (chunk, PROCSTREAM_LINE_MARK_LF));
  g_assert_true (procstream_chunk_has_line_index (share));
  g_assert_cmpuint (procstream_chunk_get_memory (share), >, procstream_chunk_get_memory (chunk));
  procstream_chunk_unref (chunk);
  procstream_chunk_log_free (log);
  procstream_chunk_log_free (other);
  bytes = procstream_chunk_to_bytes_from (share, 1);
  procstream_chunk_unref (share);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "\nc\n", 3);
}

/* Never the same twice, however many in a microsecond, in whatever thread. */
static gpointer
stamp_thread (gpointer data)
{
  GArray *stamps = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < 1000; i++)
    {
      gint64 stamp = procstream_chunk_stamp ();

      g_array_append_val (stamps, stamp);
    }
  return stamps;
}

static void
test_stamp (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  GThread *threads[2];
  GArray  *stamps[2];
  gint64   before = g_get_monotonic_time ();

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("stamp", stamp_thread, NULL);
  for (guint i = 0; i < 2; i++)
    stamps[i] = g_thread_join (threads[i]);
  for (guint i = 0; i < 2; i++)
    {
      for (guint j = 0; j < stamps[i]->len; j++)
        {
          gint64 *stamp = &g_array_index (stamps[i], gint64, j);

          g_assert_cmpint (*stamp, >=, before);
          g_assert_true (j == 0 || *stamp > stamp[-1]);
          g_assert_true (g_hash_table_add (seen, stamp));
        }
    }
  for (guint i = 0; i < 2; i++)
    g_array_unref (stamps[i]);
}

static void
test_memory (void)
{
  ProcstreamSlab  *slab = new_slab ();
  ProcstreamChunk *slice = procstream_chunk_new (slab, 0, 10000, 0);
  ProcstreamChunk *small = new_chunk ("0123456789");
  gsize            before = procstream_chunk_get_memory (small);

  g_assert_cmpuint (procstream_chunk_get_memory (slice), >=, 10000);
  g_assert_cmpuint (procstream_chunk_get_memory (slice), <=, 10000 + sizeof (ProcstreamChunk));
  g_assert_cmpuint (before, <=, 10 + sizeof (ProcstreamChunk));
  procstream_chunk_get_line_index (small, PROCSTREAM_LINE_MARK_LF);
  g_assert_cmpuint (procstream_chunk_get_memory (small), ==, before + sizeof (ProcstreamLineIndex));
  procstream_chunk_unref (slice);
  procstream_chunk_unref (small);
  procstream_slab_unref (slab);
}

static void
test_bytes_outlive_chunk (void)
{
  ProcstreamSlab  *slab = new_slab ();
  ProcstreamChunk *slice = procstream_chunk_new (slab, 100, 20000, 0);
  ProcstreamChunk *small = new_chunk ("small");
  g_autoptr (GBytes) from_slice = procstream_chunk_to_bytes (slice);
  g_autoptr (GBytes) from_small = procstream_chunk_to_bytes (small);
  g_autofree guint8 *expected = g_memdup2 (slab->data + 100, 20000);

  /* Not copied, and what they hold is at most eight times their size. */
  g_assert_true (g_bytes_get_data (from_slice, NULL) == slice->data);
  g_assert_true (g_bytes_get_data (from_small, NULL) == small->data);
  procstream_slab_unref (slab);
  procstream_chunk_unref (slice);
  procstream_chunk_unref (small);
  g_assert_cmpmem (g_bytes_get_data (from_slice, NULL), g_bytes_get_size (from_slice), expected, 20000);
  g_assert_cmpmem (g_bytes_get_data (from_small, NULL), g_bytes_get_size (from_small), "small", 5);
}

/* The end of a chunk shares its memory while that is worth it. */
static void
test_bytes_from (void)
{
  ProcstreamSlab  *slab = new_slab ();
  ProcstreamChunk *slice = procstream_chunk_new (slab, 0, 20000, 0);
  ProcstreamChunk *small = new_chunk ("0123456789abcdefghij");
  const gsize      starts[] = { 0, 1, 19999, 20000, 20000 - PROCSTREAM_SLAB_SIZE / 8, 20000 - PROCSTREAM_SLAB_SIZE / 8 + 1 };

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      g_autoptr (GBytes) bytes = procstream_chunk_to_bytes_from (slice, starts[i]);
      gsize size = 20000 - starts[i];

      g_assert_cmpuint (g_bytes_get_size (bytes), ==, size);
      if (size == 0)
        continue;
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), size, slice->data + starts[i], size);
      g_assert_cmpint (g_bytes_get_data (bytes, NULL) == slice->data + starts[i], ==, size >= PROCSTREAM_SLAB_SIZE / 8);
    }
  for (gsize from = 0; from < small->size; from++)
    {
      g_autoptr (GBytes) bytes = procstream_chunk_to_bytes_from (small, from);

      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), small->data + from, small->size - from);
    }
  procstream_chunk_unref (slice);
  procstream_chunk_unref (small);
  procstream_slab_unref (slab);
}

/* --- Line index --------------------------------------------------------------------------------------------------------------- */

#define N_THREADS 4

typedef struct
{
  ProcstreamChunk   *chunk;
  ProcstreamLineMark mark;
  GMutex             mutex;
  GCond              cond;
  guint              n_ready;
} Race;

/* Of nothing but short lines no positions are kept, so that what a chunk takes is bounded by its bytes. */
static void
test_dense (void)
{
  static const guint line_lengths[] = { 1, 2, 15, 16, 17, 80 };

  for (guint i = 0; i < G_N_ELEMENTS (line_lengths); i++)
    {
      g_autofree char *text = g_strnfill (64000, 'x');
      ProcstreamChunk *chunk;
      gsize            plain;

      for (guint end = line_lengths[i] - 1; end < 64000; end += line_lengths[i])
        text[end] = '\n';
      chunk = new_chunk (text);
      plain = procstream_chunk_get_memory (chunk);
      g_assert_false (procstream_chunk_has_line_index (chunk));
      g_assert_true ((procstream_chunk_get_line_index (chunk, PROCSTREAM_LINE_MARK_LF) == NULL) == (line_lengths[i] < 16));
      g_assert_true (procstream_chunk_has_line_index (chunk));
      g_assert_true ((procstream_chunk_get_line_index (chunk, PROCSTREAM_LINE_MARK_LF) == NULL) == (line_lengths[i] < 16));
      g_assert_cmpuint (procstream_chunk_get_memory (chunk), <=, plain + sizeof (ProcstreamLineIndex) + 64000 / 4);
      procstream_chunk_unref (chunk);
    }
}

static gpointer
get_index (gpointer data)
{
  Race *race = data;

  g_mutex_lock (&race->mutex);
  race->n_ready++;
  g_cond_broadcast (&race->cond);
  while (race->n_ready < N_THREADS)
    g_cond_wait (&race->cond, &race->mutex);
  g_mutex_unlock (&race->mutex);
  return (gpointer) procstream_chunk_get_line_index (race->chunk, race->mark);
}

/* All see the same index, whoever was first. */
static void
test_index_once (void)
{
  for (guint round = 0; round < 100; round++)
    {
      Race     race = { .chunk = new_chunk ("one\ntwo\nthree"), .mark = procstream_line_mark_of_byte (round % 2 ? '\n' : 't') };
      GThread *threads[N_THREADS];

      const ProcstreamLineIndex *first;

      g_mutex_init (&race.mutex);
      g_cond_init (&race.cond);
      for (guint i = 0; i < N_THREADS; i++)
        threads[i] = g_thread_new ("index", get_index, &race);
      first = g_thread_join (threads[0]);
      for (guint i = 1; i < N_THREADS; i++)
        g_assert_true (g_thread_join (threads[i]) == first);
      g_assert_true (procstream_chunk_get_line_index (race.chunk, race.mark) == first);
      g_assert_cmpuint (first->n_positions, ==, 2);
      g_assert_cmpuint (first->mark, ==, race.mark);
      g_mutex_clear (&race.mutex);
      g_cond_clear (&race.cond);
      procstream_chunk_unref (race.chunk);
    }
}

/* Each kind of separator that is asked for has its own, and all of them are counted. */
static void
test_indexes (void)
{
  ProcstreamChunk *chunk = new_chunk ("one\rtwo\nthree--four");
  const char       wanted[] = { '\n', '-', 'e', 0 };
  gsize            before = procstream_chunk_get_memory (chunk);

  for (int again = 0; again < 2; again++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
        {
          const ProcstreamLineIndex *index = procstream_chunk_get_line_index (chunk, procstream_line_mark_of_byte (wanted[i]));

          g_assert_cmpuint (index->mark, ==, procstream_line_mark_of_byte (wanted[i]));
          for (guint j = 0; j < index->n_positions; j++)
            g_assert_cmpint (chunk->data[index->positions[j]], ==, wanted[i]);
        }
      g_assert_cmpuint (procstream_chunk_get_line_index (chunk, PROCSTREAM_LINE_MARK_CR_OR_LF)->n_positions, ==, 2);
      if (again)
        g_assert_cmpuint (procstream_chunk_get_memory (chunk), ==, before);
      before = procstream_chunk_get_memory (chunk);
    }
  procstream_chunk_unref (chunk);
}

/* --- What came before --------------------------------------------------------------------------------------------------------- */

/* What a log says of the chunk that follows @before. */
static void
assert_before (const char *before)
{
  const ProcstreamLogOptions options = { PROCSTREAM_REPLAY_ALL, 0, 100, 1000 };
  const gsize                size = strlen (before);

  for (gsize cut = 0; cut <= size; cut++)
    {
      ProcstreamChunkLog *log = procstream_chunk_log_new (&options);
      ProcstreamChunk    *chunk = new_chunk ("next");
      gsize               known;
      const guint8       *data;

      if (cut > 0)
        procstream_chunk_log_append (log, procstream_chunk_new_copy (before, cut, 0));
      if (cut < size)
        procstream_chunk_log_append (log, procstream_chunk_new_copy (before + cut, size - cut, 0));
      procstream_chunk_log_append (log, procstream_chunk_ref (chunk));
      g_assert_cmpuint (chunk->offset, ==, size);
      data = procstream_chunk_get_before (chunk, &known);
      g_assert_cmpuint (known, ==, MIN (size, 16));
      g_assert_cmpmem (data, known, before + size - known, known);
      procstream_chunk_log_free (log);
      procstream_chunk_unref (chunk);
    }
}

static void
test_before (void)
{
  assert_before ("");
  assert_before ("a");
  assert_before ("ab\r\n");
  assert_before ("fifteen bytes..");
  assert_before ("sixteen bytes...");
  assert_before ("more than seventeen bytes, that is, two dozen or so");
}

static void
assert_rest (ProcstreamChunk *whole,
             gsize            from,
             const guint8    *stream)
{
  ProcstreamChunk *rest = procstream_chunk_new_rest (whole, from);
  gsize            n_before;
  const guint8    *before = procstream_chunk_get_before (rest, &n_before);

  g_assert_cmpmem (rest->data, rest->size, whole->data + from, whole->size - from);
  g_assert_cmpuint (rest->sequence, ==, whole->sequence);
  g_assert_cmpuint (rest->offset, ==, whole->offset + from);
  g_assert_cmpuint (procstream_chunk_get_stream_offset (rest), ==, procstream_chunk_get_stream_offset (whole) + from);
  g_assert_cmpint (rest->time_us, ==, whole->time_us);
  g_assert_cmpint (rest->stream, ==, whole->stream);
  g_assert_cmpuint (n_before, ==, MIN (16, procstream_chunk_get_stream_offset (rest)));
  g_assert_cmpmem (before, n_before, stream + procstream_chunk_get_stream_offset (rest) - n_before, n_before);
  procstream_chunk_unref (rest);
}

/* Without its first bytes it is a chunk as any other, which knows what stood before it, and shares memory where that is worth it; of a share
 * it is a share. */
static void
test_rest (void)
{
  const ProcstreamLogOptions options = { .replay = PROCSTREAM_REPLAY_ALL, .max_chunks = 10, .max_bytes = 100 };
  ProcstreamChunkLog        *log = procstream_chunk_log_new (&options);
  ProcstreamChunkLog        *other = procstream_chunk_log_new (&options);
  ProcstreamSlab            *slab = new_slab ();
  const gsize                cuts[] = { 0, 5, PROCSTREAM_SLAB_SIZE / 2, PROCSTREAM_SLAB_SIZE / 2 + 3, PROCSTREAM_SLAB_SIZE };

  procstream_chunk_log_append (other, new_chunk ("of another stream"));
  for (guint i = 1; i < G_N_ELEMENTS (cuts); i++)
    {
      ProcstreamChunk *chunk = procstream_chunk_new (slab, cuts[i - 1], cuts[i] - cuts[i - 1], 7);
      ProcstreamChunk *share;

      chunk->stream = PROCSTREAM_STREAM_STDERR;
      procstream_chunk_log_append (log, chunk);
      share = procstream_chunk_new_share (chunk);
      procstream_chunk_log_append (other, share);
      for (gsize from = 1; from < chunk->size; from += from < 20 ? 1 : 4001)
        {
          assert_rest (chunk, from, slab->data);
          assert_rest (share, from, slab->data);
        }
    }
  procstream_chunk_log_free (other);
  procstream_chunk_log_free (log);
  g_assert_false (procstream_slab_is_shared (slab));
  procstream_slab_unref (slab);
}

/* Where lines begin, byte by byte; what ended the chunk before counts. */
static void
assert_lines (const char             *before,
              const char             *text,
              ProcstreamLineSeparator separator,
              const char             *marks)
{
  const ProcstreamLogOptions options = { .replay = PROCSTREAM_REPLAY_ALL, .max_chunks = 10, .max_bytes = 100 };
  ProcstreamChunkLog        *log = procstream_chunk_log_new (&options);
  ProcstreamChunk           *chunk = new_chunk (text);
  ProcstreamLineOptions      lines = { .separator = separator, .custom_size = 3, .custom = "abc" };
  ProcstreamLineRule         rule;
  guint32                    count = 0;

  procstream_line_rule_init (&rule, &lines);
  for (; *before; before++)
    procstream_chunk_log_append (log, procstream_chunk_new_copy (before, 1, 0));
  procstream_chunk_log_append (log, chunk);
  g_assert_cmpuint (strlen (marks), ==, chunk->size);
  for (gsize from = 0; from <= chunk->size; from++)
    {
      const char *mark = strchr (marks + from, '^');

      g_assert_cmpuint (procstream_chunk_find_line (chunk, &rule, from, chunk->size), ==, mark ? mark - marks : chunk->size);
      g_assert_cmpuint (procstream_chunk_count_lines (chunk, &rule, 0, from), ==, count);
      count += marks[from] == '^';
    }
  procstream_chunk_log_free (log);
}

static void
test_find_line (void)
{
  assert_lines ("", "ab\nc\n\n", PROCSTREAM_LINE_SEPARATOR_NEWLINE, "^  ^ ^");
  assert_lines ("ab", "c\nd", PROCSTREAM_LINE_SEPARATOR_LF, "  ^");
  assert_lines ("a\n", "\r\n\r", PROCSTREAM_LINE_SEPARATOR_NEWLINE, "^ ^");
  assert_lines ("a\n", "b\nc\r\nd", PROCSTREAM_LINE_SEPARATOR_CRLF, "     ^");
  assert_lines ("a\r", "\nb\n\r\n.", PROCSTREAM_LINE_SEPARATOR_CRLF, " ^   ^");
  assert_lines ("a\r\n", "b", PROCSTREAM_LINE_SEPARATOR_CRLF, "^");
  assert_lines ("", "\r\r\n\n\ra", PROCSTREAM_LINE_SEPARATOR_ANY, "^^ ^^^");
  assert_lines ("a\r", "\nb", PROCSTREAM_LINE_SEPARATOR_ANY, " ^");
  assert_lines ("a\r", "b\r", PROCSTREAM_LINE_SEPARATOR_ANY, "^ ");
  assert_lines ("xab", "cabcd", PROCSTREAM_LINE_SEPARATOR_CUSTOM, " ^  ^");
  assert_lines ("b", "ab", PROCSTREAM_LINE_SEPARATOR_CUSTOM, "  ");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk/slice-or-copy", test_slice_or_copy);
  g_test_add_func ("/chunk/copy-is-separate", test_copy_is_separate);
  g_test_add_func ("/chunk/memory", test_memory);
  g_test_add_func ("/chunk/bytes-outlive-chunk", test_bytes_outlive_chunk);
  g_test_add_func ("/chunk/bytes-from", test_bytes_from);
  g_test_add_func ("/chunk/dense", test_dense);
  g_test_add_func ("/chunk/index-once", test_index_once);
  g_test_add_func ("/chunk/indexes", test_indexes);
  g_test_add_func ("/chunk/before", test_before);
  g_test_add_func ("/chunk/share", test_share);
  g_test_add_func ("/chunk/stamp", test_stamp);
  g_test_add_func ("/chunk/rest", test_rest);
  g_test_add_func ("/chunk/find-line", test_find_line);
  return g_test_run ();
}
