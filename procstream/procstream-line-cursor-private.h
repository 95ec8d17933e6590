/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-private.h"
#include "procstream-line-splitter-private.h"

G_BEGIN_DECLS

/* Follows the chunks of one cursor line by line: the shared index of each chunk, and the carry for a line that crosses chunks. Whether a
 * line begins where it begins is decided here, for all that cut lines. */
typedef struct
{
  ProcstreamLineSplitter *splitter;
  ProcstreamLineOptions   options;
  gboolean                torn; /* what comes next does not follow what came before, or nothing came before */
} ProcstreamLineCursor;

void     procstream_line_cursor_init (ProcstreamLineCursor        *self,
                                      const ProcstreamLineOptions *options);
void     procstream_line_cursor_clear (ProcstreamLineCursor *self);
gboolean procstream_line_cursor_is_init (ProcstreamLineCursor *self);

/* What comes next does not follow what came before. */
void procstream_line_cursor_gap (ProcstreamLineCursor *self);
/* It follows what was given out in another way, so a line begins with it. */
void procstream_line_cursor_join (ProcstreamLineCursor *self);
/* For one who pushes parts of chunks into the splitter: before the first part of @chunk (NULL: at the end). The functions below do it. */
void                 procstream_line_cursor_settle (ProcstreamLineCursor *self,
                                                    ProcstreamChunk      *chunk);
void                 procstream_line_cursor_push (ProcstreamLineCursor *self,
                                                  ProcstreamChunk      *chunk,
                                                  ProcstreamLineFunc    func,
                                                  gpointer              user_data);
void                 procstream_line_cursor_finish (ProcstreamLineCursor *self,
                                                    ProcstreamLineFunc    func,
                                                    gpointer              user_data);
ProcstreamLineBatch *procstream_line_cursor_push_batch (ProcstreamLineCursor *self,
                                                        ProcstreamChunk      *chunk);
ProcstreamLineBatch *procstream_line_cursor_finish_batch (ProcstreamLineCursor *self);
guint64              procstream_line_cursor_get_bytes_lost (ProcstreamLineCursor *self);

G_END_DECLS
