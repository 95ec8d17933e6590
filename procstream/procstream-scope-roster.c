/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-scope-roster-private.h"

#include "procstream-child-private.h"

/*
 * A child that was neither started nor enqueued is its maker's: it is in created, which does not hold it, so that it leaves the scope with the
 * last reference to it. From when it is admitted on it is the scope's: it is in incoming, and then in shown. What is held in neither is
 * not in the list, because a list cannot let go of an object in the middle of an iteration, and none may be told of a change while one is disposed of.
 *
 * mutex protects all three. Adding to the record and here is one step under mutex, and so is taking what came and what went, so a
 * child is never seen to go before it came. mutex is taken before that of the record. No reference to a child is dropped under it, since
 * the last one leads back here.
 *
 * shown changes in the thread of the context alone, which reads it without the mutex.
 */
struct _ProcstreamScopeRoster
{
  gatomicrefcount ref_count;
  ProcstreamBell *bell;

  GMutex      mutex;
  GPtrArray  *shown;    /* of owned ProcstreamChild; replaced, never changed */
  GPtrArray  *incoming; /* the same */
  GHashTable *created;  /* of GWeakRef, by ProcstreamChildCore */
};

static GPtrArray *
new_list (void)
{
  return g_ptr_array_new_with_free_func (g_object_unref);
}

static void
weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

