/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory, and an output whose writing end the test holds, that is written to a file in it. */
typedef struct
{
  char             *directory;
  char             *path;
  TestStream       *stream;
  ProcstreamWriter *writer;
} Log;

static Log *
log_new (const TestStreamOptions *options,
         ProcstreamFileMode       mode)
{
  Log *self = g_new0 (Log, 1);

  self->directory = g_dir_make_tmp ("procstream-writer-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "app.log", NULL);
  self->stream = test_stream_new (options);
  self->writer = procstream_writer_new_for_path (self->path, mode);
  return self;
}

static const TestStreamOptions reliable = { .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE };

static Log *
log_new_lines (const char *prefix)
{
  Log *self = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);

  procstream_writer_set_write_mode (self->writer, PROCSTREAM_WRITE_MODE_LINES);
  procstream_writer_set_prefix (self->writer, prefix);
  return self;
}

static void
log_free (Log *self)
{
  g_autoptr (GDir) directory = g_dir_open (self->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)))
    {
      g_autofree char *path = g_build_filename (self->directory, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_clear_object (&self->writer);
  test_stream_free (self->stream);
  g_free (self->path);
  g_free (self->directory);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Log, log_free)

static void
log_attach (Log *self)
{
  g_autoptr (GError) error = NULL;

  procstream_output_attach (self->stream->output, PROCSTREAM_CONSUMER (self->writer), &error);
  g_assert_no_error (error);
}

static gboolean
log_wait (Log     *self,
          GError **error)
{
  return procstream_consumer_wait (PROCSTREAM_CONSUMER (self->writer), TEST_WATCHDOG_SECONDS * 1000, NULL, error);
}

static void
log_finish (Log *self)
{
  g_autoptr (GError) error = NULL;

  test_stream_close (self->stream);
  log_wait (self, &error);
  g_assert_no_error (error);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (self->writer)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
}

/* @number 0: the file itself. */
static void
log_assert (Log        *self,
            guint       number,
            const char *expected)
{
  g_autofree char *path = number > 0 ? g_strdup_printf ("%s.%u", self->path, number) : g_strdup (self->path);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    text = g_strdup ("(none)");
  g_assert_cmpstr (text, ==, expected);
}

static guint64
get_count (Log        *self,
           const char *property)
{
  guint64 count;

  g_object_get (self->writer, property, &count, NULL);
  return count;
}

/* --- Bytes -------------------------------------------------------------------------------------------------------------------- */

/* Every chunk is written in full, and the end comes after the last of them. */
static void
test_bytes (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);

  g_assert_true (g_file_set_contents (log->path, "what was there before", -1, NULL));
  log_attach (log);
  test_stream_write_read (log->stream, "abc");
  test_stream_write_read (log->stream, "def\nwithout an end");
  log_finish (log);
  log_assert (log, 0, "abcdef\nwithout an end");
  g_assert_cmpuint (get_count (log, "bytes-written"), ==, 21);
  g_assert_cmpuint (get_count (log, "bytes-failed"), ==, 0);
}

static void
test_append (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_APPEND);

  g_assert_true (g_file_set_contents (log->path, "before ", -1, NULL));
  log_attach (log);
  test_stream_write_read (log->stream, "after");
  log_finish (log);
  log_assert (log, 0, "before after");
}

/* There is a file, though nothing came. */
static void
test_nothing (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);

  log_attach (log);
  log_finish (log);
  log_assert (log, 0, "");
}

/* What another process does to the file meanwhile: nothing of it is written over, and there is no hole. */
static void
test_emptied_meanwhile (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);

  log_attach (log);
  test_stream_write (log->stream, "first");
  while (get_count (log, "bytes-written") < 5)
    g_usleep (200);
  g_assert_cmpint (truncate (log->path, 0), ==, 0);
  test_stream_write (log->stream, "second");
  log_finish (log);
  log_assert (log, 0, "second");
}

