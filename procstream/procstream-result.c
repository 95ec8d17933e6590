/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-result.h"

#include "procstream-capture-private.h"
#include "procstream-enum-types.h"
#include "procstream-error-private.h"
#include "procstream-result-record-private.h"
#include "procstream-shutdown-private.h"

#include <string.h>

/**
 * ProcstreamResult:
 *
 * How a child ended.
 *
 * A result never changes, so it may be kept and read in any thread. It is handed
 * out by [property@Procstream.Child:result] and
 * [signal@Procstream.Child::completed], and, with what the child wrote, by
 * [method@Procstream.Child.complete] and [method@Procstream.Launcher.run].
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (ProcstreamResult, procstream_result, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_NAME,
  PROP_EXIT_CODE,
  PROP_TERM_SIGNAL,
  PROP_SUCCESS,
  PROP_DURATION_US,
  PROP_USER_TIME_US,
  PROP_SYSTEM_TIME_US,
  PROP_PEAK_MEMORY,
  PROP_MESSAGE,
  PROP_CAUSE,
  PROP_RUNNING,
  PROP_PHASE,
  PROP_ATTEMPTS,
  PROP_STDOUT,
  PROP_STDERR,
  PROP_TAIL,
  PROP_TRUNCATED,
  PROP_INPUT_ERROR,
  PROP_FILE_ERROR,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- The message -------------------------------------------------------------------------------------------------------------- */

static char *
describe_status (ProcstreamResult *self)
{
  g_autofree char *signal_name = NULL;

  if (self->running)
    return g_strdup ("still runs");
  if (self->term_signal == 0 && self->exit_code < 0)
    return g_strdup ("has ended");
  if (self->term_signal == 0)
    return g_strdup_printf ("exited with status %d", self->exit_code);
  signal_name = procstream_signal_name (self->term_signal);
  return g_strdup_printf ("was killed by signal %s", signal_name);
}

static const char *
describe_cause (ProcstreamResult *self)
{
  switch (self->cause)
    {
    case PROCSTREAM_CAUSE_TERMINATED:
    case PROCSTREAM_CAUSE_KILLED:
      return ", as it was told to end";
    case PROCSTREAM_CAUSE_TIMED_OUT:
      return ", as it took too long";
    case PROCSTREAM_CAUSE_IDLE:
      return ", as it wrote nothing for too long";
    case PROCSTREAM_CAUSE_OUTPUT_LIMIT:
      return ", as it wrote too much";
    case PROCSTREAM_CAUSE_CANCELLED:
      return self->running ? ", and the wait was cancelled" : ", as the wait for it was cancelled";
    case PROCSTREAM_CAUSE_PARENT_EXIT:
      return ", as the program exited";
    default:
      if (self->exit_code == 0 && !self->running && !self->success)
        return ", which does not mean success here";
      return self->running || self->term_signal > 0 || self->exit_code >= 0 ? "" : ", and its status is lost: the program ignores SIGCHLD, or has reaped it itself";
    }
}

static char *
make_message (ProcstreamResult *self)
{
  double           seconds = (double) self->duration_us / G_USEC_PER_SEC;
  g_autofree char *status = describe_status (self);
  g_autofree char *tail = g_strchomp (g_strdup (self->tail ? self->tail : ""));

  return g_strdup_printf ("“%s” %s after %.1f s%s%s%s", self->name, status, seconds, describe_cause (self),
                          self->success || tail[0] == '\0' ? "" : "; its last output:\n",
                          self->success ? "" : tail);
}

/* --- Making one --------------------------------------------------------------------------------------------------------------- */

/* A child that is ended while it goes about its own end, or because nobody needs it any more, can succeed all the same. */
static gboolean
find_success (ProcstreamResult *self,
              const guint32    *success)
{
  if (self->running || self->exit_code < 0 || self->exit_code > 255)
    return FALSE;
  if (self->cause != PROCSTREAM_CAUSE_EXITED && self->cause != PROCSTREAM_CAUSE_TERMINATED && self->cause != PROCSTREAM_CAUSE_PARENT_EXIT)
    return FALSE;
  if (success == NULL)
    return self->exit_code == 0;
  return (success[self->exit_code / 32] & (1u << (self->exit_code % 32))) != 0;
}

