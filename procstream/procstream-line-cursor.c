/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-cursor-private.h"

/*
 * After a gap, and where a subscriber attaches in the middle of a stream, only the next chunk can tell whether a line begins with
 * it. So torn is remembered until there is one: whenever it is TRUE, nothing has been pushed since.
 */

void
procstream_line_cursor_init (ProcstreamLineCursor        *self,
                             const ProcstreamLineOptions *options)
{
  self->splitter = procstream_line_splitter_new (options);
  self->options = *options;
  self->torn = TRUE;
}

void
procstream_line_cursor_clear (ProcstreamLineCursor *self)
{
  g_clear_pointer (&self->splitter, procstream_line_splitter_free);
}

gboolean
procstream_line_cursor_is_init (ProcstreamLineCursor *self)
{
  return self->splitter != NULL;
}

void
procstream_line_cursor_gap (ProcstreamLineCursor *self)
{
  self->torn = TRUE;
}

void
procstream_line_cursor_join (ProcstreamLineCursor *self)
{
  self->torn = FALSE;
}

void
procstream_line_cursor_settle (ProcstreamLineCursor *self,
                               ProcstreamChunk      *chunk)
{
  gboolean at_line_start = chunk == NULL || procstream_chunk_begins_line (chunk, self->options.separator);

  if (self->torn && !at_line_start && chunk->before[1] == '\r')
    procstream_line_splitter_gap_after_cr (self->splitter);
  else if (self->torn)
    procstream_line_splitter_gap (self->splitter, at_line_start);
  self->torn = FALSE;
}

void
procstream_line_cursor_push (ProcstreamLineCursor *self,
                             ProcstreamChunk      *chunk,
                             ProcstreamLineFunc    func,
                             gpointer              user_data)
{
  procstream_line_cursor_settle (self, chunk);
  procstream_line_splitter_push (self->splitter, chunk->data, chunk->size, procstream_chunk_get_line_index (chunk), func, user_data);
}

void
procstream_line_cursor_finish (ProcstreamLineCursor *self,
                               ProcstreamLineFunc    func,
                               gpointer              user_data)
{
  procstream_line_cursor_settle (self, NULL);
  procstream_line_splitter_finish (self->splitter, func, user_data);
}

ProcstreamLineBatch *
procstream_line_cursor_push_batch (ProcstreamLineCursor *self,
                                   ProcstreamChunk      *chunk)
{
  procstream_line_cursor_settle (self, chunk);
  return procstream_line_splitter_push_batch (self->splitter, chunk->data, chunk->size, procstream_chunk_get_line_index (chunk));
}

ProcstreamLineBatch *
procstream_line_cursor_finish_batch (ProcstreamLineCursor *self)
{
  procstream_line_cursor_settle (self, NULL);
  return procstream_line_splitter_push_batch (self->splitter, NULL, 0, NULL);
}

guint64
procstream_line_cursor_get_bytes_lost (ProcstreamLineCursor *self)
{
  return self->splitter ? procstream_line_splitter_get_bytes_lost (self->splitter) : 0;
}
