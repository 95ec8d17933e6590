/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-core-private.h"

G_BEGIN_DECLS

/* The offset at which it began: what came before that and was not kept, it neither gets nor is told of. Any thread. */
guint64 procstream_subscription_get_start (ProcstreamSubscription *self);

G_END_DECLS
