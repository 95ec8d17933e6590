/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A consumer class whose functions take their time. */

#include <procstream/procstream.h>

// [class]
/* Writes the output to a stream. The next chunk comes when the last one is written. */
G_DECLARE_FINAL_TYPE (Copy, copy, APP, COPY, ProcstreamConsumer)

struct _Copy
{
  ProcstreamConsumer parent_instance;

  GOutputStream *stream;
  GBytes        *bytes; /* being written */
};

G_DEFINE_FINAL_TYPE (Copy, copy, PROCSTREAM_TYPE_CONSUMER)

static void
written_cb (GObject      *stream,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (Copy) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, &error))
    g_warning ("%s", error->message);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  procstream_consumer_release (PROCSTREAM_CONSUMER (self));
}

static gboolean
copy_chunk (ProcstreamConsumer *consumer,
            GBytes             *bytes)
{
  Copy         *self = APP_COPY (consumer);
  gsize         size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  procstream_consumer_hold (consumer);
  self->bytes = g_bytes_ref (bytes);
  g_output_stream_write_all_async (self->stream, data, size, G_PRIORITY_DEFAULT, NULL, written_cb, g_object_ref (self));
  return FALSE;
}
// [/class]

static void
copy_finalize (GObject *object)
{
  g_clear_object (&APP_COPY (object)->stream);
  G_OBJECT_CLASS (copy_parent_class)->finalize (object);
}

static void
copy_class_init (CopyClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = copy_finalize;
  PROCSTREAM_CONSUMER_CLASS (klass)->chunk = copy_chunk;
}

static void
copy_init (Copy *self)
{
}

int
main (void)
{
  const char *const argv[] = { "printf", "one\\ntwo\\nthree\\n", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (Copy) copy = g_object_new (copy_get_type (), NULL);
  g_autoptr (GError) error = NULL;

  copy->stream = g_memory_output_stream_new_resizable ();
  child = procstream_launcher_create (launcher, argv, &error);
  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (copy), &error) ||
      !procstream_child_start (child, &error) ||
      !procstream_consumer_wait (PROCSTREAM_CONSUMER (copy), PROCSTREAM_NO_TIMEOUT, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_print ("copied %" G_GSIZE_FORMAT " bytes\n", g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (copy->stream)));
  return 0;
}
