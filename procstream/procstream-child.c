/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child.h"

#include "procstream-child-private.h"
#include "procstream-emission-private.h"
#include "procstream-enum-types.h"
#include "procstream-mute-private.h"
#include "procstream-output-private.h"
#include "procstream-platform-private.h"

/**
 * ProcstreamChild:
 *
 * One run of a program.
 *
 * A child is made by a [class@Procstream.Launcher]:
 * [method@Procstream.Launcher.create] makes one that does not run yet. What is
 * attached or connected between that and [method@Procstream.Child.start]
 * cannot miss a byte. A child is started once.
 *
 * ## Exit and end of output
 *
 * That the process is gone and that its outputs have ended are two facts:
 * another process that inherited an output can hold it open long after the
 * exit. [signal@Procstream.Child::exited] and
 * [method@Procstream.Child.wait] are about the process alone.
 * [signal@Procstream.Child::completed] comes when both outputs have ended as
 * well and their signals have all been emitted. So whoever wants all lines waits for
 * `completed`, or for a consumer, and not for the process. `completed` is
 * emitted once: connect it before it can have happened.
 *
 * ## Life
 *
 * A running child keeps itself alive: a program may drop every reference and
 * its handlers are called all the same. That ends in the main context of the
 * child, or in a blocking wait in its thread: once the process is gone and
 * nothing is left to tell to anybody.
 *
 * That is so unless its [property@Procstream.Child:lifetime] is bound to its object. What happens
 * to a child when the program exits is a matter of its lifetime, too.
 *
 * ## Threads
 *
 * All signals, those of property changes among them, are emitted in the
 * thread-default main context of the thread that created the child. The
 * methods may be called from any thread.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (ProcstreamChild, procstream_child, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_NAME,
  PROP_PID,
  PROP_STATE,
  PROP_EXIT_CODE,
  PROP_TERM_SIGNAL,
  PROP_ELAPSED_US,
  PROP_RESULT,
  PROP_STDIN,
  PROP_STDOUT,
  PROP_STDERR,
  PROP_MERGED,
  PROP_SUBPROCESS,
  PROP_LIFETIME,
  N_PROPS,
};

enum
{
  TERMINATING,
  IDLE,
  EXITED,
  COMPLETED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

/* Iterations between the callback of an asynchronous start and the end of the opening: PyGObject and GJS resume whoever awaits in
 * the next one. */
#define OPENING_ITERATIONS 3

/* --- Keeping alive ------------------------------------------------------------------------------------------------------------ */

gboolean
procstream_child_keep (ProcstreamChild *self)
{
  if (procstream_child_core_get_lifetime (self->core) == PROCSTREAM_LIFETIME_BOUND)
    return FALSE;
  g_object_ref (self);
  if (g_atomic_int_compare_and_exchange (&self->kept, FALSE, TRUE))
    return TRUE;
  g_object_unref (self);
  return FALSE;
}

void
procstream_child_let_go (ProcstreamChild *self)
{
  if (g_atomic_int_compare_and_exchange (&self->kept, TRUE, FALSE))
    g_object_unref (self);
}

static gboolean
has_handler (ProcstreamChild *self,
             guint            signal)
{
  return g_signal_handler_find (self, G_SIGNAL_MATCH_ID, signal, 0, NULL, NULL, NULL) != 0;
}

