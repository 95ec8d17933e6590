/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer.h"

#include "procstream-consumer-core-private.h"
#include "procstream-consumer-options-private.h"
#include "procstream-consumer-private.h"
#include "procstream-dispatcher-private.h"
#include "procstream-emitter-private.h"
#include "procstream-enum-types.h"
#include "procstream-output-config-private.h"
#include "procstream-platform-private.h"

/**
 * ProcstreamConsumer:
 *
 * Something that follows one output from where it is attached to the end.
 *
 * A consumer is made, set up through its properties, and given to
 * [method@Procstream.Output.attach], once. Then it is waited for with
 * [method@Procstream.Consumer.wait_async] or cancelled. It has a delivery of its own:
 * a reliable log beside a lossy view of the same output is two consumers.
 *
 * The library's own consumers, such as [class@Procstream.Collector] and
 * [class@Procstream.Reader], work in the library's I/O thread, whether a main loop
 * runs or not. Dropping the last reference to one of them cancels it; but a
 * [class@Procstream.Writer] goes on to the end.
 *
 * A class of your own implements [vfunc@Procstream.Consumer.chunk],
 * [vfunc@Procstream.Consumer.chunk_info], [vfunc@Procstream.Consumer.lines],
 * [vfunc@Procstream.Consumer.line_received] or several of them, and, if it likes,
 * [vfunc@Procstream.Consumer.gap] and [vfunc@Procstream.Consumer.ended]. These run in
 * the thread-default main context of the thread that created the consumer, a bounded
 * slice per iteration. Such a consumer stays alive while it is attached.
 *
 * Since: 1.0
 */

/**
 * ProcstreamConsumerClass:
 * @parent_class: the parent class
 * @chunk: bytes have arrived
 * @lines: lines are complete
 * @gap: something was lost
 * @ended: nothing more will come
 * @chunk_info: bytes have arrived; tells what is known of them
 * @line_received: a line is complete; tells what is known of it
 *
 * The virtual functions of a consumer.
 *
 * Since: 1.0
 */

/*
 * The outer object: properties, and, for a class that is not the library's own, the emitter that calls its virtual
 * functions. core->klass tells which of the two it is, constant from the instance init on. The emitter is made at attach, under
 * the protection of the core's single passage from NONE to ATTACHED, and freed in finalize. So are family and label; who asks for them in
 * another thread at that very moment still finds none.
 */
typedef struct
{
  ProcstreamConsumerCore *core;
  ProcstreamEmitter      *emitter; /* atomic */
  GMainContext           *context;
  GThread                *owner_thread;
  gconstpointer           family; /* of the output it is attached to; atomic */
  char                   *label;  /* of that; atomic; NULL: never attached */

  ProcstreamConsumerOptions options;
} ProcstreamConsumerPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (ProcstreamConsumer, procstream_consumer, G_TYPE_OBJECT)

