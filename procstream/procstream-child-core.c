/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-error.h"
#include "procstream-feeder-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-lifetime-private.h"
#include "procstream-platform-private.h"
#include "procstream-scope-core-private.h"

#include <errno.h>
#include <unistd.h>

/*
 * The states, and who moves on:
 *
 *     created ──claim──▸ starting ──I/O thread──▸ running ──▸ (terminating) ──I/O thread──▸ exited
 *        └──▸ queued ───────┘└──▸ failed
 *
 * One that is created stays that for good from when it is abandoned.
 *
 * Whoever moves it to starting, from created or from queued, and nobody else, launches it, or fails it right away. So there is one
 * start, whoever asks for it, and one who takes it out of the queue. From then to exited or failed one reference belongs
 * to what is under way below (the spawner, then the watch of the exit), so the record is there when it is over, whether anybody
 * else still cares or not.
 *
 * The exit is noticed by the pidfd becoming readable in the I/O thread; only then is GSubprocess, whose worker reaps, asked
 * for the status. Where there is no pidfd, it is asked from the start. The pidfd is kept until nobody can be signalled through it any
 * more, so that children that a program remembers do not use up its descriptors: it is the one name of the process, and of its group,
 * that is never given to another.
 *
 * Whenever mutex is free: pid and subprocess are set exactly from running on, pidfd from then until it is of no use; result and end_us
 * are set exactly in exited; error is set exactly in failed. The outputs and the input are opened before the state becomes running and told of a failure
 * before it becomes failed; whoever waits is told after. What is set once is read without the lock by those who
 * have seen the state.
 */

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

void
procstream_child_options_clear (ProcstreamChildOptions *options)
{
  g_clear_pointer (&options->name, g_free);
  g_clear_pointer (&options->argv, g_strfreev);
  g_clear_pointer (&options->envp, g_strfreev);
  g_clear_pointer (&options->cwd, g_free);
  g_clear_pointer (&options->stdin_file, g_free);
  g_clear_pointer (&options->stdin_bytes, g_bytes_unref);
  g_clear_object (&options->stdin_stream);
  g_clear_pointer (&options->fds, g_array_unref);
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    g_clear_pointer (&options->files[i], g_free);
  g_clear_pointer (&options->shutdown, procstream_shutdown_plan_unref);
}

static void
make_input (ProcstreamChildCore *self)
{
  const ProcstreamChildOptions *options = &self->options;

  switch (options->stdin_mode)
    {
    case PROCSTREAM_STDIN_MODE_PIPE:
    case PROCSTREAM_STDIN_MODE_PTY:
    case PROCSTREAM_STDIN_MODE_BYTES:
    case PROCSTREAM_STDIN_MODE_STREAM:
      self->input = procstream_input_core_new (options->name);
      break;
    default:
      return;
    }
  if (options->stdin_mode == PROCSTREAM_STDIN_MODE_PTY)
    procstream_input_core_set_terminal (self->input, !(options->pty.flags & PROCSTREAM_PTY_FLAGS_RAW_INPUT));
  if (options->stdin_mode == PROCSTREAM_STDIN_MODE_STREAM || options->is_later_stage)
    procstream_input_core_set_fed (self->input);
  if (options->stdin_bytes)
    {
      procstream_input_core_write (self->input, options->stdin_bytes, PROCSTREAM_INPUT_ROLE_WAITS, NULL);
      procstream_input_core_set_fed (self->input);
      procstream_input_core_close (self->input);
    }
}

/* What the end of the output of a terminal means to others. */
typedef struct
{
  ProcstreamBell      *bell;
  ProcstreamPtyKeeper *keeper;
} TerminalEnd;

static void
terminal_ended_cb (gpointer data)
{
  TerminalEnd *self = data;

  procstream_pty_keeper_drain (self->keeper);
  procstream_bell_ring_awaited (self->bell);
}

static void
terminal_end_free (gpointer data)
{
  TerminalEnd *self = data;

  procstream_bell_unref (self->bell);
  procstream_pty_keeper_unref (self->keeper);
  g_free (self);
}

