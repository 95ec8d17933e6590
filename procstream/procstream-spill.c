/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-spill-private.h"

#include "procstream-pipe-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

/*
 * Nobody else can open the file, so what was written stays as it is, and a mapping of it is as good as memory: the file is never cut, and
 * its blocks are there once it was written.
 */
struct _ProcstreamSpill
{
  int fd;
};

static int
open_nameless (const char *directory)
{
  g_autofree char *path = NULL;
  int              fd = open (directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

  if (fd >= 0)
    return fd;
  /* Some file systems cannot make one without a name. */
  path = g_build_filename (directory, "procstream-XXXXXX", NULL);
  fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    g_unlink (path);
  return fd;
}

static gboolean
fail (GError    **error,
      const char *what)
{
  int errsv = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "%s temporary file in “%s”: %s", what, g_get_tmp_dir (), g_strerror (errsv));
  return FALSE;
}

ProcstreamSpill *
procstream_spill_new (GError **error)
{
  ProcstreamSpill *self;
  int              fd = open_nameless (g_get_tmp_dir ());

  if (fd >= 0)
    fd = procstream_fd_above_standard (fd);
  if (fd < 0)
    {
      fail (error, "Could not make a");
      return NULL;
    }
  self = g_new0 (ProcstreamSpill, 1);
  self->fd = fd;
  return self;
}

void
procstream_spill_free (ProcstreamSpill *self)
{
  close (self->fd);
  g_free (self);
}

gboolean
procstream_spill_append (ProcstreamSpill *self,
                         gconstpointer    data,
                         gsize            size,
                         gsize           *written,
                         GError         **error)
{
  *written = 0;
  while (*written < size)
    {
      gssize n = write (self->fd, (const guint8 *) data + *written, size - *written);

      if (n < 0 && errno != EINTR)
        return fail (error, "Could not write to a");
      *written += MAX (n, 0);
    }
  return TRUE;
}

/* Some file systems cannot be mapped, and a program may have no more addresses, or mappings, to give. */
static GBytes *
read_all (ProcstreamSpill *self,
          gsize            size)
{
  g_autoptr (GError) error = NULL;
  guint8 *data = g_try_malloc (size);
  gsize   done = 0;
  gssize  n = 1;

  if (data == NULL)
    {
      g_warning ("There is no memory for %" G_GSIZE_FORMAT " bytes of a temporary file, which could not be mapped either", size);
      return g_bytes_new (NULL, 0);
    }
  /* Its place is that of the one who appends. */
  while (done < size && n > 0)
    {
      do
        n = pread (self->fd, data + done, size - done, (off_t) done);
      while (n < 0 && errno == EINTR);
      done += MAX (n, 0);
    }
  if (n < 0)
    fail (&error, "Could not read from a");
  if (done < size)
    g_warning ("%s: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes are missing", error ? error->message : "A temporary file was cut", size - done, size);
  return g_bytes_new_take (data, done);
}

GBytes *
procstream_spill_map (ProcstreamSpill *self,
                      gsize            size)
{
  g_autoptr (GMappedFile) file = size > 0 ? g_mapped_file_new_from_fd (self->fd, FALSE, NULL) : NULL;
  g_autoptr (GBytes) bytes = file ? g_mapped_file_get_bytes (file) : NULL;

  if (size == 0)
    return g_bytes_new (NULL, 0);
  if (bytes == NULL || g_bytes_get_size (bytes) < size)
    return read_all (self, size);
  return g_bytes_new_from_bytes (bytes, 0, size);
}
