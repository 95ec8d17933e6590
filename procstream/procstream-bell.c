/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-bell-private.h"

#include "procstream-dispatcher-private.h"

/*
 * item goes with the outer object, even if it is queued: a context that is never iterated again must not collect what finished
 * children leave. awaited goes from FALSE to TRUE once.
 */
struct _ProcstreamBell
{
  gatomicrefcount ref_count;
  GWeakRef        outer;
  gint            awaited; /* atomic */
  void (*advance) (gpointer outer);

  GMutex                  mutex;
  ProcstreamDispatchItem *item; /* NULL: closed */
};

gpointer
procstream_bell_ref (gpointer data)
{
  ProcstreamBell *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_bell_unref (gpointer data)
{
  ProcstreamBell *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->item == NULL);
  g_weak_ref_clear (&self->outer);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
bell_dispatch (gpointer          data,
               ProcstreamBudget *budget)
{
  ProcstreamBell *self = data;
  g_autoptr (GObject) outer = g_weak_ref_get (&self->outer);

  if (outer)
    self->advance (outer);
  return FALSE;
}

void
procstream_bell_ring (gpointer data)
{
  ProcstreamBell *self = data;

  g_mutex_lock (&self->mutex);
  if (self->item)
    procstream_dispatch_item_post (self->item);
  g_mutex_unlock (&self->mutex);
}

void
procstream_bell_await (ProcstreamBell *self)
{
  g_atomic_int_set (&self->awaited, TRUE);
}

void
procstream_bell_ring_awaited (gpointer data)
{
  ProcstreamBell *self = data;

  if (g_atomic_int_get (&self->awaited))
    procstream_bell_ring (self);
}

void
procstream_bell_close (ProcstreamBell *self)
{
  ProcstreamDispatchItem *item;

  g_mutex_lock (&self->mutex);
  item = g_steal_pointer (&self->item);
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&item, procstream_dispatch_item_free);
}

ProcstreamBell *
procstream_bell_new (GMainContext *context,
                     GObject      *outer,
                     void (*advance) (gpointer outer))
{
  ProcstreamBell *self = g_new0 (ProcstreamBell, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_weak_ref_init (&self->outer, outer);
  self->advance = advance;
  self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, bell_dispatch, self, procstream_bell_ref, procstream_bell_unref);
  return self;
}
