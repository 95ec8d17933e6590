/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Both outputs of children in one order. */

#include "procstream-launcher-private.h"

void
procstream_launcher_install_order (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:merged-view: (getter get_merged_view) (setter set_merged_view)
   *
   * Whether children have a third output, [property@Procstream.Child:merged], with the
   * chunks of both others in the order in which they arrive. These stay what they are.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (merged_view),
                                    g_param_spec_boolean ("merged-view", NULL, NULL, FALSE, flags));
  /**
   * ProcstreamLauncher:merged-config: (getter get_merged_config) (setter set_merged_config)
   *
   * What is different for the merged output, or %NULL. Its backend must be
   * %PROCSTREAM_BACKEND_BROADCAST. Its chunks are those of the others, so its `reader` and
   * `read-chunk-size` mean nothing.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (merged_config),
                                    g_param_spec_object ("merged-config", NULL, NULL, PROCSTREAM_TYPE_OUTPUT_CONFIG, flags));
  /**
   * ProcstreamLauncher:exact-order: (getter get_exact_order) (setter set_exact_order)
   *
   * Whether what children write to both outputs is read in exactly the order in which they
   * write it: the times of the chunks, and a merged output, are in that order.
   *
   * Children then write to sockets in place of pipes, and each of their writes is one
   * chunk. That has limits, which [a guide](order.html) explains: a single write cannot be larger than about
   * twice the system's `net.core.wmem_max` (416 KiB where that is 208 KiB, as Linux has it by
   * default; half a MiB at most), or it fails with `EMSGSIZE`, `/dev/stdout` and
   * `/dev/stderr` cannot be opened, and a child whose output nobody reads any more is told so
   * with an error, and not with `SIGPIPE`. Both outputs must be read by this program.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (exact_order),
                                    g_param_spec_boolean ("exact-order", NULL, NULL, FALSE, flags));
}

static gboolean
set_no_meaning (GError    **error,
                const char *name,
                const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s”: %s", name, what);
  return FALSE;
}

static gboolean
check_merged (ProcstreamLauncher             *self,
              const char                     *name,
              const ProcstreamOutputSettings *settings,
              GError                        **error)
{
  if (self->merge_stderr)
    return set_no_meaning (error, name, "“merged-view” has no meaning together with “merge-stderr”: the standard output has both");
  if (procstream_output_settings_is_read (&settings[0]) && procstream_output_settings_is_read (&settings[1]) && settings[0].reader != settings[1].reader)
    return set_no_meaning (error, name, "for a “merged-view”, both outputs need the same “reader”");
  return TRUE;
}

static gboolean
check_exact (ProcstreamLauncher             *self,
             const char                     *name,
             const ProcstreamOutputSettings *settings,
             GError                        **error)
{
  if (self->merge_stderr)
    return set_no_meaning (error, name, "“exact-order” has no meaning together with “merge-stderr”, which has an exact order");
  if (!procstream_output_settings_is_read (&settings[0]) || !procstream_output_settings_is_read (&settings[1]))
    return set_no_meaning (error, name, "for an “exact-order”, both outputs must be read by this program");
  if (settings[0].reader != settings[1].reader)
    return set_no_meaning (error, name, "for an “exact-order”, both outputs need the same “reader”");
  return TRUE;
}

static gboolean
resolve_merged (ProcstreamLauncher       *self,
                const char               *name,
                ProcstreamOutputSettings *settings,
                GError                  **error)
{
  g_autofree char *owner = g_strdup_printf ("%s (merged)", name);

  if (!self->merged_view && self->merged_config)
    return set_no_meaning (error, name, "“merged-config” has no meaning without “merged-view”");
  if (!self->merged_view)
    return TRUE;
  if (!check_merged (self, name, settings, error) ||
      !procstream_output_config_resolve (self->merged_config, owner, self->delivery, self->replay, self->replay_limit, &settings[2], error))
    return FALSE;
  if (settings[2].backend != PROCSTREAM_BACKEND_BROADCAST)
    return set_no_meaning (error, owner, "the backend of a merged output must be “broadcast”");
  settings[2].reader = settings[procstream_output_settings_is_read (&settings[0]) ? 0 : 1].reader;
  return TRUE;
}

gboolean
procstream_launcher_resolve_order (ProcstreamLauncher       *self,
                                   const char               *name,
                                   ProcstreamOutputSettings *settings,
                                   GError                  **error)
{
  if (self->exact_order && !check_exact (self, name, settings, error))
    return FALSE;
  return resolve_merged (self, name, settings, error);
}

/**
 * procstream_launcher_get_merged_view: (get-property merged-view)
 * @self: a launcher
 *
 * Gets whether children have a merged output.
 *
 * Returns: whether children have a merged output
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_merged_view (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->merged_view;
}

/**
 * procstream_launcher_set_merged_view: (set-property merged-view)
 * @self: a launcher
 * @merged_view: whether children have a merged output
 *
 * Sets whether children have a merged output.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_merged_view (ProcstreamLauncher *self, gboolean merged_view)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "merged-view", merged_view != FALSE);
}

/**
 * procstream_launcher_get_merged_config: (get-property merged-config)
 * @self: a launcher
 *
 * Gets what is different for the merged output.
 *
 * Returns: (transfer none) (nullable): a configuration
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_launcher_get_merged_config (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->merged_config;
}

/**
 * procstream_launcher_set_merged_config: (set-property merged-config)
 * @self: a launcher
 * @merged_config: (nullable): a configuration
 *
 * Sets what is different for the merged output.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_merged_config (ProcstreamLauncher *self, ProcstreamOutputConfig *merged_config)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (merged_config == NULL || PROCSTREAM_IS_OUTPUT_CONFIG (merged_config));

  procstream_launcher_store_object (self, "merged-config", merged_config);
}

/**
 * procstream_launcher_get_exact_order: (get-property exact-order)
 * @self: a launcher
 *
 * Gets whether both outputs are read in the order in which children write.
 *
 * Returns: whether the order is exact
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_exact_order (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->exact_order;
}

/**
 * procstream_launcher_set_exact_order: (set-property exact-order)
 * @self: a launcher
 * @exact_order: whether the order is exact
 *
 * Sets whether both outputs are read in the order in which children write.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_exact_order (ProcstreamLauncher *self, gboolean exact_order)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "exact-order", exact_order != FALSE);
}
