/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-shutdown-private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static void
assert_text (ProcstreamShutdown *shutdown,
             const char         *text)
{
  g_autofree char *found = procstream_shutdown_to_string (shutdown);

  g_assert_cmpstr (found, ==, text);
}

static void
test_presets (void)
{
  g_autoptr (ProcstreamShutdown) standard = procstream_shutdown_new_default ();
  g_autoptr (ProcstreamShutdown) terminate = procstream_shutdown_new_terminate (7000);
  g_autoptr (ProcstreamShutdown) interrupt = procstream_shutdown_new_interrupt (3000);
  g_autoptr (ProcstreamShutdown) both = procstream_shutdown_new_interrupt_terminate (1000, 2000);
  g_autoptr (ProcstreamShutdown) only_kill = procstream_shutdown_new_kill ();

  assert_text (standard, "SIGTERM 5000 ms, SIGKILL");
  assert_text (terminate, "SIGTERM 7000 ms, SIGKILL");
  assert_text (interrupt, "SIGINT 3000 ms, SIGKILL");
  assert_text (both, "SIGINT 1000 ms, SIGTERM 2000 ms, SIGKILL");
  assert_text (only_kill, "SIGKILL");
  g_assert_cmpint (procstream_shutdown_get_total_ms (both), ==, 6000);
  g_assert_cmpint (procstream_shutdown_get_total_ms (only_kill), ==, PROCSTREAM_DEFAULT_KILL_TIMEOUT_MS);
  g_assert_true (procstream_shutdown_check (standard, NULL));
  g_assert_true (procstream_shutdown_check (only_kill, NULL));
}

static void
test_phases (void)
{
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("quit\n", 5);
  g_autoptr (ProcstreamShutdownPhase) phase = NULL;
  g_autoptr (ProcstreamShutdownPlan) plan = NULL;
  g_autoptr (GBytes) read_bytes = NULL;
  g_autoptr (GError) error = NULL;
  ProcstreamShutdownAction action;
  ProcstreamSignalTarget   target;
  gint64                   grace_ms;
  int                      signum;

  procstream_shutdown_add_write (shutdown, bytes, 500);
  procstream_shutdown_add_close_stdin (shutdown, 1000);
  procstream_shutdown_add_signal (shutdown, SIGUSR1, PROCSTREAM_SIGNAL_TARGET_LEADER, 2000);
  assert_text (shutdown, "write 5 bytes to stdin 500 ms, close stdin 1000 ms, SIGUSR1 to the leader 2000 ms, SIGKILL");
  g_assert_cmpuint (g_list_model_get_n_items (procstream_shutdown_get_phases (shutdown)), ==, 3);
  phase = g_list_model_get_item (procstream_shutdown_get_phases (shutdown), 0);
  g_object_get (phase, "action", &action, "signum", &signum, "target", &target, "bytes", &read_bytes, "grace-ms", &grace_ms, NULL);
  g_assert_cmpint (action, ==, PROCSTREAM_SHUTDOWN_ACTION_WRITE);
  g_assert_cmpint (signum, ==, 0);
  g_assert_cmpint (target, ==, PROCSTREAM_SIGNAL_TARGET_UNSET);
  g_assert_true (g_bytes_equal (read_bytes, bytes));
  g_assert_cmpint (grace_ms, ==, 500);

  /* What is used is a snapshot. */
  plan = procstream_shutdown_plan_new (shutdown, &error);
  g_assert_no_error (error);
  procstream_shutdown_add_close_stdin (shutdown, 1);
  g_assert_cmpuint (plan->steps->len, ==, 4);
  g_assert_cmpint (g_array_index (plan->steps, ProcstreamShutdownStep, 3).action, ==, PROCSTREAM_SHUTDOWN_ACTION_KILL);
  g_assert_cmpint (procstream_shutdown_plan_get_total_ms (plan), ==, 6500);
}

