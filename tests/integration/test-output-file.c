/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- A disk that takes its time ----------------------------------------------------------------------------------------------- */

/* In place of the function of the C library, for the library too: the opening of a path does not come to its end before it is let. */
static struct
{
  GMutex      mutex;
  GCond       cond;
  const char *held; /* NULL: none */
  gboolean    reached;
} disk;

int
open (const char *path,
      int         flags,
      ...)
{
  va_list args;
  int     mode;

  va_start (args, flags);
  mode = flags & (O_CREAT | O_TMPFILE) ? va_arg (args, int) : 0;
  va_end (args);
  g_mutex_lock (&disk.mutex);
  while (g_strcmp0 (path, disk.held) == 0)
    {
      disk.reached = TRUE;
      g_cond_broadcast (&disk.cond);
      g_cond_wait (&disk.cond, &disk.mutex);
    }
  g_mutex_unlock (&disk.mutex);
  return (int) syscall (SYS_openat, AT_FDCWD, path, flags, mode);
}

static void
disk_hold (const char *path)
{
  g_mutex_lock (&disk.mutex);
  disk.held = path;
  disk.reached = FALSE;
  g_cond_broadcast (&disk.cond);
  g_mutex_unlock (&disk.mutex);
}

static void
disk_await (void)
{
  g_mutex_lock (&disk.mutex);
  while (!disk.reached)
    g_cond_wait (&disk.cond, &disk.mutex);
  g_mutex_unlock (&disk.mutex);
}

/* A process whose outputs go to files in a directory. */
typedef struct
{
  TestProcess *process;
  char        *directory;
  char        *path;
} Case;

static Case *
case_new (void)
{
  Case *self = g_new0 (Case, 1);

  self->process = test_process_new ();
  self->directory = g_dir_make_tmp ("procstream-output-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "log", NULL);
  return self;
}

static void
case_free (Case *self)
{
  test_process_free (self->process);
  g_unlink (self->path);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->path);
  g_free (self->directory);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free)

static void
case_take_stdout (Case                   *self,
                  ProcstreamOutputConfig *config)
{
  procstream_launcher_set_stdout_config (self->process->launcher, config);
  g_object_unref (config);
}

static void
case_take_stderr (Case                   *self,
                  ProcstreamOutputConfig *config)
{
  procstream_launcher_set_stderr_config (self->process->launcher, config);
  g_object_unref (config);
}

static void
case_assert (Case       *self,
             const char *expected)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (self->path, &text, NULL, NULL))
    text = g_strdup ("(none)");
  g_assert_cmpstr (text, ==, expected);
}

/* An output that is read, and goes to @path as well. */
static ProcstreamOutputConfig *
make_both (ProcstreamDelivery delivery,
           const char        *path)
{
  ProcstreamOutputConfig *config = procstream_output_config_new (delivery, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GFile) file = g_file_new_for_path (path);

  procstream_output_config_set_file (config, file);
  procstream_output_config_set_file_mode (config, PROCSTREAM_FILE_MODE_TRUNCATE);
  return config;
}

/* --- Straight to it ----------------------------------------------------------------------------------------------------------- */

/* There is nothing to read, so nothing is asked for, and what is attached ends at once. */
static void
test_truncate (void)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (ProcstreamLauncher) launcher = g_object_new (PROCSTREAM_TYPE_LAUNCHER, NULL);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new_file (c->path, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = test_child_argv ("echo hello");

  g_assert_true (g_file_set_contents (c->path, "what was there before", -1, NULL));
  procstream_launcher_set_stdout_config (launcher, config);
  procstream_launcher_set_stderr_config (launcher, discard);
  child = procstream_launcher_create (launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
  case_assert (c, "what was there before");
  procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (collector), &error);
  g_assert_no_error (error);
  g_assert_true (procstream_child_start (child, &error));
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 60000, NULL, &error));
  g_assert_cmpuint (procstream_collector_get_bytes_seen (collector), ==, 0);
  g_assert_true (procstream_child_wait (child, 60000, NULL, &error));
  g_assert_null (procstream_output_get_file_writer (procstream_child_get_stdout (child)));
  case_assert (c, "hello\n");
}

static void
test_append (void)
{
  g_autoptr (Case) c = case_new ();

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new_file (c->path, PROCSTREAM_FILE_MODE_APPEND);

      procstream_launcher_set_stdout_config (process->launcher, config);
      test_process_spawn_mode (process, "echo hello");
      test_process_listen (process);
      test_process_run_to_completed (process);
    }
  case_assert (c, "hello\nhello\n");
}

