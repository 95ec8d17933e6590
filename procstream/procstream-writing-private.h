/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-consumer-private.h"
#include "procstream-sink-private.h"

G_BEGIN_DECLS

/* The inner record of a writer: takes from its subscription and writes. Belongs to a consumer's core. */
typedef struct _ProcstreamWriting ProcstreamWriting;

/* Fixed from attach on. */
typedef struct
{
  char                      *path;   /* one of the two */
  GOutputStream             *stream; /* is set */
  ProcstreamFileMode         file_mode;
  gboolean                   given; /* the descriptor of the file comes from procstream_writing_take_fd() */
  guint64                    max_file_size;
  guint                      max_backups;
  ProcstreamWriteMode        mode;
  char                      *prefix;
  char                      *line_ending;
  gboolean                   mark_losses;
  ProcstreamWriteErrorPolicy error_policy;
  ProcstreamFlushPolicy      flush_policy;
  gboolean                   close_stream;
} ProcstreamWritingOptions;

void     procstream_writing_options_init (ProcstreamWritingOptions *options);
void     procstream_writing_options_clear (ProcstreamWritingOptions *options);
gboolean procstream_writing_options_check (const ProcstreamWritingOptions *options,
                                           GError                        **error);

typedef struct
{
  guint64 bytes_written;
  guint64 bytes_failed;
  guint64 write_errors;
  guint64 rotations;
} ProcstreamWritingCounts;

/* Makes it the record of @consumer, which owns it. @context: where a stream that is not GIO's own is written to. */
ProcstreamWriting        *procstream_writing_new (ProcstreamConsumer *consumer,
                                                  GMainContext       *context);
ProcstreamWritingOptions *procstream_writing_get_options (ProcstreamWriting *self);
void                      procstream_writing_get_counts (ProcstreamWriting       *self,
                                                         ProcstreamWritingCounts *counts);
GError                   *procstream_writing_dup_error (ProcstreamWriting *self); /* the first */

/* The file is open. Any thread; once. */
void procstream_writing_take_fd (ProcstreamWriting *self,
                                 int                fd);

G_END_DECLS
