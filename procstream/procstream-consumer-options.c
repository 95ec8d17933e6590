/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-options-private.h"

#include "procstream-consumer.h"
#include "procstream-enum-types.h"
#include "procstream-output-config-private.h"

/* What a consumer chose for itself: read when it is attached, and with no effect after that. They belong to the thread that uses the
 * outer object. */

static GParamSpec *properties[PROCSTREAM_CONSUMER_N_OPTIONS];

void
procstream_consumer_options_clear (ProcstreamConsumerOptions *self)
{
  g_clear_pointer (&self->custom_separator, g_bytes_unref);
}

void
procstream_consumer_install_options (GObjectClass *object_class)
{
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamConsumer:delivery: (getter get_delivery) (setter set_delivery)
   *
   * What happens when the consumer does not keep up. Unset, it is that of the
   * output. Read when it is attached.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_CONSUMER_PROP_DELIVERY] = g_param_spec_enum ("delivery", NULL, NULL, PROCSTREAM_TYPE_DELIVERY,
                                                                     PROCSTREAM_DELIVERY_UNSET, writable);
  /**
   * ProcstreamConsumer:line-separator: (getter get_line_separator) (setter set_line_separator)
   *
   * What ends a line. Unset, it is that of the output.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_CONSUMER_PROP_LINE_SEPARATOR] = g_param_spec_enum ("line-separator", NULL, NULL, PROCSTREAM_TYPE_LINE_SEPARATOR,
                                                                           PROCSTREAM_LINE_SEPARATOR_UNSET, writable);
  /**
   * ProcstreamConsumer:max-line-length: (getter get_max_line_length) (setter set_max_line_length)
   *
   * The limit of a line in bytes, without its separator; at least
   * %PROCSTREAM_SMALLEST_MAX_LINE_LENGTH. 0 means that of the output.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_CONSUMER_PROP_MAX_LINE_LENGTH] = g_param_spec_uint ("max-line-length", NULL, NULL, 0, G_MAXINT, 0, writable);
  /**
   * ProcstreamConsumer:line-overflow: (getter get_line_overflow) (setter set_line_overflow)
   *
   * What happens to longer lines. Unset, it is that of the output.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_CONSUMER_PROP_LINE_OVERFLOW] = g_param_spec_enum ("line-overflow", NULL, NULL, PROCSTREAM_TYPE_LINE_OVERFLOW,
                                                                          PROCSTREAM_LINE_OVERFLOW_UNSET, writable);
  /**
   * ProcstreamConsumer:custom-separator: (getter get_custom_separator) (setter set_custom_separator)
   *
   * The bytes that end a line with %PROCSTREAM_LINE_SEPARATOR_CUSTOM: 1 to
   * %PROCSTREAM_LARGEST_CUSTOM_SEPARATOR of them. Unset, they are those of the output.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_CONSUMER_PROP_CUSTOM_SEPARATOR] = g_param_spec_boxed ("custom-separator", NULL, NULL, G_TYPE_BYTES, writable);
  /**
   * ProcstreamConsumer:encoding: (getter get_encoding) (setter set_encoding)
   *
   * The encoding of what the child writes, by the name of its character set, such as
   * `ISO-8859-1` or `UTF-16LE`; lines are brought into UTF-8 before they are cut. Bytes that
   * are not valid become U+FFFD, and count as lost. Signals and functions that bring
   * chunks are not concerned, but everything that a [class@Procstream.Reader] reads is.
   * An unknown name is refused where it is used, with %G_IO_ERROR_NOT_SUPPORTED.
   * Unset, it is that of the output.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_CONSUMER_PROP_ENCODING] = g_param_spec_string ("encoding", NULL, NULL, NULL, writable);
  /**
   * ProcstreamConsumer:strip-escapes: (getter get_strip_escapes) (setter set_strip_escapes)
   *
   * Whether escape sequences of terminals are taken out of lines: CSI, OSC, DCS and
   * all others of ECMA-48 that begin with ESC, and where an encoding is set also those that
   * begin with a control of 8 bits. What is not complete at a line break, or after 64 KiB, is
   * none, and what follows is text.
   * %FALSE means that of the output.
   *
   * Since: 1.0
   */
  properties[PROCSTREAM_CONSUMER_PROP_STRIP_ESCAPES] = g_param_spec_boolean ("strip-escapes", NULL, NULL, FALSE, writable);
  for (guint i = 1; i < PROCSTREAM_CONSUMER_N_OPTIONS; i++)
    g_object_class_install_property (object_class, i, properties[i]);
}

