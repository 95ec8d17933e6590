/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-splitter-private.h"
#include "procstream-line-cursor-private.h"

#include "line-model.h"
#include "test-history.h"

#include <malloc.h>

/*
 * Short inputs are cut into pushes in every way, with every separator, both overflows and several limits, and compared with a model
 * that looks at all bytes at once; long ones at random, and so are histories of pushes, gaps and ends: see test-history.h.
 */

static const ProcstreamLineOverflow overflows[] = {
  PROCSTREAM_LINE_OVERFLOW_SPLIT,
  PROCSTREAM_LINE_OVERFLOW_TRUNCATE,
};

typedef struct
{
  const char *data;
  gsize       size;
} Input;

#define INPUT(text)       \
  {                       \
    text, sizeof text - 1 \
  }

static const Input inputs[] = {
  INPUT (""),
  INPUT ("a"),
  INPUT ("\n"),
  INPUT ("\r"),
  INPUT ("\r\n"),
  INPUT ("\n\n\n"),
  INPUT ("\r\r\n"),
  INPUT ("\r\n\r\n"),
  INPUT ("\n\r\n\r"),
  INPUT ("a\nbc\r\nd"),
  INPUT ("abcd\r\nab"),
  INPUT ("abcd\rx\r\n"),
  INPUT ("abcd\r\r\n\r"),
  INPUT ("abcdefgh\nij\n"),
  INPUT ("abcdefgh\r\ni\r"),
  INPUT ("abcdefghijk"),
  INPUT ("ab\0cd\n\0\n"),
  INPUT ("\303\244\303\266\303\274\n\303\237"),    /* two bytes each */
  INPUT ("a\342\202\254b\342\202\254\nc"),         /* three */
  INPUT ("\360\237\230\200a\360\237\230\200\r\n"), /* four */
  INPUT ("ab\342\202\n\202\254c"),                 /* cut short, and what is left of it */
  INPUT ("\200\200\200\200\200\200\200\n\377\376"),
  INPUT ("\303\303\303\303\n\355\240\200x"), /* leads alone, a surrogate */
  INPUT ("abc\360\237\nabc\360\237\230"),
  INPUT ("aabaaaab"),
  INPUT ("xabyaab"),
  INPUT ("a-b----c-"),
  INPUT ("\r\n\r\r\n\r\n"),
  INPUT ("abcabcabcabd"),
};

/* Under valgrind, which takes thirty times as long, only some. */
static guint
input_step (void)
{
  return g_getenv ("PROCSTREAM_TEST_VALGRIND") ? 3 : 1;
}

static void
fail (const ProcstreamLineOptions *options,
      const LineEvent             *events,
      guint                        n_events,
      const char                  *failure)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n_events; i++)
    {
      g_autofree char *piece = events[i].type == LINE_PUSH ? g_strndup ((const char *) events[i].data, events[i].size) : NULL;
      g_autofree char *escaped = piece ? g_strescape (piece, NULL) : NULL;

      g_string_append_printf (text, " %d “%s”", events[i].type, escaped ? escaped : "");
    }
  g_error ("Separator %d, overflow %d, limit %u:%s: %s", options->separator, options->overflow, options->max_length, text->str, failure);
}

static void
check_with_all_options (const LineEvent *events,
                        guint            n_events)
{
  static const guint limits[] = { 1, 3, 100, 2, 4, 5, 8 };
  /* valgrind looks for something else, which a few show as well. */
  const guint n_limits = g_getenv ("PROCSTREAM_TEST_VALGRIND") ? 2 : G_N_ELEMENTS (limits);

  for (guint s = 0; s < LINE_N_SEPARATORS; s++)
    for (guint o = 0; o < G_N_ELEMENTS (overflows); o++)
      for (guint l = 0; l < n_limits; l++)
        {
          ProcstreamLineOptions options = { .max_length = limits[l], .overflow = overflows[o] };
          g_autofree char      *failure = NULL;

          line_options_set_separator (&options, s);
          failure = line_events_run_all (&options, events, n_events);
          if (failure)
            fail (&options, events, n_events, failure);
        }
}

static LineEvent
piece (const Input *input,
       gsize        from,
       gsize        to)
{
  return (LineEvent){ LINE_PUSH, (const guint8 *) input->data + from, to - from };
}

