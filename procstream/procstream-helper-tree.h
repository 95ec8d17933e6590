/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* A part of procstream-helper.c: who is in the tree below the guard, and how they are reached.
 *
 * Members are found in /proc: who has a member for a parent is one. All of it is read again and again until nobody new is found, since a
 * parent may be listed behind its children. Only members are kept, so that it does not matter how many others there are.
 *
 * The number of a member that is signalled is that of a child of the guard, which only the guard can reap, or is looked at through a
 * pidfd. Where /proc is that of a namespace of processes around ours, who is there has another number in it, and ours is in its status.
 * Where it cannot be read, or shows nothing of us, the child and its group are all that is known, and they are signalled by number while
 * the guard has not reaped the child, which keeps the number taken. */

#define TREE_PIDS (4 * 1024 * 1024) /* PID_MAX_LIMIT of the kernel */

/* Members that are reached in one go; the rest has its turn later. */
#ifndef TREE_MAX
#define TREE_MAX 16384
#endif

#ifndef PROCSTREAM_HELPER_PROC_DIRECTORY
#define PROCSTREAM_HELPER_PROC_DIRECTORY "/proc"
#endif

struct relative
{
  int  shown; /* its number in /proc */
  int  pid;
  int  parent; /* in /proc */
  int  group;
  char state;
};

/* A set of process numbers. It takes half a MiB of addresses, and a page of memory for each 32768 numbers in use. */
typedef uint8_t PidSet[TREE_PIDS / 8];

static struct
{
  int             self;
  int             child;
  int             reaped;  /* the child was: its number may be another's */
  int             proc;    /* the directory, while it is looked at; -1: it is of no use */
  int             shown;   /* our number there */
  int             depth;   /* of our namespace below that */
  int             visible; /* it was of use the last time */
  struct relative members[TREE_MAX];
  int             n_members;
  int             before[TREE_MAX]; /* the members of the last time */
  int             n_before;
  PidSet          is_member;
  PidSet          was_asked; /* a part of them: they were asked to end */
} tree;

static int
has_pid (const uint8_t *set,
         int            pid)
{
  return pid > 0 && pid < TREE_PIDS && (set[pid / 8] & (1 << (pid % 8)));
}

static void
put_pid (uint8_t *set,
         int      pid,
         int      in)
{
  if (pid <= 0 || pid >= TREE_PIDS)
    return;
  if (in)
    set[pid / 8] = (uint8_t) (set[pid / 8] | (1 << (pid % 8)));
  else
    set[pid / 8] = (uint8_t) (set[pid / 8] & ~(1 << (pid % 8)));
}

/* --- Who is there ------------------------------------------------------------------------------------------------------------- */

static const char *
next_field (const char *at)
{
  while (*at && *at != ' ')
    at++;
  return *at ? at + 1 : at;
}

/* What comes before the numbers may be long, the list of groups: with more than a thousand of them nobody is seen from a namespace within. */
static char status[16384];

/* A file of a process. FALSE: it is gone. */
static int
read_text (const char *name,
           const char *file,
           char       *text,
           long        size)
{
  char path[12 + sizeof "/status"];
  long length = 0, fd;

  for (const char *from = name; *from; from++)
    path[length++] = *from;
  for (const char *from = file; *from; from++)
    path[length++] = *from;
  path[length] = '\0';
  fd = sys (SYS_openat, tree.proc, (long) path, O_RDONLY | O_CLOEXEC, 0, 0);
  if (fd < 0)
    return 0;
  size = sys (SYS_read, fd, (long) text, size - 1, 0, 0);
  sys (SYS_close, fd, 0, 0, 0, 0);
  if (size <= 0)
    return 0;
  text[size] = '\0';
  return 1;
}

/* "123 (a name) S 45 67 …": a name may hold anything, but nothing behind it holds a parenthesis. The numbers are those of /proc. */
static int
read_stat (const char      *name,
           struct relative *relative)
{
  char        text[512];
  const char *at = text;

  if (!read_text (name, "/stat", text, sizeof text))
    return 0;
  while (*at)
    at++;
  while (at > text && *at != ')')
    at--;
  if (at == text || at[1] != ' ')
    return 0;
  relative->shown = relative->pid = parse_number (text);
  relative->state = at[2];
  relative->parent = parse_number (at + 4);
  relative->group = parse_number (next_field (at + 4));
  return 1;
}

/* "NSpid:", and for each namespace from that of /proc inwards a tab and the number there. 0: there is none at that depth. */
static int
find_number (const char *text,
             const char *key,
             int         depth)
{
  const char *at = text;

  while (*at)
    {
      const char *same = key;

      for (; *same && *at == *same; same++)
        at++;
      for (int i = -1; *at && *at != '\n'; at++)
        if (*same == '\0' && *at == '\t' && ++i == depth)
          return parse_number (at + 1);
      if (*at)
        at++;
    }
  return 0;
}

/* FALSE: it is gone, or has no number here. */
static int
read_relative (int              shown,
               struct relative *relative)
{
  char name[12];

  name[format_number (shown, name)] = '\0';
  if (!read_stat (name, relative))
    return 0;
  if (tree.depth == 0)
    return 1;
  if (!read_text (name, "/status", status, sizeof status))
    return 0;
  relative->pid = find_number (status, "NSpid:", tree.depth);
  relative->group = find_number (status, "NSpgid:", tree.depth);
  return relative->pid > 0;
}

