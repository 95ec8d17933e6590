/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What belongs to the guard of a tree. */

#include "procstream-launcher-private.h"

#include "procstream-guard-private.h"

void
procstream_launcher_install_guard (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:guard-grace-ms: (getter get_guard_grace_ms) (setter set_guard_grace_ms)
   *
   * With %PROCSTREAM_CONTAINMENT_TREE, how many milliseconds the guard leaves to who is
   * left when the child or the program has ended, from the signal that asks
   * them to end to `SIGKILL`. With 0 they are killed at once. 2000 unless set,
   * which lets a program save its work without trying the patience of who waits. With a negative value no child is made.
   *
   * A shutdown has phases of its own; this does not prolong them.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (settings.guard_grace_ms),
                                    g_param_spec_int ("guard-grace-ms", NULL, NULL, G_MININT, G_MAXINT, PROCSTREAM_GUARD_GRACE_MS, flags));
  /**
   * ProcstreamLauncher:keep-descendants: (getter get_keep_descendants) (setter set_keep_descendants)
   *
   * With %PROCSTREAM_CONTAINMENT_TREE, whether what a child started may outlive
   * it, as the daemon does that a script has started. Then
   * [signal@Procstream.Child::exited] comes with the exit of the child itself, and the
   * rest of the tree goes on until [method@Procstream.Child.terminate] or
   * [method@Procstream.Child.kill] ends it, its lifetime does, or the program is gone.
   *
   * Unless set nothing outlives a child: what it leaves is asked to end by `SIGTERM`, and killed
   * after [property@Procstream.Launcher:guard-grace-ms], before
   * [signal@Procstream.Child::exited].
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (settings.keep_descendants),
                                    g_param_spec_boolean ("keep-descendants", NULL, NULL, FALSE, flags));
}

/**
 * procstream_launcher_get_guard_grace_ms: (get-property guard-grace-ms)
 * @self: a launcher
 *
 * Gets how long the guard waits between asking and killing.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
int
procstream_launcher_get_guard_grace_ms (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->settings.guard_grace_ms;
}

/**
 * procstream_launcher_set_guard_grace_ms: (set-property guard-grace-ms)
 * @self: a launcher
 * @guard_grace_ms: milliseconds, 0 to kill at once
 *
 * Sets how long the guard waits between asking and killing.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_guard_grace_ms (ProcstreamLauncher *self, int guard_grace_ms)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "guard-grace-ms", guard_grace_ms);
}

/**
 * procstream_launcher_get_keep_descendants: (get-property keep-descendants)
 * @self: a launcher
 *
 * Gets whether what a child started may outlive it.
 *
 * Returns: %TRUE if it may
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_keep_descendants (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->settings.keep_descendants;
}

/**
 * procstream_launcher_set_keep_descendants: (set-property keep-descendants)
 * @self: a launcher
 * @keep_descendants: %TRUE if it may
 *
 * Sets whether what a child started may outlive it.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_keep_descendants (ProcstreamLauncher *self, gboolean keep_descendants)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "keep-descendants", keep_descendants);
}
