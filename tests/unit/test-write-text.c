/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-write-text-private.h"

#include <string.h>

static const ProcstreamLineOptions options = { PROCSTREAM_LINE_SEPARATOR_NEWLINE, 100, PROCSTREAM_LINE_OVERFLOW_SPLIT };

/* A text, the batch that it goes to, and where in the stream it is. */
typedef struct
{
  ProcstreamWriteText  text;
  ProcstreamWriteBatch batch;
  guint64              offset;
  guint8               last; /* byte */
} Case;

static void
case_init (Case               *self,
           ProcstreamWriteMode mode,
           const char         *prefix,
           gboolean            mark_losses)
{
  *self = (Case){ .text = { .mode = mode, .prefix = g_strdup (prefix), .ending = g_strdup ("\n"), .mark_losses = mark_losses } };
  self->text.name = g_strdup ("stdout");
  self->text.label = g_strdup ("make (stdout)");
  procstream_write_text_init (&self->text, &options);
  procstream_write_batch_init (&self->batch);
}

static void
case_clear (Case *self)
{
  procstream_write_text_clear (&self->text);
  procstream_write_batch_clear (&self->batch);
}

static void
case_push (Case       *self,
           const char *text)
{
  ProcstreamChunk *chunk = procstream_chunk_new_copy (text, strlen (text), g_get_monotonic_time ());

  chunk->before[PROCSTREAM_LINE_RULE_MAX_SIZE - 1] = self->last;
  chunk->offset = self->offset;
  self->offset += chunk->size;
  procstream_write_text_chunk (&self->text, chunk, &self->batch);
  procstream_chunk_unref (chunk);
  self->last = text[strlen (text) - 1];
}

/* @text was there, and was lost. */
static void
case_lose (Case       *self,
           const char *text)
{
  procstream_write_text_gap (&self->text, strlen (text), &self->batch);
  self->last = text[strlen (text) - 1];
  self->offset += strlen (text);
}

static void
case_assert (Case       *self,
             const char *expected,
             guint       items)
{
  GOutputVector vectors[PROCSTREAM_WRITE_BATCH_PIECES];
  guint         n;
  g_autoptr (GString) text = g_string_new (NULL);

  procstream_write_text_end (&self->text, &self->batch);
  n = procstream_write_batch_get_vectors (&self->batch, self->batch.size, vectors, G_N_ELEMENTS (vectors));
  for (guint i = 0; i < n; i++)
    g_string_append_len (text, vectors[i].buffer, vectors[i].size);
  g_assert_cmpstr (text->str, ==, expected);
  g_assert_cmpuint (self->batch.ends->len, ==, items);
  case_clear (self);
}

static void
test_bytes (void)
{
  Case c;

  case_init (&c, PROCSTREAM_WRITE_MODE_BYTES, NULL, TRUE);
  case_push (&c, "one\ntw");
  case_push (&c, "o");
  case_assert (&c, "one\ntwo", 2);
}

/* The marker has a line of its own, and stands where the bytes were. */
static void
test_bytes_gap (void)
{
  Case c;

  case_init (&c, PROCSTREAM_WRITE_MODE_BYTES, NULL, TRUE);
  case_push (&c, "one\ntw");
  case_lose (&c, "lost");
  case_push (&c, "three\n");
  case_lose (&c, "lost");
  case_lose (&c, "again");
  case_push (&c, "four");
  case_lose (&c, "l");
  case_assert (&c,
               "one\ntw\n[stdout: 4 bytes lost]\nthree\n[stdout: 9 bytes lost]\nfour\n[stdout: 1 bytes lost]\n", 6);

  case_init (&c, PROCSTREAM_WRITE_MODE_BYTES, NULL, FALSE);
  case_push (&c, "one");
  case_lose (&c, "lost");
  case_push (&c, "two");
  case_assert (&c, "onetwo", 2);
}

static void
test_lines (void)
{
  Case c;

  case_init (&c, PROCSTREAM_WRITE_MODE_LINES, "%p %% ", TRUE);
  case_push (&c, "one\ntw");
  case_push (&c, "o\n\nth");
  case_push (&c, "ree");
  case_assert (&c, "make (stdout) % one\nmake (stdout) % two\nmake (stdout) % \nmake (stdout) % three\n", 4);
}

/* With nothing before them, and a line feed after them, they are written from where they are. */
static void
test_verbatim (void)
{
  Case             c;
  ProcstreamChunk *chunk = procstream_chunk_new_copy ("one\ntwo\nthree\r\nfour\nfi", 22, 0);
  GOutputVector    vectors[4];

  case_init (&c, PROCSTREAM_WRITE_MODE_LINES, NULL, TRUE);
  procstream_write_text_chunk (&c.text, chunk, &c.batch);
  g_assert_cmpuint (procstream_write_batch_get_vectors (&c.batch, c.batch.size, vectors, 4), ==, 3);
  g_assert_true (vectors[0].buffer == chunk->data && vectors[0].size == 8);
  g_assert_true (vectors[2].buffer == chunk->data + 15);
  procstream_chunk_unref (chunk);
  c.offset = 22;
  c.last = 'i';
  case_push (&c, "ve\nsix");
  case_assert (&c, "one\ntwo\nthree\nfour\nfive\nsix\n", 6);
}

/* What the gap tore off is counted too, and no whole line is lost with it. */
static void
test_lines_gap (void)
{
  Case c;

  case_init (&c, PROCSTREAM_WRITE_MODE_LINES, NULL, TRUE);
  case_push (&c, "one\ntw");
  case_lose (&c, "lost");
  case_push (&c, "torn\nfour\n");
  g_assert_cmpuint (procstream_write_text_get_bytes_torn (&c.text), ==, 6);
  case_assert (&c, "one\n[stdout: 10 bytes lost]\nfour\n", 3);

  case_init (&c, PROCSTREAM_WRITE_MODE_LINES, "%n ", TRUE);
  case_push (&c, "one\n");
  case_lose (&c, "lost\n");
  case_push (&c, "three\n");
  case_lose (&c, "at the end");
  case_assert (&c, "stdout one\nstdout [stdout: 5 bytes lost]\nstdout three\nstdout [stdout: 10 bytes lost]\n", 4);
}

static void
test_prefix (void)
{
  const char *const good[] = { "", "plain", "%d %t", "%n%p%%", "100%%" };
  const char *const bad[] = { "%", "100% ", "%x", "%%%", "%D" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (procstream_write_text_check_prefix (good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (procstream_write_text_check_prefix (bad[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/write-text/bytes", test_bytes);
  g_test_add_func ("/write-text/bytes-gap", test_bytes_gap);
  g_test_add_func ("/write-text/lines", test_lines);
  g_test_add_func ("/write-text/verbatim", test_verbatim);
  g_test_add_func ("/write-text/lines-gap", test_lines_gap);
  g_test_add_func ("/write-text/prefix", test_prefix);
  return g_test_run ();
}
