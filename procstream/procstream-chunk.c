/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-chunk-private.h"

#include <string.h>

/*
 * A retained log is mostly these records, so bytes that are copied follow the last field of the record immediately, in
 * what would be its padding: a chunk of ten bytes is one allocation of 92.
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
  self->indexes = NULL;
  self->stream = PROCSTREAM_STREAM_NONE;
  self->is_share = FALSE;
  memset (self->before, 0, sizeof self->before);
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
  memcpy (share->before, self->before, sizeof share->before);
  return share;
}

/* The last bytes before that at @position, as many as fit in @bytes or are known. */
static gsize
copy_before (ProcstreamChunk *self,
             gsize            position,
             guint8          *bytes)
{
  const gsize room = sizeof self->before;
  gsize       n_before;

  if (position >= room)
    {
      memcpy (bytes, self->data + position - room, room);
      return room;
    }
  procstream_chunk_get_before (self, &n_before);
  n_before = MIN (n_before, room - position);
  memcpy (bytes, self->before + room - n_before, n_before);
  memcpy (bytes + n_before, self->data, position);
  return n_before + position;
}

static ProcstreamChunk *
new_rest_of_share (ProcstreamChunk *self,
                   gsize            from)
{
  ProcstreamChunk *whole = procstream_chunk_new_rest (self->whole, from);
  ProcstreamChunk *rest = procstream_chunk_new_share (whole);

  procstream_chunk_unref (whole);
  rest->sequence = self->sequence;
  rest->offset = self->offset + from;
  return rest;
}

ProcstreamChunk *
procstream_chunk_new_rest (ProcstreamChunk *self,
                           gsize            from)
{
  ProcstreamChunk *rest;
  guint8           before[PROCSTREAM_LINE_RULE_MAX_SIZE];
  gsize            n_before = copy_before (self, from, before);

  g_assert (from > 0 && from < self->size);
  if (self->is_share)
    return new_rest_of_share (self, from);
  if (self->slab)
    rest = procstream_chunk_new (self->slab, self->data - self->slab->data + from, self->size - from, self->time_us);
  else
    rest = procstream_chunk_new_copy (self->data + from, self->size - from, self->time_us);
  rest->sequence = self->sequence;
  rest->offset = self->offset + from;
  rest->stream = self->stream;
  memcpy (rest->before + sizeof rest->before - n_before, before, n_before);
  return rest;
}

/* An index of another mark than LF; the list only grows, at its head. */
typedef struct _MarkedIndex MarkedIndex;
struct _MarkedIndex
{
  MarkedIndex         *next;
  ProcstreamLineMark   mark;
  ProcstreamLineIndex *index; /* too_dense among them */
};

static void
free_index (ProcstreamLineIndex *index)
{
  if (index && index != &too_dense)
    procstream_line_index_free (index);
}