/* Two outputs, one file: in the order in which the child writes, in either mode. */
static void
test_same_file (void)
{
  for (ProcstreamFileMode mode = PROCSTREAM_FILE_MODE_TRUNCATE; mode <= PROCSTREAM_FILE_MODE_APPEND; mode++)
    {
      g_autoptr (Case) c = case_new ();

      case_take_stdout (c, procstream_output_config_new_file (c->path, mode));
      case_take_stderr (c, procstream_output_config_new_file (c->path, mode));
      test_process_spawn (c->process, "echo 1; echo 2 >&2; echo 3; echo 4 >&2");
      test_process_listen (c->process);
      test_process_run_to_completed (c->process);
      case_assert (c, "1\n2\n3\n4\n");
    }
}

/* The same under two names. */
static void
test_same_file_linked (void)
{
  g_autoptr (Case) c = case_new ();
  g_autofree char *other = g_strconcat (c->path, ".other", NULL);

  g_assert_true (g_file_set_contents (c->path, "what was there before", -1, NULL));
  g_assert_cmpint (link (c->path, other), ==, 0);
  case_take_stdout (c, procstream_output_config_new_file (c->path, PROCSTREAM_FILE_MODE_TRUNCATE));
  case_take_stderr (c, procstream_output_config_new_file (other, PROCSTREAM_FILE_MODE_TRUNCATE));
  test_process_spawn (c->process, "echo 1; echo 2 >&2; echo 3; echo 4 >&2");
  test_process_listen (c->process);
  test_process_run_to_completed (c->process);
  case_assert (c, "1\n2\n3\n4\n");
  g_unlink (other);
}

static gboolean
has_written (gpointer data)
{
  return procstream_writer_get_bytes_written (data) > 0;
}

/* One goes there straight, the other from what is read: the child does not write over what the library has written. */
static void
test_same_file_mixed (void)
{
  for (int linked = FALSE; linked <= TRUE; linked++)
    {
      g_autoptr (Case) c = case_new ();
      g_autofree char  *other = g_strconcat (c->path, ".other", NULL);
      ProcstreamWriter *writer;

      g_assert_true (g_file_set_contents (c->path, "what was there before", -1, NULL));
      g_assert_cmpint (link (c->path, other), ==, 0);
      case_take_stdout (c, procstream_output_config_new_file (c->path, PROCSTREAM_FILE_MODE_TRUNCATE));
      case_take_stderr (c, make_both (PROCSTREAM_DELIVERY_LOSSY, linked ? other : c->path));
      procstream_launcher_set_stdin_mode (c->process->launcher, PROCSTREAM_STDIN_MODE_PIPE);
      test_process_spawn (c->process, "echo 1; echo 2 >&2; read line; echo 3");
      test_process_listen (c->process);
      writer = procstream_output_get_file_writer (procstream_child_get_stderr (c->process->child));
      test_run_until (NULL, "the writer", has_written, writer);
      test_process_write (c->process, "\n");
      test_process_run_to_completed (c->process);
      case_assert (c, "1\n2\n3\n");
      g_unlink (other);
    }
}

/* Nobody waits for a disk but who asked to: neither the caller, nor another child. */
static void
test_slow_disk (void)
{
  for (int both = FALSE; both <= TRUE; both++)
    for (int fails = FALSE; fails <= TRUE; fails++)
      {
        g_autoptr (Case) c = case_new ();
        g_autoptr (Case) other = case_new ();
        g_autofree char *path = fails ? g_strdup ("/nowhere/log") : g_strdup (c->path);
        g_autoptr (GAsyncResult) result = NULL;
        g_autoptr (GError) error = NULL;

        case_take_stdout (c, both ? make_both (PROCSTREAM_DELIVERY_LOSSY, path) : procstream_output_config_new_file (path, PROCSTREAM_FILE_MODE_TRUNCATE));
        test_process_create_mode (c->process, "echo hello");
        disk_hold (path);
        procstream_child_start_async (c->process->child, NULL, test_store_result_cb, &result);
        disk_await ();
        g_assert_cmpint (procstream_child_get_state (c->process->child), ==, PROCSTREAM_CHILD_STATE_STARTING);
        test_process_spawn_mode (other->process, "echo hello");
        test_process_listen (other->process);
        test_process_run_to_completed (other->process);
        g_assert_null (result);
        disk_hold (NULL);
        test_wait_result (NULL, "the start", &result);
        g_assert_cmpint (procstream_child_start_finish (c->process->child, result, &error), ==, !fails);
        if (fails)
          {
            g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
            continue;
          }
        g_assert_true (procstream_child_wait (c->process->child, 60000, NULL, &error));
        if (both)
          procstream_consumer_wait (PROCSTREAM_CONSUMER (procstream_output_get_file_writer (procstream_child_get_stdout (c->process->child))), 60000, NULL, &error);
        g_assert_no_error (error);
        case_assert (c, "hello\n");
      }
}

