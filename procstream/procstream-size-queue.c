/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-size-queue-private.h"

#include <string.h>

/*
 * A ring of bytes: used of them from start on, wrapping around at allocated. A size is its groups of seven bits, the lowest first; all but
 * the last have the highest bit set.
 */

#define FIRST_ALLOCATION 16
#define MORE 0x80

void
procstream_size_queue_clear (ProcstreamSizeQueue *self)
{
  g_free (self->data);
  *self = (ProcstreamSizeQueue){ 0 };
}

static guint8
get_byte (const ProcstreamSizeQueue *self,
          gsize                      position)
{
  return self->data[(self->start + position) & (self->allocated - 1)];
}

static void
grow (ProcstreamSizeQueue *self)
{
  gsize   allocated = MAX (2 * self->allocated, FIRST_ALLOCATION);
  guint8 *data = g_malloc (allocated);

  for (gsize i = 0; i < self->used; i++)
    data[i] = get_byte (self, i);
  g_free (self->data);
  self->data = data;
  self->allocated = allocated;
  self->start = 0;
}

static void
push_byte (ProcstreamSizeQueue *self,
           guint8               byte)
{
  if (self->used == self->allocated)
    grow (self);
  self->data[(self->start + self->used++) & (self->allocated - 1)] = byte;
}

void
procstream_size_queue_push (ProcstreamSizeQueue *self,
                            guint64              size)
{
  for (; size >= MORE; size >>= 7)
    push_byte (self, (size & (MORE - 1)) | MORE);
  push_byte (self, size);
  self->length++;
}

gboolean
procstream_size_queue_next (const ProcstreamSizeQueue *self,
                            gsize                     *position,
                            guint64                   *size)
{
  guint  shift = 0;
  guint8 byte = MORE;

  if (*position >= self->used)
    return FALSE;
  for (*size = 0; byte & MORE; shift += 7)
    {
      byte = get_byte (self, (*position)++);
      *size |= (guint64) (byte & (MORE - 1)) << shift;
    }
  return TRUE;
}

guint64
procstream_size_queue_peek (ProcstreamSizeQueue *self)
{
  gsize    position = 0;
  guint64  size;
  gboolean any = procstream_size_queue_next (self, &position, &size);

  g_assert (any);
  return size;
}

guint64
procstream_size_queue_pop (ProcstreamSizeQueue *self)
{
  gsize    position = 0;
  guint64  size;
  gboolean any = procstream_size_queue_next (self, &position, &size);

  g_assert (any);
  self->start = (self->start + position) & (self->allocated - 1);
  self->used -= position;
  self->length--;
  return size;
}
