/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pipeline-core-private.h"

#include "procstream-error.h"
#include "procstream-feeder-private.h"
#include "procstream-pipe-private.h"

#include <unistd.h>

/*
 *     new ──prepare──▸ starting ──▸ started
 *                          └──▸ failed
 *
 * The stages and which of them are observed change in new alone, in the thread of the outer object, and are constant from then on.
 * Whoever prepares must claim every stage, and launch or give up: each of them then runs or has failed, and the last one of which that is known, in the
 * I/O thread, decides about the whole. When one has failed the others are ended, and the whole has failed once they are gone.
 *
 * Two stages are joined by a pipe of the kernel, of which this program keeps neither end: each end belongs to the stage from the joining
 * on, and is closed here when that was started, or was not. So the end of one stage is the end of the input of the next, and
 * the death of one that reads is a SIGPIPE for the one before, whatever this program does. Where a joint is observed there are two
 * pipes, and a feeder between them which does the same, with both ends.
 *
 * mutex protects state, error and n_starting. pipes are those of the joints, two numbers for each, from prepare until they are given away.
 */
typedef enum
{
  STATE_NEW,
  STATE_STARTING,
  STATE_STARTED,
  STATE_FAILED,
} State;

typedef struct
{
  ProcstreamChildCore *core;
  gboolean             observed;
} Stage;

struct _ProcstreamPipelineCore
{
  gatomicrefcount    ref_count;
  GArray            *stages; /* of Stage */
  ProcstreamWaiters *started;

  GMutex  mutex;
  State   state;
  GError *error; /* set exactly in failed */
  guint   n_starting;
  GArray *pipes; /* of int, -1: none */
};

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

static void
stage_clear (gpointer data)
{
  Stage *self = data;

  procstream_child_core_unref (self->core);
}

