/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-report-private.h"

#include "procstream-tool-phases-private.h"

#include <signal.h>
#include <string.h>

#define US_PER_S 1e6

static char *
signal_name (int signum)
{
  const char *name = sigabbrev_np (signum);

  return name ? g_strdup_printf ("SIG%s", name) : g_strdup_printf ("signal %d", signum);
}

/* Whether the command failed in a way that is its own. */
static gboolean
command_failed (const ToolReport *self)
{
  return self->exit_code > 0 || self->term_signal > 0;
}

static int
command_status (const ToolReport *self)
{
  if (self->term_signal)
    return TOOL_EXIT_SIGNAL + self->term_signal;
  return self->exit_code >= 0 ? self->exit_code : TOOL_EXIT_FAILED;
}

static int
spawn_status (const GError *error)
{
  static const int not_runnable[] = { G_SPAWN_ERROR_ACCES, G_SPAWN_ERROR_PERM, G_SPAWN_ERROR_NOEXEC, G_SPAWN_ERROR_ISDIR, G_SPAWN_ERROR_TXTBUSY,
                                      G_SPAWN_ERROR_LIBBAD, G_SPAWN_ERROR_LOOP, G_SPAWN_ERROR_NAMETOOLONG, G_SPAWN_ERROR_NOTDIR,
                                      G_SPAWN_ERROR_TOO_BIG };

  if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    return TOOL_EXIT_NOT_FOUND;
  for (guint i = 0; i < G_N_ELEMENTS (not_runnable); i++)
    if (g_error_matches (error, G_SPAWN_ERROR, not_runnable[i]))
      return TOOL_EXIT_CANNOT_RUN;
  return TOOL_EXIT_FAILED;
}

int
tool_report_get_status (const ToolReport *self)
{
  switch (self->cause)
    {
    case TOOL_CAUSE_NOT_STARTED:
      return spawn_status (self->spawn_error);
    case TOOL_CAUSE_TIMEOUT:
    case TOOL_CAUSE_IDLE:
    case TOOL_CAUSE_WAIT_TIMEOUT:
      return TOOL_EXIT_TIMEOUT;
    case TOOL_CAUSE_UNMATCHED:
      return self->exit_code > 0 ? self->exit_code : TOOL_EXIT_FAILED;
    case TOOL_CAUSE_BROKEN_PIPE:
      return TOOL_EXIT_SIGNAL + SIGPIPE;
    case TOOL_CAUSE_OUTPUT_FAILED:
      return TOOL_EXIT_FAILED;
    case TOOL_CAUSE_NONE:
    case TOOL_CAUSE_SIGNAL:
    default:
      if (self->log_errno && !command_failed (self))
        return TOOL_EXIT_FAILED;
      return command_status (self);
    }
}

/* --- Words ---------------------------------------------------------------------------------------------------------------------- */

static char *
describe_end (const ToolReport *self)
{
  g_autofree char *signame = NULL;

  if (self->term_signal == 0 && self->exit_code < 0)
    return g_strdup_printf ("ended after %.1f s, and its status is lost", self->duration_us / US_PER_S);
  if (self->term_signal == 0)
    return g_strdup_printf ("exited with status %d after %.1f s", self->exit_code, self->duration_us / US_PER_S);
  signame = signal_name (self->term_signal);
  return g_strdup_printf ("killed by %s after %.1f s", signame, self->duration_us / US_PER_S);
}

static char *
describe_cause (const ToolReport *self)
{
  const ToolOptions *options = self->options;
  g_autofree char   *signame = NULL;

  switch (self->cause)
    {
    case TOOL_CAUSE_TIMEOUT:
      return g_strdup_printf ("timed out after %.1f s", options->timeout_ms / 1000.0);
    case TOOL_CAUSE_IDLE:
      return g_strdup_printf ("wrote nothing for %.1f s", options->idle_timeout_ms / 1000.0);
    case TOOL_CAUSE_WAIT_TIMEOUT:
      return g_strdup_printf ("no line matched “%s” within %.1f s", g_regex_get_pattern (options->wait_for), options->wait_timeout_ms / 1000.0);
    case TOOL_CAUSE_UNMATCHED:
      return g_strdup_printf (self->held_open ? "no line matched “%s”, and other processes hold the output open" : "the output ended and no line matched “%s”",
                              g_regex_get_pattern (options->wait_for));
    case TOOL_CAUSE_SIGNAL:
      signame = signal_name (self->passed_signal);
      return g_strdup_printf ("%s passed on", signame);
    case TOOL_CAUSE_OUTPUT_FAILED:
      return g_strdup_printf ("cannot write the output: %s", g_strerror (self->output_errno));
    case TOOL_CAUSE_NONE:
    case TOOL_CAUSE_NOT_STARTED:
    case TOOL_CAUSE_BROKEN_PIPE:
    default:
      return NULL;
    }
}

