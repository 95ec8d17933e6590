/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-write-batch-private.h"

#include <string.h>

/*
 * The pieces, in order, are the bytes of the batch, size of them; the items end at ends, in order, the last one at size. done is a place
 * in these bytes: piece_done bytes into piece, and within, or at the beginning of, item. A piece of text is remembered by its place, since
 * the text moves as it grows.
 */
typedef struct
{
  ProcstreamChunk *chunk; /* NULL: of the text */
  gsize            offset;
  gsize            size;
} Piece;

static void
clear_piece (gpointer data)
{
  Piece *piece = data;

  g_clear_pointer (&piece->chunk, procstream_chunk_unref);
}

void
procstream_write_batch_init (ProcstreamWriteBatch *self)
{
  *self = (ProcstreamWriteBatch){
    .pieces = g_array_new (FALSE, FALSE, sizeof (Piece)),
    .text = g_byte_array_new (),
    .ends = g_array_new (FALSE, FALSE, sizeof (gsize)),
  };
  g_array_set_clear_func (self->pieces, clear_piece);
}

void
procstream_write_batch_clear (ProcstreamWriteBatch *self)
{
  g_array_unref (self->pieces);
  g_byte_array_unref (self->text);
  g_array_unref (self->ends);
}

void
procstream_write_batch_reset (ProcstreamWriteBatch *self)
{
  g_array_set_size (self->pieces, 0);
  g_byte_array_set_size (self->text, 0);
  g_array_set_size (self->ends, 0);
  self->size = self->done = self->piece_done = 0;
  self->piece = self->item = 0;
}

gboolean
procstream_write_batch_is_full (ProcstreamWriteBatch *self)
{
  return self->size >= PROCSTREAM_WRITE_BATCH_SIZE || self->pieces->len >= PROCSTREAM_WRITE_BATCH_PIECES;
}

static Piece *
get_last_piece (ProcstreamWriteBatch *self)
{
  return self->pieces->len > 0 ? &g_array_index (self->pieces, Piece, self->pieces->len - 1) : NULL;
}

void
procstream_write_batch_add_slice (ProcstreamWriteBatch *self,
                                  ProcstreamChunk      *chunk,
                                  gsize                 offset,
                                  gsize                 size)
{
  Piece *last = get_last_piece (self);

  if (last && last->chunk == chunk && last->offset + last->size == offset)
    {
      last->size += size;
    }
  else
    {
      Piece piece = { procstream_chunk_ref (chunk), offset, size };

      g_array_append_val (self->pieces, piece);
    }
  self->size += size;
}

void
procstream_write_batch_add_chunk (ProcstreamWriteBatch *self,
                                  ProcstreamChunk      *chunk)
{
  procstream_write_batch_add_slice (self, chunk, 0, chunk->size);
  procstream_write_batch_end_item (self);
}

guint8 *
procstream_write_batch_add_space (ProcstreamWriteBatch *self,
                                  gsize                 size)
{
  Piece *last = get_last_piece (self);
  gsize  offset = self->text->len;

  g_byte_array_set_size (self->text, offset + size);
  if (last && last->chunk == NULL)
    {
      last->size += size;
    }
  else if (size > 0)
    {
      Piece piece = { NULL, offset, size };

      g_array_append_val (self->pieces, piece);
    }
  self->size += size;
  return self->text->data + offset;
}

void
procstream_write_batch_add_text (ProcstreamWriteBatch *self,
                                 gconstpointer         data,
                                 gsize                 size)
{
  if (size > 0)
    memcpy (procstream_write_batch_add_space (self, size), data, size);
}

static gsize
get_end (ProcstreamWriteBatch *self,
         guint                 item)
{
  return g_array_index (self->ends, gsize, item);
}

void
procstream_write_batch_end_item (ProcstreamWriteBatch *self)
{
  gsize begin = self->ends->len > 0 ? get_end (self, self->ends->len - 1) : 0;

  if (!self->whole && self->size > begin)
    g_array_append_val (self->ends, self->size);
}

gsize
procstream_write_batch_get_left (ProcstreamWriteBatch *self)
{
  return self->size - self->done;
}

gsize
procstream_write_batch_get_item_end (ProcstreamWriteBatch *self)
{
  return self->item < self->ends->len ? get_end (self, self->item) : self->size;
}

gboolean
procstream_write_batch_is_at_item (ProcstreamWriteBatch *self)
{
  return self->done == (self->item > 0 ? get_end (self, self->item - 1) : 0);
}

gsize
procstream_write_batch_get_last_end (ProcstreamWriteBatch *self,
                                     gsize                 limit)
{
  guint from = self->item, to = self->ends->len; /* the items before from end within the limit, those from to on do not */

  if (limit >= self->size)
    return self->size;
  while (from < to)
    {
      guint middle = from + (to - from) / 2;

      if (get_end (self, middle) <= limit)
        from = middle + 1;
      else
        to = middle;
    }
  return from > self->item ? get_end (self, from - 1) : self->done;
}

static gconstpointer
get_data (ProcstreamWriteBatch *self,
          const Piece          *piece)
{
  return (piece->chunk ? piece->chunk->data : self->text->data) + piece->offset;
}

guint
procstream_write_batch_get_vectors (ProcstreamWriteBatch *self,
                                    gsize                 end,
                                    GOutputVector        *vectors,
                                    guint                 max)
{
  gsize left = end - self->done;
  gsize skip = self->piece_done;
  guint n = 0;

  for (guint i = self->piece; n < max && left > 0; i++, skip = 0)
    {
      const Piece *piece = &g_array_index (self->pieces, Piece, i);
      gsize        size = MIN (left, piece->size - skip);

      vectors[n++] = (GOutputVector){ (const guint8 *) get_data (self, piece) + skip, size };
      left -= size;
    }
  return n;
}

void
procstream_write_batch_advance (ProcstreamWriteBatch *self,
                                gsize                 size)
{
  g_assert (size <= procstream_write_batch_get_left (self));
  self->done += size;
  self->piece_done += size;
  while (self->piece < self->pieces->len && self->piece_done >= g_array_index (self->pieces, Piece, self->piece).size)
    self->piece_done -= g_array_index (self->pieces, Piece, self->piece++).size;
  while (self->item < self->ends->len && self->done >= get_end (self, self->item))
    self->item++;
}