static void
keep_terminal (ProcstreamChildCore *self)
{
  TerminalEnd *end = g_new (TerminalEnd, 1);

  self->keeper = procstream_pty_keeper_new ();
  *end = (TerminalEnd){ procstream_bell_ref (self->bell), procstream_pty_keeper_ref (self->keeper) };
  procstream_output_core_set_ended_func (self->outputs[0], terminal_ended_cb, end, terminal_end_free);
}

ProcstreamChildCore *
procstream_child_core_new (ProcstreamChildOptions *options,
                           GMainContext           *context,
                           GObject                *outer,
                           void (*advance) (gpointer outer))
{
  static const char *const names[] = { "stdout", "stderr", "merged" };
  const ProcstreamStream   streams[] = { PROCSTREAM_STREAM_STDOUT, PROCSTREAM_STREAM_STDERR, PROCSTREAM_STREAM_NONE };
  ProcstreamChildCore     *self = g_new0 (ProcstreamChildCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->options = *options;
  *options = (ProcstreamChildOptions){ 0 };
  self->context = g_main_context_ref (context);
  self->state = PROCSTREAM_CHILD_STATE_CREATED;
  self->pidfd = -1;
  self->phase = -1;
  self->guard_fd = -1;
  self->bell = procstream_bell_new (context, outer, advance);
  self->claimed = procstream_waiters_new ();
  self->started = procstream_waiters_new ();
  self->exited = procstream_waiters_new ();
  self->phases = g_array_new (FALSE, FALSE, sizeof (ProcstreamShutdownStep));
  g_array_set_clear_func (self->phases, procstream_shutdown_step_clear);
  self->tries = g_array_new (FALSE, FALSE, sizeof (ProcstreamShutdownTry));
  self->ends = PROCSTREAM_CHILD_NO_ENDS;
  for (guint i = 0; i < (self->options.merged_view ? 3 : 2); i++)
    {
      self->outputs[i] = procstream_output_core_new (names[i], &self->options.outputs[i], context, self);
      procstream_output_core_take_label (self->outputs[i], g_strdup_printf ("%s (%s)", self->options.name, names[i]));
      procstream_output_core_set_stream (self->outputs[i], streams[i]);
      if (i == 2)
        procstream_output_core_set_merged (self->outputs[i], self->outputs);
      if (i == 0 && self->options.pty.enabled)
        keep_terminal (self);
      else
        procstream_output_core_set_ended_func (self->outputs[i], procstream_bell_ring_awaited, procstream_bell_ref (self->bell),
                                               procstream_bell_unref);
    }
  make_input (self);
  return self;
}

ProcstreamChildCore *
procstream_child_core_ref (ProcstreamChildCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_child_core_unref (ProcstreamChildCore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->watch == 0 && self->guard_fd < 0 && self->shutdown == NULL && self->idle_source == NULL);
  g_array_unref (self->phases);
  g_array_unref (self->tries);
  procstream_child_ends_close (&self->ends);
  g_clear_pointer (&self->keeper, procstream_pty_keeper_unref);
  if (self->pidfd >= 0)
    close (self->pidfd);
  g_clear_pointer (&self->poll_set, procstream_poll_set_unref);
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    {
      procstream_output_core_unref (self->outputs[i]);
      g_clear_pointer (&self->writers[i], procstream_consumer_core_unref);
    }
  g_clear_pointer (&self->input, procstream_input_core_unref);
  procstream_waiters_unref (self->claimed);
  procstream_waiters_unref (self->started);
  procstream_waiters_unref (self->exited);
  g_clear_object (&self->subprocess);
  g_clear_object (&self->result);
  g_clear_error (&self->error);
  g_clear_pointer (&self->scope, procstream_scope_core_unref);
  procstream_spawn_environment_clear (&self->environment);
  procstream_child_options_clear (&self->options);
  procstream_bell_unref (self->bell);
  g_main_context_unref (self->context);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
procstream_child_core_ring (ProcstreamChildCore *self)
{
  procstream_bell_ring (self->bell);
}

/* --- States ------------------------------------------------------------------------------------------------------------------- */

const char *
procstream_child_state_to_string (ProcstreamChildState state)
{
  static const char *const names[] = { "none", "created", "queued", "starting", "running", "terminating", "exited", "failed" };

  g_assert (state < G_N_ELEMENTS (names));
  return names[state];
}

void
procstream_child_core_set_state_locked (ProcstreamChildCore *self,
                                        ProcstreamChildState state)
{
  static const guint before[] = {
    [PROCSTREAM_CHILD_STATE_NONE] = 0,
    [PROCSTREAM_CHILD_STATE_CREATED] = 1 << PROCSTREAM_CHILD_STATE_NONE,
    [PROCSTREAM_CHILD_STATE_QUEUED] = 1 << PROCSTREAM_CHILD_STATE_CREATED,
    [PROCSTREAM_CHILD_STATE_STARTING] = 1 << PROCSTREAM_CHILD_STATE_CREATED | 1 << PROCSTREAM_CHILD_STATE_QUEUED,
    [PROCSTREAM_CHILD_STATE_RUNNING] = 1 << PROCSTREAM_CHILD_STATE_STARTING,
    [PROCSTREAM_CHILD_STATE_TERMINATING] = 1 << PROCSTREAM_CHILD_STATE_RUNNING,
    [PROCSTREAM_CHILD_STATE_EXITED] = 1 << PROCSTREAM_CHILD_STATE_RUNNING | 1 << PROCSTREAM_CHILD_STATE_TERMINATING,
    [PROCSTREAM_CHILD_STATE_FAILED] = 1 << PROCSTREAM_CHILD_STATE_STARTING,
  };

  g_assert (before[state] & (1u << self->state));
  self->state = state;
}

/* Whether it was so that it could be moved. */
static gboolean
move_locked (ProcstreamChildCore *self,
             ProcstreamChildState before,
             ProcstreamChildState after)
{
  if (self->state != before || self->abandoned)
    return FALSE;
  procstream_child_core_set_state_locked (self, after);
  /* Under the lock: the exit of the program ends whatever is starting by then, or it does not start. */
  if (after == PROCSTREAM_CHILD_STATE_STARTING)
    self->refused = self->options.lifetime == PROCSTREAM_LIFETIME_DETACHED ? procstream_lifetime_is_over () : !procstream_lifetime_add (self);
  return TRUE;
}

static void
set_start_error (ProcstreamChildCore *self,
                 ProcstreamChildState state,
                 GError             **error)
{
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
               "“%s” cannot be started: its state is “%s”", self->options.name, procstream_child_state_to_string (state));
}

gboolean
procstream_child_core_move (ProcstreamChildCore *self,
                            ProcstreamChildState before,
                            ProcstreamChildState after,
                            GError             **error)
{
  ProcstreamChildState state;
  gboolean             moved;

  g_mutex_lock (&self->mutex);
  state = self->state;
  moved = move_locked (self, before, after);
  g_mutex_unlock (&self->mutex);
  if (!moved)
    set_start_error (self, state, error);
  return moved;
}

void
procstream_child_core_tell_claimed (ProcstreamChildCore *self)
{
  procstream_lifetime_tidy ();
  procstream_waiters_complete (self->claimed, NULL);
}

gboolean
procstream_child_core_claim (ProcstreamChildCore *self,
                             GError             **error)
{
  ProcstreamScopeCore *scope;
  ProcstreamChildState state;
  gboolean             moved;

  g_mutex_lock (&self->mutex);
  scope = self->scope;
  state = self->state;
  moved = scope == NULL && move_locked (self, PROCSTREAM_CHILD_STATE_CREATED, PROCSTREAM_CHILD_STATE_STARTING);
  g_mutex_unlock (&self->mutex);
  if (scope)
    moved = procstream_scope_core_claim (scope, self, error);
  else if (!moved)
    set_start_error (self, state, error);
  if (moved)
    procstream_child_core_tell_claimed (self);
  return moved;
}

void
procstream_child_core_refuse (ProcstreamChildCore *self,
                              ProcstreamChildState state,
                              const GError        *error)
{
  if (!procstream_child_core_move (self, state, PROCSTREAM_CHILD_STATE_STARTING, NULL))
    return;
  procstream_child_core_tell_claimed (self);
  procstream_child_core_fail (self, error);
}

void
procstream_child_core_unqueue (ProcstreamChildCore *self,
                               const GError        *error)
{
  procstream_child_core_refuse (self, PROCSTREAM_CHILD_STATE_QUEUED, error);
}

/* --- Its scope ---------------------------------------------------------------------------------------------------------------- */

static void
set_belongs_error (ProcstreamChildCore *self,
                   GError             **error)
{
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE,
               "“%s” cannot be added to a scope: it belongs to one", self->options.name);
}

