/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-lifetime-private.h"
#include "procstream-platform-private.h"
#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-start.h"
#include "test-utils.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What happens when a program ends is seen from outside: this program runs itself, in a scene that starts children, prints their
 * process numbers, and ends. */

/* --- Scenes ------------------------------------------------------------------------------------------------------------------- */

static void
say (const char *text)
{
  fputs (text, stdout);
  fflush (stdout);
}

static void
say_pid (ProcstreamChild *child)
{
  g_autofree char *text = g_strdup_printf ("%d\n", procstream_child_get_pid (child));

  say (text);
}

static gboolean
is_alive (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *stat = NULL;

  return g_file_get_contents (path, &stat, NULL, NULL) && strstr (stat, ") Z ") == NULL;
}

/* Its first line is the number of a grandchild. Not one main context is iterated. */
static ProcstreamChild *
spawn_tree (ProcstreamLauncher *launcher,
            const char         *mode)
{
  g_auto (GStrv) argv = test_child_argv (mode);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  ProcstreamChild *child = procstream_launcher_create (launcher, (const char *const *) argv, NULL);
  g_autofree char *line = NULL;

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  line = procstream_reader_read_line (reader, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL);
  g_assert_nonnull (line);
  say_pid (child);
  if (g_ascii_isdigit (line[0]))
    {
      say (line);
      say ("\n");
    }
  return child;
}

static ProcstreamLauncher *
new_launcher (void)
{
  return procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
}

static int
scene_return (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamChild) child = spawn_tree (launcher, "tree");

  return 5;
}

static gboolean
exit_now_cb (gpointer data)
{
  exit (5);
}

static int
scene_exit (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_object_unref (spawn_tree (launcher, "tree"));
  g_idle_add (exit_now_cb, NULL);
  g_main_loop_run (loop);
  return 0;
}

/* Ended with force, in no more time than its shutdown gives. */
static int
scene_stubborn (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_terminate (1000);

  procstream_launcher_set_shutdown (launcher, shutdown);
  g_object_unref (spawn_tree (launcher, "stubborn"));
  g_object_unref (spawn_tree (launcher, "trap"));
  return 5;
}

static int
scene_orphan (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamChild) child = spawn_tree (launcher, "orphan");

  g_assert_true (procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  return 5;
}

/* The first child that runs the program of the tests, whoever knows of it. */
static int
await_program (void)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (g_get_monotonic_time () < deadline)
    {
      g_autoptr (GArray) children = test_list_children ();

      for (guint i = 0; i < children->len; i++)
        {
          int              pid = g_array_index (children, int, i);
          g_autofree char *path = g_strdup_printf ("/proc/%d/exe", pid);
          g_autofree char *program = g_file_read_link (path, NULL);

          if (program && g_str_has_suffix (program, "/test-child"))
            return pid;
        }
      g_usleep (1000);
    }
  g_error ("Nothing was started");
}

static void
end_hold_at_exit_cb (gpointer hold)
{
  while (!procstream_lifetime_is_over ())
    g_usleep (1000);
  test_hold_end (hold);
}

/* Its program runs, and the library hears of that when the exit already waits for it. */
static int
scene_starting (void)
{
  static TestHold hold;
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, (const char *const *) argv, NULL);
  g_autofree char *pid = NULL;

  test_hold_begin (&hold);
  procstream_child_start_async (child, NULL, NULL, NULL);
  pid = g_strdup_printf ("%d\n", await_program ());
  say (pid);
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_STARTING);
  test_interrupt (end_hold_at_exit_cb, &hold);
  return 5;
}

static gpointer
spawn_in_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();

  g_main_context_push_thread_default (context);
  g_object_unref (spawn_tree (launcher, "tree"));
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* Its thread is gone long before the program. */
static int
scene_thread (void)
{
  g_thread_join (g_thread_new ("spawn", spawn_in_thread, NULL));
  return 5;
}

static int
scene_detached (void)
{
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamChild) child = NULL;

  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_DETACHED);
  procstream_launcher_set_stdout_config (launcher, discard);
  procstream_launcher_set_stderr_config (launcher, discard);
  child = procstream_launcher_spawnv (launcher, (const char *const *) argv, NULL);
  say_pid (child);
  return 5;
}

/* The only child there ever was, which leaves somebody: nobody is to be ended, or looked for. */
static int
scene_detached_leaves (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamChild) child = NULL;

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_DETACHED);
  child = spawn_tree (launcher, "orphan");
  g_assert_true (procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  return 5;
}

