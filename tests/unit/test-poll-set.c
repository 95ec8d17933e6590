/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"
#include "procstream-poll-set-private.h"

#include "test-utils.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* All tests run three times: as sets are, with epoll from the start, and without epoll. */

typedef struct _Pipe Pipe;
struct _Pipe
{
  ProcstreamPollSet *set;
  GMainContext      *context;
  ProcstreamWatch    watch;
  int                fds[2];
  int                refs; /* atomic */
  guint              n_called;
  GIOCondition       condition;
  gboolean           leave; /* what can be read */
  void (*action) (Pipe *self);
  Pipe *other;
};

static gpointer
pipe_ref (gpointer data)
{
  g_atomic_int_inc (&((Pipe *) data)->refs);
  return data;
}

static void
pipe_unref (gpointer data)
{
  g_atomic_int_add (&((Pipe *) data)->refs, -1);
}

static void
ready_cb (gpointer     data,
          GIOCondition condition)
{
  Pipe *self = data;
  char  byte;

  g_assert_cmpint (g_atomic_int_get (&self->refs), >, 0);
  self->n_called++;
  self->condition = condition;
  if (!self->leave && (condition & G_IO_IN))
    g_assert_cmpint (read (self->fds[0], &byte, 1), ==, 1);
  if (self->action)
    self->action (self);
}

static void
pipe_open (Pipe         *self,
           GMainContext *context)
{
  *self = (Pipe){ .context = context };
  procstream_pipe_new (self->fds, NULL);
  self->set = procstream_poll_set_get (context);
  self->watch = procstream_poll_set_add (self->set, self->fds[0], G_IO_IN | G_IO_HUP, ready_cb, self, pipe_ref, pipe_unref);
  g_assert_cmpuint (self->watch, !=, 0);
}

static void
pipe_write (Pipe *self)
{
  g_assert_cmpint (write (self->fds[1], "x", 1), ==, 1);
}

static void
pipe_close (Pipe *self)
{
  procstream_poll_set_remove (self->set, self->watch);
  procstream_poll_set_unref (self->set);
  close (self->fds[0]);
  close (self->fds[1]);
  g_assert_cmpint (self->refs, ==, 0);
}

/* Whatever is ready now; FALSE if nothing was. */
static gboolean
iterate (GMainContext *context)
{
  return g_main_context_iteration (context, FALSE);
}

static void
settle (GMainContext *context)
{
  while (iterate (context))
    ;
}

static void
test_arm (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Pipe pipe;

  pipe_open (&pipe, context);
  pipe_write (&pipe);
  settle (context);
  g_assert_cmpuint (pipe.n_called, ==, 0);
  procstream_poll_set_arm (pipe.set, pipe.watch);
  g_main_context_iteration (context, TRUE);
  settle (context);
  g_assert_cmpuint (pipe.n_called, ==, 1);
  g_assert_cmpint (pipe.condition, ==, G_IO_IN);
  pipe_write (&pipe);
  pipe_write (&pipe);
  settle (context);
  g_assert_cmpuint (pipe.n_called, ==, 3);
  procstream_poll_set_disarm (pipe.set, pipe.watch);
  pipe_write (&pipe);
  settle (context);
  g_assert_cmpuint (pipe.n_called, ==, 3);
  pipe_close (&pipe);
}

/* A closed pipe wakes every poll that it is in, whatever was asked for. */
static void
test_hangup_while_paused (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Pipe pipe;

  pipe_open (&pipe, context);
  procstream_poll_set_arm (pipe.set, pipe.watch);
  procstream_poll_set_disarm (pipe.set, pipe.watch);
  close (pipe.fds[1]);
  settle (context);
  g_assert_false (g_main_context_pending (context));
  g_assert_cmpuint (pipe.n_called, ==, 0);
  procstream_poll_set_arm (pipe.set, pipe.watch);
  iterate (context);
  g_assert_cmpuint (pipe.n_called, ==, 1);
  g_assert_true (pipe.condition & G_IO_HUP);
  pipe.fds[1] = dup (pipe.fds[0]);
  pipe_close (&pipe);
}

static void
remove_other (Pipe *self)
{
  procstream_poll_set_remove (self->set, self->other->watch);
}

