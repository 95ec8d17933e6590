/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-utils.h"

void
test_init (int    *argc,
           char ***argv)
{
  g_test_init (argc, argv, NULL);
}

static gboolean
out_of_patience_cb (gpointer user_data)
{
  g_error ("Waited %d s for %s", TEST_WATCHDOG_SECONDS, (const char *) user_data);
  return G_SOURCE_REMOVE;
}

void
test_run_until (GMainContext *context,
                const char   *what,
                gboolean (*done) (gpointer),
                gpointer data)
{
  g_autoptr (GSource) timer = g_timeout_source_new_seconds (TEST_WATCHDOG_SECONDS);

  g_source_set_callback (timer, out_of_patience_cb, (gpointer) what, NULL);
  g_source_attach (timer, context);
  while (!done (data))
    g_main_context_iteration (context, TRUE);
  g_source_destroy (timer);
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