/* In one, two and three pushes, empty ones among them. */
static void
test_every_cut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i += input_step ())
    for (gsize a = 0; a <= inputs[i].size; a++)
      for (gsize b = a; b <= inputs[i].size; b++)
        {
          const LineEvent events[] = { piece (&inputs[i], 0, a), piece (&inputs[i], a, b), piece (&inputs[i], b, inputs[i].size), { LINE_FINISH, NULL, 0 } };

          check_with_all_options (events, G_N_ELEMENTS (events));
        }
}

static void
test_byte_by_byte (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i += input_step ())
    {
      g_autoptr (GArray) events = g_array_new (FALSE, FALSE, sizeof (LineEvent));
      LineEvent event = { LINE_FINISH, NULL, 0 };

      for (gsize a = 0; a < inputs[i].size; a++)
        {
          event = piece (&inputs[i], a, a + 1);
          g_array_append_val (events, event);
        }
      event = (LineEvent){ LINE_FINISH, NULL, 0 };
      g_array_append_val (events, event);
      check_with_all_options ((const LineEvent *) (gpointer) events->data, events->len);
    }
}

/* A gap of either kind before, between and after the two parts of an input. */
static void
test_every_gap (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i += input_step ())
    for (gsize a = 0; a <= inputs[i].size; a++)
      for (LineEventType kind = LINE_GAP; kind <= LINE_GAP_AT_START; kind++)
        {
          const gsize     known = MIN (a, PROCSTREAM_LINE_RULE_MAX_SIZE);
          const LineEvent gap = { kind, (const guint8 *) inputs[i].data + a - known, kind == LINE_GAP_AFTER ? known : 0 };
          const LineEvent finish = { LINE_FINISH, NULL, 0 };
          const gsize     half = (a + inputs[i].size) / 2;
          const LineEvent between[] = { piece (&inputs[i], 0, a / 2), piece (&inputs[i], a / 2, a), gap,
                                        piece (&inputs[i], a, half), piece (&inputs[i], half, inputs[i].size), finish };
          const LineEvent outside[] = { gap, piece (&inputs[i], 0, a), piece (&inputs[i], a, inputs[i].size), gap, finish };

          check_with_all_options (between, G_N_ELEMENTS (between));
          check_with_all_options (outside, G_N_ELEMENTS (outside));
        }
}

/* After an end it stands at the beginning of a line, whatever came before. */
static void
test_after_the_end (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i += input_step ())
    for (guint j = 0; j < G_N_ELEMENTS (inputs); j += input_step ())
      {
        const LineEvent finish = { LINE_FINISH, NULL, 0 };
        const LineEvent events[] = { piece (&inputs[i], 0, inputs[i].size), finish, piece (&inputs[j], 0, inputs[j].size), finish };

        check_with_all_options (events, G_N_ELEMENTS (events));
      }
}

/* --- At random ---------------------------------------------------------------------------------------------------------------- */

static GByteArray *
make_text (GRand *random,
           gsize  size)
{
  static const char *const pieces[] = { "a", "word", "\n", "\n", "\r\n", "\r", "ab", "--", "abc", "\303\244", "\342\202\254", "\360\237\230\200", "\377",
                                        "a line of ordinary length, as most are" };
  GByteArray              *text = g_byte_array_new ();
  /* Most streams are plain, which is a way of its own. */
  guint n_pieces = g_rand_boolean (random) ? 9 : G_N_ELEMENTS (pieces);

  while (text->len < size)
    {
      const char *next = pieces[g_rand_int_range (random, 0, n_pieces)];

      g_byte_array_append (text, (const guint8 *) next, strlen (next));
    }
  return text;
}

static void
check_random (guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (GByteArray) text = make_text (random, 5000);
  g_autoptr (GArray) events = g_array_new (FALSE, FALSE, sizeof (LineEvent));
  ProcstreamLineOptions options = { .max_length = 1 + g_rand_int_range (random, 0, 200), .overflow = overflows[seed / LINE_N_SEPARATORS % 2] };
  LineEvent             event = { LINE_FINISH, NULL, 0 };
  g_autofree char      *failure = NULL;

  line_options_set_separator (&options, seed % LINE_N_SEPARATORS);
  for (gsize i = 0; i < text->len;)
    {
      gsize wanted = g_rand_int_range (random, 1, 1000);
      gsize size = MIN (wanted, text->len - i);

      event = (LineEvent){ LINE_PUSH, text->data + i, size };
      g_array_append_val (events, event);
      i += size;
      if (g_rand_int_range (random, 0, 8) > 0)
        continue;
      event = (LineEvent){ g_rand_int_range (random, LINE_GAP, LINE_GAP_AT_START + 1), text->data, 0 };
      if (event.type == LINE_GAP_AFTER)
        {
          event.size = MIN (i, (gsize) g_rand_int_range (random, 0, PROCSTREAM_LINE_RULE_MAX_SIZE + 1));
          event.data += i - event.size;
        }
      g_array_append_val (events, event);
    }
  event = (LineEvent){ LINE_FINISH, NULL, 0 };
  g_array_append_val (events, event);
  failure = line_events_run_all (&options, (const LineEvent *) (gpointer) events->data, events->len);
  if (failure)
    g_error ("Seed %u: %s", seed, failure);
}