/* Both are ready at once; the first that is called removes the other, whose number is then used by another watch. */
static void
test_remove_ready (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamPollSet *set = procstream_poll_set_get (context);
  Pipe               pipes[2];
  ProcstreamWatch    stale;

  pipe_open (&pipes[0], context);
  pipe_open (&pipes[1], context);
  for (int i = 0; i < 2; i++)
    {
      pipes[i].other = &pipes[!i];
      pipes[i].action = remove_other;
      pipe_write (&pipes[i]);
      procstream_poll_set_arm (pipes[i].set, pipes[i].watch);
    }
  settle (context);
  g_assert_cmpuint (pipes[0].n_called + pipes[1].n_called, ==, 1);

  stale = pipes[0].n_called ? pipes[1].watch : pipes[0].watch;
  pipe_close (&pipes[0]);
  pipe_close (&pipes[1]);
  /* Two, so that the slot of the stale one is certainly in use again. */
  for (int i = 0; i < 2; i++)
    {
      pipe_open (&pipes[i], context);
      g_assert_cmpuint (pipes[i].watch, !=, stale);
      pipe_write (&pipes[i]);
    }
  procstream_poll_set_arm (set, stale);
  settle (context);
  g_assert_cmpuint (pipes[0].n_called + pipes[1].n_called, ==, 0);
  procstream_poll_set_remove (set, stale);
  for (int i = 0; i < 2; i++)
    procstream_poll_set_arm (set, pipes[i].watch);
  settle (context);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpuint (pipes[i].n_called, ==, 1);
      pipe_close (&pipes[i]);
    }
  procstream_poll_set_unref (set);
}

static void
iterate_until_idle (Pipe *self)
{
  guint n = 0;

  pipe_write (self->other);
  while (iterate (self->context))
    g_assert_cmpuint (++n, <, 100);
  g_assert_false (g_main_context_pending (self->context));
  g_assert_cmpuint (self->n_called, ==, 1);
  g_assert_cmpuint (self->other->n_called, ==, 1);
}

/* A callback leaves its descriptor ready and iterates the context: the other is served, the own is not, and nothing spins. After it
 * has returned it is served again. */
static void
test_recursion (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Pipe pipes[2];

  pipe_open (&pipes[0], context);
  pipe_open (&pipes[1], context);
  for (int i = 0; i < 2; i++)
    {
      pipes[i].other = &pipes[!i];
      procstream_poll_set_arm (pipes[i].set, pipes[i].watch);
    }
  pipes[0].leave = TRUE;
  pipes[0].action = iterate_until_idle;
  pipe_write (&pipes[0]);
  iterate (context);
  pipes[0].leave = FALSE;
  pipes[0].action = NULL;
  settle (context);
  g_assert_cmpuint (pipes[0].n_called, ==, 2);
  g_assert_cmpuint (pipes[1].n_called, ==, 1);
  pipe_close (&pipes[0]);
  pipe_close (&pipes[1]);
}

static void
iterate_once (Pipe *self)
{
  self->action = self->other->action = NULL;
  settle (self->context);
}

/* What the outer dispatch had fetched was served by the inner one: it must not be served as ready once more. */
static void
test_recursion_batch (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Pipe pipes[2];

  pipe_open (&pipes[0], context);
  pipe_open (&pipes[1], context);
  for (int i = 0; i < 2; i++)
    {
      pipes[i].other = &pipes[!i];
      pipes[i].action = iterate_once;
      pipe_write (&pipes[i]);
      procstream_poll_set_arm (pipes[i].set, pipes[i].watch);
    }
  /* A second read of the same pipe would block for ever. */
  settle (context);
  g_assert_cmpuint (pipes[0].n_called, ==, 1);
  g_assert_cmpuint (pipes[1].n_called, ==, 1);
  pipe_close (&pipes[0]);
  pipe_close (&pipes[1]);
}

static void
disarm_own (Pipe *self)
{
  procstream_poll_set_disarm (self->set, self->watch);
}

static void
test_disarm_in_callback (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Pipe pipe;

  pipe_open (&pipe, context);
  pipe.action = disarm_own;
  procstream_poll_set_arm (pipe.set, pipe.watch);
  pipe_write (&pipe);
  pipe_write (&pipe);
  settle (context);
  g_assert_cmpuint (pipe.n_called, ==, 1);
  g_assert_false (g_main_context_pending (context));
  pipe_close (&pipe);
}

