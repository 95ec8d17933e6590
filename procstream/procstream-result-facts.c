/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the process ended, and what it took. */

#include "procstream-result-record-private.h"

/**
 * procstream_result_get_name: (get-property name)
 * @self: a result
 *
 * Gets the name of the child.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
procstream_result_get_name (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->name;
}

/**
 * procstream_result_get_exit_code: (get-property exit-code)
 * @self: a result
 *
 * Gets what the program gave to `exit()`.
 *
 * Returns: the exit code, or -1 when the process was killed by a signal, or its
 *   status is lost
 *
 * Since: 1.0
 */
int
procstream_result_get_exit_code (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), -1);

  return self->exit_code;
}

/**
 * procstream_result_get_term_signal: (get-property term-signal)
 * @self: a result
 *
 * Gets the signal that killed the process.
 *
 * Returns: a signal number, or 0 when the process exited, or its status is lost
 *
 * Since: 1.0
 */
int
procstream_result_get_term_signal (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), 0);

  return self->term_signal;
}

/**
 * procstream_result_get_success: (get-property success)
 * @self: a result
 *
 * Gets whether the program succeeded.
 *
 * Returns: %TRUE for success
 *
 * Since: 1.0
 */
gboolean
procstream_result_get_success (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), FALSE);

  return self->success;
}

/**
 * procstream_result_get_duration_us: (get-property duration-us)
 * @self: a result
 *
 * Gets how long the program ran, counted from when its process was made.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
gint64
procstream_result_get_duration_us (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), 0);

  return self->duration_us;
}

/**
 * procstream_result_get_user_time_us: (get-property user-time-us)
 * @self: a result
 *
 * Gets how long the CPU worked for the child itself.
 *
 * Returns: microseconds, or -1 where that is not known
 *
 * Since: 1.0
 */
gint64
procstream_result_get_user_time_us (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), -1);

  return self->usage.user_us;
}

/**
 * procstream_result_get_system_time_us: (get-property system-time-us)
 * @self: a result
 *
 * Gets how long the kernel worked for the child.
 *
 * Returns: microseconds, or -1 where that is not known
 *
 * Since: 1.0
 */
gint64
procstream_result_get_system_time_us (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), -1);

  return self->usage.system_us;
}

/**
 * procstream_result_get_peak_memory: (get-property peak-memory)
 * @self: a result
 *
 * Gets the most memory that one of its processes had.
 *
 * Returns: bytes, or -1 where that is not known
 *
 * Since: 1.0
 */
gint64
procstream_result_get_peak_memory (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), -1);

  return self->usage.peak_bytes;
}