static void
test_random (void)
{
  guint32 count = g_getenv ("PROCSTREAM_TEST_VALGRIND") ? 12 : 300;

  for (guint32 seed = 0; seed < count; seed++)
    check_random (seed);
}

/* --- Promises that a comparison does not show ------------------------------------------------------------------------------------ */

typedef struct
{
  const guint8 *data;
  gsize         size;
  gboolean      outside;
  gsize         longest;
  GString      *all;
} Seen;

static void
seen_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  Seen *self = user_data;

  self->outside |= size > 0 && (data < self->data || data + size > self->data + self->size);
  self->longest = MAX (self->longest, size);
  if (self->all)
    {
      g_autoptr (GString) scratch = g_string_new (NULL);
      const char *text = procstream_line_repair (data, size, scratch, &size);

      g_string_append_len (self->all, text, size);
    }
}

/* Lines that do not cross a push are handed out where they stand. */
static void
test_no_copy (void)
{
  static const guint8         data[] = "one\ntwo\r\nthree\n";
  const ProcstreamLineOptions options = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT };
  ProcstreamLineSplitter     *splitter = procstream_line_splitter_new (&options);
  Seen                        seen = { data, sizeof data - 1 };

  for (int i = 0; i < 3; i++)
    procstream_line_splitter_push (splitter, data, sizeof data - 1, NULL, seen_cb, &seen);
  g_assert_cmpuint (seen.longest, ==, 5);
  g_assert_false (seen.outside);
  procstream_line_splitter_free (splitter);
}

/* Valid text in pieces is still valid text: no character is torn, at any limit that has room for one. */
static void
test_characters_stay_whole (void)
{
  static const char text[] = "a\303\244\342\202\254\360\237\230\200b\360\237\230\200\360\237\230\200\342\202\254\303\244\303\244xyz";

  for (guint max = 4; max < sizeof text; max++)
    for (gsize cut = 0; cut < sizeof text; cut++)
      {
        const ProcstreamLineOptions options = { PROCSTREAM_LINE_SEPARATOR_LF, max, PROCSTREAM_LINE_OVERFLOW_SPLIT };
        ProcstreamLineSplitter     *splitter = procstream_line_splitter_new (&options);
        g_autoptr (GString) all = g_string_new (NULL);
        Seen seen = { .all = all };

        procstream_line_splitter_push (splitter, (const guint8 *) text, cut, NULL, seen_cb, &seen);
        procstream_line_splitter_push (splitter, (const guint8 *) text + cut, sizeof text - 1 - cut, NULL, seen_cb, &seen);
        procstream_line_splitter_finish (splitter, seen_cb, &seen);
        g_assert_cmpstr (all->str, ==, text);
        g_assert_cmpuint (seen.longest, <=, max);
        procstream_line_splitter_free (splitter);
      }
}

/* A batch is whole without the splitter and the data that it came from. */
static void
test_batch_outlives (void)
{
  const ProcstreamLineOptions options = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT };
  ProcstreamLineSplitter     *splitter = procstream_line_splitter_new (&options);
  guint8                      data[] = "first\nsecond\r\nrest";
  const char *const           expected[] = { "first", "second", NULL };
  ProcstreamLineBatch        *batch = procstream_line_splitter_push_batch (splitter, data, sizeof data - 1, NULL);
  ProcstreamLineBatch        *kept = procstream_line_batch_ref (batch);

  memset (data, 'x', sizeof data);
  procstream_line_splitter_free (splitter);
  procstream_line_batch_unref (batch);
  g_assert_cmpuint (kept->n_lines, ==, 2);
  g_assert_cmpstrv (kept->lines, expected);
  procstream_line_batch_unref (kept);
}

/* --- Torn lines that are kept ------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamLineSplitter *splitter;
  GString                *whole; /* those that are not torn */
  GByteArray             *torn;  /* with context */
  gsize                   context;
  guint                   n_torn;
} Kept;

