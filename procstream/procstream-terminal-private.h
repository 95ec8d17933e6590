/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The terminal that a child in a process group of its own inherits, seen as a shell sees it: lent to the child while it runs in
 * the foreground, taken back when it stops or ends. A child that stays in the program's group needs none of this. */
typedef struct _ProcstreamTerminal ProcstreamTerminal;

/* Looks for the program's controlling terminal among the descriptors that the child inherits as 0, 1 and 2 (-1: not inherited).
 * NULL: there is none, and nothing to do. To be called just before the child is started. */
ProcstreamTerminal *procstream_terminal_new (const int inherited[3]);

/* Which of its descriptors the child is to make its group the foreground group of, before it runs the real program; -1: of none,
 * because the program is not in the foreground itself or has lent the terminal already. */
int procstream_terminal_get_target (ProcstreamTerminal *self);

/* Whom it follows. */
typedef struct
{
  int pid;                       /* of the child, and so of its group */
  int parented;                  /* the process that stops and is continued as the child is, and that is a child of the program: itself, or its guard */
  int pidfd;                     /* of that; taken; -1: there is none, and it is waited for by its number */
  void (*go_on) (gpointer data); /* continues the group and the guard, and nobody else; any thread, not after the close */
  gpointer data;
} ProcstreamTerminalChild;

/* The child runs. From here on its stops are noticed, by a thread of the library. */
void procstream_terminal_follow (ProcstreamTerminal            *self,
                                 const ProcstreamTerminalChild *child);

/* The child is gone, or was never started: the terminal is taken back before this returns, so that who is told of the end can
 * use it. Never waits. Frees @self for the caller. */
void procstream_terminal_close (ProcstreamTerminal *self,
                                gboolean            killed); /* by a signal */

G_END_DECLS
