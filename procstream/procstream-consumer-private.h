/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-chunk-log-private.h"
#include "procstream-consumer.h"
#include "procstream-line-splitter-private.h"
#include "procstream-output-core-private.h"
#include "procstream-waiters-private.h"

G_BEGIN_DECLS

/* The inner record of a consumer: its state, its counts and who waits for it. */
typedef struct _ProcstreamConsumerCore ProcstreamConsumerCore;

ProcstreamConsumerCore *procstream_consumer_core_ref (ProcstreamConsumerCore *self);
void                    procstream_consumer_core_unref (ProcstreamConsumerCore *self);

/* A consumer of the library's own: what it does with its events, without user code and without blocking. */
typedef struct
{
  /* Before the first event. FALSE with an error: its options are not valid. */
  gboolean (*attach) (gpointer                     native,
                      const ProcstreamLineOptions *lines,
                      gboolean                    *wants_lines,
                      GError                     **error);
  /* Pushed, in the thread that reads; TRUE: done. NULL for one that pulls. */
  gboolean (*event) (gpointer                  native,
                     const ProcstreamLogEvent *event);
  /* For one that pulls: see ProcstreamSubscriberOps. */
  void (*ready) (gpointer native);
  /* Both are there: whether it is to pull. Asked after attach. */
  gboolean (*pulls) (gpointer native);
  /* It is subscribed, or is over already; ready may have been called before. May be NULL. */
  void (*attached) (gpointer native);
  /* Its state has become final; called once, without a lock, in any thread. */
  void (*over) (gpointer native);
  /* Bytes lost besides those of gaps: of torn lines. May be NULL. */
  guint64 (*get_bytes_torn) (gpointer native);
  void (*free) (gpointer native);
  /* For one that follows outputs by itself, with cores of its own: it looks at paused before whatever it does next, is told when it is to
   * stand still and when it may go on, with the flow_mutex held, and says how far behind these cores are. All may be NULL. */
  void (*paused) (gpointer native);
  void (*resumed) (gpointer native);
  void (*add_lag) (gpointer       native,
                   ProcstreamLag *lag);
  /* The output is muted: one that calls functions of the user is to be cancelled. NULL: it calls none. */
  void (*muted) (gpointer native);
  /* It goes on to the end when nobody holds the consumer any more. */
  gboolean outlives_consumer;
} ProcstreamNativeClass;

/* In the instance init of a subclass. The record is freed with the core. */
ProcstreamConsumerCore *procstream_consumer_set_native (ProcstreamConsumer          *self,
                                                        const ProcstreamNativeClass *klass,
                                                        gpointer                     native);

gboolean procstream_consumer_attach (ProcstreamConsumer   *self,
                                     ProcstreamOutputCore *output,
                                     ProcstreamDelivery    inherited,
                                     GError              **error);

/* The name of the output, and what says whether it is muted, from the first event on. */
const char *procstream_consumer_core_get_stream (ProcstreamConsumerCore *self);
gint       *procstream_consumer_core_get_muted (ProcstreamConsumerCore *self);
/* For one that follows several outputs by itself: attached from now on. FALSE with WRONG_STATE. */
gboolean procstream_consumer_begin (ProcstreamConsumer *self,
                                    gconstpointer       family,
                                    const char         *label,
                                    GError            **error);

/* For a consumer that pulls. The subscription while it is attached, with the output; NULL otherwise. */
ProcstreamSubscription *procstream_consumer_core_dup_subscription (ProcstreamConsumerCore *self,
                                                                   ProcstreamOutputCore  **output);
void                    procstream_consumer_core_count_gap (ProcstreamConsumerCore *self,
                                                            guint64                 chunks,
                                                            guint64                 bytes);
/* Makes @state final; FALSE when another one already is. */
gboolean                procstream_consumer_core_finish (ProcstreamConsumerCore *self,
                                                         ProcstreamConsumerState state,
                                                         const GError           *error);
ProcstreamConsumerState procstream_consumer_core_get_state (ProcstreamConsumerCore *self);
/* Whether it came to nothing by itself: the program cancelled it, or marked it as done. */
gboolean procstream_consumer_core_was_ended (ProcstreamConsumerCore *self);
/* Adds how far behind it is to @lag. */
void               procstream_consumer_core_add_lag (ProcstreamConsumerCore *self,
                                                     ProcstreamLag          *lag);
GError            *procstream_consumer_core_dup_error (ProcstreamConsumerCore *self);
ProcstreamWaiters *procstream_consumer_core_get_waiters (ProcstreamConsumerCore *self); /* for the final state */

ProcstreamConsumerCore *procstream_consumer_get_core (ProcstreamConsumer *self);
const char             *procstream_consumer_get_label (ProcstreamConsumer *self); /* of the output, for messages */
GMainContext           *procstream_consumer_get_context (ProcstreamConsumer *self);
GThread                *procstream_consumer_get_owner_thread (ProcstreamConsumer *self);
gconstpointer           procstream_consumer_get_family (ProcstreamConsumer *self); /* NULL: never attached */
/* The subscription of any consumer while it is attached, with the output; NULL otherwise. */
ProcstreamSubscription *procstream_consumer_dup_subscription (ProcstreamConsumer    *self,
                                                              ProcstreamOutputCore **output);
/* What ends it before the output does; any thread. */
void procstream_consumer_end (ProcstreamConsumer     *self,
                              ProcstreamConsumerState state);
/* Something may have changed in what its virtual functions wait for; any thread. */
void procstream_consumer_post (ProcstreamConsumer *self);

/* Of -consumer-flow.c: properties, after all others. */
void procstream_consumer_flow_install (GObjectClass *object_class);
void procstream_consumer_flow_get_property (GObject    *object,
                                            guint       property_id,
                                            GValue     *value,
                                            GParamSpec *pspec);
void procstream_consumer_flow_set_property (GObject      *object,
                                            guint         property_id,
                                            const GValue *value,
                                            GParamSpec   *pspec);

G_END_DECLS
