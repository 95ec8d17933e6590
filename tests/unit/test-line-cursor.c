/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-core-private.h"
#include "procstream-output-private.h"

#include <procstream/procstream.h>

#include "test-start.h"
#include "test-recorder.h"
#include "test-utils.h"

#include <string.h>

/*
 * Who is told of lines and did not see all that came before: whoever attaches in the middle, or misses something. What is promised is
 * simple: exactly the lines of the whole text that begin at or after the first byte that was seen, and nothing else. It is checked for
 * every short text of a letter, CR and LF, cut at every place, with each separator, for all who cut lines: handlers, a class
 * of one's own, a collector and a reader.
 *
 * The output is read in the captured context, which is this thread's, so chunks are fed without any other thread.
 */

/* --- What is right ---------------------------------------------------------------------------------------------------------------- */

static void
append_line (GString    *joined,
             const char *text,
             gsize       size)
{
  g_string_append_len (joined, text, size);
  g_string_append_c (joined, '|');
}

/* How many bytes the separator has that ends with the last of @size bytes of a line; 0: there is none. */
static gsize
get_width (ProcstreamLineSeparator separator,
           const char             *text,
           gsize                   size)
{
  const gboolean lf = text[size - 1] == '\n';
  const gboolean after_cr = size > 1 && text[size - 2] == '\r';

  switch (separator)
    {
    case PROCSTREAM_LINE_SEPARATOR_LF:
      return lf;
    case PROCSTREAM_LINE_SEPARATOR_CRLF:
      return lf && after_cr ? 2 : 0;
    case PROCSTREAM_LINE_SEPARATOR_ANY:
      return lf || text[size - 1] == '\r';
    case PROCSTREAM_LINE_SEPARATOR_CUSTOM:
      return text[size - 1] == 'a' && after_cr ? 2 : 0;
    default:
      return lf ? 1 + after_cr : 0;
    }
}

/* The lines of @text that begin in [from, to); those that do not end before @to (but at the end of the text) are left out. */
static void
append_lines_between (GString                *joined,
                      const char             *text,
                      gsize                   from,
                      gsize                   to,
                      ProcstreamLineSeparator separator)
{
  const gsize size = strlen (text);
  gsize       start = 0;

  for (gsize end = 1; end <= to; end++)
    {
      gsize    width = get_width (separator, text + start, end - start);
      gboolean rest = separator == PROCSTREAM_LINE_SEPARATOR_ANY && end - start == 1 && text[start] == '\n' && start > 0 && text[start - 1] == '\r';

      if (width == 0)
        continue;
      if (start >= from && !rest)
        append_line (joined, text + start, end - width - start);
      start = end;
    }
  if (to == size && start >= from && start < size)
    append_line (joined, text + start, size - start);
}

