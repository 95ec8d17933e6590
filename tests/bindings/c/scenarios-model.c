/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scenarios-consumer.h"

#include <string.h>

/* Consumers whose functions begin what is not over when they return, and the model of a log. */

/* Writes chunks with asynchronous calls. */
G_DECLARE_FINAL_TYPE (Slow, slow, TEST, SLOW, ProcstreamConsumer)

struct _Slow
{
  ProcstreamConsumer parent_instance;
  GOutputStream     *stream;
  guint              done_at;
  guint              chunks;
  guint              under_way;
  gboolean           ended;
};

G_DEFINE_FINAL_TYPE (Slow, slow, PROCSTREAM_TYPE_CONSUMER)

static void
written_cb (GObject      *stream,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (Slow) self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_output_stream_write_bytes_finish (G_OUTPUT_STREAM (stream), result, &error), >, 0);
  g_assert_no_error (error);
  self->under_way--;
  if (self->chunks == self->done_at)
    procstream_consumer_mark_done (PROCSTREAM_CONSUMER (self));
  procstream_consumer_release (PROCSTREAM_CONSUMER (self));
}

static gboolean
slow_chunk (ProcstreamConsumer *consumer,
            GBytes             *bytes)
{
  Slow *self = TEST_SLOW (consumer);

  g_assert_cmpuint (self->under_way++, ==, 0);
  self->chunks++;
  procstream_consumer_hold (consumer);
  g_output_stream_write_bytes_async (self->stream, bytes, G_PRIORITY_DEFAULT, NULL, written_cb, g_object_ref (self));
  return FALSE;
}

static void
closed_cb (GObject      *stream,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (Slow) self = user_data;

  self->ended = TRUE;
  procstream_consumer_release (PROCSTREAM_CONSUMER (self));
}

static void
slow_ended (ProcstreamConsumer *consumer,
            const GError       *error)
{
  Slow *self = TEST_SLOW (consumer);

  g_assert_cmpuint (self->under_way, ==, 0);
  procstream_consumer_hold (consumer);
  g_output_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, closed_cb, g_object_ref (self));
}

static void
slow_finalize (GObject *object)
{
  g_clear_object (&TEST_SLOW (object)->stream);
  G_OBJECT_CLASS (slow_parent_class)->finalize (object);
}

static void
slow_class_init (SlowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = slow_finalize;
  PROCSTREAM_CONSUMER_CLASS (klass)->chunk = slow_chunk;
  PROCSTREAM_CONSUMER_CLASS (klass)->ended = slow_ended;
}

static void
slow_init (Slow *self)
{
  self->stream = g_memory_output_stream_new_resizable ();
}

/* What an operation in C comes to is for its callback to say: the one that fails is missing here. */
void
scenario_asynchronous_consumer (void)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_small_chunks (), PRINT_MANY);
  g_autoptr (Slow) slow = g_object_new (slow_get_type (), NULL);
  g_autoptr (Slow) once = g_object_new (slow_get_type (), NULL);
  g_autoptr (Counter) counter = counter_new (PROCSTREAM_DELIVERY_RELIABLE);
  ProcstreamConsumer *consumers[] = { PROCSTREAM_CONSUMER (slow), PROCSTREAM_CONSUMER (once), PROCSTREAM_CONSUMER (counter) };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  once->done_at = 2;
  for (guint i = 0; i < G_N_ELEMENTS (consumers); i++)
    g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), consumers[i], NULL));
  g_assert_true (procstream_child_start (child, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (consumers); i++)
    harness_wait (consumers[i]);
  g_assert_cmpint (procstream_consumer_get_state (consumers[0]), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_assert_true (slow->ended);
  g_assert_cmpuint (slow->chunks, ==, counter_get_chunks (counter));
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (slow->stream));
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), harness_many (), strlen (harness_many ()));
  g_assert_cmpint (procstream_consumer_get_state (consumers[1]), ==, PROCSTREAM_CONSUMER_STATE_DONE);
  g_assert_cmpuint (once->chunks, ==, 2);
  g_assert_false (once->ended);
}

