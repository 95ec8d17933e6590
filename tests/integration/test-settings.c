/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a process does to itself before it becomes the program: with what a launcher has for it, and real children. */

#include "test-clean.h"
#include "test-process.h"
#include "test-start.h"
#include "test-utils.h"

#include "procstream-pipe-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *
run (TestProcess *process,
     const char  *mode)
{
  test_process_create_mode (process, mode);
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_true (procstream_result_get_success (procstream_child_get_result (process->child)));
  return process->out->str;
}

static int
own_oom_score (void)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/oom_score_adj", &text, NULL, NULL));
  return atoi (text);
}

static void
test_nothing_set (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  mode_t           mask = umask (022);
  g_autofree char *expected = g_strdup_printf ("nice %d\numask 022\noom %d\ndeath 0\n", getpriority (PRIO_PROCESS, 0), own_oom_score ());

  g_assert_cmpstr (run (process, "settings"), ==, expected);
  umask (mask);
}

static void
test_all_set (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  int              nice_value = MIN (getpriority (PRIO_PROCESS, 0) + 3, 19);
  int              score = MIN (own_oom_score () + 12, 1000);
  g_autofree char *expected = g_strdup_printf ("nice %d\numask 027\noom %d\ndeath %d\n", nice_value, score, SIGTERM);

  g_object_set (process->launcher, "nice", 3, "umask", 027, "oom-score-adjust", 12, "parent-death-signal", SIGTERM, NULL);
  g_assert_cmpstr (run (process, "settings"), ==, expected);
  g_assert_cmpint (procstream_launcher_get_nice (process->launcher), ==, 3);
  g_assert_cmpint (procstream_launcher_get_umask (process->launcher), ==, 027);
  g_assert_cmpint (procstream_launcher_get_oom_score_adjust (process->launcher), ==, 12);
  g_assert_cmpint (procstream_launcher_get_parent_death_signal (process->launcher), ==, SIGTERM);
}

static void
assert_death (ProcstreamLauncher *launcher,
              const char         *expected)
{
  g_auto (GStrv) argv = test_child_argv ("settings");
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  result = procstream_launcher_run (launcher, (const char *const *) argv, NULL, NULL, &error);
  g_assert_no_error (error);
  text = g_strdup (procstream_capture_get_text (procstream_result_get_stdout (result)));
  g_assert_true (g_str_has_suffix (text, expected));
}

/* The child of a run, which nobody could end but the program, gets a signal when that is gone, unless the launcher says what it gets. */
static void
test_death_of_runs (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (TestProcess) detached = test_process_new ();
  g_auto (GStrv) argv = test_child_argv ("settings");
  g_autoptr (ProcstreamResult) result = NULL;

  g_assert_cmpint (procstream_launcher_get_parent_death_signal (process->launcher), ==, -1);
  assert_death (process->launcher, "\ndeath 15\n");
  procstream_launcher_set_parent_death_signal (process->launcher, SIGKILL);
  assert_death (process->launcher, "\ndeath 9\n");
  procstream_launcher_set_parent_death_signal (process->launcher, 0);
  assert_death (process->launcher, "\ndeath 0\n");
  procstream_launcher_set_lifetime (detached->launcher, PROCSTREAM_LIFETIME_DETACHED);
  assert_death (detached->launcher, "\ndeath 0\n");
  result = procstream_run ((const char *const *) argv, NULL, NULL);
  g_assert_true (g_str_has_suffix (procstream_capture_get_text (procstream_result_get_stdout (result)), "\ndeath 15\n"));
}

/* The ends of the scales are not errors. */
static void
test_clamped (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_launcher_set_nice (process->launcher, 39);
  procstream_launcher_set_oom_score_adjust (process->launcher, 2000);
  run (process, "settings");
  g_assert_nonnull (strstr (process->out->str, "nice 19\n"));
  g_assert_nonnull (strstr (process->out->str, "oom 1000\n"));
}