enum
{
  PROP_STATE = PROCSTREAM_CONSUMER_N_OPTIONS, /* the options come before it */
  PROP_GAPS,
  PROP_CHUNKS_LOST,
  PROP_BYTES_LOST,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

#define PRIVATE(self) ((ProcstreamConsumerPrivate *) procstream_consumer_get_instance_private (self))

/* --- Virtual functions of the user ---------------------------------------------------------------------------------------------- */

static ProcstreamWants
consumer_wants (gpointer target)
{
  ProcstreamConsumerClass *klass = PROCSTREAM_CONSUMER_GET_CLASS (target);
  ProcstreamConsumerCore  *core = PRIVATE (target)->core;

  return (ProcstreamWants){ .hold = g_atomic_int_get (&core->holds) > 0 || g_atomic_int_get (&core->paused),
                            .anything = TRUE,
                            .chunks = klass->chunk != NULL,
                            .infos = klass->chunk_info != NULL,
                            .lines = klass->lines != NULL,
                            .records = klass->line_received != NULL };
}

static gboolean
consumer_chunk (gpointer target,
                GBytes  *bytes)
{
  return PROCSTREAM_CONSUMER_GET_CLASS (target)->chunk (target, bytes);
}

static gboolean
consumer_chunk_info (gpointer             target,
                     ProcstreamChunkInfo *info)
{
  return PROCSTREAM_CONSUMER_GET_CLASS (target)->chunk_info (target, info);
}

static gboolean
consumer_lines (gpointer             target,
                ProcstreamLineBatch *batch)
{
  return PROCSTREAM_CONSUMER_GET_CLASS (target)->lines (target, (const char *const *) batch->lines);
}

static gboolean
consumer_line_received (gpointer        target,
                        ProcstreamLine *line)
{
  return PROCSTREAM_CONSUMER_GET_CLASS (target)->line_received (target, line);
}

static gboolean
consumer_gap (gpointer target,
              guint64  chunks,
              guint64  bytes)
{
  ProcstreamConsumerClass *klass = PROCSTREAM_CONSUMER_GET_CLASS (target);

  procstream_consumer_core_count_gap (PRIVATE (target)->core, chunks, bytes);
  return klass->gap && klass->gap (target, chunks, bytes);
}

static void
consumer_ended (gpointer      target,
                const GError *error)
{
  ProcstreamConsumerClass *klass = PROCSTREAM_CONSUMER_GET_CLASS (target);
  ProcstreamConsumerCore  *core = PRIVATE (target)->core;

  if (error)
    core->error = g_error_copy (error);
  if (klass->ended)
    klass->ended (target, error);
}

static void
consumer_left (gpointer target,
               gboolean ended)
{
  ProcstreamConsumerCore *core = PRIVATE (target)->core;
  ProcstreamConsumerState state = PROCSTREAM_CONSUMER_STATE_DONE;

  if (ended)
    state = core->error ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED;
  procstream_consumer_core_finish (core, state, NULL);
}

static void
consumer_muted (gpointer target)
{
  procstream_consumer_end (target, PROCSTREAM_CONSUMER_STATE_CANCELLED);
}

static void
consumer_torn (gpointer target,
               guint64  bytes_torn)
{
  ProcstreamConsumerCore *core = PRIVATE (target)->core;

  /* Only this thread changes it. */
  if (core->bytes_torn == bytes_torn)
    return;
  g_mutex_lock (&core->mutex);
  core->bytes_torn = bytes_torn;
  g_mutex_unlock (&core->mutex);
}

static const ProcstreamEmitterOps emitter_ops = {
  consumer_wants,
  consumer_chunk,
  consumer_lines,
  NULL,
  consumer_gap,
  consumer_ended,
  consumer_left,
  consumer_chunk_info,
  consumer_line_received,
  consumer_muted,
  consumer_torn,
};

/* --- Attaching ---------------------------------------------------------------------------------------------------------------- */

ProcstreamConsumerCore *
procstream_consumer_set_native (ProcstreamConsumer          *self,
                                const ProcstreamNativeClass *klass,
                                gpointer                     native)
{
  ProcstreamConsumerCore *core = PRIVATE (self)->core;

  core->klass = klass;
  core->native = native;
  return core;
}

ProcstreamConsumerCore *
procstream_consumer_get_core (ProcstreamConsumer *self)
{
  return PRIVATE (self)->core;
}

ProcstreamConsumerOptions *
procstream_consumer_get_options (ProcstreamConsumer *self)
{
  return &PRIVATE (self)->options;
}

gconstpointer
procstream_consumer_get_family (ProcstreamConsumer *self)
{
  return g_atomic_pointer_get (&PRIVATE (self)->family);
}

const char *
procstream_consumer_get_label (ProcstreamConsumer *self)
{
  const char *label = g_atomic_pointer_get (&PRIVATE (self)->label);

  return label ? label : "?";
}

ProcstreamSubscription *
procstream_consumer_dup_subscription (ProcstreamConsumer    *self,
                                      ProcstreamOutputCore **output)
{
  ProcstreamConsumerPrivate *priv = PRIVATE (self);
  ProcstreamEmitter         *emitter = g_atomic_pointer_get (&priv->emitter);

  if (priv->core->klass)
    return procstream_consumer_core_dup_subscription (priv->core, output);
  return emitter ? procstream_emitter_dup_subscription (emitter, output) : NULL;
}

GMainContext *
procstream_consumer_get_context (ProcstreamConsumer *self)
{
  return PRIVATE (self)->context;
}

void
procstream_consumer_end (ProcstreamConsumer     *self,
                         ProcstreamConsumerState state)
{
  ProcstreamConsumerPrivate *priv = PRIVATE (self);
  ProcstreamEmitter         *emitter = g_atomic_pointer_get (&priv->emitter);

  if (emitter)
    procstream_emitter_cancel (emitter);
  procstream_consumer_core_end (priv->core, state);
  /* Whoever attaches it meanwhile either sees the new state, or has subscribed it by now. */
  emitter = g_atomic_pointer_get (&priv->emitter);
  if (emitter)
    procstream_emitter_cancel (emitter);
}

void
procstream_consumer_post (ProcstreamConsumer *self)
{
  ProcstreamEmitter *emitter = g_atomic_pointer_get (&PRIVATE (self)->emitter);

  if (emitter)
    procstream_emitter_post (emitter);
}

GThread *
procstream_consumer_get_owner_thread (ProcstreamConsumer *self)
{
  return PRIVATE (self)->owner_thread;
}

static void
remember (ProcstreamConsumerPrivate *priv,
          gconstpointer              family,
          const char                *label)
{
  g_atomic_pointer_set (&priv->family, family);
  g_atomic_pointer_set (&priv->label, g_strdup (label));
}

static void
remember_output (ProcstreamConsumerPrivate *priv,
                 ProcstreamOutputCore      *output)
{
  remember (priv, procstream_output_core_get_family (output), procstream_output_core_get_label (output));
}

gboolean
procstream_consumer_begin (ProcstreamConsumer *self,
                           gconstpointer       family,
                           const char         *label,
                           GError            **error)
{
  ProcstreamConsumerPrivate *priv = PRIVATE (self);

  if (!procstream_consumer_core_begin (priv->core, error))
    return FALSE;
  remember (priv, family, label);
  return TRUE;
}

static gboolean
attach_derived (ProcstreamConsumer          *self,
                ProcstreamOutputCore        *output,
                ProcstreamDelivery           delivery,
                const ProcstreamLineOptions *lines,
                GError                     **error)
{
  ProcstreamConsumerClass   *klass = PROCSTREAM_CONSUMER_GET_CLASS (self);
  ProcstreamConsumerPrivate *priv = PRIVATE (self);
  ProcstreamSubscribeOptions options;

  if (klass->chunk == NULL && klass->chunk_info == NULL && klass->lines == NULL && klass->line_received == NULL &&
      klass->gap == NULL && klass->ended == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "The consumer class “%s” implements none of “chunk”, “chunk_info”, “lines”, “line_received”, “gap” and “ended”", G_OBJECT_TYPE_NAME (self));
      return FALSE;
    }
  if (!procstream_consumer_core_begin_at (priv->core, output, lines, NULL, error))
    return FALSE;
  remember_output (priv, output);
  procstream_consumer_core_get_options (priv->core, output, delivery,
                                        klass->lines || klass->line_received ? procstream_line_options_get_mark (lines) : PROCSTREAM_LINE_MARK_NONE, &options);
  g_atomic_pointer_set (&priv->emitter, procstream_emitter_new (&emitter_ops, self, priv->context, priv->family, lines));
  procstream_emitter_subscribe_full (priv->emitter, output, &options, TRUE);
  /* Another thread may have cancelled it before there was a subscription to end. */
  if (procstream_consumer_core_get_state (priv->core) != PROCSTREAM_CONSUMER_STATE_ATTACHED)
    procstream_emitter_cancel (priv->emitter);
  return TRUE;
}

