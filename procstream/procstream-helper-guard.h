/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* A part of procstream-helper.c: the guard of a tree of processes.
 *
 * The helper makes one more process, which becomes the program, and stays as its parent. It adopts whoever loses its parent in the
 * tree below (PR_SET_CHILD_SUBREAPER), so that nobody can leave the tree. It lives as long as anybody of the tree does, and then ends
 * in the same way as the child, by the same status or signal. It ends the tree when
 *
 *  - the library's program is gone, in whatever way: a pidfd of that is watched, the signal for the death of a parent is armed, both
 *    are looked at again after they are there, by asking who the parent is; and the channel to the program ends;
 *  - the program says so, through the channel;
 *  - the child is gone, unless what it left is to be kept.
 *
 *                  the program or the child is gone            the grace is over
 *       watching ─────────────────────────────────▸ asking ─────────────────────────▸ killing ──▸ (everybody is gone: the end)
 *          │ ▴                                                                        ▴   │
 *          │ └────────────────────────── after MAX_ROUNDS, if the program is there ───│───┘
 *          └─────────────── the program says so; the child was killed ────────────────┘
 *
 * To ask is a signal to each, once. To kill is done in rounds, ever less often, as long as somebody is left; it comes to an end, since
 * there are those that cannot be killed, as another user's. They are told of, if anybody is there to be told; otherwise the guard ends.
 *
 * The guard has a group of its own, no descriptor but its own, and every signal blocked. What somebody sends it goes on to the child; what the
 * kernel or a terminal sends it does not. When it is killed itself, the child is killed by the kernel.
 *
 * When the child stops, so does the guard, by the same signal. Everything that the guard must hear of is then also a SIGCONT to it: what
 * comes through the channel (O_ASYNC), and the death of the program. That a child has been killed while it was stopped is seen by the library,
 * which says something then. A stop throws away each SIGCONT that came before. So it is made pending first, without effect, and the guard
 * looks again: what has come before is seen, and what comes later removes it. The terminal's signals are blocked for that; SIGSTOP cannot be,
 * but has no effect on who waits for a process as after vfork(), which sends it, and looks. */

#define GUARD_SIGNALS 0 /* the descriptor for signals */
#define GUARD_CHANNEL 1 /* the descriptor of the channel */
#define GUARD_MAX_ROUNDS 50
#define GUARD_MIN_DELAY_MS 2 /* doubled from the first to the second; all rounds take about three seconds */
#define GUARD_MAX_DELAY_MS 64

#define CLD_CODE_EXITED 1    /* CLD_EXITED */
#define CLD_CODE_STOPPED 5   /* CLD_STOPPED */
#define CLD_CODE_CONTINUED 6 /* CLD_CONTINUED */

/* Reasons to end the tree. */
#define GUARD_PROGRAM 1
#define GUARD_CHILD 2

enum
{
  GUARD_WATCHING,
  GUARD_ASKING,
  GUARD_KILLING,
};

static struct
{
  int  parent; /* the library's program */
  int  parent_fd;
  int  gone; /* it is */
  int  mode;
  int  signum;  /* by which is asked */
  long next_ms; /* when the mode, or the round, is over */
  long delay_ms;
  int  rounds;
  int  stopped; /* the signal that the child is stopped by */
  int  holder;  /* sent the last SIGSTOP, and maybe a SIGCONT after it */
  int  reasons; /* that were acted on */

  ProcstreamGuardNews news;
} guarding;

static long
now_ms (void)
{
  struct kernel_time now = { 0, 0 };

  sys (SYS_clock_gettime, CLOCK_MONOTONIC, (long) &now, 0, 0, 0);
  return now.seconds * 1000 + now.nanoseconds / 1000000;
}

static void
tell (void)
{
  sys_send (GUARD_CHANNEL, &guarding.news, sizeof guarding.news);
}

/* --- The children ------------------------------------------------------------------------------------------------------------- */

static void
note_end (const siginfo_t *info)
{
  struct kernel_rusage usage = { 0 };

  tree.reaped = 1;
  guarding.news.ended = 1;
  guarding.stopped = 0;
  guarding.news.exited = info->si_code == CLD_CODE_EXITED;
  guarding.news.status = info->si_status;
  /* Of those that were reaped: the child, whom it has waited for, and orphans. */
  sys (SYS_getrusage, RUSAGE_CHILDREN, (long) &usage, 0, 0, 0);
  guarding.news.user_us = (int64_t) usage.user_seconds * 1000000 + usage.user_microseconds;
  guarding.news.system_us = (int64_t) usage.system_seconds * 1000000 + usage.system_microseconds;
  guarding.news.peak_bytes = (int64_t) usage.peak_kib * 1024;
  tell ();
}