static void
test_out_of_range (void)
{
  static const char *const argv[] = { "true", NULL };
  static const struct
  {
    void (*set) (ProcstreamLauncher *, int);
    int         value;
    const char *name;
  } wrong[] = {
    { procstream_launcher_set_nice, 40, "nice" },
    { procstream_launcher_set_oom_score_adjust, -2001, "oom-score-adjust" },
    { procstream_launcher_set_umask, 01000, "umask" },
    { procstream_launcher_set_parent_death_signal, -2, "parent-death-signal" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (GError) error = NULL;

      wrong[i].set (process->launcher, wrong[i].value);
      g_assert_null (procstream_launcher_create (process->launcher, argv, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, wrong[i].name));
    }
}

static void
assert_refused (ProcstreamLauncher *launcher,
                const char         *what)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_launcher_create (launcher, (const char *const[]){ "true", NULL }, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "“true”"));
  g_assert_nonnull (strstr (error->message, what));
  /* What follows in a misplaced “NAME=value” may be a secret. */
  g_assert_null (strstr (error->message, "secret"));
}

static void
assert_accepted (ProcstreamLauncher *launcher)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, (const char *const[]){ "true", NULL }, &error);

  g_assert_no_error (error);
}

/* No child runs without what could not be set, also where a language checks properties; a good value makes up for a bad one. */
static void
test_bad_values (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  ProcstreamLauncher *launcher = process->launcher;

  procstream_launcher_set_limit (launcher, PROCSTREAM_LIMIT_OPEN_FILES, 64, 32);
  assert_refused (launcher, "open-files");
  procstream_launcher_set_limit (launcher, PROCSTREAM_LIMIT_OPEN_FILES, PROCSTREAM_NO_LIMIT, 32);
  assert_refused (launcher, "open-files");
  procstream_launcher_set_limit (launcher, PROCSTREAM_LIMIT_OPEN_FILES, -2, -2);
  assert_refused (launcher, "open-files");
  procstream_launcher_set_limit (launcher, PROCSTREAM_LIMIT_OPEN_FILES, 32, 32);
  assert_accepted (launcher);
  procstream_launcher_set_limit (launcher, (ProcstreamLimit) 99, 32, 32);
  assert_refused (launcher, "99");
  procstream_launcher_unset_limit (launcher, (ProcstreamLimit) 99);
  assert_accepted (launcher);
  g_object_set (launcher, "umask", 07777, NULL);
  assert_refused (launcher, "umask");
  g_object_set (launcher, "umask", 077, "nice", 500, NULL);
  assert_refused (launcher, "nice");
  g_object_set (launcher, "nice", 0, "oom-score-adjust", 5000, NULL);
  assert_refused (launcher, "oom-score-adjust");
  g_object_set (launcher, "oom-score-adjust", 0, "parent-death-signal", 65, NULL);
  assert_refused (launcher, "parent-death-signal");
  g_object_set (launcher, "parent-death-signal", -1, "pty-columns", 0, NULL);
  assert_refused (launcher, "pty-columns");
  g_object_set (launcher, "pty-columns", 65536, NULL);
  assert_refused (launcher, "pty-columns");
  g_object_set (launcher, "pty-columns", 80, "pty-rows", G_MAXUINT, NULL);
  assert_refused (launcher, "pty-rows");
  g_object_set (launcher, "pty-rows", 24, "guard-grace-ms", -1, NULL);
  assert_refused (launcher, "guard-grace-ms");
  g_object_set (launcher, "guard-grace-ms", 0, NULL);
  procstream_launcher_set_success_statuses (launcher, (const int[]){ 0, 256, -1 }, 3);
  assert_refused (launcher, "256");
  procstream_launcher_set_success_statuses (launcher, (const int[]){ 0, 255 }, 2);
  assert_accepted (launcher);
}

static void
test_bad_variables (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_launcher_set_variable (process->launcher, "NAME=secret", "");
  assert_refused (process->launcher, "“NAME=”");
  procstream_launcher_set_variable (process->launcher, "NAME", "value");
  assert_refused (process->launcher, "“NAME=”");
  procstream_launcher_clear_environment (process->launcher);
  assert_accepted (process->launcher);
  procstream_launcher_unset_variable (process->launcher, "NAME=secret");
  assert_refused (process->launcher, "“NAME=”");
  procstream_launcher_set_environment (process->launcher, NULL);
  assert_accepted (process->launcher);
  procstream_launcher_set_variable (process->launcher, "", "value");
  assert_refused (process->launcher, "variable");
  g_object_set (process->launcher, "environment", (const char *const[]){ "NAME=value", NULL }, NULL);
  assert_accepted (process->launcher);
}

