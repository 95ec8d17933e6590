/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-enums.h"

G_BEGIN_DECLS

/* Where a writer writes to. Every function may block, and is called by one thread at a time. */
typedef struct _ProcstreamSink ProcstreamSink;

typedef struct
{
  gboolean (*open) (ProcstreamSink *self,
                    GCancellable   *cancellable,
                    GError        **error);
  /* At least one byte, or an error; *written were before that. */
  gboolean (*writev) (ProcstreamSink *self,
                      GOutputVector  *vectors,
                      guint           n_vectors,
                      gsize          *written,
                      GCancellable   *cancellable,
                      GError        **error);
  gboolean (*flush) (ProcstreamSink *self,
                     GCancellable   *cancellable,
                     GError        **error);
  /* Nothing is written any more. */
  gboolean (*close) (ProcstreamSink *self,
                     GError        **error);
  /* How many bytes there is room for before it should be renewed. NULL: it never is. */
  guint64 (*get_room) (ProcstreamSink *self);
  gboolean (*is_new) (ProcstreamSink *self); /* nothing is in it */
  gboolean (*renew) (ProcstreamSink *self,
                     GError        **error);
  void (*free) (ProcstreamSink *self);
} ProcstreamSinkClass;

struct _ProcstreamSink
{
  const ProcstreamSinkClass *klass;
  char                      *name; /* for messages */
};

/* A file that is opened by its path. Above @max_size bytes (0: never) it is renamed to @path.1, that one, if there is one, to @path.2, and so
 * on up to @max_backups; with 0 it is emptied. */
ProcstreamSink *procstream_file_sink_new (const char        *path,
                                          ProcstreamFileMode mode,
                                          guint64            max_size,
                                          guint              max_backups);
/* It is open already. */
ProcstreamSink *procstream_file_sink_new_take_fd (const char *path,
                                                  int         fd);

/* A class of GIO, or any class in the thread where it belongs. */
ProcstreamSink *procstream_stream_sink_new (GOutputStream *stream,
                                            gboolean       native,
                                            gboolean       close_stream);

/* Whether no code but GIO's runs when @stream is written to. */
gboolean procstream_output_stream_is_native (GOutputStream *stream);

/* Opens a file to write to, without blocking and above the standard descriptors. -1 with errno; ENXIO: a FIFO that nobody reads. @append: what is
 * written comes at the end in either mode, whatever others write meanwhile. */
int procstream_file_open (const char        *path,
                          ProcstreamFileMode mode,
                          gboolean           append);

G_END_DECLS
