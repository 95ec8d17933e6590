/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"
#include "procstream-spawn-private.h"

G_BEGIN_DECLS

/* Whether its input comes from a file, or any output goes to one. */
gboolean procstream_child_core_has_files (ProcstreamChildCore *self);
/* Opens all of them, which may block, and gives the child those that it reads and writes itself. FALSE with an error that names the child, the
 * stream and the file. */
gboolean procstream_child_core_open_files (ProcstreamChildCore    *self,
                                           ProcstreamSpawnRequest *request,
                                           GError                **error);

G_END_DECLS
