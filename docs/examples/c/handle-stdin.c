/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes to a child and reads what it makes of it. */

#include <procstream/procstream.h>

// [write]
static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  /* The child may have gone without reading; this program has not. */
  if (!procstream_input_write_finish (PROCSTREAM_INPUT (source), result, &error))
    g_printerr ("not everything was read: %s\n", error->message);
}

int
main (void)
{
  const char *const argv[] = { "sort", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("pear\napple\nbanana\n", 18);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *sorted = NULL;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = procstream_launcher_create (launcher, argv, &error);
  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (collector), &error) ||
      !procstream_child_start (child, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  procstream_input_write_async (procstream_child_get_stdin (child), bytes, NULL, written_cb, NULL);
  procstream_input_close (procstream_child_get_stdin (child));
  procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), PROCSTREAM_NO_TIMEOUT, NULL, &error);
  sorted = procstream_collector_dup_text (collector);
  g_print ("%s", sorted);
  return 0;
}
// [/write]