gboolean
procstream_child_core_set_scope (ProcstreamChildCore  *self,
                                 ProcstreamScopeCore  *scope,
                                 ProcstreamChildState *state,
                                 GError              **error)
{
  gboolean set;

  g_mutex_lock (&self->mutex);
  *state = self->state;
  set = self->scope == NULL;
  if (set)
    self->scope = procstream_scope_core_ref (scope);
  g_mutex_unlock (&self->mutex);
  if (!set)
    set_belongs_error (self, error);
  return set;
}

gboolean
procstream_child_core_enqueue (ProcstreamChildCore *self,
                               ProcstreamScopeCore *scope,
                               GError             **error)
{
  ProcstreamChildState state;
  gboolean             belongs, queued;

  g_mutex_lock (&self->mutex);
  state = self->state;
  belongs = scope && self->scope;
  queued = !belongs && move_locked (self, PROCSTREAM_CHILD_STATE_CREATED, PROCSTREAM_CHILD_STATE_QUEUED);
  if (queued)
    procstream_child_core_read_environment (self);
  if (queued && scope)
    self->scope = procstream_scope_core_ref (scope);
  g_mutex_unlock (&self->mutex);
  if (belongs)
    set_belongs_error (self, error);
  else if (!queued)
    set_start_error (self, state, error);
  return queued;
}

