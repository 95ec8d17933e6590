/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-error.h"
#include "procstream-platform-private.h"
#include "procstream-shutdown-private.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/*
 * A signal to the process alone goes through the pidfd: it reaches this process or nobody. A signal to the group:
 *
 *  - Linux 6.9 and later: through the pidfd too, to this group or nobody, also when its leader is long gone.
 *  - With a guard: through that, which is the parent of whom it signals, or holds a pidfd of it; also who has left the group, which is why
 *    the guard has its part on any kernel. No number is ever used here: GSubprocess knows that of the guard alone.
 *  - Older, without a guard: with kill() to the number of the group, while GSubprocess still has the leader to reap, which keeps the number taken; never
 *    after. The worker of GSubprocess could reap between the check and the call: for a stranger to be hit, the group would have to
 *    become empty and the kernel run through all its numbers and make a group of this one within these few instructions. The
 *    pidfd is asked last before the call, to keep them as few as possible.
 *  - Without pidfd: the same, and the process alone is signalled by the guard, or else by GSubprocess, which sends nothing once it has
 *    reaped it.
 *
 * A process can leave its group for another one of its session. What is sent to the group does not reach it then, whether it has left
 * somebody there or not, and it is signalled as the process that it is. That is asked after the signal to the group: one that leaves
 * between the two gets it twice rather than not at all. The number is only asked about, so that a stranger may have it by then does
 * not matter.
 */

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
  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE)
    return procstream_child_core_order_guard_locked (self, PROCSTREAM_GUARD_CHILD, signum);
  /* GSubprocess sends nothing to a process that it has reaped, and does not say so. */
  if (!is_number_ours_locked (self))
    return FALSE;
  g_subprocess_send_signal (self->subprocess, signum);
  return TRUE;
}

/* The group at once, and who has left it through the guard; all through the guard where the kernel cannot reach a group by a pidfd. */
static gboolean
signal_tree_locked (ProcstreamChildCore *self,
                    int                  signum)
{
  int      errsv = ENOSYS;
  gboolean ordered;

  if (self->pidfd >= 0)
    errsv = procstream_platform_pidfd_send_signal (self->pidfd, signum, TRUE) ? 0 : errno;
  ordered = procstream_child_core_order_guard_locked (self, errsv == ENOSYS ? PROCSTREAM_GUARD_TREE : PROCSTREAM_GUARD_STRAYS, signum);
  if (errsv == 0)
    return TRUE;
  /* That nobody is left in the group does not mean that the tree is empty. */
  if (ordered && (errsv == ENOSYS || errsv == ESRCH))
    return TRUE;
  errno = errsv == ENOSYS ? ESRCH : errsv;
  return FALSE;
}

static gboolean
signal_members_locked (ProcstreamChildCore *self,
                       int                  signum)
{
  if (self->pidfd >= 0 && procstream_platform_pidfd_send_signal (self->pidfd, signum, TRUE))
    return TRUE;
  if (self->pidfd >= 0 && errno != ENOSYS)
    return FALSE;
  return signal_group_by_number_locked (self, signum);
}

static gboolean
has_left_group_locked (ProcstreamChildCore *self)
{
  return self->state != PROCSTREAM_CHILD_STATE_EXITED && getpgid (self->pid) != self->pid;
}

/* Whoever is in the group, and the process wherever it is. What became of that is what is told, if it is not one of them. */
static gboolean
signal_group_locked (ProcstreamChildCore *self,
                     int                  signum)
{
  gboolean sent = signal_members_locked (self, signum);
  int      errsv = errno;

  if (has_left_group_locked (self))
    return signal_process_locked (self, signum) || (sent && errno == ESRCH);
  errno = errsv;
  return sent;
}

gboolean
procstream_child_core_signal_locked (ProcstreamChildCore   *self,
                                     int                    signum,
                                     ProcstreamSignalTarget target)
{
  if (target == PROCSTREAM_SIGNAL_TARGET_LEADER || self->options.containment == PROCSTREAM_CONTAINMENT_PROCESS)
    return signal_process_locked (self, signum);
  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE)
    return signal_tree_locked (self, signum);
  return signal_group_locked (self, signum);
}

/* Whatever is said to a guard continues it. */
static void
continue_tree_locked (ProcstreamChildCore *self)
{
  if (self->pidfd >= 0 && (procstream_platform_pidfd_send_signal (self->pidfd, SIGCONT, TRUE) || errno != ENOSYS))
    procstream_child_core_order_guard_locked (self, PROCSTREAM_GUARD_NOBODY, 0);
  else
    procstream_child_core_order_guard_locked (self, PROCSTREAM_GUARD_TREE, SIGCONT);
}

void
procstream_child_core_continue (ProcstreamChildCore *self)
{
  g_mutex_lock (&self->mutex);
  if (self->options.containment == PROCSTREAM_CONTAINMENT_TREE)
    continue_tree_locked (self);
  else
    procstream_child_core_signal_locked (self, SIGCONT, PROCSTREAM_SIGNAL_TARGET_GROUP);
  g_mutex_unlock (&self->mutex);
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
  g_autofree char *name = procstream_signal_name (signum);

  if (errsv == ESRCH)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "“%s” (process %d) has exited: signal %s was not sent", self->options.name, self->pid, name);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv),
                 "Could not send signal %s to “%s” (process %d): %s", name, self->options.name, self->pid, g_strerror (errsv));
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
      if (signum == SIGKILL && !procstream_child_core_has_ended_locked (self))
        self->killed = TRUE;
      sent = procstream_child_core_signal_locked (self, signum, PROCSTREAM_SIGNAL_TARGET_GROUP);
      errsv = errno;
      if (!sent && errsv == ESRCH && state == PROCSTREAM_CHILD_STATE_EXITED)
        procstream_child_core_ask_for_group_locked (self);
      if (sent && state == PROCSTREAM_CHILD_STATE_RUNNING && (signum == SIGKILL || signum == SIGTERM))
        procstream_child_core_set_state_locked (self, PROCSTREAM_CHILD_STATE_TERMINATING);
    }
  g_mutex_unlock (&self->mutex);

  if (sent)
    procstream_bell_ring (self->bell);
  else if (errsv)
    set_signal_error (self, signum, errsv, error);
  else
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
                 "“%s” cannot be signalled: its state is “%s”", self->options.name, procstream_child_state_to_string (state));
  return sent;
}
