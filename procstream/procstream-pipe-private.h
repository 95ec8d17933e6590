/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Pipes of our own: close-on-exec, numbered above 2 even when the program runs with 0, 1 or 2 closed. */
gboolean procstream_pipe_new (int      fds[2], /* read end, write end */
                              GError **error);
/* Moves it above 2 if need be; -1 with errno, and then it is closed. */
int procstream_fd_above_standard (int fd);

/* Enlarging within a process-wide budget. A grant is a number of bytes taken from it. */
#define PROCSTREAM_PIPE_ENLARGED_SIZE (256 * 1024)
#define PROCSTREAM_PIPE_BUDGET (4 * 1024 * 1024)
gsize procstream_pipe_enlarge (int fd); /* the grant, 0: not now (budget spent or not allowed) */
/* Shrinks the pipe to what it was. FALSE: it holds too much for that now; it stays big, and the grant is still taken. */
gboolean procstream_pipe_give_back (int   fd, /* -1: it is closed */
                                    gsize grant);
gsize    procstream_pipe_budget_used (void);

G_END_DECLS
