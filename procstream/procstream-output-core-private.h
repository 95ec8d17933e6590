/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-enums.h"
#include "procstream-chunk-log-private.h"
#include "procstream-line-splitter-private.h"

G_BEGIN_DECLS

/* The inner record of an output: the log, its lock, the source it is read from, and who subscribes. Atomically counted; held by
 * the I/O thread, the child's inner record, subscriptions and the outer ProcstreamOutput. */
typedef struct _ProcstreamOutputCore ProcstreamOutputCore;

/* Checked and complete: nothing in it is unset. */
typedef struct
{
  ProcstreamBackend     backend;
  ProcstreamReaderMode  reader;
  ProcstreamDelivery    delivery;
  ProcstreamLogOptions  log;
  gsize                 read_chunk_size;
  ProcstreamLineOptions lines;
} ProcstreamOutputSettings;

ProcstreamOutputCore *procstream_output_core_new (const char                     *name,
                                                  const ProcstreamOutputSettings *settings,
                                                  GMainContext                   *context); /* the captured one */
ProcstreamOutputCore *procstream_output_core_ref (ProcstreamOutputCore *self);
void                  procstream_output_core_unref (ProcstreamOutputCore *self); /* any thread */

/* Exactly one of these starts it, from any thread. */
void procstream_output_core_open_pipe (ProcstreamOutputCore *self,
                                       int                   fd); /* taken; the read end of a pipe of ours */
void procstream_output_core_open_fd (ProcstreamOutputCore *self,
                                     int                   fd); /* taken; anybody's */
void procstream_output_core_open_stream (ProcstreamOutputCore *self,
                                         GInputStream         *stream);
void procstream_output_core_end (ProcstreamOutputCore *self); /* nothing to read: ended at once */

/* @func is called once, in whatever thread reads, after the terminal event was appended. Set before opening. */
void     procstream_output_core_set_ended_func (ProcstreamOutputCore *self,
                                                void (*func) (gpointer),
                                                gpointer       data,
                                                GDestroyNotify destroy);
gboolean procstream_output_core_is_ended (ProcstreamOutputCore *self);

G_END_DECLS