/* --- Who is told of lines --------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamOutputCore *core;
  ProcstreamOutput     *output;
  GString              *line;
  GString              *lines;
  GString              *read;
  TestRecorder         *recorder;
  ProcstreamCollector  *collector;
  ProcstreamReader     *reader;
} Fixture;

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         Fixture          *fixture)
{
  append_line (fixture->line, line, strlen (line));
}

static void
lines_cb (ProcstreamOutput  *output,
          const char *const *lines,
          Fixture           *fixture)
{
  test_join_lines (fixture->lines, lines);
}

static void
set_up (Fixture                *fixture,
        ProcstreamDelivery      delivery,
        ProcstreamReplay        replay,
        guint                   n_chunks,
        ProcstreamLineSeparator separator)
{
  const ProcstreamOutputSettings settings = {
    .backend = PROCSTREAM_BACKEND_BROADCAST,
    .reader = PROCSTREAM_READER_MODE_CONTEXT,
    .delivery = delivery,
    .log = { replay, n_chunks, delivery == PROCSTREAM_DELIVERY_LOSSY ? n_chunks : 100, 1000 },
    .read_chunk_size = 100,
    .lines = { .separator = separator, .max_length = 100, .overflow = PROCSTREAM_LINE_OVERFLOW_SPLIT, .custom_size = 2, .custom = "\ra" },
  };

  fixture->core = procstream_output_core_new ("test", &settings, g_main_context_default (), NULL);
  fixture->output = procstream_output_new_for_core (fixture->core, g_main_context_default ());
  procstream_output_release_opening (fixture->output);
  fixture->line = g_string_new (NULL);
  fixture->lines = g_string_new (NULL);
  fixture->read = g_string_new (NULL);
  fixture->collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  fixture->reader = procstream_reader_new ();
  fixture->recorder = test_recorder_new ();
}

static void
attach_all (Fixture *fixture)
{
  g_signal_connect (fixture->output, "line", G_CALLBACK (line_cb), fixture);
  g_signal_connect (fixture->output, "lines", G_CALLBACK (lines_cb), fixture);
  g_assert_true (procstream_output_attach (fixture->output, PROCSTREAM_CONSUMER (fixture->recorder), NULL));
  g_assert_true (procstream_output_attach (fixture->output, PROCSTREAM_CONSUMER (fixture->collector), NULL));
  g_assert_true (procstream_output_attach (fixture->output, PROCSTREAM_CONSUMER (fixture->reader), NULL));
}

/* One chunk for each of @n_chunks parts, the last has the rest. */
static void
feed (Fixture    *fixture,
      const char *text,
      gsize       from,
      gsize       to,
      guint       n_chunks)
{
  for (; n_chunks > 0 && from < to; n_chunks--)
    {
      gsize size = n_chunks == 1 ? to - from : 1;

      procstream_output_core_feed (fixture->core, procstream_chunk_new_copy (text + from, size, 0));
      from += size;
    }
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* All lines that there are. */
static void
serve_all (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  char *line;

  iterate ();
  while ((line = procstream_reader_read_line (fixture->reader, 0, NULL, &error)))
    {
      append_line (fixture->read, line, strlen (line));
      g_free (line);
    }
  if (error)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
end (Fixture *fixture)
{
  procstream_output_core_feed_end (fixture->core, NULL);
  serve_all (fixture);
  g_assert_true (procstream_output_is_drained (fixture->output));
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->recorder)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (fixture->reader)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
}

static void
tear_down (Fixture *fixture)
{
  g_signal_handlers_disconnect_by_data (fixture->output, fixture);
  g_object_unref (fixture->output);
  procstream_output_core_unref (fixture->core);
  g_object_unref (fixture->recorder);
  g_object_unref (fixture->collector);
  g_object_unref (fixture->reader);
  g_string_free (fixture->line, TRUE);
  g_string_free (fixture->lines, TRUE);
  g_string_free (fixture->read, TRUE);
  iterate ();
}

static void
check (const char *who,
       const char *text,
       gsize       from,
       const char *actual,
       const char *expected)
{
  g_autofree char *shown = NULL;

  if (strcmp (actual, expected) == 0)
    return;
  shown = g_strescape (text, NULL);
  g_error ("%s, from byte %d of “%s”: “%s” instead of “%s”", who, (int) from, shown, g_strescape (actual, NULL),
           g_strescape (expected, NULL));
}

static void
check_collector (Fixture    *fixture,
                 const char *text,
                 gsize       from,
                 const char *expected)
{
  g_auto (GStrv) lines = procstream_collector_dup_lines (fixture->collector);
  g_autoptr (GString) joined = g_string_new (NULL);

  test_join_lines (joined, (const char *const *) lines);
  check ("collector", text, from, joined->str, expected);
}

static void
check_others (Fixture    *fixture,
              const char *text,
              gsize       from,
              const char *expected)
{
  check ("“line”", text, from, fixture->line->str, expected);
  check ("“lines”", text, from, fixture->lines->str, expected);
  check ("own class", text, from, fixture->recorder->joined->str, expected);
  check ("reader", text, from, fixture->read->str, expected);
}

/* --- All short texts -------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  char                    text[8];
  gsize                   from; /* where what is seen begins: at the beginning of a chunk */
  guint                   n_before;
  guint                   n_after;
  ProcstreamLineSeparator separator;
} Case;

typedef void (*CaseFunc) (const Case *c);

static void
each_cut (Case    *c,
          CaseFunc func)
{
  const gsize size = strlen (c->text);

  for (c->from = 0; c->from < size; c->from++)
    {
      for (c->n_before = 1; c->n_before <= MAX (c->from, 1); c->n_before++)
        for (c->n_after = 1; c->n_after <= size - c->from; c->n_after++)
          func (c);
    }
}

static void
each_text (Case    *c,
           gsize    size,
           CaseFunc func)
{
  const char letters[] = "a\r\n";
  guint      n = 1;

  for (gsize i = 0; i < size; i++)
    n *= 3;
  for (guint i = 0; i < n; i++)
    {
      for (guint position = 0, rest = i; position < size; position++, rest /= 3)
        c->text[position] = letters[rest % 3];
      c->text[size] = '\0';
      each_cut (c, func);
    }
}

