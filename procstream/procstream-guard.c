/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-guard-private.h"

#include "procstream-pipe-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

gboolean
procstream_guard_new (int      fds[2],
                      GError **error)
{
  int errsv = 0;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
    {
      fds[0] = fds[1] = -1;
      errsv = errno;
    }
  for (int i = 0; i < 2 && errsv == 0; i++)
    {
      fds[i] = procstream_fd_above_standard (fds[i]);
      errsv = fds[i] < 0 ? errno : 0;
    }
  if (errsv == 0)
    return TRUE;
  for (int i = 0; i < 2; i++)
    if (fds[i] >= 0)
      close (fds[i]);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "A guard: %s", g_strerror (errsv));
  return FALSE;
}

gboolean
procstream_guard_order (int fd,
                        int whom,
                        int signum)
{
  ProcstreamGuardOrder order = { whom, signum };
  gssize               sent;

  do
    sent = send (fd, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
    errno = ESRCH;
  return sent >= 0;
}

gboolean
procstream_guard_read (int                  fd,
                       ProcstreamGuardNews *news,
                       gboolean            *ended)
{
  gssize size;

  do
    size = recv (fd, news, sizeof *news, MSG_DONTWAIT);
  while (size < 0 && errno == EINTR);
  *ended = size == 0 || (size < 0 && errno != EAGAIN);
  return size == sizeof *news;
}
