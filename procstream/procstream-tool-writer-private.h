/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-tool-sink-private.h"

G_BEGIN_DECLS

/* One place where output is written: a standard stream of the tool, or the log. What is written blocks only @thread. */
typedef struct _ToolWriter ToolWriter;

/* Writes it all, however long that takes; FALSE with errno. */
gboolean tool_write_fully (int         fd,
                           const char *data,
                           gsize       size);

/* @failed is called in the main thread, once, with the errno in tool_writer_get_errno(). *@unfinished (atomic) tells whether the
 * last that was written did not end a line; writers of the same file share it. */
ToolWriter *tool_writer_new (ToolThread *thread,
                             int         fd,
                             const char *what,
                             gboolean    prefix,
                             int        *unfinished, /* nullable */
                             GSourceFunc failed,
                             gpointer    user_data);
void        tool_writer_free (ToolWriter *self);

/* Follows @output and writes what comes; with @announce, what is lost is noted at its place. */
ProcstreamConsumer *tool_writer_attach (ToolWriter       *self,
                                        ProcstreamOutput *output,
                                        const char       *stream,
                                        gboolean          announce,
                                        GError          **error);

const char *tool_writer_get_what (ToolWriter *self);
int         tool_writer_get_errno (ToolWriter *self); /* 0: no failure */
guint64     tool_writer_get_bytes (ToolWriter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolWriter, tool_writer_free)

G_END_DECLS
