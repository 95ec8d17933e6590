/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-seeker-record-private.h"

#include "procstream-consumer-core-private.h"
#include "procstream-emission-private.h"
#include "procstream-worker-private.h"

/* --- Running ------------------------------------------------------------------------------------------------------------------ */

/* The leg whose next event was read first. */
static Leg *
choose (ProcstreamLineSeeker *self)
{
  Leg *a = &self->legs[0];
  Leg *b = &self->legs[1];
  Leg *first;

  procstream_seeker_leg_fetch (a);
  if (self->n_legs == 1)
    return a->held.type ? a : NULL;
  procstream_seeker_leg_fetch (b);
  procstream_seeker_leg_fetch (a);
  if (a->held.type == PROCSTREAM_LOG_EVENT_NOTHING || b->held.type == PROCSTREAM_LOG_EVENT_NOTHING)
    first = a->held.type ? a : b;
  else if (a->held.type != PROCSTREAM_LOG_EVENT_CHUNK || b->held.type != PROCSTREAM_LOG_EVENT_CHUNK)
    first = a->held.type != PROCSTREAM_LOG_EVENT_CHUNK ? a : b;
  else
    first = a->held.chunk->time_us <= b->held.chunk->time_us ? a : b;
  return first->held.type ? first : NULL;
}

static gboolean
have_all_ended (ProcstreamLineSeeker *self)
{
  for (guint i = 0; i < self->n_legs; i++)
    if (!self->legs[i].ended)
      return FALSE;
  return TRUE;
}

static void
look_whether_caught_up (ProcstreamLineSeeker *self)
{
  if (self->caught_up || self->asking.length > 0)
    return;
  for (guint i = 0; i < self->n_legs; i++)
    if (!self->legs[i].caught_up && !self->legs[i].ended)
      return;
  procstream_line_seeker_complete_history (self);
}

static void
note_offset (ProcstreamLineSeeker *self)
{
  g_mutex_lock (&self->mutex);
  self->searched_offset = self->legs[0].offset;
  g_mutex_unlock (&self->mutex);
}

/* One event. FALSE: there is nothing to do now, or there is something to be asked first. */
static gboolean
advance (ProcstreamLineSeeker *self,
         gssize               *bytes)
{
  Leg *leg;

  if (g_atomic_int_get (&self->decided) || g_atomic_int_get (&self->core->paused))
    return FALSE;
  leg = choose (self);
  for (guint i = 0; i < self->n_legs; i++)
    procstream_seeker_leg_look_at_unfinished (&self->legs[i]);
  if (leg && self->hit == NULL && self->asking.length == 0)
    {
      *bytes -= leg->held.chunk ? leg->held.chunk->size : 0;
      procstream_seeker_leg_take (leg);
    }
  if (self->hit)
    {
      procstream_line_seeker_decide_found (self);
      return FALSE;
    }
  look_whether_caught_up (self);
  if (leg == NULL)
    note_offset (self);
  if (self->asking.length > 0)
    return FALSE;
  if (have_all_ended (self))
    procstream_line_seeker_conclude (self);
  return leg != NULL;
}

static gboolean
begin_run (ProcstreamLineSeeker *self)
{
  gboolean begun;

  g_mutex_lock (&self->mutex);
  begun = self->begun && !self->decided && !self->running;
  self->running |= begun;
  g_mutex_unlock (&self->mutex);
  return begun;
}

/* FALSE: the worker that ends must go on. */
static gboolean
end_run (ProcstreamLineSeeker *self,
         gboolean              is_worker)
{
  gboolean decided, over;

  g_mutex_lock (&self->mutex);
  decided = self->decided;
  self->is_asking = self->uses_worker && self->asking.length > 0;
  over = decided || !is_worker || self->is_asking || !self->again;
  self->again = FALSE;
  /* What a run holds is nobody else's once it is decided. */
  self->running = decided || !over;
  if (self->is_asking && self->item && !g_atomic_int_get (&self->core->paused))
    procstream_dispatch_item_post (self->item);
  g_mutex_unlock (&self->mutex);
  if (decided)
    procstream_line_seeker_settle (self);
  return over;
}

