/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pipeline-core-private.h"

#include "procstream-pipeline-result-private.h"

/*
 * A completion for each stage, which all begin at the same time. One that comes to its end before its child did (it took too long, was idle,
 * wrote too much, was cancelled) stops the others for the same reason, since a pipeline that lacks a stage is of no use; each then
 * ends its child or leaves it alone, as the settings say.
 *
 * mutex protects n_left, error, failed and exceeding. parts is constant. One reference belongs to each completion that is not over.
 */
typedef struct
{
  ProcstreamPipelineWait *wait;
  guint                   i;
} Part;

struct _ProcstreamPipelineWait
{
  gatomicrefcount    ref_count;
  GPtrArray         *parts; /* of ProcstreamCompletion */
  ProcstreamWaiters *over;

  GMutex  mutex;
  guint   n_left;
  GError *error;
  guint   failed;    /* whose error that is */
  int     exceeding; /* who wrote too much, and so had all of them stopped; -1: nobody */
};

ProcstreamPipelineWait *
procstream_pipeline_wait_ref (ProcstreamPipelineWait *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_pipeline_wait_unref (ProcstreamPipelineWait *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->parts);
  procstream_waiters_unref (self->over);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
part_free (gpointer data)
{
  Part *part = data;

  procstream_pipeline_wait_unref (part->wait);
  g_free (part);
}

static void
stop_others (ProcstreamPipelineWait *self,
             guint                   i,
             ProcstreamCause         cause)
{
  for (guint j = 0; j < self->parts->len; j++)
    if (j != i)
      procstream_completion_stop (g_ptr_array_index (self->parts, j), cause);
}

/* In the I/O thread. */
static void
part_over_cb (gpointer      data,
              const GError *error)
{
  Part                   *part = data;
  ProcstreamPipelineWait *self = part->wait;
  ProcstreamCause         cause = procstream_completion_get_cause (g_ptr_array_index (self->parts, part->i));
  gboolean                last;

  if (cause != PROCSTREAM_CAUSE_NONE)
    stop_others (self, part->i, cause);
  g_mutex_lock (&self->mutex);
  /* The first: those that come after it were stopped because of it. */
  if (cause == PROCSTREAM_CAUSE_OUTPUT_LIMIT && self->exceeding < 0)
    self->exceeding = (int) part->i;
  if (error && (self->error == NULL || part->i < self->failed))
    {
      g_clear_error (&self->error);
      self->error = g_error_copy (error);
      self->failed = part->i;
    }
  last = --self->n_left == 0;
  g_mutex_unlock (&self->mutex);
  if (last)
    procstream_waiters_complete (self->over, self->error);
}

/* What the last stage writes is what the pipeline writes: whether it is idle is seen there. What goes from one to the next is nobody's output,
 * whether somebody observes it or not. */
static void
fit_settings (ProcstreamCompleteSettings *settings,
              gboolean                    is_last)
{
  settings->is_joint = !is_last;
  if (!is_last)
    settings->idle_timeout_ms = -1;
}

ProcstreamPipelineWait *
procstream_pipeline_wait_new (ProcstreamPipelineCore           *core,
                              const ProcstreamCompleteSettings *settings,
                              GCancellable                     *cancellable)
{
  ProcstreamPipelineWait *self = g_new0 (ProcstreamPipelineWait, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) procstream_completion_unref);
  self->over = procstream_waiters_new ();
  self->exceeding = -1;
  self->n_left = procstream_pipeline_core_get_size (core);
  for (guint i = 0; i < self->n_left; i++)
    {
      ProcstreamCompleteSettings own = *settings;

      fit_settings (&own, i + 1 == self->n_left);
      g_ptr_array_add (self->parts, procstream_completion_new (procstream_pipeline_core_get_stage (core, i), &own, cancellable));
    }
  /* All are there before the first is over. */
  for (guint i = 0; i < self->parts->len; i++)
    {
      Part *part = g_new (Part, 1);

      *part = (Part){ procstream_pipeline_wait_ref (self), i };
      procstream_waiters_add_func (procstream_completion_get_over (g_ptr_array_index (self->parts, i)), part_over_cb, part, part_free);
    }
  return self;
}

ProcstreamWaiters *
procstream_pipeline_wait_get_over (ProcstreamPipelineWait *self)
{
  return self->over;
}

ProcstreamPipelineResult *
procstream_pipeline_wait_make_result (ProcstreamPipelineWait *self)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GArray) cut_short = g_array_new (FALSE, FALSE, sizeof (gboolean));

  for (guint i = 0; i < self->parts->len; i++)
    {
      ProcstreamCompletion *part = g_ptr_array_index (self->parts, i);
      gboolean              was_cut_short;

      g_ptr_array_add (results, procstream_completion_make_result (part));
      was_cut_short = procstream_completion_was_cut_short (part);
      g_array_append_val (cut_short, was_cut_short);
    }
  return procstream_pipeline_result_new (results, cut_short, self->exceeding);
}
