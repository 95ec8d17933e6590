/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-terminal-private.h"

#include "procstream-platform-private.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/*
 * Each scenario runs in a program of its own that leads a session on a pseudo-terminal: this executable again, with the name of the
 * scenario. Its children are made by fork() and do what the helper program does, so nothing but the unit is tested. Stops by
 * Ctrl-Z, which need a shell above, are tested with the command.
 */

static const char *self_path;

/* --- In the program ------------------------------------------------------------------------------------------------------------- */

/* A child in a group of its own; in front when @front. It reads a byte when @reads, else it waits for the end. */
static pid_t
start_child (gboolean front,
             gboolean reads)
{
  int   gate[2];
  char  byte;
  pid_t pid;

  g_assert_cmpint (pipe2 (gate, O_CLOEXEC), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      close (gate[1]);
      while (read (gate[0], &byte, 1) > 0)
        continue;
      if (!reads)
        for (;;)
          pause ();
      _exit (read (STDIN_FILENO, &byte, 1) == 1 ? byte : 1);
    }
  g_assert_cmpint (setpgid (pid, pid), ==, 0);
  if (front)
    g_assert_cmpint (tcsetpgrp (STDIN_FILENO, pid), ==, 0);
  /* Only now does the child go on. */
  close (gate[0]);
  close (gate[1]);
  return pid;
}

static char
process_state (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  const char      *end;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (end = strrchr (text, ')')) == NULL)
    return 0;
  return end[2];
}

static void
wait_for_state (pid_t pid,
                char  state)
{
  while (process_state (pid) != state)
    sched_yield ();
}

static void
wait_for_front (pid_t group)
{
  while (tcgetpgrp (STDIN_FILENO) != group)
    sched_yield ();
}

static ProcstreamTerminal *
new_terminal (int expected_target)
{
  const int           inherited[3] = { STDIN_FILENO, -1, -1 };
  ProcstreamTerminal *terminal = procstream_terminal_new (inherited);

  g_assert_nonnull (terminal);
  g_assert_cmpint (procstream_terminal_get_target (terminal), ==, expected_target);
  return terminal;
}

static void
go_on_cb (gpointer data)
{
  kill (-GPOINTER_TO_INT (data), SIGCONT);
}

static void
follow (ProcstreamTerminal *terminal,
        pid_t               pid)
{
  ProcstreamTerminalChild child = { pid, pid, -1, go_on_cb, GINT_TO_POINTER (pid) };

  procstream_terminal_follow (terminal, &child);
}

static void
kill_child (pid_t pid)
{
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

static void
program_lend (void)
{
  ProcstreamTerminal *terminal = new_terminal (0);
  pid_t               pid = start_child (TRUE, FALSE);

  follow (terminal, pid);
  kill_child (pid);
  procstream_terminal_close (terminal, TRUE);
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, getpgrp ());
}

/* The child was never known: it put its group in front and failed. */
static void
program_failed_start (void)
{
  ProcstreamTerminal *terminal = new_terminal (0);
  pid_t               pid = start_child (TRUE, FALSE);

  kill (pid, SIGKILL);
  wait_for_state (pid, 'Z');
  procstream_terminal_close (terminal, FALSE);
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, getpgrp ());
  waitpid (pid, NULL, 0);

  terminal = new_terminal (0);
  kill_child (start_child (TRUE, FALSE));
  procstream_terminal_close (terminal, FALSE);
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, getpgrp ());
}

/* The second child wants to read what the first one has: it waits, the program does not stop, and it gets its turn. */
static void
program_two (void)
{
  ProcstreamTerminal *first = new_terminal (0);
  ProcstreamTerminal *second;
  pid_t               first_pid = start_child (TRUE, FALSE);
  pid_t               second_pid;
  int                 status;

  follow (first, first_pid);
  second = new_terminal (-1);
  second_pid = start_child (FALSE, TRUE);
  follow (second, second_pid);
  wait_for_state (second_pid, 'T');
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, first_pid);

  kill_child (first_pid);
  procstream_terminal_close (first, TRUE);
  wait_for_front (second_pid);
  g_assert_cmpint (waitpid (second_pid, &status, 0), ==, second_pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 'x');
  procstream_terminal_close (second, FALSE);
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, getpgrp ());
}

/* The one that waits ends before its turn comes: the terminal stays with the first. */
static void
program_second_ends (void)
{
  ProcstreamTerminal *first = new_terminal (0);
  ProcstreamTerminal *second;
  pid_t               first_pid = start_child (TRUE, FALSE);
  pid_t               second_pid;

  follow (first, first_pid);
  second = new_terminal (-1);
  second_pid = start_child (FALSE, TRUE);
  follow (second, second_pid);
  wait_for_state (second_pid, 'T');
  kill_child (second_pid);
  procstream_terminal_close (second, TRUE);
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, first_pid);
  kill_child (first_pid);
  procstream_terminal_close (first, TRUE);
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, getpgrp ());
}

/* SIGSTOP is somebody's wish, so the program is not stopped; the terminal comes back until the child is continued. */
static void
program_sigstop (void)
{
  ProcstreamTerminal *terminal = new_terminal (0);
  pid_t               pid = start_child (TRUE, FALSE);

  follow (terminal, pid);
  kill (pid, SIGSTOP);
  wait_for_front (getpgrp ());
  kill (pid, SIGCONT);
  wait_for_front (pid);
  kill_child (pid);
  procstream_terminal_close (terminal, TRUE);
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, getpgrp ());
}

