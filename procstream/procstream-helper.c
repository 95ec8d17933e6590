/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program that starts in place of the one that is wanted, prepares the process from within, and becomes that one.
 *
 * How to build it. On x86-64 and AArch64, without a C library (the option -fcf-protection=none on x86-64 only):
 *
 *   cc -DPROCSTREAM_HELPER_FREESTANDING -O2 -ffreestanding -fno-stack-protector -fno-pie -fcf-protection=none
 *      -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns
 *      -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro procstream-helper.c
 *
 * Elsewhere as an ordinary program: cc -O2 procstream-helper.c. In both cases without sanitizers, coverage and profiling: it has no
 * run-time library, and its exit is not a return from main(). */

#include "procstream-helper-private.h"

#include "procstream-helper-sys.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* The tests build it with numbers that no kernel knows, and with a directory that is not there, so that what follows from that runs
 * on every kernel. */
#ifndef PROCSTREAM_HELPER_CLOSE_RANGE
#define PROCSTREAM_HELPER_CLOSE_RANGE SYS_close_range
#endif
#ifndef PROCSTREAM_HELPER_FD_DIRECTORY
#define PROCSTREAM_HELPER_FD_DIRECTORY "/proc/self/fd"
#endif
#ifndef PROCSTREAM_HELPER_SUBREAPER
#define PROCSTREAM_HELPER_SUBREAPER PR_SET_CHILD_SUBREAPER
#endif
/* The ways for a guard to hear of the death of the program, besides the channel. */
#ifndef PROCSTREAM_HELPER_PARENT_PIDFD
#define PROCSTREAM_HELPER_PARENT_PIDFD SYS_pidfd_open
#endif
#ifndef PROCSTREAM_HELPER_PARENT_SIGNAL
#define PROCSTREAM_HELPER_PARENT_SIGNAL PR_SET_PDEATHSIG
#endif
#ifndef PROCSTREAM_HELPER_PARENT
#define PROCSTREAM_HELPER_PARENT SYS_getppid
#endif

#define N_SIGNALS 64

/* What is known of the process to be. sources[i] is the descriptor that belongs at target(i); all of them, and status, are
 * close-on-exec, so what is not in its place when the program is executed is gone.
 *
 * It lies together, and begins with what every start needs: that is one page then, and the first touch of a page takes as long as many
 * of the steps. sources points to where the kernel has put the descriptors, unless there are more than one message can carry. */
static struct
{
  int  status;    /* the socket */
  int  guard_pid; /* 0: there is none */
  int *sources;
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (PROCSTREAM_HELPER_FDS_PER_MESSAGE * sizeof (int))];
  } control;
  union
  {
    ProcstreamHelperBlock block;
    ProcstreamHelperLimit alignment;
    char                  bytes[PROCSTREAM_HELPER_MAX_BLOCK + 1];
  };
  int many[PROCSTREAM_HELPER_MAX_FDS];
} start __attribute__ ((aligned (4096)));
_Static_assert(sizeof (ProcstreamHelperBlock) % sizeof (uint64_t) == 0, "limits follow, aligned");

static const char *
string_at (uint32_t offset)
{
  return offset ? start.bytes + offset : NULL;
}

static const ProcstreamHelperLimit *
limits (void)
{
  return (const ProcstreamHelperLimit *) (start.bytes + sizeof (ProcstreamHelperBlock));
}

static int
target (uint32_t i)
{
  return ((const int32_t *) (limits () + start.block.n_limits))[i];
}

/* The tests build it so that at a moment of the start, the first is 0, or of the guard it kills the program, and goes on when that is gone; or
 * so that it stops, once. */
#if defined(PROCSTREAM_HELPER_KILLS) || defined(PROCSTREAM_HELPER_HALTS)
static int moment = -1;
static int moment_parent;

static void
find_moment (char **envp)
{
  static const char name[] = "PROCSTREAM_TEST_MOMENT=";

  moment_parent = (int) sys (SYS_getppid, 0, 0, 0, 0, 0);
  for (; *envp; envp++)
    {
      const char *at = *envp;

      for (const char *same = name; *same && *at == *same; same++)
        at++;
      if (at != *envp + sizeof name - 1)
        continue;
      for (moment = 0; *at; at++)
        moment = moment * 10 + *at - '0';
    }
}

