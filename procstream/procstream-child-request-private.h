/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"
#include "procstream-exact-private.h"
#include "procstream-spawn-private.h"
#include "procstream-terminal-private.h"

G_BEGIN_DECLS

/* What this side keeps of what a child is given. */
typedef struct
{
  int                 pipes[3]; /* our ends of the standard descriptors, -1: none */
  ProcstreamExact     exact;    /* instead of those of both outputs */
  ProcstreamTerminal *terminal; /* where the child inherits one in a group of its own */
  int                 guard;    /* our end of the channel to its guard, -1: none */
  int                 kept;     /* our side of its pseudo-terminal, beside what is read and written, -1: none */
} ProcstreamChildEnds;

/* From options to a request. NULL, with an error that names the process, when there is no descriptor left for it; @ends is to be
 * closed in any case. */
ProcstreamSpawnRequest *procstream_child_request_new (ProcstreamChildOptions *options,
                                                      ProcstreamChildEnds    *ends,
                                                      GError                **error);
#define PROCSTREAM_CHILD_NO_ENDS ((ProcstreamChildEnds){ { -1, -1, -1 }, PROCSTREAM_EXACT_NONE, NULL, -1, -1 })
/* The terminal is not touched: it is taken back. */
void procstream_child_ends_close (ProcstreamChildEnds *self);

G_END_DECLS
