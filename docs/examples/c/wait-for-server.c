/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts a server, waits until it says at which port it is, and talks to it; then one that fails. */

#include <procstream/procstream.h>

#define SERVER                                                        \
  "import socket\n"                                                   \
  "server = socket.create_server(('127.0.0.1', 0))\n"                 \
  "print('listening on port', server.getsockname()[1], flush=True)\n" \
  "client, _address = server.accept()\n"                              \
  "client.sendall(b'hello\\n')\n"                                     \
  "client.close()\n"                                                  \
  "server.accept()\n"

// [start]
static ProcstreamChild *
start_server (ProcstreamLauncher *launcher,
              guint16            *port,
              GError            **error)
{
  const char *const argv[] = { "python3", "-c", SERVER, NULL };
  g_autoptr (ProcstreamChild) server = procstream_launcher_spawnv (launcher, argv, error);
  g_autoptr (ProcstreamMatch) ready = NULL;

  if (server)
    ready = procstream_child_expect (server, "listening on port (\\d+)", PROCSTREAM_MATCH_REGEX, 30000, NULL, error);
  if (ready == NULL)
    return NULL;
  *port = g_ascii_strtoull (procstream_match_get_group (ready, 1), NULL, 10);
  return g_steal_pointer (&server);
}
// [/start]

static gboolean
talk (guint16  port,
      GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, error);
  g_autoptr (GDataInputStream) stream = NULL;
  g_autofree char *line = NULL;

  if (connection == NULL)
    return FALSE;
  stream = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  line = g_data_input_stream_read_line (stream, NULL, NULL, error);
  g_print ("the server says: %s\n", line);
  return line != NULL;
}

// [fail]
static gboolean
fail (ProcstreamLauncher *launcher,
      GError            **error)
{
  const char *const argv[] = { "sh", "-c", "echo 'no configuration' >&2; exit 1", NULL };
  g_autoptr (ProcstreamChild) broken = procstream_launcher_spawnv (launcher, argv, error);
  g_autoptr (ProcstreamMatch) ready = NULL;
  g_autoptr (GError) failure = NULL;

  if (broken == NULL)
    return FALSE;
  ready = procstream_child_expect (broken, "listening", PROCSTREAM_MATCH_NONE, 30000, NULL, &failure);
  if (g_error_matches (failure, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH))
    g_print ("it did not start: %s\n", g_strrstr (failure->message, "\n") + 3);
  return ready == NULL;
}
// [/fail]

// [several]
static gboolean
wait_for_either (ProcstreamLauncher *launcher,
                 GError            **error)
{
  const char *const argv[] = { "sh", "-c", "echo 'W: low memory'; echo 'E: no disk'; echo up", NULL };
  g_autoptr (ProcstreamChild) worker = procstream_launcher_create (launcher, argv, error);
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();
  g_autoptr (ProcstreamMatch) match = NULL;

  if (worker == NULL ||
      !procstream_line_waiter_add_pattern (waiter, "up", PROCSTREAM_MATCH_WHOLE_LINE, error) ||
      !procstream_line_waiter_add_pattern (waiter, "E: ", PROCSTREAM_MATCH_PREFIX, error) ||
      !procstream_child_attach_waiter (worker, waiter, error) ||
      !procstream_child_start (worker, error))
    return FALSE;
  match = procstream_line_waiter_wait_match (waiter, 30000, NULL, error);
  if (match)
    g_print ("%s - %s\n", procstream_match_get_pattern (match) == 0 ? "it is up" : "it failed", procstream_match_get_text (match));
  return match != NULL;
}
// [/several]

int
main (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) server = NULL;
  g_autoptr (GError) error = NULL;
  guint16 port;

  server = start_server (launcher, &port, &error);
  if (server == NULL || !talk (port, &error) || !procstream_child_kill (server, &error) ||
      !procstream_child_wait (server, PROCSTREAM_NO_TIMEOUT, NULL, &error) || !fail (launcher, &error) ||
      !wait_for_either (launcher, &error))
    {
      g_printerr ("%s\n", error ? error->message : "It failed");
      return 1;
    }
  return 0;
}
