/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-options-private.h"

#include "procstream-tool-limits-private.h"
#include "procstream-tool-phases-private.h"

#include <string.h>

#define DEFAULT_TAIL_LINES 20
#define DEFAULT_GRACE_SECONDS 5.0
#define DEFAULT_DRAIN_SECONDS 5.0
#define MAX_SECONDS (G_MAXINT / 1000) /* what a GLib timer can count */
#define NOT_GIVEN (-G_MAXDOUBLE)      /* nobody writes that */

/* As they are written on the command line, before they are checked. */
typedef struct
{
  ToolOptions *options;
  char        *pattern;
  char        *stdin_mode;
  char       **phases;
  double       wait_timeout;
  double       timeout;
  double       idle_timeout;
  double       grace;
  double       drain;
  gboolean     lossy;
  gboolean     reliable;
  gboolean     same_group;
  gboolean     tree;
} RawOptions;

static gboolean
parse_json_cb (const char *option_name,
               const char *value,
               gpointer    data,
               GError    **error)
{
  RawOptions *raw = data;

  raw->options->json = TRUE;
  g_clear_pointer (&raw->options->json_path, g_free);
  if (strcmp (value, "-") != 0)
    raw->options->json_path = g_strdup (value);
  return TRUE;
}

static gboolean
takes_next_word (const GOptionEntry *entries,
                 const char         *option)
{
  for (; entries->long_name; entries++)
    if (g_str_has_prefix (option, "--") && strcmp (option + 2, entries->long_name) == 0)
      return entries->arg != G_OPTION_ARG_NONE;
  return FALSE;
}

/* GLib would let an option whose value is optional take the next word as well, and that is the command. */
static void
complete_json (const GOptionEntry *entries,
               char              **argv)
{
  for (guint i = 1; argv[0] && argv[i] && argv[i][0] == '-' && strcmp (argv[i], "--") != 0; i++)
    if (strcmp (argv[i], "--json") == 0)
      {
        g_free (argv[i]);
        argv[i] = g_strdup ("--json=-");
      }
    else if (takes_next_word (entries, argv[i]) && argv[i + 1])
      {
        i++;
      }
}

