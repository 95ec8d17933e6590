/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Descriptors that children get besides the standard ones.
 *
 * The launcher owns what it was given for as long as it may start children; each child that it makes gets a duplicate of its own, so
 * that the launcher can be used again, changed or dropped whatever the child does. That duplicate is closed on this side once the
 * child has it.
 */

#include "procstream-launcher-private.h"

#include "procstream-spawn-private.h"

#include <fcntl.h>
#include <unistd.h>

static void
forget (ProcstreamLauncher *self,
        int                 target)
{
  for (guint i = 0; self->fds && i < self->fds->len; i++)
    if (g_array_index (self->fds, ProcstreamSpawnFd, i).target == target)
      {
        g_array_remove_index (self->fds, i);
        return;
      }
}

gboolean
procstream_launcher_check_fds (ProcstreamLauncher *self,
                               const char         *name,
                               GError            **error)
{
  for (guint i = 0; self->fds && i < self->fds->len; i++)
    {
      const ProcstreamSpawnFd *given = &g_array_index (self->fds, ProcstreamSpawnFd, i);

      if (given->fd >= 0 && given->target > STDERR_FILENO)
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   given->fd < 0 ? "“%s”: %d, to be number %d of the child, is no descriptor"
                                 : "“%s”: the descriptor %d must have the number 3 or a higher one in the child, not %d",
                   name, given->fd, given->target);
      return FALSE;
    }
  return TRUE;
}

/**
 * procstream_launcher_take_fd:
 * @self: a launcher
 * @fd: a descriptor, which is the launcher's from now on
 * @target: its number in children, 3 or higher
 *
 * Gives children a descriptor beside the standard ones.
 *
 * The launcher closes @fd when it is finalized, when another takes the place
 * of @target, or in [method@Procstream.Launcher.close_fd]. Until then it stays
 * open in the program, with close-on-exec set: for the reader of a
 * pipe to see its end, its write end must be closed here as well as in the
 * children. Each child gets a duplicate when it is made, so any number of children
 * can be started; as duplicates do, they share position and flags.
 *
 * The standard descriptors are not given this way: see
 * [property@Procstream.Launcher:stdin-mode] and
 * [property@Procstream.Launcher:stdout-config]. With a @target below 3, or with an @fd that is negative or not open,
 * [method@Procstream.Launcher.create] fails with %G_IO_ERROR_INVALID_ARGUMENT, until [method@Procstream.Launcher.close_fd] is
 * called with that target. Also then the descriptor is the launcher's, which closes it.
 *
 * Since: 1.0
 */
void
procstream_launcher_take_fd (ProcstreamLauncher *self,
                             int                 fd,
                             int                 target)
{
  ProcstreamSpawnFd given = { fd, target };

  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  /* A bad descriptor shows when a child is made. */
  (void) fcntl (fd, F_SETFD, FD_CLOEXEC);
  if (self->fds == NULL)
    self->fds = procstream_spawn_fds_new ();
  forget (self, target);
  g_array_append_val (self->fds, given);
}

/**
 * procstream_launcher_close_fd:
 * @self: a launcher
 * @target: the number in children of a descriptor that was given with
 *   [method@Procstream.Launcher.take_fd]
 *
 * Closes a descriptor of the launcher. Children that are made later do not get it;
 * those that were made have it still.
 *
 * Since: 1.0
 */
void
procstream_launcher_close_fd (ProcstreamLauncher *self,
                              int                 target)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  forget (self, target);
}
