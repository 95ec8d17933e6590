/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-info-private.h"
#include "procstream-consumer-private.h"
#include "procstream-line-cursor-private.h"

G_BEGIN_DECLS

/* What a reader has taken from its subscription and not yet given out: a plain state machine, no waiting in it. */
typedef struct
{
  ProcstreamLineCursor cursor;
  char                *output; /* its name; NULL until the first chunk */
  ProcstreamChunk     *chunk;  /* being read */
  gsize                position;
  GByteArray          *carry[PROCSTREAM_N_LANES]; /* the beginning of a line of each stream; raw */
  ProcstreamChunkPlace ends[PROCSTREAM_N_LANES];  /* of what was taken of each stream */
  GQueue               lines;                     /* of owned char *: pieces of one long line */
  guint                lines_lane;                /* whose line that is */
  guint64              bytes_torn;
  gboolean             ended;
} ProcstreamPull;

typedef enum
{
  PROCSTREAM_PULL_EMPTY, /* nothing yet */
  PROCSTREAM_PULL_ITEM,
  PROCSTREAM_PULL_END,
} ProcstreamPullResult;

void     procstream_pull_init (ProcstreamPull              *self,
                               const ProcstreamLineOptions *options);
void     procstream_pull_clear (ProcstreamPull *self);
gboolean procstream_pull_is_init (ProcstreamPull *self);
guint64  procstream_pull_get_bytes_torn (ProcstreamPull *self);

/* Take from the subscription of @core until there is something to give. */
ProcstreamPullResult procstream_pull_next (ProcstreamPull         *self,
                                           ProcstreamConsumerCore *core,
                                           GBytes                **bytes,
                                           ProcstreamChunkPlace   *place);
ProcstreamPullResult procstream_pull_line (ProcstreamPull         *self,
                                           ProcstreamConsumerCore *core,
                                           char                  **line);

G_END_DECLS
