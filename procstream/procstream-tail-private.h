/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-splitter-private.h"

G_BEGIN_DECLS

/* The last lines of an output, for messages. What comes is only copied, and only the end of it; it is cut into lines when somebody asks. No
 * lock: its owner locks. */
typedef struct _ProcstreamTail ProcstreamTail;

#define PROCSTREAM_TAIL_LINES 10
#define PROCSTREAM_TAIL_BYTES 4096

ProcstreamTail *procstream_tail_new (void);
void            procstream_tail_free (ProcstreamTail *self);

void procstream_tail_push (ProcstreamTail *self,
                           const guint8   *data,
                           gsize           size);
/* What comes next does not follow what came before, which is forgotten. */
void procstream_tail_gap (ProcstreamTail *self);
/* The last lines, no more than PROCSTREAM_TAIL_LINES that were in the last PROCSTREAM_TAIL_BYTES; valid UTF-8, possibly none. Of a longer
 * line, what there is after "…". */
char **procstream_tail_dup_lines (ProcstreamTail              *self,
                                  const ProcstreamLineOptions *options);

G_END_DECLS
