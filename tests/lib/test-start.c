/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-start.h"

#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *
test_child_program (void)
{
  const char *program = g_getenv ("PROCSTREAM_TEST_CHILD");

  g_assert_nonnull (program);
  return program;
}

gboolean
test_on_valgrind (void)
{
  return g_getenv ("PROCSTREAM_TEST_VALGRIND") != NULL;
}

gboolean
test_on_emulator (void)
{
  return g_getenv ("PROCSTREAM_TEST_EMULATOR") != NULL;
}

TestStart *
test_start_new (const char *const *argv)
{
  TestStart *self = g_new0 (TestStart, 1);

  self->request = procstream_spawn_request_new ("the process", argv);
  self->read_fd = -1;
  self->spawned.pidfd = -1;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  return self;
}

void
test_start_give_null (TestStart *self,
                      int        target)
{
  int fd = procstream_fd_above_standard (open ("/dev/null", O_RDWR | O_CLOEXEC));

  g_assert_cmpint (fd, >, 2);
  procstream_spawn_request_take_fd (self->request, fd, target);
}

int
test_start_give_pipe (TestStart *self,
                      int        target)
{
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_true (procstream_pipe_new (fds, &error));
  procstream_spawn_request_take_fd (self->request, fds[1], target);
  return fds[0];
}

TestStart *
test_start_new_mode (const char *mode, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  const char *argument = mode;
  TestStart  *self;
  va_list     args;

  g_ptr_array_add (argv, (gpointer) test_child_program ());
  va_start (args, mode);
  for (; argument; argument = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (args);
  g_ptr_array_add (argv, NULL);
  self = test_start_new ((const char *const *) argv->pdata);
  test_start_give_null (self, 0);
  self->read_fd = test_start_give_pipe (self, 1);
  procstream_spawn_request_take_fd (self->request, fcntl (2, F_DUPFD_CLOEXEC, 3), 2);
  return self;
}

TestStart *
test_start_new_program (const char *program)
{
  const char *argv[] = { program, "secret argument", NULL };
  TestStart  *self = test_start_new (argv);

  test_start_give_null (self, 0);
  test_start_give_null (self, 1);
  test_start_give_null (self, 2);
  return self;
}

static void
answer_cb (gpointer           user_data,
           ProcstreamSpawned *spawned,
           GError            *error)
{
  TestStart *self = user_data;

  g_assert_true ((spawned == NULL) == (error != NULL));
  g_mutex_lock (&self->mutex);
  self->answers++;
  self->in_io_thread = procstream_io_thread_is_current ();
  if (spawned)
    self->spawned = *spawned;
  else
    self->error = g_error_copy (error);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
test_start_begin (TestStart *self)
{
  procstream_spawn (g_steal_pointer (&self->request), answer_cb, self);
}

void
test_start_await_answer (TestStart *self)
{
  g_mutex_lock (&self->mutex);
  while (self->answers == 0)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  g_assert_cmpint (self->answers, ==, 1);
  g_assert_true (self->in_io_thread);
}

char *
test_read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char     buffer[4096];
  gssize   got;

  while ((got = read (fd, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR))
    if (got > 0)
      g_string_append_len (text, buffer, got);
  close (fd);
  return g_string_free (text, FALSE);
}

const char *
test_start_to_end (TestStart *self)
{
  test_start_begin (self);
  test_start_await_answer (self);
  g_assert_no_error (self->error);
  if (self->read_fd >= 0)
    self->output = test_read_all (self->read_fd);
  g_assert_true (g_subprocess_wait (self->spawned.subprocess, NULL, NULL));
  return self->output;
}

void
test_start_free (TestStart *self)
{
  g_clear_object (&self->spawned.subprocess);
  if (self->spawned.pidfd >= 0)
    close (self->spawned.pidfd);
  if (self->request)
    procstream_spawn_request_free (self->request);
  g_clear_error (&self->error);
  g_free (self->output);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

void
test_start_to_error (TestStart  *self,
                     GQuark      domain,
                     int         code,
                     const char *part)
{
  test_start_begin (self);
  test_start_await_answer (self);
  g_assert_error (self->error, domain, code);
  g_assert_nonnull (strstr (self->error->message, "“the process”"));
  g_assert_nonnull (strstr (self->error->message, part));
  g_assert_null (strstr (self->error->message, "secret"));
  /* Whatever was started for it is reaped by now. */
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
  if (self->read_fd >= 0)
    close (self->read_fd);
}

/* A pidfd, or one that was closed since it was listed. */
static gboolean
is_going (const char *name)
{
  g_autofree char *link = g_build_filename ("/proc/self/fd", name, NULL);
  g_autofree char *target = g_file_read_link (link, NULL);

  return target == NULL || strstr (target, "pidfd");
}

static guint
count_fds (guint *n_going)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint       n = 0;

  *n_going = 0;
  for (; (name = g_dir_read_name (dir)); n++)
    *n_going += is_going (name);
  return n;
}

guint
test_count_settled_fds (void)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  guint  n_going;
  guint  n;

  while ((n = count_fds (&n_going)), n_going > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  return n;
}

char *
test_make_script (const char *directory,
                  const char *name,
                  const char *text,
                  int         mode)
{
  char *path = g_build_filename (directory, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
  return path;
}

char *
test_make_directory (void)
{
  char *made = g_dir_make_tmp ("procstream-spawn-XXXXXX", NULL);
  char *real = realpath (made, NULL);

  g_free (made);
  return real;
}

void
test_remove_directory (char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);

      g_remove (path);
    }
  g_rmdir (directory);
  free (directory);
}
