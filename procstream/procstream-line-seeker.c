/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-seeker-record-private.h"

#include "procstream-consumer-core-private.h"
#include "procstream-error.h"
#include "procstream-io-thread-private.h"
#include "procstream-line-waiter.h"
#include "procstream-platform-private.h"

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

gpointer
procstream_line_seeker_ref (gpointer data)
{
  procstream_consumer_core_ref (((ProcstreamLineSeeker *) data)->core);
  return data;
}

void
procstream_line_seeker_unref (gpointer data)
{
  procstream_consumer_core_unref (((ProcstreamLineSeeker *) data)->core);
}

ProcstreamLineSeeker *
procstream_line_seeker_new (const ProcstreamLineSeekerOps *ops,
                            GObject                       *outer,
                            GMainContext                  *context)
{
  ProcstreamLineSeeker *self = g_new0 (ProcstreamLineSeeker, 1);

  g_mutex_init (&self->mutex);
  g_weak_ref_init (&self->outer, outer);
  self->context = g_main_context_ref (context);
  self->ops = ops;
  self->patterns = g_ptr_array_new_with_free_func ((GDestroyNotify) procstream_pattern_free);
  self->timeout_ms = -1;
  self->end_us = -1;
  self->exit_end_us = -1;
  self->history = procstream_waiters_new ();
  self->scratch = g_string_new (NULL);
  g_queue_init (&self->asking);
  return self;
}

static void
leg_clear (Leg *leg)
{
  procstream_seeker_leg_let_go (leg);
  procstream_line_cursor_clear (&leg->cursor);
  g_clear_pointer (&leg->tail, procstream_tail_free);
  g_clear_error (&leg->error);
  g_clear_pointer (&leg->stream, g_free);
  g_clear_pointer (&leg->label, g_free);
  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    g_clear_pointer (&leg->places[i], procstream_match_place_unref);
  if (leg->owned)
    procstream_consumer_core_unref (leg->core);
}

void
procstream_line_seeker_free (ProcstreamLineSeeker *self)
{
  /* In a forked copy nothing was ended, and another thread may have held any lock. */
  if (procstream_platform_forked ())
    return;
  g_assert (self->item == NULL && self->timer == NULL);
  for (guint i = 0; i < self->n_legs; i++)
    leg_clear (&self->legs[i]);
  if (self->over_destroy)
    self->over_destroy (self->over_data);
  g_queue_clear_full (&self->asking, (GDestroyNotify) procstream_question_free);
  g_clear_pointer (&self->hit, procstream_found_line_unref);
  g_clear_pointer (&self->found, procstream_found_line_unref);
  g_clear_error (&self->error);
  g_ptr_array_unref (self->patterns);
  procstream_waiters_unref (self->history);
  g_string_free (self->scratch, TRUE);
  g_free (self->process);
  g_free (self->exit_message);
  g_free (self->skipped_why);
  g_weak_ref_clear (&self->outer);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
procstream_line_seeker_set_core (ProcstreamLineSeeker   *self,
                                 ProcstreamConsumerCore *core)
{
  self->core = core;
}

void
procstream_line_seeker_drop_item (ProcstreamLineSeeker *self)
{
  ProcstreamDispatchItem *item;

  g_mutex_lock (&self->mutex);
  item = g_steal_pointer (&self->item);
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&item, procstream_dispatch_item_free);
}

void
procstream_line_seeker_close (ProcstreamLineSeeker *self)
{
  /* Another thread of a program that forked may have held the lock. */
  if (!procstream_platform_forked ())
    procstream_line_seeker_drop_item (self);
}

static void
add_pattern_locked (ProcstreamLineSeeker *self,
                    ProcstreamPattern    *pattern)
{
  g_ptr_array_add (self->patterns, pattern);
  self->uses_worker |= procstream_pattern_is_regex (pattern);
  self->asks |= procstream_pattern_is_predicate (pattern);
  self->is_next = procstream_pattern_is_next (pattern);
}

gboolean
procstream_line_seeker_add (ProcstreamLineSeeker *self,
                            ProcstreamPattern    *pattern,
                            GError              **error)
{
  gboolean late, odd;

  if (!procstream_platform_check_forked ("add a pattern", error))
    {
      procstream_pattern_free (pattern);
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  late = self->n_legs > 0 || self->decided;
  odd = self->patterns->len > 0 && procstream_pattern_is_next (pattern) != self->is_next;
  if (!late && !odd)
    add_pattern_locked (self, pattern);
  g_mutex_unlock (&self->mutex);
  if (!late && !odd)
    return TRUE;
  procstream_pattern_free (pattern);
  if (late)
    g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                         "A line waiter that was attached or cancelled takes no more patterns");
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "Either all patterns of a line waiter are looked for after the match before, or none");
  return FALSE;
}

guint
procstream_line_seeker_get_n_patterns (ProcstreamLineSeeker *self)
{
  return self->patterns->len;
}

gboolean
procstream_line_seeker_is_next (ProcstreamLineSeeker *self)
{
  return self->is_next;
}