static gboolean
somebody_listens (ProcstreamChild *self)
{
  if (has_handler (self, signals[EXITED]) || has_handler (self, signals[COMPLETED]) ||
      has_handler (self, g_signal_lookup ("notify", G_TYPE_OBJECT)))
    return TRUE;
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    if (procstream_output_has_handlers (self->outputs[i]) && !procstream_output_is_drained (self->outputs[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_exited (ProcstreamChild *self)
{
  return procstream_child_core_get_result (self->core) != NULL;
}

void
procstream_child_settle (ProcstreamChild *self)
{
  gboolean unheard = is_exited (self) && !g_atomic_int_get (&self->opening_awaits) && !somebody_listens (self);

  if (unheard || g_atomic_int_get (&self->muted) || self->completed || procstream_child_core_get_state (self->core) == PROCSTREAM_CHILD_STATE_FAILED)
    procstream_child_let_go (self);
}

/* --- The opening of the outputs ----------------------------------------------------------------------------------------------- */

void
procstream_child_release_opening (ProcstreamChild *self)
{
  g_atomic_int_set (&self->opening_awaits, FALSE);
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    procstream_output_release_opening (self->outputs[i]);
  procstream_child_core_ring (self->core);
}

typedef struct
{
  GWeakRef child;
  guint    iterations;
} Countdown;

static gboolean
countdown_cb (gpointer user_data)
{
  Countdown *countdown = user_data;
  g_autoptr (ProcstreamChild) self = NULL;

  if (++countdown->iterations < OPENING_ITERATIONS)
    return G_SOURCE_CONTINUE;
  self = g_weak_ref_get (&countdown->child);
  if (self && g_atomic_int_get (&self->opening_awaits))
    procstream_child_release_opening (self);
  return G_SOURCE_REMOVE;
}

static void
countdown_free (gpointer data)
{
  Countdown *self = data;

  g_weak_ref_clear (&self->child);
  g_free (self);
}

static void
count_down (ProcstreamChild *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Countdown *countdown = g_new0 (Countdown, 1);

  self->counting = TRUE;
  g_weak_ref_init (&countdown->child, self);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "procstream opening");
  g_source_set_callback (source, countdown_cb, countdown, countdown_free);
  g_source_attach (source, self->context);
}

/* --- Emission ----------------------------------------------------------------------------------------------------------------- */

static void
emit_state (ProcstreamChild *self)
{
  ProcstreamChildState before = self->seen;
  ProcstreamChildState now = procstream_child_core_get_state (self->core);

  if (now == before)
    return;
  self->seen = now;
  if (before < PROCSTREAM_CHILD_STATE_RUNNING && now != PROCSTREAM_CHILD_STATE_FAILED && now >= PROCSTREAM_CHILD_STATE_RUNNING)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PID]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SUBPROCESS]);
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static void
emit_phases (ProcstreamChild *self)
{
  for (;;)
    {
      g_autoptr (ProcstreamShutdownPhase) phase = procstream_child_core_dup_phase (self->core, self->phases_seen);

      if (phase == NULL || g_atomic_int_get (&self->muted))
        return;
      self->phases_seen++;
      g_signal_emit (self, signals[TERMINATING], 0, phase);
    }
}

static void
emit_idle (ProcstreamChild *self)
{
  gint64 silent_ms;

  if (!self->exited && !g_atomic_int_get (&self->opening_awaits) && procstream_child_core_take_silence (self->core, &silent_ms))
    g_signal_emit (self, signals[IDLE], 0, silent_ms);
}

static void
emit_exited (ProcstreamChild *self)
{
  if (self->exited || !is_exited (self) || g_atomic_int_get (&self->opening_awaits))
    return;
  self->exited = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EXIT_CODE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TERM_SIGNAL]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RESULT]);
  g_signal_emit (self, signals[EXITED], 0);
}

static gboolean
are_outputs_drained (ProcstreamChild *self)
{
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    if (!procstream_output_is_drained (self->outputs[i]))
      return FALSE;
  return TRUE;
}

static void
emit_completed (ProcstreamChild *self)
{
  if (self->completed || !self->exited || !are_outputs_drained (self) || !procstream_child_core_is_written (self->core))
    return;
  self->completed = TRUE;
  g_signal_emit (self, signals[COMPLETED], 0, procstream_child_core_get_result (self->core));
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i] && !procstream_child_core_was_asked_for_files (self->core); i++)
    procstream_output_warn_of_file (self->outputs[i]);
}

/* In the thread that runs the context, each time something has changed. */
static void
advance (gpointer outer)
{
  static void (*const emitters[]) (ProcstreamChild *) = { emit_state, emit_phases, emit_idle, emit_exited, emit_completed };

  ProcstreamChild   *self = outer;
  ProcstreamEmission emission;

  procstream_emission_begin (&emission, self);
  if (g_atomic_int_get (&self->opening_awaits) && !self->counting && !procstream_child_core_is_start_held (self->core) &&
      procstream_child_core_get_state (self->core) > PROCSTREAM_CHILD_STATE_STARTING)
    count_down (self);
  for (guint i = 0; i < G_N_ELEMENTS (emitters) && !g_atomic_int_get (&self->muted); i++)
    emitters[i](self);
  procstream_emission_end (&emission);
  procstream_child_settle (self);
}

/* An output ended, and its last signal was emitted. It may be in the middle of its own emission, so this comes after it. */
static void
drained_cb (gpointer data)
{
  procstream_child_core_ring (data);
}

