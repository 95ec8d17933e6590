/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"
#include "scenarios-consumer.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#define THREE_CHUNKS "printf one; read x; printf two; read x; printf three; read x"

void
scenario_chunks (void)
{
  g_autoptr (Record) record = record_new ();
  g_autoptr (GByteArray) all = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GString) script = g_string_new ("printf '");

  for (int i = 0; i < 256; i++)
    g_string_append_printf (script, "\\%03o", i);
  g_string_append_c (script, '\'');
  child = harness_spawn (harness_reliable (), script->str);
  record_connect_chunk (record, procstream_child_get_stdout (child));
  harness_complete (child);
  all = record_join (record);
  g_assert_cmpint (all->len, ==, 256);
  for (int i = 0; i < 256; i++)
    g_assert_cmpint (all->data[i], ==, i);
}

void
scenario_kept_chunks (void)
{
  g_autoptr (Record) kept = record_new ();
  g_autoptr (Record) others = record_new ();
  g_autoptr (ProcstreamChild) child = harness_spawn (harness_small_chunks (), PRINT_MANY);
  g_autoptr (ProcstreamChild) other = NULL;

  record_connect_chunk (kept, procstream_child_get_stdout (child));
  harness_complete (child);
  other = harness_spawn (harness_reliable (), "head -c 4000000 /dev/zero");
  record_connect_chunk (others, procstream_child_get_stdout (other));
  harness_complete (other);
  g_clear_object (&child);
  g_clear_object (&other);
  record_assert_text (kept, harness_many ());
}

void
scenario_line (void)
{
  g_autoptr (Record) record = record_new ();
  g_autoptr (ProcstreamChild) child = harness_spawn (harness_reliable (), "printf 'one\\n\\ntwo\\nthree'");

  record_connect_line (record, procstream_child_get_stdout (child));
  harness_complete (child);
  record_assert_lines (record, "one||two|three");
}

static void
lines_cb (ProcstreamOutput  *output,
          const char *const *lines,
          gpointer           user_data)
{
  GPtrArray *batches = user_data;

  g_assert_nonnull (lines[0]);
  g_ptr_array_add (batches, g_strdupv ((char **) lines));
}

void
scenario_lines (void)
{
  g_autoptr (GPtrArray) batches = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (ProcstreamChild) child = harness_spawn (harness_small_chunks (), PRINT_MANY);
  g_autoptr (GString) all = g_string_new (NULL);

  g_signal_connect (procstream_child_get_stdout (child), "lines", G_CALLBACK (lines_cb), batches);
  harness_complete (child);
  g_assert_cmpint (batches->len, >, 1);
  for (guint i = 0; i < batches->len; i++)
    for (char **line = batches->pdata[i]; *line; line++)
      g_string_append_printf (all, "%s\n", *line);
  g_assert_cmpstr (all->str, ==, harness_many ());
}

static void
assert_lines (const char             *script,
              ProcstreamLineSeparator separator,
              guint                   max_length,
              ProcstreamLineOverflow  overflow,
              const char             *expected)
{
  g_autoptr (Record) record = record_new ();
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) child = NULL;

  procstream_output_config_set_line_separator (config, separator);
  procstream_output_config_set_max_line_length (config, max_length);
  procstream_output_config_set_line_overflow (config, overflow);
  procstream_launcher_set_stdout_config (launcher, config);
  child = harness_spawn (launcher, script);
  record_connect_line (record, procstream_child_get_stdout (child));
  harness_complete (child);
  record_assert_lines (record, expected);
}

void
scenario_line_options (void)
{
  const ProcstreamLineSeparator newline = PROCSTREAM_LINE_SEPARATOR_NEWLINE;
  const ProcstreamLineOverflow  split = PROCSTREAM_LINE_OVERFLOW_SPLIT;
  const ProcstreamLineOverflow  truncate = PROCSTREAM_LINE_OVERFLOW_TRUNCATE;

  assert_lines ("printf 'a\\r\\nb\\nc\\r\\n'", newline, 100, split, "a|b|c");
  assert_lines ("printf 'a\\r\\nb\\n'", PROCSTREAM_LINE_SEPARATOR_LF, 100, split, "a\r|b");
  assert_lines ("printf 'a\\r\\nb\\nc\\r\\n'", PROCSTREAM_LINE_SEPARATOR_CRLF, 100, split, "a|b\nc");
  assert_lines ("printf 'abcdefghi\\nj\\n'", newline, 4, split, "abcd|efgh|i|j");
  assert_lines ("printf 'abcdefghi\\nj\\n'", newline, 4, truncate, "abcd|j");
  assert_lines ("printf 'a\\303\\251\\303\\251\\n'", newline, 4, split, "aé|é");
  assert_lines ("printf 'a\\377b\\000c\\n'", newline, 100, split, "a\357\277\275b\357\277\275c");
}

