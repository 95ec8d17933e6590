/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-shutdown.h"

#include "procstream-shutdown-private.h"

#include <signal.h>

/**
 * ProcstreamShutdown:
 *
 * How a child is brought to its end: gently first, then with force.
 *
 * A shutdown is a list of phases. In each something is done: standard input is closed,
 * bytes are written to it, or a signal is sent to the leader or to the whole group. Then
 * the child has a grace, which is an upper bound: it is over as soon as the child, and all of its
 * group, is gone. After the last phase comes `SIGKILL`, always.
 *
 * ```c
 * g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new ();
 *
 * procstream_shutdown_add_close_stdin (shutdown, 2000);
 * procstream_shutdown_add_signal (shutdown, SIGTERM, PROCSTREAM_SIGNAL_TARGET_GROUP, 5000);
 * ```
 *
 * With a grace of 0 the next phase follows at once, for certain, whatever the child
 * does.
 *
 * A process that is stopped is continued when it is sent a signal, since it
 * could not act on it otherwise.
 *
 * Nothing is checked when a phase is added. Whatever uses a shutdown refuses one that
 * makes no sense with %G_IO_ERROR_INVALID_ARGUMENT, as [method@Procstream.Shutdown.check]
 * does.
 *
 * A shutdown may be used for any number of children, and takes effect as it is when it
 * is used. Build it in one thread; it may be used in any thread meanwhile.
 *
 * Since: 1.0
 */

/*
 * A list of phases that never change; what checks and uses it is in procstream-shutdown-plan.c.
 *
 * Whoever ends something may do so in any thread, while phases are added in that of the owner, and a list model may not even be read by two
 * threads at once. So the phases are in an array as well, which mutex protects, together with kill_timeout_ms. shown is what the
 * owner sees of it, and the owner's alone.
 */
struct _ProcstreamShutdown
{
  GObject parent_instance;

  GListStore *shown;   /* of ProcstreamShutdownPhase */
  gboolean    is_kill; /* it is meant to have no phases */

  GMutex     mutex;
  GPtrArray *phases; /* of owned ProcstreamShutdownPhase */
  gint64     kill_timeout_ms;
};

