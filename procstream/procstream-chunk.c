/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-chunk-private.h"

#include <string.h>

/*
 * A retained log is mostly these records, so bytes that are copied follow the last field of the record immediately, in
 * what would be its padding: a chunk of ten bytes is one allocation of 80.
 *
 * Everything but the index and the count is written before the chunk is shared, and never again. The index is built without a lock
 * by whoever needs it; should two do so at the same time, the first to publish it wins, and the other one's is thrown away.
 *
 * A chunk has one place in one log. A second log gets a share: a record with a place of its own that keeps the first one alive and has its
 * bytes, its index and what was before it. Shares are made of whole chunks only, so none leads to another.
 */
#define INLINE_OFFSET (offsetof (ProcstreamChunk, before) + sizeof (((ProcstreamChunk *) NULL)->before))

/* What is smaller than this part of the memory that it would hold is copied. */
#define MIN_SHARE 8

/* What is kept of a chunk is bounded by its bytes. A position takes four of them: where lines are so short that their positions would
 * take more than a quarter of what the text does, none are kept, and who cuts it looks for them again. */
#define MIN_BYTES_PER_LINE 16
#define ALWAYS_KEPT 16 /* not worth a second search */
static ProcstreamLineIndex too_dense;

const char *
procstream_stream_get_name (ProcstreamStream stream)
{
  static const char *const names[] = { NULL, "stdout", "stderr" };

  g_assert (stream < G_N_ELEMENTS (names));
  return names[stream];
}

gint64
procstream_chunk_stamp (void)
{
  static GMutex mutex;
  static gint64 last;
  gint64        now = g_get_monotonic_time ();

  g_mutex_lock (&mutex);
  now = last = MAX (now, last + 1);
  g_mutex_unlock (&mutex);
  return now;
}

static ProcstreamChunk *
chunk_alloc (gsize  n_inline,
             gsize  size,
             gint64 time_us)
{
  ProcstreamChunk *self = g_malloc (MAX (sizeof (ProcstreamChunk), INLINE_OFFSET + n_inline));

  g_assert (size > 0 && size <= G_MAXUINT32);
  g_atomic_ref_count_init (&self->ref_count);
  self->size = size;
  self->data = (guint8 *) self + INLINE_OFFSET;
  self->slab = NULL;
  self->sequence = 0;
  self->offset = 0;
  self->time_us = time_us;
  self->index = NULL;
  self->stream = PROCSTREAM_STREAM_NONE;
  self->is_share = FALSE;
  self->before[0] = 0;
  self->before[1] = 0;
  return self;
}

ProcstreamChunk *
procstream_chunk_new (ProcstreamSlab *slab,
                      gsize           slab_offset,
                      gsize           size,
                      gint64          time_us)
{
  ProcstreamChunk *self;

  g_assert (slab_offset + size <= slab->size);
  if (size < slab->size / MIN_SHARE)
    return procstream_chunk_new_copy (slab->data + slab_offset, size, time_us);
  self = chunk_alloc (0, size, time_us);
  self->slab = procstream_slab_ref (slab);
  self->data = slab->data + slab_offset;
  return self;
}

ProcstreamChunk *
procstream_chunk_new_copy (gconstpointer data,
                           gsize         size,
                           gint64        time_us)
{
  ProcstreamChunk *self = chunk_alloc (size, size, time_us);

  memcpy ((guint8 *) self + INLINE_OFFSET, data, size);
  return self;
}

ProcstreamChunk *
procstream_chunk_new_share (ProcstreamChunk *self)
{
  ProcstreamChunk *share = chunk_alloc (0, self->size, self->time_us);

  g_assert (!self->is_share);
  share->data = self->data;
  share->whole = procstream_chunk_ref (self);
  share->is_share = TRUE;
  share->stream = self->stream;
  share->before[0] = self->before[0];
  share->before[1] = self->before[1];
  return share;
}

static void
free_index (ProcstreamLineIndex *index)
{
  if (index && index != &too_dense)
    procstream_line_index_free (index);
}

ProcstreamChunk *
procstream_chunk_ref (ProcstreamChunk *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_chunk_unref (ProcstreamChunk *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->slab)
    procstream_slab_unref (self->slab);
  if (self->is_share)
    procstream_chunk_unref (self->whole);
  else
    free_index (self->index);
  g_free (self);
}

static void
unref_cb (gpointer data)
{
  procstream_chunk_unref (data);
}

GBytes *
procstream_chunk_to_bytes (ProcstreamChunk *self)
{
  return procstream_chunk_to_bytes_from (self, 0);
}

GBytes *
procstream_chunk_to_bytes_from (ProcstreamChunk *self,
                                gsize            from)
{
  gsize size = self->size - from;

  g_assert (from <= self->size);
  if (self->is_share)
    return procstream_chunk_to_bytes_from (self->whole, from);
  if (from > 0 && size < (self->slab ? self->slab->size : self->size) / MIN_SHARE)
    return g_bytes_new (self->data + from, size);
  return g_bytes_new_with_free_func (self->data + from, size, unref_cb, procstream_chunk_ref (self));
}

guint64
procstream_chunk_get_stream_offset (ProcstreamChunk *self)
{
  return self->is_share ? self->whole->offset : self->offset;
}

gsize
procstream_chunk_get_memory (ProcstreamChunk *self)
{
  const ProcstreamLineIndex *index;
  gsize                      own;

  if (self->is_share)
    return sizeof (ProcstreamChunk) + procstream_chunk_get_memory (self->whole);
  index = g_atomic_pointer_get (&self->index);
  own = self->slab ? sizeof (ProcstreamChunk) + self->size : INLINE_OFFSET + self->size;
  return MAX (sizeof (ProcstreamChunk), own) + (index && index != &too_dense ? procstream_line_index_get_memory (index) : 0);
}

static ProcstreamLineIndex *
build_index (ProcstreamChunk *self)
{
  ProcstreamLineIndex *index = procstream_line_index_new (self->data, self->size);

  if (index->n_positions <= ALWAYS_KEPT || index->n_positions <= self->size / MIN_BYTES_PER_LINE)
    return index;
  procstream_line_index_free (index);
  return &too_dense;
}

const ProcstreamLineIndex *
procstream_chunk_get_line_index (ProcstreamChunk *self)
{
  ProcstreamLineIndex *index;

  if (self->is_share)
    return procstream_chunk_get_line_index (self->whole);
  index = g_atomic_pointer_get (&self->index);
  if (index == NULL)
    {
      index = build_index (self);
      if (!g_atomic_pointer_compare_and_exchange (&self->index, NULL, index))
        {
          free_index (index);
          index = g_atomic_pointer_get (&self->index);
        }
    }
  return index == &too_dense ? NULL : index;
}

gboolean
procstream_chunk_has_line_index (ProcstreamChunk *self)
{
  return g_atomic_pointer_get (&(self->is_share ? self->whole : self)->index) != NULL;
}

gboolean
procstream_chunk_begins_line (ProcstreamChunk        *self,
                              ProcstreamLineSeparator separator)
{
  if (procstream_chunk_get_stream_offset (self) == 0)
    return TRUE;
  if (self->before[1] != '\n')
    return FALSE;
  return separator != PROCSTREAM_LINE_SEPARATOR_CRLF || self->before[0] == '\r';
}
