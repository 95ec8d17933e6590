/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program is killed in each state that a child can be in. With a guard nothing of the child is left; without one the child itself, which
 * alone gets the signal for the death of its parent, is not. Both is seen by what each process holds: the standard output of the program, whose
 * end comes when the last of them has gone. */

#include "test-tree.h"
#include "test-utils.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A grace that no test lives to see the end of. */
#define NEVER_MS (1000 * 1000)

/* Who ignores the phases of a shutdown; with a guard, also who has left the group. */
#define STUBBORN "trap '' INT TERM; echo up >&2; exec sleep 1000"
#define STUBBORN_TREE "trap '' INT TERM; setsid sh -c 'echo up >&2; exec sleep 1000' & " STUBBORN

/* Says nothing, as that would end it, when the program is gone already. */
#define SILENT "exec sleep 1000"

typedef struct
{
  const char *state;
  void (*reach) (TestProcess *process);
  /* Digits: the helper kills the program, at each of these moments. */
  const char *const *moments;
  gboolean           guard_only;
} Case;

typedef struct
{
  const Case *c;
  gboolean    guarded;
  char       *path;
} Run;

/* It does not come back. */
static void
kill_program (void)
{
  kill (getpid (), SIGKILL);
}

static void
begin (TestProcess *process)
{
  gboolean guarded = procstream_launcher_get_containment (process->launcher) == PROCSTREAM_CONTAINMENT_TREE;

  test_tree_begin (process, guarded ? STUBBORN_TREE : STUBBORN);
  test_tree_await_lines (process, guarded ? 2 : 1);
}

/* --- The states --------------------------------------------------------------------------------------------------------------- */

static void
reach_created (TestProcess *process)
{
  test_process_create (process, SILENT);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_CREATED);
}

/* It may have run by the time that the program is killed, or not. */
static void
reach_asked (TestProcess *process)
{
  test_process_create (process, SILENT);
  procstream_child_start_async (process->child, NULL, NULL, NULL);
}

static void
reach_starting (TestProcess *process)
{
  test_process_create (process, SILENT);
  procstream_child_start (process->child, NULL);
  _exit (5);
}

static void
reach_running (TestProcess *process)
{
  begin (process);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
}

static void
terminating_cb (ProcstreamChild *child,
                gpointer         phase,
                guint           *n_left)
{
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_TERMINATING);
  if (--*n_left == 0)
    kill_program ();
}

static void
reach_phase (TestProcess *process,
             guint        n,
             gint64       first_ms)
{
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_interrupt_terminate (first_ms, NEVER_MS);

  begin (process);
  g_signal_connect (process->child, "terminating", G_CALLBACK (terminating_cb), &n);
  procstream_child_terminate_async (process->child, shutdown, NULL, NULL, NULL);
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

static void
reach_first_phase (TestProcess *process)
{
  reach_phase (process, 1, NEVER_MS);
}

static void
reach_second_phase (TestProcess *process)
{
  reach_phase (process, 2, 1);
}

static void
reach_killing (TestProcess *process)
{
  begin (process);
  g_assert_true (procstream_child_kill (process->child, NULL));
}

/* The guard has the order, and kills the program first: before anybody has been killed, and after everybody has been. */
static void
reach_rounds (TestProcess *process)
{
  reach_killing (process);
  for (;;)
    pause ();
}

/* What the child has left holds its output. */
static void
reach_exited (TestProcess *process)
{
  procstream_launcher_set_keep_descendants (process->launcher, TRUE);
  test_tree_begin (process, "setsid sleep 1000 & exit 0");
  test_process_run_to_exited (process);
  g_assert_cmpint (procstream_child_get_state (process->child), ==, PROCSTREAM_CHILD_STATE_EXITED);
  g_assert_false (process->completed);
}

/* --- The tests ---------------------------------------------------------------------------------------------------------------- */

static void
be_killed (const Run *run)
{
  g_autoptr (TestProcess) process = run->guarded ? test_tree_new () : test_process_new ();
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();

  if (!run->guarded)
    procstream_launcher_set_parent_death_signal (process->launcher, SIGKILL);
  procstream_launcher_set_stdout_config (process->launcher, inherit);
  if (run->c->moments)
    g_setenv ("PROCSTREAM_HELPER", g_getenv ("PROCSTREAM_TEST_KILLING_HELPER"), TRUE);
  run->c->reach (process);
  kill_program ();
}

static void
assert_killed (const char *path)
{
  int status = test_tree_run_program (path);

  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

static void
test_killed (gconstpointer data)
{
  const Run *run = data;

  if (g_test_subprocess ())
    be_killed (run);
  else if (run->c->moments == NULL)
    assert_killed (run->path);
  for (guint i = 0; run->c->moments && run->c->moments[i]; i++)
    {
      g_setenv ("PROCSTREAM_TEST_MOMENT", run->c->moments[i], TRUE);
      assert_killed (run->path);
    }
}

static void
run_free (gpointer data)
{
  Run *run = data;

  g_free (run->path);
  g_free (run);
}

/* Without a guard: the helper has begun; has done all but ask for the signal; has asked for it. */
static const char *const starting_moments[] = { "0", "4", "5", NULL };
static const char *const killing_moments[] = { "11", "12", NULL };

static const Case cases[] = {
  { "created", reach_created, NULL, FALSE },
  { "asked", reach_asked, NULL, FALSE },
  { "starting", reach_starting, starting_moments, FALSE },
  { "running", reach_running, NULL, FALSE },
  { "first-phase", reach_first_phase, NULL, FALSE },
  { "second-phase", reach_second_phase, NULL, FALSE },
  { "killing", reach_killing, NULL, FALSE },
  { "rounds", reach_rounds, killing_moments, TRUE },
  { "exited", reach_exited, NULL, TRUE },
};

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int guarded = !!cases[i].guard_only; guarded <= TRUE; guarded++)
      {
        Run *run = g_new0 (Run, 1);

        run->c = &cases[i];
        run->guarded = guarded;
        run->path = g_strdup_printf ("/program-killed/%s/%s", guarded ? "guard" : "signal", run->c->state);
        g_test_add_data_func_full (run->path, run, test_killed, run_free);
      }
  return g_test_run ();
}
