/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output.h"

#include "procstream-consumer-private.h"
#include "procstream-enum-types.h"
#include "procstream-output-private.h"
#include "procstream-output-signals-private.h"
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
 * chunk on. Where there are others already, it joins them where they are. After the end
 * the first handlers get what replay kept, and the end, too. But a connection cannot be noticed then: they are
 * looked for when [property@Procstream.Output:state] is read, and in the next iteration after a child has
 * handed the output out, as in `child.stdout`. So whoever connects to an output that may
 * have ended reads the state right after that; in Python and JavaScript connecting does it. A consumer is
 * told of the end at any time. As long as no handler is connected, nothing is emitted, nothing is kept for
 * handlers and nobody is slowed.
 *
 * For each chunk the order is: [signal@Procstream.Output::chunk],
 * [signal@Procstream.Output::chunk-info], then [signal@Procstream.Output::lines] and
 * [signal@Procstream.Output::joined-lines] with the lines that it completed, then
 * [signal@Procstream.Output::line] for each of them, then
 * [signal@Procstream.Output::line-received] for each of them. A [signal@Procstream.Output::gap] comes before the chunk
 * after it. [signal@Procstream.Output::ended] is the last; what the end completes, a last line without a
 * separator, comes before it.
 *
 * ## Threads
 *
 * The methods may be called from any thread, except where they say otherwise.
 *
 * Since: 1.0
 */

struct _ProcstreamOutput
{
  GObject parent_instance;

  ProcstreamOutputCore    *core;
  ProcstreamOutputSignals *signals;
  int                      priority;
  ProcstreamWriter        *file_writer;       /* constant once the output is known to others */
  int                      file_writer_known; /* atomic: somebody asked for it */
};

/* Languages can construct one without any of the constructors: there is nothing in it. */
static gboolean
is_made_by_constructor (ProcstreamOutput *self)
{
  return PROCSTREAM_IS_OUTPUT (self) && self->core != NULL;
}

G_DEFINE_FINAL_TYPE (ProcstreamOutput, procstream_output, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_NAME,
  PROP_STATE,
  PROP_BYTES_RECEIVED,
  PROP_BYTES_DROPPED,
  PROP_BYTES_UNOBSERVED,
  PROP_CONSUMERS_DROPPED,
  PROP_PRIORITY,
  PROP_FILE_WRITER,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- Private interface -------------------------------------------------------------------------------------------------------- */

ProcstreamOutput *
procstream_output_new_for_core (ProcstreamOutputCore *core,
                                GMainContext         *context)
{
  ProcstreamOutput *self = g_object_new (PROCSTREAM_TYPE_OUTPUT, NULL);

  self->core = procstream_output_core_ref (core);
  procstream_output_core_hold (core);
  self->signals = procstream_output_signals_new (self, core, context);
  procstream_output_signals_open (self->signals);
  return self;
}

ProcstreamOutputSignals *
procstream_output_get_signals (ProcstreamOutput *self)
{
  return self->signals;
}

void
procstream_output_release_opening (ProcstreamOutput *self)
{
  procstream_output_signals_release_opening (self->signals);
}

void
procstream_output_release_opening_now (ProcstreamOutput *self)
{
  procstream_output_signals_release_opening_now (self->signals);
}

void
procstream_output_touch (ProcstreamOutput *self)
{
  procstream_output_signals_touch (self->signals);
}

gboolean
procstream_output_is_drained (ProcstreamOutput *self)
{
  return procstream_output_signals_is_drained (self->signals);
}

gboolean
procstream_output_has_handlers (ProcstreamOutput *self)
{
  return procstream_output_signals_has_handlers (self->signals);
}

void
procstream_output_set_drained_func (ProcstreamOutput *self,
                                    void (*func) (gpointer),
                                    gpointer data)
{
  procstream_output_signals_set_drained_func (self->signals, func, data);
}

void
procstream_output_mute (ProcstreamOutput *self)
{
  procstream_output_signals_mute (self->signals);
  procstream_output_core_mute (self->core);
}

void
procstream_output_take_file_writer (ProcstreamOutput *self,
                                    ProcstreamWriter *writer)
{
  self->file_writer = writer;
}

void
procstream_output_warn_of_file (ProcstreamOutput *self)
{
  g_autoptr (GError) error = NULL;

  if (self->file_writer && !g_atomic_int_get (&self->file_writer_known))
    error = procstream_writer_dup_write_error (self->file_writer);
  if (error)
    g_warning ("%s", error->message);
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_output_dispose (GObject *object)
{
  ProcstreamOutput *self = PROCSTREAM_OUTPUT (object);

  if (self->signals && !procstream_platform_forked () && procstream_output_signals_close (self->signals))
    procstream_output_core_release (self->core);
  G_OBJECT_CLASS (procstream_output_parent_class)->dispose (object);
}

static void
procstream_output_finalize (GObject *object)
{
  ProcstreamOutput *self = PROCSTREAM_OUTPUT (object);

  g_clear_pointer (&self->signals, procstream_output_signals_unref);
  g_clear_pointer (&self->core, procstream_output_core_unref);
  g_clear_object (&self->file_writer);
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
    case PROP_CONSUMERS_DROPPED:
      g_value_set_uint64 (value, procstream_output_get_consumers_dropped (self));
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, self->priority);
      break;
    case PROP_FILE_WRITER:
      g_value_set_object (value, procstream_output_get_file_writer (self));
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
   * them, those included that were held from the start for handlers that did not come.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_UNOBSERVED] = g_param_spec_uint64 ("bytes-unobserved", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamOutput:consumers-dropped: (getter get_consumers_dropped)
   *
   * How many consumers were dropped because they held up the output for longer
   * than their [property@Procstream.Consumer:max-stall-ms].
   *
   * Since: 1.0
   */
  properties[PROP_CONSUMERS_DROPPED] = g_param_spec_uint64 ("consumers-dropped", NULL, NULL, 0, G_MAXUINT64, 0, readable);
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
  /**
   * ProcstreamOutput:file-writer: (getter get_file_writer)
   *
   * The writer of the file that the configuration names for an output that is read, or
   * %NULL. It tells how much was written and what went wrong, and can be waited for, or cancelled. The
   * output, its subscribers and the child go on without it when it fails;
   * [signal@Procstream.Child::completed] comes after it is over. If nobody has asked for it by
   * then, its failure is logged as a warning.
   *
   * Since: 1.0
   */
  properties[PROP_FILE_WRITER] = g_param_spec_object ("file-writer", NULL, NULL, PROCSTREAM_TYPE_WRITER, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
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
  procstream_output_signals_install ();
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
  g_return_val_if_fail (is_made_by_constructor (self), NULL);

  return procstream_output_core_get_name (self->core);
}

/**
 * procstream_output_get_state: (get-property state)
 * @self: an output
 *
 * Gets the state as it is now. Handlers that were connected after the end are noticed
 * by this.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
ProcstreamOutputState
procstream_output_get_state (ProcstreamOutput *self)
{
  g_return_val_if_fail (is_made_by_constructor (self), PROCSTREAM_OUTPUT_STATE_NONE);

  procstream_output_signals_look (self->signals);
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
  g_return_val_if_fail (is_made_by_constructor (self), 0);

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
  g_return_val_if_fail (is_made_by_constructor (self), 0);

  return get_counts (self).dropped;
}

/**
 * procstream_output_get_bytes_unobserved: (get-property bytes-unobserved)
 * @self: an output
 *
 * Gets how many bytes were read while nobody was subscribed and no replay kept
 * them, those included that were held from the start for handlers that did not come.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_output_get_bytes_unobserved (ProcstreamOutput *self)
{
  g_return_val_if_fail (is_made_by_constructor (self), 0);

  return get_counts (self).unobserved;
}

/**
 * procstream_output_get_consumers_dropped: (get-property consumers-dropped)
 * @self: an output
 *
 * Gets how many consumers were dropped because they held up the output for too long.
 *
 * Returns: a number of consumers
 *
 * Since: 1.0
 */
guint64
procstream_output_get_consumers_dropped (ProcstreamOutput *self)
{
  g_return_val_if_fail (is_made_by_constructor (self), 0);

  return procstream_output_core_get_n_dropped (self->core);
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
  g_return_val_if_fail (is_made_by_constructor (self), G_PRIORITY_DEFAULT);

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
  g_return_if_fail (is_made_by_constructor (self));

  if (self->priority == priority)
    return;
  self->priority = priority;
  procstream_output_signals_set_priority (self->signals, priority);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PRIORITY]);
}

