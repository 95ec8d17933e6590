/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-tool-sink-private.h"

G_BEGIN_DECLS

/* Looks at every line of both outputs: keeps the last ones, counts them all, and waits for one. */
typedef struct _ToolWatch ToolWatch;

typedef struct
{
  const char *stream; /* static */
  char       *line;
  guint64     size; /* of the whole line, where it was cut; else 0 */
} ToolLine;

/* @matched is called in the main thread when the line was seen, @unmatched when it can come no more: one of them, once.
 * @announce is called after @matched in the thread of the watch, and may block. */
ToolWatch *tool_watch_new (ToolThread *thread,
                           guint       tail,
                           GRegex     *wait_for, /* nullable */
                           GSourceFunc matched,
                           GSourceFunc unmatched,
                           void (*announce) (gpointer user_data),
                           gpointer user_data);
void       tool_watch_free (ToolWatch *self);

ProcstreamConsumer *tool_watch_attach (ToolWatch        *self,
                                       ProcstreamOutput *output,
                                       const char       *stream, /* static */
                                       GError          **error);

/* For when the outputs have ended, or nobody waits for them any more. */
GPtrArray *tool_watch_steal_tail (ToolWatch *self); /* of ToolLine */
void       tool_watch_count (ToolWatch  *self,
                             const char *stream,
                             guint64    *lines,
                             guint64    *bytes_lost); /* to the watch, in gaps */

/* NULL: none yet. Valid as long as the watch is. */
const ToolLine *tool_watch_get_match (ToolWatch *self,
                                      gint64    *time_us); /* monotonic */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolWatch, tool_watch_free)

G_END_DECLS
