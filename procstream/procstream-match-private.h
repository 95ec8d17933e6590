/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-seeker-private.h"
#include "procstream-match.h"

G_BEGIN_DECLS

ProcstreamMatch *procstream_match_new (ProcstreamFoundLine *found);

G_END_DECLS
