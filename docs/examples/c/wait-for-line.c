/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts a server, waits until it says that it is ready, and stops it. */

#include <procstream/procstream.h>
#include <signal.h>

#define SERVER "echo starting; echo 'ready on port 8080'; exec sleep 1000"

// [wait]
static gboolean
wait_for_line (ProcstreamReader *reader,
               const char       *prefix,
               GError          **error)
{
  for (;;)
    {
      g_autofree char *line = procstream_reader_read_line (reader, 30000, NULL, error);

      if (line == NULL)
        return FALSE;
      g_print ("server: %s\n", line);
      if (g_str_has_prefix (line, prefix))
        return TRUE;
    }
}
// [/wait]

int
main (void)
{
  const char *const argv[] = { "sh", "-c", SERVER, NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  child = procstream_launcher_create (launcher, argv, &error);
  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), &error) ||
      !procstream_child_start (child, &error) ||
      !wait_for_line (reader, "ready", &error))
    {
      g_printerr ("%s\n", error ? error->message : "The server ended before it was ready");
      return 1;
    }
  /* A reliable reader that nobody reads would stop the server in the end. */
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (reader));
  g_print ("ready, stopping it\n");
  procstream_child_send_signal (child, SIGTERM, NULL);
  procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, NULL);
  g_print ("ended by signal %d\n", procstream_child_get_term_signal (child));
  return 0;
}
