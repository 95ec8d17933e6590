/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end of a program that does not come to exit(). Each case is a program of its own: it can be had only once. */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static void
run_program (void)
{
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

static ProcstreamLauncher *
new_launcher (void)
{
  return procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
}

static ProcstreamChild *
spawn (ProcstreamLauncher *launcher,
       const char         *script)
{
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child = procstream_launcher_spawnv (launcher, test_shell_argv (script), &error);

  g_assert_no_error (error);
  return child;
}

static void
assert_refused (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child = procstream_launcher_spawnv (launcher, test_shell_argv ("exit 0"), &error);

  g_assert_null (child);
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
}

/* Children are ended, what they wrote at their end is written, and nothing is started any more, how often it is called. */
static void
test_all (void)
{
  g_autoptr (ProcstreamLauncher) launcher = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamWriter) writer = NULL;
  g_autofree char *path = NULL;
  g_autofree char *written = NULL;

  if (!g_test_subprocess ())
    {
      run_program ();
      return;
    }
  path = g_build_filename (g_get_tmp_dir (), "procstream-deinit-XXXXXX", NULL);
  close (g_mkstemp (path));
  writer = procstream_writer_new_for_path (path, PROCSTREAM_FILE_MODE_TRUNCATE);
  launcher = new_launcher ();
  child = procstream_launcher_create (launcher, test_shell_argv ("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"), NULL);
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (writer), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  g_object_unref (procstream_child_expect (child, "up", PROCSTREAM_MATCH_NONE, PROCSTREAM_NO_TIMEOUT, NULL, NULL));

  procstream_deinit ();
  g_assert_cmpint (kill (procstream_child_get_pid (child), 0), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
  g_assert_true (g_file_get_contents (path, &written, NULL, NULL));
  g_assert_cmpstr (written, ==, "up\nbye\n");
  unlink (path);
  assert_refused ();
  procstream_deinit ();
  assert_refused ();
}

/* Who was detached goes on. */
static void
test_detached (void)
{
  g_autoptr (ProcstreamLauncher) launcher = NULL;
  g_autoptr (ProcstreamChild) child = NULL;

  if (!g_test_subprocess ())
    {
      run_program ();
      return;
    }
  launcher = new_launcher ();
  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_DETACHED);
  child = spawn (launcher, "exec sleep 1000");
  procstream_deinit ();
  g_assert_cmpint (kill (procstream_child_get_pid (child), 0), ==, 0);
  kill (procstream_child_get_pid (child), SIGKILL);
}

/* A program that never had a child has none from then on. */
static void
test_nothing (void)
{
  if (!g_test_subprocess ())
    {
      run_program ();
      return;
    }
  procstream_deinit ();
  assert_refused ();
}

static gpointer
deinit (gpointer data)
{
  procstream_deinit ();
  return NULL;
}

/* Whoever calls it second finds all done as well. */
static void
test_threads (void)
{
  g_autoptr (ProcstreamLauncher) launcher = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  GThread *thread;

  if (!g_test_subprocess ())
    {
      run_program ();
      return;
    }
  launcher = new_launcher ();
  child = spawn (launcher, "exec sleep 1000");
  thread = g_thread_new ("deinit", deinit, NULL);
  procstream_deinit ();
  g_assert_cmpint (kill (procstream_child_get_pid (child), 0), ==, -1);
  g_thread_join (thread);
}

static gboolean
is_gone (ProcstreamChild *child)
{
  return kill (procstream_child_get_pid (child), 0) < 0 && errno == ESRCH;
}

#define STUBBORN "trap '' TERM; echo up; while :; do sleep 0.05; done"

static gpointer
hurry (gpointer data)
{
  ProcstreamChild *polite = data;

  /* By then the end of the stubborn ones has been begun too. */
  while (!is_gone (polite))
    g_usleep (1000);
  procstream_deinit_hurry ();
  return NULL;
}

/* Whoever is in a hurry, before it or meanwhile, does not wait for those that are slow to end. */
static void
hurried (gboolean before)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) slow = procstream_shutdown_new_terminate (1000000);
  g_autoptr (ProcstreamChild) polite = spawn (launcher, "exec sleep 1000");
  ProcstreamChild *stubborn[3];
  GThread         *thread = NULL;

  procstream_launcher_set_shutdown (launcher, slow);
  for (guint i = 0; i < G_N_ELEMENTS (stubborn); i++)
    {
      stubborn[i] = spawn (launcher, STUBBORN);
      g_object_unref (procstream_child_expect (stubborn[i], "up", PROCSTREAM_MATCH_NONE, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
    }
  if (before)
    procstream_deinit_hurry ();
  else
    thread = g_thread_new ("hurry", hurry, polite);
  procstream_deinit ();
  if (thread)
    g_thread_join (thread);
  g_assert_true (is_gone (polite));
  for (guint i = 0; i < G_N_ELEMENTS (stubborn); i++)
    {
      g_assert_true (is_gone (stubborn[i]));
      g_object_unref (stubborn[i]);
    }
}

static void
test_hurry (void)
{
  if (g_test_subprocess ())
    hurried (FALSE);
  else
    run_program ();
}

static void
test_hurry_before (void)
{
  if (g_test_subprocess ())
    hurried (TRUE);
  else
    run_program ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_add_func ("/deinit/all", test_all);
  test_add_func ("/deinit/detached", test_detached);
  test_add_func ("/deinit/nothing", test_nothing);
  test_add_func ("/deinit/threads", test_threads);
  test_add_func ("/deinit/hurry", test_hurry);
  test_add_func ("/deinit/hurry-before", test_hurry_before);
  return g_test_run ();
}
