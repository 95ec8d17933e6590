/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-request-private.h"

#include "procstream-guard-private.h"
#include "procstream-pipe-private.h"
#include "procstream-pty-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * What a child gets: from the options that its launcher left to the descriptors and settings of a request. Each descriptor is made just
 * before the start, numbered above 2 and close-on-exec; the request owns those of the child, and the ends those of this side. Files come to
 * it later: see procstream-child-file.c.
 */
typedef struct
{
  ProcstreamChildOptions *options;
  ProcstreamSpawnRequest *request;
  ProcstreamChildEnds    *ends;
  int                     slave; /* of the pseudo-terminal, -1: none */
} Plan;

static gboolean
give_pipe (Plan    *self,
           int      target,
           GError **error)
{
  int fds[2];
  int theirs = target == 0 ? 0 : 1;

  if (!procstream_pipe_new (fds, error))
    return FALSE;
  self->ends->pipes[target] = fds[1 - theirs];
  procstream_spawn_request_take_fd (self->request, fds[theirs], target);
  return TRUE;
}

static gboolean
take_or_fail (Plan       *self,
              int         fd,
              int         target,
              const char *what,
              GError    **error)
{
  int errsv = errno;

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "%s: %s", what, g_strerror (errsv));
      return FALSE;
    }
  procstream_spawn_request_take_fd (self->request, fd, target);
  return TRUE;
}

static gboolean
give_null (Plan    *self,
           int      target,
           GError **error)
{
  int fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (fd >= 0)
    fd = procstream_fd_above_standard (fd);
  return take_or_fail (self, fd, target, "/dev/null", error);
}

/* What the program itself has closed is closed in the child as well. */
static gboolean
give_own (Plan    *self,
          int      source,
          int      target,
          GError **error)
{
  int fd = fcntl (source, F_DUPFD_CLOEXEC, 3);

  if (fd < 0 && errno == EBADF)
    return TRUE;
  return take_or_fail (self, fd, target, "A standard descriptor", error);
}

static gboolean
give_slave (Plan    *self,
            int      target,
            GError **error)
{
  return take_or_fail (self, fcntl (self->slave, F_DUPFD_CLOEXEC, 3), target, "A pseudo-terminal", error);
}

/* Another descriptor of our side: what is read, what is written and what is kept are closed at different times. */
static gboolean
dup_master (Plan    *self,
            int     *fd,
            GError **error)
{
  int errsv;

  *fd = fcntl (self->ends->pipes[STDOUT_FILENO], F_DUPFD_CLOEXEC, 3);
  if (*fd >= 0)
    return TRUE;
  errsv = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "A pseudo-terminal: %s", g_strerror (errsv));
  return FALSE;
}

static gboolean
give_typed_input (Plan    *self,
                  GError **error)
{
  return dup_master (self, &self->ends->pipes[STDIN_FILENO], error) && give_slave (self, STDIN_FILENO, error);
}

static gboolean
open_pty (Plan    *self,
          GError **error)
{
  if (!self->options->pty.enabled)
    return TRUE;
  self->request->controlling = STDOUT_FILENO;
  self->request->new_session = TRUE;
  self->request->new_group = FALSE;
  return procstream_pty_open (&self->options->pty, &self->ends->pipes[STDOUT_FILENO], &self->slave, error) &&
         dup_master (self, &self->ends->kept, error);
}

/* What a pipeline made for it. */
static gboolean
give_joint (Plan *self,
            int   target)
{
  GArray *fds = self->options->fds;

  for (guint i = 0; i < fds->len; i++)
    {
      ProcstreamSpawnFd *given = &g_array_index (fds, ProcstreamSpawnFd, i);

      if (given->target == target)
        procstream_spawn_request_take_fd (self->request, g_steal_fd (&given->fd), target);
    }
  return TRUE;
}

static gboolean
give_input (Plan    *self,
            GError **error)
{
  if (self->options->stdin_joined)
    return give_joint (self, STDIN_FILENO);
  switch (self->options->stdin_mode)
    {
    case PROCSTREAM_STDIN_MODE_PIPE:
    case PROCSTREAM_STDIN_MODE_BYTES:
    case PROCSTREAM_STDIN_MODE_STREAM:
      return give_pipe (self, STDIN_FILENO, error);
    case PROCSTREAM_STDIN_MODE_FILE:
      return TRUE; /* opened in a worker */
    case PROCSTREAM_STDIN_MODE_PTY:
      return give_typed_input (self, error);
    case PROCSTREAM_STDIN_MODE_INHERIT:
      return give_own (self, STDIN_FILENO, STDIN_FILENO, error);
    default:
      return give_null (self, STDIN_FILENO, error);
    }
}

