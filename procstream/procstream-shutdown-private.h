/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-shutdown-attempt.h"
#include "procstream-shutdown-phase.h"
#include "procstream-shutdown.h"

G_BEGIN_DECLS

/* One phase as plain data, which the I/O thread may keep and let go of. */
typedef struct
{
  ProcstreamShutdownAction action;
  int                      signum; /* of SIGNAL and KILL */
  ProcstreamSignalTarget   target; /* of the same */
  GBytes                  *bytes;  /* of WRITE */
  gint64                   grace_ms;
} ProcstreamShutdownStep;

void procstream_shutdown_step_copy (const ProcstreamShutdownStep *self,
                                    ProcstreamShutdownStep       *copy);
void procstream_shutdown_step_clear (gpointer step);

gboolean procstream_shutdown_is_kill (ProcstreamShutdown *self); /* made to have no phases */
/* As it stands now, in any thread: (transfer full) of owned ProcstreamShutdownPhase. */
GPtrArray *procstream_shutdown_dup_phases (ProcstreamShutdown *self,
                                           gint64             *kill_timeout_ms);

ProcstreamShutdownPhase *procstream_shutdown_phase_new (const ProcstreamShutdownStep *step);

/* A whole shutdown, checked, as plain data that never changes. The last step is the final kill, whose grace is the time that it may
 * take. */
typedef struct
{
  gatomicrefcount ref_count;
  GArray         *steps; /* of ProcstreamShutdownStep; at least one */
} ProcstreamShutdownPlan;

/* NULL stands for the default one. NULL with G_IO_ERROR_INVALID_ARGUMENT, which tells what is wrong with which phase. */
ProcstreamShutdownPlan *procstream_shutdown_plan_new (ProcstreamShutdown *shutdown,
                                                      GError            **error);
ProcstreamShutdownPlan *procstream_shutdown_plan_new_kill (void);
ProcstreamShutdownPlan *procstream_shutdown_plan_ref (ProcstreamShutdownPlan *self);
void                    procstream_shutdown_plan_unref (ProcstreamShutdownPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcstreamShutdownPlan, procstream_shutdown_plan_unref)
/* How long it may take from beginning to end, at most. */
gint64 procstream_shutdown_plan_get_total_ms (const ProcstreamShutdownPlan *self);
/* And until the kill. */
gint64 procstream_shutdown_plan_get_grace_ms (const ProcstreamShutdownPlan *self);

/* SIGKILL rather than "Killed", which depends on the language of the user; by number where there is no name. */
char *procstream_signal_name (int signum);

/* What was done, and what the system answered. */
typedef struct
{
  ProcstreamShutdownAction action;
  int                      signum;
  guint                    phase;   /* from 0 on */
  guint                    round;   /* of the kill, from 1 on; otherwise 0 */
  int                      errsv;   /* 0: it was done */
  gint64                   time_us; /* since the beginning of the shutdown */
} ProcstreamShutdownTry;

ProcstreamShutdownAttempt *procstream_shutdown_attempt_new (const ProcstreamShutdownTry *try_);

G_END_DECLS
