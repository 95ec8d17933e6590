/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-private.h"
#include "procstream-line-splitter-private.h"

G_BEGIN_DECLS

/* Follows the chunks of one cursor line by line: the shared index of each chunk, and the carry for a line that crosses chunks. */
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

void                 procstream_line_cursor_gap (ProcstreamLineCursor *self);
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
