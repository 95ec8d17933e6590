/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <locale.h>
#include <string.h>

static const struct
{
  const char *name;
  void (*run) (const BenchOptions *options,
               BenchReport        *report);
  BenchConsumer consumer; /* unless another one is asked for */
} workloads[] = {
  { "chunks", bench_throughput, BENCH_CONSUMER_NATIVE },
  { "lines", bench_throughput, BENCH_CONSUMER_NATIVE },
  { "latency", bench_latency, BENCH_CONSUMER_SIGNAL },
  { "spawn", bench_spawn, BENCH_CONSUMER_NATIVE },
  { "memory", bench_memory, BENCH_CONSUMER_SIGNAL },
  { "jitter", bench_jitter, BENCH_CONSUMER_SIGNAL },
  { "writer", bench_writer, BENCH_CONSUMER_NATIVE },
};

static const char *const consumers[] = {
  [BENCH_CONSUMER_NATIVE] = "native",
  [BENCH_CONSUMER_SIGNAL] = "signal",
  [BENCH_CONSUMER_BATCH] = "batch",
  [BENCH_CONSUMER_READER] = "reader",
};

#define DEFAULT_RUNS 5

const char *
bench_consumer_name (BenchConsumer consumer)
{
  return consumers[consumer];
}

static gboolean
parse_nick (GType       type,
            const char *what,
            const char *nick,
            int        *value,
            GError    **error)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  const GEnumValue *found = nick ? g_enum_get_value_by_nick (klass, nick) : NULL;

  if (nick == NULL)
    return TRUE;
  if (found == NULL || found->value == 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s %s: no such value", what, nick);
      return FALSE;
    }
  *value = found->value;
  return TRUE;
}

static gboolean
parse_consumer (const char    *name,
                BenchConsumer *consumer,
                GError       **error)
{
  if (name == NULL)
    return TRUE;
  for (guint i = BENCH_CONSUMER_NATIVE; i < G_N_ELEMENTS (consumers); i++)
    if (g_str_equal (name, consumers[i]))
      {
        *consumer = i;
        return TRUE;
      }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--consumer %s: no such value", name);
  return FALSE;
}

static gboolean
parse (int          *argc,
       char       ***argv,
       BenchOptions *options,
       GError      **error)
{
  int                subscribers = 1, chunk_size = 0, runs = 0, touched_mib = 0, concurrent = 0;
  int                delivery = PROCSTREAM_DELIVERY_RELIABLE, reader = PROCSTREAM_READER_MODE_THREAD;
  gint64             bytes = 0;
  g_autofree char   *delivery_name = NULL;
  g_autofree char   *reader_name = NULL;
  g_autofree char   *consumer_name = NULL;
  const GOptionEntry entries[] = {
    { "subscribers", 0, 0, G_OPTION_ARG_INT, &subscribers, "How many consumers or handlers; with more than one, one is measured beside them", "N" },
    { "delivery", 0, 0, G_OPTION_ARG_STRING, &delivery_name, "What happens to a slow one; reliable unless given", "lossy|reliable" },
    { "reader", 0, 0, G_OPTION_ARG_STRING, &reader_name, "Where the output is read; thread unless given", "thread|context" },
    { "chunk-size", 0, 0, G_OPTION_ARG_INT, &chunk_size, "How many bytes one read asks for", "N" },
    { "consumer", 0, 0, G_OPTION_ARG_STRING, &consumer_name, "Who gets the output: one of the library's own, a handler of chunk or line, a handler of lines, or a reader", "native|signal|batch|reader" },
    { "bytes", 0, 0, G_OPTION_ARG_INT64, &bytes, "How much the child writes; for latency and spawn, how many lines or children", "N" },
    { "runs", 0, 0, G_OPTION_ARG_INT, &runs, "How many runs the medians are of", "N" },
    { "touched-mib", 0, 0, G_OPTION_ARG_INT, &touched_mib, "spawn: also measure with so much memory touched", "N" },
    { "concurrent", 0, 0, G_OPTION_ARG_INT, &concurrent, "spawn: also measure so many children at the same time", "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print one JSON object", NULL },
    { "quick", 0, 0, G_OPTION_ARG_NONE, &options->quick, "Only try whether it works", NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("WORKLOAD [-- CHILD…]");

  g_option_context_set_summary (context, "Workloads: chunks, lines, latency, spawn, memory, jitter, writer. Each is measured together with a bare\n"
                                         "loop that uses no library, and the ratio is the figure of the library divided by that of the bare loop.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error) ||
      !parse_nick (PROCSTREAM_TYPE_DELIVERY, "delivery", delivery_name, &delivery, error) ||
      !parse_nick (PROCSTREAM_TYPE_READER_MODE, "reader", reader_name, &reader, error) ||
      !parse_consumer (consumer_name, &options->consumer, error))
    return FALSE;
  if (subscribers < 1 || chunk_size < 0 || runs < 0 || bytes < 0 || touched_mib < 0 || concurrent < 0)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "A number is out of range");
      return FALSE;
    }
  options->subscribers = subscribers;
  options->delivery = delivery;
  options->reader = reader;
  options->chunk_size = chunk_size > 0 ? chunk_size : PROCSTREAM_DEFAULT_READ_CHUNK_SIZE;
  options->bytes = bytes;
  options->runs = runs > 0 ? runs : options->quick ? 1
                                                   : DEFAULT_RUNS;
  options->touched_mib = touched_mib;
  options->concurrent = concurrent;
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  BenchOptions options = { 0 };
  g_autoptr (BenchReport) report = NULL;
  g_autoptr (GError) error = NULL;
  gsize workload = 0;

  if (argc > 1 && strcmp (argv[1], "--child") == 0)
    return bench_child_main (argc - 2, argv + 2);

  setlocale (LC_ALL, "");
  g_setenv ("PROCSTREAM_HELPER", BENCH_HELPER, FALSE);
  if (!parse (&argc, &argv, &options, &error))
    {
      g_printerr ("procstream-bench: %s\n", error->message);
      return 2;
    }
  while (argc > 1 && workload < G_N_ELEMENTS (workloads) && strcmp (argv[1], workloads[workload].name) != 0)
    workload++;
  if (argc < 2 || workload == G_N_ELEMENTS (workloads))
    {
      g_printerr ("procstream-bench: the first argument must be a workload; see --help\n");
      return 2;
    }
  options.workload = workloads[workload].name;
  if (options.consumer == BENCH_CONSUMER_UNSET)
    options.consumer = workloads[workload].consumer;
  if (argc > 2)
    options.child = argv + (strcmp (argv[2], "--") == 0 ? 3 : 2);
  report = bench_report_new (&options);
  workloads[workload].run (&options, report);
  bench_report_print (report);
  return 0;
}