gboolean
procstream_consumer_attach (ProcstreamConsumer   *self,
                            ProcstreamOutputCore *output,
                            ProcstreamDelivery    inherited,
                            GError              **error)
{
  ProcstreamConsumerPrivate *priv = PRIVATE (self);
  ProcstreamDelivery         delivery = priv->options.delivery ? priv->options.delivery : inherited;
  ProcstreamLineOptions      lines = procstream_consumer_resolve_lines (self, &procstream_output_core_get_settings (output)->lines);
  gboolean                   wants_lines = FALSE;

  if (!procstream_output_settings_check_delivery (delivery, G_OBJECT_TYPE_NAME (self), error) ||
      !procstream_output_settings_check_lines (&lines, G_OBJECT_TYPE_NAME (self), error))
    return FALSE;
  if (priv->core->klass == NULL)
    return attach_derived (self, output, delivery, &lines, error);
  if (!procstream_consumer_core_begin_at (priv->core, output, &lines, &wants_lines, error))
    return FALSE;
  remember_output (priv, output);
  procstream_consumer_core_subscribe (priv->core, output, delivery,
                                      wants_lines ? procstream_line_options_get_mark (&lines) : PROCSTREAM_LINE_MARK_NONE);
  return TRUE;
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_consumer_dispose (GObject *object)
{
  ProcstreamConsumerCore *core = PRIVATE (PROCSTREAM_CONSUMER (object))->core;

  /* Nobody can ask for anything any more. Not for a derived one, which holds itself while attached: it is over, or was never attached. */
  if (core->klass == NULL || !core->klass->outlives_consumer)
    procstream_consumer_cancel (PROCSTREAM_CONSUMER (object));
  G_OBJECT_CLASS (procstream_consumer_parent_class)->dispose (object);
}

static void
procstream_consumer_finalize (GObject *object)
{
  ProcstreamConsumerPrivate *priv = PRIVATE (PROCSTREAM_CONSUMER (object));

  /* An operation that nobody is left to tell the end of. */
  if (priv->core->holds > 0 && !procstream_platform_forked ())
    procstream_dispatcher_release_iterate (priv->context);
  if (priv->emitter)
    procstream_emitter_close (priv->emitter);
  g_clear_pointer (&priv->emitter, procstream_emitter_unref);
  g_clear_pointer (&priv->core, procstream_consumer_core_unref);
  g_clear_pointer (&priv->context, g_main_context_unref);
  g_clear_pointer (&priv->label, g_free);
  procstream_consumer_options_clear (&priv->options);
  G_OBJECT_CLASS (procstream_consumer_parent_class)->finalize (object);
}

static void
procstream_consumer_get_property (GObject    *object,
                                  guint       property_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  ProcstreamConsumer *self = PROCSTREAM_CONSUMER (object);

  switch (property_id)
    {
    case PROP_STATE:
      g_value_set_enum (value, procstream_consumer_get_state (self));
      break;
    case PROP_GAPS:
      g_value_set_uint64 (value, procstream_consumer_get_gaps (self));
      break;
    case PROP_CHUNKS_LOST:
      g_value_set_uint64 (value, procstream_consumer_get_chunks_lost (self));
      break;
    case PROP_BYTES_LOST:
      g_value_set_uint64 (value, procstream_consumer_get_bytes_lost (self));
      break;
    default:
      if (!procstream_consumer_get_option (self, property_id, value))
        procstream_consumer_flow_get_property (object, property_id, value, pspec);
    }
}

static void
procstream_consumer_set_property (GObject      *object,
                                  guint         property_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  if (!procstream_consumer_set_option (PROCSTREAM_CONSUMER (object), property_id, value))
    procstream_consumer_flow_set_property (object, property_id, value, pspec);
}

static void
install_counts (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamConsumer:state: (getter get_state)
   *
   * The state as it is now; not notified, since it may change in any thread: use
   * [method@Procstream.Consumer.wait_async].
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, PROCSTREAM_TYPE_CONSUMER_STATE,
                                              PROCSTREAM_CONSUMER_STATE_NONE, readable);
  /**
   * ProcstreamConsumer:gaps: (getter get_gaps)
   *
   * In how many places something was lost. When delivery is reliable there are
   * at most two: of an output that is lossy itself, what went before it was attached, and,
   * where it was dropped (see [property@Procstream.Consumer:max-stall-ms]), the rest.
   *
   * Since: 1.0
   */
  properties[PROP_GAPS] = g_param_spec_uint64 ("gaps", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamConsumer:chunks-lost: (getter get_chunks_lost)
   *
   * How many chunks were lost in all gaps.
   *
   * Since: 1.0
   */
  properties[PROP_CHUNKS_LOST] = g_param_spec_uint64 ("chunks-lost", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamConsumer:bytes-lost: (getter get_bytes_lost)
   *
   * How many bytes were lost: those in gaps and, for lines, those of lines that a
   * gap tore apart, that it was attached in the middle of, or that were
   * truncated. A class that has both `chunk` and `lines` got some of these bytes
   * in chunks: for those, add up what `gap` says. A [class@Procstream.LineWaiter] searches
   * the rest of a line, which is then not lost; with %PROCSTREAM_MATCH_NEXT what nobody
   * kept of what came after the last match is.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_LOST] = g_param_spec_uint64 ("bytes-lost", NULL, NULL, 0, G_MAXUINT64, 0, readable);
}

static void
procstream_consumer_class_init (ProcstreamConsumerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = procstream_consumer_dispose;
  object_class->finalize = procstream_consumer_finalize;
  object_class->get_property = procstream_consumer_get_property;
  object_class->set_property = procstream_consumer_set_property;
  procstream_consumer_install_options (object_class);
  install_counts ();
  for (guint i = PROP_STATE; i < N_PROPS; i++)
    g_object_class_install_property (object_class, i, properties[i]);
  procstream_consumer_flow_install (object_class);
}

static void
procstream_consumer_init (ProcstreamConsumer *self)
{
  ProcstreamConsumerPrivate *priv = PRIVATE (self);

  priv->core = procstream_consumer_core_new ();
  priv->context = g_main_context_ref_thread_default ();
  priv->owner_thread = g_thread_self ();
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * ProcstreamConsumerClass::chunk:
 * @self: the consumer
 * @bytes: what one read gave; never empty
 *
 * Bytes have arrived.
 *
 * Returns: %TRUE when the consumer is done and wants nothing more
 *
 * Since: 1.0
 */

/**
 * ProcstreamConsumerClass::chunk_info:
 * @self: the consumer
 * @info: what one read gave, and what is known of it
 *
 * Bytes have arrived. It comes after [vfunc@Procstream.Consumer.chunk], for a class that has both.
 *
 * Returns: %TRUE when the consumer is done and wants nothing more
 *
 * Since: 1.0
 */

/**
 * ProcstreamConsumerClass::lines:
 * @self: the consumer
 * @lines: (array zero-terminated=1): the lines that one chunk completed, valid
 *   UTF-8 without separators; at least one
 *
 * Lines are complete.
 *
 * Returns: %TRUE when the consumer is done and wants nothing more
 *
 * Since: 1.0
 */

/**
 * ProcstreamConsumerClass::line_received:
 * @self: the consumer
 * @line: the line: its text, its bytes, and where and when it came
 *
 * A line is complete. It costs an object for each line: where the text is enough,
 * [vfunc@Procstream.Consumer.lines] is much cheaper.
 *
 * Returns: %TRUE when the consumer is done and wants nothing more
 *
 * Since: 1.0
 */

/**
 * ProcstreamConsumerClass::gap:
 * @self: the consumer
 * @chunks: how many chunks were lost here
 * @bytes: how many bytes were lost here
 *
 * The consumer, whose delivery is lossy, fell too far behind.
 *
 * Returns: %TRUE when the consumer is done and wants nothing more
 *
 * Since: 1.0
 */

/**
 * ProcstreamConsumerClass::ended:
 * @self: the consumer
 * @error: (nullable): why reading failed, or %NULL at the end of file
 *
 * Nothing more will come. Not called for a consumer that was done or cancelled.
 *
 * Since: 1.0
 */

/**
 * procstream_consumer_get_state: (get-property state)
 * @self: a consumer
 *
 * Gets the state as it is now.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
ProcstreamConsumerState
procstream_consumer_get_state (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), PROCSTREAM_CONSUMER_STATE_NONE);

  return procstream_consumer_core_get_state (PRIVATE (self)->core);
}

static guint64
get_count (ProcstreamConsumer *self,
           const guint64      *count)
{
  ProcstreamConsumerCore *core = PRIVATE (self)->core;
  guint64                 now;

  procstream_platform_lock_to_read (&core->mutex);
  now = *count;
  procstream_platform_unlock_to_read (&core->mutex);
  return now;
}

/**
 * procstream_consumer_get_gaps: (get-property gaps)
 * @self: a consumer
 *
 * Gets in how many places something was lost.
 *
 * Returns: a number of gaps
 *
 * Since: 1.0
 */
guint64
procstream_consumer_get_gaps (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return get_count (self, &PRIVATE (self)->core->gaps);
}

/**
 * procstream_consumer_get_chunks_lost: (get-property chunks-lost)
 * @self: a consumer
 *
 * Gets how many chunks were lost in all gaps.
 *
 * Returns: a number of chunks
 *
 * Since: 1.0
 */
guint64
procstream_consumer_get_chunks_lost (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return get_count (self, &PRIVATE (self)->core->chunks_lost);
}

/**
 * procstream_consumer_get_bytes_lost: (get-property bytes-lost)
 * @self: a consumer
 *
 * Gets how many bytes were lost in gaps and in torn or truncated lines.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_consumer_get_bytes_lost (ProcstreamConsumer *self)
{
  ProcstreamConsumerCore *core;
  guint64                 bytes;

  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  core = PRIVATE (self)->core;
  procstream_platform_lock_to_read (&core->mutex);
  bytes = core->bytes_lost + core->bytes_torn;
  procstream_platform_unlock_to_read (&core->mutex);
  if (core->klass && core->klass->get_bytes_torn)
    bytes += core->klass->get_bytes_torn (core->native);
  return bytes;
}

/**
 * procstream_consumer_cancel:
 * @self: a consumer
 *
 * Ends the consumer: nothing is given to it any more once this returns, except that a
 * virtual function that runs in another thread at this moment goes on to its end. Whoever
 * waits for it gets %G_IO_ERROR_CANCELLED. The child is not touched. Cancelling one
 * that is over does nothing; one that was never attached can no longer be.
 *
 * Since: 1.0
 */
void
procstream_consumer_cancel (ProcstreamConsumer *self)
{
  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  procstream_consumer_end (self, PROCSTREAM_CONSUMER_STATE_CANCELLED);
}
