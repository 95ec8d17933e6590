/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-child.h>
#include <procstream/procstream-complete-options.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-shutdown.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_SCOPE (procstream_scope_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamScope, procstream_scope, PROCSTREAM, SCOPE, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamScope *procstream_scope_new (void);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_scope_get_shutdown (ProcstreamScope *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_scope_set_shutdown (ProcstreamScope *self, ProcstreamShutdown *shutdown);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_scope_get_max_running (ProcstreamScope *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_scope_set_max_running (ProcstreamScope *self, guint max_running);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOnFailure procstream_scope_get_on_failure (ProcstreamScope *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_scope_set_on_failure (ProcstreamScope *self, ProcstreamOnFailure on_failure);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_scope_get_max_finished (ProcstreamScope *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_scope_set_max_finished (ProcstreamScope *self, guint max_finished);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_scope_get_n_running (ProcstreamScope *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_scope_get_n_queued (ProcstreamScope *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_scope_get_n_finished (ProcstreamScope *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_scope_get_closed (ProcstreamScope *self);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_scope_add (ProcstreamScope *self, ProcstreamChild *child, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_scope_enqueue (ProcstreamScope *self, ProcstreamChild *child, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_scope_remove (ProcstreamScope *self, ProcstreamChild *child, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
GPtrArray *procstream_scope_dup_children (ProcstreamScope *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_scope_abort (ProcstreamScope *self);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_scope_close (ProcstreamScope *self, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_scope_close_async (ProcstreamScope *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_scope_close_finish (ProcstreamScope *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
GPtrArray *procstream_scope_complete_all (ProcstreamScope *self, ProcstreamCompleteOptions *options, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_scope_complete_all_async (ProcstreamScope           *self,
                                          ProcstreamCompleteOptions *options,
                                          GCancellable              *cancellable,
                                          GAsyncReadyCallback        callback,
                                          gpointer                   user_data);
PROCSTREAM_AVAILABLE_IN_1_0
GPtrArray *procstream_scope_complete_all_finish (ProcstreamScope *self, GAsyncResult *result, GError **error);

G_END_DECLS