ProcstreamPipelineCore *
procstream_pipeline_core_new (void)
{
  ProcstreamPipelineCore *self = g_new0 (ProcstreamPipelineCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->stages = g_array_new (FALSE, FALSE, sizeof (Stage));
  g_array_set_clear_func (self->stages, stage_clear);
  self->started = procstream_waiters_new ();
  return self;
}

ProcstreamPipelineCore *
procstream_pipeline_core_ref (ProcstreamPipelineCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_pipeline_core_unref (ProcstreamPipelineCore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_array_unref (self->stages);
  procstream_waiters_unref (self->started);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
core_unref_cb (gpointer data)
{
  procstream_pipeline_core_unref (data);
}

/* --- Stages ------------------------------------------------------------------------------------------------------------------- */

static Stage *
get (ProcstreamPipelineCore *self,
     guint                   i)
{
  return &g_array_index (self->stages, Stage, i);
}

void
procstream_pipeline_core_append (ProcstreamPipelineCore *self,
                                 ProcstreamChildCore    *stage)
{
  Stage last = { procstream_child_core_ref (stage), FALSE };

  g_array_append_val (self->stages, last);
}

void
procstream_pipeline_core_set_observed (ProcstreamPipelineCore *self,
                                       guint                   i,
                                       gboolean                observed)
{
  get (self, i)->observed = observed;
}

gboolean
procstream_pipeline_core_is_observed (ProcstreamPipelineCore *self,
                                      guint                   i)
{
  return get (self, i)->observed;
}

guint
procstream_pipeline_core_get_size (ProcstreamPipelineCore *self)
{
  return self->stages->len;
}

ProcstreamChildCore *
procstream_pipeline_core_get_stage (ProcstreamPipelineCore *self,
                                    guint                   i)
{
  return get (self, i)->core;
}

static gboolean
check (ProcstreamPipelineCore *self,
       gboolean                is_new,
       GError                **error)
{
  State state;

  g_mutex_lock (&self->mutex);
  state = self->state;
  if (state == STATE_FAILED && !is_new)
    g_propagate_error (error, g_error_copy (self->error));
  g_mutex_unlock (&self->mutex);
  if ((state == STATE_NEW) == is_new && state != STATE_FAILED)
    return TRUE;
  if (is_new)
    g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE, "The pipeline was started before");
  else if (state == STATE_NEW)
    g_set_error_literal (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE, "The pipeline was not started");
  return FALSE;
}

gboolean
procstream_pipeline_core_check_new (ProcstreamPipelineCore *self,
                                    GError                **error)
{
  return check (self, TRUE, error);
}

gboolean
procstream_pipeline_core_check_started (ProcstreamPipelineCore *self,
                                        GError                **error)
{
  return check (self, FALSE, error);
}

/* --- Joining ------------------------------------------------------------------------------------------------------------------ */

static gboolean
check_joints (ProcstreamPipelineCore *self,
              GError                **error)
{
  if (self->stages->len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "A pipeline needs a stage");
      return FALSE;
    }
  for (guint i = 0; i + 1 < self->stages->len; i++)
    if (!procstream_child_core_check_joint (get (self, i)->core, get (self, i)->observed, error))
      return FALSE;
  return TRUE;
}

static void
close_pipes (GArray *pipes)
{
  for (guint i = 0; i < pipes->len; i++)
    if (g_array_index (pipes, int, i) >= 0)
      close (g_array_index (pipes, int, i));
  g_array_unref (pipes);
}

/* All of them before the first is given away, so that they are there or none is. */
static GArray *
make_pipes (ProcstreamPipelineCore *self,
            GError                **error)
{
  guint   n_joints = self->stages->len - 1;
  GArray *pipes = g_array_sized_new (FALSE, FALSE, sizeof (int), 2 * n_joints);

  for (guint i = 0; i < n_joints; i++)
    {
      int fds[2] = { -1, -1 };

      if (!get (self, i)->observed && !procstream_pipe_new (fds, error))
        {
          close_pipes (pipes);
          return NULL;
        }
      g_array_append_vals (pipes, fds, 2);
    }
  return pipes;
}

gboolean
procstream_pipeline_core_prepare (ProcstreamPipelineCore *self,
                                  GError                **error)
{
  GArray  *pipes;
  gboolean is_new;

  if (!check (self, TRUE, error) || !check_joints (self, error))
    return FALSE;
  pipes = make_pipes (self, error);
  if (pipes == NULL)
    return FALSE;
  g_mutex_lock (&self->mutex);
  is_new = self->state == STATE_NEW;
  if (is_new)
    {
      self->state = STATE_STARTING;
      self->n_starting = self->stages->len;
      self->pipes = pipes;
    }
  g_mutex_unlock (&self->mutex);
  if (is_new)
    return TRUE;
  close_pipes (pipes);
  return check (self, TRUE, error);
}

static void
join (ProcstreamPipelineCore *self,
      guint                   i)
{
  ProcstreamChildCore *writer = get (self, i)->core;
  ProcstreamChildCore *reader = get (self, i + 1)->core;

  if (get (self, i)->observed)
    {
      procstream_feed (procstream_child_core_get_output (writer, 0), procstream_child_core_get_input (reader), TRUE);
      return;
    }
  procstream_child_core_join (reader, STDIN_FILENO, g_array_index (self->pipes, int, 2 * i));
  procstream_child_core_join (writer, STDOUT_FILENO, g_array_index (self->pipes, int, 2 * i + 1));
}

/* --- Starting ----------------------------------------------------------------------------------------------------------------- */

static GError *
find_error (ProcstreamPipelineCore *self)
{
  for (guint i = 0; i < self->stages->len; i++)
    {
      ProcstreamChildCore *stage = get (self, i)->core;
      GError              *error;

      if (procstream_child_core_get_state (stage) != PROCSTREAM_CHILD_STATE_FAILED)
        continue;
      error = g_error_copy (procstream_child_core_get_error (stage));
      g_prefix_error (&error, "Stage %u of %u: ", i + 1, self->stages->len);
      return error;
    }
  return NULL;
}

static void
decide (ProcstreamPipelineCore *self,
        GError                 *error) /* taken */
{
  g_mutex_lock (&self->mutex);
  self->error = error;
  self->state = error ? STATE_FAILED : STATE_STARTED;
  g_mutex_unlock (&self->mutex);
  procstream_waiters_complete (self->started, error);
  for (guint i = 0; i < self->stages->len; i++)
    procstream_child_core_release_start (get (self, i)->core);
}

/* Whoever survives is told by the results of its own stage. */
static void
undone_cb (gpointer      data,
           const GError *error)
{
  ProcstreamPipelineCore *self = data;

  decide (self, find_error (self));
}

static void
stage_started_cb (gpointer      data,
                  const GError *error)
{
  ProcstreamPipelineCore *self = data;
  ProcstreamWaiters      *waiters;
  g_autoptr (GError) first = NULL;
  gboolean last;

  g_mutex_lock (&self->mutex);
  last = --self->n_starting == 0;
  g_mutex_unlock (&self->mutex);
  if (!last)
    return;
  first = find_error (self);
  if (first == NULL)
    {
      decide (self, NULL);
      return;
    }
  waiters = procstream_pipeline_core_shut_down (self, NULL);
  procstream_waiters_add_func (waiters, undone_cb, procstream_pipeline_core_ref (self), core_unref_cb);
  procstream_waiters_unref (waiters);
}

void
procstream_pipeline_core_launch (ProcstreamPipelineCore *self)
{
  for (guint i = 0; i + 1 < self->stages->len; i++)
    join (self, i);
  g_clear_pointer (&self->pipes, g_array_unref);
  for (guint i = 0; i < self->stages->len; i++)
    {
      ProcstreamChildCore *stage = get (self, i)->core;

      procstream_waiters_add_func (procstream_child_core_get_started (stage), stage_started_cb,
                                   procstream_pipeline_core_ref (self), core_unref_cb);
      procstream_child_core_launch (stage);
    }
}

void
procstream_pipeline_core_give_up (ProcstreamPipelineCore *self,
                                  guint                   n_claimed,
                                  const GError           *error)
{
  g_clear_pointer (&self->pipes, close_pipes);
  for (guint i = 0; i < self->stages->len; i++)
    {
      ProcstreamChildCore *stage = get (self, i)->core;

      /* Nobody else may start what was not claimed, so whoever waits for it would do so for ever. But a scope that is being closed
       * may be refusing it right now. */
      if (i < n_claimed)
        procstream_child_core_fail (stage, error);
      else
        procstream_child_core_refuse (stage, PROCSTREAM_CHILD_STATE_CREATED, error);
    }
  decide (self, g_error_copy (error));
}

ProcstreamWaiters *
procstream_pipeline_core_get_started (ProcstreamPipelineCore *self)
{
  return self->started;
}

/* --- Ending ------------------------------------------------------------------------------------------------------------------- */

/* One event that has happened when many have; its error is that of the first in their order. One reference belongs to each of
 * these, and one to whoever adds them. */
typedef struct
{
  gatomicrefcount    ref_count;
  ProcstreamWaiters *all;
  GMutex             mutex;
  guint              first; /* whose error that is */
  GError            *error;
} Gathering;

typedef struct
{
  Gathering *gathering;
  guint      i;
} Part;

static void
gathering_unref (Gathering *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  procstream_waiters_complete (self->all, self->error);
  procstream_waiters_unref (self->all);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
part_cb (gpointer      data,
         const GError *error)
{
  Part      *part = data;
  Gathering *self = part->gathering;

  if (error == NULL)
    return;
  g_mutex_lock (&self->mutex);
  if (self->error == NULL || part->i < self->first)
    {
      g_clear_error (&self->error);
      self->error = g_error_copy (error);
      self->first = part->i;
    }
  g_mutex_unlock (&self->mutex);
}

static void
part_free (gpointer data)
{
  Part *part = data;

  gathering_unref (part->gathering);
  g_free (part);
}

static void
gather (Gathering         *self,
        guint              i,
        ProcstreamWaiters *waiters)
{
  Part *part = g_new (Part, 1);

  *part = (Part){ self, i };
  g_atomic_ref_count_inc (&self->ref_count);
  procstream_waiters_add_func (waiters, part_cb, part, part_free);
}

ProcstreamWaiters *
procstream_pipeline_core_shut_down (ProcstreamPipelineCore *self,
                                    ProcstreamShutdownPlan *plan)
{
  Gathering         *gathering = g_new0 (Gathering, 1);
  ProcstreamWaiters *all = procstream_waiters_new ();

  g_atomic_ref_count_init (&gathering->ref_count);
  g_mutex_init (&gathering->mutex);
  gathering->all = procstream_waiters_ref (all);
  for (guint i = 0; i < self->stages->len; i++)
    {
      ProcstreamChildCore *stage = get (self, i)->core;
      ProcstreamWaiters   *waiters;

      if (procstream_child_core_get_state (stage) == PROCSTREAM_CHILD_STATE_FAILED)
        continue;
      waiters = procstream_child_core_shut_down (stage, plan ? plan : procstream_child_core_get_options (stage)->shutdown,
                                                 PROCSTREAM_CAUSE_TERMINATED, NULL);
      if (waiters)
        {
          gather (gathering, i, waiters);
          procstream_waiters_unref (waiters);
        }
    }
  gathering_unref (gathering);
  return all;
}
