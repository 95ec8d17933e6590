/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-splitter-private.h"

#include <string.h>

/*
 * A line that lies within one push is handed out where it stands. Only the beginning of a line whose end has not come is copied, to
 * carry. Whenever no function runs:
 *
 *  - carry holds text of the line that is not finished, never more than max_length + 1 bytes: what is longer has been cut. The
 *    one byte more is a CR that may turn out to belong to the separator.
 *  - skipping is TRUE while everything up to the next separator is dropped; carry is then empty. skipped_cr tells
 *    that the last byte was a CR, which is not counted before it is known to be text. after_cr tells the same of a byte
 *    that was never pushed, and so is never counted.
 *
 * What comes out does not depend on how the bytes were cut into pushes.
 */
struct _ProcstreamLineSplitter
{
  ProcstreamLineOptions options;
  GByteArray           *carry;
  gboolean              skipping;
  gboolean              skipped_cr;
  gboolean              after_cr;
  guint64               lost;
};

typedef struct
{
  ProcstreamLineFunc func;
  gpointer           user_data;
  gboolean           all_plain; /* nothing pushed now needs repair */
} Sink;

ProcstreamLineSplitter *
procstream_line_splitter_new (const ProcstreamLineOptions *options)
{
  ProcstreamLineSplitter *self = g_new0 (ProcstreamLineSplitter, 1);

  self->options = *options;
  self->carry = g_byte_array_new ();
  return self;
}

void
procstream_line_splitter_free (ProcstreamLineSplitter *self)
{
  g_byte_array_unref (self->carry);
  g_free (self);
}

guint64
procstream_line_splitter_get_bytes_lost (ProcstreamLineSplitter *self)
{
  return self->lost;
}

/* --- Cutting ------------------------------------------------------------------------------------------------------------------ */

static gboolean
is_plain (const guint8 *data,
          gsize         size)
{
  guint8 high = 0;

  for (gsize i = 0; i < size; i++)
    high |= data[i];
  /* An empty line may have no address, which memchr() must not be given. */
  return high < 0x80 && (size == 0 || memchr (data, 0, size) == NULL);
}

/* How many of more than @max bytes make a piece: up to the last beginning of a character, if one lies across the cut. */
static gsize
piece_size (const guint8 *data,
            gsize         max)
{
  gsize start = max;

  while (start > 0 && max - start < 3 && (data[start] & 0xc0) == 0x80)
    start--;
  if (start > 0 && start < max && data[start] >= 0xc0 && start + g_utf8_skip[data[start]] > max)
    return start;
  return max;
}

static inline void
emit (Sink         *sink,
      const guint8 *data,
      gsize         size)
{
  sink->func (sink->user_data, data, size, sink->all_plain || is_plain (data, size));
}

/* Text that ends here. */
static void
emit_text (ProcstreamLineSplitter *self,
           Sink                   *sink,
           const guint8           *data,
           gsize                   size)
{
  const gsize max = self->options.max_length;

  while (size > max)
    {
      gsize piece = piece_size (data, max);

      emit (sink, data, piece);
      data += piece;
      size -= piece;
      if (self->options.overflow == PROCSTREAM_LINE_OVERFLOW_TRUNCATE)
        {
          self->lost += size;
          return;
        }
    }
  emit (sink, data, size);
}

static gboolean
takes_cr (ProcstreamLineSplitter *self)
{
  return self->options.separator != PROCSTREAM_LINE_SEPARATOR_LF;
}

/* --- Dropping ----------------------------------------------------------------------------------------------------------------- */

static void
skip (ProcstreamLineSplitter *self,
      const guint8           *data,
      gsize                   size)
{
  if (size == 0)
    return;
  self->after_cr = FALSE;
  self->lost += size + self->skipped_cr;
  self->skipped_cr = takes_cr (self) && data[size - 1] == '\r';
  self->lost -= self->skipped_cr;
}

static void
forget_carry (ProcstreamLineSplitter *self)
{
  g_byte_array_set_size (self->carry, 0);
}

/* The first piece of carry, which is too long for certain. */
static void
cut_carry (ProcstreamLineSplitter *self,
           Sink                   *sink)
{
  gsize piece = piece_size (self->carry->data, self->options.max_length);

  sink->func (sink->user_data, self->carry->data, piece, is_plain (self->carry->data, piece));
  g_byte_array_remove_range (self->carry, 0, piece);
  if (self->options.overflow != PROCSTREAM_LINE_OVERFLOW_TRUNCATE)
    return;
  self->skipping = TRUE;
  skip (self, self->carry->data, self->carry->len);
  forget_carry (self);
}

/* Bytes with which the line goes on: added to carry as far as they fit; a longer line is cut as soon as that is certain. */
static void
extend (ProcstreamLineSplitter *self,
        Sink                   *sink,
        const guint8           *data,
        gsize                   size)
{
  /* Wide enough for the highest limit where sizes are 32 bits. */
  const guint64 max = self->options.max_length;

  while (size > 0 && !self->skipping)
    {
      gsize n = MIN ((guint64) size, max + 2 - self->carry->len);

      g_byte_array_append (self->carry, data, n);
      data += n;
      size -= n;
      while (self->carry->len > max + 1 ||
             (self->carry->len == max + 1 && !(takes_cr (self) && self->carry->data[max] == '\r')))
        cut_carry (self, sink);
    }
  if (self->skipping)
    skip (self, data, size);
}

