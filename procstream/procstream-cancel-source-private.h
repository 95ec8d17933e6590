/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A source that is ready when @cancellable is cancelled, as g_cancellable_source_new() makes one. That one leaks when it goes while another
 * thread is in the middle of cancelling. */
GSource *procstream_cancel_source_new (GCancellable          *cancellable,
                                       GMainContext          *context, /* it is attached to */
                                       GCancellableSourceFunc func,
                                       gpointer               data,
                                       GDestroyNotify         destroy);

/* Destroys @source and drops the reference to it. It must end so. Any thread, in any handler of the cancellable too; the callback is not
 * called any more, unless its context is in the middle of that. */
void procstream_cancel_source_end (GSource *source);

G_END_DECLS