gboolean
procstream_line_seeker_run_in_io_thread (gpointer          data,
                                         ProcstreamBudget *budget)
{
  ProcstreamLineSeeker *self = data;
  gboolean              more;

  if (!begin_run (self))
    return FALSE;
  do
    more = advance (self, &budget->bytes);
  while (more && !procstream_budget_spent (budget));
  end_run (self, FALSE);
  return more;
}

static gpointer
run_in_worker (gpointer data)
{
  ProcstreamLineSeeker *self = data;
  gssize                bytes = 0;

  do
    while (advance (self, &bytes))
      ;
  while (!end_run (self, TRUE));
  procstream_line_seeker_unref (self);
  return NULL;
}

void
procstream_line_seeker_wake_locked (ProcstreamLineSeeker *self)
{
  /* Whoever lets it go on wakes it. */
  if (!self->begun || self->decided || g_atomic_int_get (&self->core->paused))
    return;
  if (!self->uses_worker || self->is_asking)
    {
      procstream_dispatch_item_post (self->item);
      return;
    }
  self->again = self->running;
  if (self->running)
    return;
  self->running = TRUE;
  procstream_worker_run ("procstream-wait", run_in_worker, procstream_line_seeker_ref (self));
}

void
procstream_line_seeker_ready (ProcstreamLineSeeker *self)
{
  g_mutex_lock (&self->mutex);
  procstream_line_seeker_wake_locked (self);
  g_mutex_unlock (&self->mutex);
}

/* --- Functions of the program ------------------------------------------------------------------------------------------------- */

/* Asks about one line. */
static void
ask_next (ProcstreamLineSeeker *self,
          GObject              *outer)
{
  Question *question = g_queue_pop_head (&self->asking);
  g_autoptr (ProcstreamLine) line = procstream_found_line_to_line (question->line);
  ProcstreamEmission emission;
  gboolean           accepted = question->found;
  guint              i;

  procstream_emission_begin (&emission, self->family);
  self->ask_depth++;
  for (i = 0; i < question->n_patterns && !g_atomic_int_get (&self->decided); i++)
    {
      ProcstreamPattern *pattern = g_ptr_array_index (self->patterns, i);

      if (!procstream_pattern_is_predicate (pattern) || (question->partial && !procstream_pattern_is_partial (pattern)))
        continue;
      if (self->ops->ask (outer, i, line))
        {
          accepted = TRUE;
          break;
        }
    }
  self->ask_depth--;
  procstream_emission_end (&emission);
  if (accepted)
    self->hit = procstream_question_to_hit (question, i);
  procstream_question_free (question);
}

/* One line or one event, if the outer object is still there. FALSE: there is nothing to do here now. */
static gboolean
advance_asking (ProcstreamLineSeeker *self,
                gssize               *bytes)
{
  g_autoptr (GObject) outer = NULL;

  if (g_atomic_int_get (&self->decided) || g_atomic_int_get (&self->core->paused))
    return FALSE;
  if (self->asking.length == 0)
    return !self->uses_worker && (advance (self, bytes) || self->asking.length > 0);
  /* Not for longer than one call, after which it may be gone. */
  outer = g_weak_ref_get (&self->outer);
  if (outer == NULL)
    return FALSE;
  ask_next (self, outer);
  if (self->hit)
    procstream_line_seeker_decide_found (self);
  return TRUE;
}

/* One of them may be the one that iterates the context now. */
static void
forget_if_decided (ProcstreamLineSeeker *self)
{
  g_autoptr (GObject) outer = NULL;

  if (!g_atomic_int_get (&self->decided) || self->ask_depth > 0)
    return;
  outer = g_weak_ref_get (&self->outer);
  if (outer == NULL)
    return;
  procstream_line_seeker_drop_item (self);
  self->ops->forget (outer);
}

gboolean
procstream_line_seeker_run_in_context (gpointer          data,
                                       ProcstreamBudget *budget)
{
  ProcstreamLineSeeker *self = data;
  gboolean              more = FALSE;

  if (begin_run (self))
    {
      do
        more = advance_asking (self, &budget->bytes);
      while (more && !procstream_budget_spent (budget));
      end_run (self, FALSE);
      if (!more && self->uses_worker)
        procstream_line_seeker_ready (self);
    }
  forget_if_decided (self);
  return more;
}
