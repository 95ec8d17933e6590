/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-splitter-private.h"

#include "procstream-valid-text-private.h"

#include <string.h>

/*
 * A line that lies within one push is handed out where it stands. Only the beginning of a line whose end has not come is copied, to
 * carry. Whenever no function runs:
 *
 *  - carry holds text of the line that is not finished. Its last bytes may turn out to belong to a separator; without them it is never
 *    longer than max_length: what is longer has been cut.
 *    When it is emptied it has no more memory than for PROCSTREAM_LINE_KEPT_SIZE bytes, or twice that, since it grows by doubling.
 *  - skipping is TRUE while everything up to the next separator is dropped; carry is then empty. pending tells how many of the last
 *    bytes may belong to that separator; they are the first ones of it, so they need not be kept, and are not counted before it
 *    is known that they are text. The first unpushed of them were never pushed: they are what is known of a gap, and are
 *    never counted.
 *  - after_cr is TRUE when a CR was the separator of the last line and nothing came after it: a LF belongs to it.
 *  - torn is TRUE, only where keeps_torn is, while the beginning of the line that is not finished is missing; carry then begins with context
 *    bytes that are known to stand before what was pushed. Else context is 0. They neither count towards max_length nor as lost.
 *  - pushed bytes were pushed, and the last of them, but for a line that is being skipped, are those of carry.
 *
 * What comes out does not depend on how the bytes were cut into pushes.
 */
struct _ProcstreamLineSplitter
{
  ProcstreamLineOptions options;
  ProcstreamLineRule    rule;
  GByteArray           *carry;
  gsize                 carry_room; /* so long it was, and so much memory it has, at the least */
  union
  {
    struct
    {
      guint8 skipping;
      guint8 torn;
    };
    guint16 odd; /* either of them */
  };
  gsize             pending;
  gsize             unpushed;
  gboolean          after_cr;
  gboolean          keeps_torn;
  gsize             context;
  guint64           pushed;
  const guint8     *line;          /* while a function runs: where its line begins ... */
  const guint8     *base;          /* ... in the bytes of which these are the first, those of the push or of carry ... */
  gint64            base_position; /* ... and stand there among all that was pushed */
  guint64           lost;
  ProcstreamLineEnd end; /* SEPARATOR but where something else is known */
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
  procstream_line_rule_init (&self->rule, options);
  self->carry = g_byte_array_new ();
  self->end = PROCSTREAM_LINE_END_SEPARATOR;
  return self;
}

void
procstream_line_splitter_free (ProcstreamLineSplitter *self)
{
  g_byte_array_unref (self->carry);
  g_free (self);
}

void
procstream_line_splitter_keep_torn (ProcstreamLineSplitter *self)
{
  self->keeps_torn = TRUE;
}

ProcstreamLineMark
procstream_line_splitter_get_mark (ProcstreamLineSplitter *self)
{
  return self->rule.mark;
}

ProcstreamLineEnd
procstream_line_splitter_get_end (ProcstreamLineSplitter *self)
{
  return self->end;
}

gboolean
procstream_line_splitter_is_torn (ProcstreamLineSplitter *self,
                                  gsize                  *context)
{
  *context = self->context;
  return self->torn;
}

gint64
procstream_line_splitter_get_line_start (ProcstreamLineSplitter *self)
{
  return self->base_position + (self->line - self->base);
}

gint64
procstream_line_splitter_get_unfinished_start (ProcstreamLineSplitter *self)
{
  return (gint64) self->pushed - (gint64) self->carry->len;
}

