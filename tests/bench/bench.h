/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

typedef enum
{
  BENCH_CONSUMER_UNSET,  /* as the workload has it */
  BENCH_CONSUMER_NATIVE, /* counts in the thread that reads */
  BENCH_CONSUMER_SIGNAL, /* a C handler of `chunk` or `line` */
  BENCH_CONSUMER_BATCH,  /* a C handler of `lines` */
  BENCH_CONSUMER_READER, /* pulls */
} BenchConsumer;

typedef struct
{
  const char          *workload;
  guint                subscribers;
  ProcstreamDelivery   delivery;
  ProcstreamReaderMode reader;
  guint                chunk_size;
  BenchConsumer        consumer;
  guint64              bytes; /* or, where the workload counts other things, how many of them; 0: its default */
  guint                runs;
  guint                touched_mib;
  guint                concurrent;
  gboolean             json;
  gboolean             quick;
  char               **child; /* NULL: the program itself in one of its child modes */
} BenchOptions;

/* What a workload found. The medians are taken when it is printed. */
typedef struct _BenchReport BenchReport;

/* One value of one run. @name is figure, bare, equal (bare on an equally sized pipe), or another one that is printed as it is. */
void   bench_report_add (BenchReport *self,
                         const char  *name,
                         double       value);
double bench_report_get_median (BenchReport *self,
                                const char  *name); /* NAN: there is none */
void   bench_report_set_unit (BenchReport *self,
                              const char  *unit);
/* Where a workload does not do as it was told. */
void bench_report_set_options (BenchReport        *self,
                               const BenchOptions *options);

BenchReport *bench_report_new (const BenchOptions *options);
void         bench_report_print (BenchReport *self);
void         bench_report_free (BenchReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchReport, bench_report_free)

/* The quantile @q of @values, which it sorts. */
double bench_quantile (GArray *values, /* of double */
                       double  q);

double      bench_now (void); /* seconds, monotonic */
const char *bench_option_nick (GType type,
                               int   value);
const char *bench_consumer_name (BenchConsumer consumer);

/* What bare loops measure: a C program without the library. */
#define BENCH_BARE_BUFFER_SIZE 65536
typedef struct
{
  double  seconds; /* from before the start to the end of file */
  guint64 bytes;
  guint64 lines;
} BenchFlood;

void bench_bare_flood (const char *const *argv,
                       int                pipe_size, /* 0: the default */
                       gboolean           count_lines,
                       BenchFlood        *flood);
/* Starts a child that writes to the pipe of which the read end is returned. */
int  bench_bare_spawn (const char *const *argv,
                       int                pipe_size,
                       int               *fd);
void bench_bare_reap (int pid);
void bench_bare_latency (const char *const *argv,
                         guint              n,
                         GArray            *microseconds);

/* A child of the library, its standard output being the only one that is read. */
typedef struct
{
  ProcstreamChild  *child;
  ProcstreamOutput *output;
} BenchChild;

void                    bench_child_create (BenchChild         *self,
                                            const BenchOptions *options,
                                            const char *const  *argv);
void                    bench_child_start (BenchChild *self);
void                    bench_child_finish (BenchChild *self); /* waits for it, and clears */
ProcstreamOutputConfig *bench_config_new (const BenchOptions *options);

/* Pushed in the thread that reads, counts chunks or lines and does nothing else. */
#define BENCH_TYPE_COUNTER (bench_counter_get_type ())
G_DECLARE_FINAL_TYPE (BenchCounter, bench_counter, BENCH, COUNTER, ProcstreamConsumer)

BenchCounter *bench_counter_new (gboolean lines);
guint64       bench_counter_get_count (BenchCounter *self); /* once it is over */
/* @func is called for each line, in the thread that reads. */
void bench_counter_set_line_func (BenchCounter *self,
                                  void (*func) (gpointer data, const char *line),
                                  gpointer data);

/* The argument vector of a child mode of this very program, or the child of the command line. */
char **bench_argv (const BenchOptions *options,
                   const char         *mode,
                   guint64             n);
int    bench_child_main (int    argc,
                         char **argv);

void bench_throughput (const BenchOptions *options,
                       BenchReport        *report); /* chunks and lines */
void bench_latency (const BenchOptions *options,
                    BenchReport        *report);
void bench_spawn (const BenchOptions *options,
                  BenchReport        *report);
void bench_memory (const BenchOptions *options,
                   BenchReport        *report);
void bench_jitter (const BenchOptions *options,
                   BenchReport        *report);
void bench_writer (const BenchOptions *options,
                   BenchReport        *report);

G_END_DECLS
