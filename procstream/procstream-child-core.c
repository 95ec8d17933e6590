/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-core-private.h"

#include "procstream-dispatcher-private.h"
#include "procstream-error.h"
#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"
#include "procstream-poll-set-private.h"
#include "procstream-result-private.h"
#include "procstream-spawn-private.h"
#include "procstream-terminal-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The states, and who moves on:
 *
 *     created ──claim──▸ starting ──I/O thread──▸ running ──▸ (terminating) ──I/O thread──▸ exited
 *                            └──▸ failed
 *
 * claim is the only way out of created, so there is one start, whoever calls it. From then to exited or failed one reference belongs
 * to what is under way below (the spawner, then the watch of the exit), so the record is there when it is over, whether anybody
 * else still cares or not.
 *
 * The exit is noticed by the pidfd becoming readable in the I/O thread; only then is GSubprocess, whose worker reaps, asked
 * for the status. Where there is no pidfd, it is asked from the start. The pidfd is kept until nobody can be signalled through it any
 * more, so that children that a program remembers do not use up its descriptors: it is the one name of the process, and of its group,
 * that is never given to another.
 *
 * Whenever mutex is free: pid and subprocess are set exactly from running on, pidfd from then until it is of no use; result and end_us
 * are set exactly in exited; error is set exactly in failed. The outputs and the input are opened before the state becomes running and told of a failure
 * before it becomes failed; whoever waits is told after. What is set once is read without the lock by those who
 * have seen the state.
 *
 * ## Signals
 *
 * A signal to the process alone goes through the pidfd: it reaches this process or nobody. A signal to the group:
 *
 *  - Linux 6.9 and later: through the pidfd too, to this group or nobody, also when its leader is long gone.
 *  - Older: with kill() to the number of the group, while GSubprocess still has the leader to reap, which keeps the number taken; never
 *    after. The worker of GSubprocess could reap between the check and the call: for a stranger to be hit, the group would have to
 *    become empty and the kernel run through all its numbers and make a group of this one within these few instructions. The
 *    pidfd is asked last before the call, to keep them as few as possible.
 *  - Without pidfd: the same, and the process alone is signalled by GSubprocess, which sends nothing once it has reaped it.
 */

/* Rings for the owner: what is below the outer object, and may outlive it, has things to tell, and the outer is told in its own context. It
 * is separate because the outputs hold it, which the record holds. item goes with the outer object, even if it is queued: a context
 * that is never iterated again must not collect what finished children leave. */
typedef struct
{
  gatomicrefcount ref_count;
  GWeakRef        outer;
  void (*advance) (gpointer outer);

  GMutex                  mutex;
  ProcstreamDispatchItem *item; /* NULL: closed */
} Bell;

struct _ProcstreamChildCore
{
  gatomicrefcount        ref_count;
  ProcstreamChildOptions options;
  Bell                  *bell;
  ProcstreamOutputCore  *outputs[2];
  ProcstreamInputCore   *input; /* NULL where it is no pipe */
  ProcstreamWaiters     *started;
  ProcstreamWaiters     *exited;

  int                 ours[3];  /* our ends of the pipes, from launch until the program runs; -1: none */
  ProcstreamTerminal *terminal; /* from launch to the end, where the child inherits one in a group of its own */

  GMutex               mutex;
  GCond                cond; /* no longer starting */
  ProcstreamChildState state;
  int                  pid;
  int                  pidfd;
  GSubprocess         *subprocess;
  ProcstreamPollSet   *poll_set;
  ProcstreamWatch      watch;
  gint64               start_us;
  gint64               end_us;
  ProcstreamResult    *result;
  GError              *error;
};

/* --- The bell ----------------------------------------------------------------------------------------------------------------- */

