/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-info.h"
#include "procstream-chunk-private.h"

G_BEGIN_DECLS

/* Where the first of some bytes stands; of a chunk, or of what was taken out of one. */
typedef struct
{
  ProcstreamStream stream;
  guint64          sequence;
  guint64          offset;
  guint64          stream_offset;
  gint64           time_us;
} ProcstreamChunkPlace;

ProcstreamChunkPlace procstream_chunk_get_place (ProcstreamChunk *self,
                                                 gsize            from);

/* @bytes: (transfer full). @output is the name for what belongs to no stream of a child. */
ProcstreamChunkInfo *procstream_chunk_info_new (GBytes                     *bytes,
                                                const ProcstreamChunkPlace *place,
                                                const char                 *output);
ProcstreamChunkInfo *procstream_chunk_info_new_for_chunk (ProcstreamChunk *chunk,
                                                          const char      *output);

G_END_DECLS