static void
test_merged (void)
{
  g_autoptr (Case) c = case_new ();

  case_take_stdout (c, procstream_output_config_new_file (c->path, PROCSTREAM_FILE_MODE_TRUNCATE));
  procstream_launcher_set_merge_stderr (c->process->launcher, TRUE);
  test_process_spawn (c->process, "echo 1; echo 2 >&2; echo 3");
  test_process_listen (c->process);
  test_process_run_to_completed (c->process);
  case_assert (c, "1\n2\n3\n");
}

/* The child gets the file as a shell would give it: blocking, and without more than was asked for. */
static void
test_flags (void)
{
  static const struct
  {
    ProcstreamFileMode mode;
    guint64            append;
  } modes[] = { { PROCSTREAM_FILE_MODE_TRUNCATE, 0 }, { PROCSTREAM_FILE_MODE_APPEND, O_APPEND } };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (Case) c = case_new ();
      const char *flags;

      case_take_stdout (c, procstream_output_config_new_file (c->path, modes[i].mode));
      test_process_spawn (c->process, "flags=$(grep flags /proc/$$/fdinfo/1); echo $flags >&2");
      test_process_listen (c->process);
      test_process_run_to_completed (c->process);
      flags = strchr (c->process->err->str, ':');
      g_assert_nonnull (flags);
      g_assert_cmpuint (g_ascii_strtoull (flags + 1, NULL, 8) & (O_NONBLOCK | O_APPEND), ==, modes[i].append);
    }
}

static void
assert_start_fails (Case       *c,
                    int         code,
                    const char *part)
{
  g_auto (GStrv) argv = test_child_argv ("echo hello");
  g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (c->process->launcher, (const char *const *) argv, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (child);
  child = procstream_launcher_spawnv (c->process->launcher, (const char *const *) argv, &error);
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, "Could not start “"));
  if (!strstr (error->message, part))
    g_error ("“%s” lacks “%s”", error->message, part);
  g_assert_cmpuint (test_count_children (), ==, 0);
}

static void
test_cannot_open (void)
{
  for (int both = FALSE; both <= TRUE; both++)
    {
      g_autoptr (Case) c = case_new ();
      g_autoptr (Case) fifo = case_new ();

      case_take_stderr (c, both ? make_both (PROCSTREAM_DELIVERY_LOSSY, "/nowhere/log")
                                : procstream_output_config_new_file ("/nowhere/log", PROCSTREAM_FILE_MODE_APPEND));
      assert_start_fails (c, G_IO_ERROR_NOT_FOUND, "could not open “/nowhere/log” for stderr: No such file or directory");

      g_assert_cmpint (mkfifo (fifo->path, 0600), ==, 0);
      case_take_stdout (fifo, both ? make_both (PROCSTREAM_DELIVERY_LOSSY, fifo->path)
                                   : procstream_output_config_new_file (fifo->path, PROCSTREAM_FILE_MODE_APPEND));
      assert_start_fails (fifo, g_io_error_from_errno (ENXIO), "for stdout: Nobody reads it");
    }
}

static void
assert_refused (ProcstreamOutputConfig *config, /* (transfer full) */
                GQuark                  domain,
                int                     code,
                const char             *part)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GError) error = NULL;
  const char *const argv[] = { "true", NULL };

  procstream_launcher_set_stdout_config (launcher, config);
  g_object_unref (config);
  g_assert_null (procstream_launcher_create (launcher, argv, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, "“true (stdout)”"));
  if (!strstr (error->message, part))
    g_error ("“%s” lacks “%s”", error->message, part);
}

