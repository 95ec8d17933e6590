/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line.h"

G_BEGIN_DECLS

/* The objects that stand for lines, as long as somebody holds them, by the ids of the lines. For one thread, but the objects may go in any. */
typedef struct _ProcstreamLineCache ProcstreamLineCache;

ProcstreamLineCache *procstream_line_cache_new (void);
void                 procstream_line_cache_free (ProcstreamLineCache *self);

/* (transfer full) (nullable) */
ProcstreamLine *procstream_line_cache_get (ProcstreamLineCache *self,
                                           guint64              id);
void            procstream_line_cache_put (ProcstreamLineCache *self,
                                           guint64              id,
                                           ProcstreamLine      *line);
guint           procstream_line_cache_get_size (ProcstreamLineCache *self); /* dead ones too */

G_END_DECLS
