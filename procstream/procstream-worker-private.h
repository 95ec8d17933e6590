/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Threads of the library for what can block: a disk, a stream that cannot be polled.
 * Each job gets a thread of its own for as long as it runs (idle threads are kept a while and used again):
 * a blocked job never keeps another one waiting. SIGPIPE is blocked in them. */
void procstream_worker_run (const char *name,
                            GThreadFunc func, /* result ignored */
                            gpointer    data);

G_END_DECLS
