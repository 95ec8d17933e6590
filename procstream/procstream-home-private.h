/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The thread that reads an output: that of the I/O thread, or whoever runs the captured context. Functions can be sent there. */
typedef struct _ProcstreamHome ProcstreamHome;

/* @context: the captured one, or NULL for the I/O thread. */
ProcstreamHome *procstream_home_new (GMainContext *context);
void            procstream_home_free (ProcstreamHome *self); /* what was sent is done, or goes on without it */

GMainContext *procstream_home_get_context (ProcstreamHome *self); /* starts the I/O thread */

/* Runs @func, then @destroy, there; in the order in which they were sent. Any thread. */
void procstream_home_invoke (ProcstreamHome *self,
                             void (*func) (gpointer),
                             gpointer       data,
                             GDestroyNotify destroy);

G_END_DECLS
