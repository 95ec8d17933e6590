/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-terminator-private.h"

#include <errno.h>
#include <signal.h>

/*
 *     (begin) ──▸ phase 0 ──▸ … ──▸ phase n-1 ──▸ kill ──▸ left
 *        └───────────┴──────────────────┴───────────┴────▸ gone
 *
 * phase and deadline_us say where it is. A phase is over when nobody is left, or when its time is; what is looked at is
 * always the whole group, since a leader that ends at once, as a shell does, may leave those who still clean up.
 *
 *  - The time of a phase is an upper bound, counted from when its action was done.
 *  - A phase without grace is not looked at: the next one follows in the same step, so that it is certain to come.
 *  - Where the action failed the phase lasts no longer than FAILED_GRACE_MS: usually because everybody is about to be gone, which
 *    it takes a moment to hear. Where there is no standard input to close or to write to there is nothing to wait for.
 *  - The kill is repeated, in rounds, as long as somebody is left: a group can take in new members, and one that is made while its
 *    maker is being killed can be missed. MAX_ROUNDS bounds that, and the time of the phase bounds the waiting for those who were
 *    killed and do not go.
 *  - A leader that goes is announced by a step. The rest of the group is not, so it is looked at, ever less often. Looking may take a
 *    while, which is announced by a step too; a shutdown that is not begun waits for that, but not for ever.
 *  - kill_by_us bounds all phases before the kill together, whatever their times are.
 */
struct _ProcstreamTerminator
{
  ProcstreamShutdownPlan        *plan;
  const ProcstreamTerminatorOps *ops;
  gpointer                       data;

  ProcstreamTerminatorState state;
  int                       phase; /* -1: not begun */
  gint64                    begin_us;
  gint64                    deadline_us; /* of the phase; no later than kill_by_us before the kill */
  gint64                    kill_by_us;
  gint64                    poll_us; /* how long until the next look */
  guint                     rounds;
  gboolean                  killed;  /* one of the kills reached somebody */
  ProcstreamRemains         remains; /* when last known */
  GArray                   *begun;   /* of guint */
  GArray                   *tries;   /* of ProcstreamShutdownTry */
};

#define FAILED_GRACE_MS 100
/* Doubled from the first to the second: all rounds take about as long as a kill may by default. */
#define MIN_POLL_US 2000
#define MAX_POLL_US 64000
#define MAX_ROUNDS 50
/* For as long a shutdown of what may be gone waits to hear of that. */
#define UNKNOWN_US G_USEC_PER_SEC

ProcstreamTerminator *
procstream_terminator_new (ProcstreamShutdownPlan        *plan,
                           const ProcstreamTerminatorOps *ops,
                           gpointer                       data)
{
  ProcstreamTerminator *self = g_new0 (ProcstreamTerminator, 1);

  self->plan = procstream_shutdown_plan_ref (plan);
  self->ops = ops;
  self->data = data;
  self->phase = -1;
  self->begin_us = -1;
  self->kill_by_us = G_MAXINT64;
  self->remains = PROCSTREAM_REMAINS_LEADER;
  self->begun = g_array_new (FALSE, FALSE, sizeof (guint));
  self->tries = g_array_new (FALSE, FALSE, sizeof (ProcstreamShutdownTry));
  return self;
}

void
procstream_terminator_free (ProcstreamTerminator *self)
{
  procstream_shutdown_plan_unref (self->plan);
  g_array_unref (self->begun);
  g_array_unref (self->tries);
  g_free (self);
}

static gboolean
is_killing (const ProcstreamTerminator *self)
{
  return self->phase == (int) self->plan->steps->len - 1;
}

/* --- Acting ------------------------------------------------------------------------------------------------------------------- */

/* Those after which a stopped process is to stay so, or that are not for it to act on. */
static gboolean
needs_continuing (int signum)
{
  switch (signum)
    {
    case SIGKILL:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT:
      return FALSE;
    default:
      return TRUE;
    }
}

static int
act (ProcstreamTerminator         *self,
     const ProcstreamShutdownStep *step)
{
  int errsv;

  switch (step->action)
    {
    case PROCSTREAM_SHUTDOWN_ACTION_CLOSE_STDIN:
      return self->ops->close_input (self->data);
    case PROCSTREAM_SHUTDOWN_ACTION_WRITE:
      return self->ops->write_input (self->data, step->bytes);
    default:
      errsv = self->ops->send_signal (self->data, step->signum, step->target);
      if (errsv == 0 && needs_continuing (step->signum))
        self->ops->send_signal (self->data, SIGCONT, step->target);
      return errsv;
    }
}

static int
try_action (ProcstreamTerminator         *self,
            const ProcstreamShutdownStep *step,
            gint64                        now_us)
{
  ProcstreamShutdownTry facts = {
    .action = step->action,
    .signum = step->signum,
    .phase = (guint) self->phase,
    .round = self->rounds,
    .time_us = now_us - self->begin_us,
  };

  facts.errsv = act (self, step);
  g_array_append_val (self->tries, facts);
  return facts.errsv;
}

static const ProcstreamShutdownStep *
get_step (const ProcstreamTerminator *self)
{
  return &g_array_index (self->plan->steps, ProcstreamShutdownStep, self->phase);
}

