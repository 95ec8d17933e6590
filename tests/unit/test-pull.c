/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-private.h"
#include "procstream-output-core-private.h"

#include <procstream/procstream.h>

#include "line-model.h"
#include "test-core.h"
#include "test-utils.h"

#include <string.h>

/*
 * All ways of reading, in any order, between chunks of any size: what comes is always what a look at the whole text says. The output is
 * read in the captured context, which is this thread's, so chunks are fed without any other thread, and a read without time to wait takes
 * what there is.
 */

static ProcstreamOutputCore *
new_core (ProcstreamDelivery delivery,
          guint              max_chunks)
{
  const ProcstreamOutputSettings settings = {
    .backend = PROCSTREAM_BACKEND_BROADCAST,
    .reader = PROCSTREAM_READER_MODE_CONTEXT,
    .delivery = delivery,
    .log = { PROCSTREAM_REPLAY_NONE, 0, max_chunks, 1 << 20 },
    .read_chunk_size = 100,
    .lines = { .separator = PROCSTREAM_LINE_SEPARATOR_NEWLINE, .max_length = 100, .overflow = PROCSTREAM_LINE_OVERFLOW_SPLIT },
  };
  ProcstreamOutputCore *core = procstream_output_core_new ("test", &settings, g_main_context_default (), NULL);

  procstream_output_core_hold (core);
  return core;
}

static void
free_core (ProcstreamOutputCore *core)
{
  procstream_output_core_release (core);
  procstream_output_core_unref (core);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
attach (ProcstreamReader     *reader,
        ProcstreamOutputCore *core,
        ProcstreamDelivery    delivery)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_attach (PROCSTREAM_CONSUMER (reader), core, delivery, &error);
  g_assert_no_error (error);
}

static void
feed (ProcstreamOutputCore *core,
      const char           *text)
{
  procstream_output_core_feed (core, procstream_chunk_new_copy (text, strlen (text), 42));
}

/* --- Anything in any order ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GRand                *random;
  GByteArray           *text;
  gsize                 fed;
  gsize                 position;
  gboolean              ended;
  gboolean              skipping;
  gboolean              after_cr;
  guint64               n_lines;
  guint64               lost;
  ProcstreamLineOptions options;
  LineModel            *model; /* for its separators only */
  ProcstreamOutputCore *core;
  ProcstreamReader     *reader;
} Mix;

/* The next line as a look at the text says: FALSE when it is not there yet, or (@is_end) will never be. */
static gboolean
expect_line (Mix               *mix,
             gsize             *from,
             gsize             *size,
             ProcstreamLineEnd *ended_by,
             gboolean          *is_end)
{
  const guint8 *data = mix->text->data;
  gsize         position = mix->position;
  gboolean      skipping = mix->skipping;
  gboolean      after_cr = mix->after_cr;
  guint64       lost = mix->lost;

  *is_end = FALSE;
  for (gsize end = position + 1; end <= mix->fed; end++)
    {
      gsize width = line_model_get_width (mix->model, data + position, end - position);
      gsize max = mix->options.max_length;
      gsize known = end - position - (width ? width : line_model_get_pending (mix->model, data + position, end - position));

      if (after_cr && end == position + 1 && data[position] == '\n')
        {
          position++;
          after_cr = FALSE;
          continue;
        }
      if (!skipping && known > max)
        {
          *from = position;
          *size = line_model_cut (data + position, max);
          *ended_by = PROCSTREAM_LINE_END_LIMIT;
          mix->position = position + *size;
          mix->skipping = mix->options.overflow == PROCSTREAM_LINE_OVERFLOW_TRUNCATE;
          mix->after_cr = FALSE;
          mix->lost = lost;
          return TRUE;
        }
      if (width == 0)
        continue;
      after_cr = mix->options.separator == PROCSTREAM_LINE_SEPARATOR_ANY && data[end - 1] == '\r';
      if (skipping)
        {
          lost += end - width - position;
          skipping = FALSE;
          position = end;
          continue;
        }
      *from = position;
      *size = end - width - position;
      *ended_by = PROCSTREAM_LINE_END_SEPARATOR;
      mix->position = end;
      mix->skipping = FALSE;
      mix->after_cr = after_cr;
      mix->lost = lost;
      return TRUE;
    }
  if (!mix->ended || position == mix->fed || skipping)
    {
      *is_end = mix->ended;
      if (mix->ended)
        mix->lost = lost + (skipping ? mix->fed - position : 0);
      return FALSE;
    }
  *from = position;
  *size = mix->fed - position;
  *ended_by = PROCSTREAM_LINE_END_OUTPUT;
  mix->skipping = FALSE;
  if (*size > mix->options.max_length)
    {
      *size = line_model_cut (mix->text->data + position, mix->options.max_length);
      *ended_by = PROCSTREAM_LINE_END_LIMIT;
      mix->skipping = mix->options.overflow == PROCSTREAM_LINE_OVERFLOW_TRUNCATE;
    }
  mix->position = position + *size;
  mix->after_cr = FALSE;
  mix->lost = lost;
  return TRUE;
}

