/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-shutdown-phase.h"

#include "procstream-enum-types.h"
#include "procstream-shutdown-private.h"

/**
 * ProcstreamShutdownPhase:
 *
 * One phase of a [class@Procstream.Shutdown]: what is done, and how long the child
 * has to end after it.
 *
 * A phase never changes, so it may be kept and read in any thread.
 *
 * Since: 1.0
 */

/* Everything is set in the constructor and never again. */
struct _ProcstreamShutdownPhase
{
  GObject parent_instance;

  ProcstreamShutdownStep step;
};

G_DEFINE_FINAL_TYPE (ProcstreamShutdownPhase, procstream_shutdown_phase, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ACTION,
  PROP_SIGNUM,
  PROP_TARGET,
  PROP_BYTES,
  PROP_GRACE_MS,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

ProcstreamShutdownPhase *
procstream_shutdown_phase_new (const ProcstreamShutdownStep *step)
{
  ProcstreamShutdownPhase *self = g_object_new (PROCSTREAM_TYPE_SHUTDOWN_PHASE, NULL);

  procstream_shutdown_step_copy (step, &self->step);
  return self;
}

static void
procstream_shutdown_phase_finalize (GObject *object)
{
  ProcstreamShutdownPhase *self = PROCSTREAM_SHUTDOWN_PHASE (object);

  procstream_shutdown_step_clear (&self->step);
  G_OBJECT_CLASS (procstream_shutdown_phase_parent_class)->finalize (object);
}

static void
procstream_shutdown_phase_get_property (GObject    *object,
                                        guint       property_id,
                                        GValue     *value,
                                        GParamSpec *pspec)
{
  ProcstreamShutdownPhase *self = PROCSTREAM_SHUTDOWN_PHASE (object);

  switch (property_id)
    {
    case PROP_ACTION:
      g_value_set_enum (value, self->step.action);
      break;
    case PROP_SIGNUM:
      g_value_set_int (value, self->step.signum);
      break;
    case PROP_TARGET:
      g_value_set_enum (value, self->step.target);
      break;
    case PROP_BYTES:
      g_value_set_boxed (value, self->step.bytes);
      break;
    case PROP_GRACE_MS:
      g_value_set_int64 (value, self->step.grace_ms);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_shutdown_phase_class_init (ProcstreamShutdownPhaseClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_shutdown_phase_finalize;
  object_class->get_property = procstream_shutdown_phase_get_property;

  /**
   * ProcstreamShutdownPhase:action: (getter get_action)
   *
   * What is done.
   *
   * Since: 1.0
   */
  properties[PROP_ACTION] = g_param_spec_enum ("action", NULL, NULL, PROCSTREAM_TYPE_SHUTDOWN_ACTION,
                                               PROCSTREAM_SHUTDOWN_ACTION_UNSET, readable);
  /**
   * ProcstreamShutdownPhase:signum: (getter get_signum)
   *
   * The number of the signal that is sent, or 0 where none is.
   *
   * Since: 1.0
   */
  properties[PROP_SIGNUM] = g_param_spec_int ("signum", NULL, NULL, G_MININT, G_MAXINT, 0, readable);
  /**
   * ProcstreamShutdownPhase:target: (getter get_target)
   *
   * Whom the signal is sent to; unset where none is.
   *
   * Since: 1.0
   */
  properties[PROP_TARGET] = g_param_spec_enum ("target", NULL, NULL, PROCSTREAM_TYPE_SIGNAL_TARGET,
                                               PROCSTREAM_SIGNAL_TARGET_UNSET, readable);
  /**
   * ProcstreamShutdownPhase:bytes: (getter get_bytes)
   *
   * What is written to the standard input, or %NULL where nothing is.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES] = g_param_spec_boxed ("bytes", NULL, NULL, G_TYPE_BYTES, readable);
  /**
   * ProcstreamShutdownPhase:grace-ms: (getter get_grace_ms)
   *
   * How long the child has to end after this, at most, in milliseconds. 0: the
   * next phase follows at once and for certain.
   *
   * Since: 1.0
   */
  properties[PROP_GRACE_MS] = g_param_spec_int64 ("grace-ms", NULL, NULL, G_MININT64, G_MAXINT64, 0, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_shutdown_phase_init (ProcstreamShutdownPhase *self)
{
}

/**
 * procstream_shutdown_phase_get_action: (get-property action)
 * @self: a phase
 *
 * Gets what is done.
 *
 * Returns: the action
 *
 * Since: 1.0
 */
ProcstreamShutdownAction
procstream_shutdown_phase_get_action (ProcstreamShutdownPhase *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_PHASE (self), PROCSTREAM_SHUTDOWN_ACTION_UNSET);

  return self->step.action;
}

/**
 * procstream_shutdown_phase_get_signum: (get-property signum)
 * @self: a phase
 *
 * Gets the signal that is sent.
 *
 * Returns: a signal number, or 0
 *
 * Since: 1.0
 */
int
procstream_shutdown_phase_get_signum (ProcstreamShutdownPhase *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_PHASE (self), 0);

  return self->step.signum;
}

/**
 * procstream_shutdown_phase_get_target: (get-property target)
 * @self: a phase
 *
 * Gets whom the signal is sent to.
 *
 * Returns: the target, unset where no signal is sent
 *
 * Since: 1.0
 */
ProcstreamSignalTarget
procstream_shutdown_phase_get_target (ProcstreamShutdownPhase *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_PHASE (self), PROCSTREAM_SIGNAL_TARGET_UNSET);

  return self->step.target;
}

/**
 * procstream_shutdown_phase_get_bytes: (get-property bytes)
 * @self: a phase
 *
 * Gets what is written to the standard input.
 *
 * Returns: (transfer none) (nullable): the bytes, or %NULL where nothing is written
 *
 * Since: 1.0
 */
GBytes *
procstream_shutdown_phase_get_bytes (ProcstreamShutdownPhase *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_PHASE (self), NULL);

  return self->step.bytes;
}

/**
 * procstream_shutdown_phase_get_grace_ms: (get-property grace-ms)
 * @self: a phase
 *
 * Gets how long the child has to end after this.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
gint64
procstream_shutdown_phase_get_grace_ms (ProcstreamShutdownPhase *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_PHASE (self), 0);

  return self->step.grace_ms;
}

/**
 * procstream_shutdown_phase_to_string:
 * @self: a phase
 *
 * Describes the phase for people, such as `SIGTERM`, `close stdin` or
 * `SIGINT to the leader`.
 *
 * Returns: (transfer full): the description
 *
 * Since: 1.0
 */
char *
procstream_shutdown_phase_to_string (ProcstreamShutdownPhase *self)
{
  g_autofree char *name = NULL;

  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN_PHASE (self), NULL);

  switch (self->step.action)
    {
    case PROCSTREAM_SHUTDOWN_ACTION_CLOSE_STDIN:
      return g_strdup ("close stdin");
    case PROCSTREAM_SHUTDOWN_ACTION_WRITE:
      return g_strdup_printf ("write %" G_GSIZE_FORMAT " bytes to stdin", g_bytes_get_size (self->step.bytes));
    case PROCSTREAM_SHUTDOWN_ACTION_SIGNAL:
    case PROCSTREAM_SHUTDOWN_ACTION_KILL:
      name = procstream_signal_name (self->step.signum);
      return g_strdup_printf ("%s%s", name, self->step.target == PROCSTREAM_SIGNAL_TARGET_LEADER ? " to the leader" : "");
    default:
      return g_strdup ("unset");
    }
}
