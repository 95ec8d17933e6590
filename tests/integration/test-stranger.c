/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-child-private.h"
#include "procstream-platform-private.h"
#include "test-clean.h"
#include "test-hold.h"
#include "test-tree.h"
#include "test-utils.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process has ended, a child, its guard or who was below it, and another has its number: whatever is sent must not reach that one. */

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

/* It is there, untouched; and then no more. With none, the test is skipped. */
static void
end_stranger (int pid)
{
  int status;

  if (pid == 0)
    {
      g_test_skip ("no process can be given the number of another here: that none is reached was not tested");
      return;
    }
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
  int      pid, guard, stranger, second;

  procstream_launcher_set_containment (process->launcher, c->containment);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  test_process_create_mode (process, "sleep-forever");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  pid = procstream_child_get_pid (process->child);
  guard = c->containment == PROCSTREAM_CONTAINMENT_TREE ? test_tree_get_guard (process) : 0;

  /* It is reaped, and the library has not noticed yet. */
  test_hold_begin (&hold);
  g_assert_no_errno (kill (pid, SIGKILL));
  await_reaped (process->child);
  stranger = make_stranger (pid);
  second = guard ? make_stranger (guard) : 0;
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
  end_stranger (stranger);
  if (guard)
    end_stranger (second);
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

/* The guard has reaped the child, and stays for what that has left. What it is told, and sent, is only for that. */
static void
test_reaped_by_guard (gconstpointer data)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autoptr (GError) error = NULL;
  ProcstreamFeature without = GPOINTER_TO_UINT (data);
  int               guard, stranger;

  if (!test_tree_can_find_strays ())
    return;
  procstream_platform_disable (without);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_keep_descendants (process->launcher, TRUE);
  test_tree_begin (process, "setsid sh -c 'trap \"echo heard >&2\" USR1; echo up >&2; while :; do sleep 1000; done' & read -r line; exit 3");
  test_tree_await_lines (process, 1);
  guard = test_tree_get_guard (process);
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_exited (process);
  stranger = make_stranger (procstream_child_get_pid (process->child));
  g_assert_no_errno (kill (guard, SIGUSR2));
  g_assert_true (procstream_child_send_signal (process->child, SIGUSR1, NULL));
  procstream_child_terminate (process->child, NULL, PROCSTREAM_NO_TIMEOUT, NULL, &error);
  g_assert_no_error (error);
  test_process_run_to_completed (process);
  procstream_platform_enable (without);
  end_stranger (stranger);
}

static void
await_group (int pid)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (getpgid (pid) != pid)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

/* The guard has found a member, which then ends, is reaped by its parent, and has a successor, before the guard comes to signal it. */
static void
test_listed (void)
{
  g_autoptr (TestProcess) process = test_tree_new ();
  g_autofree char *helper = g_strdup (g_getenv ("PROCSTREAM_HELPER"));
  int              guard, stranger, pid = 0;

  g_assert_nonnull (helper);
  g_setenv ("PROCSTREAM_HELPER", g_getenv ("PROCSTREAM_TEST_HALTING_HELPER"), TRUE);
  g_setenv ("PROCSTREAM_TEST_MOMENT", "10", TRUE);
  test_tree_begin (process, "trap '' USR1; setsid sleep 1000 & echo $! >&2; wait $!; echo reaped >&2; exec sleep 1000");
  test_tree_await_lines (process, 1);
  g_setenv ("PROCSTREAM_HELPER", helper, TRUE);
  g_unsetenv ("PROCSTREAM_TEST_MOMENT");
  g_assert_cmpint (sscanf (process->err->str, "%d", &pid), ==, 1);
  await_group (pid);
  guard = test_tree_get_guard (process);
  g_assert_true (procstream_child_send_signal (process->child, SIGUSR1, NULL));
  test_tree_await_state (guard, 'T');
  g_assert_no_errno (kill (pid, SIGKILL));
  test_tree_await_lines (process, 2);
  stranger = make_stranger (pid);
  g_assert_no_errno (kill (guard, SIGCONT));
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  end_stranger (stranger);
}

static const Case process_case = { PROCSTREAM_CONTAINMENT_PROCESS, 0 };
static const Case process_without_pidfd_case = { PROCSTREAM_CONTAINMENT_PROCESS, PROCSTREAM_FEATURE_PIDFD };
static const Case group_case = { PROCSTREAM_CONTAINMENT_GROUP, 0 };
static const Case group_by_number_case = { PROCSTREAM_CONTAINMENT_GROUP, PROCSTREAM_FEATURE_PIDFD_GROUP };
static const Case group_without_pidfd_case = { PROCSTREAM_CONTAINMENT_GROUP, PROCSTREAM_FEATURE_PIDFD };
static const Case tree_case = { PROCSTREAM_CONTAINMENT_TREE, 0 };
static const Case tree_by_order_case = { PROCSTREAM_CONTAINMENT_TREE, PROCSTREAM_FEATURE_PIDFD_GROUP };
static const Case tree_without_pidfd_case = { PROCSTREAM_CONTAINMENT_TREE, PROCSTREAM_FEATURE_PIDFD };

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  test_add_data_func ("/stranger/process", &process_case, test_reached_by_nothing);
  test_add_data_func ("/stranger/process/without-pidfd", &process_without_pidfd_case, test_reached_by_nothing);
  test_add_data_func ("/stranger/group", &group_case, test_reached_by_nothing);
  test_add_data_func ("/stranger/group/by-number", &group_by_number_case, test_reached_by_nothing);
  test_add_data_func ("/stranger/group/without-pidfd", &group_without_pidfd_case, test_reached_by_nothing);
  test_add_data_func ("/stranger/tree", &tree_case, test_reached_by_nothing);
  test_add_data_func ("/stranger/tree/by-order", &tree_by_order_case, test_reached_by_nothing);
  test_add_data_func ("/stranger/tree/without-pidfd", &tree_without_pidfd_case, test_reached_by_nothing);
  test_add_data_func ("/stranger/reaped-by-guard", NULL, test_reaped_by_guard);
  test_add_data_func ("/stranger/reaped-by-guard/without-pidfd", GUINT_TO_POINTER (PROCSTREAM_FEATURE_PIDFD), test_reaped_by_guard);
  test_add_func ("/stranger/listed", test_listed);
  return g_test_run ();
}
