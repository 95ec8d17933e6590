/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How children are watched for silence. */

#include "procstream-launcher-private.h"

void
procstream_launcher_install_idle (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:idle-timeout-ms: (getter get_idle_timeout_ms) (setter set_idle_timeout_ms)
   *
   * How long a child may write nothing before [signal@Procstream.Child::idle] tells so, in
   * milliseconds, 1 or more, or %PROCSTREAM_NO_TIMEOUT, which is the default.
   *
   * At least one of the outputs that [property@Procstream.Launcher:idle-stdout] and
   * [property@Procstream.Launcher:idle-stderr] name must be read by this program. What a
   * child writes elsewhere is not noticed. A child that is not watched by anything is refused with
   * %G_IO_ERROR_INVALID_ARGUMENT; a stage of a pipeline, whose output goes straight to
   * the next one, when the pipeline starts.
   *
   * Many programs write in blocks where their output is no terminal: such a one looks idle while it
   * works. With [property@Procstream.Launcher:pty] it writes each line as it comes.
   *
   * To end a child that is idle, see [property@Procstream.CompleteOptions:idle-timeout-ms].
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (idle_timeout_ms),
                                    g_param_spec_int64 ("idle-timeout-ms", NULL, NULL, G_MININT64, G_MAXINT64, PROCSTREAM_NO_TIMEOUT, flags));
  /**
   * ProcstreamLauncher:idle-stdout: (getter get_idle_stdout) (setter set_idle_stdout)
   *
   * Whether writing to its standard output keeps a child from being idle; %TRUE
   * unless set.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (idle_stdout),
                                    g_param_spec_boolean ("idle-stdout", NULL, NULL, TRUE, flags));
  /**
   * ProcstreamLauncher:idle-stderr: (getter get_idle_stderr) (setter set_idle_stderr)
   *
   * Whether writing to its standard error keeps a child from being idle; %TRUE
   * unless set. Where the standard error goes to the standard output, as it does on a
   * pseudo-terminal, all of it is standard output.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (idle_stderr),
                                    g_param_spec_boolean ("idle-stderr", NULL, NULL, TRUE, flags));
}

/**
 * procstream_launcher_get_idle_timeout_ms: (get-property idle-timeout-ms)
 * @self: a launcher
 *
 * Gets how long a child may write nothing before that is told.
 *
 * Returns: milliseconds, or %PROCSTREAM_NO_TIMEOUT
 *
 * Since: 1.0
 */
gint64
procstream_launcher_get_idle_timeout_ms (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->idle_timeout_ms;
}

/**
 * procstream_launcher_set_idle_timeout_ms: (set-property idle-timeout-ms)
 * @self: a launcher
 * @idle_timeout_ms: milliseconds, or %PROCSTREAM_NO_TIMEOUT
 *
 * Sets how long a child may write nothing before that is told.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_idle_timeout_ms (ProcstreamLauncher *self, gint64 idle_timeout_ms)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int64 (self, "idle-timeout-ms", idle_timeout_ms);
}

/**
 * procstream_launcher_get_idle_stdout: (get-property idle-stdout)
 * @self: a launcher
 *
 * Gets whether writing to its standard output keeps a child from being idle.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_idle_stdout (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->idle_stdout;
}

/**
 * procstream_launcher_set_idle_stdout: (set-property idle-stdout)
 * @self: a launcher
 * @idle_stdout: whether it does
 *
 * Sets whether writing to its standard output keeps a child from being idle.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_idle_stdout (ProcstreamLauncher *self, gboolean idle_stdout)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "idle-stdout", idle_stdout != FALSE);
}

/**
 * procstream_launcher_get_idle_stderr: (get-property idle-stderr)
 * @self: a launcher
 *
 * Gets whether writing to its standard error keeps a child from being idle.
 *
 * Returns: whether it does
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_idle_stderr (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->idle_stderr;
}

/**
 * procstream_launcher_set_idle_stderr: (set-property idle-stderr)
 * @self: a launcher
 * @idle_stderr: whether it does
 *
 * Sets whether writing to its standard error keeps a child from being idle.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_idle_stderr (ProcstreamLauncher *self, gboolean idle_stderr)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "idle-stderr", idle_stderr != FALSE);
}
