/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What children may use at most. */

#include "procstream-collector.h"
#include "procstream-launcher-private.h"

static gboolean
is_limit (ProcstreamLimit limit)
{
  return limit > PROCSTREAM_LIMIT_UNSET && limit < PROCSTREAM_N_LIMITS;
}

static gboolean
is_possible (const ProcstreamLimitValue *value)
{
  return value->soft >= PROCSTREAM_NO_LIMIT && value->hard >= PROCSTREAM_NO_LIMIT &&
         (value->hard == PROCSTREAM_NO_LIMIT || (value->soft != PROCSTREAM_NO_LIMIT && value->soft <= value->hard));
}

/* Whoever asks for as much as there can be means that there is no limit. */
static gint64
clamp (gint64 value)
{
  return value >= PROCSTREAM_UNLIMITED ? PROCSTREAM_NO_LIMIT : value;
}

gboolean
procstream_launcher_check_limits (ProcstreamLauncher *self,
                                  const char         *name,
                                  GError            **error)
{
  for (guint i = 0; i < PROCSTREAM_N_LIMITS; i++)
    {
      const ProcstreamLimitValue *value = &self->settings.limits[i];

      if (!value->set || is_possible (value))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s”: the limit “%s” must be 0 or more, or -1 for none, and its soft value not above its hard one: not %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT,
                   name, procstream_limit_to_string (i), value->soft, value->hard);
      return FALSE;
    }
  if (self->has_odd_limit)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "“%s”: there is no limit number %d, as a misspelled one in JavaScript is", name, self->odd_limit);
  return !self->has_odd_limit;
}

/**
 * procstream_launcher_set_limit:
 * @self: a launcher
 * @limit: what to limit
 * @soft: the limit, in the unit that @limit says, or %PROCSTREAM_NO_LIMIT, which %PROCSTREAM_UNLIMITED is taken for, too
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
 * No child is made with a limit that cannot be: one below %PROCSTREAM_NO_LIMIT, a soft one above the hard one, or a
 * @limit that does not exist. [method@Procstream.Launcher.create] then fails with %G_IO_ERROR_INVALID_ARGUMENT, until it is
 * set to something else, or unset.
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

  if (is_limit (limit))
    {
      self->settings.limits[limit] = (ProcstreamLimitValue){ TRUE, clamp (soft), clamp (hard) };
      return;
    }
  self->has_odd_limit = TRUE;
  self->odd_limit = (int) limit;
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

  if (is_limit (limit))
    self->settings.limits[limit] = (ProcstreamLimitValue){ 0 };
  else if (self->has_odd_limit && self->odd_limit == (int) limit)
    self->has_odd_limit = FALSE;
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
