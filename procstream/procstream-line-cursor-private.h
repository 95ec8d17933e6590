/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-private.h"
#include "procstream-line-filter-private.h"
#include "procstream-line-splitter-private.h"
#include "procstream-line-trace-private.h"

G_BEGIN_DECLS

/* A merged output has chunks of two streams; every other one has one, whichever. */
#define PROCSTREAM_N_LANES 2

/* One stream of a cursor. */
typedef struct
{
  ProcstreamLineSplitter *splitter; /* NULL: nothing of it was seen */
  ProcstreamLineFilter   *filter;   /* NULL: lines are cut from the bytes as they come */
  gint64                  time_us;  /* of its last chunk */
  gboolean                torn;     /* what comes next need not follow what came before, or nothing came before */
  gboolean                finished;
  guint64                 next; /* where in the stream what follows begins */

  /* Of one that is searched. */
  ProcstreamLineTrace *trace;  /* NULL: what is cut are the bytes of the stream */
  gint64               origin; /* where in the stream the first byte that was pushed would stand, if there had been no gap since */
} ProcstreamLineLane;

/* Follows the chunks of one cursor line by line: the shared index of each chunk, and the carry for a line that crosses chunks. Whether a
 * line begins where it begins is decided here, for all that cut lines. */
typedef struct
{
  ProcstreamLineLane    lanes[PROCSTREAM_N_LANES];
  ProcstreamLineOptions options;
  gboolean              is_init;
  gboolean              searches;   /* set before the first chunk: the rest of a torn line is given out, too, and places are known */
  gboolean              is_peeking; /* the line is the one that is not finished */
  ProcstreamStream      stream;     /* of the lines that were given out last, or are being given out */
} ProcstreamLineCursor;

void     procstream_line_cursor_init (ProcstreamLineCursor        *self,
                                      const ProcstreamLineOptions *options);
void     procstream_line_cursor_clear (ProcstreamLineCursor *self);
gboolean procstream_line_cursor_is_init (ProcstreamLineCursor *self);

/* What comes next does not follow what came before. */
void procstream_line_cursor_gap (ProcstreamLineCursor *self);
void procstream_line_cursor_push (ProcstreamLineCursor *self,
                                  ProcstreamChunk      *chunk,
                                  ProcstreamLineFunc    func,
                                  gpointer              user_data);
void procstream_line_cursor_finish (ProcstreamLineCursor *self,
                                    ProcstreamLineFunc    func,
                                    gpointer              user_data);
/* A batch has lines of one stream. At the end, finish until there is none any more. */
ProcstreamLineBatch *procstream_line_cursor_push_batch (ProcstreamLineCursor *self,
                                                        ProcstreamChunk      *chunk);
ProcstreamLineBatch *procstream_line_cursor_finish_batch (ProcstreamLineCursor *self);
/* Torn by gaps, truncated, or not valid in their encoding. */
guint64 procstream_line_cursor_get_bytes_lost (ProcstreamLineCursor *self);
/* While a function is given a line: what ended it, and when. */
ProcstreamLineEnd procstream_line_cursor_get_end (ProcstreamLineCursor *self);
gint64            procstream_line_cursor_get_time (ProcstreamLineCursor *self);
/* Of the same line: whether its beginning is missing, and with how many bytes of before it begins. */
gboolean procstream_line_cursor_is_line_torn (ProcstreamLineCursor *self,
                                              gsize                *context);
/* Of the same line, in whose lane: what follows its first @size bytes. Until the next push it can be found out where in the stream that is,
 * which may take long. */
gint64  procstream_line_cursor_get_position (ProcstreamLineCursor *self,
                                             gsize                 size,
                                             guint                *lane);
guint64 procstream_line_cursor_find_offset (ProcstreamLineCursor *self,
                                            guint                 lane,
                                            gint64                position);
/* No more places are asked for. */
void procstream_line_cursor_forget_places (ProcstreamLineCursor *self);
/* What the line that is not finished has so far, in one lane; NULL: nothing. Sets stream. Valid until the next push. */
const guint8 *procstream_line_cursor_peek_unfinished (ProcstreamLineCursor *self,
                                                      guint                 lane,
                                                      gsize                *size);

/* For one who pushes parts of chunks into the splitters: which one is that of the chunk ... */
guint procstream_line_cursor_get_lane (ProcstreamChunk *chunk);
/* ... before the first part of @chunk: whether what was pushed of its stream before, and not yet cut, is torn off ... */
gboolean procstream_line_cursor_is_torn (ProcstreamLineCursor *self,
                                         ProcstreamChunk      *chunk);
void     procstream_line_cursor_settle (ProcstreamLineCursor *self,
                                        ProcstreamChunk      *chunk);
/* ... the same at the end ... */
void procstream_line_cursor_settle_end (ProcstreamLineCursor *self,
                                        guint                 lane);
/* ... and where @chunk was given out in another way, so that a line begins with what follows it. */
void procstream_line_cursor_join (ProcstreamLineCursor *self,
                                  ProcstreamChunk      *chunk);

G_END_DECLS
