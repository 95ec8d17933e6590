/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-child.h>
#include <procstream/procstream-complete-options.h>
#include <procstream/procstream-launcher.h>
#include <procstream/procstream-result.h>

G_BEGIN_DECLS

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_launcher_run (ProcstreamLauncher *self, const char *const *argv, ProcstreamCompleteOptions *options, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_run_async (ProcstreamLauncher *self, const char *const *argv, ProcstreamCompleteOptions *options, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_launcher_run_finish (ProcstreamLauncher *self, GAsyncResult *result, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_launcher_run_get_result (ProcstreamLauncher *self, GAsyncResult *result);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChild *procstream_launcher_create_for_run (ProcstreamLauncher *self, const char *const *argv, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_child_complete_for_run (ProcstreamChild *self, ProcstreamCompleteOptions *options, GCancellable *cancellable, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_run (const char *const *argv, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_run_async (const char *const *argv, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_run_finish (GAsyncResult *result, GError **error);

G_END_DECLS
