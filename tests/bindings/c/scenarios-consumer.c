/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scenarios-consumer.h"

#include <string.h>

/* --- Classes ------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  guint    chunks;
  gboolean once;
} CounterPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (Counter, counter, PROCSTREAM_TYPE_CONSUMER)

static gboolean
counter_chunk (ProcstreamConsumer *consumer,
               GBytes             *bytes)
{
  CounterPrivate *priv = counter_get_instance_private (TEST_COUNTER (consumer));

  priv->chunks++;
  return priv->once;
}

static void
counter_class_init (CounterClass *klass)
{
  PROCSTREAM_CONSUMER_CLASS (klass)->chunk = counter_chunk;
}

static void
counter_init (Counter *self)
{
}

Counter *
counter_new (ProcstreamDelivery delivery)
{
  return g_object_new (TYPE_COUNTER, "delivery", delivery, NULL);
}

guint
counter_get_chunks (Counter *self)
{
  CounterPrivate *priv = counter_get_instance_private (self);

  return priv->chunks;
}

#define TYPE_EVERYTHING (everything_get_type ())
G_DECLARE_FINAL_TYPE (Everything, everything, TEST, EVERYTHING, ProcstreamConsumer)

struct _Everything
{
  ProcstreamConsumer parent_instance;

  Record *record;
};

G_DEFINE_FINAL_TYPE (Everything, everything, PROCSTREAM_TYPE_CONSUMER)

static gboolean
everything_chunk (ProcstreamConsumer *consumer,
                  GBytes             *bytes)
{
  record_chunk (TEST_EVERYTHING (consumer)->record, bytes);
  return FALSE;
}

static gboolean
everything_lines (ProcstreamConsumer *consumer,
                  const char *const  *lines)
{
  record_lines (TEST_EVERYTHING (consumer)->record, lines);
  return FALSE;
}

static gboolean
everything_gap (ProcstreamConsumer *consumer,
                guint64             chunks,
                guint64             bytes)
{
  record_gap (TEST_EVERYTHING (consumer)->record, chunks, bytes);
  return FALSE;
}

static void
everything_ended (ProcstreamConsumer *consumer,
                  const GError       *error)
{
  record_end (TEST_EVERYTHING (consumer)->record, error);
}

static void
everything_finalize (GObject *object)
{
  record_free (TEST_EVERYTHING (object)->record);
  G_OBJECT_CLASS (everything_parent_class)->finalize (object);
}

static void
everything_class_init (EverythingClass *klass)
{
  ProcstreamConsumerClass *consumer_class = PROCSTREAM_CONSUMER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = everything_finalize;
  consumer_class->chunk = everything_chunk;
  consumer_class->lines = everything_lines;
  consumer_class->gap = everything_gap;
  consumer_class->ended = everything_ended;
}

static void
everything_init (Everything *self)
{
  self->record = record_new ();
}

/* One that implements nothing. */
typedef struct
{
  ProcstreamConsumer parent_instance;
} Empty;

typedef struct
{
  ProcstreamConsumerClass parent_class;
} EmptyClass;

static GType empty_get_type (void);

G_DEFINE_TYPE (Empty, empty, PROCSTREAM_TYPE_CONSUMER)

static void
empty_class_init (EmptyClass *klass)
{
}

static void
empty_init (Empty *self)
{
}

/* --- Readers ------------------------------------------------------------------------------------------------------------------ */

static void
attach_and_start (ProcstreamChild *child,
                  gpointer         consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_output_attach (procstream_child_get_stdout (child), consumer, &error);
  g_assert_no_error (error);
  procstream_child_start (child, &error);
  g_assert_no_error (error);
}

void
scenario_reader_next (void)
{
  g_autoptr (Record) record = record_new ();
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), PRINT_MANY);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  attach_and_start (child, reader);
  while ((bytes = procstream_reader_next (reader, TIMEOUT_MS, NULL, &error)))
    g_ptr_array_add (record->chunks, bytes);
  g_assert_no_error (error);
  record_assert_text (record, harness_many ());
  g_assert_null (procstream_reader_next (reader, TIMEOUT_MS, NULL, &error));
  g_assert_no_error (error);
}

