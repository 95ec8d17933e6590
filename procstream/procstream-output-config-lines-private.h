/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-config.h"

G_BEGIN_DECLS

/* The part of a configuration that is about lines. */
typedef struct
{
  ProcstreamLineSeparator separator;
  GBytes                 *custom;
  const char             *encoding; /* interned */
  gboolean                strip_escapes;
  guint                   max_length;
  ProcstreamLineOverflow  overflow;
} ProcstreamLineConfig;

/* Their properties come before the configuration's others. */
enum
{
  PROCSTREAM_LINE_CONFIG_PROP_0,
  PROCSTREAM_LINE_CONFIG_PROP_LINE_SEPARATOR,
  PROCSTREAM_LINE_CONFIG_PROP_CUSTOM_SEPARATOR,
  PROCSTREAM_LINE_CONFIG_PROP_ENCODING,
  PROCSTREAM_LINE_CONFIG_PROP_STRIP_ESCAPES,
  PROCSTREAM_LINE_CONFIG_PROP_MAX_LINE_LENGTH,
  PROCSTREAM_LINE_CONFIG_PROP_LINE_OVERFLOW,
  PROCSTREAM_LINE_CONFIG_N_PROPS,
};

ProcstreamLineConfig *procstream_output_config_get_lines (ProcstreamOutputConfig *self);
void                  procstream_line_config_clear (ProcstreamLineConfig *self);

void procstream_output_config_install_line_properties (GObjectClass *object_class);
/* FALSE: the property is not one of them. */
gboolean procstream_output_config_get_line_property (ProcstreamOutputConfig *self,
                                                     guint                   property_id,
                                                     GValue                 *value);
gboolean procstream_output_config_set_line_property (ProcstreamOutputConfig *self,
                                                     guint                   property_id,
                                                     const GValue           *value);

G_END_DECLS
