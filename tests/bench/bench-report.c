/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <math.h>
#include <time.h>

typedef struct
{
  char   *name;
  GArray *values; /* of double, one per run */
} Series;

struct _BenchReport
{
  BenchOptions options;
  const char  *unit;
  GPtrArray   *series; /* of owned Series, in the order in which they were first added */
};

static void
series_free (gpointer data)
{
  Series *series = data;

  g_free (series->name);
  g_array_unref (series->values);
  g_free (series);
}

BenchReport *
bench_report_new (const BenchOptions *options)
{
  BenchReport *self = g_new0 (BenchReport, 1);

  self->options = *options;
  self->unit = "";
  self->series = g_ptr_array_new_with_free_func (series_free);
  return self;
}

void
bench_report_free (BenchReport *self)
{
  g_ptr_array_unref (self->series);
  g_free (self);
}

static Series *
find (BenchReport *self,
      const char  *name)
{
  for (guint i = 0; i < self->series->len; i++)
    {
      Series *series = g_ptr_array_index (self->series, i);

      if (g_str_equal (series->name, name))
        return series;
    }
  return NULL;
}

void
bench_report_add (BenchReport *self,
                  const char  *name,
                  double       value)
{
  Series *series = find (self, name);

  if (series == NULL)
    {
      series = g_new0 (Series, 1);
      series->name = g_strdup (name);
      series->values = g_array_new (FALSE, FALSE, sizeof (double));
      g_ptr_array_add (self->series, series);
    }
  g_array_append_val (series->values, value);
}

void
bench_report_set_options (BenchReport        *self,
                          const BenchOptions *options)
{
  self->options = *options;
}

void
bench_report_set_unit (BenchReport *self,
                       const char  *unit)
{
  self->unit = unit;
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

double
bench_quantile (GArray *values,
                double  q)
{
  if (values->len == 0)
    return NAN;
  g_array_sort (values, compare);
  return g_array_index (values, double, MIN (values->len - 1, (guint) (q * values->len)));
}

double
bench_report_get_median (BenchReport *self,
                         const char  *name)
{
  Series *series = find (self, name);

  return series ? bench_quantile (series->values, 0.5) : NAN;
}

double
bench_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

const char *
bench_option_nick (GType type,
                   int   value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);

  return g_enum_get_value (klass, value)->value_nick;
}

static void
print_number (const char *name,
              double      value,
              gboolean    json)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (buffer, sizeof buffer, "%.6g", value);
  /* JSON knows no NaN. */
  g_print (json ? ", \"%s\": %s" : "  %-24s %s\n", name, json && !isfinite (value) ? "null" : buffer);
}

void
bench_report_print (BenchReport *self)
{
  const BenchOptions *options = &self->options;
  gboolean            json = options->json;
  double              figure = bench_report_get_median (self, "figure");

  g_print (json ? "{\"workload\": \"%s\", \"consumer\": \"%s\", \"delivery\": \"%s\", \"reader\": \"%s\", \"subscribers\": %u, "
                  "\"chunk_size\": %u, \"runs\": %u, \"unit\": \"%s\""
                : "%s: consumer %s, delivery %s, reader %s, %u subscriber(s), chunk size %u, %u run(s); in %s\n",
           options->workload, bench_consumer_name (options->consumer),
           bench_option_nick (PROCSTREAM_TYPE_DELIVERY, options->delivery),
           bench_option_nick (PROCSTREAM_TYPE_READER_MODE, options->reader), options->subscribers, options->chunk_size,
           options->runs, self->unit);
  for (guint i = 0; i < self->series->len; i++)
    {
      const char *name = ((Series *) g_ptr_array_index (self->series, i))->name;

      print_number (name, bench_report_get_median (self, name), json);
    }
  print_number ("ratio", figure / bench_report_get_median (self, "bare"), json);
  if (find (self, "equal"))
    print_number ("ratio_equal", figure / bench_report_get_median (self, "equal"), json);
  if (json)
    g_print ("}\n");
}
