/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-child-file-private.h"
#include "procstream-error.h"
#include "procstream-feeder-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-merge-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"
#include "procstream-worker-private.h"

#include <fcntl.h>
#include <unistd.h>

/* How a child starts, and what is done with the answer. */

static void
read_stream (ProcstreamChildCore *self)
{
  g_autofree char *name = g_strdup_printf ("%s (stdin)", self->options.name);

  procstream_feed_stream (g_steal_pointer (&self->options.stdin_stream), name, self->context, self->input);
}

/* Nothing is read of it before the child runs. */
static gboolean
claim_stream (ProcstreamChildCore *self,
              GError             **error)
{
  self->has_stream = self->options.stdin_stream && procstream_feed_claim (self->options.stdin_stream, self);
  if (self->has_stream || self->options.stdin_stream == NULL)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING, "Could not start “%s”: its “stdin-stream” was given to another child before",
               self->options.name);
  return FALSE;
}

static void
open_streams (ProcstreamChildCore *self)
{
  if (self->keeper)
    procstream_pty_keeper_open (self->keeper, g_steal_fd (&self->ends.kept));
  if (self->options.merged_view)
    procstream_merge_open (self->outputs[2], self->outputs);
  if (self->options.exact_order)
    procstream_exact_open (&self->ends.exact, self->outputs);
  for (guint i = 0; i < 2 && !self->options.exact_order; i++)
    {
      if (self->ends.pipes[i + 1] >= 0)
        procstream_output_core_open_pipe (self->outputs[i], g_steal_fd (&self->ends.pipes[i + 1]));
      else
        procstream_output_core_end (self->outputs[i]);
    }
  if (self->options.stdin_stream)
    read_stream (self);
  if (self->input)
    procstream_input_core_open (self->input, g_steal_fd (&self->ends.pipes[0]));
}

/* Its number is that of the process for as long as GSubprocess has not let go of it. */
static int
open_guard (ProcstreamSpawned *spawned)
{
  int pidfd = procstream_platform_pidfd_open (spawned->guard_pid);

  if (pidfd >= 0 && g_subprocess_get_identifier (spawned->subprocess) == NULL)
    close (g_steal_fd (&pidfd));
  return pidfd >= 0 ? procstream_fd_above_standard (pidfd) : -1;
}

static void
continue_cb (gpointer data)
{
  procstream_child_core_continue (data);
}

/* The terminal is closed before the record goes. */
static void
follow_terminal (ProcstreamChildCore *self,
                 ProcstreamSpawned   *spawned)
{
  ProcstreamTerminalChild child = { spawned->pid, spawned->pid, -1, continue_cb, self };

  if (spawned->guard_pid)
    {
      child.parented = spawned->guard_pid;
      child.pidfd = open_guard (spawned);
    }
  else if (spawned->pidfd >= 0)
    child.pidfd = fcntl (spawned->pidfd, F_DUPFD_CLOEXEC, 3);
  procstream_terminal_follow (self->ends.terminal, &child);
}

/* In the I/O thread. The reference of the request goes on to the watch of the exit. */
static void
spawned_cb (gpointer           user_data,
            ProcstreamSpawned *spawned,
            GError            *error)
{
  ProcstreamChildCore *self = user_data;

  if (spawned == NULL)
    {
      procstream_child_core_fail (self, error);
      procstream_child_core_unref (self);
      return;
    }
  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD) && spawned->pidfd >= 0)
    close (g_steal_fd (&spawned->pidfd));
  open_streams (self);
  g_mutex_lock (&self->mutex);
  self->pid = spawned->pid;
  self->pidfd = spawned->pidfd;
  self->guard_fd = g_steal_fd (&self->ends.guard);
  self->subprocess = spawned->subprocess;
  self->begun_us = spawned->begun_us;
  self->start_us = g_get_monotonic_time ();
  procstream_child_core_set_state_locked (self, PROCSTREAM_CHILD_STATE_RUNNING);
  g_mutex_unlock (&self->mutex);
  if (self->ends.terminal)
    follow_terminal (self, spawned);
  g_cond_broadcast (&self->cond);
  procstream_child_core_watch_silence (self);
  procstream_waiters_complete (self->started, NULL);
  procstream_bell_ring (self->bell);
  /* Before the exit is watched for, which gives the reference away. */
  procstream_child_core_advance_shutdown (self);
  procstream_child_core_watch_exit (self);
}

/* --- With files --------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamChildCore    *core;
  ProcstreamSpawnRequest *request;
  GError                 *error;
} Launch;

static gboolean
fail_cb (gpointer data)
{
  Launch *launch = data;

  spawned_cb (launch->core, NULL, launch->error);
  return G_SOURCE_REMOVE;
}

static void
launch_free (gpointer data)
{
  Launch *launch = data;

  g_clear_error (&launch->error);
  g_free (launch);
}

static gpointer
open_thread (gpointer data)
{
  Launch *launch = data;

  if (procstream_child_core_open_files (launch->core, launch->request, &launch->error))
    {
      procstream_spawn (launch->request, spawned_cb, launch->core);
      launch_free (launch);
      return NULL;
    }
  procstream_spawn_request_free (launch->request);
  procstream_io_thread_invoke (fail_cb, launch, launch_free);
  return NULL;
}

/* --- Launching ---------------------------------------------------------------------------------------------------------------- */

static gboolean
check_allowed (ProcstreamChildCore *self,
               GError             **error)
{
  if (!self->refused)
    return TRUE;
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
               "“%s” cannot be started: the program is about to exit", self->options.name);
  return FALSE;
}

void
procstream_child_core_read_environment (ProcstreamChildCore *self)
{
  procstream_spawn_environment_read (&self->environment, self->options.argv[0], self->options.envp, self->options.search_envp);
}

void
procstream_child_core_launch (ProcstreamChildCore *self)
{
  ProcstreamSpawnRequest *request = NULL;
  Launch                 *launch;
  g_autoptr (GError) error = NULL;

  self->exits_ignored = procstream_platform_ignores_exits ();
  if (self->environment.helper == NULL)
    procstream_child_core_read_environment (self);
  if (check_allowed (self, &error) && procstream_child_options_check_silence (&self->options, &error) && claim_stream (self, &error))
    request = procstream_child_request_new (&self->options, &self->ends, &error);
  if (request == NULL)
    {
      procstream_child_core_fail (self, error);
      return;
    }
  procstream_spawn_request_take_environment (request, &self->environment);
  procstream_child_core_ref (self);
  if (!procstream_child_core_has_files (self))
    {
      procstream_spawn (request, spawned_cb, self);
      return;
    }
  launch = g_new (Launch, 1);
  *launch = (Launch){ self, request, NULL };
  procstream_worker_run ("procstream-open", open_thread, launch);
}
