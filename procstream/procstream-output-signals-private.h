/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-core-private.h"
#include "procstream-output.h"

G_BEGIN_DECLS

/* The signals of an output: who listens, and how the events get there. For -output.c alone. */
typedef struct _ProcstreamOutputSignals ProcstreamOutputSignals;

void procstream_output_signals_install (void); /* in the class init */

/* From when it is opened on, @outer must find it with procstream_output_get_signals(): the context may run in another thread. */
ProcstreamOutputSignals *procstream_output_signals_new (ProcstreamOutput     *outer,
                                                        ProcstreamOutputCore *core,
                                                        GMainContext         *context);
void                     procstream_output_signals_unref (gpointer self);
/* Subscribes at the first byte, for handlers that are connected before the captured context next runs. */
void procstream_output_signals_open (ProcstreamOutputSignals *self);
/* Nothing begins any more: the outer object is disposed of. FALSE when it was closed before. */
gboolean procstream_output_signals_close (ProcstreamOutputSignals *self);

/* Nothing is emitted any more. Any thread. */
void procstream_output_signals_mute (ProcstreamOutputSignals *self);

/* What the functions of the same names do for the outer object. */
void procstream_output_signals_release_opening (ProcstreamOutputSignals *self);
void procstream_output_signals_release_opening_now (ProcstreamOutputSignals *self);
void procstream_output_signals_touch (ProcstreamOutputSignals *self);
/* The same, if there is a handler already; any thread. */
void     procstream_output_signals_look (ProcstreamOutputSignals *self);
gboolean procstream_output_signals_is_drained (ProcstreamOutputSignals *self);
gboolean procstream_output_signals_has_handlers (ProcstreamOutputSignals *self);
void     procstream_output_signals_set_drained_func (ProcstreamOutputSignals *self,
                                                     void (*func) (gpointer),
                                                     gpointer data);
void     procstream_output_signals_set_priority (ProcstreamOutputSignals *self,
                                                 int                      priority);

ProcstreamOutputSignals *procstream_output_get_signals (ProcstreamOutput *self);
/* That of the output; of one that has no policy, since it is discarded, some that does no harm. */
ProcstreamDelivery procstream_output_core_get_delivery (ProcstreamOutputCore *self);

G_END_DECLS
