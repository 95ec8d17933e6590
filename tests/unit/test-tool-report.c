/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-report-private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static GString *said;

static void
printerr_cb (const char *text)
{
  g_string_append (said, text);
}

/* What is printed of @report on standard error. */
static void
assert_prints (const ToolReport *report,
               const char       *expected)
{
  GPrintFunc before = g_set_printerr_handler (printerr_cb);

  said = g_string_new (NULL);
  tool_report_print (report);
  g_set_printerr_handler (before);
  g_assert_cmpstr (said->str, ==, expected);
  g_string_free (said, TRUE);
}

static char *argv_of_job[] = { (char *) "make", (char *) "all", NULL };

#define OPTIONS(...)                                                                                       \
  {                                                                                                        \
    .argv = argv_of_job, .timeout_ms = 1500, .wait_timeout_ms = 2500, .idle_timeout_ms = 3500, __VA_ARGS__ \
  }

/* A report of one that ran for 1.25 s, of which @... tells the rest. */
#define REPORT(opts, ...)                                                            \
  {                                                                                  \
    .options = (opts), .name = "job", .pid = 42, .duration_us = 1250000, __VA_ARGS__ \
  }

static ToolLine lines[] = { { "stdout", (char *) "first" }, { "stderr", (char *) "second" } };

static GPtrArray *
new_tail (void)
{
  GPtrArray *tail = g_ptr_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    g_ptr_array_add (tail, &lines[i]);
  return tail;
}

/* --- The exit status of the tool ---------------------------------------------------------------------------------------------- */

typedef struct
{
  ToolCause cause;
  int       exit_code;
  int       term_signal;
  int       log_errno;
  int       status;
} Status;

static const Status statuses[] = {
  { TOOL_CAUSE_NONE, 0, 0, 0, 0 },
  { TOOL_CAUSE_NONE, 3, 0, 0, 3 },
  { TOOL_CAUSE_NONE, 255, 0, 0, 255 },
  { TOOL_CAUSE_NONE, -1, SIGKILL, 0, 137 },
  { TOOL_CAUSE_NONE, -1, 0, 0, 125 }, /* lost */
  /* The log is as important as the command, but for a failure of its own. */
  { TOOL_CAUSE_NONE, 0, 0, ENOSPC, 125 },
  { TOOL_CAUSE_NONE, 3, 0, ENOSPC, 3 },
  { TOOL_CAUSE_NONE, -1, SIGTERM, ENOSPC, 143 },
  /* However the command took it. */
  { TOOL_CAUSE_TIMEOUT, 0, 0, 0, 124 },
  { TOOL_CAUSE_TIMEOUT, -1, SIGKILL, 0, 124 },
  { TOOL_CAUSE_IDLE, 3, 0, 0, 124 },
  { TOOL_CAUSE_WAIT_TIMEOUT, 3, 0, 0, 124 },
  { TOOL_CAUSE_BROKEN_PIPE, 0, 0, 0, 141 },
  { TOOL_CAUSE_BROKEN_PIPE, -1, SIGTERM, 0, 141 },
  { TOOL_CAUSE_OUTPUT_FAILED, 0, 0, 0, 125 },
  /* It is never success, but tells the failure of the command if it has one. */
  { TOOL_CAUSE_UNMATCHED, 0, 0, 0, 125 },
  { TOOL_CAUSE_UNMATCHED, 3, 0, 0, 3 },
  /* The command was told, and had its say. */
  { TOOL_CAUSE_SIGNAL, 0, 0, 0, 0 },
  { TOOL_CAUSE_SIGNAL, -1, SIGINT, 0, 130 },
};

static void
test_status (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      const Status *s = &statuses[i];
      ToolReport    report = { .cause = s->cause, .exit_code = s->exit_code, .term_signal = s->term_signal, .log_errno = s->log_errno };

      g_assert_cmpint (tool_report_get_status (&report), ==, s->status);
    }
}

static void
assert_spawn_status (GQuark domain,
                     int    code,
                     int    status)
{
  g_autoptr (GError) error = g_error_new_literal (domain, code, "no");
  ToolReport report = { .cause = TOOL_CAUSE_NOT_STARTED, .exit_code = -1, .spawn_error = error };

  g_assert_cmpint (tool_report_get_status (&report), ==, status);
}