ProcstreamScopeRoster *
procstream_scope_roster_new (ProcstreamBell *bell)
{
  ProcstreamScopeRoster *self = g_new0 (ProcstreamScopeRoster, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->bell = procstream_bell_ref (bell);
  g_mutex_init (&self->mutex);
  self->shown = new_list ();
  self->incoming = new_list ();
  self->created = g_hash_table_new_full (NULL, NULL, NULL, weak_ref_free);
  return self;
}

gpointer
procstream_scope_roster_ref (gpointer data)
{
  ProcstreamScopeRoster *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_scope_roster_unref (gpointer data)
{
  ProcstreamScopeRoster *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->shown);
  g_ptr_array_unref (self->incoming);
  g_hash_table_unref (self->created);
  procstream_bell_unref (self->bell);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* --- Coming and going --------------------------------------------------------------------------------------------------------- */

void
procstream_scope_roster_lock (ProcstreamScopeRoster *self)
{
  g_mutex_lock (&self->mutex);
}

void
procstream_scope_roster_unlock (ProcstreamScopeRoster *self)
{
  g_mutex_unlock (&self->mutex);
}

void
procstream_scope_roster_add_locked (ProcstreamScopeRoster *self,
                                    ProcstreamChild       *child)
{
  GWeakRef *created = g_new0 (GWeakRef, 1);

  g_weak_ref_init (created, child);
  g_hash_table_replace (self->created, child->core, created);
  if (procstream_child_core_get_state (child->core) != PROCSTREAM_CHILD_STATE_CREATED)
    procstream_scope_roster_admit_locked (self, child->core);
}

/* Whoever starts a child, or puts it into the queue, has a reference to it. */
void
procstream_scope_roster_admit_locked (ProcstreamScopeRoster *self,
                                      ProcstreamChildCore   *child)
{
  GWeakRef        *created = g_hash_table_lookup (self->created, child);
  ProcstreamChild *outer = created ? g_weak_ref_get (created) : NULL;

  if (outer)
    g_ptr_array_add (self->incoming, outer);
  g_hash_table_remove (self->created, child);
}

static void
changed_cb (gpointer data)
{
  procstream_bell_ring (((ProcstreamScopeRoster *) data)->bell);
}

static void
claimed_cb (gpointer             data,
            ProcstreamChildCore *child)
{
  ProcstreamScopeRoster *self = data;

  g_mutex_lock (&self->mutex);
  procstream_scope_roster_admit_locked (self, child);
  g_mutex_unlock (&self->mutex);
}

static void
left_cb (gpointer             data,
         ProcstreamChildCore *child)
{
  ProcstreamScopeRoster *self = data;

  g_mutex_lock (&self->mutex);
  g_hash_table_remove (self->created, child);
  g_mutex_unlock (&self->mutex);
}

const ProcstreamScopeCoreOps procstream_scope_roster_ops = {
  .changed = changed_cb,
  .claimed = claimed_cb,
  .left = left_cb,
  .destroy = procstream_scope_roster_unref,
};

/* --- What there is ------------------------------------------------------------------------------------------------------------ */

GPtrArray *
procstream_scope_roster_get_shown (ProcstreamScopeRoster *self)
{
  return self->shown;
}

static gpointer
ref_cb (gconstpointer child,
        gpointer      user_data)
{
  return g_object_ref ((gpointer) child);
}

GPtrArray *
procstream_scope_roster_dup_children (ProcstreamScopeRoster *self)
{
  GPtrArray     *children;
  GHashTableIter iter;
  gpointer       created;

  g_mutex_lock (&self->mutex);
  children = g_ptr_array_copy (self->shown, ref_cb, NULL);
  g_ptr_array_extend (children, self->incoming, ref_cb, NULL);
  g_hash_table_iter_init (&iter, self->created);
  while (g_hash_table_iter_next (&iter, NULL, &created))
    {
      ProcstreamChild *child = g_weak_ref_get (created);

      if (child)
        g_ptr_array_add (children, child);
    }
  g_mutex_unlock (&self->mutex);
  return children;
}

static GHashTable *
new_set (GPtrArray *cores)
{
  GHashTable *set = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < cores->len; i++)
    g_hash_table_add (set, g_ptr_array_index (cores, i));
  return set;
}

static void
add_members (GPtrArray  *children,
             GPtrArray  *held,
             GHashTable *members)
{
  for (guint i = 0; i < held->len; i++)
    {
      ProcstreamChild *child = g_ptr_array_index (held, i);

      if (g_hash_table_contains (members, child->core))
        g_ptr_array_add (children, g_object_ref (child));
    }
}

/* Who has left is shown until the context iterates. */
GPtrArray *
procstream_scope_roster_dup_held (ProcstreamScopeRoster *self,
                                  ProcstreamScopeCore   *core)
{
  GPtrArray *children = new_list ();
  g_autoptr (GPtrArray) cores = NULL;
  g_autoptr (GHashTable) members = NULL;

  g_mutex_lock (&self->mutex);
  cores = procstream_scope_core_dup_children (core);
  members = new_set (cores);
  add_members (children, self->shown, members);
  add_members (children, self->incoming, members);
  g_mutex_unlock (&self->mutex);
  return children;
}

void
procstream_scope_change_clear (ProcstreamScopeChange *self)
{
  g_ptr_array_unref (self->before);
  g_ptr_array_unref (self->known);
  g_ptr_array_unref (self->failed);
}

/* Who has failed is asked for after who has gone, as it is noted before: otherwise one could be forgotten here before its failure is told
 * of. */
void
procstream_scope_roster_advance (ProcstreamScopeRoster *self,
                                 ProcstreamScopeCore   *core,
                                 ProcstreamScopeChange *change)
{
  g_autoptr (GPtrArray) gone = NULL;
  g_autoptr (GHashTable) gone_set = NULL;
  GPtrArray *now = new_list ();

  g_mutex_lock (&self->mutex);
  gone = procstream_scope_core_steal_gone (core);
  gone_set = new_set (gone);
  change->failed = procstream_scope_core_steal_failed (core);
  change->before = self->shown;
  change->known = g_ptr_array_copy (change->before, ref_cb, NULL);
  g_ptr_array_extend_and_steal (change->known, g_steal_pointer (&self->incoming));
  self->incoming = new_list ();
  for (guint i = 0; i < change->known->len; i++)
    {
      ProcstreamChild *child = g_ptr_array_index (change->known, i);

      if (!g_hash_table_contains (gone_set, child->core))
        g_ptr_array_add (now, g_object_ref (child));
    }
  self->shown = now;
  g_mutex_unlock (&self->mutex);
}

void
procstream_scope_roster_clear (ProcstreamScopeRoster *self)
{
  GPtrArray  *shown;
  GPtrArray  *incoming;
  GHashTable *created;

  g_mutex_lock (&self->mutex);
  shown = self->shown;
  incoming = self->incoming;
  created = self->created;
  self->shown = new_list ();
  self->incoming = new_list ();
  self->created = g_hash_table_new_full (NULL, NULL, NULL, weak_ref_free);
  g_mutex_unlock (&self->mutex);
  g_ptr_array_unref (shown);
  g_ptr_array_unref (incoming);
  g_hash_table_unref (created);
}