/* Nobody holds the writer, and it goes on to the end. */
static void
test_dropped (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autofree char *text = NULL;
  char             buffer[64];
  int              fd;
  gsize            size = 0;
  gssize           n;

  g_assert_cmpint (mkfifo (log->path, 0600), ==, 0);
  fd = g_open (log->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  log_attach (log);
  g_clear_object (&log->writer);
  test_stream_write_read (log->stream, "all ");
  test_stream_write_read (log->stream, "of it");
  test_stream_close (log->stream);
  g_assert_cmpint (fcntl (fd, F_SETFL, 0), ==, 0);
  /* Until it has been opened there is an end of file, too. */
  while (size < 9)
    {
      n = read (fd, buffer + size, sizeof buffer - size);
      g_assert_cmpint (n, >=, 0);
      size += n;
    }
  while ((n = read (fd, buffer + size, sizeof buffer - size)) > 0)
    size += n;
  g_assert_cmpmem (buffer, size, "all of it", 9);
  close (fd);
}

/* --- Lines -------------------------------------------------------------------------------------------------------------------- */

static void
test_lines (void)
{
  g_autoptr (Log) log = log_new_lines (NULL);

  log_attach (log);
  test_stream_write_read (log->stream, "one\r\ntw");
  test_stream_write_read (log->stream, "o\n\n\xff invalid\nunfinished");
  log_finish (log);
  log_assert (log, 0, "one\ntwo\n\n\xff invalid\nunfinished\n");
}

static void
test_prefix (void)
{
  g_autoptr (Log) log = log_new_lines ("100%% %n: ");
  g_autoptr (Log) timed = log_new_lines ("%d %t %p | ");
  g_autofree char *text = NULL;

  log_attach (log);
  test_stream_write_read (log->stream, "one\ntwo");
  log_finish (log);
  log_assert (log, 0, "100% test: one\n100% test: two\n");

  log_attach (timed);
  test_stream_write_read (timed->stream, "one\ntwo\n");
  log_finish (timed);
  g_assert_true (g_file_get_contents (timed->path, &text, NULL, NULL));
  g_assert_true (g_regex_match_simple ("^(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} test \\| (one|two)\n){2}$", text, 0, 0));
}

/* What comes after a line is the caller's choice, and may be nothing. */
static void
test_line_ending (void)
{
  g_autoptr (Log) as_is = log_new_lines (NULL);
  g_autoptr (Log) dos = log_new_lines (NULL);

  procstream_writer_set_line_ending (as_is->writer, "");
  log_attach (as_is);
  test_stream_write_read (as_is->stream, "a\nb\nc\nd\ne\n");
  log_finish (as_is);
  log_assert (as_is, 0, "abcde");

  procstream_writer_set_line_ending (dos->writer, "\r\n");
  log_attach (dos);
  test_stream_write_read (dos->stream, "a\nb");
  log_finish (dos);
  log_assert (dos, 0, "a\r\nb\r\n");
}

/* The writer has line options of its own, as every consumer. */
static void
test_line_options (void)
{
  g_autoptr (Log) log = log_new_lines (NULL);

  procstream_consumer_set_max_line_length (PROCSTREAM_CONSUMER (log->writer), 4);
  procstream_consumer_set_line_overflow (PROCSTREAM_CONSUMER (log->writer), PROCSTREAM_LINE_OVERFLOW_TRUNCATE);
  log_attach (log);
  test_stream_write_read (log->stream, "readiness\nok\n");
  log_finish (log);
  log_assert (log, 0, "read\nok\n");
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (log->writer)), ==, 5);
}

/* --- Rotation ----------------------------------------------------------------------------------------------------------------- */

static void
test_rotate_bytes (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);

  procstream_writer_set_max_file_size (log->writer, 4);
  procstream_writer_set_max_backups (log->writer, 2);
  log_attach (log);
  test_stream_write_read (log->stream, "aaaabbbbccccdd");
  test_stream_write_read (log->stream, "dde");
  log_finish (log);
  log_assert (log, 0, "e");
  log_assert (log, 1, "dddd");
  log_assert (log, 2, "cccc");
  log_assert (log, 3, "(none)");
  g_assert_cmpuint (get_count (log, "rotations"), ==, 4);
  g_assert_cmpuint (get_count (log, "bytes-written"), ==, 17);
}

/* No line is cut in two; one that is longer than a whole file has one of its own. */
static void
test_rotate_lines (void)
{
  g_autoptr (Log) log = log_new_lines ("> ");

  procstream_writer_set_max_file_size (log->writer, 12);
  log_attach (log);
  test_stream_write_read (log->stream, "one\ntwo\nthree\nlonger than a file\nx\n");
  log_finish (log);
  log_assert (log, 0, "> x\n");
  log_assert (log, 1, "> longer than a file\n");
  log_assert (log, 2, "> three\n");
  log_assert (log, 3, "> one\n> two\n");
}