G_DEFINE_FINAL_TYPE (ProcstreamShutdown, procstream_shutdown, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_KILL_TIMEOUT_MS,
  PROP_PHASES,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
procstream_shutdown_finalize (GObject *object)
{
  ProcstreamShutdown *self = PROCSTREAM_SHUTDOWN (object);

  g_clear_object (&self->shown);
  g_ptr_array_unref (self->phases);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (procstream_shutdown_parent_class)->finalize (object);
}

static void
procstream_shutdown_get_property (GObject    *object,
                                  guint       property_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  ProcstreamShutdown *self = PROCSTREAM_SHUTDOWN (object);

  switch (property_id)
    {
    case PROP_KILL_TIMEOUT_MS:
      g_value_set_int64 (value, procstream_shutdown_get_kill_timeout_ms (self));
      break;
    case PROP_PHASES:
      g_value_set_object (value, self->shown);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_shutdown_set_property (GObject      *object,
                                  guint         property_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  ProcstreamShutdown *self = PROCSTREAM_SHUTDOWN (object);

  switch (property_id)
    {
    case PROP_KILL_TIMEOUT_MS:
      procstream_shutdown_set_kill_timeout_ms (self, g_value_get_int64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_shutdown_class_init (ProcstreamShutdownClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = procstream_shutdown_finalize;
  object_class->get_property = procstream_shutdown_get_property;
  object_class->set_property = procstream_shutdown_set_property;

  /**
   * ProcstreamShutdown:kill-timeout-ms: (getter get_kill_timeout_ms) (setter set_kill_timeout_ms)
   *
   * How long the final kill may take, at most, in milliseconds, until what is
   * still there is reported as an error. The default is
   * %PROCSTREAM_DEFAULT_KILL_TIMEOUT_MS.
   *
   * Since: 1.0
   */
  properties[PROP_KILL_TIMEOUT_MS] = g_param_spec_int64 ("kill-timeout-ms", NULL, NULL, G_MININT64, G_MAXINT64,
                                                         PROCSTREAM_DEFAULT_KILL_TIMEOUT_MS,
                                                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * ProcstreamShutdown:phases: (getter get_phases)
   *
   * The phases, without the final kill: a list of
   * [class@Procstream.ShutdownPhase].
   *
   * Since: 1.0
   */
  properties[PROP_PHASES] = g_param_spec_object ("phases", NULL, NULL, G_TYPE_LIST_MODEL,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_shutdown_init (ProcstreamShutdown *self)
{
  g_mutex_init (&self->mutex);
  self->shown = g_list_store_new (PROCSTREAM_TYPE_SHUTDOWN_PHASE);
  self->phases = g_ptr_array_new_with_free_func (g_object_unref);
  self->kill_timeout_ms = PROCSTREAM_DEFAULT_KILL_TIMEOUT_MS;
}

/* --- Constructors ------------------------------------------------------------------------------------------------------------- */

/**
 * procstream_shutdown_new:
 *
 * Makes a shutdown without phases, which are to be added. It is refused as long as it
 * has none; see [ctor@Procstream.Shutdown.new_kill].
 *
 * Returns: (transfer full): a new shutdown
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_shutdown_new (void)
{
  return g_object_new (PROCSTREAM_TYPE_SHUTDOWN, NULL);
}

/**
 * procstream_shutdown_new_default:
 *
 * Makes the shutdown that is used where none is given: `SIGTERM` to the group,
 * a grace of %PROCSTREAM_DEFAULT_GRACE_MS, then the kill.
 *
 * Returns: (transfer full): a new shutdown
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_shutdown_new_default (void)
{
  return procstream_shutdown_new_terminate (PROCSTREAM_DEFAULT_GRACE_MS);
}

static ProcstreamShutdown *
new_signal (int    signum,
            gint64 grace_ms)
{
  ProcstreamShutdown *self = procstream_shutdown_new ();

  procstream_shutdown_add_signal (self, signum, PROCSTREAM_SIGNAL_TARGET_GROUP, grace_ms);
  return self;
}

/**
 * procstream_shutdown_new_terminate:
 * @grace_ms: how long the child has to end after the signal, in milliseconds
 *
 * Makes a shutdown of one phase: `SIGTERM` to the group. Then comes the kill.
 *
 * Returns: (transfer full): a new shutdown
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_shutdown_new_terminate (gint64 grace_ms)
{
  return new_signal (SIGTERM, grace_ms);
}

/**
 * procstream_shutdown_new_interrupt:
 * @grace_ms: how long the child has to end after the signal, in milliseconds
 *
 * Makes a shutdown of one phase: `SIGINT` to the group, as Ctrl-C does. Then
 * comes the kill.
 *
 * Returns: (transfer full): a new shutdown
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_shutdown_new_interrupt (gint64 grace_ms)
{
  return new_signal (SIGINT, grace_ms);
}

/**
 * procstream_shutdown_new_interrupt_terminate:
 * @interrupt_grace_ms: how long the child has to end after `SIGINT`, in
 *   milliseconds
 * @terminate_grace_ms: how long it has after `SIGTERM`, in milliseconds
 *
 * Makes a shutdown of two phases: `SIGINT`, then `SIGTERM`, to the group. Then
 * comes the kill.
 *
 * Returns: (transfer full): a new shutdown
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_shutdown_new_interrupt_terminate (gint64 interrupt_grace_ms,
                                             gint64 terminate_grace_ms)
{
  ProcstreamShutdown *self = procstream_shutdown_new_interrupt (interrupt_grace_ms);

  procstream_shutdown_add_signal (self, SIGTERM, PROCSTREAM_SIGNAL_TARGET_GROUP, terminate_grace_ms);
  return self;
}

/**
 * procstream_shutdown_new_kill:
 *
 * Makes a shutdown that has no phases on purpose: `SIGKILL` at once.
 *
 * Returns: (transfer full): a new shutdown
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_shutdown_new_kill (void)
{
  ProcstreamShutdown *self = procstream_shutdown_new ();

  self->is_kill = TRUE;
  return self;
}

gboolean
procstream_shutdown_is_kill (ProcstreamShutdown *self)
{
  return self->is_kill;
}

/* --- Properties --------------------------------------------------------------------------------------------------------------- */

/**
 * procstream_shutdown_get_kill_timeout_ms: (get-property kill-timeout-ms)
 * @self: a shutdown
 *
 * Gets how long the final kill may take.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
gint64
procstream_shutdown_get_kill_timeout_ms (ProcstreamShutdown *self)
{
  gint64 kill_timeout_ms;

  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN (self), 0);

  g_mutex_lock (&self->mutex);
  kill_timeout_ms = self->kill_timeout_ms;
  g_mutex_unlock (&self->mutex);
  return kill_timeout_ms;
}

/**
 * procstream_shutdown_set_kill_timeout_ms: (set-property kill-timeout-ms)
 * @self: a shutdown
 * @kill_timeout_ms: milliseconds, more than 0
 *
 * Sets how long the final kill may take.
 *
 * Since: 1.0
 */
void
procstream_shutdown_set_kill_timeout_ms (ProcstreamShutdown *self,
                                         gint64              kill_timeout_ms)
{
  gboolean changed;

  g_return_if_fail (PROCSTREAM_IS_SHUTDOWN (self));

  g_mutex_lock (&self->mutex);
  changed = self->kill_timeout_ms != kill_timeout_ms;
  self->kill_timeout_ms = kill_timeout_ms;
  g_mutex_unlock (&self->mutex);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KILL_TIMEOUT_MS]);
}

/**
 * procstream_shutdown_get_phases: (get-property phases)
 * @self: a shutdown
 *
 * Gets the phases, without the final kill.
 *
 * Returns: (transfer none): a list of [class@Procstream.ShutdownPhase]
 *
 * Since: 1.0
 */
GListModel *
procstream_shutdown_get_phases (ProcstreamShutdown *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN (self), NULL);

  return G_LIST_MODEL (self->shown);
}

/**
 * procstream_shutdown_get_total_ms:
 * @self: a shutdown
 *
 * Computes how long the whole shutdown may take, at most: all graces, and
 * [property@Procstream.Shutdown:kill-timeout-ms].
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
gint64
procstream_shutdown_get_total_ms (ProcstreamShutdown *self)
{
  g_autoptr (GPtrArray) phases = NULL;
  gint64 total;

  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN (self), 0);

  phases = procstream_shutdown_dup_phases (self, &total);
  for (guint i = 0; i < phases->len; i++)
    total += procstream_shutdown_phase_get_grace_ms (g_ptr_array_index (phases, i));
  return total;
}

static gpointer
ref_cb (gconstpointer phase,
        gpointer      user_data)
{
  return g_object_ref ((gpointer) phase);
}

GPtrArray *
procstream_shutdown_dup_phases (ProcstreamShutdown *self,
                                gint64             *kill_timeout_ms)
{
  GPtrArray *phases;

  g_mutex_lock (&self->mutex);
  phases = g_ptr_array_copy (self->phases, ref_cb, NULL);
  *kill_timeout_ms = self->kill_timeout_ms;
  g_mutex_unlock (&self->mutex);
  return phases;
}

/* --- Phases ------------------------------------------------------------------------------------------------------------------- */

static void
add (ProcstreamShutdown          *self,
     const ProcstreamShutdownStep step)
{
  g_autoptr (ProcstreamShutdownPhase) phase = procstream_shutdown_phase_new (&step);

  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->phases, g_object_ref (phase));
  g_mutex_unlock (&self->mutex);
  g_list_store_append (self->shown, phase);
}

/**
 * procstream_shutdown_add_close_stdin:
 * @self: a shutdown
 * @grace_ms: how long the child has to end after that, at most, in milliseconds
 *
 * Adds a phase that closes the standard input of the child. What was written
 * before comes first. For a child whose standard input is no pipe of this library the
 * phase is skipped.
 *
 * Since: 1.0
 */
void
procstream_shutdown_add_close_stdin (ProcstreamShutdown *self,
                                     gint64              grace_ms)
{
  g_return_if_fail (PROCSTREAM_IS_SHUTDOWN (self));

  add (self, (ProcstreamShutdownStep){ .action = PROCSTREAM_SHUTDOWN_ACTION_CLOSE_STDIN, .grace_ms = grace_ms });
}

/**
 * procstream_shutdown_add_write:
 * @self: a shutdown
 * @bytes: what to write, such as `quit\n`
 * @grace_ms: how long the child has to end after that, at most, in milliseconds
 *
 * Adds a phase that writes to the standard input of the child. For a child whose
 * standard input is no pipe of this library, or is closed, the phase is skipped.
 *
 * Since: 1.0
 */
void
procstream_shutdown_add_write (ProcstreamShutdown *self,
                               GBytes             *bytes,
                               gint64              grace_ms)
{
  g_return_if_fail (PROCSTREAM_IS_SHUTDOWN (self));
  g_return_if_fail (bytes != NULL);

  add (self, (ProcstreamShutdownStep){ .action = PROCSTREAM_SHUTDOWN_ACTION_WRITE, .bytes = bytes, .grace_ms = grace_ms });
}

/**
 * procstream_shutdown_add_signal:
 * @self: a shutdown
 * @signum: a signal number, such as `SIGTERM`
 * @target: whom it is sent to
 * @grace_ms: how long the child has to end after that, at most, in milliseconds
 *
 * Adds a phase that sends a signal.
 *
 * Since: 1.0
 */
void
procstream_shutdown_add_signal (ProcstreamShutdown    *self,
                                int                    signum,
                                ProcstreamSignalTarget target,
                                gint64                 grace_ms)
{
  g_return_if_fail (PROCSTREAM_IS_SHUTDOWN (self));

  add (self, (ProcstreamShutdownStep){
                 .action = PROCSTREAM_SHUTDOWN_ACTION_SIGNAL,
                 .signum = signum,
                 .target = target,
                 .grace_ms = grace_ms,
             });
}

/**
 * procstream_shutdown_to_string:
 * @self: a shutdown
 *
 * Describes the shutdown for people, such as `SIGINT 2000 ms, SIGTERM 5000 ms,
 * SIGKILL`.
 *
 * Returns: (transfer full): the description
 *
 * Since: 1.0
 */
char *
procstream_shutdown_to_string (ProcstreamShutdown *self)
{
  g_autoptr (GPtrArray) phases = NULL;
  GString *text;
  gint64   kill_timeout_ms;

  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN (self), NULL);

  phases = procstream_shutdown_dup_phases (self, &kill_timeout_ms);
  text = g_string_new (NULL);
  for (guint i = 0; i < phases->len; i++)
    {
      ProcstreamShutdownPhase *phase = g_ptr_array_index (phases, i);
      g_autofree char         *name = procstream_shutdown_phase_to_string (phase);

      g_string_append_printf (text, "%s %" G_GINT64_FORMAT " ms, ", name, procstream_shutdown_phase_get_grace_ms (phase));
    }
  g_string_append (text, "SIGKILL");
  return g_string_free (text, FALSE);
}
