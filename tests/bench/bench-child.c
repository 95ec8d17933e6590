/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The children that are measured: modes of the program itself, so that it needs no other. They use no GLib, whose start would be a
 * part of what is measured. */

#define BLOCK_SIZE 65536
#define LINE_SIZE 80

static gboolean
write_all (const char *data,
           size_t      size)
{
  while (size > 0)
    {
      ssize_t n = write (STDOUT_FILENO, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      size -= n;
    }
  return TRUE;
}

static void
flood (unsigned long long n,
       int                line_size)
{
  static char block[BLOCK_SIZE + LINE_SIZE];

  memset (block, 'x', sizeof block);
  for (size_t i = LINE_SIZE - 1; line_size > 0 && i < sizeof block; i += LINE_SIZE)
    block[i] = '\n';
  /* A block of lines begins wherever the one before it ended. */
  for (unsigned long long done = 0; done < n;)
    {
      size_t size = n - done < BLOCK_SIZE ? n - done : BLOCK_SIZE;

      if (!write_all (block + done % LINE_SIZE, size))
        return;
      done += size;
    }
}

/* For each byte that it reads, a line with the time of its writing. */
static void
answer (void)
{
  char            byte;
  char            line[LINE_SIZE + 1];
  struct timespec now;

  while (read (STDIN_FILENO, &byte, 1) == 1)
    {
      clock_gettime (CLOCK_MONOTONIC, &now);
      snprintf (line, sizeof line, "%-79lld\n", (long long) now.tv_sec * 1000000000 + now.tv_nsec);
      if (!write_all (line, LINE_SIZE))
        return;
    }
}

int
bench_child_main (int    argc,
                  char **argv)
{
  unsigned long long n = argc > 1 ? strtoull (argv[1], NULL, 10) : 0;

  if (argc < 1)
    return 2;
  if (strcmp (argv[0], "chunks") == 0)
    flood (n, 0);
  else if (strcmp (argv[0], "lines") == 0)
    flood (n, LINE_SIZE);
  else if (strcmp (argv[0], "answer") == 0)
    answer ();
  else
    return 2;
  return 0;
}

char **
bench_argv (const BenchOptions *options,
            const char         *mode,
            guint64             n)
{
  g_autofree char *self = NULL;
  g_autofree char *count = g_strdup_printf ("%" G_GUINT64_FORMAT, n);
  const char      *argv[] = { NULL, "--child", mode, count, NULL };

  if (options->child)
    return g_strdupv (options->child);
  self = g_file_read_link ("/proc/self/exe", NULL);
  argv[0] = self;
  return g_strdupv ((char **) argv);
}