static void
test_many (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  static Pipe pipes[200];

  for (guint i = 0; i < G_N_ELEMENTS (pipes); i++)
    {
      pipe_open (&pipes[i], context);
      procstream_poll_set_arm (pipes[i].set, pipes[i].watch);
      pipe_write (&pipes[i]);
    }
  settle (context);
  for (guint i = 0; i < G_N_ELEMENTS (pipes); i++)
    {
      g_assert_cmpuint (pipes[i].n_called, ==, 1);
      pipe_close (&pipes[i]);
    }
}

static gboolean
dispatch_set (GMainContext *context)
{
  ProcstreamPollSet *set = procstream_poll_set_lookup (context);
  gboolean           any = procstream_poll_set_dispatch (set);

  procstream_poll_set_unref (set);
  return any;
}

/* More are always ready than are fetched at once: none waits for longer than two rounds, whether the context goes round or a blocking
 * call does. */
static void
test_many_always_ready (void)
{
  gboolean (*const rounds[]) (GMainContext *) = { iterate, dispatch_set };
  g_autoptr (GMainContext) context = g_main_context_new ();
  static Pipe pipes[100];

  for (guint i = 0; i < G_N_ELEMENTS (pipes); i++)
    {
      pipe_open (&pipes[i], context);
      procstream_poll_set_arm (pipes[i].set, pipes[i].watch);
      pipe_write (&pipes[i]);
      pipes[i].leave = TRUE;
    }
  for (guint kind = 0; kind < G_N_ELEMENTS (rounds); kind++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (pipes); i++)
        pipes[i].n_called = 0;
      for (guint n = 1; n <= 3; n++)
        {
          g_assert_true (rounds[kind](context) && rounds[kind](context));
          for (guint i = 0; i < G_N_ELEMENTS (pipes); i++)
            g_assert_cmpuint (pipes[i].n_called, >=, n);
        }
    }
  for (guint i = 0; i < G_N_ELEMENTS (pipes); i++)
    pipe_close (&pipes[i]);
}

/* The kernel has no room for another watch. A set that would use epoll only because it has many goes on without; a set that uses it says
 * so, and those that it has are served. */
static void
test_refused (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gboolean uses_epoll = procstream_poll_set_direct_limit == 0 && procstream_platform_has (PROCSTREAM_FEATURE_EPOLL);
  Pipe     pipes[20];
  guint    n = uses_epoll ? 1 : G_N_ELEMENTS (pipes);

  for (guint i = 0; i < n; i++)
    {
      g_atomic_int_set (&procstream_poll_set_adds_left, i > 0 ? 0 : -1);
      pipe_open (&pipes[i], context);
      procstream_poll_set_arm (pipes[i].set, pipes[i].watch);
      pipe_write (&pipes[i]);
    }
  g_atomic_int_set (&procstream_poll_set_adds_left, 0);
  if (uses_epoll)
    {
      g_assert_cmpuint (procstream_poll_set_add (pipes[0].set, pipes[0].fds[1], G_IO_OUT, ready_cb, NULL, pipe_ref, pipe_unref), ==, 0);
      g_assert_cmpint (errno, ==, ENOSPC);
    }
  g_atomic_int_set (&procstream_poll_set_adds_left, -1);
  settle (context);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (pipes[i].n_called, ==, 1);
      pipe_close (&pipes[i]);
    }
}

static void
test_regular_file (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  ProcstreamPollSet *set = procstream_poll_set_get (context);
  int                fd = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);

  g_assert_cmpuint (procstream_poll_set_add (set, fd, G_IO_IN, ready_cb, NULL, pipe_ref, pipe_unref), ==, 0);
  g_assert_cmpint (errno, ==, EPERM);
  close (fd);
  procstream_poll_set_unref (set);
}

static guint
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* One set per context, for as long as there is a watch or a reference. */
static void
test_life (void)
{
  GMainContext      *context = g_main_context_new ();
  guint              fds = count_fds ();
  ProcstreamPollSet *set = procstream_poll_set_get (context);
  ProcstreamPollSet *same = procstream_poll_set_lookup (context);
  Pipe               pipe;

  g_assert_true (same == set);
  procstream_poll_set_unref (same);
  pipe_open (&pipe, context);
  g_assert_true (pipe.set == set);
  procstream_poll_set_unref (set);
  pipe_close (&pipe);
  g_assert_null (procstream_poll_set_lookup (context));
  g_assert_cmpuint (count_fds (), ==, fds);
  settle (context);
  g_main_context_unref (context);
}

static void
remove_own (Pipe *self)
{
  procstream_poll_set_remove (self->set, self->watch);
  procstream_poll_set_unref (self->set);
}