static int
scene_detach (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamChild) child = spawn_tree (launcher, "sleep-forever");

  g_assert_true (procstream_child_detach (child, NULL));
  g_assert_cmpint (procstream_child_get_lifetime (child), ==, PROCSTREAM_LIFETIME_DETACHED);
  return 5;
}

/* Nobody ends these, but their pipes end with the program: one reads its stdin to the end, the other writes, for as long as somebody reads. */
static int
scene_detached_pipes (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();

  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_DETACHED);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  g_object_unref (spawn_tree (launcher, "ignore-term"));
  g_object_unref (spawn_tree (launcher, "flood"));
  return 5;
}

static ProcstreamShutdown *
new_brief_kill (void)
{
  ProcstreamShutdown *shutdown = procstream_shutdown_new_kill ();

  procstream_shutdown_set_kill_timeout_ms (shutdown, 100);
  return shutdown;
}

/* The exit of a forked copy is none of the program: it ends nothing, not even with the force that is used when there is nobody else to. */
static int
scene_forked (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) brief = new_brief_kill ();
  g_autoptr (ProcstreamChild) child = NULL;
  pid_t copy;
  int   status;

  procstream_launcher_set_shutdown (launcher, brief);
  child = spawn_tree (launcher, "sleep-forever");
  copy = fork ();

  if (copy == 0)
    exit (0);
  g_assert_cmpint (waitpid (copy, &status, 0), ==, copy);
  /* The leak checker misses the threads of the original, and aborts the copy for it. */
#ifndef __SANITIZE_ADDRESS__
  g_assert_true (WIFEXITED (status));
#endif
  /* A signal can be sent to the dead as well, until they are waited for: whoever is here to hear of it hears of it first. */
  test_hold_pass ();
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_RUNNING);
  g_assert_true (is_alive (procstream_child_get_pid (child)));
  g_assert_true (procstream_child_send_signal (child, SIGCONT, NULL));
  return 5;
}

/* Somebody else began a shutdown that takes for ever: the exit waits no longer than its own takes. */
static int
scene_foreign (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) own = procstream_shutdown_new_terminate (1000);
  g_autoptr (ProcstreamShutdown) endless = procstream_shutdown_new_terminate (600000);
  g_autoptr (ProcstreamChild) child = NULL;

  procstream_launcher_set_shutdown (launcher, own);
  child = spawn_tree (launcher, "trap");
  procstream_child_terminate_async (child, endless, NULL, NULL, NULL);
  return 5;
}

/* Nobody does the work: when the time is over they are killed all the same. */
static int
scene_held (void)
{
  static TestHold hold;
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) brief = new_brief_kill ();

  procstream_launcher_set_shutdown (launcher, brief);
  g_object_unref (spawn_tree (launcher, "sleep-forever"));
  test_hold_begin (&hold);
  return 5;
}

