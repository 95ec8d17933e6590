/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-child.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-output-config.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_LAUNCHER (procstream_launcher_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamLauncher, procstream_launcher, PROCSTREAM, LAUNCHER, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLauncher *procstream_launcher_new (ProcstreamDelivery delivery, ProcstreamReplay replay);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamDelivery procstream_launcher_get_delivery (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_delivery (ProcstreamLauncher *self, ProcstreamDelivery delivery);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamReplay procstream_launcher_get_replay (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_replay (ProcstreamLauncher *self, ProcstreamReplay replay);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_launcher_get_replay_limit (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_replay_limit (ProcstreamLauncher *self, guint64 replay_limit);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_launcher_get_name (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_name (ProcstreamLauncher *self, const char *name);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_launcher_get_cwd (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_cwd (ProcstreamLauncher *self, const char *cwd);
PROCSTREAM_AVAILABLE_IN_1_0
const char *const *procstream_launcher_get_environment (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_environment (ProcstreamLauncher *self, const char *const *environment);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamStdinMode procstream_launcher_get_stdin_mode (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_stdin_mode (ProcstreamLauncher *self, ProcstreamStdinMode stdin_mode);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_merge_stderr (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_merge_stderr (ProcstreamLauncher *self, gboolean merge_stderr);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamContainment procstream_launcher_get_containment (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_containment (ProcstreamLauncher *self, ProcstreamContainment containment);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_launcher_get_stdout_config (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_stdout_config (ProcstreamLauncher *self, ProcstreamOutputConfig *stdout_config);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_launcher_get_stderr_config (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_stderr_config (ProcstreamLauncher *self, ProcstreamOutputConfig *stderr_config);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_variable (ProcstreamLauncher *self, const char *variable, const char *value);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_unset_variable (ProcstreamLauncher *self, const char *variable);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChild *procstream_launcher_create (ProcstreamLauncher *self, const char *const *argv, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChild *procstream_launcher_spawnv (ProcstreamLauncher *self, const char *const *argv, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_spawn_async (ProcstreamLauncher *self, const char *const *argv, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChild *procstream_launcher_spawn_finish (ProcstreamLauncher *self, GAsyncResult *result, GError **error);

G_END_DECLS
