/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pump-private.h"

#include "procstream-worker-private.h"

/*
 * In workers: whenever mutex is free, running says that a worker is in func, or about to be, with a reference to data of its own; there is
 * at most one. A wake while it runs sets again, and the worker ends only when again is not set: no wake is ever lost, and func
 * never runs twice at the same time. Between the wakes there is no thread, so a thousand pumps with nothing to do cost none.
 *
 * In a context the dispatch item does the same; it is there until the context is released, and nothing is done after that.
 */

void
procstream_pump_init (ProcstreamPump        *self,
                      const char            *name,
                      ProcstreamDispatchFunc func,
                      gpointer               data,
                      gpointer (*ref) (gpointer),
                      void (*unref) (gpointer))
{
  *self = (ProcstreamPump){ .name = name, .func = func, .data = data, .ref = ref, .unref = unref };
  g_mutex_init (&self->mutex);
}

void
procstream_pump_clear (ProcstreamPump *self)
{
  procstream_pump_release_context (self);
  g_mutex_clear (&self->mutex);
}

void
procstream_pump_use_context (ProcstreamPump *self,
                             GMainContext   *context)
{
  g_mutex_lock (&self->mutex);
  if (!self->in_context)
    {
      self->in_context = TRUE;
      self->context = g_main_context_ref (context);
      self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, self->func, self->data, self->ref, self->unref);
      procstream_dispatcher_hold_iterate (context);
    }
  g_mutex_unlock (&self->mutex);
}

void
procstream_pump_release_context (ProcstreamPump *self)
{
  ProcstreamDispatchItem *item;
  GMainContext           *context = NULL;

  g_mutex_lock (&self->mutex);
  item = g_steal_pointer (&self->item);
  if (item)
    context = g_steal_pointer (&self->context);
  g_mutex_unlock (&self->mutex);
  if (item == NULL)
    return;
  procstream_dispatch_item_free (item);
  procstream_dispatcher_release_iterate (context);
  g_main_context_unref (context);
}

static gboolean
ends (ProcstreamPump *self)
{
  gboolean over;

  g_mutex_lock (&self->mutex);
  over = !self->again;
  self->again = FALSE;
  self->running = !over;
  g_mutex_unlock (&self->mutex);
  return over;
}

static gpointer
work (gpointer data)
{
  ProcstreamPump *self = data;
  gpointer        owner = self->data;
  void (*unref) (gpointer) = self->unref;

  do
    while (self->func (owner, NULL))
      ;
  while (!ends (self));
  unref (owner);
  return NULL;
}

void
procstream_pump_wake (ProcstreamPump *self)
{
  gboolean start = FALSE;

  g_mutex_lock (&self->mutex);
  if (self->item)
    procstream_dispatch_item_post (self->item);
  else if (self->in_context)
    ; /* nothing is to be done any more */
  else if (self->running)
    self->again = TRUE;
  else
    start = self->running = TRUE;
  g_mutex_unlock (&self->mutex);
  if (!start)
    return;
  self->ref (self->data);
  procstream_worker_run (self->name, work, self);
}
