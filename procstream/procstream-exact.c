/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-exact-private.h"

#include "procstream-pipe-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Between two pipes the kernel keeps no order. Two datagram sockets that are connected to one receiver share its queue, which does; the
 * name of each tells which of them a datagram came from.
 *
 * ## Nobody else can write
 *
 * The receiver needs a name for the others to connect to. An abstract name could be guessed by any user, who could then add output, or fill the
 * queue and stop the child. So the names are files in a directory that only this user may enter, and they are removed before
 * the child starts: from then on nobody can connect, and nobody can take a sender's name. The names that the sockets have stay what they are.
 * What another program of the same user sends in between is not taken, unless its socket has a name that ends as one of these does.
 *
 * ## The end
 *
 * A receiver of datagrams is never at an end. So each socket of the child is sent, by the receiver, the write end of a pipe, which
 * nobody has but the queue of that socket. It is closed when the socket is, which is when the last process that has it is gone or
 * has closed it: exactly when a pipe in its place would be at an end, grandchildren included.
 *
 * A program that reads from its own output takes that out of the queue, and the pipe is at its end too soon. Therefore each of these
 * sockets was made as one of a pair. Since it is connected to the receiver, its former partner is not allowed to send to it (EPERM), unless
 * it is gone (ECONNREFUSED): that tells one from the other.
 */

typedef struct
{
  char *directory;
  char *names[PROCSTREAM_EXACT_OUTPUTS + 1]; /* the last one is the receiver's */
} Names;

#define RECEIVER PROCSTREAM_EXACT_OUTPUTS

static gboolean
set_error (GError    **error,
           const char *what)
{
  int errsv = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "%s: %s", what, g_strerror (errsv));
  return FALSE;
}

/* --- Names -------------------------------------------------------------------------------------------------------------------- */

static void
names_remove (Names *self)
{
  for (guint i = 0; i <= RECEIVER; i++)
    {
      if (self->names[i])
        unlink (self->names[i]);
      g_free (self->names[i]);
    }
  if (self->directory)
    rmdir (self->directory);
  g_free (self->directory);
}

static gboolean
names_make_in (Names      *self,
               const char *parent)
{
  self->directory = g_build_filename (parent, "procstream-XXXXXX", NULL);
  if (strlen (self->directory) + strlen ("/0") < sizeof (((struct sockaddr_un *) NULL)->sun_path) && mkdtemp (self->directory))
    return TRUE;
  g_clear_pointer (&self->directory, g_free);
  return FALSE;
}

/* The directory for temporary files may have a name that is too long for a socket. */
static gboolean
names_make (Names   *self,
            GError **error)
{
  if (!names_make_in (self, g_get_tmp_dir ()) && !names_make_in (self, "/tmp"))
    return set_error (error, "Could not make a directory for the sockets of an exact order");
  for (guint i = 0; i <= RECEIVER; i++)
    self->names[i] = g_strdup_printf ("%s/%u", self->directory, i);
  return TRUE;
}

static struct sockaddr_un
make_address (const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, name, sizeof address.sun_path);
  return address;
}

int
procstream_exact_get_sender (gconstpointer name,
                             gsize         size)
{
  const struct sockaddr_un *address = name;
  gsize                     length;

  if (size <= offsetof (struct sockaddr_un, sun_path))
    return -1;
  length = strnlen (address->sun_path, size - offsetof (struct sockaddr_un, sun_path));
  if (length < 2 || address->sun_path[length - 2] != '/')
    return -1;
  switch (address->sun_path[length - 1])
    {
    case '0':
      return 0;
    case '1':
      return 1;
    default:
      return -1;
    }
}

/* --- Sockets ------------------------------------------------------------------------------------------------------------------ */