static gpointer
bell_ref (gpointer data)
{
  Bell *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
bell_unref (gpointer data)
{
  Bell *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->item == NULL);
  g_weak_ref_clear (&self->outer);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
bell_dispatch (gpointer          data,
               ProcstreamBudget *budget)
{
  Bell *self = data;
  g_autoptr (GObject) outer = g_weak_ref_get (&self->outer);

  if (outer)
    self->advance (outer);
  return FALSE;
}

static void
bell_ring (gpointer data)
{
  Bell *self = data;

  g_mutex_lock (&self->mutex);
  if (self->item)
    procstream_dispatch_item_post (self->item);
  g_mutex_unlock (&self->mutex);
}

static void
bell_close (Bell *self)
{
  ProcstreamDispatchItem *item;

  g_mutex_lock (&self->mutex);
  item = g_steal_pointer (&self->item);
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&item, procstream_dispatch_item_free);
}

static Bell *
bell_new (GMainContext *context,
          GObject      *outer,
          void (*advance) (gpointer outer))
{
  Bell *self = g_new0 (Bell, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_weak_ref_init (&self->outer, outer);
  self->advance = advance;
  self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, bell_dispatch, self, bell_ref, bell_unref);
  return self;
}

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

void
procstream_child_options_clear (ProcstreamChildOptions *options)
{
  g_clear_pointer (&options->name, g_free);
  g_clear_pointer (&options->argv, g_strfreev);
  g_clear_pointer (&options->envp, g_strfreev);
  g_clear_pointer (&options->cwd, g_free);
}

