/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-utils.h"

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