static void
read_a_line (Mix      *mix,
             gboolean *over)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamLine) line = NULL;
  g_autofree char  *text = NULL;
  const gboolean    whole = g_rand_boolean (mix->random);
  gsize             from, size;
  ProcstreamLineEnd ended_by;
  gboolean          is_end;

  if (whole)
    line = procstream_reader_next_line (mix->reader, 0, NULL, &error);
  else
    text = procstream_reader_read_line (mix->reader, 0, NULL, &error);
  if (expect_line (mix, &from, &size, &ended_by, &is_end))
    {
      g_autoptr (GBytes) expected = g_bytes_new (mix->text->data + from, size);
      g_autoptr (GString) repaired = line_model_repair (expected);

      g_assert_no_error (error);
      mix->n_lines++;
      g_assert_cmpstr (whole ? procstream_line_get_text (line) : text, ==, repaired->str);
      if (!whole)
        return;
      g_assert_true (g_bytes_equal (procstream_line_get_bytes (line), expected));
      g_assert_cmpuint (procstream_line_get_number (line), ==, mix->n_lines);
      g_assert_cmpint (procstream_line_get_terminated (line), ==, ended_by == PROCSTREAM_LINE_END_SEPARATOR);
      g_assert_cmpint (procstream_line_get_cut (line), ==, ended_by == PROCSTREAM_LINE_END_LIMIT);
      g_assert_cmpstr (procstream_line_get_stream (line), ==, "test");
      return;
    }
  g_assert_true (line == NULL && text == NULL);
  if (!is_end)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  else
    g_assert_no_error (error);
  *over = is_end;
}

static void
expect_bytes (Mix     *mix,
              GBytes  *bytes,
              GError  *error,
              gssize   size, /* -1: what there is, as much as it likes */
              gboolean there)
{
  if (!there)
    {
      g_assert_null (bytes);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      return;
    }
  g_assert_no_error (error);
  if (mix->position == mix->fed)
    {
      g_assert_null (bytes);
      return;
    }
  g_assert_nonnull (bytes);
  if (size < 0)
    size = g_bytes_get_size (bytes);
  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (mix->position + size, <=, mix->fed);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), mix->text->data + mix->position, size);
  mix->position += size;
  mix->skipping = FALSE;
  mix->after_cr = FALSE;
}

static void
read_next (Mix *mix)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = procstream_reader_next (mix->reader, 0, NULL, &error);

  expect_bytes (mix, bytes, error, -1, mix->position < mix->fed || mix->ended);
}

static void
read_exactly (Mix *mix)
{
  g_autoptr (GError) error = NULL;
  gsize size = g_rand_int_range (mix->random, 1, 20);
  g_autoptr (GBytes) bytes = procstream_reader_read_exactly (mix->reader, size, 0, NULL, &error);

  expect_bytes (mix, bytes, error, MIN (size, mix->fed - mix->position), mix->fed - mix->position >= size || mix->ended);
}

