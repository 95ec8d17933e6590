/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-file-private.h"

#include "procstream-child-record-private.h"

#include "procstream-consumer-core-private.h"
#include "procstream-pipe-private.h"
#include "procstream-sink-private.h"
#include "procstream-writer-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The file that a child reads, and those that its outputs go to: straight, where the child has the file in place of a pipe, or from what is read, through
 * a writer that subscribes before the child starts and is given the descriptor when it does. The path is in the options in both cases;
 * the back end says which it is.
 *
 * None is opened before the launch, so that a child that is never started touches no file, and each of them before the process is
 * there, so that one that cannot be opened is an error of the start, and nothing is emptied that was written already. A disk may take its time: they are opened in a
 * worker, and the launch goes on from there.
 *
 * Whether two outputs have the same file is asked of the files that are open, whatever the paths are. The child then has one description of it
 * under both numbers, and where a writer has it as well, it is appended to: nobody writes over what another has written.
 */

static const char *const names[PROCSTREAM_CHILD_MAX_OUTPUTS] = { "stdout", "stderr", "merged" };

static gboolean
is_straight (ProcstreamChildCore *self,
             guint                i)
{
  return self->options.files[i] && self->options.outputs[i].backend == PROCSTREAM_BACKEND_FILE;
}

gboolean
procstream_child_core_has_files (ProcstreamChildCore *self)
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    if (self->writers[i] || is_straight (self, i))
      return TRUE;
  return self->options.stdin_file != NULL;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------ */

static gboolean
open_file (ProcstreamChildCore *self,
           guint                i,
           int                 *fd,
           GError             **error)
{
  const char        *path = self->options.files[i];
  ProcstreamFileMode mode = self->options.file_modes[i];
  g_autofree char   *name = NULL;
  int                errsv;

  /* As a shell would: a program may go back in what it has to itself. */
  *fd = procstream_file_open (path, mode, self->writers[i] || mode == PROCSTREAM_FILE_MODE_APPEND);
  if (*fd >= 0)
    return TRUE;
  errsv = errno;
  name = g_filename_display_name (path);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "Could not start “%s”: could not open “%s” for %s: %s", self->options.name,
               name, names[i], errsv == ENXIO ? "Nobody reads it" : g_strerror (errsv));
  return FALSE;
}

/* Without waiting for who writes to a FIFO. -1 with errno. */
static int
open_to_read (const char *path)
{
  struct stat info;
  int         fd;

  do
    fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  while (fd < 0 && errno == EINTR);
  if (fd < 0)
    return -1;
  fd = procstream_fd_above_standard (fd);
  if (fd < 0 || fstat (fd, &info) != 0 || !S_ISDIR (info.st_mode))
    return fd;
  close (fd);
  errno = EISDIR;
  return -1;
}

static gboolean
open_input (ProcstreamChildCore    *self,
            ProcstreamSpawnRequest *request,
            GError                **error)
{
  g_autofree char *name = NULL;
  int              fd, errsv;

  if (self->options.stdin_file == NULL)
    return TRUE;
  fd = open_to_read (self->options.stdin_file);
  if (fd >= 0)
    {
      /* Only the opening was not to block. */
      fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
      procstream_spawn_request_take_fd (request, fd, STDIN_FILENO);
      return TRUE;
    }
  errsv = errno;
  name = g_filename_display_name (self->options.stdin_file);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "Could not start “%s”: could not open “%s” for stdin: %s",
               self->options.name, name, g_strerror (errsv));
  return FALSE;
}

