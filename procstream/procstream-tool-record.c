/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-record-private.h"

#include "procstream-tool-writer-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int
tool_open_file (const char *path,
                gboolean    append,
                GError    **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (append ? O_APPEND : O_TRUNC), 0666);
  int errsv = errno;

  if (fd < 0)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errsv), "cannot open “%s”: %s", path, g_strerror (errsv));
  return fd;
}

gboolean
tool_write_record (int         fd,
                   const char *what,
                   const char *json,
                   GError    **error)
{
  int errsv;

  if (tool_write_fully (fd, json, strlen (json)))
    return TRUE;
  errsv = errno;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errsv), "cannot write the record to %s: %s", what, g_strerror (errsv));
  return FALSE;
}
