/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* How the command is ended, as the command line says: each of @phases (nullable) is SIGNAL or SIGNAL:SECONDS. @grace_ms is the time of
 * those that have none, and of the SIGTERM that there is without any. NULL with G_OPTION_ERROR_BAD_VALUE. */
ProcstreamShutdown *tool_phases_parse (const char *const *phases,
                                       gint64             grace_ms,
                                       GError           **error);

/* How long it may take until the kill. */
gint64 tool_phases_get_grace_ms (ProcstreamShutdown *shutdown);

G_END_DECLS
