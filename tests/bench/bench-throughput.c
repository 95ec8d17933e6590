/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include "procstream-pipe-private.h"

/*
 * How many bytes, or lines, of a child that writes as fast as it can arrive at every one of the subscribers per second, from before
 * its start to the end of its output. With several subscribers the same is measured with one, in the same runs.
 */

#define DEFAULT_BYTES_OF_CHUNKS (G_GUINT64_CONSTANT (2) << 30)
#define DEFAULT_BYTES_OF_LINES (G_GUINT64_CONSTANT (1) << 29)
#define QUICK_BYTES (1 << 20)

typedef struct
{
  const BenchOptions *options;
  guint               subscribers;
  gboolean            lines;
  ProcstreamOutput   *output;
  GPtrArray          *consumers; /* of ProcstreamConsumer */
  guint64             count;     /* of all subscribers together: bytes, or lines */
  gboolean            ended;
} Run;

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          Run              *run)
{
  run->count += g_bytes_get_size (bytes);
}

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         Run              *run)
{
  run->count++;
}

static void
lines_cb (ProcstreamOutput  *output,
          const char *const *lines,
          Run               *run)
{
  run->count += g_strv_length ((char **) lines);
}

static void
ended_cb (ProcstreamOutput *output,
          const GError     *error,
          Run              *run)
{
  run->ended = TRUE;
}

static void
connect_handlers (Run *run)
{
  for (guint i = 0; i < run->subscribers; i++)
    {
      if (run->options->consumer == BENCH_CONSUMER_BATCH)
        g_signal_connect (run->output, "lines", G_CALLBACK (lines_cb), run);
      else if (run->lines)
        g_signal_connect (run->output, "line", G_CALLBACK (line_cb), run);
      else
        g_signal_connect (run->output, "chunk", G_CALLBACK (chunk_cb), run);
    }
  g_signal_connect (run->output, "ended", G_CALLBACK (ended_cb), run);
}

static void
attach_consumers (Run *run)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < run->subscribers; i++)
    {
      ProcstreamConsumer *consumer;

      if (run->options->consumer == BENCH_CONSUMER_NATIVE)
        consumer = PROCSTREAM_CONSUMER (bench_counter_new (run->lines));
      else
        consumer = PROCSTREAM_CONSUMER (procstream_reader_new ());
      g_ptr_array_add (run->consumers, consumer);
      if (!procstream_output_attach (run->output, consumer, &error))
        g_error ("%s", error->message);
    }
}

static gboolean
all_over (Run *run)
{
  for (guint i = 0; i < run->consumers->len; i++)
    if (procstream_consumer_get_state (g_ptr_array_index (run->consumers, i)) <= PROCSTREAM_CONSUMER_STATE_ATTACHED)
      return FALSE;
  return TRUE;
}

/* FALSE at the end. */
static gboolean
pull (Run              *run,
      ProcstreamReader *reader)
{
  g_autoptr (GError) error = NULL;
  gboolean more;

  if (run->lines)
    {
      g_autofree char *line = procstream_reader_read_line (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error);

      more = line != NULL;
      run->count += more;
    }
  else
    {
      g_autoptr (GBytes) bytes = procstream_reader_next (reader, PROCSTREAM_NO_TIMEOUT, NULL, &error);

      more = bytes != NULL;
      run->count += more ? g_bytes_get_size (bytes) : 0;
    }
  if (error)
    g_error ("%s", error->message);
  return more;
}

static void
run_to_end (Run *run)
{
  g_autoptr (GPtrArray) readers = NULL;

  switch (run->options->consumer)
    {
    case BENCH_CONSUMER_NATIVE:
      while (!all_over (run))
        g_main_context_iteration (NULL, TRUE);
      for (guint i = 0; i < run->consumers->len; i++)
        run->count += bench_counter_get_count (g_ptr_array_index (run->consumers, i));
      break;
    case BENCH_CONSUMER_READER:
      readers = g_ptr_array_copy (run->consumers, NULL, NULL);
      while (readers->len > 0)
        for (guint i = 0; i < readers->len;)
          {
            if (pull (run, g_ptr_array_index (readers, i)))
              i++;
            else
              g_ptr_array_steal_index_fast (readers, i);
          }
      break;
    default:
      while (!run->ended)
        g_main_context_iteration (NULL, TRUE);
    }
}

/* Units per second. */
static double
measure (const BenchOptions *options,
         const char *const  *argv,
         guint               subscribers,
         gboolean            lines,
         guint64             expected,
         BenchReport        *report)
{
  Run        run = { .options = options, .subscribers = subscribers, .lines = lines };
  BenchChild child;
  double     begin = bench_now ();
  double     seconds;

  bench_child_create (&child, options, argv);
  run.output = child.output;
  run.consumers = g_ptr_array_new_with_free_func (g_object_unref);
  if (options->consumer == BENCH_CONSUMER_SIGNAL || options->consumer == BENCH_CONSUMER_BATCH)
    connect_handlers (&run);
  else
    attach_consumers (&run);
  bench_child_start (&child);
  run_to_end (&run);
  seconds = bench_now () - begin;

  if (options->delivery == PROCSTREAM_DELIVERY_RELIABLE && run.count != expected * subscribers)
    g_error ("%" G_GUINT64_FORMAT " arrived instead of %" G_GUINT64_FORMAT, run.count, expected * subscribers);
  if (options->delivery == PROCSTREAM_DELIVERY_LOSSY)
    bench_report_add (report, "lost_percent", 100 - 100.0 * run.count / (expected * subscribers));
  g_signal_handlers_disconnect_by_data (run.output, &run);
  g_ptr_array_unref (run.consumers);
  bench_child_finish (&child);
  return expected / seconds;
}

static double
get_rate (const BenchFlood *flood,
          gboolean          lines)
{
  return (lines ? flood->lines : flood->bytes) / flood->seconds;
}

void
bench_throughput (const BenchOptions *options,
                  BenchReport        *report)
{
  gboolean lines = g_str_equal (options->workload, "lines");
  double   scale = lines ? 1e-6 : 1e-9;
  guint64  bytes = options->bytes;

  if (bytes == 0)
    bytes = options->quick ? QUICK_BYTES : lines ? DEFAULT_BYTES_OF_LINES
                                                 : DEFAULT_BYTES_OF_CHUNKS;
  if (lines)
    bytes -= bytes % 80;
  g_auto (GStrv) argv = bench_argv (options, options->workload, bytes);
  const char *const *args = (const char *const *) argv;

  bench_report_set_unit (report, lines ? "million lines/s" : "GB/s");
  for (guint i = 0; i < options->runs; i++)
    {
      BenchFlood bare;
      BenchFlood equal;
      guint64    expected;

      bench_bare_flood (args, 0, lines, &bare);
      bench_bare_flood (args, PROCSTREAM_PIPE_ENLARGED_SIZE, lines, &equal);
      expected = lines ? bare.lines : bare.bytes;
      bench_report_add (report, "figure", scale * measure (options, args, options->subscribers, lines, expected, report));
      if (options->subscribers > 1)
        bench_report_add (report, "one_subscriber", scale * measure (options, args, 1, lines, expected, report));
      bench_report_add (report, "bare", scale * get_rate (&bare, lines));
      bench_report_add (report, "equal", scale * get_rate (&equal, lines));
    }
  if (options->subscribers > 1)
    bench_report_add (report, "loss_percent", 100 - 100 * bench_report_get_median (report, "figure") / bench_report_get_median (report, "one_subscriber"));
}
