/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one helper program of the tests in C: a mode, then its arguments. It starts fast, so it is plain C, and it never
 * sleeps to let something happen: where an order matters, it waits for a byte. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct
{
  const char *name;
  const char *arguments;
  const char *help;
  int (*run) (int argc, char **argv); /* the arguments after the mode */
} Mode;

/* --- Small things ------------------------------------------------------------------------------------------------------------- */

static void
die (const char *what)
{
  perror (what);
  exit (99);
}

static void
write_all (int         fd,
           const void *data,
           size_t      size)
{
  const char *at = data;

  while (size > 0)
    {
      ssize_t written = write (fd, at, size);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        die ("write");
      at += written;
      size -= (size_t) written;
    }
}

static void
put (int         fd,
     const char *text)
{
  write_all (fd, text, strlen (text));
}

/* 0 at the end of the input. */
static int
wait_for_byte (void)
{
  char    byte;
  ssize_t got;

  do
    got = read (0, &byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

static void
drain_input (void)
{
  while (wait_for_byte ())
    ;
}

static unsigned long long
number (int    argc,
        char **argv,
        int    i)
{
  return i < argc ? strtoull (argv[i], NULL, 10) : 0;
}

static void __attribute__ ((noreturn))
sleep_forever (void)
{
  for (;;)
    pause ();
}

/* --- Output ------------------------------------------------------------------------------------------------------------------- */

static int
run_echo (int    argc,
          char **argv)
{
  for (int i = 0; i < argc; i++)
    {
      put (1, argv[i]);
      put (1, i + 1 < argc ? " " : "");
    }
  put (1, "\n");
  return 0;
}

static int
run_args (int    argc,
          char **argv)
{
  for (int i = 0; i < argc; i++)
    printf ("%s\n", argv[i]);
  return 0;
}

static int
run_cat (int    argc,
         char **argv)
{
  static char buffer[65536];
  ssize_t     got;

  while ((got = read (0, buffer, sizeof buffer)) > 0)
    write_all (1, buffer, (size_t) got);
  return got < 0;
}

static int
run_flood (int    argc,
           char **argv)
{
  static char        block[65536];
  unsigned long long left = argc > 0 ? number (argc, argv, 0) : sizeof block;

  for (size_t i = 0; i < sizeof block; i++)
    block[i] = i % 80 == 79 ? '\n' : 'a' + i % 26;
  while (left > 0)
    {
      size_t size = left < sizeof block ? left : sizeof block;

      write_all (1, block, size);
      left -= argc > 0 ? size : 0;
    }
  return (int) number (argc, argv, 1);
}

static int
run_both (int    argc,
          char **argv)
{
  unsigned long long n = argc > 0 ? number (argc, argv, 0) : 1;

  for (unsigned long long i = 0; i < n; i++)
    {
      put (1, "out\n");
      put (2, "err\n");
    }
  return (int) number (argc, argv, 1);
}

static int
run_write_then_wait (int    argc,
                     char **argv)
{
  for (int i = 0; i < argc; i++)
    put (1, argv[i]);
  drain_input ();
  return 0;
}

static int
run_write_wait_write (int    argc,
                      char **argv)
{
  put (1, argc > 0 ? argv[0] : "");
  wait_for_byte ();
  put (1, argc > 1 ? argv[1] : "");
  return (int) number (argc, argv, 2);
}

/* --- Input -------------------------------------------------------------------------------------------------------------------- */

static int
run_count (int    argc,
           char **argv)
{
  static char        buffer[65536];
  unsigned long long total = 0;
  ssize_t            got;

  while ((got = read (0, buffer, sizeof buffer)) > 0)
    total += (unsigned long long) got;
  printf ("%llu\n", total);
  return 0;
}

static int
run_close_stdin (int    argc,
                 char **argv)
{
  close (0);
  put (1, "closed\n");
  sleep_forever ();
}

/* --- Ends --------------------------------------------------------------------------------------------------------------------- */

static int
run_exit (int    argc,
          char **argv)
{
  return (int) number (argc, argv, 0);
}

static int
run_kill (int    argc,
          char **argv)
{
  raise ((int) number (argc, argv, 0));
  sleep_forever ();
}

static int
run_sleep_forever (int    argc,
                   char **argv)
{
  put (1, "ready\n");
  sleep_forever ();
}

static int
run_ignore_term (int    argc,
                 char **argv)
{
  signal (SIGTERM, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  put (1, "ready\n");
  drain_input ();
  return 0;
}

static int trap_last;
static int trap_status;

static void
name_signal_cb (int signum)
{
  static const struct
  {
    int         signum;
    const char *name;
  } names[] = { { SIGHUP, "HUP\n" }, { SIGINT, "INT\n" }, { SIGUSR1, "USR1\n" }, { SIGTERM, "TERM\n" } };

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].signum == signum)
      write_all (1, names[i].name, strlen (names[i].name));
  if (signum == trap_last)
    _exit (trap_status);
}

static int
run_trap (int    argc,
          char **argv)
{
  trap_last = (int) number (argc, argv, 0);
  trap_status = (int) number (argc, argv, 1);
  signal (SIGHUP, name_signal_cb);
  signal (SIGINT, name_signal_cb);
  signal (SIGUSR1, name_signal_cb);
  signal (SIGTERM, name_signal_cb);
  put (1, "ready\n");
  sleep_forever ();
}

static void
exit_cb (int signum)
{
  _exit (trap_status);
}

static int
run_trap_exit (int    argc,
               char **argv)
{
  trap_status = (int) number (argc, argv, 0);
  signal (SIGTERM, exit_cb);
  put (1, "ready\n");
  if (argc > 1)
    raise (SIGSTOP);
  sleep_forever ();
}

/* --- Descendants -------------------------------------------------------------------------------------------------------------- */

static int
run_tree (int    argc,
          char **argv)
{
  pid_t pid = fork ();

  if (pid < 0)
    die ("fork");
  if (pid == 0)
    sleep_forever ();
  printf ("%d\n", (int) pid);
  fflush (stdout);
  sleep_forever ();
}

static int
run_leave_group (int    argc,
                 char **argv)
{
  pid_t pid = argc > 1 ? fork () : -1;

  if (pid == 0)
    sleep_forever ();
  if ((argc > 1 && pid < 0) || setpgid (0, getpgid (getppid ())) != 0)
    die ("leaving the group");
  printf ("%d\n", (int) pid);
  fflush (stdout);
  sleep_forever ();
}

static int
run_orphan (int    argc,
            char **argv)
{
  pid_t pid = fork ();

  if (pid < 0)
    die ("fork");
  if (pid == 0)
    sleep_forever ();
  printf ("%d\n", (int) pid);
  return 0;
}

static int
run_stubborn (int    argc,
              char **argv)
{
  pid_t pid;

  signal (SIGTERM, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  pid = fork ();
  if (pid < 0)
    die ("fork");
  if (pid == 0)
    sleep_forever ();
  signal (SIGTERM, SIG_DFL);
  signal (SIGINT, SIG_DFL);
  printf ("%d\n", (int) pid);
  fflush (stdout);
  sleep_forever ();
}

/* Each makes the next and ends. They watch stdin, which the test holds, so that they do not outlive a test that fails. */
static void __attribute__ ((noreturn))
breed_forever (void)
{
  struct pollfd end = { .fd = 0, .events = POLLIN };

  signal (SIGTERM, SIG_IGN);
  while (poll (&end, 1, 0) == 0)
    {
      pid_t pid = fork ();

      if (pid > 0)
        _exit (0);
    }
  _exit (0);
}

static int
run_breed (int    argc,
           char **argv)
{
  int   status;
  pid_t pid = fork ();

  if (pid < 0)
    die ("fork");
  if (pid == 0)
    breed_forever ();
  waitpid (pid, &status, 0);
  put (1, "ready\n");
  sleep_forever ();
}

/* --- What it was given -------------------------------------------------------------------------------------------------------- */

static int
run_env (int    argc,
         char **argv)
{
  for (int i = 0; i < argc; i++)
    printf ("%s\n", getenv (argv[i]) ? getenv (argv[i]) : "(unset)");
  for (char **variable = environ; argc == 0 && *variable; variable++)
    printf ("%s\n", *variable);
  return 0;
}

static int
run_cwd (int    argc,
         char **argv)
{
  char path[PATH_MAX];

  if (!getcwd (path, sizeof path))
    die ("getcwd");
  printf ("%s\n", path);
  return 0;
}

static int
run_fds (int    argc,
         char **argv)
{
  for (int fd = 0; fd < 65536; fd++)
    {
      char    link[64];
      char    path[PATH_MAX];
      ssize_t size;

      if (fcntl (fd, F_GETFD) < 0)
        continue;
      snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
      size = readlink (link, path, sizeof path - 1);
      printf ("%d %.*s\n", fd, size < 0 ? 1 : (int) size, size < 0 ? "?" : path);
    }
  return 0;
}

static int
run_discarded (int    argc,
               char **argv)
{
  put (1, "out\n");
  put (2, "err\n");
  for (int fd = 0; fd < 3; fd++)
    {
      char link[64];
      char path[PATH_MAX] = "";

      snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
      if (readlink (link, path, sizeof path - 1) < 0 || strcmp (path, "/dev/null") != 0)
        return 1;
    }
  return 0;
}

static int
run_write_fds (int    argc,
               char **argv)
{
  for (int i = 0; i < argc; i++)
    put (atoi (argv[i]), argv[i]);
  return 0;
}

static int
run_signals (int    argc,
             char **argv)
{
  char  line[256];
  FILE *file = fopen ("/proc/self/status", "re");

  if (!file)
    die ("/proc/self/status");
  while (fgets (line, sizeof line, file))
    if (strncmp (line, "SigBlk", 6) == 0 || strncmp (line, "SigIgn", 6) == 0)
      fputs (line, stdout);
  fclose (file);
  return 0;
}

static int
run_pgid (int    argc,
          char **argv)
{
  printf ("%d %d %d\n", (int) getpid (), (int) getpgid (0), (int) getsid (0));
  return 0;
}

static int
run_tty (int    argc,
         char **argv)
{
  char line[256] = "";

  printf ("%s %d\n", isatty (0) ? "tty" : "not a tty", tcgetpgrp (0) == getpgid (0));
  fflush (stdout);
  if (!fgets (line, sizeof line, stdin))
    return 1;
  printf ("read %s", line);
  return 0;
}

/* --- What a process can be given beside its descriptors ------------------------------------------------------------------------ */

static int
run_settings (int    argc,
              char **argv)
{
  int   death_signal = 0;
  char  score[16] = "?";
  FILE *file = fopen ("/proc/self/oom_score_adj", "re");

  if (file && fgets (score, sizeof score, file))
    score[strcspn (score, "\n")] = '\0';
  prctl (PR_GET_PDEATHSIG, &death_signal);
  printf ("nice %d\numask %03o\noom %s\ndeath %d\n", getpriority (PRIO_PROCESS, 0), (unsigned) umask (0), score, death_signal);
  return 0;
}

static int
run_limits (int    argc,
            char **argv)
{
  for (int i = 0; i < argc; i++)
    {
      struct rlimit limit;

      if (getrlimit (atoi (argv[i]), &limit) != 0)
        die ("getrlimit");
      printf ("%lld %lld\n", (long long) limit.rlim_cur, (long long) limit.rlim_max);
    }
  return 0;
}

/* Both in a child of its own, which it waits for. */
static int
run_use (int    argc,
         char **argv)
{
  long  ms = (long) number (argc, argv, 0);
  long  size = (long) number (argc, argv, 1) * 1024 * 1024;
  pid_t pid = fork ();
  int   status;

  volatile char *memory;

  if (pid < 0)
    die ("fork");
  if (pid > 0)
    return waitpid (pid, &status, 0) != pid;
  memory = malloc ((size_t) size);
  for (long i = 0; i < size; i += 4096)
    memory[i] = 1;
  while (clock () < ms * (CLOCKS_PER_SEC / 1000))
    ;
  return 0;
}

/* Says on the standard error who it is, and waits for the end of stdin. */
static int
run_as_owner (int    argc,
              char **argv)
{
  uid_t owner = geteuid ();
  int   foreign = owner != getuid ();
  char  text[64];

  if (setresuid (owner, owner, owner) != 0)
    die ("setresuid");
  snprintf (text, sizeof text, "%s %d\n", foreign ? "foreign" : "own", (int) getpid ());
  put (2, text);
  drain_input ();
  return 0;
}

/* --- Terminals ---------------------------------------------------------------------------------------------------------------- */

static int
run_isatty (int    argc,
            char **argv)
{
  int terminal = open ("/dev/tty", O_RDWR | O_CLOEXEC);

  printf ("%d%d%d", isatty (0), isatty (1), isatty (2));
  printf (" controlled %d leader %d front %d\n", terminal >= 0, getsid (0) == getpid (),
          terminal >= 0 && tcgetpgrp (terminal) == getpgrp ());
  return 0;
}

static void
print_size (void)
{
  struct winsize size = { 0 };

  ioctl (1, TIOCGWINSZ, &size);
  printf ("%d x %d\n", size.ws_col, size.ws_row);
  fflush (stdout);
}

/* The signal is blocked except while it is waited for, so that none is missed. */
static int
run_winsize (int    argc,
             char **argv)
{
  sigset_t set;
  int      signum;

  sigemptyset (&set);
  sigaddset (&set, SIGWINCH);
  sigprocmask (SIG_BLOCK, &set, NULL);
  print_size ();
  for (int n = (int) number (argc, argv, 0); n > 0; n--)
    {
      sigwait (&set, &signum);
      print_size ();
    }
  return 0;
}

/* --- Modes -------------------------------------------------------------------------------------------------------------------- */

static const Mode modes[] = {
  { "args", "ARG…", "prints each argument on a line", run_args },
  { "as-owner", "", "becomes the user that the program belongs to, writes who it is to stderr, and waits for the end of stdin", run_as_owner },
  { "both", "[N [STATUS]]", "writes “out” to stdout and “err” to stderr, N times in turn, and exits with STATUS", run_both },
  { "breed", "", "starts a line of descendants, each of which makes the next and ends, prints “ready”, and sleeps for ever", run_breed },
  { "cat", "", "copies stdin to stdout", run_cat },
  { "close-stdin", "", "closes stdin, prints “closed”, and sleeps for ever", run_close_stdin },
  { "count", "", "reads stdin to its end and prints how many bytes came", run_count },
  { "cwd", "", "prints the working directory", run_cwd },
  { "discarded", "", "writes to stdout and stderr, and fails unless they and stdin are /dev/null", run_discarded },
  { "echo", "ARG…", "prints the arguments on one line", run_echo },
  { "env", "[NAME…]", "prints the values of these variables, or the whole environment", run_env },
  { "exit", "N", "exits with N", run_exit },
  { "fds", "", "lists the open descriptors and what they are", run_fds },
  { "flood", "[BYTES [STATUS]]", "writes that many bytes, or without end, in lines of 80, and exits with STATUS", run_flood },
  { "ignore-term", "", "ignores SIGTERM, SIGINT and SIGHUP, prints “ready”, and waits for the end of stdin", run_ignore_term },
  { "isatty", "", "says which standard descriptors are terminals, and whether one is its controlling terminal", run_isatty },
  { "kill", "SIGNUM", "sends itself the signal", run_kill },
  { "leave-group", "[MEMBER]", "goes to the group of its parent, having left a grandchild in its own if there is an argument, prints the pid of that, or -1, and sleeps for ever",
    run_leave_group },
  { "limits", "RESOURCE…", "prints the soft and the hard limit of each", run_limits },
  { "orphan", "", "leaves a grandchild that sleeps for ever and holds the outputs, prints its pid, and exits", run_orphan },
  { "pgid", "", "prints pid, process group and session", run_pgid },
  { "settings", "", "prints nice value, file mode creation mask, OOM score and parent-death signal", run_settings },
  { "signals", "", "prints the blocked and the ignored signals, as the kernel does", run_signals },
  { "sleep-forever", "", "prints “ready”, and sleeps for ever", run_sleep_forever },
  { "stubborn", "", "leaves a grandchild that ignores SIGTERM and SIGINT, prints its pid, and both sleep for ever", run_stubborn },
  { "trap", "[SIGNUM STATUS]", "prints “ready”, then the names of HUP, INT, USR1 and TERM as they come, and exits with STATUS on SIGNUM", run_trap },
  { "trap-exit", "STATUS [STOP]", "prints “ready”, stops itself if there is a second argument, and exits with STATUS on SIGTERM", run_trap_exit },
  { "tree", "", "leaves a grandchild, prints its pid, and both sleep for ever", run_tree },
  { "tty", "", "says whether stdin is a terminal and its group in the foreground, and reads a line", run_tty },
  { "use", "MS MIB", "has a child that needs the CPU for so long, and so much memory, and waits for it", run_use },
  { "winsize", "[N]", "prints the size of the terminal, and again at each of N changes", run_winsize },
  { "write-fds", "FD…", "writes to each of these descriptors its number", run_write_fds },
  { "write-then-wait", "TEXT…", "writes the texts, and waits for the end of stdin", run_write_then_wait },
  { "write-wait-write", "FIRST SECOND [STATUS]", "writes the first text, waits for a byte on stdin, writes the second, and exits with STATUS",
    run_write_wait_write },
};

static int
help (void)
{
  printf ("test-child MODE [ARGUMENT…]\n\n");
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    printf ("  %s %s\n      %s\n", modes[i].name, modes[i].arguments, modes[i].help);
  return 0;
}

int
main (int    argc,
      char **argv)
{
  if (argc > 1 && strcmp (argv[1], "--help") == 0)
    return help ();
  for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof modes[0]; i++)
    if (strcmp (argv[1], modes[i].name) == 0)
      return modes[i].run (argc - 2, argv + 2);
  fprintf (stderr, "test-child: no such mode; --help lists them\n");
  return 98;
}