static char *
read_line_async (ProcstreamReader *reader)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char *line;

  procstream_reader_read_line_async (reader, NULL, harness_store_cb, &result);
  line = procstream_reader_read_line_finish (reader, harness_await (&result), &error);
  g_assert_no_error (error);
  return line;
}

void
scenario_reader_lines (void)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), "seq 1 1000");
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  attach_and_start (child, reader);
  for (int i = 1; i <= 1000; i++)
    {
      g_autofree char *line = read_line_async (reader);
      g_autofree char *expected = g_strdup_printf ("%d", i);

      g_assert_cmpstr (line, ==, expected);
    }
  g_assert_null (read_line_async (reader));
}

void
scenario_reader_cancel (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = harness_create (launcher, "printf ear; read x; echo ly");
  attach_and_start (child, reader);
  procstream_reader_read_line_async (reader, cancellable, harness_store_cb, &result);
  g_cancellable_cancel (cancellable);
  g_assert_null (procstream_reader_read_line_finish (reader, harness_await (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  procstream_input_close (procstream_child_get_stdin (child));
  line = procstream_reader_read_line (reader, TIMEOUT_MS, NULL, &error);
  g_assert_cmpstr (line, ==, "early");
  g_assert_null (procstream_reader_read_line (reader, TIMEOUT_MS, NULL, &error));
  g_assert_no_error (error);
}

/* --- Collectors --------------------------------------------------------------------------------------------------------------- */

static void
collect_many (ProcstreamCollector *collector)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), PRINT_MANY);

  attach_and_start (child, collector);
  harness_wait (PROCSTREAM_CONSUMER (collector));
}

static void
assert_collected_bytes (ProcstreamKeep keep,
                        const char    *expected)
{
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, keep);
  g_autofree char *text = NULL;

  procstream_collector_set_max_bytes (collector, 10);
  collect_many (collector);
  harness_assert_collected (collector, expected);
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpuint (procstream_collector_get_bytes_seen (collector), ==, strlen (harness_many ()));
  g_assert_cmpuint (procstream_collector_get_bytes_cut (collector), ==, strlen (harness_many ()) - 10);
  g_assert_true (procstream_collector_get_truncated (collector));
}

void
scenario_collector_bytes (void)
{
  assert_collected_bytes (PROCSTREAM_KEEP_FIRST, "1\n2\n3\n4\n5\n");
  assert_collected_bytes (PROCSTREAM_KEEP_LAST, "99\n100000\n");
}

static void
assert_collected_lines (ProcstreamKeep keep,
                        const char    *expected)
{
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, keep);
  g_auto (GStrv) lines = NULL;
  g_autofree char *joined = NULL;

  procstream_collector_set_max_lines (collector, 3);
  collect_many (collector);
  lines = procstream_collector_dup_lines (collector);
  joined = g_strjoinv ("|", lines);
  g_assert_cmpstr (joined, ==, expected);
  g_assert_cmpuint (procstream_collector_get_lines_seen (collector), ==, 100000);
  g_assert_cmpuint (procstream_collector_get_lines_cut (collector), ==, 99997);
  g_assert_true (procstream_collector_get_truncated (collector));
}

void
scenario_collector_lines (void)
{
  assert_collected_lines (PROCSTREAM_KEEP_FIRST, "1|2|3");
  assert_collected_lines (PROCSTREAM_KEEP_LAST, "99998|99999|100000");
}

