/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-core-private.h"
#include "procstream-output.h"

G_BEGIN_DECLS

/* The outer object of @core. It holds the opening: a cursor at the first byte, for handlers that are connected before the
 * captured context next runs. */
ProcstreamOutput *procstream_output_new_for_core (ProcstreamOutputCore *core,
                                                  GMainContext         *context);

/* The owner's part of starting is over (start returned, or the callback of the asynchronous one is about to run): let the opening
 * go when the captured context next iterates, unless handlers were connected by then. */
void procstream_output_release_opening (ProcstreamOutput *self);
/* A blocking call from a thread that does not own the context: let go now, unless there are handlers. */
void procstream_output_release_opening_now (ProcstreamOutput *self);
/* Somebody is about to use the object: handlers connected from now on must be noticed even if the stream has ended. */
void procstream_output_touch (ProcstreamOutput *self);

/* TRUE when the output has ended and its signals, if anybody listens, have all been emitted. */
gboolean procstream_output_is_drained (ProcstreamOutput *self);
gboolean procstream_output_has_handlers (ProcstreamOutput *self);
/* @func is called in the captured context's thread when the output becomes drained. */
void procstream_output_set_drained_func (ProcstreamOutput *self,
                                         void (*func) (gpointer),
                                         gpointer data);

/* Nothing of it is emitted any more, and no code of the user called for it, by the consumers that are attached. Any thread. */
void procstream_output_mute (ProcstreamOutput *self);

/* The writer of the file that it goes to as well (transfer full) (nullable). */
void procstream_output_take_file_writer (ProcstreamOutput *self,
                                         ProcstreamWriter *writer);
/* If it failed and nobody ever asked for it, at least the log tells: nothing is lost silently. */
void procstream_output_warn_of_file (ProcstreamOutput *self);

G_END_DECLS
