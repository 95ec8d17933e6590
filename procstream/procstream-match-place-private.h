/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How far the matches in a stream have come, for who looks for the next one. It only moves forward, so that nothing is found twice, whoever
 * comes first. Atomically counted, for a match may outlive the output; any thread. */
typedef struct _ProcstreamMatchPlace ProcstreamMatchPlace;

ProcstreamMatchPlace *procstream_match_place_new (void);
ProcstreamMatchPlace *procstream_match_place_ref (ProcstreamMatchPlace *self);
void                  procstream_match_place_unref (ProcstreamMatchPlace *self);

/* An offset in bytes; 0: nothing was found yet. */
guint64 procstream_match_place_get (ProcstreamMatchPlace *self);
void    procstream_match_place_move (ProcstreamMatchPlace *self,
                                     guint64               offset);

G_END_DECLS
