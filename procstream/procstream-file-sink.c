/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-sink-private.h"

#include "procstream-pipe-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * The file is opened without blocking, which means nothing for a real one: so a FIFO whose reader does not read, or a terminal that
 * was stopped, keeps nobody from cancelling. It is opened for appending in either mode, so that what others write to it meanwhile is
 * never written over, and no hole is left when they empty it.
 *
 * Once it is open, fd is open until it is closed: to be renewed it is renamed and the new one opened first. size is what the file held
 * when it was opened and what was written since; after a renewal that failed it starts from 0 all the same, so that it is not tried
 * again for every line.
 */
typedef struct
{
  ProcstreamSink     parent;
  char              *path;
  ProcstreamFileMode mode;
  guint64            max_size;
  guint              max_backups;
  int                fd;
  guint64            size;
} FileSink;

/* A FIFO that nobody reads yet cannot be waited for in any other way. */
#define FIFO_RETRY_MS 50

G_STATIC_ASSERT (sizeof (GOutputVector) == sizeof (struct iovec));
G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, buffer) == G_STRUCT_OFFSET (struct iovec, iov_base));
G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, size) == G_STRUCT_OFFSET (struct iovec, iov_len));

static gboolean
fail (int      errsv,
      GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errsv), g_strerror (errsv));
  return FALSE;
}

/* FALSE, without an error, when the time is over; with one when it was cancelled. */
static gboolean
wait_for (int           fd, /* -1: for nothing */
          int           timeout_ms,
          GCancellable *cancellable,
          GError      **error)
{
  struct pollfd fds[2] = { { fd, POLLOUT, 0 }, { -1, POLLIN, 0 } };
  GPollFD       cancel_fd;
  gboolean      watched = g_cancellable_make_pollfd (cancellable, &cancel_fd);
  int           n;

  if (watched)
    fds[1].fd = cancel_fd.fd;
  do
    n = poll (fds, 2, timeout_ms);
  while (n < 0 && errno == EINTR);
  if (watched)
    g_cancellable_release_fd (cancellable);
  return !g_cancellable_set_error_if_cancelled (cancellable, error) && n > 0;
}

int
procstream_file_open (const char        *path,
                      ProcstreamFileMode mode,
                      gboolean           append)
{
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  int fd;

  if (mode == PROCSTREAM_FILE_MODE_TRUNCATE)
    flags |= O_TRUNC;
  if (append)
    flags |= O_APPEND;
  do
    fd = open (path, flags, 0666);
  while (fd < 0 && errno == EINTR);
  return fd >= 0 ? procstream_fd_above_standard (fd) : -1;
}

static gboolean
is_fifo (const char *path)
{
  struct stat info;

  return stat (path, &info) == 0 && S_ISFIFO (info.st_mode);
}

static gboolean
file_sink_open (ProcstreamSink *sink,
                GCancellable   *cancellable,
                GError        **error)
{
  FileSink   *self = (FileSink *) sink;
  struct stat info;

  while (self->fd < 0 && (self->fd = procstream_file_open (self->path, self->mode, TRUE)) < 0)
    {
      int     errsv = errno;
      GError *cancelled = NULL;

      if (errsv != ENXIO || !is_fifo (self->path))
        return fail (errsv, error);
      wait_for (-1, FIFO_RETRY_MS, cancellable, &cancelled);
      if (cancelled)
        {
          g_propagate_error (error, cancelled);
          return FALSE;
        }
    }
  if (fstat (self->fd, &info) == 0 && S_ISREG (info.st_mode))
    self->size = info.st_size;
  return TRUE;
}

