/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-log-model-private.h"

/*
 * What a log model keeps at most, and what it has counted. All of it is in the record, where the threads that read find it, but for what is
 * shown, which is the model's own.
 *
 * Numbers of properties follow those of the model, of which there are fewer than FIRST_PROP.
 */
#define FIRST_PROP 100

enum
{
  PROP_MAX_LINES,
  PROP_MAX_BYTES,
  PROP_SHOW_GAPS,
  PROP_BYTES_SHOWN,
  PROP_LINES_DROPPED,
  PROP_GAPS,
  PROP_BYTES_LOST,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- Properties --------------------------------------------------------------------------------------------------------------- */

static void
install_options (void)
{
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamLogModel:max-lines: (getter get_max_lines) (setter set_max_lines)
   *
   * How many lines are shown at most; at least 1. May be changed at any time:
   * what is too much goes with the next iteration.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_LINES] = g_param_spec_uint ("max-lines", NULL, NULL, 1, G_MAXINT, PROCSTREAM_DEFAULT_LOG_LINES, writable);
  /**
   * ProcstreamLogModel:max-bytes: (getter get_max_bytes) (setter set_max_bytes)
   *
   * How many bytes the lines that are shown have at most, without separators; at least 1.
   * A line that is longer than that is dropped, with all before it. May be
   * changed at any time.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_BYTES] = g_param_spec_uint64 ("max-bytes", NULL, NULL, 1, G_MAXUINT64, PROCSTREAM_DEFAULT_LOG_BYTES, writable);
  /**
   * ProcstreamLogModel:show-gaps: (getter get_show_gaps) (setter set_show_gaps)
   *
   * Whether an item stands where bytes of an output that it follows were lost: see
   * [property@Procstream.Line:bytes-lost]. It counts for gaps that come after it was
   * set. They are counted in any case.
   *
   * Since: 1.0
   */
  properties[PROP_SHOW_GAPS] = g_param_spec_boolean ("show-gaps", NULL, NULL, FALSE, writable);
}

static void
install_counts (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamLogModel:bytes-shown: (getter get_bytes_shown)
   *
   * How many bytes the lines that are shown have, without separators. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_SHOWN] = g_param_spec_uint64 ("bytes-shown", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLogModel:lines-dropped: (getter get_lines_dropped)
   *
   * How many lines had to go because of the limits, shown or not. What was cleared
   * does not count.
   *
   * Since: 1.0
   */
  properties[PROP_LINES_DROPPED] = g_param_spec_uint64 ("lines-dropped", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLogModel:gaps: (getter get_gaps)
   *
   * In how many places something was lost before it reached the model, in all
   * outputs together. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_GAPS] = g_param_spec_uint64 ("gaps", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLogModel:bytes-lost: (getter get_bytes_lost)
   *
   * How many bytes were lost in these places, and of lines: of those that they tore
   * apart, of one that had begun before the model followed its output, and of what is
   * longer than a line may be. It is what
   * [property@Procstream.Consumer:bytes-lost] counts, of all outputs together. Not
   * notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_LOST] = g_param_spec_uint64 ("bytes-lost", NULL, NULL, 0, G_MAXUINT64, 0, readable);
}

void
procstream_log_model_limits_install (GObjectClass *object_class)
{
  install_options ();
  install_counts ();
  for (guint i = 0; i < N_PROPS; i++)
    g_object_class_install_property (object_class, FIRST_PROP + i, properties[i]);
}

void
procstream_log_model_limits_init (ProcstreamLogModel *self)
{
  const ProcstreamLogLimits limits = { PROCSTREAM_DEFAULT_LOG_LINES, PROCSTREAM_DEFAULT_LOG_BYTES, FALSE };

  procstream_log_record_set_limits (procstream_log_model_get_record (self), &limits);
}

void
procstream_log_model_limits_notify_dropped (ProcstreamLogModel *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LINES_DROPPED]);
}

