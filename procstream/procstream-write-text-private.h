/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-enums.h"
#include "procstream-line-cursor-private.h"
#include "procstream-write-batch-private.h"

G_BEGIN_DECLS

/* From what a subscriber takes to what is written: bytes as they are, or lines with what is put before and after them. Knows no I/O. */
typedef struct
{
  ProcstreamWriteMode mode;
  char               *prefix; /* NULL: none */
  char               *ending;
  gboolean            mark_losses;
  char               *name;  /* of the output; ... */
  char               *label; /* ... where there may be many of that name */

  ProcstreamLineCursor  cursor;
  gsize                 ending_size;
  gboolean              verbatim; /* a line that ends in a line feed is written as it stands */
  ProcstreamWriteBatch *batch;    /* while something is added to it: */
  ProcstreamChunk      *chunk;    /* ... and what, for lines; or NULL */
  gint64                ms;       /* the wall clock where it is */
  GString              *before;   /* the prefix as it is then, for that stream */
  ProcstreamStream      before_stream;
  gint64                before_ms;
  guint64               gap_bytes; /* lost, and not yet marked */
  guint64               torn_before_gap;
  gboolean              in_line; /* the last byte was no line feed */
} ProcstreamWriteText;

/* Whether it is a prefix that can be used. */
gboolean procstream_write_text_check_prefix (const char *prefix,
                                             GError    **error);

/* The record is zeroed, but for what stands above cursor. */
void     procstream_write_text_init (ProcstreamWriteText         *self,
                                     const ProcstreamLineOptions *lines);
void     procstream_write_text_clear (ProcstreamWriteText *self);
gboolean procstream_write_text_is_init (ProcstreamWriteText *self);

void procstream_write_text_chunk (ProcstreamWriteText  *self,
                                  ProcstreamChunk      *chunk,
                                  ProcstreamWriteBatch *batch);
void procstream_write_text_gap (ProcstreamWriteText  *self,
                                guint64               bytes,
                                ProcstreamWriteBatch *batch);
/* What is still held; then nothing is added any more. */
void procstream_write_text_end (ProcstreamWriteText  *self,
                                ProcstreamWriteBatch *batch);

/* A whole line that says so; @what: "lost", "not written". */
void    procstream_write_text_append_marker (ProcstreamWriteText *self,
                                             guint64              bytes,
                                             const char          *what,
                                             GString             *text);
guint64 procstream_write_text_get_bytes_torn (ProcstreamWriteText *self);

G_END_DECLS