static void
read_until (Mix *mix)
{
  static const char *const terminators[] = { "\n", "ab", "> ", "--", "nowhere", "\r\n" };
  const char              *wanted = terminators[g_rand_int_range (mix->random, 0, G_N_ELEMENTS (terminators))];
  const gsize              n = strlen (wanted);
  const gsize              max = g_rand_int_range (mix->random, n, 40);
  g_autoptr (GBytes) terminator = g_bytes_new_static (wanted, n);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = procstream_reader_read_until (mix->reader, terminator, max, 0, NULL, &error);
  const guint8 *data = mix->text->data + mix->position;
  const gsize   size = mix->fed - mix->position;
  const guint8 *found = memmem (data, size, wanted, n);

  if (found ? found + n - data > (gssize) max : size >= max)
    {
      g_assert_null (bytes);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
      return;
    }
  expect_bytes (mix, bytes, error, found ? found + n - data : (gssize) size, found || mix->ended);
}

static void
read_something (Mix      *mix,
                gboolean *over)
{
  /* Of the rest of a truncated line only so much is kept for other ways of reading as the limit allows. */
  switch (mix->skipping ? 3 : g_rand_int_range (mix->random, 0, 8))
    {
    case 0:
      read_next (mix);
      break;
    case 1:
      read_exactly (mix);
      break;
    case 2:
      read_until (mix);
      break;
    default:
      read_a_line (mix, over);
    }
}

static void
make_text (Mix *mix)
{
  static const char *const pieces[] = { "a", "word", "\n", "\n", "\r\n", "\r", "ab", "--", "> ", "\303\244", "\342\202\254", "\377", "b" };

  while (mix->text->len < 600)
    {
      const char *next = pieces[g_rand_int_range (mix->random, 0, G_N_ELEMENTS (pieces))];

      g_byte_array_append (mix->text, (const guint8 *) next, strlen (next));
    }
}

static void
feed_some (Mix *mix)
{
  gsize wanted = g_rand_int_range (mix->random, 1, g_rand_boolean (mix->random) ? 5 : 80);
  gsize size = MIN (wanted, mix->text->len - mix->fed);

  if (size > 0)
    {
      procstream_output_core_feed (mix->core, procstream_chunk_new_copy (mix->text->data + mix->fed, size, 0));
      mix->fed += size;
      return;
    }
  mix->ended = TRUE;
  procstream_output_core_feed_end (mix->core, NULL);
}

static void
check_mix (guint32 seed)
{
  Mix      mix = { .random = g_rand_new_with_seed (seed), .text = g_byte_array_new (), .core = new_core (PROCSTREAM_DELIVERY_RELIABLE, 10000) };
  gboolean over = FALSE;

  make_text (&mix);
  mix.reader = procstream_reader_new ();
  mix.options.overflow = PROCSTREAM_LINE_OVERFLOW_SPLIT + seed % 2;
  mix.options.max_length = g_rand_int_range (mix.random, 4, 30);
  line_options_set_separator (&mix.options, seed / 2 % LINE_N_SEPARATORS);
  mix.model = line_model_new (&mix.options);
  procstream_consumer_set_line_separator (PROCSTREAM_CONSUMER (mix.reader), mix.options.separator);
  procstream_consumer_set_line_overflow (PROCSTREAM_CONSUMER (mix.reader), mix.options.overflow);
  procstream_consumer_set_max_line_length (PROCSTREAM_CONSUMER (mix.reader), mix.options.max_length);
  if (mix.options.custom_size > 0)
    {
      g_autoptr (GBytes) custom = g_bytes_new (mix.options.custom, mix.options.custom_size);

      procstream_consumer_set_custom_separator (PROCSTREAM_CONSUMER (mix.reader), custom);
    }
  attach (mix.reader, mix.core, PROCSTREAM_DELIVERY_RELIABLE);
  while (!over)
    {
      if (!mix.ended && g_rand_int_range (mix.random, 0, 3) == 0)
        feed_some (&mix);
      read_something (&mix, &over);
    }
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (mix.reader)), ==, mix.lost);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (mix.reader)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_object_unref (mix.reader);
  free_core (mix.core);
  line_model_free (mix.model);
  g_byte_array_unref (mix.text);
  g_rand_free (mix.random);
}

