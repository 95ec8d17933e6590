/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-sink-private.h"

/*
 * A stream has one operation under way at a time, and two writers may share it (both outputs of a child into one log, say): they take
 * turns, a batch each. Whose turn it is lies with the stream. Not where it is not GIO's: that is written to in one thread, by code that
 * may run a main loop.
 *
 * GIO's own vectored writes are not used: those of GUnixOutputStream count -1 bytes when they fail (seen in GLib 2.74), with a warning,
 * and most classes make one call for each vector. Small ones are gathered instead.
 */
typedef struct
{
  ProcstreamSink parent;
  GOutputStream *stream;
  GMutex        *turn; /* the stream's, or NULL */
  gboolean       close_stream;
  GByteArray    *gathered;
} StreamSink;

/* Vectors of up to the one size are written together, at least the other size at once. */
#define SMALL_SIZE 4096
#define GATHERED_SIZE 65536

static void
free_turn (gpointer data)
{
  g_mutex_clear (data);
  g_free (data);
}

static GMutex *
get_turn (GOutputStream *stream)
{
  static GMutex mutex;
  static GQuark quark;
  GMutex       *turn;

  g_mutex_lock (&mutex);
  if (quark == 0)
    quark = g_quark_from_static_string ("procstream-turn");
  turn = g_object_get_qdata (G_OBJECT (stream), quark);
  if (turn == NULL)
    {
      turn = g_new0 (GMutex, 1);
      g_mutex_init (turn);
      g_object_set_qdata_full (G_OBJECT (stream), quark, turn, free_turn);
    }
  g_mutex_unlock (&mutex);
  return turn;
}

static void
begin_turn (StreamSink *self)
{
  if (self->turn)
    g_mutex_lock (self->turn);
}

static void
end_turn (StreamSink *self)
{
  if (self->turn)
    g_mutex_unlock (self->turn);
}

static gboolean
stream_sink_open (ProcstreamSink *sink,
                  GCancellable   *cancellable,
                  GError        **error)
{
  return TRUE;
}

/* All of it, or, where turns are not taken, a part. FALSE with an error; what was written is counted in any case. */
static gboolean
write_counted (StreamSink   *self,
               gconstpointer data,
               gsize         size,
               gsize        *written,
               GCancellable *cancellable,
               GError      **error)
{
  gsize    n = 0;
  gboolean done;

  if (self->turn)
    {
      done = g_output_stream_write_all (self->stream, data, size, &n, cancellable, error);
    }
  else
    {
      /* The writer may be cancelled by what it calls. */
      gssize part = g_output_stream_write (self->stream, data, size, cancellable, error);

      done = part > 0;
      n = MAX (part, 0);
      if (part == 0)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The stream took nothing");
    }
  *written += n;
  return done;
}

static gboolean
write_gathered (StreamSink   *self,
                gsize        *written,
                GCancellable *cancellable,
                GError      **error)
{
  gboolean done = self->gathered->len == 0 ||
                  write_counted (self, self->gathered->data, self->gathered->len, written, cancellable, error);

  g_byte_array_set_size (self->gathered, 0);
  return done;
}

static gboolean
write_vectors (StreamSink    *self,
               GOutputVector *vectors,
               guint          n_vectors,
               gsize         *written,
               GCancellable  *cancellable,
               GError       **error)
{
  for (guint i = 0; i < n_vectors; i++)
    {
      gboolean small = n_vectors > 1 && vectors[i].size <= SMALL_SIZE;

      if ((!small || self->gathered->len >= GATHERED_SIZE) && !write_gathered (self, written, cancellable, error))
        return FALSE;
      if (small)
        g_byte_array_append (self->gathered, vectors[i].buffer, vectors[i].size);
      else if (!write_counted (self, vectors[i].buffer, vectors[i].size, written, cancellable, error))
        return FALSE;
    }
  return write_gathered (self, written, cancellable, error);
}

static gboolean
stream_sink_writev (ProcstreamSink *sink,
                    GOutputVector  *vectors,
                    guint           n_vectors,
                    gsize          *written,
                    GCancellable   *cancellable,
                    GError        **error)
{
  StreamSink *self = (StreamSink *) sink;
  gboolean    done;

  *written = 0;
  begin_turn (self);
  done = write_vectors (self, vectors, n_vectors, written, cancellable, error);
  end_turn (self);
  return done;
}

static gboolean
stream_sink_flush (ProcstreamSink *sink,
                   GCancellable   *cancellable,
                   GError        **error)
{
  StreamSink *self = (StreamSink *) sink;
  gboolean    done;

  begin_turn (self);
  done = g_output_stream_flush (self->stream, cancellable, error);
  end_turn (self);
  return done;
}

static gboolean
stream_sink_close (ProcstreamSink *sink,
                   GError        **error)
{
  StreamSink *self = (StreamSink *) sink;
  gboolean    done;

  if (!self->close_stream)
    return TRUE;
  begin_turn (self);
  done = g_output_stream_close (self->stream, NULL, error);
  end_turn (self);
  return done;
}

static void
stream_sink_free (ProcstreamSink *sink)
{
  StreamSink *self = (StreamSink *) sink;

  g_object_unref (self->stream);
  g_byte_array_unref (self->gathered);
  g_free (sink->name);
  g_free (self);
}

static const ProcstreamSinkClass stream_sink_class = {
  .open = stream_sink_open,
  .writev = stream_sink_writev,
  .flush = stream_sink_flush,
  .close = stream_sink_close,
  .free = stream_sink_free,
};

ProcstreamSink *
procstream_stream_sink_new (GOutputStream *stream,
                            gboolean       native,
                            gboolean       close_stream)
{
  StreamSink *self = g_new0 (StreamSink, 1);

  self->parent.klass = &stream_sink_class;
  self->parent.name = g_strdup (G_OBJECT_TYPE_NAME (stream));
  self->stream = g_object_ref (stream);
  self->turn = native ? get_turn (stream) : NULL;
  self->close_stream = close_stream;
  self->gathered = g_byte_array_new ();
  return &self->parent;
}

static gboolean
is_one_of (gpointer           object,
           const char *const *classes)
{
  return g_strv_contains (classes, G_OBJECT_TYPE_NAME (object));
}

gboolean
procstream_output_stream_is_native (GOutputStream *stream)
{
  static const char *const streams[] = {
    "GUnixOutputStream", "GMemoryOutputStream", "GSocketOutputStream", "GLocalFileOutputStream",
    "GBufferedOutputStream", "GDataOutputStream", "GConverterOutputStream", NULL
  };
  static const char *const converters[] = { "GZlibCompressor", "GZlibDecompressor", "GCharsetConverter", NULL };

  if (!is_one_of (stream, streams))
    return FALSE;
  if (G_IS_CONVERTER_OUTPUT_STREAM (stream) &&
      !is_one_of (g_converter_output_stream_get_converter (G_CONVERTER_OUTPUT_STREAM (stream)), converters))
    return FALSE;
  return !G_IS_FILTER_OUTPUT_STREAM (stream) ||
         procstream_output_stream_is_native (g_filter_output_stream_get_base_stream (G_FILTER_OUTPUT_STREAM (stream)));
}
