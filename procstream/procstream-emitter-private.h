/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-info.h"
#include "procstream-dispatcher-private.h"
#include "procstream-line-private.h"
#include "procstream-line-splitter-private.h"
#include "procstream-output-core-private.h"

G_BEGIN_DECLS

/* Brings the events of one subscription to the user's code of one object, in that object's context: for the signals of an output
 * and for consumers that are not the library's own. */
typedef struct _ProcstreamEmitter ProcstreamEmitter;

typedef struct
{
  gboolean hold; /* not yet: take nothing until posted again */
  gboolean anything;
  gboolean chunks;
  gboolean lines;     /* as a batch, one by one, or both */
  gboolean each_line; /* one by one */
  gboolean infos;     /* chunks with what is known of them */
  gboolean records;   /* lines with what is known of them */
} ProcstreamWants;

/* All are called in the context's thread, with a strong reference to @target held; TRUE says that it needs no more. */
typedef struct
{
  ProcstreamWants (*wants) (gpointer target);
  gboolean (*chunk) (gpointer target,
                     GBytes  *bytes);
  gboolean (*lines) (gpointer             target,
                     ProcstreamLineBatch *batch);
  gboolean (*line) (gpointer    target, /* NULL where only batches are wanted */
                    const char *line);
  gboolean (*gap) (gpointer target,
                   guint64  chunks,
                   guint64  bytes);
  void (*ended) (gpointer      target,
                 const GError *error);
  /* It left: after ended, because it was done, or (signals) because nobody listens. */
  void (*left) (gpointer target,
                gboolean ended);
  /* After chunk, before the lines; NULL where it is never wanted. */
  gboolean (*chunk_info) (gpointer             target,
                          ProcstreamChunkInfo *info);
  /* After the lines; NULL where it is never wanted. */
  gboolean (*line_received) (gpointer        target,
                             ProcstreamLine *line);
  /* The output is muted: it is to be cancelled. In any thread. */
  void (*muted) (gpointer target);
  /* What is lost of lines by now: before what comes of the chunk, or of the end, that told so; NULL where it is not wanted. */
  void (*torn) (gpointer target,
                guint64  bytes_torn);
} ProcstreamEmitterOps;

ProcstreamEmitter *procstream_emitter_new (const ProcstreamEmitterOps  *ops,
                                           gpointer                     target,
                                           GMainContext                *context,
                                           gconstpointer                family, /* of the output that it will subscribe to */
                                           const ProcstreamLineOptions *lines);
ProcstreamEmitter *procstream_emitter_ref (ProcstreamEmitter *self);
void               procstream_emitter_unref (ProcstreamEmitter *self);

/* For handlers, of which there need not be any. @wants_lines: it is known already that it does. @keep_alive: the target stays until it has left; only where it is attached from its
 * own side. */
void procstream_emitter_subscribe (ProcstreamEmitter    *self,
                                   ProcstreamOutputCore *core,
                                   ProcstreamDelivery    delivery,
                                   gboolean              wants_lines,
                                   gboolean              keep_alive);
void procstream_emitter_subscribe_full (ProcstreamEmitter                *self,
                                        ProcstreamOutputCore             *core,
                                        const ProcstreamSubscribeOptions *options,
                                        gboolean                          keep_alive);
/* While it is subscribed, with the core; NULL otherwise. */
ProcstreamSubscription *procstream_emitter_dup_subscription (ProcstreamEmitter     *self,
                                                             ProcstreamOutputCore **core);
gboolean                procstream_emitter_is_subscribed (ProcstreamEmitter *self);
/* Nothing new begins once this returns. Any thread; left is not called. */
void procstream_emitter_cancel (ProcstreamEmitter *self);
/* The target goes, and takes with it what waits in a context that nobody may iterate any more. Any thread. */
void procstream_emitter_close (ProcstreamEmitter *self);
void procstream_emitter_post (ProcstreamEmitter *self); /* look again, when the context next runs */
void procstream_emitter_set_priority (ProcstreamEmitter *self,
                                      int                priority);

G_END_DECLS
