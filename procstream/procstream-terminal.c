/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-terminal-private.h"

#include "procstream-worker-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/*
 * One terminal has one foreground group. The child's group gets that place from the program's and gives it back, as between a
 * shell and its jobs:
 *
 *   program in the foreground, child starts          the child's group is in front (the child itself sees to it)
 *   Ctrl-Z, or a read or write out of turn           the child stops; the program takes the terminal back and stops its own
 *                                                    group by the same signal, as the kernel would have stopped it, had the
 *                                                    child been in it; so the shell above sees a stopped job
 *   the program is continued                         if it is in front, the child gets the terminal again; the child's group
 *                                                    is continued
 *   the child ends                                   the program takes the terminal back
 *
 * A worker thread waits for the stops with waitid() and WNOWAIT: the exit status stays for who reaps the child, and a child
 * that was reaped is ECHILD.
 *
 * Only the three signals by which terminals stop programs are passed on, and SIGTSTP only from a child that is in front. SIGSTOP is sent by somebody on purpose, maybe by the program,
 * which would be stopped by its own hand: there the terminal comes back, and goes to the child again when that is continued.
 * A program that handles or ignores SIGTSTP decides for itself what a stop means: it gets the signal in its own thread, and
 * continues the child by sending it SIGCONT.
 *
 * Terminal modes follow the habit of the shells: those of a child that stops are kept for it and those of the program are
 * restored; the same when the child is killed by a signal, as it had no chance to tidy up. A child that exits leaves the modes as it set them: stty would
 * be useless otherwise.
 *
 * Everything is protected by one mutex, as the terminal is one. holder is the record whose child is, or is about to be, in
 * front. A second child that wants to read the terminal meanwhile stays stopped, without the program, until holder is NULL.
 * pid is 0 until the child runs. closed is final. The worker and the owner hold a reference each.
 *
 * Nothing is sent to the number of the child or its guard, which may be somebody else's when the library has yet to hear of the end:
 * whoever knows the child continues it. It is waited for by a pidfd, so that the stop of no other child of the program is taken.
 */
struct _ProcstreamTerminal
{
  gatomicrefcount ref_count;
  int             fd;
  int             target;
  pid_t           own_group;
  pid_t           pid; /* of the child, and so of its group; told to the terminal, and never signalled */
  gboolean        closed;
  struct termios  own_modes;
  struct termios  child_modes;
  gboolean        have_own_modes;
  gboolean        have_child_modes;

  ProcstreamTerminalChild child; /* all zero until it runs */
};

static GMutex              mutex;
static GCond               changed;
static ProcstreamTerminal *holder;

static ProcstreamTerminal *
terminal_ref (ProcstreamTerminal *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
terminal_unref (ProcstreamTerminal *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  close (self->fd);
  if (self->child.pidfd > 0)
    close (self->child.pidfd);
  g_free (self);
}

/* --- The foreground group --------------------------------------------------------------------------------------------------------- */

static void
set_holder_locked (ProcstreamTerminal *self)
{
  holder = self;
  g_cond_broadcast (&changed);
}

/* A program in the background that sets the foreground group or the modes is stopped by SIGTTOU, except where that is blocked. */
static void
block_sigttou (sigset_t *saved)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGTTOU);
  pthread_sigmask (SIG_BLOCK, &set, saved);
}

static gboolean
set_foreground (int   fd,
                pid_t group)
{
  sigset_t saved;
  gboolean ok;

  block_sigttou (&saved);
  ok = tcsetpgrp (fd, group) == 0;
  pthread_sigmask (SIG_SETMASK, &saved, NULL);
  return ok;
}

/* TCSANOW, because waiting for the output to drain can take forever on a terminal that was told to pause. */
static void
set_modes (int                   fd,
           const struct termios *modes)
{
  sigset_t saved;

  block_sigttou (&saved);
  (void) tcsetattr (fd, TCSANOW, modes);
  pthread_sigmask (SIG_SETMASK, &saved, NULL);
}

static gboolean
in_front_locked (ProcstreamTerminal *self)
{
  return tcgetpgrp (self->fd) == self->own_group;
}

/* Whether the foreground is the child's to lose: its group is there, or what it had put there is gone, such as the job of a
 * child that is a shell. Anybody else in front, the shell above us first of all, stays there. */
