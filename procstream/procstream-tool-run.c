/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-run-private.h"

#include "procstream-tool-limits-private.h"
#include "procstream-tool-record-private.h"
#include "procstream-tool-report-private.h"
#include "procstream-tool-signals-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was read before the end is still on its way to those who write it. */
#define MIN_DRAIN_MS 50
/* Whoever has pressed Ctrl-C waits for it to work. */
#define INTERRUPTED_DRAIN_MS 500

/*
 * The main thread knows the command, the clock and the signals, and never waits for anything else: what may block (the terminal, the
 * pipe or disk that is written to, the user's regular expression) has a thread of its own with a consumer of its own, and
 * is held back, or loses, alone.
 *
 * The run is over when the command is over (exited) and every consumer has got everything (pending is 0). Two things cut
 * that short, drain_ms later: outputs that others hold open, and, when the command was ended by us, a reader of
 * our own output that does not read. A command that was told to end is over when its whole group is, too: the library ends it, and
 * waits for that, whoever asked for it.
 *
 * cause is set once, by whatever asked the command to end first; the limits of time that the library keeps are heard of in the end.
 * terminating says that the command is, or was, shut down, and stays.
 */
typedef struct
{
  const ToolOptions *options;
  GMainLoop         *loop;
  ProcstreamChild   *child;
  ToolSignals       *signals;
  GPtrArray         *threads; /* of ToolThread */
  GPtrArray         *sinks;   /* of ProcstreamConsumer */
  ToolWriter        *views[2];
  ToolWriter        *log;
  int                log_fd;
  int                record_fd;
  int                unfinished[2]; /* atomic, of what a view writes to; views of one file share the first */
  gboolean           one_file;
  ToolWatch         *watch;
  guint              n_streams;

  ToolCause cause;
  gboolean  unmatched_first; /* that the outputs ended came before any end of the command */
  GError   *spawn_error;
  int       passed_signal;
  guint64   asked; /* the signals that the tool was sent, a bit each */
  gint64    start_us;
  guint     pending;
  guint     wait_source;
  guint     drain_source;
  gboolean  exited;
  gboolean  terminating;
  gboolean  killed;
  gboolean  drained;
  gboolean  hurried; /* whoever waits for the drain wants no more of it */
  int       death;   /* the signal that the tool dies of in the end, 0: none */
  gboolean  death_of_group;
} ToolRun;

static const char *
stream_name (guint i)
{
  return i == 0 ? "stdout" : "stderr";
}

static ProcstreamOutput *
get_output (ToolRun *self,
            guint    i)
{
  return i == 0 ? procstream_child_get_stdout (self->child) : procstream_child_get_stderr (self->child);
}

static void
stop_timer (guint *source)
{
  if (*source)
    g_source_remove (*source);
  *source = 0;
}

