/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-ring-private.h"

#include <string.h>

/*
 * The bytes are data[start …] of allocated, wrapping around; size of them. size <= allocated <= limit. Memory doubles, so
 * a byte is copied a bounded number of times on average, whatever the limit; once allocated is limit it never moves again.
 */
struct _ProcstreamRing
{
  guint8 *data;
  gsize   allocated;
  gsize   start;
  gsize   size;
  guint64 limit;
  guint64 moved; /* bytes copied so far, to be kept or to be kept elsewhere */
};

#define FIRST_ALLOCATION 256

ProcstreamRing *
procstream_ring_new (guint64 limit)
{
  ProcstreamRing *self = g_new0 (ProcstreamRing, 1);

  g_assert (limit > 0);
  self->limit = limit;
  return self;
}

void
procstream_ring_free (ProcstreamRing *self)
{
  g_free (self->data);
  g_free (self);
}

/* The two stretches that the bytes at @offset, @size of them, lie in. */
static gsize
first_stretch (ProcstreamRing *self,
               gsize           position,
               gsize           size)
{
  return MIN (size, self->allocated - position);
}

static void
copy_out (ProcstreamRing *self,
          guint8         *target)
{
  gsize first = first_stretch (self, self->start, self->size);

  if (self->size == 0)
    return;
  memcpy (target, self->data + self->start, first);
  memcpy (target + first, self->data, self->size - first);
}

static void
reserve (ProcstreamRing *self,
         guint64         size)
{
  guint64 wanted = MAX (self->allocated, FIRST_ALLOCATION);
  guint8 *data;

  if (size <= self->allocated)
    return;
  while (wanted < size)
    wanted *= 2;
  wanted = MIN (wanted, self->limit);
  data = g_malloc (wanted);
  copy_out (self, data);
  self->moved += self->size;
  g_free (self->data);
  self->data = data;
  self->allocated = wanted;
  self->start = 0;
}

static void
append (ProcstreamRing *self,
        const guint8   *data,
        gsize           size)
{
  gsize end, first;

  if (size == 0)
    return;
  reserve (self, self->size + size);
  end = (self->start + self->size) % self->allocated;
  first = first_stretch (self, end, size);
  memcpy (self->data + end, data, first);
  memcpy (self->data, data + first, size - first);
  self->size += size;
  self->moved += size;
}

guint64
procstream_ring_get_bytes_moved (ProcstreamRing *self)
{
  return self->moved;
}

gsize
procstream_ring_fill (ProcstreamRing *self,
                      const guint8   *data,
                      gsize           size)
{
  gsize fits = MIN (size, self->limit - self->size);

  append (self, data, fits);
  return fits;
}

guint64
procstream_ring_push (ProcstreamRing *self,
                      const guint8   *data,
                      gsize           size)
{
  gsize skip = size > self->limit ? size - self->limit : 0;
  gsize kept = size - skip;
  gsize let_go = 0;

  if (self->size + kept > self->limit)
    let_go = self->size + kept - self->limit;
  procstream_ring_drop (self, let_go);
  append (self, data + skip, kept);
  return skip + let_go;
}

void
procstream_ring_drop (ProcstreamRing *self,
                      gsize           size)
{
  g_assert (size <= self->size);
  if (size == 0)
    return;
  self->start = (self->start + size) % self->allocated;
  self->size -= size;
}

gsize
procstream_ring_get_size (ProcstreamRing *self)
{
  return self->size;
}

void
procstream_ring_copy_to (ProcstreamRing *self,
                         guint8         *target)
{
  copy_out (self, target);
}

void
procstream_ring_append_to (ProcstreamRing *self,
                           GByteArray     *bytes)
{
  guint before = bytes->len;

  g_assert (self->size <= G_MAXUINT - before);
  g_byte_array_set_size (bytes, before + self->size);
  if (self->size > 0)
    copy_out (self, bytes->data + before);
}
