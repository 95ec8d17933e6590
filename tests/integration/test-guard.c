/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Nothing outlives a child with a guard. Whether something does is seen by what each process of a tree holds: the standard output, whose
 * end comes when the last of them has gone. */

#include "test-process.h"
#include "test-utils.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Who left the group, who left its parent, who ignores that it is asked, and the child itself. */
#define TREE                                                  \
  "setsid sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000' & " \
  "(setsid sh -c 'sleep 1000' & sleep 1000 &) ; "             \
  "trap '' TERM; echo ready >&2; sleep 1000"

static TestProcess *
guarded_process_new (void)
{
  TestProcess *self = test_process_new ();

  procstream_launcher_set_containment (self->launcher, PROCSTREAM_CONTAINMENT_TREE);
  return self;
}

static void
begin (TestProcess *process,
       const char  *script)
{
  test_process_create (process, script);
  test_process_listen (process);
  test_process_start (process);
}

static int
parent_of (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return atoi (strrchr (text, ')') + 4);
}

/* --- The child ---------------------------------------------------------------------------------------------------------------- */

static void
test_status (void)
{
  g_autoptr (TestProcess) exits = guarded_process_new ();
  g_autoptr (TestProcess) killed = guarded_process_new ();

  test_process_spawn_mode (exits, "exit 7");
  test_process_listen (exits);
  test_process_run_to_completed (exits);
  g_assert_cmpint (procstream_child_get_exit_code (exits->child), ==, 7);
  test_process_spawn_mode (killed, "kill 10");
  test_process_listen (killed);
  test_process_run_to_completed (killed);
  g_assert_cmpint (procstream_child_get_term_signal (killed->child), ==, SIGUSR1);
}

/* The number is that of the program, which leads a group, and whose parent is the guard. */
static void
test_identity (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();
  int pid, group, session;

  test_process_create_mode (process, "pgid");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpint (sscanf (process->out->str, "%d %d %d", &pid, &group, &session), ==, 3);
  g_assert_cmpint (pid, ==, procstream_child_get_pid (process->child));
  g_assert_cmpint (group, ==, pid);
  g_assert_cmpint (session, ==, getsid (0));
}

static void
test_descriptors (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();
  g_auto (GStrv) lines = NULL;

  test_process_create_mode (process, "fds");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  lines = g_strsplit (process->out->str, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
}

static void
test_no_program (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();
  g_autoptr (GError) error = NULL;
  guint before = test_count_children ();

  g_assert_null (procstream_launcher_spawnv (process->launcher, (const char *const[]){ "/nowhere/program", NULL }, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_cmpuint (test_count_children (), ==, before);
}

/* What is sent to the guard is meant for the child. */
static void
test_forwarded (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();

  test_process_create_mode (process, "sleep-forever");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  g_assert_cmpint (parent_of (procstream_child_get_pid (process->child)), !=, getpid ());
  g_subprocess_send_signal (procstream_child_get_subprocess (process->child), SIGUSR2);
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGUSR2);
}

/* --- The end of the child ----------------------------------------------------------------------------------------------------- */

/* The outputs end too, which those that are left would have held. */
static void
test_exit (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();

  begin (process, "setsid sh -c 'sleep 1000' & (setsid sleep 1000 &); exit 3");
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 3);
}

static void
test_exit_ignored (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();

  begin (process, "setsid sh -c 'trap \"\" TERM; echo up >&2; sleep 1000' & read -r line; exit 3");
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 3);
}

static void
test_kill (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();

  begin (process, TREE);
  while (process->err->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
}

/* Stopped processes are ended as others are. */
static void
test_stopped (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();

  begin (process, "setsid sh -c 'kill -STOP $$; sleep 1000' & echo $!; exit 0");
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
}

static void
test_guard_killed (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();

  test_process_create_mode (process, "ignore-term");
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
  g_clear_object (&process->child);
  test_process_create_mode (process, "ignore-term");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, strlen ("ready\n"));
  g_assert_cmpint (kill (parent_of (procstream_child_get_pid (process->child)), SIGKILL), ==, 0);
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_term_signal (process->child), ==, SIGKILL);
}

/* --- The end of the program --------------------------------------------------------------------------------------------------- */

static TestProcess *
inheriting_process_new (void)
{
  TestProcess *self = guarded_process_new ();
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();

  procstream_launcher_set_stdout_config (self->launcher, inherit);
  return self;
}

/* Runs a test of this program in a process of its own, which kills itself, until nobody has its output open. */
static void
run_killed (const char *test)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GSubprocess) program = NULL;
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;

  program = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self, "--GTestSubprocess", "-p", test, NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (program, NULL, NULL, &out, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_term_sig (program), ==, SIGKILL);
}

static void
test_program_killed (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      run_killed ("/guard/program-killed");
      return;
    }
  process = inheriting_process_new ();
  begin (process, TREE);
  while (process->err->len == 0)
    g_main_context_iteration (NULL, TRUE);
  kill (getpid (), SIGKILL);
}

/* At any moment of the start. */
static void
test_program_killed_starting (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      for (int i = 0; i < 10; i++)
        run_killed ("/guard/program-killed/starting");
      return;
    }
  process = inheriting_process_new ();
  test_process_create_mode (process, "sleep-forever");
  procstream_child_start_async (process->child, NULL, NULL, NULL);
  kill (getpid (), SIGKILL);
}

/* The child is gone, and the guard about to end what it left. */
static void
test_program_killed_ending (void)
{
  g_autoptr (TestProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      run_killed ("/guard/program-killed/ending");
      return;
    }
  process = inheriting_process_new ();
  begin (process, TREE);
  while (process->err->len == 0)
    g_main_context_iteration (NULL, TRUE);
  procstream_child_kill (process->child, NULL);
  kill (getpid (), SIGKILL);
}

static void
test_pty (void)
{
  g_autoptr (TestProcess) process = guarded_process_new ();

  procstream_launcher_set_pty (process->launcher, TRUE);
  test_process_create_mode (process, "isatty");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "011 controlled 1 leader 1 front 1\n");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/guard/status", test_status);
  g_test_add_func ("/guard/identity", test_identity);
  g_test_add_func ("/guard/descriptors", test_descriptors);
  g_test_add_func ("/guard/no-program", test_no_program);
  g_test_add_func ("/guard/forwarded", test_forwarded);
  g_test_add_func ("/guard/exit", test_exit);
  g_test_add_func ("/guard/exit/ignored", test_exit_ignored);
  g_test_add_func ("/guard/kill", test_kill);
  g_test_add_func ("/guard/stopped", test_stopped);
  g_test_add_func ("/guard/guard-killed", test_guard_killed);
  g_test_add_func ("/guard/program-killed", test_program_killed);
  g_test_add_func ("/guard/program-killed/starting", test_program_killed_starting);
  g_test_add_func ("/guard/program-killed/ending", test_program_killed_ending);
  g_test_add_func ("/guard/pty", test_pty);
  return g_test_run ();
}
