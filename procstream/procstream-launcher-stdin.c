/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What children read. */

#include "procstream-launcher-private.h"

#include "procstream-enum-types.h"

void
procstream_launcher_install_stdin (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:stdin-mode: (getter get_stdin_mode) (setter set_stdin_mode)
   *
   * What children read as their standard input; the null device unless set. Setting one of
   * [property@Procstream.Launcher:stdin-file], [property@Procstream.Launcher:stdin-bytes] and
   * [property@Procstream.Launcher:stdin-stream] sets it to that. Of several that are set the last one counts, and the
   * others wait for this property to name them.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (stdin_mode),
                                    g_param_spec_enum ("stdin-mode", NULL, NULL, PROCSTREAM_TYPE_STDIN_MODE, PROCSTREAM_STDIN_MODE_NULL, flags));
  /**
   * ProcstreamLauncher:stdin-file: (type filename) (getter get_stdin_file) (setter set_stdin_file)
   *
   * The file that children read as their standard input, or %NULL. Each opens it for itself when it is
   * started, so each begins at its beginning; that it cannot be opened is an error of the start, which
   * names it. A relative path is one of the program's own directory. Nobody waits for a writer of a FIFO.
   *
   * Setting it sets [property@Procstream.Launcher:stdin-mode], too.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (stdin_file),
                                    g_param_spec_string ("stdin-file", NULL, NULL, NULL, flags));
  /**
   * ProcstreamLauncher:stdin-bytes: (getter get_stdin_bytes) (setter set_stdin_bytes)
   *
   * What children read as their standard input, or %NULL: each all of it, and then the end. It goes
   * through a pipe and is not copied, so a child cannot seek in it; one that must needs a file.
   *
   * Setting it sets [property@Procstream.Launcher:stdin-mode], too.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (stdin_bytes),
                                    g_param_spec_boxed ("stdin-bytes", NULL, NULL, G_TYPE_BYTES, flags));
  /**
   * ProcstreamLauncher:stdin-stream: (getter get_stdin_stream) (setter set_stdin_stream)
   *
   * The stream whose content a child reads as its standard input, or %NULL. It is read from when
   * the child runs, no faster than that reads, until its end, that of the child, or
   * [method@Procstream.Input.close]. It is not closed.
   *
   * A stream can be read once: a second child that is started with it is refused with
   * %G_IO_ERROR_PENDING. Where it is read is as with [ctor@Procstream.Output.new_from_stream]: a class
   * of GIO in a thread of the library, any other one in the context of the child.
   *
   * A stream that cannot be read to its end closes the input of the child, which takes that for
   * the end. [property@Procstream.Input:feed-error] and
   * [property@Procstream.Result:input-error] tell of it, and
   * [method@Procstream.Result.check] does not let it pass for a success.
   *
   * Setting it sets [property@Procstream.Launcher:stdin-mode], too.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (stdin_stream),
                                    g_param_spec_object ("stdin-stream", NULL, NULL, G_TYPE_INPUT_STREAM, flags));
}

static ProcstreamStdinMode
find_mode (const char *property)
{
  if (g_str_equal (property, "stdin-file"))
    return PROCSTREAM_STDIN_MODE_FILE;
  if (g_str_equal (property, "stdin-bytes"))
    return PROCSTREAM_STDIN_MODE_BYTES;
  if (g_str_equal (property, "stdin-stream"))
    return PROCSTREAM_STDIN_MODE_STREAM;
  return PROCSTREAM_STDIN_MODE_UNSET;
}

static gboolean
has_source (ProcstreamLauncher *self,
            ProcstreamStdinMode mode)
{
  if (mode == PROCSTREAM_STDIN_MODE_FILE)
    return self->stdin_file != NULL;
  if (mode == PROCSTREAM_STDIN_MODE_BYTES)
    return self->stdin_bytes != NULL;
  return mode != PROCSTREAM_STDIN_MODE_STREAM || self->stdin_stream != NULL;
}

void
procstream_launcher_follow_stdin (ProcstreamLauncher *self,
                                  const char         *property)
{
  ProcstreamStdinMode mode = find_mode (property);

  if (mode == PROCSTREAM_STDIN_MODE_UNSET)
    return;
  if (has_source (self, mode))
    procstream_launcher_set_stdin_mode (self, mode);
  else if (self->stdin_mode == mode)
    procstream_launcher_set_stdin_mode (self, PROCSTREAM_STDIN_MODE_NULL);
}

gboolean
procstream_launcher_check_stdin (ProcstreamLauncher *self,
                                 const char         *name,
                                 GError            **error)
{
  static const char *const sources[] = {
    [PROCSTREAM_STDIN_MODE_FILE] = "file",
    [PROCSTREAM_STDIN_MODE_BYTES] = "bytes",
    [PROCSTREAM_STDIN_MODE_STREAM] = "stream",
  };
  const char *source;

  if (has_source (self, self->stdin_mode))
    return TRUE;
  source = sources[self->stdin_mode];
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s”: the property “stdin-mode” is “%s”, but “stdin-%s” is not set", name, source, source);
  return FALSE;
}

/**
 * procstream_launcher_get_stdin_mode: (get-property stdin-mode)
 * @self: a launcher
 *
 * Gets what children read as their standard input.
 *
 * Returns: what children read as their standard input
 *
 * Since: 1.0
 */
