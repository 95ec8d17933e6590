/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-record-private.h"
#include "procstream-platform-private.h"

/* A pipe of the enlarged size holds so many chunks of the default size; but a small window must not run over before anybody knows. */
#define MAX_UNANNOUNCED 4
#define WINDOW_PARTS 8

static guint
choose_wake_after (const ProcstreamOutputSettings *settings)
{
  guint64 window = settings->log.max_chunks;

  if (settings->read_chunk_size > 0)
    window = MIN (window, settings->log.max_bytes / settings->read_chunk_size);
  return CLAMP (window / WINDOW_PARTS, 1, MAX_UNANNOUNCED);
}

ProcstreamOutputCore *
procstream_output_core_new (const char                     *name,
                            const ProcstreamOutputSettings *settings,
                            GMainContext                   *context,
                            gconstpointer                   family)
{
  ProcstreamOutputCore *self = g_new0 (ProcstreamOutputCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (name);
  self->settings = *settings;
  self->family = family ? family : self;
  self->muted = g_atomic_rc_box_new0 (gint);
  self->wake_after = choose_wake_after (settings);
  self->context = g_main_context_ref (context);
  g_mutex_init (&self->push_mutex);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->pushed = g_ptr_array_new ();
  self->pulling = g_ptr_array_new ();
  self->other_marks = g_array_new (FALSE, FALSE, sizeof (ProcstreamLineMark));
  self->log = procstream_chunk_log_new (&settings->log);
  self->match_places[0] = procstream_match_place_new ();
  self->match_places[1] = procstream_match_place_ref (self->match_places[0]);
  self->home = procstream_home_new (settings->reader == PROCSTREAM_READER_MODE_CONTEXT ? context : NULL);
  return self;
}

ProcstreamOutputCore *
procstream_output_core_ref (ProcstreamOutputCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_output_core_unref (ProcstreamOutputCore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->pushed->len == 0 && self->pulling->len == 0 && self->source == NULL);
  procstream_home_free (self->home);
  if (self->tap)
    self->tap->free (self->tap_data);
  if (self->probe_destroy)
    self->probe_destroy (self->probe_data);
  if (self->ended_destroy)
    self->ended_destroy (self->ended_data);
  g_ptr_array_unref (self->pushed);
  g_ptr_array_unref (self->pulling);
  g_array_unref (self->other_marks);
  procstream_chunk_log_free (self->log);
  g_mutex_clear (&self->push_mutex);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_main_context_unref (self->context);
  for (guint i = 0; i < G_N_ELEMENTS (self->match_places); i++)
    procstream_match_place_unref (self->match_places[i]);
  g_free (self->name);
  g_free (self->label);
  g_atomic_rc_box_release (self->muted);
  g_free (self);
}

const char *
procstream_output_core_get_name (ProcstreamOutputCore *self)
{
  return self->name;
}

void
procstream_output_core_take_label (ProcstreamOutputCore *self,
                                   char                 *label)
{
  self->label = label;
}

const char *
procstream_output_core_get_label (ProcstreamOutputCore *self)
{
  return self->label ? self->label : self->name;
}

GMainContext *
procstream_output_core_get_home_context (ProcstreamOutputCore *self)
{
  return procstream_home_get_context (self->home);
}

void
procstream_output_core_set_stream (ProcstreamOutputCore *self,
                                   ProcstreamStream      stream)
{
  self->stream = stream;
}

void
procstream_output_core_set_merged (ProcstreamOutputCore        *self,
                                   ProcstreamOutputCore *const *inputs)
{
  self->is_merged = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (self->match_places); i++)
    {
      procstream_match_place_unref (self->match_places[i]);
      self->match_places[i] = procstream_match_place_ref (inputs[i]->match_places[0]);
    }
}

ProcstreamMatchPlace *
procstream_output_core_get_match_place (ProcstreamOutputCore *self,
                                        guint                 lane)
{
  return self->match_places[lane];
}

gboolean
procstream_output_core_is_merged (ProcstreamOutputCore *self)
{
  return self->is_merged;
}

const ProcstreamOutputSettings *
procstream_output_core_get_settings (ProcstreamOutputCore *self)
{
  return &self->settings;
}

gconstpointer
procstream_output_core_get_family (ProcstreamOutputCore *self)
{
  return self->family;
}

ProcstreamOutputState
procstream_output_core_get_state (ProcstreamOutputCore *self)
{
  ProcstreamOutputState state;

  procstream_platform_lock_to_read (&self->mutex);
  state = self->state;
  procstream_platform_unlock_to_read (&self->mutex);
  return state;
}