static void
kept_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  Kept *kept = user_data;
  gsize context;

  if (procstream_line_splitter_is_torn (kept->splitter, &context))
    {
      g_assert_cmpuint (context, <=, size);
      kept->context = context;
      kept->n_torn++;
      g_byte_array_append (kept->torn, data, size);
      return;
    }
  g_assert_cmpuint (context, ==, 0);
  g_string_append_printf (kept->whole, "%d:", procstream_line_splitter_get_end (kept->splitter));
  g_string_append_len (kept->whole, (const char *) data, size);
  g_string_append_c (kept->whole, '|');
}

/* What comes of the bytes from @from on when those before them are known, but were not pushed. */
static void
run_from (Kept                        *kept,
          const ProcstreamLineOptions *options,
          gboolean                     keep,
          const Input                 *input,
          gsize                        from,
          gsize                        cut)
{
  const guint8 *data = (const guint8 *) input->data;
  const gsize   known = MIN (from, (gsize) PROCSTREAM_LINE_RULE_MAX_SIZE);

  *kept = (Kept){ procstream_line_splitter_new (options), g_string_new (NULL), g_byte_array_new () };
  if (keep)
    procstream_line_splitter_keep_torn (kept->splitter);
  procstream_line_splitter_gap_after (kept->splitter, data + from - known, known);
  procstream_line_splitter_push (kept->splitter, data + from, cut - from, NULL, kept_cb, kept);
  procstream_line_splitter_push (kept->splitter, data + cut, input->size - cut, NULL, kept_cb, kept);
  procstream_line_splitter_finish (kept->splitter, kept_cb, kept);
}

static void
kept_clear (Kept *kept)
{
  procstream_line_splitter_free (kept->splitter);
  g_string_free (kept->whole, TRUE);
  g_byte_array_unref (kept->torn);
}

/* The torn line is what the bytes are, and what else would have been lost; all other lines are as they would have been. */
static void
check_torn (const ProcstreamLineOptions *options,
            const Input                 *input,
            gsize                        from,
            gsize                        cut)
{
  Kept kept, dropped;

  run_from (&kept, options, TRUE, input, from, cut);
  run_from (&dropped, options, FALSE, input, from, cut);
  g_assert_cmpuint (dropped.n_torn, ==, 0);
  g_assert_cmpuint (kept.n_torn, <=, 1);
  g_assert_cmpmem (kept.whole->str, kept.whole->len, dropped.whole->str, dropped.whole->len);
  if (kept.torn->len > kept.context)
    g_assert_cmpmem (kept.torn->data, kept.torn->len, input->data + from - kept.context, kept.torn->len);
  g_assert_cmpuint (kept.torn->len - kept.context, ==, procstream_line_splitter_get_bytes_lost (dropped.splitter));
  g_assert_cmpuint (procstream_line_splitter_get_bytes_lost (kept.splitter), ==, 0);
  kept_clear (&kept);
  kept_clear (&dropped);
}

static void
test_keep_torn (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i += input_step ())
    for (guint s = 0; s < LINE_N_SEPARATORS; s++)
      {
        ProcstreamLineOptions options = { .max_length = 100, .overflow = PROCSTREAM_LINE_OVERFLOW_SPLIT };

        line_options_set_separator (&options, s);
        for (gsize from = 1; from <= inputs[i].size; from++)
          for (gsize cut = from; cut <= inputs[i].size; cut++)
            check_torn (&options, &inputs[i], from, cut);
      }
}

