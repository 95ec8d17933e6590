/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-process.h"

#include "test-utils.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

TestProcess *
test_process_new (void)
{
  TestProcess *self = g_new0 (TestProcess, 1);

  self->launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  self->out = g_string_new (NULL);
  self->err = g_string_new (NULL);
  self->order = g_string_new (NULL);
  self->thread = g_thread_self ();
  return self;
}

void
test_process_free (TestProcess *self)
{
  if (self->child)
    {
      g_signal_handlers_disconnect_by_data (self->child, self);
      g_signal_handlers_disconnect_by_data (procstream_child_get_stdout (self->child), self);
      g_signal_handlers_disconnect_by_data (procstream_child_get_stderr (self->child), self);
    }
  g_clear_object (&self->child);
  g_clear_object (&self->launcher);
  g_string_free (self->out, TRUE);
  g_string_free (self->err, TRUE);
  g_string_free (self->order, TRUE);
  g_free (self);
}

char **
test_child_argv (const char *mode)
{
  g_auto (GStrv) words = g_strsplit (mode, " ", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, g_getenv ("PROCSTREAM_TEST_CHILD"));
  g_strv_builder_addv (builder, (const char **) words);
  return g_strv_builder_end (builder);
}

void
test_process_create_mode (TestProcess *self,
                          const char  *mode)
{
  g_auto (GStrv) argv = test_child_argv (mode);
  g_autoptr (GError) error = NULL;

  self->child = procstream_launcher_create (self->launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
}

void
test_process_spawn_mode (TestProcess *self,
                         const char  *mode)
{
  g_auto (GStrv) argv = test_child_argv (mode);
  g_autoptr (GError) error = NULL;

  self->child = procstream_launcher_spawnv (self->launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
}

const char *const *
test_shell_argv (const char *script)
{
  static const char *argv[] = { "/bin/sh", "-c", NULL, NULL };

  argv[2] = script;
  return argv;
}

void
test_process_create (TestProcess *self,
                     const char  *script)
{
  g_autoptr (GError) error = NULL;

  self->child = procstream_launcher_create (self->launcher, test_shell_argv (script), &error);
  g_assert_no_error (error);
}

void
test_process_start (TestProcess *self)
{
  g_autoptr (GError) error = NULL;

  procstream_child_start (self->child, &error);
  g_assert_no_error (error);
}

void
test_process_spawn (TestProcess *self,
                    const char  *script)
{
  g_autoptr (GError) error = NULL;

  self->child = procstream_launcher_spawnv (self->launcher, test_shell_argv (script), &error);
  g_assert_no_error (error);
}

static void
note (TestProcess *self,
      char         letter)
{
  g_string_append_c (self->order, letter);
  self->n_wrong_thread += self->thread != g_thread_self ();
}

static void
append (GString *string,
        GBytes  *bytes)
{
  gsize         size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_string_append_len (string, data, size);
}

static void
out_cb (ProcstreamOutput *output,
        GBytes           *bytes,
        TestProcess      *self)
{
  append (self->out, bytes);
  note (self, 'o');
}

static void
err_cb (ProcstreamOutput *output,
        GBytes           *bytes,
        TestProcess      *self)
{
  append (self->err, bytes);
  note (self, 'e');
}

static void
check_end (TestProcess  *self,
           const GError *error)
{
  if (self->is_missing)
    g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  else
    g_assert_no_error (error);
}

static void
out_ended_cb (ProcstreamOutput *output,
              const GError     *error,
              TestProcess      *self)
{
  check_end (self, error);
  note (self, 'O');
}

static void
err_ended_cb (ProcstreamOutput *output,
              const GError     *error,
              TestProcess      *self)
{
  check_end (self, error);
  note (self, 'E');
}

static void
exited_cb (ProcstreamChild *child,
           TestProcess     *self)
{
  g_assert_false (self->exited);
  self->exited = TRUE;
  note (self, 'x');
}

static void
completed_cb (ProcstreamChild  *child,
              ProcstreamResult *result,
              TestProcess      *self)
{
  g_assert_false (self->completed);
  g_assert_true (result == procstream_child_get_result (child));
  self->completed = TRUE;
  note (self, 'C');
}

void
test_process_listen (TestProcess *self)
{
  ProcstreamOutput *out = procstream_child_get_stdout (self->child);
  ProcstreamOutput *err = procstream_child_get_stderr (self->child);

  g_signal_connect (out, "chunk", G_CALLBACK (out_cb), self);
  g_signal_connect (out, "ended", G_CALLBACK (out_ended_cb), self);
  g_signal_connect (err, "chunk", G_CALLBACK (err_cb), self);
  g_signal_connect (err, "ended", G_CALLBACK (err_ended_cb), self);
  g_signal_connect (self->child, "exited", G_CALLBACK (exited_cb), self);
  g_signal_connect (self->child, "completed", G_CALLBACK (completed_cb), self);
}

void
test_process_run_to_completed (TestProcess *self)
{
  test_run_until_set (g_main_context_get_thread_default (), "the completion of a child", &self->completed);
}

void
test_process_run_to_exited (TestProcess *self)
{
  test_run_until_set (g_main_context_get_thread_default (), "the exit of a child", &self->exited);
}

void
test_process_await_state (TestProcess         *self,
                          ProcstreamChildState state)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (procstream_child_get_state (self->child) != state)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

void
test_process_await_received (TestProcess *self,
                             guint64      n)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (procstream_output_get_bytes_received (procstream_child_get_stdout (self->child)) < n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

typedef struct
{
  TestProcess *process;
  gsize        n;
} Until;

static gboolean
has_out (gpointer user_data)
{
  Until *until = user_data;

  return until->process->out->len >= until->n;
}

void
test_process_run_until_out (TestProcess *self,
                            gsize        n)
{
  Until until = { self, n };

  test_run_until (g_main_context_get_thread_default (), "output of a child", has_out, &until);
}

void
test_process_write (TestProcess *self,
                    const char  *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  procstream_input_write_async (procstream_child_get_stdin (self->child), bytes, NULL, NULL, NULL);
}

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir))
    n++;
  return n;
}

guint
test_count_fds (void)
{
  return count_entries ("/proc/self/fd") - 1;
}

GArray *
test_list_children (void)
{
  GArray *children = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;

  while ((task = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/children", task);
      g_autofree char *text = NULL;
      g_auto (GStrv) numbers = NULL;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      numbers = g_strsplit (text, " ", -1);
      for (guint i = 0; numbers[i] && numbers[i][0]; i++)
        {
          int pid = atoi (numbers[i]);

          g_array_append_val (children, pid);
        }
    }
  return children;
}

guint
test_count_children (void)
{
  g_autoptr (GArray) children = test_list_children ();

  return children->len;
}

void
test_await_gone (int pid)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  /* A zombie that its new parent has not reaped yet is gone for our purposes, and some init programs are slow. */
  while (kill (pid, 0) == 0)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
      g_autofree char *stat = NULL;

      if (!g_file_get_contents (path, &stat, NULL, NULL) || strstr (stat, ") Z "))
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  g_assert_cmpint (errno, ==, ESRCH);
}

void
test_assert_fds (guint most)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (test_count_fds () > most)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}
