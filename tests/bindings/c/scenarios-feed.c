/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What children read: from elsewhere, and from each other. */

#include "harness.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

/* A class that is not GIO's own, so it is called in this thread's main context. It gives a text in one piece, and then its end or an error. */
typedef struct
{
  GInputStream parent_instance;
  const char  *text;
  gboolean     fails;
} Spring;

typedef struct
{
  GInputStreamClass parent_class;
} SpringClass;

static GType spring_get_type (void);
G_DEFINE_TYPE (Spring, spring, G_TYPE_INPUT_STREAM)

static gssize
spring_read (GInputStream *stream,
             void         *buffer,
             gsize         count,
             GCancellable *cancellable,
             GError      **error)
{
  Spring *self = (Spring *) stream;
  gsize   n = MIN (strlen (self->text), count);

  if (n == 0 && self->fails)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no more of it");
      return -1;
    }
  memcpy (buffer, self->text, n);
  self->text += n;
  return (gssize) n;
}

static void
spring_class_init (SpringClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = spring_read;
}

static void
spring_init (Spring *self)
{
}

static GInputStream *
spring_new (const char *text,
            gboolean    fails)
{
  Spring *self = g_object_new (spring_get_type (), NULL);

  self->text = text;
  self->fails = fails;
  return G_INPUT_STREAM (self);
}

static const char *const cat[] = { "cat", NULL };

static void
assert_cat (ProcstreamLauncher *launcher,
            const char         *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamResult) result = procstream_launcher_run (launcher, cat, NULL, NULL, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = procstream_result_dup_stdout_text (result);
  g_assert_cmpstr (text, ==, expected);
}

