/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* A part of procstream-helper.c: a control group for the tree, where there may be one.
 *
 * A guard whose own group (of version 2) was delegated, as the attributes say that systemd sets, makes one below it for the child. The kernel
 * then kills all of it at one blow (cgroup.kill), whatever /proc shows and however fast the tree grows. It makes nothing else of it, and what is
 * missing or refused is no failure: all the guard promises it does without. The group goes with the guard; one that is killed leaves an
 * empty one. */

#define CGROUP_PATH_MAX 4096

static struct
{
  int  own; /* the directory, -1: none is used; set by make_cgroup() */
  int  leaf;
  char name[sizeof "procstream-" + 12];
} cgroup;

static long
append (char       *text,
        long        length,
        const char *more)
{
  while (*more && length < CGROUP_PATH_MAX)
    text[length++] = *more++;
  text[length] = '\0';
  return length;
}

/* "0::/a/path" is a line of its own. */
static const char *
find_cgroup (char *text)
{
  char *line = text;

  for (char *at = text; *at; at++)
    if (*at == '\n')
      {
        *at = '\0';
        if (line[0] == '0' && line[1] == ':' && line[2] == ':')
          return line + 3;
        line = at + 1;
      }
  return NULL;
}

static int
open_cgroup (void)
{
  static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
  static char              text[CGROUP_PATH_MAX + 1];
  static char              path[CGROUP_PATH_MAX + 1];
  const char              *own;
  long                     fd = sys (SYS_openat, AT_FDCWD, (long) "/proc/self/cgroup", O_RDONLY | O_CLOEXEC, 0, 0);
  long                     size = fd < 0 ? 0 : sys (SYS_read, fd, (long) text, CGROUP_PATH_MAX, 0, 0);

  if (fd >= 0)
    sys (SYS_close, fd, 0, 0, 0, 0);
  text[size < 0 ? 0 : size] = '\0';
  own = find_cgroup (text);
  for (int i = 0; own && i < 2; i++)
    {
      append (path, append (path, 0, roots[i]), own);
      fd = sys (SYS_openat, AT_FDCWD, (long) path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
      if (fd < 0)
        continue;
      if (sys (SYS_faccessat, fd, (long) "cgroup.controllers", 0 /* F_OK */, 0, 0) == 0)
        return (int) fd;
      sys (SYS_close, fd, 0, 0, 0, 0);
    }
  return -1;
}

static int
is_delegated (int fd)
{
  char value = 0;

  return (sys (SYS_fgetxattr, fd, (long) "user.delegate", (long) &value, sizeof value, 0) == sizeof value ||
          sys (SYS_fgetxattr, fd, (long) "trusted.delegate", (long) &value, sizeof value, 0) == sizeof value) &&
         value == '1';
}

/* In the guard, before there is a child. */
static void
make_cgroup (int self)
{
  int   own = open_cgroup ();
  char *name;

  cgroup.own = cgroup.leaf = -1;
  if (own < 0)
    return;
  name = cgroup.name + append (cgroup.name, 0, "procstream-");
  name[format_number (self, name)] = '\0';
  if (is_delegated (own) && sys (SYS_mkdirat, own, (long) cgroup.name, 0755, 0, 0) == 0)
    {
      cgroup.own = own;
      cgroup.leaf = (int) sys (SYS_openat, own, (long) cgroup.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
      return;
    }
  sys (SYS_close, own, 0, 0, 0, 0);
}

static void
write_cgroup (const char *file,
              const char *digit)
{
  long fd = cgroup.leaf < 0 ? -1 : sys (SYS_openat, cgroup.leaf, (long) file, O_WRONLY | O_CLOEXEC, 0, 0);

  if (fd < 0)
    return;
  sys (SYS_write, fd, (long) digit, 1, 0, 0);
  sys (SYS_close, fd, 0, 0, 0, 0);
}

/* In the child, before it could have one of its own. */
static void
enter_cgroup (void)
{
  write_cgroup ("cgroup.procs", "0");
}

static void
kill_cgroup (void)
{
  write_cgroup ("cgroup.kill", "1");
}

/* All descriptors but few are about to be closed: its two become @first and the next. */
static void
keep_cgroup (int first)
{
  int own = cgroup.own, leaf = cgroup.leaf;

  if (own < 0)
    return;
  own = (int) sys (SYS_fcntl, own, F_DUPFD_CLOEXEC, first + 2, 0, 0);
  leaf = leaf < 0 ? -1 : (int) sys (SYS_fcntl, leaf, F_DUPFD_CLOEXEC, first + 2, 0, 0);
  cgroup.own = sys (SYS_dup3, own, first, O_CLOEXEC, 0, 0) < 0 ? -1 : first;
  cgroup.leaf = sys (SYS_dup3, leaf, first + 1, O_CLOEXEC, 0, 0) < 0 ? -1 : first + 1;
  /* Whatever was there is not to stay in its place. */
  if (cgroup.leaf < 0)
    sys (SYS_close, first + 1, 0, 0, 0, 0);
}

/* When nobody is left. */
static void
remove_cgroup (void)
{
  if (cgroup.own >= 0)
    sys (SYS_unlinkat, cgroup.own, (long) cgroup.name, AT_REMOVEDIR, 0, 0);
}