static void
pass (int which)
{
  if (which != moment)
    return;
  moment = -1;
#ifdef PROCSTREAM_HELPER_HALTS
  sys (SYS_kill, sys (SYS_getpid, 0, 0, 0, 0, 0), SIGSTOP, 0, 0, 0);
  return;
#endif
  while (sys (SYS_kill, moment_parent, SIGKILL, 0, 0, 0) == 0)
    ;
}
#else
#define find_moment(envp) ((void) 0)
#define pass(which) ((void) 0)
#endif

/* --- Telling the library ------------------------------------------------------------------------------------------------------ */

static void
report (ProcstreamHelperStep step,
        long                 error,
        int                  value,
        int                  fd)
{
  ProcstreamHelperReport record = { step, (int32_t) error, value, start.guard_pid };
  struct iovec           iov = { &record, sizeof record };
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (sizeof (int))];
  } control = { .header = { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS } };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      *(int *) CMSG_DATA (&control.header) = fd;
      message.msg_control = &control;
      message.msg_controllen = sizeof control;
    }
  sys (SYS_sendmsg, start.status, (long) &message, MSG_NOSIGNAL, 0, 0);
}

static __attribute__ ((noreturn)) void
fail (ProcstreamHelperStep step,
      long                 error,
      int                  value)
{
  report (step, -error, value, -1);
  sys_exit (127);
}

/* --- Descriptors -------------------------------------------------------------------------------------------------------------- */

static long
number_of (const char *digits)
{
  long number = 0;

  if (*digits == '\0')
    return -1;
  for (; *digits; digits++)
    {
      if (*digits < '0' || *digits > '9')
        return -1;
      number = number * 10 + *digits - '0';
    }
  return number;
}

struct entry
{
  uint64_t       ino;
  int64_t        off;
  unsigned short size;
  unsigned char  type;
  char           name[];
};

/* For a kernel without close_range(). A directory may not be changed while it is read: what is found is closed after each read, and
 * it is read again until nothing is left to close. */
static int
close_listed (int first)
{
  static char buffer[4096] __attribute__ ((aligned (8)));
  long        directory = sys (SYS_openat, AT_FDCWD, (long) PROCSTREAM_HELPER_FD_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
  long        size;
  int         closed = 0;

  if (directory < 0)
    return -1;
  while ((size = sys (SYS_getdents64, directory, (long) buffer, sizeof buffer, 0, 0)) > 0)
    for (long at = 0; at < size; at += ((struct entry *) (buffer + at))->size)
      {
        long fd = number_of (((struct entry *) (buffer + at))->name);

        if (fd >= first && fd != directory && sys (SYS_close, fd, 0, 0, 0, 0) == 0)
          closed++;
      }
  sys (SYS_close, directory, 0, 0, 0, 0);
  return closed;
}

/* With neither close_range() nor /proc: descriptors are numbered below the limit, unless it was lowered since. */
static void
close_numbers (int first)
{
  uint64_t limit[2] = { 0, 0 };

  sys (SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long) limit, 0);
  if (limit[0] == 0 || limit[0] > 65536)
    limit[0] = 65536;
  for (long fd = first; fd < (long) limit[0]; fd++)
    sys (SYS_close, fd, 0, 0, 0, 0);
}

/* The program's descriptors that lack close-on-exec came along; it gets those that are given to it, and no others. */
static void
close_inherited (int first)
{
  int closed;

  if (sys (PROCSTREAM_HELPER_CLOSE_RANGE, first, ~0U, 0, 0, 0) == 0)
    return;
  do
    closed = close_listed (first);
  while (closed > 0);
  if (closed < 0)
    close_numbers (first);
}

/* If @fd is still needed under another number, it goes out of the way. The new number may be one that is wanted later: it then
 * moves once more. */
static void
vacate (uint32_t first,
        int      fd)
{
  long moved;
  int *user = start.status == fd ? &start.status : NULL;

  for (uint32_t i = first; !user && i < start.block.n_fds; i++)
    if (start.sources[i] == fd)
      user = &start.sources[i];
  if (!user)
    return;
  moved = sys (SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3, 0, 0);
  if (moved < 0)
    fail (PROCSTREAM_HELPER_STEP_FD, moved, fd);
  *user = (int) moved;
}

static void
renumber (void)
{
  for (uint32_t i = 0; i < start.block.n_fds; i++)
    {
      int  number = target (i);
      long result;

      if (start.sources[i] == number)
        result = sys (SYS_fcntl, number, F_SETFD, 0, 0, 0);
      else
        {
          vacate (i + 1, number);
          result = sys (SYS_dup3, start.sources[i], number, 0, 0, 0);
        }
      if (result < 0)
        fail (PROCSTREAM_HELPER_STEP_FD, result, number);
    }
}

