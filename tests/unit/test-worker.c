/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-worker-private.h"

#include <signal.h>

typedef struct
{
  GMutex   mutex;
  GCond    cond;
  guint    n_running;
  guint    n_done;
  gboolean go;
  GThread *thread;
  gboolean sigpipe_blocked;
} Shared;

static gpointer
meet (gpointer data)
{
  Shared  *shared = data;
  sigset_t mask;

  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  g_mutex_lock (&shared->mutex);
  shared->sigpipe_blocked = sigismember (&mask, SIGPIPE);
  shared->thread = g_thread_self ();
  shared->n_running++;
  g_cond_broadcast (&shared->cond);
  while (!shared->go)
    g_cond_wait (&shared->cond, &shared->mutex);
  shared->n_done++;
  g_cond_broadcast (&shared->cond);
  g_mutex_unlock (&shared->mutex);
  return NULL;
}

static void
wait_for (Shared *shared,
          guint  *counter,
          guint   n)
{
  g_mutex_lock (&shared->mutex);
  while (*counter < n)
    g_cond_wait (&shared->cond, &shared->mutex);
  g_mutex_unlock (&shared->mutex);
}

static void
let_go (Shared *shared)
{
  g_mutex_lock (&shared->mutex);
  shared->go = TRUE;
  g_cond_broadcast (&shared->cond);
  g_mutex_unlock (&shared->mutex);
}

/* All of them run at once, or this would wait for ever; also when some threads were idle before. */
static void
test_no_waiting (void)
{
  Shared first = { 0 }, second = { 0 };

  for (guint i = 0; i < 5; i++)
    procstream_worker_run ("procstream-test", meet, &first);
  wait_for (&first, &first.n_running, 5);
  let_go (&first);
  wait_for (&first, &first.n_done, 5);
  for (guint i = 0; i < 20; i++)
    procstream_worker_run ("procstream-test", meet, &second);
  wait_for (&second, &second.n_running, 20);
  g_assert_true (second.sigpipe_blocked);
  let_go (&second);
  wait_for (&second, &second.n_done, 20);
}

static guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* One after the other, jobs need but few threads. (A thread that was just let go may not be idle yet, so not exactly one.) */
static void
test_reuse (void)
{
  guint before = count_threads ();

  for (guint i = 0; i < 200; i++)
    {
      Shared shared = { .go = TRUE };

      procstream_worker_run ("procstream-test", meet, &shared);
      wait_for (&shared, &shared.n_done, 1);
      /* The job may still hold the lock, on this stack. */
      g_mutex_lock (&shared.mutex);
      g_mutex_unlock (&shared.mutex);
    }
  g_assert_cmpuint (count_threads (), <, before + 100);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker/no-waiting", test_no_waiting);
  g_test_add_func ("/worker/reuse", test_reuse);
  return g_test_run ();
}
