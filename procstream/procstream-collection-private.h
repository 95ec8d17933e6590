/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-collector.h"
#include "procstream-consumer-private.h"
#include "procstream-line-cursor-private.h"
#include "procstream-pump-private.h"
#include "procstream-ring-private.h"
#include "procstream-spill-private.h"

G_BEGIN_DECLS

/* One end of what is kept: its beginning, or its end. */
typedef struct
{
  guint64         max_bytes; /* 0: there is no such end */
  guint64         max_lines;
  ProcstreamRing *bytes;
  GQueue          lines; /* of owned char * */
  guint64         line_bytes;
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
  GString                *scratch;
} ProcstreamCollection;

/* Makes it the record of @consumer, which owns it. */
ProcstreamCollection *procstream_collection_new (ProcstreamConsumer *consumer);

/* What is kept, of the beginning or the end; lines with a line feed each. In a forked copy nothing, with a warning, when it may be half
 * changed. */
GBytes *procstream_collection_dup_bytes (ProcstreamCollection *self,
                                         gboolean              first,
                                         gboolean              last);
char  **procstream_collection_dup_lines (ProcstreamCollection *self,
                                         gboolean              first,
                                         gboolean              last);
guint64 procstream_collection_get_count (ProcstreamCollection *self,
                                         const guint64        *count);

G_END_DECLS
