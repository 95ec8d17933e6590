/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-core-private.h"

G_BEGIN_DECLS

typedef struct
{
  /* Called with the core locked, from any thread. */
  void (*set_reading) (ProcstreamSource *self,
                       gboolean          reading);
  /* No more is fed after the one that another thread may be in the middle of. Called once, without a lock, from any thread. */
  void (*close) (ProcstreamSource *self);
  /* Of a terminal. NULL: it never is one. FALSE with errno. Called with the core locked, from any thread. */
  gboolean (*set_size) (ProcstreamSource *self,
                        guint             columns,
                        guint             rows);
  /* How many bytes are there to be read, in the thread that reads, with the core locked. NULL: it is not known, and taken for 0. */
  gsize (*get_pending) (ProcstreamSource *self);
} ProcstreamSourceClass;

struct _ProcstreamSource
{
  const ProcstreamSourceClass *klass;
};

/* Takes the descriptor. @own_pipe: the read end of a pipe that nobody else reads, so that it may be made non-blocking and be
 * enlarged. NULL when it cannot be watched: then it is left as it was, and must be read by a worker. */
ProcstreamSource *procstream_fd_source_new (ProcstreamOutputCore *core,
                                            GMainContext         *context,
                                            int                   fd,
                                            gboolean              own_pipe);

/* Reads in a thread of its own what cannot be polled. Both take what they read. */
ProcstreamSource *procstream_worker_source_new_fd (ProcstreamOutputCore *core,
                                                   int                   fd);
ProcstreamSource *procstream_worker_source_new_stream (ProcstreamOutputCore *core,
                                                       GInputStream         *stream);

/* Drives a stream class that is not GIO's own where its author expects it: in the captured context. */
ProcstreamSource *procstream_stream_source_new (ProcstreamOutputCore *core,
                                                GMainContext         *context,
                                                GInputStream         *stream);

/* Whether no code but GIO's runs when @stream is read: its class, what it converts with and all that it filters are GIO's own. A TLS
 * stream is not: its handshake asks the program about certificates. */
gboolean procstream_stream_is_native (GInputStream *stream);

G_END_DECLS
