/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-error.h"
#include "procstream-group-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-lifetime-private.h"
#include "procstream-platform-private.h"
#include "procstream-terminator-private.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/*
 * A shutdown of a child. There is at most one at a time; whoever wants to end a child that is being ended joins it, and gets what it
 * comes to. It is begun by whoever asks, and from then on is the I/O thread's alone: a terminator, which decides, and a timer. It has a
 * reference to the record. It waits while the child is being started, and goes on at each step of the child's own: it runs, it has
 * exited, it could not be started.
 *
 * It is over when nobody of the group is left, and whoever waited for the exit has been told of that.
 *
 * ## Nothing is sent to a stranger
 *
 * All signals go through procstream_child_core_signal_locked(), which says in procstream-child-signal.c how each of its ways is bound
 * to this process or this group: by the pidfd, which is never anybody else's, or, on old kernels, by a number while the process
 * that has it is known not to have been waited for. Where the leader is gone and the kernel cannot reach its group by the pidfd
 * (before Linux 6.9), nothing is sent. Then the rest of the group is only looked for in /proc, to be waited for and told of:
 * what is found there is never signalled.
 */
struct _ProcstreamShutdownRun
{
  ProcstreamShutdownPlan *plan;
  ProcstreamWaiters      *waiters;
  ProcstreamTerminator   *terminator; /* from its begin in the I/O thread on */
  GSource                *timer;
};

/* --- What the terminator does ------------------------------------------------------------------------------------------------- */

static int
send_signal_cb (gpointer               data,
                int                    signum,
                ProcstreamSignalTarget target)
{
  ProcstreamChildCore *self = data;
  int                  errsv = 0;

  g_mutex_lock (&self->mutex);
  if (signum == SIGKILL)
    self->killed = TRUE;
  if (!procstream_child_core_signal_locked (self, signum, target))
    errsv = errno;
  g_mutex_unlock (&self->mutex);
  return errsv;
}

static int
close_input_cb (gpointer data)
{
  ProcstreamChildCore *self = data;

  if (self->input == NULL)
    return EBADF;
  procstream_input_core_close (self->input);
  return 0;
}

static int
write_input_cb (gpointer data,
                GBytes  *bytes)
{
  ProcstreamChildCore *self = data;

  if (self->input == NULL)
    return EBADF;
  return procstream_input_core_write (self->input, bytes) ? 0 : EPIPE;
}

/* The kernel says that the group has a member. */
static ProcstreamRemains
look_closer (ProcstreamChildCore *self,
             ProcstreamRemains    remains)
{
  ProcstreamGroupCensus census;

  if (!procstream_group_count (self->pid, getsid (0), &census))
    return remains;
  /* Who is not visible, as another user's processes may not be, is taken for living. */
  return census.living == 0 && census.zombies > 0 ? PROCSTREAM_REMAINS_NOBODY : remains;
}

static ProcstreamRemains
look_in_proc (ProcstreamChildCore *self)
{
  ProcstreamGroupCensus census;

  procstream_group_count (self->pid, getsid (0), &census);
  return census.living > 0 ? PROCSTREAM_REMAINS_UNREACHABLE : PROCSTREAM_REMAINS_NOBODY;
}

static ProcstreamRemains
look_cb (gpointer data)
{
  ProcstreamChildCore *self = data;
  gboolean             exited, has_pidfd;
  int                  errsv = 0;

  g_mutex_lock (&self->mutex);
  exited = self->state == PROCSTREAM_CHILD_STATE_EXITED;
  has_pidfd = self->pidfd >= 0;
  if (exited && has_pidfd && !procstream_platform_pidfd_send_signal (self->pidfd, 0, TRUE))
    errsv = errno;
  if (errsv == ESRCH)
    procstream_child_core_drop_pidfd_locked (self);
  g_mutex_unlock (&self->mutex);

  if (!exited)
    return PROCSTREAM_REMAINS_LEADER;
  if (self->options.containment == PROCSTREAM_CONTAINMENT_PROCESS || errsv == ESRCH)
    return PROCSTREAM_REMAINS_NOBODY;
  if (has_pidfd && errsv != ENOSYS)
    return look_closer (self, PROCSTREAM_REMAINS_MEMBERS);
  /* The pidfd is let go of once the kernel has said that the group is gone. */
  if (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD) && procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP))
    return PROCSTREAM_REMAINS_NOBODY;
  return look_in_proc (self);
}

static const ProcstreamTerminatorOps ops = {
  .send_signal = send_signal_cb,
  .close_input = close_input_cb,
  .write_input = write_input_cb,
  .look = look_cb,
};

