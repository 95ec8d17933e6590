/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers a prompt, and reads what comes in as many ways as it needs. */

#include <procstream/procstream.h>

#define SCRIPT "printf 'name> '; read name; printf 'hello %s\\n4\\nabcdmo' $name; read x; echo re"

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  if (!procstream_input_write_finish (PROCSTREAM_INPUT (source), result, &error))
    g_printerr ("not everything was read: %s\n", error->message);
}

// [talk]
static void
print_bytes (const char *what,
             GBytes     *bytes)
{
  g_print ("%s: %.*s\n", what, (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
  g_bytes_unref (bytes);
}

static char *
read_line (ProcstreamReader *reader)
{
  return procstream_reader_read_line (reader, PROCSTREAM_NO_TIMEOUT, NULL, NULL);
}

static void
talk (ProcstreamReader *reader,
      ProcstreamInput  *input)
{
  g_autoptr (GBytes) terminator = g_bytes_new_static ("> ", 2);
  g_autoptr (GBytes) answer = g_bytes_new_static ("you\n", 4);
  g_autofree char *greeting = NULL;
  g_autofree char *size = NULL;
  g_autofree char *none = NULL;
  g_autofree char *last = NULL;
  g_autoptr (GError) error = NULL;

  /* A prompt is no line: nothing ends it. */
  print_bytes ("prompt", procstream_reader_read_until (reader, terminator, 100, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  procstream_input_write_async (input, answer, NULL, written_cb, NULL);
  greeting = read_line (reader);
  g_print ("%s\n", greeting);
  /* A number of bytes, after the line that says how many. */
  size = read_line (reader);
  print_bytes ("4 bytes", procstream_reader_read_exactly (reader, g_ascii_strtoull (size, NULL, 10), PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  /* A read that times out, or is cancelled, loses nothing of what it had. */
  none = procstream_reader_read_line (reader, 10, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_print ("not yet\n");
  procstream_input_close (input);
  last = read_line (reader);
  g_print ("%s\n", last);
}
// [/talk]

int
main (void)
{
  const char *const argv[] = { "sh", "-c", SCRIPT, NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = procstream_launcher_create (launcher, argv, &error);
  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), &error) ||
      !procstream_child_start (child, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  talk (reader, procstream_child_get_stdin (child));
  return 0;
}