static gboolean
make_receiver (ProcstreamExact *self,
               const char      *name)
{
  struct sockaddr_un address = make_address (name);

  self->receiver = procstream_fd_above_standard (socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return self->receiver >= 0 && bind (self->receiver, (struct sockaddr *) &address, sizeof address) == 0;
}

static gboolean
make_sender (ProcstreamExact *self,
             guint            i,
             int             *theirs,
             Names           *names)
{
  struct sockaddr_un own = make_address (names->names[i]);
  struct sockaddr_un receiver = make_address (names->names[RECEIVER]);
  int                wanted = PROCSTREAM_EXACT_WANTED_WRITE;
  int                given = 0;
  socklen_t          size = sizeof given;
  int                pair[2];

  if (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
    return FALSE;
  *theirs = procstream_fd_above_standard (pair[0]);
  self->probes[i] = procstream_fd_above_standard (pair[1]);
  if (*theirs < 0 || self->probes[i] < 0 ||
      bind (*theirs, (struct sockaddr *) &own, sizeof own) < 0 ||
      connect (*theirs, (struct sockaddr *) &receiver, sizeof receiver) < 0 ||
      setsockopt (*theirs, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted) < 0 ||
      getsockopt (*theirs, SOL_SOCKET, SO_SNDBUF, &given, &size) < 0)
    return FALSE;
  self->largest = MAX (self->largest, (gsize) given);
  return TRUE;
}

/* The queue of the sender is what keeps @fd open from now on. */
static gboolean
send_fd (ProcstreamExact *self,
         const char      *name,
         int              fd)
{
  struct sockaddr_un address = make_address (name);
  struct iovec       nothing = { NULL, 0 };
  union
  {
    struct cmsghdr header;
    char           buffer[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct msghdr message = {
    .msg_name = &address,
    .msg_namelen = sizeof address,
    .msg_iov = &nothing,
    .msg_iovlen = 1,
    .msg_control = control.buffer,
    .msg_controllen = sizeof control.buffer,
  };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof (int));
  memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  return sendmsg (self->receiver, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 0;
}

static gboolean
make_end (ProcstreamExact *self,
          guint            i,
          Names           *names,
          GError         **error)
{
  int      fds[2];
  gboolean sent;

  if (!procstream_pipe_new (fds, error))
    return FALSE;
  self->ends[i] = fds[0];
  sent = send_fd (self, names->names[i], fds[1]) || set_error (error, "Could not watch a socket of an exact order");
  close (fds[1]);
  return sent;
}

static gboolean
make_all (ProcstreamExact *self,
          int             *theirs,
          Names           *names,
          GError         **error)
{
  if (!names_make (names, error))
    return FALSE;
  if (!make_receiver (self, names->names[RECEIVER]))
    return set_error (error, "Could not make a socket for an exact order");
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    {
      if (!make_sender (self, i, &theirs[i], names))
        return set_error (error, "Could not make a socket for an exact order");
      if (!make_end (self, i, names, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
procstream_exact_new (ProcstreamExact *self,
                      int              theirs[PROCSTREAM_EXACT_OUTPUTS],
                      GError         **error)
{
  Names    names = { 0 };
  gboolean done;

  *self = PROCSTREAM_EXACT_NONE;
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    theirs[i] = -1;
  done = make_all (self, theirs, &names, error);
  names_remove (&names);
  if (done)
    return TRUE;
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    if (theirs[i] >= 0)
      close (g_steal_fd (&theirs[i]));
  procstream_exact_close (self);
  return FALSE;
}

void
procstream_exact_close (ProcstreamExact *self)
{
  if (self->receiver >= 0)
    close (g_steal_fd (&self->receiver));
  for (guint i = 0; i < PROCSTREAM_EXACT_OUTPUTS; i++)
    {
      if (self->ends[i] >= 0)
        close (g_steal_fd (&self->ends[i]));
      if (self->probes[i] >= 0)
        close (g_steal_fd (&self->probes[i]));
    }
}

gboolean
procstream_exact_is_held (int probe)
{
  return send (probe, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPERM;
}
