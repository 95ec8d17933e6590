/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-cancel-source-private.h"

/*
 * The handler's closure holds a reference to the source, so the source is there whenever the handler runs, whoever has let go of it
 * meanwhile. That is a circle, which only ending breaks: disconnecting drops the reference at once, or, when another thread is in the
 * handler, after that. Nothing waits for anybody.
 *
 * With that reference goes one to the context, and after it: unreferencing a source that was attached locks its context.
 */
typedef struct
{
  GSource       parent;
  GCancellable *cancellable;
  GMainContext *context; /* the handler's */
  gulong        handler;
} CancelSource;

static gboolean
dispatch (GSource    *source,
          GSourceFunc callback,
          gpointer    user_data)
{
  CancelSource          *self = (CancelSource *) source;
  GCancellableSourceFunc func = (GCancellableSourceFunc) (gpointer) callback;

  g_source_set_ready_time (source, -1);
  return func (self->cancellable, user_data);
}

static void
finalize (GSource *source)
{
  g_object_unref (((CancelSource *) source)->cancellable);
}

static GSourceFuncs source_funcs = {
  .dispatch = dispatch,
  .finalize = finalize,
};

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  g_source_set_ready_time (user_data, 0);
}

static void
release_cb (gpointer  data,
            GClosure *closure)
{
  GSource *source = data;
  g_autoptr (GMainContext) context = ((CancelSource *) source)->context;

  g_source_unref (source);
}

GSource *
procstream_cancel_source_new (GCancellable          *cancellable,
                              GMainContext          *context,
                              GCancellableSourceFunc func,
                              gpointer               data,
                              GDestroyNotify         destroy)
{
  GSource      *source = g_source_new (&source_funcs, sizeof (CancelSource));
  CancelSource *self = (CancelSource *) source;

  g_source_set_static_name (source, "procstream-cancel");
  g_source_set_callback (source, G_SOURCE_FUNC (func), data, destroy);
  self->cancellable = g_object_ref (cancellable);
  self->context = g_main_context_ref (context);
  self->handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (cancelled_cb), g_source_ref (source), release_cb, 0);
  /* After connecting: it may have been cancelled in between. */
  if (g_cancellable_is_cancelled (cancellable))
    g_source_set_ready_time (source, 0);
  g_source_attach (source, context);
  return source;
}

void
procstream_cancel_source_end (GSource *source)
{
  CancelSource *self = (CancelSource *) source;
  g_autoptr (GMainContext) context = g_main_context_ref (self->context);

  g_clear_signal_handler (&self->handler, self->cancellable);
  g_source_destroy (source);
  g_source_unref (source);
}
