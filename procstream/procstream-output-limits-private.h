/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The properties of a ProcstreamOutputConfig that bound what replay keeps and how long a subscriber may stall. */
typedef struct
{
  guint64 max_replay_bytes;
  gint64  max_stall_ms;
} ProcstreamOutputLimits;

void procstream_output_limits_init (ProcstreamOutputLimits *self);
void procstream_output_limits_install (GObjectClass *object_class); /* after all other properties */
void procstream_output_limits_get_property (GObject    *config,
                                            guint       property_id,
                                            GValue     *value,
                                            GParamSpec *pspec);
void procstream_output_limits_set_property (GObject      *config,
                                            guint         property_id,
                                            const GValue *value,
                                            GParamSpec   *pspec);

G_END_DECLS