/* --- Lines -------------------------------------------------------------------------------------------------------------------- */

/* A LF at the end of @size bytes: whether it ends the line. */
static gboolean
is_separator (ProcstreamLineSplitter *self,
              const guint8           *data,
              gsize                   size)
{
  if (self->options.separator != PROCSTREAM_LINE_SEPARATOR_CRLF)
    return TRUE;
  if (size > 0)
    return data[size - 1] == '\r';
  if (self->skipping)
    return self->skipped_cr || self->after_cr;
  return self->carry->len > 0 && self->carry->data[self->carry->len - 1] == '\r';
}

static gsize
without_cr (ProcstreamLineSplitter *self,
            const guint8           *data,
            gsize                   size)
{
  return takes_cr (self) && size > 0 && data[size - 1] == '\r' ? size - 1 : size;
}

/* The line ends after @size more bytes. */
static void
end_line (ProcstreamLineSplitter *self,
          Sink                   *sink,
          const guint8           *data,
          gsize                   size)
{
  if (self->carry->len == 0 && !self->skipping)
    {
      emit_text (self, sink, data, without_cr (self, data, size));
      return;
    }
  extend (self, sink, data, size);
  if (self->skipping)
    {
      /* A CR at the end was part of the separator. */
      self->skipping = FALSE;
      self->skipped_cr = FALSE;
      self->after_cr = FALSE;
      return;
    }
  emit_text (self, &(Sink){ sink->func, sink->user_data, FALSE }, self->carry->data,
             without_cr (self, self->carry->data, self->carry->len));
  forget_carry (self);
}

static void
push (ProcstreamLineSplitter    *self,
      const guint8              *data,
      gsize                      size,
      const ProcstreamLineIndex *index,
      Sink                      *sink)
{
  gsize start = 0;

  for (guint i = 0; i < index->n_positions; i++)
    {
      gsize end = index->positions[i];

      if (!is_separator (self, data + start, end - start))
        continue;
      end_line (self, sink, data + start, end - start);
      start = end + 1;
    }
  extend (self, sink, data + start, size - start);
}

void
procstream_line_splitter_push (ProcstreamLineSplitter    *self,
                               const guint8              *data,
                               gsize                      size,
                               const ProcstreamLineIndex *index,
                               ProcstreamLineFunc         func,
                               gpointer                   user_data)
{
  ProcstreamLineIndex *own = NULL;
  Sink                 sink = { func, user_data, FALSE };

  if (index == NULL)
    index = own = procstream_line_index_new (data, size);
  g_assert (index);
  sink.all_plain = index->ascii && !index->has_nul;
  push (self, data, size, index, &sink);
  if (own)
    procstream_line_index_free (own);
}

void
procstream_line_splitter_gap (ProcstreamLineSplitter *self,
                              gboolean                at_line_start)
{
  self->lost += self->carry->len + self->skipped_cr;
  forget_carry (self);
  self->skipped_cr = FALSE;
  self->after_cr = FALSE;
  self->skipping = !at_line_start;
}

void
procstream_line_splitter_gap_after_cr (ProcstreamLineSplitter *self)
{
  procstream_line_splitter_gap (self, FALSE);
  self->after_cr = TRUE;
}

void
procstream_line_splitter_finish (ProcstreamLineSplitter *self,
                                 ProcstreamLineFunc      func,
                                 gpointer                user_data)
{
  Sink sink = { func, user_data, FALSE };

  if (self->carry->len > 0)
    emit_text (self, &sink, self->carry->data, self->carry->len);
  forget_carry (self);
  self->lost += self->skipped_cr;
  self->skipped_cr = FALSE;
  self->after_cr = FALSE;
  self->skipping = FALSE;
}

GBytes *
procstream_line_splitter_steal_text (ProcstreamLineSplitter *self)
{
  GBytes *text;

  if (self->carry->len == 0)
    return NULL;
  text = g_bytes_new (self->carry->data, self->carry->len);
  forget_carry (self);
  return text;
}

/* --- Text --------------------------------------------------------------------------------------------------------------------- */

#define REPLACEMENT "\357\277\275" /* U+FFFD */

const char *
procstream_line_repair (const guint8 *data,
                        gsize         size,
                        GString      *scratch,
                        gsize        *text_size)
{
  const char *rest = (const char *) data;
  const char *end = rest + size;
  const char *bad;

  *text_size = size;
  if (g_utf8_validate_len (rest, size, &bad))
    return rest;
  g_string_truncate (scratch, 0);
  do
    {
      g_string_append_len (scratch, rest, bad - rest);
      g_string_append (scratch, REPLACEMENT);
      rest = bad + 1;
    }
  while (!g_utf8_validate_len (rest, end - rest, &bad));
  g_string_append_len (scratch, rest, end - rest);
  *text_size = scratch->len;
  return scratch->str;
}

