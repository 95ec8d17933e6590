/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"
#include "procstream-spawn-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* One request, from here to the end of its process. */
typedef struct
{
  ProcstreamSpawnRequest *request;
  int                     read_fd; /* what the child writes to 1, -1: not made */

  GMutex            mutex;
  GCond             cond;
  int               answers;
  gboolean          in_io_thread;
  ProcstreamSpawned spawned;
  GError           *error;

  char *output;
} Run;

static const char *
child_program (void)
{
  const char *program = g_getenv ("PROCSTREAM_TEST_CHILD");

  g_assert_nonnull (program);
  return program;
}

/* There everything takes long, and a copy of the program whose execve() fails dies of it. */
static gboolean
on_valgrind (void)
{
  return g_getenv ("PROCSTREAM_TEST_VALGRIND") != NULL;
}

static Run *
run_new (const char *const *argv)
{
  Run *self = g_new0 (Run, 1);

  self->request = procstream_spawn_request_new ("the process", argv);
  self->read_fd = -1;
  self->spawned.pidfd = -1;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  return self;
}

static void
give_null (Run *self,
           int  target)
{
  int fd = procstream_fd_above_standard (open ("/dev/null", O_RDWR | O_CLOEXEC));

  g_assert_cmpint (fd, >, 2);
  procstream_spawn_request_take_fd (self->request, fd, target);
}

static int
give_pipe (Run *self,
           int  target)
{
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_true (procstream_pipe_new (fds, &error));
  procstream_spawn_request_take_fd (self->request, fds[1], target);
  return fds[0];
}

