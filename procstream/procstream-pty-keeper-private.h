/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Our side of the pseudo-terminal of a child, for as long as the child is there. Atomically counted; all calls from any thread. */
typedef struct _ProcstreamPtyKeeper ProcstreamPtyKeeper;

ProcstreamPtyKeeper *procstream_pty_keeper_new (void);
ProcstreamPtyKeeper *procstream_pty_keeper_ref (ProcstreamPtyKeeper *self);
void                 procstream_pty_keeper_unref (ProcstreamPtyKeeper *self);

/* Once, when the child runs: takes a descriptor of our side, beside the one that is read. */
void procstream_pty_keeper_open (ProcstreamPtyKeeper *self,
                                 int                  fd);
/* Nobody reads the terminal any more: from now on what comes is thrown away. It may be said before it is open, and again. */
void procstream_pty_keeper_drain (ProcstreamPtyKeeper *self);
/* The child is gone, or will not start. It may be said again. */
void procstream_pty_keeper_close (ProcstreamPtyKeeper *self);

G_END_DECLS
