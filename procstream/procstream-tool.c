/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-options-private.h"
#include "procstream-tool-run-private.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* The bytes as they are: GLib would turn what the locale cannot show into question marks, in the lines of the command too. */
static void
print_error (const char *text)
{
  fputs (text, stderr);
}

/* One that is closed would become one of our own, that the command reads or what it writes goes to. Reading or writing what is
 * opened instead fails in the same way. */
static gboolean
occupy_standard_descriptors (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
      return FALSE;
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_auto (GStrv) arguments = g_strdupv (argv);
  g_autoptr (GError) error = NULL;

  if (!occupy_standard_descriptors ())
    return TOOL_EXIT_FAILED;
  setlocale (LC_ALL, "");
  g_set_prgname ("procstream");
  g_set_printerr_handler (print_error);
  /* Writing to a reader that has gone is an error that we answer; the command gets the default back. */
  signal (SIGPIPE, SIG_IGN);
  /* Who started us may have it ignored, and then nobody would learn how the command ended. */
  signal (SIGCHLD, SIG_DFL);
  if (!tool_options_parse (&options, &arguments, &error))
    {
      g_printerr ("procstream: %s\nTry “procstream --help”.\n", error->message);
      return TOOL_EXIT_FAILED;
    }
  if (options.show_version)
    {
      g_print ("procstream %s\n", PROCSTREAM_VERSION_S);
      return 0;
    }
  return tool_run (&options);
}
