/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-private.h"

G_BEGIN_DECLS

/* What is to be written next: items (chunks, lines), one after the other, and how far they have been written. Chunks are not copied. A
 * plain data structure: no I/O, no lock. */
typedef struct
{
  GArray     *pieces; /* of stretches of memory */
  GByteArray *text;
  GArray     *ends;  /* of gsize: where each item ends, counted from the beginning of the batch */
  gboolean    whole; /* nobody asks for items: all of it is one */
  gsize       size;
  gsize       done;
  guint       piece; /* the one that done is in ... */
  gsize       piece_done;
  guint       item; /* ... and the item */
} ProcstreamWriteBatch;

/* What an enlarged pipe holds, and the caches of a processor too: more at once is not faster. */
#define PROCSTREAM_WRITE_BATCH_SIZE (256 * 1024)
/* The smallest IOV_MAX that there is is 16; on Linux it is 1024. More than this saves nothing. */
#define PROCSTREAM_WRITE_BATCH_PIECES 64

void procstream_write_batch_init (ProcstreamWriteBatch *self);
void procstream_write_batch_clear (ProcstreamWriteBatch *self);
/* Empties it. */
void     procstream_write_batch_reset (ProcstreamWriteBatch *self);
gboolean procstream_write_batch_is_full (ProcstreamWriteBatch *self);

/* An item. A reference is taken. */
void procstream_write_batch_add_chunk (ProcstreamWriteBatch *self,
                                       ProcstreamChunk      *chunk);
/* A part of an item. What follows the slice before it is one piece with it. */
void procstream_write_batch_add_slice (ProcstreamWriteBatch *self,
                                       ProcstreamChunk      *chunk,
                                       gsize                 offset,
                                       gsize                 size);
/* A part of an item, to be written to what is returned before anything else is added. */
guint8 *procstream_write_batch_add_space (ProcstreamWriteBatch *self,
                                          gsize                 size);
/* A part of an item, copied. */
void procstream_write_batch_add_text (ProcstreamWriteBatch *self,
                                      gconstpointer         data,
                                      gsize                 size);
/* What was added since the last end is one item. */
void procstream_write_batch_end_item (ProcstreamWriteBatch *self);

gsize procstream_write_batch_get_left (ProcstreamWriteBatch *self);
/* The end of the item that is next, or that was begun. */
gsize    procstream_write_batch_get_item_end (ProcstreamWriteBatch *self);
gboolean procstream_write_batch_is_at_item (ProcstreamWriteBatch *self); /* no part of the next one is done */
/* The furthest end of an item that is not beyond @limit; done when there is none. */
gsize procstream_write_batch_get_last_end (ProcstreamWriteBatch *self,
                                           gsize                 limit);
/* What lies between done and @end, or the beginning of that; valid until something is added. */
guint procstream_write_batch_get_vectors (ProcstreamWriteBatch *self,
                                          gsize                 end,
                                          GOutputVector        *vectors,
                                          guint                 max);
void  procstream_write_batch_advance (ProcstreamWriteBatch *self,
                                      gsize                 size);

G_END_DECLS
