/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* What timeout(1) and the shells use. */
#define TOOL_EXIT_TIMEOUT 124
#define TOOL_EXIT_FAILED 125
#define TOOL_EXIT_CANNOT_RUN 126
#define TOOL_EXIT_NOT_FOUND 127
#define TOOL_EXIT_SIGNAL 128

/* Durations are in milliseconds, -1: no limit. */
typedef struct
{
  char                **argv;
  char                 *name;
  char                 *cwd;
  char                **environment;
  char                 *log_path;
  char                 *json_path; /* NULL: standard output */
  char                **limits;
  GRegex               *wait_for;
  ProcstreamShutdown   *shutdown;
  ProcstreamDelivery    delivery;
  ProcstreamStdinMode   stdin_mode;
  ProcstreamContainment containment;
  gint64                wait_timeout_ms;
  gint64                timeout_ms;
  gint64                idle_timeout_ms;
  gint64                grace_ms;
  gint64                drain_ms;
  gboolean              drain_given; /* drain_ms was asked for */
  int                   tail;
  gboolean              append;
  gboolean              prefix;
  gboolean              json;
  gboolean              quiet;
  gboolean              verbose;
  gboolean              hide;
  gboolean              merge_stderr;
  gboolean              pty;
  gboolean              show_version;
} ToolOptions;

/* @argv is changed. */
gboolean tool_options_parse (ToolOptions *self,
                             char      ***argv,
                             GError     **error);
void     tool_options_clear (ToolOptions *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolOptions, tool_options_clear)

G_END_DECLS
