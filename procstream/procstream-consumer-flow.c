/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer.h"

#include "procstream-consumer-core-private.h"
#include "procstream-consumer-private.h"
#include "procstream-emitter-private.h"
#include "procstream-platform-private.h"

/*
 * How a consumer stands to the flow of its output: where it begins, that it stands still for a while, how far behind it is, and for how long
 * it may hold up the others. All of it is kept in the core.
 *
 * paused changes under flow_mutex, which is held until the subscription was told, so of two threads the last one that changes it here is
 * also the last one to tell. It is taken before the locks of the output and never inside them, unlike the mutex of the core. For a class that is
 * not the library's own the subscription is not told: its emitter looks at paused before whatever it does next, since what was taken and
 * not yet given has to wait too; whoever resumes posts it.
 *
 * Numbers of properties follow those of the others, of which there are fewer than FIRST_PROP.
 */
#define FIRST_PROP 100

enum
{
  PROP_LIVE_ONLY,
  PROP_MAX_STALL_MS,
  PROP_PAUSED,
  PROP_LAG_CHUNKS,
  PROP_LAG_BYTES,
  PROP_LAG_US,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- Properties --------------------------------------------------------------------------------------------------------------- */

static void
install_options (void)
{
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamConsumer:live-only: (getter get_live_only) (setter set_live_only)
   *
   * Whether the consumer gets only what arrives after it was attached, and nothing of
   * what replay kept, or of the beginning of a child that was just spawned. Read when it
   * is attached.
   *
   * Since: 1.0
   */
  properties[PROP_LIVE_ONLY] = g_param_spec_boolean ("live-only", NULL, NULL, FALSE, writable);
  /**
   * ProcstreamConsumer:max-stall-ms: (getter get_max_stall_ms) (setter set_max_stall_ms)
   *
   * For how long the consumer, when its delivery is reliable, may hold up the output without
   * a break, in milliseconds; %PROCSTREAM_NO_TIMEOUT for ever, and 0 for what the
   * output's [property@Procstream.OutputConfig:max-stall-ms] says. Read when it is attached.
   *
   * A consumer holds up the output while reading is paused and more than half a live
   * window of what arrived since it was attached waits for it. One that does so for
   * longer is dropped, so that the others, and the child, go on: it fails with
   * %PROCSTREAM_CHILD_ERROR_STALLED, what it had not taken is counted as a last gap, and
   * the output's [property@Procstream.Output:consumers-dropped] counts it. Whether it is
   * paused, or slow, or does nothing at all, is all the same.
   *
   * A class of one's own is told by its functions, `gap` and then `ended`, as soon
   * as its main context iterates and it is not paused, and is attached until then; one of
   * the library's own has failed at once.
   *
   * The handlers of the signals of an output are never dropped: there is nobody to tell.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_STALL_MS] = g_param_spec_int64 ("max-stall-ms", NULL, NULL, -1, G_MAXINT64, 0, writable);
}

static void
install_state (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamConsumer:paused: (getter is_paused)
   *
   * Whether the consumer stands still; see [method@Procstream.Consumer.pause]. Not
   * notified, since it may change in any thread.
   *
   * Since: 1.0
   */
  properties[PROP_PAUSED] = g_param_spec_boolean ("paused", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamConsumer:lag-chunks: (getter get_lag_chunks)
   *
   * How many chunks the output has that the consumer has not taken yet and will get, now.
   * What it lost is not among them, whether it was told of that by now or not. 0
   * when it is not attached.
   *
   * Since: 1.0
   */
  properties[PROP_LAG_CHUNKS] = g_param_spec_uint64 ("lag-chunks", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamConsumer:lag-bytes: (getter get_lag_bytes)
   *
   * How many bytes the chunks of [property@Procstream.Consumer:lag-chunks] have.
   *
   * Since: 1.0
   */
  properties[PROP_LAG_BYTES] = g_param_spec_uint64 ("lag-bytes", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamConsumer:lag-us: (getter get_lag_us)
   *
   * How long ago, in microseconds of the monotonic clock, the oldest of the chunks of
   * [property@Procstream.Consumer:lag-chunks] was read from the child; 0 when there is none.
   *
   * Since: 1.0
   */
  properties[PROP_LAG_US] = g_param_spec_int64 ("lag-us", NULL, NULL, 0, G_MAXINT64, 0, readable);
}

void
procstream_consumer_flow_install (GObjectClass *object_class)
{
  install_options ();
  install_state ();
  for (guint i = 0; i < N_PROPS; i++)
    g_object_class_install_property (object_class, FIRST_PROP + i, properties[i]);
}

void
procstream_consumer_flow_get_property (GObject    *object,
                                       guint       property_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  ProcstreamConsumer *self = PROCSTREAM_CONSUMER (object);

  switch (property_id - FIRST_PROP)
    {
    case PROP_LIVE_ONLY:
      g_value_set_boolean (value, procstream_consumer_get_live_only (self));
      break;
    case PROP_MAX_STALL_MS:
      g_value_set_int64 (value, procstream_consumer_get_max_stall_ms (self));
      break;
    case PROP_PAUSED:
      g_value_set_boolean (value, procstream_consumer_is_paused (self));
      break;
    case PROP_LAG_CHUNKS:
      g_value_set_uint64 (value, procstream_consumer_get_lag_chunks (self));
      break;
    case PROP_LAG_BYTES:
      g_value_set_uint64 (value, procstream_consumer_get_lag_bytes (self));
      break;
    case PROP_LAG_US:
      g_value_set_int64 (value, procstream_consumer_get_lag_us (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

void
procstream_consumer_flow_set_property (GObject      *object,
                                       guint         property_id,
                                       const GValue *value,
                                       GParamSpec   *pspec)
{
  ProcstreamConsumer *self = PROCSTREAM_CONSUMER (object);

  switch (property_id - FIRST_PROP)
    {
    case PROP_LIVE_ONLY:
      procstream_consumer_set_live_only (self, g_value_get_boolean (value));
      break;
    case PROP_MAX_STALL_MS:
      procstream_consumer_set_max_stall_ms (self, g_value_get_int64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_consumer_get_live_only: (get-property live-only)
 * @self: a consumer
 *
 * Gets whether the consumer gets only what arrives after it was attached.
 *
 * Returns: %TRUE when it gets nothing of before
 *
 * Since: 1.0
 */
gboolean
procstream_consumer_get_live_only (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), FALSE);

  return procstream_consumer_get_core (self)->live_only;
}

/**
 * procstream_consumer_set_live_only: (set-property live-only)
 * @self: a consumer
 * @live_only: %TRUE to get nothing of before
 *
 * Sets whether the consumer gets only what arrives after it was attached. It counts
 * when the consumer is attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_live_only (ProcstreamConsumer *self,
                                   gboolean            live_only)
{
  ProcstreamConsumerCore *core;

  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  core = procstream_consumer_get_core (self);
  if (core->live_only == !!live_only)
    return;
  core->live_only = !!live_only;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LIVE_ONLY]);
}

/**
 * procstream_consumer_get_max_stall_ms: (get-property max-stall-ms)
 * @self: a consumer
 *
 * Gets for how long the consumer may hold up the output.
 *
 * Returns: a number of milliseconds, %PROCSTREAM_NO_TIMEOUT, or 0 for that of the
 *   output
 *
 * Since: 1.0
 */
gint64
procstream_consumer_get_max_stall_ms (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return procstream_consumer_get_core (self)->max_stall_ms;
}

/**
 * procstream_consumer_set_max_stall_ms: (set-property max-stall-ms)
 * @self: a consumer
 * @max_stall_ms: a number of milliseconds, %PROCSTREAM_NO_TIMEOUT, or 0 for that of
 *   the output
 *
 * Sets for how long the consumer may hold up the output. It counts when the consumer is
 * attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_max_stall_ms (ProcstreamConsumer *self,
                                      gint64              max_stall_ms)
{
  ProcstreamConsumerCore *core;

  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));
  g_return_if_fail (max_stall_ms >= -1);

  core = procstream_consumer_get_core (self);
  if (core->max_stall_ms == max_stall_ms)
    return;
  core->max_stall_ms = max_stall_ms;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_STALL_MS]);
}

/**
 * procstream_consumer_is_paused: (get-property paused)
 * @self: a consumer
 *
 * Gets whether the consumer stands still.
 *
 * Returns: %TRUE after [method@Procstream.Consumer.pause], until
 *   [method@Procstream.Consumer.resume]
 *
 * Since: 1.0
 */
gboolean
procstream_consumer_is_paused (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), FALSE);

  return g_atomic_int_get (&procstream_consumer_get_core (self)->paused);
}

static void
set_paused (ProcstreamConsumer *self,
            gboolean            paused)
{
  if (procstream_platform_forked ())
    return;
  procstream_consumer_core_set_paused (procstream_consumer_get_core (self), paused);
  if (!paused)
    procstream_consumer_post (self);
}

/**
 * procstream_consumer_pause:
 * @self: a consumer
 *
 * Lets the consumer stand still: nothing new is given to it once this returns, neither
 * chunks nor the end, except that a virtual function that runs in another thread at
 * this moment goes on to its end. What it is to get waits in the output: when its delivery
 * is reliable, the child in the end waits too, and when it is lossy, it may find a gap
 * when it is resumed.
 *
 * From a [class@Procstream.Reader] whatever it has taken from the output already can still
 * be read; a read that needs more waits.
 *
 * It may be called from any thread, in the consumer's own functions, and before it is
 * attached. Pausing one that is paused does nothing: one
 * [method@Procstream.Consumer.resume] is enough. A paused consumer can be cancelled and
 * disposed of like any other.
 *
 * Since: 1.0
 */
void
procstream_consumer_pause (ProcstreamConsumer *self)
{
  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  set_paused (self, TRUE);
}

/**
 * procstream_consumer_resume:
 * @self: a consumer
 *
 * Lets a paused consumer go on where it stood. Nothing is given to a class of one's own
 * within this call, only when its main context iterates. From any thread; one that is not
 * paused is left alone.
 *
 * Since: 1.0
 */
void
procstream_consumer_resume (ProcstreamConsumer *self)
{
  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  set_paused (self, FALSE);
}

static ProcstreamLag
get_lag (ProcstreamConsumer *self)
{
  ProcstreamConsumerCore *core = procstream_consumer_get_core (self);
  ProcstreamSubscription *subscription;
  ProcstreamOutputCore   *output;
  ProcstreamLag           lag = { 0 };

  if (procstream_platform_forked ())
    return lag;
  if (core->klass)
    {
      procstream_consumer_core_add_lag (core, &lag);
      return lag;
    }
  subscription = procstream_consumer_dup_subscription (self, &output);
  if (subscription == NULL)
    return lag;
  procstream_output_core_get_lag (output, subscription, &lag);
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);
  return lag;
}

/**
 * procstream_consumer_get_lag_chunks: (get-property lag-chunks)
 * @self: a consumer
 *
 * Gets how many chunks it has not taken yet and will get.
 *
 * Returns: a number of chunks; 0 in a forked copy of the program
 *
 * Since: 1.0
 */
guint64
procstream_consumer_get_lag_chunks (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return get_lag (self).chunks;
}

/**
 * procstream_consumer_get_lag_bytes: (get-property lag-bytes)
 * @self: a consumer
 *
 * Gets how many bytes it has not taken yet and will get.
 *
 * Returns: a number of bytes; 0 in a forked copy of the program
 *
 * Since: 1.0
 */
guint64
procstream_consumer_get_lag_bytes (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return get_lag (self).bytes;
}

/**
 * procstream_consumer_get_lag_us: (get-property lag-us)
 * @self: a consumer
 *
 * Gets how long the oldest chunk that it has not taken yet waits for it.
 *
 * Returns: a number of microseconds; 0 in a forked copy of the program
 *
 * Since: 1.0
 */
gint64
procstream_consumer_get_lag_us (ProcstreamConsumer *self)
{
  ProcstreamLag lag;

  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  lag = get_lag (self);
  return lag.chunks > 0 ? g_get_monotonic_time () - lag.oldest_us : 0;
}
