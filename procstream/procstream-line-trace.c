/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-trace-private.h"

#include "procstream-line-filter-private.h"

/*
 * A filter tells how much comes out, but not from where. That is asked for once in the life of a search, at its end, and so nothing is noted but
 * the chunks: who asks makes a second filter, and sends them through it byte by byte. What that has to know of before the oldest chunk, that
 * chunk itself knows, as far as one who attaches there would.
 *
 * Kept are the chunks in which the line that is not finished stands, and the one that is being cut. A line has its limit, but what comes of
 * escape sequences has none, so what is kept has one, too; what is asked for before that is taken for its beginning.
 */
#define MAX_KEPT (1024 * 1024)

typedef struct
{
  ProcstreamChunk *chunk;
  guint64          out; /* that had come out before it */
} Piece;

struct _ProcstreamLineTrace
{
  ProcstreamLineOptions options;
  GArray               *pieces; /* of Piece */
  guint64               kept;   /* bytes */
};

static void
piece_clear (gpointer data)
{
  procstream_chunk_unref (((Piece *) data)->chunk);
}

ProcstreamLineTrace *
procstream_line_trace_new (const ProcstreamLineOptions *options)
{
  ProcstreamLineTrace *self = g_new0 (ProcstreamLineTrace, 1);

  self->options = *options;
  self->pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  g_array_set_clear_func (self->pieces, piece_clear);
  return self;
}

void
procstream_line_trace_free (ProcstreamLineTrace *self)
{
  g_array_unref (self->pieces);
  g_free (self);
}

static const Piece *
get_piece (ProcstreamLineTrace *self,
           guint                i)
{
  return &g_array_index (self->pieces, Piece, i);
}

static void
drop_oldest (ProcstreamLineTrace *self,
             guint                n)
{
  for (guint i = 0; i < n; i++)
    self->kept -= get_piece (self, i)->chunk->size;
  if (n > 0)
    g_array_remove_range (self->pieces, 0, n);
}

void
procstream_line_trace_add (ProcstreamLineTrace *self,
                           ProcstreamChunk     *chunk,
                           guint64              out)
{
  const Piece piece = { procstream_chunk_ref (chunk), out };
  guint       n = 0;
  guint64     left;

  g_array_append_val (self->pieces, piece);
  self->kept += chunk->size;
  left = self->kept;
  while (left > MAX_KEPT && n + 1 < self->pieces->len)
    left -= get_piece (self, n++)->chunk->size;
  drop_oldest (self, n);
}

void
procstream_line_trace_forget (ProcstreamLineTrace *self,
                              guint64              out)
{
  guint n = 0;

  while (n + 1 < self->pieces->len && get_piece (self, n + 1)->out <= out)
    n++;
  drop_oldest (self, n);
}

/* Goes on in @piece from @out bytes on. TRUE: it has as many as are looked for; @offset is where. */
static gboolean
find_in (ProcstreamLineFilter *filter,
         const Piece          *piece,
         guint64               target,
         guint64              *offset)
{
  guint64 out = piece->out;

  *offset = procstream_chunk_get_stream_offset (piece->chunk);
  for (guint32 i = 0; out < target && i < piece->chunk->size; i++)
    {
      gsize size;

      procstream_line_filter_push (filter, piece->chunk->data + i, 1, &size);
      out += size;
      *offset += 1;
    }
  return out >= target;
}

guint64
procstream_line_trace_find (ProcstreamLineTrace *self,
                            guint64              out)
{
  ProcstreamLineFilter *filter;
  guint64               offset = 0;
  const guint8         *before;
  gsize                 size;

  if (self->pieces->len == 0)
    return 0;
  filter = procstream_line_filter_new (&self->options);
  offset = procstream_chunk_get_stream_offset (get_piece (self, 0)->chunk);
  before = procstream_chunk_get_before (get_piece (self, 0)->chunk, &size);
  if (size > 0)
    procstream_line_filter_gap (filter, offset, before, size, &size);
  for (guint i = 0; i < self->pieces->len; i++)
    if (find_in (filter, get_piece (self, i), out, &offset))
      break;
  procstream_line_filter_free (filter);
  return offset;
}
