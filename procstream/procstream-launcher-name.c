/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What children are called. The program alone is always safe; everything else may hold secrets, and is there on request, with the values
 * of what has a suspicious name left out. A pattern that is wrong redacts everything: a name is no place for an error, and the
 * other way round would tell what was to be kept.
 */

#include "procstream-launcher-private.h"

#include "procstream-enum-types.h"

#include <string.h>

#define REDACTED "***"

void
procstream_launcher_install_name (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:name: (getter get_name) (setter set_name)
   *
   * What children are called in messages, or %NULL for the name of the program
   * without its directory, to which
   * [property@Procstream.Launcher:name-parts] can add.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (name),
                                    g_param_spec_string ("name", NULL, NULL, NULL, flags));
  /**
   * ProcstreamLauncher:name-parts: (getter get_name_parts) (setter set_name_parts)
   *
   * What the automatic name of a child consists of besides the program; nothing
   * unless set, because names end up in logs and arguments may hold secrets.
   * It has no effect where [property@Procstream.Launcher:name] is set.
   *
   * With everything, a name is `/srv % LANG=C ls "-l" "file"`. What
   * [property@Procstream.Launcher:name-redact] finds secret is replaced by `***`.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (name_parts),
                                    g_param_spec_flags ("name-parts", NULL, NULL, PROCSTREAM_TYPE_NAME_PARTS, PROCSTREAM_NAME_PARTS_NONE, flags));
  /**
   * ProcstreamLauncher:name-redact: (getter get_name_redact) (setter set_name_redact)
   *
   * Whose values are left out of automatic names: a regular expression that
   * is searched for in the names of variables and options, or %NULL for
   * %PROCSTREAM_DEFAULT_NAME_REDACT. With that, `API_TOKEN=x`, `--password=x` and
   * `--password x` become `API_TOKEN=***`, `"--password=***"` and `"--password"
   * "***"`, and `--env=API_TOKEN=x` becomes `"--env=API_TOKEN=***"`. An empty string redacts nothing, and one that is no regular expression redacts
   * every value: a mistake in it must not make a secret known. What a program is given without a
   * name cannot be recognized.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (name_redact),
                                    g_param_spec_string ("name-redact", NULL, NULL, NULL, flags));
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
 * procstream_launcher_get_name_parts: (get-property name-parts)
 * @self: a launcher
 *
 * Gets what an automatic name consists of besides the program.
 *
 * Returns: what an automatic name consists of besides the program
 *
 * Since: 1.0
 */
ProcstreamNameParts
procstream_launcher_get_name_parts (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_NAME_PARTS_NONE);

  return self->name_parts;
}

/**
 * procstream_launcher_set_name_parts: (set-property name-parts)
 * @self: a launcher
 * @name_parts: what an automatic name consists of besides the program
 *
 * Sets what an automatic name consists of besides the program.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_name_parts (ProcstreamLauncher *self, ProcstreamNameParts name_parts)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "name-parts", name_parts);
}

/**
 * procstream_launcher_get_name_redact: (get-property name-redact)
 * @self: a launcher
 *
 * Gets the pattern of what is left out of automatic names.
 *
 * Returns: (transfer none) (nullable): the pattern of what is left out of automatic names,
 *   or %NULL for the default
 *
 * Since: 1.0
 */
const char *
procstream_launcher_get_name_redact (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->name_redact;
}

/**
 * procstream_launcher_set_name_redact: (set-property name-redact)
 * @self: a launcher
 * @name_redact: (nullable): the pattern of what is left out of automatic names,
 *   or %NULL for the default
 *
 * Sets the pattern of what is left out of automatic names.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_name_redact (ProcstreamLauncher *self, const char *name_redact)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_string (self, "name-redact", name_redact);
}

/* --- Automatic names ---------------------------------------------------------------------------------------------------------- */

static GRegex *
compile_pattern (ProcstreamLauncher *self)
{
  const char *pattern = self->name_redact ? self->name_redact : PROCSTREAM_DEFAULT_NAME_REDACT;
  GRegex     *regex = g_regex_new (*pattern ? pattern : "(?!)", G_REGEX_DEFAULT, 0, NULL);

  return regex ? regex : g_regex_new ("", G_REGEX_DEFAULT, 0, NULL);
}

/* A match that is given up because it takes too long is one. */
static gboolean
is_secret (GRegex     *regex,
           const char *name,
           gssize      length)
{
  g_autofree char *valid = g_utf8_make_valid (name, length);
  g_autoptr (GError) error = NULL;

  return g_regex_match_full (regex, valid, -1, 0, 0, NULL, &error) || error != NULL;
}

/* A value may have names of its own, as "--env=TOKEN=x" and "--url=http://x/?key=y" do. */
static void
append_assignment (GString    *text,
                   GRegex     *regex,
                   const char *assignment,
                   const char *equals)
{
  const char *name = assignment;

  for (; equals; name = equals + 1, equals = strchr (name, '='))
    if (is_secret (regex, name, equals - name))
      {
        g_string_append_len (text, assignment, equals + 1 - assignment);
        g_string_append (text, REDACTED);
        return;
      }
  g_string_append (text, assignment);
}

/* The arguments after the first. One that follows the name of a secret is the secret; or the name of another, when the first has no value. */
static void
append_arguments (GString           *text,
                  GRegex            *regex,
                  const char *const *arguments)
{
  gboolean secret = FALSE;

  for (; *arguments; arguments++)
    {
      const char *equals = strchr (*arguments, '=');

      g_string_append (text, " \"");
      if (secret)
        g_string_append (text, REDACTED);
      else if (equals)
        append_assignment (text, regex, *arguments, equals);
      else
        g_string_append (text, *arguments);
      g_string_append_c (text, '"');
      secret = !equals && **arguments == '-' && is_secret (regex, *arguments, -1);
    }
}

/* Those that the program itself has with the same value say nothing about this child. */
static void
append_variables (GString           *text,
                  GRegex            *regex,
                  const char *const *environment)
{
  for (; environment && *environment; environment++)
    {
      const char      *equals = strchr (*environment, '=');
      g_autofree char *name = equals ? g_strndup (*environment, equals - *environment) : NULL;

      if (!equals || g_strcmp0 (g_getenv (name), equals + 1) == 0)
        continue;
      append_assignment (text, regex, *environment, equals);
      g_string_append_c (text, ' ');
    }
}

char *
procstream_launcher_make_name (ProcstreamLauncher *self,
                               const char *const  *argv)
{
  g_autofree char *program = NULL;
  g_autoptr (GRegex) regex = NULL;
  g_autoptr (GString) text = NULL;

  if (self->name)
    return g_strdup (self->name);
  program = g_path_get_basename (argv[0]);
  if (self->name_parts == PROCSTREAM_NAME_PARTS_NONE)
    return g_utf8_make_valid (program, -1);
  regex = compile_pattern (self);
  text = g_string_new (NULL);
  if (self->name_parts & PROCSTREAM_NAME_PARTS_DIRECTORY && self->cwd)
    g_string_append_printf (text, "%s %% ", self->cwd);
  if (self->name_parts & PROCSTREAM_NAME_PARTS_VARIABLES)
    append_variables (text, regex, (const char *const *) self->environment);
  g_string_append (text, program);
  if (self->name_parts & PROCSTREAM_NAME_PARTS_ARGUMENTS)
    append_arguments (text, regex, argv + 1);
  return g_utf8_make_valid (text->str, -1);
}
