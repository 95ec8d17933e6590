/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-seeker-private.h"
#include "procstream-line-waiter.h"

G_BEGIN_DECLS

/* Attaches to both outputs of a process, which is called @process in messages and whose exit ends the search: see
 * procstream_line_seeker_expect_exit(). */
gboolean              procstream_line_waiter_attach_both (ProcstreamLineWaiter *self,
                                                          ProcstreamOutputCore *outputs[2],
                                                          const char           *process,
                                                          void (*over) (gpointer data),
                                                          gpointer       data,
                                                          GDestroyNotify destroy,
                                                          GError       **error);
ProcstreamLineSeeker *procstream_line_waiter_get_search (ProcstreamLineWaiter *self); /* lives as long as the consumer core does */
/* Once it is over: the match, the same for everybody, or why there is none. Whoever is given one with NEXT moves its place. */
ProcstreamMatch *procstream_line_waiter_dup_match (ProcstreamLineWaiter *self,
                                                   GError              **error);

/* As wait_match_finish, but its place is left alone. */
ProcstreamMatch *procstream_line_waiter_peek_match_finish (ProcstreamLineWaiter *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);

G_END_DECLS