/* What the file held before counts. */
static void
test_rotate_appended (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_APPEND);

  g_assert_true (g_file_set_contents (log->path, "old", -1, NULL));
  procstream_writer_set_max_file_size (log->writer, 4);
  log_attach (log);
  test_stream_write_read (log->stream, "12345");
  log_finish (log);
  log_assert (log, 0, "2345");
  log_assert (log, 1, "old1");
}

static void
test_rotate_without_backups (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);

  procstream_writer_set_max_file_size (log->writer, 4);
  procstream_writer_set_max_backups (log->writer, 0);
  log_attach (log);
  test_stream_write_read (log->stream, "aaaabb");
  log_finish (log);
  log_assert (log, 0, "bb");
  log_assert (log, 1, "(none)");
}

/* A directory stands where the backup should be. */
static void
test_rotate_error (void)
{
  g_autoptr (Log) stopping = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (Log) going_on = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autofree char *in_the_way = g_strdup_printf ("%s.1", stopping->path);
  g_autofree char *in_the_way_too = g_strdup_printf ("%s.1", going_on->path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (in_the_way, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (in_the_way_too, 0700), ==, 0);
  procstream_writer_set_max_file_size (stopping->writer, 4);
  procstream_writer_set_max_backups (stopping->writer, 1);
  log_attach (stopping);
  test_stream_write_read (stopping->stream, "aaaabb");
  g_assert_false (log_wait (stopping, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_assert_nonnull (strstr (error->message, "Could not rotate"));
  g_assert_cmpuint (get_count (stopping, "bytes-failed"), ==, 2);
  g_assert_cmpint (g_rmdir (in_the_way), ==, 0);

  procstream_writer_set_max_file_size (going_on->writer, 4);
  procstream_writer_set_max_backups (going_on->writer, 1);
  procstream_writer_set_error_policy (going_on->writer, PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE);
  log_attach (going_on);
  test_stream_write_read (going_on->stream, "aaaabb");
  log_finish (going_on);
  log_assert (going_on, 0, "aaaabb");
  g_assert_cmpuint (get_count (going_on, "write-errors"), ==, 1);
  g_assert_cmpuint (get_count (going_on, "bytes-failed"), ==, 0);
  g_assert_cmpint (g_rmdir (in_the_way_too), ==, 0);
}

/* --- Errors ------------------------------------------------------------------------------------------------------------------- */

/* The error names the output, the operation, the length and the file. */
static void
test_disk_full (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  g_autoptr (ProcstreamWriter) writer = procstream_writer_new_for_path ("/dev/full", PROCSTREAM_FILE_MODE_APPEND);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) kept = NULL;

  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (writer), NULL);
  test_stream_write (stream, "abc");
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (writer), 60000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpstr (error->message, ==, "Could not write 3 bytes of “test” to “/dev/full”: No space left on device");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (writer)), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_cmpuint (procstream_writer_get_bytes_failed (writer), ==, 3);
  g_assert_cmpuint (procstream_writer_get_write_errors (writer), ==, 1);
  kept = procstream_writer_dup_write_error (writer);
  g_assert_cmpstr (kept->message, ==, error->message);
}

/* The output, and the others at it, go on without it; a reliable writer that has failed holds nobody up. */
static void
test_others_go_on (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){
      .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = 1 });
  g_autoptr (ProcstreamWriter) writer = procstream_writer_new_for_path ("/dev/full", PROCSTREAM_FILE_MODE_APPEND);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autofree char *text = NULL;

  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (writer), NULL);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (collector), NULL);
  test_iterate ();
  test_stream_write_read (stream, "one ");
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (writer), 60000, NULL, NULL));
  test_stream_write_read (stream, "two ");
  test_stream_write_read (stream, "three");
  test_stream_close (stream);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 60000, NULL, NULL));
  text = procstream_collector_dup_text (collector);
  g_assert_cmpstr (text, ==, "one two three");
}