void
procstream_child_mute (ProcstreamChild *self)
{
  gboolean at_home = g_thread_self () == self->owner_thread;

  g_atomic_int_set (&self->muted, TRUE);
  if (at_home)
    procstream_mute_block_handlers (G_OBJECT (self));
  if (self->input && at_home)
    procstream_mute_block_handlers (G_OBJECT (self->input));
  if (self->input)
    procstream_input_mute (self->input);
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    {
      if (at_home)
        procstream_mute_block_handlers (G_OBJECT (self->outputs[i]));
      procstream_output_mute (self->outputs[i]);
    }
  /* To be let go of. */
  procstream_child_core_ring (self->core);
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

ProcstreamChild *
procstream_child_new (ProcstreamChildOptions *options)
{
  ProcstreamChild     *self = g_object_new (PROCSTREAM_TYPE_CHILD, NULL);
  ProcstreamInputCore *input;

  self->context = g_main_context_ref_thread_default ();
  self->owner_thread = g_thread_self ();
  self->seen = PROCSTREAM_CHILD_STATE_CREATED;
  g_set_object (&self->stdin_stream, options->stdin_stream);
  self->core = procstream_child_core_new (options, self->context, G_OBJECT (self), advance);
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && procstream_child_core_get_output (self->core, i); i++)
    {
      self->outputs[i] = procstream_output_new_for_core (procstream_child_core_get_output (self->core, i), self->context);
      procstream_output_set_drained_func (self->outputs[i], drained_cb, self->core);
      procstream_output_take_file_writer (self->outputs[i], procstream_child_core_make_writer (self->core, i));
    }
  input = procstream_child_core_get_input (self->core);
  if (input)
    self->input = procstream_input_new_for_core (input, self->context);
  return self;
}

/* It was the last reference: no handler is to be called any more, but the child is not to be forgotten. */
static void
end_bound (ProcstreamChild *self)
{
  ProcstreamChildState state = procstream_child_core_get_state (self->core);
  ProcstreamWaiters   *waiters;

  if (procstream_child_core_get_lifetime (self->core) != PROCSTREAM_LIFETIME_BOUND ||
      state == PROCSTREAM_CHILD_STATE_CREATED || state == PROCSTREAM_CHILD_STATE_FAILED ||
      procstream_child_core_is_gone (self->core))
    return;
  if (state != PROCSTREAM_CHILD_STATE_EXITED && !procstream_child_core_is_being_ended (self->core))
    g_warning ("“%s” (process %d) was let go of while it runs, and is ended, since its lifetime is bound to its object",
               procstream_child_get_name (self), procstream_child_get_pid (self));
  waiters = procstream_child_core_shut_down (self->core, procstream_child_core_get_options (self->core)->shutdown,
                                             PROCSTREAM_CAUSE_TERMINATED, NULL);
  procstream_waiters_unref (waiters);
}

static void
procstream_child_dispose (GObject *object)
{
  ProcstreamChild *self = PROCSTREAM_CHILD (object);

  /* Nothing below is to be touched in a forked copy, where another thread may have held any lock. */
  if (procstream_platform_forked ())
    self->core = NULL;
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    if (self->outputs[i])
      procstream_output_set_drained_func (self->outputs[i], NULL, NULL);
  if (self->core)
    {
      end_bound (self);
      /* Of a child that never started, too: who still holds an output hears that it ended. */
      procstream_child_core_abandon (self->core);
      procstream_child_release_opening (self);
    }
  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS; i++)
    g_clear_object (&self->outputs[i]);
  g_clear_object (&self->input);
  g_clear_object (&self->stdin_stream);
  g_clear_pointer (&self->core, procstream_child_core_unref);
  G_OBJECT_CLASS (procstream_child_parent_class)->dispose (object);
}

static void
procstream_child_finalize (GObject *object)
{
  ProcstreamChild *self = PROCSTREAM_CHILD (object);

  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (procstream_child_parent_class)->finalize (object);
}

