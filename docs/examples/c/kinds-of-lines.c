/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a line can be: other separators, escape sequences, other encodings. */

#include <procstream/procstream.h>

// [read]
static void
print_lines (const char             *script,
             ProcstreamOutputConfig *config)
{
  const char *const argv[] = { "sh", "-c", script, NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamLine *line;

  procstream_launcher_set_stdout_config (launcher, config);
  child = procstream_launcher_create (launcher, argv, &error);
  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), &error) ||
      !procstream_child_start (child, &error))
    g_error ("%s", error->message);
  while ((line = procstream_reader_next_line (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error)))
    {
      g_print ("%d %s %s\n", (int) procstream_line_get_number (line), procstream_line_get_text (line),
               procstream_line_get_terminated (line) ? "" : "(unfinished)");
      g_object_unref (line);
    }
}

static ProcstreamOutputConfig *
new_config (void)
{
  return procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
}

int
main (void)
{
  g_autoptr (ProcstreamOutputConfig) progress = new_config ();
  g_autoptr (ProcstreamOutputConfig) names = new_config ();
  g_autoptr (ProcstreamOutputConfig) coloured = new_config ();
  g_autoptr (ProcstreamOutputConfig) utf16 = new_config ();

  /* Progress that is drawn over one line: each step is a line. */
  procstream_output_config_set_line_separator (progress, PROCSTREAM_LINE_SEPARATOR_ANY);
  print_lines ("printf '10%%\\r50%%\\r100%%\\n'", progress);
  /* As find -print0 writes. */
  procstream_output_config_set_line_separator (names, PROCSTREAM_LINE_SEPARATOR_NUL);
  print_lines ("printf 'one\\0two'", names);
  procstream_output_config_set_strip_escapes (coloured, TRUE);
  print_lines ("printf '\\033[31mred\\033[0m\\n'", coloured);
  procstream_output_config_set_encoding (utf16, "UTF-16LE");
  print_lines ("printf 'h\\0i\\0\\n\\0'", utf16);
  return 0;
}
// [/read]
