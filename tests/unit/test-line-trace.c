/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-filter-private.h"
#include "procstream-line-trace-private.h"

#include <procstream/procstream.h>

#include <string.h>

/* Where something stands that was found in what a filter let through. That it is right for each search is tested with the search for the next match. */

typedef struct
{
  ProcstreamLineTrace  *trace;
  ProcstreamLineFilter *filter;
  guint64               offset;
  guint64               out;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  const ProcstreamLineOptions options = { .max_length = 100, .strip_escapes = TRUE };

  fixture->trace = procstream_line_trace_new (&options);
  fixture->filter = procstream_line_filter_new (&options);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  procstream_line_trace_free (fixture->trace);
  procstream_line_filter_free (fixture->filter);
}

static void
push (Fixture      *fixture,
      gconstpointer data,
      gsize         size)
{
  ProcstreamChunk *chunk = procstream_chunk_new_copy (data, size, 0);
  gsize            out;

  chunk->offset = fixture->offset;
  procstream_line_trace_add (fixture->trace, chunk, fixture->out);
  procstream_line_filter_push (fixture->filter, chunk->data, size, &out);
  fixture->offset += size;
  fixture->out += out;
  procstream_chunk_unref (chunk);
}

static void
push_text (Fixture    *fixture,
           const char *text)
{
  push (fixture, text, strlen (text));
}

/* With a sequence that lies across chunks, and what follows the last byte left out. */
static void
test_find (Fixture      *fixture,
           gconstpointer data)
{
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 0), ==, 0);
  push_text (fixture, "a\033[1mb\033[");
  push_text (fixture, "0mcd\033[K");
  g_assert_cmpuint (fixture->out, ==, 4);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 0), ==, 0);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 1), ==, 1);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 2), ==, 6);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 3), ==, 11);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 4), ==, 12);
}

/* What is forgotten is taken for the beginning of what is kept; and that begins where something stands that is not forgotten. */
static void
test_forget (Fixture      *fixture,
             gconstpointer data)
{
  push_text (fixture, "abc");
  push_text (fixture, "def");
  push_text (fixture, "ghi");
  procstream_line_trace_forget (fixture->trace, 4);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 1), ==, 3);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 5), ==, 5);
  procstream_line_trace_forget (fixture->trace, 9);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 8), ==, 8);
}

/* A line that nothing is left of for ever does not keep everything. */
static void
test_limit (Fixture      *fixture,
            gconstpointer data)
{
  enum
  {
    SIZE = 300 * 1024,
  };
  g_autofree char *nothing = g_malloc (SIZE);

  for (gsize i = 0; i < SIZE; i += 3)
    memcpy (nothing + i, "\033[m", 3);
  push_text (fixture, "prompt");
  for (guint i = 0; i < 10; i++)
    push (fixture, nothing, SIZE);
  push_text (fixture, "> ");
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 6), >, 6);
  g_assert_cmpuint (procstream_line_trace_find (fixture->trace, 8), ==, fixture->offset);
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, function) g_test_add ("/line-trace/" name, Fixture, NULL, set_up, function, tear_down)
  g_test_init (&argc, &argv, NULL);
  ADD ("find", test_find);
  ADD ("forget", test_forget);
  ADD ("limit", test_limit);
  return g_test_run ();
}
