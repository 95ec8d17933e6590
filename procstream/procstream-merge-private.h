/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-core-private.h"

G_BEGIN_DECLS

#define PROCSTREAM_MERGE_INPUTS 2

/* Starts @merged, which is read in the same thread as the inputs: it is given the chunks of all of them in the order in which they arrive,
 * and ends when all have ended. Before any of the inputs is started. */
void procstream_merge_open (ProcstreamOutputCore        *merged,
                            ProcstreamOutputCore *const *inputs);

G_END_DECLS