ProcstreamStdinMode
procstream_launcher_get_stdin_mode (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_STDIN_MODE_UNSET);

  return self->stdin_mode;
}

/**
 * procstream_launcher_set_stdin_mode: (set-property stdin-mode)
 * @self: a launcher
 * @stdin_mode: what children read as their standard input
 *
 * Sets what children read as their standard input.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stdin_mode (ProcstreamLauncher *self, ProcstreamStdinMode stdin_mode)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "stdin-mode", stdin_mode);
}

/**
 * procstream_launcher_get_stdin_file: (get-property stdin-file)
 * @self: a launcher
 *
 * Gets the file that children read.
 *
 * Returns: (type filename) (nullable): a path, or %NULL
 *
 * Since: 1.0
 */
const char *
procstream_launcher_get_stdin_file (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->stdin_file;
}

/**
 * procstream_launcher_set_stdin_file: (set-property stdin-file)
 * @self: a launcher
 * @stdin_file: (type filename) (nullable): a path, or %NULL
 *
 * Sets the file that children read.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stdin_file (ProcstreamLauncher *self, const char *stdin_file)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_string (self, "stdin-file", stdin_file);
}

/**
 * procstream_launcher_get_stdin_bytes: (get-property stdin-bytes)
 * @self: a launcher
 *
 * Gets the bytes that children read.
 *
 * Returns: (transfer none) (nullable): bytes, or %NULL
 *
 * Since: 1.0
 */
GBytes *
procstream_launcher_get_stdin_bytes (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->stdin_bytes;
}

/**
 * procstream_launcher_set_stdin_bytes: (set-property stdin-bytes)
 * @self: a launcher
 * @stdin_bytes: (nullable): bytes, or %NULL
 *
 * Sets the bytes that children read. A free function of theirs may be called in a thread of the library.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stdin_bytes (ProcstreamLauncher *self, GBytes *stdin_bytes)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_bytes (self, "stdin-bytes", stdin_bytes);
}

/**
 * procstream_launcher_get_stdin_stream: (get-property stdin-stream)
 * @self: a launcher
 *
 * Gets the stream that a child reads.
 *
 * Returns: (transfer none) (nullable): a stream, or %NULL
 *
 * Since: 1.0
 */
GInputStream *
procstream_launcher_get_stdin_stream (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->stdin_stream;
}

/**
 * procstream_launcher_set_stdin_stream: (set-property stdin-stream)
 * @self: a launcher
 * @stdin_stream: (nullable): a stream, or %NULL
 *
 * Sets the stream that a child reads.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stdin_stream (ProcstreamLauncher *self, GInputStream *stdin_stream)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (stdin_stream == NULL || G_IS_INPUT_STREAM (stdin_stream));

  procstream_launcher_store_object (self, "stdin-stream", stdin_stream);
}
