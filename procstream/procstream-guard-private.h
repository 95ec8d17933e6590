/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-helper-private.h"

G_BEGIN_DECLS

/* How long a tree whose end has come has, unless set, before it is killed. Long enough for a program that saves its work, and no longer
 * than who waits for the end has patience. */
#define PROCSTREAM_GUARD_GRACE_MS 2000

/* This side of the channel to a guard; see procstream-helper-private.h for what is said there. None of these blocks. */

/* Ours, then the guard's. */
gboolean procstream_guard_new (int      fds[2],
                               GError **error);
/* FALSE with errno: ESRCH when there is no guard any more. */
gboolean procstream_guard_order (int fd,
                                 int whom,
                                 int signum);
/* FALSE when there is nothing now, or, with @ended, never again. */
gboolean procstream_guard_read (int                  fd,
                                ProcstreamGuardNews *news,
                                gboolean            *ended);

G_END_DECLS