ProcstreamResult *
procstream_result_new_from_facts (ProcstreamResultFacts *facts)
{
  ProcstreamResult *self = g_object_new (PROCSTREAM_TYPE_RESULT, NULL);

  self->name = g_strdup (facts->name);
  self->exit_code = facts->exit_code;
  self->term_signal = facts->term_signal;
  self->duration_us = facts->duration_us;
  self->usage = facts->usage;
  self->cause = facts->cause;
  self->phase = facts->phase;
  self->running = facts->running;
  self->cut_allowed = facts->cut_allowed;
  self->success = find_success (self, facts->success);
  for (guint i = 0; facts->tries && i < facts->tries->len; i++)
    {
      g_autoptr (ProcstreamShutdownAttempt) attempt = NULL;

      attempt = procstream_shutdown_attempt_new (&g_array_index (facts->tries, ProcstreamShutdownTry, i));
      g_list_store_append (self->attempts, attempt);
    }
  g_clear_pointer (&facts->tries, g_array_unref);
  for (guint i = 0; i < 2; i++)
    self->captures[i] = g_steal_pointer (&facts->captures[i]);
  self->tail = g_steal_pointer (&facts->tail);
  self->input_error = g_steal_pointer (&facts->input_error);
  self->file_error = g_steal_pointer (&facts->file_error);
  self->start_error = facts->start_error ? g_error_copy (facts->start_error) : NULL;
  g_free (self->message);
  self->message = self->start_error ? g_strdup (self->start_error->message) : make_message (self);
  return self;
}

ProcstreamResult *
procstream_result_new (const char *name,
                       int         exit_code,
                       int         term_signal,
                       gint64      duration_us)
{
  ProcstreamResultFacts facts = {
    .name = name,
    .exit_code = exit_code,
    .term_signal = term_signal,
    .duration_us = duration_us,
    .usage = PROCSTREAM_NO_USAGE,
    .cause = exit_code >= 0 ? PROCSTREAM_CAUSE_EXITED : PROCSTREAM_CAUSE_SIGNALLED,
    .phase = -1,
  };

  return procstream_result_new_from_facts (&facts);
}