/* --- The block ---------------------------------------------------------------------------------------------------------------- */

static uint32_t
receive_message (void  *data,
                 size_t size)
{
  struct iovec  iov = { data, size };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &start.control, .msg_controllen = sizeof start.control };
  long          got = sys (SYS_recvmsg, start.status, (long) &message, MSG_CMSG_CLOEXEC, 0, 0);

  /* The limit of descriptors is the only reason why some should be missing. */
  if (got <= 0)
    fail (PROCSTREAM_HELPER_STEP_BLOCK, got < 0 ? got : -EPIPE, 0);
  if (message.msg_flags & MSG_CTRUNC)
    fail (PROCSTREAM_HELPER_STEP_BLOCK, -EMFILE, 0);
  if (message.msg_controllen < sizeof (struct cmsghdr))
    return 0;
  return (uint32_t) ((start.control.header.cmsg_len - CMSG_LEN (0)) / sizeof (int));
}

static void
append_sources (uint32_t have,
                uint32_t n)
{
  const int *attached = (const int *) CMSG_DATA (&start.control.header);

  if (have + n > PROCSTREAM_HELPER_MAX_FDS)
    fail (PROCSTREAM_HELPER_STEP_BLOCK, -EINVAL, 0);
  for (uint32_t i = 0; i < n; i++)
    start.many[have + i] = attached[i];
}

static void
receive_more (uint32_t have)
{
  append_sources (0, have);
  start.sources = start.many;
  while (have < start.block.n_fds)
    {
      char     byte;
      uint32_t n = receive_message (&byte, sizeof byte);

      if (n == 0)
        fail (PROCSTREAM_HELPER_STEP_BLOCK, -EPROTO, 0);
      append_sources (have, n);
      have += n;
    }
}

static void
receive (void)
{
  uint32_t n = receive_message (start.bytes, PROCSTREAM_HELPER_MAX_BLOCK);

  if (start.block.version != PROCSTREAM_HELPER_VERSION)
    fail (PROCSTREAM_HELPER_STEP_BLOCK, -EPROTO, (int) start.block.version);
  start.sources = (int *) CMSG_DATA (&start.control.header);
  if (n < start.block.n_fds)
    receive_more (n);
}

/* --- The steps ---------------------------------------------------------------------------------------------------------------- */

/* A job that is in the background itself must not take the terminal; where the descriptor is no terminal of ours, nothing stops
 * the program from reading it, so there is nothing to do. */
static void
take_terminal (int fd,
               int group_before,
               int group)
{
  int foreground = 0;

  if (sys (SYS_ioctl, fd, TIOCGPGRP, (long) &foreground, 0, 0) < 0 || foreground != group_before)
    return;
  sys_set_mask (1);
  sys (SYS_ioctl, fd, TIOCSPGRP, (long) &group, 0, 0);
}

static void
make_session (void)
{
  long result = sys (SYS_setsid, 0, 0, 0, 0, 0);

  if (result < 0)
    fail (PROCSTREAM_HELPER_STEP_SESSION, result, 0);
  for (uint32_t i = 0; i < start.block.n_fds; i++)
    if (target (i) == start.block.controlling)
      {
        result = sys (SYS_ioctl, start.sources[i], TIOCSCTTY, 0, 0, 0);
        if (result < 0)
          fail (PROCSTREAM_HELPER_STEP_CONTROLLING, result, 0);
      }
}

static void
make_group (int pid)
{
  int  before;
  long result;

  if (start.block.flags & PROCSTREAM_HELPER_NEW_SESSION)
    make_session ();
  if (!(start.block.flags & PROCSTREAM_HELPER_NEW_GROUP))
    return;
  before = (int) sys (SYS_getpgid, 0, 0, 0, 0, 0);
  result = sys (SYS_setpgid, 0, 0, 0, 0, 0);
  if (result < 0)
    fail (PROCSTREAM_HELPER_STEP_GROUP, result, 0);
  for (uint32_t i = 0; i < start.block.n_fds; i++)
    if (target (i) == start.block.terminal)
      take_terminal (start.sources[i], before, pid);
}

/* The pidfd is opened by the process on itself: whatever happens to it from now on, it is the right one. */
static void
introduce (int pid)
{
  long pidfd = -1;

  if (start.block.flags & PROCSTREAM_HELPER_PIDFD)
    pidfd = sys (SYS_pidfd_open, pid, 0, 0, 0, 0);
  report (PROCSTREAM_HELPER_STEP_NONE, 0, pid, (int) pidfd);
  if (pidfd >= 0)
    sys (SYS_close, pidfd, 0, 0, 0, 0);
}

