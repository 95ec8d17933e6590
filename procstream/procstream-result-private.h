/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-capture.h"
#include "procstream-enums.h"
#include "procstream-result.h"

G_BEGIN_DECLS

/* What the child took, and its descendants that had ended. */
typedef struct
{
  gint64 user_us; /* -1, as all of them: nobody knows */
  gint64 system_us;
  gint64 peak_bytes;
} ProcstreamUsage;

#define PROCSTREAM_NO_USAGE ((ProcstreamUsage){ -1, -1, -1 })

/* All that a result is made of; what has no value is 0 or NULL. */
typedef struct
{
  const char        *name;
  int                exit_code;   /* -1 for a process that was killed, or runs */
  int                term_signal; /* 0 for one that exited, or runs */
  gint64             duration_us;
  ProcstreamUsage    usage;
  ProcstreamCause    cause;
  int                phase;   /* of all the phases of its shutdowns, the last one; -1: none */
  GArray            *tries;   /* (transfer full) of ProcstreamShutdownTry */
  const guint32     *success; /* a bit for each exit status; NULL: 0 alone */
  gboolean           running;
  gboolean           cut_allowed;
  ProcstreamCapture *captures[2]; /* (transfer full) of stdout, stderr */
  char              *tail;        /* (transfer full) */
  GError            *input_error; /* (transfer full) */
  GError            *file_error;  /* (transfer full) */
  const GError      *start_error; /* it never ran, because of that */
} ProcstreamResultFacts;

ProcstreamResult *procstream_result_new_from_facts (ProcstreamResultFacts *facts);

/* Of a child that came to its end by itself. */
ProcstreamResult *procstream_result_new (const char *name,
                                         int         exit_code,
                                         int         term_signal,
                                         gint64      duration_us);
/* Of one that never ran. */
ProcstreamResult *procstream_result_new_not_started (const char   *name,
                                                     const GError *error);

G_END_DECLS
