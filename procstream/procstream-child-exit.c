/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-lifetime-private.h"
#include "procstream-platform-private.h"
#include "procstream-result-private.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the exit of a child is noticed; see the essay in procstream-child-core.c. */

static void
close_input (ProcstreamChildCore *self)
{
  g_autoptr (GError) error = NULL;

  if (self->input == NULL)
    return;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "“%s” has exited, and did not read all of its input", self->options.name);
  procstream_input_core_fail (self->input, error);
}

/* Somebody else of the program reaps children of the library: it was caught at that once. */
static gint reaped_by_others; /* atomic */

/* Of a process that it could not reap, GLib says 0: that it succeeded. Another part of the program may have waited for any process, or
 * the program may ignore SIGCHLD, which is inherited. So what was seen before counts first, and what the kernel keeps of those that were
 * reaped (Linux 6.15). Where GLib, or somebody else, was faster than the look and the kernel keeps nothing, 0 is ambiguous: it is
 * taken for what it says until somebody else is known to reap in this program. FALSE when nobody knows. */
static gboolean
find_status (ProcstreamChildCore *self,
             int                 *status)
{
  if (self->peeked)
    {
      if (*status == 0 && self->status != 0)
        g_atomic_int_set (&reaped_by_others, TRUE);
      *status = self->status;
      return TRUE;
    }
  return *status != 0 || procstream_platform_pidfd_get_status (self->pidfd, status) ||
         !(self->exits_ignored || procstream_platform_ignores_exits () || g_atomic_int_get (&reaped_by_others));
}

static ProcstreamCause
find_cause_locked (ProcstreamChildCore *self,
                   gboolean             known)
{
  gboolean killed = self->killed && self->term_signal == SIGKILL;

  if (self->cause == PROCSTREAM_CAUSE_NONE || self->cause == PROCSTREAM_CAUSE_TERMINATED)
    {
      if (killed)
        return PROCSTREAM_CAUSE_KILLED;
      if (self->cause == PROCSTREAM_CAUSE_NONE)
        return known && self->term_signal == 0 ? PROCSTREAM_CAUSE_EXITED : PROCSTREAM_CAUSE_SIGNALLED;
    }
  return self->cause;
}

static void
get_facts_locked (ProcstreamChildCore   *self,
                  ProcstreamResultFacts *facts)
{
  facts->name = self->options.name;
  facts->exit_code = -1;
  facts->phase = self->phase;
  facts->usage = PROCSTREAM_NO_USAGE;
  facts->tries = self->tries;
  facts->success = self->options.success;
  if (self->input)
    facts->input_error = procstream_input_core_dup_feed_error (self->input);
  facts->running = self->state != PROCSTREAM_CHILD_STATE_EXITED;
  if (facts->running)
    {
      facts->duration_us = self->begun_us ? g_get_monotonic_time () - self->begun_us : 0;
      return;
    }
  if (self->news.ended)
    facts->usage = (ProcstreamUsage){ self->news.user_us, self->news.system_us, self->news.peak_bytes };
  facts->exit_code = self->exit_code;
  facts->term_signal = self->term_signal;
  facts->cause = self->end_cause;
  facts->duration_us = self->end_us - self->begun_us;
}

void
procstream_child_core_get_facts (ProcstreamChildCore   *self,
                                 ProcstreamResultFacts *facts)
{
  g_mutex_lock (&self->mutex);
  get_facts_locked (self, facts);
  facts->tries = g_array_copy (self->tries);
  g_mutex_unlock (&self->mutex);
}

gboolean
procstream_child_core_has_ended_locked (ProcstreamChildCore *self)
{
  if (self->state == PROCSTREAM_CHILD_STATE_EXITED || self->news.ended)
    return TRUE;
  if (self->pidfd >= 0)
    return procstream_platform_pidfd_has_ended (self->pidfd);
  /* That of a guard tells of its end itself. Nothing is done to the number. */
  return self->options.containment != PROCSTREAM_CONTAINMENT_TREE && procstream_platform_child_has_ended (self->pid);
}

static void
drop_pidfd_locked (ProcstreamChildCore *self)
{
  if (self->pidfd >= 0)
    close (g_steal_fd (&self->pidfd));
}

int
procstream_child_core_ask_for_group_locked (ProcstreamChildCore *self)
{
  if (self->group_gone)
    return ESRCH;
  if (self->pidfd < 0)
    return ENOSYS;
  /* One that may not be signalled is there. */
  if (procstream_platform_pidfd_send_signal (self->pidfd, 0, TRUE) || errno == EPERM)
    return 0;
  if (errno != ESRCH)
    return errno;
  self->group_gone = TRUE;
  drop_pidfd_locked (self);
  return ESRCH;
}