/* Who has ended is reaped. FALSE when there is nobody left. */
static int
look_at_children (void)
{
  for (;;)
    {
      siginfo_t info = { 0 };
      long      result = sys (SYS_waitid, P_ALL, 0, (long) &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG, 0);

      if (result < 0)
        return result == -EINTR;
      if (info.si_pid == 0)
        return 1;
      if (info.si_pid != tree.child)
        continue;
      if (info.si_code == CLD_CODE_STOPPED)
        guarding.stopped = info.si_status;
      else if (info.si_code == CLD_CODE_CONTINUED)
        guarding.stopped = 0;
      else
        note_end (&info);
    }
}

/* Without a core: the program left one, if that was wanted. No other signal that waits may come before. */
static __attribute__ ((noreturn)) void
end_like_child (void)
{
  remove_cgroup ();
  if (guarding.news.exited)
    sys_exit (guarding.news.status);
  sys (SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  sys_reset_signal (guarding.news.status);
  sys (SYS_kill, tree.self, guarding.news.status, 0, 0, 0);
  sys_change_mask (SIG_UNBLOCK, guarding.news.status);
  sys_exit (128 + guarding.news.status);
}

/* --- Ending the tree ---------------------------------------------------------------------------------------------------------- */

static void
begin_to_kill (void)
{
  guarding.mode = GUARD_KILLING;
  guarding.rounds = 0;
  guarding.delay_ms = GUARD_MIN_DELAY_MS;
  guarding.next_ms = now_ms ();
}

static void
begin_to_ask (int signum)
{
  if (start.block.grace_ms == 0)
    {
      begin_to_kill ();
      return;
    }
  guarding.mode = GUARD_ASKING;
  guarding.signum = signum;
  guarding.next_ms = now_ms () + (long) start.block.grace_ms;
}

/* Who is still there after all rounds. The guard of a program that is gone can do no more. */
static void
give_up (void)
{
  guarding.mode = GUARD_WATCHING;
  guarding.news.gave_up = 1;
  guarding.news.n_left = 0;
  for (int i = 0; i < tree.n_members; i++)
    if (!is_dead (&tree.members[i]))
      {
        if (guarding.news.n_left < PROCSTREAM_GUARD_MAX_LEFT)
          guarding.news.left[guarding.news.n_left] = tree.members[i].pid;
        guarding.news.n_left++;
      }
  if (guarding.gone && guarding.news.ended)
    end_like_child ();
  if (guarding.gone)
    sys_exit (128 + SIGKILL);
  tell ();
}

static int
is_parent_gone (void)
{
  long parent = sys (PROCSTREAM_HELPER_PARENT, 0, 0, 0, 0, 0);

  /* 0: it is outside of our namespace of processes. */
  return parent != 0 && parent != guarding.parent;
}

/* Each reason counts once. */
static void
find_reason (void)
{
  int reasons = guarding.reasons;

  if (is_parent_gone ())
    guarding.gone = 1;
  guarding.reasons = (guarding.gone ? GUARD_PROGRAM : 0) | (guarding.news.ended ? GUARD_CHILD : 0);
  reasons = guarding.reasons & ~reasons;
  if (reasons == 0 || guarding.mode != GUARD_WATCHING)
    return;
  if (reasons & GUARD_PROGRAM)
    begin_to_ask (start.block.death_signal ? start.block.death_signal : SIGTERM);
  else if (start.block.flags & PROCSTREAM_HELPER_KEEP)
    return;
  else if (!guarding.news.exited && guarding.news.status == SIGKILL)
    begin_to_kill ();
  else
    begin_to_ask (SIGTERM);
}

/* What is to be done now. How long nothing else is: in milliseconds, or -1 for ever. */
static long
go_on (void)
{
  long left;

  find_reason ();
  if (guarding.mode == GUARD_ASKING)
    {
      left = guarding.next_ms - now_ms ();
      if (left > 0)
        {
          ask_tree (guarding.signum);
          return left;
        }
      begin_to_kill ();
    }
  if (guarding.mode == GUARD_KILLING && (left = guarding.next_ms - now_ms ()) > 0)
    return left;
  if (guarding.mode == GUARD_KILLING && guarding.rounds == GUARD_MAX_ROUNDS)
    give_up ();
  if (guarding.mode == GUARD_WATCHING)
    return -1;
  pass (11);
  kill_cgroup ();
  signal_tree (SIGKILL, 0);
  pass (12);
  guarding.rounds++;
  left = guarding.delay_ms;
  guarding.next_ms = now_ms () + left;
  guarding.delay_ms = left * 2 < GUARD_MAX_DELAY_MS ? left * 2 : GUARD_MAX_DELAY_MS;
  return left;
}

/* --- What is said ------------------------------------------------------------------------------------------------------------- */

static void
take_signal (void)
{
  struct signalfd_siginfo info;

  if (sys (SYS_read, GUARD_SIGNALS, (long) &info, sizeof info, 0, 0) != (long) sizeof info || info.ssi_signo == SIGCHLD)
    return;
  /* Its own stops, and what the kernel says, are not for the child. The death of a parent looks as if that had sent it. */
  if (info.ssi_code <= 0 && (int) info.ssi_pid != tree.self && (int) info.ssi_pid != guarding.holder && !is_parent_gone ())
    signal_child ((int) info.ssi_signo);
}

static void
take_order (void)
{
  ProcstreamGuardOrder order;
  long                 size = sys_receive (GUARD_CHANNEL, &order, sizeof order);

  /* Its end, too, says that the program is gone. */
  if (size == 0 || size == -ECONNRESET)
    guarding.gone = 1;
  if (size != (long) sizeof order)
    return;
  if (order.whom == PROCSTREAM_GUARD_CHILD)
    signal_child (order.signum);
  else if (order.whom != PROCSTREAM_GUARD_NOBODY && order.signum == SIGKILL)
    begin_to_kill ();
  else if (order.whom != PROCSTREAM_GUARD_NOBODY)
    signal_tree (order.signum, order.whom == PROCSTREAM_GUARD_STRAYS ? tree.child : 0);
}

/* --- Watching ----------------------------------------------------------------------------------------------------------------- */

/* The number of descriptors that have something; those that have said their last word are left out. */
static long
look_at_fds (struct pollfd fds[3],
             long          timeout_ms)
{
  struct kernel_time timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000 };

  fds[0] = (struct pollfd){ GUARD_SIGNALS, POLLIN, 0 };
  fds[1] = (struct pollfd){ guarding.gone ? -1 : GUARD_CHANNEL, POLLIN, 0 };
  fds[2] = (struct pollfd){ guarding.gone ? -1 : guarding.parent_fd, POLLIN, 0 };
  return sys (SYS_ppoll, (long) fds, 3, timeout_ms < 0 ? 0 : (long) &timeout, 0, 0);
}