static char *
describe (const ToolReport *self)
{
  g_autofree char *cause = NULL;
  g_autofree char *end = NULL;

  if (self->spawn_error)
    return g_strdup (self->spawn_error->message);
  cause = describe_cause (self);
  end = describe_end (self);
  return cause ? g_strdup_printf ("%s; %s", cause, end) : g_steal_pointer (&end);
}

static gboolean
went_well (const ToolReport *self)
{
  return tool_report_get_status (self) == 0;
}

static void
print_tail (const ToolReport *self)
{
  gboolean two = self->n_streams > 1;

  if (self->tail == NULL || self->tail->len == 0)
    return;
  if (self->lines_before_tail)
    g_printerr ("procstream: %s: the last %u of %" G_GUINT64_FORMAT " lines:\n", self->name, self->tail->len, self->tail->len + self->lines_before_tail);
  else
    g_printerr ("procstream: %s: its output:\n", self->name);
  for (guint i = 0; i < self->tail->len; i++)
    {
      const ToolLine *line = g_ptr_array_index (self->tail, i);

      g_printerr ("  %s%s%s\n", two ? line->stream : "", two ? " | " : "", line->line);
    }
}

/* Loss is never silent, whatever the command did. */
static void
print_losses (const ToolReport *self)
{
  for (guint i = 0; i < self->n_streams; i++)
    if (self->streams[i].bytes_dropped)
      g_printerr ("procstream: %s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes of %s were dropped\n",
                  self->name, self->streams[i].bytes_dropped, self->streams[i].bytes, self->streams[i].stream);
  if (self->held_open)
    g_printerr ("procstream: %s: other processes hold its output open; what they still write is not read\n", self->name);
  if (self->log_errno)
    g_printerr ("procstream: %s: %s; the log is not complete\n", self->options->log_path, g_strerror (self->log_errno));
}

void
tool_report_print (const ToolReport *self)
{
  g_autofree char *text = NULL;

  if (self->cause == TOOL_CAUSE_NOT_STARTED)
    {
      g_printerr ("procstream: %s\n", self->spawn_error->message);
      return;
    }
  print_losses (self);
  /* Nobody is interested who has closed our output: head, or a pager that was left. */
  if (self->options->quiet || self->cause == TOOL_CAUSE_BROKEN_PIPE)
    return;
  if (went_well (self) && !self->options->verbose)
    return;
  if (!went_well (self))
    print_tail (self);
  text = describe (self);
  g_printerr ("procstream: %s: %s\n", self->name, text);
  if (self->killed)
    g_printerr ("procstream: %s: SIGKILL was needed after %.1f s of grace\n", self->name,
                tool_phases_get_grace_ms (self->options->shutdown) / 1000.0);
}

void
tool_report_print_match (const ToolReport *self)
{
  if (!self->options->quiet)
    g_printerr ("procstream: %s: seen after %.1f s: %s\n", self->name, self->match_after_us / US_PER_S, self->match->line);
}

/* --- JSON ----------------------------------------------------------------------------------------------------------------------- */

static void
append_string (GString    *json,
               const char *text)
{
  g_autofree char *valid = NULL;

  if (text == NULL)
    {
      g_string_append (json, "null");
      return;
    }
  valid = g_utf8_make_valid (text, -1);
  g_string_append_c (json, '"');
  for (const char *p = valid; *p; p++)
    {
      if (*p == '"' || *p == '\\')
        g_string_append_c (json, '\\');
      if ((guchar) *p < 0x20 || *p == 0x7f)
        g_string_append_printf (json, "\\u%04x", *p);
      else
        g_string_append_c (json, *p);
    }
  g_string_append_c (json, '"');
}

/* Begins a member of an object. */
static void
append_key (GString    *json,
            const char *key)
{
  if (json->str[json->len - 1] != '{')
    g_string_append (json, ", ");
  append_string (json, key);
  g_string_append (json, ": ");
}

static void
add_string (GString    *json,
            const char *key,
            const char *value)
{
  append_key (json, key);
  append_string (json, value);
}

static void
add_uint64 (GString    *json,
            const char *key,
            guint64     value)
{
  append_key (json, key);
  g_string_append_printf (json, "%" G_GUINT64_FORMAT, value);
}

static void
add_int (GString    *json,
         const char *key,
         int         value,
         gboolean    present)
{
  append_key (json, key);
  if (present)
    g_string_append_printf (json, "%d", value);
  else
    g_string_append (json, "null");
}

static void
add_boolean (GString    *json,
             const char *key,
             gboolean    value)
{
  append_key (json, key);
  g_string_append (json, value ? "true" : "false");
}

static void
add_seconds (GString    *json,
             const char *key,
             gint64      us,
             gboolean    present)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  append_key (json, key);
  g_string_append (json, present ? g_ascii_formatd (text, sizeof text, "%.6f", us / US_PER_S) : "null");
}

