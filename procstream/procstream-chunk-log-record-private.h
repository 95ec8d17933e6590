/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-log-private.h"

G_BEGIN_DECLS

/* The log itself, for the files that make it up and no others: -chunk-log.c, which says what holds, and -chunk-log-replay.c, which finds
 * where replay begins. */

typedef struct
{
  ProcstreamChunk *chunk;
  guint32          unread;
  guint32          paused;
  guint32          wanted;
  guint32          lines; /* that begin in it, where replay counts lines */
} ProcstreamLogSlot;

struct _ProcstreamCursor
{
  ProcstreamDelivery delivery;
  guint64            next;
  guint64            next_offset; /* in bytes: the chunk may be gone */
  guint64            attached_at;
  guint64            missed; /* chunks that were gone when it attached from the start, until it is told */
  gsize              skip;   /* bytes of its next chunk, the first of its history, that replay had let go */
  gboolean           finished;
  const GError      *dropped; /* it is in no slot and in no list, and no cursor that counts */
  ProcstreamLag      lost;    /* by that, until it is told */
  GQueue             own;     /* of ProcstreamChunk, history that the log has let go */
};

struct _ProcstreamChunkLog
{
  ProcstreamLogOptions options;
  ProcstreamLogSlot   *slots;
  guint64              mask; /* capacity - 1; a power of two */
  guint64              first;
  guint64              head;
  guint64              head_offset;
  guint8               last[PROCSTREAM_LINE_RULE_MAX_SIZE]; /* of all that was appended */
  gboolean             sealed;
  gboolean             finished;
  GError              *error;

  guint64 unread_mark;
  guint64 paused_mark;
  guint64 wanted_mark;
  guint64 replay_mark; /* and these: see -chunk-log-replay.c */
  gsize   replay_skip;
  guint64 replay_lines;
  guint32 rest_lines;
  gint64  now_us;
  guint64 live_mark;
  guint64 unindexed_mark; /* no chunk before it lacks a line index */

  guint      n_cursors;
  guint      behind;
  GPtrArray *histories; /* of lossy cursors that read history */
  GPtrArray *errors;    /* that cursors were dropped with */
  guint64    dropped;
  guint64    unobserved;
  guint64    taken_offset; /* how far the cursors that are gone have been */
};

static inline ProcstreamLogSlot *
procstream_log_slot_at (ProcstreamChunkLog *self,
                        guint64             sequence)
{
  return &self->slots[sequence & self->mask];
}

static inline guint64
procstream_log_offset_of (ProcstreamChunkLog *self,
                          guint64             sequence)
{
  return sequence == self->head ? self->head_offset : procstream_log_slot_at (self, sequence)->chunk->offset;
}

/* Bytes from chunk @sequence to the head. */
static inline guint64
procstream_log_size_from (ProcstreamChunkLog *self,
                          guint64             sequence)
{
  return self->head_offset - procstream_log_offset_of (self, sequence);
}

static inline gboolean
procstream_log_has_replay (ProcstreamChunkLog *self)
{
  return !self->sealed && self->options.replay != PROCSTREAM_REPLAY_NONE && self->options.replay != PROCSTREAM_REPLAY_UNSET;
}

/* The oldest chunk that replay keeps; of what it keeps, replay_skip bytes of that chunk are left out. Moves replay_mark there. */
guint64 procstream_log_get_replay_floor (ProcstreamChunkLog *self);
/* Of the chunk in the slot of the head, which becomes the newest. */
void procstream_log_count_lines (ProcstreamChunkLog *self);

G_END_DECLS
