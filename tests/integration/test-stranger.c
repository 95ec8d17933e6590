/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-child-private.h"
#include "procstream-platform-private.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-utils.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child has exited and another process has its number: whatever is sent to the child must not reach that one. */

/* --- A stranger --------------------------------------------------------------------------------------------------------------- */

/* Makes a process with that number, which leads a group; 0 where the kernel, or a lack of rights, does not allow it. */
static int
make_stranger (int pid)
{
  guint64           number = pid;
  struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (guint64) (guintptr) &number, .set_tid_size = 1 };
  long              made = syscall (SYS_clone3, &args, sizeof args);

  if (made == 0)
    for (;;)
      pause ();
  if (made < 0)
    return 0;
  g_assert_cmpint (made, ==, pid);
  g_assert_no_errno (setpgid (pid, pid));
  return pid;
}

static void
stop_stranger (int pid)
{
  int status;

  g_assert_no_errno (kill (pid, SIGSTOP));
  g_assert_cmpint (waitpid (pid, &status, WUNTRACED), ==, pid);
  g_assert_true (WIFSTOPPED (status));
}

/* Nobody else has done so by now. */
static void
continue_stranger (int pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, WCONTINUED | WNOHANG), ==, 0);
  g_assert_no_errno (kill (pid, SIGCONT));
  g_assert_cmpint (waitpid (pid, &status, WCONTINUED), ==, pid);
}

/* It is there, untouched; and then no more. */
static void
end_stranger (int pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, WNOHANG), ==, 0);
  g_assert_no_errno (kill (pid, SIGKILL));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

/* --- The tests ---------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamContainment containment;
  guint                 missing; /* features of the kernel */
} Case;

static void
assert_not_found (ProcstreamChild *child)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_child_send_signal (child, SIGTERM, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (procstream_child_send_signal (child, SIGKILL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
await_reaped (ProcstreamChild *child)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (g_subprocess_get_identifier (procstream_child_get_subprocess (child)))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

static void
run_case (const Case *c)
{
  g_autoptr (TestProcess) process = test_process_new ();
  TestHold hold;
  int      pid, stranger;

  procstream_launcher_set_containment (process->launcher, c->containment);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create_mode (process, "sleep-forever");
  test_process_listen (process);
  test_process_start (process);
  pid = procstream_child_get_pid (process->child);

  /* It is reaped, and the library has not noticed yet. */
  test_hold_begin (&hold);
  g_assert_no_errno (kill (pid, SIGKILL));
  await_reaped (process->child);
  stranger = make_stranger (pid);
  assert_not_found (process->child);
  if (stranger)
    stop_stranger (stranger);
  procstream_child_core_continue (process->child->core);
  if (stranger)
    continue_stranger (stranger);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  test_hold_end (&hold);

  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
  assert_not_found (process->child);
  if (stranger)
    end_stranger (stranger);
  else
    g_test_message ("No process can be given the number of another here: that none is reached was not tested");
}

static void
test_reached_by_nothing (gconstpointer data)
{
  const Case *c = data;
  guint       disabled = 0;

  for (guint feature = 1; feature <= c->missing; feature <<= 1)
    if (c->missing & feature && procstream_platform_has (feature))
      {
        procstream_platform_disable (feature);
        disabled |= feature;
      }
  run_case (c);
  for (guint feature = 1; feature <= disabled; feature <<= 1)
    if (disabled & feature)
      procstream_platform_enable (feature);
}

static const Case process_case = { PROCSTREAM_CONTAINMENT_PROCESS, 0 };
static const Case process_without_pidfd_case = { PROCSTREAM_CONTAINMENT_PROCESS, PROCSTREAM_FEATURE_PIDFD };
static const Case group_case = { PROCSTREAM_CONTAINMENT_GROUP, 0 };
static const Case group_by_number_case = { PROCSTREAM_CONTAINMENT_GROUP, PROCSTREAM_FEATURE_PIDFD_GROUP };
static const Case group_without_pidfd_case = { PROCSTREAM_CONTAINMENT_GROUP, PROCSTREAM_FEATURE_PIDFD };

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_data_func ("/stranger/process", &process_case, test_reached_by_nothing);
  g_test_add_data_func ("/stranger/process/without-pidfd", &process_without_pidfd_case, test_reached_by_nothing);
  g_test_add_data_func ("/stranger/group", &group_case, test_reached_by_nothing);
  g_test_add_data_func ("/stranger/group/by-number", &group_by_number_case, test_reached_by_nothing);
  g_test_add_data_func ("/stranger/group/without-pidfd", &group_without_pidfd_case, test_reached_by_nothing);
  return g_test_run ();
}
