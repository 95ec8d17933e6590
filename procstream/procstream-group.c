/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-group-private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The kernel answers for a group as long as it has a member, and a member that is dead counts until somebody has waited for it. An orphan
 * is waited for by the init process of its namespace, which in a container may be a program that never does. So whether there is
 * anybody left to wait for can only be read from /proc.
 */

static gboolean
read_stat (int         proc_fd,
           const char *pid,
           char       *buffer,
           gsize       size)
{
  char   path[64];
  int    fd;
  gssize got;

  g_snprintf (path, sizeof path, "%s/stat", pid);
  fd = openat (proc_fd, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  got = read (fd, buffer, size - 1);
  close (fd);
  if (got <= 0)
    return FALSE;
  buffer[got] = '\0';
  return TRUE;
}

static void
count_in (ProcstreamGroupCensus *census,
          int                    pid,
          char                   state)
{
  if (state == 'Z' || state == 'X')
    {
      census->zombies++;
      return;
    }
  if (census->living < G_N_ELEMENTS (census->pids))
    census->pids[census->living] = pid;
  census->living++;
}

static void
count_one (ProcstreamGroupQuery *queries,
           guint                 n,
           const char           *stat)
{
  /* The name of the program, in parentheses, may hold anything. */
  const char *rest = strrchr (stat, ')');
  char        state;
  int         parent, group, session;

  if (rest == NULL || sscanf (rest, ") %c %d %d %d", &state, &parent, &group, &session) != 4)
    return;
  for (guint i = 0; i < n; i++)
    if (queries[i].group == group && (queries[i].session == session || session == group))
      count_in (&queries[i].census, atoi (stat), state);
}

/* FALSE: it is that of another namespace of processes, where each number is somebody else's. */
static gboolean
is_own (int proc_fd)
{
  char   own[16], target[16];
  gssize length = readlinkat (proc_fd, "self", target, sizeof target);
  int    expected = g_snprintf (own, sizeof own, "%d", getpid ());

  return length == expected && memcmp (own, target, (gsize) expected) == 0;
}

gboolean
procstream_group_count_all (ProcstreamGroupQuery *queries,
                            guint                 n)
{
  DIR           *dir = opendir ("/proc");
  struct dirent *entry;
  gboolean       any = FALSE;

  for (guint i = 0; i < n; i++)
    queries[i].census = (ProcstreamGroupCensus){ 0 };
  if (dir == NULL)
    return FALSE;
  if (!is_own (dirfd (dir)))
    {
      closedir (dir);
      return FALSE;
    }
  while ((entry = readdir (dir)))
    {
      char stat[512];

      if (!g_ascii_isdigit (entry->d_name[0]) || !read_stat (dirfd (dir), entry->d_name, stat, sizeof stat))
        continue;
      any = TRUE;
      count_one (queries, n, stat);
    }
  closedir (dir);
  return any;
}

gboolean
procstream_group_count (int                    group,
                        int                    session,
                        ProcstreamGroupCensus *census)
{
  ProcstreamGroupQuery query = { .group = group, .session = session };
  gboolean             readable = procstream_group_count_all (&query, 1);

  *census = query.census;
  return readable;
}