static void
test_refused (void)
{
  g_autoptr (GFile) remote = g_file_new_for_uri ("sftp://nowhere/log");
  g_autoptr (GFile) file = g_file_new_for_path ("/nowhere/log");
  ProcstreamOutputConfig *config;

  assert_refused (g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, "backend", PROCSTREAM_BACKEND_FILE, NULL),
                  PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "“file”");
  assert_refused (procstream_output_config_new_file ("/nowhere/log", PROCSTREAM_FILE_MODE_UNSET),
                  PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "“file-mode”");
  config = procstream_output_config_new_discard ();
  procstream_output_config_set_file (config, file);
  assert_refused (config, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "cannot go to a “file”");
  config = procstream_output_config_new_inherit ();
  procstream_output_config_set_file (config, file);
  assert_refused (config, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "cannot go to a “file”");
  config = procstream_output_config_new_file ("/nowhere/log", PROCSTREAM_FILE_MODE_APPEND);
  procstream_output_config_set_file (config, remote);
  assert_refused (config, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "a path on this machine");
}

/* Only a child's output is opened by the library. */
static void
test_not_a_child (void)
{
  g_autoptr (ProcstreamOutputConfig) config = make_both (PROCSTREAM_DELIVERY_LOSSY, "/nowhere/log");
  g_autoptr (GInputStream) input = g_memory_input_stream_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_output_new_from_stream (input, "test", config, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* --- From what is read -------------------------------------------------------------------------------------------------------- */

/* Who listens and the file get the same; when completed comes, all of it is there. */
static void
completed_cb (ProcstreamChild  *child,
              ProcstreamResult *result,
              Case             *c)
{
  ProcstreamWriter *writer = procstream_output_get_file_writer (procstream_child_get_stdout (child));
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (writer), 0, NULL, &error));
  case_assert (c, "hello\n");
}

static void
test_beside_others (void)
{
  g_autoptr (Case) c = case_new ();
  ProcstreamWriter *writer;

  case_take_stdout (c, make_both (PROCSTREAM_DELIVERY_LOSSY, c->path));
  test_process_create_mode (c->process, "echo hello");
  writer = procstream_output_get_file_writer (procstream_child_get_stdout (c->process->child));
  g_assert_true (PROCSTREAM_IS_WRITER (writer));
  g_assert_null (procstream_output_get_file_writer (procstream_child_get_stderr (c->process->child)));
  case_assert (c, "(none)");
  test_process_listen (c->process);
  g_signal_connect (c->process->child, "completed", G_CALLBACK (completed_cb), c);
  test_process_start (c->process);
  test_process_run_to_completed (c->process);
  g_assert_cmpstr (c->process->out->str, ==, "hello\n");
  g_assert_cmpuint (procstream_writer_get_bytes_written (writer), ==, 6);
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (writer)), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
}

/* Both outputs in one file, by arrival: the merged one is an output as any. */
static void
test_merged_view (void)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (ProcstreamOutputConfig) config = make_both (PROCSTREAM_DELIVERY_LOSSY, c->path);
  g_autofree char *text = NULL;

  procstream_launcher_set_merged_view (c->process->launcher, TRUE);
  procstream_launcher_set_merged_config (c->process->launcher, config);
  test_process_create_mode (c->process, "both 100");
  test_process_listen (c->process);
  test_process_start (c->process);
  test_process_run_to_completed (c->process);
  g_assert_true (g_file_get_contents (c->path, &text, NULL, NULL));
  g_assert_cmpuint (strlen (text), ==, c->process->out->len + c->process->err->len);
}

/* An output for one consumer has room for one beside its file. */
static void
test_single (void)
{
  g_autoptr (Case) c = case_new ();
  ProcstreamOutputConfig *config = make_both (PROCSTREAM_DELIVERY_LOSSY, c->path);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GError) error = NULL;

  procstream_output_config_set_backend (config, PROCSTREAM_BACKEND_SINGLE);
  case_take_stdout (c, config);
  test_process_create_mode (c->process, "echo hello");
  procstream_output_attach (procstream_child_get_stdout (c->process->child), PROCSTREAM_CONSUMER (collector), &error);
  g_assert_no_error (error);
  test_process_start (c->process);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 60000, NULL, &error));
  g_assert_cmpuint (procstream_collector_get_bytes_seen (collector), ==, 6);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (procstream_output_get_file_writer (procstream_child_get_stdout (c->process->child))),
                                           60000, NULL, &error));
  case_assert (c, "hello\n");
}

#define FLOOD 4000000

static gpointer
read_fifo (gpointer data)
{
  char     buffer[8192];
  gsize    size = 0;
  gssize   n;
  gboolean begun = FALSE;

  while ((n = read (GPOINTER_TO_INT (data), buffer, sizeof buffer)) > 0 || !begun)
    {
      begun |= n > 0;
      size += MAX (n, 0);
    }
  return GSIZE_TO_POINTER (size);
}