ProcstreamChildCore *
procstream_child_core_new (ProcstreamChildOptions *options,
                           GMainContext           *context,
                           GObject                *outer,
                           void (*advance) (gpointer outer))
{
  static const char *const names[2] = { "stdout", "stderr" };
  ProcstreamChildCore     *self = g_new0 (ProcstreamChildCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->options = *options;
  *options = (ProcstreamChildOptions){ 0 };
  self->state = PROCSTREAM_CHILD_STATE_CREATED;
  self->pidfd = -1;
  self->bell = bell_new (context, outer, advance);
  self->started = procstream_waiters_new ();
  self->exited = procstream_waiters_new ();
  for (guint i = 0; i < 3; i++)
    self->ours[i] = -1;
  for (guint i = 0; i < 2; i++)
    {
      self->outputs[i] = procstream_output_core_new (names[i], &self->options.outputs[i], context, self);
      procstream_output_core_take_label (self->outputs[i], g_strdup_printf ("%s (%s)", self->options.name, names[i]));
      procstream_output_core_set_ended_func (self->outputs[i], bell_ring, bell_ref (self->bell), bell_unref);
    }
  if (self->options.stdin_mode == PROCSTREAM_STDIN_MODE_PIPE)
    self->input = procstream_input_core_new (self->options.name);
  return self;
}

ProcstreamChildCore *
procstream_child_core_ref (ProcstreamChildCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
close_ours (ProcstreamChildCore *self)
{
  for (guint i = 0; i < 3; i++)
    if (self->ours[i] >= 0)
      close (g_steal_fd (&self->ours[i]));
}

void
procstream_child_core_unref (ProcstreamChildCore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->watch == 0);
  close_ours (self);
  if (self->pidfd >= 0)
    close (self->pidfd);
  g_clear_pointer (&self->poll_set, procstream_poll_set_unref);
  for (guint i = 0; i < 2; i++)
    procstream_output_core_unref (self->outputs[i]);
  g_clear_pointer (&self->input, procstream_input_core_unref);
  procstream_waiters_unref (self->started);
  procstream_waiters_unref (self->exited);
  g_clear_object (&self->subprocess);
  g_clear_object (&self->result);
  g_clear_error (&self->error);
  procstream_child_options_clear (&self->options);
  bell_unref (self->bell);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
procstream_child_core_ring (ProcstreamChildCore *self)
{
  bell_ring (self->bell);
}

/* --- States ------------------------------------------------------------------------------------------------------------------- */

const char *
procstream_child_state_to_string (ProcstreamChildState state)
{
  static const char *const names[] = { "none", "created", "starting", "running", "terminating", "exited", "failed" };

  g_assert (state < G_N_ELEMENTS (names));
  return names[state];
}

static void
set_state_locked (ProcstreamChildCore *self,
                  ProcstreamChildState state)
{
  static const guint before[] = {
    [PROCSTREAM_CHILD_STATE_NONE] = 0,
    [PROCSTREAM_CHILD_STATE_CREATED] = 1 << PROCSTREAM_CHILD_STATE_NONE,
    [PROCSTREAM_CHILD_STATE_STARTING] = 1 << PROCSTREAM_CHILD_STATE_CREATED,
    [PROCSTREAM_CHILD_STATE_RUNNING] = 1 << PROCSTREAM_CHILD_STATE_STARTING,
    [PROCSTREAM_CHILD_STATE_TERMINATING] = 1 << PROCSTREAM_CHILD_STATE_RUNNING,
    [PROCSTREAM_CHILD_STATE_EXITED] = 1 << PROCSTREAM_CHILD_STATE_RUNNING | 1 << PROCSTREAM_CHILD_STATE_TERMINATING,
    [PROCSTREAM_CHILD_STATE_FAILED] = 1 << PROCSTREAM_CHILD_STATE_STARTING,
  };

  g_assert (before[state] & (1u << self->state));
  self->state = state;
}

gboolean
procstream_child_core_claim (ProcstreamChildCore *self,
                             GError             **error)
{
  ProcstreamChildState state;

  g_mutex_lock (&self->mutex);
  state = self->state;
  if (state == PROCSTREAM_CHILD_STATE_CREATED)
    set_state_locked (self, PROCSTREAM_CHILD_STATE_STARTING);
  g_mutex_unlock (&self->mutex);
  if (state == PROCSTREAM_CHILD_STATE_CREATED)
    return TRUE;
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
               "“%s” cannot be started: its state is “%s”", self->options.name, procstream_child_state_to_string (state));
  return FALSE;
}

/* Before anybody is told of the end: the terminal is then there to be used. */
static void
take_terminal_back (ProcstreamChildCore *self,
                    gboolean             killed)
{
  ProcstreamTerminal *terminal = g_steal_pointer (&self->terminal);

  if (terminal)
    procstream_terminal_close (terminal, killed);
}

static void
fail (ProcstreamChildCore *self,
      const GError        *error)
{
  take_terminal_back (self, FALSE);
  close_ours (self);
  for (guint i = 0; i < 2; i++)
    procstream_output_core_feed_end (self->outputs[i], g_error_copy (error));
  if (self->input)
    procstream_input_core_fail (self->input, error);
  g_mutex_lock (&self->mutex);
  self->error = g_error_copy (error);
  set_state_locked (self, PROCSTREAM_CHILD_STATE_FAILED);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  bell_ring (self->bell);
  procstream_waiters_complete (self->started, error);
  procstream_waiters_complete (self->exited, error);
}

/* --- The exit ----------------------------------------------------------------------------------------------------------------- */

static void
close_input (ProcstreamChildCore *self)
{
  g_autoptr (GError) error = NULL;

  if (self->input == NULL)
    return;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "“%s” has exited, and did not read all of its input", self->options.name);
  procstream_input_core_fail (self->input, error);
}

/* Of a process that it could not reap, GLib says 0: that it succeeded. Another part of the program may have waited for any process, or
 * the program may ignore SIGCHLD, which is inherited. FALSE when nobody knows. */
static gboolean
find_status (ProcstreamChildCore *self,
             int                 *status)
{
  *status = g_subprocess_get_status (self->subprocess);
  return *status != 0 || procstream_platform_pidfd_get_status (self->pidfd, status) || !procstream_platform_ignores_exits ();
}

static ProcstreamResult *
make_result (ProcstreamChildCore *self)
{
  int      status;
  gboolean known = find_status (self, &status);

  return procstream_result_new (self->options.name,
                                known && WIFEXITED (status) ? WEXITSTATUS (status) : -1,
                                known && WIFSIGNALED (status) ? WTERMSIG (status) : 0,
                                self->end_us - self->start_us);
}

/* Of the group of a process that has exited, as far as it can be reached. */
static gboolean
has_anybody_left_locked (ProcstreamChildCore *self)
{
  return self->options.containment == PROCSTREAM_CONTAINMENT_GROUP &&
         self->pidfd >= 0 &&
         (procstream_platform_pidfd_send_signal (self->pidfd, 0, TRUE) || errno == EPERM);
}

