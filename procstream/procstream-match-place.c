/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-match-place-private.h"

/* A lock, since not every processor has atomic integers of 64 bits. */
struct _ProcstreamMatchPlace
{
  gatomicrefcount ref_count;
  GMutex          mutex;
  guint64         offset;
};

ProcstreamMatchPlace *
procstream_match_place_new (void)
{
  ProcstreamMatchPlace *self = g_new0 (ProcstreamMatchPlace, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  return self;
}

ProcstreamMatchPlace *
procstream_match_place_ref (ProcstreamMatchPlace *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_match_place_unref (ProcstreamMatchPlace *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->mutex);
  g_free (self);
}

guint64
procstream_match_place_get (ProcstreamMatchPlace *self)
{
  guint64 offset;

  g_mutex_lock (&self->mutex);
  offset = self->offset;
  g_mutex_unlock (&self->mutex);
  return offset;
}

void
procstream_match_place_move (ProcstreamMatchPlace *self,
                             guint64               offset)
{
  g_mutex_lock (&self->mutex);
  self->offset = MAX (self->offset, offset);
  g_mutex_unlock (&self->mutex);
}