static void
free_marked (MarkedIndex *marked)
{
  while (marked)
    {
      MarkedIndex *next = marked->next;

      free_index (marked->index);
      g_free (marked);
      marked = next;
    }
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
  free_marked (self->indexes);
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

static gsize
get_index_memory (const ProcstreamLineIndex *index)
{
  return index && index != &too_dense ? procstream_line_index_get_memory (index) : 0;
}

gsize
procstream_chunk_get_memory (ProcstreamChunk *self)
{
  gsize own;

  if (self->is_share)
    return sizeof (ProcstreamChunk) + procstream_chunk_get_memory (self->whole);
  own = sizeof (ProcstreamChunk) + self->size + get_index_memory (g_atomic_pointer_get (&self->index));
  for (MarkedIndex *marked = g_atomic_pointer_get (&self->indexes); marked; marked = marked->next)
    own += sizeof (MarkedIndex) + get_index_memory (marked->index);
  return own;
}

static ProcstreamLineIndex *
build_index (ProcstreamChunk   *self,
             ProcstreamLineMark mark)
{
  ProcstreamLineIndex *index = procstream_line_index_new (self->data, self->size, mark);

  if (index->n_positions <= ALWAYS_KEPT || index->n_positions <= self->size / MIN_BYTES_PER_LINE)
    return index;
  procstream_line_index_free (index);
  return &too_dense;
}

static MarkedIndex *
find_marked (MarkedIndex       *marked,
             ProcstreamLineMark mark)
{
  while (marked && marked->mark != mark)
    marked = marked->next;
  return marked;
}

static ProcstreamLineIndex *
get_marked_index (ProcstreamChunk   *self,
                  ProcstreamLineMark mark)
{
  MarkedIndex *head = g_atomic_pointer_get (&self->indexes);
  MarkedIndex *own = NULL;
  MarkedIndex *found;

  while ((found = find_marked (head, mark)) == NULL)
    {
      if (own == NULL)
        {
          own = g_new (MarkedIndex, 1);
          own->mark = mark;
          own->index = build_index (self, mark);
        }
      own->next = head;
      if (g_atomic_pointer_compare_and_exchange (&self->indexes, head, own))
        return own->index;
      head = g_atomic_pointer_get (&self->indexes);
    }
  if (own)
    {
      own->next = NULL;
      free_marked (own);
    }
  return found->index;
}

static ProcstreamLineIndex *
get_lf_index (ProcstreamChunk *self)
{
  ProcstreamLineIndex *index = g_atomic_pointer_get (&self->index);

  if (index == NULL)
    {
      index = build_index (self, PROCSTREAM_LINE_MARK_LF);
      if (!g_atomic_pointer_compare_and_exchange (&self->index, NULL, index))
        {
          free_index (index);
          index = g_atomic_pointer_get (&self->index);
        }
    }
  return index;
}

const ProcstreamLineIndex *
procstream_chunk_get_line_index (ProcstreamChunk   *self,
                                 ProcstreamLineMark mark)
{
  ProcstreamChunk     *whole = self->is_share ? self->whole : self;
  ProcstreamLineIndex *index = mark == PROCSTREAM_LINE_MARK_LF ? get_lf_index (whole) : get_marked_index (whole, mark);

  return index == &too_dense ? NULL : index;
}

gboolean
procstream_chunk_has_line_index (ProcstreamChunk *self)
{
  return g_atomic_pointer_get (&(self->is_share ? self->whole : self)->index) != NULL;
}

const guint8 *
procstream_chunk_get_before (ProcstreamChunk *self,
                             gsize           *size)
{
  *size = MIN (procstream_chunk_get_stream_offset (self), (guint64) sizeof self->before);
  return self->before + sizeof self->before - *size;
}

/* A separator that ends with what is before @position is followed by a line, but for the CR of a CRLF where each of both would do. */
static gboolean
begins_line (ProcstreamChunk          *self,
             const ProcstreamLineRule *rule,
             gsize                     position)
{
  guint8 before[PROCSTREAM_LINE_RULE_MAX_SIZE];
  gsize  n_before;

  if (position >= rule->size && !rule->any)
    return procstream_line_rule_ends (rule, self->data, position);
  n_before = copy_before (self, position, before);
  if (n_before == 0)
    return TRUE;
  return procstream_line_rule_ends (rule, before, n_before) &&
         !(rule->any && before[n_before - 1] == '\r' && self->data[position] == '\n');
}

gsize
procstream_chunk_find_line (ProcstreamChunk          *self,
                            const ProcstreamLineRule *rule,
                            gsize                     from,
                            gsize                     to)
{
  const guint8 last = rule->bytes[rule->size - 1];

  if (from == 0 && to > 0 && begins_line (self, rule, 0))
    return 0;
  for (gsize i = MAX (from, 1); i < to; i++)
    {
      /* The byte before the one that a line begins with is the last one of a separator. */
      if (!rule->any)
        {
          const guint8 *end = memchr (self->data + i - 1, last, to - i);

          if (end == NULL)
            break;
          i = end + 1 - self->data;
        }
      if (begins_line (self, rule, i))
        return i;
    }
  return to;
}

guint32
procstream_chunk_count_lines (ProcstreamChunk          *self,
                              const ProcstreamLineRule *rule,
                              gsize                     from,
                              gsize                     to)
{
  guint32 n = 0;

  while ((from = procstream_chunk_find_line (self, rule, from, to)) < to)
    {
      n++;
      from++;
    }
  return n;
}