/* --- The model of a log ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamChild *child;
  GString         *changes;
  guint            n_changes;
} Changes;

static void
items_changed_cb (GListModel *model,
                  guint       position,
                  guint       removed,
                  guint       added,
                  gpointer    user_data)
{
  Changes *changes = user_data;
  g_autoptr (GBytes) newline = g_bytes_new_static ("\n", 1);

  g_string_append_printf (changes->changes, "%u-%u+%u ", position, removed, added);
  changes->n_changes++;
  procstream_input_write_async (procstream_child_get_stdin (changes->child), newline, NULL, NULL, NULL);
}

static void
assert_line (ProcstreamLogModel *model,
             guint               position,
             const char         *text,
             const char         *stream,
             guint64             number)
{
  g_autoptr (ProcstreamLine) line = g_list_model_get_item (G_LIST_MODEL (model), position);

  g_assert_cmpstr (procstream_line_get_text (line), ==, text);
  g_assert_cmpstr (procstream_line_get_stream (line), ==, stream);
  g_assert_cmpuint (procstream_line_get_number (line), ==, number);
}

void
scenario_log_model (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamLogModel) model = g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 3, NULL);
  g_autoptr (ProcstreamConsumer) out = NULL;
  g_autoptr (ProcstreamConsumer) err = NULL;
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamLine) kept = NULL;
  g_autoptr (ProcstreamLine) again = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  Changes changes = { NULL, text, 0 };

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = changes.child = harness_create (launcher, "echo one; read x; echo two >&2; read x; echo three; read x; printf four");
  g_signal_connect (model, "items-changed", G_CALLBACK (items_changed_cb), &changes);
  out = procstream_log_model_follow (model, procstream_child_get_stdout (child), NULL);
  err = procstream_log_model_follow (model, procstream_child_get_stderr (child), NULL);
  g_assert_true (procstream_child_start (child, NULL));
  while (changes.n_changes < 5)
    g_main_context_iteration (NULL, TRUE);
  harness_wait (out);
  harness_wait (err);
  g_assert_cmpstr (text->str, ==, "0-0+1 1-0+1 2-0+1 0-1+0 2-0+1 ");
  assert_line (model, 0, "two", "stderr", 1);
  assert_line (model, 1, "three", "stdout", 2);
  assert_line (model, 2, "four", "stdout", 3);
  g_assert_cmpuint (procstream_log_model_get_lines_dropped (model), ==, 1);
  g_assert_cmpuint (procstream_log_model_get_bytes_shown (model), ==, 12);
  kept = g_list_model_get_item (G_LIST_MODEL (model), 1);
  again = g_list_model_get_item (G_LIST_MODEL (model), 1);
  g_assert_true (kept == again);
  procstream_log_model_clear (model);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (model)), ==, 0);
  g_assert_cmpstr (procstream_line_get_text (kept), ==, "three");
}

static void
count_changes_cb (GListModel *model,
                  guint       position,
                  guint       removed,
                  guint       added,
                  guint      *n_changes)
{
  ++*n_changes;
}

static void
write_newline (ProcstreamChild *child)
{
  g_assert_true (procstream_input_write_utf8 (procstream_child_get_stdin (child), "\n", NULL));
}

/* Without a main loop nothing is shown meanwhile. */
static void
await_received (ProcstreamChild *child,
                guint64          n_bytes)
{
  while (procstream_output_get_bytes_received (procstream_child_get_stdout (child)) < n_bytes)
    g_usleep (1000);
}

static ProcstreamChild *
follow_twice (ProcstreamLogModel *model,
              ProcstreamScope    *scope)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamConsumer) consumer = NULL;
  ProcstreamChild *child;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_scope (launcher, scope);
  child = harness_create (launcher, "read x; echo one; read x; echo two; read x");
  consumer = procstream_log_model_follow (model, procstream_child_get_stdout (child), NULL);
  g_assert_true (procstream_child_start (child, NULL));
  return child;
}

void
scenario_log_model_after_an_abort (void)
{
  g_autoptr (ProcstreamLogModel) model = procstream_log_model_new ();
  g_autoptr (ProcstreamScope) scope = procstream_scope_new ();
  g_autoptr (ProcstreamChild) aborted = follow_twice (model, scope);
  g_autoptr (ProcstreamChild) other = follow_twice (model, NULL);
  guint n_changes = 0;

  g_signal_connect (model, "items-changed", G_CALLBACK (count_changes_cb), &n_changes);
  write_newline (aborted);
  while (n_changes < 1)
    g_main_context_iteration (NULL, TRUE);
  write_newline (aborted);
  await_received (aborted, strlen ("one\ntwo\n"));
  procstream_scope_abort (scope);
  for (guint i = 2; i <= 3; i++)
    {
      write_newline (other);
      while (n_changes < i)
        g_main_context_iteration (NULL, TRUE);
    }
  g_assert_true (procstream_child_wait (aborted, TIMEOUT_MS, NULL, NULL));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (model)), ==, 3);
  assert_line (model, 0, "one", "stdout", 1);
  assert_line (model, 1, "one", "stdout", 1);
  assert_line (model, 2, "two", "stdout", 2);
  write_newline (other);
  g_assert_true (procstream_child_wait (other, TIMEOUT_MS, NULL, NULL));
  g_assert_cmpuint (n_changes, ==, 3);
}