static void
drop_pidfd_locked (ProcstreamChildCore *self)
{
  if (self->pidfd >= 0)
    close (g_steal_fd (&self->pidfd));
}

/* In the I/O thread, with the reference of what was under way. */
static void
reaped_cb (GObject      *object,
           GAsyncResult *async_result,
           gpointer      user_data)
{
  ProcstreamChildCore *self = user_data;
  ProcstreamResult    *result;

  g_subprocess_wait_finish (G_SUBPROCESS (object), async_result, NULL);
  if (self->end_us == 0)
    self->end_us = g_get_monotonic_time ();
  result = make_result (self);
  take_terminal_back (self, procstream_result_get_term_signal (result) > 0);
  close_input (self);
  g_mutex_lock (&self->mutex);
  self->result = result;
  set_state_locked (self, PROCSTREAM_CHILD_STATE_EXITED);
  if (!has_anybody_left_locked (self))
    drop_pidfd_locked (self);
  g_mutex_unlock (&self->mutex);
  bell_ring (self->bell);
  procstream_waiters_complete (self->exited, NULL);
  procstream_child_core_unref (self);
}

/* The callback comes to the thread-default context, which must be that of the I/O thread. */
static void
ask_for_status (ProcstreamChildCore *self)
{
  GMainContext *context = procstream_io_thread_get_context ();

  g_main_context_push_thread_default (context);
  g_subprocess_wait_async (self->subprocess, NULL, reaped_cb, self);
  g_main_context_pop_thread_default (context);
}

static gpointer
core_ref_cb (gpointer data)
{
  return procstream_child_core_ref (data);
}

static void
core_unref_cb (gpointer data)
{
  procstream_child_core_unref (data);
}

static void
gone_cb (gpointer     data,
         GIOCondition condition)
{
  ProcstreamChildCore *self = data;

  if (self->watch == 0)
    return;
  self->end_us = g_get_monotonic_time ();
  procstream_poll_set_remove (self->poll_set, self->watch);
  self->watch = 0;
  ask_for_status (self);
}

static void
watch_exit (ProcstreamChildCore *self)
{
  if (self->pidfd >= 0)
    {
      self->poll_set = procstream_poll_set_get (procstream_io_thread_get_context ());
      self->watch = procstream_poll_set_add (self->poll_set, self->pidfd, G_IO_IN, gone_cb, self, core_ref_cb, core_unref_cb);
    }
  if (self->watch)
    procstream_poll_set_arm (self->poll_set, self->watch);
  else
    ask_for_status (self);
}

/* --- The start ---------------------------------------------------------------------------------------------------------------- */

static void
open_streams (ProcstreamChildCore *self)
{
  for (guint i = 0; i < 2; i++)
    {
      if (self->ours[i + 1] >= 0)
        procstream_output_core_open_pipe (self->outputs[i], g_steal_fd (&self->ours[i + 1]));
      else
        procstream_output_core_end (self->outputs[i]);
    }
  if (self->input)
    procstream_input_core_open (self->input, g_steal_fd (&self->ours[0]));
}

/* In the I/O thread. The reference of the request goes on to the watch of the exit. */
static void
spawned_cb (gpointer           user_data,
            ProcstreamSpawned *spawned,
            GError            *error)
{
  ProcstreamChildCore *self = user_data;

  if (error)
    {
      fail (self, error);
      procstream_child_core_unref (self);
      return;
    }
  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD) && spawned->pidfd >= 0)
    close (g_steal_fd (&spawned->pidfd));
  open_streams (self);
  if (self->terminal)
    procstream_terminal_follow (self->terminal, spawned->pid);
  g_mutex_lock (&self->mutex);
  self->pid = spawned->pid;
  self->pidfd = spawned->pidfd;
  self->subprocess = spawned->subprocess;
  self->start_us = g_get_monotonic_time ();
  set_state_locked (self, PROCSTREAM_CHILD_STATE_RUNNING);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  procstream_waiters_complete (self->started, NULL);
  bell_ring (self->bell);
  watch_exit (self);
}