static void
each_case (CaseFunc func)
{
  const ProcstreamLineSeparator separators[] = {
    PROCSTREAM_LINE_SEPARATOR_NEWLINE, PROCSTREAM_LINE_SEPARATOR_LF, PROCSTREAM_LINE_SEPARATOR_CRLF,
    PROCSTREAM_LINE_SEPARATOR_ANY, PROCSTREAM_LINE_SEPARATOR_CUSTOM
  };
  const gsize longest = test_on_valgrind () ? 3 : 5;

  for (guint i = 0; i < G_N_ELEMENTS (separators); i++)
    {
      Case c = { .separator = separators[i] };

      for (gsize size = 1; size <= longest; size++)
        each_text (&c, size, func);
    }
}

static void
check_all (Fixture    *fixture,
           const Case *c)
{
  g_autoptr (GString) expected = g_string_new (NULL);

  append_lines_between (expected, c->text, c->from, strlen (c->text), c->separator);
  check_others (fixture, c->text, c->from, expected->str);
  check_collector (fixture, c->text, c->from, expected->str);
}

/* Nothing of what came before was kept. */
static void
check_live (const Case *c)
{
  Fixture fixture;

  set_up (&fixture, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE, 0, c->separator);
  iterate ();
  feed (&fixture, c->text, 0, c->from, c->n_before);
  attach_all (&fixture);
  feed (&fixture, c->text, c->from, strlen (c->text), c->n_after);
  end (&fixture);
  check_all (&fixture, c);
  tear_down (&fixture);
}

static void
test_live (void)
{
  each_case (check_live);
}

/* What replay kept begins in the middle. */
static void
check_history (const Case *c)
{
  Fixture fixture;

  set_up (&fixture, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_CHUNKS, c->n_after, c->separator);
  iterate ();
  feed (&fixture, c->text, 0, c->from, c->n_before);
  feed (&fixture, c->text, c->from, strlen (c->text), c->n_after);
  attach_all (&fixture);
  end (&fixture);
  check_all (&fixture, c);
  tear_down (&fixture);
}

static void
test_history (void)
{
  each_case (check_history);
}

/* Whoever was not served lost all that came before. A collector is always served, and sees everything. */
static void
check_gap (const Case *c)
{
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GString) whole = g_string_new (NULL);
  Fixture fixture;

  set_up (&fixture, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, c->n_after, c->separator);
  attach_all (&fixture);
  feed (&fixture, c->text, 0, c->from, c->n_before);
  feed (&fixture, c->text, c->from, strlen (c->text), c->n_after);
  end (&fixture);
  append_lines_between (expected, c->text, c->from, strlen (c->text), c->separator);
  append_lines_between (whole, c->text, 0, strlen (c->text), c->separator);
  check_others (&fixture, c->text, c->from, expected->str);
  check_collector (&fixture, c->text, 0, whole->str);
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (fixture.reader)), ==, c->from > 0);
  tear_down (&fixture);
}

static void
test_gap (void)
{
  each_case (check_gap);
}

/* The first byte was seen, and the others before @from were lost: the line that the gap tore is not finished by what comes after it. */
static void
check_gap_in_line (const Case *c)
{
  g_autoptr (GString) expected = g_string_new (NULL);
  Fixture fixture;

  if (c->from < 2)
    return;
  set_up (&fixture, PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE, c->n_after, c->separator);
  attach_all (&fixture);
  feed (&fixture, c->text, 0, 1, 1);
  serve_all (&fixture);
  feed (&fixture, c->text, 1, c->from, c->n_before);
  feed (&fixture, c->text, c->from, strlen (c->text), c->n_after);
  end (&fixture);
  append_lines_between (expected, c->text, 0, 1, c->separator);
  append_lines_between (expected, c->text, c->from, strlen (c->text), c->separator);
  check_others (&fixture, c->text, c->from, expected->str);
  tear_down (&fixture);
}

static void
test_gap_in_line (void)
{
  each_case (check_gap_in_line);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/line-cursor/live", test_live);
  g_test_add_func ("/line-cursor/history", test_history);
  g_test_add_func ("/line-cursor/gap", test_gap);
  g_test_add_func ("/line-cursor/gap-in-line", test_gap_in_line);
  return g_test_run ();
}