static void
check_file (void)
{
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autofree char *directory = g_dir_make_tmp ("scenario-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "input", NULL);
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_stdin_file (launcher, path);
  g_assert_cmpint (procstream_launcher_get_stdin_mode (launcher), ==, PROCSTREAM_STDIN_MODE_FILE);
  g_assert_null (procstream_launcher_spawnv (launcher, cat, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_true (g_file_set_contents (path, "from a file", -1, NULL));
  assert_cat (launcher, "from a file");
  g_unlink (path);
  g_rmdir (directory);
}

static void
check_sources (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (harness_many (), strlen (harness_many ()));
  g_autoptr (GInputStream) memory = g_memory_input_stream_new_from_bytes (bytes);
  g_autoptr (GInputStream) own = spring_new (harness_many (), FALSE);
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();

  procstream_launcher_set_stdin_bytes (launcher, bytes);
  assert_cat (launcher, harness_many ());
  procstream_launcher_set_stdin_stream (launcher, memory);
  assert_cat (launcher, harness_many ());
  procstream_launcher_set_stdin_stream (launcher, own);
  assert_cat (launcher, harness_many ());
}

static void
check_failing (void)
{
  g_autoptr (GInputStream) failing = spring_new ("one", TRUE);
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) input_error = NULL;
  g_autofree char  *text = NULL;
  ProcstreamResult *result;

  procstream_launcher_set_stdin_stream (launcher, failing);
  g_assert_null (procstream_launcher_run (launcher, cat, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_INPUT_CUT);
  result = procstream_child_error_get_result (error);
  input_error = procstream_result_dup_input_error (result);
  g_assert_error (input_error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  text = procstream_result_dup_stdout_text (result);
  g_assert_cmpstr (text, ==, "one");
}

static void
queued_cb (ProcstreamInput *input,
           GParamSpec      *pspec,
           gpointer         user_data)
{
  if (procstream_input_get_bytes_written (input) != 4 || procstream_input_get_bytes_queued (input) > 0)
    return;
  procstream_input_write_utf8 (input, "x", NULL);
  procstream_input_close (input);
}

static void
check_queue (void)
{
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  ProcstreamInput *input;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = procstream_launcher_create (launcher, cat, NULL);
  collector = harness_collect (procstream_child_get_stdout (child));
  input = procstream_child_get_stdin (child);
  procstream_input_set_max_queued_bytes (input, 4);
  g_assert_true (procstream_input_write_utf8 (input, "ünd", NULL));
  g_assert_false (procstream_input_write_bytes (input, bytes, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (procstream_input_get_bytes_queued (input), ==, 4);
  g_signal_connect (input, "notify::bytes-queued", G_CALLBACK (queued_cb), NULL);
  procstream_child_start (child, NULL);
  harness_complete (child);
  harness_assert_collected (collector, "ündx");
  g_assert_cmpuint (procstream_input_get_bytes_written (input), ==, 5);
}

void
scenario_stdin_sources (void)
{
  check_file ();
  check_sources ();
  check_failing ();
  check_queue ();
}

/* --- Pipelines ---------------------------------------------------------------------------------------------------------------- */

static ProcstreamPipeline *
join (const char *first,
      ...)
{
  ProcstreamPipeline *pipeline = procstream_pipeline_new ();
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  va_list scripts;

  va_start (scripts, first);
  for (const char *script = first; script; script = va_arg (scripts, const char *))
    {
      const char *argv[] = { "/bin/sh", "-c", script, NULL };

      g_assert_nonnull (procstream_pipeline_append (pipeline, launcher, argv, NULL));
    }
  va_end (scripts);
  return pipeline;
}

static ProcstreamPipelineResult *
run (ProcstreamPipeline *pipeline)
{
  g_autoptr (GError) error = NULL;
  ProcstreamPipelineResult *result;

  procstream_pipeline_start (pipeline, &error);
  g_assert_no_error (error);
  result = procstream_pipeline_complete (pipeline, NULL, NULL, &error);
  g_assert_no_error (error);
  return result;
}

static void
check_three (void)
{
  g_autoptr (ProcstreamPipeline) pipeline = join ("printf 'b\\na\\nc\\n'; echo one >&2", "sort; echo two >&2", "exec head -n 1", NULL);
  g_autoptr (ProcstreamPipelineResult) result = run (pipeline);
  g_autofree char  *text = procstream_pipeline_result_dup_stdout_text (result);
  const char *const expected[] = { "one\n", "two\n", "" };

  g_assert_true (procstream_pipeline_result_check (result, NULL));
  g_assert_cmpstr (text, ==, "a\n");
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *err = procstream_result_dup_stderr_text (procstream_pipeline_result_get_stage (result, i));

      g_assert_cmpstr (err, ==, expected[i]);
    }
}

static void
check_observed (void)
{
  g_autoptr (ProcstreamPipeline) pipeline = join (PRINT_MANY, "wc -l", NULL);
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autoptr (ProcstreamPipelineResult) result = NULL;
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GAsyncResult) completed = NULL;
  g_autofree char *text = NULL;

  g_assert_true (procstream_pipeline_set_observed (pipeline, 0, TRUE, NULL));
  procstream_pipeline_start_async (pipeline, NULL, harness_store_cb, &started);
  g_assert_true (procstream_pipeline_start_finish (pipeline, harness_await (&started), NULL));
  collector = harness_collect (procstream_child_get_stdout (procstream_pipeline_get_stage (pipeline, 0)));
  procstream_pipeline_complete_async (pipeline, NULL, NULL, harness_store_cb, &completed);
  result = procstream_pipeline_complete_finish (pipeline, harness_await (&completed), NULL);
  text = procstream_pipeline_result_dup_stdout_text (result);
  g_assert_cmpint (g_ascii_strtoll (text, NULL, 10), ==, 100000);
  harness_assert_collected (collector, harness_many ());
}

static void
check_blame (void)
{
  g_autoptr (ProcstreamPipeline) enough = join ("exec yes", "exec head -n 1", NULL);
  g_autoptr (ProcstreamPipeline) blamed = join ("exec yes", "exit 4", NULL);
  g_autoptr (ProcstreamPipelineResult) success = run (enough);
  g_autoptr (ProcstreamPipelineResult) failure = run (blamed);
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_pipeline_result_get_success (success));
  g_assert_true (procstream_pipeline_result_is_excused (success, 0));
  g_assert_cmpint (procstream_result_get_term_signal (procstream_pipeline_result_get_stage (success, 0)), ==, SIGPIPE);
  g_assert_cmpint (procstream_pipeline_result_get_blamed (failure), ==, 1);
  g_assert_false (procstream_pipeline_result_check (failure, &error));
  g_assert_true (g_str_has_prefix (error->message, "Stage 2 of 2: "));
  g_assert_cmpint (procstream_result_get_exit_code (procstream_child_error_get_result (error)), ==, 4);
}

static void
check_missing (void)
{
  static const char *const argv[] = { "/nowhere/program", NULL };
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamPipeline) pipeline = join ("exec cat", NULL);
  g_autoptr (GError) error = NULL;

  procstream_pipeline_append (pipeline, launcher, argv, NULL);
  g_assert_false (procstream_pipeline_start (pipeline, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_true (g_str_has_prefix (error->message, "Stage 2 of 2: "));
}

static void
check_terminate (void)
{
  g_autoptr (ProcstreamPipeline) pipeline = join ("exec sleep 1000", "exec cat", NULL);
  g_autoptr (GAsyncResult) ended = NULL;

  g_assert_true (procstream_pipeline_start (pipeline, NULL));
  procstream_pipeline_terminate_async (pipeline, NULL, NULL, harness_store_cb, &ended);
  g_assert_true (procstream_pipeline_terminate_finish (pipeline, harness_await (&ended), NULL));
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (procstream_child_get_state (procstream_pipeline_get_stage (pipeline, i)), ==, PROCSTREAM_CHILD_STATE_EXITED);
}

void
scenario_pipeline (void)
{
  check_three ();
  check_observed ();
  check_blame ();
  check_missing ();
  check_terminate ();
}