static volatile sig_atomic_t stops_seen;
static volatile sig_atomic_t in_own_thread;
static pthread_t             own_thread;

static void
stop_handler (int signum)
{
  in_own_thread = pthread_equal (pthread_self (), own_thread);
  stops_seen++;
}

/* A program with a handler of its own gets the signal in its own thread, and continues the child when it likes. */
static void
program_own_handler (void)
{
  ProcstreamTerminal *terminal = new_terminal (0);
  pid_t               pid = start_child (TRUE, FALSE);

  own_thread = pthread_self ();
  signal (SIGTSTP, stop_handler);
  follow (terminal, pid);
  kill (pid, SIGTSTP);
  while (!stops_seen)
    sched_yield ();
  g_assert_true (in_own_thread);
  g_assert_cmpint (stops_seen, ==, 1);
  g_assert_cmpint (tcgetpgrp (STDIN_FILENO), ==, getpgrp ());
  g_assert_cmpint (process_state (pid), ==, 'T');
  kill (pid, SIGCONT);
  wait_for_front (pid);
  kill_child (pid);
  procstream_terminal_close (terminal, TRUE);
}

/* No shell watches the session leader, so nothing can stop it: the child is continued at once. */
static void
program_no_shell (void)
{
  ProcstreamTerminal *terminal = new_terminal (0);
  pid_t               pid = start_child (TRUE, FALSE);

  follow (terminal, pid);
  for (guint i = 0; i < 10; i++)
    {
      kill (pid, SIGTSTP);
      wait_for_state (pid, 'S');
      wait_for_front (pid);
    }
  kill_child (pid);
  procstream_terminal_close (terminal, TRUE);
}

static gint n_asked; /* atomic */

static void
count_cb (gpointer data)
{
  g_atomic_int_inc (&n_asked);
}

/* Whoever knows the child continues it, and nobody else: the number may be a stranger's by then. It is waited for by its pidfd alone. */
static void
program_no_number (void)
{
  ProcstreamTerminal     *terminal = new_terminal (0);
  pid_t                   pid = start_child (TRUE, FALSE);
  ProcstreamTerminalChild child = { pid, pid, procstream_platform_pidfd_open (pid), count_cb, NULL };

  procstream_terminal_follow (terminal, &child);
  for (gint i = 1; i <= 3; i++)
    {
      kill (pid, SIGTSTP);
      while (g_atomic_int_get (&n_asked) < i)
        sched_yield ();
      g_assert_cmpint (process_state (pid), ==, 'T');
      kill (pid, SIGCONT);
      wait_for_state (pid, 'S');
    }
  g_assert_cmpint (g_atomic_int_get (&n_asked), ==, 3);
  kill_child (pid);
  procstream_terminal_close (terminal, TRUE);
}

/* Descriptors that are no terminal, or not there, are passed over. */
static void
program_no_terminal (void)
{
  const int           none[3] = { -1, -1, -1 };
  int                 null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  const int           others[3] = { null, 999, -1 };
  const int           last[3] = { null, -1, STDERR_FILENO };
  ProcstreamTerminal *terminal;

  g_assert_null (procstream_terminal_new (none));
  g_assert_null (procstream_terminal_new (others));
  terminal = procstream_terminal_new (last);
  g_assert_cmpint (procstream_terminal_get_target (terminal), ==, 2);
  procstream_terminal_close (terminal, FALSE);
  close (null);
}

static const struct
{
  const char *name;
  void (*run) (void);
} scenarios[] = {
  { "lend", program_lend },
  { "failed-start", program_failed_start },
  { "two", program_two },
  { "second-ends", program_second_ends },
  { "sigstop", program_sigstop },
  { "own-handler", program_own_handler },
  { "no-shell", program_no_shell },
  { "no-number", program_no_number },
  { "no-terminal", program_no_terminal },
};

/* --- In the test ---------------------------------------------------------------------------------------------------------------- */

static void
run_program (const char *scenario,
             const char *slave)
{
  int fd;

  setsid ();
  fd = open (slave, O_RDWR);
  ioctl (fd, TIOCSCTTY, 0);
  dup2 (fd, STDIN_FILENO);
  /* Messages of a failure go where those of the test go. */
  if (strcmp (scenario, "no-terminal") == 0)
    dup2 (fd, STDERR_FILENO);
  if (fd > 2)
    close (fd);
  execl (self_path, self_path, "--scenario", scenario, NULL);
  _exit (127);
}

static void
test_scenario (gconstpointer data)
{
  const char *scenario = data;
  const char *typed = "x\n";
  int         master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  int         status;
  pid_t       pid;
  char        slave[64];

  g_assert_cmpint (master, >=, 0);
  g_assert_cmpint (grantpt (master), ==, 0);
  g_assert_cmpint (unlockpt (master), ==, 0);
  g_assert_cmpint (ptsname_r (master, slave, sizeof slave), ==, 0);
  g_assert_cmpint (write (master, typed, strlen (typed)), ==, strlen (typed));
  pid = fork ();
  if (pid == 0)
    run_program (scenario, slave);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  close (master);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--scenario") == 0)
    {
      for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
        if (strcmp (scenarios[i].name, argv[2]) == 0)
          {
            scenarios[i].run ();
            return 0;
          }
      return 2;
    }
  self_path = argv[0];
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      g_autofree char *path = g_strdup_printf ("/terminal/%s", scenarios[i].name);

      g_test_add_data_func (path, scenarios[i].name, test_scenario);
    }
  return g_test_run ();
}
