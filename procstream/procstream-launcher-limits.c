/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What children may use at most. */

#include "procstream-launcher-private.h"

static gboolean
is_limit (ProcstreamLimit limit)
{
  return limit > PROCSTREAM_LIMIT_UNSET && limit < PROCSTREAM_N_LIMITS;
}

/**
 * procstream_launcher_set_limit:
 * @self: a launcher
 * @limit: what to limit
 * @soft: the limit, in the unit that @limit says, or %PROCSTREAM_NO_LIMIT
 * @hard: up to where a child may raise it itself, or %PROCSTREAM_NO_LIMIT; not
 *   less than @soft
 *
 * Limits what each process among the children may use, as setrlimit(2) does.
 * What a child starts inherits the limits, and each has them for itself, except for
 * those that count for all processes of the user.
 *
 * Raising a hard limit above the program's own needs a privilege; without it,
 * the start fails with %G_IO_ERROR_PERMISSION_DENIED.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_limit (ProcstreamLauncher *self,
                               ProcstreamLimit     limit,
                               gint64              soft,
                               gint64              hard)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (is_limit (limit));
  g_return_if_fail (soft >= PROCSTREAM_NO_LIMIT && hard >= PROCSTREAM_NO_LIMIT);
  g_return_if_fail (hard == PROCSTREAM_NO_LIMIT || (soft != PROCSTREAM_NO_LIMIT && soft <= hard));

  self->settings.limits[limit] = (ProcstreamLimitValue){ TRUE, soft, hard };
}

/**
 * procstream_launcher_unset_limit:
 * @self: a launcher
 * @limit: what not to limit
 *
 * Takes [method@Procstream.Launcher.set_limit] back: children get the program's
 * own limit.
 *
 * Since: 1.0
 */
void
procstream_launcher_unset_limit (ProcstreamLauncher *self,
                                 ProcstreamLimit     limit)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (is_limit (limit));

  self->settings.limits[limit] = (ProcstreamLimitValue){ 0 };
}

/**
 * procstream_launcher_get_limit:
 * @self: a launcher
 * @limit: what may be limited
 * @soft: (out) (optional): return location for the limit
 * @hard: (out) (optional): return location for up to where a child may raise it
 *
 * Gets what was set with [method@Procstream.Launcher.set_limit].
 *
 * Returns: %TRUE when it was set; when %FALSE, both are %PROCSTREAM_NO_LIMIT
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_limit (ProcstreamLauncher *self,
                               ProcstreamLimit     limit,
                               gint64             *soft,
                               gint64             *hard)
{
  const ProcstreamLimitValue *value;

  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);
  g_return_val_if_fail (is_limit (limit), FALSE);

  value = &self->settings.limits[limit];
  if (soft)
    *soft = value->set ? value->soft : PROCSTREAM_NO_LIMIT;
  if (hard)
    *hard = value->set ? value->hard : PROCSTREAM_NO_LIMIT;
  return value->set;
}
