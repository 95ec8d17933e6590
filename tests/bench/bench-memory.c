/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

/*
 * By how much the peak of resident memory grows while a child writes and its only subscriber, a lossy one, takes nothing, and, in the
 * same run, while a bare loop reads the same child into one buffer. What the library is allowed is the window that was configured
 * (buffer), and little more. Then what a million chunks of 10 bytes take that are kept for replay, and what
 * 100,000 lines of 80 bytes take in a log model, of which the lines themselves are 7.6 MiB.
 */

#define DEFAULT_BYTES (G_GUINT64_CONSTANT (4) << 30)
#define QUICK_BYTES (8 << 20)
#define DEFAULT_CHUNKS 1000000
#define QUICK_CHUNKS 1000
#define DEFAULT_LINES 100000
#define LINE_SIZE 80
#define MIB (1024.0 * 1024.0)

/* In MiB, from /proc/self/status. */
static double
get_status (const char *field)
{
  g_autofree char *contents = NULL;
  const char      *value;

  if (!g_file_get_contents ("/proc/self/status", &contents, NULL, NULL) || !(value = strstr (contents, field)))
    g_error ("/proc/self/status has no %s", field);
  return g_ascii_strtod (value + strlen (field) + 1, NULL) / 1024;
}

static void
reset_peak (void)
{
  int fd = open ("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

  malloc_trim (0);
  if (fd < 0 || write (fd, "5", 1) != 1)
    g_error ("The peak of memory cannot be reset: %s", g_strerror (errno));
  close (fd);
}

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          gboolean         *called)
{
  *called = TRUE;
}

static gboolean
is_open (ProcstreamOutput *output)
{
  ProcstreamOutputState state = procstream_output_get_state (output);

  return state == PROCSTREAM_OUTPUT_STATE_OPEN || state == PROCSTREAM_OUTPUT_STATE_PAUSED;
}

static double
measure_stalled (const BenchOptions *options,
                 const char *const  *argv,
                 double              before)
{
  BenchChild child;
  double     growth;
  gboolean   called = FALSE;

  reset_peak ();
  bench_child_create (&child, options, argv);
  g_signal_connect (child.output, "chunk", G_CALLBACK (chunk_cb), &called);
  bench_child_start (&child);
  /* Until the loop runs for the first time, the beginning is held for who may still connect. */
  while (!called)
    g_main_context_iteration (NULL, TRUE);
  while (is_open (child.output))
    g_usleep (10000);
  growth = get_status ("VmHWM:") - before;
  g_signal_handlers_disconnect_by_data (child.output, &called);
  bench_child_finish (&child);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return growth;
}

/* The loop has used its buffer, however little of that the kernel has counted. */
static double
measure_bare (const char *const *argv)
{
  BenchFlood flood;
  double     before;

  reset_peak ();
  before = get_status ("VmRSS:");
  bench_bare_flood (argv, 0, FALSE, &flood);
  return MAX (get_status ("VmHWM:") - before, BENCH_BARE_BUFFER_SIZE / MIB);
}

/* The program writes them itself, each after the one before it was read, so that they stay chunks. */
static double
measure_retained (guint n)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (GError) error = NULL;
  int    fds[2];
  double before = get_status ("VmRSS:");

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  if (pipe2 (fds, O_CLOEXEC) < 0)
    g_error ("pipe2: %s", g_strerror (errno));
  output = procstream_output_new_take_fd (fds[0], "retained", config, &error);
  if (output == NULL)
    g_error ("%s", error->message);
  for (guint i = 0; i < n; i++)
    {
      if (write (fds[1], "0123456789", 10) != 10)
        g_error ("write: %s", g_strerror (errno));
      while (procstream_output_get_bytes_received (output) < (i + 1) * 10)
        g_main_context_iteration (NULL, FALSE);
    }
  close (fds[1]);
  return get_status ("VmRSS:") - before;
}

/* What @n lines of @size bytes take in a log model, once they are in the list. */
static double
measure_log (guint n,
             guint size)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamLogModel) model = g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", n, NULL);
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (ProcstreamConsumer) consumer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strnfill (size, 'x');
  double           before;
  int              fds[2];

  procstream_output_config_set_reader (config, PROCSTREAM_READER_MODE_CONTEXT);
  if (pipe2 (fds, O_CLOEXEC) < 0)
    g_error ("pipe2: %s", g_strerror (errno));
  output = procstream_output_new_take_fd (fds[0], "log", config, &error);
  if (output == NULL || !(consumer = procstream_log_model_follow (model, output, &error)))
    g_error ("%s", error->message);
  line[size - 1] = '\n';
  malloc_trim (0);
  before = get_status ("VmRSS:");
  for (guint i = 0; i < n; i++)
    {
      if (write (fds[1], line, size) != size)
        g_error ("write: %s", g_strerror (errno));
      while (procstream_output_get_bytes_received (output) < (guint64) (i + 1) * size)
        g_main_context_iteration (NULL, FALSE);
    }
  while (g_list_model_get_n_items (G_LIST_MODEL (model)) < n)
    g_main_context_iteration (NULL, TRUE);
  close (fds[1]);
  return get_status ("VmRSS:") - before;
}

void
bench_memory (const BenchOptions *options,
              BenchReport        *report)
{
  guint64 bytes = options->bytes > 0 ? options->bytes : options->quick ? QUICK_BYTES
                                                                       : DEFAULT_BYTES;
  g_auto (GStrv) argv = bench_argv (options, "chunks", bytes);
  g_autoptr (ProcstreamOutputConfig) config = NULL;
  BenchOptions used = *options;
  double       before;

  /* Only a lossy one is not waited for, and only a thread of its own can read while the program does nothing. */
  used.delivery = PROCSTREAM_DELIVERY_LOSSY;
  used.reader = PROCSTREAM_READER_MODE_THREAD;
  used.consumer = BENCH_CONSUMER_SIGNAL;
  used.subscribers = 1;
  config = bench_config_new (&used);
  bench_report_set_options (report, &used);
  bench_report_set_unit (report, "MiB");
  /* What the library keeps from one run to the next counts in each. */
  before = get_status ("VmRSS:");
  for (guint i = 0; i < options->runs; i++)
    {
      bench_report_add (report, "figure", measure_stalled (&used, (const char *const *) argv, before));
      bench_report_add (report, "bare", measure_bare ((const char *const *) argv));
    }
  bench_report_add (report, "buffer", procstream_output_config_get_max_buffered_bytes (config) / MIB);
  bench_report_add (report, "retained_chunks", measure_retained (options->quick ? QUICK_CHUNKS : DEFAULT_CHUNKS));
  bench_report_add (report, "log_lines", measure_log (options->quick ? QUICK_CHUNKS : DEFAULT_LINES, LINE_SIZE));
}
