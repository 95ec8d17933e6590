/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-error.h"
#include "procstream-io-thread-private.h"
#include "procstream-platform-private.h"

#include "test-utils.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_features (void)
{
  g_assert_true (procstream_platform_has (PROCSTREAM_FEATURE_EPOLL));
  procstream_platform_disable (PROCSTREAM_FEATURE_EPOLL);
  g_assert_false (procstream_platform_has (PROCSTREAM_FEATURE_EPOLL));
  g_assert_true (procstream_platform_has (PROCSTREAM_FEATURE_PIPE_SIZE));
  procstream_platform_enable (PROCSTREAM_FEATURE_EPOLL);
  g_assert_true (procstream_platform_has (PROCSTREAM_FEATURE_EPOLL));
}

static void
test_environment (void)
{
  if (g_test_subprocess ())
    {
      g_assert_false (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD));
      g_assert_false (procstream_platform_has (PROCSTREAM_FEATURE_EPOLL));
      g_assert_true (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP));
      return;
    }
  g_setenv ("PROCSTREAM_DISABLE_FEATURES", "pidfd,epoll", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_unsetenv ("PROCSTREAM_DISABLE_FEATURES");
  g_test_trap_assert_passed ();
}

static gpointer
get_mask (gpointer data)
{
  pthread_sigmask (SIG_SETMASK, NULL, data);
  return NULL;
}

static void
test_thread_mask (void)
{
  sigset_t mask, before, after;

  pthread_sigmask (SIG_SETMASK, NULL, &before);
  g_thread_join (procstream_platform_start_thread ("test", get_mask, &mask));
  pthread_sigmask (SIG_SETMASK, NULL, &after);
  g_assert_true (sigismember (&mask, SIGPIPE));
  g_assert_true (sigismember (&mask, SIGINT));
  g_assert_true (sigismember (&mask, SIGCHLD));
  g_assert_false (sigismember (&mask, SIGSEGV));
  g_assert_false (sigismember (&mask, SIGBUS));
  g_assert_cmpint (sigismember (&before, SIGPIPE), ==, sigismember (&after, SIGPIPE));
  g_assert_cmpint (sigismember (&before, SIGINT), ==, sigismember (&after, SIGINT));
}

/* Exits with 0 if every check of a forked copy holds. */
static void
check_in_forked_copy (void)
{
  g_autoptr (GError) error = NULL;

  if (!procstream_platform_forked ())
    test_exit_copy (1);
  if (procstream_platform_check_forked ("read", &error) || !g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_FORKED))
    test_exit_copy (2);
  if (strstr (error->message, "read") == NULL)
    test_exit_copy (3);
  procstream_io_thread_invoke ((GSourceFunc) abort, NULL, NULL);
  if (procstream_io_thread_is_current ())
    test_exit_copy (4);
  test_exit_copy (0);
}

static void
test_forked (void)
{
  GMainContext *context = procstream_io_thread_get_context ();
  int           pid, status;

  g_assert_nonnull (context);
  g_assert_false (procstream_platform_forked ());
  g_assert_true (procstream_platform_check_forked ("read", NULL));
  pid = fork ();
  if (pid == 0)
    check_in_forked_copy ();
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_false (procstream_platform_forked ());
}

static int
start_sleeper (void)
{
  int pid = fork ();

  if (pid == 0)
    {
      setpgid (0, 0);
      for (;;)
        pause ();
    }
  setpgid (pid, pid);
  return pid;
}

static void
check_killed (int pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

static void
test_pidfd (void)
{
  int pid = start_sleeper ();
  int fd = procstream_platform_pidfd_open (pid);

  if (fd < 0)
    {
      g_assert_cmpint (errno, ==, ENOSYS);
      g_assert_false (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD));
      kill (pid, SIGKILL);
      check_killed (pid);
      g_test_skip ("The kernel has no process descriptors");
      return;
    }
  g_assert_true (procstream_platform_pidfd_send_signal (fd, 0, FALSE));
  g_assert_false (procstream_platform_pidfd_send_signal (fd, 999, FALSE));
  g_assert_cmpint (errno, ==, EINVAL);
  g_assert_true (procstream_platform_pidfd_send_signal (fd, SIGKILL, FALSE));
  check_killed (pid);
  g_assert_false (procstream_platform_pidfd_send_signal (fd, SIGKILL, FALSE));
  g_assert_cmpint (errno, ==, ESRCH);
  close (fd);
  g_assert_cmpint (procstream_platform_pidfd_open (pid), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
  g_assert_true (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD));
}

static void
test_pidfd_group (void)
{
  int pid = start_sleeper ();
  int fd = procstream_platform_pidfd_open (pid);

  if (fd < 0 || !procstream_platform_pidfd_send_signal (fd, 0, TRUE))
    {
      g_assert_cmpint (errno, ==, ENOSYS);
      g_test_skip ("The kernel cannot signal a group through a process descriptor");
      kill (pid, SIGKILL);
    }
  else
    {
      /* A signal that does not exist does not switch the feature off. */
      g_assert_false (procstream_platform_pidfd_send_signal (fd, 999, TRUE));
      g_assert_true (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP));
      procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD_GROUP);
      g_assert_false (procstream_platform_pidfd_send_signal (fd, SIGKILL, TRUE));
      g_assert_cmpint (errno, ==, ENOSYS);
      procstream_platform_enable (PROCSTREAM_FEATURE_PIDFD_GROUP);
      g_assert_true (procstream_platform_pidfd_send_signal (fd, SIGKILL, TRUE));
    }
  check_killed (pid);
  if (fd >= 0)
    close (fd);
}

static void
test_pidfd_off (void)
{
  procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD);
  g_assert_cmpint (procstream_platform_pidfd_open (getpid ()), ==, -1);
  g_assert_cmpint (errno, ==, ENOSYS);
  g_assert_false (procstream_platform_pidfd_send_signal (0, 0, FALSE));
  g_assert_cmpint (errno, ==, ENOSYS);
  procstream_platform_enable (PROCSTREAM_FEATURE_PIDFD);
}

/* The status is told when somebody has reaped the process, not before. */
static void
test_pidfd_status (void)
{
  int   status = 0;
  pid_t pid = fork ();
  int   pidfd;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    _exit (3);
  pidfd = procstream_platform_pidfd_open (pid);
  g_assert_cmpint (waitid (P_PID, pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), ==, 0);
  g_assert_false (procstream_platform_pidfd_get_status (pidfd, &status));
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  if (procstream_platform_pidfd_get_status (pidfd, &status))
    g_assert_cmpint (WEXITSTATUS (status), ==, 3);
  else
    g_test_skip ("no kernel that tells");
  close (pidfd);
}

static void
test_ignores_exits (void)
{
  void (*before) (int) = signal (SIGCHLD, SIG_IGN);

  g_assert_true (procstream_platform_ignores_exits ());
  signal (SIGCHLD, before);
  g_assert_false (procstream_platform_ignores_exits ());
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/features", test_features);
  g_test_add_func ("/platform/environment", test_environment);
  g_test_add_func ("/platform/thread-mask", test_thread_mask);
  g_test_add_func ("/platform/forked", test_forked);
  g_test_add_func ("/platform/pidfd", test_pidfd);
  g_test_add_func ("/platform/pidfd-group", test_pidfd_group);
  g_test_add_func ("/platform/pidfd-off", test_pidfd_off);
  g_test_add_func ("/platform/pidfd-status", test_pidfd_status);
  g_test_add_func ("/platform/ignores-exits", test_ignores_exits);
  return g_test_run ();
}
