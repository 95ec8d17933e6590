/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-slab-pool-private.h"

#include "procstream-platform-private.h"

#include <sys/mman.h>

/*
 * Free slabs of the standard size wait in a stack, at most MAX_FREE of them; all others are unmapped at once. They are mapped rather
 * than taken from malloc: 64 KiB is below its threshold for mapping, and a heap with a small live block above freed ones is
 * never given back to the system. The stack is last in, first out, so the one that is still in the cache is used next.
 *
 * A forked copy of the program may still drop bytes that it inherited. The mutex may have been held by a thread that does not
 * exist there, so the pool is not touched in it.
 */
#define MAX_FREE 32 /* 2 MiB, the default live window of one output */

static GMutex          pool_mutex;
static ProcstreamSlab *pool[MAX_FREE];
static guint           n_free;

static ProcstreamSlab *
pop_free (void)
{
  ProcstreamSlab *slab = NULL;

  if (procstream_platform_forked ())
    return NULL;
  g_mutex_lock (&pool_mutex);
  if (n_free > 0)
    slab = pool[--n_free];
  g_mutex_unlock (&pool_mutex);
  return slab;
}

static gboolean
push_free (ProcstreamSlab *slab)
{
  gboolean pushed;

  if (procstream_platform_forked ())
    return FALSE;
  g_mutex_lock (&pool_mutex);
  pushed = n_free < MAX_FREE;
  if (pushed)
    pool[n_free++] = slab;
  g_mutex_unlock (&pool_mutex);
  return pushed;
}

static void
unmap (ProcstreamSlab *slab)
{
  munmap (slab->data, slab->size);
  g_free (slab);
}

ProcstreamSlab *
procstream_slab_new (gsize min_size)
{
  ProcstreamSlab *slab = min_size <= PROCSTREAM_SLAB_SIZE ? pop_free () : NULL;

  g_assert (min_size <= G_MAXUINT32);
  if (slab == NULL)
    {
      slab = g_new (ProcstreamSlab, 1);
      slab->size = MAX (min_size, PROCSTREAM_SLAB_SIZE);
      slab->data = mmap (NULL, slab->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (slab->data == MAP_FAILED)
        g_error ("Could not allocate %u bytes", slab->size);
    }
  g_atomic_ref_count_init (&slab->ref_count);
  return slab;
}

ProcstreamSlab *
procstream_slab_ref (ProcstreamSlab *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_slab_unref (ProcstreamSlab *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->size != PROCSTREAM_SLAB_SIZE || !push_free (self))
    unmap (self);
}

gboolean
procstream_slab_is_shared (ProcstreamSlab *self)
{
  return !g_atomic_ref_count_compare (&self->ref_count, 1);
}

gsize
procstream_slab_pool_get_size (void)
{
  gsize size;

  g_mutex_lock (&pool_mutex);
  size = (gsize) n_free * PROCSTREAM_SLAB_SIZE;
  g_mutex_unlock (&pool_mutex);
  return size;
}

void
procstream_slab_pool_clear (void)
{
  ProcstreamSlab *slab;

  while ((slab = pop_free ()))
    unmap (slab);
}
