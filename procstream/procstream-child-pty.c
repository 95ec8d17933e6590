/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-error.h"
#include "procstream-platform-private.h"

#include <errno.h>

/* The pseudo-terminal of a child that runs. It is our side of it, which the standard output reads, whose size is set. */

static void
set_resize_error (ProcstreamChild *self,
                  int              errsv,
                  GError         **error)
{
  if (errsv == EBADF)
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                 "“%s”: its pseudo-terminal is not open", procstream_child_get_name (self));
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "“%s”: its pseudo-terminal cannot be resized: %s",
                 procstream_child_get_name (self), g_strerror (errsv));
}

/**
 * procstream_child_resize:
 * @self: a child that runs on a pseudo-terminal
 * @columns: how wide the terminal is from now on, in characters, 1 to 65535
 * @rows: how high it is, in lines, 1 to 65535
 * @error: return location for an error
 *
 * Changes the size of the child's terminal. The programs that use it in the
 * foreground get a `SIGWINCH`.
 *
 * Returns: %TRUE when the size was changed, or %FALSE with
 *   %G_IO_ERROR_NOT_SUPPORTED for a child without
 *   [property@Procstream.Launcher:pty], %PROCSTREAM_CHILD_ERROR_WRONG_STATE
 *   before it runs, and when its output has ended or was closed, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_child_resize (ProcstreamChild *self,
                         guint            columns,
                         guint            rows,
                         GError         **error)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (columns > 0 && columns <= G_MAXUINT16 && rows > 0 && rows <= G_MAXUINT16, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("resize the terminal of a child", error))
    return FALSE;
  if (!procstream_child_core_get_options (self->core)->pty.enabled)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "“%s” has no pseudo-terminal", procstream_child_get_name (self));
      return FALSE;
    }
  if (procstream_output_core_set_terminal_size (procstream_child_core_get_output (self->core, 0), columns, rows))
    return TRUE;
  set_resize_error (self, errno, error);
  return FALSE;
}