static void
test_last_removed_in_callback (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Pipe pipe;

  pipe_open (&pipe, context);
  pipe.action = remove_own;
  procstream_poll_set_arm (pipe.set, pipe.watch);
  pipe_write (&pipe);
  settle (context);
  g_assert_cmpuint (pipe.n_called, ==, 1);
  g_assert_cmpint (pipe.refs, ==, 0);
  g_assert_null (procstream_poll_set_lookup (context));
  close (pipe.fds[0]);
  close (pipe.fds[1]);
}

typedef struct
{
  GMutex mutex;
  GCond  cond;
  guint  n;
} Counter;

static Counter counter;

static void
count (Pipe *self)
{
  g_mutex_lock (&counter.mutex);
  counter.n++;
  g_cond_broadcast (&counter.cond);
  g_mutex_unlock (&counter.mutex);
}

/* The context sleeps in its poll, in another thread, while it is armed and disarmed. */
static void
test_other_thread (void)
{
  Pipe pipe;

  counter.n = 0;
  pipe_open (&pipe, procstream_io_thread_get_context ());
  pipe.action = count;
  for (guint i = 1; i <= 200; i++)
    {
      pipe_write (&pipe);
      procstream_poll_set_arm (pipe.set, pipe.watch);
      g_mutex_lock (&counter.mutex);
      while (counter.n < i)
        g_cond_wait (&counter.cond, &counter.mutex);
      g_mutex_unlock (&counter.mutex);
      procstream_poll_set_disarm (pipe.set, pipe.watch);
    }
  procstream_poll_set_remove (pipe.set, pipe.watch);
  procstream_poll_set_unref (pipe.set);
  /* The last callback may still be about to return; the I/O thread is past it when it does something else. */
  procstream_io_thread_invoke ((GSourceFunc) count, NULL, NULL);
  g_mutex_lock (&counter.mutex);
  while (counter.n < 201)
    g_cond_wait (&counter.cond, &counter.mutex);
  g_mutex_unlock (&counter.mutex);
  g_assert_cmpint (pipe.refs, ==, 0);
  close (pipe.fds[0]);
  close (pipe.fds[1]);
}

/* A forked copy shares the kernel's set: it neither takes anything out of it nor spins on it. */
static void
test_forked (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Pipe pipe;
  int  pid, status;

  pipe_open (&pipe, context);
  procstream_poll_set_arm (pipe.set, pipe.watch);
  pipe_write (&pipe);
  pid = fork ();
  if (pid == 0)
    {
      settle (context);
      procstream_poll_set_remove (pipe.set, pipe.watch);
      test_exit_copy (pipe.n_called);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  settle (context);
  g_assert_cmpuint (pipe.n_called, ==, 1);
  pipe_close (&pipe);
}

static void
run_without_epoll (gconstpointer data)
{
  void (*test) (void) = data;

  procstream_platform_disable (PROCSTREAM_FEATURE_EPOLL);
  test ();
  procstream_platform_enable (PROCSTREAM_FEATURE_EPOLL);
}

static void
run_with_epoll (gconstpointer data)
{
  void (*test) (void) = data;
  guint limit = procstream_poll_set_direct_limit;

  procstream_poll_set_direct_limit = 0;
  test ();
  procstream_poll_set_direct_limit = limit;
}

static void
add (const char *name,
     void (*test) (void))
{
  g_autofree char *usual = g_strconcat ("/poll-set/usual/", name, NULL);
  g_autofree char *with = g_strconcat ("/poll-set/epoll/", name, NULL);
  g_autofree char *without = g_strconcat ("/poll-set/poll/", name, NULL);

  g_test_add_func (usual, test);
  g_test_add_data_func (with, test, run_with_epoll);
  g_test_add_data_func (without, test, run_without_epoll);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("arm", test_arm);
  add ("hangup-while-paused", test_hangup_while_paused);
  add ("remove-ready", test_remove_ready);
  add ("recursion", test_recursion);
  add ("recursion-batch", test_recursion_batch);
  add ("disarm-in-callback", test_disarm_in_callback);
  add ("many", test_many);
  add ("many-always-ready", test_many_always_ready);
  add ("refused", test_refused);
  add ("regular-file", test_regular_file);
  add ("life", test_life);
  add ("last-removed-in-callback", test_last_removed_in_callback);
  add ("other-thread", test_other_thread);
  add ("forked", test_forked);
  return g_test_run ();
}
