/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pooled buffers, of 64 KiB unless more is asked for, that chunks are slices of. */
#define PROCSTREAM_SLAB_SIZE 65536

typedef struct _ProcstreamSlab ProcstreamSlab;
struct _ProcstreamSlab
{
  gatomicrefcount ref_count;
  guint32         size;
  guint8         *data;
};

ProcstreamSlab *procstream_slab_new (gsize min_size); /* from the pool */
ProcstreamSlab *procstream_slab_ref (ProcstreamSlab *self);
void            procstream_slab_unref (ProcstreamSlab *self);     /* any thread */
gboolean        procstream_slab_is_shared (ProcstreamSlab *self); /* anyone but the caller has it */
gsize           procstream_slab_pool_get_size (void);             /* bytes of free slabs kept; for tests */
void            procstream_slab_pool_clear (void);

G_END_DECLS
