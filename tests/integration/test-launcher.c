/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-noter.h"
#include "test-process.h"
#include "test-utils.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    user_data)
{
  ++*(int *) user_data;
}

static void
test_properties (void)
{
  g_autoptr (ProcstreamLauncher) launcher = g_object_new (PROCSTREAM_TYPE_LAUNCHER, NULL);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new_discard ();
  const char *const environment[] = { "A=1", NULL };
  int               n = 0;

  g_assert_cmpint (procstream_launcher_get_delivery (launcher), ==, PROCSTREAM_DELIVERY_UNSET);
  g_assert_cmpint (procstream_launcher_get_replay (launcher), ==, PROCSTREAM_REPLAY_UNSET);
  g_assert_cmpint (procstream_launcher_get_stdin_mode (launcher), ==, PROCSTREAM_STDIN_MODE_NULL);
  g_assert_cmpint (procstream_launcher_get_containment (launcher), ==, PROCSTREAM_CONTAINMENT_GROUP);
  g_signal_connect (launcher, "notify", G_CALLBACK (count_cb), &n);
  for (int round = 0; round < 2; round++)
    {
      procstream_launcher_set_delivery (launcher, PROCSTREAM_DELIVERY_LOSSY);
      procstream_launcher_set_replay (launcher, PROCSTREAM_REPLAY_LAST_BYTES);
      procstream_launcher_set_replay_limit (launcher, 5);
      procstream_launcher_set_name (launcher, "name");
      procstream_launcher_set_cwd (launcher, "/tmp");
      procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
      procstream_launcher_set_merge_stderr (launcher, TRUE);
      procstream_launcher_set_containment (launcher, PROCSTREAM_CONTAINMENT_PROCESS);
      procstream_launcher_set_stdout_config (launcher, config);
      procstream_launcher_set_stderr_config (launcher, config);
      /* Setting the same value again tells nobody. */
      g_assert_cmpint (n, ==, 10);
    }
  procstream_launcher_set_name (launcher, procstream_launcher_get_name (launcher));
  procstream_launcher_set_environment (launcher, environment);
  g_assert_cmpint (n, ==, 11);
  procstream_launcher_set_environment (launcher, procstream_launcher_get_environment (launcher));
  g_assert_cmpint (procstream_launcher_get_delivery (launcher), ==, PROCSTREAM_DELIVERY_LOSSY);
  g_assert_cmpint (procstream_launcher_get_replay (launcher), ==, PROCSTREAM_REPLAY_LAST_BYTES);
  g_assert_cmpuint (procstream_launcher_get_replay_limit (launcher), ==, 5);
  g_assert_cmpstr (procstream_launcher_get_name (launcher), ==, "name");
  g_assert_cmpstr (procstream_launcher_get_cwd (launcher), ==, "/tmp");
  g_assert_cmpstr (procstream_launcher_get_environment (launcher)[0], ==, "A=1");
  g_assert_cmpint (procstream_launcher_get_stdin_mode (launcher), ==, PROCSTREAM_STDIN_MODE_PIPE);
  g_assert_true (procstream_launcher_get_merge_stderr (launcher));
  g_assert_cmpint (procstream_launcher_get_containment (launcher), ==, PROCSTREAM_CONTAINMENT_PROCESS);
  g_assert_true (procstream_launcher_get_stdout_config (launcher) == config);
  g_assert_true (procstream_launcher_get_stderr_config (launcher) == config);
}

static void
assert_refused (ProcstreamLauncher *launcher,
                GQuark              domain,
                int                 code,
                const char         *property)
{
  g_auto (GStrv) argv = test_child_argv ("exit 0");
  g_autoptr (GError) error = NULL;

  g_assert_null (procstream_launcher_create (launcher, (const char *const *) argv, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, "test-child"));
  g_assert_nonnull (strstr (error->message, property));
}