/* The file is as slow as it likes, the policy of the others is lossy, and it misses nothing. */
static void
test_reliable (void)
{
  g_autoptr (Case) c = case_new ();
  ProcstreamOutputConfig *config;
  GThread                *reader;
  int                     fd;
  g_autofree char        *mode = g_strdup_printf ("flood %d", FLOOD);

  g_assert_cmpint (mkfifo (c->path, 0600), ==, 0);
  fd = g_open (c->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (fcntl (fd, F_SETFL, 0), ==, 0);
  config = make_both (PROCSTREAM_DELIVERY_LOSSY, c->path);
  procstream_output_config_set_max_buffered_chunks (config, 1);
  case_take_stdout (c, config);
  test_process_spawn_mode (c->process, mode);
  reader = g_thread_new ("reader", read_fifo, GINT_TO_POINTER (fd));
  test_process_listen (c->process);
  test_process_run_to_completed (c->process);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (reader)), ==, FLOOD);
  close (fd);
}

/* The disk is full: the child and who listens go on. Who asks is told; if nobody does, the log is. */
static void
test_disk_full (void)
{
  for (int ask = FALSE; ask <= TRUE; ask++)
    {
      g_autoptr (Case) c = case_new ();
      ProcstreamOutput *output;
      g_autoptr (GError) error = NULL;

      case_take_stdout (c, make_both (PROCSTREAM_DELIVERY_RELIABLE, "/dev/full"));
      test_process_create_mode (c->process, "echo hello");
      output = procstream_child_get_stdout (c->process->child);
      test_process_listen (c->process);
      if (ask)
        procstream_output_get_file_writer (output);
      else /* How many bytes the first write has is the child's affair. */
        g_test_expect_message ("Procstream", G_LOG_LEVEL_WARNING, "Could not write * bytes of “test-child (stdout)” to “/dev/full”: *");
      test_process_start (c->process);
      test_process_run_to_completed (c->process);
      g_test_assert_expected_messages ();
      g_assert_cmpstr (c->process->out->str, ==, "hello\n");
      g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (procstream_output_get_file_writer (output)), 60000, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
    }
}

/* A child that is never started touches nothing; what waits for its file hears of it. */
static void
test_never_started (void)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (ProcstreamWriter) writer = NULL;
  g_autoptr (GError) error = NULL;

  case_take_stdout (c, make_both (PROCSTREAM_DELIVERY_LOSSY, c->path));
  test_process_create_mode (c->process, "echo hello");
  writer = g_object_ref (procstream_output_get_file_writer (procstream_child_get_stdout (c->process->child)));
  g_clear_object (&c->process->child);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (writer), 60000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  case_assert (c, "(none)");
}

static void
test_start_fails (void)
{
  g_autoptr (Case) c = case_new ();
  const char *const argv[] = { "/nowhere/program", NULL };
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) wait_error = NULL;

  case_take_stdout (c, make_both (PROCSTREAM_DELIVERY_LOSSY, c->path));
  child = procstream_launcher_create (c->process->launcher, argv, &error);
  g_assert_no_error (error);
  g_assert_false (procstream_child_start (child, &error));
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (procstream_output_get_file_writer (procstream_child_get_stdout (child))),
                                            60000, NULL, &wait_error));
  g_assert_error (wait_error, error->domain, error->code);
}