static void
set_cb (ProcstreamOutput *output,
        const GError     *error,
        gboolean         *flag)
{
  *flag = TRUE;
}

/* One that is connected after the end is told of it, once the state is read. */
static void
assert_late_handler (ProcstreamOutput *output)
{
  gboolean ended = FALSE;
  gulong   handler;

  g_main_context_iteration (NULL, FALSE);
  handler = g_signal_connect (output, "ended", G_CALLBACK (set_cb), &ended);
  g_assert_cmpint (procstream_output_get_state (output), ==, PROCSTREAM_OUTPUT_STATE_ENDED);
  while (!ended)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (output, handler);
}

static void
assert_find_async (ProcstreamLogModel *model,
                   GRegex             *regex,
                   gint64              position)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  const ProcstreamFindFlags flags = PROCSTREAM_FIND_FLAGS_CASELESS | PROCSTREAM_FIND_FLAGS_BACKWARD;

  if (regex)
    {
      procstream_log_model_find_regex_async (model, regex, 0, 0, NULL, harness_store_cb, &result);
      g_assert_cmpint (procstream_log_model_find_regex_finish (model, harness_await (&result), &error), ==, position);
    }
  else
    {
      procstream_log_model_find_async (model, "apple", flags, 1, NULL, harness_store_cb, &result);
      g_assert_cmpint (procstream_log_model_find_finish (model, harness_await (&result), &error), ==, position);
    }
  g_assert_no_error (error);
}

static void
assert_saved (ProcstreamLogModel *model)
{
  g_autofree char *directory = g_dir_make_tmp (NULL, NULL);
  g_autofree char *path = g_build_filename (directory, "log", NULL);
  g_autofree char *nowhere_path = g_build_filename (directory, "no", "log", NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFile) nowhere = g_file_new_for_path (nowhere_path);
  g_autoptr (GFile) parent = g_file_new_for_path (directory);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_log_model_save_async (model, file, NULL, harness_store_cb, &result);
  g_assert_true (procstream_log_model_save_finish (model, harness_await (&result), &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  g_assert_cmpstr (contents, ==, "Apple\nbanana\napple 23\n");
  g_assert_false (procstream_log_model_save (model, nowhere, TIMEOUT_MS, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (g_file_delete (file, NULL, NULL) && g_file_delete (parent, NULL, NULL));
}

void
scenario_log_model_search_and_save (void)
{
  g_autoptr (ProcstreamLogModel) model = procstream_log_model_new ();
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), "printf 'Apple\\nbanana\\napple 23\\n'");
  ProcstreamOutput *output = procstream_child_get_stdout (child);
  g_autoptr (ProcstreamConsumer) follower = procstream_log_model_follow (model, output, NULL);
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();
  g_autoptr (GRegex) regex = g_regex_new ("[0-9]+$", 0, 0, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_child_start (child, NULL));
  harness_wait (follower);
  while (g_list_model_get_n_items (G_LIST_MODEL (model)) < 3)
    g_main_context_iteration (NULL, TRUE);
  assert_late_handler (output);
  g_assert_cmpint (procstream_log_model_find (model, "apple", 0, 0), ==, 2);
  g_assert_cmpint (procstream_log_model_find (model, "apple", PROCSTREAM_FIND_FLAGS_CASELESS, 0), ==, 0);
  g_assert_cmpint (procstream_log_model_find (model, "pear", 0, 0), ==, -1);
  assert_find_async (model, NULL, 0);
  g_assert_cmpint (procstream_log_model_find_regex (model, regex, 0, 0, TIMEOUT_MS, NULL, &error), ==, 2);
  g_assert_no_error (error);
  assert_find_async (model, regex, 2);
  assert_saved (model);
  g_assert_true (procstream_log_model_save_to_stream (model, stream, TIMEOUT_MS, NULL, &error));
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (stream)), ==, 22);
}
