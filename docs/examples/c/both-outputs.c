/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Both outputs of a child in the order in which it writes, told apart. */

#include <procstream/procstream.h>

// [both]
static void
chunk_info_cb (ProcstreamOutput    *output,
               ProcstreamChunkInfo *info,
               gpointer             user_data)
{
  gsize            size;
  const char      *data = g_bytes_get_data (procstream_chunk_info_get_bytes (info), &size);
  g_autofree char *text = g_strchomp (g_strndup (data, size));

  g_print ("%s: %s\n", procstream_chunk_info_get_stream (info), text);
}

int
main (void)
{
  const char *const argv[] = { "sh", "-c", "echo one; echo two >&2; echo three; echo four >&2", NULL };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_merged_view (launcher, TRUE);
  procstream_launcher_set_exact_order (launcher, TRUE);
  child = procstream_launcher_create (launcher, argv, &error);
  g_assert_no_error (error);
  g_signal_connect (procstream_child_get_merged (child), "chunk-info", G_CALLBACK (chunk_info_cb), NULL);
  // [/both]

  g_signal_connect_swapped (child, "completed", G_CALLBACK (g_main_loop_quit), loop);
  procstream_child_start (child, &error);
  g_assert_no_error (error);
  g_main_loop_run (loop);
  return 0;
}
