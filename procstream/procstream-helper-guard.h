/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* A part of procstream-helper.c: the guard of a tree of processes.
 *
 * The helper makes one more process, which becomes the program, and stays as its parent. It adopts whoever loses its parent in the
 * tree below (PR_SET_CHILD_SUBREAPER), so that nobody can leave the tree, and it ends the tree when
 *
 *  - the library's program is gone, in whatever way: a pidfd of that is watched, and the signal for the death of a parent is armed
 *    too; both are looked at again after they are there, by asking who the parent is;
 *  - the program of the child is gone: what it left is ended, and then the guard ends in the same way, by the same status or signal.
 *
 * To end is to be asked by a signal, and to be killed when the grace is over; at once, when the child itself was killed. Who is in
 * the tree is read from /proc, again and again until there is nobody. The process of the child is not reaped before the very end: until then its number,
 * and that of its group, are nobody else's. A number that is signalled is that of a child of the guard, which only the guard
 * can reap, or is looked at through a pidfd.
 *
 * The guard has a group of its own, no descriptor but its own, and every signal blocked. What somebody sends it goes on to the child; what the
 * kernel or a terminal sends it does not. When it is killed itself, the child is killed by the kernel. */

#define GUARD_SIGNALS 0   /* the descriptor for signals */
#define GUARD_DEATH 64    /* the signal for the death of the parent: the last, which nobody else uses */
#define GUARD_MAX 16384   /* processes that are looked at in one go; the rest has its turn later */
#define GUARD_ROUND_MS 20 /* between two looks while there is nothing to wait for */

#define CLD_CODE_EXITED 1 /* CLD_EXITED */

struct relative
{
  int  pid;
  int  parent;
  char state;
  char ours;
};

static struct
{
  int             self;
  int             child;
  int             parent; /* the library's program */
  struct relative all[GUARD_MAX];
  int             n_all;
  int             asked[GUARD_MAX]; /* who was asked to end */
  int             n_asked;
} tree;