static gboolean
give_output (Plan    *self,
             int      target,
             GError **error)
{
  if (target == STDOUT_FILENO && self->options->stdout_joined)
    return give_joint (self, target);
  if (self->slave >= 0 && target == STDOUT_FILENO)
    return give_slave (self, target, error);
  switch (self->options->outputs[target - 1].backend)
    {
    case PROCSTREAM_BACKEND_BROADCAST:
    case PROCSTREAM_BACKEND_SINGLE:
      return give_pipe (self, target, error);
    case PROCSTREAM_BACKEND_INHERIT:
      return give_own (self, target, target, error);
    case PROCSTREAM_BACKEND_FILE:
      return TRUE; /* given once it is open */
    default:
      return give_null (self, target, error);
    }
}

/* The same description under both numbers: what the child writes to either comes in the order in which it writes. A file is not there yet. */
static gboolean
give_merged (Plan    *self,
             GError **error)
{
  for (guint i = 0; i < self->request->fds->len; i++)
    {
      const ProcstreamSpawnFd *given = &g_array_index (self->request->fds, ProcstreamSpawnFd, i);

      if (given->target == STDOUT_FILENO)
        return give_own (self, given->fd, STDERR_FILENO, error);
    }
  return TRUE;
}

/* A child starts once: what was kept for it is handed on. */
static void
give_extra (Plan *self)
{
  GArray *fds = self->options->fds;

  for (guint i = 0; fds && i < fds->len; i++)
    {
      ProcstreamSpawnFd *given = &g_array_index (fds, ProcstreamSpawnFd, i);

      if (given->fd >= 0)
        procstream_spawn_request_take_fd (self->request, g_steal_fd (&given->fd), given->target);
    }
}

static gboolean
give_exact (Plan    *self,
            GError **error)
{
  int theirs[PROCSTREAM_EXACT_OUTPUTS];

  if (!procstream_exact_new (&self->ends->exact, theirs, error))
    return FALSE;
  for (int i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    procstream_spawn_request_take_fd (self->request, theirs[i], STDOUT_FILENO + i);
  return TRUE;
}

static gboolean
give_all (Plan    *self,
          GError **error)
{
  if (!open_pty (self, error) || !give_input (self, error))
    return FALSE;
  if (self->options->exact_order)
    return give_exact (self, error);
  return give_output (self, STDOUT_FILENO, error) &&
         (self->options->merge_stderr ? give_merged (self, error) : give_output (self, STDERR_FILENO, error));
}

static gboolean
give_guard (Plan    *self,
            GError **error)
{
  int fds[2];

  if (!self->request->guard)
    return TRUE;
  if (!procstream_guard_new (fds, error))
    return FALSE;
  self->ends->guard = fds[0];
  self->request->guard_fd = fds[1];
  return TRUE;
}

/* A child that stays in the program's group is in front exactly when the program is. */
static void
lend_terminal (Plan *self)
{
  int inherited[3] = { -1, -1, -1 };

  if (!self->request->new_group)
    return;
  if (self->options->stdin_mode == PROCSTREAM_STDIN_MODE_INHERIT)
    inherited[STDIN_FILENO] = STDIN_FILENO;
  for (int target = STDOUT_FILENO; target <= STDERR_FILENO; target++)
    if (self->options->outputs[target - 1].backend == PROCSTREAM_BACKEND_INHERIT)
      inherited[target] = target;
  self->ends->terminal = procstream_terminal_new (inherited);
  if (self->ends->terminal)
    self->request->terminal = procstream_terminal_get_target (self->ends->terminal);
}

ProcstreamSpawnRequest *
procstream_child_request_new (ProcstreamChildOptions *options,
                              ProcstreamChildEnds    *ends,
                              GError                **error)
{
  ProcstreamSpawnRequest *request = procstream_spawn_request_new (options->name, (const char *const *) options->argv);
  Plan                    plan = { options, request, ends, -1 };
  gboolean                given;

  request->envp = g_strdupv (options->envp);
  request->cwd = g_strdup (options->cwd);
  /* What is to outlive the program has nothing to do with its terminal, whose end would reach it otherwise. */
  request->new_session = options->containment == PROCSTREAM_CONTAINMENT_SESSION || options->lifetime == PROCSTREAM_LIFETIME_DETACHED;
  request->guard = options->containment == PROCSTREAM_CONTAINMENT_TREE;
  request->new_group = (options->containment == PROCSTREAM_CONTAINMENT_GROUP || request->guard) && !request->new_session;
  request->settings = options->settings;
  request->search_envp = options->search_envp;
  given = give_all (&plan, error) && give_guard (&plan, error);
  if (plan.slave >= 0)
    close (plan.slave);
  if (given)
    {
      give_extra (&plan);
      lend_terminal (&plan);
      return request;
    }
  g_prefix_error (error, "Could not start “%s”: ", options->name);
  procstream_spawn_request_free (request);
  return NULL;
}

void
procstream_child_ends_close (ProcstreamChildEnds *self)
{
  procstream_exact_close (&self->exact);
  if (self->guard >= 0)
    close (g_steal_fd (&self->guard));
  if (self->kept >= 0)
    close (g_steal_fd (&self->kept));
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    if (self->pipes[i] >= 0)
      close (g_steal_fd (&self->pipes[i]));
}
