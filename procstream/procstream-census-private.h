/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-group-private.h"

G_BEGIN_DECLS

/* Has the process group @group counted, as procstream_group_count() does, by a worker. @func is called in the I/O thread, later, with the
 * answer, or with NULL where /proc cannot be read. */
void procstream_census_ask (int group,
                            int session,
                            void (*func) (gpointer                     data,
                                          const ProcstreamGroupCensus *census),
                            gpointer data);

G_END_DECLS