ProcstreamResult *
procstream_result_new_not_started (const char   *name,
                                   const GError *error)
{
  ProcstreamResultFacts facts = {
    .name = name,
    .exit_code = -1,
    .cause = PROCSTREAM_CAUSE_NOT_STARTED,
    .phase = -1,
    .start_error = error,
  };

  return procstream_result_new_from_facts (&facts);
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_result_finalize (GObject *object)
{
  ProcstreamResult *self = PROCSTREAM_RESULT (object);

  g_free (self->name);
  g_free (self->tail);
  g_clear_error (&self->input_error);
  g_free (self->message);
  g_clear_error (&self->file_error);
  g_clear_error (&self->start_error);
  g_clear_object (&self->attempts);
  for (guint i = 0; i < 2; i++)
    g_clear_object (&self->captures[i]);
  G_OBJECT_CLASS (procstream_result_parent_class)->finalize (object);
}

static void
procstream_result_get_property (GObject    *object,
                                guint       property_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  ProcstreamResult *self = PROCSTREAM_RESULT (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_EXIT_CODE:
      g_value_set_int (value, self->exit_code);
      break;
    case PROP_TERM_SIGNAL:
      g_value_set_int (value, self->term_signal);
      break;
    case PROP_SUCCESS:
      g_value_set_boolean (value, procstream_result_get_success (self));
      break;
    case PROP_DURATION_US:
      g_value_set_int64 (value, self->duration_us);
      break;
    case PROP_USER_TIME_US:
      g_value_set_int64 (value, self->usage.user_us);
      break;
    case PROP_SYSTEM_TIME_US:
      g_value_set_int64 (value, self->usage.system_us);
      break;
    case PROP_PEAK_MEMORY:
      g_value_set_int64 (value, self->usage.peak_bytes);
      break;
    case PROP_MESSAGE:
      g_value_set_string (value, self->message);
      break;
    case PROP_CAUSE:
      g_value_set_enum (value, self->cause);
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, self->running);
      break;
    case PROP_PHASE:
      g_value_set_int (value, self->phase);
      break;
    case PROP_ATTEMPTS:
      g_value_set_object (value, self->attempts);
      break;
    case PROP_STDOUT:
      g_value_set_object (value, self->captures[0]);
      break;
    case PROP_STDERR:
      g_value_set_object (value, self->captures[1]);
      break;
    case PROP_TAIL:
      g_value_set_string (value, self->tail);
      break;
    case PROP_TRUNCATED:
      g_value_set_boolean (value, procstream_result_get_truncated (self));
      break;
    case PROP_INPUT_ERROR:
      g_value_set_boxed (value, self->input_error);
      break;
    case PROP_FILE_ERROR:
      g_value_set_boxed (value, self->file_error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_usage (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamResult:user-time-us: (getter get_user_time_us)
   *
   * How long the CPU worked for the child itself, in microseconds: for the process and for
   * those of its descendants that had ended by then. -1 where nobody knows, because the
   * child runs or had no guard, which %PROCSTREAM_CONTAINMENT_TREE gives it.
   *
   * Since: 1.0
   */
  properties[PROP_USER_TIME_US] = g_param_spec_int64 ("user-time-us", NULL, NULL, -1, G_MAXINT64, -1, readable);
  /**
   * ProcstreamResult:system-time-us: (getter get_system_time_us)
   *
   * The same for what the kernel did on its behalf, in microseconds, or -1.
   *
   * Since: 1.0
   */
  properties[PROP_SYSTEM_TIME_US] = g_param_spec_int64 ("system-time-us", NULL, NULL, -1, G_MAXINT64, -1, readable);
  /**
   * ProcstreamResult:peak-memory: (getter get_peak_memory)
   *
   * The most memory that one of these processes had in RAM at a time, in bytes, or -1: not the
   * sum of them. The kernel counts it to a page or a few.
   *
   * Since: 1.0
   */
  properties[PROP_PEAK_MEMORY] = g_param_spec_int64 ("peak-memory", NULL, NULL, -1, G_MAXINT64, -1, readable);
}

static void
install_end (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamResult:cause: (getter get_cause)
   *
   * Why the child, or the waiting for it, came to its end.
   *
   * Since: 1.0
   */
  properties[PROP_CAUSE] = g_param_spec_enum ("cause", NULL, NULL, PROCSTREAM_TYPE_CAUSE, PROCSTREAM_CAUSE_NONE, readable);
  /**
   * ProcstreamResult:running: (getter get_running)
   *
   * Whether the process still ran when the result was made: the wait for it ended
   * before it did.
   *
   * Since: 1.0
   */
  properties[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamResult:phase: (getter get_phase)
   *
   * The phase that its shutdown had reached, counted from 0, or -1 when there was
   * none. The kill is the last.
   *
   * Since: 1.0
   */
  properties[PROP_PHASE] = g_param_spec_int ("phase", NULL, NULL, -1, G_MAXINT, -1, readable);
  /**
   * ProcstreamResult:attempts: (getter get_attempts)
   *
   * What was done to end the child by then, in order, by the last of its shutdowns that had
   * anything to do: a list of [class@Procstream.ShutdownAttempt].
   *
   * Since: 1.0
   */
  properties[PROP_ATTEMPTS] = g_param_spec_object ("attempts", NULL, NULL, G_TYPE_LIST_MODEL, readable);
  /**
   * ProcstreamResult:stdout: (getter get_stdout)
   *
   * What the child wrote to its standard output, or %NULL where that was not
   * collected.
   *
   * Since: 1.0
   */
  properties[PROP_STDOUT] = g_param_spec_object ("stdout", NULL, NULL, PROCSTREAM_TYPE_CAPTURE, readable);
  /**
   * ProcstreamResult:stderr: (getter get_stderr)
   *
   * What the child wrote to its standard error, or %NULL where that was not
   * collected.
   *
   * Since: 1.0
   */
  properties[PROP_STDERR] = g_param_spec_object ("stderr", NULL, NULL, PROCSTREAM_TYPE_CAPTURE, readable);
  /**
   * ProcstreamResult:tail: (getter get_tail)
   *
   * The last lines that the child wrote, at most 10 and 4096 bytes, as text: of its standard
   * error, or of its standard output when it wrote nothing there. %NULL where nobody waited for
   * the whole child.
   *
   * Since: 1.0
   */
  properties[PROP_TAIL] = g_param_spec_string ("tail", NULL, NULL, NULL, readable);
  /**
   * ProcstreamResult:truncated: (getter get_truncated)
   *
   * Whether one of the outputs that were collected is not all of what was written.
   *
   * Since: 1.0
   */
  properties[PROP_TRUNCATED] = g_param_spec_boolean ("truncated", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamResult:input-error: (getter dup_input_error)
   *
   * Why the child was not given all of its [property@Procstream.Launcher:stdin-stream], or %NULL. One that
   * ended before it read everything has no such error.
   *
   * Since: 1.0
   */
  properties[PROP_INPUT_ERROR] = g_param_spec_boxed ("input-error", NULL, NULL, G_TYPE_ERROR, readable);
  /**
   * ProcstreamResult:file-error: (getter dup_file_error)
   *
   * What is wrong with a [property@Procstream.OutputConfig:file] that the library writes: the
   * first error in writing it, or %G_IO_ERROR_TIMED_OUT when not all of it was written in
   * the time that [property@Procstream.CompleteOptions:drain-timeout-ms] gives. %NULL where nothing is,
   * and where nobody waited for the whole child.
   *
   * Since: 1.0
   */
  properties[PROP_FILE_ERROR] = g_param_spec_boxed ("file-error", NULL, NULL, G_TYPE_ERROR, readable);
}

static void
procstream_result_class_init (ProcstreamResultClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_result_finalize;
  object_class->get_property = procstream_result_get_property;

  /**
   * ProcstreamResult:name: (getter get_name)
   *
   * The name of the child.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, readable);
  /**
   * ProcstreamResult:exit-code: (getter get_exit_code)
   *
   * What the program gave to `exit()`, 0 to 255, or -1 when it was killed by a
   * signal.
   *
   * It is -1 as well when the status is lost, because this program ignores `SIGCHLD`
   * and the kernel is older than Linux 6.15. On such kernels a child that was
   * reaped by another part of the program, with `waitpid (-1)` for one, cannot be
   * told from one that succeeded.
   *
   * Since: 1.0
   */
  properties[PROP_EXIT_CODE] = g_param_spec_int ("exit-code", NULL, NULL, -1, G_MAXINT, -1, readable);
  /**
   * ProcstreamResult:term-signal: (getter get_term_signal)
   *
   * The number of the signal that killed the process, or 0 when it exited.
   *
   * Since: 1.0
   */
  properties[PROP_TERM_SIGNAL] = g_param_spec_int ("term-signal", NULL, NULL, 0, G_MAXINT, 0, readable);
  /**
   * ProcstreamResult:success: (getter get_success)
   *
   * Whether the program exited with a status that means success: 0, or one that the launcher
   * names. It does not when it was ended because it took too long, was idle, wrote too much or
   * the wait for it was cancelled.
   *
   * Since: 1.0
   */
  properties[PROP_SUCCESS] = g_param_spec_boolean ("success", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamResult:duration-us: (getter get_duration_us)
   *
   * How long the program ran, in microseconds of the monotonic clock, counted from when its process was made.
   *
   * Since: 1.0
   */
  properties[PROP_DURATION_US] = g_param_spec_int64 ("duration-us", NULL, NULL, 0, G_MAXINT64, 0, readable);
  /**
   * ProcstreamResult:message: (getter get_message)
   *
   * One sentence for people: the name of the child, how it ended, after
   * what time and why. Where it did not succeed its last lines follow, if they were collected.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, readable);
  install_usage ();
  install_end ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_result_init (ProcstreamResult *self)
{
  self->exit_code = -1;
  self->phase = -1;
  self->attempts = g_list_store_new (PROCSTREAM_TYPE_SHUTDOWN_ATTEMPT);
  /* Languages can construct one of no child. */
  self->message = g_strdup ("This is the result of no child");
}

/**
 * procstream_result_get_message: (get-property message)
 * @self: a result
 *
 * Gets one sentence that tells how the child ended.
 *
 * Returns: (transfer none): the message
 *
 * Since: 1.0
 */
const char *
procstream_result_get_message (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->message;
}

/**
 * procstream_result_get_cause: (get-property cause)
 * @self: a result
 *
 * Gets why the child, or the waiting for it, came to its end.
 *
 * Returns: the cause
 *
 * Since: 1.0
 */
ProcstreamCause
procstream_result_get_cause (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), PROCSTREAM_CAUSE_NONE);

  return self->cause;
}

/**
 * procstream_result_get_running: (get-property running)
 * @self: a result
 *
 * Gets whether the process still ran.
 *
 * Returns: %TRUE when it ran
 *
 * Since: 1.0
 */
gboolean
procstream_result_get_running (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), FALSE);

  return self->running;
}

/**
 * procstream_result_get_phase: (get-property phase)
 * @self: a result
 *
 * Gets the phase that its shutdown had reached.
 *
 * Returns: the phase, counted from 0, or -1
 *
 * Since: 1.0
 */
int
procstream_result_get_phase (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), -1);

  return self->phase;
}

