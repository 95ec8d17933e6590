/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pipe-private.h"

#include "procstream-platform-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FIRST_FD (STDERR_FILENO + 1)

/* --- Pipes -------------------------------------------------------------------------------------------------------------------- */

int
procstream_fd_above_standard (int fd)
{
  int moved, errsv;

  if (fd < 0 || fd >= FIRST_FD)
    return fd;
  moved = fcntl (fd, F_DUPFD_CLOEXEC, FIRST_FD);
  errsv = errno;
  close (fd);
  errno = errsv;
  return moved;
}

gboolean
procstream_pipe_new (int      fds[2],
                     GError **error)
{
  int errsv = 0;

  if (pipe2 (fds, O_CLOEXEC) == 0)
    {
      for (int i = 0; i < 2; i++)
        {
          fds[i] = procstream_fd_above_standard (fds[i]);
          if (fds[i] < 0)
            errsv = errno;
        }
      if (errsv == 0)
        return TRUE;
      for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
          close (fds[i]);
    }
  else
    {
      errsv = errno;
    }
  fds[0] = fds[1] = -1;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "Could not create a pipe: %s", g_strerror (errsv));
  return FALSE;
}

/* --- Enlarging ---------------------------------------------------------------------------------------------------------------- */

/* Bytes by which pipes of ours are bigger than they were made; atomic. It is raised before a pipe is enlarged and lowered after it
 * was shrunk or closed, so what the pipes take is never more. */
static gsize budget_used;

gsize
procstream_pipe_budget_used (void)
{
  return __atomic_load_n (&budget_used, __ATOMIC_SEQ_CST);
}

static gboolean
take_from_budget (gsize bytes)
{
  gsize used = procstream_pipe_budget_used ();

  do
    {
      if (used + bytes > PROCSTREAM_PIPE_BUDGET)
        return FALSE;
    }
  while (!__atomic_compare_exchange_n (&budget_used, &used, used + bytes, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  return TRUE;
}

static void
return_to_budget (gsize bytes)
{
  gsize before = __atomic_fetch_sub (&budget_used, bytes, __ATOMIC_SEQ_CST);

  g_assert (before >= bytes);
}

gsize
procstream_pipe_enlarge (int fd)
{
  int   size;
  gsize grant;

  /* Looked at first, because busy pipes that get none ask again and again. */
  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIPE_SIZE) || procstream_pipe_budget_used () >= PROCSTREAM_PIPE_BUDGET)
    return 0;
  size = fcntl (fd, F_GETPIPE_SZ);
  if (size <= 0 || size >= PROCSTREAM_PIPE_ENLARGED_SIZE)
    return 0;
  grant = PROCSTREAM_PIPE_ENLARGED_SIZE - size;
  if (!take_from_budget (grant))
    return 0;
  if (fcntl (fd, F_SETPIPE_SZ, PROCSTREAM_PIPE_ENLARGED_SIZE) >= 0)
    return grant;
  /* EPERM: the user's quota is spent. That may be over later. */
  if (errno == ENOSYS || errno == EINVAL)
    procstream_platform_disable (PROCSTREAM_FEATURE_PIPE_SIZE);
  return_to_budget (grant);
  return 0;
}

gboolean
procstream_pipe_give_back (int   fd,
                           gsize grant)
{
  /* When somebody else has changed the size meanwhile it is theirs, and not touched. */
  if (grant > 0 && fd >= 0 && fcntl (fd, F_GETPIPE_SZ) == PROCSTREAM_PIPE_ENLARGED_SIZE &&
      fcntl (fd, F_SETPIPE_SZ, PROCSTREAM_PIPE_ENLARGED_SIZE - (int) grant) < 0)
    return FALSE;
  return_to_budget (grant);
  return TRUE;
}
