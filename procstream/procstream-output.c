/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output.h"

#include "procstream-consumer-private.h"
#include "procstream-emitter-private.h"
#include "procstream-enum-types.h"
#include "procstream-output-private.h"
#include "procstream-platform-private.h"

/**
 * ProcstreamOutput:
 *
 * A broadcast stream of what one side of a child, a descriptor or a
 * [class@Gio.InputStream] gives out.
 *
 * Any number of subscribers follow an output, each at its own pace: each
 * [class@Procstream.Consumer] that was given to [method@Procstream.Output.attach] is
 * one, and all handlers of the signals together are another.
 * Bytes arrive as *chunks*, one for each read; chunks are never empty and
 * never change.
 *
 * ## Signals
 *
 * All signals are emitted in the thread-default main context of the thread that
 * created the object, a bounded slice (2 ms, 1 MiB) per iteration, so that a
 * child that floods its output never freezes a window. All handlers together
 * are one subscriber, with the delivery of the output. A handler that is connected
 * before that context next iterates misses nothing; one that is connected
 * later, and is the only one, gets first what replay kept, and then everything from the next
 * chunk on. Where there are others already, it joins them where they are. After the end new handlers are looked for only when a child hands the output
 * out, as in `child.stdout`: connect right after that, or attach a consumer, which is
 * told of the end at any time. As long as no handler is connected, nothing is emitted, nothing is kept for
 * handlers and nobody is slowed.
 *
 * For each chunk the order is: [signal@Procstream.Output::chunk], then
 * [signal@Procstream.Output::lines] with the lines that it completed, then
 * [signal@Procstream.Output::line] for each of them.
 * [signal@Procstream.Output::ended] is the last.
 *
 * ## Threads
 *
 * The methods may be called from any thread, except where they say otherwise.
 *
 * Since: 1.0
 */

/*
 * The outer object. Below it, Signals is what the thread that reads may know of it: whether handlers are connected. GObject has no
 * way to be told of a connection, so that thread looks, before each chunk, while there is no subscription for them.
 *
 * Signals is atomically counted, held by the outer and by the core's probe. Whenever its mutex is free: outer is the living object,
 * not yet disposed of, or NULL; a subscription is made only under the mutex and only while outer is set, so dispose, which
 * clears it under the mutex and then cancels, is followed by no other one.
 *
 * opening is TRUE from the making until the owner's part of the start is over: until then the subscription at byte 0 is
 * kept, taken from by nobody.
 */
typedef struct
{
  gatomicrefcount       ref_count;
  GMutex                mutex;
  ProcstreamOutput     *outer;
  ProcstreamOutputCore *core; /* valid while outer is set */
  ProcstreamEmitter    *emitter;
  gboolean              subscribed; /* atomic; a hint for the thread that reads */
  gboolean              opening;    /* atomic */
  gboolean              ended;      /* the end was emitted */
} Signals;

struct _ProcstreamOutput
{
  GObject parent_instance;

  ProcstreamOutputCore *core;
  Signals              *signals;
  int                   priority;

  void (*drained) (gpointer);
  gpointer drained_data;
};

/* Languages can construct one without any of the constructors: there is nothing in it. */
#define IS_MADE_BY_CONSTRUCTOR(self) (PROCSTREAM_IS_OUTPUT (self) && (self)->core != NULL)

G_DEFINE_FINAL_TYPE (ProcstreamOutput, procstream_output, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_NAME,
  PROP_STATE,
  PROP_BYTES_RECEIVED,
  PROP_BYTES_DROPPED,
  PROP_BYTES_UNOBSERVED,
  PROP_PRIORITY,
  N_PROPS,
};