/* --- Limits ------------------------------------------------------------------------------------------------------------------- */

static void
test_limits (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autofree char *mode = g_strdup_printf ("limits %d %d %d", RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_CPU);
  g_autofree char *expected = NULL;
  struct rlimit    cpu;
  gint64           soft, hard;

  g_assert_cmpint (getrlimit (RLIMIT_CPU, &cpu), ==, 0);
  expected = g_strdup_printf ("0 0\n1048576 2097152\n%lld %lld\n", (long long) cpu.rlim_cur, (long long) cpu.rlim_max);
  procstream_launcher_set_limit (process->launcher, PROCSTREAM_LIMIT_CORE_SIZE, 0, 0);
  procstream_launcher_set_limit (process->launcher, PROCSTREAM_LIMIT_FILE_SIZE, 1048576, 2097152);
  procstream_launcher_set_limit (process->launcher, PROCSTREAM_LIMIT_CPU_SECONDS, 5, 5);
  g_assert_true (procstream_launcher_get_limit (process->launcher, PROCSTREAM_LIMIT_FILE_SIZE, &soft, &hard));
  g_assert_cmpint (soft, ==, 1048576);
  g_assert_cmpint (hard, ==, 2097152);
  procstream_launcher_unset_limit (process->launcher, PROCSTREAM_LIMIT_CPU_SECONDS);
  g_assert_false (procstream_launcher_get_limit (process->launcher, PROCSTREAM_LIMIT_CPU_SECONDS, &soft, NULL));
  g_assert_cmpint (soft, ==, PROCSTREAM_NO_LIMIT);
  g_assert_cmpstr (run (process, mode), ==, expected);
}

static void
test_no_limit (void)
{
  const gint64     unlimited[] = { PROCSTREAM_NO_LIMIT, PROCSTREAM_UNLIMITED, G_MAXINT64 };
  g_autofree char *mode = g_strdup_printf ("limits %d", RLIMIT_CPU);
  struct rlimit    own;

  getrlimit (RLIMIT_CPU, &own);
  if (own.rlim_max != RLIM_INFINITY)
    {
      g_test_skip ("the hard limit is not infinite here");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (unlimited); i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();

      procstream_launcher_set_limit (process->launcher, PROCSTREAM_LIMIT_CPU_SECONDS, 100, unlimited[i]);
      g_assert_cmpstr (run (process, mode), ==, "100 -1\n");
    }
}

/* It is set in the child alone, and by the child: the program goes over it at once. */
static void
test_limit_strikes (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  char            *directory = test_make_directory ();
  g_autofree char *file = g_build_filename (directory, "file", NULL);
  g_autofree char *script = g_strdup_printf ("trap '' XFSZ; head -c 100000 /dev/zero >'%s' 2>/dev/null; wc -c <'%s'", file, file);

  procstream_launcher_set_limit (process->launcher, PROCSTREAM_LIMIT_FILE_SIZE, 4096, 4096);
  test_process_create (process, script);
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "4096\n");
  test_remove_directory (directory);
}

/* Descriptors are placed by the limit that is to be, if that is more. */
static void
test_limit_and_fds (void)
{
  struct rlimit own;
  const int     raised[2] = { 300, 2000 };

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &own), ==, 0);
  if (own.rlim_max < 4096)
    {
      g_test_skip ("there are too few descriptors here");
      return;
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      struct rlimit low = { 1024, own.rlim_max };
      int           fds[2];

      g_assert_true (procstream_pipe_new (fds, NULL));
      procstream_launcher_take_fd (process->launcher, fds[1], raised[i]);
      procstream_launcher_set_limit (process->launcher, PROCSTREAM_LIMIT_OPEN_FILES, i == 0 ? 20 : 4096, i == 0 ? 20 : 4096);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
      run (process, i == 0 ? "write-fds 300" : "write-fds 2000");
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &own), ==, 0);
      g_clear_object (&process->launcher);
      {
        g_autofree char *text = test_read_all (fds[0]);

        g_assert_cmpstr (text, ==, i == 0 ? "300" : "2000");
      }
    }
}