void
procstream_log_model_limits_get_property (GObject    *object,
                                          guint       property_id,
                                          GValue     *value,
                                          GParamSpec *pspec)
{
  ProcstreamLogModel *self = PROCSTREAM_LOG_MODEL (object);

  switch (property_id - FIRST_PROP)
    {
    case PROP_MAX_LINES:
      g_value_set_uint (value, procstream_log_model_get_max_lines (self));
      break;
    case PROP_MAX_BYTES:
      g_value_set_uint64 (value, procstream_log_model_get_max_bytes (self));
      break;
    case PROP_SHOW_GAPS:
      g_value_set_boolean (value, procstream_log_model_get_show_gaps (self));
      break;
    case PROP_BYTES_SHOWN:
      g_value_set_uint64 (value, procstream_log_model_get_bytes_shown (self));
      break;
    case PROP_LINES_DROPPED:
      g_value_set_uint64 (value, procstream_log_model_get_lines_dropped (self));
      break;
    case PROP_GAPS:
      g_value_set_uint64 (value, procstream_log_model_get_gaps (self));
      break;
    case PROP_BYTES_LOST:
      g_value_set_uint64 (value, procstream_log_model_get_bytes_lost (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

void
procstream_log_model_limits_set_property (GObject      *object,
                                          guint         property_id,
                                          const GValue *value,
                                          GParamSpec   *pspec)
{
  ProcstreamLogModel *self = PROCSTREAM_LOG_MODEL (object);

  switch (property_id - FIRST_PROP)
    {
    case PROP_MAX_LINES:
      procstream_log_model_set_max_lines (self, g_value_get_uint (value));
      break;
    case PROP_MAX_BYTES:
      procstream_log_model_set_max_bytes (self, g_value_get_uint64 (value));
      break;
    case PROP_SHOW_GAPS:
      procstream_log_model_set_show_gaps (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

static ProcstreamLogLimits
get_limits (ProcstreamLogModel *self)
{
  ProcstreamLogLimits limits;

  procstream_log_record_get_limits (procstream_log_model_get_record (self), &limits);
  return limits;
}

static ProcstreamLogCounts
get_counts (ProcstreamLogModel *self)
{
  ProcstreamLogCounts counts;

  procstream_log_record_get_counts (procstream_log_model_get_record (self), &counts);
  return counts;
}

/**
 * procstream_log_model_get_max_lines: (get-property max-lines)
 * @self: a log model
 *
 * Gets how many lines are shown at most.
 *
 * Returns: a number of lines
 *
 * Since: 1.0
 */
guint
procstream_log_model_get_max_lines (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_limits (self).max_lines;
}

/**
 * procstream_log_model_set_max_lines: (set-property max-lines)
 * @self: a log model
 * @max_lines: a number of lines, at least 1
 *
 * Sets how many lines are shown at most.
 *
 * Since: 1.0
 */
void
procstream_log_model_set_max_lines (ProcstreamLogModel *self,
                                    guint               max_lines)
{
  ProcstreamLogLimits limits;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));
  g_return_if_fail (max_lines >= 1 && max_lines <= G_MAXINT);

  limits = get_limits (self);
  if (limits.max_lines == max_lines)
    return;
  limits.max_lines = max_lines;
  procstream_log_record_set_limits (procstream_log_model_get_record (self), &limits);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_LINES]);
}

/**
 * procstream_log_model_get_max_bytes: (get-property max-bytes)
 * @self: a log model
 *
 * Gets how many bytes the lines that are shown have at most.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_max_bytes (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_limits (self).max_bytes;
}

/**
 * procstream_log_model_set_max_bytes: (set-property max-bytes)
 * @self: a log model
 * @max_bytes: a number of bytes, at least 1
 *
 * Sets how many bytes the lines that are shown have at most.
 *
 * Since: 1.0
 */
void
procstream_log_model_set_max_bytes (ProcstreamLogModel *self,
                                    guint64             max_bytes)
{
  ProcstreamLogLimits limits;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));
  g_return_if_fail (max_bytes >= 1);

  limits = get_limits (self);
  if (limits.max_bytes == max_bytes)
    return;
  limits.max_bytes = max_bytes;
  procstream_log_record_set_limits (procstream_log_model_get_record (self), &limits);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_BYTES]);
}

/**
 * procstream_log_model_get_show_gaps: (get-property show-gaps)
 * @self: a log model
 *
 * Gets whether an item stands where something was lost.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
procstream_log_model_get_show_gaps (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), FALSE);

  return get_limits (self).show_gaps;
}

/**
 * procstream_log_model_set_show_gaps: (set-property show-gaps)
 * @self: a log model
 * @show_gaps: whether to show them
 *
 * Sets whether an item stands where something was lost.
 *
 * Since: 1.0
 */
void
procstream_log_model_set_show_gaps (ProcstreamLogModel *self,
                                    gboolean            show_gaps)
{
  ProcstreamLogLimits limits;

  g_return_if_fail (PROCSTREAM_IS_LOG_MODEL (self));

  limits = get_limits (self);
  if (limits.show_gaps == !!show_gaps)
    return;
  limits.show_gaps = !!show_gaps;
  procstream_log_record_set_limits (procstream_log_model_get_record (self), &limits);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOW_GAPS]);
}

/**
 * procstream_log_model_get_bytes_shown: (get-property bytes-shown)
 * @self: a log model
 *
 * Gets how many bytes the lines that are shown have.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_bytes_shown (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return procstream_line_store_get_bytes (procstream_log_model_get_shown (self));
}

/**
 * procstream_log_model_get_lines_dropped: (get-property lines-dropped)
 * @self: a log model
 *
 * Gets how many lines had to go because of the limits.
 *
 * Returns: a number of lines
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_lines_dropped (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_counts (self).lines_dropped;
}

/**
 * procstream_log_model_get_gaps: (get-property gaps)
 * @self: a log model
 *
 * Gets in how many places something was lost before it reached the model.
 *
 * Returns: a number of gaps
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_gaps (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_counts (self).gaps;
}

/**
 * procstream_log_model_get_bytes_lost: (get-property bytes-lost)
 * @self: a log model
 *
 * Gets how many bytes were lost in gaps and in torn or truncated lines.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_log_model_get_bytes_lost (ProcstreamLogModel *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LOG_MODEL (self), 0);

  return get_counts (self).bytes_lost;
}