static const char *
cause_name (const ToolReport *self)
{
  switch (self->cause)
    {
    case TOOL_CAUSE_NOT_STARTED:
      return "not-started";
    case TOOL_CAUSE_TIMEOUT:
      return "timeout";
    case TOOL_CAUSE_IDLE:
      return "idle-timeout";
    case TOOL_CAUSE_WAIT_TIMEOUT:
      return "wait-timeout";
    case TOOL_CAUSE_UNMATCHED:
      return "unmatched";
    case TOOL_CAUSE_SIGNAL:
      return "signal-passed-on";
    case TOOL_CAUSE_BROKEN_PIPE:
      return "broken-pipe";
    case TOOL_CAUSE_OUTPUT_FAILED:
      return "output-failed";
    case TOOL_CAUSE_NONE:
    default:
      return self->term_signal ? "signal" : "exit";
    }
}

static void
add_command (GString          *json,
             const ToolReport *self)
{
  append_key (json, "command");
  g_string_append_c (json, '[');
  for (guint i = 0; self->options->argv[i]; i++)
    {
      if (i > 0)
        g_string_append (json, ", ");
      append_string (json, self->options->argv[i]);
    }
  g_string_append_c (json, ']');
}

/* A stream that is part of the other one is null. */
static void
add_stream (GString                *json,
            const char             *name,
            const ToolStreamReport *stream)
{
  append_key (json, name);
  if (stream == NULL)
    {
      g_string_append (json, "null");
      return;
    }
  g_string_append_c (json, '{');
  add_uint64 (json, "bytes", stream->bytes);
  add_uint64 (json, "lines", stream->lines);
  add_uint64 (json, "bytes_dropped", stream->bytes_dropped);
  add_boolean (json, "complete", stream->complete);
  g_string_append_c (json, '}');
}

static void
add_wait (GString          *json,
          const ToolReport *self)
{
  append_key (json, "wait_for");
  if (self->options->wait_for == NULL)
    {
      g_string_append (json, "null");
      return;
    }
  g_string_append_c (json, '{');
  add_string (json, "pattern", g_regex_get_pattern (self->options->wait_for));
  add_boolean (json, "seen", self->match != NULL);
  add_string (json, "line", self->match ? self->match->line : NULL);
  add_string (json, "stream", self->match ? self->match->stream : NULL);
  add_seconds (json, "after_seconds", self->match_after_us, self->match != NULL);
  g_string_append_c (json, '}');
}

static void
add_tail (GString          *json,
          const ToolReport *self)
{
  append_key (json, "tail");
  g_string_append_c (json, '[');
  for (guint i = 0; self->tail && i < self->tail->len; i++)
    {
      const ToolLine *line = g_ptr_array_index (self->tail, i);

      g_string_append (json, i > 0 ? ", {" : "{");
      add_string (json, "stream", line->stream);
      add_string (json, "line", line->line);
      g_string_append_c (json, '}');
    }
  g_string_append_c (json, ']');
  add_uint64 (json, "lines_before_tail", self->lines_before_tail);
}

static void
add_log (GString          *json,
         const ToolReport *self)
{
  append_key (json, "log");
  if (self->options->log_path == NULL)
    {
      g_string_append (json, "null");
      return;
    }
  g_string_append_c (json, '{');
  add_string (json, "path", self->options->log_path);
  add_uint64 (json, "bytes", self->log_bytes);
  add_string (json, "error", self->log_errno ? g_strerror (self->log_errno) : NULL);
  g_string_append_c (json, '}');
}

char *
tool_report_to_json (const ToolReport *self)
{
  g_autoptr (GString) json = g_string_new ("{");
  g_autofree char *text = describe (self);
  g_autofree char *signame = self->term_signal ? signal_name (self->term_signal) : NULL;

  add_string (json, "name", self->name);
  add_command (json, self);
  add_int (json, "pid", self->pid, self->pid > 0);
  add_boolean (json, "success", went_well (self));
  add_string (json, "cause", cause_name (self));
  add_int (json, "status", tool_report_get_status (self), TRUE);
  add_int (json, "exit_code", self->exit_code, self->exit_code >= 0);
  add_string (json, "signal", signame);
  add_int (json, "signal_number", self->term_signal, self->term_signal > 0);
  add_string (json, "message", text);
  add_seconds (json, "duration_seconds", self->duration_us, TRUE);
  add_boolean (json, "killed", self->killed);
  add_boolean (json, "held_open", self->held_open);
  add_stream (json, "stdout", &self->streams[0]);
  add_stream (json, "stderr", self->n_streams > 1 ? &self->streams[1] : NULL);
  add_wait (json, self);
  add_tail (json, self);
  add_log (json, self);
  g_string_append (json, "}\n");
  return g_string_free (g_steal_pointer (&json), FALSE);
}
