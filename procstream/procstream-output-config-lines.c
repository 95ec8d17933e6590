/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-config-lines-private.h"

#include "procstream-enum-types.h"

/* What a configuration says of lines. As its other properties, they are checked where they are used. */

static GParamSpec *properties[PROCSTREAM_LINE_CONFIG_N_PROPS];

void
procstream_line_config_clear (ProcstreamLineConfig *self)
{
  g_clear_pointer (&self->custom, g_bytes_unref);
}

void
procstream_output_config_install_line_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamOutputConfig:line-separator: (getter get_line_separator) (setter set_line_separator)
   *
   * What ends a line, unless a consumer has its own.
   *
   * The default is %PROCSTREAM_LINE_SEPARATOR_NEWLINE.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_LINE_CONFIG_PROP_LINE_SEPARATOR] = g_param_spec_enum ("line-separator", NULL, NULL, PROCSTREAM_TYPE_LINE_SEPARATOR, PROCSTREAM_LINE_SEPARATOR_NEWLINE, flags);
  /**
   * ProcstreamOutputConfig:max-line-length: (getter get_max_line_length) (setter set_max_line_length)
   *
   * The limit of a line in bytes of its text without the separator, unless a
   * consumer has its own; at least %PROCSTREAM_SMALLEST_MAX_LINE_LENGTH.
   *
   * The default is %PROCSTREAM_DEFAULT_MAX_LINE_LENGTH.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_LINE_CONFIG_PROP_MAX_LINE_LENGTH] = g_param_spec_uint ("max-line-length", NULL, NULL, 0, G_MAXUINT, PROCSTREAM_DEFAULT_MAX_LINE_LENGTH, flags);
  /**
   * ProcstreamOutputConfig:line-overflow: (getter get_line_overflow) (setter set_line_overflow)
   *
   * What happens to a line longer than
   * [property@Procstream.OutputConfig:max-line-length], unless a consumer has its
   * own.
   *
   * The default is %PROCSTREAM_LINE_OVERFLOW_SPLIT.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_LINE_CONFIG_PROP_LINE_OVERFLOW] = g_param_spec_enum ("line-overflow", NULL, NULL, PROCSTREAM_TYPE_LINE_OVERFLOW, PROCSTREAM_LINE_OVERFLOW_SPLIT, flags);
  /**
   * ProcstreamOutputConfig:custom-separator: (getter get_custom_separator) (setter set_custom_separator)
   *
   * The bytes that end a line with %PROCSTREAM_LINE_SEPARATOR_CUSTOM, unless a consumer has
   * its own: 1 to %PROCSTREAM_LARGEST_CUSTOM_SEPARATOR of them.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_LINE_CONFIG_PROP_CUSTOM_SEPARATOR] = g_param_spec_boxed ("custom-separator", NULL, NULL, G_TYPE_BYTES, flags);
  /**
   * ProcstreamOutputConfig:encoding: (getter get_encoding) (setter set_encoding)
   *
   * The encoding of what the child writes, by the name of its character set, such as
   * `ISO-8859-1` or `UTF-16LE`; lines are brought into UTF-8 before they are cut. Bytes that
   * are not valid become U+FFFD, and count as lost. Signals and functions that bring
   * chunks are not concerned, but everything that a [class@Procstream.Reader] reads is.
   * An unknown name is refused where it is used, with %G_IO_ERROR_NOT_SUPPORTED.
   *
   * The default is %NULL: it is UTF-8.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_LINE_CONFIG_PROP_ENCODING] = g_param_spec_string ("encoding", NULL, NULL, NULL, flags);
  /**
   * ProcstreamOutputConfig:strip-escapes: (getter get_strip_escapes) (setter set_strip_escapes)
   *
   * Whether escape sequences of terminals are taken out of lines: CSI, OSC, DCS and
   * all others of ECMA-48 that begin with ESC, and where an encoding is set also those that
   * begin with a control of 8 bits. What is not complete at a line break, or after 64 KiB, is
   * none, and what follows is text.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_LINE_CONFIG_PROP_STRIP_ESCAPES] = g_param_spec_boolean ("strip-escapes", NULL, NULL, FALSE, flags);
  for (guint i = 1; i < PROCSTREAM_LINE_CONFIG_N_PROPS; i++)
    g_object_class_install_property (object_class, i, properties[i]);
}

gboolean
procstream_output_config_get_line_property (ProcstreamOutputConfig *self,
                                            guint                   property_id,
                                            GValue                 *value)
{
  ProcstreamLineConfig *lines = procstream_output_config_get_lines (self);

  switch (property_id)
    {
    case PROCSTREAM_LINE_CONFIG_PROP_LINE_SEPARATOR:
      g_value_set_enum (value, lines->separator);
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_CUSTOM_SEPARATOR:
      g_value_set_boxed (value, lines->custom);
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_ENCODING:
      g_value_set_string (value, lines->encoding);
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_STRIP_ESCAPES:
      g_value_set_boolean (value, lines->strip_escapes);
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_MAX_LINE_LENGTH:
      g_value_set_uint (value, lines->max_length);
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_LINE_OVERFLOW:
      g_value_set_enum (value, lines->overflow);
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
procstream_output_config_set_line_property (ProcstreamOutputConfig *self,
                                            guint                   property_id,
                                            const GValue           *value)
{
  switch (property_id)
    {
    case PROCSTREAM_LINE_CONFIG_PROP_LINE_SEPARATOR:
      procstream_output_config_set_line_separator (self, g_value_get_enum (value));
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_CUSTOM_SEPARATOR:
      procstream_output_config_set_custom_separator (self, g_value_get_boxed (value));
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_ENCODING:
      procstream_output_config_set_encoding (self, g_value_get_string (value));
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_STRIP_ESCAPES:
      procstream_output_config_set_strip_escapes (self, g_value_get_boolean (value));
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_MAX_LINE_LENGTH:
      procstream_output_config_set_max_line_length (self, g_value_get_uint (value));
      return TRUE;
    case PROCSTREAM_LINE_CONFIG_PROP_LINE_OVERFLOW:
      procstream_output_config_set_line_overflow (self, g_value_get_enum (value));
      return TRUE;
    default:
      return FALSE;
    }
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_output_config_get_line_separator: (get-property line-separator)
 * @self: a configuration
 *
 * Gets what ends a line.
 *
 * Returns: what ends a line
 *
 * Since: 1.0
 */