void
scenario_several_subscribers (void)
{
  g_autoptr (Record) seen = record_new ();
  g_autoptr (GByteArray) all = NULL;
  g_autoptr (ProcstreamChild) child = harness_create (harness_lossy (), PRINT_MANY);
  ProcstreamOutput *output = procstream_child_get_stdout (child);
  g_autoptr (ProcstreamCollector) log = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamCollector) tail = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_LAST);
  g_autoptr (ProcstreamReader) view = procstream_reader_new ();
  g_autofree char *last = NULL;
  guint64          lost;
  GBytes          *bytes;

  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (log), PROCSTREAM_DELIVERY_RELIABLE);
  procstream_consumer_set_delivery (PROCSTREAM_CONSUMER (tail), PROCSTREAM_DELIVERY_RELIABLE);
  procstream_collector_set_max_lines (tail, 1);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (log), NULL));
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (tail), NULL));
  attach_and_start (child, view);
  harness_assert_collected (log, harness_many ());
  harness_wait (PROCSTREAM_CONSUMER (tail));
  last = procstream_collector_dup_text (tail);
  g_assert_cmpstr (last, ==, "100000\n");
  while ((bytes = procstream_reader_next (view, TIMEOUT_MS, NULL, NULL)))
    g_ptr_array_add (seen->chunks, bytes);
  all = record_join (seen);
  lost = procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (view));
  g_assert_cmpuint (all->len, >, 0);
  g_assert_true (g_str_has_suffix (harness_many (), (const char *) all->data));
  g_assert_cmpuint (lost, >, 0);
  g_assert_cmpuint (all->len + lost, ==, strlen (harness_many ()));
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (log)), ==, 0);
}

/* --- Classes of one's own ----------------------------------------------------------------------------------------------------- */

static void
assert_newest_lines (Record *record)
{
  guint first = 100000 - record->lines->len;

  g_assert_cmpint (record->lines->len, >, 0);
  for (guint i = 0; i < record->lines->len; i++)
    g_assert_cmpint (g_ascii_strtoull (record->lines->pdata[i], NULL, 10), ==, first + i + 1);
}

/* The consumer belongs to a main context that nobody runs before everything was read. */
void
scenario_custom_consumer (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (ProcstreamChild) child = harness_create (harness_lossy (), PRINT_MANY);
  g_autoptr (Counter) counter = counter_new (PROCSTREAM_DELIVERY_RELIABLE);
  g_autoptr (Everything) everything = NULL;
  g_autoptr (GByteArray) all = NULL;
  Record *record;

  g_main_context_push_thread_default (context);
  everything = g_object_new (TYPE_EVERYTHING, "delivery", PROCSTREAM_DELIVERY_LOSSY, NULL);
  g_main_context_pop_thread_default (context);
  record = everything->record;
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (everything), NULL));
  attach_and_start (child, counter);
  harness_wait (PROCSTREAM_CONSUMER (counter));
  while (procstream_consumer_get_state (PROCSTREAM_CONSUMER (everything)) != PROCSTREAM_CONSUMER_STATE_ENDED)
    g_main_context_iteration (context, TRUE);
  all = record_join (record);
  g_assert_cmpuint (record->ends, ==, 1);
  g_assert_no_error (record->error);
  g_assert_true (g_str_has_suffix (harness_many (), (const char *) all->data));
  assert_newest_lines (record);
  g_assert_cmpuint (all->len + record->bytes_lost, ==, strlen (harness_many ()));
  g_assert_cmpuint (record->chunks->len + record->chunks_lost, ==, counter_get_chunks (counter));
  g_assert_cmpuint (record->gaps, >, 0);
  g_assert_cmpuint (procstream_consumer_get_gaps (PROCSTREAM_CONSUMER (everything)), ==, record->gaps);
}

static void
run_two_counters (Counter                *first,
                  ProcstreamConsumerState state)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_small_chunks (), PRINT_MANY);
  g_autoptr (Counter) second = counter_new (PROCSTREAM_DELIVERY_UNSET);
  CounterPrivate *priv = counter_get_instance_private (first);

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (first), NULL));
  attach_and_start (child, second);
  harness_wait (PROCSTREAM_CONSUMER (first));
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (first)), ==, state);
  harness_wait (PROCSTREAM_CONSUMER (second));
  g_assert_cmpuint (counter_get_chunks (second), >, 1);
  g_assert_cmpuint (counter_get_chunks (first), ==, priv->once ? 1 : counter_get_chunks (second));
}

void
scenario_custom_consumer_done (void)
{
  g_autoptr (Counter) once = counter_new (PROCSTREAM_DELIVERY_UNSET);
  CounterPrivate *priv = counter_get_instance_private (once);

  priv->once = TRUE;
  run_two_counters (once, PROCSTREAM_CONSUMER_STATE_DONE);
}

