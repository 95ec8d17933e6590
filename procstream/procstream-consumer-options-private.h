/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-consumer.h"
#include "procstream-line-splitter-private.h"

G_BEGIN_DECLS

/* What a consumer chose for itself. Unset, 0 and NULL mean that it takes what its output has. */
typedef struct
{
  ProcstreamDelivery      delivery;
  ProcstreamLineSeparator line_separator;
  GBytes                 *custom_separator;
  const char             *encoding; /* interned */
  gboolean                strip_escapes;
  guint                   max_line_length;
  ProcstreamLineOverflow  line_overflow;
} ProcstreamConsumerOptions;

/* Their properties come before the consumer's others. */
enum
{
  PROCSTREAM_CONSUMER_PROP_0,
  PROCSTREAM_CONSUMER_PROP_DELIVERY,
  PROCSTREAM_CONSUMER_PROP_LINE_SEPARATOR,
  PROCSTREAM_CONSUMER_PROP_CUSTOM_SEPARATOR,
  PROCSTREAM_CONSUMER_PROP_ENCODING,
  PROCSTREAM_CONSUMER_PROP_STRIP_ESCAPES,
  PROCSTREAM_CONSUMER_PROP_MAX_LINE_LENGTH,
  PROCSTREAM_CONSUMER_PROP_LINE_OVERFLOW,
  PROCSTREAM_CONSUMER_N_OPTIONS,
};

ProcstreamConsumerOptions *procstream_consumer_get_options (ProcstreamConsumer *self);
void                       procstream_consumer_options_clear (ProcstreamConsumerOptions *self);

void procstream_consumer_install_options (GObjectClass *object_class);
/* FALSE: the property is not one of them. */
gboolean procstream_consumer_get_option (ProcstreamConsumer *self,
                                         guint               property_id,
                                         GValue             *value);
gboolean procstream_consumer_set_option (ProcstreamConsumer *self,
                                         guint               property_id,
                                         const GValue       *value);

ProcstreamLineOptions procstream_consumer_resolve_lines (ProcstreamConsumer          *self,
                                                         const ProcstreamLineOptions *inherited);

G_END_DECLS