static gboolean
give_pipe (ProcstreamChildCore    *self,
           ProcstreamSpawnRequest *request,
           int                     target,
           GError                **error)
{
  int fds[2];
  int theirs = target == 0 ? 0 : 1;

  if (!procstream_pipe_new (fds, error))
    return FALSE;
  self->ours[target] = fds[1 - theirs];
  procstream_spawn_request_take_fd (request, fds[theirs], target);
  return TRUE;
}

static gboolean
take_or_fail (ProcstreamSpawnRequest *request,
              int                     fd,
              int                     target,
              const char             *what,
              GError                **error)
{
  int errsv = errno;

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "%s: %s", what, g_strerror (errsv));
      return FALSE;
    }
  procstream_spawn_request_take_fd (request, fd, target);
  return TRUE;
}

static gboolean
give_null (ProcstreamSpawnRequest *request,
           int                     target,
           GError                **error)
{
  int fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (fd >= 0)
    fd = procstream_fd_above_standard (fd);
  return take_or_fail (request, fd, target, "/dev/null", error);
}

/* What the program itself has closed is closed in the child as well. */
static gboolean
give_own (ProcstreamSpawnRequest *request,
          int                     source,
          int                     target,
          GError                **error)
{
  int fd = fcntl (source, F_DUPFD_CLOEXEC, 3);

  if (fd < 0 && errno == EBADF)
    return TRUE;
  return take_or_fail (request, fd, target, "A standard descriptor", error);
}

static gboolean
give_input (ProcstreamChildCore    *self,
            ProcstreamSpawnRequest *request,
            GError                **error)
{
  switch (self->options.stdin_mode)
    {
    case PROCSTREAM_STDIN_MODE_PIPE:
      return give_pipe (self, request, STDIN_FILENO, error);
    case PROCSTREAM_STDIN_MODE_INHERIT:
      return give_own (request, STDIN_FILENO, STDIN_FILENO, error);
    default:
      return give_null (request, STDIN_FILENO, error);
    }
}

static gboolean
give_output (ProcstreamChildCore    *self,
             ProcstreamSpawnRequest *request,
             int                     target,
             GError                **error)
{
  switch (self->options.outputs[target - 1].backend)
    {
    case PROCSTREAM_BACKEND_BROADCAST:
      return give_pipe (self, request, target, error);
    case PROCSTREAM_BACKEND_INHERIT:
      return give_own (request, target, target, error);
    default:
      return give_null (request, target, error);
    }
}

/* The same description under both numbers: what the child writes to either comes in the order in which it writes. */
static gboolean
give_merged (ProcstreamSpawnRequest *request,
             GError                **error)
{
  for (guint i = 0; i < request->fds->len; i++)
    {
      const ProcstreamSpawnFd *given = &g_array_index (request->fds, ProcstreamSpawnFd, i);

      if (given->target == STDOUT_FILENO)
        return give_own (request, given->fd, STDERR_FILENO, error);
    }
  return TRUE;
}

static gboolean
give_all (ProcstreamChildCore    *self,
          ProcstreamSpawnRequest *request,
          GError                **error)
{
  if (give_input (self, request, error) &&
      give_output (self, request, STDOUT_FILENO, error) &&
      (self->options.merge_stderr ? give_merged (request, error) : give_output (self, request, STDERR_FILENO, error)))
    return TRUE;
  g_prefix_error (error, "Could not start “%s”: ", self->options.name);
  return FALSE;
}

/* A child that stays in the program's group is in front exactly when the program is. */
static void
lend_terminal (ProcstreamChildCore    *self,
               ProcstreamSpawnRequest *request)
{
  int inherited[3] = { -1, -1, -1 };

  if (!request->new_group)
    return;
  if (self->options.stdin_mode == PROCSTREAM_STDIN_MODE_INHERIT)
    inherited[STDIN_FILENO] = STDIN_FILENO;
  for (int target = STDOUT_FILENO; target <= STDERR_FILENO; target++)
    if (self->options.outputs[target - 1].backend == PROCSTREAM_BACKEND_INHERIT)
      inherited[target] = target;
  self->terminal = procstream_terminal_new (inherited);
  if (self->terminal)
    request->terminal = procstream_terminal_get_target (self->terminal);
}

