/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-source-private.h"

#include "procstream-dispatcher-private.h"

/*
 * A stream whose class is the program's own (written in Python, say) is called only in the captured context, where its author
 * expects it, with asynchronous reads. What came is handed to the thread that reads for the output.
 *
 * Whenever mutex is free: at most one read is under way (pending), and none begins while reading is FALSE or after closed.
 * Reads are begun and completed in the captured context alone; the item is how other threads ask for one. The stream's last
 * reference is dropped there as well.
 */
typedef struct
{
  ProcstreamSource        parent;
  gatomicrefcount         ref_count;
  ProcstreamOutputCore   *core;
  GMainContext           *context;
  GInputStream           *stream;
  GCancellable           *cancellable;
  ProcstreamDispatchItem *item;

  GMutex   mutex;
  gboolean reading;
  gboolean pending;
  gboolean closed;
  GBytes  *bytes; /* read, not yet fed */
  GError  *error;
} StreamSource;

static StreamSource *
stream_source_ref (StreamSource *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
stream_source_unref (StreamSource *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->stream);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_error (&self->error);
  procstream_output_core_unref (self->core);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gpointer
stream_source_ref_cb (gpointer data)
{
  return stream_source_ref (data);
}

static void
stream_source_unref_cb (gpointer data)
{
  stream_source_unref (data);
}

static void
hand_over (gpointer data)
{
  StreamSource *self = data;
  g_autoptr (GBytes) bytes = NULL;
  GError *error;

  g_mutex_lock (&self->mutex);
  bytes = g_steal_pointer (&self->bytes);
  error = g_steal_pointer (&self->error);
  g_mutex_unlock (&self->mutex);

  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      procstream_output_core_feed_end (self->core, error);
      return;
    }
  procstream_output_core_feed (self->core,
                               procstream_chunk_new_copy (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                                                          g_get_monotonic_time ()));
  g_mutex_lock (&self->mutex);
  self->pending = FALSE;
  if (!self->closed && self->reading)
    procstream_dispatch_item_post (self->item);
  g_mutex_unlock (&self->mutex);
}

static void
read_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  StreamSource *self = user_data;
  GError       *error = NULL;
  GBytes       *bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);

  g_prefix_error (&error, "Could not read from “%s”: ", procstream_output_core_get_name (self->core));
  g_mutex_lock (&self->mutex);
  self->bytes = bytes;
  self->error = error;
  g_mutex_unlock (&self->mutex);
  procstream_output_core_invoke_data (self->core, hand_over, self, stream_source_unref_cb);
}

static gboolean
dispatch (gpointer          data,
          ProcstreamBudget *budget)
{
  StreamSource *self = data;
  gboolean      begin, closed;

  g_mutex_lock (&self->mutex);
  closed = self->closed;
  begin = self->reading && !self->pending && !closed;
  self->pending |= begin;
  g_mutex_unlock (&self->mutex);
  if (begin)
    {
      g_main_context_push_thread_default (self->context);
      g_input_stream_read_bytes_async (self->stream, procstream_output_core_get_settings (self->core)->read_chunk_size,
                                       G_PRIORITY_DEFAULT, self->cancellable, read_cb, stream_source_ref (self));
      g_main_context_pop_thread_default (self->context);
    }
  if (closed && self->item)
    {
      g_clear_pointer (&self->item, procstream_dispatch_item_free);
      g_cancellable_cancel (self->cancellable);
      procstream_dispatcher_release_iterate (self->context);
      stream_source_unref (self);
    }
  return G_SOURCE_REMOVE;
}

static void
stream_source_set_reading (ProcstreamSource *source,
                           gboolean          reading)
{
  StreamSource *self = (StreamSource *) source;

  g_mutex_lock (&self->mutex);
  self->reading = reading;
  g_mutex_unlock (&self->mutex);
  if (reading)
    procstream_dispatch_item_post (self->item);
}

static void
stream_source_close (ProcstreamSource *source)
{
  StreamSource *self = (StreamSource *) source;

  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  g_mutex_unlock (&self->mutex);
  procstream_dispatch_item_post (self->item);
}

static const ProcstreamSourceClass stream_source_class = {
  stream_source_set_reading,
  stream_source_close,
};

ProcstreamSource *
procstream_stream_source_new (ProcstreamOutputCore *core,
                              GMainContext         *context,
                              GInputStream         *stream)
{
  StreamSource *self = g_new0 (StreamSource, 1);

  self->parent.klass = &stream_source_class;
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->core = procstream_output_core_ref (core);
  self->context = g_main_context_ref (context);
  self->stream = stream;
  self->cancellable = g_cancellable_new ();
  self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, dispatch, self, stream_source_ref_cb,
                                             stream_source_unref_cb);
  procstream_dispatcher_hold_iterate (context);
  return &self->parent;
}
