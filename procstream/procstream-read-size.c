/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-read-size-private.h"

#include "procstream-slab-pool-private.h"

/*
 * A read that asks for far more than it gets is not only a waste of memory: the slab it reads into is a big one, and the little that
 * comes has to be copied out of it, lest it hold on to the whole. A pipe never gives more than it can hold, whatever is asked for.
 *
 * So it begins with a slab of the usual size, asks for twice as much after a read that got all it asked for, and for half after one that
 * got a quarter of it or less. Between the two lies a range in which nothing changes.
 */

void
procstream_read_size_init (ProcstreamReadSize *self,
                           gsize               max)
{
  self->max = max;
  self->expected = MIN (max, PROCSTREAM_SLAB_SIZE);
}

void
procstream_read_size_learn (ProcstreamReadSize *self,
                            gsize               asked,
                            gsize               got)
{
  /* The rest of a slab that asked for less says nothing when it is filled. */
  if (got >= self->expected)
    self->expected = MIN (2 * self->expected, self->max);
  else if (got <= self->expected / 4 && asked >= self->expected)
    self->expected = MAX (self->expected / 2, MIN (self->max, PROCSTREAM_SLAB_SIZE));
}