ProcstreamLineSeparator
procstream_output_config_get_line_separator (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), PROCSTREAM_LINE_SEPARATOR_UNSET);

  return procstream_output_config_get_lines (self)->separator;
}

/**
 * procstream_output_config_set_line_separator: (set-property line-separator)
 * @self: a configuration
 * @line_separator: what ends a line
 *
 * Sets what ends a line, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_line_separator (ProcstreamOutputConfig *self,
                                             ProcstreamLineSeparator line_separator)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (procstream_output_config_get_lines (self)->separator == line_separator)
    return;
  procstream_output_config_get_lines (self)->separator = line_separator;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_LINE_CONFIG_PROP_LINE_SEPARATOR]);
}

/**
 * procstream_output_config_get_max_line_length: (get-property max-line-length)
 * @self: a configuration
 *
 * Gets the limit of a line.
 *
 * Returns: the limit of a line
 *
 * Since: 1.0
 */
guint
procstream_output_config_get_max_line_length (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), 0);

  return procstream_output_config_get_lines (self)->max_length;
}

/**
 * procstream_output_config_set_max_line_length: (set-property max-line-length)
 * @self: a configuration
 * @max_line_length: the limit of a line
 *
 * Sets the limit of a line, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_max_line_length (ProcstreamOutputConfig *self,
                                              guint                   max_line_length)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (procstream_output_config_get_lines (self)->max_length == max_line_length)
    return;
  procstream_output_config_get_lines (self)->max_length = max_line_length;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_LINE_CONFIG_PROP_MAX_LINE_LENGTH]);
}

/**
 * procstream_output_config_get_line_overflow: (get-property line-overflow)
 * @self: a configuration
 *
 * Gets what happens to a line longer than the limit.
 *
 * Returns: what happens to a line longer than the limit
 *
 * Since: 1.0
 */
