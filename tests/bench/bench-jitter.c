/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/timerfd.h>
#include <unistd.h>

/*
 * How late a timer of the main loop is while a child floods, with handlers of signals connected. The timer ticks every millisecond
 * whether or not the loop is there to see it, so one long delay counts for every tick that fell into it. The bare figure is the same
 * with a GLib source for the pipe that reads 64 KiB at a time and does nothing else.
 *
 * And how late it is while more than any pipe holds is written to a child that does not read: over so few ticks that one delay of a few
 * of them is not lost among the others.
 */

#define DEFAULT_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define QUICK_BYTES (1 << 20)
#define TICK_SECONDS 0.001
#define STDIN_BYTES (1 << 20)
#define STDIN_TICKS 200

typedef struct
{
  int      fd;
  double   next; /* when the next tick is due */
  GArray  *milliseconds;
  GSource *source;
} Ticker;

typedef struct
{
  gboolean ended;
  guint64  lines;
} Run;

static gboolean
tick_cb (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  Ticker *self = user_data;
  guint64 ticks;
  double  now = bench_now ();

  if (read (fd, &ticks, sizeof ticks) != sizeof ticks)
    return G_SOURCE_CONTINUE;
  for (; ticks > 0; ticks--)
    {
      double late = MAX (now - self->next, 0) * 1000;

      g_array_append_val (self->milliseconds, late);
      self->next += TICK_SECONDS;
    }
  return G_SOURCE_CONTINUE;
}

static void
ticker_start (Ticker *self)
{
  struct itimerspec spec = { 0 };
  double            first = bench_now () + TICK_SECONDS;

  self->milliseconds = g_array_new (FALSE, FALSE, sizeof (double));
  self->next = first;
  self->fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  spec.it_value.tv_sec = (time_t) first;
  spec.it_value.tv_nsec = (long) ((first - (time_t) first) * 1e9);
  spec.it_interval.tv_nsec = (long) (TICK_SECONDS * 1e9);
  if (self->fd < 0 || timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
    g_error ("timerfd: %s", g_strerror (errno));
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (tick_cb), self, NULL);
  g_source_attach (self->source, NULL);
}

static double
ticker_stop (Ticker *self)
{
  double p99 = bench_quantile (self->milliseconds, 0.99);

  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_array_unref (self->milliseconds);
  close (self->fd);
  return p99;
}

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         Run              *run)
{
  run->lines++;
}

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          Run              *run)
{
}

static void
ended_cb (ProcstreamOutput *output,
          const GError     *error,
          Run              *run)
{
  run->ended = TRUE;
}

static double
measure (const BenchOptions *options,
         const char *const  *argv)
{
  Run        run = { 0 };
  Ticker     ticker;
  BenchChild child;
  double     p99;

  bench_child_create (&child, options, argv);
  g_signal_connect (child.output, "chunk", G_CALLBACK (chunk_cb), &run);
  g_signal_connect (child.output, "line", G_CALLBACK (line_cb), &run);
  g_signal_connect (child.output, "ended", G_CALLBACK (ended_cb), &run);
  bench_child_start (&child);
  ticker_start (&ticker);
  while (!run.ended)
    g_main_context_iteration (NULL, TRUE);
  p99 = ticker_stop (&ticker);
  g_signal_handlers_disconnect_by_data (child.output, &run);
  bench_child_finish (&child);
  return p99;
}

static gboolean
read_cb (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  static char buffer[65536];
  Run        *run = user_data;
  ssize_t     n = read (fd, buffer, sizeof buffer);

  run->ended = n == 0;
  return n != 0;
}

static double
measure_bare (const char *const *argv)
{
  Run      run = { 0 };
  Ticker   ticker;
  int      fd;
  int      pid = bench_bare_spawn (argv, 0, &fd);
  GSource *source = g_unix_fd_source_new (fd, G_IO_IN | G_IO_HUP);
  double   p99;

  g_source_set_callback (source, G_SOURCE_FUNC (read_cb), &run, NULL);
  g_source_attach (source, NULL);
  ticker_start (&ticker);
  while (!run.ended)
    g_main_context_iteration (NULL, TRUE);
  p99 = ticker_stop (&ticker);
  g_source_unref (source);
  close (fd);
  bench_bare_reap (pid);
  return p99;
}

static double
measure_stdin (void)
{
  const char *const argv[] = { "/bin/sleep", "1000", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (STDIN_BYTES), STDIN_BYTES);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  Ticker ticker;
  double p99;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = procstream_launcher_spawnv (launcher, argv, &error);
  if (child == NULL)
    g_error ("%s", error->message);
  ticker_start (&ticker);
  procstream_input_write_async (procstream_child_get_stdin (child), bytes, NULL, NULL, NULL);
  while (ticker.milliseconds->len < STDIN_TICKS)
    g_main_context_iteration (NULL, TRUE);
  p99 = ticker_stop (&ticker);
  if (!procstream_child_kill (child, &error) || !procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, &error))
    g_error ("%s", error->message);
  return p99;
}

void
bench_jitter (const BenchOptions *options,
              BenchReport        *report)
{
  guint64 bytes = options->bytes > 0 ? options->bytes : options->quick ? QUICK_BYTES
                                                                       : DEFAULT_BYTES;
  g_auto (GStrv) argv = bench_argv (options, "lines", bytes);

  bench_report_set_unit (report, "ms");
  for (guint i = 0; i < options->runs; i++)
    {
      bench_report_add (report, "figure", measure (options, (const char *const *) argv));
      bench_report_add (report, "bare", measure_bare ((const char *const *) argv));
      bench_report_add (report, "stdin", measure_stdin ());
    }
}
