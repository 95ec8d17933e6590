/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a child's standard input comes from: a file, bytes, a stream. */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-start.h"
#include "test-utils.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any pipe holds. */
#define BIG (4 * 1024 * 1024)

/* --- A class of the program's own --------------------------------------------------------------------------------------------- */

#define TEST_TYPE_SPRING (test_spring_get_type ())
G_DECLARE_FINAL_TYPE (TestSpring, test_spring, TEST, SPRING, GInputStream)

/* Gives what it is asked for, as often as it may, and then its end or an error. */
struct _TestSpring
{
  GInputStream parent_instance;

  GThread *thread;
  guint    n_reads;
  guint    wrong_thread;
  guint64  given;
  guint64  size; /* then: */
  gboolean fails;
};

G_DEFINE_FINAL_TYPE (TestSpring, test_spring, G_TYPE_INPUT_STREAM)

static guint n_springs;

static gssize
test_spring_read (GInputStream *stream,
                  void         *buffer,
                  gsize         count,
                  GCancellable *cancellable,
                  GError      **error)
{
  TestSpring *self = TEST_SPRING (stream);
  gsize       n = MIN (count, self->size - self->given);

  self->n_reads++;
  self->wrong_thread += g_thread_self () != self->thread;
  if (n == 0 && self->fails)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the spring is dry");
      return -1;
    }
  memset (buffer, 'x', n);
  self->given += n;
  return (gssize) n;
}

static void
test_spring_finalize (GObject *object)
{
  g_assert_true (TEST_SPRING (object)->thread == g_thread_self ());
  n_springs--;
  G_OBJECT_CLASS (test_spring_parent_class)->finalize (object);
}

static void
test_spring_class_init (TestSpringClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_spring_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = test_spring_read;
}

static void
test_spring_init (TestSpring *self)
{
  self->thread = g_thread_self ();
  n_springs++;
}

static TestSpring *
new_spring (guint64  size,
            gboolean fails)
{
  TestSpring *self = g_object_new (TEST_TYPE_SPRING, NULL);

  self->size = size;
  self->fails = fails;
  return self;
}

/* --- Helpers ------------------------------------------------------------------------------------------------------------------ */

static TestProcess *
new_process_for (GInputStream *stream,
                 const char   *mode)
{
  TestProcess *process = test_process_new ();

  procstream_launcher_set_stdin_stream (process->launcher, stream);
  test_process_create_mode (process, mode);
  test_process_listen (process);
  return process;
}

static GBytes *
new_pattern (gsize size)
{
  char *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (char) (i * 31 + i / 4099);
  return g_bytes_new_take (data, size);
}

static void
assert_out (TestProcess *process,
            GBytes      *bytes)
{
  gsize         size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_assert_cmpmem (process->out->str, process->out->len, data, size);
}

static void
start_again (TestProcess *process,
             const char  *mode)
{
  g_clear_object (&process->child);
  g_string_truncate (process->out, 0);
  process->completed = process->exited = FALSE;
  test_process_create_mode (process, mode);
  test_process_listen (process);
  test_process_start (process);
}

static void
start_to_error (TestProcess *process,
                int          code,
                const char  *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_child_start (process->child, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
  g_assert_nonnull (strstr (error->message, "“test-child”"));
}

/* --- Choosing ----------------------------------------------------------------------------------------------------------------- */

static ProcstreamStdinMode
get_mode (ProcstreamLauncher *launcher)
{
  return procstream_launcher_get_stdin_mode (launcher);
}

static void
note_cb (ProcstreamLauncher *launcher,
         GParamSpec         *pspec,
         gpointer            user_data)
{
  g_string_append_printf (user_data, "%s ", pspec->name);
}

/* The source that is set is the one that counts; none is the null device. */
static void
test_choice (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GInputStream) stream = g_memory_input_stream_new ();
  g_autoptr (GString) notes = g_string_new (NULL);
  g_auto (GStrv) argv = test_child_argv ("cat");
  g_autoptr (GError) error = NULL;

  g_signal_connect (launcher, "notify", G_CALLBACK (note_cb), notes);
  procstream_launcher_set_stdin_file (launcher, "/dev/zero");
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_FILE);
  g_assert_cmpstr (notes->str, ==, "stdin-file stdin-mode ");
  g_object_set (launcher, "stdin-bytes", bytes, NULL);
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_BYTES);
  g_object_get (launcher, "stdin-bytes", &got, NULL);
  g_assert_true (got == bytes);
  g_object_set (launcher, "stdin-stream", stream, NULL);
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_STREAM);
  /* One that was set before counts again when it is set again. */
  procstream_launcher_set_stdin_file (launcher, "/dev/zero");
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_FILE);
  procstream_launcher_set_stdin_bytes (launcher, bytes);
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_BYTES);
  procstream_launcher_set_stdin_stream (launcher, stream);
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_STREAM);
  /* One that does not count goes without a trace. */
  procstream_launcher_set_stdin_file (launcher, NULL);
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_STREAM);
  procstream_launcher_set_stdin_stream (launcher, NULL);
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_NULL);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_BYTES);
  procstream_launcher_set_stdin_bytes (launcher, NULL);
  g_assert_cmpint (get_mode (launcher), ==, PROCSTREAM_STDIN_MODE_NULL);

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_FILE);
  g_assert_null (procstream_launcher_create (launcher, (const char *const *) argv, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "stdin-file"));
}