static void
test_unset (void)
{
  g_autoptr (ProcstreamLauncher) launcher = g_object_new (PROCSTREAM_TYPE_LAUNCHER, NULL);
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();
  g_auto (GStrv) argv = test_child_argv ("exit 0");
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  assert_refused (launcher, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "delivery");
  procstream_launcher_set_delivery (launcher, PROCSTREAM_DELIVERY_LOSSY);
  assert_refused (launcher, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "replay");
  procstream_launcher_set_replay (launcher, PROCSTREAM_REPLAY_LAST_BYTES);
  assert_refused (launcher, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "replay-limit");
  procstream_launcher_set_replay (launcher, PROCSTREAM_REPLAY_NONE);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_UNSET);
  assert_refused (launcher, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "stdin-mode");
  procstream_launcher_set_stdin_mode (launcher, 77);
  assert_refused (launcher, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "stdin-mode");
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_NULL);
  procstream_launcher_set_containment (launcher, PROCSTREAM_CONTAINMENT_UNSET);
  assert_refused (launcher, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "containment");
  procstream_launcher_set_containment (launcher, PROCSTREAM_CONTAINMENT_GROUP);
  procstream_launcher_set_merge_stderr (launcher, TRUE);
  procstream_launcher_set_stderr_config (launcher, discard);
  assert_refused (launcher, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "stderr-config");

  /* Outputs that nobody reads need no policy. */
  procstream_launcher_set_delivery (launcher, PROCSTREAM_DELIVERY_UNSET);
  procstream_launcher_set_replay (launcher, PROCSTREAM_REPLAY_UNSET);
  procstream_launcher_set_merge_stderr (launcher, FALSE);
  procstream_launcher_set_stdout_config (launcher, inherit);
  child = procstream_launcher_create (launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
}