/**
 * procstream_output_attach:
 * @self: an output
 * @consumer: a consumer that was not attached before
 * @error: return location for an error
 *
 * Attaches a consumer. Nothing that arrives after this call is missed; before it comes
 * what replay kept, unless it is [property@Procstream.Consumer:live-only]. An output that
 * has ended can still be attached to: the consumer gets what replay kept, and the end.
 *
 * A consumer of lines that is attached in the middle of one begins with the line after it.
 * The rest, which is no line, counts as lost: see
 * [property@Procstream.Consumer:bytes-lost]. A [class@Procstream.LineWaiter] searches it.
 *
 * Returns: %TRUE, or %FALSE with %PROCSTREAM_CHILD_ERROR_WRONG_STATE when the
 *   consumer was attached before, %G_IO_ERROR_INVALID_ARGUMENT when its class
 *   implements none of the virtual functions, or its options are not valid, or
 *   %G_IO_ERROR_BUSY when the output has the backend %PROCSTREAM_BACKEND_SINGLE and
 *   another consumer; that one, and @consumer, are as they were
 *
 * Since: 1.0
 */
gboolean
procstream_output_attach (ProcstreamOutput   *self,
                          ProcstreamConsumer *consumer,
                          GError            **error)
{
  g_return_val_if_fail (is_made_by_constructor (self), FALSE);
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (consumer), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return procstream_platform_check_forked ("attach a consumer", error) &&
         procstream_consumer_attach (consumer, self->core, procstream_output_core_get_delivery (self->core), error);
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
  g_return_if_fail (is_made_by_constructor (self));

  procstream_output_core_seal_replay (self->core);
}

/**
 * procstream_output_get_file_writer: (get-property file-writer)
 * @self: an output
 *
 * Gets the writer of the file that the configuration names for an output that is read.
 *
 * Returns: (transfer none) (nullable): the writer, or %NULL
 *
 * Since: 1.0
 */
ProcstreamWriter *
procstream_output_get_file_writer (ProcstreamOutput *self)
{
  g_return_val_if_fail (is_made_by_constructor (self), NULL);

  g_atomic_int_set (&self->file_writer_known, TRUE);
  return self->file_writer;
}
