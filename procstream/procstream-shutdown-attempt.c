/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-shutdown-attempt.h"

#include "procstream-enum-types.h"
#include "procstream-shutdown-private.h"

/**
 * ProcstreamShutdownAttempt:
 *
 * One thing that was done to end a child, and what the system answered.
 *
 * An attempt never changes, so it may be kept and read in any thread.
 *
 * Since: 1.0
 */

/* Everything is set in the constructor and never again. */
struct _ProcstreamShutdownAttempt
{
  GObject parent_instance;

  ProcstreamShutdownTry facts;
};

G_DEFINE_FINAL_TYPE (ProcstreamShutdownAttempt, procstream_shutdown_attempt, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ACTION,
  PROP_SIGNUM,
  PROP_PHASE,
  PROP_ROUND,
  PROP_ERROR_NUMBER,
  PROP_TIME_US,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

ProcstreamShutdownAttempt *
procstream_shutdown_attempt_new (const ProcstreamShutdownTry *try_)
{
  ProcstreamShutdownAttempt *self = g_object_new (PROCSTREAM_TYPE_SHUTDOWN_ATTEMPT, NULL);

  self->facts = *try_;
  return self;
}

static void
procstream_shutdown_attempt_get_property (GObject    *object,
                                          guint       property_id,
                                          GValue     *value,
                                          GParamSpec *pspec)
{
  ProcstreamShutdownAttempt *self = PROCSTREAM_SHUTDOWN_ATTEMPT (object);

  switch (property_id)
    {
    case PROP_ACTION:
      g_value_set_enum (value, self->facts.action);
      break;
    case PROP_SIGNUM:
      g_value_set_int (value, self->facts.signum);
      break;
    case PROP_PHASE:
      g_value_set_uint (value, self->facts.phase);
      break;
    case PROP_ROUND:
      g_value_set_uint (value, self->facts.round);
      break;
    case PROP_ERROR_NUMBER:
      g_value_set_int (value, self->facts.errsv);
      break;
    case PROP_TIME_US:
      g_value_set_int64 (value, self->facts.time_us);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_shutdown_attempt_class_init (ProcstreamShutdownAttemptClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = procstream_shutdown_attempt_get_property;

  /**
   * ProcstreamShutdownAttempt:action: (getter get_action)
   *
   * What was done.
   *
   * Since: 1.0
   */
  properties[PROP_ACTION] = g_param_spec_enum ("action", NULL, NULL, PROCSTREAM_TYPE_SHUTDOWN_ACTION,
                                               PROCSTREAM_SHUTDOWN_ACTION_UNSET, readable);
  /**
   * ProcstreamShutdownAttempt:signum: (getter get_signum)
   *
   * The number of the signal, or 0.
   *
   * Since: 1.0
   */
  properties[PROP_SIGNUM] = g_param_spec_int ("signum", NULL, NULL, 0, G_MAXINT, 0, readable);
  /**
   * ProcstreamShutdownAttempt:phase: (getter get_phase)
   *
   * In which phase it was done, counted from 0; the kill is the last.
   *
   * Since: 1.0
   */
  properties[PROP_PHASE] = g_param_spec_uint ("phase", NULL, NULL, 0, G_MAXUINT, 0, readable);
  /**
   * ProcstreamShutdownAttempt:round: (getter get_round)
   *
   * The how-manieth kill it was, counted from 1; 0 in other phases.
   *
   * Since: 1.0
   */
  properties[PROP_ROUND] = g_param_spec_uint ("round", NULL, NULL, 0, G_MAXUINT, 0, readable);
  /**
   * ProcstreamShutdownAttempt:error-number: (getter get_error_number)
   *
   * The `errno` that the system answered with, or 0 when it was done.
   *
   * Since: 1.0
   */
  properties[PROP_ERROR_NUMBER] = g_param_spec_int ("error-number", NULL, NULL, 0, G_MAXINT, 0, readable);
  /**
   * ProcstreamShutdownAttempt:time-us: (getter get_time_us)
   *
   * When it was done, in microseconds since the shutdown began.
   *
   * Since: 1.0
   */
  properties[PROP_TIME_US] = g_param_spec_int64 ("time-us", NULL, NULL, 0, G_MAXINT64, 0, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_shutdown_attempt_init (ProcstreamShutdownAttempt *self)
{
}

/**
 * procstream_shutdown_attempt_get_action: (get-property action)
 * @self: an attempt
 *
 * Gets what was done.
 *
 * Returns: the action
 *
 * Since: 1.0
 */
ProcstreamShutdownAction
procstream_shutdown_attempt_get_action (ProcstreamShutdownAttempt *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_ATTEMPT (self), PROCSTREAM_SHUTDOWN_ACTION_UNSET);

  return self->facts.action;
}

/**
 * procstream_shutdown_attempt_get_signum: (get-property signum)
 * @self: an attempt
 *
 * Gets the signal that was sent.
 *
 * Returns: a signal number, or 0
 *
 * Since: 1.0
 */
int
procstream_shutdown_attempt_get_signum (ProcstreamShutdownAttempt *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_ATTEMPT (self), 0);

  return self->facts.signum;
}

/**
 * procstream_shutdown_attempt_get_phase: (get-property phase)
 * @self: an attempt
 *
 * Gets in which phase it was done.
 *
 * Returns: the phase, counted from 0
 *
 * Since: 1.0
 */
guint
procstream_shutdown_attempt_get_phase (ProcstreamShutdownAttempt *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_ATTEMPT (self), 0);

  return self->facts.phase;
}

/**
 * procstream_shutdown_attempt_get_round: (get-property round)
 * @self: an attempt
 *
 * Gets the how-manieth kill it was.
 *
 * Returns: the round, counted from 1, or 0 in other phases
 *
 * Since: 1.0
 */
guint
procstream_shutdown_attempt_get_round (ProcstreamShutdownAttempt *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_ATTEMPT (self), 0);

  return self->facts.round;
}

/**
 * procstream_shutdown_attempt_get_error_number: (get-property error-number)
 * @self: an attempt
 *
 * Gets what the system answered.
 *
 * Returns: an `errno`, or 0 when it was done
 *
 * Since: 1.0
 */
int
procstream_shutdown_attempt_get_error_number (ProcstreamShutdownAttempt *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_ATTEMPT (self), 0);

  return self->facts.errsv;
}

/**
 * procstream_shutdown_attempt_get_time_us: (get-property time-us)
 * @self: an attempt
 *
 * Gets when it was done.
 *
 * Returns: microseconds since the shutdown began
 *
 * Since: 1.0
 */
gint64
procstream_shutdown_attempt_get_time_us (ProcstreamShutdownAttempt *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_ATTEMPT (self), 0);

  return self->facts.time_us;
}

/**
 * procstream_shutdown_attempt_to_string:
 * @self: an attempt
 *
 * Describes the attempt for people, such as `SIGTERM after 0.0 s: done`.
 *
 * Returns: (transfer full): the description
 *
 * Since: 1.0
 */
char *
procstream_shutdown_attempt_to_string (ProcstreamShutdownAttempt *self)
{
  g_autofree char *what = NULL;

  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_ATTEMPT (self), NULL);

  if (self->facts.signum)
    what = procstream_signal_name (self->facts.signum);
  else
    what = g_strdup (self->facts.action == PROCSTREAM_SHUTDOWN_ACTION_WRITE ? "write to stdin" : "close stdin");
  return g_strdup_printf ("%s after %.1f s: %s", what, (double) self->facts.time_us / G_USEC_PER_SEC,
                          self->facts.errsv ? g_strerror (self->facts.errsv) : "done");
}
