/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The environment of children. */

#include "procstream-launcher-private.h"

#include <string.h>

void
procstream_launcher_install_environment (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:environment: (type GStrv) (getter get_environment) (setter set_environment)
   *
   * The whole environment of children, as `NAME=value` strings, or %NULL for
   * the program's own at the time of the start. The program is searched in the
   * `PATH` of the calling program, unless
   * [property@Procstream.Launcher:search-environment-path] says otherwise.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (environment),
                                    g_param_spec_boxed ("environment", NULL, NULL, G_TYPE_STRV, flags));
  /**
   * ProcstreamLauncher:search-environment-path: (getter get_search_environment_path) (setter set_search_environment_path)
   *
   * Whether a program whose name has no slash is looked up in the `PATH` of
   * the environment that children get, instead of the one of the calling program.
   * A difference is only made by an environment that was set here.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (search_environment_path),
                                    g_param_spec_boolean ("search-environment-path", NULL, NULL, FALSE, flags));
}

/**
 * procstream_launcher_get_environment: (get-property environment)
 * @self: a launcher
 *
 * Gets the whole environment of children.
 *
 * Returns: (array zero-terminated=1) (element-type filename) (transfer none) (nullable):
 *   `NAME=value` strings, or %NULL for the program's own
 *
 * Since: 1.0
 */
const char *const *
procstream_launcher_get_environment (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return (const char *const *) self->environment;
}

/**
 * procstream_launcher_set_environment: (set-property environment)
 * @self: a launcher
 * @environment: (array zero-terminated=1) (element-type filename) (nullable): `NAME=value`
 *   strings, or %NULL for the program's own
 *
 * Sets the whole environment of children.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_environment (ProcstreamLauncher *self, const char *const *environment)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_strv (self, "environment", environment);
}

gboolean
procstream_launcher_check_environment (ProcstreamLauncher *self,
                                       const char         *name,
                                       GError            **error)
{
  const char *odd = self->odd_variable;

  if (odd)
    {
      /* What follows may be a secret. */
      g_autofree char *shown = g_utf8_make_valid (odd, (gssize) strcspn (odd, "="));

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s”: the name of a variable must not be empty, nor have “=” in it, as “%s=” has",
                   name, shown);
      return FALSE;
    }
  for (guint i = 0; self->environment && self->environment[i]; i++)
    {
      const char *value = strchr (self->environment[i], '=');

      if (value && value > self->environment[i])
        continue;
      /* Told by its place, since it may be a secret. */
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s”: the property “environment” must hold “NAME=value” strings, which number %u is not", name, i);
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_name (const char *variable)
{
  return *variable != '\0' && strchr (variable, '=') == NULL;
}

static void
note_odd_variable (ProcstreamLauncher *self,
                   const char         *variable)
{
  if (self->odd_variable == NULL)
    self->odd_variable = g_strdup (variable);
}

static char **
dup_environment (ProcstreamLauncher *self)
{
  return self->environment ? g_strdupv (self->environment) : g_get_environ ();
}

/**
 * procstream_launcher_set_variable:
 * @self: a launcher
 * @variable: (type filename): the name of the variable, not empty and without `=`
 * @value: (type filename): its value
 *
 * Sets one variable in the environment of children. When
 * [property@Procstream.Launcher:environment] is %NULL, it becomes a copy of
 * the program's own first.
 *
 * With a name that cannot be one, [method@Procstream.Launcher.create] fails with %G_IO_ERROR_INVALID_ARGUMENT, until the
 * environment is set as a whole, or cleared.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_variable (ProcstreamLauncher *self,
                                  const char         *variable,
                                  const char         *value)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (variable != NULL);
  g_return_if_fail (value != NULL);

  if (!is_name (variable))
    note_odd_variable (self, variable);
  else
    procstream_launcher_take_strv (self, "environment", g_environ_setenv (dup_environment (self), variable, value, TRUE));
}

/**
 * procstream_launcher_unset_variable:
 * @self: a launcher
 * @variable: (type filename): the name of the variable, not empty and without `=`
 *
 * Removes one variable from the environment of children. When
 * [property@Procstream.Launcher:environment] is %NULL, it becomes a copy of
 * the program's own first.
 *
 * With a name that cannot be one, [method@Procstream.Launcher.create] fails with %G_IO_ERROR_INVALID_ARGUMENT, until the
 * environment is set as a whole, or cleared.
 *
 * Since: 1.0
 */
void
procstream_launcher_unset_variable (ProcstreamLauncher *self,
                                    const char         *variable)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (variable != NULL);

  if (!is_name (variable))
    note_odd_variable (self, variable);
  else
    procstream_launcher_take_strv (self, "environment", g_environ_unsetenv (dup_environment (self), variable));
}

/**
 * procstream_launcher_get_search_environment_path: (get-property search-environment-path)
 * @self: a launcher
 *
 * Gets whether programs are looked up in the `PATH` of children.
 *
 * Returns: whether programs are looked up in the `PATH` of children
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_search_environment_path (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->search_environment_path;
}

/**
 * procstream_launcher_set_search_environment_path: (set-property search-environment-path)
 * @self: a launcher
 * @search_environment_path: whether programs are looked up in the `PATH` of children
 *
 * Sets whether programs are looked up in the `PATH` of children.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_search_environment_path (ProcstreamLauncher *self, gboolean search_environment_path)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "search-environment-path", !!search_environment_path);
}

/* What a program needs to find its files and its programs, to know whose they are, and to read text and time as its user does. */
static gboolean
is_minimal (const char *variable)
{
  static const char *const kept[] = { "HOME=", "LANG=", "LANGUAGE=", "LC_", "LOGNAME=", "PATH=", "TMPDIR=", "TZ=", "USER=" };

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (g_str_has_prefix (variable, kept[i]))
      return TRUE;
  return FALSE;
}

/**
 * procstream_launcher_clear_environment:
 * @self: a launcher
 *
 * Makes the environment of children a minimal copy of the program's own:
 * `HOME`, `LANG`, `LANGUAGE`, all that begins with `LC_`, `LOGNAME`, `PATH`,
 * `TMPDIR`, `TZ` and `USER`, as far as the program has them now. What was set
 * before is gone; what is set after is added. For an environment
 * without anything, set [property@Procstream.Launcher:environment] to an empty
 * array.
 *
 * Since: 1.0
 */
void
procstream_launcher_clear_environment (ProcstreamLauncher *self)
{
  g_auto (GStrv) own = NULL;
  g_autoptr (GStrvBuilder) minimal = NULL;

  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  g_clear_pointer (&self->odd_variable, g_free);
  own = g_get_environ ();
  minimal = g_strv_builder_new ();
  for (char **variable = own; *variable; variable++)
    if (is_minimal (*variable))
      g_strv_builder_add (minimal, *variable);
  procstream_launcher_take_strv (self, "environment", g_strv_builder_end (minimal));
}
