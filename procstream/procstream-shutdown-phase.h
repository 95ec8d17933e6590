/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_SHUTDOWN_PHASE (procstream_shutdown_phase_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamShutdownPhase, procstream_shutdown_phase, PROCSTREAM, SHUTDOWN_PHASE, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdownAction procstream_shutdown_phase_get_action (ProcstreamShutdownPhase *self);
PROCSTREAM_AVAILABLE_IN_1_0
int procstream_shutdown_phase_get_signum (ProcstreamShutdownPhase *self);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamSignalTarget procstream_shutdown_phase_get_target (ProcstreamShutdownPhase *self);
PROCSTREAM_AVAILABLE_IN_1_0
GBytes *procstream_shutdown_phase_get_bytes (ProcstreamShutdownPhase *self);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_shutdown_phase_get_grace_ms (ProcstreamShutdownPhase *self);
PROCSTREAM_AVAILABLE_IN_1_0
char *procstream_shutdown_phase_to_string (ProcstreamShutdownPhase *self);

G_END_DECLS
