/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-sink-private.h"

G_BEGIN_DECLS

/* How a sink is driven: where its calls are made, and what becomes of those that take their time. Part of its owner's record, and called
 * by one thread at a time. */
typedef enum
{
  PROCSTREAM_WRITE_OPERATION_WRITE,
  PROCSTREAM_WRITE_OPERATION_FLUSH,
  PROCSTREAM_WRITE_OPERATION_CLOSE,
} ProcstreamWriteOperation;

typedef struct
{
  gboolean done;
  gsize    written; /* also before an error */
  GError  *error;   /* (transfer full) */
} ProcstreamWriteOutcome;

typedef struct
{
  gpointer owner;
  void (*wake) (gpointer);
  gpointer (*ref) (gpointer);
  void (*unref) (gpointer);
  GMainContext *context;
  GCancellable *cancellable; /* of what blocks; not of closing */

  ProcstreamSink *sink;   /* NULL until there is one */
  GOutputStream  *stream; /* NULL: a file */
  gboolean        close_stream;
  gboolean        foreign;
  gconstpointer   family; /* see ProcstreamEmission */

  gboolean               calling;
  gboolean               pending;
  gboolean               arrived;
  ProcstreamWriteOutcome outcome;
} ProcstreamWriteTarget;

void procstream_write_target_init (ProcstreamWriteTarget *self,
                                   gpointer               owner,
                                   void (*wake) (gpointer),
                                   gpointer (*ref) (gpointer),
                                   void (*unref) (gpointer),
                                   GMainContext *context);
void procstream_write_target_set_stream (ProcstreamWriteTarget *self,
                                         GOutputStream         *stream,
                                         gboolean               close_stream);
void procstream_write_target_clear (ProcstreamWriteTarget *self);
/* Sink and stream are not needed any more. */
void procstream_write_target_drop (ProcstreamWriteTarget *self);

/* An operation is under way, or the user's code is being called: nothing is to be done. */
gboolean procstream_write_target_is_busy (ProcstreamWriteTarget *self);
/* FALSE: it is under way; to be called again, with the same, when it is not. A foreign stream is written one vector. */
gboolean procstream_write_target_perform (ProcstreamWriteTarget   *self,
                                          ProcstreamWriteOperation operation,
                                          GOutputVector           *vectors,
                                          guint                    n_vectors,
                                          ProcstreamWriteOutcome  *outcome);
/* The outcome that has arrived is not wanted any more. */
void procstream_write_target_forget (ProcstreamWriteTarget *self);

G_END_DECLS
