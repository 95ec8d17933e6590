/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-limits-private.h"

#include "procstream-output-config-private.h"

/* A part of ProcstreamOutputConfig. Its numbers follow those of the other properties, of which there are fewer than FIRST_PROP. */
#define FIRST_PROP 100

enum
{
  PROP_MAX_REPLAY_BYTES,
  PROP_MAX_STALL_MS,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

void
procstream_output_limits_init (ProcstreamOutputLimits *self)
{
  self->max_replay_bytes = PROCSTREAM_DEFAULT_MAX_REPLAY_BYTES;
  self->max_stall_ms = -1;
}

void
procstream_output_limits_install (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamOutputConfig:max-replay-bytes: (getter get_max_replay_bytes) (setter set_max_replay_bytes)
   *
   * How many bytes %PROCSTREAM_REPLAY_LAST_LINES and %PROCSTREAM_REPLAY_LAST_MS
   * replay at most. Never 0. The other kinds of replay do not look at it: what they
   * keep is bounded by [property@Procstream.OutputConfig:replay-limit], or was asked
   * for without a bound.
   *
   * Of lines that take more, as many whole ones are replayed as fit; only of a line that
   * alone takes more, and that is not followed by another, its last bytes, as many as this. Of
   * what was read in the last milliseconds it is the last bytes, as many as this.
   * The chunk in which that begins is kept whole, so the memory that replay takes is at
   * most this and one chunk.
   *
   * The default is %PROCSTREAM_DEFAULT_MAX_REPLAY_BYTES.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_REPLAY_BYTES] = g_param_spec_uint64 ("max-replay-bytes", NULL, NULL, 0, G_MAXUINT64, PROCSTREAM_DEFAULT_MAX_REPLAY_BYTES, flags);
  /**
   * ProcstreamOutputConfig:max-stall-ms: (getter get_max_stall_ms) (setter set_max_stall_ms)
   *
   * For how long, in milliseconds, a reliable consumer may hold up the output, unless the
   * consumer has its own [property@Procstream.Consumer:max-stall-ms], which says what
   * happens then; or %PROCSTREAM_NO_TIMEOUT for ever. Never 0.
   *
   * The default is %PROCSTREAM_NO_TIMEOUT.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_STALL_MS] = g_param_spec_int64 ("max-stall-ms", NULL, NULL, -1, G_MAXINT64, -1, flags);
  for (guint i = 0; i < N_PROPS; i++)
    g_object_class_install_property (object_class, FIRST_PROP + i, properties[i]);
}

void
procstream_output_limits_get_property (GObject    *config,
                                       guint       property_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  switch (property_id - FIRST_PROP)
    {
    case PROP_MAX_REPLAY_BYTES:
      g_value_set_uint64 (value, procstream_output_config_get_max_replay_bytes (PROCSTREAM_OUTPUT_CONFIG (config)));
      break;
    case PROP_MAX_STALL_MS:
      g_value_set_int64 (value, procstream_output_config_get_max_stall_ms (PROCSTREAM_OUTPUT_CONFIG (config)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (config, property_id, pspec);
    }
}

void
procstream_output_limits_set_property (GObject      *config,
                                       guint         property_id,
                                       const GValue *value,
                                       GParamSpec   *pspec)
{
  switch (property_id - FIRST_PROP)
    {
    case PROP_MAX_REPLAY_BYTES:
      procstream_output_config_set_max_replay_bytes (PROCSTREAM_OUTPUT_CONFIG (config), g_value_get_uint64 (value));
      break;
    case PROP_MAX_STALL_MS:
      procstream_output_config_set_max_stall_ms (PROCSTREAM_OUTPUT_CONFIG (config), g_value_get_int64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (config, property_id, pspec);
    }
}

/**
 * procstream_output_config_get_max_replay_bytes: (get-property max-replay-bytes)
 * @self: a configuration
 *
 * Gets how many bytes lines and milliseconds replay at most.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_output_config_get_max_replay_bytes (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), 0);

  return procstream_output_config_get_limits (self)->max_replay_bytes;
}

/**
 * procstream_output_config_set_max_replay_bytes: (set-property max-replay-bytes)
 * @self: a configuration
 * @max_replay_bytes: a number of bytes
 *
 * Sets how many bytes lines and milliseconds replay at most, for the outputs
 * made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_max_replay_bytes (ProcstreamOutputConfig *self,
                                               guint64                 max_replay_bytes)
{
  ProcstreamOutputLimits *limits;

  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  limits = procstream_output_config_get_limits (self);
  if (limits->max_replay_bytes == max_replay_bytes)
    return;
  limits->max_replay_bytes = max_replay_bytes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_REPLAY_BYTES]);
}

/**
 * procstream_output_config_get_max_stall_ms: (get-property max-stall-ms)
 * @self: a configuration
 *
 * Gets for how long a reliable consumer may hold up the output.
 *
 * Returns: a number of milliseconds, or %PROCSTREAM_NO_TIMEOUT
 *
 * Since: 1.0
 */
gint64
procstream_output_config_get_max_stall_ms (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), -1);

  return procstream_output_config_get_limits (self)->max_stall_ms;
}

/**
 * procstream_output_config_set_max_stall_ms: (set-property max-stall-ms)
 * @self: a configuration
 * @max_stall_ms: a number of milliseconds, or %PROCSTREAM_NO_TIMEOUT
 *
 * Sets for how long a reliable consumer may hold up the output, for the outputs
 * made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_max_stall_ms (ProcstreamOutputConfig *self,
                                           gint64                  max_stall_ms)
{
  ProcstreamOutputLimits *limits;

  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));
  g_return_if_fail (max_stall_ms >= -1);

  limits = procstream_output_config_get_limits (self);
  if (limits->max_stall_ms == max_stall_ms)
    return;
  limits->max_stall_ms = max_stall_ms;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_STALL_MS]);
}