static void
test_status_not_started (void)
{
  const int not_runnable[] = { G_SPAWN_ERROR_ACCES, G_SPAWN_ERROR_PERM, G_SPAWN_ERROR_NOEXEC, G_SPAWN_ERROR_ISDIR, G_SPAWN_ERROR_TXTBUSY,
                               G_SPAWN_ERROR_LIBBAD, G_SPAWN_ERROR_LOOP, G_SPAWN_ERROR_NAMETOOLONG, G_SPAWN_ERROR_NOTDIR,
                               G_SPAWN_ERROR_TOO_BIG };

  assert_spawn_status (G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, 127);
  for (gsize i = 0; i < G_N_ELEMENTS (not_runnable); i++)
    assert_spawn_status (G_SPAWN_ERROR, not_runnable[i], 126);
  assert_spawn_status (G_SPAWN_ERROR, G_SPAWN_ERROR_FORK, 125);
  assert_spawn_status (G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, 125);
  assert_spawn_status (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER, 125);
  /* The same number in another domain. */
  assert_spawn_status (G_IO_ERROR, G_SPAWN_ERROR_NOENT, 125);
}

/* --- In words ----------------------------------------------------------------------------------------------------------------- */

static void
test_success (void)
{
  ToolOptions silent = OPTIONS (.verbose = FALSE);
  ToolOptions verbose = OPTIONS (.verbose = TRUE);
  ToolOptions quiet = OPTIONS (.verbose = TRUE, .quiet = TRUE);
  g_autoptr (GPtrArray) tail = new_tail ();
  ToolReport report = REPORT (&silent, .exit_code = 0, .tail = tail);

  assert_prints (&report, "");
  report.options = &verbose;
  assert_prints (&report, "procstream: job: exited with status 0 after 1.2 s\n");
  report.options = &quiet;
  assert_prints (&report, "");
}

static void
test_failure (void)
{
  ToolOptions options = OPTIONS (.tail = 20);
  ToolOptions quiet = OPTIONS (.quiet = TRUE);
  g_autoptr (GPtrArray) tail = new_tail ();
  ToolReport report = REPORT (&options, .exit_code = 3, .tail = tail, .n_streams = 2);

  assert_prints (&report, "procstream: job: its output:\n"
                          "  stdout | first\n"
                          "  stderr | second\n"
                          "procstream: job: exited with status 3 after 1.2 s\n");
  report.n_streams = 1;
  report.lines_before_tail = 98;
  report.exit_code = -1;
  report.term_signal = SIGSEGV;
  assert_prints (&report, "procstream: job: the last 2 of 100 lines:\n"
                          "  first\n"
                          "  second\n"
                          "procstream: job: killed by SIGSEGV after 1.2 s\n");
  report.options = &quiet;
  assert_prints (&report, "");
}

/* Both what the tool did and what became of the command. */
static void
test_causes (void)
{
  g_autoptr (GRegex) regex = g_regex_new ("ready [0-9]", 0, 0, NULL);
  g_autoptr (ProcstreamShutdown) shutdown = procstream_shutdown_new_terminate (500);
  ToolOptions options = OPTIONS (.wait_for = regex, .shutdown = shutdown);
  ToolReport  report = REPORT (&options, .exit_code = -1, .term_signal = 40, .output_errno = EIO, .passed_signal = SIGHUP);

  report.cause = TOOL_CAUSE_TIMEOUT;
  assert_prints (&report, "procstream: job: timed out after 1.5 s; killed by signal 40 after 1.2 s\n");
  report.cause = TOOL_CAUSE_WAIT_TIMEOUT;
  assert_prints (&report, "procstream: job: no line matched “ready [0-9]” within 2.5 s; killed by signal 40 after 1.2 s\n");
  report.cause = TOOL_CAUSE_UNMATCHED;
  assert_prints (&report, "procstream: job: the output ended and no line matched “ready [0-9]”; killed by signal 40 after 1.2 s\n");
  report.cause = TOOL_CAUSE_SIGNAL;
  assert_prints (&report, "procstream: job: SIGHUP passed on; killed by signal 40 after 1.2 s\n");
  report.cause = TOOL_CAUSE_OUTPUT_FAILED;
  assert_prints (&report, "procstream: job: cannot write the output: Input/output error; killed by signal 40 after 1.2 s\n");
  report.cause = TOOL_CAUSE_IDLE;
  assert_prints (&report, "procstream: job: wrote nothing for 3.5 s; killed by signal 40 after 1.2 s\n");
  report.killed = TRUE;
  report.cause = TOOL_CAUSE_NONE;
  assert_prints (&report, "procstream: job: killed by signal 40 after 1.2 s\n"
                          "procstream: job: SIGKILL was needed after 0.5 s of grace\n");
  /* Whoever has closed our output does not want to hear why. */
  report.cause = TOOL_CAUSE_BROKEN_PIPE;
  assert_prints (&report, "");
}