gboolean
procstream_output_core_is_ended (ProcstreamOutputCore *self)
{
  gboolean ended;

  procstream_platform_lock_to_read (&self->mutex);
  ended = procstream_chunk_log_is_finished (self->log);
  procstream_platform_unlock_to_read (&self->mutex);
  return ended;
}

gboolean
procstream_output_core_is_settled (ProcstreamOutputCore *self)
{
  gboolean settled;

  procstream_platform_lock_to_read (&self->mutex);
  settled = procstream_chunk_log_is_finished (self->log) && self->n_finishing == 0;
  for (guint i = 0; settled && i < self->pushed->len; i++)
    settled = ((ProcstreamSubscription *) g_ptr_array_index (self->pushed, i))->paused;
  procstream_platform_unlock_to_read (&self->mutex);
  return settled;
}

void
procstream_output_core_get_counts (ProcstreamOutputCore   *self,
                                   ProcstreamOutputCounts *counts)
{
  procstream_platform_lock_to_read (&self->mutex);
  /* Who looks now and then lets go of what has become too old to be replayed, where nothing arrives any more. */
  if (self->settings.log.replay == PROCSTREAM_REPLAY_LAST_MS && !procstream_platform_forked ())
    procstream_chunk_log_set_time (self->log, g_get_monotonic_time ());
  counts->received = procstream_chunk_log_get_bytes_appended (self->log);
  counts->dropped = procstream_chunk_log_get_bytes_dropped (self->log);
  /* What goes on to another output is observed here, and counted there. */
  counts->unobserved = self->is_tapped ? 0 : procstream_chunk_log_get_bytes_unobserved (self->log);
  procstream_platform_unlock_to_read (&self->mutex);
}

static gboolean
has_pending_locked (ProcstreamOutputCore *self)
{
  return self->source && self->source->klass->get_pending && self->source->klass->get_pending (self->source) > 0;
}

void
procstream_output_core_get_activity (ProcstreamOutputCore     *self,
                                     ProcstreamOutputActivity *activity)
{
  g_mutex_lock (&self->mutex);
  *activity = (ProcstreamOutputActivity){
    .last_us = self->last_us,
    .resumed_us = self->resumed_us,
    .paused = self->state == PROCSTREAM_OUTPUT_STATE_PAUSED,
    .pending = has_pending_locked (self),
    .over = self->state > PROCSTREAM_OUTPUT_STATE_PAUSED,
  };
  g_mutex_unlock (&self->mutex);
}

guint64
procstream_output_core_get_offset (ProcstreamOutputCore   *self,
                                   ProcstreamSubscription *subscription)
{
  guint64 offset;

  g_mutex_lock (&self->mutex);
  if (subscription->cursor)
    offset = procstream_cursor_get_offset (subscription->cursor);
  else
    offset = procstream_chunk_log_get_bytes_appended (self->log);
  g_mutex_unlock (&self->mutex);
  return offset;
}

guint64
procstream_output_core_get_pending_offset (ProcstreamOutputCore *self)
{
  guint64 offset;

  g_mutex_lock (&self->mutex);
  offset = procstream_chunk_log_get_bytes_appended (self->log);
  if (self->source && self->source->klass->get_pending)
    offset += self->source->klass->get_pending (self->source);
  g_mutex_unlock (&self->mutex);
  return offset;
}

void
procstream_output_core_set_ended_func (ProcstreamOutputCore *self,
                                       void (*func) (gpointer),
                                       gpointer       data,
                                       GDestroyNotify destroy)
{
  self->ended = func;
  self->ended_data = data;
  self->ended_destroy = destroy;
}

void
procstream_output_core_set_probe (ProcstreamOutputCore *self,
                                  void (*probe) (gpointer),
                                  gpointer       data,
                                  GDestroyNotify destroy)
{
  self->probe = probe;
  self->probe_data = data;
  self->probe_destroy = destroy;
}

void
procstream_output_core_set_tap (ProcstreamOutputCore   *self,
                                const ProcstreamTapOps *ops,
                                gpointer                data)
{
  self->tap = ops;
  self->tap_data = data;
  self->is_tapped = TRUE;
}

void
procstream_output_core_set_opening (ProcstreamOutputCore *self,
                                    gboolean              opening)
{
  g_atomic_int_set (&self->opening, opening);
}

void
procstream_output_core_seal_replay (ProcstreamOutputCore *self)
{
  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&self->mutex);
  procstream_chunk_log_seal (self->log);
  g_mutex_unlock (&self->mutex);
}

void
procstream_output_core_invoke_data (ProcstreamOutputCore *self,
                                    void (*func) (gpointer),
                                    gpointer       data,
                                    GDestroyNotify destroy)
{
  procstream_home_invoke (self->home, func, data, destroy);
}
