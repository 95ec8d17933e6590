/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-input.h"

G_BEGIN_DECLS

/* The inner record of an input: the queue of what is to be written and the descriptor. Atomically counted; held by the child's inner
 * record, the outer ProcstreamInput and writes that can be cancelled. */
typedef struct _ProcstreamInputCore ProcstreamInputCore;

ProcstreamInputCore *procstream_input_core_new (const char *name); /* of the process, for messages */
ProcstreamInputCore *procstream_input_core_ref (ProcstreamInputCore *self);
void                 procstream_input_core_unref (ProcstreamInputCore *self);

/* Before it is opened: it is typed at a terminal. @has_end: what is typed can say that it is the end. */
void procstream_input_core_set_terminal (ProcstreamInputCore *self,
                                         gboolean             has_end);
/* The process runs: takes the write end of a pipe of ours, and begins with what was queued. In the I/O thread, once. */
void procstream_input_core_open (ProcstreamInputCore *self,
                                 int                  fd);
/* No more can be written, now or ever: all that is queued fails with a copy of @error. Any thread; the first one counts. */
void procstream_input_core_fail (ProcstreamInputCore *self,
                                 const GError        *error);
/* No more can be written; closed once all that is queued was. Any thread. */
void procstream_input_core_close (ProcstreamInputCore *self);
/* Queues @bytes, and tells nobody what becomes of them. FALSE: no more can be written. Any thread. */
gboolean procstream_input_core_write (ProcstreamInputCore *self,
                                      GBytes              *bytes);

ProcstreamInput *procstream_input_new_for_core (ProcstreamInputCore *core);

G_END_DECLS