void
procstream_child_core_take_terminal_back (ProcstreamChildCore *self,
                                          gboolean             killed)
{
  ProcstreamTerminal *terminal = g_steal_pointer (&self->ends.terminal);

  if (terminal)
    procstream_terminal_close (terminal, killed);
}

static gboolean
advance_cb (gpointer data)
{
  procstream_child_core_advance_shutdown (data);
  return G_SOURCE_REMOVE;
}

static void
unref_cb (gpointer data)
{
  procstream_child_core_unref (data);
}

void
procstream_child_core_fail (ProcstreamChildCore *self,
                            const GError        *error)
{
  procstream_child_core_take_terminal_back (self, FALSE);
  procstream_child_ends_close (&self->ends);
  /* Others may wait for the end of these. */
  g_clear_pointer (&self->options.fds, g_array_unref);
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    procstream_output_core_feed_end (self->outputs[i], g_error_copy (error));
  if (self->input)
    procstream_input_core_fail (self->input, error);
  if (self->options.stdin_stream && self->has_stream)
    procstream_feed_unclaim (self->options.stdin_stream, self);
  g_clear_object (&self->options.stdin_stream);
  g_mutex_lock (&self->mutex);
  self->error = g_error_copy (error);
  procstream_child_core_set_state_locked (self, PROCSTREAM_CHILD_STATE_FAILED);
  g_mutex_unlock (&self->mutex);
  g_cond_broadcast (&self->cond);
  procstream_bell_await (self->bell);
  procstream_bell_ring (self->bell);
  procstream_waiters_complete (self->started, error);
  procstream_waiters_complete (self->exited, error);
  procstream_lifetime_remove (self);
  procstream_io_thread_invoke (advance_cb, procstream_child_core_ref (self), unref_cb);
}

