/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * From asking for a child, in a process group of its own, to having its output and its exit status. The bare figure is posix_spawn and
 * waitpid and nothing else; the equal one makes a pipe and a group and reads the pipe to its end, too. What GSubprocess takes that the
 * library is built on, on its fastest path and without reading anything, is measured as a third, so that it can be told apart; and both
 * once more with a program that does nothing but execute the one that is wanted, which is what a helper takes at the least. The last of
 * these is what nothing can go below that starts a helper through GSubprocess.
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

/* @argv after a program that executes it. */
static const char **
with_execution (const char *const *argv)
{
  guint        n = g_strv_length ((char **) argv);
  const char **executed = g_new0 (const char *, n + 2);

  executed[0] = BENCH_EXEC;
  for (guint i = 0; i < n; i++)
    executed[i + 1] = argv[i];
  return executed;
}

static void
add_ratio (BenchReport *report,
           const char  *key,
           const char  *value,
           const char  *base)
{
  bench_report_add (report, key, bench_report_get_median (report, value) / bench_report_get_median (report, base));
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

/* What a big program has touched is what a fork would have to copy the tables of. It is there for this only: what is measured beside it, in
 * turn and so on a machine that is as busy, is a small program. */
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
  bench_report_add (report, "touched", measure (options, argv, n));
  bench_report_add (report, "bare_touched", measure_bare (argv, n));
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

  g_autofree const char **executed = with_execution (argv);

  bench_report_set_unit (report, "µs");
  allow_many_descriptors ();
  for (guint i = 0; i < options->runs; i++)
    {
      bench_report_add (report, "figure", measure (options, argv, n));
      bench_report_add (report, "bare", measure_bare (argv, n));
      if (options->touched_mib > 0)
        measure_touched (options, argv, n, report);
      bench_report_add (report, "equal", measure_equal (argv, n));
      bench_report_add (report, "executed", measure_bare (executed, n));
      bench_report_add (report, "gsubprocess", measure_gsubprocess (argv, n));
      bench_report_add (report, "gsubprocess_executed", measure_gsubprocess (executed, n));
    }
  add_ratio (report, "executed_ratio", "executed", "bare");
  add_ratio (report, "gsubprocess_executed_ratio", "gsubprocess_executed", "bare");
  add_ratio (report, "over_gsubprocess_executed", "figure", "gsubprocess_executed");
  add_ratio (report, "gsubprocess_ratio", "figure", "gsubprocess");
  if (options->concurrent > 0)
    {
      bench_report_add (report, "concurrent_10", measure_concurrent (options, MIN (options->concurrent, 10)));
      bench_report_add (report, "concurrent", measure_concurrent (options, options->concurrent));
      add_ratio (report, "concurrent_ratio", "concurrent", "concurrent_10");
    }
  if (options->touched_mib > 0)
    {
      add_ratio (report, "touched_ratio", "touched", "figure");
      add_ratio (report, "bare_touched_ratio", "bare_touched", "bare");
    }
}