static gboolean
open_all (ProcstreamChildCore *self,
          int                  fds[],
          GError             **error)
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    if ((self->writers[i] || is_straight (self, i)) && !open_file (self, i, &fds[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
is_same (int one,
         int other)
{
  struct stat one_info, other_info;

  return one >= 0 && other >= 0 && fstat (one, &one_info) == 0 && fstat (other, &other_info) == 0 &&
         one_info.st_dev == other_info.st_dev && one_info.st_ino == other_info.st_ino;
}

/* Only the opening was not to block. */
static void
set_flags (ProcstreamChildCore *self,
           const int            fds[],
           guint                i)
{
  int flags = fcntl (fds[i], F_GETFL) & ~O_NONBLOCK;

  for (guint j = 0; j < PROCSTREAM_CHILD_MAX_OUTPUTS; j++)
    if (self->writers[j] && is_same (fds[i], fds[j]))
      flags |= O_APPEND;
  fcntl (fds[i], F_SETFL, flags);
}

/* --- Giving ------------------------------------------------------------------------------------------------------------------- */

static gboolean
dup_fd (ProcstreamChildCore *self,
        int                  fd,
        int                 *other,
        GError             **error)
{
  int errsv;

  *other = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (*other >= 0)
    return TRUE;
  errsv = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "Could not start “%s”: a descriptor of its files: %s", self->options.name,
               g_strerror (errsv));
  return FALSE;
}

/* What the child writes to either comes in the order in which it writes. */
static gboolean
share (ProcstreamChildCore *self,
       int                  fds[],
       GError             **error)
{
  gboolean merged = self->options.merge_stderr && is_straight (self, 0);
  int      fd;

  if (!merged && !(is_straight (self, 0) && is_straight (self, 1) && is_same (fds[0], fds[1])))
    return TRUE;
  if (!dup_fd (self, fds[0], &fd, error))
    return FALSE;
  if (fds[1] >= 0)
    close (fds[1]);
  fds[1] = fd;
  return TRUE;
}

static void
give_all (ProcstreamChildCore    *self,
          ProcstreamSpawnRequest *request,
          int                     fds[])
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    {
      if (fds[i] < 0)
        continue;
      if (self->writers[i])
        procstream_writing_take_fd (self->writings[i], g_steal_fd (&fds[i]));
      else
        procstream_spawn_request_take_fd (request, g_steal_fd (&fds[i]), STDOUT_FILENO + (int) i);
    }
}

gboolean
procstream_child_core_open_files (ProcstreamChildCore    *self,
                                  ProcstreamSpawnRequest *request,
                                  GError                **error)
{
  int      fds[PROCSTREAM_CHILD_MAX_OUTPUTS] = { -1, -1, -1 };
  gboolean opened = open_input (self, request, error) && open_all (self, fds, error);

  for (guint i = 0; opened && i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    if (is_straight (self, i))
      set_flags (self, fds, i);
  opened = opened && share (self, fds, error);
  if (opened)
    give_all (self, request, fds);
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    if (fds[i] >= 0)
      close (fds[i]);
  return opened;
}

/* --- From what is read -------------------------------------------------------------------------------------------------------- */

static void
written_cb (gpointer      data,
            const GError *error)
{
  procstream_bell_ring (data);
}

ProcstreamWriter *
procstream_child_core_make_writer (ProcstreamChildCore *self,
                                   guint                i)
{
  g_autoptr (ProcstreamWriter) writer = NULL;
  g_autoptr (GError) error = NULL;

  if (self->options.files[i] == NULL || self->options.outputs[i].backend == PROCSTREAM_BACKEND_FILE)
    return NULL;
  writer = procstream_writer_new_for_path (self->options.files[i], self->options.file_modes[i]);
  self->writings[i] = procstream_writer_get_writing (writer);
  self->writers[i] = procstream_consumer_core_ref (procstream_consumer_get_core (PROCSTREAM_CONSUMER (writer)));
  procstream_writing_get_options (self->writings[i])->given = TRUE;
  procstream_waiters_add_func (procstream_consumer_core_get_waiters (self->writers[i]), written_cb, procstream_bell_ref (self->bell), procstream_bell_unref);
  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (writer), PROCSTREAM_DELIVERY_RELIABLE);
  /* A single output has room for another one, and a disk may be as slow as it is. */
  self->writers[i]->extra = TRUE;
  self->writers[i]->max_stall_ms = -1;
  if (!procstream_consumer_attach (PROCSTREAM_CONSUMER (writer), self->outputs[i], PROCSTREAM_DELIVERY_RELIABLE, &error))
    g_error ("%s", error->message);
  return g_steal_pointer (&writer);
}

gboolean
procstream_child_core_is_written (ProcstreamChildCore *self)
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    if (self->writers[i] && !procstream_waiters_is_complete (procstream_consumer_core_get_waiters (self->writers[i])))
      return FALSE;
  return TRUE;
}

void
procstream_child_core_add_written_func (ProcstreamChildCore *self,
                                        void (*func) (gpointer      data,
                                                      const GError *error),
                                        gpointer data,
                                        gpointer (*ref) (gpointer),
                                        GDestroyNotify unref)
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    if (self->writers[i])
      procstream_waiters_add_func (procstream_consumer_core_get_waiters (self->writers[i]), func, ref (data), unref);
}

GError *
procstream_child_core_dup_file_error (ProcstreamChildCore *self)
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    {
      g_autofree char *name = NULL;
      GError          *error;

      if (self->writers[i] == NULL)
        continue;
      error = procstream_writing_dup_error (self->writings[i]);
      if (error)
        return error;
      if (procstream_waiters_is_complete (procstream_consumer_core_get_waiters (self->writers[i])))
        continue;
      name = g_filename_display_name (self->options.files[i]);
      return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Not all of “%s (%s)” was written to “%s” in time", self->options.name, names[i], name);
    }
  return NULL;
}

void
procstream_child_core_ask_for_files (ProcstreamChildCore *self)
{
  g_atomic_int_set (&self->files_asked_for, TRUE);
}

gboolean
procstream_child_core_was_asked_for_files (ProcstreamChildCore *self)
{
  return g_atomic_int_get (&self->files_asked_for);
}
