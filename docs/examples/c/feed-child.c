/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gives children something to read: bytes, a stream, and what comes by and by. */

#include <procstream/procstream.h>

static gboolean
show (ProcstreamResult *result, /* taken */
      GError           *error)
{
  g_autofree char *text = result ? procstream_result_dup_stdout_text (result) : NULL;

  if (result == NULL)
    {
      g_printerr ("%s\n", error->message);
      g_error_free (error);
      return FALSE;
    }
  g_print ("%s\n", g_strdelimit (g_strstrip (text), "\n", ' '));
  g_object_unref (result);
  return TRUE;
}

// [bytes]
static gboolean
feed_bytes (ProcstreamLauncher *launcher)
{
  const char *const argv[] = { "sort", NULL };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("pear\napple\n", 11);
  GError *error = NULL;

  procstream_launcher_set_stdin_bytes (launcher, bytes);
  return show (procstream_launcher_run (launcher, argv, NULL, NULL, &error), error);
}
// [/bytes]

// [stream]
static gboolean
feed_stream (ProcstreamLauncher *launcher)
{
  const char *const   argv[] = { "cat", NULL };
  static const guint8 packed[] = { 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00 };
  g_autoptr (GInputStream) memory = g_memory_input_stream_new_from_data (packed, sizeof packed, NULL);
  g_autoptr (GZlibDecompressor) converter = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW);
  g_autoptr (GInputStream) stream = g_converter_input_stream_new (memory, G_CONVERTER (converter));
  GError *error = NULL;

  procstream_launcher_set_stdin_stream (launcher, stream);
  return show (procstream_launcher_run (launcher, argv, NULL, NULL, &error), error);
}
// [/stream]

// [queue]
/* Queues as much as there is room for, and is called again when there is more. */
static void
go_on_cb (ProcstreamInput *input,
          GParamSpec      *pspec,
          gpointer         user_data)
{
  guint *left = user_data;
  g_autoptr (GError) error = NULL;

  while (*left > 0 && procstream_input_write_utf8 (input, "many words, ", &error))
    --*left;
  if (*left == 0)
    procstream_input_close (input);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_printerr ("not everything was read: %s\n", error->message);
}

static gboolean
feed_queue (ProcstreamLauncher *launcher)
{
  const char *const argv[] = { "wc", "-c", NULL };
  g_autoptr (ProcstreamChild) child = NULL;
  GError *error = NULL;
  guint   left = 1000;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = procstream_launcher_spawnv (launcher, argv, &error);
  if (child == NULL)
    return show (NULL, error);
  procstream_input_set_max_queued_bytes (procstream_child_get_stdin (child), 16);
  g_signal_connect (procstream_child_get_stdin (child), "notify::bytes-queued", G_CALLBACK (go_on_cb), &left);
  go_on_cb (procstream_child_get_stdin (child), NULL, &left);
  return show (procstream_child_complete (child, NULL, NULL, &error), error);
}
// [/queue]

int
main (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  return feed_bytes (launcher) && feed_stream (launcher) && feed_queue (launcher) ? 0 : 1;
}
