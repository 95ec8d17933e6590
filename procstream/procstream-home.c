/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-home-private.h"

#include "procstream-dispatcher-private.h"
#include "procstream-io-thread-private.h"

/*
 * The I/O thread has a queue of its own for what is sent to it. A captured context gets an item, so that a blocking call in its
 * thread serves it too; queue is what the item has yet to run, under mutex. The record is counted because a queued item keeps it.
 */
struct _ProcstreamHome
{
  gatomicrefcount         ref_count;
  GMainContext           *context; /* NULL: the I/O thread */
  ProcstreamDispatchItem *item;
  GMutex                  mutex;
  GQueue                  queue; /* of Invocation */
};

typedef struct
{
  void (*func) (gpointer);
  gpointer       data;
  GDestroyNotify destroy;
} Invocation;

static gboolean
invocation_run (gpointer data)
{
  Invocation *invocation = data;

  invocation->func (invocation->data);
  return G_SOURCE_REMOVE;
}

static void
invocation_free (gpointer data)
{
  Invocation *invocation = data;

  invocation->destroy (invocation->data);
  g_free (invocation);
}

static gpointer
home_ref (gpointer data)
{
  ProcstreamHome *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
home_unref (gpointer data)
{
  ProcstreamHome *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_queue_clear_full (&self->queue, invocation_free);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
dispatch (gpointer          data,
          ProcstreamBudget *budget)
{
  ProcstreamHome *self = data;
  Invocation     *invocation;

  for (;;)
    {
      g_mutex_lock (&self->mutex);
      invocation = g_queue_pop_head (&self->queue);
      g_mutex_unlock (&self->mutex);
      if (invocation == NULL)
        return FALSE;
      invocation_run (invocation);
      invocation_free (invocation);
    }
}

ProcstreamHome *
procstream_home_new (GMainContext *context)
{
  ProcstreamHome *self = g_new0 (ProcstreamHome, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_queue_init (&self->queue);
  if (context)
    {
      self->context = g_main_context_ref (context);
      self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, dispatch, self, home_ref, home_unref);
    }
  return self;
}

void
procstream_home_free (ProcstreamHome *self)
{
  g_clear_pointer (&self->item, procstream_dispatch_item_free);
  home_unref (self);
}

GMainContext *
procstream_home_get_context (ProcstreamHome *self)
{
  return self->context ? self->context : procstream_io_thread_get_context ();
}

void
procstream_home_invoke (ProcstreamHome *self,
                        void (*func) (gpointer),
                        gpointer       data,
                        GDestroyNotify destroy)
{
  Invocation *invocation = g_new (Invocation, 1);

  invocation->func = func;
  invocation->data = data;
  invocation->destroy = destroy;
  if (self->item == NULL)
    {
      procstream_io_thread_invoke (invocation_run, invocation, invocation_free);
      return;
    }
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->queue, invocation);
  g_mutex_unlock (&self->mutex);
  procstream_dispatch_item_post (self->item);
}
