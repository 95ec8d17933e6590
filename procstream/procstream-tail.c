/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tail-private.h"

#include "procstream-ring-private.h"

/*
 * ring has the last bytes, total is how many came since the last gap. When that is more than the ring holds, its first line is taken for the
 * end of one: that it may begin with the very first byte of a line is not worth a look.
 */
struct _ProcstreamTail
{
  ProcstreamRing *ring;
  guint64         total;
};

ProcstreamTail *
procstream_tail_new (void)
{
  ProcstreamTail *self = g_new0 (ProcstreamTail, 1);

  self->ring = procstream_ring_new (PROCSTREAM_TAIL_BYTES);
  return self;
}

void
procstream_tail_free (ProcstreamTail *self)
{
  procstream_ring_free (self->ring);
  g_free (self);
}

void
procstream_tail_push (ProcstreamTail *self,
                      const guint8   *data,
                      gsize           size)
{
  self->total += size;
  procstream_ring_push (self->ring, data, size);
}

void
procstream_tail_gap (ProcstreamTail *self)
{
  procstream_ring_free (self->ring);
  self->ring = procstream_ring_new (PROCSTREAM_TAIL_BYTES);
  self->total = 0;
}

static void
line_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  g_autoptr (GString) scratch = g_string_new (NULL);
  const char *text = procstream_line_repair (data, size, scratch, &size);

  g_ptr_array_add (user_data, size > 0 ? g_strndup (text, size) : g_strdup (""));
}

/* The beginning of the first line is not there. */
static void
mark_first (GPtrArray *lines)
{
  char *rest = g_ptr_array_index (lines, 0);

  if (lines->len > 1)
    {
      g_ptr_array_remove_index (lines, 0);
      return;
    }
  g_ptr_array_index (lines, 0) = g_strconcat ("…", rest, NULL);
  g_free (rest);
}

char **
procstream_tail_dup_lines (ProcstreamTail              *self,
                           const ProcstreamLineOptions *options)
{
  ProcstreamLineOptions   all = *options;
  ProcstreamLineSplitter *splitter;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  /* No line of so few bytes is cut. */
  all.max_length = 2 * PROCSTREAM_TAIL_BYTES;
  splitter = procstream_line_splitter_new (&all);
  procstream_ring_append_to (self->ring, bytes);
  if (bytes->len > 0)
    procstream_line_splitter_push (splitter, bytes->data, bytes->len, NULL, line_cb, lines);
  procstream_line_splitter_finish (splitter, line_cb, lines);
  procstream_line_splitter_free (splitter);
  if (self->total > bytes->len && lines->len > 0)
    mark_first (lines);
  if (lines->len > PROCSTREAM_TAIL_LINES)
    g_ptr_array_remove_range (lines, 0, lines->len - PROCSTREAM_TAIL_LINES);
  g_ptr_array_add (lines, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&lines), FALSE);
}
