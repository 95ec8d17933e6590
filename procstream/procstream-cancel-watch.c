/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-cancel-watch-private.h"

/*
 * A plain handler of the signal, which is disconnected as any other. g_cancellable_disconnect() would wait until no handler runs, those
 * of the program among them, and one of these may wait for the thread that ends the watch: for ever then. So the handler may
 * still run when the watch has ended. Its closure holds the data until it does not.
 */
typedef struct
{
  void (*func) (gpointer);
  gpointer       data;
  GDestroyNotify destroy;
} Watch;

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  Watch *self = user_data;

  self->func (self->data);
}

static void
watch_free (gpointer  data,
            GClosure *closure)
{
  Watch *self = data;

  if (self->destroy)
    self->destroy (self->data);
  g_free (self);
}

gulong
procstream_cancel_watch_begin (GCancellable *cancellable,
                               void (*func) (gpointer),
                               gpointer       data,
                               GDestroyNotify destroy)
{
  Watch *self;

  if (cancellable == NULL)
    {
      if (destroy)
        destroy (data);
      return 0;
    }
  self = g_new (Watch, 1);
  *self = (Watch){ func, data, destroy };
  return g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (cancelled_cb), self, watch_free, 0);
}

void
procstream_cancel_watch_end (GCancellable *cancellable,
                             gulong        watch)
{
  if (watch)
    g_signal_handler_disconnect (cancellable, watch);
}