ProcstreamLineOverflow
procstream_output_config_get_line_overflow (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), PROCSTREAM_LINE_OVERFLOW_UNSET);

  return procstream_output_config_get_lines (self)->overflow;
}

/**
 * procstream_output_config_set_line_overflow: (set-property line-overflow)
 * @self: a configuration
 * @line_overflow: what happens to a line longer than the limit
 *
 * Sets what happens to a line longer than the limit, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_line_overflow (ProcstreamOutputConfig *self,
                                            ProcstreamLineOverflow  line_overflow)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (procstream_output_config_get_lines (self)->overflow == line_overflow)
    return;
  procstream_output_config_get_lines (self)->overflow = line_overflow;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_LINE_CONFIG_PROP_LINE_OVERFLOW]);
}

/**
 * procstream_output_config_get_custom_separator: (get-property custom-separator)
 * @self: a configuration
 *
 * Gets the bytes that end a line with %PROCSTREAM_LINE_SEPARATOR_CUSTOM.
 *
 * Returns: (transfer none) (nullable): the bytes, or %NULL
 *
 * Since: 1.0
 */
GBytes *
procstream_output_config_get_custom_separator (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), NULL);

  return procstream_output_config_get_lines (self)->custom;
}

/**
 * procstream_output_config_set_custom_separator: (set-property custom-separator)
 * @self: a configuration
 * @custom_separator: (nullable): 1 to %PROCSTREAM_LARGEST_CUSTOM_SEPARATOR bytes, or %NULL
 *
 * Sets the bytes that end a line with %PROCSTREAM_LINE_SEPARATOR_CUSTOM, for the outputs
 * made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_custom_separator (ProcstreamOutputConfig *self,
                                               GBytes                 *custom_separator)
{
  ProcstreamLineConfig *lines;

  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  lines = procstream_output_config_get_lines (self);
  if (lines->custom == custom_separator)
    return;
  g_clear_pointer (&lines->custom, g_bytes_unref);
  lines->custom = custom_separator ? g_bytes_ref (custom_separator) : NULL;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_LINE_CONFIG_PROP_CUSTOM_SEPARATOR]);
}

/**
 * procstream_output_config_get_encoding: (get-property encoding)
 * @self: a configuration
 *
 * Gets the encoding that lines are brought from into UTF-8.
 *
 * Returns: (transfer none) (nullable): the name of a character set, or %NULL for
 *   UTF-8
 *
 * Since: 1.0
 */
const char *
procstream_output_config_get_encoding (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), NULL);

  return procstream_output_config_get_lines (self)->encoding;
}

/**
 * procstream_output_config_set_encoding: (set-property encoding)
 * @self: a configuration
 * @encoding: (nullable): the name of a character set, such as `ISO-8859-1`, or %NULL for
 *   UTF-8
 *
 * Sets the encoding that lines are brought from into UTF-8, for the
 * outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_encoding (ProcstreamOutputConfig *self, const char *encoding)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (g_strcmp0 (procstream_output_config_get_lines (self)->encoding, encoding) == 0)
    return;
  procstream_output_config_get_lines (self)->encoding = g_intern_string (encoding);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_LINE_CONFIG_PROP_ENCODING]);
}

/**
 * procstream_output_config_get_strip_escapes: (get-property strip-escapes)
 * @self: a configuration
 *
 * Gets whether escape sequences of terminals are taken out of lines.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
procstream_output_config_get_strip_escapes (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), FALSE);

  return procstream_output_config_get_lines (self)->strip_escapes;
}

/**
 * procstream_output_config_set_strip_escapes: (set-property strip-escapes)
 * @self: a configuration
 * @strip_escapes: whether to take them out
 *
 * Sets whether escape sequences of terminals are taken out of lines, for the
 * outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_strip_escapes (ProcstreamOutputConfig *self, gboolean strip_escapes)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  strip_escapes = !!strip_escapes;
  if (procstream_output_config_get_lines (self)->strip_escapes == strip_escapes)
    return;
  procstream_output_config_get_lines (self)->strip_escapes = strip_escapes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_LINE_CONFIG_PROP_STRIP_ESCAPES]);
}