/* Each line is tried, and each is counted. */
static void
test_continue (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  g_autoptr (ProcstreamWriter) writer = procstream_writer_new_for_path ("/dev/full", PROCSTREAM_FILE_MODE_APPEND);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) kept = NULL;

  procstream_writer_set_write_mode (writer, PROCSTREAM_WRITE_MODE_LINES);
  procstream_writer_set_error_policy (writer, PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE);
  procstream_writer_set_mark_losses (writer, TRUE);
  procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (writer), NULL);
  test_stream_write_read (stream, "a\nb\n");
  test_stream_close (stream);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (writer), 60000, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (writer)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_assert_cmpuint (procstream_writer_get_bytes_written (writer), ==, 0);
  g_assert_cmpuint (procstream_writer_get_bytes_failed (writer), ==, 4);
  /* That of the marker at the end, too. */
  g_assert_cmpuint (procstream_writer_get_write_errors (writer), ==, 3);
  kept = procstream_writer_dup_write_error (writer);
  g_assert_error (kept, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

static void
test_open_error (void)
{
  for (ProcstreamWriteErrorPolicy policy = PROCSTREAM_WRITE_ERROR_POLICY_STOP; policy <= PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE; policy++)
    {
      g_autoptr (TestStream) stream = test_stream_new (&reliable);
      g_autoptr (ProcstreamWriter) writer = procstream_writer_new_for_path ("/nowhere/log", PROCSTREAM_FILE_MODE_TRUNCATE);
      g_autoptr (GError) error = NULL;

      procstream_writer_set_error_policy (writer, policy);
      procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (writer), NULL);
      /* At once, without anything to write. */
      g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (writer), 60000, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_cmpstr (error->message, ==, "Could not open “/nowhere/log” to write “test”: No such file or directory");
      g_assert_cmpuint (procstream_writer_get_write_errors (writer), ==, 1);
    }
}

/* After a read error there is everything that came before it. */
static void
test_read_error (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GInputStream) memory = g_memory_input_stream_new ();
  g_autoptr (GConverter) converter = G_CONVERTER (g_charset_converter_new ("UTF-8", "UTF-8", NULL));
  g_autoptr (GInputStream) input = g_converter_input_stream_new (memory, converter);
  g_autoptr (ProcstreamOutput) output = NULL;
  g_autoptr (GError) error = NULL;

  g_memory_input_stream_add_data (G_MEMORY_INPUT_STREAM (memory), "good \xff bad", -1, NULL);
  output = procstream_output_new_from_stream (input, "broken", config, &error);
  g_assert_no_error (error);
  procstream_output_attach (output, PROCSTREAM_CONSUMER (log->writer), &error);
  g_assert_no_error (error);
  g_assert_false (log_wait (log, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  log_assert (log, 0, "good ");
  g_assert_cmpuint (get_count (log, "write-errors"), ==, 0);
}

static void
assert_refused (TestStream       *stream,
                ProcstreamWriter *writer,
                const char       *part)
{
  g_autoptr (ProcstreamWriter) owned = writer;
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (writer), &error));
  g_assert_nonnull (error);
  if (!strstr (error->message, part))
    g_error ("“%s” lacks “%s”", error->message, part);
}

static void
test_refused (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&reliable);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GFile) remote = g_file_new_for_uri ("sftp://nowhere/log");
  g_autoptr (GFile) file = g_file_new_for_path ("/nowhere/log");
  ProcstreamWriter *writer;

  assert_refused (stream, g_object_new (PROCSTREAM_TYPE_WRITER, NULL), "neither");
  assert_refused (stream, procstream_writer_new_for_file (remote, PROCSTREAM_FILE_MODE_APPEND), "on this machine");
  assert_refused (stream, procstream_writer_new_for_file (file, PROCSTREAM_FILE_MODE_UNSET), "“file-mode”");
  assert_refused (stream, g_object_new (PROCSTREAM_TYPE_WRITER, "file", file, "stream", memory, NULL), "one of them");
  writer = procstream_writer_new_for_stream (memory);
  procstream_writer_set_max_file_size (writer, 1);
  assert_refused (stream, writer, "max-file-size");
  writer = procstream_writer_new_for_stream (memory);
  procstream_writer_set_prefix (writer, "> ");
  assert_refused (stream, writer, "“prefix” needs");
  writer = procstream_writer_new_for_stream (memory);
  procstream_writer_set_prefix (writer, "100 % ");
  procstream_writer_set_write_mode (writer, PROCSTREAM_WRITE_MODE_LINES);
  assert_refused (stream, writer, "not “% ”");
  writer = procstream_writer_new_for_stream (memory);
  procstream_writer_set_prefix (writer, "100%");
  procstream_writer_set_write_mode (writer, PROCSTREAM_WRITE_MODE_LINES);
  assert_refused (stream, writer, "not “%”");
  writer = procstream_writer_new_for_stream (memory);
  procstream_writer_set_write_mode (writer, PROCSTREAM_WRITE_MODE_UNSET);
  assert_refused (stream, writer, "“write-mode”");
  writer = procstream_writer_new_for_stream (memory);
  procstream_writer_set_error_policy (writer, PROCSTREAM_WRITE_ERROR_POLICY_UNSET);
  assert_refused (stream, writer, "“error-policy”");
  writer = procstream_writer_new_for_stream (memory);
  procstream_writer_set_flush_policy (writer, PROCSTREAM_FLUSH_POLICY_UNSET);
  assert_refused (stream, writer, "“flush-policy”");
}