/* A signal that is ignored, and a mask, would be inherited: no program expects that. Handlers are gone already. */
static void
reset_signals (void)
{
  for (int signum = 1; signum <= N_SIGNALS; signum++)
    if (signum != SIGKILL && signum != SIGSTOP)
      sys_reset_signal (signum);
  sys_set_mask (0);
}

static void
lower_priority (void)
{
  long value;

  if (start.block.nice == 0)
    return;
  /* The kernel answers 20 less the value, so that it is never negative. */
  value = sys (SYS_getpriority, 0 /* PRIO_PROCESS */, 0, 0, 0, 0);
  if (value >= 0)
    value = sys (SYS_setpriority, 0, 0, 20 - value + start.block.nice, 0, 0);
  if (value < 0)
    fail (PROCSTREAM_HELPER_STEP_NICE, value, 0);
}

static int
parse_number (const char *text)
{
  int negative = *text == '-';
  int number = 0;

  for (text += negative; *text >= '0' && *text <= '9'; text++)
    number = number * 10 + *text - '0';
  return negative ? -number : number;
}

static long
format_number (int  number,
               char text[12])
{
  char digits[12];
  long size = 0, n = 0;
  long rest = number < 0 ? -(long) number : number;

  if (number < 0)
    text[size++] = '-';
  do
    digits[n++] = (char) ('0' + rest % 10);
  while ((rest /= 10) > 0);
  while (n > 0)
    text[size++] = digits[--n];
  return size;
}

/* The ends of the range are what the kernel knows; see proc(5). */
static void
adjust_oom_score (void)
{
  char text[16];
  long fd, result;
  int  score;

  if (start.block.oom_score == 0)
    return;
  fd = sys (SYS_openat, AT_FDCWD, (long) "/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC, 0, 0);
  result = fd < 0 ? fd : sys (SYS_read, fd, (long) text, sizeof text - 1, 0, 0);
  if (result < 0)
    fail (PROCSTREAM_HELPER_STEP_OOM_SCORE, result, 0);
  text[result] = '\0';
  score = parse_number (text) + start.block.oom_score;
  score = score > 1000 ? 1000 : score < -1000 ? -1000
                                              : score;
  result = sys (SYS_pwrite64, fd, (long) text, format_number (score, text), 0, 0);
  if (result < 0)
    fail (PROCSTREAM_HELPER_STEP_OOM_SCORE, result, 0);
  sys (SYS_close, fd, 0, 0, 0, 0);
}

static void
set_limit (const ProcstreamHelperLimit *limit)
{
  uint64_t values[2] = { limit->soft, limit->hard };
  long     result = sys (SYS_prlimit64, 0, (long) limit->resource, (long) values, 0, 0);

  if (result < 0)
    fail (PROCSTREAM_HELPER_STEP_LIMIT, result, (int) limit->resource);
}

/* A limit of descriptors that is raised may be needed to place them, one that is lowered would prevent that. */
static int
allows_more_fds (const ProcstreamHelperLimit *limit)
{
  uint64_t values[2] = { 0, 0 };

  return limit->resource == RLIMIT_NOFILE &&
         sys (SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long) values, 0) == 0 &&
         limit->soft > values[0];
}

static void
set_limits (int before_fds)
{
  for (uint32_t i = 0; i < start.block.n_limits; i++)
    if (before_fds == allows_more_fds (&limits ()[i]))
      set_limit (&limits ()[i]);
}

/* Last, because the program may go at any time. When it went before it could be told of, its death is now. */
static void
follow_parent (int pid)
{
  long result;

  /* The guard tells the whole tree of the death of the program; what is left to see is its own. */
  if (start.block.flags & PROCSTREAM_HELPER_GUARD)
    start.block.death_signal = SIGKILL;
  if (start.block.death_signal == 0)
    return;
  result = sys (SYS_prctl, PR_SET_PDEATHSIG, start.block.death_signal, 0, 0, 0);
  if (result < 0)
    fail (PROCSTREAM_HELPER_STEP_DEATH_SIGNAL, result, 0);
  result = sys (SYS_getppid, 0, 0, 0, 0, 0);
  /* 0: the program is outside of our namespace of processes. */
  if (result != 0 && result != start.block.parent)
    sys (SYS_kill, pid, start.block.death_signal, 0, 0, 0);
}

#include "procstream-helper-tree.h"

#include "procstream-helper-cgroup.h"

#include "procstream-helper-guard.h"

