/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-store-private.h"

#include <string.h>

/*
 * Lines stand in blocks: one piece of memory, the bytes of the lines from the front, a record of 16 bytes for each from the back, and
 * the block is full when they meet. So neither short nor long lines waste any. What many lines share, the time above all, is
 * kept once in the block; a line whose time or number is too far from that begins another one.
 *
 * Blocks are counted, because snapshots share them. Below n_lines nothing in a block ever changes, and bytes never move; a snapshot
 * looks at nothing above the n_lines of its moment. So one thread may append to the last block while others read what was there before.
 *
 * Invariants:
 *  - blocks are in the order of their ids, without a hole: first_id of one is that of the one before + its n_lines;
 *  - first lies in the first block, or there is none, and first is end;
 *  - no block but the last has more than a quarter of its memory unused;
 *  - bytes is the sum of the sizes of the lines from first on.
 */
typedef struct
{
  guint32 end; /* of its bytes */
  gint32  time_delta_us;
  gint32  number_delta;
  guint16 stream;
  guint8  line_end;
  guint8  is_gap;
} Record;

typedef struct
{
  gatomicrefcount ref_count;
  guint           n_lines;
  guint32         used; /* bytes of lines */
  guint32         capacity;
  guint64         first_id;
  gint64          time_us;
  guint64         number;
  guint8         *memory; /* right behind */
} Block;

struct _ProcstreamLineStore
{
  GPtrArray *blocks; /* of Block */
  guint      skip;   /* so many at the front are gone */
  guint64    first;
  guint64    end;
  guint64    bytes;
};

struct _ProcstreamLineSnapshot
{
  GPtrArray *blocks; /* of Block, the last with as many lines as there were then */
  guint64    first;
  guint64    end;
};

/* The first block of a store is small, for the many logs that stay small; each is twice as large as the one before, up to what
 * malloc() takes from its heap rather than from the system. */
#define FIRST_CAPACITY 2048
#define MAX_CAPACITY 65536

/* --- Blocks ------------------------------------------------------------------------------------------------------------------- */

static Block *
block_new (guint32                     capacity,
           guint64                     first_id,
           const ProcstreamStoredLine *line)
{
  Block *self = g_malloc (sizeof *self + capacity);

  g_atomic_ref_count_init (&self->ref_count);
  self->n_lines = 0;
  self->used = 0;
  self->capacity = capacity;
  self->first_id = first_id;
  self->time_us = line->time_us;
  self->number = line->number;
  self->memory = (guint8 *) (self + 1);
  return self;
}