/* C has no exceptions and lets nobody forget a return: what both come to is FALSE. */
void
scenario_custom_consumer_goes_on (void)
{
  g_autoptr (Counter) counter = counter_new (PROCSTREAM_DELIVERY_UNSET);

  run_two_counters (counter, PROCSTREAM_CONSUMER_STATE_ENDED);
}

void
scenario_custom_consumer_refused (void)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), "true");
  g_autoptr (ProcstreamConsumer) consumer = g_object_new (empty_get_type (), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_output_attach (procstream_child_get_stdout (child), consumer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "Empty"));
  g_assert_cmpint (procstream_consumer_get_state (consumer), ==, PROCSTREAM_CONSUMER_STATE_NONE);
}

/* --- A read that fails -------------------------------------------------------------------------------------------------------- */

/* Gives out what comes before the first byte that is not UTF-8, and then an error. */
typedef struct
{
  GConverterInputStream parent_instance;
} FailingStream;

typedef struct
{
  GConverterInputStreamClass parent_class;
} FailingStreamClass;

static GType failing_stream_get_type (void);

G_DEFINE_TYPE (FailingStream, failing_stream, G_TYPE_CONVERTER_INPUT_STREAM)

static void
failing_stream_class_init (FailingStreamClass *klass)
{
}

static void
failing_stream_init (FailingStream *self)
{
}

static ProcstreamOutput *
new_failing_output (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GInputStream) memory = g_memory_input_stream_new_from_data ("one\ntwo\377", 8, NULL);
  g_autoptr (GCharsetConverter) converter = g_charset_converter_new ("UTF-8", "UTF-8", NULL);
  g_autoptr (GInputStream) stream = g_object_new (failing_stream_get_type (), "base-stream", memory, "converter", converter, NULL);
  g_autoptr (GError) error = NULL;
  ProcstreamOutput *output = procstream_output_new_from_stream (stream, "burning", config, &error);

  g_assert_no_error (error);
  return output;
}

static void
ended_cb (ProcstreamOutput *output,
          const GError     *error,
          gpointer          user_data)
{
  Record *record = user_data;

  record_assert_text (record, "one\ntwo");
  record_assert_lines (record, "one|two");
  record_end (record, error);
}

static void
keep_result_cb (ProcstreamChild  *child,
                ProcstreamResult *result,
                gpointer          user_data)
{
  g_set_object ((ProcstreamResult **) user_data, result);
}

/* What a child says: a line, and its result. */
static void
run_job (Record            *record,
         ProcstreamResult **result)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;

  procstream_launcher_set_name (launcher, "job");
  child = harness_spawn (launcher, "echo kept; exit 3");
  record_connect_line (record, procstream_child_get_stdout (child));
  g_signal_connect (child, "completed", G_CALLBACK (keep_result_cb), result);
  harness_complete (child);
}

void
scenario_read_error (void)
{
  g_autoptr (Record) handlers = record_new ();
  g_autoptr (Record) job = record_new ();
  g_autoptr (ProcstreamOutput) output = new_failing_output ();
  g_autoptr (Everything) everything = g_object_new (TYPE_EVERYTHING, NULL);
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;

  record_connect_chunk (handlers, output);
  record_connect_line (handlers, output);
  g_signal_connect (output, "ended", G_CALLBACK (ended_cb), handlers);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (everything), NULL));
  while (handlers->ends == 0 || everything->record->ends == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (everything), TIMEOUT_MS, NULL, &error));
  g_assert_cmpint (procstream_output_get_state (output), ==, PROCSTREAM_OUTPUT_STATE_FAILED);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (everything)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_clear_object (&output);
  run_job (job, &result);
  harness_churn ();
  record_assert_text (everything->record, "one\ntwo");
  g_assert_nonnull (strstr (error->message, "burning"));
  g_assert_error (handlers->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpstr (handlers->error->message, ==, error->message);
  g_assert_error (everything->record->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpstr (everything->record->error->message, ==, error->message);
  record_assert_lines (job, "kept");
  g_assert_cmpstr (procstream_result_get_name (result), ==, "job");
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, 3);
}
