/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-pull-private.h"

G_BEGIN_DECLS

/* The part of a pull that takes chunks and holds bytes, for the other part, which makes something of them. */

/* Makes chunk the next one; FALSE when there is none, now or ever. */
gboolean procstream_pull_take_chunk (ProcstreamPull         *self,
                                     ProcstreamConsumerCore *core);
void     procstream_pull_drop_chunk (ProcstreamPull *self);
/* Whether chunk does not follow what its lane holds. */
gboolean            procstream_pull_is_torn (ProcstreamPull *self);
ProcstreamPullLane *procstream_pull_get_lane (ProcstreamPull *self); /* of chunk */
/* Before the first byte of chunk is looked at. What its lane holds, and it does not go on with, is torn and given up. */
void procstream_pull_settle (ProcstreamPull *self);
/* Moves @size bytes of chunk to the end of what its lane holds. */
void procstream_pull_hold (ProcstreamPull *self,
                           gsize           size);

static inline gsize
procstream_pull_lane_get_size (const ProcstreamPullLane *self)
{
  return self->held->len - self->start;
}

/* @size bytes were given out, or are given up. */
void    procstream_pull_lane_consume (ProcstreamPullLane *self,
                                      gsize               size);
GBytes *procstream_pull_lane_take_bytes (ProcstreamPullLane *self,
                                         gsize               size);

G_END_DECLS
