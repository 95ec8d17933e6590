/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-census-private.h"
#include "procstream-error.h"
#include "procstream-io-thread-private.h"
#include "procstream-lifetime-private.h"
#include "procstream-platform-private.h"
#include "procstream-terminator-private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/*
 * A shutdown of a child. There is at most one at a time; whoever wants to end a child that is being ended joins it, and gets what it
 * comes to. It is begun by whoever asks, and from then on is the I/O thread's alone: a terminator, which decides, and a timer. It has a
 * reference to the record. It waits while the child is being started, and goes on at each step of the child's own: it runs, it has
 * exited, it could not be started.
 *
 * It is over when nobody of the group is left, and whoever waited for the exit has been told of that. Whoever may not wait for as long as
 * the one under way takes, as a completion whose time is over and the exit of the program, has it kill earlier.
 *
 * The kernel says without delay whether a group has members, but not whether any of them lives; that is in /proc, which a worker reads.
 * Its answer comes as a step.
 *
 * ## Nothing is sent to a stranger
 *
 * All signals go through procstream_child_core_signal_locked(), which says in procstream-child-signal.c how each of its ways is bound
 * to this process or this group: by the pidfd, which is never anybody else's, or, on old kernels, by a number while the process
 * that has it is known not to have been waited for. Where the leader is gone and its group cannot be reached by the pidfd
 * (before Linux 6.9, or where there never was one), nothing is sent. Then the rest of the group is only looked for in /proc, to be waited for and told of:
 * what is found there is never signalled.
 */
typedef enum
{
  CENSUS_NONE,
  CENSUS_ASKED,
  CENSUS_ANSWERED, /* and not yet looked at */
} CensusState;

struct _ProcstreamShutdownRun
{
  ProcstreamShutdownPlan *plan;
  ProcstreamCause         cause; /* of who began it */
  ProcstreamWaiters      *waiters;
  ProcstreamTerminator   *terminator; /* from its begin in the I/O thread on */
  GSource                *timer;
  guint                   n_published; /* tries */
  gint64                  kill_by_us;  /* under the mutex of the record */

  guint                 number; /* which of the child it is */
  CensusState           census_state;
  ProcstreamGroupCensus census;   /* the last answer */
  gboolean              readable; /* there was one */
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
  if (signum == SIGKILL && !procstream_child_core_has_ended_locked (self))
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

  if (self->input == NULL || self->options.stdin_joined)
    return EBADF;
  procstream_input_core_close (self->input);
  return 0;
}

static int
write_input_cb (gpointer data,
                GBytes  *bytes)
{
  ProcstreamChildCore *self = data;

  if (self->input == NULL || self->options.stdin_joined)
    return EBADF;
  return procstream_input_core_write (self->input, bytes, PROCSTREAM_INPUT_ROLE_WAITS, NULL) ? 0 : EPIPE;
}

/* Who asked for a census: the shutdown may be over by the time that it is answered. */
typedef struct
{
  ProcstreamChildCore *core;
  guint                number;
} Asker;

static void
census_cb (gpointer                     data,
           const ProcstreamGroupCensus *census)
{
  g_autofree Asker      *asker = data;
  ProcstreamShutdownRun *run;

  g_mutex_lock (&asker->core->mutex);
  run = asker->core->shutdown;
  g_mutex_unlock (&asker->core->mutex);
  if (run && run->number == asker->number)
    {
      run->census_state = CENSUS_ANSWERED;
      run->readable = census != NULL;
      if (census)
        run->census = *census;
      procstream_child_core_advance_shutdown (asker->core);
    }
  procstream_child_core_unref (asker->core);
}

/* FALSE: the answer is to come. */
static gboolean
look_in_proc (ProcstreamChildCore *self)
{
  ProcstreamShutdownRun *run = self->shutdown;
  Asker                 *asker;

  if (run->census_state == CENSUS_ANSWERED)
    {
      run->census_state = CENSUS_NONE;
      return TRUE;
    }
  if (run->census_state == CENSUS_ASKED)
    return FALSE;
  run->census_state = CENSUS_ASKED;
  asker = g_new (Asker, 1);
  *asker = (Asker){ procstream_child_core_ref (self), run->number };
  procstream_census_ask (self->pid, getsid (0), census_cb, asker);
  return FALSE;
}

/* The kernel says that the group has a member. */
static ProcstreamRemains
look_at_members (ProcstreamChildCore *self)
{
  const ProcstreamGroupCensus *census = &self->shutdown->census;

  if (!look_in_proc (self))
    return PROCSTREAM_REMAINS_UNKNOWN;
  /* Who is not visible, as another user's processes may not be, is taken for living. */
  return self->shutdown->readable && census->living == 0 && census->zombies > 0 ? PROCSTREAM_REMAINS_NOBODY : PROCSTREAM_REMAINS_MEMBERS;
}