static Block *
block_ref (Block *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
block_unref (gpointer data)
{
  Block *self = data;

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

static Record *
get_record (Block *self,
            guint  i)
{
  return (Record *) (gpointer) (self->memory + self->capacity) - (i + 1);
}

static guint32
get_start (Block *self,
           guint  i)
{
  return i > 0 ? get_record (self, i - 1)->end : 0;
}

static gsize
get_unused (Block *self)
{
  return self->capacity - self->used - self->n_lines * sizeof (Record);
}

static gboolean
is_near (gint64 value,
         gint64 base)
{
  gint64 distance = value - base;

  return distance >= G_MININT32 && distance <= G_MAXINT32;
}

static gboolean
block_fits (Block                      *self,
            const ProcstreamStoredLine *line)
{
  return get_unused (self) >= line->size + sizeof (Record) && is_near (line->time_us, self->time_us) &&
         is_near ((gint64) line->number, (gint64) self->number);
}

static void
block_append (Block                      *self,
              const ProcstreamStoredLine *line)
{
  Record *record = get_record (self, self->n_lines);

  if (line->size > 0)
    memcpy (self->memory + self->used, line->data, line->size);
  self->used += line->size;
  record->end = self->used;
  record->time_delta_us = line->time_us - self->time_us;
  record->number_delta = line->number - self->number;
  record->stream = line->stream;
  record->line_end = line->end;
  record->is_gap = line->is_gap;
  self->n_lines++;
}

static void
block_get (Block                *self,
           guint                 i,
           ProcstreamStoredLine *line)
{
  const Record *record = get_record (self, i);
  guint32       start = get_start (self, i);

  line->data = self->memory + start;
  line->size = record->end - start;
  line->time_us = self->time_us + record->time_delta_us;
  line->number = self->number + record->number_delta;
  line->stream = record->stream;
  line->end = record->line_end;
  line->is_gap = record->is_gap;
}

/* The same without what is unused, or itself when that is little. */
static Block *
block_trim (Block *self)
{
  ProcstreamStoredLine first;
  gsize                unused = get_unused (self) & ~(sizeof (Record) - 1);
  Block               *trimmed;

  if (unused <= self->capacity / 4)
    return block_ref (self);
  block_get (self, 0, &first);
  trimmed = block_new (self->capacity - unused, self->first_id, &first);
  trimmed->n_lines = self->n_lines;
  trimmed->used = self->used;
  trimmed->time_us = self->time_us;
  trimmed->number = self->number;
  memcpy (trimmed->memory, self->memory, self->used);
  memcpy (get_record (trimmed, trimmed->n_lines - 1), get_record (self, self->n_lines - 1), self->n_lines * sizeof (Record));
  return trimmed;
}

/* The block that an id is in, of those from @from on. It is there. */
static Block *
find_block (GPtrArray *blocks,
            guint      from,
            guint64    id)
{
  guint low = from, high = blocks->len;

  while (high - low > 1)
    {
      guint middle = low + (high - low) / 2;

      if (((Block *) g_ptr_array_index (blocks, middle))->first_id <= id)
        low = middle;
      else
        high = middle;
    }
  return g_ptr_array_index (blocks, low);
}

/* --- The store ---------------------------------------------------------------------------------------------------------------- */

ProcstreamLineStore *
procstream_line_store_new (guint64 first_id)
{
  ProcstreamLineStore *self = g_new0 (ProcstreamLineStore, 1);

  self->blocks = g_ptr_array_new ();
  self->first = self->end = first_id;
  return self;
}

static void
forget_blocks (ProcstreamLineStore *self,
               guint                n)
{
  for (guint i = 0; i < n; i++)
    block_unref (g_ptr_array_index (self->blocks, self->skip + i));
  self->skip += n;
  if (self->skip == self->blocks->len)
    g_ptr_array_set_size (self->blocks, 0);
  else if (self->skip < self->blocks->len / 2)
    return;
  else
    g_ptr_array_remove_range (self->blocks, 0, self->skip);
  self->skip = 0;
}

void
procstream_line_store_free (ProcstreamLineStore *self)
{
  forget_blocks (self, self->blocks->len - self->skip);
  g_ptr_array_unref (self->blocks);
  g_free (self);
}

guint64
procstream_line_store_get_first (ProcstreamLineStore *self)
{
  return self->first;
}

guint64
procstream_line_store_get_end (ProcstreamLineStore *self)
{
  return self->end;
}

guint64
procstream_line_store_get_bytes (ProcstreamLineStore *self)
{
  return self->bytes;
}

gsize
procstream_line_store_get_memory (ProcstreamLineStore *self)
{
  gsize memory = sizeof *self + self->blocks->len * sizeof (gpointer);

  for (guint i = self->skip; i < self->blocks->len; i++)
    memory += sizeof (Block) + ((Block *) g_ptr_array_index (self->blocks, i))->capacity;
  return memory;
}

static Block *
get_last (ProcstreamLineStore *self)
{
  return self->blocks->len > self->skip ? g_ptr_array_index (self->blocks, self->blocks->len - 1) : NULL;
}

/* Nothing is appended to the last block any more. */
static void
close_last (ProcstreamLineStore *self)
{
  Block *last = get_last (self);

  if (last == NULL)
    return;
  g_ptr_array_index (self->blocks, self->blocks->len - 1) = block_trim (last);
  block_unref (last);
}

static Block *
add_block (ProcstreamLineStore        *self,
           const ProcstreamStoredLine *line)
{
  Block  *last = get_last (self);
  guint32 capacity = last ? MIN (MAX (last->capacity, FIRST_CAPACITY) * 2, MAX_CAPACITY) : FIRST_CAPACITY;
  Block  *block;

  /* A long line has one of its own. The limit of a line is far below what this can hold. */
  if (line->size + sizeof (Record) > capacity)
    capacity = (line->size + 2 * sizeof (Record) - 1) & ~(sizeof (Record) - 1);
  close_last (self);
  block = block_new (capacity, self->end, line);
  g_ptr_array_add (self->blocks, block);
  return block;
}

void
procstream_line_store_append (ProcstreamLineStore        *self,
                              const ProcstreamStoredLine *line)
{
  Block *block = get_last (self);

  if (block == NULL || !block_fits (block, line))
    block = add_block (self, line);
  block_append (block, line);
  self->bytes += line->size;
  self->end++;
}

void
procstream_line_store_drop_first (ProcstreamLineStore *self,
                                  guint64              n)
{
  guint gone = 0;

  g_assert (n <= self->end - self->first);
  while (n > 0)
    {
      Block *block = g_ptr_array_index (self->blocks, self->skip + gone);
      guint  from = self->first - block->first_id;
      guint  here = MIN (n, block->n_lines - from);

      self->bytes -= get_record (block, from + here - 1)->end - get_start (block, from);
      self->first += here;
      n -= here;
      gone += from + here == block->n_lines;
    }
  if (gone > 0)
    forget_blocks (self, gone);
}

guint64
procstream_line_store_trim (ProcstreamLineStore *self,
                            guint64              max_lines,
                            guint64              max_bytes)
{
  guint64 first = self->first;

  while (self->end - self->first > max_lines || self->bytes > max_bytes)
    {
      Block  *block = g_ptr_array_index (self->blocks, self->skip);
      guint   from = self->first - block->first_id;
      guint   lines = block->n_lines - from;
      guint32 bytes = block->used - get_start (block, from);

      /* All of it, where that is not too much. */
      if (self->end - self->first - lines < max_lines && self->bytes - bytes <= max_bytes)
        lines = 1;
      procstream_line_store_drop_first (self, lines);
    }
  return self->first - first;
}

gboolean
procstream_line_store_lookup (ProcstreamLineStore  *self,
                              guint64               id,
                              ProcstreamStoredLine *line)
{
  Block *block;

  if (id < self->first || id >= self->end)
    return FALSE;
  block = find_block (self->blocks, self->skip, id);
  block_get (block, id - block->first_id, line);
  return TRUE;
}

/* --- From one store to another ------------------------------------------------------------------------------------------------ */

static void
copy_lines (ProcstreamLineStore *self,
            Block               *block,
            guint                from)
{
  for (guint i = from; i < block->n_lines; i++)
    {
      ProcstreamStoredLine line;

      block_get (block, i, &line);
      procstream_line_store_append (self, &line);
    }
}

/* A block whose first lines were dropped, or that would leave much unused, is copied, where that is not much. */
static void
take_block (ProcstreamLineStore *self,
            Block               *block,
            guint                from)
{
  gsize unused = get_unused (block) + get_start (block, from) + from * sizeof (Record);

  if (from > 0 || unused > block->capacity / 4)
    {
      copy_lines (self, block, from);
      return;
    }
  close_last (self);
  g_ptr_array_add (self->blocks, block_ref (block));
  self->bytes += block->used;
  self->end += block->n_lines;
}

void
procstream_line_store_take (ProcstreamLineStore *self,
                            ProcstreamLineStore *other)
{
  if (self->first == self->end)
    self->first = self->end = other->first;
  g_assert (self->end == other->first);
  for (guint i = other->skip; i < other->blocks->len; i++)
    {
      Block *block = g_ptr_array_index (other->blocks, i);

      take_block (self, block, MAX (other->first, block->first_id) - block->first_id);
    }
  forget_blocks (other, other->blocks->len - other->skip);
  other->first = other->end;
  other->bytes = 0;
}

/* --- Snapshots ---------------------------------------------------------------------------------------------------------------- */

ProcstreamLineSnapshot *
procstream_line_store_snapshot (ProcstreamLineStore *self)
{
  ProcstreamLineSnapshot *snapshot = g_new (ProcstreamLineSnapshot, 1);

  snapshot->blocks = g_ptr_array_new_full (self->blocks->len - self->skip, block_unref);
  for (guint i = self->skip; i < self->blocks->len; i++)
    g_ptr_array_add (snapshot->blocks, block_ref (g_ptr_array_index (self->blocks, i)));
  snapshot->first = self->first;
  snapshot->end = self->end;
  return snapshot;
}

void
procstream_line_snapshot_free (ProcstreamLineSnapshot *self)
{
  g_ptr_array_unref (self->blocks);
  g_free (self);
}

guint64
procstream_line_snapshot_get_first (ProcstreamLineSnapshot *self)
{
  return self->first;
}

guint64
procstream_line_snapshot_get_end (ProcstreamLineSnapshot *self)
{
  return self->end;
}

gboolean
procstream_line_snapshot_lookup (ProcstreamLineSnapshot *self,
                                 guint64                 id,
                                 ProcstreamStoredLine   *line)
{
  Block *block;

  if (id < self->first || id >= self->end)
    return FALSE;
  block = find_block (self->blocks, 0, id);
  block_get (block, id - block->first_id, line);
  return TRUE;
}
