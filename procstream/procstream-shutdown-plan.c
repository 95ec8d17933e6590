/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-shutdown-private.h"

#include <signal.h>
#include <string.h>

/*
 * A shutdown on its way from the object that a program builds, and may go on changing, to the threads below: checked, and copied
 * into data that nobody changes. No GObject goes there: one that a language wraps must be let go of in the thread of its owner.
 */

void
procstream_shutdown_step_copy (const ProcstreamShutdownStep *self,
                               ProcstreamShutdownStep       *copy)
{
  *copy = *self;
  if (copy->bytes)
    g_bytes_ref (copy->bytes);
}

void
procstream_shutdown_step_clear (gpointer step)
{
  ProcstreamShutdownStep *self = step;

  g_clear_pointer (&self->bytes, g_bytes_unref);
}

char *
procstream_signal_name (int signum)
{
  const char *abbreviation = sigabbrev_np (signum);

  return abbreviation ? g_strdup_printf ("SIG%s", abbreviation) : g_strdup_printf ("%d", signum);
}

/* --- Checking ----------------------------------------------------------------------------------------------------------------- */

static gboolean
refuse_phase (GError    **error,
              guint       number,
              const char *reason)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Phase %u of the shutdown %s", number, reason);
  return FALSE;
}

static gboolean
check_phase (ProcstreamShutdownPhase *phase,
             guint                    number,
             GError                 **error)
{
  gint64 grace_ms = procstream_shutdown_phase_get_grace_ms (phase);
  int    signum = procstream_shutdown_phase_get_signum (phase);

  if (grace_ms < 0)
    return refuse_phase (error, number, "has a negative grace");
  if (grace_ms > G_MAXINT)
    return refuse_phase (error, number, "has a grace of more than 24 days");
  if (procstream_shutdown_phase_get_action (phase) != PROCSTREAM_SHUTDOWN_ACTION_SIGNAL)
    return TRUE;
  if (signum <= 0 || signum >= NSIG)
    return refuse_phase (error, number, "has a signal that does not exist");
  if (procstream_shutdown_phase_get_target (phase) <= PROCSTREAM_SIGNAL_TARGET_UNSET ||
      procstream_shutdown_phase_get_target (phase) > PROCSTREAM_SIGNAL_TARGET_GROUP)
    return refuse_phase (error, number, "does not say whether its signal is for the leader or the group");
  return TRUE;
}

static gboolean
refuse (GError    **error,
        const char *message)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static gboolean
check (ProcstreamShutdown *self,
       GPtrArray          *phases,
       gint64              kill_timeout_ms,
       GError            **error)
{
  if (phases->len == 0 && !procstream_shutdown_is_kill (self))
    return refuse (error, "The shutdown has no phase before the kill; one that only kills is made on purpose");
  if (kill_timeout_ms <= 0 || kill_timeout_ms > G_MAXINT)
    return refuse (error, "The property “kill-timeout-ms” of the shutdown must be more than 0 and at most 24 days");
  for (guint i = 0; i < phases->len; i++)
    if (!check_phase (g_ptr_array_index (phases, i), i + 1, error))
      return FALSE;
  return TRUE;
}

/**
 * procstream_shutdown_check:
 * @self: a shutdown
 * @error: return location for an error
 *
 * Checks what whatever uses the shutdown would refuse: that it has a phase, or was
 * made to have none; that every grace is 0 or more; that signals exist
 * and have a target; and that the kill has more than no time.
 *
 * Returns: %TRUE when it can be used, or %FALSE with
 *   %G_IO_ERROR_INVALID_ARGUMENT, which tells what is wrong with which phase
 *
 * Since: 1.0
 */
gboolean
procstream_shutdown_check (ProcstreamShutdown *self,
                           GError            **error)
{
  g_autoptr (GPtrArray) phases = NULL;
  gint64 kill_timeout_ms;

  g_return_val_if_fail (PROCSTREAM_IS_SHUTDOWN (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  phases = procstream_shutdown_dup_phases (self, &kill_timeout_ms);
  return check (self, phases, kill_timeout_ms, error);
}

/* --- Plans -------------------------------------------------------------------------------------------------------------------- */

static ProcstreamShutdownPlan *
plan_new (void)
{
  ProcstreamShutdownPlan *self = g_new0 (ProcstreamShutdownPlan, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->steps = g_array_new (FALSE, TRUE, sizeof (ProcstreamShutdownStep));
  g_array_set_clear_func (self->steps, procstream_shutdown_step_clear);
  return self;
}

static void
add_step (ProcstreamShutdownPlan *self,
          ProcstreamShutdownStep  step)
{
  ProcstreamShutdownStep copy;

  procstream_shutdown_step_copy (&step, &copy);
  g_array_append_val (self->steps, copy);
}

static void
add_kill (ProcstreamShutdownPlan *self,
          gint64                  timeout_ms)
{
  add_step (self, (ProcstreamShutdownStep){
                      .action = PROCSTREAM_SHUTDOWN_ACTION_KILL,
                      .signum = SIGKILL,
                      .target = PROCSTREAM_SIGNAL_TARGET_GROUP,
                      .grace_ms = timeout_ms,
                  });
}

ProcstreamShutdownPlan *
procstream_shutdown_plan_new_kill (void)
{
  ProcstreamShutdownPlan *self = plan_new ();

  add_kill (self, PROCSTREAM_DEFAULT_KILL_TIMEOUT_MS);
  return self;
}

ProcstreamShutdownPlan *
procstream_shutdown_plan_new (ProcstreamShutdown *shutdown,
                              GError            **error)
{
  g_autoptr (ProcstreamShutdown) used = shutdown ? g_object_ref (shutdown) : procstream_shutdown_new_default ();
  gint64 kill_timeout_ms;
  g_autoptr (GPtrArray) phases = procstream_shutdown_dup_phases (used, &kill_timeout_ms);
  ProcstreamShutdownPlan *self;

  if (!check (used, phases, kill_timeout_ms, error))
    return NULL;
  self = plan_new ();
  for (guint i = 0; i < phases->len; i++)
    {
      ProcstreamShutdownPhase *phase = g_ptr_array_index (phases, i);

      add_step (self, (ProcstreamShutdownStep){
                          .action = procstream_shutdown_phase_get_action (phase),
                          .signum = procstream_shutdown_phase_get_signum (phase),
                          .target = procstream_shutdown_phase_get_target (phase),
                          .bytes = procstream_shutdown_phase_get_bytes (phase),
                          .grace_ms = procstream_shutdown_phase_get_grace_ms (phase),
                      });
    }
  add_kill (self, kill_timeout_ms);
  return self;
}

ProcstreamShutdownPlan *
procstream_shutdown_plan_ref (ProcstreamShutdownPlan *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_shutdown_plan_unref (ProcstreamShutdownPlan *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_array_unref (self->steps);
  g_free (self);
}

gint64
procstream_shutdown_plan_get_total_ms (const ProcstreamShutdownPlan *self)
{
  gint64 total = 0;

  for (guint i = 0; i < self->steps->len; i++)
    total += g_array_index (self->steps, ProcstreamShutdownStep, i).grace_ms;
  return total;
}

gint64
procstream_shutdown_plan_get_grace_ms (const ProcstreamShutdownPlan *self)
{
  return procstream_shutdown_plan_get_total_ms (self) -
         g_array_index (self->steps, ProcstreamShutdownStep, self->steps->len - 1).grace_ms;
}