static void
joined_lines_cb (ProcstreamOutput *output,
                 const char       *text,
                 const char       *separator,
                 gpointer          user_data)
{
  g_auto (GStrv) lines = g_strsplit (text, separator, -1);
  g_autofree char *joined = g_strjoinv ("|", lines);

  g_string_append_printf (user_data, "%s:%s", separator, joined);
}

static void
assert_joined (const char             *script,
               ProcstreamLineSeparator separator,
               const char             *expected)
{
  g_autoptr (GString) joined = g_string_new (NULL);
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) child = NULL;

  procstream_output_config_set_line_separator (config, separator);
  procstream_launcher_set_stdout_config (launcher, config);
  child = harness_spawn (launcher, script);
  g_signal_connect (procstream_child_get_stdout (child), "joined-lines", G_CALLBACK (joined_lines_cb), joined);
  harness_complete (child);
  g_assert_cmpstr (joined->str, ==, expected);
}

void
scenario_joined_lines (void)
{
  assert_joined ("printf 'a\\n\\nb\\377\\n'", PROCSTREAM_LINE_SEPARATOR_NEWLINE, "\n:a||b\357\277\275");
  assert_joined ("printf 'a\\r\\nb\\nc\\r\\n'", PROCSTREAM_LINE_SEPARATOR_CRLF, "\001:a|b\nc");
}

static void
gap_cb (ProcstreamOutput *output,
        guint64           chunks,
        guint64           bytes,
        gpointer          user_data)
{
  record_gap (user_data, chunks, bytes);
}

static void
ended_cb (ProcstreamOutput *output,
          const GError     *error,
          gpointer          user_data)
{
  Record *record = user_data;

  g_assert_no_error (error);
  record->ends++;
}

/* The signals belong to a main context that nobody runs before everything was read. */
void
scenario_gap (void)
{
  g_autoptr (Record) record = record_new ();
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GByteArray) all = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (Counter) counter = counter_new (PROCSTREAM_DELIVERY_RELIABLE);
  ProcstreamOutput *output;

  g_main_context_push_thread_default (context);
  child = harness_create (harness_lossy (), PRINT_MANY);
  g_main_context_pop_thread_default (context);
  output = procstream_child_get_stdout (child);
  record_connect_chunk (record, output);
  g_signal_connect (output, "gap", G_CALLBACK (gap_cb), record);
  g_signal_connect (output, "ended", G_CALLBACK (ended_cb), record);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (counter), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  harness_wait (PROCSTREAM_CONSUMER (counter));
  while (record->ends == 0)
    g_main_context_iteration (context, TRUE);
  all = record_join (record);
  g_assert_cmpint (record->ends, ==, 1);
  g_assert_cmpint (record->gaps, >, 0);
  g_assert_cmpint (all->len, >, 0);
  g_assert_cmpuint (all->len + record->bytes_lost, ==, strlen (harness_many ()));
  g_assert_cmpuint (record->chunks->len + record->chunks_lost, ==, counter_get_chunks (counter));
  g_assert_cmpuint (procstream_output_get_bytes_dropped (output), ==, record->bytes_lost);
}

static void
acknowledge_cb (ProcstreamOutput *output,
                GBytes           *chunk,
                gpointer          user_data)
{
  g_autoptr (GBytes) newline = g_bytes_new_static ("\n", 1);

  procstream_input_write_async (user_data, newline, NULL, NULL, NULL);
}

/* A child that has written three chunks and ended: it writes one when the last was read. */
static ProcstreamChild *
make_three_chunks (ProcstreamReplay replay,
                   guint64          limit)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, replay);
  ProcstreamChild    *child;

  procstream_launcher_set_replay_limit (launcher, limit);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = harness_spawn (launcher, THREE_CHUNKS);
  g_signal_connect (procstream_child_get_stdout (child), "chunk", G_CALLBACK (acknowledge_cb), procstream_child_get_stdin (child));
  harness_complete (child);
  return child;
}

static void
assert_late (ProcstreamChild *child,
             const char      *expected)
{
  g_autoptr (ProcstreamCollector) collector = harness_collect (procstream_child_get_stdout (child));

  harness_assert_collected (collector, expected);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (collector)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
}

static void
assert_replay (ProcstreamReplay replay,
               guint64          limit,
               const char      *expected)
{
  g_autoptr (ProcstreamChild) child = make_three_chunks (replay, limit);

  assert_late (child, expected);
}

void
scenario_replay_last_chunks (void)
{
  assert_replay (PROCSTREAM_REPLAY_LAST_CHUNKS, 2, "twothree");
}

void
scenario_replay_last_bytes (void)
{
  assert_replay (PROCSTREAM_REPLAY_LAST_BYTES, 5, "three");
  assert_replay (PROCSTREAM_REPLAY_LAST_BYTES, 6, "twothree");
}

void
scenario_replay_all (void)
{
  g_autoptr (ProcstreamChild) child = make_three_chunks (PROCSTREAM_REPLAY_ALL, 0);

  assert_late (child, "onetwothree");
  assert_late (child, "onetwothree");
}