/* Each is refused in the way in which it tells of any other failure. */
static void
start_at_exit_cb (void)
{
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) of_run = NULL;
  g_autoptr (GError) of_detached = NULL;

  g_assert_null (procstream_launcher_spawnv (launcher, (const char *const *) argv, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_cmpstr (error->message, ==, "“test-child” cannot be started: the program is about to exit");
  g_assert_null (procstream_launcher_run (launcher, (const char *const *) argv, NULL, NULL, &of_run));
  g_assert_error (of_run, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_DETACHED);
  g_assert_null (procstream_launcher_spawnv (launcher, (const char *const *) argv, &of_detached));
  g_assert_error (of_detached, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  _exit (5);
}

/* What was registered before the first start is called after the children were ended. */
static int
scene_late (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();

  g_assert_cmpint (atexit (start_at_exit_cb), ==, 0);
  g_object_unref (spawn_tree (launcher, "tree"));
  return 6;
}

static ProcstreamChild *ending;

static gpointer
detach_in_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;

  while (procstream_child_get_state (ending) != PROCSTREAM_CHILD_STATE_TERMINATING)
    g_usleep (1000);
  g_assert_false (procstream_child_detach (ending, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_nonnull (strstr (error->message, "about to exit"));
  g_assert_cmpint (procstream_child_get_lifetime (ending), ==, PROCSTREAM_LIFETIME_APPLICATION);
  /* This is what the exit waits for: the rest of the test is that it was reached. */
  g_assert_true (procstream_child_send_signal (ending, SIGUSR1, NULL));
  return NULL;
}

/* Detaching comes too late when the exit has begun to end it. */
static int
scene_detach_late (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) endless = procstream_shutdown_new_terminate (600000);

  procstream_launcher_set_shutdown (launcher, endless);
  ending = spawn_tree (launcher, "trap 10 0");
  g_thread_unref (g_thread_new ("detach", detach_in_thread, NULL));
  return 5;
}

/* A shutdown that was begun goes on to its end. */
static int
scene_detached_ending (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_terminate (1000);
  g_autoptr (ProcstreamChild) before = NULL;
  g_autoptr (ProcstreamChild) after = NULL;

  procstream_launcher_set_shutdown (launcher, shutdown);
  before = spawn_tree (launcher, "trap");
  after = spawn_tree (launcher, "trap");
  g_assert_true (procstream_child_detach (before, NULL));
  procstream_child_terminate_async (before, NULL, NULL, NULL, NULL);
  procstream_child_terminate_async (after, NULL, NULL, NULL, NULL);
  g_assert_true (procstream_child_detach (after, NULL));
  return 5;
}

static int
scene_many (void)
{
  const guint n = g_getenv ("PROCSTREAM_TEST_VALGRIND") ? 50 : 500;
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();

  procstream_launcher_set_stdout_config (launcher, discard);
  procstream_launcher_set_stderr_config (launcher, discard);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (launcher, (const char *const *) argv, NULL);

      say_pid (child);
    }
  return 5;
}

typedef struct
{
  const char *name;
  int (*run) (void);
  gboolean survives;
  gboolean later; /* it is gone soon after the program */
} Scene;

static const Scene scenes[] = {
  { "return", scene_return, FALSE },
  { "exit", scene_exit, FALSE },
  { "stubborn", scene_stubborn, FALSE },
  { "orphan", scene_orphan, FALSE },
  { "starting", scene_starting, FALSE },
  { "thread", scene_thread, FALSE },
  { "forked", scene_forked, FALSE },
  { "foreign", scene_foreign, FALSE },
  { "held", scene_held, FALSE, TRUE },
  { "late", scene_late, FALSE },
  { "detach-late", scene_detach_late, FALSE },
  { "detached-ending", scene_detached_ending, FALSE },
  { "many", scene_many, FALSE },
  { "detached", scene_detached, TRUE },
  { "detach", scene_detach, TRUE },
  { "detached-pipes", scene_detached_pipes, FALSE, TRUE },
};

static const Scene detached_leaves = { "detached-leaves", scene_detached_leaves, TRUE };

/* --- Seen from outside -------------------------------------------------------------------------------------------------------- */

static char **
run_scene (const char *name)
{
  const char      *argv[] = { "/proc/self/exe", "--scene", name, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_LEAVE_DESCRIPTORS_OPEN, NULL, NULL, &output, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 5);
  return g_strsplit (g_strchomp (output), "\n", -1);
}

static void
test_scene (gconstpointer data)
{
  const Scene *scene = data;
  g_auto (GStrv) pids = run_scene (scene->name);

  /* A scene that names nobody would prove nothing. */
  g_assert_nonnull (pids[0]);
  for (guint i = 0; pids[i] && pids[i][0]; i++)
    {
      int pid = atoi (pids[i]);

      g_assert_cmpint (pid, >, 1);
      if (scene->later)
        test_await_gone (pid);
      g_assert_cmpint (is_alive (pid), ==, scene->survives);
      if (!scene->survives)
        continue;
      /* Ctrl-C goes to the group of whoever is in front. */
      g_assert_cmpint (getpgid (pid), ==, pid);
      g_assert_cmpint (getsid (pid), ==, strcmp (scene->name, "detached") == 0 ? pid : getsid (0));
      kill (pid, SIGKILL);
      test_await_gone (pid);
    }
}

static void
test_detached_leaves (void)
{
  g_auto (GStrv) pids = run_scene (detached_leaves.name);
  int grandchild;

  g_assert_cmpuint (g_strv_length (pids), ==, 2);
  grandchild = atoi (pids[1]);
  g_assert_false (is_alive (atoi (pids[0])));
  g_assert_true (is_alive (grandchild));
  kill (grandchild, SIGKILL);
  test_await_gone (grandchild);
}

/* --- Seen from inside --------------------------------------------------------------------------------------------------------- */

static void
test_bound (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");
  ProcstreamChild *child;
  int              pid;

  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_BOUND);
  child = procstream_launcher_spawnv (launcher, (const char *const *) argv, NULL);
  g_assert_cmpint (procstream_child_get_lifetime (child), ==, PROCSTREAM_LIFETIME_BOUND);
  pid = procstream_child_get_pid (child);
  g_test_expect_message ("Procstream", G_LOG_LEVEL_WARNING, "*“test-child” (process *) was let go of while it runs, and is ended*bound*");
  g_object_unref (child);
  g_test_assert_expected_messages ();
  test_await_gone (pid);
}

