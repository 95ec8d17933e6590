/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-lifetime-private.h"
#include "procstream-platform-private.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A child with a guard. GSubprocess starts and reaps the guard; the child is the guard's, which tells of its end through a channel. So
 * nothing that is said here of a status depends on who reaps what.
 *
 *  - Of a child whose leftovers are ended with it, the exit is told when the guard has gone, and everybody with it; or when it says
 *    that there are those it cannot end.
 *  - Of a child that may leave something, the exit is told when the guard tells of it.
 *  - A guard that was killed tells nothing; its child is killed by the kernel, and so its status is the same. A child that executed a
 *    program with more rights is not: its exit is seen by its pidfd.
 *
 * The guard is gone when GSubprocess has reaped it. Where the program ignores SIGCHLD, GSubprocess may never hear of that, and the end of the channel
 * has to do: a forked copy of the program can hold it open, which nothing but the program's own exit could then tell.
 *
 * guard_fd is open exactly from running until the guard is gone; news is what it said last. The reference of what was under way is
 * given back when the guard and the child are both gone.
 */

static int
get_status (const ProcstreamGuardNews *news)
{
  return news->exited ? W_EXITCODE (news->status, 0) : W_EXITCODE (0, news->status);
}

gboolean
procstream_child_core_order_guard_locked (ProcstreamChildCore *self,
                                          int                  whom,
                                          int                  signum)
{
  errno = ESRCH;
  return self->guard_fd >= 0 && procstream_guard_order (self->guard_fd, whom, signum);
}

static gboolean
has_exited (ProcstreamChildCore *self)
{
  return procstream_child_core_get_state (self) == PROCSTREAM_CHILD_STATE_EXITED;
}

/* TRUE when there will be no more. */
static gboolean
read_news (ProcstreamChildCore *self)
{
  ProcstreamGuardNews news;
  gboolean            ended = FALSE;

  while (procstream_guard_read (self->guard_fd, &news, &ended))
    {
      if (news.ended && self->end_us == 0)
        self->end_us = g_get_monotonic_time ();
      g_mutex_lock (&self->mutex);
      self->news = news;
      g_mutex_unlock (&self->mutex);
    }
  return ended;
}

/* Those that cannot be ended are told of by the guard, and by a shutdown; the exit does not wait for them. */
static gboolean
is_exit (ProcstreamChildCore *self)
{
  return self->news.ended && (self->options.settings.keep_descendants || self->news.gave_up);
}

static void
remove_watch (ProcstreamChildCore *self)
{
  if (self->guard_watch == 0)
    return;
  procstream_poll_set_remove (self->poll_set, self->guard_watch);
  self->guard_watch = 0;
}

/* Of a guard that told nothing. It was killed: of one that somebody else of the program has reaped, GLib says 0. */
static gboolean
find_lost_status (ProcstreamChildCore *self,
                  int                 *status)
{
  *status = 0;
  if (self->pidfd >= 0 && procstream_platform_pidfd_get_status (self->pidfd, status))
    return TRUE;
  if (self->exits_ignored || procstream_platform_ignores_exits ())
    return FALSE;
  *status = g_subprocess_get_status (self->subprocess);
  return *status != 0;
}

/* Both are gone. */
static void
finish (ProcstreamChildCore *self)
{
  int      status = self->news.ended ? get_status (&self->news) : 0;
  gboolean known = self->news.ended;

  if (self->watch)
    procstream_poll_set_remove (self->poll_set, self->watch);
  self->watch = 0;
  if (has_exited (self))
    {
      if (procstream_child_core_is_gone (self))
        procstream_lifetime_remove (self);
      procstream_child_core_advance_shutdown (self);
    }
  else
    {
      if (!known)
        known = find_lost_status (self, &status);
      procstream_child_core_conclude (self, known, status);
    }
  procstream_child_core_unref (self);
}

void
procstream_child_core_guard_reaped (ProcstreamChildCore *self)
{
  gboolean alive;

  read_news (self);
  remove_watch (self);
  g_mutex_lock (&self->mutex);
  close (g_steal_fd (&self->guard_fd));
  g_mutex_unlock (&self->mutex);
  /* It is still there, or has just been killed: its pidfd tells. */
  alive = self->watch != 0 && !self->news.ended;
  if (!alive)
    finish (self);
}

void
procstream_child_core_guarded_gone (ProcstreamChildCore *self)
{
  if (self->guard_fd < 0)
    {
      finish (self);
      return;
    }
  /* A guard that has stopped with its child hears that it is to look again. */
  g_mutex_lock (&self->mutex);
  procstream_child_core_order_guard_locked (self, PROCSTREAM_GUARD_NOBODY, 0);
  g_mutex_unlock (&self->mutex);
  if (!self->exits_ignored)
    procstream_child_core_ask_for_status (self);
}

static void
news_cb (gpointer     data,
         GIOCondition condition)
{
  ProcstreamChildCore *self = data;
  gboolean             ended;

  if (self->guard_watch == 0)
    return;
  ended = read_news (self);
  if (is_exit (self) && !has_exited (self))
    procstream_child_core_conclude (self, TRUE, get_status (&self->news));
  if (!ended)
    return;
  remove_watch (self);
  if (self->exits_ignored)
    procstream_child_core_guard_reaped (self);
  else
    procstream_child_core_ask_for_status (self);
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

void
procstream_child_core_watch_guard (ProcstreamChildCore *self)
{
  self->guard_watch = procstream_poll_set_add (self->poll_set, self->guard_fd, G_IO_IN, news_cb, self, core_ref_cb, core_unref_cb);
  if (self->guard_watch)
    procstream_poll_set_arm (self->poll_set, self->guard_watch);
  else
    procstream_child_core_ask_for_status (self);
}
