/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-tool-options-private.h"
#include "procstream-tool-watch-private.h"
#include "procstream-tool-writer-private.h"

G_BEGIN_DECLS

/* Why the command ended, as far as the tool had to do with it. */
typedef enum
{
  TOOL_CAUSE_NONE, /* by itself */
  TOOL_CAUSE_NOT_STARTED,
  TOOL_CAUSE_TIMEOUT,
  TOOL_CAUSE_IDLE, /* it wrote nothing for too long */
  TOOL_CAUSE_WAIT_TIMEOUT,
  TOOL_CAUSE_UNMATCHED,     /* the outputs ended, or were given up, without the line */
  TOOL_CAUSE_SIGNAL,        /* the tool was told to end and passed that on, or passed on what ended the command */
  TOOL_CAUSE_BROKEN_PIPE,   /* nobody reads our output any more */
  TOOL_CAUSE_OUTPUT_FAILED, /* our output cannot be written */
} ToolCause;

typedef struct
{
  const char *stream;
  guint64     bytes;
  guint64     lines;
  guint64     bytes_dropped; /* by the most unlucky of the tool's subscribers */
  gboolean    complete;      /* read to its end, and nothing dropped */
} ToolStreamReport;

/* Everything that is said about a run, in words or as JSON. */
typedef struct
{
  const ToolOptions *options;
  const char        *name;
  ToolCause          cause;
  int                pid;
  int                exit_code;   /* of the command, -1: it has none */
  int                term_signal; /* 0: none */
  gint64             duration_us;
  const GError      *spawn_error;
  int                passed_signal; /* 0: none */
  int                output_errno;
  gboolean           killed;    /* SIGTERM was not enough */
  gboolean           held_open; /* others hold an output of a command that has ended */
  int                log_errno;
  guint64            log_bytes;
  ToolStreamReport   streams[2];
  guint              n_streams;
  const ToolLine    *match;
  gint64             match_after_us;
  GPtrArray         *tail; /* of ToolLine */
  guint64            lines_before_tail;
} ToolReport;

int   tool_report_get_status (const ToolReport *self); /* the exit status of the tool */
void  tool_report_print (const ToolReport *self);      /* on standard error */
void  tool_report_print_match (const ToolReport *self);
char *tool_report_to_json (const ToolReport *self); /* one line */

G_END_DECLS
