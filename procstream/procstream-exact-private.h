/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-core-private.h"

G_BEGIN_DECLS

#define PROCSTREAM_EXACT_OUTPUTS 2

/* Two sockets for a child to write to, and one that receives what is written to either in the order in which it is written. */
typedef struct
{
  int   receiver;                         /* -1: there is nothing in it */
  int   ends[PROCSTREAM_EXACT_OUTPUTS];   /* at an end when nobody has that socket any more */
  int   probes[PROCSTREAM_EXACT_OUTPUTS]; /* see procstream_exact_is_held() */
  gsize largest;                          /* no write can be larger */
} ProcstreamExact;

#define PROCSTREAM_EXACT_NONE ((ProcstreamExact){ -1, { -1, -1 }, { -1, -1 }, 0 })

/* How large a write may be is asked for, and given as far as the system's net.core.wmem_max allows: it doubles what it gives. */
#define PROCSTREAM_EXACT_WANTED_WRITE (256 * 1024)

/* All close-on-exec and numbered above 2. */
gboolean procstream_exact_new (ProcstreamExact *self,
                               int              theirs[PROCSTREAM_EXACT_OUTPUTS],
                               GError         **error);
void     procstream_exact_close (ProcstreamExact *self);

/* Which of the two sent what came from @name, by its last part, which is a number; nothing else of it is compared. -1: it is of neither, or
 * there is no name. */
int procstream_exact_get_sender (gconstpointer name,
                                 gsize         size);
/* Whether somebody still has the socket whose former partner is @probe, after its end has told that nobody does: then who has it has read
 * from it, which took away what tells of the end. */
gboolean procstream_exact_is_held (int probe);

/* Starts both outputs, which are read in the same thread. Takes what is in @self. */
void procstream_exact_open (ProcstreamExact             *self,
                            ProcstreamOutputCore *const *outputs);

G_END_DECLS
