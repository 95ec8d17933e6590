/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-writing-private.h"

G_BEGIN_DECLS

/* The writers that the exit of the program waits for. Any thread. */

/* With a reference, until it is removed. */
void procstream_writing_exit_add (ProcstreamWriting *writing);
/* Everything is written, flushed and closed, or given up. Also for one that is not there. */
void procstream_writing_exit_remove (ProcstreamWriting *writing);

/* Of -writing.c. */
ProcstreamWriting *procstream_writing_ref (ProcstreamWriting *self);
void               procstream_writing_unref (ProcstreamWriting *self);
/* In the I/O thread: it ends when it has written what there is to be read by now, as if that were the end of the output. */
void procstream_writing_take_leave (ProcstreamWriting *self);

G_END_DECLS