/* --- What fails --------------------------------------------------------------------------------------------------------------- */

typedef void (*Forbid) (ProcstreamSpawnRequest *request);

static void
forbid_nice (ProcstreamSpawnRequest *request)
{
  request->settings.nice = -5;
}

static void
forbid_oom_score (ProcstreamSpawnRequest *request)
{
  request->settings.oom_score_adjust = -1;
}

static void
forbid_limit (ProcstreamSpawnRequest *request)
{
  request->settings.limits[PROCSTREAM_LIMIT_CORE_SIZE] = (ProcstreamLimitValue){ TRUE, 100, 100 };
}

static void
forbid_terminal (ProcstreamSpawnRequest *request)
{
  request->new_session = TRUE;
  request->controlling = 0;
}

static void
forbid_death_signal (ProcstreamSpawnRequest *request)
{
  request->settings.parent_death_signal = 1000;
}

/* In a process that gave up its privileges. */
static void
test_refused_subprocess (void)
{
  static const struct
  {
    Forbid      forbid;
    int         code;
    const char *part;
  } cases[] = {
    { forbid_nice, G_IO_ERROR_PERMISSION_DENIED, "“nice” by -5: " },
    { forbid_oom_score, G_IO_ERROR_PERMISSION_DENIED, "“oom-score-adjust” by -1: " },
    { forbid_limit, G_IO_ERROR_PERMISSION_DENIED, "its limit “core-size”: " },
    { forbid_terminal, G_IO_ERROR_FAILED, "its controlling terminal: " },
    { forbid_death_signal, G_IO_ERROR_INVALID_ARGUMENT, "“parent-death-signal” 1000: " },
  };
  struct rlimit none = { 0, 0 };

  g_assert_cmpint (setrlimit (RLIMIT_NICE, &none), ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_CORE, &none), ==, 0);
  if (getuid () == 0)
    g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestStart) start = test_start_new_program ("/bin/true");

      cases[i].forbid (start->request);
      test_start_to_error (start, G_IO_ERROR, cases[i].code, cases[i].part);
    }
}

/* Where nobody but the user may run what was built. */
static gboolean
can_everybody_run (const char *program)
{
  g_autofree char *path = g_strdup (program);
  struct stat      info;

  while (stat (path, &info) == 0 && (info.st_mode & S_IXOTH))
    {
      char *parent = g_path_get_dirname (path);

      g_free (path);
      path = parent;
      if (strcmp (path, "/") == 0)
        return TRUE;
    }
  return FALSE;
}

static void
test_refused (void)
{
  if (g_test_subprocess ())
    {
      test_refused_subprocess ();
      return;
    }
  if (getuid () == 0 && !can_everybody_run (g_getenv ("PROCSTREAM_HELPER")))
    {
      g_test_skip ("another user could not run the helper");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

/* --- Sessions and the death of the program ------------------------------------------------------------------------------------ */

static void
test_session (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  int pid, group, session;

  procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_SESSION);
  g_assert_cmpint (sscanf (run (process, "pgid"), "%d %d %d", &pid, &group, &session), ==, 3);
  g_assert_cmpint (pid, ==, procstream_child_get_pid (process->child));
  g_assert_cmpint (group, ==, pid);
  g_assert_cmpint (session, ==, pid);
}

/* The whole group gets a signal, as it does without a session. */
static void
test_session_signal (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  int grandchild;

  procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_SESSION);
  test_process_create_mode (process, "tree");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, 2);
  grandchild = atoi (process->out->str);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  test_await_gone (grandchild);
}

