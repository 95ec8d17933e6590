/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-private.h"
#include "procstream-line-rule-private.h"

G_BEGIN_DECLS

/* Where in a stream stands what came out of a filter: of a line that is being cut, and of one that is not finished. One thread at a time. */
typedef struct _ProcstreamLineTrace ProcstreamLineTrace;

ProcstreamLineTrace *procstream_line_trace_new (const ProcstreamLineOptions *options);
void                 procstream_line_trace_free (ProcstreamLineTrace *self);

/* The next chunk is about to be filtered; before it @out bytes had come out. */
void procstream_line_trace_add (ProcstreamLineTrace *self,
                                ProcstreamChunk     *chunk,
                                guint64              out);
/* Nobody asks for what is before the first @out bytes of what came out any more. */
void procstream_line_trace_forget (ProcstreamLineTrace *self,
                                   guint64              out);
/* After as many bytes of the stream as these @out bytes had come out, and no more. */
guint64 procstream_line_trace_find (ProcstreamLineTrace *self,
                                    guint64              out);

G_END_DECLS