/* What stands before counts nowhere: a limit is one of what was pushed. */
static void
test_keep_torn_limit (void)
{
  static const Input    input = INPUT ("a long beginning of 12345678\nnext\n");
  ProcstreamLineOptions options = { .max_length = 4, .overflow = PROCSTREAM_LINE_OVERFLOW_SPLIT };
  Kept                  kept;

  run_from (&kept, &options, TRUE, &input, 20, 25);
  g_assert_cmpuint (kept.n_torn, ==, 1);
  g_assert_cmpmem (kept.torn->data + kept.context, kept.torn->len - kept.context, "1234", 4);
  g_assert_cmpstr (kept.whole->str, ==, "0:5678|0:next|");
  kept_clear (&kept);
  options.overflow = PROCSTREAM_LINE_OVERFLOW_TRUNCATE;
  run_from (&kept, &options, TRUE, &input, 20, 25);
  g_assert_cmpmem (kept.torn->data + kept.context, kept.torn->len - kept.context, "1234", 4);
  g_assert_cmpstr (kept.whole->str, ==, "0:next|");
  g_assert_cmpuint (procstream_line_splitter_get_bytes_lost (kept.splitter), ==, 4);
  /* Another gap: only what was pushed counts as lost. */
  procstream_line_splitter_gap_after (kept.splitter, (const guint8 *) "before", 6);
  procstream_line_splitter_push (kept.splitter, (const guint8 *) "ab", 2, NULL, kept_cb, &kept);
  procstream_line_splitter_gap (kept.splitter, TRUE);
  g_assert_cmpuint (procstream_line_splitter_get_bytes_lost (kept.splitter), ==, 6);
  procstream_line_splitter_push (kept.splitter, (const guint8 *) "ok\n", 3, NULL, kept_cb, &kept);
  g_assert_cmpstr (kept.whole->str, ==, "0:next|0:ok|");
  kept_clear (&kept);
}

/* A separator that a gap tore apart still ends its line, so that the one after it is whole. */
static void
test_torn_separator (void)
{
  const ProcstreamLineOptions options = { PROCSTREAM_LINE_SEPARATOR_CRLF, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT };
  ProcstreamLineCursor        cursor = { 0 };
  ProcstreamChunk            *chunk = procstream_chunk_new_copy ("\nwhole\r\n", 8, 0);
  ProcstreamLineBatch        *batch;

  chunk->offset = 10;
  chunk->before[sizeof chunk->before - 1] = '\r';
  procstream_line_cursor_init (&cursor, &options);
  batch = procstream_line_cursor_push_batch (&cursor, chunk);
  g_assert_nonnull (batch);
  g_assert_cmpuint (batch->n_lines, ==, 1);
  g_assert_cmpstr (batch->lines[0], ==, "whole");
  g_assert_cmpuint (procstream_line_cursor_get_bytes_lost (&cursor), ==, 0);
  procstream_line_batch_unref (batch);
  procstream_line_cursor_clear (&cursor);
  procstream_chunk_unref (chunk);
}

static void
count_cb (gpointer      user_data,
          const guint8 *data,
          gsize         size,
          gboolean      plain)
{
  *(guint64 *) user_data += size;
}

/* Without a separator nothing is held back but what may still be cut elsewhere. */
static void
test_endless_line (void)
{
  const guint        limit = 100;
  const gsize        size = 5000;
  g_autofree guint8 *data = g_malloc (size);

  memset (data, 'x', size);
  for (guint o = 0; o < G_N_ELEMENTS (overflows); o++)
    {
      const ProcstreamLineOptions options = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, limit, overflows[o] };
      ProcstreamLineSplitter     *splitter = procstream_line_splitter_new (&options);
      guint64                     given = 0;

      for (guint i = 1; i <= 1000; i++)
        {
          procstream_line_splitter_push (splitter, data, size, NULL, count_cb, &given);
          g_assert_cmpuint (i * size - given - procstream_line_splitter_get_bytes_lost (splitter), <=, limit + 1);
        }
      procstream_line_splitter_finish (splitter, count_cb, &given);
      g_assert_cmpuint (given + procstream_line_splitter_get_bytes_lost (splitter), ==, 1000 * size);
      procstream_line_splitter_free (splitter);
    }
}

static void
test_repair_nothing (void)
{
  g_autoptr (GString) scratch = g_string_new (NULL);
  static const guint8 text[] = "gr\303\274n";
  gsize               size;

  g_assert_true (procstream_line_repair (text, sizeof text - 1, scratch, &size) == (const char *) text);
  g_assert_cmpuint (size, ==, sizeof text - 1);
  g_assert_cmpuint (scratch->len, ==, 0);
}

static void
assert_joined (const char *data,
               gsize       size,
               const char *separator)
{
  const ProcstreamLineOptions options = { PROCSTREAM_LINE_SEPARATOR_CRLF, 1000, PROCSTREAM_LINE_OVERFLOW_SPLIT };
  ProcstreamLineSplitter     *splitter = procstream_line_splitter_new (&options);
  ProcstreamLineBatch        *batch = procstream_line_splitter_push_batch (splitter, (const guint8 *) data, size, NULL);
  g_autofree char            *found = NULL;
  g_autofree char            *text = procstream_line_batch_join (batch, &found);
  g_auto (GStrv) lines = g_strsplit (text, found, -1);

  g_assert_cmpstr (found, ==, separator);
  g_assert_cmpstrv (lines, batch->lines);
  procstream_line_batch_unref (batch);
  procstream_line_splitter_free (splitter);
}

