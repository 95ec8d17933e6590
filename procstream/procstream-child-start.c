/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"
#include "procstream-spawn-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* How a child starts: what it is given, and what is done with the answer. */

static void
open_streams (ProcstreamChildCore *self)
{
  for (guint i = 0; i < 2; i++)
    {
      if (self->ours[i + 1] >= 0)
        procstream_output_core_open_pipe (self->outputs[i], g_steal_fd (&self->ours[i + 1]));
      else
        procstream_output_core_end (self->outputs[i]);
    }
  if (self->input)
    procstream_input_core_open (self->input, g_steal_fd (&self->ours[0]));
}

/* In the I/O thread. The reference of the request goes on to the watch of the exit. */
static void
spawned_cb (gpointer           user_data,
            ProcstreamSpawned *spawned,
            GError            *error)
{
  ProcstreamChildCore *self = user_data;

  if (error)
    {
      procstream_child_core_fail (self, error);
      procstream_child_core_unref (self);
      return;
    }
  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD) && spawned->pidfd >= 0)
    close (g_steal_fd (&spawned->pidfd));
  open_streams (self);
  if (self->terminal)
    procstream_terminal_follow (self->terminal, spawned->pid);
  g_mutex_lock (&self->mutex);
  self->pid = spawned->pid;
  self->pidfd = spawned->pidfd;
  self->subprocess = spawned->subprocess;
  self->start_us = g_get_monotonic_time ();
  procstream_child_core_set_state_locked (self, PROCSTREAM_CHILD_STATE_RUNNING);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  procstream_waiters_complete (self->started, NULL);
  procstream_bell_ring (self->bell);
  /* Before the exit is watched for, which gives the reference away. */
  procstream_child_core_advance_shutdown (self);
  procstream_child_core_watch_exit (self);
}

static gboolean
give_pipe (ProcstreamChildCore    *self,
           ProcstreamSpawnRequest *request,
           int                     target,
           GError                **error)
{
  int fds[2];
  int theirs = target == 0 ? 0 : 1;

  if (!procstream_pipe_new (fds, error))
    return FALSE;
  self->ours[target] = fds[1 - theirs];
  procstream_spawn_request_take_fd (request, fds[theirs], target);
  return TRUE;
}

static gboolean
take_or_fail (ProcstreamSpawnRequest *request,
              int                     fd,
              int                     target,
              const char             *what,
              GError                **error)
{
  int errsv = errno;

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "%s: %s", what, g_strerror (errsv));
      return FALSE;
    }
  procstream_spawn_request_take_fd (request, fd, target);
  return TRUE;
}

static gboolean
give_null (ProcstreamSpawnRequest *request,
           int                     target,
           GError                **error)
{
  int fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (fd >= 0)
    fd = procstream_fd_above_standard (fd);
  return take_or_fail (request, fd, target, "/dev/null", error);
}

/* What the program itself has closed is closed in the child as well. */
static gboolean
give_own (ProcstreamSpawnRequest *request,
          int                     source,
          int                     target,
          GError                **error)
{
  int fd = fcntl (source, F_DUPFD_CLOEXEC, 3);

  if (fd < 0 && errno == EBADF)
    return TRUE;
  return take_or_fail (request, fd, target, "A standard descriptor", error);
}

static gboolean
give_input (ProcstreamChildCore    *self,
            ProcstreamSpawnRequest *request,
            GError                **error)
{
  switch (self->options.stdin_mode)
    {
    case PROCSTREAM_STDIN_MODE_PIPE:
      return give_pipe (self, request, STDIN_FILENO, error);
    case PROCSTREAM_STDIN_MODE_INHERIT:
      return give_own (request, STDIN_FILENO, STDIN_FILENO, error);
    default:
      return give_null (request, STDIN_FILENO, error);
    }
}

static gboolean
give_output (ProcstreamChildCore    *self,
             ProcstreamSpawnRequest *request,
             int                     target,
             GError                **error)
{
  switch (self->options.outputs[target - 1].backend)
    {
    case PROCSTREAM_BACKEND_BROADCAST:
      return give_pipe (self, request, target, error);
    case PROCSTREAM_BACKEND_INHERIT:
      return give_own (request, target, target, error);
    default:
      return give_null (request, target, error);
    }
}

/* The same description under both numbers: what the child writes to either comes in the order in which it writes. */
static gboolean
give_merged (ProcstreamSpawnRequest *request,
             GError                **error)
{
  for (guint i = 0; i < request->fds->len; i++)
    {
      const ProcstreamSpawnFd *given = &g_array_index (request->fds, ProcstreamSpawnFd, i);

      if (given->target == STDOUT_FILENO)
        return give_own (request, given->fd, STDERR_FILENO, error);
    }
  return TRUE;
}

static gboolean
give_all (ProcstreamChildCore    *self,
          ProcstreamSpawnRequest *request,
          GError                **error)
{
  if (give_input (self, request, error) &&
      give_output (self, request, STDOUT_FILENO, error) &&
      (self->options.merge_stderr ? give_merged (request, error) : give_output (self, request, STDERR_FILENO, error)))
    return TRUE;
  g_prefix_error (error, "Could not start “%s”: ", self->options.name);
  return FALSE;
}

/* A child that stays in the program's group is in front exactly when the program is. */
static void
lend_terminal (ProcstreamChildCore    *self,
               ProcstreamSpawnRequest *request)
{
  int inherited[3] = { -1, -1, -1 };

  if (!request->new_group)
    return;
  if (self->options.stdin_mode == PROCSTREAM_STDIN_MODE_INHERIT)
    inherited[STDIN_FILENO] = STDIN_FILENO;
  for (int target = STDOUT_FILENO; target <= STDERR_FILENO; target++)
    if (self->options.outputs[target - 1].backend == PROCSTREAM_BACKEND_INHERIT)
      inherited[target] = target;
  self->terminal = procstream_terminal_new (inherited);
  if (self->terminal)
    request->terminal = procstream_terminal_get_target (self->terminal);
}

void
procstream_child_core_launch (ProcstreamChildCore *self)
{
  ProcstreamSpawnRequest *request;
  g_autoptr (GError) error = NULL;

  self->exits_ignored = procstream_platform_ignores_exits ();
  request = procstream_spawn_request_new (self->options.name, (const char *const *) self->options.argv);
  request->envp = g_strdupv (self->options.envp);
  request->cwd = g_strdup (self->options.cwd);
  request->new_group = self->options.containment == PROCSTREAM_CONTAINMENT_GROUP;
  if (give_all (self, request, &error))
    {
      lend_terminal (self, request);
      procstream_spawn (request, spawned_cb, procstream_child_core_ref (self));
      return;
    }
  procstream_spawn_request_free (request);
  procstream_child_core_fail (self, error);
}
