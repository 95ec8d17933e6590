/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a program without any library would do, and so what the kernel allows. */

int
bench_bare_spawn (const char *const *argv,
                  int                pipe_size,
                  int               *fd)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t          attributes;
  int                        fds[2] = { -1, -1 };
  pid_t                      pid;
  int                        result;

  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  if (fd)
    {
      if (pipe2 (fds, O_CLOEXEC) < 0)
        g_error ("pipe2: %s", g_strerror (errno));
      if (pipe_size > 0 && fcntl (fds[0], F_SETPIPE_SZ, pipe_size) < 0)
        g_printerr ("F_SETPIPE_SZ: %s\n", g_strerror (errno));
      posix_spawn_file_actions_adddup2 (&actions, fds[1], STDOUT_FILENO);
      posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP);
    }
  result = posix_spawnp (&pid, argv[0], &actions, &attributes, (char *const *) argv, environ);
  if (result != 0)
    g_error ("%s: %s", argv[0], g_strerror (result));
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  if (fd)
    {
      close (fds[1]);
      *fd = fds[0];
    }
  return pid;
}

void
bench_bare_reap (int pid)
{
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    ;
}

static guint64
count_newlines (const char *data,
                size_t      size)
{
  const char *end = data + size;
  guint64     n = 0;

  while ((data = memchr (data, '\n', end - data)) != NULL)
    {
      n++;
      data++;
    }
  return n;
}

void
bench_bare_flood (const char *const *argv,
                  int                pipe_size,
                  gboolean           count_lines,
                  BenchFlood        *flood)
{
  static char buffer[BENCH_BARE_BUFFER_SIZE];
  double      begin = bench_now ();
  int         fd;
  int         pid = bench_bare_spawn (argv, pipe_size, &fd);
  ssize_t     n;

  memset (flood, 0, sizeof *flood);
  while ((n = read (fd, buffer, sizeof buffer)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        g_error ("read: %s", g_strerror (errno));
      flood->bytes += n;
      if (count_lines)
        flood->lines += count_newlines (buffer, n);
    }
  flood->seconds = bench_now () - begin;
  close (fd);
  bench_bare_reap (pid);
}

/* The bytes that ask for an answer go through the program's own standard input, which the child inherits; see bench-latency.c. */
void
bench_bare_latency (const char *const *argv,
                    guint              n,
                    GArray            *microseconds)
{
  char          line[BENCH_BARE_BUFFER_SIZE];
  int           fds[2];
  int           fd;
  int           pid;
  int           saved = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  struct pollfd set;

  if (pipe2 (fds, O_CLOEXEC) < 0)
    g_error ("pipe2: %s", g_strerror (errno));
  dup2 (fds[0], STDIN_FILENO);
  close (fds[0]);
  pid = bench_bare_spawn (argv, 0, &fd);
  set = (struct pollfd){ .fd = fd, .events = POLLIN };
  for (guint i = 0; i < n; i++)
    {
      double latency;

      if (write (fds[1], "x", 1) != 1 || poll (&set, 1, -1) != 1 || read (fd, line, sizeof line) <= 0)
        g_error ("The child does not answer");
      latency = (bench_now () - g_ascii_strtoll (line, NULL, 10) / 1e9) * 1e6;
      g_array_append_val (microseconds, latency);
    }
  close (fds[1]);
  close (fd);
  bench_bare_reap (pid);
  dup2 (saved, STDIN_FILENO);
  close (saved);
}