/* Nothing is said of one that has ended, whether anybody asked or not, is being ended, was detached (twice, which is as good) or never ran. */
static void
test_bound_in_silence (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_auto (GStrv) brief = test_child_argv ("exit 0");
  g_auto (GStrv) endless = test_child_argv ("sleep-forever");
  ProcstreamChild *child;
  int              pid;

  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_BOUND);
  child = procstream_launcher_spawnv (launcher, (const char *const *) brief, NULL);
  g_assert_true (procstream_child_wait (child, -1, NULL, NULL));
  g_object_unref (child);

  child = procstream_launcher_spawnv (launcher, (const char *const *) brief, NULL);
  test_await_gone (procstream_child_get_pid (child));
  while (procstream_child_get_state (child) != PROCSTREAM_CHILD_STATE_EXITED)
    g_usleep (200);
  g_object_unref (child);

  child = procstream_launcher_create (launcher, (const char *const *) endless, NULL);
  g_object_unref (child);

  child = procstream_launcher_spawnv (launcher, (const char *const *) endless, NULL);
  pid = procstream_child_get_pid (child);
  g_assert_true (procstream_child_terminate (child, NULL, -1, NULL, NULL));
  g_object_unref (child);
  test_await_gone (pid);

  child = procstream_launcher_spawnv (launcher, (const char *const *) endless, NULL);
  pid = procstream_child_get_pid (child);
  g_assert_true (procstream_child_detach (child, NULL));
  g_assert_true (procstream_child_detach (child, NULL));
  g_object_unref (child);
  g_assert_true (is_alive (pid));
  kill (pid, SIGKILL);
  test_await_gone (pid);
}

/* Nobody waits for that: it would take longer than this test may. */
static void
test_bound_and_slow (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) endless = procstream_shutdown_new_terminate (600000);
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");
  ProcstreamChild *child;
  TestHold         hold;
  int              pid;

  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_BOUND);
  procstream_launcher_set_shutdown (launcher, endless);
  child = procstream_launcher_spawnv (launcher, (const char *const *) argv, NULL);
  pid = procstream_child_get_pid (child);
  test_hold_begin (&hold);
  g_test_expect_message ("Procstream", G_LOG_LEVEL_WARNING, "*was let go of*");
  g_object_unref (child);
  g_test_assert_expected_messages ();
  /* Nothing was done yet, as nobody was there to do it. */
  g_assert_true (is_alive (pid));
  test_hold_end (&hold);
  test_await_gone (pid);
}

/* Nothing is said of one that was killed, while the library has yet to hear of its end. */
static void
test_bound_and_killed (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_auto (GStrv) endless = test_child_argv ("sleep-forever");
  ProcstreamChild *child;
  TestHold         hold;
  int              pid;

  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_BOUND);
  child = procstream_launcher_spawnv (launcher, (const char *const *) endless, NULL);
  pid = procstream_child_get_pid (child);
  test_hold_begin (&hold);
  g_assert_true (procstream_child_kill (child, NULL));
  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_TERMINATING);
  g_object_unref (child);
  test_hold_end (&hold);
  test_await_gone (pid);
}

static void
assert_refused (ProcstreamLauncher *launcher,
                GQuark              domain,
                int                 code)
{
  const char *const argv[] = { "true", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_launcher_create (launcher, argv, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, "“true”"));
}

