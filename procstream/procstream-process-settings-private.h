/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-enums.h"

G_BEGIN_DECLS

/* What a process does to itself before it becomes the program. Plain data: it is copied by assignment. */
typedef struct
{
  gboolean set;
  gint64   soft; /* -1: none */
  gint64   hard;
} ProcstreamLimitValue;

#define PROCSTREAM_N_LIMITS (PROCSTREAM_LIMIT_LOCKS + 1)

typedef struct
{
  int                  nice; /* added to the program's own, as is oom_score_adjust */
  int                  oom_score_adjust;
  int                  umask; /* -1: the program's own */
  int                  parent_death_signal;
  int                  guard_grace_ms;              /* of a guard: between asking and killing */
  gboolean             keep_descendants;            /* by a guard, when the process has ended */
  ProcstreamLimitValue limits[PROCSTREAM_N_LIMITS]; /* by ProcstreamLimit */
} ProcstreamProcessSettings;

/* The RLIMIT_ constant, and what it is called in messages. */
int             procstream_limit_to_resource (ProcstreamLimit limit);
ProcstreamLimit procstream_limit_from_resource (int resource); /* UNSET: not one of ours */
const char     *procstream_limit_to_string (ProcstreamLimit limit);

G_END_DECLS
