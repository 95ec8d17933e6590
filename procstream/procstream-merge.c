/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-merge-private.h"

#include "procstream-source-private.h"

/*
 * The source of a merged output: what feeds it is not a descriptor but the taps of its inputs. Each chunk that an input was fed, and has
 * given to its own subscribers, goes on to the merged output as a share: the same bytes with a place in that log. All inputs
 * are read in one thread, so the order in which they are fed is the order of arrival.
 *
 * When the merged output must pause, its inputs are held back; each reads on when neither its own subscribers nor those of the
 * merged one need it to wait. An input is held (not closed for want of subscribers) as long as the merged output reads.
 *
 * Whenever mutex is free: inputs[i] is set exactly until that input has ended, or the merged output is closed; n_open counts those that have
 * not ended; held_back is what the inputs that are set were told last.
 *
 * Locks are taken in this order: that of the merged output, this one, that of an input. So an input calls its tap without its lock, and
 * nothing here calls the merged output with this one.
 *
 * One reference belongs to the merged output, as its source, and one to each tap. A tap goes when its input has ended or is freed. That
 * leaves no circle: whatever ends it, inputs is empty then.
 */
typedef struct
{
  ProcstreamSource      parent;
  gatomicrefcount       ref_count;
  ProcstreamOutputCore *merged;

  GMutex                mutex;
  ProcstreamOutputCore *inputs[PROCSTREAM_MERGE_INPUTS];
  guint                 n_open;
  gboolean              held_back;
  gboolean              closed; /* atomic */
  GError               *error;
} Merge;

typedef struct
{
  Merge *merge;
  guint  i;
} Tap;

static Merge *
merge_ref (Merge *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
merge_unref (Merge *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_error (&self->error);
  procstream_output_core_unref (self->merged);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* --- The source of the merged output ------------------------------------------------------------------------------------------ */

static void
let_input_go (ProcstreamOutputCore *input)
{
  if (input == NULL)
    return;
  procstream_output_core_set_held_back (input, FALSE);
  procstream_output_core_release (input);
  procstream_output_core_unref (input);
}

static void
merge_set_reading (ProcstreamSource *source,
                   gboolean          reading)
{
  Merge *self = (Merge *) source;

  g_mutex_lock (&self->mutex);
  self->held_back = !reading;
  for (guint i = 0; i < PROCSTREAM_MERGE_INPUTS; i++)
    if (self->inputs[i])
      procstream_output_core_set_held_back (self->inputs[i], !reading);
  g_mutex_unlock (&self->mutex);
}

static void
merge_close (ProcstreamSource *source)
{
  Merge                *self = (Merge *) source;
  ProcstreamOutputCore *inputs[PROCSTREAM_MERGE_INPUTS];

  g_mutex_lock (&self->mutex);
  g_atomic_int_set (&self->closed, TRUE);
  for (guint i = 0; i < PROCSTREAM_MERGE_INPUTS; i++)
    inputs[i] = g_steal_pointer (&self->inputs[i]);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < PROCSTREAM_MERGE_INPUTS; i++)
    let_input_go (inputs[i]);
  merge_unref (self);
}

static const ProcstreamSourceClass merge_class = {
  merge_set_reading,
  merge_close,
};

/* --- The taps of the inputs --------------------------------------------------------------------------------------------------- */

static void
tap_feeding (gpointer data,
             gboolean begins)
{
  Tap *tap = data;

  if (begins)
    procstream_output_core_begin_feeding (tap->merge->merged);
  else
    procstream_output_core_end_feeding (tap->merge->merged);
}

static void
tap_chunk (gpointer         data,
           ProcstreamChunk *chunk)
{
  Tap *tap = data;

  if (!g_atomic_int_get (&tap->merge->closed))
    procstream_output_core_feed (tap->merge->merged, procstream_chunk_new_share (chunk));
}

/* Both may have failed, most often for the same reason: that is told once. */
static void
add_error_locked (Merge        *self,
                  const GError *error)
{
  if (self->error == NULL)
    self->error = g_error_copy (error);
  else if (g_strcmp0 (self->error->message, error->message) != 0)
    g_prefix_error (&self->error, "%s; ", error->message);
}

static void
tap_ended (gpointer      data,
           const GError *error)
{
  Tap                  *tap = data;
  Merge                *self = tap->merge;
  ProcstreamOutputCore *input;
  GError               *all = NULL;
  gboolean              over;

  /* It may have ended among several chunks in a row. */
  procstream_output_core_end_feeding (self->merged);
  g_mutex_lock (&self->mutex);
  if (error)
    add_error_locked (self, error);
  input = g_steal_pointer (&self->inputs[tap->i]);
  over = --self->n_open == 0;
  if (over)
    all = g_steal_pointer (&self->error);
  g_mutex_unlock (&self->mutex);
  if (over)
    procstream_output_core_feed_end (self->merged, all);
  let_input_go (input);
}

static void
tap_free (gpointer data)
{
  Tap *tap = data;

  merge_unref (tap->merge);
  g_free (tap);
}

static const ProcstreamTapOps tap_ops = {
  tap_feeding,
  tap_chunk,
  tap_ended,
  tap_free,
};

void
procstream_merge_open (ProcstreamOutputCore        *merged,
                       ProcstreamOutputCore *const *inputs)
{
  Merge *self = g_new0 (Merge, 1);

  self->parent.klass = &merge_class;
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->merged = procstream_output_core_ref (merged);
  self->n_open = PROCSTREAM_MERGE_INPUTS;
  for (guint i = 0; i < PROCSTREAM_MERGE_INPUTS; i++)
    {
      Tap *tap = g_new (Tap, 1);

      *tap = (Tap){ merge_ref (self), i };
      self->inputs[i] = procstream_output_core_ref (inputs[i]);
      procstream_output_core_hold (inputs[i]);
      procstream_output_core_set_tap (inputs[i], &tap_ops, tap);
    }
  procstream_output_core_open_source (merged, &self->parent);
}