void
procstream_line_seeker_set_timeout (ProcstreamLineSeeker *self,
                                    gint64                timeout_ms)
{
  self->timeout_ms = timeout_ms;
}

/* --- Legs --------------------------------------------------------------------------------------------------------------------- */

/* A reliable search that matches for ever would hold up its output for as long. */
static gint64
get_default_stall_ms (ProcstreamLineSeeker *self)
{
  return self->uses_worker ? PROCSTREAM_LINE_WAITER_MAX_STALL_MS : 0;
}

static Leg *
add_leg (ProcstreamLineSeeker        *self,
         ProcstreamConsumerCore      *core,
         const ProcstreamLineOptions *lines)
{
  Leg *leg = &self->legs[self->n_legs];

  leg->search = self;
  leg->core = core;
  leg->stop = G_MAXUINT64;
  leg->tail = procstream_tail_new ();
  leg->options = *lines;
  procstream_line_cursor_init (&leg->cursor, lines);
  leg->cursor.searches = TRUE;
  self->n_legs++;
  return leg;
}

gboolean
procstream_line_seeker_check (ProcstreamLineSeeker *self,
                              GError              **error)
{
  gboolean any;

  g_mutex_lock (&self->mutex);
  any = self->patterns->len > 0;
  g_mutex_unlock (&self->mutex);
  if (!any)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The line waiter has no pattern to wait for");
  return any;
}

gboolean
procstream_line_seeker_add_leg (ProcstreamLineSeeker        *self,
                                const ProcstreamLineOptions *lines,
                                GError                     **error)
{
  if (!procstream_line_seeker_check (self, error))
    return FALSE;
  g_mutex_lock (&self->mutex);
  /* It may have been asked for by an attach that came to nothing. */
  if (self->n_legs == 0)
    add_leg (self, self->core, lines);
  self->core->default_stall_ms = get_default_stall_ms (self);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

void
procstream_line_seeker_mute (ProcstreamLineSeeker *self)
{
  gboolean asks;

  g_mutex_lock (&self->mutex);
  asks = self->asks;
  g_mutex_unlock (&self->mutex);
  if (asks)
    procstream_consumer_core_finish (self->core, PROCSTREAM_CONSUMER_STATE_CANCELLED, NULL);
}

static void
leg_ready (gpointer native)
{
  procstream_line_seeker_ready (((Leg *) native)->search);
}

/* It was dropped, because it held up its output for too long; or the search ended it. That may be the last that is heard of the search. */
static void
leg_over (gpointer native)
{
  Leg                  *leg = native;
  ProcstreamLineSeeker *self = leg->search;

  if (procstream_consumer_core_get_state (leg->core) == PROCSTREAM_CONSUMER_STATE_FAILED)
    procstream_line_seeker_fail (self, leg->core);
  procstream_line_seeker_unref (self);
}

static void
leg_muted (gpointer native)
{
  procstream_line_seeker_mute (((Leg *) native)->search);
}

static void
leg_free (gpointer native)
{
}

static const ProcstreamNativeClass leg_class = {
  .ready = leg_ready,
  .over = leg_over,
  .muted = leg_muted,
  .free = leg_free,
};

void
procstream_line_seeker_expect_exit (ProcstreamLineSeeker *self,
                                    const char           *process,
                                    void (*over) (gpointer data),
                                    gpointer       data,
                                    GDestroyNotify destroy)
{
  g_mutex_lock (&self->mutex);
  self->process = g_strdup (process);
  self->over = over;
  self->over_data = data;
  self->over_destroy = destroy;
  g_mutex_unlock (&self->mutex);
}

void
procstream_line_seeker_add_output (ProcstreamLineSeeker        *self,
                                   ProcstreamOutputCore        *output,
                                   ProcstreamDelivery           delivery,
                                   const ProcstreamLineOptions *lines)
{
  ProcstreamConsumerCore *core = procstream_consumer_core_new ();
  Leg                    *leg;

  g_mutex_lock (&self->mutex);
  g_assert (self->n_legs < G_N_ELEMENTS (self->legs));
  leg = add_leg (self, core, lines);
  leg->owned = TRUE;
  core->klass = &leg_class;
  core->native = leg;
  core->live_only = self->core->live_only;
  core->max_stall_ms = self->core->max_stall_ms;
  core->default_stall_ms = get_default_stall_ms (self);
  g_mutex_unlock (&self->mutex);
  procstream_line_seeker_ref (self);
  procstream_consumer_core_begin (core, NULL);
  procstream_consumer_core_subscribe (core, output, delivery, procstream_line_options_get_mark (lines));
}

/* --- Flow --------------------------------------------------------------------------------------------------------------------- */

void
procstream_line_seeker_add_lag (ProcstreamLineSeeker *self,
                                ProcstreamLag        *lag)
{
  guint n_legs;

  g_mutex_lock (&self->mutex);
  n_legs = self->n_legs;
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < n_legs; i++)
    if (self->legs[i].owned)
      procstream_consumer_core_add_lag (self->legs[i].core, lag);
}

/* --- Beginning ------------------------------------------------------------------------------------------------------------ */

static gboolean
timer_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    user_data)
{
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch };

