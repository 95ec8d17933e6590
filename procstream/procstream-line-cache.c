/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-cache-private.h"

/*
 * There is an entry for each id whose object may still be alive. Objects go in any thread (those of language bindings do), so an entry
 * is a weak reference, and nobody is told when it becomes empty: empty ones are swept when there are twice as many entries as there were living
 * ones at the last sweep. So a sweep costs, for each entry that was added since, a fixed time.
 */
struct _ProcstreamLineCache
{
  GHashTable *entries; /* a set of Entry */
  guint       sweep_at;
};

typedef struct
{
  guint64  id;
  GWeakRef line;
} Entry;

/* A screen full. */
#define FEWEST_TO_SWEEP 64

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_weak_ref_clear (&self->line);
  g_free (self);
}

ProcstreamLineCache *
procstream_line_cache_new (void)
{
  ProcstreamLineCache *self = g_new (ProcstreamLineCache, 1);

  self->entries = g_hash_table_new_full (g_int64_hash, g_int64_equal, entry_free, NULL);
  self->sweep_at = FEWEST_TO_SWEEP;
  return self;
}

void
procstream_line_cache_free (ProcstreamLineCache *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

ProcstreamLine *
procstream_line_cache_get (ProcstreamLineCache *self,
                           guint64              id)
{
  Entry *entry = g_hash_table_lookup (self->entries, &id);

  return entry ? g_weak_ref_get (&entry->line) : NULL;
}

static gboolean
is_empty (gpointer key,
          gpointer value,
          gpointer user_data)
{
  g_autoptr (ProcstreamLine) line = g_weak_ref_get (&((Entry *) key)->line);

  return line == NULL;
}

static void
sweep (ProcstreamLineCache *self)
{
  if (g_hash_table_size (self->entries) < self->sweep_at)
    return;
  g_hash_table_foreach_remove (self->entries, is_empty, NULL);
  self->sweep_at = MAX (2 * g_hash_table_size (self->entries), FEWEST_TO_SWEEP);
}

void
procstream_line_cache_put (ProcstreamLineCache *self,
                           guint64              id,
                           ProcstreamLine      *line)
{
  Entry *entry = g_hash_table_lookup (self->entries, &id);

  if (entry)
    {
      g_weak_ref_set (&entry->line, line);
      return;
    }
  sweep (self);
  entry = g_new0 (Entry, 1);
  entry->id = id;
  g_weak_ref_init (&entry->line, line);
  g_hash_table_add (self->entries, entry);
}

guint
procstream_line_cache_get_size (ProcstreamLineCache *self)
{
  return g_hash_table_size (self->entries);
}