/* --- A child ------------------------------------------------------------------------------------------------------------------ */

/* It is killed while it writes: what it had written by then is in the file, to the last byte. */
static void
test_child_killed (void)
{
  g_autoptr (Log) log = log_new (&reliable, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (GError) error = NULL;
  ProcstreamOutput *output;
  GStatBuf          info;

  test_process_create_mode (process, "flood");
  output = procstream_child_get_stdout (process->child);
  procstream_output_attach (output, PROCSTREAM_CONSUMER (log->writer), &error);
  g_assert_no_error (error);
  test_process_start (process);
  while (get_count (log, "bytes-written") < 1000000)
    g_usleep (200);
  g_assert_true (procstream_child_kill (process->child, &error));
  g_assert_true (log_wait (log, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (log->path, &info), ==, 0);
  g_assert_cmpuint (info.st_size, ==, procstream_output_get_bytes_received (output));
  g_assert_cmpuint (info.st_size, ==, get_count (log, "bytes-written"));
}

/* Both outputs into one file, each with a writer of its own: no line is cut. */
static void
test_both_outputs (void)
{
  g_autoptr (Log) out = log_new_lines ("%n ");
  g_autoptr (ProcstreamWriter) err = procstream_writer_new_for_path (out->path, PROCSTREAM_FILE_MODE_APPEND);
  g_autoptr (TestProcess) process = test_process_new ();
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  g_clear_object (&out->writer);
  out->writer = procstream_writer_new_for_path (out->path, PROCSTREAM_FILE_MODE_APPEND);
  procstream_writer_set_write_mode (out->writer, PROCSTREAM_WRITE_MODE_LINES);
  procstream_writer_set_prefix (out->writer, "%n ");
  procstream_writer_set_write_mode (err, PROCSTREAM_WRITE_MODE_LINES);
  procstream_writer_set_prefix (err, "%n ");
  test_process_create_mode (process, "both 1000");
  procstream_output_attach (procstream_child_get_stdout (process->child), PROCSTREAM_CONSUMER (out->writer), NULL);
  procstream_output_attach (procstream_child_get_stderr (process->child), PROCSTREAM_CONSUMER (err), NULL);
  test_process_start (process);
  g_assert_true (log_wait (out, NULL));
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (err), 60000, NULL, NULL));
  g_assert_true (g_file_get_contents (out->path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 2001);
  for (guint i = 0; i < 2000; i++)
    g_assert_true (g_str_has_prefix (lines[i], "stdout out") || g_str_has_prefix (lines[i], "stderr err"));
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/writer/bytes", test_bytes);
  g_test_add_func ("/writer/append", test_append);
  g_test_add_func ("/writer/nothing", test_nothing);
  g_test_add_func ("/writer/emptied-meanwhile", test_emptied_meanwhile);
  g_test_add_func ("/writer/dropped", test_dropped);
  g_test_add_func ("/writer/lines", test_lines);
  g_test_add_func ("/writer/prefix", test_prefix);
  g_test_add_func ("/writer/line-ending", test_line_ending);
  g_test_add_func ("/writer/line-options", test_line_options);
  g_test_add_func ("/writer/rotate/bytes", test_rotate_bytes);
  g_test_add_func ("/writer/rotate/lines", test_rotate_lines);
  g_test_add_func ("/writer/rotate/appended", test_rotate_appended);
  g_test_add_func ("/writer/rotate/without-backups", test_rotate_without_backups);
  g_test_add_func ("/writer/rotate/error", test_rotate_error);
  g_test_add_func ("/writer/disk-full", test_disk_full);
  g_test_add_func ("/writer/others-go-on", test_others_go_on);
  g_test_add_func ("/writer/continue", test_continue);
  g_test_add_func ("/writer/open-error", test_open_error);
  g_test_add_func ("/writer/read-error", test_read_error);
  g_test_add_func ("/writer/refused", test_refused);
  g_test_add_func ("/writer/child-killed", test_child_killed);
  g_test_add_func ("/writer/both-outputs", test_both_outputs);
  return g_test_run ();
}