static void
test_mix (void)
{
  const guint32 count = g_getenv ("PROCSTREAM_TEST_VALGRIND") ? 44 : 1100;

  for (guint32 seed = 0; seed < count; seed++)
    {
      g_test_message ("seed %u", seed);
      check_mix (seed);
    }
}

/* --- In the middle, and over gaps ------------------------------------------------------------------------------------------------- */

static void
assert_bytes (GBytes     *bytes,
              const char *expected)
{
  g_assert_cmpmem (bytes ? g_bytes_get_data (bytes, NULL) : "", bytes ? g_bytes_get_size (bytes) : 0, expected, strlen (expected));
  g_clear_pointer (&bytes, g_bytes_unref);
}

static void
assert_line (ProcstreamReader *reader,
             const char       *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = procstream_reader_read_line (reader, 0, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, expected);
}

static void
assert_no_line (ProcstreamReader *reader)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_reader_read_line (reader, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* In the middle of a line nothing is dropped by asking for a line that does not come. */
static void
test_middle_of_a_line (void)
{
  ProcstreamOutputCore *core = new_core (PROCSTREAM_DELIVERY_RELIABLE, 100);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  feed (core, "beg");
  attach (reader, core, PROCSTREAM_DELIVERY_RELIABLE);
  feed (core, "un");
  assert_no_line (reader);
  feed (core, " and");
  assert_no_line (reader);
  assert_bytes (procstream_reader_next (reader, 0, NULL, NULL), "un and");
  /* Who has read that knows that it was the middle of a line: what follows begins where it stopped. */
  feed (core, " on\nnext\n");
  assert_line (reader, " on");
  assert_line (reader, "next");
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (reader)), ==, 0);
  g_clear_object (&reader);
  free_core (core);
}

/* Each chunk that something is held of comes by itself to who wants to know where it stands; a part of one says where that begins. */
static void
test_places (void)
{
  ProcstreamOutputCore *core = new_core (PROCSTREAM_DELIVERY_RELIABLE, 100);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  const char *const texts[] = { "d", "efg", "hi" };
  const guint64     sequences[] = { 1, 2, 3 }, offsets[] = { 3, 4, 7 };

  attach (reader, core, PROCSTREAM_DELIVERY_RELIABLE);
  feed (core, "ab");
  feed (core, "cd");
  feed (core, "efg");
  assert_no_line (reader);
  assert_bytes (procstream_reader_read_exactly (reader, 3, 0, NULL, NULL), "abc");
  feed (core, "hi");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (ProcstreamChunkInfo) info = procstream_reader_next_info (reader, 0, NULL, NULL);

      assert_bytes (g_bytes_ref (procstream_chunk_info_get_bytes (info)), texts[i]);
      g_assert_cmpuint (procstream_chunk_info_get_sequence (info), ==, sequences[i]);
      g_assert_cmpuint (procstream_chunk_info_get_offset (info), ==, offsets[i]);
      g_assert_cmpuint (procstream_chunk_info_get_stream_offset (info), ==, offsets[i]);
    }
  g_clear_object (&reader);
  free_core (core);
}

static void
test_middle_is_skipped (void)
{
  ProcstreamOutputCore *core = new_core (PROCSTREAM_DELIVERY_RELIABLE, 100);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  feed (core, "beg");
  attach (reader, core, PROCSTREAM_DELIVERY_RELIABLE);
  feed (core, "un");
  assert_no_line (reader);
  feed (core, "\nnext\n");
  assert_line (reader, "next");
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (reader)), ==, 2);
  g_clear_object (&reader);
  free_core (core);
}

