/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-shutdown-private.h"

G_BEGIN_DECLS

/* A shutdown under way. A plain state machine: it knows no main loop, is told the time, and acts through functions. */
typedef struct _ProcstreamTerminator ProcstreamTerminator;

/* What is left of a child. */
typedef enum
{
  PROCSTREAM_REMAINS_LEADER,      /* the process itself, and maybe others of its group */
  PROCSTREAM_REMAINS_MEMBERS,     /* others of its group, which can be signalled */
  PROCSTREAM_REMAINS_UNREACHABLE, /* others of its group, which nothing can be sent to */
  PROCSTREAM_REMAINS_NOBODY,
  PROCSTREAM_REMAINS_UNKNOWN, /* not the process itself; a step follows as soon as it is known */
} ProcstreamRemains;

/* The functions return 0 or an errno, and do not block. */
typedef struct
{
  int (*send_signal) (gpointer               data,
                      int                    signum,
                      ProcstreamSignalTarget target);
  int (*close_input) (gpointer data);
  int (*write_input) (gpointer data,
                      GBytes  *bytes);
  ProcstreamRemains (*look) (gpointer data);
} ProcstreamTerminatorOps;

typedef enum
{
  PROCSTREAM_TERMINATOR_UNDER_WAY,
  PROCSTREAM_TERMINATOR_GONE, /* nobody is left */
  PROCSTREAM_TERMINATOR_LEFT, /* somebody is: see look() */
} ProcstreamTerminatorState;

ProcstreamTerminator *procstream_terminator_new (ProcstreamShutdownPlan        *plan,
                                                 const ProcstreamTerminatorOps *ops,
                                                 gpointer                       data);
void                  procstream_terminator_free (ProcstreamTerminator *self);

/* Does what is due at @now_us, on a monotonic clock. To be called to begin, each time that something may have changed, and at the time
 * that it returned last; -1: it is over. */
gint64 procstream_terminator_step (ProcstreamTerminator *self,
                                   gint64                now_us);

/* The kill begins no later than @time_us, whichever phase is under way by then; those in between are left out. The earliest of several
 * counts. The next step minds it. */
void procstream_terminator_set_kill_by (ProcstreamTerminator *self,
                                        gint64                time_us);

ProcstreamTerminatorState procstream_terminator_get_state (const ProcstreamTerminator *self);
/* The phase that was begun last, from 0 on; -1: none. The last of the plan is the kill. */
int procstream_terminator_get_phase (const ProcstreamTerminator *self);
/* Of guint: the numbers of those that were begun, in their order. */
const GArray *procstream_terminator_get_begun (const ProcstreamTerminator *self);
/* What was left when that was last known. */
ProcstreamRemains procstream_terminator_get_remains (const ProcstreamTerminator *self);
/* Of ProcstreamShutdownTry, in the order in which they were made. */
const GArray *procstream_terminator_get_tries (const ProcstreamTerminator *self);

G_END_DECLS
