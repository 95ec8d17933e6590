/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-options-private.h"

#include "procstream-tool-limits-private.h"

#include <string.h>

/* The words of a command line, without the name of the tool. */
static gboolean
parse (ToolOptions *options,
       const char  *words,
       GError     **error)
{
  g_autofree char *line = g_strdup_printf ("procstream %s", words);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);

  return tool_options_parse (options, &argv, error);
}

static void
parse_well (ToolOptions *options,
            const char  *words)
{
  g_autoptr (GError) error = NULL;

  parse (options, words, &error);
  g_assert_no_error (error);
  g_assert_true (options->argv != NULL || options->show_version);
}

/* Refused, with what is at fault in the message. */
static void
assert_refused (const char *words,
                const char *what)
{
  g_auto (ToolOptions) options = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (parse (&options, words, &error));
  g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
  if (strstr (error->message, what) == NULL)
    g_error ("“%s” is not in “%s”", what, error->message);
}

static void
assert_command (const char *words,
                const char *expected)
{
  g_auto (ToolOptions) options = { 0 };
  g_autofree char *command = NULL;

  parse_well (&options, words);
  command = g_strjoinv (" ", options.argv);
  g_assert_cmpstr (command, ==, expected);
}

static void
assert_phases (const ToolOptions *options,
               const char        *expected)
{
  GListModel *phases = procstream_shutdown_get_phases (options->shutdown);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (phases); i++)
    {
      g_autoptr (ProcstreamShutdownPhase) phase = g_list_model_get_item (phases, i);
      g_autofree char *name = procstream_shutdown_phase_to_string (phase);

      g_assert_cmpint (procstream_shutdown_phase_get_target (phase), ==, PROCSTREAM_SIGNAL_TARGET_GROUP);
      g_string_append_printf (text, "%s %" G_GINT64_FORMAT ", ", name, procstream_shutdown_phase_get_grace_ms (phase));
    }
  g_string_append_printf (text, "kill %" G_GINT64_FORMAT, procstream_shutdown_get_kill_timeout_ms (options->shutdown));
  g_assert_cmpstr (text->str, ==, expected);
  g_assert_true (procstream_shutdown_check (options->shutdown, NULL));
}

static void
test_defaults (void)
{
  g_auto (ToolOptions) options = { 0 };

  parse_well (&options, "make");
  g_assert_cmpint (options.delivery, ==, PROCSTREAM_DELIVERY_RELIABLE);
  g_assert_cmpint (options.stdin_mode, ==, PROCSTREAM_STDIN_MODE_INHERIT);
  g_assert_cmpint (options.containment, ==, PROCSTREAM_CONTAINMENT_GROUP);
  g_assert_cmpint (options.wait_timeout_ms, ==, -1);
  g_assert_cmpint (options.timeout_ms, ==, -1);
  g_assert_cmpint (options.idle_timeout_ms, ==, -1);
  g_assert_cmpint (options.grace_ms, ==, 5000);
  assert_phases (&options, "SIGTERM 5000, kill 3000");
  g_assert_cmpint (options.drain_ms, ==, 5000);
  g_assert_cmpint (options.tail, ==, 20);
  g_assert_false (options.append || options.prefix || options.json || options.quiet || options.verbose || options.hide ||
                  options.merge_stderr || options.pty || options.show_version);
  g_assert_true (options.name == NULL && options.cwd == NULL && options.environment == NULL && options.limits == NULL && options.log_path == NULL &&
                 options.json_path == NULL && options.wait_for == NULL);
}

/* Each to its own place. */
static void
test_everything (void)
{
  g_auto (ToolOptions) options = { 0 };
  g_autofree char *environment = NULL;

  parse_well (&options, "--log l --append --tail 7 --prefix --hide --wait-for re+ --wait-timeout 1 --timeout 2 --idle-timeout 5 --grace 3 --drain 4 "
                        "--lossy --json=j -q -v --merge-stderr --cwd /c --env A=1 --env B= --name n --stdin null --same-group x");
  environment = g_strjoinv (" ", options.environment);
  g_assert_cmpstr (options.log_path, ==, "l");
  g_assert_cmpstr (options.json_path, ==, "j");
  g_assert_cmpstr (options.cwd, ==, "/c");
  g_assert_cmpstr (options.name, ==, "n");
  g_assert_cmpstr (environment, ==, "A=1 B=");
  g_assert_cmpstr (g_regex_get_pattern (options.wait_for), ==, "re+");
  g_assert_cmpint (options.tail, ==, 7);
  g_assert_cmpint (options.wait_timeout_ms, ==, 1000);
  g_assert_cmpint (options.timeout_ms, ==, 2000);
  g_assert_cmpint (options.idle_timeout_ms, ==, 5000);
  g_assert_cmpint (options.grace_ms, ==, 3000);
  g_assert_cmpint (options.drain_ms, ==, 4000);
  g_assert_cmpint (options.delivery, ==, PROCSTREAM_DELIVERY_LOSSY);
  g_assert_cmpint (options.stdin_mode, ==, PROCSTREAM_STDIN_MODE_NULL);
  g_assert_cmpint (options.containment, ==, PROCSTREAM_CONTAINMENT_PROCESS);
  g_assert_true (options.append && options.prefix && options.json && options.quiet && options.verbose && options.hide &&
                 options.merge_stderr);
}