/* What is not a line is not kept without bounds. */
static void
test_middle_without_end (void)
{
  ProcstreamOutputCore *core = new_core (PROCSTREAM_DELIVERY_RELIABLE, 100);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autofree char *long_text = g_strnfill (1000, 'x');

  procstream_consumer_set_max_line_length (PROCSTREAM_CONSUMER (reader), 100);
  feed (core, "begun");
  attach (reader, core, PROCSTREAM_DELIVERY_RELIABLE);
  for (guint i = 1; i <= 50; i++)
    {
      feed (core, long_text);
      assert_no_line (reader);
      g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (reader)), >=, 1000 * i - 102);
    }
  feed (core, "\nnext\n");
  assert_line (reader, "next");
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (reader)), ==, 50000);
  g_clear_object (&reader);
  free_core (core);
}

/* Bytes from both sides of a gap never come as if they belonged together. */
static void
test_gap (void)
{
  ProcstreamOutputCore *core = new_core (PROCSTREAM_DELIVERY_LOSSY, 2);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GBytes) terminator = g_bytes_new_static ("> ", 2);
  g_autoptr (GError) error = NULL;

  attach (reader, core, PROCSTREAM_DELIVERY_LOSSY);
  feed (core, "before");
  g_assert_null (procstream_reader_read_exactly (reader, 100, 0, NULL, NULL));
  feed (core, "lost");
  feed (core, "after> ");
  feed (core, "more");
  assert_bytes (procstream_reader_read_exactly (reader, 100, 0, NULL, NULL), "before");
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (reader)), ==, 1);
  assert_bytes (procstream_reader_read_until (reader, terminator, 100, 0, NULL, NULL), "after> ");
  g_assert_null (procstream_reader_read_until (reader, terminator, 100, 0, NULL, NULL));
  feed (core, "lost");
  feed (core, "x");
  feed (core, "y> ");
  assert_bytes (procstream_reader_read_until (reader, terminator, 100, 0, NULL, NULL), "more");
  assert_bytes (procstream_reader_read_until (reader, terminator, 100, 0, NULL, NULL), "xy> ");
  procstream_output_core_feed_end (core, NULL);
  g_assert_null (procstream_reader_read_exactly (reader, 1, 0, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (procstream_reader_read_until (reader, terminator, 100, 0, NULL, &error));
  g_assert_no_error (error);
  g_clear_object (&reader);
  free_core (core);
}

/* The error that ended the output comes after all that was read before it. */
static void
test_read_error (void)
{
  ProcstreamOutputCore *core = new_core (PROCSTREAM_DELIVERY_RELIABLE, 100);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;

  attach (reader, core, PROCSTREAM_DELIVERY_RELIABLE);
  feed (core, "last words");
  procstream_output_core_feed_end (core, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "lost"));
  assert_bytes (procstream_reader_read_exactly (reader, 100, 0, NULL, NULL), "last words");
  g_assert_null (procstream_reader_read_exactly (reader, 100, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_object (&reader);
  free_core (core);
}

/* --- Asynchronous ---------------------------------------------------------------------------------------------------------------- */

static void
test_cancelled (void)
{
  ProcstreamOutputCore *core = new_core (PROCSTREAM_DELIVERY_RELIABLE, 100);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GBytes *terminator = g_bytes_new_static ("> ", 2);
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  attach (reader, core, PROCSTREAM_DELIVERY_RELIABLE);
  feed (core, "no prompt");
  procstream_reader_read_until_async (reader, terminator, 100, cancellable, test_store_result_cb, &result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (result);
  feed (core, " yet");
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "the cancelled read", &result);
  g_assert_null (procstream_reader_read_until_finish (reader, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);

  /* The terminator that was asked for need not be kept by who asked. */
  procstream_reader_read_until_async (reader, terminator, 100, NULL, test_store_result_cb, &result);
  g_bytes_unref (terminator);
  feed (core, ">");
  feed (core, " ");
  test_wait_result (NULL, "the prompt", &result);
  assert_bytes (procstream_reader_read_until_finish (reader, result, NULL), "no prompt yet> ");
  g_clear_object (&result);

  procstream_reader_read_exactly_async (reader, 4, NULL, test_store_result_cb, &result);
  feed (core, "123");
  feed (core, "456");
  test_wait_result (NULL, "four bytes", &result);
  assert_bytes (procstream_reader_read_exactly_finish (reader, result, NULL), "1234");
  g_clear_object (&result);

  procstream_reader_next_line_async (reader, NULL, test_store_result_cb, &result);
  feed (core, "789\n");
  test_wait_result (NULL, "a line", &result);
  {
    g_autoptr (ProcstreamLine) line = procstream_reader_next_line_finish (reader, result, NULL);

    g_assert_cmpstr (procstream_line_get_text (line), ==, "56789");
    g_assert_cmpint (procstream_line_get_time_us (line), ==, 42);
  }
  g_clear_object (&result);
  g_clear_object (&reader);
  free_core (core);
}

/* At whatever point a read is cancelled, either it returns what there is, or the next one does. */
static void
test_cancelled_anywhere (void)
{
  guint n_returned = 0, n_cancelled = 0;

  for (guint n = 0; n < 6; n++)
    {
      ProcstreamOutputCore *core = new_core (PROCSTREAM_DELIVERY_RELIABLE, 100);
      g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      GAsyncResult *result = NULL;
      GBytes       *bytes;

      attach (reader, core, PROCSTREAM_DELIVERY_RELIABLE);
      procstream_reader_next_async (reader, cancellable, test_store_result_cb, &result);
      feed (core, "text");
      for (guint i = 0; i < n; i++)
        g_main_context_iteration (NULL, FALSE);
      g_cancellable_cancel (cancellable);
      test_wait_result (NULL, "the read", &result);
      bytes = procstream_reader_next_finish (reader, result, &error);
      n_returned += bytes != NULL;
      n_cancelled += bytes == NULL;
      if (bytes)
        g_assert_no_error (error);
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      assert_bytes (bytes ? bytes : procstream_reader_next (reader, 0, NULL, NULL), "text");
      g_object_unref (result);
      g_clear_object (&reader);
      free_core (core);
    }
  g_assert_cmpuint (n_returned, >, 0);
  g_assert_cmpuint (n_cancelled, >, 0);
}

/* What was begun of a line when the reader was dropped, or cancelled, is no line: the output went on. */
static void
test_over_in_line (gconstpointer data)
{
  const gboolean        dropped = GPOINTER_TO_INT (data);
  ProcstreamOutputCore *core = test_core_new (2);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;

  procstream_consumer_set_max_stall_ms (PROCSTREAM_CONSUMER (reader), G_MAXINT32);
  attach (reader, core, PROCSTREAM_DELIVERY_RELIABLE);
  test_core_feed (core, "whole\npart");
  line = procstream_reader_read_line (reader, 0, NULL, NULL);
  g_assert_cmpstr (line, ==, "whole");
  g_assert_null (procstream_reader_read_line (reader, 0, NULL, NULL));
  test_core_feed (core, " of");
  test_core_feed (core, " it\n");
  if (dropped)
    procstream_output_core_check_stalls (core, G_MAXINT64);
  else
    procstream_consumer_cancel (PROCSTREAM_CONSUMER (reader));
  g_assert_null (procstream_reader_read_line (reader, 0, NULL, &error));
  if (dropped)
    g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (reader)), ==, dropped ? strlen ("part of it\n") : strlen ("part"));
  g_clear_object (&reader);
  test_core_free (core);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/pull/mix", test_mix);
  g_test_add_func ("/pull/places", test_places);
  g_test_add_func ("/pull/middle-of-a-line", test_middle_of_a_line);
  g_test_add_func ("/pull/middle-is-skipped", test_middle_is_skipped);
  g_test_add_func ("/pull/middle-without-end", test_middle_without_end);
  g_test_add_func ("/pull/gap", test_gap);
  g_test_add_func ("/pull/read-error", test_read_error);
  g_test_add_func ("/pull/cancelled", test_cancelled);
  g_test_add_func ("/pull/cancelled-anywhere", test_cancelled_anywhere);
  g_test_add_data_func ("/pull/over-in-line/dropped", GINT_TO_POINTER (TRUE), test_over_in_line);
  g_test_add_data_func ("/pull/over-in-line/cancelled", GINT_TO_POINTER (FALSE), test_over_in_line);
  return g_test_run ();
}