/* --- A file ------------------------------------------------------------------------------------------------------------------- */

/* Each child reads it from its beginning, as it is when that child is started. */
static void
test_file (void)
{
  g_autofree char *directory = test_make_directory ();
  g_autofree char *path = g_build_filename (directory, "input", NULL);
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_launcher_set_stdin_file (process->launcher, path);
  test_process_create_mode (process, "cat");
  test_process_listen (process);
  g_assert_null (procstream_child_get_stdin (process->child));
  g_assert_true (g_file_set_contents (path, "first", -1, NULL));
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "first");
  g_assert_true (g_file_set_contents (path, "and second", -1, NULL));
  start_again (process, "cat");
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "and second");
  test_remove_directory (g_steal_pointer (&directory));
}

/* An error of the start names it, nothing waits for it, and nothing was started. */
static void
test_file_errors (void)
{
  g_autofree char *directory = test_make_directory ();
  g_autofree char *path = g_build_filename (directory, "input", NULL);
  g_autoptr (TestProcess) process = test_process_new ();
  guint fds = test_count_fds ();

  procstream_launcher_set_stdin_file (process->launcher, path);
  test_process_create_mode (process, "cat");
  start_to_error (process, G_IO_ERROR_NOT_FOUND, path);
  g_clear_object (&process->child);
  procstream_launcher_set_stdin_file (process->launcher, directory);
  test_process_create_mode (process, "cat");
  start_to_error (process, G_IO_ERROR_IS_DIRECTORY, directory);
  g_clear_object (&process->child);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  procstream_launcher_set_stdin_file (process->launcher, path);
  start_again (process, "cat");
  test_process_run_to_completed (process);
  g_assert_cmpuint (process->out->len, ==, 0);
  g_clear_object (&process->child);
  test_remove_directory (g_steal_pointer (&directory));
  test_assert_fds (fds);
}

/* --- Bytes -------------------------------------------------------------------------------------------------------------------- */

static void
test_bytes (void)
{
  g_autoptr (GBytes) bytes = new_pattern (BIG);
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_stdin_bytes (process->launcher, bytes);
  for (int i = 0; i < 2; i++)
    {
      start_again (process, "cat");
      g_assert_false (procstream_input_write_utf8 (procstream_child_get_stdin (process->child), "more", &error));
      /* Unless all of it was written, and the child closed its end, by now. */
      g_assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
                     g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE));
      g_clear_error (&error);
      test_process_run_to_completed (process);
      assert_out (process, bytes);
      g_assert_cmpuint (procstream_input_get_bytes_written (procstream_child_get_stdin (process->child)), ==, BIG);
    }
}

/* A child that does not read holds nobody up, and what it leaves goes with it. */
static void
test_bytes_unread (void)
{
  g_autoptr (GBytes) bytes = new_pattern (BIG);
  g_autoptr (TestProcess) process = test_process_new ();
  ProcstreamInput *input;

  procstream_launcher_set_stdin_bytes (process->launcher, bytes);
  test_process_create_mode (process, "sleep-forever");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_until_out (process, 6);
  input = procstream_child_get_stdin (process->child);
  g_assert_cmpuint (procstream_input_get_bytes_queued (input), >, 0);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  g_assert_cmpuint (procstream_input_get_bytes_queued (input), ==, 0);
}

/* The whole job in one call has its input, too. */
static void
test_run (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GBytes) bytes = new_pattern (BIG);
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (bytes);
  g_auto (GStrv) argv = test_child_argv ("count");
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (ProcstreamResult) result = NULL;
      g_autofree char *text = NULL;

      if (i == 0)
        procstream_launcher_set_stdin_bytes (launcher, bytes);
      else
        procstream_launcher_set_stdin_stream (launcher, stream);
      result = procstream_launcher_run (launcher, (const char *const *) argv, NULL, NULL, &error);
      g_assert_no_error (error);
      text = procstream_result_dup_stdout_text (result);
      g_assert_cmpint (atoi (text), ==, BIG);
    }
}

