/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-worker-private.h"

#include "procstream-platform-private.h"

#include <sys/prctl.h>

/*
 * Whenever mutex is free there are at least as many idle threads as jobs that wait, so each of those jobs has a thread that is just
 * waking up for it. (The one exception: the system had no thread to give. Then the job waits for the next that becomes idle.)
 */
typedef struct
{
  const char *name; /* interned */
  GThreadFunc func;
  gpointer    data;
} Job;

#define IDLE_US (10 * G_USEC_PER_SEC)

static GMutex mutex;
static GCond  cond;
static GQueue jobs = G_QUEUE_INIT;
static guint  n_idle;

static Job *
wait_for_job (void)
{
  gint64 until = g_get_monotonic_time () + IDLE_US;
  Job   *job;

  g_mutex_lock (&mutex);
  n_idle++;
  while (jobs.length == 0 && g_cond_wait_until (&cond, &mutex, until))
    ;
  n_idle--;
  job = g_queue_pop_head (&jobs);
  g_mutex_unlock (&mutex);
  return job;
}

static gpointer
worker_thread (gpointer data)
{
  for (Job *job = data; job; job = wait_for_job ())
    {
      prctl (PR_SET_NAME, job->name);
      job->func (job->data);
      g_free (job);
    }
  return NULL;
}

static gboolean
give_to_idle (Job *job)
{
  gboolean given;

  g_mutex_lock (&mutex);
  given = n_idle > jobs.length;
  if (given)
    {
      g_queue_push_tail (&jobs, job);
      g_cond_signal (&cond);
    }
  g_mutex_unlock (&mutex);
  return given;
}

void
procstream_worker_run (const char *name,
                       GThreadFunc func,
                       gpointer    data)
{
  Job     *job;
  GThread *thread;

  /* The mutex may be held for ever in a forked copy, by a thread that is not there. */
  if (procstream_platform_forked ())
    return;
  job = g_new (Job, 1);
  job->name = g_intern_string (name);
  job->func = func;
  job->data = data;
  if (give_to_idle (job))
    return;
  thread = procstream_platform_start_thread (name, worker_thread, job);
  if (thread)
    {
      g_thread_unref (thread);
      return;
    }
  g_mutex_lock (&mutex);
  g_queue_push_tail (&jobs, job);
  g_cond_signal (&cond);
  g_mutex_unlock (&mutex);
}