/* A program whose child is to die with it, and which dies without a word. Its output ends when both are gone. */
static void
test_death_subprocess (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();

  procstream_launcher_set_parent_death_signal (process->launcher, SIGKILL);
  procstream_launcher_set_stdout_config (process->launcher, inherit);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_INHERIT);
  test_process_spawn_mode (process, "sleep-forever");
  kill (getpid (), SIGKILL);
}

static void
test_death (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GSubprocess) program = NULL;
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;

  if (g_test_subprocess ())
    {
      test_death_subprocess ();
      return;
    }
  /* Not as a test in a subprocess: that would be killed together with what it started. */
  program = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDIN_PIPE, &error, self,
                              "--GTestSubprocess", "-p", "/settings/death", NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (program, NULL, NULL, &out, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_term_sig (program), ==, SIGKILL);
}

/* --- More descriptors --------------------------------------------------------------------------------------------------------- */

static void
test_take_fd (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (TestProcess) first = test_process_new ();
  g_autofree char *text = NULL;
  int              fds[2];
  guint            before;

  run (first, "exit 0"); /* threads are there, and stay */
  g_clear_pointer (&first, test_process_free);
  g_assert_true (procstream_pipe_new (fds, NULL));
  procstream_launcher_take_fd (launcher, fds[1], 7);
  procstream_launcher_take_fd (launcher, fcntl (fds[1], F_DUPFD, 3), 150);
  before = test_count_fds ();
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();

      g_set_object (&process->launcher, launcher);
      run (process, "write-fds 7 150");
    }
  test_assert_fds (before);
  g_clear_object (&launcher);
  /* With the launcher, the last of the write ends has gone: otherwise this would not end. */
  text = test_read_all (fds[0]);
  g_assert_cmpstr (text, ==, "71507150");
}

/* What the launcher does later is of no importance to a child that was made. */
static void
test_fd_snapshot (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (TestProcess) later = test_process_new ();
  g_autofree char *text = NULL;
  int              fds[2];

  g_assert_true (procstream_pipe_new (fds, NULL));
  procstream_launcher_take_fd (process->launcher, fds[1], 9);
  test_process_create_mode (process, "write-fds 9");
  procstream_launcher_close_fd (process->launcher, 9);
  procstream_launcher_close_fd (process->launcher, 9);
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
  text = test_read_all (fds[0]);
  g_assert_cmpstr (text, ==, "9");
}

/* A child that is never started keeps nothing open. */
static void
test_fd_never_started (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autofree char *text = NULL;
  int              fds[2];

  g_assert_true (procstream_pipe_new (fds, NULL));
  procstream_launcher_take_fd (process->launcher, fds[1], 9);
  test_process_create_mode (process, "write-fds 9");
  g_clear_object (&process->child);
  g_clear_object (&process->launcher);
  text = test_read_all (fds[0]);
  g_assert_cmpstr (text, ==, "");
}

static void
test_fd_replaced (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autofree char *text = NULL;
  int              first[2], second[2];

  g_assert_true (procstream_pipe_new (first, NULL));
  g_assert_true (procstream_pipe_new (second, NULL));
  procstream_launcher_take_fd (launcher, first[1], 9);
  procstream_launcher_take_fd (launcher, second[1], 9);
  text = test_read_all (first[0]);
  g_assert_cmpstr (text, ==, "");
  close (second[0]);
}

static void
test_fd_bad (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_true (procstream_pipe_new (fds, NULL));
  procstream_launcher_take_fd (launcher, fds[1], 9);
  close (fds[1]);
  g_assert_null (procstream_launcher_create (launcher, (const char *const[]){ "true", NULL }, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "“true”"));
  g_assert_nonnull (strstr (error->message, "number 9 of the child"));
  g_assert_cmpint (dup2 (fds[0], fds[1]), ==, fds[1]);
  close (fds[0]);
}

/* It is the launcher's all the same, which closes it. */
static void
test_fd_bad_target (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  int fds[2];

  g_assert_true (procstream_pipe_new (fds, NULL));
  procstream_launcher_take_fd (launcher, fds[1], 0);
  assert_refused (launcher, "not 0");
  procstream_launcher_close_fd (launcher, 0);
  g_assert_cmpint (fcntl (fds[1], F_GETFD), ==, -1);
  assert_accepted (launcher);
  procstream_launcher_take_fd (launcher, -1, 5);
  assert_refused (launcher, "number 5 of the child");
  procstream_launcher_take_fd (launcher, fds[0], -3);
  g_clear_object (&launcher);
  g_assert_cmpint (fcntl (fds[0], F_GETFD), ==, -1);
}