static void
test_lost_status (void)
{
  ToolOptions options = OPTIONS (.tail = 20);
  ToolReport  report = REPORT (&options, .exit_code = -1, .term_signal = 0);

  assert_prints (&report, "procstream: job: ended after 1.2 s, and its status is lost\n");
}

static void
test_not_started (void)
{
  ToolOptions quiet = OPTIONS (.quiet = TRUE);
  g_autoptr (GError) error = g_error_new_literal (G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "Could not start “job”");
  ToolReport report = REPORT (&quiet, .exit_code = -1, .cause = TOOL_CAUSE_NOT_STARTED, .spawn_error = error);

  assert_prints (&report, "procstream: Could not start “job”\n");
}

/* Nothing silences a loss: not success, not --quiet, not a closed output. */
static void
test_losses (void)
{
  ToolOptions quiet = OPTIONS (.quiet = TRUE, .log_path = (char *) "/the/log");
  ToolReport  report = REPORT (&quiet, .exit_code = 0, .n_streams = 2, .held_open = TRUE, .log_errno = ENOSPC,
                               .streams = { { "stdout", 100, 10, 0, TRUE }, { "stderr", 5000000000, 10, 4000000000, FALSE } });
  const char *expected = "procstream: job: 4000000000 of 5000000000 bytes of stderr were dropped\n"
                         "procstream: job: other processes hold its output open; what they still write is not read\n"
                         "procstream: /the/log: No space left on device; the log is not complete\n";

  assert_prints (&report, expected);
  report.cause = TOOL_CAUSE_BROKEN_PIPE;
  assert_prints (&report, expected);
  /* What is not read of stderr is none of its business. */
  report.n_streams = 1;
  report.held_open = FALSE;
  report.log_errno = 0;
  assert_prints (&report, "");
}

static void
test_match (void)
{
  ToolOptions options = OPTIONS (.tail = 1);
  ToolReport  report = REPORT (&options, .exit_code = -1, .match = &lines[0], .match_after_us = 100000);
  GPrintFunc  before = g_set_printerr_handler (printerr_cb);

  said = g_string_new (NULL);
  tool_report_print_match (&report);
  g_assert_cmpstr (said->str, ==, "procstream: job: seen after 0.1 s: first\n");
  options.quiet = TRUE;
  g_string_truncate (said, 0);
  tool_report_print_match (&report);
  g_assert_cmpstr (said->str, ==, "");
  g_set_printerr_handler (before);
  g_string_free (said, TRUE);
}

/* --- As JSON ------------------------------------------------------------------------------------------------------------------ */

static void
assert_json (const ToolReport *report,
             const char       *expected)
{
  g_autofree char *text = tool_report_to_json (report);

  g_assert_cmpstr (text, ==, expected);
}

/* What there is nothing of is null, so that every record has every member. */
static void
test_json_least (void)
{
  ToolOptions options = OPTIONS (.json = TRUE);
  g_autoptr (GError) spawn_error = g_error_new_literal (G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "not found");
  ToolReport report = REPORT (&options, .exit_code = -1, .cause = TOOL_CAUSE_NOT_STARTED, .spawn_error = spawn_error, .n_streams = 2);

  report.pid = 0;
  report.duration_us = 0;
  assert_json (&report,
               "{\"name\": \"job\", \"command\": [\"make\", \"all\"], \"pid\": null, \"success\": false, \"cause\": \"not-started\", "
               "\"status\": 127, \"exit_code\": null, \"signal\": null, \"signal_number\": null, \"message\": \"not found\", "
               "\"duration_seconds\": 0.000000, \"killed\": false, \"held_open\": false, "
               "\"stdout\": {\"bytes\": 0, \"lines\": 0, \"bytes_dropped\": 0, \"complete\": false}, "
               "\"stderr\": {\"bytes\": 0, \"lines\": 0, \"bytes_dropped\": 0, \"complete\": false}, \"wait_for\": null, \"tail\": [], "
               "\"lines_before_tail\": 0, \"log\": null}\n");
}

