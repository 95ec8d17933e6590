/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-pull-private.h"
#include "procstream-reader.h"

G_BEGIN_DECLS

typedef enum
{
  PROCSTREAM_READ_NONE,
  PROCSTREAM_READ_CHUNK,
  PROCSTREAM_READ_INFO,
  PROCSTREAM_READ_TEXT,
  PROCSTREAM_READ_LINE,
  PROCSTREAM_READ_EXACTLY,
  PROCSTREAM_READ_UNTIL,
  PROCSTREAM_READ_NOTHING, /* to know that there is something */
} ProcstreamReadKind;

/* What is asked for. */
typedef struct
{
  ProcstreamReadKind kind;
  gsize              size;
  GBytes            *terminator; /* for UNTIL */
} ProcstreamRead;

/* One of these is set when there is an item. */
typedef struct
{
  ProcstreamPullResult result;
  GBytes              *bytes;
  ProcstreamChunkInfo *info;
  char                *text;
  ProcstreamLine      *line;
} ProcstreamReadItem;

/* FALSE with an error; TRUE with an item, or without at the end. */
gboolean procstream_reader_read (ProcstreamReader     *self,
                                 const ProcstreamRead *wanted,
                                 gint64                timeout_ms,
                                 GCancellable         *cancellable,
                                 ProcstreamReadItem   *item,
                                 GError              **error);
/* Returns a pointer to what the item would have. */
void procstream_reader_read_async (ProcstreamReader     *self,
                                   const ProcstreamRead *wanted,
                                   gpointer              source_tag,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data);

G_END_DECLS
