/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the line feeds of a chunk are, and what lets a reader skip work. */
typedef struct _ProcstreamLineIndex ProcstreamLineIndex;
struct _ProcstreamLineIndex
{
  guint32  n_positions;
  gboolean ascii; /* no byte above 0x7f */
  gboolean has_nul;
  gboolean has_cr;
  guint32  positions[]; /* of each LF, ascending */
};

ProcstreamLineIndex *procstream_line_index_new (const guint8 *data,
                                                gsize         size);
/* The same without instructions of one processor; for tests where the other is used. */
ProcstreamLineIndex *procstream_line_index_new_portable (const guint8 *data,
                                                         gsize         size);
void                 procstream_line_index_free (ProcstreamLineIndex *self);
gsize                procstream_line_index_get_memory (const ProcstreamLineIndex *self); /* bytes it takes */

G_END_DECLS
