/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output.h"

#include "procstream-output-config-private.h"
#include "procstream-output-private.h"
#include "procstream-platform-private.h"

#include <fcntl.h>
#include <glib/gstdio.h>

/*
 * The outputs that belong to no child: they read what a program has open already, from the moment they are made.
 */

static ProcstreamOutputCore *
new_core (const char             *name,
          ProcstreamOutputConfig *config,
          GMainContext           *context,
          GError                **error)
{
  ProcstreamOutputSettings settings;

  if (!procstream_platform_check_forked ("read an output", error) ||
      !procstream_output_config_resolve (config, name, PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET, 0, &settings, error))
    return NULL;
  if (procstream_output_config_get_file (config))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Output “%s”: only the outputs of a child go to a “file” by themselves; attach a writer", name);
      return NULL;
    }
  if (!procstream_output_settings_is_read (&settings))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Output “%s”: only the backends “broadcast” and “single” can read a descriptor or a stream", name);
      return NULL;
    }
  return procstream_output_core_new (name, &settings, context, NULL);
}

/* O_PATH lets nobody read, whatever the access mode next to it says. */
static gboolean
is_readable (int flags)
{
  return (flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0;
}

/**
 * procstream_output_new_take_fd:
 * @fd: an open file descriptor to read from; taken, also on error, and closed
 *   after the end
 * @name: what to call it in messages
 * @config: the policy; its backend must be broadcast or single
 * @error: return location for an error
 *
 * Reads from any file descriptor: a pipe, a socket, a terminal, a file. Reading begins at
 * once; a handler or consumer that is there before the thread-default main
 * context next iterates misses nothing.
 *
 * The description is not made non-blocking, since other processes may share
 * it; a descriptor that cannot be read without blocking is read in a thread
 * of its own.
 *
 * Returns: (transfer full): a new output, or %NULL with
 *   %PROCSTREAM_CHILD_ERROR_UNSET_POLICY, %G_IO_ERROR_INVALID_ARGUMENT or
 *   %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
ProcstreamOutput *
procstream_output_new_take_fd (int                     fd,
                               const char             *name,
                               ProcstreamOutputConfig *config,
                               GError                **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  ProcstreamOutputCore *core = NULL;
  ProcstreamOutput     *self;
  int                   flags;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (config), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  flags = fcntl (fd, F_GETFL);
  if (flags < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Output “%s”: %d is not an open file descriptor", name, fd);
      return NULL;
    }
  if (!is_readable (flags))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Output “%s”: descriptor %d is not open for reading", name, fd);
  else
    core = new_core (name, config, context, error);
  if (core == NULL)
    {
      g_close (fd, NULL);
      return NULL;
    }
  fcntl (fd, F_SETFD, FD_CLOEXEC);
  self = procstream_output_new_for_core (core, context);
  procstream_output_core_open_fd (core, fd);
  procstream_output_release_opening (self);
  procstream_output_core_unref (core);
  return self;
}

/**
 * procstream_output_new_from_stream:
 * @stream: a stream to read from
 * @name: what to call it in messages
 * @config: the policy; its backend must be broadcast or single
 * @error: return location for an error
 *
 * Reads from any input stream, as [ctor@Procstream.Output.new_take_fd] does from a
 * descriptor. A class of GIO is read in a thread of the library, and so is one that
 * wraps or converts others as long as all of them are GIO's own.
 *
 * Any other class, such as one written in Python or JavaScript, is only ever called in the
 * thread-default main context: asynchronously if it implements `read_async`, or
 * [iface@Gio.PollableInputStream] and can be polled. One that does not is read with
 * a blocking call in that context, so its reads must not take long.
 *
 * The stream is not closed.
 *
 * Returns: (transfer full): a new output, or %NULL with the errors of
 *   [ctor@Procstream.Output.new_take_fd]
 *
 * Since: 1.0
 */
ProcstreamOutput *
procstream_output_new_from_stream (GInputStream           *stream,
                                   const char             *name,
                                   ProcstreamOutputConfig *config,
                                   GError                **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  ProcstreamOutputCore *core;
  ProcstreamOutput     *self;

  g_return_val_if_fail (G_IS_INPUT_STREAM (stream), NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (config), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  core = new_core (name, config, context, error);
  if (core == NULL)
    return NULL;
  self = procstream_output_new_for_core (core, context);
  procstream_output_core_open_stream (core, stream);
  procstream_output_release_opening (self);
  procstream_output_core_unref (core);
  return self;
}
