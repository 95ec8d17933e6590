/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-enums.h"
#include "procstream-chunk-private.h"

G_BEGIN_DECLS

/* The append-only log of one output and its cursors. A plain data structure: no main loop, no object, no I/O, no lock
 * (its owner locks). */
typedef struct _ProcstreamChunkLog ProcstreamChunkLog;
typedef struct _ProcstreamCursor   ProcstreamCursor;

typedef struct
{
  ProcstreamReplay replay;
  guint64          replay_limit;
  guint            max_chunks; /* live window, > 0 */
  guint64          max_bytes;  /* > 0 */

  guint64            max_replay_bytes; /* of lines and milliseconds, > 0 there */
  ProcstreamLineRule rule;             /* of lines */
} ProcstreamLogOptions;

typedef enum
{
  PROCSTREAM_LOG_EVENT_NOTHING, /* nothing yet */
  PROCSTREAM_LOG_EVENT_CHUNK,
  PROCSTREAM_LOG_EVENT_GAP,
  PROCSTREAM_LOG_EVENT_END,
} ProcstreamLogEventType;

typedef struct
{
  ProcstreamLogEventType type;
  ProcstreamChunk       *chunk;  /* (transfer full), for CHUNK */
  guint64                chunks; /* for GAP */
  guint64                bytes;
  const GError          *error; /* for END: NULL for end of file. Owned by the log */
} ProcstreamLogEvent;

typedef struct
{
  guint64 chunks;
  guint64 bytes;
  gint64  oldest_us; /* when the oldest of them was read; for none of them 0 */
} ProcstreamLag;

ProcstreamChunkLog *procstream_chunk_log_new (const ProcstreamLogOptions *options);
void                procstream_chunk_log_free (ProcstreamChunkLog *self); /* no cursor may be left */

void procstream_chunk_log_append (ProcstreamChunkLog *self,
                                  ProcstreamChunk    *chunk); /* (transfer full) */
/* The log's clock, which only replay of the last milliseconds looks at, is the latest time that it was told, here or by a chunk. Before a
 * cursor attaches it must be told, so that this gets no more than what is young; at other times it may, to let go of what is old. */
void     procstream_chunk_log_set_time (ProcstreamChunkLog *self,
                                        gint64              now_us);
void     procstream_chunk_log_finish (ProcstreamChunkLog *self,
                                      GError             *error); /* (transfer full) (nullable) */
gboolean procstream_chunk_log_must_pause (ProcstreamChunkLog *self);
/* For resuming with some distance, so that a slow reader does not cost a wake-up per chunk: no reliable cursor has more than half
 * a live window unread. */
gboolean      procstream_chunk_log_may_resume (ProcstreamChunkLog *self);
void          procstream_chunk_log_seal (ProcstreamChunkLog *self);
gboolean      procstream_chunk_log_is_sealed (ProcstreamChunkLog *self);
gboolean      procstream_chunk_log_is_finished (ProcstreamChunkLog *self);
const GError *procstream_chunk_log_get_error (ProcstreamChunkLog *self);

ProcstreamCursor *procstream_chunk_log_attach (ProcstreamChunkLog *self,
                                               ProcstreamDelivery  delivery,
                                               gboolean            live_only);
/* As if it had attached before the first chunk: what was let go since is a gap, to a reliable one too. */
ProcstreamCursor *procstream_chunk_log_attach_at_start (ProcstreamChunkLog *self,
                                                        ProcstreamDelivery  delivery);
void              procstream_chunk_log_detach (ProcstreamChunkLog *self,
                                               ProcstreamCursor   *cursor); /* frees it */
/* Before it is detached: it was there for others, who did not come. What it has not read, and nobody else has or will, was not observed. */
void                   procstream_chunk_log_disown (ProcstreamChunkLog *self,
                                                    ProcstreamCursor   *cursor);
ProcstreamLogEventType procstream_chunk_log_next (ProcstreamChunkLog *self,
                                                  ProcstreamCursor   *cursor,
                                                  ProcstreamLogEvent *event);
/* As if the stream ended here for this one alone: it gets a gap of all that it had not read, then the end with @error, and counts as no
 * cursor any more for anything else. @error stays the log's until that is freed. */
void procstream_chunk_log_drop (ProcstreamChunkLog *self,
                                ProcstreamCursor   *cursor,
                                GError             *error); /* (transfer full) */
/* TRUE when next would return something. */
gboolean procstream_chunk_log_has_next (ProcstreamChunkLog *self,
                                        ProcstreamCursor   *cursor);

/* Whether reading, once paused, stays so as long as this one does not read. */
gboolean procstream_chunk_log_holds_up (ProcstreamChunkLog *self,
                                        ProcstreamCursor   *cursor);
/* What it has yet to read and will get; a gap that awaits it is not that. */
void procstream_chunk_log_get_lag (ProcstreamChunkLog *self,
                                   ProcstreamCursor   *cursor,
                                   ProcstreamLag      *lag);

/* For a subscriber that keeps up, run by the thread that appends: TRUE when @cursor has read all but the newest chunk,
 * (which it may look at without a reference until the next append) ... */
gboolean procstream_chunk_log_is_at_newest (ProcstreamChunkLog *self,
                                            ProcstreamCursor   *cursor);
/* ... and past it. */
void procstream_chunk_log_skip_newest (ProcstreamChunkLog *self,
                                       ProcstreamCursor   *cursor);

guint64          procstream_chunk_log_get_first (ProcstreamChunkLog *self); /* sequence numbers */
guint64          procstream_chunk_log_get_head (ProcstreamChunkLog *self);
guint64          procstream_chunk_log_get_bytes_appended (ProcstreamChunkLog *self);
guint64          procstream_chunk_log_get_bytes_retained (ProcstreamChunkLog *self);
guint64          procstream_chunk_log_get_bytes_dropped (ProcstreamChunkLog *self); /* each byte that some lossy cursor missed, once */
guint64          procstream_chunk_log_get_bytes_unobserved (ProcstreamChunkLog *self);
ProcstreamChunk *procstream_chunk_log_peek (ProcstreamChunkLog *self,
                                            guint64             sequence); /* NULL when not kept */
gboolean         procstream_cursor_is_in_history (ProcstreamCursor *self);
guint64          procstream_cursor_get_offset (ProcstreamCursor *self); /* of the first byte that it has not had, lost ones included */

/* The oldest chunk that has no line index, NULL when all have one. */
ProcstreamChunk *procstream_chunk_log_peek_unindexed (ProcstreamChunkLog *self);
/* Whether the next event is a chunk that has none. For history that the log has let go, and for the rest of a chunk, it is FALSE, whatever
 * they have. */
gboolean procstream_chunk_log_lacks_index (ProcstreamChunkLog *self,
                                           ProcstreamCursor   *cursor);

G_END_DECLS