static void
add_entries (GOptionContext *context,
             RawOptions     *raw,
             char          **argv)
{
  ToolOptions       *o = raw->options;
  const GOptionEntry entries[] = {
    { "log", 0, 0, G_OPTION_ARG_FILENAME, &o->log_path, "Write both outputs to FILE", "FILE" },
    { "append", 0, 0, G_OPTION_ARG_NONE, &o->append, "Append to the log file instead of replacing it", NULL },
    { "tail", 0, 0, G_OPTION_ARG_INT, &o->tail, "Repeat the last LINES lines when the command fails (20)", "LINES" },
    { "prefix", 0, 0, G_OPTION_ARG_NONE, &o->prefix, "Begin each line with the time and the name of its stream", NULL },
    { "hide", 0, 0, G_OPTION_ARG_NONE, &o->hide, "Do not show the output", NULL },
    { "wait-for", 0, 0, G_OPTION_ARG_STRING, &raw->pattern, "Report the first line that REGEX matches", "REGEX" },
    { "wait-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &raw->wait_timeout, "End the command if that line has not come by then; 0: no limit", "SECONDS" },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &raw->timeout, "End the command if it still runs by then; 0: no limit", "SECONDS" },
    { "idle-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &raw->idle_timeout, "End the command if it writes nothing for so long; 0: no limit", "SECONDS" },
    { "grace", 0, 0, G_OPTION_ARG_DOUBLE, &raw->grace, "Time between SIGTERM and SIGKILL (5)", "SECONDS" },
    { "phase", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->phases, "End the command with this signal first; several come in turn, SIGKILL last", "SIGNAL[:SECONDS]" },
    { "drain", 0, 0, G_OPTION_ARG_DOUBLE, &raw->drain, "How long to read on when the command has ended and others hold its output (5)", "SECONDS" },
    { "reliable", 0, 0, G_OPTION_ARG_NONE, &raw->reliable, "Lose nothing; the command waits for a slow reader (the default)", NULL },
    { "lossy", 0, 0, G_OPTION_ARG_NONE, &raw->lossy, "Never slow the command; what is lost is counted", NULL },
    { "json", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, parse_json_cb, "Write one JSON record of the result; without =FILE, to standard output", "FILE" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o->quiet, "Say nothing about the command", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &o->verbose, "Report success, too", NULL },
    { "merge-stderr", 0, 0, G_OPTION_ARG_NONE, &o->merge_stderr, "Make standard error a part of standard output", NULL },
    { "cwd", 0, 0, G_OPTION_ARG_FILENAME, &o->cwd, "Run the command in DIR", "DIR" },
    { "env", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->environment, "Set a variable for the command", "NAME=VALUE" },
    { "name", 0, 0, G_OPTION_ARG_STRING, &o->name, "What to call the command in messages", "NAME" },
    { "stdin", 0, 0, G_OPTION_ARG_STRING, &raw->stdin_mode, "Standard input: “inherit” (the default) or “null”", "MODE" },
    { "same-group", 0, 0, G_OPTION_ARG_NONE, &raw->same_group, "Leave the command in this process group", NULL },
    { "tree", 0, 0, G_OPTION_ARG_NONE, &raw->tree, "End what the command leaves behind as well, whatever ends it", NULL },
    { "pty", 0, 0, G_OPTION_ARG_NONE, &o->pty, "Give the command a terminal of its own to write to", NULL },
    { "limit", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->limits, "Limit what the command may use, as prlimit does", "NAME=VALUE" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &o->show_version, "Show the version", NULL },
    { 0 },
  };
  GOptionGroup *group = g_option_group_new ("procstream", NULL, NULL, raw, NULL);

  complete_json (entries, argv);
  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
}

static gboolean
bad_value (GError    **error,
           const char *format,
           ...) G_GNUC_PRINTF (2, 3);

static gboolean
bad_value (GError    **error,
           const char *format,
           ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
  va_end (args);
  return FALSE;
}

static gboolean
convert_seconds (const char *option,
                 double      seconds,
                 gint64     *ms,
                 GError    **error)
{
  *ms = -1;
  if (seconds == NOT_GIVEN)
    return TRUE;
  if (!(seconds >= 0 && seconds <= MAX_SECONDS))
    return bad_value (error, "%s needs a number of seconds from 0 to %d", option, MAX_SECONDS);
  *ms = (gint64) (seconds * 1000 + 0.5);
  /* Zero may mean something of its own, so it is never what a short time is rounded to. */
  if (seconds > 0)
    *ms = MAX (*ms, 1);
  return TRUE;
}

/* As with timeout(1), zero is no limit. */
static gboolean
convert_limit (const char *option,
               double      seconds,
               gint64     *ms,
               GError    **error)
{
  if (!convert_seconds (option, seconds, ms, error))
    return FALSE;
  if (*ms == 0)
    *ms = -1;
  return TRUE;
}

static gboolean
convert_drain (RawOptions *raw,
               GError    **error)
{
  raw->options->drain_given = raw->drain != NOT_GIVEN;
  return convert_seconds ("--drain", raw->options->drain_given ? raw->drain : DEFAULT_DRAIN_SECONDS, &raw->options->drain_ms, error);
}

static gboolean
choose_containment (RawOptions *raw,
                    GError    **error)
{
  ToolOptions *o = raw->options;

  if (raw->same_group && raw->tree)
    return bad_value (error, "--same-group and --tree exclude each other");
  if (raw->same_group && o->pty)
    return bad_value (error, "--same-group and --pty exclude each other");
  o->containment = raw->tree ? PROCSTREAM_CONTAINMENT_TREE : raw->same_group ? PROCSTREAM_CONTAINMENT_PROCESS
                                                                             : PROCSTREAM_CONTAINMENT_GROUP;
  /* A terminal has one output. */
  o->merge_stderr |= o->pty;
  return TRUE;
}

/* What is wrong with them is better known before anything is opened. */
static gboolean
check_limits (const ToolOptions *o,
              GError           **error)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (o->delivery, PROCSTREAM_REPLAY_NONE);

  return tool_limits_apply ((const char *const *) o->limits, launcher, error);
}

static gboolean
check_choices (RawOptions *raw,
               GError    **error)
{
  ToolOptions *o = raw->options;

  if (raw->lossy && raw->reliable)
    return bad_value (error, "--lossy and --reliable exclude each other");
  o->delivery = raw->lossy ? PROCSTREAM_DELIVERY_LOSSY : PROCSTREAM_DELIVERY_RELIABLE;
  if (!choose_containment (raw, error) || !check_limits (o, error))
    return FALSE;

  if (raw->stdin_mode == NULL || strcmp (raw->stdin_mode, "inherit") == 0)
    o->stdin_mode = PROCSTREAM_STDIN_MODE_INHERIT;
  else if (strcmp (raw->stdin_mode, "null") == 0)
    o->stdin_mode = PROCSTREAM_STDIN_MODE_NULL;
  else
    return bad_value (error, "--stdin is “inherit” or “null”, not “%s”", raw->stdin_mode);

  if (o->tail < 0)
    return bad_value (error, "--tail needs a number of lines from 0 on");
  if (o->append && o->log_path == NULL)
    return bad_value (error, "--append needs --log");
  if (raw->wait_timeout != NOT_GIVEN && raw->pattern == NULL)
    return bad_value (error, "--wait-timeout needs --wait-for");
  for (guint i = 0; o->environment && o->environment[i]; i++)
    if (strchr (o->environment[i], '=') == NULL || o->environment[i][0] == '=')
      return bad_value (error, "--env needs NAME=VALUE, not “%s”", o->environment[i]);
  return TRUE;
}

static gboolean
compile_pattern (RawOptions *raw,
                 GError    **error)
{
  if (raw->pattern == NULL)
    return TRUE;
  raw->options->wait_for = g_regex_new (raw->pattern, G_REGEX_OPTIMIZE, 0, error);
  g_prefix_error (error, "--wait-for: ");
  return raw->options->wait_for != NULL;
}

static gboolean
choose_phases (RawOptions *raw,
               GError    **error)
{
  raw->options->shutdown = tool_phases_parse ((const char *const *) raw->phases, raw->options->grace_ms, error);
  return raw->options->shutdown != NULL;
}

static gboolean
take_command (ToolOptions *self,
              char       **argv,
              GError     **error)
{
  if (argv[0] && argv[1] && strcmp (argv[1], "--") == 0)
    argv++;
  if (argv[0] == NULL || argv[1] == NULL)
    return bad_value (error, "no command is given");
  self->argv = g_strdupv (argv + 1);
  return TRUE;
}

static gboolean
parse (RawOptions *raw,
       char     ***argv,
       GError    **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("[--] COMMAND [ARGUMENT…]");
  ToolOptions *o = raw->options;

  g_option_context_set_summary (context, "Run a command; show, log and watch its output while it runs.");
  g_option_context_set_description (context, "The exit status is that of the command; 128+N if signal N ended it; 124 after a timeout;\n"
                                             "125 if procstream failed; 126 if the command cannot be run; 127 if it is not found.\n");
  g_option_context_set_strict_posix (context, TRUE);
  add_entries (context, raw, *argv);
  if (!g_option_context_parse_strv (context, argv, error))
    return FALSE;
  if (o->show_version)
    return TRUE;
  return check_choices (raw, error) &&
         convert_limit ("--wait-timeout", raw->wait_timeout, &o->wait_timeout_ms, error) &&
         convert_limit ("--timeout", raw->timeout, &o->timeout_ms, error) &&
         convert_limit ("--idle-timeout", raw->idle_timeout, &o->idle_timeout_ms, error) &&
         convert_seconds ("--grace", raw->grace, &o->grace_ms, error) &&
         choose_phases (raw, error) &&
         convert_drain (raw, error) &&
         compile_pattern (raw, error) &&
         take_command (o, *argv, error);
}

void
tool_options_clear (ToolOptions *self)
{
  g_clear_pointer (&self->argv, g_strfreev);
  g_clear_pointer (&self->environment, g_strfreev);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->cwd, g_free);
  g_clear_pointer (&self->log_path, g_free);
  g_clear_pointer (&self->json_path, g_free);
  g_clear_pointer (&self->limits, g_strfreev);
  g_clear_pointer (&self->wait_for, g_regex_unref);
  g_clear_object (&self->shutdown);
}

gboolean
tool_options_parse (ToolOptions *self,
                    char      ***argv,
                    GError     **error)
{
  RawOptions raw = {
    .options = self,
    .wait_timeout = NOT_GIVEN,
    .timeout = NOT_GIVEN,
    .idle_timeout = NOT_GIVEN,
    .grace = DEFAULT_GRACE_SECONDS,
    .drain = NOT_GIVEN,
  };
  gboolean ok;

  *self = (ToolOptions){ .tail = DEFAULT_TAIL_LINES };
  ok = parse (&raw, argv, error);
  g_free (raw.pattern);
  g_free (raw.stdin_mode);
  g_strfreev (raw.phases);
  if (!ok)
    tool_options_clear (self);
  return ok;
}
