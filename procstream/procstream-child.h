/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-error.h>
#include <procstream/procstream-input.h>
#include <procstream/procstream-line-waiter.h>
#include <procstream/procstream-match.h>
#include <procstream/procstream-output.h>
#include <procstream/procstream-complete-options.h>
#include <procstream/procstream-result.h>
#include <procstream/procstream-shutdown.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_NO_TIMEOUT:
 *
 * Wait without limit, where a call asks for a time limit in milliseconds.
 *
 * Since: 1.0
 */
#define PROCSTREAM_NO_TIMEOUT (-1)

#define PROCSTREAM_TYPE_CHILD (procstream_child_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamChild, procstream_child, PROCSTREAM, CHILD, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_child_get_name (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_child_get_pid (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamChildState procstream_child_get_state (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_child_get_exit_code (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_child_get_term_signal (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_child_get_elapsed_us (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_child_get_result (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamInput *procstream_child_get_stdin (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutput *procstream_child_get_stdout (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutput *procstream_child_get_stderr (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamOutput *procstream_child_get_merged (ProcstreamChild *self);
PROCSTREAM_AVAILABLE_IN_1_0
GSubprocess *procstream_child_get_subprocess (ProcstreamChild *self);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLifetime procstream_child_get_lifetime (ProcstreamChild *self);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_start (ProcstreamChild *self, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_child_start_async (ProcstreamChild *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_start_finish (ProcstreamChild *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_wait (ProcstreamChild *self, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_child_wait_async (ProcstreamChild *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_wait_finish (ProcstreamChild *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_child_seal_replay (ProcstreamChild *self);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_child_complete (ProcstreamChild *self, ProcstreamCompleteOptions *options, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_child_complete_async (ProcstreamChild *self, ProcstreamCompleteOptions *options, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamResult *procstream_child_complete_finish (ProcstreamChild *self, GAsyncResult *result, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_send_signal (ProcstreamChild *self, int signum, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_kill (ProcstreamChild *self, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_terminate (ProcstreamChild *self, ProcstreamShutdown *shutdown, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_child_terminate_async (ProcstreamChild *self, ProcstreamShutdown *shutdown, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_terminate_finish (ProcstreamChild *self, GAsyncResult *result, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_detach (ProcstreamChild *self, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_resize (ProcstreamChild *self, guint columns, guint rows, GError **error);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_child_attach_waiter (ProcstreamChild *self, ProcstreamLineWaiter *waiter, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamMatch *procstream_child_expect (ProcstreamChild     *self,
                                          const char          *pattern,
                                          ProcstreamMatchFlags flags,
                                          gint64               timeout_ms,
                                          GCancellable        *cancellable,
                                          GError             **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_child_expect_async (ProcstreamChild     *self,
                                    const char          *pattern,
                                    ProcstreamMatchFlags flags,
                                    gint64               timeout_ms,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamMatch *procstream_child_expect_finish (ProcstreamChild *self, GAsyncResult *result, GError **error);

G_END_DECLS
