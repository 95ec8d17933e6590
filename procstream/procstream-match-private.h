/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-seeker-private.h"
#include "procstream-match.h"

G_BEGIN_DECLS

ProcstreamMatch *procstream_match_new (ProcstreamFoundLine *found);
/* Somebody was given it: who looks for the next one goes on after it. */
void procstream_match_move_place (ProcstreamMatch *self);

G_END_DECLS
