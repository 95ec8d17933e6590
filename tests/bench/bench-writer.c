/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include "procstream-pipe-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <spawn.h>
#include <unistd.h>

/*
 * How many bytes per second a writer brings from a child that writes as fast as it can to a file, from before its start until everything
 * is written. Beside it, the same child whose output is that file itself, and, as the equal one, a loop that reads the same child from a
 * pipe as large as the library's and writes what came: what is possible where the bytes pass through the program. All files are in the
 * directory for temporary ones, and each is removed before the next is written.
 */

#define DEFAULT_BYTES (G_GUINT64_CONSTANT (1) << 29)
#define QUICK_BYTES (1 << 20)

static void
remove_file (const char *path,
             guint64     expected)
{
  GStatBuf info;

  if (g_stat (path, &info) != 0 || (guint64) info.st_size != expected)
    g_error ("%s does not hold %" G_GUINT64_FORMAT " bytes", path, expected);
  g_unlink (path);
}

static double
measure_bare (const char *const *argv,
              const char        *path,
              guint64            bytes)
{
  posix_spawn_file_actions_t actions;
  double                     begin = bench_now ();
  double                     seconds;
  pid_t                      pid;
  int                        result;

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  result = posix_spawnp (&pid, argv[0], &actions, NULL, (char *const *) argv, environ);
  if (result != 0)
    g_error ("%s: %s", argv[0], g_strerror (result));
  posix_spawn_file_actions_destroy (&actions);
  bench_bare_reap (pid);
  seconds = bench_now () - begin;
  remove_file (path, bytes);
  return bytes / seconds;
}

static void
copy (int in,
      int out)
{
  static char buffer[BENCH_BARE_BUFFER_SIZE];
  ssize_t     n;

  while ((n = read (in, buffer, sizeof buffer)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 || write (out, buffer, n) != n)
        g_error ("copying: %s", g_strerror (errno));
    }
}

static double
measure_equal (const char *const *argv,
               const char        *path,
               guint64            bytes)
{
  double begin = bench_now ();
  double seconds;
  int    out = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int    in;
  int    pid = bench_bare_spawn (argv, PROCSTREAM_PIPE_ENLARGED_SIZE, &in);

  if (out < 0)
    g_error ("%s: %s", path, g_strerror (errno));
  copy (in, out);
  close (in);
  close (out);
  bench_bare_reap (pid);
  seconds = bench_now () - begin;
  remove_file (path, bytes);
  return bytes / seconds;
}

static double
measure (const BenchOptions *options,
         const char *const  *argv,
         ProcstreamWriteMode mode,
         const char         *path,
         guint64             bytes)
{
  g_autoptr (ProcstreamWriter) writer = procstream_writer_new_for_path (path, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (GError) error = NULL;
  BenchChild child;
  double     begin = bench_now ();
  double     seconds;

  bench_child_create (&child, options, argv);
  procstream_writer_set_write_mode (writer, mode);
  if (!procstream_output_attach (child.output, PROCSTREAM_CONSUMER (writer), &error))
    g_error ("%s", error->message);
  bench_child_start (&child);
  if (!procstream_consumer_wait (PROCSTREAM_CONSUMER (writer), PROCSTREAM_NO_TIMEOUT, NULL, &error))
    g_error ("%s", error->message);
  seconds = bench_now () - begin;
  bench_child_finish (&child);
  remove_file (path, bytes);
  return bytes / seconds;
}

void
bench_writer (const BenchOptions *options,
              BenchReport        *report)
{
  guint64          bytes = options->bytes > 0 ? options->bytes : options->quick ? QUICK_BYTES
                                                                                : DEFAULT_BYTES;
  g_autofree char *directory = g_dir_make_tmp ("procstream-bench-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "output", NULL);
  g_auto (GStrv) argv = NULL;
  const char *const *args;

  /* Lines of 80, so that both ways of writing give the same. */
  bytes -= bytes % 80;
  argv = bench_argv (options, "lines", bytes);
  args = (const char *const *) argv;
  bench_report_set_unit (report, "GB/s");
  for (guint i = 0; i < options->runs; i++)
    {
      bench_report_add (report, "bare", 1e-9 * measure_bare (args, path, bytes));
      bench_report_add (report, "equal", 1e-9 * measure_equal (args, path, bytes));
      bench_report_add (report, "figure", 1e-9 * measure (options, args, PROCSTREAM_WRITE_MODE_BYTES, path, bytes));
      bench_report_add (report, "as_lines", 1e-9 * measure (options, args, PROCSTREAM_WRITE_MODE_LINES, path, bytes));
    }
  g_rmdir (directory);
}
