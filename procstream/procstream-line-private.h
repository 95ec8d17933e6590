/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line.h"

G_BEGIN_DECLS

/* What ended the text of a line: exactly one of them. */
typedef enum
{
  PROCSTREAM_LINE_END_SEPARATOR,
  PROCSTREAM_LINE_END_LIMIT,  /* it was longer than the limit: the next piece, or the first byte that is dropped, follows */
  PROCSTREAM_LINE_END_OUTPUT, /* nothing followed */
} ProcstreamLineEnd;

/* A line of the @size bytes at @data, without separator; they are copied. @number counts from 1. @stream is a name, "?" for none. */
ProcstreamLine *procstream_line_new (gconstpointer     data,
                                     gsize             size,
                                     guint64           number,
                                     gint64            time_us,
                                     const char       *stream,
                                     ProcstreamLineEnd end);
/* Before anybody else has it. */
void procstream_line_set_torn (ProcstreamLine *self,
                               gboolean        torn);
/* The text of what stands for a gap. */
char *procstream_line_describe_gap (guint64 bytes);
/* No line, but what stands for this much that was lost. */
ProcstreamLine *procstream_line_new_gap (guint64     chunks,
                                         guint64     bytes,
                                         gint64      time_us,
                                         const char *stream);

G_END_DECLS