/* --- Its end ------------------------------------------------------------------------------------------------------------------ */

/* Of the last signal that could not be sent. */
static int
get_last_error (ProcstreamShutdownRun *run)
{
  const GArray *tries = procstream_terminator_get_tries (run->terminator);
  int           errsv = 0;

  for (guint i = 0; i < tries->len; i++)
    {
      const ProcstreamShutdownTry *facts = &g_array_index (tries, ProcstreamShutdownTry, i);

      if (facts->errsv && facts->signum)
        errsv = facts->errsv;
    }
  return errsv;
}

static char *
list_members (ProcstreamChildCore *self)
{
  ProcstreamGroupCensus census;
  GString              *text = g_string_new (NULL);

  procstream_group_count (self->pid, getsid (0), &census);
  for (guint i = 0; i < MIN (census.living, G_N_ELEMENTS (census.pids)); i++)
    g_string_append_printf (text, "%s%d", i == 0 ? "" : ", ", census.pids[i]);
  if (census.living > G_N_ELEMENTS (census.pids))
    g_string_append (text, ", …");
  if (census.living == 0)
    g_string_append (text, "not visible");
  return g_string_free (text, FALSE);
}

static GError *
make_error (ProcstreamChildCore   *self,
            ProcstreamShutdownRun *run)
{
  g_autofree char *members = NULL;
  int              errsv = get_last_error (run);
  g_autofree char *reason = errsv ? g_strdup_printf (": %s", g_strerror (errsv)) : g_strdup ("");

  if (look_cb (self) == PROCSTREAM_REMAINS_LEADER)
    return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS,
                        "“%s” (process %d) could not be killed%s", self->options.name, self->pid, reason);
  members = list_members (self);
  if (look_cb (self) == PROCSTREAM_REMAINS_UNREACHABLE)
    return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS,
                        "“%s” has exited, and this kernel cannot reach what is left of its group (%s)", self->options.name, members);
  return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS,
                      "“%s” has exited, but members of its group (%s) could not be killed%s", self->options.name, members, reason);
}

static void
run_free (ProcstreamShutdownRun *run)
{
  if (run->timer)
    {
      g_source_destroy (run->timer);
      g_source_unref (run->timer);
    }
  g_clear_pointer (&run->terminator, procstream_terminator_free);
  procstream_shutdown_plan_unref (run->plan);
  procstream_waiters_unref (run->waiters);
  g_free (run);
}

static void
finish (ProcstreamChildCore *self,
        const GError        *error)
{
  ProcstreamShutdownRun *run;

  g_mutex_lock (&self->mutex);
  run = g_steal_pointer (&self->shutdown);
  g_mutex_unlock (&self->mutex);
  procstream_bell_ring (self->bell);
  procstream_waiters_complete (run->waiters, error);
  run_free (run);
  procstream_child_core_unref (self);
}

/* --- Its way ------------------------------------------------------------------------------------------------------------------ */

static gboolean
timer_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    user_data)
{
  g_source_set_ready_time (source, -1);
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch };

static gboolean
timer_cb (gpointer user_data)
{
  procstream_child_core_advance_shutdown (user_data);
  return G_SOURCE_CONTINUE;
}

static void
begin (ProcstreamChildCore   *self,
       ProcstreamShutdownRun *run)
{
  run->terminator = procstream_terminator_new (run->plan, &ops, self);
  run->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_static_name (run->timer, "procstream-shutdown");
  g_source_set_callback (run->timer, timer_cb, self, NULL);
  g_source_attach (run->timer, procstream_io_thread_get_context ());
  g_mutex_lock (&self->mutex);
  g_array_set_size (self->tries, 0);
  if (self->state == PROCSTREAM_CHILD_STATE_RUNNING)
    procstream_child_core_set_state_locked (self, PROCSTREAM_CHILD_STATE_TERMINATING);
  g_mutex_unlock (&self->mutex);
}

/* What was done since the last time becomes known to everybody. */
static void
publish (ProcstreamChildCore   *self,
         ProcstreamShutdownRun *run,
         int                    before)
{
  const GArray *tries = procstream_terminator_get_tries (run->terminator);
  int           phase = procstream_terminator_get_phase (run->terminator);

  g_mutex_lock (&self->mutex);
  for (int i = before + 1; i <= phase; i++)
    {
      ProcstreamShutdownStep step;

      procstream_shutdown_step_copy (&g_array_index (run->plan->steps, ProcstreamShutdownStep, i), &step);
      g_array_append_val (self->phases, step);
    }
  if (tries->len > self->tries->len)
    g_array_append_vals (self->tries, &g_array_index (tries, ProcstreamShutdownTry, self->tries->len), tries->len - self->tries->len);
  g_mutex_unlock (&self->mutex);
  if (phase > before)
    procstream_bell_ring (self->bell);
}