void
scenario_seal (void)
{
  g_autoptr (ProcstreamChild) child = make_three_chunks (PROCSTREAM_REPLAY_ALL, 0);

  procstream_output_seal_replay (procstream_child_get_stdout (child));
  assert_late (child, "");
}

void
scenario_create_and_start (void)
{
  g_autoptr (Record) record = record_new ();
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), PRINT_MANY);
  g_autoptr (ProcstreamCollector) collector = harness_collect (procstream_child_get_stdout (child));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (procstream_child_get_state (child), ==, PROCSTREAM_CHILD_STATE_CREATED);
  record_connect_chunk (record, procstream_child_get_stdout (child));
  procstream_child_start_async (child, NULL, harness_store_cb, &result);
  procstream_child_start_finish (child, harness_await (&result), &error);
  g_assert_no_error (error);
  harness_complete (child);
  record_assert_text (record, harness_many ());
  harness_assert_collected (collector, harness_many ());
}

void
scenario_handler_after_spawn (void)
{
  g_autoptr (Record) record = record_new ();
  g_autoptr (ProcstreamChild) child = harness_spawn (harness_reliable (), PRINT_MANY);

  record_connect_chunk (record, procstream_child_get_stdout (child));
  harness_complete (child);
  record_assert_text (record, harness_many ());
}

void
scenario_handler_after_async_spawn (void)
{
  const char *const argv[] = { "/bin/sh", "-c", PRINT_MANY, NULL };
  g_autoptr (Record) record = record_new ();
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_spawn_async (launcher, argv, NULL, harness_store_cb, &result);
  child = procstream_launcher_spawn_finish (launcher, harness_await (&result), &error);
  g_assert_no_error (error);
  record_connect_chunk (record, procstream_child_get_stdout (child));
  harness_complete (child);
  record_assert_text (record, harness_many ());
}

void
scenario_output_from_fd (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *one = NULL;
  g_autofree char *two = NULL;
  int              fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_cmpint (write (fds[1], "one\ntwo\n", 8), ==, 8);
  close (fds[1]);
  output = procstream_output_new_take_fd (fds[0], "pipe", config, &error);
  g_assert_no_error (error);
  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (reader), NULL));
  one = procstream_reader_read_line (reader, TIMEOUT_MS, NULL, NULL);
  two = procstream_reader_read_line (reader, TIMEOUT_MS, NULL, NULL);
  g_assert_cmpstr (one, ==, "one");
  g_assert_cmpstr (two, ==, "two");
  g_assert_null (procstream_reader_read_line (reader, TIMEOUT_MS, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (procstream_output_get_name (output), ==, "pipe");
}

/* A class that is not GIO's own, so it is called in this thread's main context. */
typedef struct
{
  GBufferedInputStream parent_instance;
} OwnStream;

typedef struct
{
  GBufferedInputStreamClass parent_class;
} OwnStreamClass;

static GType own_stream_get_type (void);

G_DEFINE_TYPE (OwnStream, own_stream, G_TYPE_BUFFERED_INPUT_STREAM)

static void
own_stream_class_init (OwnStreamClass *klass)
{
}

static void
own_stream_init (OwnStream *self)
{
}

static void
assert_stream (GInputStream *stream)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autoptr (GError) error = NULL;

  output = procstream_output_new_from_stream (stream, "memory", config, &error);
  g_assert_no_error (error);
  collector = harness_collect (output);
  harness_assert_collected (collector, harness_many ());
}

void
scenario_output_from_stream (void)
{
  g_autoptr (GInputStream) memory = g_memory_input_stream_new_from_data (harness_many (), -1, NULL);
  g_autoptr (GInputStream) again = g_memory_input_stream_new_from_data (harness_many (), -1, NULL);
  g_autoptr (GInputStream) own = g_object_new (own_stream_get_type (), "base-stream", again, NULL);

  assert_stream (memory);
  assert_stream (own);
}

static void
assert_parsed (char      **lines,
               const char *expected)
{
  g_autofree char *joined = g_strjoinv ("|", lines);

  g_assert_cmpstr (joined, ==, expected);
  g_strfreev (lines);
}

void
scenario_line_parser (void)
{
  g_autoptr (ProcstreamLineParser) parser =
                 procstream_line_parser_new (PROCSTREAM_LINE_SEPARATOR_NEWLINE, 5, PROCSTREAM_LINE_OVERFLOW_TRUNCATE);
  g_autoptr (GBytes) first = g_bytes_new_static ("one\r\ntw", 7);
  g_autoptr (GBytes) second = g_bytes_new_static ("o\ntoo long\nthree", 16);

  assert_parsed (procstream_line_parser_push (parser, first), "one");
  assert_parsed (procstream_line_parser_push (parser, second), "two|too l");
  g_assert_cmpuint (procstream_line_parser_get_bytes_lost (parser), ==, 3);
  assert_parsed (procstream_line_parser_finish (parser), "three");
}