/* The test's child in a mode, with nothing but its standard descriptors. */
static Run *
run_mode (const char *mode, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  const char *argument = mode;
  Run        *self;
  va_list     args;

  g_ptr_array_add (argv, (gpointer) child_program ());
  va_start (args, mode);
  for (; argument; argument = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (args);
  g_ptr_array_add (argv, NULL);
  self = run_new ((const char *const *) argv->pdata);
  give_null (self, 0);
  self->read_fd = give_pipe (self, 1);
  procstream_spawn_request_take_fd (self->request, fcntl (2, F_DUPFD_CLOEXEC, 3), 2);
  return self;
}

static Run *
run_program (const char *program)
{
  const char *argv[] = { program, "secret argument", NULL };
  Run        *self = run_new (argv);

  give_null (self, 0);
  give_null (self, 1);
  give_null (self, 2);
  return self;
}

static void
answer_cb (gpointer           user_data,
           ProcstreamSpawned *spawned,
           GError            *error)
{
  Run *self = user_data;

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

static void
run_start (Run *self)
{
  procstream_spawn (g_steal_pointer (&self->request), answer_cb, self);
}

static void
run_await_answer (Run *self)
{
  g_mutex_lock (&self->mutex);
  while (self->answers == 0)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  g_assert_cmpint (self->answers, ==, 1);
  g_assert_true (self->in_io_thread);
}

static char *
read_all (int fd)
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

/* Its output, once it has run. */
static const char *
run_to_end (Run *self)
{
  run_start (self);
  run_await_answer (self);
  g_assert_no_error (self->error);
  if (self->read_fd >= 0)
    self->output = read_all (self->read_fd);
  g_assert_true (g_subprocess_wait (self->spawned.subprocess, NULL, NULL));
  return self->output;
}

static void
run_free (Run *self)
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

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

static void
run_to_error (Run        *self,
              GQuark      domain,
              int         code,
              const char *part)
{
  run_start (self);
  run_await_answer (self);
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

static gboolean
is_pidfd (const char *name)
{
  g_autofree char *link = g_build_filename ("/proc/self/fd", name, NULL);
  g_autofree char *target = g_file_read_link (link, NULL);

  return target && strstr (target, "pidfd");
}

static guint
count_fds (guint *n_pidfds)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint       n = 0;

  *n_pidfds = 0;
  for (; (name = g_dir_read_name (dir)); n++)
    *n_pidfds += is_pidfd (name);
  return n;
}

/* GLib's worker thread closes its own pidfd some time after it told of the exit. */
static guint
count_settled_fds (void)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  guint  n_pidfds;
  guint  n;

  while ((n = count_fds (&n_pidfds)), n_pidfds > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  return n;
}

/* --- What the program is given ------------------------------------------------------------------------------------------------ */

static void
test_simple (void)
{
  g_autoptr (Run) run = run_mode ("args", "one", "", "with space", "Ünï", NULL);

  g_assert_cmpstr (run_to_end (run), ==, "one\n\nwith space\nÜnï\n");
  g_assert_cmpint (run->spawned.pid, >, 0);
  g_assert_true (g_subprocess_get_successful (run->spawned.subprocess));
}

static void
test_status (void)
{
  g_autoptr (Run) run = run_mode ("exit", "7", NULL);
  g_autoptr (Run) killed = run_mode ("kill", "9", NULL);

  run_to_end (run);
  g_assert_cmpint (g_subprocess_get_exit_status (run->spawned.subprocess), ==, 7);
  run_to_end (killed);
  g_assert_cmpint (g_subprocess_get_term_sig (killed->spawned.subprocess), ==, SIGKILL);
}

static void
test_environment (void)
{
  g_autoptr (Run) own = run_mode ("env", "TEST_SPAWN_OWN", NULL);
  g_autoptr (Run) other = run_mode ("env", NULL);

  g_setenv ("TEST_SPAWN_OWN", "mine", TRUE);
  run_start (own);
  /* It is the one of the moment when the request was made. */
  g_setenv ("TEST_SPAWN_OWN", "later", TRUE);
  run_await_answer (own);
  own->output = read_all (own->read_fd);
  g_assert_cmpstr (own->output, ==, "mine\n");
  g_assert_true (g_subprocess_wait (own->spawned.subprocess, NULL, NULL));

  other->request->envp = g_strdupv ((char **) (const char *[]){ "A=1", "B=", NULL });
  g_assert_cmpstr (run_to_end (other), ==, "A=1\nB=\n");
}

static void
test_signals (void)
{
  void (*pipe_before) (int) = signal (SIGPIPE, SIG_IGN);
  void (*hup_before) (int) = signal (SIGHUP, SIG_IGN);
  g_autoptr (Run) run = run_mode ("signals", NULL);

  g_assert_cmpstr (run_to_end (run), ==, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  signal (SIGPIPE, pipe_before);
  signal (SIGHUP, hup_before);
}

static void
test_group (void)
{
  g_autoptr (Run) leader = run_mode ("pgid", NULL);
  g_autoptr (Run) member = run_mode ("pgid", NULL);
  int pid, group, session;

  leader->request->new_group = TRUE;
  g_assert_cmpint (sscanf (run_to_end (leader), "%d %d %d", &pid, &group, &session), ==, 3);
  g_assert_cmpint (pid, ==, leader->spawned.pid);
  g_assert_cmpint (group, ==, pid);
  g_assert_cmpint (session, ==, getsid (0));

  g_assert_cmpint (sscanf (run_to_end (member), "%d %d %d", &pid, &group, &session), ==, 3);
  g_assert_cmpint (pid, ==, member->spawned.pid);
  g_assert_cmpint (group, ==, getpgrp ());
}

/* --- Where it runs and where it is found -------------------------------------------------------------------------------------- */

static char *
make_script (const char *directory,
             const char *name,
             const char *text,
             int         mode)
{
  char *path = g_build_filename (directory, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
  return path;
}

static char *
make_directory (void)
{
  char *made = g_dir_make_tmp ("procstream-spawn-XXXXXX", NULL);
  char *real = realpath (made, NULL);

  g_free (made);
  return real;
}

static void
remove_directory (char *directory)
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

static void
test_cwd (void)
{
  char            *directory = make_directory ();
  g_autofree char *line = g_strconcat (directory, "\n", NULL);
  g_autofree char *script = make_script (directory, "script", "#!/bin/sh\npwd\n", 0755);
  g_autoptr (Run) run = run_mode ("cwd", NULL);
  g_autoptr (Run) relative = run_mode ("", NULL);

  run->request->cwd = g_strdup (directory);
  g_assert_cmpstr (run_to_end (run), ==, line);

  /* A relative path is one from there. */
  relative->request->cwd = g_strdup (directory);
  g_free (g_steal_pointer (&relative->request->argv[0]));
  relative->request->argv[0] = g_strdup ("./script");
  g_assert_cmpstr (run_to_end (relative), ==, line);
  remove_directory (directory);
}

static const char *
run_searched (Run        *run,
              const char *path,
              const char *program)
{
  g_autofree char *before = g_strdup (g_getenv ("PATH"));

  g_free (g_steal_pointer (&run->request->argv[0]));
  run->request->argv[0] = g_strdup (program);
  if (path)
    g_setenv ("PATH", path, TRUE);
  else
    g_unsetenv ("PATH");
  run_start (run);
  g_setenv ("PATH", before, TRUE);
  run_await_answer (run);
  if (!run->error)
    {
      run->output = read_all (run->read_fd);
      g_assert_true (g_subprocess_wait (run->spawned.subprocess, NULL, NULL));
    }
  else
    close (run->read_fd);
  return run->output;
}

static void
test_search (void)
{
  char            *first = make_directory ();
  char            *second = make_directory ();
  g_autofree char *unusable = make_script (first, "prog", "#!/bin/sh\necho first\n", 0644);
  g_autofree char *usable = make_script (second, "prog", "#!/bin/sh\necho second\n", 0755);
  g_autofree char *both = g_strconcat (first, ":/nowhere::", second, NULL);
  g_autofree char *in_cwd = g_strconcat (first, ":", NULL);
  g_autoptr (Run) found = run_mode ("", NULL);
  g_autoptr (Run) here = run_mode ("", NULL);
  g_autoptr (Run) denied = run_mode ("", NULL);
  g_autoptr (Run) missing = run_mode ("", NULL);
  g_autoptr (Run) unset = run_mode ("-c", "echo standard", NULL);

  g_assert_cmpstr (run_searched (found, both, "prog"), ==, "second\n");
  /* An empty entry is the working directory, the child's. */
  here->request->cwd = g_strdup (second);
  g_assert_cmpstr (run_searched (here, in_cwd, "prog"), ==, "second\n");
  run_searched (denied, first, "prog");
  g_assert_error (denied->error, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES);
  run_searched (missing, first, "other");
  g_assert_error (missing->error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_nonnull (strstr (missing->error->message, "“other”"));
  g_assert_cmpstr (run_searched (unset, NULL, "sh"), ==, "standard\n");
  remove_directory (first);
  remove_directory (second);
}

/* As g_spawn_async() does. */
static void
test_plain_script (void)
{
  char            *directory = make_directory ();
  g_autofree char *script = make_script (directory, "plain", "echo \"$0|$1|$2\"\n", 0755);
  g_autofree char *expected = g_strconcat (script, "|a b|c\n", NULL);
  g_autoptr (Run) run = run_mode ("a b", "c", NULL);

  g_free (g_steal_pointer (&run->request->argv[0]));
  run->request->argv[0] = g_strdup (script);
  g_assert_cmpstr (run_to_end (run), ==, expected);
  remove_directory (directory);
}

/* --- Descriptors -------------------------------------------------------------------------------------------------------------- */

/* Each target gets its own pipe, and the child writes into each the number it knows it by. */
static void
check_targets (const int *targets,
               guint      n)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autofree int *read_fds = g_new (int, n);
  g_autoptr (Run) run = NULL;

  g_ptr_array_add (argv, g_strdup (child_program ()));
  g_ptr_array_add (argv, g_strdup ("write-fds"));
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (argv, g_strdup_printf ("%d", targets[i]));
  g_ptr_array_add (argv, NULL);
  run = run_new ((const char *const *) argv->pdata);
  for (guint i = 0; i < n; i++)
    read_fds[i] = give_pipe (run, targets[i]);
  run_to_end (run);
  g_assert_true (g_subprocess_get_successful (run->spawned.subprocess));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *written = read_all (read_fds[i]);

      g_assert_cmpstr (written, ==, g_ptr_array_index (argv, i + 2));
    }
}

static void
permute (int  *targets,
         guint first,
         guint n)
{
  if (first == n)
    check_targets (targets, n);
  for (guint i = first; i < n; i++)
    {
      int swapped = targets[first];

      targets[first] = targets[i];
      targets[i] = swapped;
      permute (targets, first + 1, n);
      targets[i] = targets[first];
      targets[first] = swapped;
    }
}

/* In the helper the descriptors are 1, 2, 3, … and its socket is 0: these are all ways in which they can be in each other's way. */
static void
test_permutations (void)
{
  int targets[] = { 0, 1, 2, 3 };

  permute (targets, 0, G_N_ELEMENTS (targets));
}

static void
test_targets (void)
{
  const int     reversed[] = { 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 };
  const int     rotated[] = { 2, 3, 4, 5, 6, 7, 8, 1 };
  int           far[] = { 2, 1, 0, 500, 4, 0 };
  int           many[300];
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  far[5] = MIN (limit.rlim_cur, 100000) - 1;
  check_targets (reversed, G_N_ELEMENTS (reversed));
  check_targets (rotated, G_N_ELEMENTS (rotated));
  check_targets (far, G_N_ELEMENTS (far));
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    many[i] = (i * 7) % G_N_ELEMENTS (many);
  if (limit.rlim_cur >= 1024)
    check_targets (many, G_N_ELEMENTS (many));
}

static void
test_nothing_else (void)
{
  g_autoptr (Run) run = run_mode ("fds", NULL);
  g_auto (GStrv) lines = NULL;
  int open_one = dup2 (2, 77);

  g_assert_cmpint (fcntl (open_one, F_GETFD), ==, 0);
  g_assert_cmpint (dup2 (2, 3 + 900), ==, 903);
  lines = g_strsplit (run_to_end (run), "\n", -1);
  close (open_one);
  close (903);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_true (g_str_has_prefix (lines[0], "0 /dev/null"));
  g_assert_true (g_str_has_prefix (lines[1], "1 pipe:"));
  g_assert_true (g_str_has_prefix (lines[2], "2 "));
}

static void
test_not_given (void)
{
  const char *argv[] = { child_program (), "fds", NULL };
  g_autoptr (Run) run = run_new (argv);

  run->read_fd = give_pipe (run, 1);
  run_to_end (run);
  g_assert_true (g_str_has_prefix (run->output, "1 pipe:"));
  g_assert_null (strstr (run->output, "\n0 "));
  g_assert_null (strstr (run->output, "\n2 "));
}

/* The program itself runs without standard descriptors; what it makes must not land there. */
static void
test_closed_subprocess (void)
{
  int kept = fcntl (2, F_DUPFD_CLOEXEC, 100);

  for (int fd = 0; fd < 3; fd++)
    close (fd);
  for (guint i = 0; i < 3; i++)
    {
      const char *argv[] = { child_program (), "fds", NULL };
      g_autoptr (Run) run = run_new (argv);
      g_autoptr (Run) missing = run_program ("/nowhere");

      give_null (run, 0);
      run->read_fd = give_pipe (run, 1);
      procstream_spawn_request_take_fd (run->request, fcntl (kept, F_DUPFD_CLOEXEC, 3), 2);
      run_to_end (run);
      if (!strstr (run->output, "1 pipe:") || g_strrstr (run->output, "\n3 ") || run->spawned.pidfd == 0)
        _exit (1);
      run_to_error (missing, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "/nowhere");
    }
}

static void
test_closed (void)
{
  g_test_trap_subprocess ("/spawn/closed-standard/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

/* --- Failures ----------------------------------------------------------------------------------------------------------------- */

static void
test_not_found (void)
{
  g_autoptr (Run) path = run_program ("/nowhere/program");
  g_autoptr (Run) name = run_program ("procstream-no-such-program");
  g_autoptr (Run) empty = run_program ("");

  run_to_error (path, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "“/nowhere/program”");
  run_to_error (name, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "“procstream-no-such-program”");
  run_to_error (empty, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "“”");
}

static void
test_not_executable (void)
{
  char            *directory = make_directory ();
  g_autofree char *file = make_script (directory, "file", "#!/bin/sh\n", 0644);
  g_autofree char *lost = make_script (directory, "lost", "#!/nowhere/interpreter\n", 0755);
  g_autoptr (Run) plain = run_program (file);
  g_autoptr (Run) dir = run_program (directory);
  g_autoptr (Run) interpreter = run_program (lost);

  run_to_error (plain, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES, file);
  run_to_error (dir, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES, directory);
  run_to_error (interpreter, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "interpreter");
  g_assert_nonnull (strstr (interpreter->error->message, lost));
  remove_directory (directory);
}

static void
test_bad_cwd (void)
{
  g_autoptr (Run) missing = run_program ("true");
  g_autoptr (Run) file = run_program ("true");

  missing->request->cwd = g_strdup ("/nowhere/at/all");
  run_to_error (missing, G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, "“/nowhere/at/all”");
  file->request->cwd = g_strdup ("/dev/null");
  run_to_error (file, G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, "“/dev/null”");
}

static void
test_too_big (void)
{
  g_autofree char *big = g_strnfill (3 * 1024 * 1024, 'x');
  const char      *argv[] = { "true", big, NULL };
  g_autofree char *long_cwd = g_strnfill (100000, 'd');
  g_autoptr (Run) argument = run_new (argv);
  g_autoptr (Run) cwd = run_program ("true");

  if (!on_valgrind ())
    run_to_error (argument, G_SPAWN_ERROR, G_SPAWN_ERROR_TOO_BIG, "arguments");
  cwd->request->cwd = g_steal_pointer (&long_cwd);
  run_to_error (cwd, G_SPAWN_ERROR, G_SPAWN_ERROR_TOO_BIG, "");
}

/* Arguments that nearly fill what the kernel allows pass: the helper adds but a path. */
static void
test_nearly_too_big (void)
{
  g_autofree char *big = g_strnfill (100 * 1024, 'x');
  g_autoptr (Run) run = run_mode ("exit", "0", big, big, big, big, big, big, big, big, NULL);

  run_to_end (run);
  g_assert_true (g_subprocess_get_successful (run->spawned.subprocess));
}

static void
test_bad_targets (void)
{
  g_autoptr (Run) twice = run_program ("true");
  g_autoptr (Run) negative = run_program ("true");
  g_autoptr (Run) too_high = run_program ("true");

  give_null (twice, 1);
  run_to_error (twice, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "number 1 is given twice");
  give_null (negative, -5);
  run_to_error (negative, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "number -5");
  give_null (too_high, G_MAXINT);
  run_to_error (too_high, G_IO_ERROR, g_io_error_from_errno (EBADF), "descriptor 2147483647");
}

static void
test_helper (void)
{
  g_autofree char *helper = g_strdup (g_getenv ("PROCSTREAM_HELPER"));
  g_autoptr (Run) missing = run_program ("true");
  g_autoptr (Run) other = run_program ("true");

  g_setenv ("PROCSTREAM_HELPER", "/nowhere/helper", TRUE);
  if (!on_valgrind ())
    run_to_error (missing, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER, "“/nowhere/helper”");
  g_setenv ("PROCSTREAM_HELPER", "/bin/true", TRUE);
  run_to_error (other, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER, "“/bin/true”");
  g_setenv ("PROCSTREAM_HELPER", helper, TRUE);
}

/* With any number of free descriptors it works or says what is short, and the next attempt with enough of them works. */
static void
try_with_free_fds (guint n_free)
{
  g_autoptr (GArray) filler = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (Run) run = run_program ("true");
  g_autoptr (Run) next = run_program ("true");
  int fd;

  count_settled_fds ();
  while ((fd = fcntl (2, F_DUPFD_CLOEXEC, 3)) >= 0)
    g_array_append_val (filler, fd);
  for (guint i = 0; i < n_free; i++)
    close (g_array_index (filler, int, filler->len - 1 - i));
  run_start (run);
  run_await_answer (run);
  for (guint i = 0; i + n_free < filler->len; i++)
    close (g_array_index (filler, int, i));
  if (run->error)
    {
      g_assert_error (run->error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
      g_assert_nonnull (strstr (run->error->message, "“the process”"));
    }
  else
    g_assert_true (g_subprocess_wait_check (run->spawned.subprocess, NULL, NULL));
  g_assert_true (n_free > 1 || run->error != NULL);
  run_to_end (next);
}

static void
test_exhaustion_subprocess (void)
{
  const struct rlimit limit = { 64, 64 };
  Run                *first = run_program ("true");

  run_to_end (first); /* threads are there */
  run_free (first);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint n_free = 0; n_free < 8; n_free++)
    try_with_free_fds (n_free);
}

static void
test_exhaustion (void)
{
  g_test_trap_subprocess ("/spawn/exhaustion/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

static void
forked_cb (gpointer           user_data,
           ProcstreamSpawned *spawned,
           GError            *error)
{
  *(gboolean *) user_data = g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_FORKED);
}

static void
test_forked (void)
{
  g_autoptr (Run) first = run_program ("true");
  const char      *argv[] = { "true", NULL };
  g_autofree char *answer = NULL;
  int              fds[2];
  pid_t            pid;

  run_to_end (first);
  g_assert_true (procstream_pipe_new (fds, NULL));
  pid = fork ();
  if (pid == 0)
    {
      gboolean refused = FALSE;

      procstream_spawn (procstream_spawn_request_new ("copy", argv), forked_cb, &refused);
      g_assert_cmpint (write (fds[1], refused ? "yes" : "no", refused ? 3 : 2), >, 0);
      _exit (0);
    }
  close (fds[1]);
  answer = read_all (fds[0]);
  g_assert_cmpstr (answer, ==, "yes");
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

/* A copy that was forked at any moment of a start, and lives on, holds nothing that the start waits for. */
static void
test_forks_meanwhile (void)
{
  Run  *runs[32];
  pid_t copies[64];
  int   fds[2];
  char  byte;

  g_assert_true (procstream_pipe_new (fds, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    runs[i] = run_program ("true");
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    run_start (runs[i]);
  for (guint i = 0; i < G_N_ELEMENTS (copies); i++)
    if ((copies[i] = fork ()) == 0)
      {
        close (fds[1]);
        _exit (read (fds[0], &byte, 1) == 0 ? 0 : 1);
      }
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      run_await_answer (runs[i]);
      g_assert_no_error (runs[i]->error);
      g_assert_true (g_subprocess_wait_check (runs[i]->spawned.subprocess, NULL, NULL));
      run_free (runs[i]);
    }
  close (fds[1]);
  close (fds[0]);
  for (guint i = 0; i < G_N_ELEMENTS (copies); i++)
    g_assert_cmpint (waitpid (copies[i], NULL, 0), ==, copies[i]);
}

/* --- Many --------------------------------------------------------------------------------------------------------------------- */

static void
spawn_and_fail (void)
{
  g_autoptr (Run) run = run_mode ("exit", "0", NULL);
  g_autoptr (Run) missing = run_program ("/nowhere");
  g_autoptr (Run) cwd = run_program ("true");

  run_to_end (run);
  run_to_error (missing, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "/nowhere");
  cwd->request->cwd = g_strdup ("/nowhere");
  run_to_error (cwd, G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, "/nowhere");
}

static void
test_nothing_left (void)
{
  guint before;

  spawn_and_fail ();
  before = count_settled_fds ();
  for (guint i = 0; i < (on_valgrind () ? 10 : 200); i++)
    spawn_and_fail ();
  g_assert_cmpuint (count_settled_fds (), ==, before);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
}

static void
test_at_once (void)
{
  Run  *runs[64];
  guint n = on_valgrind () ? 4 : G_N_ELEMENTS (runs);

  for (guint i = 0; i < n; i++)
    runs[i] = run_mode ("pgid", NULL);
  for (guint i = 0; i < n; i++)
    run_start (runs[i]);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *output = NULL;

      run_await_answer (runs[i]);
      g_assert_no_error (runs[i]->error);
      output = read_all (runs[i]->read_fd);
      g_assert_cmpint (atoi (output), ==, runs[i]->spawned.pid);
      g_assert_true (g_subprocess_wait (runs[i]->spawned.subprocess, NULL, NULL));
      run_free (runs[i]);
    }
}

/* Both are right even for a process that is gone before anybody looks. */
static void
test_pid_and_pidfd (void)
{
  for (guint i = 0; i < (on_valgrind () ? 3 : 100); i++)
    {
      g_autoptr (Run) run = run_mode ("pgid", NULL);
      struct pollfd poll_fd = { .events = POLLIN };

      run_to_end (run);
      g_assert_cmpint (run->spawned.pid, ==, atoi (run->output));
      if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
        continue;
      poll_fd.fd = run->spawned.pidfd;
      g_assert_cmpint (poll_fd.fd, >, 2);
      g_assert_true (fcntl (poll_fd.fd, F_GETFD) & FD_CLOEXEC);
      g_assert_cmpint (poll (&poll_fd, 1, -1), ==, 1);
      g_assert_cmpint (poll_fd.revents & POLLIN, ==, POLLIN);
    }
}

static void
test_pidfd_is_its_own (void)
{
  g_autoptr (Run) run = run_mode ("sleep-forever", NULL);
  char byte;

  if (!procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
    {
      g_test_skip ("there are no pidfds");
      run_free (g_steal_pointer (&run));
      return;
    }
  run_start (run);
  run_await_answer (run);
  g_assert_no_error (run->error);
  g_assert_cmpint (read (run->read_fd, &byte, 1), ==, 1);
  if (!procstream_platform_pidfd_send_signal (run->spawned.pidfd, SIGTERM, FALSE))
    {
      g_assert_cmpint (errno, ==, ENOSYS); /* valgrind: the helper, outside of it, could open one */
      kill (run->spawned.pid, SIGTERM);
    }
  g_assert_true (g_subprocess_wait (run->spawned.subprocess, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_term_sig (run->spawned.subprocess), ==, SIGTERM);
  close (run->read_fd);
}

static void
test_without_features_subprocess (void)
{
  g_autoptr (Run) run = run_mode ("pgid", NULL);
  g_autoptr (Run) missing = run_program ("/nowhere");

  procstream_platform_disable (PROCSTREAM_FEATURE_PIDFD | PROCSTREAM_FEATURE_EPOLL);
  run_to_end (run);
  g_assert_cmpint (run->spawned.pid, ==, atoi (run->output));
  g_assert_cmpint (run->spawned.pidfd, ==, -1);
  run_to_error (missing, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "/nowhere");
}

static void
test_without_features (void)
{
  g_test_trap_subprocess ("/spawn/without-features/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

/* --- Terminals ---------------------------------------------------------------------------------------------------------------- */

static void
test_terminal_subprocess (void)
{
  g_autoptr (Run) reader = run_mode ("tty", NULL);
  g_autoptr (Run) other = run_program ("true");
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  int slave;

  g_assert_cmpint (setsid (), >, 0);
  signal (SIGHUP, SIG_IGN); /* the terminal goes before we do */
  g_assert_true (grantpt (master) == 0 && unlockpt (master) == 0);
  slave = open (ptsname (master), O_RDWR | O_CLOEXEC);
  g_assert_cmpint (tcgetpgrp (slave), ==, getpgrp ());

  close (g_array_index (reader->request->fds, ProcstreamSpawnFd, 0).fd);
  g_array_index (reader->request->fds, ProcstreamSpawnFd, 0).fd = fcntl (slave, F_DUPFD_CLOEXEC, 3);
  reader->request->new_group = TRUE;
  reader->request->terminal = 0;
  g_assert_cmpint (write (master, "hello\n", 6), ==, 6);
  g_assert_cmpstr (run_to_end (reader), ==, "tty 1\nread hello\n");
  g_assert_cmpint (tcgetpgrp (slave), ==, reader->spawned.pid);

  /* Now we are in the background ourselves, and have nothing to give. */
  close (g_array_index (other->request->fds, ProcstreamSpawnFd, 0).fd);
  g_array_index (other->request->fds, ProcstreamSpawnFd, 0).fd = fcntl (slave, F_DUPFD_CLOEXEC, 3);
  other->request->new_group = TRUE;
  other->request->terminal = 0;
  run_to_end (other);
  g_assert_cmpint (tcgetpgrp (slave), ==, reader->spawned.pid);
}

static void
test_terminal (void)
{
  g_test_trap_subprocess ("/spawn/terminal/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

/* Run by the tests that need a program of their own, and by nothing else. */
static void
add_subprocesses (void)
{
  g_test_add_func ("/spawn/closed-standard/subprocess", test_closed_subprocess);
  g_test_add_func ("/spawn/exhaustion/subprocess", test_exhaustion_subprocess);
  g_test_add_func ("/spawn/without-features/subprocess", test_without_features_subprocess);
  g_test_add_func ("/spawn/terminal/subprocess", test_terminal_subprocess);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_subprocesses ();
  g_test_add_func ("/spawn/simple", test_simple);
  g_test_add_func ("/spawn/status", test_status);
  g_test_add_func ("/spawn/environment", test_environment);
  g_test_add_func ("/spawn/signals", test_signals);
  g_test_add_func ("/spawn/group", test_group);
  g_test_add_func ("/spawn/cwd", test_cwd);
  g_test_add_func ("/spawn/search", test_search);
  g_test_add_func ("/spawn/plain-script", test_plain_script);
  g_test_add_func ("/spawn/permutations", test_permutations);
  g_test_add_func ("/spawn/targets", test_targets);
  g_test_add_func ("/spawn/nothing-else", test_nothing_else);
  g_test_add_func ("/spawn/not-given", test_not_given);
  g_test_add_func ("/spawn/closed-standard", test_closed);
  g_test_add_func ("/spawn/not-found", test_not_found);
  g_test_add_func ("/spawn/not-executable", test_not_executable);
  g_test_add_func ("/spawn/bad-cwd", test_bad_cwd);
  g_test_add_func ("/spawn/too-big", test_too_big);
  g_test_add_func ("/spawn/nearly-too-big", test_nearly_too_big);
  g_test_add_func ("/spawn/bad-targets", test_bad_targets);
  g_test_add_func ("/spawn/helper", test_helper);
  g_test_add_func ("/spawn/exhaustion", test_exhaustion);
  g_test_add_func ("/spawn/forked", test_forked);
  g_test_add_func ("/spawn/forks-meanwhile", test_forks_meanwhile);
  g_test_add_func ("/spawn/nothing-left", test_nothing_left);
  g_test_add_func ("/spawn/at-once", test_at_once);
  g_test_add_func ("/spawn/pid-and-pidfd", test_pid_and_pidfd);
  g_test_add_func ("/spawn/pidfd-is-its-own", test_pidfd_is_its_own);
  g_test_add_func ("/spawn/without-features", test_without_features);
  g_test_add_func ("/spawn/terminal", test_terminal);
  return g_test_run ();
}