static long
now_ms (void)
{
  struct timespec now = { 0 };

  sys (SYS_clock_gettime, CLOCK_MONOTONIC, (long) &now, 0, 0, 0);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- Who is there ------------------------------------------------------------------------------------------------------------- */

/* "123 (a name) S 45 …": a name may hold anything, but nothing behind it holds a parenthesis. FALSE: it is gone. */
static int
read_stat (int              pid,
           struct relative *relative)
{
  char        path[32] = "/proc/";
  char        text[512];
  const char *at;
  long        length = 6, fd, size;

  length += format_number (pid, path + length);
  for (const char *name = "/stat"; *name; name++)
    path[length++] = *name;
  path[length] = '\0';
  fd = sys (SYS_openat, AT_FDCWD, (long) path, O_RDONLY | O_CLOEXEC, 0, 0);
  if (fd < 0)
    return 0;
  size = sys (SYS_read, fd, (long) text, sizeof text - 1, 0, 0);
  sys (SYS_close, fd, 0, 0, 0, 0);
  if (size <= 0)
    return 0;
  text[size] = '\0';
  for (at = text + size; at > text && *at != ')'; at--)
    ;
  if (at == text || at[1] != ' ')
    return 0;
  relative->pid = pid;
  relative->state = at[2];
  relative->parent = parse_number (at + 4);
  relative->ours = 0;
  return 1;
}

static void
read_all (void)
{
  static char buffer[4096] __attribute__ ((aligned (8)));
  long        directory = sys (SYS_openat, AT_FDCWD, (long) "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
  long        size;

  tree.n_all = 0;
  while (directory >= 0 && (size = sys (SYS_getdents64, directory, (long) buffer, sizeof buffer, 0, 0)) > 0)
    for (long at = 0; at < size; at += ((struct entry *) (buffer + at))->size)
      {
        long pid = number_of (((struct entry *) (buffer + at))->name);

        if (pid > 0 && tree.n_all < GUARD_MAX && read_stat ((int) pid, &tree.all[tree.n_all]))
          tree.n_all++;
      }
  if (directory >= 0)
    sys (SYS_close, directory, 0, 0, 0, 0);
}

static int
is_ours (int pid)
{
  if (pid == tree.self)
    return 1;
  for (int i = 0; i < tree.n_all; i++)
    if (tree.all[i].pid == pid)
      return tree.all[i].ours;
  return 0;
}

/* Until nobody is found any more to belong to those that were found: a parent may be listed behind its children. */
static void
find_tree (void)
{
  int found;

  read_all ();
  do
    {
      found = 0;
      for (int i = 0; i < tree.n_all; i++)
        if (!tree.all[i].ours && is_ours (tree.all[i].parent))
          {
            tree.all[i].ours = 1;
            found = 1;
          }
    }
  while (found);
}

/* --- Ending ------------------------------------------------------------------------------------------------------------------- */

static int
was_asked (int pid)
{
  for (int i = 0; i < tree.n_asked; i++)
    if (tree.asked[i] == pid)
      return 1;
  return 0;
}

/* A child of ours is there until we reap it. Anybody else could have become another since it was listed: so it is held by a
 * pidfd, and looked at once more. Without those, it gets its turn when its parent is gone and it is our child. */
static void
signal_one (const struct relative *relative,
            int                    signum)
{
  struct relative now;
  long            fd;

  if (relative->parent == tree.self)
    {
      sys (SYS_kill, relative->pid, signum, 0, 0, 0);
      return;
    }
  fd = sys (SYS_pidfd_open, relative->pid, 0, 0, 0, 0);
  if (fd < 0)
    return;
  if (read_stat (relative->pid, &now) && (now.parent == relative->parent || now.parent == tree.self))
    sys (SYS_pidfd_send_signal, fd, signum, 0, 0, 0);
  sys (SYS_close, fd, 0, 0, 0, 0);
}

/* Who has ended is reaped, but for the child; the others are signalled. The number of those. */
static int
signal_tree (int signum)
{
  int n = 0;

  find_tree ();
  for (int i = 0; i < tree.n_all; i++)
    {
      const struct relative *relative = &tree.all[i];

      if (!relative->ours || (relative->state == 'Z' && (relative->pid == tree.child || relative->parent != tree.self)))
        continue;
      if (relative->state == 'Z')
        {
          sys (SYS_wait4, relative->pid, 0, WNOHANG, 0, 0);
          continue;
        }
      n++;
      if (signum != SIGKILL && was_asked (relative->pid))
        continue;
      if (signum != SIGKILL && tree.n_asked < GUARD_MAX)
        tree.asked[tree.n_asked++] = relative->pid;
      signal_one (relative, signum);
      /* Who is stopped could not hear it. */
      if (signum != SIGKILL)
        signal_one (relative, SIGCONT);
    }
  return n;
}

static void
wait_for_signals (long timeout_ms)
{
  struct pollfd           fd = { GUARD_SIGNALS, POLLIN, 0 };
  struct timespec         timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000 };
  struct signalfd_siginfo info;

  if (sys (SYS_ppoll, (long) &fd, 1, (long) &timeout, 0, 0) > 0)
    sys (SYS_read, GUARD_SIGNALS, (long) &info, sizeof info, 0, 0);
}

static void
end_tree (int  signum,
          long grace_ms)
{
  long deadline = now_ms () + grace_ms;
  long left;

  while (grace_ms > 0 && (left = deadline - now_ms ()) > 0)
    {
      if (signal_tree (signum) == 0)
        return;
      wait_for_signals (left);
    }
  while (signal_tree (SIGKILL) > 0)
    wait_for_signals (GUARD_ROUND_MS);
}

/* Without a core: the program left one, if that was wanted. */
static __attribute__ ((noreturn)) void
end_like_child (void)
{
  uint64_t  none[2] = { 0, 0 };
  siginfo_t info = { 0 };

  sys (SYS_waitid, P_PID, tree.child, (long) &info, WEXITED, 0);
  if (info.si_code == CLD_CODE_EXITED)
    sys_exit (info.si_status);
  sys (SYS_prlimit64, 0, RLIMIT_CORE, (long) none, 0, 0);
  sys (SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  sys_reset_signal (info.si_status);
  sys_set_mask (0);
  sys (SYS_kill, tree.self, info.si_status, 0, 0, 0);
  sys_exit (128 + info.si_status);
}

/* --- Watching ----------------------------------------------------------------------------------------------------------------- */

/* The orphans of the tree are reaped as they end. The child is only looked at. */
static void
look_at_ends (void)
{
  for (;;)
    {
      siginfo_t info = { 0 };

      if (sys (SYS_waitid, P_ALL, 0, (long) &info, WEXITED | WNOHANG | WNOWAIT, 0) < 0 || info.si_pid == 0)
        return;
      if (info.si_pid == tree.child)
        {
          end_tree (SIGTERM, info.si_code != CLD_CODE_EXITED && info.si_status == SIGKILL ? 0 : (long) received.block.grace_ms);
          end_like_child ();
        }
      sys (SYS_wait4, info.si_pid, 0, WNOHANG, 0, 0);
    }
}

static int
is_parent_gone (void)
{
  long parent = sys (SYS_getppid, 0, 0, 0, 0, 0);

  /* 0: it is outside of our namespace of processes. */
  return parent != 0 && parent != tree.parent;
}

/* TRUE when it says that the parent is gone, of which nothing else can be seen. */
static int
take_signal (void)
{
  struct signalfd_siginfo info;

  if (sys (SYS_read, GUARD_SIGNALS, (long) &info, sizeof info, 0, 0) != (long) sizeof info || info.ssi_signo == SIGCHLD)
    return 0;
  if (info.ssi_signo == GUARD_DEATH)
    return sys (SYS_getppid, 0, 0, 0, 0, 0) == 0;
  if (info.ssi_code <= 0)
    sys (SYS_kill, tree.child, info.ssi_signo, 0, 0, 0);
  return 0;
}

static __attribute__ ((noreturn)) void
watch (void)
{
  static const char name[] = "procstream-guard";
  struct pollfd     fds[2] = { { GUARD_SIGNALS, POLLIN, 0 }, { -1, POLLIN, 0 } };
  int               gone = 0;

  sys (SYS_setpgid, 0, 0, 0, 0, 0);
  sys (SYS_prctl, PR_SET_NAME, (long) name, 0, 0, 0);
  sys (SYS_chdir, (long) "/", 0, 0, 0, 0);
  fds[1].fd = (int) sys (SYS_pidfd_open, tree.parent, 0, 0, 0, 0);
  for (;;)
    {
      look_at_ends ();
      if (gone || is_parent_gone ())
        {
          end_tree (received.block.death_signal ? received.block.death_signal : SIGTERM, (long) received.block.grace_ms);
          end_like_child ();
        }
      fds[0].revents = fds[1].revents = 0;
      sys (SYS_ppoll, (long) fds, 2, 0, 0, 0);
      if (fds[0].revents & POLLIN)
        gone = take_signal ();
      if (fds[1].revents)
        gone = 1;
    }
}

/* Returns in the process that becomes the program, with the number of the guard. */
static int
guard (int self)
{
  uint64_t all = ~UINT64_C (0);
  long     signals, child;

  tree.self = self;
  tree.parent = received.block.parent;
  sys (SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sys (SYS_prctl, PR_SET_PDEATHSIG, GUARD_DEATH, 0, 0, 0);
  sys_set_mask (1);
  /* Nobody would be left to be waited for. */
  sys_reset_signal (SIGCHLD);
  signals = sys (SYS_signalfd4, -1, (long) &all, sizeof all, SFD_CLOEXEC | SFD_NONBLOCK, 0);
  if (signals < 0)
    fail (PROCSTREAM_HELPER_STEP_GUARD, signals, 0);
  child = is_parent_gone () ? -ESRCH : sys_fork ();
  if (child < 0)
    fail (PROCSTREAM_HELPER_STEP_GUARD, child, 0);
  if (child == 0)
    return self;
  tree.child = (int) child;
  sys (SYS_dup3, signals, GUARD_SIGNALS, O_CLOEXEC, 0, 0);
  close_inherited ();
  watch ();
}
