/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-consumer-private.h"
#include "procstream-error.h"
#include "procstream-waiters-private.h"

G_BEGIN_DECLS

/* Between the consumer and its core; nobody else looks inside. */
struct _ProcstreamConsumerCore
{
  gatomicrefcount              ref_count;
  const ProcstreamNativeClass *klass; /* NULL: the class is not the library's own */
  gpointer                     native;
  char                        *stream; /* the name of the output; set before the first event, as the next one */
  gint                        *muted;  /* of the output */
  ProcstreamWaiters           *waiters;

  gboolean live_only;
  gint64   max_stall_ms;     /* 0: that of the output */
  gint64   default_stall_ms; /* where neither has one */
  gboolean extra;            /* beside the consumers that the output may have; before it is attached */
  GMutex   flow_mutex;
  gboolean paused; /* flow_mutex to change, atomic to read */

  GMutex                  mutex;
  ProcstreamConsumerState state;
  gboolean                ended_by_program; /* the final state is the program's word, and not what came of it */
  guint                   holds;            /* operations that what comes next waits for; also read without the lock */
  GError                 *error;            /* the read error that ended it */
  gboolean                end_seen;         /* a pushed end; the state follows */
  guint64                 gaps;
  guint64                 chunks_lost;
  guint64                 bytes_lost;
  guint64                 bytes_torn;
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription;
};

ProcstreamConsumerCore *procstream_consumer_core_new (void);
/* Makes @state final because the program says so; FALSE when it is final already. */
gboolean procstream_consumer_core_end (ProcstreamConsumerCore *self,
                                       ProcstreamConsumerState state);
/* Lets it stand still, or go on. */
void procstream_consumer_core_set_paused (ProcstreamConsumerCore *self,
                                          gboolean                paused);
/* With the place that it takes at @output, and then what it does itself before the first event, which is not done for one that gets no
 * place. @wants_lines: for one of the library's own. */
gboolean procstream_consumer_core_begin_at (ProcstreamConsumerCore      *self,
                                            ProcstreamOutputCore        *output,
                                            const ProcstreamLineOptions *lines,
                                            gboolean                    *wants_lines,
                                            GError                     **error);
void     procstream_consumer_core_get_options (ProcstreamConsumerCore     *self,
                                               ProcstreamOutputCore       *output,
                                               ProcstreamDelivery          delivery,
                                               ProcstreamLineMark          mark,
                                               ProcstreamSubscribeOptions *options);
gboolean procstream_consumer_core_begin (ProcstreamConsumerCore *self,
                                         GError                **error);
void     procstream_consumer_core_subscribe (ProcstreamConsumerCore *self,
                                             ProcstreamOutputCore   *output,
                                             ProcstreamDelivery      delivery,
                                             ProcstreamLineMark      mark);

G_END_DECLS
