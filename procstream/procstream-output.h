/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-consumer.h>
#include <procstream/procstream-writer.h>
#include <procstream/procstream-output-config.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_OUTPUT (procstream_output_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamOutput, procstream_output, PROCSTREAM, OUTPUT, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutput *procstream_output_new_take_fd (int fd, const char *name, ProcstreamOutputConfig *config, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutput *procstream_output_new_from_stream (GInputStream *stream, const char *name, ProcstreamOutputConfig *config, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_output_get_name (ProcstreamOutput *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputState procstream_output_get_state (ProcstreamOutput *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_output_get_bytes_received (ProcstreamOutput *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_output_get_bytes_dropped (ProcstreamOutput *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_output_get_bytes_unobserved (ProcstreamOutput *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_output_get_consumers_dropped (ProcstreamOutput *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_output_get_priority (ProcstreamOutput *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_set_priority (ProcstreamOutput *self, int priority);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_output_attach (ProcstreamOutput *self, ProcstreamConsumer *consumer, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_output_seal_replay (ProcstreamOutput *self);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamWriter *procstream_output_get_file_writer (ProcstreamOutput *self);

G_END_DECLS