static gboolean
file_sink_writev (ProcstreamSink *sink,
                  GOutputVector  *vectors,
                  guint           n_vectors,
                  gsize          *written,
                  GCancellable   *cancellable,
                  GError        **error)
{
  FileSink *self = (FileSink *) sink;

  *written = 0;
  while (TRUE)
    {
      gssize  n = writev (self->fd, (const struct iovec *) vectors, n_vectors);
      int     errsv = errno;
      GError *cancelled = NULL;

      if (n > 0)
        {
          self->size += n;
          *written = n;
          return TRUE;
        }
      if (n < 0 && errsv != EINTR && errsv != EAGAIN)
        return fail (errsv, error);
      if (n < 0 && errsv == EINTR)
        continue;
      wait_for (self->fd, -1, cancellable, &cancelled);
      if (cancelled)
        {
          g_propagate_error (error, cancelled);
          return FALSE;
        }
    }
}

/* There is nothing that is not handed to the system at once. */
static gboolean
file_sink_flush (ProcstreamSink *sink,
                 GCancellable   *cancellable,
                 GError        **error)
{
  return TRUE;
}

/* Some file systems tell only here that there was no room. */
static gboolean
close_fd (int      fd,
          GError **error)
{
  return close (fd) == 0 || errno == EINTR || fail (errno, error);
}

static gboolean
file_sink_close (ProcstreamSink *sink,
                 GError        **error)
{
  FileSink *self = (FileSink *) sink;

  return self->fd < 0 || close_fd (g_steal_fd (&self->fd), error);
}

static guint64
file_sink_get_room (ProcstreamSink *sink)
{
  FileSink *self = (FileSink *) sink;

  if (self->max_size == 0)
    return G_MAXUINT64;
  return self->max_size - MIN (self->size, self->max_size);
}

static gboolean
file_sink_is_new (ProcstreamSink *sink)
{
  return ((FileSink *) sink)->size == 0;
}

/* @number 0: the file itself. */
static char *
make_name (FileSink *self,
           guint     number)
{
  return number == 0 ? g_strdup (self->path) : g_strdup_printf ("%s.%u", self->path, number);
}

static gboolean
move_backups (FileSink *self,
              GError  **error)
{
  for (guint i = self->max_backups; i > 0; i--)
    {
      g_autofree char *from = make_name (self, i - 1);
      g_autofree char *to = make_name (self, i);

      if (rename (from, to) != 0 && errno != ENOENT)
        return fail (errno, error);
    }
  return TRUE;
}

static gboolean
file_sink_renew (ProcstreamSink *sink,
                 GError        **error)
{
  FileSink *self = (FileSink *) sink;
  int       fd, old;

  self->size = 0;
  if (self->max_backups == 0)
    return ftruncate (self->fd, 0) == 0 || fail (errno, error);
  if (!move_backups (self, error))
    return FALSE;
  fd = procstream_file_open (self->path, PROCSTREAM_FILE_MODE_TRUNCATE, TRUE);
  if (fd < 0)
    return fail (errno, error);
  old = self->fd;
  self->fd = fd;
  return close_fd (old, error);
}

static void
file_sink_free (ProcstreamSink *sink)
{
  FileSink *self = (FileSink *) sink;

  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (sink->name);
  g_free (self);
}

static const ProcstreamSinkClass file_sink_class = {
  .open = file_sink_open,
  .writev = file_sink_writev,
  .flush = file_sink_flush,
  .close = file_sink_close,
  .get_room = file_sink_get_room,
  .is_new = file_sink_is_new,
  .renew = file_sink_renew,
  .free = file_sink_free,
};

ProcstreamSink *
procstream_file_sink_new (const char        *path,
                          ProcstreamFileMode mode,
                          guint64            max_size,
                          guint              max_backups)
{
  FileSink *self = g_new0 (FileSink, 1);

  self->parent.klass = &file_sink_class;
  self->parent.name = g_filename_display_name (path);
  self->path = g_strdup (path);
  self->mode = mode;
  self->max_size = max_size;
  self->max_backups = max_backups;
  self->fd = -1;
  return &self->parent;
}

ProcstreamSink *
procstream_file_sink_new_take_fd (const char *path,
                                  int         fd)
{
  FileSink *self = (FileSink *) procstream_file_sink_new (path, PROCSTREAM_FILE_MODE_APPEND, 0, 0);

  self->fd = fd;
  return &self->parent;
}
