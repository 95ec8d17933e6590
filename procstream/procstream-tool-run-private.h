/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-tool-options-private.h"

G_BEGIN_DECLS

/* Runs the command to its end; the exit status of the tool. */
int tool_run (const ToolOptions *options);

G_END_DECLS