enum
{
  CHUNK,
  LINE,
  LINES,
  GAP,
  ENDED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

/* --- What the thread that reads may know -------------------------------------------------------------------------------------- */

static Signals *
signals_ref (Signals *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
signals_unref (gpointer data)
{
  Signals *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->emitter, procstream_emitter_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
has_handler (ProcstreamOutput *self,
             guint             signal)
{
  return g_signal_has_handler_pending (self, signals[signal], 0, TRUE);
}

static gboolean
has_any_handler (ProcstreamOutput *self)
{
  for (guint i = 0; i < N_SIGNALS; i++)
    if (has_handler (self, i))
      return TRUE;
  return FALSE;
}

/* A discarded output has no policy, and nothing that one could apply to. */
static ProcstreamDelivery
get_delivery (ProcstreamOutputCore *core)
{
  ProcstreamDelivery delivery = procstream_output_core_get_settings (core)->delivery;

  return delivery ? delivery : PROCSTREAM_DELIVERY_LOSSY;
}

static void
subscribe_locked (Signals *self)
{
  gboolean wants_lines = has_handler (self->outer, LINE) || has_handler (self->outer, LINES);

  g_atomic_int_set (&self->subscribed, TRUE);
  procstream_emitter_subscribe (self->emitter, self->core, get_delivery (self->core), wants_lines, FALSE);
}

static void
probe (gpointer data)
{
  Signals *self = data;

  if (g_atomic_int_get (&self->subscribed))
    return;
  g_mutex_lock (&self->mutex);
  if (self->outer && !self->subscribed && has_any_handler (self->outer))
    subscribe_locked (self);
  g_mutex_unlock (&self->mutex);
}

/* --- Emission ----------------------------------------------------------------------------------------------------------------- */

static ProcstreamWants
output_wants (gpointer target)
{
  ProcstreamOutput *self = target;
  ProcstreamWants   wants = { 0 };

  wants.hold = g_atomic_int_get (&self->signals->opening);
  /* Only now that the context iterates is the opening over, for consumers too. */
  if (!wants.hold)
    procstream_output_core_set_opening (self->core, FALSE);
  wants.chunks = has_handler (self, CHUNK);
  wants.each_line = has_handler (self, LINE);
  wants.lines = wants.each_line || has_handler (self, LINES);
  wants.anything = wants.chunks || wants.lines || has_handler (self, GAP) || has_handler (self, ENDED);
  return wants;
}

static gboolean
output_chunk (gpointer target,
              GBytes  *bytes)
{
  g_signal_emit (target, signals[CHUNK], 0, bytes);
  return FALSE;
}

static gboolean
output_lines (gpointer             target,
              ProcstreamLineBatch *batch)
{
  if (has_handler (target, LINES))
    g_signal_emit (target, signals[LINES], 0, batch->lines);
  return FALSE;
}

static gboolean
output_line (gpointer    target,
             const char *line)
{
  g_signal_emit (target, signals[LINE], 0, line);
  return FALSE;
}

static gboolean
output_gap (gpointer target,
            guint64  chunks,
            guint64  bytes)
{
  g_signal_emit (target, signals[GAP], 0, chunks, bytes);
  return FALSE;
}

static void
output_ended (gpointer      target,
              const GError *error,
              guint64       bytes_torn)
{
  ProcstreamOutput *self = target;

  self->signals->ended = TRUE;
  g_signal_emit (self, signals[ENDED], 0, error);
}

static void
output_left (gpointer target,
             gboolean ended,
             guint64  bytes_torn)
{
  ProcstreamOutput *self = target;

  g_atomic_int_set (&self->signals->subscribed, FALSE);
  if (self->drained && procstream_output_is_drained (self))
    self->drained (self->drained_data);
}

static const ProcstreamEmitterOps emitter_ops = {
  output_wants,
  output_chunk,
  output_lines,
  output_line,
  output_gap,
  output_ended,
  output_left,
};

/* --- Private interface -------------------------------------------------------------------------------------------------------- */

ProcstreamOutput *
procstream_output_new_for_core (ProcstreamOutputCore *core,
                                GMainContext         *context)
{
  ProcstreamOutput *self = g_object_new (PROCSTREAM_TYPE_OUTPUT, NULL);
  Signals          *record = g_new0 (Signals, 1);

  g_atomic_ref_count_init (&record->ref_count);
  g_mutex_init (&record->mutex);
  record->outer = self;
  record->core = core;
  record->opening = TRUE;
  record->emitter = procstream_emitter_new (&emitter_ops, self, context, procstream_output_core_get_family (core), &procstream_output_core_get_settings (core)->lines);
  self->core = procstream_output_core_ref (core);
  self->signals = record;
  procstream_output_core_hold (core);
  procstream_output_core_set_opening (core, TRUE);
  procstream_output_core_set_probe (core, probe, signals_ref (record), signals_unref);
  g_mutex_lock (&record->mutex);
  subscribe_locked (record);
  g_mutex_unlock (&record->mutex);
  return self;
}

void
procstream_output_release_opening (ProcstreamOutput *self)
{
  g_atomic_int_set (&self->signals->opening, FALSE);
  procstream_emitter_post (self->signals->emitter);
}

void
procstream_output_release_opening_now (ProcstreamOutput *self)
{
  Signals *record = self->signals;

  if (has_any_handler (self))
    return;
  g_mutex_lock (&record->mutex);
  g_atomic_int_set (&record->opening, FALSE);
  procstream_output_core_set_opening (self->core, FALSE);
  procstream_emitter_cancel (record->emitter);
  g_atomic_int_set (&record->subscribed, FALSE);
  g_mutex_unlock (&record->mutex);
}

void
procstream_output_touch (ProcstreamOutput *self)
{
  if (self->signals->ended || self->signals->subscribed || !procstream_output_core_is_ended (self->core))
    return;
  g_mutex_lock (&self->signals->mutex);
  if (!self->signals->subscribed)
    subscribe_locked (self->signals);
  g_mutex_unlock (&self->signals->mutex);
}

gboolean
procstream_output_is_drained (ProcstreamOutput *self)
{
  return procstream_output_core_is_ended (self->core) && !procstream_emitter_is_subscribed (self->signals->emitter);
}

gboolean
procstream_output_has_handlers (ProcstreamOutput *self)
{
  return has_any_handler (self);
}

void
procstream_output_set_drained_func (ProcstreamOutput *self,
                                    void (*func) (gpointer),
                                    gpointer data)
{
  self->drained = func;
  self->drained_data = data;
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_output_dispose (GObject *object)
{
  ProcstreamOutput *self = PROCSTREAM_OUTPUT (object);

  if (self->signals && self->signals->outer && !procstream_platform_forked ())
    {
      g_mutex_lock (&self->signals->mutex);
      self->signals->outer = NULL;
      g_mutex_unlock (&self->signals->mutex);
      procstream_emitter_cancel (self->signals->emitter);
      procstream_output_core_release (self->core);
    }
  G_OBJECT_CLASS (procstream_output_parent_class)->dispose (object);
}

static void
procstream_output_finalize (GObject *object)
{
  ProcstreamOutput *self = PROCSTREAM_OUTPUT (object);

  g_clear_pointer (&self->signals, signals_unref);
  g_clear_pointer (&self->core, procstream_output_core_unref);
  G_OBJECT_CLASS (procstream_output_parent_class)->finalize (object);
}

static void
procstream_output_get_property (GObject    *object,
                                guint       property_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  ProcstreamOutput *self = PROCSTREAM_OUTPUT (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, procstream_output_get_name (self));
      break;
    case PROP_STATE:
      g_value_set_enum (value, procstream_output_get_state (self));
      break;
    case PROP_BYTES_RECEIVED:
      g_value_set_uint64 (value, procstream_output_get_bytes_received (self));
      break;
    case PROP_BYTES_DROPPED:
      g_value_set_uint64 (value, procstream_output_get_bytes_dropped (self));
      break;
    case PROP_BYTES_UNOBSERVED:
      g_value_set_uint64 (value, procstream_output_get_bytes_unobserved (self));
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, self->priority);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_output_set_property (GObject      *object,
                                guint         property_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  switch (property_id)
    {
    case PROP_PRIORITY:
      procstream_output_set_priority (PROCSTREAM_OUTPUT (object), g_value_get_int (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamOutput:name: (getter get_name)
   *
   * What the output is called in messages: `stdout` or `stderr` for those of
   * a child.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, readable);
  /**
   * ProcstreamOutput:state: (getter get_state)
   *
   * The state as it is now. It changes in the thread that reads, so it is not
   * notified: use [signal@Procstream.Output::ended].
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, PROCSTREAM_TYPE_OUTPUT_STATE,
                                              PROCSTREAM_OUTPUT_STATE_NONE, readable);
  /**
   * ProcstreamOutput:bytes-received: (getter get_bytes_received)
   *
   * How many bytes were read so far.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_RECEIVED] = g_param_spec_uint64 ("bytes-received", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamOutput:bytes-dropped: (getter get_bytes_dropped)
   *
   * How many bytes at least one lossy subscriber missed. A byte counts once,
   * however many missed it.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_DROPPED] = g_param_spec_uint64 ("bytes-dropped", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamOutput:bytes-unobserved: (getter get_bytes_unobserved)
   *
   * How many bytes were read while nobody was subscribed and no replay kept
   * them.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_UNOBSERVED] = g_param_spec_uint64 ("bytes-unobserved", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamOutput:priority: (getter get_priority) (setter set_priority)
   *
   * The priority in the main context at which signals are emitted;
   * %G_PRIORITY_DEFAULT unless set.
   *
   * Since: 1.0
   */
  properties[PROP_PRIORITY] = g_param_spec_int ("priority", NULL, NULL, G_MININT, G_MAXINT, G_PRIORITY_DEFAULT,
                                                G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* A va_marshaller saves collecting the arguments in GValues for handlers written in C. */
static guint
add_signal (const char          *name,
            GSignalCMarshaller   marshaller,
            GSignalCVaMarshaller va_marshaller,
            GType                type)
{
  guint id = g_signal_new (name, PROCSTREAM_TYPE_OUTPUT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, marshaller, G_TYPE_NONE, 1, type);

  g_signal_set_va_marshaller (id, PROCSTREAM_TYPE_OUTPUT, va_marshaller);
  return id;
}

static void
install_signals (void)
{
  /**
   * ProcstreamOutput::chunk:
   * @self: the output
   * @bytes: what one read gave; never empty
   *
   * Bytes have arrived. They may be kept by keeping a reference to @bytes.
   *
   * Since: 1.0
   */
  signals[CHUNK] = add_signal ("chunk", g_cclosure_marshal_VOID__BOXED, g_cclosure_marshal_VOID__BOXEDv, G_TYPE_BYTES);
  /**
   * ProcstreamOutput::line:
   * @self: the output
   * @line: one line without its separator: valid UTF-8, where what was not valid, and
   *   NUL, is replaced by U+FFFD
   *
   * A line is complete. See the line options of
   * [class@Procstream.OutputConfig]. Where many lines are expected,
   * [signal@Procstream.Output::lines] is much cheaper.
   *
   * Since: 1.0
   */
  signals[LINE] = add_signal ("line", g_cclosure_marshal_VOID__STRING, g_cclosure_marshal_VOID__STRINGv,
                              G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * ProcstreamOutput::lines:
   * @self: the output
   * @lines: (array zero-terminated=1): lines as those of
   *   [signal@Procstream.Output::line], at least one. In C they must be copied
   *   to be kept.
   *
   * All lines that one chunk completed.
   *
   * Since: 1.0
   */
  /* The static scope spares a copy of every line. It is not safe for boxed types in general, but bindings turn this
   * one into an array of their own strings before they call anything. */
  signals[LINES] = add_signal ("lines", g_cclosure_marshal_VOID__BOXED, g_cclosure_marshal_VOID__BOXEDv,
                               G_TYPE_STRV | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * ProcstreamOutput::gap:
   * @self: the output
   * @chunks: how many chunks
   * @bytes: how many bytes
   *
   * The handlers, which are a lossy subscriber, fell so far behind that this much was
   * dropped between what they got last and what comes next.
   *
   * Since: 1.0
   */
  signals[GAP] = g_signal_new ("gap", PROCSTREAM_TYPE_OUTPUT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 2, G_TYPE_UINT64, G_TYPE_UINT64);
  /**
   * ProcstreamOutput::ended:
   * @self: the output
   * @error: (nullable): why reading failed, or %NULL at the end of file
   *
   * The last signal: everything that came before has been emitted. An output
   * that was closed because nobody was left does not emit it.
   *
   * Since: 1.0
   */
  signals[ENDED] = add_signal ("ended", g_cclosure_marshal_VOID__BOXED, g_cclosure_marshal_VOID__BOXEDv, G_TYPE_ERROR);
}

static void
procstream_output_class_init (ProcstreamOutputClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = procstream_output_dispose;
  object_class->finalize = procstream_output_finalize;
  object_class->get_property = procstream_output_get_property;
  object_class->set_property = procstream_output_set_property;
  install_properties (object_class);
  install_signals ();
}

static void
procstream_output_init (ProcstreamOutput *self)
{
  self->priority = G_PRIORITY_DEFAULT;
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_output_get_name: (get-property name)
 * @self: an output
 *
 * Gets what the output is called.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
procstream_output_get_name (ProcstreamOutput *self)
{
  g_return_val_if_fail (IS_MADE_BY_CONSTRUCTOR (self), NULL);

  return procstream_output_core_get_name (self->core);
}

/**
 * procstream_output_get_state: (get-property state)
 * @self: an output
 *
 * Gets the state as it is now.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
ProcstreamOutputState
procstream_output_get_state (ProcstreamOutput *self)
{
  g_return_val_if_fail (IS_MADE_BY_CONSTRUCTOR (self), PROCSTREAM_OUTPUT_STATE_NONE);

  return procstream_output_core_get_state (self->core);
}

static ProcstreamOutputCounts
get_counts (ProcstreamOutput *self)
{
  ProcstreamOutputCounts counts;

  procstream_output_core_get_counts (self->core, &counts);
  return counts;
}

/**
 * procstream_output_get_bytes_received: (get-property bytes-received)
 * @self: an output
 *
 * Gets how many bytes were read so far.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_output_get_bytes_received (ProcstreamOutput *self)
{
  g_return_val_if_fail (IS_MADE_BY_CONSTRUCTOR (self), 0);

  return get_counts (self).received;
}

/**
 * procstream_output_get_bytes_dropped: (get-property bytes-dropped)
 * @self: an output
 *
 * Gets how many bytes at least one lossy subscriber missed.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_output_get_bytes_dropped (ProcstreamOutput *self)
{
  g_return_val_if_fail (IS_MADE_BY_CONSTRUCTOR (self), 0);

  return get_counts (self).dropped;
}

/**
 * procstream_output_get_bytes_unobserved: (get-property bytes-unobserved)
 * @self: an output
 *
 * Gets how many bytes were read while nobody was subscribed and no replay kept
 * them.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_output_get_bytes_unobserved (ProcstreamOutput *self)
{
  g_return_val_if_fail (IS_MADE_BY_CONSTRUCTOR (self), 0);

  return get_counts (self).unobserved;
}

/**
 * procstream_output_get_priority: (get-property priority)
 * @self: an output
 *
 * Gets the priority at which signals are emitted.
 *
 * Returns: a main loop priority
 *
 * Since: 1.0
 */
int
procstream_output_get_priority (ProcstreamOutput *self)
{
  g_return_val_if_fail (IS_MADE_BY_CONSTRUCTOR (self), G_PRIORITY_DEFAULT);

  return self->priority;
}

/**
 * procstream_output_set_priority: (set-property priority)
 * @self: an output
 * @priority: a main loop priority, such as %G_PRIORITY_LOW
 *
 * Sets the priority at which signals are emitted. Call it in the thread that
 * runs the context.
 *
 * Since: 1.0
 */
void
procstream_output_set_priority (ProcstreamOutput *self,
                                int               priority)
{
  g_return_if_fail (IS_MADE_BY_CONSTRUCTOR (self));

  if (self->priority == priority)
    return;
  self->priority = priority;
  procstream_emitter_set_priority (self->signals->emitter, priority);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PRIORITY]);
}

/**
 * procstream_output_attach:
 * @self: an output
 * @consumer: a consumer that was not attached before
 * @error: return location for an error
 *
 * Attaches a consumer. Nothing that arrives after this call is missed; before it comes
 * what replay kept. An output that has ended can still be attached to: the
 * consumer gets what replay kept, and the end.
 *
 * Returns: %TRUE, or %FALSE with %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the
 *   consumer was attached before, or %G_IO_ERROR_INVALID_ARGUMENT when its class
 *   implements none of the virtual functions, or its options are not valid
 *
 * Since: 1.0
 */
gboolean
procstream_output_attach (ProcstreamOutput   *self,
                          ProcstreamConsumer *consumer,
                          GError            **error)
{
  g_return_val_if_fail (IS_MADE_BY_CONSTRUCTOR (self), FALSE);
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (consumer), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return procstream_platform_check_forked ("attach a consumer", error) &&
         procstream_consumer_attach (consumer, self->core, get_delivery (self->core), error);
}

/**
 * procstream_output_seal_replay:
 * @self: an output
 *
 * Ends replay: what was kept for late subscribers is let go, and nothing
 * more is kept. Those who are attached still get what they were promised.
 * Sealing twice, or where there is no replay, does nothing.
 *
 * Since: 1.0
 */
void
procstream_output_seal_replay (ProcstreamOutput *self)
{
  g_return_if_fail (IS_MADE_BY_CONSTRUCTOR (self));

  procstream_output_core_seal_replay (self->core);
}
