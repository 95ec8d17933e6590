/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-census-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-worker-private.h"

/*
 * All of /proc is read by one worker at a time, for all groups that were asked for by then. Who asks meanwhile gets the answer of the next
 * time: what it is told was read after it asked. So a thousand children that end together cost a few readings.
 *
 * Under mutex: working says that there is a worker, which goes on until nothing is asked.
 */
typedef struct
{
  void (*func) (gpointer                     data,
                const ProcstreamGroupCensus *census);
  gpointer data;
} Asker;

typedef struct
{
  GArray  *queries; /* of ProcstreamGroupQuery */
  GArray  *askers;  /* of Asker, in the same order */
  gboolean readable;
} Batch;

static GMutex   mutex;
static Batch   *asked; /* NULL: nothing */
static gboolean working;

static Batch *
batch_new (void)
{
  Batch *self = g_new0 (Batch, 1);

  self->queries = g_array_new (FALSE, FALSE, sizeof (ProcstreamGroupQuery));
  self->askers = g_array_new (FALSE, FALSE, sizeof (Asker));
  return self;
}

static void
batch_free (gpointer data)
{
  Batch *self = data;

  g_array_unref (self->queries);
  g_array_unref (self->askers);
  g_free (self);
}

static gboolean
answer_cb (gpointer data)
{
  Batch *self = data;

  for (guint i = 0; i < self->askers->len; i++)
    {
      Asker *asker = &g_array_index (self->askers, Asker, i);

      asker->func (asker->data, self->readable ? &g_array_index (self->queries, ProcstreamGroupQuery, i).census : NULL);
    }
  return G_SOURCE_REMOVE;
}

static Batch *
take_asked (void)
{
  Batch *batch;

  g_mutex_lock (&mutex);
  batch = g_steal_pointer (&asked);
  working = batch != NULL;
  g_mutex_unlock (&mutex);
  return batch;
}

static gpointer
work (gpointer data)
{
  Batch *batch;

  while ((batch = take_asked ()))
    {
      batch->readable = procstream_group_count_all ((ProcstreamGroupQuery *) (gpointer) batch->queries->data, batch->queries->len);
      procstream_io_thread_invoke (answer_cb, batch, batch_free);
    }
  return NULL;
}

void
procstream_census_ask (int group,
                       int session,
                       void (*func) (gpointer                     data,
                                     const ProcstreamGroupCensus *census),
                       gpointer data)
{
  ProcstreamGroupQuery query = { .group = group, .session = session };
  Asker                asker = { func, data };
  gboolean             first;

  g_mutex_lock (&mutex);
  if (asked == NULL)
    asked = batch_new ();
  g_array_append_val (asked->queries, query);
  g_array_append_val (asked->askers, asker);
  first = !working;
  working = TRUE;
  g_mutex_unlock (&mutex);
  if (first)
    procstream_worker_run ("procstream-census", work, NULL);
}