/* Of the terminal that shows the output; where there is none, of the one that the tool is used from. */
static gboolean
get_terminal_size (guint *columns,
                   guint *rows)
{
  static const int fds[] = { STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO };
  struct winsize   size;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    if (ioctl (fds[i], TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
      {
        *columns = size.ws_col;
        *rows = size.ws_row;
        return TRUE;
      }
  return FALSE;
}

/* --- The end -------------------------------------------------------------------------------------------------------------------- */

/* Whether an output is still open although everything in it has been read: somebody else holds it. */
static gboolean
output_held_open (ToolRun *self)
{
  for (guint i = 0; i < self->n_streams; i++)
    if (procstream_output_get_state (get_output (self, i)) == PROCSTREAM_OUTPUT_STATE_OPEN)
      return TRUE;
  return FALSE;
}

static void
check_finished (ToolRun *self)
{
  if (self->exited && (self->drained || self->pending == 0))
    g_main_loop_quit (self->loop);
}

static gboolean
drain_cb (gpointer user_data)
{
  ToolRun *self = user_data;

  /* A slow reader of the output of a command that ended by itself gets it all, as from cat. */
  if (!self->terminating && self->cause == TOOL_CAUSE_NONE && !output_held_open (self))
    return G_SOURCE_CONTINUE;
  self->drain_source = 0;
  self->drained = TRUE;
  check_finished (self);
  return G_SOURCE_REMOVE;
}

/* By a signal that was passed on, or by one that the keyboard sent to the command itself: it died of it, or says so as shells do. */
static gboolean
was_interrupted (ToolRun          *self,
                 ProcstreamResult *result)
{
  static const int signals[] = { SIGHUP, SIGINT, SIGQUIT };

  for (guint i = 0; result && i < G_N_ELEMENTS (signals); i++)
    if (procstream_result_get_term_signal (result) == signals[i] ||
        (self->asked >> signals[i] & 1 && procstream_result_get_exit_code (result) == TOOL_EXIT_SIGNAL + signals[i]))
      return TRUE;
  return FALSE;
}

static void
start_drain (ToolRun          *self,
             ProcstreamResult *result)
{
  gint64 drain_ms = MAX (self->options->drain_ms, MIN_DRAIN_MS);

  /* Whoever has said how long has said it for this as well. */
  if (!self->options->drain_given && was_interrupted (self, result))
    drain_ms = MIN (drain_ms, INTERRUPTED_DRAIN_MS);
  self->drain_source = g_timeout_add ((guint) drain_ms, drain_cb, self);
}

/* There is no command any more that could do what the signal asks for. */
static void
hurry_drain (ToolRun *self)
{
  gint64 drain_ms = CLAMP (self->options->drain_ms, MIN_DRAIN_MS, INTERRUPTED_DRAIN_MS);

  if (!self->exited || self->hurried)
    return;
  self->hurried = TRUE;
  stop_timer (&self->drain_source);
  self->drain_source = g_timeout_add ((guint) drain_ms, drain_cb, self);
}

/* By whoever: the library begins it when a time is over. */
static gboolean
is_shutting_down (ToolRun *self)
{
  return self->terminating || procstream_child_get_state (self->child) == PROCSTREAM_CHILD_STATE_TERMINATING;
}

/* As the phases say, unless that is under way. */
static void
terminate (ToolRun  *self,
           ToolCause cause)
{
  gboolean begun = is_shutting_down (self);

  if (self->cause == TOOL_CAUSE_NONE && (self->exited || !begun))
    self->cause = cause;
  if (self->exited || begun)
    return;
  self->terminating = TRUE;
  procstream_child_terminate_async (self->child, self->options->shutdown, NULL, NULL, NULL);
}

/* --- Events --------------------------------------------------------------------------------------------------------------------- */

static gboolean
was_killed (ProcstreamResult *result)
{
  GListModel *attempts = procstream_result_get_attempts (result);

  for (guint i = 0; i < g_list_model_get_n_items (attempts); i++)
    {
      g_autoptr (ProcstreamShutdownAttempt) attempt = g_list_model_get_item (attempts, i);

      if (procstream_shutdown_attempt_get_action (attempt) == PROCSTREAM_SHUTDOWN_ACTION_KILL)
        return TRUE;
    }
  return FALSE;
}

static void
take_result (ToolRun          *self,
             ProcstreamResult *result)
{
  ProcstreamCause cause = procstream_result_get_cause (result);
  gboolean        in_time = cause != PROCSTREAM_CAUSE_TIMED_OUT && cause != PROCSTREAM_CAUSE_IDLE;

  self->killed = was_killed (result);
  if (in_time)
    return;
  self->terminating = TRUE;
  if (self->cause == TOOL_CAUSE_NONE || (self->cause == TOOL_CAUSE_UNMATCHED && !self->unmatched_first))
    self->cause = cause == PROCSTREAM_CAUSE_IDLE ? TOOL_CAUSE_IDLE : TOOL_CAUSE_TIMEOUT;
}

static void
completed_cb (GObject      *source,
              GAsyncResult *async_result,
              gpointer      user_data)
{
  ToolRun *self = user_data;
  g_autoptr (ProcstreamResult) result = procstream_child_complete_finish (self->child, async_result, NULL);

  self->exited = TRUE;
  if (result)
    take_result (self, result);
  /* What a command leaves behind that ended by itself is meant to stay, as it would without this one in between. */
  if (!self->terminating)
    procstream_child_detach (self->child, NULL);
  start_drain (self, result);
  check_finished (self);
}

static void
sink_ended_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  ToolRun *self = user_data;

  procstream_consumer_wait_finish (PROCSTREAM_CONSUMER (source), result, NULL);
  self->pending--;
  check_finished (self);
}

static gboolean
wait_timeout_cb (gpointer user_data)
{
  ToolRun *self = user_data;

  self->wait_source = 0;
  terminate (self, TOOL_CAUSE_WAIT_TIMEOUT);
  return G_SOURCE_REMOVE;
}

static gboolean
unmatched_grace_cb (gpointer user_data)
{
  ToolRun *self = user_data;

  self->wait_source = 0;
  terminate (self, TOOL_CAUSE_UNMATCHED);
  return G_SOURCE_REMOVE;
}

static gboolean
matched_cb (gpointer user_data)
{
  ToolRun *self = user_data;

  stop_timer (&self->wait_source);
  return G_SOURCE_REMOVE;
}

/* In the thread of the watch: nobody may read what is said. */
static void
announce_match (gpointer user_data)
{
  ToolRun   *self = user_data;
  ToolReport report = { .options = self->options, .name = procstream_child_get_name (self->child) };
  gint64     time_us;

  report.match = tool_watch_get_match (self->watch, &time_us);
  report.match_after_us = time_us - self->start_us;
  tool_report_print_match (&report);
}

/* Outputs mostly end because the command does: it gets the chance to do so with its own status. Or a limit of time has ended it, which is
 * heard of later. */
static gboolean
unmatched_cb (gpointer user_data)
{
  ToolRun *self = user_data;

  stop_timer (&self->wait_source);
  if (self->cause == TOOL_CAUSE_NONE)
    {
      self->cause = TOOL_CAUSE_UNMATCHED;
      self->unmatched_first = procstream_child_get_state (self->child) == PROCSTREAM_CHILD_STATE_RUNNING;
    }
  if (!self->exited)
    self->wait_source = g_timeout_add (self->options->grace_ms, unmatched_grace_cb, self);
  return G_SOURCE_REMOVE;
}

static gboolean
view_failed_cb (gpointer user_data)
{
  ToolRun *self = user_data;
  gboolean broken = FALSE;

  for (guint i = 0; i < 2; i++)
    broken |= self->views[i] && tool_writer_get_errno (self->views[i]) == EPIPE;
  terminate (self, broken ? TOOL_CAUSE_BROKEN_PIPE : TOOL_CAUSE_OUTPUT_FAILED);
  return G_SOURCE_REMOVE;
}

static gboolean
log_failed_cb (gpointer user_data)
{
  /* The command goes on; the report tells. */
  return G_SOURCE_REMOVE;
}

static void
resize (ToolRun *self)
{
  guint columns, rows;

  if (get_terminal_size (&columns, &rows))
    procstream_child_resize (self->child, columns, rows, NULL);
}

/* SIGTERM is a request that must be met, and begins the phases; the others the command may know what to do with. */
static void
signal_cb (gpointer user_data,
           int      signum)
{
  ToolRun *self = user_data;

  self->asked |= G_GUINT64_CONSTANT (1) << signum;
  if (signum == SIGTERM ? is_shutting_down (self) : signum != SIGWINCH)
    procstream_child_send_signal (self->child, signum, NULL);
  switch (signum)
    {
    case SIGWINCH:
      resize (self);
      return;
    case SIGTSTP:
      tool_signals_stop (self->signals);
      procstream_child_send_signal (self->child, SIGCONT, NULL);
      return;
    case SIGTERM:
      terminate (self, TOOL_CAUSE_SIGNAL);
      break;
    case SIGUSR1:
    case SIGUSR2:
      return;
    default:
      break;
    }
  if (self->cause == TOOL_CAUSE_NONE)
    self->cause = TOOL_CAUSE_SIGNAL;
  if (self->cause == TOOL_CAUSE_SIGNAL && self->passed_signal == 0)
    self->passed_signal = signum;
  hurry_drain (self);
}

/* --- Setting up ----------------------------------------------------------------------------------------------------------------- */

static ToolThread *
add_thread (ToolRun    *self,
            const char *name)
{
  ToolThread *thread = tool_thread_new (name);

  g_ptr_array_add (self->threads, thread);
  return thread;
}

static gboolean
add_sink (ToolRun            *self,
          ProcstreamConsumer *sink)
{
  if (sink)
    g_ptr_array_add (self->sinks, sink);
  return sink != NULL;
}

static gboolean
same_file (int a,
           int b)
{
  struct stat first, second;

  return fstat (a, &first) == 0 && fstat (b, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* One thread for both when they are the same terminal or file: what comes first is then shown first. */
static gboolean
add_views (ToolRun *self,
           GError **error)
{
  ToolThread *thread = add_thread (self, "view-stdout");

  if (self->options->hide)
    return TRUE;
  for (guint i = 0; i < self->n_streams; i++)
    {
      if (i == 1 && !self->one_file)
        thread = add_thread (self, "view-stderr");
      self->views[i] = tool_writer_new (thread, i == 0 ? STDOUT_FILENO : STDERR_FILENO, stream_name (i), self->options->prefix,
                                        &self->unfinished[self->one_file ? 0 : i], view_failed_cb, self);
      if (!add_sink (self, tool_writer_attach (self->views[i], get_output (self, i), stream_name (i), FALSE, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_log (ToolRun *self,
         GError **error)
{
  const ToolOptions *o = self->options;

  if (o->log_path == NULL)
    return TRUE;
  self->log_fd = tool_open_file (o->log_path, o->append, error);
  if (self->log_fd < 0)
    return FALSE;
  self->log = tool_writer_new (add_thread (self, "log"), self->log_fd, o->log_path, o->prefix, NULL, log_failed_cb, self);
  for (guint i = 0; i < self->n_streams; i++)
    if (!add_sink (self, tool_writer_attach (self->log, get_output (self, i), stream_name (i), TRUE, error)))
      return FALSE;
  return TRUE;
}

static gboolean
add_watch (ToolRun *self,
           GError **error)
{
  self->watch = tool_watch_new (add_thread (self, "watch"), self->options->tail, self->options->wait_for, matched_cb, unmatched_cb, announce_match, self);
  for (guint i = 0; i < self->n_streams; i++)
    if (!add_sink (self, tool_watch_attach (self->watch, get_output (self, i), stream_name (i), error)))
      return FALSE;
  return TRUE;
}

static void
set_terminal (ProcstreamLauncher *launcher,
              const ToolOptions  *o)
{
  guint columns, rows;

  procstream_launcher_set_pty (launcher, o->pty);
  if (!o->pty || !get_terminal_size (&columns, &rows))
    return;
  procstream_launcher_set_pty_columns (launcher, columns);
  procstream_launcher_set_pty_rows (launcher, rows);
}

static ProcstreamLauncher *
make_launcher (const ToolOptions *o)
{
  ProcstreamLauncher *launcher = procstream_launcher_new (o->delivery, PROCSTREAM_REPLAY_NONE);

  procstream_launcher_set_stdin_mode (launcher, o->stdin_mode);
  procstream_launcher_set_merge_stderr (launcher, o->merge_stderr);
  procstream_launcher_set_containment (launcher, o->containment);
  procstream_launcher_set_shutdown (launcher, o->shutdown);
  tool_limits_apply ((const char *const *) o->limits, launcher, NULL);
  set_terminal (launcher, o);
  if (o->name)
    procstream_launcher_set_name (launcher, o->name);
  if (o->cwd)
    procstream_launcher_set_cwd (launcher, o->cwd);
  for (guint i = 0; o->environment && o->environment[i]; i++)
    {
      g_auto (GStrv) pair = g_strsplit (o->environment[i], "=", 2);

      procstream_launcher_set_variable (launcher, pair[0], pair[1]);
    }
  return launcher;
}

/* May wait for the reader of a FIFO; no signal is caught yet, so each ends that. */
static gboolean
open_record (ToolRun *self,
             GError **error)
{
  const ToolOptions *o = self->options;

  if (o->json)
    self->record_fd = o->json_path ? tool_open_file (o->json_path, FALSE, error) : STDOUT_FILENO;
  return !o->json || self->record_fd >= 0;
}

static gboolean
prepare (ToolRun *self,
         GError **error)
{
  g_autoptr (ProcstreamLauncher) launcher = make_launcher (self->options);

  if (!open_record (self, error))
    return FALSE;
  self->child = procstream_launcher_create (launcher, (const char *const *) self->options->argv, error);
  return self->child != NULL && add_views (self, error) && add_log (self, error) && add_watch (self, error);
}

/* Where the library lends the terminal to the command, it passes Ctrl-Z on as well. Where nothing that the command inherits is a
 * terminal, in a pipe say, the tool is what Ctrl-Z reaches. */
static gboolean
must_pass_stops_on (const ToolOptions *o)
{
  return o->containment != PROCSTREAM_CONTAINMENT_PROCESS &&
         (o->pty || o->stdin_mode != PROCSTREAM_STDIN_MODE_INHERIT || tcgetpgrp (STDIN_FILENO) < 0);
}

/* The outputs are waited for here: who reads them may be slow. */
static ProcstreamCompleteOptions *
make_complete_options (const ToolOptions *o)
{
  ProcstreamCompleteOptions *options = procstream_complete_options_new ();

  procstream_complete_options_set_capture (options, FALSE);
  procstream_complete_options_set_timeout_ms (options, o->timeout_ms);
  procstream_complete_options_set_idle_timeout_ms (options, o->idle_timeout_ms);
  procstream_complete_options_set_end_on (options, PROCSTREAM_END_ON_TIMEOUT | PROCSTREAM_END_ON_IDLE);
  procstream_complete_options_set_drain_timeout_ms (options, 0);
  return options;
}

static void
follow (ToolRun *self)
{
  const ToolOptions *o = self->options;
  g_autoptr (ProcstreamCompleteOptions) options = make_complete_options (o);

  self->start_us = g_get_monotonic_time ();
  if (o->wait_timeout_ms >= 0)
    self->wait_source = g_timeout_add (o->wait_timeout_ms, wait_timeout_cb, self);
  procstream_child_complete_async (self->child, options, NULL, completed_cb, self);
  for (guint i = 0; i < self->sinks->len; i++)
    procstream_consumer_wait_async (g_ptr_array_index (self->sinks, i), NULL, sink_ended_cb, self);
  self->pending = self->sinks->len;
  g_ptr_array_foreach (self->threads, (GFunc) tool_thread_start, NULL);
  g_main_loop_run (self->loop);
}

/* --- Reporting ------------------------------------------------------------------------------------------------------------------ */

static void
report_stream (ToolRun          *self,
               guint             i,
               ToolStreamReport *stream)
{
  ProcstreamOutput *output = get_output (self, i);
  guint             n_writers = self->sinks->len / self->n_streams - 1;
  gboolean          complete = procstream_output_get_state (output) == PROCSTREAM_OUTPUT_STATE_ENDED;

  *stream = (ToolStreamReport){ .stream = stream_name (i), .bytes = procstream_output_get_bytes_received (output) };
  tool_watch_count (self->watch, stream->stream, &stream->lines, &stream->bytes_dropped);
  /* The sinks come in groups: views, log, watch, each with one per stream. */
  for (guint k = 0; k < n_writers; k++)
    {
      ProcstreamConsumer *sink = g_ptr_array_index (self->sinks, k * self->n_streams + i);
      guint64             lost = procstream_consumer_get_bytes_lost (sink);

      /* Whoever is given up gets no more. */
      if (procstream_consumer_get_state (sink) == PROCSTREAM_CONSUMER_STATE_ATTACHED)
        {
          lost += procstream_consumer_get_lag_bytes (sink);
          complete = FALSE;
        }
      stream->bytes_dropped = MAX (stream->bytes_dropped, lost);
    }
  stream->complete = complete && stream->bytes_dropped == 0;
}

static void
report_child (ToolRun    *self,
              ToolReport *report)
{
  gint64 match_us;

  report->pid = procstream_child_get_pid (self->child);
  report->exit_code = procstream_child_get_exit_code (self->child);
  report->term_signal = procstream_child_get_term_signal (self->child);
  report->duration_us = procstream_child_get_elapsed_us (self->child);
  report->held_open = self->drained && output_held_open (self);
  for (guint i = 0; i < self->n_streams; i++)
    {
      report_stream (self, i, &report->streams[i]);
      report->lines_before_tail += report->streams[i].lines;
    }
  report->match = tool_watch_get_match (self->watch, &match_us);
  report->match_after_us = match_us - self->start_us;
  report->tail = tool_watch_steal_tail (self->watch);
  report->lines_before_tail -= MIN (report->tail->len, report->lines_before_tail);
}

/* A message and the record begin lines of their own, whatever the command wrote last. */
static void
finish_line (ToolRun *self,
             int      fd)
{
  int *unfinished = &self->unfinished[self->one_file || fd == STDOUT_FILENO ? 0 : 1];

  if (g_atomic_int_compare_and_exchange (unfinished, TRUE, FALSE))
    tool_write_fully (fd, "\n", 1);
}

static gboolean
write_record (ToolRun          *self,
              const ToolReport *report)
{
  g_autofree char *json = tool_report_to_json (report);
  g_autoptr (GError) error = NULL;

  if (self->record_fd == STDOUT_FILENO)
    finish_line (self, STDOUT_FILENO);
  if (tool_write_record (self->record_fd, self->options->json_path ? self->options->json_path : "standard output", json, &error))
    return TRUE;
  g_printerr ("procstream: %s\n", error->message);
  return FALSE;
}

/* What ended the command, if the tool had passed that on: then it is the cause, whatever came before. */
static void
explain_signal (ToolRun    *self,
                ToolReport *report)
{
  if ((report->cause != TOOL_CAUSE_NONE && report->cause != TOOL_CAUSE_SIGNAL) || !(self->asked >> report->term_signal & 1))
    return;
  report->cause = TOOL_CAUSE_SIGNAL;
  report->passed_signal = report->term_signal;
}

/* Whether the keyboard of the terminal, which the command had, can have sent it. */
static gboolean
is_from_keyboard (ToolRun          *self,
                  const ToolReport *report)
{
  const ToolOptions *o = self->options;

  /* That its output ended without the line is no news of a command that was interrupted. */
  if (report->cause != TOOL_CAUSE_NONE && (report->cause != TOOL_CAUSE_UNMATCHED || self->terminating))
    return FALSE;
  return (report->term_signal == SIGINT || report->term_signal == SIGQUIT) &&
         o->containment != PROCSTREAM_CONTAINMENT_PROCESS && !o->pty && o->stdin_mode == PROCSTREAM_STDIN_MODE_INHERIT &&
         tcgetpgrp (STDIN_FILENO) == getpgrp ();
}

/* Shells go on with a script unless what they wait for dies of the signal that was to end both. */
static void
choose_death (ToolRun    *self,
              ToolReport *report)
{
  gboolean asks_to_end = report->term_signal == SIGHUP || report->term_signal == SIGINT || report->term_signal == SIGQUIT ||
                         report->term_signal == SIGTERM;

  self->death_of_group = is_from_keyboard (self, report);
  if (self->death_of_group)
    report->cause = TOOL_CAUSE_NONE;
  if (self->death_of_group || (report->cause == TOOL_CAUSE_SIGNAL && asks_to_end && report->passed_signal == report->term_signal))
    self->death = report->term_signal;
}

/* The outputs have not ended where others hold them, but nobody looks for the line any more. */
static void
explain_unseen (ToolRun    *self,
                ToolReport *report)
{
  if (report->cause == TOOL_CAUSE_NONE && self->options->wait_for && report->match == NULL && !self->death)
    report->cause = TOOL_CAUSE_UNMATCHED;
}

static void
die (int      signum,
     gboolean with_group)
{
  struct sigaction action = { .sa_handler = SIG_DFL };
  sigset_t         set;

  setrlimit (RLIMIT_CORE, &(struct rlimit){ 0, 0 });
  sigaction (signum, &action, NULL);
  sigemptyset (&set);
  sigaddset (&set, signum);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  /* While it had the terminal, only the command got what all of our group would have got from it: the script that waits for us, too. */
  kill (with_group ? 0 : getpid (), signum);
}

static int
report (ToolRun *self)
{
  ToolReport report = {
    .options = self->options,
    .name = self->child ? procstream_child_get_name (self->child) : self->options->argv[0],
    .cause = self->cause,
    .exit_code = -1,
    .spawn_error = self->spawn_error,
    .passed_signal = self->passed_signal,
    .killed = self->killed,
    .n_streams = self->n_streams,
    .streams = { { .stream = "stdout" }, { .stream = "stderr" } },
  };
  int status;

  for (guint i = 0; i < 2; i++)
    if (self->views[i] && report.output_errno == 0)
      report.output_errno = tool_writer_get_errno (self->views[i]);
  if (self->log)
    {
      report.log_errno = tool_writer_get_errno (self->log);
      report.log_bytes = tool_writer_get_bytes (self->log);
    }
  if (self->cause != TOOL_CAUSE_NOT_STARTED)
    {
      report_child (self, &report);
      explain_signal (self, &report);
      choose_death (self, &report);
      explain_unseen (self, &report);
    }
  /* There is nobody any more to pass a signal on to: it ends the tool, should the report or the record find no reader. */
  g_clear_pointer (&self->signals, tool_signals_free);
  tool_report_print (&report);
  status = tool_report_get_status (&report);
  if (self->record_fd >= 0 && !write_record (self, &report) && status == 0)
    status = TOOL_EXIT_FAILED;
  g_clear_pointer (&report.tail, g_ptr_array_unref);
  return status;
}

/* What a thread uses that still waits for a reader must stay until the process ends, which is at once. */
static void
clear (ToolRun *self)
{
  g_clear_pointer (&self->signals, tool_signals_free);
  stop_timer (&self->wait_source);
  stop_timer (&self->drain_source);
  g_clear_error (&self->spawn_error);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  if (self->pending > 0)
    return;
  /* For those that were attached to a command that did not start. */
  g_ptr_array_foreach (self->sinks, (GFunc) procstream_consumer_cancel, NULL);
  g_ptr_array_unref (self->threads);
  g_ptr_array_unref (self->sinks);
  g_clear_object (&self->child);
  for (guint i = 0; i < 2; i++)
    g_clear_pointer (&self->views[i], tool_writer_free);
  g_clear_pointer (&self->log, tool_writer_free);
  g_clear_pointer (&self->watch, tool_watch_free);
  if (self->log_fd >= 0)
    close (self->log_fd);
  if (self->record_fd > STDERR_FILENO)
    close (self->record_fd);
}

/* Static for the threads that may still wait for a reader when tool_run() returns. */
static ToolRun the_run;

static void
print_message (const char *text)
{
  finish_line (&the_run, STDERR_FILENO);
  fputs (text, stderr);
}

int
tool_run (const ToolOptions *options)
{
  ToolRun *self = &the_run;
  int      status;

  self->options = options;
  self->log_fd = -1;
  self->record_fd = -1;
  self->one_file = same_file (STDOUT_FILENO, STDERR_FILENO);
  g_set_printerr_handler (print_message);
  self->n_streams = options->merge_stderr ? 1 : 2;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->threads = g_ptr_array_new_with_free_func ((GDestroyNotify) tool_thread_free);
  self->sinks = g_ptr_array_new_with_free_func (g_object_unref);
  if (prepare (self, &self->spawn_error))
    {
      self->signals = tool_signals_new (must_pass_stops_on (options), options->pty, signal_cb, self);
      if (procstream_child_start (self->child, &self->spawn_error))
        follow (self);
    }
  if (self->spawn_error)
    self->cause = TOOL_CAUSE_NOT_STARTED;
  status = report (self);
  clear (self);
  if (self->death)
    die (self->death, self->death_of_group);
  return status;
}