/* What stands after the command is the command's, whatever it looks like. */
static void
test_command (void)
{
  g_auto (ToolOptions) options = { 0 };

  assert_command ("make", "make");
  assert_command ("make -q --json", "make -q --json");
  assert_command ("-q make -j2", "make -j2");
  assert_command ("-- make", "make");
  assert_command ("-q -- -odd", "-odd");
  assert_command ("-- make --", "make --");
  assert_command ("make -- --timeout x", "make -- --timeout x");
  parse_well (&options, "make -q --json");
  g_assert_false (options.quiet || options.json);

  assert_refused ("-q", "no command");
  assert_refused ("-q --", "no command");
}

typedef struct
{
  const char *text;
  gint64      ms; /* -1: refused */
} Seconds;

static const Seconds seconds[] = {
  { "0", 0 },
  { "0.2", 200 },
  { "1.2345", 1235 },        /* to the nearest */
  { "0.0004", 1 },           /* but never to zero, which may be no limit */
  { "2147483", 2147483000 }, /* the longest that a timer counts */
  { "2147484", -1 },
  { "1e300", -1 },
  { "inf", -1 },
  { "nan", -1 },
  { "-1", -1 }, /* not what stands for none */
  { "-0.5", -1 },
};

static gint64
get_ms (const ToolOptions *options,
        int                i)
{
  const gint64 ms[] = { options->timeout_ms, options->grace_ms, options->drain_ms, options->wait_timeout_ms, options->idle_timeout_ms };

  return ms[i];
}

static void
test_seconds (void)
{
  const char *const names[] = { "--timeout", "--grace", "--drain", "--wait-timeout", "--idle-timeout" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (seconds); j++)
      {
        g_autofree char *words = g_strdup_printf ("--wait-for x %s=%s make", names[i], seconds[j].text);
        g_auto (ToolOptions) options = { 0 };

        if (seconds[j].ms < 0)
          {
            assert_refused (words, names[i]);
            continue;
          }
        parse_well (&options, words);
        if (seconds[j].ms == 0 && g_str_has_suffix (names[i], "timeout"))
          g_assert_cmpint (get_ms (&options, i), ==, -1);
        else
          g_assert_cmpint (get_ms (&options, i), ==, seconds[j].ms);
      }
}

typedef struct
{
  const char *words;
  const char *phases;
} Phases;

