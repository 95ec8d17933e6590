/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* For who sleeps and must be woken when @cancellable is cancelled: @func is called then, in whatever thread cancels, and must
 * neither block nor call the program. One that was cancelled before calls nothing: look at it after this. NULL: nothing is watched. */
gulong procstream_cancel_watch_begin (GCancellable *cancellable,
                                      void (*func) (gpointer),
                                      gpointer       data,
                                      GDestroyNotify destroy);
/* In any thread, whatever handlers are running; of @func too: @data is there as long as one does. */
void procstream_cancel_watch_end (GCancellable *cancellable,
                                  gulong        watch);

G_END_DECLS