/* The kernel cannot tell. */
static ProcstreamRemains
look_for_members (ProcstreamChildCore *self)
{
  if (!look_in_proc (self))
    return PROCSTREAM_REMAINS_UNKNOWN;
  return self->shutdown->readable && self->shutdown->census.living > 0 ? PROCSTREAM_REMAINS_UNREACHABLE : PROCSTREAM_REMAINS_NOBODY;
}

/* The guard, which lives as long as anybody does, is there. */
static ProcstreamRemains
look_at_tree (ProcstreamChildCore *self)
{
  if (procstream_child_core_get_state (self) != PROCSTREAM_CHILD_STATE_EXITED)
    return PROCSTREAM_REMAINS_LEADER;
  return procstream_child_core_is_gone (self) ? PROCSTREAM_REMAINS_NOBODY : PROCSTREAM_REMAINS_MEMBERS;
}

static ProcstreamRemains
look_cb (gpointer data)
{
  ProcstreamChildCore *self = data;
  gboolean             exited;
  int                  errsv = 0;

  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE)
    return look_at_tree (self);
  g_mutex_lock (&self->mutex);
  exited = self->state == PROCSTREAM_CHILD_STATE_EXITED;
  if (exited && self->options.containment != PROCSTREAM_CONTAINMENT_PROCESS)
    errsv = procstream_child_core_ask_for_group_locked (self);
  g_mutex_unlock (&self->mutex);

  if (!exited)
    return PROCSTREAM_REMAINS_LEADER;
  if (self->options.containment == PROCSTREAM_CONTAINMENT_PROCESS || errsv == ESRCH)
    return PROCSTREAM_REMAINS_NOBODY;
  return errsv == 0 ? look_at_members (self) : look_for_members (self);
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

/* In a tree the guard has said who; nothing, when it has not given up. */
static void
take_census_of_tree (ProcstreamChildCore   *self,
                     ProcstreamGroupCensus *census)
{
  G_STATIC_ASSERT (sizeof census->pids == sizeof self->news.left);

  *census = (ProcstreamGroupCensus){ 0 };
  g_mutex_lock (&self->mutex);
  census->living = (guint) self->news.n_left;
  memcpy (census->pids, self->news.left, sizeof census->pids);
  g_mutex_unlock (&self->mutex);
}

static char *
list_members (const ProcstreamGroupCensus *census)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (census->living, G_N_ELEMENTS (census->pids)); i++)
    g_string_append_printf (text, "%s%d", i == 0 ? "" : ", ", census->pids[i]);
  if (census->living > G_N_ELEMENTS (census->pids))
    g_string_append (text, ", …");
  if (census->living == 0)
    g_string_append (text, "not visible");
  return g_string_free (text, FALSE);
}

static GError *
make_bare_error (ProcstreamChildCore   *self,
                 ProcstreamShutdownRun *run)
{
  double            seconds = (double) procstream_child_core_get_elapsed_us (self) / G_USEC_PER_SEC;
  ProcstreamRemains remains = procstream_terminator_get_remains (run->terminator);
  g_autofree char  *members = NULL;
  int               errsv = get_last_error (run);
  g_autofree char  *reason = errsv ? g_strdup_printf (": %s", g_strerror (errsv)) : g_strdup ("");

  if (remains == PROCSTREAM_REMAINS_LEADER)
    return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS,
                        "“%s” (process %d), which has run for %.1f s, could not be killed%s", self->options.name, self->pid, seconds, reason);
  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE)
    take_census_of_tree (self, &run->census);
  members = list_members (&run->census);
  if (remains == PROCSTREAM_REMAINS_UNREACHABLE)
    return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS,
                        "“%s” has exited after %.1f s, and what is left of its group (%s) cannot be reached on this system", self->options.name,
                        seconds, members);
  return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_SURVIVORS,
                      "“%s” has exited after %.1f s, but members of its %s (%s) could not be killed%s", self->options.name, seconds,
                      self->options.containment == PROCSTREAM_CONTAINMENT_TREE ? "tree" : "group", members, reason);
}

