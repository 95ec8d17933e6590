/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The I/O thread: started at first use, never stopped. */
GMainContext *procstream_io_thread_get_context (void);                  /* starts it */
gboolean      procstream_io_thread_has_context (GMainContext *context); /* does not start it */
gboolean      procstream_io_thread_is_current (void);

/* Runs @func in the I/O thread, once, soon; at once when called there. @destroy is run there too. In a forked copy of the program
 * nothing is run, and @data is left alone. */
void procstream_io_thread_invoke (GSourceFunc    func,
                                  gpointer       data,
                                  GDestroyNotify destroy);

G_END_DECLS
