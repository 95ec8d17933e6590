/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Kernel features that a test can switch off to force the fallback, and that switch themselves off when the kernel
 * says ENOSYS. The environment variable PROCSTREAM_DISABLE_FEATURES switches them off in a whole program: a list,
 * separated by commas, of pidfd, pidfd-group, epoll, pipe-size, nowait-read, pidfd-status, or "all". It is read once, and
 * not at all in a program that runs with more rights than its user. */
typedef enum
{
  PROCSTREAM_FEATURE_PIDFD = 1 << 0,
  PROCSTREAM_FEATURE_PIDFD_GROUP = 1 << 1,
  PROCSTREAM_FEATURE_EPOLL = 1 << 2,
  PROCSTREAM_FEATURE_PIPE_SIZE = 1 << 3,
  PROCSTREAM_FEATURE_NOWAIT_READ = 1 << 4,
  PROCSTREAM_FEATURE_PIDFD_STATUS = 1 << 5,
} ProcstreamFeature;

gboolean procstream_platform_has (ProcstreamFeature feature);
void     procstream_platform_disable (ProcstreamFeature feature);
void     procstream_platform_enable (ProcstreamFeature feature); /* tests only */

/* TRUE in a forked copy of the program, where no thread of ours exists.
 * Forks are noticed once note_process was called; starting a thread of the library does so. */
void     procstream_platform_note_process (void);
gboolean procstream_platform_forked (void); /* as cheap as an atomic read */
gboolean procstream_platform_check_forked (const char *what,
                                           GError    **error);

/* Around reading a number. In a forked copy without the lock, which a thread that is not there may hold for ever. */
void procstream_platform_lock_to_read (GMutex *mutex);
void procstream_platform_unlock_to_read (GMutex *mutex);

/* Starts a thread with every signal blocked, SIGPIPE above all: writing to a dead
 * child must be an error value, and no handler of the program may run in a thread
 * that it does not know. NULL, with a warning logged, when the system has no more threads. */
GThread *procstream_platform_start_thread (const char *name,
                                           GThreadFunc func,
                                           gpointer    data);

/* Both fail with ENOSYS where the kernel cannot do it; a group then has to be reached in another way. */
int      procstream_platform_pidfd_open (int pid);
gboolean procstream_platform_pidfd_send_signal (int      pidfd,
                                                int      signum,
                                                gboolean group); /* FALSE with errno */

/* How a process that was reaped, by whomever, ended: a status as that of waitpid(). FALSE where the kernel does not tell
 * (before Linux 6.15). */
gboolean procstream_platform_pidfd_get_status (int  pidfd,
                                               int *status);

/* Whether the process has, and maybe was waited for. */
gboolean procstream_platform_pidfd_has_ended (int pidfd);
/* The same of the child of ours with that number: there may be none any more. */
gboolean procstream_platform_child_has_ended (int pid);

/* The same of a child of ours that nobody has reaped, which stays so. FALSE when somebody has, or it runs. */
gboolean procstream_platform_pidfd_peek_status (int  pidfd,
                                                int *status);

/* A child of ours that has exited is no longer there to be waited for. */
gboolean procstream_platform_pidfd_is_reaped (int pidfd);

/* The program ignores SIGCHLD: the kernel reaps, and throws the status away. */
gboolean procstream_platform_ignores_exits (void);

G_END_DECLS
