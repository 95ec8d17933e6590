/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-collection-private.h"

G_BEGIN_DECLS

ProcstreamCollection *procstream_collector_get_collection (ProcstreamCollector *self);

G_END_DECLS