/* What stands between the lines of a text is in none of them, whatever they are made of. */
static void
test_join (void)
{
  g_autoptr (GString) all = g_string_new (NULL);
  static const char with_lf[] = "a\nb\r\n\nc\r\n\r\n";
  static const char with_more[] = "a\nb\001\r\n\002\004c\r\n";
  static const char plain[] = "a\r\n\r\nb c\r\n";

  assert_joined (plain, sizeof plain - 1, "\n");
  assert_joined (with_lf, sizeof with_lf - 1, "\001");
  assert_joined (with_more, sizeof with_more - 1, "\003");
  for (char c = 1; c < ' '; c++)
    g_string_append_c (all, c);
  g_string_append (all, "\001\002\002\r\n\002\002\001\001\r\n\001\002\002\002\r\n");
  assert_joined (all->str, all->len, "\001\002\002\002\002\001");
}

/* Most lengths are small, and most bytes are those that separators and characters are made of. */
static void
test_histories (void)
{
  static const char often[] = "\r\n\na\0\001\002\003\303\251\342\202\254\364\366\376";

  test_histories_run (&(TestHistories){ .name = "The splitter differs",
                                        .count = 3000,
                                        .setup = 3,
                                        .operation = 1,
                                        .most_operations = 200,
                                        .often = often,
                                        .n_often = sizeof often - 1,
                                        .run = line_history_run });
}

/* After a line of @size bytes in two pushes: how much memory there is for the next one. */
static gsize
measure_room_after (gsize    size,
                    gboolean in_batch)
{
  const ProcstreamLineOptions options = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 1 << 22, PROCSTREAM_LINE_OVERFLOW_SPLIT };
  ProcstreamLineSplitter     *splitter = procstream_line_splitter_new (&options);
  g_autofree guint8          *data = g_malloc (size);
  const guint8               *end = (const guint8 *) "\nx";
  guint64                     given = 0;
  gsize                       room, left;

  memset (data, 'x', size);
  procstream_line_splitter_push (splitter, data, size, NULL, count_cb, &given);
  if (in_batch)
    procstream_line_batch_unref (procstream_line_splitter_push_batch (splitter, end, 2, NULL));
  else
    procstream_line_splitter_push (splitter, end, 2, NULL, count_cb, &given);
  room = malloc_usable_size ((gpointer) procstream_line_splitter_peek_text (splitter, &left));
  g_assert_cmpuint (left, ==, 1);
  procstream_line_splitter_free (splitter);
  return room;
}

/* One long line does not take its memory for ever, while short ones do not take it anew each time. */
static void
test_memory (void)
{
  for (gboolean in_batch = FALSE; in_batch <= TRUE; in_batch++)
    {
      g_assert_cmpuint (measure_room_after (1 << 21, in_batch), <, 1024);
      g_assert_cmpuint (measure_room_after (PROCSTREAM_LINE_KEPT_SIZE + 1, in_batch), <, 1024);
      g_assert_cmpuint (measure_room_after (PROCSTREAM_LINE_KEPT_SIZE, in_batch), >=, PROCSTREAM_LINE_KEPT_SIZE);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/line-splitter/every-cut", test_every_cut);
  g_test_add_func ("/line-splitter/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/line-splitter/every-gap", test_every_gap);
  g_test_add_func ("/line-splitter/keep-torn", test_keep_torn);
  g_test_add_func ("/line-splitter/keep-torn/limit", test_keep_torn_limit);
  g_test_add_func ("/line-splitter/after-the-end", test_after_the_end);
  g_test_add_func ("/line-splitter/random", test_random);
  g_test_add_func ("/line-splitter/histories", test_histories);
  g_test_add_func ("/line-splitter/no-copy", test_no_copy);
  g_test_add_func ("/line-splitter/characters-stay-whole", test_characters_stay_whole);
  g_test_add_func ("/line-splitter/batch-outlives", test_batch_outlives);
  g_test_add_func ("/line-splitter/join", test_join);
  g_test_add_func ("/line-splitter/torn-separator", test_torn_separator);
  g_test_add_func ("/line-splitter/endless-line", test_endless_line);
  g_test_add_func ("/line-splitter/memory", test_memory);
  g_test_add_func ("/line-splitter/repair-nothing", test_repair_nothing);
  return g_test_run ();
}