/* --- The program -------------------------------------------------------------------------------------------------------------- */

/* Returns only when it failed. A file that the kernel does not know how to run is a script without a first line that says so: like
 * g_spawn_async() and execvp(), this gives it to the shell. There is room for that in argv: our own name was in front. */
static long
execute (const char *file,
         char      **argv,
         char      **envp)
{
  long  result = sys (SYS_execve, (long) file, (long) (argv + 1), (long) envp, 0, 0);
  char *name = argv[1];

  if (result != -ENOEXEC)
    return result;
  argv[0] = "/bin/sh";
  argv[1] = (char *) file;
  result = sys (SYS_execve, (long) argv[0], (long) argv, (long) envp, 0, 0);
  argv[1] = name;
  return result;
}

static int
is_absence (long result)
{
  return result == -ENOENT || result == -ENOTDIR || result == -ENODEV || result == -ESTALE || result == -ETIMEDOUT ||
         result == -ENAMETOOLONG;
}

static int
exists (const char *file)
{
  return sys (SYS_faccessat, AT_FDCWD, (long) file, 0 /* F_OK */, 0, 0) == 0;
}

/* Joins a directory, of which an empty one is the working directory, and @program; returns where the next directory starts, or NULL
 * after the last. */
static const char *
join (const char *directory,
      const char *program,
      char        file[4096 + 1])
{
  size_t n = 0;

  for (; *directory && *directory != ':'; directory++)
    if (n < 4096)
      file[n++] = *directory;
  if (n > 0 && n < 4096)
    file[n++] = '/';
  for (; *program; program++)
    if (n < 4096)
      file[n++] = *program;
  file[n] = '\0';
  return *directory ? directory + 1 : NULL;
}

/* As execvp(): the first that can be executed; when there is none, one that may not be executed is worth more than "not found". */
static long
search (const char *program,
        const char *path,
        char      **argv,
        char      **envp)
{
  static char file[4096 + 1];
  long        result = -ENOENT;

  while (path)
    {
      long tried;

      path = join (path, program, file);
      tried = sys (SYS_faccessat, AT_FDCWD, (long) file, 1 /* X_OK */, 0, 0);
      if (tried == 0)
        tried = execute (file, argv, envp);
      if (tried == -ENOENT && exists (file))
        fail (PROCSTREAM_HELPER_STEP_INTERPRETER, tried, 0);
      if (tried == -EACCES)
        result = tried;
      else if (!is_absence (tried))
        return tried;
    }
  return result;
}

static __attribute__ ((noreturn)) void
become (char **argv,
        char **envp)
{
  const char *program = string_at (start.block.program_offset);
  const char *path = string_at (start.block.path_offset);
  long        result;

  result = path ? search (program, path, argv, envp) : execute (program, argv, envp);
  if (!path && result == -ENOENT && exists (program))
    fail (PROCSTREAM_HELPER_STEP_INTERPRETER, result, 0);
  fail (PROCSTREAM_HELPER_STEP_EXEC, result, 0);
}

static __attribute__ ((noreturn)) void
run (char **argv,
     char **envp)
{
  const char *cwd;
  int         pid = (int) sys (SYS_getpid, 0, 0, 0, 0, 0);
  long        result;

  start.status = PROCSTREAM_HELPER_SOCKET;
  find_moment (envp);
  pass (0); /* it has begun */
  close_inherited (PROCSTREAM_HELPER_SOCKET + 1);
  sys (SYS_fcntl, start.status, F_SETFD, FD_CLOEXEC, 0, 0);
  receive ();
  if (start.block.flags & PROCSTREAM_HELPER_GUARD)
    {
      guard (pid);
      start.guard_pid = pid;
      pid = (int) sys (SYS_getpid, 0, 0, 0, 0, 0);
    }
  make_group (pid);
  introduce (pid);
  cwd = string_at (start.block.cwd_offset);
  if (cwd && (result = sys (SYS_chdir, (long) cwd, 0, 0, 0, 0)) < 0)
    fail (PROCSTREAM_HELPER_STEP_CHDIR, result, 0);
  if (start.block.flags & PROCSTREAM_HELPER_UMASK)
    sys (SYS_umask, start.block.umask, 0, 0, 0, 0);
  lower_priority ();
  adjust_oom_score ();
  set_limits (1);
  renumber ();
  set_limits (0);
  reset_signals ();
  pass (4); /* all is done but for what makes the child follow the guard */
  follow_parent (pid);
  pass (5); /* and but for the program */
  become (argv, envp);
}

HELPER_MAIN (run)
