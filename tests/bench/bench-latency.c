/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * From just before a child writes one line to the first instruction of what is called with it. The child writes one for each byte that
 * it is sent, so both sides sleep in between. The bytes go through the program's own standard input, which the child inherits: the
 * library's way of writing to a child is not a part of this.
 */

#define DEFAULT_LINES 20000
#define QUICK_LINES 20

typedef struct
{
  GArray *microseconds; /* of double; of the thread that calls */
  guint   left;
  int     ask; /* -1: the child was told to end */
  gint    done;
} Run;

static void
ask (Run *run)
{
  if (run->left-- > 0)
    {
      if (write (run->ask, "x", 1) != 1)
        g_error ("write: %s", g_strerror (errno));
      return;
    }
  close (g_steal_fd (&run->ask));
  g_atomic_int_set (&run->done, TRUE);
  g_main_context_wakeup (NULL);
}

static void
answered (gpointer    data,
          const char *line)
{
  double now = bench_now ();
  Run   *run = data;
  double latency = (now - g_ascii_strtoll (line, NULL, 10) / 1e9) * 1e6;

  g_array_append_val (run->microseconds, latency);
  ask (run);
}

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         Run              *run)
{
  answered (run, line);
}

static void
read_lines (Run              *run,
            ProcstreamReader *reader)
{
  char *line;

  while ((line = procstream_reader_read_line (reader, PROCSTREAM_NO_TIMEOUT, NULL, NULL)) != NULL)
    {
      answered (run, line);
      g_free (line);
    }
}

static ProcstreamConsumer *
listen_to (const BenchOptions *options,
           ProcstreamOutput   *output,
           Run                *run)
{
  ProcstreamConsumer *consumer;
  g_autoptr (GError) error = NULL;

  if (options->consumer == BENCH_CONSUMER_SIGNAL || options->consumer == BENCH_CONSUMER_BATCH)
    {
      g_signal_connect (output, "line", G_CALLBACK (line_cb), run);
      return NULL;
    }
  if (options->consumer == BENCH_CONSUMER_READER)
    consumer = PROCSTREAM_CONSUMER (procstream_reader_new ());
  else
    consumer = PROCSTREAM_CONSUMER (bench_counter_new (TRUE));
  if (options->consumer == BENCH_CONSUMER_NATIVE)
    bench_counter_set_line_func (BENCH_COUNTER (consumer), answered, run);
  if (!procstream_output_attach (output, consumer, &error))
    g_error ("%s", error->message);
  return consumer;
}

static void
measure (const BenchOptions *options,
         const char *const  *argv,
         guint               n,
         GArray             *microseconds)
{
  Run        run = { .microseconds = microseconds, .left = n };
  BenchChild child;
  int        saved = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  int        fds[2];
  g_autoptr (ProcstreamConsumer) consumer = NULL;

  if (pipe2 (fds, O_CLOEXEC) < 0)
    g_error ("pipe2: %s", g_strerror (errno));
  dup2 (fds[0], STDIN_FILENO);
  close (fds[0]);
  run.ask = fds[1];
  bench_child_create (&child, options, argv);
  consumer = listen_to (options, child.output, &run);
  bench_child_start (&child);
  ask (&run);
  if (options->consumer == BENCH_CONSUMER_READER)
    read_lines (&run, PROCSTREAM_READER (consumer));
  while (!g_atomic_int_get (&run.done))
    g_main_context_iteration (NULL, TRUE);
  g_signal_handlers_disconnect_by_data (child.output, &run);
  bench_child_finish (&child);
  dup2 (saved, STDIN_FILENO);
  close (saved);
}

void
bench_latency (const BenchOptions *options,
               BenchReport        *report)
{
  guint n = options->bytes > 0 ? options->bytes : options->quick ? QUICK_LINES
                                                                 : DEFAULT_LINES;
  g_auto (GStrv) argv = bench_argv (options, "answer", 0);
  const char *const *args = (const char *const *) argv;

  bench_report_set_unit (report, "µs");
  for (guint i = 0; i < options->runs; i++)
    {
      g_autoptr (GArray) bare = g_array_new (FALSE, FALSE, sizeof (double));
      g_autoptr (GArray) ours = g_array_new (FALSE, FALSE, sizeof (double));

      bench_bare_latency (args, n, bare);
      measure (options, args, n, ours);
      bench_report_add (report, "figure", bench_quantile (ours, 0.5));
      bench_report_add (report, "bare", bench_quantile (bare, 0.5));
      bench_report_add (report, "p99", bench_quantile (ours, 0.99));
      bench_report_add (report, "bare_p99", bench_quantile (bare, 0.99));
    }
}
