/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-output-private.h"

/* What can be read of a child: the getters of its properties. */

/**
 * procstream_child_get_name: (get-property name)
 * @self: a child
 *
 * Gets what the child is called in messages.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
procstream_child_get_name (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);

  return procstream_child_core_get_options (self->core)->name;
}

/**
 * procstream_child_get_pid: (get-property pid)
 * @self: a child
 *
 * Gets the process number. After the exit the system may give the number to
 * another process: use [method@Procstream.Child.send_signal], not the number.
 *
 * Returns: the process number, or 0 before the program runs
 *
 * Since: 1.0
 */
int
procstream_child_get_pid (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), 0);

  return procstream_child_core_get_pid (self->core);
}

/**
 * procstream_child_get_state: (get-property state)
 * @self: a child
 *
 * Gets the state as it is now.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
ProcstreamChildState
procstream_child_get_state (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), PROCSTREAM_CHILD_STATE_NONE);

  return procstream_child_core_get_state (self->core);
}

/**
 * procstream_child_get_exit_code: (get-property exit-code)
 * @self: a child
 *
 * Gets what the program gave to `exit()`.
 *
 * Returns: the exit code, or -1 while the process has not exited, or when it
 *   was killed by a signal
 *
 * Since: 1.0
 */
int
procstream_child_get_exit_code (ProcstreamChild *self)
{
  ProcstreamResult *result;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), -1);

  result = procstream_child_core_get_result (self->core);
  return result ? procstream_result_get_exit_code (result) : -1;
}

/**
 * procstream_child_get_term_signal: (get-property term-signal)
 * @self: a child
 *
 * Gets the signal that killed the process.
 *
 * Returns: a signal number, or 0
 *
 * Since: 1.0
 */
int
procstream_child_get_term_signal (ProcstreamChild *self)
{
  ProcstreamResult *result;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), 0);

  result = procstream_child_core_get_result (self->core);
  return result ? procstream_result_get_term_signal (result) : 0;
}

/**
 * procstream_child_get_elapsed_us: (get-property elapsed-us)
 * @self: a child
 *
 * Gets for how long the program has been running, or did run, counted from when its process was made.
 *
 * Returns: microseconds; 0 before the program runs
 *
 * Since: 1.0
 */
gint64
procstream_child_get_elapsed_us (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), 0);

  return procstream_child_core_get_elapsed_us (self->core);
}

/**
 * procstream_child_get_result: (get-property result)
 * @self: a child
 *
 * Gets how the process ended.
 *
 * Returns: (transfer none) (nullable): the result, or %NULL while the process
 *   has not exited
 *
 * Since: 1.0
 */
ProcstreamResult *
procstream_child_get_result (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);

  return procstream_child_core_get_result (self->core);
}

/**
 * procstream_child_get_stdin: (get-property stdin)
 * @self: a child
 *
 * Gets the child's standard input.
 *
 * Returns: (transfer none) (nullable): the input, or %NULL when the
 *   `stdin-mode` of the launcher was the null device, inherited or a file
 *
 * Since: 1.0
 */
ProcstreamInput *
procstream_child_get_stdin (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);

  return self->input;
}

static ProcstreamOutput *
get_output (ProcstreamChild *self,
            guint            i)
{
  procstream_output_touch (self->outputs[i]);
  return self->outputs[i];
}

/**
 * procstream_child_get_stdout: (get-property stdout)
 * @self: a child
 *
 * Gets the child's standard output.
 *
 * Returns: (transfer none): the output
 *
 * Since: 1.0
 */
ProcstreamOutput *
procstream_child_get_stdout (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);

  return get_output (self, 0);
}

/**
 * procstream_child_get_stderr: (get-property stderr)
 * @self: a child
 *
 * Gets the child's standard error.
 *
 * Returns: (transfer none): the output
 *
 * Since: 1.0
 */
ProcstreamOutput *
procstream_child_get_stderr (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);

  return get_output (self, 1);
}

/**
 * procstream_child_get_merged: (get-property merged)
 * @self: a child
 *
 * Gets the child's merged output.
 *
 * Returns: (transfer none) (nullable): the output, or %NULL when the
 *   `merged-view` of the launcher was not set
 *
 * Since: 1.0
 */
ProcstreamOutput *
procstream_child_get_merged (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);

  return self->outputs[2] ? get_output (self, 2) : NULL;
}

/**
 * procstream_child_get_subprocess: (get-property subprocess)
 * @self: a child
 *
 * Gets the wrapped subprocess, for code that works with one.
 *
 * Returns: (transfer none) (nullable): the subprocess, or %NULL before the
 *   program runs
 *
 * Since: 1.0
 */
GSubprocess *
procstream_child_get_subprocess (ProcstreamChild *self)
{
  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);

  return procstream_child_core_get_subprocess (self->core);
}
