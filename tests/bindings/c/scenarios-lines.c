/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"

#include <string.h>

/* --- Reading -------------------------------------------------------------------------------------------------------------------- */

static void
assert_bytes (GBytes     *bytes,
              const char *expected)
{
  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
  g_bytes_unref (bytes);
}

static void
answer (ProcstreamChild *child,
        const char      *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_input_write_async (procstream_child_get_stdin (child), bytes, NULL, harness_store_cb, &result);
  harness_await (&result);
  g_assert_true (procstream_input_write_finish (procstream_child_get_stdin (child), result, &error));
  g_assert_no_error (error);
  procstream_input_close (procstream_child_get_stdin (child));
}

static void
read_prompt (ProcstreamReader *reader,
             GBytes           *prompt)
{
  g_autoptr (GAsyncResult) result = NULL;

  procstream_reader_read_until_async (reader, prompt, 100, NULL, harness_store_cb, &result);
  harness_await (&result);
  assert_bytes (procstream_reader_read_until_finish (reader, result, NULL), "name> ");
}

void
scenario_reader_until_and_exactly (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GBytes) prompt = g_bytes_new_static ("> ", 2);
  g_autoptr (ProcstreamLine) line = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = harness_create (launcher, "printf 'name> '; read answer; printf 'hello %s\\n\\1\\2\\3\\4tail' \"$answer\"");
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  read_prompt (reader, prompt);
  answer (child, "you\n");
  line = procstream_reader_next_line (reader, TIMEOUT_MS, NULL, NULL);
  g_assert_cmpstr (procstream_line_get_text (line), ==, "hello you");
  assert_bytes (g_bytes_ref (procstream_line_get_bytes (line)), "hello you");
  g_assert_cmpuint (procstream_line_get_number (line), ==, 1);
  g_assert_cmpstr (procstream_line_get_stream (line), ==, "stdout");
  g_assert_true (procstream_line_get_terminated (line) && !procstream_line_get_cut (line));
  g_assert_cmpint (procstream_line_get_time_us (line), >, 0);
  g_assert_cmpint (procstream_line_get_time_us (line), <=, g_get_monotonic_time () + 1000);
  assert_bytes (procstream_reader_read_exactly (reader, 4, TIMEOUT_MS, NULL, NULL), "\1\2\3\4");
  g_assert_null (procstream_reader_read_until (reader, prompt, 3, TIMEOUT_MS, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_clear_error (&error);
  assert_bytes (procstream_reader_read_exactly (reader, 100, TIMEOUT_MS, NULL, NULL), "tail");
  g_assert_null (procstream_reader_read_exactly (reader, 100, TIMEOUT_MS, NULL, &error));
  g_assert_no_error (error);
}

/* --- Separators ------------------------------------------------------------------------------------------------------------------ */

static ProcstreamLauncher *
with_separator (ProcstreamLineSeparator separator,
                GBytes                 *custom)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  ProcstreamLauncher *launcher = harness_reliable ();

  procstream_output_config_set_line_separator (config, separator);
  procstream_output_config_set_custom_separator (config, custom);
  procstream_launcher_set_stdout_config (launcher, config);
  return launcher;
}

static void
assert_separated (ProcstreamLauncher *launcher,
                  const char         *script,
                  const char         *expected)
{
  g_autoptr (ProcstreamChild) child = harness_create (launcher, script);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_auto (GStrv) lines = NULL;
  g_autofree char *joined = NULL;

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (collector), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  harness_wait (PROCSTREAM_CONSUMER (collector));
  lines = procstream_collector_dup_lines (collector);
  joined = g_strjoinv ("|", lines);
  g_assert_cmpstr (joined, ==, expected);
}

void
scenario_line_separators (void)
{
  static const char *const argv[] = { "/bin/true", NULL };
  g_autoptr (GBytes) custom = g_bytes_new_static ("--\n", 3);
  g_autoptr (ProcstreamLauncher) incomplete = with_separator (PROCSTREAM_LINE_SEPARATOR_CUSTOM, NULL);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  assert_separated (with_separator (PROCSTREAM_LINE_SEPARATOR_ANY, NULL), "printf '10%%\\r20%%\\r\\ndone\\n'", "10%|20%|done");
  assert_separated (with_separator (PROCSTREAM_LINE_SEPARATOR_NUL, NULL), "printf './a\\000./b\\nc\\000'", "./a|./b\nc");
  assert_separated (with_separator (PROCSTREAM_LINE_SEPARATOR_CUSTOM, custom), "printf 'a\\nb--\\nc--\\n'", "a\nb|c");
  child = procstream_launcher_create (incomplete, argv, &error);
  g_assert_null (child);
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY);
  g_assert_nonnull (strstr (error->message, "custom-separator"));
}

