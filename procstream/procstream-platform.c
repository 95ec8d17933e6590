/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-platform-private.h"

#include "procstream-error.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#define SIGNAL_PROCESS_GROUP (1u << 2) /* PIDFD_SIGNAL_PROCESS_GROUP, newer than the headers */

/* PIDFD_GET_INFO as in linux/pidfd.h, newer than the headers. */
typedef struct
{
  guint64 mask;
  guint64 cgroup;
  guint32 ids[11];
  gint32  status;
} PidfdInfo;

#define GET_INFO _IOWR (0xff, 11, PidfdInfo)
#define INFO_EXIT (1u << 3)

G_STATIC_ASSERT (sizeof (PidfdInfo) == 64);

/* --- Features ----------------------------------------------------------------------------------------------------------------- */

static const GDebugKey feature_keys[] = {
  { "pidfd", PROCSTREAM_FEATURE_PIDFD },
  { "pidfd-group", PROCSTREAM_FEATURE_PIDFD_GROUP },
  { "epoll", PROCSTREAM_FEATURE_EPOLL },
  { "pipe-size", PROCSTREAM_FEATURE_PIPE_SIZE },
  { "nowait-read", PROCSTREAM_FEATURE_NOWAIT_READ },
  { "pidfd-status", PROCSTREAM_FEATURE_PIDFD_STATUS },
};

static guint disabled; /* atomic */

static void
read_environment (void)
{
  static gsize initialized;

  if (g_once_init_enter (&initialized))
    {
      const char *value = secure_getenv ("PROCSTREAM_DISABLE_FEATURES");

      if (value)
        g_atomic_int_or (&disabled, g_parse_debug_string (value, feature_keys, G_N_ELEMENTS (feature_keys)));
      g_once_init_leave (&initialized, 1);
    }
}

gboolean
procstream_platform_has (ProcstreamFeature feature)
{
  read_environment ();
  return ((guint) g_atomic_int_get (&disabled) & feature) == 0;
}

void
procstream_platform_disable (ProcstreamFeature feature)
{
  read_environment ();
  g_atomic_int_or (&disabled, feature);
}

void
procstream_platform_enable (ProcstreamFeature feature)
{
  read_environment ();
  g_atomic_int_and (&disabled, ~(guint) feature);
}

/* --- Forked copies ------------------------------------------------------------------------------------------------------------ */

/* Told by the C library rather than asked of the kernel, because main loop sources look at it in every iteration. */
static int forked; /* atomic */

static void
forked_cb (void)
{
  g_atomic_int_set (&forked, TRUE);
}

void
procstream_platform_note_process (void)
{
  static gsize initialized;

  if (g_once_init_enter (&initialized))
    {
      if (pthread_atfork (NULL, NULL, forked_cb) != 0)
        g_error ("Could not prepare for a fork: out of memory");
      g_once_init_leave (&initialized, 1);
    }
}

gboolean
procstream_platform_forked (void)
{
  return g_atomic_int_get (&forked);
}

gboolean
procstream_platform_check_forked (const char *what,
                                  GError    **error)
{
  if (!procstream_platform_forked ())
    return TRUE;
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_FORKED,
               "Cannot %s in a forked copy of the program: the threads that do it exist only in the original", what);
  return FALSE;
}

void
procstream_platform_lock_to_read (GMutex *mutex)
{
  if (!procstream_platform_forked ())
    g_mutex_lock (mutex);
}

void
procstream_platform_unlock_to_read (GMutex *mutex)
{
  if (!procstream_platform_forked ())
    g_mutex_unlock (mutex);
}

/* --- Threads ------------------------------------------------------------------------------------------------------------------ */

GThread *
procstream_platform_start_thread (const char *name,
                                  GThreadFunc func,
                                  gpointer    data)
{
  /* These tell of a fault of the thread itself; blocked, they would end the program without its handler. */
  static const int synchronous[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };
  sigset_t         all, before;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  procstream_platform_note_process ();
  sigfillset (&all);
  for (guint i = 0; i < G_N_ELEMENTS (synchronous); i++)
    sigdelset (&all, synchronous[i]);
  /* A new thread inherits the mask, so there is no moment at which it could take a signal. */
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_try_new (name, func, data, &error);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (thread == NULL)
    g_warning ("Could not start the thread “%s”: %s", name, error->message);
  return thread;
}

/* --- Process descriptors ------------------------------------------------------------------------------------------------------ */

/* A sandbox answers EPERM to system calls that it does not know. */
static gboolean
is_missing (int errsv)
{
  return errsv == ENOSYS || errsv == EPERM;
}

int
procstream_platform_pidfd_open (int pid)
{
  int fd;

  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
    {
      errno = ENOSYS;
      return -1;
    }
  fd = syscall (SYS_pidfd_open, pid, 0);
  if (fd < 0 && is_missing (errno))
    {
      int errsv = errno;

      procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD);
      errno = errsv;
    }
  return fd;
}

static gboolean
send_to_group (int pidfd,
               int signum)
{
  if (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP))
    {
      if (syscall (SYS_pidfd_send_signal, pidfd, signum, NULL, SIGNAL_PROCESS_GROUP) == 0)
        return TRUE;
      /* EPERM is also what a group that changed its user answers, so it says nothing about the kernel. A signal
       * number that does not exist is EINVAL as well. */
      if (errno != ENOSYS && (errno != EINVAL || signum < 0 || signum >= NSIG))
        return FALSE;
      procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD_GROUP);
    }
  errno = ENOSYS;
  return FALSE;
}

gboolean
procstream_platform_pidfd_send_signal (int      pidfd,
                                       int      signum,
                                       gboolean group)
{
  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
    {
      errno = ENOSYS;
      return FALSE;
    }
  if (group)
    return send_to_group (pidfd, signum);
  return syscall (SYS_pidfd_send_signal, pidfd, signum, NULL, 0) == 0;
}

gboolean
procstream_platform_pidfd_get_status (int  pidfd,
                                      int *status)
{
  PidfdInfo info = { .mask = INFO_EXIT };

  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_STATUS) || ioctl (pidfd, GET_INFO, &info) < 0 || !(info.mask & INFO_EXIT))
    return FALSE;
  *status = info.status;
  return TRUE;
}

gboolean
procstream_platform_pidfd_has_ended (int pidfd)
{
  struct pollfd item = { .fd = pidfd, .events = POLLIN };

  return poll (&item, 1, 0) > 0;
}

gboolean
procstream_platform_child_has_ended (int pid)
{
  siginfo_t info = { 0 };

  if (waitid (P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
    return errno == ECHILD;
  return info.si_pid == pid;
}

gboolean
procstream_platform_pidfd_peek_status (int  pidfd,
                                       int *status)
{
  siginfo_t info = { 0 };

  if (waitid ((idtype_t) P_PIDFD, (id_t) pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
    return FALSE;
  if (info.si_code == CLD_EXITED)
    *status = W_EXITCODE (info.si_status, 0);
  else
    *status = W_EXITCODE (0, info.si_status) | (info.si_code == CLD_DUMPED ? WCOREFLAG : 0);
  return TRUE;
}

gboolean
procstream_platform_pidfd_is_reaped (int pidfd)
{
  siginfo_t info = { 0 };

  return waitid ((idtype_t) P_PIDFD, (id_t) pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

gboolean
procstream_platform_ignores_exits (void)
{
  struct sigaction action;

  return sigaction (SIGCHLD, NULL, &action) == 0 && (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT));
}
