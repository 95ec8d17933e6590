/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-census-private.h"

#include "procstream-io-thread-private.h"
#include "test-process.h"
#include "test-utils.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Groups of forked copies that wait to be killed. */

static int
fork_into (int group)
{
  int pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    for (;;)
      pause ();
  g_assert_cmpint (setpgid (pid, group), ==, 0);
  return pid;
}

static void
make_zombie (int pid)
{
  siginfo_t info;

  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitid (P_PID, (id_t) pid, &info, WEXITED | WNOWAIT), ==, 0);
}

static void
reap (int pid)
{
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

static void
test_count (void)
{
  ProcstreamGroupCensus census;
  int                   leader = fork_into (0);
  int                   members[9];

  g_assert_true (procstream_group_count (leader, getsid (0), &census));
  g_assert_cmpuint (census.living, ==, 1);
  g_assert_cmpuint (census.zombies, ==, 0);
  g_assert_cmpint (census.pids[0], ==, leader);

  /* More than are told by number. */
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    members[i] = fork_into (leader);
  make_zombie (leader);
  make_zombie (members[0]);
  g_assert_true (procstream_group_count (leader, getsid (0), &census));
  g_assert_cmpuint (census.living, ==, 8);
  g_assert_cmpuint (census.zombies, ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (census.pids); i++)
    g_assert_cmpint (census.pids[i], !=, leader);

  /* The number of a group of another session is somebody else's. */
  g_assert_true (procstream_group_count (leader, 1, &census));
  g_assert_cmpuint (census.living + census.zombies, ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    reap (members[i]);
  reap (leader);
  g_assert_true (procstream_group_count (leader, getsid (0), &census));
  g_assert_cmpuint (census.living + census.zombies, ==, 0);
}

/* --- By a worker -------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamGroupCensus census;
  gboolean              in_io_thread;
  gint                  answered; /* atomic */
} Answer;

static void
answer_cb (gpointer                     data,
           const ProcstreamGroupCensus *census)
{
  Answer *answer = data;

  g_assert_nonnull (census);
  answer->census = *census;
  answer->in_io_thread = procstream_io_thread_is_current ();
  g_atomic_int_set (&answer->answered, TRUE);
}

static gboolean
is_answered (gpointer data)
{
  return g_atomic_int_get (&((Answer *) data)->answered);
}

static void
await (Answer *answer)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (!is_answered (answer))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

/* Everybody is answered, with what is so after the question. */
static void
test_census (void)
{
  g_autofree Answer *answers = g_new0 (Answer, 300);
  int                pids[3];

  for (guint i = 0; i < 3; i++)
    pids[i] = fork_into (0);
  for (guint i = 0; i < 300; i++)
    {
      if (i == 150)
        make_zombie (pids[1]);
      procstream_census_ask (pids[i % 3], getsid (0), answer_cb, &answers[i]);
    }
  for (guint i = 0; i < 300; i++)
    {
      await (&answers[i]);
      g_assert_true (answers[i].in_io_thread);
      g_assert_cmpuint (answers[i].census.living + answers[i].census.zombies, ==, 1);
      if (i % 3 != 1 || i >= 150)
        g_assert_cmpuint (answers[i].census.zombies, ==, i % 3 == 1);
    }
  for (guint i = 0; i < 3; i++)
    reap (pids[i]);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/group/count", test_count);
  g_test_add_func ("/group/census", test_census);
  return g_test_run ();
}