/* --- The environment ---------------------------------------------------------------------------------------------------------- */

static void
test_clear_environment (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autofree char *path = g_strdup_printf ("PATH=%s", g_getenv ("PATH"));
  g_auto (GStrv) lines = NULL;

  g_setenv ("TEST_SETTINGS_SECRET", "x", TRUE);
  g_setenv ("LC_TEST", "y", TRUE);
  procstream_launcher_set_variable (process->launcher, "BEFORE", "1");
  procstream_launcher_clear_environment (process->launcher);
  procstream_launcher_set_variable (process->launcher, "AFTER", "2");
  lines = g_strsplit (run (process, "env"), "\n", -1);
  g_assert_true (g_strv_contains ((const char *const *) lines, path));
  g_assert_true (g_strv_contains ((const char *const *) lines, "LC_TEST=y"));
  g_assert_true (g_strv_contains ((const char *const *) lines, "AFTER=2"));
  g_assert_false (g_strv_contains ((const char *const *) lines, "BEFORE=1"));
  g_assert_null (strstr (process->out->str, "TEST_SETTINGS_SECRET"));
  g_assert_null (strstr (process->out->str, "G_DEBUG"));
  g_unsetenv ("TEST_SETTINGS_SECRET");
  g_unsetenv ("LC_TEST");
}

static void
test_search_environment (void)
{
  char             *directory = test_make_directory ();
  g_autofree char  *script = test_make_script (directory, "prog", "#!/bin/sh\necho found\n", 0755);
  const char *const argv[] = { "prog", NULL };
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_variable (process->launcher, "PATH", directory);
  g_assert_null (procstream_launcher_spawnv (process->launcher, argv, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  procstream_launcher_set_search_environment_path (process->launcher, TRUE);
  process->child = procstream_launcher_create (process->launcher, argv, NULL);
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "found\n");
  test_remove_directory (directory);
}

/* --- Names -------------------------------------------------------------------------------------------------------------------- */

static void
expect_name (ProcstreamLauncher *launcher,
             const char         *arguments,
             const char         *expected)
{
  g_auto (GStrv) argv = g_strsplit (arguments, " ", -1);
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, (const char *const *) argv, NULL);

  g_assert_cmpstr (procstream_child_get_name (child), ==, expected);
}

/* The presets of automatic names: program only, with arguments, with variables and arguments, full. */
static void
test_names (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_launcher_set_variable (launcher, "FOO", "foo");
  procstream_launcher_set_cwd (launcher, "./");
  expect_name (launcher, "/bin/ls -la", "ls");
  procstream_launcher_set_name_parts (launcher, PROCSTREAM_NAME_PARTS_ARGUMENTS);
  expect_name (launcher, "ls -la", "ls \"-la\"");
  procstream_launcher_set_name_parts (launcher, PROCSTREAM_NAME_PARTS_ARGUMENTS | PROCSTREAM_NAME_PARTS_VARIABLES);
  expect_name (launcher, "ls -la", "FOO=foo ls \"-la\"");
  procstream_launcher_set_name_parts (launcher, PROCSTREAM_NAME_PARTS_DIRECTORY | PROCSTREAM_NAME_PARTS_ARGUMENTS | PROCSTREAM_NAME_PARTS_VARIABLES);
  expect_name (launcher, "ls -la", "./ % FOO=foo ls \"-la\"");
  /* Each part by itself: variables are not shown because others are. */
  procstream_launcher_set_name_parts (launcher, PROCSTREAM_NAME_PARTS_DIRECTORY | PROCSTREAM_NAME_PARTS_ARGUMENTS);
  expect_name (launcher, "ls -la", "./ % ls \"-la\"");
  procstream_launcher_set_name (launcher, "mine");
  expect_name (launcher, "ls -la", "mine");
}