static GError *
make_error (ProcstreamChildCore   *self,
            ProcstreamShutdownRun *run)
{
  GError *error = make_bare_error (self, run);

  procstream_child_core_add_last_lines (self, error);
  return error;
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
  if (run && (error == NULL || self->options.lifetime == PROCSTREAM_LIFETIME_DETACHED))
    procstream_lifetime_remove (self);
  g_mutex_unlock (&self->mutex);
  if (run == NULL)
    return;
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
  /* Who had ended by then did so by itself. */
  if (self->cause == PROCSTREAM_CAUSE_NONE && !procstream_child_core_has_ended_locked (self))
    self->cause = run->cause;
  if (self->state == PROCSTREAM_CHILD_STATE_RUNNING)
    procstream_child_core_set_state_locked (self, PROCSTREAM_CHILD_STATE_TERMINATING);
  g_mutex_unlock (&self->mutex);
}

/* What was done since the last time becomes known to everybody. One that finds nobody left does nothing, so what was done before
 * stays known. */
static void
publish (ProcstreamChildCore   *self,
         ProcstreamShutdownRun *run,
         guint                  before)
{
  const GArray *tries = procstream_terminator_get_tries (run->terminator);
  const GArray *begun = procstream_terminator_get_begun (run->terminator);

  g_mutex_lock (&self->mutex);
  for (guint i = before; i < begun->len; i++)
    {
      ProcstreamShutdownStep step;

      procstream_shutdown_step_copy (&g_array_index (run->plan->steps, ProcstreamShutdownStep, g_array_index (begun, guint, i)), &step);
      g_array_append_val (self->phases, step);
      self->phase = (int) g_array_index (begun, guint, i);
    }
  if (tries->len > 0 && run->n_published == 0)
    g_array_set_size (self->tries, 0);
  if (tries->len > run->n_published)
    g_array_append_vals (self->tries, &g_array_index (tries, ProcstreamShutdownTry, run->n_published), tries->len - run->n_published);
  run->n_published = tries->len;
  g_mutex_unlock (&self->mutex);
  if (begun->len > before)
    procstream_bell_ring (self->bell);
}

static void
step (ProcstreamChildCore   *self,
      ProcstreamShutdownRun *run)
{
  guint  before = procstream_terminator_get_begun (run->terminator)->len;
  gint64 next;
  g_autoptr (GError) error = NULL;

  next = procstream_terminator_step (run->terminator, g_get_monotonic_time ());
  publish (self, run, before);
  if (next >= 0)
    {
      g_source_set_ready_time (run->timer, next);
      return;
    }
  if (procstream_terminator_get_state (run->terminator) == PROCSTREAM_TERMINATOR_LEFT)
    error = make_error (self, run);
  finish (self, error);
}

/* It comes back here when it has failed by that, or when somebody else was faster and it runs. */
static void
leave_queue (ProcstreamChildCore *self)
{
  g_autoptr (GError) error = NULL;

  error = g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NOT_STARTED,
                       "“%s” was told to end before it was started", self->options.name);
  procstream_child_core_unqueue (self, error);
}

void
procstream_child_core_advance_shutdown (ProcstreamChildCore *self)
{
  ProcstreamChildState   state;
  ProcstreamShutdownRun *run;
  gint64                 kill_by_us;

  g_assert (procstream_io_thread_is_current ());
  g_mutex_lock (&self->mutex);
  state = self->state;
  run = self->shutdown;
  kill_by_us = run ? run->kill_by_us : G_MAXINT64;
  g_mutex_unlock (&self->mutex);
  if (run == NULL || state == PROCSTREAM_CHILD_STATE_STARTING)
    return;
  if (state == PROCSTREAM_CHILD_STATE_QUEUED)
    {
      leave_queue (self);
      return;
    }
  if (state == PROCSTREAM_CHILD_STATE_FAILED)
    {
      finish (self, NULL);
      return;
    }
  if (run->terminator == NULL)
    begin (self, run);
  procstream_terminator_set_kill_by (run->terminator, kill_by_us);
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

static ProcstreamShutdownRun *
run_new (ProcstreamShutdownPlan *plan,
         ProcstreamCause         cause,
         guint                   number)
{
  ProcstreamShutdownRun *run = g_new0 (ProcstreamShutdownRun, 1);

  run->plan = procstream_shutdown_plan_ref (plan);
  run->cause = cause;
  run->waiters = procstream_waiters_new ();
  run->kill_by_us = G_MAXINT64;
  run->number = number;
  return run;
}

/* TRUE: the I/O thread is to be told. */
static gboolean
begin_or_join_locked (ProcstreamChildCore    *self,
                      ProcstreamShutdownPlan *plan,
                      ProcstreamCause         cause,
                      gint64                  kill_by_us)
{
  if (self->shutdown == NULL)
    {
      self->shutdown = run_new (plan, cause, ++self->n_shutdowns);
      procstream_child_core_ref (self); /* the shutdown's */
      /* What was begun goes on to its end, so the exit of the program waits for it. */
      if (self->options.lifetime == PROCSTREAM_LIFETIME_DETACHED)
        procstream_lifetime_add (self);
      return TRUE;
    }
  if (kill_by_us >= self->shutdown->kill_by_us)
    return FALSE;
  self->shutdown->kill_by_us = kill_by_us;
  return TRUE;
}

static ProcstreamWaiters *
shut_down (ProcstreamChildCore    *self,
           ProcstreamShutdownPlan *plan,
           ProcstreamCause         cause,
           gint64                  kill_by_us)
{
  ProcstreamWaiters *waiters = NULL;
  gboolean           tell = FALSE;

  g_mutex_lock (&self->mutex);
  if (self->state != PROCSTREAM_CHILD_STATE_CREATED)
    {
      tell = begin_or_join_locked (self, plan, cause, kill_by_us);
      waiters = procstream_waiters_ref (self->shutdown->waiters);
    }
  g_mutex_unlock (&self->mutex);
  if (tell)
    procstream_io_thread_invoke (begin_cb, procstream_child_core_ref (self), unref_cb);
  return waiters;
}

ProcstreamWaiters *
procstream_child_core_shut_down (ProcstreamChildCore    *self,
                                 ProcstreamShutdownPlan *plan,
                                 ProcstreamCause         cause,
                                 GError                **error)
{
  ProcstreamWaiters *waiters = shut_down (self, plan, cause, G_MAXINT64);

  if (waiters == NULL)
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                 "“%s” cannot be ended: its state is “created”", self->options.name);
  return waiters;
}