gboolean
procstream_consumer_get_option (ProcstreamConsumer *self,
                                guint               property_id,
                                GValue             *value)
{
  ProcstreamConsumerOptions *options = procstream_consumer_get_options (self);

  switch (property_id)
    {
    case PROCSTREAM_CONSUMER_PROP_DELIVERY:
      g_value_set_enum (value, options->delivery);
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_LINE_SEPARATOR:
      g_value_set_enum (value, options->line_separator);
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_CUSTOM_SEPARATOR:
      g_value_set_boxed (value, options->custom_separator);
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_ENCODING:
      g_value_set_string (value, options->encoding);
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_STRIP_ESCAPES:
      g_value_set_boolean (value, options->strip_escapes);
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_MAX_LINE_LENGTH:
      g_value_set_uint (value, options->max_line_length);
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_LINE_OVERFLOW:
      g_value_set_enum (value, options->line_overflow);
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
procstream_consumer_set_option (ProcstreamConsumer *self,
                                guint               property_id,
                                const GValue       *value)
{
  switch (property_id)
    {
    case PROCSTREAM_CONSUMER_PROP_DELIVERY:
      procstream_consumer_set_delivery (self, g_value_get_enum (value));
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_LINE_SEPARATOR:
      procstream_consumer_set_line_separator (self, g_value_get_enum (value));
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_CUSTOM_SEPARATOR:
      procstream_consumer_set_custom_separator (self, g_value_get_boxed (value));
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_ENCODING:
      procstream_consumer_set_encoding (self, g_value_get_string (value));
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_STRIP_ESCAPES:
      procstream_consumer_set_strip_escapes (self, g_value_get_boolean (value));
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_MAX_LINE_LENGTH:
      procstream_consumer_set_max_line_length (self, g_value_get_uint (value));
      return TRUE;
    case PROCSTREAM_CONSUMER_PROP_LINE_OVERFLOW:
      procstream_consumer_set_line_overflow (self, g_value_get_enum (value));
      return TRUE;
    default:
      return FALSE;
    }
}

ProcstreamLineOptions
procstream_consumer_resolve_lines (ProcstreamConsumer          *self,
                                   const ProcstreamLineOptions *inherited)
{
  ProcstreamConsumerOptions *options = procstream_consumer_get_options (self);
  ProcstreamLineOptions      lines = *inherited;

  if (options->line_separator)
    lines.separator = options->line_separator;
  if (options->custom_separator)
    procstream_line_options_set_custom (&lines, options->custom_separator);
  if (options->encoding)
    lines.encoding = options->encoding;
  lines.strip_escapes |= options->strip_escapes;
  if (options->max_line_length)
    lines.max_length = options->max_line_length;
  if (options->line_overflow)
    lines.overflow = options->line_overflow;
  return lines;
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_consumer_get_delivery: (get-property delivery)
 * @self: a consumer
 *
 * Gets what happens when the consumer does not keep up.
 *
 * Returns: the value, or %PROCSTREAM_DELIVERY_UNSET for that of the output
 *
 * Since: 1.0
 */
ProcstreamDelivery
procstream_consumer_get_delivery (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return procstream_consumer_get_options (self)->delivery;
}

/**
 * procstream_consumer_set_delivery: (set-property delivery)
 * @self: a consumer
 * @delivery: the value, or %PROCSTREAM_DELIVERY_UNSET for that of the output
 *
 * Sets what happens when the consumer does not keep up. It counts when the
 * consumer is attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_delivery (ProcstreamConsumer *self, ProcstreamDelivery delivery)
{
  ProcstreamConsumerOptions *options;

  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  options = procstream_consumer_get_options (self);
  if (options->delivery == delivery)
    return;
  options->delivery = delivery;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_CONSUMER_PROP_DELIVERY]);
}

/**
 * procstream_consumer_get_line_separator: (get-property line-separator)
 * @self: a consumer
 *
 * Gets what ends a line.
 *
 * Returns: the value, or %PROCSTREAM_LINE_SEPARATOR_UNSET for that of the output
 *
 * Since: 1.0
 */
ProcstreamLineSeparator
procstream_consumer_get_line_separator (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return procstream_consumer_get_options (self)->line_separator;
}

/**
 * procstream_consumer_set_line_separator: (set-property line-separator)
 * @self: a consumer
 * @line_separator: the value, or %PROCSTREAM_LINE_SEPARATOR_UNSET for that of the output
 *
 * Sets what ends a line. It counts when the
 * consumer is attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_line_separator (ProcstreamConsumer *self, ProcstreamLineSeparator line_separator)
{
  ProcstreamConsumerOptions *options;

  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  options = procstream_consumer_get_options (self);
  if (options->line_separator == line_separator)
    return;
  options->line_separator = line_separator;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_CONSUMER_PROP_LINE_SEPARATOR]);
}

/**
 * procstream_consumer_get_max_line_length: (get-property max-line-length)
 * @self: a consumer
 *
 * Gets the limit of a line, in bytes without its separator.
 *
 * Returns: the value, or 0 for that of the output
 *
 * Since: 1.0
 */
guint
procstream_consumer_get_max_line_length (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return procstream_consumer_get_options (self)->max_line_length;
}

/**
 * procstream_consumer_set_max_line_length: (set-property max-line-length)
 * @self: a consumer
 * @max_line_length: the value, or 0 for that of the output
 *
 * Sets the limit of a line, in bytes without its separator. It counts when the
 * consumer is attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_max_line_length (ProcstreamConsumer *self, guint max_line_length)
{
  ProcstreamConsumerOptions *options;

  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  options = procstream_consumer_get_options (self);
  if (options->max_line_length == max_line_length)
    return;
  options->max_line_length = max_line_length;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_CONSUMER_PROP_MAX_LINE_LENGTH]);
}

/**
 * procstream_consumer_get_line_overflow: (get-property line-overflow)
 * @self: a consumer
 *
 * Gets what happens to longer lines.
 *
 * Returns: the value, or %PROCSTREAM_LINE_OVERFLOW_UNSET for that of the output
 *
 * Since: 1.0
 */
ProcstreamLineOverflow
procstream_consumer_get_line_overflow (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), 0);

  return procstream_consumer_get_options (self)->line_overflow;
}

/**
 * procstream_consumer_set_line_overflow: (set-property line-overflow)
 * @self: a consumer
 * @line_overflow: the value, or %PROCSTREAM_LINE_OVERFLOW_UNSET for that of the output
 *
 * Sets what happens to longer lines. It counts when the
 * consumer is attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_line_overflow (ProcstreamConsumer *self, ProcstreamLineOverflow line_overflow)
{
  ProcstreamConsumerOptions *options;

  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  options = procstream_consumer_get_options (self);
  if (options->line_overflow == line_overflow)
    return;
  options->line_overflow = line_overflow;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_CONSUMER_PROP_LINE_OVERFLOW]);
}

/**
 * procstream_consumer_get_custom_separator: (get-property custom-separator)
 * @self: a consumer
 *
 * Gets the bytes that end a line with %PROCSTREAM_LINE_SEPARATOR_CUSTOM.
 *
 * Returns: (transfer none) (nullable): the bytes, or %NULL for those of the output
 *
 * Since: 1.0
 */
GBytes *
procstream_consumer_get_custom_separator (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), NULL);

  return procstream_consumer_get_options (self)->custom_separator;
}