static void
test_redacted (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_launcher_set_name_parts (launcher, PROCSTREAM_NAME_PARTS_ARGUMENTS | PROCSTREAM_NAME_PARTS_VARIABLES);
  procstream_launcher_set_variable (launcher, "API_TOKEN", "hidden");
  expect_name (launcher, "p --password=hidden --password hidden shown -k=v",
               "API_TOKEN=*** p \"--password=***\" \"--password\" \"***\" \"shown\" \"-k=v\"");
  /* An option without a value, before one that has it. */
  expect_name (launcher, "p --auth --password hidden shown", "API_TOKEN=*** p \"--auth\" \"***\" \"***\" \"shown\"");
  /* What has a name within a value. */
  expect_name (launcher, "p --env=TOKEN=hidden --url=x?a=b&key=hidden --set=a=b",
               "API_TOKEN=*** p \"--env=TOKEN=***\" \"--url=x?a=b&key=***\" \"--set=a=b\"");
  procstream_launcher_set_name_redact (launcher, "^-k$");
  procstream_launcher_unset_variable (launcher, "API_TOKEN");
  expect_name (launcher, "p --password=shown -k=hidden -k hidden", "p \"--password=shown\" \"-k=***\" \"-k\" \"***\"");
  procstream_launcher_set_name_redact (launcher, "");
  expect_name (launcher, "p --password=shown", "p \"--password=shown\"");
  /* A pattern that is none hides all that has a name. */
  procstream_launcher_set_name_redact (launcher, "(");
  expect_name (launcher, "p a=b --c d e", "p \"a=***\" \"--c\" \"***\" \"e\"");
}

static void
refuse_in_utf8 (ProcstreamLauncher *launcher,
                const char         *program,
                GQuark              domain,
                int                 code)
{
  const char *argv[] = { program, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_launcher_spawnv (launcher, argv, &error));
  g_assert_error (error, domain, code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

/* Files and variables are called whatever they like; what is said of them is text. */
static void
test_names_in_utf8 (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  expect_name (launcher, "/bin/l\xffs", "l\357\277\275s");
  refuse_in_utf8 (launcher, "/nowhere/\xff", G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  procstream_launcher_set_cwd (launcher, "/nowhere/\xff");
  refuse_in_utf8 (launcher, "true", G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR);
  procstream_launcher_set_variable (launcher, "\xff=", "");
  refuse_in_utf8 (launcher, "true", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/settings/nothing", test_nothing_set);
  test_add_func ("/settings/all", test_all_set);
  test_add_func ("/settings/death-of-runs", test_death_of_runs);
  test_add_func ("/settings/clamped", test_clamped);
  test_add_func ("/settings/out-of-range", test_out_of_range);
  test_add_func ("/settings/bad-values", test_bad_values);
  test_add_func ("/settings/bad-variables", test_bad_variables);
  test_add_func ("/settings/limits", test_limits);
  test_add_func ("/settings/limits/none", test_no_limit);
  test_add_func ("/settings/limits/strikes", test_limit_strikes);
  test_add_func ("/settings/limits/fds", test_limit_and_fds);
  test_add_func ("/settings/refused", test_refused);
  test_add_func ("/settings/session", test_session);
  test_add_func ("/settings/session/signal", test_session_signal);
  test_add_func ("/settings/death", test_death);
  test_add_func ("/settings/fd", test_take_fd);
  test_add_func ("/settings/fd/snapshot", test_fd_snapshot);
  test_add_func ("/settings/fd/never-started", test_fd_never_started);
  test_add_func ("/settings/fd/replaced", test_fd_replaced);
  test_add_func ("/settings/fd/bad", test_fd_bad);
  test_add_func ("/settings/fd/bad-target", test_fd_bad_target);
  test_add_func ("/settings/environment/clear", test_clear_environment);
  test_add_func ("/settings/environment/search", test_search_environment);
  test_add_func ("/settings/names", test_names);
  test_add_func ("/settings/names/redacted", test_redacted);
  test_add_func ("/settings/names/utf8", test_names_in_utf8);
  return g_test_run ();
}