/* TRUE: it is our namespace's, or one's around that. */
static int
find_own_number (void)
{
  struct relative self;
  long            parent;

  do
    {
      parent = sys (SYS_getppid, 0, 0, 0, 0, 0);
      if (!read_stat ("self", &self))
        return 0;
      tree.shown = self.pid;
      tree.depth = 0;
      if (self.pid == tree.self && self.parent == parent)
        return 1;
    }
  while (parent != sys (SYS_getppid, 0, 0, 0, 0, 0)); /* it was lost in between */
  if (!read_text ("self", "/status", status, sizeof status))
    return 0;
  while (find_number (status, "NSpid:", tree.depth + 1) > 0)
    tree.depth++;
  return tree.depth > 0 && find_number (status, "NSpid:", tree.depth) == tree.self;
}

static void
close_proc (void)
{
  if (tree.proc >= 0)
    sys (SYS_close, tree.proc, 0, 0, 0, 0);
  tree.proc = -1;
}

/* All that is read until it is closed is below this one directory, whatever is mounted meanwhile. */
static void
open_proc (void)
{
  tree.proc = (int) sys (SYS_openat, AT_FDCWD, (long) PROCSTREAM_HELPER_PROC_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
  if (tree.proc >= 0 && !find_own_number ())
    close_proc ();
}

/* TRUE when it became a member. */
static int
consider (long pid)
{
  struct relative *relative = &tree.members[tree.n_members];

  if (pid <= 0 || pid >= TREE_PIDS || tree.n_members == TREE_MAX || has_pid (tree.is_member, (int) pid) ||
      !read_relative ((int) pid, relative) || (relative->parent != tree.shown && !has_pid (tree.is_member, relative->parent)))
    return 0;
  put_pid (tree.is_member, (int) pid, 1);
  tree.n_members++;
  return 1;
}

/* How many were found that were not known; -1: /proc is of no use. */
static int
find_more (void)
{
  static char buffer[32768] __attribute__ ((aligned (8)));
  long        size;
  int         found = 0;

  if (sys (SYS_lseek, tree.proc, 0, 0 /* SEEK_SET */, 0, 0) < 0)
    return -1;
  while ((size = sys (SYS_getdents64, tree.proc, (long) buffer, sizeof buffer, 0, 0)) > 0)
    for (long at = 0; at < size; at += ((struct entry *) (buffer + at))->size)
      found += consider (number_of (((struct entry *) (buffer + at))->name));
  return found;
}

/* Leaves /proc open. */
static void
find_tree (void)
{
  int found;

  tree.n_before = tree.n_members;
  for (int i = 0; i < tree.n_before; i++)
    {
      tree.before[i] = tree.members[i].shown;
      put_pid (tree.is_member, tree.before[i], 0);
    }
  tree.n_members = 0;
  open_proc ();
  do
    found = find_more ();
  while (found > 0);
  tree.visible = found == 0;
  for (int i = 0; i < tree.n_before; i++)
    if (!has_pid (tree.is_member, tree.before[i]))
      put_pid (tree.was_asked, tree.before[i], 0);
}

/* --- Reaching them ------------------------------------------------------------------------------------------------------------ */

/* A child of ours is there until we reap it. Anybody else could have become another since it was listed: so it is held by a
 * pidfd, and looked at once more. Without those, it gets its turn when its parent is gone and it is our child. */
static void
signal_one (const struct relative *relative,
            int                    signum)
{
  struct relative now;
  long            fd;

  if (relative->parent == tree.shown)
    {
      sys (SYS_kill, relative->pid, signum, 0, 0, 0);
      return;
    }
  pass (10); /* it was listed, and may be another by now */
  fd = sys (SYS_pidfd_open, relative->pid, 0, 0, 0, 0);
  if (fd < 0)
    return;
  if (read_relative (relative->shown, &now) && now.pid == relative->pid && (now.parent == relative->parent || now.parent == tree.shown))
    sys (SYS_pidfd_send_signal, fd, signum, 0, 0, 0);
  sys (SYS_close, fd, 0, 0, 0, 0);
}

static void
signal_child (int signum)
{
  if (!tree.reaped)
    sys (SYS_kill, tree.child, signum, 0, 0, 0);
}

/* Its group, unless that is excepted, and itself, when it is not in there. */
static void
signal_known (int signum,
              int except)
{
  if (tree.reaped)
    return;
  if (except == 0)
    sys (SYS_kill, -tree.child, signum, 0, 0, 0);
  if (sys (SYS_getpgid, tree.child, 0, 0, 0, 0) != tree.child)
    signal_child (signum);
}

static int
is_dead (const struct relative *relative)
{
  return relative->state == 'Z' || relative->state == 'X';
}

/* Everybody but the members of the group @except, 0 for none. */
static void
signal_tree (int signum,
             int except)
{
  find_tree ();
  for (int i = 0; i < tree.n_members; i++)
    if (!is_dead (&tree.members[i]) && (except == 0 || tree.members[i].group != except))
      signal_one (&tree.members[i], signum);
  close_proc ();
  if (!tree.visible)
    signal_known (signum, except);
}

/* Each once, as who catches a signal may do much about it. Who is stopped could not hear it, and so is continued. */
static void
ask_tree (int signum)
{
  find_tree ();
  for (int i = 0; i < tree.n_members; i++)
    {
      const struct relative *relative = &tree.members[i];

      if (is_dead (relative) || has_pid (tree.was_asked, relative->shown))
        continue;
      put_pid (tree.was_asked, relative->shown, 1);
      signal_one (relative, signum);
      signal_one (relative, SIGCONT);
    }
  close_proc ();
  if (tree.visible || has_pid (tree.was_asked, tree.child))
    return;
  put_pid (tree.was_asked, tree.child, 1);
  signal_known (signum, 0);
  signal_known (SIGCONT, 0);
}