static void
start_timer_locked (ProcstreamLineSeeker *self)
{
  self->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_static_name (self->timer, "procstream-wait");
  g_source_set_callback (self->timer, procstream_line_seeker_timer_cb, procstream_line_seeker_ref (self), procstream_line_seeker_unref);
  procstream_line_seeker_rearm_locked (self);
  g_source_attach (self->timer, procstream_io_thread_get_context ());
}

static void
find_places (ProcstreamLineSeeker *self,
             Leg                  *leg,
             ProcstreamOutputCore *output)
{
  guint64 from = 0;

  for (guint i = 0; i < PROCSTREAM_N_LANES; i++)
    {
      leg->places[i] = procstream_match_place_ref (procstream_output_core_get_match_place (output, i));
      if (self->is_next)
        leg->from[i] = procstream_match_place_get (leg->places[i]);
      if (i == 0 || leg->places[i] != leg->places[0])
        from += leg->from[i];
    }
  if (self->is_next && leg->begin_offset > from)
    leg->missed = leg->begin_offset - from;
}

static void
name_leg (ProcstreamLineSeeker *self,
          Leg                  *leg)
{
  ProcstreamOutputCounts  counts;
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (leg->core, &output);

  if (subscription == NULL)
    return;
  leg->stream = g_strdup (procstream_output_core_get_name (output));
  leg->label = g_strdup (procstream_output_core_get_label (output));
  procstream_output_core_get_counts (output, &counts);
  leg->history_end = counts.received;
  leg->begin_offset = procstream_output_core_get_offset (output, subscription);
  find_places (self, leg, output);
  self->family = procstream_output_core_get_family (output);
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);
}

void
procstream_line_seeker_begin (ProcstreamLineSeeker *self)
{
  ProcstreamDispatchItem *item = NULL;
  gboolean                decided;

  for (guint i = 0; i < self->n_legs; i++)
    name_leg (self, &self->legs[i]);
  if (self->asks)
    item = procstream_dispatch_item_new (self->context, G_PRIORITY_DEFAULT, procstream_line_seeker_run_in_context, self, procstream_line_seeker_ref, procstream_line_seeker_unref);
  else if (!self->uses_worker)
    item = procstream_dispatch_item_new (procstream_io_thread_get_context (), G_PRIORITY_DEFAULT, procstream_line_seeker_run_in_io_thread, self,
                                         procstream_line_seeker_ref, procstream_line_seeker_unref);
  g_mutex_lock (&self->mutex);
  decided = self->decided;
  if (!decided)
    {
      self->begun = TRUE;
      self->item = g_steal_pointer (&item);
      self->begin_us = g_get_monotonic_time ();
      self->end_us = procstream_waiters_get_deadline (self->timeout_ms);
      if (self->end_us >= 0 || self->process)
        start_timer_locked (self);
      procstream_line_seeker_wake_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&item, procstream_dispatch_item_free);
  if (decided)
    procstream_line_seeker_end_legs (self);
}

/* --- What became of it -------------------------------------------------------------------------------------------------------- */

ProcstreamFoundLine *
procstream_line_seeker_dup_found (ProcstreamLineSeeker *self,
                                  GError              **error)
{
  ProcstreamConsumerState state = procstream_consumer_core_get_state (self->core);
  gboolean                by_program = procstream_consumer_core_was_ended (self->core);
  ProcstreamFoundLine    *found = NULL;

  procstream_platform_lock_to_read (&self->mutex);
  if (state == PROCSTREAM_CONSUMER_STATE_DONE && !by_program)
    found = procstream_found_line_ref (self->found);
  else if (error && self->error && state != PROCSTREAM_CONSUMER_STATE_CANCELLED)
    *error = g_error_copy (self->error);
  procstream_platform_unlock_to_read (&self->mutex);
  if (found == NULL && error && *error == NULL)
    *error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The line waiter was cancelled");
  return found;
}

GError *
procstream_line_seeker_make_timeout_error (ProcstreamLineSeeker *self,
                                           gint64                timeout_ms)
{
  GError *error;

  g_mutex_lock (&self->mutex);
  error = procstream_line_seeker_explain_timeout_locked (self, timeout_ms);
  g_mutex_unlock (&self->mutex);
  return error;
}

void
procstream_line_seeker_get_counts (ProcstreamLineSeeker       *self,
                                   ProcstreamLineSeekerCounts *counts)
{
  *counts = (ProcstreamLineSeekerCounts){ 0 };
  procstream_platform_lock_to_read (&self->mutex);
  counts->skipped = self->skipped;
  for (guint i = 0; i < self->n_legs; i++)
    {
      counts->searched += self->legs[i].searched;
      counts->torn += self->legs[i].torn + self->legs[i].missed;
    }
  procstream_platform_unlock_to_read (&self->mutex);
}

guint64
procstream_line_seeker_peek_offset (ProcstreamLineSeeker *self)
{
  guint64 offset;

  g_mutex_lock (&self->mutex);
  offset = self->searched_offset;
  g_mutex_unlock (&self->mutex);
  return offset;
}