guint64
procstream_line_splitter_get_bytes_pushed (ProcstreamLineSplitter *self)
{
  return self->pushed;
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

gsize
procstream_line_get_piece_size (const guint8 *data,
                                gsize         max)
{
  gsize start = max;

  while (start > 0 && max - start < 3 && (data[start] & 0xc0) == 0x80)
    start--;
  if (start > 0 && start < max && data[start] >= 0xc0 && start + g_utf8_skip[data[start]] > max)
    return start;
  return max;
}

/* What follows is known from its beginning on. */
static void
forget_torn (ProcstreamLineSplitter *self)
{
  self->torn = FALSE;
  self->context = 0;
}

static inline void
emit (ProcstreamLineSplitter *self,
      Sink                   *sink,
      const guint8           *data,
      gsize                   size)
{
  self->line = data;
  sink->func (sink->user_data, data, size, sink->all_plain || is_plain (data, size));
}

/* The first piece of a line that is longer than the limit; returns its size. */
static gsize
emit_piece (ProcstreamLineSplitter *self,
            Sink                   *sink,
            const guint8           *data)
{
  ProcstreamLineEnd end = self->end;
  gsize             piece = procstream_line_get_piece_size (data, self->options.max_length + self->context);

  self->end = PROCSTREAM_LINE_END_LIMIT;
  emit (self, sink, data, piece);
  self->end = end;
  forget_torn (self);
  return piece;
}

/* Text that ends here, and begins with @context bytes of before. */
static inline void
emit_text (ProcstreamLineSplitter *self,
           Sink                   *sink,
           const guint8           *data,
           gsize                   size,
           gsize                   context)
{
  while (G_UNLIKELY (size - context > self->options.max_length))
    {
      gsize piece = emit_piece (self, sink, data);

      context = 0;
      data += piece;
      size -= piece;
      if (self->options.overflow == PROCSTREAM_LINE_OVERFLOW_TRUNCATE)
        {
          self->lost += size;
          return;
        }
    }
  emit (self, sink, data, size);
}

/* --- Dropping ----------------------------------------------------------------------------------------------------------------- */

/* What is pending after @size more bytes that contain no separator. */
static gsize
get_pending_after (ProcstreamLineSplitter *self,
                   const guint8           *data,
                   gsize                   size)
{
  guint8 last[2 * PROCSTREAM_LINE_RULE_MAX_SIZE];

  if (size >= self->rule.size)
    return procstream_line_rule_get_pending (&self->rule, data, size);
  memcpy (last, self->rule.bytes, self->pending);
  memcpy (last + self->pending, data, size);
  return procstream_line_rule_get_pending (&self->rule, last, self->pending + size);
}

static void
skip (ProcstreamLineSplitter *self,
      const guint8           *data,
      gsize                   size)
{
  gsize pending, unpushed;

  if (size == 0)
    return;
  pending = get_pending_after (self, data, size);
  unpushed = pending > size ? pending - size : 0;
  unpushed -= MIN (unpushed, self->pending - self->unpushed);
  self->lost += self->pending - self->unpushed + size - (pending - unpushed);
  self->pending = pending;
  self->unpushed = unpushed;
}

static void
stop_skipping (ProcstreamLineSplitter *self)
{
  self->skipping = FALSE;
  self->pending = 0;
  self->unpushed = 0;
}

static void
add_to_carry (ProcstreamLineSplitter *self,
              const guint8           *data,
              gsize                   size)
{
  g_byte_array_append (self->carry, data, size);
  self->carry_room = MAX (self->carry_room, self->carry->len);
}

static void
forget_carry (ProcstreamLineSplitter *self)
{
  g_byte_array_set_size (self->carry, 0);
  if (G_LIKELY (self->carry_room <= PROCSTREAM_LINE_KEPT_SIZE))
    return;
  g_byte_array_unref (self->carry);
  self->carry = g_byte_array_new ();
  self->carry_room = 0;
}

/* What is given out stands in carry, and ends before @data of the push. Returns the beginning of that. */
static const guint8 *
begin_carry (ProcstreamLineSplitter *self,
             const guint8           *data)
{
  const guint8 *push = self->base;

  self->base_position = (gint64) self->pushed + (data - push) - (gint64) self->carry->len;
  self->base = self->carry->data;
  return push;
}

static void
end_carry (ProcstreamLineSplitter *self,
           const guint8           *push)
{
  self->base = push;
  self->base_position = (gint64) self->pushed;
}

/* The first piece of carry, which is too long for certain. */
static void
cut_carry (ProcstreamLineSplitter *self,
           Sink                   *sink)
{
  gsize piece = emit_piece (self, &(Sink){ sink->func, sink->user_data, FALSE }, self->carry->data);

  g_byte_array_remove_range (self->carry, 0, piece);
  if (self->options.overflow != PROCSTREAM_LINE_OVERFLOW_TRUNCATE)
    return;
  self->skipping = TRUE;
  skip (self, self->carry->data, self->carry->len);
  forget_carry (self);
}

static gboolean
is_carry_too_long (ProcstreamLineSplitter *self)
{
  const gsize size = self->carry->len;
  const gsize least = self->options.max_length + self->context;

  return size > least && size - procstream_line_rule_get_pending (&self->rule, self->carry->data, size) > least;
}

/* Bytes with which the line goes on: added to carry as far as they fit; a longer line is cut as soon as that is certain. */
static void
extend (ProcstreamLineSplitter *self,
        Sink                   *sink,
        const guint8           *data,
        gsize                   size)
{
  /* With so many bytes it is certain. Wide enough for the highest limit where sizes are 32 bits. */
  const guint64 enough = (guint64) self->options.max_length + self->rule.size + self->context;

  while (size > 0 && !self->skipping)
    {
      gsize n = MIN ((guint64) size, enough - self->carry->len);

      add_to_carry (self, data, n);
      data += n;
      size -= n;
      while (is_carry_too_long (self))
        {
          const guint8 *push = begin_carry (self, data);

          cut_carry (self, sink);
          end_carry (self, push);
        }
    }
  if (self->skipping)
    skip (self, data, size);
}

/* --- Lines -------------------------------------------------------------------------------------------------------------------- */

/* A separator of several bytes, whose marked one follows the @size bytes at @data, and of which the first @n come before them. */
static gboolean
began_before (ProcstreamLineSplitter *self,
              const guint8           *data,
              gsize                   size,
              gsize                   n)
{
  const guint8 *bytes = self->rule.bytes;

  if (size > 0 && memcmp (data, bytes + n, size) != 0)
    return FALSE;
  if (self->skipping)
    return self->pending >= n && memcmp (bytes + self->pending - n, bytes, n) == 0;
  return self->carry->len >= n && memcmp (self->carry->data + self->carry->len - n, bytes, n) == 0;
}

/* A marked byte after @size bytes of the line: whether it ends it. */
static inline gboolean
is_separator (ProcstreamLineSplitter *self,
              const guint8           *data,
              gsize                   size)
{
  const gsize before = self->rule.size - 1;

  if (G_LIKELY (self->rule.optional_cr) || before == 0)
    return TRUE;
  if (size < before)
    return began_before (self, data, size, before - size);
  return memcmp (data + size - before, self->rule.bytes, before) == 0;
}

/* The line ends with the marked byte after @size more bytes, and began before them. */
static void
end_old_line (ProcstreamLineSplitter *self,
              Sink                   *sink,
              const guint8           *data,
              gsize                   size)
{
  const guint8 *push;

  extend (self, sink, data, size);
  if (self->skipping)
    {
      /* What is pending was part of the separator. */
      stop_skipping (self);
      return;
    }
  push = begin_carry (self, data + size);
  size = self->carry->len;
  size -= procstream_line_rule_get_width_before_mark (&self->rule, self->carry->data, size);
  /* The separator may have begun before what was pushed. */
  self->context = MIN (self->context, size);
  emit_text (self, &(Sink){ sink->func, sink->user_data, FALSE }, self->carry->data, size, self->context);
  forget_torn (self);
  end_carry (self, push);
  forget_carry (self);
}

static inline void
end_line (ProcstreamLineSplitter *self,
          Sink                   *sink,
          const guint8           *data,
          gsize                   size)
{
  if (G_LIKELY (self->carry->len == 0 && !self->odd))
    emit_text (self, sink, data, size - procstream_line_rule_get_width_before_mark (&self->rule, data, size), 0);
  else
    end_old_line (self, sink, data, size);
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

/* Where CR and LF both end lines, a LF right after a CR does not end another one. */
static void
push_any (ProcstreamLineSplitter    *self,
          const guint8              *data,
          gsize                      size,
          const ProcstreamLineIndex *index,
          Sink                      *sink)
{
  gsize start = 0;

  for (guint i = 0; i < index->n_positions; i++)
    {
      gsize end = index->positions[i];

      if (!self->after_cr || end > start || data[end] != '\n')
        end_line (self, sink, data + start, end - start);
      self->after_cr = data[end] == '\r';
      start = end + 1;
    }
  if (start < size)
    self->after_cr = FALSE;
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
    index = own = procstream_line_index_new (data, size, self->rule.mark);
  g_assert (index->mark == self->rule.mark);
  sink.all_plain = index->ascii && !index->has_nul;
  self->base = data;
  self->base_position = (gint64) self->pushed;
  if (self->rule.any)
    push_any (self, data, size, index, &sink);
  else
    push (self, data, size, index, &sink);
  self->pushed += size;
  if (own)
    procstream_line_index_free (own);
}

void
procstream_line_splitter_gap (ProcstreamLineSplitter *self,
                              gboolean                at_line_start)
{
  self->lost += self->carry->len - self->context + self->pending - self->unpushed;
  forget_carry (self);
  stop_skipping (self);
  self->after_cr = FALSE;
  self->context = 0;
  self->torn = self->keeps_torn && !at_line_start;
  self->skipping = !self->keeps_torn && !at_line_start;
}

/* With how many of these bytes, after which no line begins, their last line begins. */
static gsize
get_last_line_size (ProcstreamLineSplitter *self,
                    const guint8           *data,
                    gsize                   size)
{
  gsize start = size;

  while (start > 0 && !procstream_line_rule_ends (&self->rule, data, start))
    start--;
  return size - start;
}

void
procstream_line_splitter_gap_after (ProcstreamLineSplitter *self,
                                    const guint8           *before,
                                    gsize                   size)
{
  procstream_line_splitter_gap (self, procstream_line_rule_ends (&self->rule, before, size));
  if (self->skipping)
    self->pending = self->unpushed = procstream_line_rule_get_pending (&self->rule, before, size);
  if (self->torn && size > 0)
    {
      self->context = get_last_line_size (self, before, size);
      add_to_carry (self, before + size - self->context, self->context);
    }
  self->after_cr = self->rule.any && size > 0 && before[size - 1] == '\r';
}

void
procstream_line_splitter_finish (ProcstreamLineSplitter *self,
                                 ProcstreamLineFunc      func,
                                 gpointer                user_data)
{
  Sink sink = { func, user_data, FALSE };

  self->end = PROCSTREAM_LINE_END_OUTPUT;
  self->base = self->carry->data;
  self->base_position = procstream_line_splitter_get_unfinished_start (self);
  if (self->carry->len > self->context)
    emit_text (self, &sink, self->carry->data, self->carry->len, self->context);
  self->end = PROCSTREAM_LINE_END_SEPARATOR;
  forget_carry (self);
  forget_torn (self);
  self->lost += self->pending - self->unpushed;
  stop_skipping (self);
  self->after_cr = FALSE;
}

/* The last bytes may turn out to belong to a separator. */
const guint8 *
procstream_line_splitter_peek_text (ProcstreamLineSplitter *self,
                                    gsize                  *size)
{
  *size = self->carry->len - procstream_line_rule_get_pending (&self->rule, self->carry->data, self->carry->len);
  return self->carry->data;
}

/* --- Text --------------------------------------------------------------------------------------------------------------------- */

const char *
procstream_line_repair (const guint8 *data,
                        gsize         size,
                        GString      *scratch,
                        gsize        *text_size)
{
  *text_size = size;
  if (g_utf8_validate_len ((const char *) data, size, NULL))
    return (const char *) data;
  g_string_truncate (scratch, 0);
  procstream_valid_text_append (scratch, (const char *) data, size);
  *text_size = scratch->len;
  return scratch->str;
}

gsize
procstream_line_get_text_offset (const guint8 *data,
                                 gsize         size,
                                 gsize         position)
{
  const char *rest = (const char *) data;
  const char *end = rest + size;
  const char *target = rest + position;
  const char *bad;
  gsize       offset = 0;

  while (!g_utf8_validate_len (rest, end - rest, &bad) && bad < target)
    {
      offset += bad - rest + strlen (PROCSTREAM_REPLACEMENT);
      rest = bad + 1;
    }
  while (target < bad && ((guint8) *target & 0xc0) == 0x80)
    target++;
  return offset + (target - rest);
}

gsize
procstream_line_get_raw_offset (const guint8 *data,
                                gsize         size,
                                gsize         offset)
{
  const gsize width = strlen (PROCSTREAM_REPLACEMENT);
  const char *rest = (const char *) data;
  const char *end = rest + size;
  const char *bad;

  while (!g_utf8_validate_len (rest, end - rest, &bad) && offset > (gsize) (bad - rest))
    {
      offset -= MIN (offset, bad - rest + width);
      rest = bad + 1;
    }
  return MIN (size, (gsize) (rest - (const char *) data) + offset);
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
procstream_line_batch_new (const char *const *lines,
                           guint              n_lines)
{
  ProcstreamLineBatch *self;
  char                *text;
  gsize                size = 0;

  for (guint i = 0; i < n_lines; i++)
    size += strlen (lines[i]) + 1;
  self = batch_new (n_lines, size, &text);
  for (guint i = 0; i < n_lines; i++)
    {
      self->lines[i] = text;
      text = stpcpy (text, lines[i]) + 1;
    }
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

/* A LF as a rule. Where lines have some, another control character; and where they have all, one at each end of more of
 * another one than are in a row anywhere. */
static char *
find_joint (ProcstreamLineBatch *self)
{
  gboolean used[' '] = { FALSE };
  gsize    row = 0, longest = 0;

  for (guint i = 0; i < self->n_lines; i++, row = 0)
    for (const char *p = self->lines[i]; *p != '\0'; p++)
      {
        row = *p == '\002' ? row + 1 : 0;
        longest = MAX (longest, row);
        if ((guchar) *p < ' ')
          used[(guchar) *p] = TRUE;
      }
  for (int c = 1; c < ' '; c++)
    if (!used[c])
      return g_strnfill (1, (char) c);
  {
    g_autofree char *middle = g_strnfill (longest + 1, '\002');

    return g_strconcat ("\001", middle, "\001", NULL);
  }
}

static gboolean
has_lf (ProcstreamLineBatch *self)
{
  const char *last = self->lines[self->n_lines - 1];

  return memchr (self->lines[0], '\n', last + strlen (last) - self->lines[0]) != NULL;
}

char *
procstream_line_batch_join (ProcstreamLineBatch *self,
                            char               **separator)
{
  *separator = has_lf (self) ? find_joint (self) : g_strdup ("\n");
  return g_strjoinv (*separator, self->lines);
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

  if (index->n_positions == 0 || !index->ascii || index->has_nul || self->odd || self->rule.any ||
      (self->rule.size > 1 && !self->rule.optional_cr) || !is_plain (self->carry->data, self->carry->len))
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
  const gboolean       drop_cr = self->rule.optional_cr && (index->has_cr || before > 0);
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
      if (drop_cr && end > start && text[end - 1] == '\r')
        text[end - 1] = '\0';
      batch->lines[i] = text + start;
      start = end + 1;
    }
  forget_carry (self);
  add_to_carry (self, data + used, size - used);
  self->pushed += size;
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
  ProcstreamLineIndex *own = data && !index ? procstream_line_index_new (data, size, self->rule.mark) : NULL;
  ProcstreamLineBatch *batch = push_batch (self, data, size, own ? own : index);

  if (own)
    procstream_line_index_free (own);
  return batch;
}