/**
 * procstream_consumer_set_custom_separator: (set-property custom-separator)
 * @self: a consumer
 * @custom_separator: (nullable): 1 to %PROCSTREAM_LARGEST_CUSTOM_SEPARATOR bytes, or %NULL for
 *   those of the output
 *
 * Sets the bytes that end a line with %PROCSTREAM_LINE_SEPARATOR_CUSTOM. It counts when the
 * consumer is attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_custom_separator (ProcstreamConsumer *self,
                                          GBytes             *custom_separator)
{
  ProcstreamConsumerOptions *options;

  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  options = procstream_consumer_get_options (self);
  if (options->custom_separator == custom_separator)
    return;
  g_clear_pointer (&options->custom_separator, g_bytes_unref);
  options->custom_separator = custom_separator ? g_bytes_ref (custom_separator) : NULL;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_CONSUMER_PROP_CUSTOM_SEPARATOR]);
}

/**
 * procstream_consumer_get_encoding: (get-property encoding)
 * @self: a consumer
 *
 * Gets the encoding that lines are brought from into UTF-8.
 *
 * Returns: (transfer none) (nullable): the name of a character set, or %NULL for that
 *   of the output
 *
 * Since: 1.0
 */
const char *
procstream_consumer_get_encoding (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), NULL);

  return procstream_consumer_get_options (self)->encoding;
}

/**
 * procstream_consumer_set_encoding: (set-property encoding)
 * @self: a consumer
 * @encoding: (nullable): the name of a character set, such as `ISO-8859-1`, or %NULL for that
 *   of the output
 *
 * Sets the encoding that lines are brought from into UTF-8. It counts when the
 * consumer is attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_encoding (ProcstreamConsumer *self, const char *encoding)
{
  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  if (g_strcmp0 (procstream_consumer_get_options (self)->encoding, encoding) == 0)
    return;
  procstream_consumer_get_options (self)->encoding = g_intern_string (encoding);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_CONSUMER_PROP_ENCODING]);
}

/**
 * procstream_consumer_get_strip_escapes: (get-property strip-escapes)
 * @self: a consumer
 *
 * Gets whether escape sequences of terminals are taken out of lines.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
procstream_consumer_get_strip_escapes (ProcstreamConsumer *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CONSUMER (self), FALSE);

  return procstream_consumer_get_options (self)->strip_escapes;
}

/**
 * procstream_consumer_set_strip_escapes: (set-property strip-escapes)
 * @self: a consumer
 * @strip_escapes: whether to take them out
 *
 * Sets whether escape sequences of terminals are taken out of lines. It counts when the
 * consumer is attached.
 *
 * Since: 1.0
 */
void
procstream_consumer_set_strip_escapes (ProcstreamConsumer *self, gboolean strip_escapes)
{
  g_return_if_fail (PROCSTREAM_IS_CONSUMER (self));

  strip_escapes = !!strip_escapes;
  if (procstream_consumer_get_options (self)->strip_escapes == strip_escapes)
    return;
  procstream_consumer_get_options (self)->strip_escapes = strip_escapes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROCSTREAM_CONSUMER_PROP_STRIP_ESCAPES]);
}