gboolean
procstream_child_core_wait_started (ProcstreamChildCore *self,
                                    GError             **error)
{
  gboolean failed;

  g_mutex_lock (&self->mutex);
  while (self->state == PROCSTREAM_CHILD_STATE_STARTING)
    g_cond_wait (&self->cond, &self->mutex);
  failed = self->state == PROCSTREAM_CHILD_STATE_FAILED;
  g_mutex_unlock (&self->mutex);
  if (failed)
    g_propagate_error (error, g_error_copy (self->error));
  return !failed;
}

void
procstream_child_core_abandon (ProcstreamChildCore *self)
{
  ProcstreamScopeCore *scope;
  g_autoptr (GError) error = NULL;

  procstream_bell_close (self->bell);
  g_mutex_lock (&self->mutex);
  self->abandoned = self->state == PROCSTREAM_CHILD_STATE_CREATED;
  scope = self->scope;
  g_mutex_unlock (&self->mutex);
  if (!self->abandoned)
    return;
  if (scope)
    procstream_scope_core_forget (scope, self);
  procstream_waiters_complete (self->claimed, NULL);
  /* That nothing came is not what somebody who waits for it must take for an output of nothing. */
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "“%s” was never started", self->options.name);
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    procstream_output_core_feed_end (self->outputs[i], g_error_copy (error));
  if (self->input)
    procstream_input_core_fail (self->input, error);
}

/* --- What is known ------------------------------------------------------------------------------------------------------------ */

const ProcstreamChildOptions *
procstream_child_core_get_options (ProcstreamChildCore *self)
{
  return &self->options;
}

ProcstreamOutputCore *
procstream_child_core_get_output (ProcstreamChildCore *self,
                                  guint                i)
{
  return self->outputs[i];
}

ProcstreamInputCore *
procstream_child_core_get_input (ProcstreamChildCore *self)
{
  return self->input;
}

ProcstreamWaiters *
procstream_child_core_get_claimed (ProcstreamChildCore *self)
{
  return self->claimed;
}

ProcstreamWaiters *
procstream_child_core_get_started (ProcstreamChildCore *self)
{
  return self->started;
}

ProcstreamWaiters *
procstream_child_core_get_exited (ProcstreamChildCore *self)
{
  return self->exited;
}

ProcstreamChildState
procstream_child_core_get_state (ProcstreamChildCore *self)
{
  ProcstreamChildState state;

  procstream_platform_lock_to_read (&self->mutex);
  state = self->state;
  procstream_platform_unlock_to_read (&self->mutex);
  return state;
}

int
procstream_child_core_get_pid (ProcstreamChildCore *self)
{
  int pid;

  procstream_platform_lock_to_read (&self->mutex);
  pid = self->pid;
  procstream_platform_unlock_to_read (&self->mutex);
  return pid;
}

const GError *
procstream_child_core_get_error (ProcstreamChildCore *self)
{
  return self->error;
}

GSubprocess *
procstream_child_core_get_subprocess (ProcstreamChildCore *self)
{
  GSubprocess *subprocess;

  procstream_platform_lock_to_read (&self->mutex);
  subprocess = self->subprocess;
  procstream_platform_unlock_to_read (&self->mutex);
  return subprocess;
}

gint64
procstream_child_core_get_elapsed_us (ProcstreamChildCore *self)
{
  gint64 elapsed_us = 0;

  procstream_platform_lock_to_read (&self->mutex);
  if (self->result)
    elapsed_us = procstream_result_get_duration_us (self->result);
  else if (self->begun_us > 0)
    elapsed_us = g_get_monotonic_time () - self->begun_us;
  procstream_platform_unlock_to_read (&self->mutex);
  return elapsed_us;
}

ProcstreamResult *
procstream_child_core_get_result (ProcstreamChildCore *self)
{
  ProcstreamResult *result;

  procstream_platform_lock_to_read (&self->mutex);
  result = self->result;
  procstream_platform_unlock_to_read (&self->mutex);
  return result;
}
