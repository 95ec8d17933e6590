/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-slab-pool-private.h"

#include "procstream-platform-private.h"

#include <string.h>
#include <sys/mman.h>

/*
 * Free slabs wait in a stack, in all at most MAX_FREE_BYTES of them; for one that comes back the oldest are unmapped, and bigger ones at
 * once. They are mapped rather than taken from malloc: 64 KiB is below its threshold for mapping, and a heap with a small live block
 * above freed ones is never given back to the system. The stack is last in, first out, so the one that is still in the cache is used
 * next. It serves only who asks for exactly that size; sizes are powers of two, so there are few.
 *
 * A forked copy of the program may still drop bytes that it inherited. The mutex may have been held by a thread that does not
 * exist there, so the pool is not touched in it.
 */
#define MAX_FREE_BYTES (2 * 1024 * 1024) /* the default live window of one output */
#define MAX_POOLED_SIZE (MAX_FREE_BYTES / 2)
#define MAX_FREE (MAX_FREE_BYTES / PROCSTREAM_SLAB_SIZE)

static GMutex          pool_mutex;
static ProcstreamSlab *pool[MAX_FREE];
static guint           n_free;
static gsize           free_bytes;

static ProcstreamSlab *
steal_free (guint i)
{
  ProcstreamSlab *slab = pool[i];

  n_free--;
  memmove (pool + i, pool + i + 1, (n_free - i) * sizeof *pool);
  free_bytes -= slab->size;
  return slab;
}

static ProcstreamSlab *
pop_free (gsize size)
{
  ProcstreamSlab *slab = NULL;

  if (procstream_platform_forked ())
    return NULL;
  g_mutex_lock (&pool_mutex);
  for (guint i = n_free; i > 0 && slab == NULL; i--)
    if (pool[i - 1]->size == size)
      slab = steal_free (i - 1);
  g_mutex_unlock (&pool_mutex);
  return slab;
}

static void
unmap (ProcstreamSlab *slab)
{
  munmap (slab->data, slab->size);
  g_free (slab);
}

/* The oldest of those that leave no room for @size bytes more; NULL: there is room. */
static ProcstreamSlab *
pop_oldest (gsize size)
{
  ProcstreamSlab *slab = NULL;

  g_mutex_lock (&pool_mutex);
  if (free_bytes + size > MAX_FREE_BYTES)
    slab = steal_free (0);
  g_mutex_unlock (&pool_mutex);
  return slab;
}

static gboolean
try_push (ProcstreamSlab *slab)
{
  gboolean room;

  g_mutex_lock (&pool_mutex);
  room = free_bytes + slab->size <= MAX_FREE_BYTES;
  if (room)
    {
      pool[n_free++] = slab;
      free_bytes += slab->size;
    }
  g_mutex_unlock (&pool_mutex);
  return room;
}

static void
push_free (ProcstreamSlab *slab)
{
  if (slab->size > MAX_POOLED_SIZE || procstream_platform_forked ())
    {
      unmap (slab);
      return;
    }
  while (!try_push (slab))
    {
      ProcstreamSlab *oldest = pop_oldest (slab->size);

      if (oldest)
        unmap (oldest);
    }
}

/* The size of the slab for @min_size bytes. */
static gsize
get_slab_size (gsize min_size)
{
  gsize size = PROCSTREAM_SLAB_SIZE;

  while (size < min_size && size < MAX_POOLED_SIZE)
    size *= 2;
  return MAX (size, min_size);
}

ProcstreamSlab *
procstream_slab_new (gsize min_size)
{
  gsize           size = get_slab_size (min_size);
  ProcstreamSlab *slab = pop_free (size);

  g_assert (min_size <= G_MAXUINT32);
  if (slab == NULL)
    {
      slab = g_new (ProcstreamSlab, 1);
      slab->size = size;
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
  if (g_atomic_ref_count_dec (&self->ref_count))
    push_free (self);
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
  size = free_bytes;
  g_mutex_unlock (&pool_mutex);
  return size;
}

void
procstream_slab_pool_clear (void)
{
  ProcstreamSlab *slab;

  while ((slab = pop_oldest (MAX_FREE_BYTES)))
    unmap (slab);
}
