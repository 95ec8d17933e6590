/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A consumer class of one's own. */

#include <procstream/procstream.h>

// [class]
/* Counts bytes and lines. Its functions run in the main context of the thread that made it. */
G_DECLARE_FINAL_TYPE (Statistics, statistics, APP, STATISTICS, ProcstreamConsumer)

struct _Statistics
{
  ProcstreamConsumer parent_instance;

  guint n_lines;
  gsize n_bytes;
};

G_DEFINE_FINAL_TYPE (Statistics, statistics, PROCSTREAM_TYPE_CONSUMER)

static gboolean
statistics_chunk (ProcstreamConsumer *consumer,
                  GBytes             *bytes)
{
  APP_STATISTICS (consumer)->n_bytes += g_bytes_get_size (bytes);
  return FALSE;
}

static gboolean
statistics_lines (ProcstreamConsumer *consumer,
                  const char *const  *lines)
{
  APP_STATISTICS (consumer)->n_lines += g_strv_length ((char **) lines);
  return FALSE;
}

static void
statistics_ended (ProcstreamConsumer *consumer,
                  const GError       *error)
{
  Statistics *self = APP_STATISTICS (consumer);

  g_print ("ended: %u lines, %" G_GSIZE_FORMAT " bytes\n", self->n_lines, self->n_bytes);
}

static void
statistics_class_init (StatisticsClass *klass)
{
  ProcstreamConsumerClass *consumer_class = PROCSTREAM_CONSUMER_CLASS (klass);

  consumer_class->chunk = statistics_chunk;
  consumer_class->lines = statistics_lines;
  consumer_class->ended = statistics_ended;
}

static void
statistics_init (Statistics *self)
{
}
// [/class]

int
main (void)
{
  const char *const argv[] = { "printf", "one\\ntwo\\nthree\\n", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamConsumer) statistics = g_object_new (statistics_get_type (), NULL);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  child = procstream_launcher_create (launcher, argv, &error);
  if (child == NULL ||
      !procstream_output_attach (procstream_child_get_stdout (child), statistics, &error) ||
      !procstream_child_start (child, &error) ||
      !procstream_consumer_wait (statistics, PROCSTREAM_NO_TIMEOUT, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
