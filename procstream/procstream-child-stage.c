/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-output-config-private.h"
#include "procstream-spawn-private.h"

#include <unistd.h>

/*
 * A child that is a stage of a pipeline. What it is joined with is decided when the pipeline is started, before the child is claimed, and so
 * by one thread; from then on it is as constant as the other options.
 */

void
procstream_child_core_join (ProcstreamChildCore *self,
                            int                  target,
                            int                  fd)
{
  ProcstreamChildOptions *options = &self->options;
  ProcstreamSpawnFd       given = { fd, target };

  if (options->fds == NULL)
    options->fds = procstream_spawn_fds_new ();
  g_array_append_val (options->fds, given);
  if (target == STDIN_FILENO)
    {
      options->stdin_joined = TRUE;
      return;
    }
  options->stdout_joined = TRUE;
  /* Whatever it was to be, it is nothing that this program reads or lends. */
  options->outputs[0].backend = PROCSTREAM_BACKEND_DISCARD;
}

static gboolean
refuse (ProcstreamChildCore *self,
        const char          *what,
        GError             **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s”: what it writes cannot go on to the next stage %s",
               self->options.name, what);
  return FALSE;
}

gboolean
procstream_child_core_check_joint (ProcstreamChildCore *self,
                                   gboolean             observed,
                                   GError             **error)
{
  const ProcstreamChildOptions *options = &self->options;

  if (observed)
    return procstream_output_settings_is_read (&options->outputs[0]) ||
           refuse (self, "and be observed, unless its backend is “broadcast” or “single”", error);
  if (options->pty.enabled)
    return refuse (self, "from a “pty” without being observed", error);
  if (options->exact_order)
    return refuse (self, "in an “exact-order” without being observed", error);
  if (options->files[0] && options->outputs[0].backend != PROCSTREAM_BACKEND_FILE)
    return refuse (self, "and to a “file” as well without being observed", error);
  return TRUE;
}

void
procstream_child_core_hold_start (ProcstreamChildCore *self)
{
  g_atomic_int_set (&self->start_held, TRUE);
}

void
procstream_child_core_release_start (ProcstreamChildCore *self)
{
  g_atomic_int_set (&self->start_held, FALSE);
  procstream_bell_ring (self->bell);
}

gboolean
procstream_child_core_is_start_held (ProcstreamChildCore *self)
{
  return g_atomic_int_get (&self->start_held);
}