void
procstream_child_core_launch (ProcstreamChildCore *self)
{
  ProcstreamSpawnRequest *request;
  g_autoptr (GError) error = NULL;

  request = procstream_spawn_request_new (self->options.name, (const char *const *) self->options.argv);
  request->envp = g_strdupv (self->options.envp);
  request->cwd = g_strdup (self->options.cwd);
  request->new_group = self->options.containment == PROCSTREAM_CONTAINMENT_GROUP;
  if (give_all (self, request, &error))
    {
      lend_terminal (self, request);
      procstream_spawn (request, spawned_cb, procstream_child_core_ref (self));
      return;
    }
  procstream_spawn_request_free (request);
  fail (self, error);
}

gboolean
procstream_child_core_wait_started (ProcstreamChildCore *self,
                                    GError             **error)
{
  gboolean failed;

  g_mutex_lock (&self->mutex);
  while (self->state == PROCSTREAM_CHILD_STATE_STARTING)
    g_cond_wait (&self->cond, &self->mutex);
  failed = self->state == PROCSTREAM_CHILD_STATE_FAILED;
  g_mutex_unlock (&self->mutex);
  if (failed)
    g_propagate_error (error, g_error_copy (self->error));
  return !failed;
}

void
procstream_child_core_abandon (ProcstreamChildCore *self)
{
  g_autoptr (GError) error = NULL;

  bell_close (self->bell);
  if (procstream_child_core_get_state (self) != PROCSTREAM_CHILD_STATE_CREATED)
    return;
  for (guint i = 0; i < 2; i++)
    procstream_output_core_end (self->outputs[i]);
  if (self->input == NULL)
    return;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "“%s” was never started", self->options.name);
  procstream_input_core_fail (self->input, error);
}

/* --- What is known ------------------------------------------------------------------------------------------------------------ */

const ProcstreamChildOptions *
procstream_child_core_get_options (ProcstreamChildCore *self)
{
  return &self->options;
}

ProcstreamOutputCore *
procstream_child_core_get_output (ProcstreamChildCore *self,
                                  guint                i)
{
  return self->outputs[i];
}

ProcstreamInputCore *
procstream_child_core_get_input (ProcstreamChildCore *self)
{
  return self->input;
}

ProcstreamWaiters *
procstream_child_core_get_started (ProcstreamChildCore *self)
{
  return self->started;
}

ProcstreamWaiters *
procstream_child_core_get_exited (ProcstreamChildCore *self)
{
  return self->exited;
}

ProcstreamChildState
procstream_child_core_get_state (ProcstreamChildCore *self)
{
  ProcstreamChildState state;

  procstream_platform_lock_to_read (&self->mutex);
  state = self->state;
  procstream_platform_unlock_to_read (&self->mutex);
  return state;
}

int
procstream_child_core_get_pid (ProcstreamChildCore *self)
{
  int pid;

  procstream_platform_lock_to_read (&self->mutex);
  pid = self->pid;
  procstream_platform_unlock_to_read (&self->mutex);
  return pid;
}

GSubprocess *
procstream_child_core_get_subprocess (ProcstreamChildCore *self)
{
  GSubprocess *subprocess;

  procstream_platform_lock_to_read (&self->mutex);
  subprocess = self->subprocess;
  procstream_platform_unlock_to_read (&self->mutex);
  return subprocess;
}

gint64
procstream_child_core_get_elapsed_us (ProcstreamChildCore *self)
{
  gint64 elapsed_us = 0;

  procstream_platform_lock_to_read (&self->mutex);
  if (self->result)
    elapsed_us = procstream_result_get_duration_us (self->result);
  else if (self->start_us > 0)
    elapsed_us = g_get_monotonic_time () - self->start_us;
  procstream_platform_unlock_to_read (&self->mutex);
  return elapsed_us;
}

