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
#include <procstream/procstream-scope.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_NO_LIMIT:
 *
 * As a limit of [method@Procstream.Launcher.set_limit]: none.
 *
 * Since: 1.0
 */
#define PROCSTREAM_NO_LIMIT (-1)

/**
 * PROCSTREAM_DEFAULT_NAME_REDACT:
 *
 * Which variables and options are taken for secrets in automatic names, unless
 * [property@Procstream.Launcher:name-redact] is set. The words are those under which
 * programs commonly take them.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_NAME_REDACT "(?i)pass|pwd|secret|token|key|auth|cred"

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
const char *procstream_launcher_get_stdin_file (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_stdin_file (ProcstreamLauncher *self, const char *stdin_file);
PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_launcher_get_stdin_bytes (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_stdin_bytes (ProcstreamLauncher *self, GBytes *stdin_bytes);
PROCSTREAM_AVAILABLE_IN_1_0
GInputStream *procstream_launcher_get_stdin_stream (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_stdin_stream (ProcstreamLauncher *self, GInputStream *stdin_stream);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_merge_stderr (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_merge_stderr (ProcstreamLauncher *self, gboolean merge_stderr);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamContainment procstream_launcher_get_containment (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_containment (ProcstreamLauncher *self, ProcstreamContainment containment);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLifetime procstream_launcher_get_lifetime (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_lifetime (ProcstreamLauncher *self, ProcstreamLifetime lifetime);
PROCSTREAM_AVAILABLE_IN_1_0
int *procstream_launcher_get_success_statuses (ProcstreamLauncher *self, gsize *n_statuses);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_success_statuses (ProcstreamLauncher *self, const int *statuses, gsize n_statuses);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_launcher_get_shutdown (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_shutdown (ProcstreamLauncher *self, ProcstreamShutdown *shutdown);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamScope *procstream_launcher_get_scope (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_scope (ProcstreamLauncher *self, ProcstreamScope *scope);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_launcher_get_stdout_config (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_stdout_config (ProcstreamLauncher *self, ProcstreamOutputConfig *stdout_config);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_launcher_get_stderr_config (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_stderr_config (ProcstreamLauncher *self, ProcstreamOutputConfig *stderr_config);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_launcher_get_nice (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_nice (ProcstreamLauncher *self, int nice);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_launcher_get_oom_score_adjust (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_oom_score_adjust (ProcstreamLauncher *self, int oom_score_adjust);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_launcher_get_umask (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_umask (ProcstreamLauncher *self, int umask);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_launcher_get_parent_death_signal (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_parent_death_signal (ProcstreamLauncher *self, int parent_death_signal);

PROCSTREAM_AVAILABLE_IN_1_0
int procstream_launcher_get_guard_grace_ms (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_guard_grace_ms (ProcstreamLauncher *self, int guard_grace_ms);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_keep_descendants (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_keep_descendants (ProcstreamLauncher *self, gboolean keep_descendants);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_launcher_get_idle_timeout_ms (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_idle_timeout_ms (ProcstreamLauncher *self, gint64 idle_timeout_ms);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_idle_stdout (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_idle_stdout (ProcstreamLauncher *self, gboolean idle_stdout);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_idle_stderr (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_idle_stderr (ProcstreamLauncher *self, gboolean idle_stderr);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_search_environment_path (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_search_environment_path (ProcstreamLauncher *self, gboolean search_environment_path);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamNameParts procstream_launcher_get_name_parts (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_name_parts (ProcstreamLauncher *self, ProcstreamNameParts name_parts);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_launcher_get_name_redact (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_name_redact (ProcstreamLauncher *self, const char *name_redact);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_limit (ProcstreamLauncher *self, ProcstreamLimit limit, gint64 soft, gint64 hard);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_unset_limit (ProcstreamLauncher *self, ProcstreamLimit limit);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_limit (ProcstreamLauncher *self, ProcstreamLimit limit, gint64 *soft, gint64 *hard);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_take_fd (ProcstreamLauncher *self, int fd, int target);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_close_fd (ProcstreamLauncher *self, int target);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_clear_environment (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_merged_view (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_merged_view (ProcstreamLauncher *self, gboolean merged_view);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutputConfig *procstream_launcher_get_merged_config (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_merged_config (ProcstreamLauncher *self, ProcstreamOutputConfig *merged_config);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_pty (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_pty (ProcstreamLauncher *self, gboolean pty);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_launcher_get_pty_columns (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_pty_columns (ProcstreamLauncher *self, guint pty_columns);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_launcher_get_pty_rows (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_pty_rows (ProcstreamLauncher *self, guint pty_rows);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamPtyFlags procstream_launcher_get_pty_flags (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_pty_flags (ProcstreamLauncher *self, ProcstreamPtyFlags pty_flags);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_launcher_get_exact_order (ProcstreamLauncher *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_launcher_set_exact_order (ProcstreamLauncher *self, gboolean exact_order);
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
