/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writers when the program exits: scenes that are programs of their own, whose standard output is what is written, and which is read
 * only once they exit. */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <gio/gunixoutputstream.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* More than a pipe holds, so that most of it is still to be written. */
#define FLOOD_SIZE 1000000
#define ROOM (4 * 1024 * 1024)

/* --- The scenes --------------------------------------------------------------------------------------------------------------- */

static ProcstreamWriter *
new_writer (void)
{
  g_autoptr (GOutputStream) stream = g_unix_output_stream_new (STDOUT_FILENO, FALSE);

  return procstream_writer_new_for_stream (stream);
}

static void
attach (ProcstreamOutput *output,
        ProcstreamWriter *writer)
{
  g_autoptr (GError) error = NULL;

  procstream_output_attach (output, PROCSTREAM_CONSUMER (writer), &error);
  g_assert_no_error (error);
}

static ProcstreamChild *
spawn (const char *script)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamWriter) writer = new_writer ();
  g_autoptr (ProcstreamChild) child = NULL;

  procstream_output_config_set_max_buffered_bytes (config, ROOM);
  procstream_launcher_set_stdout_config (launcher, config);
  child = procstream_launcher_create (launcher, test_shell_argv (script), NULL);
  attach (procstream_child_get_stdout (child), writer);
  g_assert_true (procstream_child_start (child, NULL));
  return g_steal_pointer (&child);
}

static int
scene_exited (void)
{
  g_autoptr (ProcstreamChild) child = spawn ("head -c 1000000 /dev/zero");

  g_assert_true (procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, NULL));
  return 5;
}

/* It is ended by the exit, and has most to say then. */
static int
scene_running (void)
{
  g_autoptr (ProcstreamChild) child = spawn ("trap 'head -c 1000000 /dev/zero; exit 0' TERM; echo ready >&2; while :; do sleep 0.05; done");
  g_autoptr (ProcstreamMatch) ready = NULL;

  ready = procstream_child_expect (child, "ready", PROCSTREAM_MATCH_NONE, PROCSTREAM_NO_TIMEOUT, NULL, NULL);
  g_assert_nonnull (ready);
  return 5;
}

static ProcstreamOutput *
new_open_output (int *write_fd)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  ProcstreamOutput *output;
  int               fds[2];

  procstream_output_config_set_max_buffered_bytes (config, ROOM);
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  output = procstream_output_new_take_fd (fds[0], "pipe", config, NULL);
  g_assert_nonnull (output);
  *write_fd = fds[1];
  return output;
}

/* The output goes on, and the writer stands still, in the middle of a line. */
static int
scene_open (void)
{
  int write_fd;
  g_autoptr (ProcstreamOutput) output = new_open_output (&write_fd);
  g_autoptr (ProcstreamWriter) writer = new_writer ();

  procstream_writer_set_write_mode (writer, PROCSTREAM_WRITE_MODE_LINES);
  attach (output, writer);
  procstream_consumer_pause (PROCSTREAM_CONSUMER (writer));
  g_assert_cmpint (write (write_fd, "one\ntwo", 7), ==, 7);
  return 5;
}

typedef struct
{
  const char *name;
  int (*run) (void);
  const char *expected; /* NULL: FLOOD_SIZE zeros */
} Scene;

static const Scene scenes[] = {
  { "exited", scene_exited, NULL },
  { "running", scene_running, NULL },
  { "open", scene_open, "one\ntwo\n" },
};

static int
run_named_scene (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    {
      int status;

      if (strcmp (scenes[i].name, name) != 0 && strcmp (name, "stuck") != 0)
        continue;
      status = scenes[i].run ();
      g_assert_cmpint (write (STDERR_FILENO, ".", 1), ==, 1);
      return status;
    }
  return 98;
}

/* --- Seen from outside -------------------------------------------------------------------------------------------------------- */

static GSubprocess *
start_scene (const char *name)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *scene;

  scene = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, "/proc/self/exe", "--scene", name, NULL);
  g_assert_no_error (error);
  return scene;
}

static GString *
read_all (GInputStream *stream)
{
  GString *text = g_string_new (NULL);
  char     buffer[4096];
  gssize   n;

  while ((n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_string_append_len (text, buffer, n);
  g_assert_cmpint (n, ==, 0);
  return text;
}

static void
assert_exits (GSubprocess *scene)
{
  g_assert_true (g_subprocess_wait (scene, NULL, NULL));
  g_assert_true (g_subprocess_get_if_exited (scene));
  g_assert_cmpint (g_subprocess_get_exit_status (scene), ==, 5);
}

static void
test_scene (gconstpointer data)
{
  const Scene *scene = data;
  g_autoptr (GSubprocess) process = start_scene (scene->name);
  GString *written;
  char     dot;

  g_assert_cmpint (g_input_stream_read (g_subprocess_get_stderr_pipe (process), &dot, 1, NULL, NULL), ==, 1);
  g_assert_cmpint (dot, ==, '.');
  written = read_all (g_subprocess_get_stdout_pipe (process));
  if (scene->expected)
    g_assert_cmpstr (written->str, ==, scene->expected);
  else
    g_assert_cmpuint (written->len, ==, FLOOD_SIZE);
  assert_exits (process);
  g_string_free (written, TRUE);
}

/* Nobody reads it: the program exits all the same, and says so. */
static void
test_stuck (void)
{
  g_autoptr (GSubprocess) process = start_scene ("stuck");
  GString *said = read_all (g_subprocess_get_stderr_pipe (process));
  GString *written;

  assert_exits (process);
  g_assert_nonnull (strstr (said->str, "1 of the program's writers had not written everything"));
  written = read_all (g_subprocess_get_stdout_pipe (process));
  g_assert_cmpuint (written->len, <, FLOOD_SIZE);
  g_string_free (written, TRUE);
  g_string_free (said, TRUE);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--scene") == 0)
    {
      /* A warning at the exit is one of the things that are tested. */
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      return run_named_scene (argv[2]);
    }
  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/writer/exit/%s", scenes[i].name);

      test_add_data_func (path, &scenes[i], test_scene);
    }
  test_add_func ("/writer/exit/stuck", test_stuck);
  return g_test_run ();
}
