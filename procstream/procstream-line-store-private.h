/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-private.h"

G_BEGIN_DECLS

/* Many lines in little more memory than their bytes: a queue in which each can be looked at by its id. No lock: its owner locks. */
typedef struct _ProcstreamLineStore ProcstreamLineStore;

typedef struct
{
  const guint8     *data; /* raw, without separator; not ended by NUL */
  gsize             size;
  guint64           number;
  gint64            time_us;
  guint16           stream; /* a number that its owner gave it */
  ProcstreamLineEnd end;
  gboolean          is_gap; /* data is a ProcstreamStoredGap */
} ProcstreamStoredLine;

typedef struct
{
  guint64 chunks;
  guint64 bytes;
} ProcstreamStoredGap;

/* Ids go on where another store ended; they never repeat. */
ProcstreamLineStore *procstream_line_store_new (guint64 first_id);
void                 procstream_line_store_free (ProcstreamLineStore *self);

/* Copied. */
void procstream_line_store_append (ProcstreamLineStore        *self,
                                   const ProcstreamStoredLine *line);
void procstream_line_store_drop_first (ProcstreamLineStore *self,
                                       guint64              n);
/* Drops the oldest until there are no more than these; returns how many. */
guint64 procstream_line_store_trim (ProcstreamLineStore *self, guint64 max_lines, guint64 max_bytes);
guint64 procstream_line_store_get_first (ProcstreamLineStore *self);
guint64 procstream_line_store_get_end (ProcstreamLineStore *self); /* the id of the next one */
guint64 procstream_line_store_get_bytes (ProcstreamLineStore *self);
gsize   procstream_line_store_get_memory (ProcstreamLineStore *self);
/* FALSE: it is not there. What @line points to is there as long as the line is. */
gboolean procstream_line_store_lookup (ProcstreamLineStore  *self,
                                       guint64               id,
                                       ProcstreamStoredLine *line);
/* Moves everything from @other, which is empty then; it must begin where @self ends, or later if @self is empty. Full blocks change
 * hands, so this costs the same for many lines as for few. */
void procstream_line_store_take (ProcstreamLineStore *self,
                                 ProcstreamLineStore *other);

/* The lines of a moment, to be read in another thread whatever becomes of the store. It copies none. */
typedef struct _ProcstreamLineSnapshot ProcstreamLineSnapshot;

ProcstreamLineSnapshot *procstream_line_store_snapshot (ProcstreamLineStore *self);
void                    procstream_line_snapshot_free (ProcstreamLineSnapshot *self);
guint64                 procstream_line_snapshot_get_first (ProcstreamLineSnapshot *self);
guint64                 procstream_line_snapshot_get_end (ProcstreamLineSnapshot *self);
gboolean                procstream_line_snapshot_lookup (ProcstreamLineSnapshot *self,
                                                         guint64                 id,
                                                         ProcstreamStoredLine   *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcstreamLineSnapshot, procstream_line_snapshot_free)

G_END_DECLS