static gboolean
child_in_front_locked (ProcstreamTerminal *self)
{
  pid_t front = tcgetpgrp (self->fd);

  if (front <= 0 || front == self->own_group)
    return FALSE;
  return front == self->pid || (kill (-front, 0) < 0 && errno == ESRCH);
}

/* A child that failed before it was known may have put its group in front; it is found as a child of ours that has ended. */
static gboolean
failed_child_in_front_locked (ProcstreamTerminal *self)
{
  pid_t     front = tcgetpgrp (self->fd);
  siginfo_t info = { 0 };

  if (front <= 0 || front == self->own_group)
    return FALSE;
  if (kill (-front, 0) < 0 && errno == ESRCH)
    return TRUE;
  return waitid (P_PGID, front, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

/* --- Stops ------------------------------------------------------------------------------------------------------------------------ */

/* FALSE: the child did not have it. */
static gboolean
take_back_locked (ProcstreamTerminal *self)
{
  if (!child_in_front_locked (self))
    return FALSE;
  self->have_child_modes = tcgetattr (self->fd, &self->child_modes) == 0;
  set_foreground (self->fd, self->own_group);
  if (self->have_own_modes)
    set_modes (self->fd, &self->own_modes);
  return TRUE;
}

static void
release_locked (ProcstreamTerminal *self)
{
  if (holder == self)
    set_holder_locked (NULL);
}

/* Puts the child in front, if the place is the program's to give. */
static gboolean
lend_locked (ProcstreamTerminal *self)
{
  if (self->closed || !in_front_locked (self) || (holder && holder != self))
    return FALSE;
  self->have_own_modes = tcgetattr (self->fd, &self->own_modes) == 0;
  if (self->have_child_modes)
    set_modes (self->fd, &self->child_modes);
  set_holder_locked (self);
  return set_foreground (self->fd, self->pid);
}

/* Whether a stop signal of the terminal can have an effect: the kernel drops them for a group that no shell watches. */
static gboolean
watched_by_shell (void)
{
  pid_t parent = getppid ();

  return getsid (parent) == getsid (0) && getpgid (parent) != getpgrp ();
}

/*
 * Stops the program and the rest of its group, and returns when it has been continued.
 *
 * A signal to the group is delivered to the program by whichever thread takes it, some time later; this thread would run on
 * meanwhile. So it first makes the same signal pending for itself, where it is blocked, and unblocks it afterwards: it is then
 * delivered right there. There is one stop and not two, because a continuation removes every stop signal that is still pending.
 */
static void
stop_program (int signum)
{
  sigset_t set, saved;

  sigemptyset (&set);
  sigaddset (&set, signum);
  pthread_sigmask (SIG_BLOCK, &set, &saved);
  pthread_kill (pthread_self (), signum);
  kill (0, signum);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  /* Stopped here. */
  pthread_sigmask (SIG_SETMASK, &saved, NULL);
}

static gboolean
stops_by_default (int signum)
{
  struct sigaction action;

  return sigaction (signum, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

/* Another child of ours is in front: TRUE when it has made room, FALSE when this one has gone meanwhile. */
static gboolean
wait_for_holder_locked (ProcstreamTerminal *self)
{
  while (!self->closed && holder && holder != self)
    g_cond_wait (&changed, &mutex);
  return !self->closed;
}

static void
continue_child_locked (ProcstreamTerminal *self)
{
  if (!self->closed)
    self->child.go_on (self->child.data);
}

/* The child stopped for want of the terminal while somebody else is in front, or by Ctrl-Z. */
static void
pass_stop_on (ProcstreamTerminal *self,
              int                 signum)
{
  gboolean watched = watched_by_shell ();

  if (!stops_by_default (signum))
    {
      kill (0, signum);
      return;
    }
  g_mutex_unlock (&mutex);
  stop_program (signum);
  g_mutex_lock (&mutex);
  /* A read out of turn that could stop nobody would only be repeated, and at once. */
  if (lend_locked (self) || watched || signum == SIGTSTP)
    continue_child_locked (self);
}

static void
child_stopped (ProcstreamTerminal *self,
               int                 signum)
{
  gboolean wants_terminal = signum == SIGTTIN || signum == SIGTTOU;
  gboolean was_in_front;

  g_mutex_lock (&mutex);
  if (wants_terminal && holder && holder != self && !wait_for_holder_locked (self))
    {
      g_mutex_unlock (&mutex);
      return;
    }
  was_in_front = take_back_locked (self);
  release_locked (self);
  if (wants_terminal && lend_locked (self))
    continue_child_locked (self);
  else if (wants_terminal || (signum == SIGTSTP && was_in_front))
    pass_stop_on (self, signum);
  g_mutex_unlock (&mutex);
}

static void
child_continued (ProcstreamTerminal *self)
{
  g_mutex_lock (&mutex);
  if (holder != self)
    lend_locked (self);
  g_mutex_unlock (&mutex);
}

/* By the pidfd, where there is one and the kernel can wait for it (Linux 5.4). */
static int
wait_for (ProcstreamTerminal *self,
          siginfo_t          *info,
          int                 flags)
{
  if (self->child.pidfd >= 0)
    {
      int result = waitid ((idtype_t) P_PIDFD, (id_t) self->child.pidfd, info, flags);

      if (result == 0 || errno != EINVAL)
        return result;
    }
  return waitid (P_PID, (id_t) self->child.parented, info, flags);
}

/* Blocks until something happens, and takes stops and continuations, but not the end, out of the kernel. */
static gboolean
next_event (ProcstreamTerminal *self,
            siginfo_t          *info)
{
  int taken = WSTOPPED | WCONTINUED;

  for (;;)
    {
      *info = (siginfo_t){ 0 };
      if (wait_for (self, info, taken | WEXITED | WNOWAIT) < 0)
        {
          if (errno == EINTR)
            continue;
          return FALSE;
        }
      if (info->si_code != CLD_STOPPED && info->si_code != CLD_CONTINUED)
        return FALSE;
      *info = (siginfo_t){ 0 };
      if (wait_for (self, info, taken | WNOHANG) == 0 && info->si_pid == self->child.parented)
        return TRUE;
    }
}

static gpointer
watch_thread (gpointer data)
{
  ProcstreamTerminal *self = data;
  siginfo_t           info;

  while (next_event (self, &info))
    {
      if (info.si_code == CLD_STOPPED)
        child_stopped (self, info.si_status);
      else
        child_continued (self);
    }
  terminal_unref (self);
  return NULL;
}

/* --- Life ------------------------------------------------------------------------------------------------------------------------- */

ProcstreamTerminal *
procstream_terminal_new (const int inherited[3])
{
  ProcstreamTerminal *self;
  int                 target = 0;
  pid_t               front = -1;

  for (target = 0; target < 3; target++)
    if (inherited[target] >= 0 && (front = tcgetpgrp (inherited[target])) >= 0)
      break;
  if (target == 3)
    return NULL;

  self = g_new0 (ProcstreamTerminal, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->own_group = getpgrp ();
  self->target = -1;
  self->fd = fcntl (inherited[target], F_DUPFD_CLOEXEC, 3);
  if (self->fd < 0)
    {
      g_free (self);
      return NULL;
    }
  self->have_own_modes = tcgetattr (self->fd, &self->own_modes) == 0;
  g_mutex_lock (&mutex);
  if (front == self->own_group && holder == NULL)
    {
      self->target = target;
      set_holder_locked (self);
    }
  g_mutex_unlock (&mutex);
  return self;
}

int
procstream_terminal_get_target (ProcstreamTerminal *self)
{
  return self->target;
}

void
procstream_terminal_follow (ProcstreamTerminal            *self,
                            const ProcstreamTerminalChild *child)
{
  g_mutex_lock (&mutex);
  self->pid = child->pid;
  self->child = *child;
  g_mutex_unlock (&mutex);
  procstream_worker_run ("procstream-terminal", watch_thread, terminal_ref (self));
}

void
procstream_terminal_close (ProcstreamTerminal *self,
                           gboolean            killed)
{
  gboolean in_front;

  g_mutex_lock (&mutex);
  in_front = self->pid ? child_in_front_locked (self) : self->target >= 0 && failed_child_in_front_locked (self);
  if (in_front && (holder == self || holder == NULL))
    {
      set_foreground (self->fd, self->own_group);
      if (killed && self->have_own_modes)
        set_modes (self->fd, &self->own_modes);
    }
  self->closed = TRUE;
  if (holder == self)
    holder = NULL;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&mutex);
  terminal_unref (self);
}
