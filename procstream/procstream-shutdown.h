/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-shutdown-phase.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_DEFAULT_GRACE_MS:
 *
 * How long a child has after `SIGTERM` unless told otherwise, in milliseconds: 5 seconds, half
 * of what `docker stop` gives.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_GRACE_MS 5000

/**
 * PROCSTREAM_DEFAULT_KILL_TIMEOUT_MS:
 *
 * How long a kill may take unless told otherwise, in milliseconds: 3 seconds. A process
 * dies of `SIGKILL` within milliseconds, unless it waits in the kernel for a
 * device or a server that does not answer.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_KILL_TIMEOUT_MS 3000

#define PROCSTREAM_TYPE_SHUTDOWN (procstream_shutdown_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamShutdown, procstream_shutdown, PROCSTREAM, SHUTDOWN, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_shutdown_new (void);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_shutdown_new_default (void);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_shutdown_new_terminate (gint64 grace_ms);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_shutdown_new_interrupt (gint64 grace_ms);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_shutdown_new_interrupt_terminate (gint64 interrupt_grace_ms, gint64 terminate_grace_ms);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_shutdown_new_kill (void);

PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_shutdown_get_kill_timeout_ms (ProcstreamShutdown *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_shutdown_set_kill_timeout_ms (ProcstreamShutdown *self, gint64 kill_timeout_ms);
PROCSTREAM_AVAILABLE_IN_1_0
GListModel *procstream_shutdown_get_phases (ProcstreamShutdown *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_shutdown_get_total_ms (ProcstreamShutdown *self);

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_shutdown_add_close_stdin (ProcstreamShutdown *self, gint64 grace_ms);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_shutdown_add_write (ProcstreamShutdown *self, GBytes *bytes, gint64 grace_ms);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_shutdown_add_signal (ProcstreamShutdown *self, int signum, ProcstreamSignalTarget target, gint64 grace_ms);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_shutdown_check (ProcstreamShutdown *self, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_shutdown_to_string (ProcstreamShutdown *self);

G_END_DECLS
