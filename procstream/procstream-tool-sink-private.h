/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* A thread with a main context of its own, for a consumer that may block: on a terminal that was told to pause, on a full disk. */
typedef struct _ToolThread ToolThread;

ToolThread *tool_thread_new (const char *name);
void        tool_thread_start (ToolThread *self);
void        tool_thread_free (ToolThread *self); /* joins */

/* A consumer that calls functions, in @thread. A returned TRUE means: no more. Of @chunk and @lines one is given, or both: then a chunk
 * comes before the lines that end in it. */
typedef struct
{
  gboolean (*chunk) (gpointer user_data, GBytes *bytes);
  gboolean (*lines) (gpointer user_data, const char *const *lines);
  gboolean (*gap) (gpointer user_data, guint64 bytes);
  void (*ended) (gpointer user_data);
} ToolSinkFuncs;

/* Before @thread is started. @funcs is static; @user_data outlives the sink. */
ProcstreamConsumer *tool_sink_new (ToolThread          *thread,
                                   const ToolSinkFuncs *funcs,
                                   gpointer             user_data);

/* Calls @func once in the main thread. */
void tool_call_main (GSourceFunc func,
                     gpointer    data);

G_END_DECLS