/* --- Batches ------------------------------------------------------------------------------------------------------------------ */

/* The record, the array and @size bytes of text are one allocation; returns where the text goes. */
static ProcstreamLineBatch *
batch_new (guint  n_lines,
           gsize  size,
           char **text)
{
  ProcstreamLineBatch *self = g_malloc (sizeof (ProcstreamLineBatch) + (n_lines + 1) * sizeof (char *) + size);

  g_atomic_ref_count_init (&self->ref_count);
  self->n_lines = n_lines;
  self->lines = (char **) (self + 1);
  self->lines[n_lines] = NULL;
  *text = (char *) (self->lines + n_lines + 1);
  return self;
}

ProcstreamLineBatch *
procstream_line_batch_ref (ProcstreamLineBatch *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_line_batch_unref (ProcstreamLineBatch *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

typedef struct
{
  GString *text;
  GString *scratch;
  GArray  *offsets; /* of gsize */
} Gathered;

static void
gather_cb (gpointer      user_data,
           const guint8 *data,
           gsize         size,
           gboolean      plain)
{
  Gathered   *self = user_data;
  const char *text = (const char *) data;
  gsize       offset = self->text->len;

  if (!plain)
    text = procstream_line_repair (data, size, self->scratch, &size);
  g_array_append_val (self->offsets, offset);
  g_string_append_len (self->text, text, size);
  g_string_append_c (self->text, '\0');
}

static ProcstreamLineBatch *
batch_from_gathered (Gathered *gathered)
{
  ProcstreamLineBatch *self = NULL;
  char                *text;

  if (gathered->offsets->len > 0)
    {
      self = batch_new (gathered->offsets->len, gathered->text->len, &text);
      memcpy (text, gathered->text->str, gathered->text->len);
      for (guint i = 0; i < self->n_lines; i++)
        self->lines[i] = text + g_array_index (gathered->offsets, gsize, i);
    }
  g_string_free (gathered->text, TRUE);
  g_string_free (gathered->scratch, TRUE);
  g_array_unref (gathered->offsets);
  return self;
}

/* Whether every line is text as it stands and none is too long, so that one copy will do. */
static gboolean
is_simple (ProcstreamLineSplitter    *self,
           gsize                      size,
           const ProcstreamLineIndex *index)
{
  gsize start = 0;
  gsize longest = 0;

  if (index->n_positions == 0 || !index->ascii || index->has_nul || self->skipping ||
      self->options.separator == PROCSTREAM_LINE_SEPARATOR_CRLF || !is_plain (self->carry->data, self->carry->len))
    return FALSE;
  for (guint i = 0; i < index->n_positions; i++)
    {
      longest = MAX (longest, index->positions[i] - start);
      start = index->positions[i] + 1;
    }
  longest = MAX (longest, self->carry->len + index->positions[0]);
  return MAX (longest, size - start) <= self->options.max_length;
}

static ProcstreamLineBatch *
push_simple (ProcstreamLineSplitter    *self,
             const guint8              *data,
             gsize                      size,
             const ProcstreamLineIndex *index)
{
  const gsize          before = self->carry->len;
  const gsize          used = index->positions[index->n_positions - 1] + 1;
  const gboolean       drop_cr = index->has_cr || before > 0;
  char                *text;
  ProcstreamLineBatch *batch = batch_new (index->n_positions, before + used, &text);
  gsize                start = 0;

  if (before > 0)
    memcpy (text, self->carry->data, before);
  memcpy (text + before, data, used);
  for (guint i = 0; i < index->n_positions; i++)
    {
      gsize end = before + index->positions[i];

      text[end] = '\0';
      if (drop_cr && takes_cr (self) && end > start && text[end - 1] == '\r')
        text[end - 1] = '\0';
      batch->lines[i] = text + start;
      start = end + 1;
    }
  forget_carry (self);
  g_byte_array_append (self->carry, data + used, size - used);
  return batch;
}

static ProcstreamLineBatch *
push_batch (ProcstreamLineSplitter    *self,
            const guint8              *data,
            gsize                      size,
            const ProcstreamLineIndex *index)
{
  Gathered gathered;

  if (data && index && is_simple (self, size, index))
    return push_simple (self, data, size, index);
  gathered = (Gathered){ g_string_sized_new (size + 16), g_string_new (NULL), g_array_new (FALSE, FALSE, sizeof (gsize)) };
  if (data)
    procstream_line_splitter_push (self, data, size, index, gather_cb, &gathered);
  else
    procstream_line_splitter_finish (self, gather_cb, &gathered);
  return batch_from_gathered (&gathered);
}

ProcstreamLineBatch *
procstream_line_splitter_push_batch (ProcstreamLineSplitter    *self,
                                     const guint8              *data,
                                     gsize                      size,
                                     const ProcstreamLineIndex *index)
{
  ProcstreamLineIndex *own = data && !index ? procstream_line_index_new (data, size) : NULL;
  ProcstreamLineBatch *batch = push_batch (self, data, size, own ? own : index);

  if (own)
    procstream_line_index_free (own);
  return batch;
}