/**
 * procstream_result_get_attempts: (get-property attempts)
 * @self: a result
 *
 * Gets what was done to end the child.
 *
 * Returns: (transfer none): a list of [class@Procstream.ShutdownAttempt]
 *
 * Since: 1.0
 */
GListModel *
procstream_result_get_attempts (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return G_LIST_MODEL (self->attempts);
}

/**
 * procstream_result_get_stdout: (get-property stdout)
 * @self: a result
 *
 * Gets what the child wrote to its standard output.
 *
 * Returns: (transfer none) (nullable): the capture, or %NULL where that was not collected
 *
 * Since: 1.0
 */
ProcstreamCapture *
procstream_result_get_stdout (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->captures[0];
}

/**
 * procstream_result_get_stderr: (get-property stderr)
 * @self: a result
 *
 * Gets what the child wrote to its standard error.
 *
 * Returns: (transfer none) (nullable): the capture, or %NULL where that was not collected
 *
 * Since: 1.0
 */
ProcstreamCapture *
procstream_result_get_stderr (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->captures[1];
}

/**
 * procstream_result_get_tail: (get-property tail)
 * @self: a result
 *
 * Gets the last lines that the child wrote.
 *
 * Returns: (transfer none) (nullable): the lines, or %NULL
 *
 * Since: 1.0
 */