/* Who waits for the whole child hears of its file, in place of the log. */
static void
test_complete_disk_full (void)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) file_error = NULL;
  g_autoptr (GError) error = NULL;

  case_take_stdout (c, make_both (PROCSTREAM_DELIVERY_RELIABLE, "/dev/full"));
  procstream_complete_options_set_allow_truncated (options, TRUE);
  test_process_spawn_mode (c->process, "echo hello");
  result = procstream_child_complete (c->process->child, options, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (procstream_result_get_success (result));
  g_assert_false (procstream_result_get_truncated (result));
  file_error = procstream_result_dup_file_error (result);
  g_assert_error (file_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
  /* How many bytes the first write has is the child's affair. */
  g_assert_nonnull (strstr (error->message, " bytes of “test-child (stdout)” to “/dev/full”: "));
  g_assert_true (procstream_child_error_get_result (error) == result);
}

/* A FIFO that has no room, and nobody reads: its writer waits. */
static int
make_full_fifo (const char *path)
{
  char buffer[4096] = { 0 };
  int  fd;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  fd = g_open (path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  while (write (fd, buffer, sizeof buffer) > 0)
    ;
  return fd;
}

static void
empty_fifo (int fd)
{
  char buffer[4096];

  while (read (fd, buffer, sizeof buffer) > 0)
    ;
}

static gboolean
has_ended (gpointer output)
{
  return procstream_output_get_state (output) >= PROCSTREAM_OUTPUT_STATE_ENDED;
}

/* The child and its outputs have come to their ends, and its file has not. */
static void
test_complete_waits (void)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (GAsyncResult) asynchronous = NULL;
  g_autoptr (ProcstreamResult) result = NULL;
  g_autoptr (GError) error = NULL;
  int fd = make_full_fifo (c->path);

  case_take_stdout (c, make_both (PROCSTREAM_DELIVERY_RELIABLE, c->path));
  test_process_spawn_mode (c->process, "echo hello");
  procstream_child_complete_async (c->process->child, NULL, NULL, test_store_result_cb, &asynchronous);
  test_process_listen (c->process);
  test_process_run_to_exited (c->process);
  test_run_until (NULL, "the end of stdout", has_ended, procstream_child_get_stdout (c->process->child));
  test_run_until (NULL, "the end of stderr", has_ended, procstream_child_get_stderr (c->process->child));
  test_hold_pass ();
  test_iterate ();
  g_assert_null (asynchronous);
  empty_fifo (fd);
  test_wait_result (NULL, "the child", &asynchronous);
  result = procstream_child_complete_finish (c->process->child, asynchronous, &error);
  g_assert_no_error (error);
  g_assert_null (procstream_result_dup_file_error (result));
  g_assert_true (procstream_result_check (result, &error));
  close (fd);
}

/* It waits no longer than it may, and says what is missing. */
static void
test_complete_in_time (void)
{
  for (int allowed = FALSE; allowed <= TRUE; allowed++)
    {
      g_autoptr (Case) c = case_new ();
      g_autoptr (ProcstreamCompleteOptions) options = procstream_complete_options_new ();
      g_autoptr (ProcstreamResult) result = NULL;
      g_autoptr (GError) file_error = NULL;
      g_autoptr (GError) error = NULL;
      int fd = make_full_fifo (c->path);

      case_take_stdout (c, make_both (PROCSTREAM_DELIVERY_RELIABLE, c->path));
      procstream_complete_options_set_drain_timeout_ms (options, 1);
      procstream_complete_options_set_allow_truncated (options, allowed);
      test_process_spawn_mode (c->process, "echo hello");
      result = procstream_child_complete (c->process->child, options, NULL, &error);
      g_assert_no_error (error);
      file_error = procstream_result_dup_file_error (result);
      g_assert_error (file_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (procstream_result_check (result, &error), ==, allowed);
      if (!allowed)
        g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_OUTPUT_CUT);
      empty_fifo (fd);
      g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (procstream_output_get_file_writer (procstream_child_get_stdout (c->process->child))),
                                               60000, NULL, NULL));
      close (fd);
    }
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  test_add_func ("/output-file/truncate", test_truncate);
  test_add_func ("/output-file/append", test_append);
  test_add_func ("/output-file/same-file", test_same_file);
  test_add_func ("/output-file/same-file/linked", test_same_file_linked);
  test_add_func ("/output-file/same-file/mixed", test_same_file_mixed);
  test_add_func ("/output-file/slow-disk", test_slow_disk);
  test_add_func ("/output-file/merged", test_merged);
  test_add_func ("/output-file/flags", test_flags);
  test_add_func ("/output-file/cannot-open", test_cannot_open);
  test_add_func ("/output-file/refused", test_refused);
  test_add_func ("/output-file/not-a-child", test_not_a_child);
  test_add_func ("/output-file/beside-others", test_beside_others);
  test_add_func ("/output-file/merged-view", test_merged_view);
  test_add_func ("/output-file/single", test_single);
  test_add_func ("/output-file/reliable", test_reliable);
  test_add_func ("/output-file/disk-full", test_disk_full);
  test_add_func ("/output-file/complete/disk-full", test_complete_disk_full);
  test_add_func ("/output-file/complete/waits", test_complete_waits);
  test_add_func ("/output-file/complete/in-time", test_complete_in_time);
  test_add_func ("/output-file/never-started", test_never_started);
  test_add_func ("/output-file/start-fails", test_start_fails);
  return g_test_run ();
}