/* --- A stream ----------------------------------------------------------------------------------------------------------------- */

static void
test_stream (void)
{
  g_autoptr (GBytes) bytes = new_pattern (BIG);
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (bytes);
  g_autoptr (TestProcess) process = new_process_for (stream, "cat");
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_input_write_utf8 (procstream_child_get_stdin (process->child), "more", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  test_process_start (process);
  test_process_run_to_completed (process);
  assert_out (process, bytes);
  g_assert_false (g_input_stream_is_closed (stream));
  g_assert_null (procstream_input_dup_feed_error (procstream_child_get_stdin (process->child)));
}

/* A class that is not GIO's is called where its author expects it, and freed there. */
static void
test_foreign_stream (void)
{
  TestSpring  *spring = new_spring (BIG, FALSE);
  TestProcess *process = new_process_for (G_INPUT_STREAM (spring), "count");

  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpint (atoi (process->out->str), ==, BIG);
  g_assert_cmpuint (spring->wrong_thread, ==, 0);
  g_object_unref (spring);
  test_process_free (process);
  while (n_springs > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* A stream can be read once; by a child that could not be started it was not. */
static void
test_stream_once (void)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_data ("once", 4, NULL);
  g_autoptr (TestProcess) process = test_process_new ();
  const char *const missing[] = { "/nowhere/program", NULL };
  g_autoptr (ProcstreamChild) other = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_stdin_stream (process->launcher, stream);
  g_assert_null (procstream_launcher_spawnv (process->launcher, missing, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  start_again (process, "cat");
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "once");
  other = g_object_ref (process->child);
  g_clear_object (&process->child);
  test_process_create_mode (process, "cat");
  start_to_error (process, G_IO_ERROR_PENDING, "stdin-stream");
}

/* Also not by one whose record has the place in memory that the first had. */
static void
test_stream_once_for_all (void)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_data ("once", 4, NULL);
  g_autoptr (TestProcess) process = new_process_for (stream, "cat");
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_object_unref);

  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "once");
  g_clear_object (&process->child);
  for (int i = 0; i < 50; i++)
    {
      if (process->child)
        g_ptr_array_add (others, g_steal_pointer (&process->child));
      test_process_create_mode (process, "cat");
      start_to_error (process, G_IO_ERROR_PENDING, "stdin-stream");
    }
}

/* All that is under way in the library has its turn, many times. */
static void
run_another (void)
{
  g_auto (GStrv) argv = test_child_argv ("echo x");
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = procstream_run ((const char *const *) argv, NULL, &error);
  g_assert_no_error (error);
}

/* Who reads nothing gets no more than fits between the two, and when it is gone nothing more is read. */
static void
test_stream_backpressure (void)
{
  g_autoptr (TestSpring) spring = new_spring (G_MAXINT64, FALSE);
  g_autoptr (TestProcess) process = new_process_for (G_INPUT_STREAM (spring), "sleep-forever");
  guint64 given;

  test_process_start (process);
  test_process_run_until_out (process, 6);
  /* The pipe, the queue and what is read ahead have bounds, and a stream that was not stopped would have given far more by then. */
  while (procstream_input_get_bytes_queued (procstream_child_get_stdin (process->child)) < 256 * 1024)
    g_main_context_iteration (NULL, FALSE);
  for (int i = 0; i < 20; i++)
    run_another ();
  g_assert_cmpuint (spring->given, <=, 2 * 1024 * 1024);
  g_assert_true (procstream_child_kill (process->child, NULL));
  test_process_run_to_completed (process);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  given = spring->given;
  for (int i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (spring->given, ==, given);
}

typedef struct
{
  GThread *thread;
  guint    n;
} FeedNotes;

static void
feed_error_cb (ProcstreamInput *input,
               GParamSpec      *pspec,
               gpointer         user_data)
{
  FeedNotes *notes = user_data;

  g_assert_true (notes->thread == g_thread_self ());
  notes->n++;
}

/* What was read before the error arrives; the error is told, and is not let pass. */
static void
test_stream_error (void)
{
  g_autoptr (TestSpring) spring = new_spring (100000, TRUE);
  g_autoptr (TestProcess) process = new_process_for (G_INPUT_STREAM (spring), "count");
  ProcstreamInput *input = procstream_child_get_stdin (process->child);
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) input_error = NULL;
  FeedNotes notes = { g_thread_self (), 0 };

  g_signal_connect (input, "notify::feed-error", G_CALLBACK (feed_error_cb), &notes);
  test_process_start (process);
  result = procstream_child_complete (process->child, NULL, NULL, &error);
  g_assert_no_error (error);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, "100000\n");
  g_assert_cmpuint (notes.n, ==, 1);
  error = procstream_input_dup_feed_error (input);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "dry"));
  g_assert_nonnull (strstr (error->message, "“test-child (stdin)”"));
  g_clear_error (&error);
  g_assert_true (procstream_result_get_success (result));
  input_error = procstream_result_dup_input_error (result);
  g_assert_error (input_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_INPUT_CUT);
  g_assert_nonnull (strstr (error->message, "dry"));
  g_assert_true (procstream_child_error_get_result (error) == result);
}

