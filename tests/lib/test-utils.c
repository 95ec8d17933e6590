/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-utils.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void
test_init (int    *argc,
           char ***argv)
{
  g_test_init (argc, argv, NULL);
}

/* What is waited for may happen in a thread that does not wake the context, so it is looked at every few milliseconds. */
#define LOOK_MS 5

static gboolean
look_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
test_run_until (GMainContext *context,
                const char   *what,
                gboolean (*done) (gpointer),
                gpointer data)
{
  g_autoptr (GSource) looks = g_timeout_source_new (LOOK_MS);
  gint64 deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  g_source_set_callback (looks, look_cb, NULL, NULL);
  g_source_attach (looks, context);
  while (!done (data))
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("Waited %d s for %s", TEST_WATCHDOG_SECONDS, what);
      g_main_context_iteration (context, TRUE);
    }
  g_source_destroy (looks);
}

static gboolean
is_set (gpointer data)
{
  return *(gboolean *) data;
}

void
test_run_until_set (GMainContext *context,
                    const char   *what,
                    gboolean     *flag)
{
  test_run_until (context, what, is_set, flag);
}

/* --- Interrupting what is asleep ---------------------------------------------------------------------------------------------- */

struct _TestInterruption
{
  GThread *thread;
  long     sleeper; /* the kernel's number of the thread to interrupt */
  void (*func) (gpointer);
  gpointer data;
  gboolean returned; /* atomic */
};

/* A system call that waits, without an end, for what another thread does. */
static gboolean
is_wait (long number)
{
#ifdef SYS_poll
  if (number == SYS_poll)
    return TRUE;
#endif
  return number == SYS_ppoll || number == SYS_futex;
}

static char *
read_of_task (long        task,
              const char *file)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%ld/%s", task, file);
  char            *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

/* What the wait is when the thread is asleep in one, else NULL. Some kernels tell only where they wait, not what for. */
static char *
describe_sleep (long task)
{
  g_autofree char *stat = read_of_task (task, "stat");
  g_autofree char *call = read_of_task (task, "syscall");
  g_autofree char *place = read_of_task (task, "wchan");

  if (stat == NULL || strstr (stat, ") S ") == NULL)
    return NULL;
  if (call)
    return g_ascii_isdigit (call[0]) && is_wait (strtol (call, NULL, 10)) ? g_steal_pointer (&call) : NULL;
  return place && (strstr (place, "futex") || strstr (place, "poll")) ? g_steal_pointer (&place) : NULL;
}

/* The same at two looks: who only waits for a lock that another thread holds for an instant is somewhere else by then. */
static gboolean
is_asleep (long task)
{
  g_autofree char *first = describe_sleep (task);
  g_autofree char *second = NULL;

  if (first == NULL)
    return FALSE;
  g_usleep (LOOK_MS * 1000);
  second = describe_sleep (task);
  return g_strcmp0 (first, second) == 0;
}

static gpointer
interrupt_thread (gpointer data)
{
  TestInterruption *self = data;
  gint64            deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  while (!is_asleep (self->sleeper))
    {
      if (g_atomic_int_get (&self->returned) || g_get_monotonic_time () > deadline)
        g_error ("The call that was to be interrupted did not sleep");
    }
  self->func (self->data);
  while (!g_atomic_int_get (&self->returned))
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("The interruption did not wake who slept");
      g_usleep (LOOK_MS * 1000);
    }
  return NULL;
}

TestInterruption *
test_interrupt (void (*func) (gpointer),
                gpointer data)
{
  TestInterruption *self = g_new0 (TestInterruption, 1);

  self->sleeper = syscall (SYS_gettid);
  self->func = func;
  self->data = data;
  self->thread = g_thread_new ("interrupt", interrupt_thread, self);
  return self;
}

void
test_interruption_end (TestInterruption *self)
{
  g_atomic_int_set (&self->returned, TRUE);
  g_thread_join (self->thread);
  g_free (self);
}

/* --- Asynchronous calls --------------------------------------------------------------------------------------------------------- */

void
test_store_result_cb (GObject      *object,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static gboolean
has_result (gpointer data)
{
  return *(GAsyncResult **) data != NULL;
}

void
test_wait_result (GMainContext  *context,
                  const char    *what,
                  GAsyncResult **result)
{
  test_run_until (context, what, has_result, result);
}

void
test_exit_copy (int status)
{
  char code[] = { (char) ('0' + status), '\0' };

  g_assert_cmpint (status, <, 10);
  if (g_getenv ("PROCSTREAM_TEST_VALGRIND"))
    execl ("/bin/sh", "sh", "-c", "exit $0", code, NULL);
  _exit (status);
}

gboolean
test_is_asleep (int tid)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/stat", tid);
  g_autofree char *stat = NULL;

  return g_file_get_contents (path, &stat, NULL, NULL) && strstr (stat, ") S ");
}
