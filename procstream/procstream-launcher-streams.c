/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the streams of children are made of. */

#include "procstream-launcher-private.h"

#include "procstream-enum-types.h"

void
procstream_launcher_install_streams (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:delivery: (getter get_delivery) (setter set_delivery)
   *
   * What happens when a subscriber of an output does not keep up. It has no
   * default.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (delivery),
                                    g_param_spec_enum ("delivery", NULL, NULL, PROCSTREAM_TYPE_DELIVERY, PROCSTREAM_DELIVERY_UNSET, flags));
  /**
   * ProcstreamLauncher:replay: (getter get_replay) (setter set_replay)
   *
   * What the outputs keep for late subscribers. It has no default.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (replay),
                                    g_param_spec_enum ("replay", NULL, NULL, PROCSTREAM_TYPE_REPLAY, PROCSTREAM_REPLAY_UNSET, flags));
  /**
   * ProcstreamLauncher:replay-limit: (getter get_replay_limit) (setter set_replay_limit)
   *
   * How many chunks, bytes, lines or milliseconds are kept where [property@Procstream.Launcher:replay]
   * has a limit.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (replay_limit),
                                    g_param_spec_uint64 ("replay-limit", NULL, NULL, 0, G_MAXUINT64, 0, flags));
  /**
   * ProcstreamLauncher:merge-stderr: (getter get_merge_stderr) (setter set_merge_stderr)
   *
   * Whether what a child writes to its standard error goes where its standard
   * output goes, in the order in which it is written. The child's own
   * [property@Procstream.Child:stderr] then ends when it starts.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (merge_stderr),
                                    g_param_spec_boolean ("merge-stderr", NULL, NULL, FALSE, flags));
  /**
   * ProcstreamLauncher:stdout-config: (getter get_stdout_config) (setter set_stdout_config)
   *
   * What is different for the standard output, or %NULL.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (stdout_config),
                                    g_param_spec_object ("stdout-config", NULL, NULL, PROCSTREAM_TYPE_OUTPUT_CONFIG, flags));
  /**
   * ProcstreamLauncher:stderr-config: (getter get_stderr_config) (setter set_stderr_config)
   *
   * What is different for the standard error, or %NULL. It must be %NULL when
   * the standard error is merged.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (stderr_config),
                                    g_param_spec_object ("stderr-config", NULL, NULL, PROCSTREAM_TYPE_OUTPUT_CONFIG, flags));
}

/**
 * procstream_launcher_get_delivery: (get-property delivery)
 * @self: a launcher
 *
 * Gets the delivery of both outputs.
 *
 * Returns: the delivery of both outputs
 *
 * Since: 1.0
 */
ProcstreamDelivery
procstream_launcher_get_delivery (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_DELIVERY_UNSET);

  return self->delivery;
}

/**
 * procstream_launcher_set_delivery: (set-property delivery)
 * @self: a launcher
 * @delivery: the delivery of both outputs
 *
 * Sets the delivery of both outputs.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_delivery (ProcstreamLauncher *self, ProcstreamDelivery delivery)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "delivery", delivery);
}

/**
 * procstream_launcher_get_replay: (get-property replay)
 * @self: a launcher
 *
 * Gets what the outputs keep for late subscribers.
 *
 * Returns: what the outputs keep for late subscribers
 *
 * Since: 1.0
 */
ProcstreamReplay
procstream_launcher_get_replay (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_REPLAY_UNSET);

  return self->replay;
}

/**
 * procstream_launcher_set_replay: (set-property replay)
 * @self: a launcher
 * @replay: what the outputs keep for late subscribers
 *
 * Sets what the outputs keep for late subscribers.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_replay (ProcstreamLauncher *self, ProcstreamReplay replay)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "replay", replay);
}

/**
 * procstream_launcher_get_replay_limit: (get-property replay-limit)
 * @self: a launcher
 *
 * Gets how many chunks or bytes replay keeps.
 *
 * Returns: how many chunks or bytes replay keeps
 *
 * Since: 1.0
 */
guint64
procstream_launcher_get_replay_limit (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->replay_limit;
}

/**
 * procstream_launcher_set_replay_limit: (set-property replay-limit)
 * @self: a launcher
 * @replay_limit: how many chunks or bytes replay keeps
 *
 * Sets how many chunks or bytes replay keeps.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_replay_limit (ProcstreamLauncher *self, guint64 replay_limit)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_uint64 (self, "replay-limit", replay_limit);
}

/**
 * procstream_launcher_get_merge_stderr: (get-property merge-stderr)
 * @self: a launcher
 *
 * Gets whether the standard error goes where the standard output goes.
 *
 * Returns: %TRUE when it does
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_merge_stderr (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->merge_stderr;
}

/**
 * procstream_launcher_set_merge_stderr: (set-property merge-stderr)
 * @self: a launcher
 * @merge_stderr: whether the standard error goes where the standard output goes
 *
 * Sets whether the standard error goes where the standard output goes.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_merge_stderr (ProcstreamLauncher *self, gboolean merge_stderr)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "merge-stderr", !!merge_stderr);
}

/**
 * procstream_launcher_get_stdout_config: (get-property stdout-config)
 * @self: a launcher
 *
 * Gets what is different for the standard output.
 *
 * Returns: (transfer none) (nullable): the configuration, or %NULL
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_launcher_get_stdout_config (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->stdout_config;
}

/**
 * procstream_launcher_set_stdout_config: (set-property stdout-config)
 * @self: a launcher
 * @stdout_config: (nullable): a configuration, or %NULL
 *
 * Sets what is different for the standard output.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stdout_config (ProcstreamLauncher *self, ProcstreamOutputConfig *stdout_config)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (stdout_config == NULL || PROCSTREAM_IS_OUTPUT_CONFIG (stdout_config));

  procstream_launcher_store_object (self, "stdout-config", stdout_config);
}

/**
 * procstream_launcher_get_stderr_config: (get-property stderr-config)
 * @self: a launcher
 *
 * Gets what is different for the standard error.
 *
 * Returns: (transfer none) (nullable): the configuration, or %NULL
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_launcher_get_stderr_config (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->stderr_config;
}

/**
 * procstream_launcher_set_stderr_config: (set-property stderr-config)
 * @self: a launcher
 * @stderr_config: (nullable): a configuration, or %NULL
 *
 * Sets what is different for the standard error.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stderr_config (ProcstreamLauncher *self, ProcstreamOutputConfig *stderr_config)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (stderr_config == NULL || PROCSTREAM_IS_OUTPUT_CONFIG (stderr_config));

  procstream_launcher_store_object (self, "stderr-config", stderr_config);
}
