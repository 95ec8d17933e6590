/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-result-private.h"

#include <procstream/procstream.h>

#include <signal.h>
#include <string.h>

typedef struct
{
  int         exit_code;
  int         term_signal;
  gint64      duration_us;
  gboolean    success;
  const char *message;
} Ending;

static const Ending endings[] = {
  { 0, 0, 0, TRUE, "“make” exited with status 0 after 0.0 s" },
  { 3, 0, 1260000, FALSE, "“make” exited with status 3 after 1.3 s" },
  { 255, 0, 40000, FALSE, "“make” exited with status 255 after 0.0 s" },
  { -1, SIGKILL, 2500000, FALSE, "“make” was killed by signal SIGKILL after 2.5 s" },
  { -1, SIGHUP, 86400 * G_TIME_SPAN_SECOND, FALSE, "“make” was killed by signal SIGHUP after 86400.0 s" },
  /* A real-time signal has no name. */
  { -1, 40, 1000000, FALSE, "“make” was killed by signal 40 after 1.0 s" },
  /* Neither: the status is lost. That is no success. */
  { -1, 0, 500000, FALSE, "“make” has ended after 0.5 s, and its status is lost: the program ignores SIGCHLD, or has reaped it itself" },
};

static void
test_endings (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      const Ending *ending = &endings[i];
      g_autoptr (ProcstreamResult) result = procstream_result_new ("make", ending->exit_code, ending->term_signal, ending->duration_us);

      g_assert_cmpstr (procstream_result_get_name (result), ==, "make");
      g_assert_cmpint (procstream_result_get_exit_code (result), ==, ending->exit_code);
      g_assert_cmpint (procstream_result_get_term_signal (result), ==, ending->term_signal);
      g_assert_cmpint (procstream_result_get_duration_us (result), ==, ending->duration_us);
      g_assert_cmpint (procstream_result_get_success (result), ==, ending->success);
      g_assert_cmpstr (procstream_result_get_message (result), ==, ending->message);
    }
}

/* The error that kept a child from starting is all that there is to say of it, and what checking it comes to. */
static void
test_not_started (void)
{
  g_autoptr (GError) reason = g_error_new_literal (G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "“make” is not there");
  g_autoptr (ProcstreamResult) result = procstream_result_new_not_started ("make", reason);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_NOT_STARTED);
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, -1);
  g_assert_false (procstream_result_get_success (result));
  g_assert_false (procstream_result_get_running (result));
  g_assert_cmpstr (procstream_result_get_message (result), ==, reason->message);
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
}

/* Languages see properties: each says what its getter says. */
static void
test_properties (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      const Ending *ending = &endings[i];
      g_autoptr (ProcstreamResult) result = procstream_result_new ("make", ending->exit_code, ending->term_signal, ending->duration_us);
      g_autofree char *name = NULL;
      g_autofree char *message = NULL;
      int              exit_code, term_signal;
      gint64           duration_us;
      gboolean         success;

      g_object_get (result, "name", &name, "exit-code", &exit_code, "term-signal", &term_signal, "success", &success,
                    "duration-us", &duration_us, "message", &message, NULL);
      g_assert_cmpstr (name, ==, "make");
      g_assert_cmpint (exit_code, ==, ending->exit_code);
      g_assert_cmpint (term_signal, ==, ending->term_signal);
      g_assert_cmpint (success, ==, ending->success);
      g_assert_cmpint (duration_us, ==, ending->duration_us);
      g_assert_cmpstr (message, ==, ending->message);
    }
}

/* A result never changes, so nobody may write any of it. */
static void
test_read_only (void)
{
  GObjectClass           *klass = g_type_class_ref (PROCSTREAM_TYPE_RESULT);
  guint                   n;
  g_autofree GParamSpec **specs = g_object_class_list_properties (klass, &n);

  g_assert_cmpuint (n, ==, 19);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (specs[i]->flags & G_PARAM_READWRITE, ==, G_PARAM_READABLE);
  g_type_class_unref (klass);
}

/* It is kept for longer than what it was made from, and a name is not a format. */
static void
test_name (void)
{
  char name[] = "100%s “sure”";
  g_autoptr (ProcstreamResult) result = procstream_result_new (name, 1, 0, 0);

  memset (name, 'x', sizeof name - 1);
  g_assert_cmpstr (procstream_result_get_name (result), ==, "100%s “sure”");
  g_assert_cmpstr (procstream_result_get_message (result), ==, "“100%s “sure”” exited with status 1 after 0.0 s");
}

/* Languages can construct one that is of no child: it must not look like success. */
static void
test_of_no_child (void)
{
  g_autoptr (ProcstreamResult) result = g_object_new (PROCSTREAM_TYPE_RESULT, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (procstream_result_get_success (result));
  g_assert_cmpint (procstream_result_get_exit_code (result), ==, -1);
  g_assert_cmpint (procstream_result_get_term_signal (result), ==, 0);
  g_assert_null (procstream_result_get_name (result));
  g_assert_cmpstr (procstream_result_get_message (result), ==, "This is the result of no child");
  g_assert_false (procstream_result_check (result, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSUCCESSFUL);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/result/endings", test_endings);
  g_test_add_func ("/result/not-started", test_not_started);
  g_test_add_func ("/result/properties", test_properties);
  g_test_add_func ("/result/read-only", test_read_only);
  g_test_add_func ("/result/name", test_name);
  g_test_add_func ("/result/of-no-child", test_of_no_child);
  return g_test_run ();
}