static void
test_argv (void)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GError) error = NULL;
  const char *const none[] = { NULL };
  const char *const empty[] = { "", "x", NULL };

  g_assert_null (procstream_launcher_create (launcher, none, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (procstream_launcher_create (launcher, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (procstream_launcher_spawnv (launcher, empty, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
run (TestProcess *process,
     const char  *mode)
{
  test_process_create_mode (process, mode);
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
}

/* What the launcher says when the child is made is what counts. */
static void
assert_snapshot (const char *mode,
                 const char *expected)
{
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_launcher_set_variable (process->launcher, "TEST_VALUE", "then");
  procstream_launcher_set_cwd (process->launcher, "/");
  procstream_launcher_set_name (process->launcher, "a name");
  test_process_create_mode (process, mode);
  procstream_launcher_set_variable (process->launcher, "TEST_VALUE", "now");
  procstream_launcher_set_cwd (process->launcher, "/tmp");
  procstream_launcher_set_name (process->launcher, "another");
  test_process_listen (process);
  test_process_start (process);
  test_process_run_to_completed (process);
  g_assert_cmpstr (process->out->str, ==, expected);
  g_assert_cmpstr (procstream_child_get_name (process->child), ==, "a name");
}

static void
test_snapshot (void)
{
  assert_snapshot ("env TEST_VALUE", "then\n");
  assert_snapshot ("cwd", "/\n");
}

/* What is no variable is refused, by its place: it may be a secret. */
static void
test_bad_environment (void)
{
  const char *const entries[] = { "NOTHING", "=value", "" };

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autoptr (TestProcess) process = test_process_new ();
      const char *const environment[] = { "GOOD=yes", entries[i], NULL };
      const char *const argv[] = { "true", NULL };
      g_autoptr (GError) error = NULL;

      procstream_launcher_set_environment (process->launcher, environment);
      g_assert_null (procstream_launcher_create (process->launcher, argv, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "“true”: the property “environment”"));
      g_assert_nonnull (strstr (error->message, "number 1 "));
      g_assert_null (strstr (error->message, "NOTHING"));
    }
}

static void
test_environment (void)
{
  g_autoptr (TestProcess) own = test_process_new ();
  g_autoptr (TestProcess) changed = test_process_new ();
  g_autoptr (TestProcess) replaced = test_process_new ();
  const char *const environment[] = { "ONLY=this", "PATH=/usr/bin:/bin", NULL };

  /* The program's own as it is at the start. */
  test_process_create_mode (own, "env TEST_OWN");
  g_setenv ("TEST_OWN", "set later", TRUE);
  test_process_listen (own);
  test_process_start (own);
  test_process_run_to_completed (own);
  g_assert_cmpstr (own->out->str, ==, "set later\n");

  procstream_launcher_set_variable (changed->launcher, "TEST_NEW", "new");
  procstream_launcher_unset_variable (changed->launcher, "TEST_OWN");
  run (changed, "env TEST_NEW TEST_OWN");
  g_assert_cmpstr (changed->out->str, ==, "new\n(unset)\n");

  procstream_launcher_set_environment (replaced->launcher, environment);
  run (replaced, "env");
  g_assert_cmpstr (replaced->out->str, ==, "ONLY=this\nPATH=/usr/bin:/bin\n");
}

static void
test_bad_cwd (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_auto (GStrv) argv = test_child_argv ("exit 0");
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_cwd (process->launcher, "/nonexistent/directory");
  g_assert_null (procstream_launcher_spawnv (process->launcher, (const char *const *) argv, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "test-child"));
  g_assert_nonnull (strstr (error->message, "/nonexistent/directory"));
}

static void
test_merge (void)
{
  g_autoptr (TestProcess) process = test_process_new ();

  procstream_launcher_set_merge_stderr (process->launcher, TRUE);
  run (process, "both 3");
  g_assert_cmpstr (process->out->str, ==, "out\nerr\nout\nerr\nout\nerr\n");
  g_assert_cmpstr (process->err->str, ==, "");
  g_assert_nonnull (strchr (process->order->str, 'E'));
}

static void
test_discard (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();

  procstream_launcher_set_stdout_config (process->launcher, discard);
  procstream_launcher_set_stderr_config (process->launcher, discard);
  run (process, "discarded");
  g_assert_cmpstr (procstream_output_get_name (procstream_child_get_stdout (process->child)), ==, "stdout");
  g_assert_cmpstr (procstream_output_get_name (procstream_child_get_stderr (process->child)), ==, "stderr");
  g_assert_cmpint (procstream_child_get_exit_code (process->child), ==, 0);
  g_assert_cmpstr (process->out->str, ==, "");
  g_assert_cmpstr (process->err->str, ==, "");
  g_assert_cmpuint (procstream_output_get_bytes_received (procstream_child_get_stdout (process->child)), ==, 0);
  g_assert_cmpuint (process->order->len, ==, 4);
}

static void
assert_late (ProcstreamOutput *output,
             const char       *text)
{
  g_autoptr (ProcstreamCollector) collector = test_collector_new ();

  g_assert_true (procstream_output_attach (output, PROCSTREAM_CONSUMER (collector), NULL));
  test_consumer_wait (collector);
  test_collector_assert (collector, text);
}

/* Each output has a configuration of its own, and what is done with one does not touch the other, whatever their back ends are. */
static void
test_each_output (void)
{
  for (int i = 0; i < 4; i++)
    {
      const ProcstreamBackend backends[] = { i & 1 ? PROCSTREAM_BACKEND_SINGLE : PROCSTREAM_BACKEND_BROADCAST,
                                             i & 2 ? PROCSTREAM_BACKEND_SINGLE : PROCSTREAM_BACKEND_BROADCAST };
      g_autoptr (ProcstreamOutputConfig) of_out = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
      g_autoptr (ProcstreamOutputConfig) of_err = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_BYTES);
      g_autoptr (TestProcess) process = test_process_new ();

      procstream_output_config_set_backend (of_out, backends[0]);
      procstream_output_config_set_backend (of_err, backends[1]);
      procstream_output_config_set_read_chunk_size (of_err, 4);
      procstream_output_config_set_replay_limit (of_err, 8);
      procstream_launcher_set_stdout_config (process->launcher, of_out);
      procstream_launcher_set_stderr_config (process->launcher, of_err);
      test_process_spawn_mode (process, "both 3");
      while (procstream_output_get_state (procstream_child_get_stdout (process->child)) != PROCSTREAM_OUTPUT_STATE_ENDED ||
             procstream_output_get_state (procstream_child_get_stderr (process->child)) != PROCSTREAM_OUTPUT_STATE_ENDED)
        g_usleep (200);
      test_iterate (); /* the opening goes */
      assert_late (procstream_child_get_stdout (process->child), "out\nout\nout\n");
      assert_late (procstream_child_get_stderr (process->child), "err\nerr\n");
      procstream_output_seal_replay (procstream_child_get_stdout (process->child));
      assert_late (procstream_child_get_stdout (process->child), "");
      assert_late (procstream_child_get_stderr (process->child), "err\nerr\n");
      procstream_output_seal_replay (procstream_child_get_stderr (process->child));
      assert_late (procstream_child_get_stderr (process->child), "");
    }
}

/* The child writes where the program itself does: here, for the time of the test, a file. */
static void
test_inherit (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  int              fd = g_file_open_tmp ("procstream-XXXXXX", &path, NULL);
  int              own = dup (STDERR_FILENO);

  procstream_launcher_set_stderr_config (process->launcher, inherit);
  test_process_create_mode (process, "both");
  test_process_listen (process);
  dup2 (fd, STDERR_FILENO);
  test_process_start (process);
  dup2 (own, STDERR_FILENO);
  test_process_run_to_completed (process);
  close (own);
  close (fd);
  g_assert_cmpstr (process->out->str, ==, "out\n");
  g_assert_cmpstr (process->err->str, ==, "");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "err\n");
  g_unlink (path);
}

static void
test_stdin_inherit (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  int own = dup (STDIN_FILENO);
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  g_assert_cmpint (write (fds[1], "mine\n", 5), ==, 5);
  close (fds[1]);
  dup2 (fds[0], STDIN_FILENO);
  procstream_launcher_set_stdin_mode (process->launcher, PROCSTREAM_STDIN_MODE_INHERIT);
  run (process, "cat");
  dup2 (own, STDIN_FILENO);
  close (own);
  close (fds[0]);
  g_assert_cmpstr (process->out->str, ==, "mine\n");
}

static void
test_containment (void)
{
  g_autoptr (TestProcess) group = test_process_new ();
  g_autoptr (TestProcess) process = test_process_new ();
  int pid, pgid;

  run (group, "pgid");
  g_assert_cmpint (sscanf (group->out->str, "%d %d", &pid, &pgid), ==, 2);
  g_assert_cmpint (pid, ==, procstream_child_get_pid (group->child));
  g_assert_cmpint (pgid, ==, pid);
  procstream_launcher_set_containment (process->launcher, PROCSTREAM_CONTAINMENT_PROCESS);
  run (process, "pgid");
  g_assert_cmpint (sscanf (process->out->str, "%d %d", &pid, &pgid), ==, 2);
  g_assert_cmpint (pgid, ==, getpgrp ());
}

/* Nothing of the program reaches a child that was not given to it. */
static void
test_descriptors (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_auto (GStrv) lines = NULL;
  int leaky = open ("/dev/zero", O_RDONLY);

  run (process, "fds");
  close (leaky);
  lines = g_strsplit (process->out->str, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_cmpstr (lines[0], ==, "0 /dev/null");
  g_assert_true (g_str_has_prefix (lines[1], "1 pipe:"));
  g_assert_true (g_str_has_prefix (lines[2], "2 pipe:"));
  g_assert_cmpstr (lines[3], ==, "");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_add_func ("/launcher/properties", test_properties);
  test_add_func ("/launcher/unset", test_unset);
  test_add_func ("/launcher/argv", test_argv);
  test_add_func ("/launcher/snapshot", test_snapshot);
  test_add_func ("/launcher/environment", test_environment);
  test_add_func ("/launcher/bad-environment", test_bad_environment);
  test_add_func ("/launcher/bad-cwd", test_bad_cwd);
  test_add_func ("/launcher/merge", test_merge);
  test_add_func ("/launcher/discard", test_discard);
  test_add_func ("/launcher/each-output", test_each_output);
  test_add_func ("/launcher/inherit", test_inherit);
  test_add_func ("/launcher/stdin-inherit", test_stdin_inherit);
  test_add_func ("/launcher/containment", test_containment);
  test_add_func ("/launcher/descriptors", test_descriptors);
  return g_test_run ();
}
