/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Rings for the owner: what is below an outer object, and may outlive it, has things to tell, and the outer is told in its own
 * context. It is apart from the inner record because the outputs of a child hold it, which the record holds. */
typedef struct _ProcstreamBell ProcstreamBell;

/* @advance is called with @outer, as long as that lives and the bell is not closed, in the thread that runs @context, each time that it
 * was rung. */
ProcstreamBell *procstream_bell_new (GMainContext *context,
                                     GObject      *outer,
                                     void (*advance) (gpointer outer));
gpointer        procstream_bell_ref (gpointer data);
void            procstream_bell_unref (gpointer data);
void            procstream_bell_ring (gpointer data); /* any thread */

/* For what means something to the outer only after something else: it is not woken for that alone. Whoever calls
 * procstream_bell_await() rings after that, and so tells of all that came before. */
void procstream_bell_await (ProcstreamBell *self);
void procstream_bell_ring_awaited (gpointer data); /* any thread */
void procstream_bell_close (ProcstreamBell *self);

G_END_DECLS
