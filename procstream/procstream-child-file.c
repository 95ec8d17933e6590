/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-file-private.h"

#include "procstream-child-record-private.h"

#include "procstream-consumer-core-private.h"
#include "procstream-sink-private.h"
#include "procstream-writer-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * The files that the outputs of a child go to: straight, where the child has the file in place of a pipe, or from what is read, through
 * a writer that subscribes before the child starts and is given the descriptor when it does. The path is in the options in both cases;
 * the back end says which it is.
 *
 * None is opened before the launch, so that a child that is never started touches no file, and each of them before the process is
 * there, so that one that cannot be opened is an error of the start.
 */

static const char *const names[PROCSTREAM_CHILD_MAX_OUTPUTS] = { "stdout", "stderr", "merged" };

int
procstream_child_file_open (const ProcstreamChildOptions *options,
                            guint                         i,
                            gboolean                      append,
                            GError                      **error)
{
  const char *path = options->files[i];
  int         fd = procstream_file_open (path, options->file_modes[i], append);

  if (fd < 0)
    {
      int              errsv = errno;
      g_autofree char *name = g_filename_display_name (path);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "could not open “%s” for %s: %s", name, names[i],
                   errsv == ENXIO ? "Nobody reads it" : g_strerror (errsv));
    }
  return fd;
}

/* --- Straight to it ----------------------------------------------------------------------------------------------------------- */

/* What the other output has already, if it goes to the same file; -1 else. */
static int
find_shared (const ProcstreamChildOptions *options,
             ProcstreamSpawnRequest       *request,
             int                           target)
{
  if (target == STDOUT_FILENO || options->outputs[0].backend != PROCSTREAM_BACKEND_FILE ||
      g_strcmp0 (options->files[0], options->files[1]) != 0)
    return -1;
  for (guint i = 0; i < request->fds->len; i++)
    {
      const ProcstreamSpawnFd *given = &g_array_index (request->fds, ProcstreamSpawnFd, i);

      if (given->target == STDOUT_FILENO)
        return fcntl (given->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    }
  return -1;
}

gboolean
procstream_child_file_give (const ProcstreamChildOptions *options,
                            ProcstreamSpawnRequest       *request,
                            int                           target,
                            GError                      **error)
{
  guint i = target - STDOUT_FILENO;
  int   fd = find_shared (options, request, target);

  if (fd < 0)
    {
      /* As a shell would: a program may go back in what it has to itself. */
      fd = procstream_child_file_open (options, i, options->file_modes[i] == PROCSTREAM_FILE_MODE_APPEND, error);
      if (fd < 0)
        return FALSE;
      /* Only the opening was not to block. */
      fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
    }
  procstream_spawn_request_take_fd (request, fd, target);
  return TRUE;
}

/* --- From what is read -------------------------------------------------------------------------------------------------------- */

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
  procstream_writing_set_over_func (self->writings[i], procstream_bell_ring, procstream_bell_ref (self->bell), procstream_bell_unref);
  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (writer), PROCSTREAM_DELIVERY_RELIABLE);
  /* A single output has room for another one, and a disk may be as slow as it is. */
  self->writers[i]->extra = TRUE;
  self->writers[i]->max_stall_ms = -1;
  if (!procstream_consumer_attach (PROCSTREAM_CONSUMER (writer), self->outputs[i], PROCSTREAM_DELIVERY_RELIABLE, &error))
    g_error ("%s", error->message);
  return g_steal_pointer (&writer);
}

gboolean
procstream_child_core_open_files (ProcstreamChildCore *self,
                                  GError             **error)
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    {
      int fd;

      if (self->writers[i] == NULL)
        continue;
      fd = procstream_child_file_open (&self->options, i, TRUE, error);
      if (fd < 0)
        {
          g_prefix_error (error, "Could not start “%s”: ", self->options.name);
          return FALSE;
        }
      procstream_writing_take_fd (self->writings[i], fd);
    }
  return TRUE;
}

gboolean
procstream_child_core_is_written (ProcstreamChildCore *self)
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    if (self->writers[i] && procstream_consumer_core_get_state (self->writers[i]) == PROCSTREAM_CONSUMER_STATE_ATTACHED)
      return FALSE;
  return TRUE;
}