static void
kill_once (ProcstreamTerminator *self,
           gint64                now_us)
{
  self->rounds++;
  if (try_action (self, get_step (self), now_us) == 0)
    self->killed = TRUE;
}

static gint64
get_grace_ms (const ProcstreamShutdownStep *step,
              int                           errsv)
{
  if (errsv == 0)
    return step->grace_ms;
  if (step->action == PROCSTREAM_SHUTDOWN_ACTION_SIGNAL)
    return MIN (step->grace_ms, FAILED_GRACE_MS);
  return 0;
}

static void
begin_phase (ProcstreamTerminator *self,
             gint64                now_us)
{
  guint phase;

  if (now_us >= self->kill_by_us)
    self->phase = (int) self->plan->steps->len - 2;
  phase = (guint) ++self->phase;
  g_array_append_val (self->begun, phase);
  self->poll_us = MIN_POLL_US;
}

/* The next phase, and those after it as long as there is no grace between them. */
static void
enter (ProcstreamTerminator *self,
       gint64                now_us)
{
  gint64 grace_ms;

  do
    {
      begin_phase (self, now_us);
      grace_ms = get_step (self)->grace_ms;
      if (is_killing (self))
        kill_once (self, now_us);
      else
        grace_ms = get_grace_ms (get_step (self), try_action (self, get_step (self), now_us));
      self->deadline_us = now_us + grace_ms * 1000;
      if (!is_killing (self))
        self->deadline_us = MIN (self->deadline_us, self->kill_by_us);
    }
  while (grace_ms == 0);
}

/* --- Looking ------------------------------------------------------------------------------------------------------------------ */

static gint64
finish (ProcstreamTerminator     *self,
        ProcstreamTerminatorState state)
{
  self->state = state;
  return -1;
}

static gint64
wait_for (ProcstreamTerminator *self,
          ProcstreamRemains     remains,
          gint64                now_us)
{
  gint64 poll_us = self->poll_us;

  /* A leader is announced, and so is what is being found out. */
  if (remains == PROCSTREAM_REMAINS_LEADER || remains == PROCSTREAM_REMAINS_UNKNOWN)
    return self->deadline_us;
  self->poll_us = MIN (poll_us * 2, MAX_POLL_US);
  return MIN (self->deadline_us, now_us + poll_us);
}

static gint64
go_on_killing (ProcstreamTerminator *self,
               ProcstreamRemains     remains,
               gint64                now_us)
{
  if (now_us >= self->deadline_us || (remains == PROCSTREAM_REMAINS_UNREACHABLE && !self->killed))
    return finish (self, PROCSTREAM_TERMINATOR_LEFT);
  if (remains == PROCSTREAM_REMAINS_MEMBERS && self->rounds < MAX_ROUNDS)
    kill_once (self, now_us);
  return wait_for (self, remains, now_us);
}

static ProcstreamRemains
look (ProcstreamTerminator *self)
{
  ProcstreamRemains remains = self->ops->look (self->data);

  if (remains != PROCSTREAM_REMAINS_UNKNOWN)
    self->remains = remains;
  else if (self->remains == PROCSTREAM_REMAINS_LEADER)
    self->remains = PROCSTREAM_REMAINS_MEMBERS;
  return remains;
}

gint64
procstream_terminator_step (ProcstreamTerminator *self,
                            gint64                now_us)
{
  ProcstreamRemains remains;

  if (self->state != PROCSTREAM_TERMINATOR_UNDER_WAY)
    return -1;
  if (self->begin_us < 0)
    self->begin_us = now_us;
  remains = look (self);
  if (remains == PROCSTREAM_REMAINS_NOBODY)
    return finish (self, PROCSTREAM_TERMINATOR_GONE);
  if (self->phase >= 0 && is_killing (self))
    return go_on_killing (self, remains, now_us);
  if (self->phase < 0 && remains == PROCSTREAM_REMAINS_UNKNOWN && now_us < self->begin_us + UNKNOWN_US)
    return self->begin_us + UNKNOWN_US;
  if (self->phase < 0 || now_us >= self->deadline_us)
    {
      if (self->phase < 0)
        self->begin_us = now_us;
      enter (self, now_us);
      remains = look (self);
    }
  if (remains == PROCSTREAM_REMAINS_NOBODY)
    return finish (self, PROCSTREAM_TERMINATOR_GONE);
  return wait_for (self, remains, now_us);
}

void
procstream_terminator_set_kill_by (ProcstreamTerminator *self,
                                   gint64                time_us)
{
  self->kill_by_us = MIN (self->kill_by_us, time_us);
  if (self->phase >= 0 && !is_killing (self))
    self->deadline_us = MIN (self->deadline_us, self->kill_by_us);
}

/* --- What is known ------------------------------------------------------------------------------------------------------------ */

ProcstreamTerminatorState
procstream_terminator_get_state (const ProcstreamTerminator *self)
{
  return self->state;
}

int
procstream_terminator_get_phase (const ProcstreamTerminator *self)
{
  return self->phase;
}

const GArray *
procstream_terminator_get_begun (const ProcstreamTerminator *self)
{
  return self->begun;
}

ProcstreamRemains
procstream_terminator_get_remains (const ProcstreamTerminator *self)
{
  return self->remains;
}

const GArray *
procstream_terminator_get_tries (const ProcstreamTerminator *self)
{
  return self->tries;
}