static void
test_refused (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) empty = procstream_shutdown_new ();

  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_UNSET);
  assert_refused (launcher, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY);
  procstream_launcher_set_lifetime (launcher, PROCSTREAM_LIFETIME_DETACHED);
  procstream_launcher_set_containment (launcher, PROCSTREAM_CONTAINMENT_PROCESS);
  assert_refused (launcher, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  procstream_launcher_set_containment (launcher, PROCSTREAM_CONTAINMENT_GROUP);
  procstream_launcher_set_parent_death_signal (launcher, SIGTERM);
  assert_refused (launcher, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  procstream_launcher_set_parent_death_signal (launcher, 0);
  procstream_launcher_set_shutdown (launcher, empty);
  assert_refused (launcher, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* The one of the launcher is used where none is given, as it was when the child was made. */
static void
test_shutdown_of_launcher (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_autoptr (ProcstreamShutdown) only_kill = procstream_shutdown_new_kill ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_auto (GStrv) argv = test_child_argv ("sleep-forever");

  procstream_launcher_set_shutdown (launcher, only_kill);
  child = procstream_launcher_spawnv (launcher, (const char *const *) argv, NULL);
  procstream_shutdown_add_signal (only_kill, SIGTERM, PROCSTREAM_SIGNAL_TARGET_GROUP, 1000);
  g_assert_true (procstream_child_terminate (child, NULL, -1, NULL, NULL));
  g_assert_cmpint (procstream_child_get_term_signal (child), ==, SIGKILL);
}

/* Finished children leave nothing in the table of those that are to be ended. */
static void
test_many_finished (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_auto (GStrv) argv = test_child_argv ("exit 0");
  guint fds = 0;

  for (int i = 0; i < 60; i++)
    {
      g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (launcher, (const char *const *) argv, NULL);

      g_assert_true (procstream_child_wait (child, -1, NULL, NULL));
      if (i == 10)
        fds = test_count_settled_fds ();
    }
  test_assert_fds (fds);
}

/* Nor do those whose group outlived them, once it is dead, also where the init process waits for nobody. */
static void
test_many_orphans (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  guint fds = 0;

  for (int i = 0; i < 80; i++)
    {
      int grandchild;

      g_string_truncate (process->out, 0);
      test_process_spawn_mode (process, "orphan");
      test_process_listen (process);
      test_process_run_until_out (process, 2);
      while (process->out->str[process->out->len - 1] != '\n')
        test_process_run_until_out (process, process->out->len + 1);
      grandchild = atoi (process->out->str);
      g_assert_true (procstream_child_wait (process->child, -1, NULL, NULL));
      kill (grandchild, SIGKILL);
      test_await_gone (grandchild);
      test_process_run_to_completed (process);
      process->exited = process->completed = FALSE;
      g_clear_object (&process->child);
      if (i == 0)
        fds = test_count_fds ();
    }
  g_assert_cmpuint (test_count_fds (), <, fds + 60);
}

/* And what is kept of them is let go when they are dead, with no other child to come. */
static void
test_orphans_end (void)
{
  g_autoptr (ProcstreamLauncher) launcher = new_launcher ();
  g_auto (GStrv) argv = test_child_argv ("orphan");
  int   grandchildren[20];
  guint fds;

  /* What the library opens once is not counted. */
  test_many_finished ();
  fds = test_count_settled_fds ();
  for (guint i = 0; i < G_N_ELEMENTS (grandchildren); i++)
    {
      g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, (const char *const *) argv, NULL);
      g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
      g_autofree char *line = NULL;

      g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
      g_assert_true (procstream_child_start (child, NULL));
      line = procstream_reader_read_line (reader, -1, NULL, NULL);
      grandchildren[i] = atoi (line);
      g_assert_true (procstream_child_wait (child, -1, NULL, NULL));
    }
  for (guint i = 0; i < G_N_ELEMENTS (grandchildren); i++)
    {
      kill (grandchildren[i], SIGKILL);
      test_await_gone (grandchildren[i]);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  test_assert_fds (fds);
}

static int
run_named_scene (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    if (strcmp (scenes[i].name, name) == 0)
      return scenes[i].run ();
  return strcmp (detached_leaves.name, name) == 0 ? detached_leaves.run () : 98;
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--scene") == 0)
    return run_named_scene (argv[2]);
  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/lifetime/exit/%s", scenes[i].name);

      if (strcmp (scenes[i].name, "orphan") != 0 ||
          (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD) && procstream_platform_has (PROCSTREAM_FEATURE_PIDFD_GROUP)))
        test_add_data_func (path, &scenes[i], test_scene);
    }
  test_add_func ("/lifetime/exit/detached-leaves", test_detached_leaves);
  test_add_func ("/lifetime/bound", test_bound);
  test_add_func ("/lifetime/bound-in-silence", test_bound_in_silence);
  test_add_func ("/lifetime/bound-and-slow", test_bound_and_slow);
  test_add_func ("/lifetime/bound-and-killed", test_bound_and_killed);
  test_add_func ("/lifetime/refused", test_refused);
  test_add_func ("/lifetime/shutdown-of-launcher", test_shutdown_of_launcher);
  test_add_func ("/lifetime/many-finished", test_many_finished);
  test_add_func ("/lifetime/many-orphans", test_many_orphans);
  test_add_func ("/lifetime/orphans-end", test_orphans_end);
  return g_test_run ();
}