const char *
procstream_result_get_tail (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->tail;
}

/**
 * procstream_result_get_truncated: (get-property truncated)
 * @self: a result
 *
 * Gets whether an output that was collected is not all of what was written.
 *
 * Returns: %TRUE when something is missing
 *
 * Since: 1.0
 */
gboolean
procstream_result_get_truncated (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), FALSE);

  for (guint i = 0; i < 2; i++)
    if (self->captures[i] && procstream_capture_get_truncated (self->captures[i]))
      return TRUE;
  return FALSE;
}

/**
 * procstream_result_dup_file_error: (get-property file-error)
 * @self: a result
 *
 * Gets what is wrong with a file that an output goes to as well.
 *
 * Returns: (transfer full) (nullable): the error, or %NULL
 *
 * Since: 1.0
 */
GError *
procstream_result_dup_file_error (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->file_error ? g_error_copy (self->file_error) : NULL;
}

static char *
get_text (ProcstreamResult *self,
          guint             i)
{
  return self->captures[i] ? g_strdup (procstream_capture_get_text (self->captures[i])) : NULL;
}

/**
 * procstream_result_dup_input_error: (get-property input-error)
 * @self: a result
 *
 * Gets why the child was not given all of its input.
 *
 * Returns: (transfer full) (nullable): the error of the stream that fed it, or %NULL
 *
 * Since: 1.0
 */
