/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes what a child prints to a log that is rotated. */

#include <procstream/procstream.h>

#include <glib/gstdio.h>

// [writer]
static ProcstreamWriter *
make_log (const char *path)
{
  ProcstreamWriter *log = procstream_writer_new_for_path (path, PROCSTREAM_FILE_MODE_APPEND);

  procstream_writer_set_write_mode (log, PROCSTREAM_WRITE_MODE_LINES);
  procstream_writer_set_prefix (log, "%n | ");
  procstream_writer_set_mark_losses (log, TRUE);
  procstream_writer_set_max_file_size (log, 10 * 1024 * 1024);
  procstream_writer_set_max_backups (log, 5);
  return log;
}
// [/writer]

static gboolean
run (const char *path,
     GError    **error)
{
  const char *const argv[] = { "printf", "%s\\n", "compiling", "linking", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamWriter) log = make_log (path);
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, argv, error);
  g_autofree char *text = NULL;

  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (log), error) ||
      !procstream_child_start (child, error) ||
      !procstream_consumer_wait (PROCSTREAM_CONSUMER (log), PROCSTREAM_NO_TIMEOUT, NULL, error) ||
      !g_file_get_contents (path, &text, NULL, error))
    return FALSE;
  g_print ("%swritten: %" G_GUINT64_FORMAT " bytes\n", text, procstream_writer_get_bytes_written (log));
  return TRUE;
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("log-XXXXXX", &error);
  g_autofree char *path = NULL;
  gboolean         done = FALSE;

  if (directory)
    {
      path = g_build_filename (directory, "build.log", NULL);
      done = run (path, &error);
      g_unlink (path);
      g_rmdir (directory);
    }
  if (!done)
    g_printerr ("%s\n", error->message);
  return done ? 0 : 1;
}
