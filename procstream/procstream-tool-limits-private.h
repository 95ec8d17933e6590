/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* Sets what each of @limits (nullable) says: NAME=VALUE or NAME=SOFT:HARD. FALSE with G_OPTION_ERROR_BAD_VALUE. */
gboolean tool_limits_apply (const char *const  *limits,
                            ProcstreamLauncher *launcher,
                            GError            **error);

G_END_DECLS