GError *
procstream_result_dup_input_error (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return self->input_error ? g_error_copy (self->input_error) : NULL;
}

/**
 * procstream_result_dup_stdout_text:
 * @self: a result
 *
 * Gets the text of what the child wrote to its standard output; see
 * [property@Procstream.Capture:text].
 *
 * Returns: (transfer full) (nullable): the text, or %NULL where that was not collected
 *
 * Since: 1.0
 */
char *
procstream_result_dup_stdout_text (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return get_text (self, 0);
}

/**
 * procstream_result_dup_stderr_text:
 * @self: a result
 *
 * Gets the text of what the child wrote to its standard error.
 *
 * Returns: (transfer full) (nullable): the text, or %NULL where that was not collected
 *
 * Since: 1.0
 */
char *
procstream_result_dup_stderr_text (ProcstreamResult *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), NULL);

  return get_text (self, 1);
}

static char *
make_cut_message (ProcstreamResult *self)
{
  static const char *const names[] = { "stdout", "stderr" };
  g_autoptr (GPtrArray) reasons = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *missing = NULL;

  for (guint i = 0; i < 2; i++)
    {
      char *reason = self->captures[i] ? procstream_capture_describe_missing (self->captures[i], names[i]) : NULL;

      if (reason)
        g_ptr_array_add (reasons, reason);
    }
  g_ptr_array_add (reasons, NULL);
  missing = g_strjoinv ("; ", (char **) reasons->pdata);
  return g_strdup_printf ("%s, but what is known of its output is not all of it: %s", self->message, missing);
}

/**
 * procstream_result_check:
 * @self: a result
 * @error: return location for an error
 *
 * Turns a result that is no success into an error, which carries the result: see
 * [func@Procstream.ChildError.get_result]. A success whose output is not complete, here or in
 * its file, is an error as well, unless the options of the wait allow it; one whose file could
 * not be written always is. The message tells what is missing, and why.
 *
 * Returns: %TRUE, or %FALSE with %PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL,
 *   %PROCSTREAM_CHILD_ERROR_INPUT_CUT or %PROCSTREAM_CHILD_ERROR_OUTPUT_CUT, or with
 *   the error that kept it from starting
 *
 * Since: 1.0
 */
gboolean
procstream_result_check (ProcstreamResult *self,
                         GError          **error)
{
  gboolean         file_late;
  g_autofree char *message = NULL;

  g_return_val_if_fail (PROCSTREAM_IS_RESULT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->start_error)
    {
      g_propagate_error (error, g_error_copy (self->start_error));
      return FALSE;
    }
  if (!self->success)
    {
      g_propagate_error (error, procstream_child_error_new_with_result (PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL, self->message, self));
      return FALSE;
    }
  if (self->input_error)
    {
      message = g_strdup_printf ("%s, but was not given all of its input: %s", self->message, self->input_error->message);
      g_propagate_error (error, procstream_child_error_new_with_result (PROCSTREAM_CHILD_ERROR_INPUT_CUT, message, self));
      return FALSE;
    }
  file_late = g_error_matches (self->file_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  if (self->file_error && !(file_late && self->cut_allowed))
    message = g_strdup_printf ("%s, but its output is not all in its file: %s", self->message, self->file_error->message);
  else if (!self->cut_allowed && procstream_result_get_truncated (self))
    message = make_cut_message (self);
  else
    return TRUE;
  g_propagate_error (error, procstream_child_error_new_with_result (PROCSTREAM_CHILD_ERROR_OUTPUT_CUT, message, self));
  return FALSE;
}
