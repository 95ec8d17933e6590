/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_INPUT (procstream_input_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamInput, procstream_input, PROCSTREAM, INPUT, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_input_write_async (ProcstreamInput *self, GBytes *bytes, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_input_write_finish (ProcstreamInput *self, GAsyncResult *result, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_input_close (ProcstreamInput *self);

G_END_DECLS
