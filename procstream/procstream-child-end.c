/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-platform-private.h"

#include <signal.h>

/* How a child is told to end. */

/**
 * procstream_child_send_signal:
 * @self: a child that runs
 * @signum: a signal number, such as `SIGTERM`
 * @error: return location for an error
 *
 * Sends a signal to what belongs to the child: its process group, or the
 * process alone, as the `containment` of the launcher says. It never reaches
 * a process that merely got the number of one that is gone.
 *
 * A group can outlive its leader. From Linux 6.9 on the rest of the group is
 * reached after the exit too; before that, nothing is sent any more.
 *
 * `SIGTERM` and `SIGKILL` make the state
 * %PROCSTREAM_CHILD_STATE_TERMINATING.
 *
 * Returns: %TRUE when the signal was sent, or %FALSE with
 *   %G_IO_ERROR_NOT_FOUND when nobody is left to signal,
 *   %G_IO_ERROR_PERMISSION_DENIED, %G_IO_ERROR_INVALID_ARGUMENT,
 *   %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the program does not run yet, or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_child_send_signal (ProcstreamChild *self,
                              int              signum,
                              GError         **error)
{
  g_return_val_if_fail (PROCSTREAM_CHILD_IS_MADE_BY_LAUNCHER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("signal a child", error))
    return FALSE;
  if (signum > 0 && signum < NSIG)
    return procstream_child_core_send_signal (self->core, signum, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” cannot be signalled: there is no signal %d",
               procstream_child_get_name (self), signum);
  return FALSE;
}

/**
 * procstream_child_kill:
 * @self: a child that runs
 * @error: return location for an error
 *
 * Sends `SIGKILL`, as [method@Procstream.Child.send_signal] does.
 *
 * Returns: %TRUE when the signal was sent, or %FALSE with an error of
 *   [method@Procstream.Child.send_signal]
 *
 * Since: 1.0
 */
gboolean
procstream_child_kill (ProcstreamChild *self,
                       GError         **error)
{
  return procstream_child_send_signal (self, SIGKILL, error);
}