ProcstreamResult *
procstream_child_core_get_result (ProcstreamChildCore *self)
{
  ProcstreamResult *result;

  procstream_platform_lock_to_read (&self->mutex);
  result = self->result;
  procstream_platform_unlock_to_read (&self->mutex);
  return result;
}

/* --- Signals ------------------------------------------------------------------------------------------------------------------ */

/* Whether the process is still there to be reaped. FALSE with errno, as all of these; see the essay above. */
static gboolean
is_number_ours_locked (ProcstreamChildCore *self)
{
  gboolean ours = self->state != PROCSTREAM_CHILD_STATE_EXITED && g_subprocess_get_identifier (self->subprocess) != NULL;

  errno = ESRCH;
  return ours;
}

static gboolean
signal_group_by_number_locked (ProcstreamChildCore *self,
                               int                  signum)
{
  if (!is_number_ours_locked (self))
    return FALSE;
  if (self->pidfd >= 0 && !procstream_platform_pidfd_send_signal (self->pidfd, 0, FALSE) && errno != ENOSYS)
    return FALSE;
  return kill (-self->pid, signum) == 0;
}

static gboolean
signal_process_locked (ProcstreamChildCore *self,
                       int                  signum)
{
  if (self->state == PROCSTREAM_CHILD_STATE_EXITED)
    {
      errno = ESRCH;
      return FALSE;
    }
  if (self->pidfd >= 0 && procstream_platform_pidfd_send_signal (self->pidfd, signum, FALSE))
    return TRUE;
  if (self->pidfd >= 0 && errno != ENOSYS)
    return FALSE;
  /* GSubprocess sends nothing to a process that it has reaped, and does not say so. */
  if (!is_number_ours_locked (self))
    return FALSE;
  g_subprocess_send_signal (self->subprocess, signum);
  return TRUE;
}

static gboolean
signal_locked (ProcstreamChildCore *self,
               int                  signum)
{
  if (self->options.containment != PROCSTREAM_CONTAINMENT_GROUP)
    return signal_process_locked (self, signum);
  if (self->pidfd >= 0 && procstream_platform_pidfd_send_signal (self->pidfd, signum, TRUE))
    return TRUE;
  if (self->pidfd >= 0 && errno != ENOSYS)
    return FALSE;
  return signal_group_by_number_locked (self, signum);
}

static gboolean
is_alive (ProcstreamChildState state)
{
  return state == PROCSTREAM_CHILD_STATE_RUNNING || state == PROCSTREAM_CHILD_STATE_TERMINATING;
}

static void
set_signal_error (ProcstreamChildCore *self,
                  int                  signum,
                  int                  errsv,
                  GError             **error)
{
  if (errsv == ESRCH)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "“%s” (process %d) has exited: signal %d was not sent", self->options.name, self->pid, signum);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv),
                 "Could not send signal %d to “%s” (process %d): %s", signum, self->options.name, self->pid, g_strerror (errsv));
}

gboolean
procstream_child_core_send_signal (ProcstreamChildCore *self,
                                   int                  signum,
                                   GError             **error)
{
  ProcstreamChildState state;
  gboolean             sent = FALSE;
  int                  errsv = 0;

  g_mutex_lock (&self->mutex);
  state = self->state;
  if (is_alive (state) || state == PROCSTREAM_CHILD_STATE_EXITED)
    {
      sent = signal_locked (self, signum);
      errsv = errno;
      if (!sent && errsv == ESRCH && state == PROCSTREAM_CHILD_STATE_EXITED)
        drop_pidfd_locked (self);
      if (sent && state == PROCSTREAM_CHILD_STATE_RUNNING && (signum == SIGKILL || signum == SIGTERM))
        set_state_locked (self, PROCSTREAM_CHILD_STATE_TERMINATING);
    }
  g_mutex_unlock (&self->mutex);

  if (sent)
    bell_ring (self->bell);
  else if (errsv)
    set_signal_error (self, signum, errsv, error);
  else
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                 "“%s” cannot be signalled: its state is “%s”", self->options.name, procstream_child_state_to_string (state));
  return sent;
}
