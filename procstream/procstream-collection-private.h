/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-collector.h"
#include "procstream-consumer-private.h"
#include "procstream-line-cursor-private.h"
#include "procstream-pump-private.h"
#include "procstream-ring-private.h"
#include "procstream-size-queue-private.h"
#include "procstream-spill-private.h"

G_BEGIN_DECLS

/* One end of what is kept: its beginning, or its end. */
typedef struct
{
  guint64             max_bytes; /* 0: there is no such end */
  guint64             max_lines;
  ProcstreamRing     *bytes; /* of lines, one after the other, without their ends */
  guint64             size;  /* of lines: how many bytes these are */
  ProcstreamSizeQueue sizes; /* of each line; of the last bytes, what is kept, or was before it was cut into, of each chunk */
} ProcstreamCollectionEnd;

/* The inner record of a collector; see procstream-collection.c. Belongs to a consumer's core. */
typedef struct
{
  ProcstreamConsumerCore *core; /* its owner */

  /* Fixed from attach on. */
  ProcstreamCollect collect;
  ProcstreamKeep    keep;
  guint64           max_bytes;
  guint64           max_lines;
  guint64           first_bytes; /* 0: half of them */
  guint64           first_lines;
  guint64           spill_above;

  ProcstreamPump pump; /* where it spills */

  GMutex                  mutex;
  ProcstreamLineCursor    cursor;
  ProcstreamCollectionEnd first;
  ProcstreamCollectionEnd last;
  ProcstreamSpill        *spill; /* in place of first.bytes */
  GError                 *spill_error;
  gboolean                full; /* nothing more is kept of the beginning */
  guint64                 bytes_seen;
  guint64                 lines_seen;
  guint64                 bytes_cut;
  guint64                 lines_cut;
  guint64                 chunks_cut;
  guint64                 head_cut; /* how much of the oldest chunk in last.sizes was cut already */
} ProcstreamCollection;

/* Makes it the record of @consumer, which owns it. */
ProcstreamCollection *procstream_collection_new (ProcstreamConsumer *consumer);

/* What is kept, of the beginning or the end; lines with a line feed each. In a forked copy nothing, with a warning, when it may be half
 * changed. */
GBytes *procstream_collection_dup_bytes (ProcstreamCollection *self,
                                         gboolean              first,
                                         gboolean              last);
/* Where lines are collected: what is kept of them, each given to @func, in order, with the place of its bytes in what is returned. */
GBytes *procstream_collection_dup_lines (ProcstreamCollection *self,
                                         gboolean              first,
                                         gboolean              last,
                                         void (*func) (gpointer data,
                                                       gsize    offset,
                                                       gsize    size),
                                         gpointer data);
guint64 procstream_collection_get_count (ProcstreamCollection *self,
                                         const guint64        *count);

G_END_DECLS