static int
is_anything_said (void)
{
  struct pollfd fds[3];

  return look_at_fds (fds, 0) > 0 && (fds[1].revents || fds[2].revents);
}

/* But for @signum. */
static int
is_anything_heard (int signum)
{
  uint64_t pending = 0;

  sys (SYS_rt_sigpending, (long) &pending, sizeof pending, 0, 0, 0);
  return (pending & ~(UINT64_C (1) << (signum - 1))) || is_anything_said () || is_parent_gone ();
}

/* In the process that holds the guard: a child of that. */
static int
is_parent_of_guard_gone (void)
{
  struct relative self, guard;
  int             gone;

  open_proc ();
  gone = tree.proc >= 0 && tree.depth == 0 && read_relative (tree.self, &self) && read_relative (self.parent, &guard) && guard.parent != 0 &&
         guard.parent != guarding.parent;
  close_proc ();
  return gone;
}

/* In the process that holds the guard, and goes with it. */
static __attribute__ ((noreturn)) void
hold (void)
{
  int guard = tree.self;

  tree.self = (int) sys (SYS_getpid, 0, 0, 0, 0, 0);
  sys (SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (sys (SYS_getppid, 0, 0, 0, 0, 0) != guard)
    sys_exit (0);
  sys (SYS_kill, guard, SIGSTOP, 0, 0, 0);
  pass (8);
  if (is_anything_said () || is_parent_of_guard_gone ())
    sys (SYS_kill, guard, SIGCONT, 0, 0, 0);
  pass (9);
  sys_exit (0);
}

static void
stop_held (void)
{
  long holder = sys_fork_first ();

  if (holder == 0)
    hold ();
  if (holder == -EINVAL)
    sys (SYS_kill, tree.self, SIGSTOP, 0, 0, 0);
  if (holder < 0)
    return;
  guarding.holder = (int) holder;
  while (sys (SYS_waitid, P_PID, holder, 0, WEXITED | __WALL, 0) == -EINTR)
    ;
}

/* Until something is to be heard; it is done once more then, unless the child has been continued. FALSE: something is already. Otherwise
 * what woke the guard is; or the kernel lets it go on, as its group is orphaned or it is the first process of its namespace. */
static int
stop_like_child (void)
{
  int signum = guarding.stopped;

  if (is_anything_heard (signum))
    return 0;
  pass (7);
  if (signum == SIGSTOP)
    {
      stop_held ();
      return 1;
    }
  /* To ignore it may be inherited. */
  sys_reset_signal (signum);
  sys (SYS_kill, tree.self, signum, 0, 0, 0);
  pass (8);
  if (is_anything_heard (signum))
    return 0;
  pass (9);
  sys_change_mask (SIG_UNBLOCK, signum);
  sys_set_mask (1);
  return 1;
}

static __attribute__ ((noreturn)) void
watch (void)
{
  struct pollfd fds[3];

  for (;;)
    {
      long timeout_ms;

      if (!look_at_children () && guarding.news.ended)
        end_like_child ();
      timeout_ms = go_on ();
      if (guarding.stopped && guarding.mode == GUARD_WATCHING && !stop_like_child ())
        timeout_ms = 0;
      if (look_at_fds (fds, timeout_ms) <= 0)
        continue;
      if (fds[0].revents & POLLIN)
        take_signal ();
      if (fds[1].revents)
        take_order ();
      if (fds[2].revents)
        guarding.gone = 1;
    }
}

/* --- Becoming the guard ------------------------------------------------------------------------------------------------------- */

static __attribute__ ((noreturn)) void
stay (int signals,
      int channel)
{
  static const char name[] = "procstream-guard";

  sys (SYS_dup3, signals, GUARD_SIGNALS, O_CLOEXEC, 0, 0);
  sys (SYS_dup3, channel, GUARD_CHANNEL, O_CLOEXEC, 0, 0);
  keep_cgroup (GUARD_CHANNEL + 1);
  close_inherited (cgroup.own < 0 ? GUARD_CHANNEL + 1 : GUARD_CHANNEL + 3);
  sys (SYS_fcntl, GUARD_CHANNEL, F_SETOWN, tree.self, 0, 0);
  sys (SYS_fcntl, GUARD_CHANNEL, F_SETSIG, SIGCONT, 0, 0);
  sys (SYS_fcntl, GUARD_CHANNEL, F_SETFL, O_NONBLOCK | O_ASYNC, 0, 0);
  sys (SYS_setpgid, 0, 0, 0, 0, 0);
  sys (SYS_prctl, PR_SET_NAME, (long) name, 0, 0, 0);
  sys (SYS_chdir, (long) "/", 0, 0, 0, 0);
  /* Outside of our namespace of processes it has a number that is another's here. */
  guarding.parent_fd = -1;
  if (sys (SYS_getppid, 0, 0, 0, 0, 0) != 0)
    guarding.parent_fd = (int) sys (PROCSTREAM_HELPER_PARENT_PIDFD, guarding.parent, 0, 0, 0, 0);
  watch ();
}

/* The channel is given as the last descriptor. */
static int
take_channel (void)
{
  if (start.block.n_fds == 0 || target (start.block.n_fds - 1) != PROCSTREAM_HELPER_CHANNEL)
    fail (PROCSTREAM_HELPER_STEP_GUARD, -EPROTO, 0);
  start.block.n_fds--;
  return start.sources[start.block.n_fds];
}

/* Returns in the process that becomes the program. */
static void
guard (int self)
{
  uint64_t all = ~UINT64_C (0);
  int      channel = take_channel ();
  long     adopted, signals, child;

  tree.self = self;
  guarding.parent = start.block.parent;
  adopted = sys (SYS_prctl, PROCSTREAM_HELPER_SUBREAPER, 1, 0, 0, 0);
  if (adopted < 0)
    fail (PROCSTREAM_HELPER_STEP_GUARD, adopted, 0);
  sys (SYS_prctl, PROCSTREAM_HELPER_PARENT_SIGNAL, SIGCONT, 0, 0, 0);
  sys_set_mask (1);
  /* Nobody would be left to be waited for. */
  sys_reset_signal (SIGCHLD);
  pass (1); /* the death of the parent would be told */
  signals = sys (SYS_signalfd4, -1, (long) &all, sizeof all, SFD_CLOEXEC | SFD_NONBLOCK, 0);
  if (signals < 0)
    fail (PROCSTREAM_HELPER_STEP_GUARD, signals, 0);
  make_cgroup (self);
  child = is_parent_gone () ? -ESRCH : sys_fork ();
  if (child > 0)
    pass (2); /* the child is there, and the guard does not yet watch */
  if (child < 0)
    {
      remove_cgroup ();
      fail (PROCSTREAM_HELPER_STEP_GUARD, child, 0);
    }
  if (child > 0)
    {
      tree.child = (int) child;
      stay ((int) signals, channel);
    }
  start.block.parent = self;
  enter_cgroup ();
  pass (3); /* the child has not yet done anything */
}
