/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"
#include "procstream-spawn-private.h"

G_BEGIN_DECLS

/* Opens the file of an output (its number), without blocking. -1 with an error that names both. */
int procstream_child_file_open (const ProcstreamChildOptions *options,
                                guint                         i,
                                gboolean                      append,
                                GError                      **error);
/* Gives the child that file in place of a pipe. */
gboolean procstream_child_file_give (const ProcstreamChildOptions *options,
                                     ProcstreamSpawnRequest       *request,
                                     int                           target,
                                     GError                      **error);

G_END_DECLS