static void
test_json_most (void)
{
  g_autoptr (GRegex) regex = g_regex_new ("^f", 0, 0, NULL);
  g_autoptr (GPtrArray) tail = new_tail ();
  ToolOptions options = OPTIONS (.wait_for = regex, .log_path = (char *) "/the/log");
  ToolReport  report = REPORT (&options, .exit_code = -1, .term_signal = SIGKILL, .cause = TOOL_CAUSE_TIMEOUT, .killed = TRUE, .held_open = TRUE,
                               .log_bytes = 7, .log_errno = EIO, .n_streams = 2, .tail = tail, .lines_before_tail = 18446744073709551615u,
                               .match = &lines[0], .match_after_us = 1,
                               .streams = { { "stdout", 9007199254740993, 10, 0, TRUE }, { "stderr", 5, 1, 4, FALSE } });

  assert_json (&report,
               "{\"name\": \"job\", \"command\": [\"make\", \"all\"], \"pid\": 42, \"success\": false, \"cause\": \"timeout\", "
               "\"status\": 124, \"exit_code\": null, \"signal\": \"SIGKILL\", \"signal_number\": 9, "
               "\"message\": \"timed out after 1.5 s; killed by SIGKILL after 1.2 s\", "
               "\"duration_seconds\": 1.250000, \"killed\": true, \"held_open\": true, "
               "\"stdout\": {\"bytes\": 9007199254740993, \"lines\": 10, \"bytes_dropped\": 0, \"complete\": true}, "
               "\"stderr\": {\"bytes\": 5, \"lines\": 1, \"bytes_dropped\": 4, \"complete\": false}, "
               "\"wait_for\": {\"pattern\": \"^f\", \"seen\": true, \"line\": \"first\", \"stream\": \"stdout\", \"after_seconds\": 0.000001}, "
               "\"tail\": [{\"stream\": \"stdout\", \"line\": \"first\"}, {\"stream\": \"stderr\", \"line\": \"second\"}], "
               "\"lines_before_tail\": 18446744073709551615, "
               "\"log\": {\"path\": \"/the/log\", \"bytes\": 7, \"error\": \"Input/output error\"}}\n");
}

/* Any bytes in arguments and names make a record that is valid JSON in UTF-8. */
static void
test_json_strings (void)
{
  char             all[] = "\"quoted\" \\ \t\n\x01\x1f\x7f \303\244 \xff", *argv[] = { all, NULL };
  g_autofree char *json = NULL;
  ToolOptions      options = OPTIONS (.json = TRUE);
  ToolReport       report = REPORT (&options, .exit_code = 0);

  options.argv = argv;
  json = tool_report_to_json (&report);
  g_assert_true (g_utf8_validate (json, -1, NULL));
  g_assert_nonnull (strstr (json, "[\"\\\"quoted\\\" \\\\ \\u0009\\u000a\\u0001\\u001f\\u007f \303\244 \357\277\275\"]"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool-report/status", test_status);
  g_test_add_func ("/tool-report/status/not-started", test_status_not_started);
  g_test_add_func ("/tool-report/success", test_success);
  g_test_add_func ("/tool-report/failure", test_failure);
  g_test_add_func ("/tool-report/causes", test_causes);
  g_test_add_func ("/tool-report/lost-status", test_lost_status);
  g_test_add_func ("/tool-report/not-started", test_not_started);
  g_test_add_func ("/tool-report/losses", test_losses);
  g_test_add_func ("/tool-report/match", test_match);
  g_test_add_func ("/tool-report/json/least", test_json_least);
  g_test_add_func ("/tool-report/json/most", test_json_most);
  g_test_add_func ("/tool-report/json/strings", test_json_strings);
  return g_test_run ();
}
