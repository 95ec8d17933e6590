/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-clean.h"

#include "test-process.h"
#include "test-start.h"
#include "test-utils.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descendants that have lost their parent are found by a variable of the environment, which holds the number of the test program. */
#define MARK "PROCSTREAM_TEST_PROGRAM"

#define SETTLE_SECONDS (g_getenv ("PROCSTREAM_TEST_VALGRIND") ? TEST_WATCHDOG_SECONDS : 10)

typedef struct
{
  GTestFunc      func; /* or: */
  GTestDataFunc  data_func;
  gpointer       data;
  GDestroyNotify destroy;
} Case;

static guint most_others; /* 0: nothing was started yet */

/* --- What is left ------------------------------------------------------------------------------------------------------------- */

static gboolean
has_mark (int pid)
{
  g_autofree char *mark = g_strdup_printf (MARK "=%s", g_getenv (MARK));
  g_autofree char *path = g_strdup_printf ("/proc/%d/environ", pid);
  g_autofree char *environment = NULL;
  gsize            size;

  /* Those of others are not readable, and the dead have none. */
  if (!g_file_get_contents (path, &environment, &size, NULL))
    return FALSE;
  for (const char *at = environment; at < environment + size; at += strlen (at) + 1)
    if (strcmp (at, mark) == 0)
      return TRUE;
  return FALSE;
}

static void
add_process (GString *left,
             int      pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", pid);
  g_autofree char *command = NULL;
  gsize            size = 0;

  g_file_get_contents (path, &command, &size, NULL);
  for (gsize i = 0; i + 1 < size; i++)
    if (command[i] == '\0')
      command[i] = ' ';
  g_string_append_printf (left, "; process %d “%s”", pid, size > 0 ? command : "");
}

static void
find_processes (GString *left)
{
  g_autoptr (GArray) children = test_list_children ();
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *name;

  for (guint i = 0; i < children->len; i++)
    add_process (left, g_array_index (children, int, i));
  if (children->len > 0)
    return;
  while ((name = g_dir_read_name (dir)))
    {
      int pid = atoi (name);

      if (pid > 0 && pid != getpid () && has_mark (pid))
        add_process (left, pid);
    }
}

typedef struct
{
  guint    n_pidfds; /* each process has one, and no test has any for longer */
  guint    n_others;
  GString *text;
} Fds;

static void
fds_list (Fds *self)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  *self = (Fds){ .text = g_string_new (NULL) };
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);
      gboolean         is_pidfd = target && strstr (target, "pidfd");

      self->n_pidfds += is_pidfd;
      self->n_others += !is_pidfd;
      g_string_append_printf (self->text, " %s %s", name, target ? target : "?");
    }
}

static void
find_fds (GString *left)
{
  Fds fds;

  fds_list (&fds);
  if (fds.n_pidfds > 0 || fds.n_others > most_others)
    g_string_append_printf (left, "; descriptors: %u of processes and %u instead of %u others:%s",
                            fds.n_pidfds, fds.n_others, most_others, fds.text->str);
  g_string_free (fds.text, TRUE);
}

/* A child lets go of itself in the context, once its outputs have ended. Who reaps it does so some time after its end was told of. */
static void
assert_nothing_left (void)
{
  gint64 deadline = g_get_monotonic_time () + SETTLE_SECONDS * G_USEC_PER_SEC;

  for (;;)
    {
      g_autoptr (GString) left = g_string_new (NULL);

      find_processes (left);
      find_fds (left);
      if (left->len == 0)
        return;
      if (g_get_monotonic_time () > deadline)
        g_error ("Something is left of %s%s", g_test_get_path (), left->str);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

/* --- Cases -------------------------------------------------------------------------------------------------------------------- */

/* What the library opens once is not counted. */
static void
warm_up (void)
{
  g_autoptr (TestProcess) process = NULL;
  Fds fds;

  if (most_others > 0)
    return;
  process = test_process_new ();
  test_process_spawn_mode (process, "echo x");
  test_process_listen (process);
  test_process_run_to_completed (process);
  test_count_settled_fds ();
  fds_list (&fds);
  g_string_free (fds.text, TRUE);
  most_others = fds.n_others;
}

static void
run_case (gconstpointer data)
{
  const Case *self = data;

  if (!g_test_subprocess ())
    warm_up ();
  if (self->func)
    self->func ();
  else
    self->data_func (self->data);
  if (!g_test_subprocess ())
    assert_nothing_left ();
}

static void
case_free (gpointer data)
{
  Case *self = data;

  if (self->destroy)
    self->destroy (self->data);
  g_free (self);
}

static void
add (const char *path,
     const Case *added)
{
  g_autofree char *pid = g_strdup_printf ("%d", getpid ());

  if (!g_test_subprocess ())
    g_setenv (MARK, pid, TRUE);
  g_test_add_data_func_full (path, g_memdup2 (added, sizeof *added), run_case, case_free);
}

void
test_add_func (const char *path,
               GTestFunc   func)
{
  const Case added = { .func = func };

  add (path, &added);
}

void
test_add_data_func (const char   *path,
                    gconstpointer data,
                    GTestDataFunc func)
{
  const Case added = { .data_func = func, .data = (gpointer) data };

  add (path, &added);
}

void
test_add_data_func_full (const char    *path,
                         gpointer       data,
                         GTestDataFunc  func,
                         GDestroyNotify destroy)
{
  const Case added = { .data_func = func, .data = data, .destroy = destroy };

  add (path, &added);
}