static void
step (ProcstreamChildCore   *self,
      ProcstreamShutdownRun *run)
{
  int    before = procstream_terminator_get_phase (run->terminator);
  gint64 next = procstream_terminator_step (run->terminator, g_get_monotonic_time ());
  g_autoptr (GError) error = NULL;

  publish (self, run, before);
  if (next >= 0)
    {
      g_source_set_ready_time (run->timer, next);
      return;
    }
  if (procstream_terminator_get_state (run->terminator) == PROCSTREAM_TERMINATOR_LEFT)
    error = make_error (self, run);
  else
    procstream_lifetime_remove (self);
  finish (self, error);
}

void
procstream_child_core_advance_shutdown (ProcstreamChildCore *self)
{
  ProcstreamChildState   state;
  ProcstreamShutdownRun *run;

  g_mutex_lock (&self->mutex);
  state = self->state;
  run = self->shutdown;
  g_mutex_unlock (&self->mutex);
  if (run == NULL || state == PROCSTREAM_CHILD_STATE_STARTING)
    return;
  if (state == PROCSTREAM_CHILD_STATE_FAILED)
    {
      finish (self, NULL);
      return;
    }
  if (run->terminator == NULL)
    begin (self, run);
  step (self, run);
}

static gboolean
begin_cb (gpointer data)
{
  procstream_child_core_advance_shutdown (data);
  return G_SOURCE_REMOVE;
}

static void
unref_cb (gpointer data)
{
  procstream_child_core_unref (data);
}

ProcstreamWaiters *
procstream_child_core_shut_down (ProcstreamChildCore    *self,
                                 ProcstreamShutdownPlan *plan,
                                 ProcstreamCause         cause,
                                 GError                **error)
{
  ProcstreamWaiters *waiters = NULL;
  gboolean           first = FALSE;

  g_mutex_lock (&self->mutex);
  if (self->state != PROCSTREAM_CHILD_STATE_CREATED)
    {
      first = self->shutdown == NULL;
      if (first)
        {
          self->shutdown = g_new0 (ProcstreamShutdownRun, 1);
          self->shutdown->plan = procstream_shutdown_plan_ref (plan);
          self->shutdown->waiters = procstream_waiters_new ();
          procstream_child_core_ref (self); /* the shutdown's */
          if (self->cause == PROCSTREAM_CAUSE_NONE && self->state != PROCSTREAM_CHILD_STATE_EXITED)
            self->cause = cause;
        }
      waiters = procstream_waiters_ref (self->shutdown->waiters);
    }
  g_mutex_unlock (&self->mutex);
  if (first)
    procstream_io_thread_invoke (begin_cb, procstream_child_core_ref (self), unref_cb);
  if (waiters == NULL)
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                 "“%s” cannot be ended: its state is “created”", self->options.name);
  return waiters;
}

gboolean
procstream_child_core_is_shutting_down (ProcstreamChildCore *self)
{
  gboolean under_way;

  g_mutex_lock (&self->mutex);
  under_way = self->shutdown != NULL;
  g_mutex_unlock (&self->mutex);
  return under_way;
}

/* --- Detaching ---------------------------------------------------------------------------------------------------------------- */

ProcstreamLifetime
procstream_child_core_get_lifetime (ProcstreamChildCore *self)
{
  ProcstreamLifetime lifetime;

  procstream_platform_lock_to_read (&self->mutex);
  lifetime = self->options.lifetime;
  procstream_platform_unlock_to_read (&self->mutex);
  return lifetime;
}

void
procstream_child_core_detach (ProcstreamChildCore *self)
{
  g_mutex_lock (&self->mutex);
  self->options.lifetime = PROCSTREAM_LIFETIME_DETACHED;
  g_mutex_unlock (&self->mutex);
  procstream_lifetime_remove (self);
}

/* --- What is known ------------------------------------------------------------------------------------------------------------ */

ProcstreamShutdownPhase *
procstream_child_core_dup_phase (ProcstreamChildCore *self,
                                 guint                i)
{
  ProcstreamShutdownPhase *phase = NULL;

  g_mutex_lock (&self->mutex);
  if (i < self->phases->len)
    phase = procstream_shutdown_phase_new (&g_array_index (self->phases, ProcstreamShutdownStep, i));
  g_mutex_unlock (&self->mutex);
  return phase;
}
