/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-source-private.h"

#include "procstream-dispatcher-private.h"

/*
 * A stream whose class is the program's own (written in Python, say) is called only in the captured context, where its author
 * expects it. What came is handed to the thread that reads for the output.
 *
 * It is read asynchronously if the class can do that itself. GIO does it for all others by calling them in a thread of GTask's
 * pool; they are read there and then instead, since their code may run nowhere but in this context.
 *
 * Whenever mutex is free: at most one read is under way (pending), and none begins while reading is FALSE or after closed.
 * Reads are begun and completed in the captured context alone; the item is how other threads ask for one. The stream's last
 * reference is dropped there as well: when the source is closed, or, where a read is under way then (in_read, which is that thread's
 * alone), when that is over. The record itself may go in any thread.
 */
typedef struct
{
  ProcstreamSource        parent;
  gatomicrefcount         ref_count;
  ProcstreamOutputCore   *core;
  GMainContext           *context;
  GInputStream           *stream;
  GCancellable           *cancellable;
  ProcstreamDispatchItem *item;    /* NULL: closed */
  gboolean                in_read; /* of the stream */

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
                                                          procstream_chunk_stamp ()));
  g_mutex_lock (&self->mutex);
  self->pending = FALSE;
  if (!self->closed && self->reading)
    procstream_dispatch_item_post (self->item);
  g_mutex_unlock (&self->mutex);
}

/* Takes what a read gave, and the reference that the read held. */
static void
finish_read (StreamSource *self,
             GBytes       *bytes,
             GError       *error)
{
  g_prefix_error (&error, "Could not read from “%s”: ", procstream_output_core_get_name (self->core));
  self->in_read = FALSE;
  if (self->item == NULL)
    g_clear_object (&self->stream);
  g_mutex_lock (&self->mutex);
  self->bytes = bytes;
  self->error = error;
  g_mutex_unlock (&self->mutex);
  procstream_output_core_invoke_data (self->core, hand_over, self, stream_source_unref_cb);
}

static void
read_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  GError *error = NULL;
  GBytes *bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);

  finish_read (user_data, bytes, error);
}

static gboolean
has_own_async (GInputStream *stream)
{
  GInputStreamClass *default_class = g_type_class_peek (G_TYPE_INPUT_STREAM);

  return G_INPUT_STREAM_GET_CLASS (stream)->read_async != default_class->read_async ||
         (G_IS_POLLABLE_INPUT_STREAM (stream) && g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (stream)));
}

static void
begin_read (StreamSource *self)
{
  gsize   size = procstream_output_core_get_settings (self->core)->read_chunk_size;
  GError *error = NULL;
  GBytes *bytes;

  stream_source_ref (self);
  self->in_read = TRUE;
  if (has_own_async (self->stream))
    {
      g_input_stream_read_bytes_async (self->stream, size, G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
      return;
    }
  bytes = g_input_stream_read_bytes (self->stream, size, self->cancellable, &error);
  finish_read (self, bytes, error);
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
      begin_read (self);
      g_main_context_pop_thread_default (self->context);
    }
  if (closed && self->item)
    {
      g_clear_pointer (&self->item, procstream_dispatch_item_free);
      if (!self->in_read)
        g_clear_object (&self->stream);
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
  StreamSource *self = stream_source_ref ((StreamSource *) source);

  /* Whoever sees that it is closed frees the item: it may have been posted before. */
  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  procstream_dispatch_item_post (self->item);
  g_mutex_unlock (&self->mutex);
  stream_source_unref (self);
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

static gboolean
is_one_of (gpointer           object,
           const char *const *classes)
{
  return g_strv_contains (classes, G_OBJECT_TYPE_NAME (object));
}

gboolean
procstream_stream_is_native (GInputStream *stream)
{
  static const char *const streams[] = {
    "GUnixInputStream", "GMemoryInputStream", "GSocketInputStream", "GLocalFileInputStream", "GResourceFileInputStream",
    "GBufferedInputStream", "GDataInputStream", "GConverterInputStream", NULL
  };
  static const char *const converters[] = { "GZlibCompressor", "GZlibDecompressor", "GCharsetConverter", NULL };

  if (!is_one_of (stream, streams))
    return FALSE;
  if (G_IS_CONVERTER_INPUT_STREAM (stream) &&
      !is_one_of (g_converter_input_stream_get_converter (G_CONVERTER_INPUT_STREAM (stream)), converters))
    return FALSE;
  return !G_IS_FILTER_INPUT_STREAM (stream) ||
         procstream_stream_is_native (g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream)));
}