ProcstreamWaiters *
procstream_child_core_shut_down_by (ProcstreamChildCore    *self,
                                    ProcstreamShutdownPlan *plan,
                                    ProcstreamCause         cause)
{
  return shut_down (self, plan, cause, g_get_monotonic_time () + procstream_shutdown_plan_get_grace_ms (plan) * 1000);
}

ProcstreamWaiters *
procstream_child_core_shut_down_at_exit (ProcstreamChildCore *self)
{
  gboolean spared;

  g_mutex_lock (&self->mutex);
  spared = self->options.lifetime == PROCSTREAM_LIFETIME_DETACHED && self->shutdown == NULL;
  self->exiting = !spared;
  g_mutex_unlock (&self->mutex);
  return spared ? NULL : procstream_child_core_shut_down_by (self, self->options.shutdown, PROCSTREAM_CAUSE_PARENT_EXIT);
}

void
procstream_child_core_kill_at_exit (ProcstreamChildCore *self)
{
  g_mutex_lock (&self->mutex);
  if (self->subprocess)
    {
      if (!procstream_child_core_has_ended_locked (self))
        self->killed = TRUE;
      procstream_child_core_signal_locked (self, SIGKILL, PROCSTREAM_SIGNAL_TARGET_GROUP);
    }
  g_mutex_unlock (&self->mutex);
}

ProcstreamWaiters *
procstream_child_core_dup_shutdown (ProcstreamChildCore *self)
{
  ProcstreamWaiters *waiters = NULL;

  g_mutex_lock (&self->mutex);
  if (self->shutdown)
    waiters = procstream_waiters_ref (self->shutdown->waiters);
  g_mutex_unlock (&self->mutex);
  return waiters;
}

gboolean
procstream_child_core_is_being_ended (ProcstreamChildCore *self)
{
  gboolean under_way;

  g_mutex_lock (&self->mutex);
  /* A signal that could not be sent has not made it that. */
  under_way = self->shutdown != NULL || (self->killed && self->state == PROCSTREAM_CHILD_STATE_TERMINATING);
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

gboolean
procstream_child_core_detach (ProcstreamChildCore *self,
                              GError             **error)
{
  gboolean exiting;

  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE || self->options.settings.parent_death_signal != 0)
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                   "“%s” cannot be detached: it has %s, which ends it when the program is gone", self->options.name,
                   self->options.settings.parent_death_signal != 0 ? "a signal for the death of its parent" : "a guard");
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  exiting = self->exiting;
  if (!exiting)
    self->options.lifetime = PROCSTREAM_LIFETIME_DETACHED;
  if (!exiting && self->shutdown == NULL)
    procstream_lifetime_remove (self);
  g_mutex_unlock (&self->mutex);
  if (exiting)
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                 "“%s” cannot be detached: the program is about to exit", self->options.name);
  return !exiting;
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
