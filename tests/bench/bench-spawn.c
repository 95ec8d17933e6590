/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * From asking for a child, in a process group of its own, to having its output and its exit status. The bare figure is posix_spawn and
 * waitpid and nothing else; the equal one makes a pipe and a group and reads the pipe to its end, too. What GSubprocess takes that the
 * library is built on, on its fastest path and without reading anything, is measured as a third, so that it can be told apart.
 */

#define DEFAULT_SPAWNS 200
#define QUICK_SPAWNS 3

static ProcstreamLauncher *
launcher_new (const BenchOptions *options)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamOutputConfig) config = bench_config_new (options);

  procstream_launcher_set_stdout_config (launcher, config);
  procstream_launcher_set_containment (launcher, PROCSTREAM_CONTAINMENT_GROUP);
  return launcher;
}

typedef struct
{
  ProcstreamChild    *child;
  ProcstreamConsumer *collector;
} Job;

static void
job_start (Job                *job,
           ProcstreamLauncher *launcher,
           const char *const  *argv)
{
  g_autoptr (GError) error = NULL;

  job->child = procstream_launcher_create (launcher, argv, &error);
  if (job->child == NULL)
    g_error ("%s", error->message);
  job->collector = PROCSTREAM_CONSUMER (procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST));
  if (!procstream_output_attach (procstream_child_get_stdout (job->child), job->collector, &error) ||
      !procstream_child_start (job->child, &error))
    g_error ("%s", error->message);
}

/* How many bytes it wrote. */
static guint64
job_finish (Job *job)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes;

  if (!procstream_child_wait (job->child, PROCSTREAM_NO_TIMEOUT, NULL, &error) ||
      !procstream_consumer_wait (job->collector, PROCSTREAM_NO_TIMEOUT, NULL, &error))
    g_error ("%s", error->message);
  if (procstream_child_get_exit_code (job->child) != 0)
    g_error ("A child failed");
  bytes = procstream_collector_get_bytes_seen (PROCSTREAM_COLLECTOR (job->collector));
  g_clear_object (&job->collector);
  g_clear_object (&job->child);
  return bytes;
}

/* Microseconds per child, one after the other. */
static double
measure (const BenchOptions *options,
         const char *const  *argv,
         guint               n)
{
  g_autoptr (ProcstreamLauncher) launcher = launcher_new (options);
  double begin = bench_now ();

  for (guint i = 0; i < n; i++)
    {
      Job job;

      job_start (&job, launcher, argv);
      job_finish (&job);
    }
  return (bench_now () - begin) * 1e6 / n;
}

static double
measure_bare (const char *const *argv,
              guint              n)
{
  double begin = bench_now ();

  for (guint i = 0; i < n; i++)
    bench_bare_reap (bench_bare_spawn (argv, 0, NULL));
  return (bench_now () - begin) * 1e6 / n;
}

static double
measure_equal (const char *const *argv,
               guint              n)
{
  double begin = bench_now ();

  for (guint i = 0; i < n; i++)
    {
      BenchFlood flood;

      bench_bare_flood (argv, 0, FALSE, &flood);
    }
  return (bench_now () - begin) * 1e6 / n;
}

static double
measure_gsubprocess (const char *const *argv,
                     guint              n)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);
  double begin = bench_now ();

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSubprocess) child = g_subprocess_launcher_spawnv (launcher, argv, &error);

      if (!child || !g_subprocess_wait (child, NULL, &error))
        g_error ("%s", error->message);
    }
  return (bench_now () - begin) * 1e6 / n;
}

/* Microseconds per child when @n run at the same time. Nothing of any of them may be missing. */
static double
measure_concurrent (const BenchOptions *options,
                    guint               n)
{
  const char *const argv[] = { "/bin/sh", "-c", "read -r x < /dev/null; echo $$", NULL };
  g_autoptr (ProcstreamLauncher) launcher = launcher_new (options);
  g_autofree Job *jobs = g_new0 (Job, n);
  double          begin = bench_now ();

  for (guint i = 0; i < n; i++)
    job_start (&jobs[i], launcher, argv);
  for (guint i = 0; i < n; i++)
    if (job_finish (&jobs[i]) < 2)
      g_error ("Output of a child is missing");
  return (bench_now () - begin) * 1e6 / n;
}

static void
allow_many_descriptors (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* What a big program has touched is what a fork would have to copy the tables of. */
static void
measure_touched (const BenchOptions *options,
                 const char *const  *argv,
                 guint               n,
                 BenchReport        *report)
{
  gsize    size = (gsize) options->touched_mib << 20;
  gpointer memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    g_error ("There is no such memory");
  memset (memory, 1, size);
  for (guint i = 0; i < options->runs; i++)
    {
      bench_report_add (report, "touched", measure (options, argv, n));
      bench_report_add (report, "bare_touched", measure_bare (argv, n));
    }
  bench_report_add (report, "touched_ratio",
                    bench_report_get_median (report, "touched") / bench_report_get_median (report, "figure"));
  munmap (memory, size);
}

void
bench_spawn (const BenchOptions *options,
             BenchReport        *report)
{
  const char *const  idle[] = { "/bin/true", NULL };
  const char *const *argv = options->child ? (const char *const *) options->child : idle;
  guint              n = options->bytes > 0 ? options->bytes : options->quick ? QUICK_SPAWNS
                                                                              : DEFAULT_SPAWNS;

  bench_report_set_unit (report, "µs");
  allow_many_descriptors ();
  for (guint i = 0; i < options->runs; i++)
    {
      bench_report_add (report, "figure", measure (options, argv, n));
      bench_report_add (report, "bare", measure_bare (argv, n));
      bench_report_add (report, "equal", measure_equal (argv, n));
      bench_report_add (report, "gsubprocess", measure_gsubprocess (argv, n));
    }
  bench_report_add (report, "gsubprocess_ratio",
                    bench_report_get_median (report, "figure") / bench_report_get_median (report, "gsubprocess"));
  if (options->concurrent > 0)
    {
      bench_report_add (report, "concurrent_10", measure_concurrent (options, MIN (options->concurrent, 10)));
      bench_report_add (report, "concurrent", measure_concurrent (options, options->concurrent));
      bench_report_add (report, "concurrent_ratio",
                        bench_report_get_median (report, "concurrent") / bench_report_get_median (report, "concurrent_10"));
    }
  if (options->touched_mib > 0)
    measure_touched (options, argv, n, report);
}