/* --- Lines as objects -------------------------------------------------------------------------------------------------------------- */

#define TYPE_LINE_KEEPER (line_keeper_get_type ())
G_DECLARE_FINAL_TYPE (LineKeeper, line_keeper, TEST, LINE_KEEPER, ProcstreamConsumer)

struct _LineKeeper
{
  ProcstreamConsumer parent_instance;

  GPtrArray *kept;
};

G_DEFINE_FINAL_TYPE (LineKeeper, line_keeper, PROCSTREAM_TYPE_CONSUMER)

static gboolean
line_keeper_line_received (ProcstreamConsumer *consumer,
                           ProcstreamLine     *line)
{
  LineKeeper *self = TEST_LINE_KEEPER (consumer);

  g_ptr_array_add (self->kept, g_object_ref (line));
  return self->kept->len == 3;
}

static void
line_keeper_finalize (GObject *object)
{
  g_ptr_array_unref (TEST_LINE_KEEPER (object)->kept);
  G_OBJECT_CLASS (line_keeper_parent_class)->finalize (object);
}

static void
line_keeper_class_init (LineKeeperClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = line_keeper_finalize;
  PROCSTREAM_CONSUMER_CLASS (klass)->line_received = line_keeper_line_received;
}

static void
line_keeper_init (LineKeeper *self)
{
  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
keep_cb (ProcstreamOutput *output,
         ProcstreamLine   *line,
         GPtrArray        *kept)
{
  g_ptr_array_add (kept, g_object_ref (line));
}

static void
assert_kept (GPtrArray  *kept,
             const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < kept->len; i++)
    {
      ProcstreamLine *line = g_ptr_array_index (kept, i);

      g_string_append_printf (text, "%s %d %d %s %d|", procstream_line_get_text (line), (int) g_bytes_get_size (procstream_line_get_bytes (line)),
                              (int) procstream_line_get_number (line), procstream_line_get_stream (line), procstream_line_get_terminated (line));
    }
  g_assert_cmpstr (text->str, ==, expected);
}

void
scenario_line_received (void)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), "printf 'one\\nr\\377w\\n\\nlast'");
  g_autoptr (LineKeeper) keeper = g_object_new (TYPE_LINE_KEEPER, NULL);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);

  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (keeper), NULL));
  g_signal_connect (procstream_child_get_stdout (child), "line-received", G_CALLBACK (keep_cb), kept);
  g_assert_true (procstream_child_start (child, NULL));
  harness_complete (child);
  assert_kept (kept, "one 3 1 stdout 1|r\357\277\275w 3 2 stdout 1| 0 3 stdout 1|last 4 4 stdout 0|");
  assert_bytes (g_bytes_ref (procstream_line_get_bytes (g_ptr_array_index (kept, 1))), "r\377w");
  assert_kept (keeper->kept, "one 3 1 stdout 1|r\357\277\275w 3 2 stdout 1| 0 3 stdout 1|");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (keeper)), ==, PROCSTREAM_CONSUMER_STATE_DONE);
}

/* --- Encodings -------------------------------------------------------------------------------------------------------------------- */

void
scenario_encoding_and_escapes (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamReader) wrong = procstream_reader_new ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (Record) record = record_new ();
  g_autoptr (GError) error = NULL;

  procstream_output_config_set_encoding (config, "ISO-8859-1");
  procstream_output_config_set_strip_escapes (config, TRUE);
  procstream_launcher_set_stdout_config (launcher, config);
  child = harness_create (launcher, "printf '\\033[1mgr\\374n\\033[0m\\nplain\\n'");
  record_connect_line (record, procstream_child_get_stdout (child));
  g_assert_true (procstream_child_start (child, NULL));
  harness_complete (child);
  record_assert_lines (record, "gr\303\274n|plain");
  procstream_consumer_set_encoding (PROCSTREAM_CONSUMER (wrong), "no-such-encoding");
  g_assert_false (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (wrong), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, "no-such-encoding"));
}
