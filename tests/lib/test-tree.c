/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-tree.h"

#include "test-utils.h"

#include <stdlib.h>
#include <string.h>

gboolean
test_tree_can_find_strays (void)
{
  if (g_getenv ("PROCSTREAM_TEST_NO_PROC") == NULL)
    return TRUE;
  g_test_skip ("this helper cannot read /proc");
  return FALSE;
}

TestProcess *
test_tree_new (void)
{
  TestProcess *self = test_process_new ();

  procstream_launcher_set_containment (self->launcher, PROCSTREAM_CONTAINMENT_TREE);
  return self;
}

void
test_tree_begin (TestProcess *self,
                 const char  *script)
{
  test_process_create (self, script);
  test_process_listen (self);
  test_process_start (self);
}

typedef struct
{
  GString *text;
  guint    n;
} Lines;

static gboolean
has_lines (gpointer data)
{
  Lines *lines = data;
  guint  n = 0;

  for (gsize i = 0; i < lines->text->len; i++)
    n += lines->text->str[i] == '\n';
  return n >= lines->n;
}

void
test_tree_await_lines (TestProcess *self,
                       guint        n)
{
  Lines lines = { self->err, n };

  test_run_until (NULL, "lines of a tree", has_lines, &lines);
}

static char *
read_stat (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  char            *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

int
test_tree_get_parent (int pid)
{
  g_autofree char *text = read_stat (pid);

  return text ? atoi (strrchr (text, ')') + 4) : 0;
}

char
test_tree_get_state (int pid)
{
  g_autofree char *text = read_stat (pid);

  return text ? strrchr (text, ')')[2] : 0;
}

void
test_tree_await_state (int  pid,
                       char state)
{
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (test_tree_get_state (pid) != state)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

int
test_tree_get_guard (TestProcess *self)
{
  int guard = test_tree_get_parent (procstream_child_get_pid (self->child));

  g_assert_cmpint (guard, >, 1);
  return guard;
}

int
test_tree_run_program (const char *test)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GSubprocess) program = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;

  program = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self, "--GTestSubprocess", "-p", test, NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (program, NULL, NULL, &out, NULL, &error));
  g_assert_no_error (error);
  return g_subprocess_get_status (program);
}

int
test_tree_run_in_namespace (const char *test)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GSubprocess) trial = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "unshare", "-Urpf", "true", NULL);
  g_autoptr (GSubprocess) program = NULL;
  g_autoptr (GError) error = NULL;
  char  byte;
  gsize got;

  if (trial == NULL || !g_subprocess_wait_check (trial, NULL, NULL))
    {
      g_test_skip ("no namespace of processes can be made here with unshare -Urpf");
      return -1;
    }
  /* The first process there is a shell, which lets go of the output, as the one that waits for it does, and stays until nobody has it. */
  program = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "unshare", "-Urp", "sh", "-c",
                              "exec 3<&0; sh -c '\"$@\" 3<&-; status=$?; exec >&-; read -r line <&3; exit $status' sh \"$@\" & "
                              "exec >&-; wait $!",
                              "sh", self, "--GTestSubprocess", "-p", test, NULL);
  g_assert_no_error (error);
  do
    g_input_stream_read_all (g_subprocess_get_stdout_pipe (program), &byte, 1, &got, NULL, &error);
  while (got > 0);
  g_assert_no_error (error);
  g_assert_true (g_output_stream_close (g_subprocess_get_stdin_pipe (program), NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_wait (program, NULL, &error));
  g_assert_no_error (error);
  return g_subprocess_get_exit_status (program);
}