static void
assert_refused (ProcstreamShutdown *shutdown,
                const char         *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_shutdown_check (shutdown, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, part));
  g_clear_error (&error);
  g_assert_null (procstream_shutdown_plan_new (shutdown, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_nonsense (void)
{
  g_autoptr (ProcstreamShutdown) empty = procstream_shutdown_new ();
  g_autoptr (ProcstreamShutdown) negative = procstream_shutdown_new_interrupt_terminate (1, -1);
  g_autoptr (ProcstreamShutdown) endless = procstream_shutdown_new_terminate (G_MAXINT64);
  g_autoptr (ProcstreamShutdown) no_signal = procstream_shutdown_new ();
  g_autoptr (ProcstreamShutdown) no_target = procstream_shutdown_new ();
  g_autoptr (ProcstreamShutdown) no_time = procstream_shutdown_new_kill ();

  procstream_shutdown_add_signal (no_signal, 0, PROCSTREAM_SIGNAL_TARGET_GROUP, 0);
  procstream_shutdown_add_signal (no_target, SIGTERM, PROCSTREAM_SIGNAL_TARGET_UNSET, 0);
  procstream_shutdown_set_kill_timeout_ms (no_time, 0);
  assert_refused (empty, "no phase");
  assert_refused (negative, "Phase 2");
  assert_refused (negative, "negative");
  assert_refused (endless, "24 days");
  assert_refused (no_signal, "does not exist");
  assert_refused (no_target, "leader or the group");
  assert_refused (no_time, "kill-timeout-ms");
}

static void
test_attempt (void)
{
  const ProcstreamShutdownTry facts = {
    .action = PROCSTREAM_SHUTDOWN_ACTION_SIGNAL,
    .signum = SIGTERM,
    .phase = 1,
    .errsv = EPERM,
    .time_us = 1500000,
  };
  g_autoptr (ProcstreamShutdownAttempt) attempt = procstream_shutdown_attempt_new (&facts);
  g_autofree char *text = procstream_shutdown_attempt_to_string (attempt);
  gint64           time_us;
  int              number;

  g_assert_true (g_str_has_prefix (text, "SIGTERM after 1.5 s: "));
  g_object_get (attempt, "error-number", &number, "time-us", &time_us, NULL);
  g_assert_cmpint (number, ==, EPERM);
  g_assert_cmpint (time_us, ==, 1500000);
  g_assert_cmpuint (procstream_shutdown_attempt_get_phase (attempt), ==, 1);
  g_assert_cmpuint (procstream_shutdown_attempt_get_round (attempt), ==, 0);
}

#define N_PHASES 8
#define N_READS 20000

/* In two threads, as when two of them end children: each sees all phases in their order, however many there are by then. */
static gpointer
read_in_thread (gpointer data)
{
  for (int i = 0; i < N_READS; i++)
    {
      g_autoptr (ProcstreamShutdownPlan) plan = procstream_shutdown_plan_new (data, NULL);
      guint last = plan->steps->len - 1;

      g_assert_cmpuint (last, >=, 2);
      g_assert_cmpuint (last, <=, N_PHASES);
      for (guint k = 0; k < last; k++)
        g_assert_cmpint (g_array_index (plan->steps, ProcstreamShutdownStep, k).grace_ms, ==, k);
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new ();
  GThread *threads[2];

  for (int i = 0; i < 2; i++)
    procstream_shutdown_add_signal (shutdown, SIGTERM, PROCSTREAM_SIGNAL_TARGET_GROUP, i);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("read", read_in_thread, shutdown);
  for (int i = 2; i < N_PHASES; i++)
    procstream_shutdown_add_signal (shutdown, SIGTERM, PROCSTREAM_SIGNAL_TARGET_GROUP, i);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (g_list_model_get_n_items (procstream_shutdown_get_phases (shutdown)), ==, N_PHASES);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shutdown/presets", test_presets);
  g_test_add_func ("/shutdown/phases", test_phases);
  g_test_add_func ("/shutdown/nonsense", test_nonsense);
  g_test_add_func ("/shutdown/attempt", test_attempt);
  g_test_add_func ("/shutdown/threads", test_threads);
  return g_test_run ();
}
