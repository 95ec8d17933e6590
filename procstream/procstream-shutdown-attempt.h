/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_SHUTDOWN_ATTEMPT (procstream_shutdown_attempt_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamShutdownAttempt, procstream_shutdown_attempt, PROCSTREAM, SHUTDOWN_ATTEMPT, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdownAction procstream_shutdown_attempt_get_action (ProcstreamShutdownAttempt *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_shutdown_attempt_get_signum (ProcstreamShutdownAttempt *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_shutdown_attempt_get_phase (ProcstreamShutdownAttempt *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_shutdown_attempt_get_round (ProcstreamShutdownAttempt *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_shutdown_attempt_get_error_number (ProcstreamShutdownAttempt *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_shutdown_attempt_get_time_us (ProcstreamShutdownAttempt *self);
PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_shutdown_attempt_to_string (ProcstreamShutdownAttempt *self);

G_END_DECLS
