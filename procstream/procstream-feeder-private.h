/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-input-private.h"
#include "procstream-output-core-private.h"

G_BEGIN_DECLS

/* Has everything that comes from @from written to @to, no faster than that goes, and closes @to after its end. @from has not been
 * opened yet, and @to is marked as fed. When @to takes no more, @from is left alone, and so closed where nobody else has it; with
 * @ends_from it is ended for everybody. Any thread. */
void procstream_feed (ProcstreamOutputCore *from,
                      ProcstreamInputCore  *to,
                      gboolean              ends_from);

/* The same from a stream (transfer full), which begins to be read now. A class that is not GIO's is called in @context. */
void procstream_feed_stream (GInputStream        *stream,
                             const char          *name, /* for messages */
                             GMainContext        *context,
                             ProcstreamInputCore *to);

/* A stream feeds one child, and that once. FALSE: another one has it. */
gboolean procstream_feed_claim (GInputStream *stream,
                                gpointer      owner);
/* Nothing was read. Does nothing where the owner is another one. */
void procstream_feed_unclaim (GInputStream *stream,
                              gpointer      owner);

G_END_DECLS
