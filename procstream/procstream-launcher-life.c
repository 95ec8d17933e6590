/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What belongs to how children end. */

#include "procstream-launcher-private.h"

#include "procstream-enum-types.h"

#include <string.h>

void
procstream_launcher_install_life (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:lifetime: (getter get_lifetime) (setter set_lifetime)
   *
   * How long children may live; unless set, not longer than the program. `DETACHED` is refused
   * together with what ends a child with the program: a guard, a `parent-death-signal`, a `scope`.
   *
   * A child that is to outlive the program gets a session of its own, and needs
   * outputs that do not end with the program: one that the program reads is a pipe, and who writes to
   * that when the program is gone gets `SIGPIPE`. Such outputs are those of
   * [ctor@Procstream.OutputConfig.new_file], [ctor@Procstream.OutputConfig.new_discard] and
   * [ctor@Procstream.OutputConfig.new_inherit].
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (lifetime),
                                    g_param_spec_enum ("lifetime", NULL, NULL, PROCSTREAM_TYPE_LIFETIME,
                                                       PROCSTREAM_LIFETIME_APPLICATION, flags));
  /**
   * ProcstreamLauncher:shutdown: (getter get_shutdown) (setter set_shutdown)
   *
   * How children are brought to their end where nothing else is said: by
   * [method@Procstream.Child.terminate], and as their lifetime says. %NULL is the
   * one of [ctor@Procstream.Shutdown.new_default].
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (shutdown),
                                    g_param_spec_object ("shutdown", NULL, NULL, PROCSTREAM_TYPE_SHUTDOWN, flags));
  /**
   * ProcstreamLauncher:scope: (getter get_scope) (setter set_scope)
   *
   * To what children belong: each is added to it when it is made. %NULL, unless set, is
   * no scope. Once the scope is closed no more children are made.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (scope),
                                    g_param_spec_object ("scope", NULL, NULL, PROCSTREAM_TYPE_SCOPE, flags));
}

/**
 * procstream_launcher_get_lifetime: (get-property lifetime)
 * @self: a launcher
 *
 * Gets how long children may live.
 *
 * Returns: the lifetime
 *
 * Since: 1.0
 */
ProcstreamLifetime
procstream_launcher_get_lifetime (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_LIFETIME_UNSET);

  return self->lifetime;
}

/**
 * procstream_launcher_set_lifetime: (set-property lifetime)
 * @self: a launcher
 * @lifetime: how long children may live
 *
 * Sets how long children may live.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_lifetime (ProcstreamLauncher *self, ProcstreamLifetime lifetime)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "lifetime", lifetime);
}

/**
 * procstream_launcher_get_shutdown: (get-property shutdown)
 * @self: a launcher
 *
 * Gets how children are brought to their end.
 *
 * Returns: (transfer none) (nullable): the shutdown, or %NULL for the default one
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_launcher_get_shutdown (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->shutdown;
}

/**
 * procstream_launcher_set_shutdown: (set-property shutdown)
 * @self: a launcher
 * @shutdown: (nullable): how children are brought to their end, or %NULL for the
 *   default
 *
 * Sets how children are brought to their end.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_shutdown (ProcstreamLauncher *self, ProcstreamShutdown *shutdown)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (shutdown == NULL || PROCSTREAM_IS_SHUTDOWN (shutdown));

  procstream_launcher_store_object (self, "shutdown", shutdown);
}

/**
 * procstream_launcher_get_scope: (get-property scope)
 * @self: a launcher
 *
 * Gets to what children belong.
 *
 * Returns: (transfer none) (nullable): the scope, or %NULL for none
 *
 * Since: 1.0
 */
ProcstreamScope *
procstream_launcher_get_scope (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->scope;
}

/**
 * procstream_launcher_set_scope: (set-property scope)
 * @self: a launcher
 * @scope: (nullable): to what children belong, or %NULL for no scope
 *
 * Sets to what children belong.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_scope (ProcstreamLauncher *self, ProcstreamScope *scope)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (scope == NULL || PROCSTREAM_IS_SCOPE (scope));

  procstream_launcher_store_object (self, "scope", scope);
}

/**
 * procstream_launcher_set_success_statuses:
 * @self: a launcher
 * @statuses: (array length=n_statuses): exit statuses, from 0 to 255
 * @n_statuses: how many there are
 *
 * Sets which exit statuses mean success; 0 alone unless set. It is how `grep`, which exits
 * with 1 when nothing matches, is run without an error. With a number that is no exit status,
 * [method@Procstream.Launcher.create] fails with %G_IO_ERROR_INVALID_ARGUMENT, until they are set anew.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_success_statuses (ProcstreamLauncher *self, const int *statuses, gsize n_statuses)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (statuses != NULL || n_statuses == 0);

  memset (self->success, 0, sizeof self->success);
  self->has_odd_status = FALSE;
  for (gsize i = 0; i < n_statuses; i++)
    if (statuses[i] >= 0 && statuses[i] <= 255)
      {
        self->success[statuses[i] / 32] |= 1u << (statuses[i] % 32);
      }
    else if (!self->has_odd_status)
      {
        self->has_odd_status = TRUE;
        self->odd_status = statuses[i];
      }
}

gboolean
procstream_launcher_check_success_statuses (ProcstreamLauncher *self,
                                            const char         *name,
                                            GError            **error)
{
  if (self->has_odd_status)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "“%s”: an exit status that means success must be from 0 to 255, not %d", name, self->odd_status);
  return !self->has_odd_status;
}

/**
 * procstream_launcher_get_success_statuses:
 * @self: a launcher
 * @n_statuses: (out): how many there are
 *
 * Gets which exit statuses mean success.
 *
 * Returns: (transfer full) (array length=n_statuses): the exit statuses, the smallest first
 *
 * Since: 1.0
 */
int *
procstream_launcher_get_success_statuses (ProcstreamLauncher *self, gsize *n_statuses)
{
  int  *statuses;
  gsize n = 0;

  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (n_statuses != NULL, NULL);

  statuses = g_new (int, 256);
  for (int status = 0; status < 256; status++)
    if (self->success[status / 32] & (1u << (status % 32)))
      statuses[n++] = status;
  *n_statuses = n;
  return statuses;
}
