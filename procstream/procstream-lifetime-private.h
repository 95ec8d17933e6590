/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"

G_BEGIN_DECLS

/* The children that the exit of the program ends. None takes a reference from the caller; any thread, also with the lock of the child
 * held. */

/* Has the exit of the program looked after, before there is any child. */
void procstream_lifetime_prepare (void);
/* When this is cancelled, the exit of the program waits for no child any more. Not in a forked copy. */
GCancellable *procstream_lifetime_get_hurry (void);
/* FALSE once the program is about to exit: then nothing is to be started any more. */
gboolean procstream_lifetime_add (ProcstreamChildCore *core);
/* Also for a child that is not there. */
void procstream_lifetime_remove (ProcstreamChildCore *core);
/* The program is about to exit. */
gboolean procstream_lifetime_is_over (void);

/* A child has exited whose group is left, and goes from here when that is gone; nothing is done for one that is not there, as one that was
 * detached is not. In the I/O thread. */
void procstream_lifetime_look_soon (ProcstreamChildCore *core);
/* To be called now and then, without any lock. */
void procstream_lifetime_tidy (void);

G_END_DECLS
