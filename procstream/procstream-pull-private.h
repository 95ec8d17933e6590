/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-info-private.h"
#include "procstream-consumer-private.h"
#include "procstream-line-cursor-private.h"
#include "procstream-line-private.h"

G_BEGIN_DECLS

/* Where the bytes from @at in held on stand. */
typedef struct
{
  gsize                at;
  ProcstreamChunkPlace place;
} ProcstreamPullPiece;

/* One stream of what a reader reads: a merged output has two. */
typedef struct
{
  GByteArray           *held;
  ProcstreamLineFilter *filter; /* NULL: bytes are held as they come. Else nothing is given out of a chunk itself */

  gsize    start;    /* in held: what is before it was given out */
  gsize    searched; /* in held: no separator ends before it */
  guint64  next;     /* where in the stream what comes must stand, to follow */
  gboolean torn;     /* what comes need not follow */
  gboolean skipping; /* no line begins at start: up to the next separator nothing is one */
  gboolean after_cr; /* a LF at start belongs to the CR that ended the line before */

  /* Before the first byte, while skipping: what is known of the stream there, the nearest last. */
  guint8 known[PROCSTREAM_LINE_RULE_MAX_SIZE];
  gsize  n_known;

  ProcstreamChunkPlace end; /* where what follows held stands */

  /* One for each chunk that held has bytes of, in their order; none where they are filtered. */
  GArray *pieces; /* of ProcstreamPullPiece */
  guint   piece;  /* the one that start is in; those before it were given out */
} ProcstreamPullLane;

/* What a reader has taken from its subscription and not yet given out: a plain state machine, no waiting in it. */
typedef struct
{
  gboolean              is_init;
  ProcstreamLineOptions options;
  ProcstreamLineRule    rule;
  ProcstreamPullLane    lanes[PROCSTREAM_N_LANES];
  char                 *output; /* its name; NULL until it was looked for something in it */
  gboolean              is_merged;

  ProcstreamChunk     *chunk; /* being read, from position on */
  gsize                position;
  gboolean             settled; /* chunk follows what its lane holds */
  ProcstreamLineIndex *index;   /* of chunk, where it keeps none */
  guint                mark;    /* in the index: the first that was not looked at */

  gsize    until_searched; /* in held: the terminator does not begin before it */
  guint64  n_lines;        /* that were given out */
  guint64  bytes_torn;
  gboolean ended;
} ProcstreamPull;

typedef enum
{
  PROCSTREAM_PULL_EMPTY, /* nothing yet */
  PROCSTREAM_PULL_ITEM,
  PROCSTREAM_PULL_END,
  PROCSTREAM_PULL_TOO_LONG, /* so many bytes and no terminator */
  PROCSTREAM_PULL_MERGED,   /* that cannot be read from two streams at once */
} ProcstreamPullResult;

void     procstream_pull_init (ProcstreamPull              *self,
                               const ProcstreamLineOptions *options);
void     procstream_pull_clear (ProcstreamPull *self);
gboolean procstream_pull_is_init (ProcstreamPull *self);
guint64  procstream_pull_get_bytes_torn (ProcstreamPull *self);

/* These take from the subscription of @core until there is something to give. Where there is nothing yet, nothing is given up: whatever is
 * asked for next finds every byte. */
/* Nothing is given: whether there is something that was not looked at, or never will be. */
ProcstreamPullResult procstream_pull_look (ProcstreamPull         *self,
                                           ProcstreamConsumerCore *core);
/* With @place NULL, what is held of several chunks that follow each other comes in one. */
ProcstreamPullResult procstream_pull_next (ProcstreamPull         *self,
                                           ProcstreamConsumerCore *core,
                                           GBytes                **bytes,
                                           ProcstreamChunkPlace   *place);
/* One of @text and @line is NULL: that is not wanted. */
ProcstreamPullResult procstream_pull_line (ProcstreamPull         *self,
                                           ProcstreamConsumerCore *core,
                                           char                  **text,
                                           ProcstreamLine        **line);
/* Fewer than @size only before a gap or the end. */
ProcstreamPullResult procstream_pull_exactly (ProcstreamPull         *self,
                                              ProcstreamConsumerCore *core,
                                              gsize                   size,
                                              GBytes                **bytes);
/* With the terminator, but before a gap or the end. */
void                 procstream_pull_begin_until (ProcstreamPull *self);
ProcstreamPullResult procstream_pull_until (ProcstreamPull         *self,
                                            ProcstreamConsumerCore *core,
                                            GBytes                 *terminator,
                                            gsize                   max_size,
                                            GBytes                **bytes);

G_END_DECLS