/* Of the group of a process that has exited, as far as it can be reached. */
static gboolean
has_anybody_left_locked (ProcstreamChildCore *self)
{
  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE)
    return self->guard_fd >= 0;
  return self->options.containment != PROCSTREAM_CONTAINMENT_PROCESS && procstream_child_core_ask_for_group_locked (self) == 0;
}

void
procstream_child_core_conclude (ProcstreamChildCore *self,
                                gboolean             known,
                                int                  status)
{
  ProcstreamResultFacts facts = { 0 };

  if (self->end_us == 0)
    self->end_us = g_get_monotonic_time ();
  procstream_child_core_take_terminal_back (self, known && WIFSIGNALED (status));
  if (self->keeper)
    procstream_pty_keeper_close (self->keeper);
  procstream_child_core_unwatch_silence (self);
  close_input (self);
  g_mutex_lock (&self->mutex);
  self->exit_code = known && WIFEXITED (status) ? WEXITSTATUS (status) : -1;
  self->term_signal = known && WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  self->end_cause = find_cause_locked (self, known);
  procstream_child_core_set_state_locked (self, PROCSTREAM_CHILD_STATE_EXITED);
  get_facts_locked (self, &facts);
  facts.tries = g_array_ref (self->tries);
  self->result = procstream_result_new_from_facts (&facts);
  g_mutex_unlock (&self->mutex);
  if (procstream_child_core_is_gone (self))
    procstream_lifetime_remove (self);
  else if (self->options.containment != PROCSTREAM_CONTAINMENT_TREE)
    procstream_lifetime_look_soon (self);
  /* From now on the end of an output may be the end of all. */
  procstream_bell_await (self->bell);
  procstream_bell_ring (self->bell);
  procstream_waiters_complete (self->exited, NULL);
  procstream_child_core_advance_shutdown (self);
}

/* With the reference of what was under way. */
static void
conclude_and_unref (ProcstreamChildCore *self,
                    int                  status)
{
  gboolean known = find_status (self, &status);

  procstream_child_core_conclude (self, known, status);
  procstream_child_core_unref (self);
}

static void
reaped_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  ProcstreamChildCore *self = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL);
  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE)
    procstream_child_core_guard_reaped (self);
  else
    conclude_and_unref (self, g_subprocess_get_status (G_SUBPROCESS (object)));
}

/* The callback comes to the thread-default context, which must be that of the I/O thread. */
void
procstream_child_core_ask_for_status (ProcstreamChildCore *self)
{
  GMainContext *context = procstream_io_thread_get_context ();

  if (self->reaping)
    return;
  self->reaping = TRUE;
  g_main_context_push_thread_default (context);
  g_subprocess_wait_async (self->subprocess, NULL, reaped_cb, self);
  g_main_context_pop_thread_default (context);
}

gboolean
procstream_child_core_is_gone (ProcstreamChildCore *self)
{
  gboolean gone = FALSE;

  g_mutex_lock (&self->mutex);
  if (self->state == PROCSTREAM_CHILD_STATE_EXITED)
    {
      gone = !has_anybody_left_locked (self);
      if (gone)
        drop_pidfd_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  return gone;
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
  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE)
    {
      procstream_child_core_guarded_gone (self);
      return;
    }
  self->peeked = procstream_platform_pidfd_peek_status (self->pidfd, &self->status);
  /* Where the kernel reaped, GLib may never notice: it cannot open a pidfd of its own on a process that was gone before it tried, and
   * waits for a SIGCHLD, which came before it listened. */
  if (self->exits_ignored && procstream_platform_pidfd_is_reaped (self->pidfd))
    conclude_and_unref (self, 0);
  else
    procstream_child_core_ask_for_status (self);
}

void
procstream_child_core_watch_exit (ProcstreamChildCore *self)
{
  self->poll_set = procstream_poll_set_get (procstream_io_thread_get_context ());
  if (self->guard_fd >= 0)
    procstream_child_core_watch_guard (self);
  if (self->pidfd >= 0)
    self->watch = procstream_poll_set_add (self->poll_set, self->pidfd, G_IO_IN, gone_cb, self, core_ref_cb, core_unref_cb);
  if (self->watch)
    procstream_poll_set_arm (self->poll_set, self->watch);
  else if (self->guard_fd < 0)
    procstream_child_core_ask_for_status (self);
}
