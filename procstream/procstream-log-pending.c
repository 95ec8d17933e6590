/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-log-pending-private.h"

/*
 * Which output a line is of is not kept with the line, where it would be of no use once that is shown, but in runs: those from the skip-th on are in
 * the order of the lines, each goes on from where the one before ended, the first may begin before the first line, and the last ends
 * with the last line.
 */
typedef struct
{
  gint   *muted; /* owned */
  guint64 end;   /* the id behind its last line */
} Run;

struct _ProcstreamLogPending
{
  ProcstreamLineStore *store;
  GArray              *runs; /* of Run */
  guint                skip; /* so many at the front are gone */
};

static void
run_clear (gpointer data)
{
  g_atomic_rc_box_release (((Run *) data)->muted);
}

ProcstreamLogPending *
procstream_log_pending_new (guint64 first_id)
{
  ProcstreamLogPending *self = g_new0 (ProcstreamLogPending, 1);

  self->store = procstream_line_store_new (first_id);
  self->runs = g_array_new (FALSE, FALSE, sizeof (Run));
  g_array_set_clear_func (self->runs, run_clear);
  return self;
}

void
procstream_log_pending_free (ProcstreamLogPending *self)
{
  procstream_line_store_free (self->store);
  g_array_unref (self->runs);
  g_free (self);
}

ProcstreamLineStore *
procstream_log_pending_get_store (ProcstreamLogPending *self)
{
  return self->store;
}

static Run *
get_run (ProcstreamLogPending *self,
         guint                 i)
{
  return &g_array_index (self->runs, Run, i);
}

void
procstream_log_pending_append (ProcstreamLogPending       *self,
                               gint                       *muted,
                               const ProcstreamStoredLine *line)
{
  procstream_line_store_append (self->store, line);
  if (self->runs->len == self->skip || get_run (self, self->runs->len - 1)->muted != muted)
    {
      Run run = { g_atomic_rc_box_acquire (muted), 0 };

      g_array_append_val (self->runs, run);
    }
  get_run (self, self->runs->len - 1)->end = procstream_line_store_get_end (self->store);
}

guint64
procstream_log_pending_trim (ProcstreamLogPending *self,
                             guint64               max_lines,
                             guint64               max_bytes)
{
  guint64 n = procstream_line_store_trim (self->store, max_lines, max_bytes);
  guint64 first = procstream_line_store_get_first (self->store);

  while (self->skip < self->runs->len && get_run (self, self->skip)->end <= first)
    self->skip++;
  if (self->skip > 0 && self->skip >= self->runs->len / 2)
    {
      g_array_remove_range (self->runs, 0, self->skip);
      self->skip = 0;
    }
  return n;
}

static gboolean
is_muted (const Run *run)
{
  return g_atomic_int_get (run->muted);
}

gboolean
procstream_log_pending_has_muted (ProcstreamLogPending *self)
{
  for (guint i = self->skip; i < self->runs->len; i++)
    if (is_muted (get_run (self, i)))
      return TRUE;
  return FALSE;
}

ProcstreamLogPending *
procstream_log_pending_dup_audible (ProcstreamLogPending *self,
                                    guint64               first_id)
{
  ProcstreamLogPending *left = procstream_log_pending_new (first_id);
  guint64               id = procstream_line_store_get_first (self->store);

  for (guint i = self->skip; i < self->runs->len; i++)
    {
      const Run           *run = get_run (self, i);
      ProcstreamStoredLine line;

      if (is_muted (run))
        id = run->end;
      for (; id < run->end && procstream_line_store_lookup (self->store, id, &line); id++)
        procstream_log_pending_append (left, run->muted, &line);
    }
  return left;
}
