/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-store-private.h"

G_BEGIN_DECLS

/* Lines that came and are not shown yet, of which those of outputs that are muted by then can be left out. No lock: its owner locks. */
typedef struct _ProcstreamLogPending ProcstreamLogPending;

/* The ids of its lines go on from @first_id. */
ProcstreamLogPending *procstream_log_pending_new (guint64 first_id);
void                  procstream_log_pending_free (ProcstreamLogPending *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcstreamLogPending, procstream_log_pending_free)

/* @muted: what says whether the output is, see procstream_output_core_dup_muted(). */
void procstream_log_pending_append (ProcstreamLogPending       *self,
                                    gint                       *muted,
                                    const ProcstreamStoredLine *line);
/* See procstream_line_store_trim(). */
guint64  procstream_log_pending_trim (ProcstreamLogPending *self,
                                      guint64               max_lines,
                                      guint64               max_bytes);
gboolean procstream_log_pending_has_muted (ProcstreamLogPending *self);
/* (transfer full) the same without what outputs gave that are muted; what is left has ids from @first_id on. */
ProcstreamLogPending *procstream_log_pending_dup_audible (ProcstreamLogPending *self,
                                                          guint64               first_id);
/* Its own. */
ProcstreamLineStore *procstream_log_pending_get_store (ProcstreamLogPending *self);

G_END_DECLS
