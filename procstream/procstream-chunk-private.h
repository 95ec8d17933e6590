/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-slab-pool-private.h"
#include "procstream-enums.h"
#include "procstream-line-index-private.h"

G_BEGIN_DECLS

/* One read of an output; immutable but for the line index, which is added at most once. */
typedef struct _ProcstreamChunk ProcstreamChunk;
struct _ProcstreamChunk
{
  gatomicrefcount      ref_count;
  guint32              size;
  const guint8        *data;
  ProcstreamSlab      *slab; /* NULL: the bytes follow the record */
  guint64              sequence;
  guint64              offset;
  gint64               time_us;   /* monotonic */
  ProcstreamLineIndex *index;     /* atomic; NULL until somebody needs it */
  guint8               before[2]; /* the two bytes before this chunk; before[1] is the nearer. 0 where there is none */
};

/* A slice of @slab (a reference is taken) at @offset, or a copy when @size is under 1/8 of the slab. sequence, offset
 * and before are set by the log that it is appended to. */
ProcstreamChunk *procstream_chunk_new (ProcstreamSlab *slab,
                                       gsize           slab_offset,
                                       gsize           size,
                                       gint64          time_us);
ProcstreamChunk *procstream_chunk_new_copy (gconstpointer data,
                                            gsize         size,
                                            gint64        time_us);
ProcstreamChunk *procstream_chunk_ref (ProcstreamChunk *self);
void             procstream_chunk_unref (ProcstreamChunk *self);

/* Shares the chunk's memory; keeping the bytes keeps no more than 8 times their size. */
GBytes *procstream_chunk_to_bytes (ProcstreamChunk *self);
GBytes *procstream_chunk_to_bytes_from (ProcstreamChunk *self, gsize from);

/* Everything that goes when the chunk goes: the record, bytes of its own, its share of the slab, and the line index. */
gsize procstream_chunk_get_memory (ProcstreamChunk *self);

/* The index of LF, built by the first who asks, in whatever thread. NULL where there are so many that it is not worth its memory: who
 * needs one builds it. */
const ProcstreamLineIndex *procstream_chunk_get_line_index (ProcstreamChunk *self);
gboolean                   procstream_chunk_has_line_index (ProcstreamChunk *self); /* or is known to need none */

gboolean procstream_chunk_begins_line (ProcstreamChunk        *self,
                                       ProcstreamLineSeparator separator);

G_END_DECLS