/* A child that needs no more than the beginning of its input is a success. */
static void
test_stream_left (void)
{
  g_autoptr (TestSpring) spring = new_spring (G_MAXINT64, FALSE);
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_stdin_stream (process->launcher, G_INPUT_STREAM (spring));
  result = procstream_launcher_run (process->launcher, test_shell_argv ("head -c 5"), NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (procstream_result_dup_input_error (result));
}

/* Closing early is the end for the child, and the stream is left alone. */
static void
test_stream_closed (void)
{
  g_autoptr (TestSpring) spring = new_spring (G_MAXINT64, FALSE);
  g_autoptr (TestProcess) process = new_process_for (G_INPUT_STREAM (spring), "count");

  test_process_start (process);
  while (spring->given < BIG)
    g_main_context_iteration (NULL, TRUE);
  procstream_input_close (procstream_child_get_stdin (process->child));
  test_process_run_to_completed (process);
  g_assert_cmpint (atoi (process->out->str), >, 0);
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
  g_assert_null (procstream_input_dup_feed_error (procstream_child_get_stdin (process->child)));
}

/* One that was never started never read its stream. */
static void
test_stream_never_started (void)
{
  TestSpring  *spring = new_spring (BIG, FALSE);
  TestProcess *process = new_process_for (G_INPUT_STREAM (spring), "count");

  test_process_free (process);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (spring->n_reads, ==, 0);
  g_object_unref (spring);
  g_assert_cmpuint (n_springs, ==, 0);
}

/* The stream of a child that nobody holds any more goes on. */
static void
test_stream_detached (void)
{
  TestSpring      *spring = new_spring (BIG, FALSE);
  g_autofree char *directory = test_make_directory ();
  g_autofree char *path = g_build_filename (directory, "output", NULL);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new_file (path, PROCSTREAM_FILE_MODE_TRUNCATE);
  TestProcess *process = test_process_new ();
  GStatBuf     info;

  procstream_launcher_set_stdin_stream (process->launcher, G_INPUT_STREAM (spring));
  procstream_launcher_set_stdout_config (process->launcher, config);
  test_process_spawn_mode (process, "cat");
  test_process_free (process);
  g_object_unref (spring);
  while (n_springs > 0)
    g_main_context_iteration (NULL, TRUE);
  do
    g_assert_cmpint (g_stat (path, &info), ==, 0);
  while (info.st_size < BIG);
  test_remove_directory (g_steal_pointer (&directory));
}

/* Nothing of a test is left. */
static void
run_and_count (gconstpointer data)
{
  guint fds = test_count_settled_fds ();

  ((void (*) (void)) data) ();
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (test_count_children (), ==, 0);
  test_assert_fds (fds);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  /* The threads of the library and of GLib have their descriptors before the first count. */
  test_run ();
  test_add_func ("/stdin/choice", test_choice);
  test_add_data_func ("/stdin/file", test_file, run_and_count);
  test_add_data_func ("/stdin/file-errors", test_file_errors, run_and_count);
  test_add_data_func ("/stdin/bytes", test_bytes, run_and_count);
  test_add_data_func ("/stdin/bytes-unread", test_bytes_unread, run_and_count);
  test_add_data_func ("/stdin/run", test_run, run_and_count);
  test_add_data_func ("/stdin/stream", test_stream, run_and_count);
  test_add_data_func ("/stdin/foreign-stream", test_foreign_stream, run_and_count);
  test_add_data_func ("/stdin/stream-once", test_stream_once, run_and_count);
  test_add_data_func ("/stdin/stream-once/for-all", test_stream_once_for_all, run_and_count);
  test_add_data_func ("/stdin/stream-backpressure", test_stream_backpressure, run_and_count);
  test_add_data_func ("/stdin/stream-error", test_stream_error, run_and_count);
  test_add_data_func ("/stdin/stream-left", test_stream_left, run_and_count);
  test_add_data_func ("/stdin/stream-closed", test_stream_closed, run_and_count);
  test_add_data_func ("/stdin/stream-never-started", test_stream_never_started, run_and_count);
  test_add_data_func ("/stdin/stream-detached", test_stream_detached, run_and_count);
  return g_test_run ();
}
