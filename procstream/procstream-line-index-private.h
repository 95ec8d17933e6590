/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which bytes an index marks: each that may be the last one of a separator. */
typedef guint16 ProcstreamLineMark;
#define PROCSTREAM_LINE_MARK_NONE 0
#define PROCSTREAM_LINE_MARK_LF 1 /* as good as TRUE, where lines are all that is asked for */
#define PROCSTREAM_LINE_MARK_CR_OR_LF 2
#define PROCSTREAM_LINE_MARK_FIRST_BYTE 3 /* NUL, and so on; LF is not among them */

static inline ProcstreamLineMark
procstream_line_mark_of_byte (guint8 byte)
{
  return byte == '\n' ? PROCSTREAM_LINE_MARK_LF : PROCSTREAM_LINE_MARK_FIRST_BYTE + byte;
}

/* The first marked byte, without an index; NULL: there is none. */
const guint8 *procstream_line_mark_find (ProcstreamLineMark mark,
                                         const guint8      *data,
                                         gsize              size);

/* Where the marked bytes of a chunk are, and what lets a reader skip work. */
typedef struct _ProcstreamLineIndex ProcstreamLineIndex;
struct _ProcstreamLineIndex
{
  guint32  n_positions;
  guint16  mark;
  gboolean ascii;   /* no byte above 0x7f */
  gboolean has_nul; /* one that is not marked */
  gboolean has_cr;
  guint32  positions[]; /* ascending */
};

ProcstreamLineIndex *procstream_line_index_new (const guint8      *data,
                                                gsize              size,
                                                ProcstreamLineMark mark);
/* The same without instructions of one processor; for tests where the other is used. */
ProcstreamLineIndex *procstream_line_index_new_portable (const guint8      *data,
                                                         gsize              size,
                                                         ProcstreamLineMark mark);
void                 procstream_line_index_free (ProcstreamLineIndex *self);
gsize                procstream_line_index_get_memory (const ProcstreamLineIndex *self); /* bytes it takes */

G_END_DECLS