static void
test_phases (void)
{
  static const Phases cases[] = {
    { "--grace 2", "SIGTERM 2000, kill 3000" },
    { "--phase INT:1", "SIGINT 1000, kill 3000" },
    { "--phase SIGINT:0.5s --phase 15 --phase KILL:7", "SIGINT 500, SIGTERM 5000, kill 7000" },
    { "--phase HUP --grace 0", "SIGHUP 0, kill 3000" }, /* wherever the grace stands */
    { "--phase KILL", "kill 3000" },
    { "--phase 9:0.1", "kill 100" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *words = g_strdup_printf ("%s make", cases[i].words);
      g_auto (ToolOptions) options = { 0 };

      parse_well (&options, words);
      assert_phases (&options, cases[i].phases);
    }
  assert_refused ("--phase TERMINATE x", "“TERMINATE”: there is no such signal");
  assert_refused ("--phase 0 x", "no such signal");
  assert_refused ("--phase 65 x", "no such signal");
  assert_refused ("--phase TERM:soon x", "seconds");
  assert_refused ("--phase TERM: x", "seconds");
  assert_refused ("--phase TERM:-1 x", "seconds");
  assert_refused ("--phase TERM:1h x", "seconds");
  assert_refused ("--phase KILL --phase TERM x", "nothing can follow");
  assert_refused ("--phase KILL:0 x", "more than no time");
}

static void
assert_limit (const char     *word,
              ProcstreamLimit limit,
              gint64          soft,
              gint64          hard)
{
  const char *const words[] = { word, NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  gint64 got_soft, got_hard;

  g_assert_true (tool_limits_apply (words, launcher, NULL));
  g_assert_true (procstream_launcher_get_limit (launcher, limit, &got_soft, &got_hard));
  g_assert_cmpint (got_soft, ==, soft);
  g_assert_cmpint (got_hard, ==, hard);
}

static void
test_limits (void)
{
  assert_limit ("nofile=20", PROCSTREAM_LIMIT_OPEN_FILES, 20, 20);
  assert_limit ("nofile=20:30", PROCSTREAM_LIMIT_OPEN_FILES, 20, 30);
  assert_limit ("as=2G", PROCSTREAM_LIMIT_ADDRESS_SPACE, G_GINT64_CONSTANT (2) << 30, G_GINT64_CONSTANT (2) << 30);
  assert_limit ("fsize=1K:1M", PROCSTREAM_LIMIT_FILE_SIZE, 1024, 1 << 20);
  assert_limit ("core=0:unlimited", PROCSTREAM_LIMIT_CORE_SIZE, 0, PROCSTREAM_NO_LIMIT);
  assert_limit ("stack=unlimited", PROCSTREAM_LIMIT_STACK_SIZE, PROCSTREAM_NO_LIMIT, PROCSTREAM_NO_LIMIT);

  assert_refused ("--limit nofile x", "NAME=VALUE");
  assert_refused ("--limit files=1 x", "“files=1”: there is no such limit");
  assert_refused ("--limit nofile= x", "a limit is a number");
  assert_refused ("--limit nofile=-1 x", "a limit is a number");
  assert_refused ("--limit nofile=1: x", "a limit is a number");
  assert_refused ("--limit nofile=1T x", "a limit is a number");
  assert_refused ("--limit nofile=1KB x", "a limit is a number");
  assert_refused ("--limit as=99999999999G x", "a limit is a number");
  assert_refused ("--limit nofile=2:1 x", "above the hard one");
  assert_refused ("--limit nofile=1 --limit nofile=unlimited:1 x", "above the hard one");
}

static void
test_containment (void)
{
  g_auto (ToolOptions) tree = { 0 };
  g_auto (ToolOptions) pty = { 0 };

  parse_well (&tree, "--tree x");
  g_assert_cmpint (tree.containment, ==, PROCSTREAM_CONTAINMENT_TREE);
  parse_well (&pty, "--pty x");
  g_assert_cmpint (pty.containment, ==, PROCSTREAM_CONTAINMENT_GROUP);
  g_assert_true (pty.pty && pty.merge_stderr);
  assert_refused ("--tree --same-group x", "--same-group and --tree");
  assert_refused ("--pty --same-group x", "--same-group and --pty");
}

/* What makes no sense together, or alone, is refused before anything is started. */
static void
test_refused (void)
{
  g_auto (ToolOptions) options = { 0 };
  g_autoptr (GError) error = NULL;

  assert_refused ("--lossy --reliable x", "--lossy and --reliable");
  assert_refused ("--stdin pipe x", "pipe");
  assert_refused ("--tail=-1 x", "--tail");
  assert_refused ("--append x", "--append needs --log");
  assert_refused ("--wait-timeout 1 x", "--wait-timeout needs --wait-for");
  assert_refused ("--env A=1 --env B x", "“B”");
  assert_refused ("--env =1 x", "“=1”");
  assert_refused ("--timeout soon x", "--timeout");

  g_assert_false (parse (&options, "--wait-for ( x", &error));
  g_assert_cmpuint (error->domain, ==, G_REGEX_ERROR);
  g_assert_true (g_str_has_prefix (error->message, "--wait-for: "));
  g_clear_error (&error);
  g_assert_false (parse (&options, "--no-such-option x", &error));
  g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION);
}

static void
assert_not_json (const char *words)
{
  g_auto (ToolOptions) options = { 0 };

  parse_well (&options, words);
  g_assert_false (options.json);
  g_assert_cmpstr (options.argv[0], ==, "x");
}

/* The last of them counts; without a file, or with “-”, it is standard output. The next word is never the file: it may be the command,
 * which would be overwritten. */
static void
test_json (void)
{
  const char *const lines[][2] = {
    { "--json x", NULL },
    { "--json=- x", NULL },
    { "--json=file x", "file" },
    { "--json=file --json=other x", "other" },
    { "--json=file --json x", NULL },
    { "--json=file --json=- x", NULL },
    { "--json -q --timeout 5 --json x", NULL },
    { "--json=\377 x", "\377" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_auto (ToolOptions) options = { 0 };

      parse_well (&options, lines[i][0]);
      g_assert_true (options.json);
      g_assert_cmpstr (options.json_path, ==, lines[i][1]);
      g_assert_cmpstr (options.argv[0], ==, "x");
    }
  /* Here it is the value of another option, or an argument of the command. */
  assert_not_json ("--name --json x");
  assert_not_json ("x --json");
  assert_not_json ("-- x --json");
}

/* It needs no command, and nothing that is wrong next to it matters. */
static void
test_version (void)
{
  const char *const lines[] = { "--version", "--version make", "--lossy --reliable --version" };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_auto (ToolOptions) options = { 0 };

      parse_well (&options, lines[i]);
      g_assert_true (options.show_version);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool-options/defaults", test_defaults);
  g_test_add_func ("/tool-options/everything", test_everything);
  g_test_add_func ("/tool-options/command", test_command);
  g_test_add_func ("/tool-options/seconds", test_seconds);
  g_test_add_func ("/tool-options/phases", test_phases);
  g_test_add_func ("/tool-options/limits", test_limits);
  g_test_add_func ("/tool-options/containment", test_containment);
  g_test_add_func ("/tool-options/refused", test_refused);
  g_test_add_func ("/tool-options/json", test_json);
  g_test_add_func ("/tool-options/version", test_version);
  return g_test_run ();
}