static void
procstream_child_get_property (GObject    *object,
                               guint       property_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  ProcstreamChild *self = PROCSTREAM_CHILD (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, procstream_child_get_name (self));
      break;
    case PROP_PID:
      g_value_set_int (value, procstream_child_get_pid (self));
      break;
    case PROP_STATE:
      g_value_set_enum (value, procstream_child_get_state (self));
      break;
    case PROP_EXIT_CODE:
      g_value_set_int (value, procstream_child_get_exit_code (self));
      break;
    case PROP_TERM_SIGNAL:
      g_value_set_int (value, procstream_child_get_term_signal (self));
      break;
    case PROP_ELAPSED_US:
      g_value_set_int64 (value, procstream_child_get_elapsed_us (self));
      break;
    case PROP_RESULT:
      g_value_set_object (value, procstream_child_get_result (self));
      break;
    case PROP_STDIN:
      g_value_set_object (value, procstream_child_get_stdin (self));
      break;
    case PROP_STDOUT:
      g_value_set_object (value, procstream_child_get_stdout (self));
      break;
    case PROP_STDERR:
      g_value_set_object (value, procstream_child_get_stderr (self));
      break;
    case PROP_MERGED:
      g_value_set_object (value, procstream_child_get_merged (self));
      break;
    case PROP_SUBPROCESS:
      g_value_set_object (value, procstream_child_get_subprocess (self));
      break;
    case PROP_LIFETIME:
      g_value_set_enum (value, procstream_child_get_lifetime (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_facts (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamChild:name: (getter get_name)
   *
   * What the child is called in messages.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, readable);
  /**
   * ProcstreamChild:pid: (getter get_pid)
   *
   * The process number: 0 before the program runs, kept after its exit.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, readable);
  /**
   * ProcstreamChild:state: (getter get_state)
   *
   * The state. Its changes are notified in the main context of the child; of
   * several that follow each other quickly only the last may be seen.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, PROCSTREAM_TYPE_CHILD_STATE,
                                              PROCSTREAM_CHILD_STATE_NONE, readable);
  /**
   * ProcstreamChild:exit-code: (getter get_exit_code)
   *
   * What the program gave to `exit()`, or -1 while it has not exited, or when
   * it was killed by a signal.
   *
   * Since: 1.0
   */
  properties[PROP_EXIT_CODE] = g_param_spec_int ("exit-code", NULL, NULL, -1, G_MAXINT, -1, readable);
  /**
   * ProcstreamChild:term-signal: (getter get_term_signal)
   *
   * The number of the signal that killed the process, otherwise 0.
   *
   * Since: 1.0
   */
  properties[PROP_TERM_SIGNAL] = g_param_spec_int ("term-signal", NULL, NULL, 0, G_MAXINT, 0, readable);
  /**
   * ProcstreamChild:elapsed-us: (getter get_elapsed_us)
   *
   * For how long the program has been running, or did run, in microseconds of
   * the monotonic clock. It is not notified.
   *
   * Since: 1.0
   */
  properties[PROP_ELAPSED_US] = g_param_spec_int64 ("elapsed-us", NULL, NULL, 0, G_MAXINT64, 0, readable);
  /**
   * ProcstreamChild:lifetime: (getter get_lifetime)
   *
   * How long the child may live. That it was detached is not notified.
   *
   * Since: 1.0
   */
  properties[PROP_LIFETIME] = g_param_spec_enum ("lifetime", NULL, NULL, PROCSTREAM_TYPE_LIFETIME,
                                                 PROCSTREAM_LIFETIME_UNSET, readable);
  /**
   * ProcstreamChild:result: (getter get_result)
   *
   * How the process ended, or %NULL while it has not.
   *
   * Since: 1.0
   */
  properties[PROP_RESULT] = g_param_spec_object ("result", NULL, NULL, PROCSTREAM_TYPE_RESULT, readable);
}

static void
install_streams (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamChild:stdin: (getter get_stdin)
   *
   * The child's standard input, or %NULL when it is no pipe. That of a child which reads bytes or a
   * stream of the program tells how far that has come.
   *
   * Since: 1.0
   */
  properties[PROP_STDIN] = g_param_spec_object ("stdin", NULL, NULL, PROCSTREAM_TYPE_INPUT, readable);
  /**
   * ProcstreamChild:stdout: (getter get_stdout)
   *
   * The child's standard output. One that is discarded or inherited ends when
   * the child starts.
   *
   * Since: 1.0
   */
  properties[PROP_STDOUT] = g_param_spec_object ("stdout", NULL, NULL, PROCSTREAM_TYPE_OUTPUT, readable);
  /**
   * ProcstreamChild:stderr: (getter get_stderr)
   *
   * The child's standard error. One that is discarded, inherited or merged
   * into the standard output ends when the child starts.
   *
   * Since: 1.0
   */
  properties[PROP_STDERR] = g_param_spec_object ("stderr", NULL, NULL, PROCSTREAM_TYPE_OUTPUT, readable);
  /**
   * ProcstreamChild:merged: (getter get_merged)
   *
   * What the child writes to both outputs, in the order in which it arrives, or %NULL
   * unless [property@Procstream.Launcher:merged-view] was set.
   *
   * Each chunk is one of the standard output or of the standard error, and names it; a
   * line is one of either, whole, never mixed from both. A reliable subscriber that falls
   * behind stops the reading of both. It ends when both have ended, with the error
   * of the one that failed, if any.
   *
   * Since: 1.0
   */
  properties[PROP_MERGED] = g_param_spec_object ("merged", NULL, NULL, PROCSTREAM_TYPE_OUTPUT, readable);
  /**
   * ProcstreamChild:subprocess: (getter get_subprocess)
   *
   * The wrapped subprocess, or %NULL before the program runs. It has no pipes
   * of its own.
   *
   * Since: 1.0
   */
  properties[PROP_SUBPROCESS] = g_param_spec_object ("subprocess", NULL, NULL, G_TYPE_SUBPROCESS, readable);
}

static void
install_signals (void)
{
  /**
   * ProcstreamChild::terminating:
   * @self: the child
   * @phase: what is being done
   *
   * A phase of a shutdown has begun, whoever asked for it: one emission for each, the
   * final kill among them, in their order.
   *
   * Since: 1.0
   */
  signals[TERMINATING] = g_signal_new ("terminating", PROCSTREAM_TYPE_CHILD, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, PROCSTREAM_TYPE_SHUTDOWN_PHASE);
  /**
   * ProcstreamChild::idle:
   * @self: the child
   * @silent_ms: for how long it has written nothing, in milliseconds
   *
   * The child has written nothing for as long as [property@Procstream.Launcher:idle-timeout-ms]
   * says. What is done about it is up to the handler: it may warn, or end the child
   * with [method@Procstream.Child.terminate_async].
   *
   * It counts from the start of the child, and is told of once for each silence: again only after
   * the child has written something, and has then been silent for as long once more. A silence
   * that is over before the main context of the child can tell of it is not told of. Nor is
   * one before the start, during a shutdown, or after the exit or the end of the outputs
   * that are watched.
   *
   * Whether anybody is attached to the outputs makes no difference. Time in which an output is
   * not read, because a reliable consumer is behind, is no silence, and it counts anew
   * from when reading goes on.
   *
   * Since: 1.0
   */
  signals[IDLE] = g_signal_new ("idle", PROCSTREAM_TYPE_CHILD, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  /**
   * ProcstreamChild::exited:
   * @self: the child
   *
   * The process is gone. Output may still come.
   *
   * It is emitted once, and not again to a handler that is connected afterwards:
   * [method@Procstream.Child.wait_async] is for who may be late.
   *
   * Since: 1.0
   */
  signals[EXITED] = g_signal_new ("exited", PROCSTREAM_TYPE_CHILD, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  /**
   * ProcstreamChild::completed:
   * @self: the child
   * @result: how the process ended
   *
   * The process is gone, both outputs have ended, and all their signals have
   * been emitted. It comes after [signal@Procstream.Child::exited]. A child
   * that could not be started emits neither. Collectors have everything by then,
   * unless they are paused or spill to a file, and the files that the configurations of
   * the outputs name are written. Consumers that others drive, such as a
   * [class@Procstream.Reader], that write, or of a class of one's own, may not: each has
   * a [method@Procstream.Consumer.wait].
   *
   * It is emitted once, and not again to a handler that is connected afterwards:
   * [method@Procstream.Child.complete_async] is for who may be late.
   *
   * Since: 1.0
   */
  signals[COMPLETED] = g_signal_new ("completed", PROCSTREAM_TYPE_CHILD, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 1, PROCSTREAM_TYPE_RESULT);
}

static void
procstream_child_class_init (ProcstreamChildClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = procstream_child_dispose;
  object_class->finalize = procstream_child_finalize;
  object_class->get_property = procstream_child_get_property;
  install_facts ();
  install_streams ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
  install_signals ();
}

static void
procstream_child_init (ProcstreamChild *self)
{
}
