/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-slab-pool-private.h"
#include "procstream-enums.h"
#include "procstream-line-index-private.h"
#include "procstream-line-rule-private.h"

G_BEGIN_DECLS

/* Which output of a child bytes were written to; its outputs keep them apart, but a merged one has both. */
typedef enum
{
  PROCSTREAM_STREAM_NONE, /* not of a child */
  PROCSTREAM_STREAM_STDOUT,
  PROCSTREAM_STREAM_STDERR,
} ProcstreamStream;

/* NULL for NONE. */
const char *procstream_stream_get_name (ProcstreamStream stream);

/* One read of an output; immutable but for the line index, which is added at most once. */
typedef struct _ProcstreamChunk ProcstreamChunk;
struct _ProcstreamChunk
{
  gatomicrefcount ref_count;
  guint32         size;
  const guint8   *data;
  ProcstreamSlab *slab; /* NULL: the bytes follow the record, or are those of whole */
  guint64         sequence;
  guint64         offset;
  gint64          time_us; /* monotonic; no two chunks that were stamped have the same */
  union
  {
    ProcstreamLineIndex *index; /* of LF; atomic; NULL until somebody needs it */
    ProcstreamChunk     *whole; /* for a share: whose bytes, and indexes, these are */
  };
  gpointer indexes; /* of other marks, as they are needed; atomic */
  guint8   stream;  /* a ProcstreamStream */
  guint8   is_share;
  /* The bytes before this chunk, of the same stream, the nearest last; there are no more than its offset in that. */
  guint8 before[PROCSTREAM_LINE_RULE_MAX_SIZE];
};

/* The time for a chunk that was just read: later than that of any other one in the program. So whoever sorts the chunks of several
 * outputs by their time has them in the order in which they arrived. */
gint64 procstream_chunk_stamp (void);

/* A slice of @slab (a reference is taken) at @offset, or a copy when @size is under 1/8 of the slab. sequence, offset
 * and before are set by the log that it is appended to. */
ProcstreamChunk *procstream_chunk_new (ProcstreamSlab *slab,
                                       gsize           slab_offset,
                                       gsize           size,
                                       gint64          time_us);
ProcstreamChunk *procstream_chunk_new_copy (gconstpointer data,
                                            gsize         size,
                                            gint64        time_us);
/* Another record for what @self, which must be in a log, has: for a second log, with a sequence and an offset there. */
ProcstreamChunk *procstream_chunk_new_share (ProcstreamChunk *self);
/* What @self is without its first @from bytes, of which there must be some; it says of itself where they stand. */
ProcstreamChunk *procstream_chunk_new_rest (ProcstreamChunk *self,
                                            gsize            from);
ProcstreamChunk *procstream_chunk_ref (ProcstreamChunk *self);
void             procstream_chunk_unref (ProcstreamChunk *self);

/* Shares the chunk's memory; keeping the bytes keeps no more than 8 times their size. */
GBytes *procstream_chunk_to_bytes (ProcstreamChunk *self);
GBytes *procstream_chunk_to_bytes_from (ProcstreamChunk *self, gsize from);

/* Where it stands in its stream, of which a share is in another log. */
guint64 procstream_chunk_get_stream_offset (ProcstreamChunk *self);

/* Everything that goes when the chunk goes: the record, bytes of its own, its share of the slab, and the line index. */
gsize procstream_chunk_get_memory (ProcstreamChunk *self);

/* An index, built by the first who asks, in whatever thread. NULL where there are so many marks that it is not worth its memory: who
 * needs one builds it. */
const ProcstreamLineIndex *procstream_chunk_get_line_index (ProcstreamChunk   *self,
                                                            ProcstreamLineMark mark);
/* Whether it has that of LF, or is known to need none. */
gboolean procstream_chunk_has_line_index (ProcstreamChunk *self);

/* What is known of what came before; never more than 16 bytes. */
const guint8 *procstream_chunk_get_before (ProcstreamChunk *self,
                                           gsize           *size);

/* The first byte at or after @from, and before @to, with which a line begins; @to when there is none. A line begins at the first byte of the
 * stream, and at every byte that follows a separator; where a separator can overlap with itself, at every byte that follows what looks like
 * one, as it does after a gap. */
gsize   procstream_chunk_find_line (ProcstreamChunk          *self,
                                    const ProcstreamLineRule *rule,
                                    gsize                     from,
                                    gsize                     to);
guint32 procstream_chunk_count_lines (ProcstreamChunk          *self,
                                      const ProcstreamLineRule *rule,
                                      gsize                     from,
                                      gsize                     to);

G_END_DECLS
