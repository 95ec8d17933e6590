/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What belongs to the process of a child. */

#include "procstream-launcher-private.h"

#include "procstream-enum-types.h"

void
procstream_launcher_install_process (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:name: (getter get_name) (setter set_name)
   *
   * What children are called in messages, or %NULL for the name of the program
   * without its directory. Arguments are never part of it.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (name),
                                    g_param_spec_string ("name", NULL, NULL, NULL, flags));
  /**
   * ProcstreamLauncher:cwd: (type filename) (getter get_cwd) (setter set_cwd)
   *
   * The working directory of children, or %NULL for the program's own at the
   * time of the start. A program that is named by a relative path is found
   * from there.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (cwd),
                                    g_param_spec_string ("cwd", NULL, NULL, NULL, flags));
  /**
   * ProcstreamLauncher:containment: (getter get_containment) (setter set_containment)
   *
   * What belongs to a child when it is signalled; its process group unless
   * set.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (containment),
                                    g_param_spec_enum ("containment", NULL, NULL, PROCSTREAM_TYPE_CONTAINMENT, PROCSTREAM_CONTAINMENT_GROUP, flags));
}

/**
 * procstream_launcher_get_name: (get-property name)
 * @self: a launcher
 *
 * Gets what children are called in messages.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL for that of the program
 *
 * Since: 1.0
 */
const char *
procstream_launcher_get_name (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->name;
}

/**
 * procstream_launcher_set_name: (set-property name)
 * @self: a launcher
 * @name: (nullable): what children are called in messages, or %NULL for the name of the
 *   program
 *
 * Sets what children are called in messages.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_name (ProcstreamLauncher *self, const char *name)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_string (self, "name", name);
}

/**
 * procstream_launcher_get_cwd: (get-property cwd)
 * @self: a launcher
 *
 * Gets the working directory of children.
 *
 * Returns: (type filename) (transfer none) (nullable): the directory, or %NULL for
 *   the program's own
 *
 * Since: 1.0
 */
const char *
procstream_launcher_get_cwd (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->cwd;
}

/**
 * procstream_launcher_set_cwd: (set-property cwd)
 * @self: a launcher
 * @cwd: (type filename) (nullable): the working directory of children, or %NULL
 *
 * Sets the working directory of children.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_cwd (ProcstreamLauncher *self, const char *cwd)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_string (self, "cwd", cwd);
}

/**
 * procstream_launcher_get_containment: (get-property containment)
 * @self: a launcher
 *
 * Gets what belongs to a child when it is signalled.
 *
 * Returns: what belongs to a child when it is signalled
 *
 * Since: 1.0
 */
ProcstreamContainment
procstream_launcher_get_containment (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_CONTAINMENT_UNSET);

  return self->containment;
}

/**
 * procstream_launcher_set_containment: (set-property containment)
 * @self: a launcher
 * @containment: what belongs to a child when it is signalled
 *
 * Sets what belongs to a child when it is signalled.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_containment (ProcstreamLauncher *self, ProcstreamContainment containment)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "containment", containment);
}
