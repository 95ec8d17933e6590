/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pty-private.h"

#include "procstream-pipe-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/*
 * What of a terminal is wanted here: that programs believe in it. What terminals do for people, they would do to data, and is off unless
 * it was asked for: each line feed becoming CR LF, input coming back as output, Ctrl-S stopping all. What makes a terminal
 * different from a pipe stays: lines are handed over whole, Ctrl-C is a signal and Ctrl-D an end.
 *
 * The other end is opened through ours where the kernel can do that (Linux 4.13), so that it is the right one whatever is mounted
 * on /dev/pts.
 */

static void
set_modes (struct termios    *modes,
           ProcstreamPtyFlags flags)
{
  modes->c_iflag &= ~(tcflag_t) (IXON | IXOFF | IXANY);
  modes->c_iflag |= IUTF8;
  if (!(flags & PROCSTREAM_PTY_FLAGS_CRLF))
    modes->c_oflag &= ~(tcflag_t) OPOST;
  if (!(flags & PROCSTREAM_PTY_FLAGS_ECHO))
    modes->c_lflag &= ~(tcflag_t) (ECHO | ECHOE | ECHOK | ECHONL | ECHOCTL | ECHOKE);
  if (flags & PROCSTREAM_PTY_FLAGS_RAW_INPUT)
    {
      modes->c_iflag &= ~(tcflag_t) (BRKINT | ICRNL | IGNCR | INLCR | INPCK | ISTRIP | PARMRK);
      modes->c_lflag &= ~(tcflag_t) (ICANON | IEXTEN | ISIG);
      modes->c_cc[VMIN] = 1;
      modes->c_cc[VTIME] = 0;
    }
}

static int
open_slave (int master)
{
  char name[64];
  int  slave = -1;

#ifdef TIOCGPTPEER
  slave = ioctl (master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
#endif
  if (slave < 0 && ptsname_r (master, name, sizeof name) == 0)
    slave = open (name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  return slave;
}

gboolean
procstream_pty_set_size (int   fd,
                         guint columns,
                         guint rows)
{
  const struct winsize size = { .ws_col = columns, .ws_row = rows };

  return ioctl (fd, TIOCSWINSZ, &size) == 0;
}

static gboolean
prepare (int                          slave,
         const ProcstreamPtySettings *settings)
{
  struct termios modes;

  if (slave < 0 || tcgetattr (slave, &modes) != 0)
    return FALSE;
  set_modes (&modes, settings->flags);
  return tcsetattr (slave, TCSANOW, &modes) == 0 && procstream_pty_set_size (slave, settings->columns, settings->rows);
}

gboolean
procstream_pty_open (const ProcstreamPtySettings *settings,
                     int                         *master,
                     int                         *slave,
                     GError                     **error)
{
  int errsv;

  *slave = -1;
  *master = procstream_fd_above_standard (posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (*master >= 0 && grantpt (*master) == 0 && unlockpt (*master) == 0)
    *slave = procstream_fd_above_standard (open_slave (*master));
  if (prepare (*slave, settings))
    return TRUE;
  errsv = errno;
  if (*master >= 0)
    close (g_steal_fd (master));
  if (*slave >= 0)
    close (g_steal_fd (slave));
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "Could not open a pseudo-terminal: %s", g_strerror (errsv));
  return FALSE;
}

gboolean
procstream_pty_is_master (int fd)
{
  unsigned int number;

  return ioctl (fd, TIOCGPTN, &number) == 0;
}

guint
procstream_pty_end_of_input (int      fd,
                             gboolean at_line_start,
                             char     bytes[2])
{
  struct termios modes;

  bytes[0] = bytes[1] = 'D' - '@';
  if (fd >= 0 && tcgetattr (fd, &modes) == 0)
    bytes[0] = bytes[1] = (char) modes.c_cc[VEOF];
  return at_line_start ? 1 : 2;
}
