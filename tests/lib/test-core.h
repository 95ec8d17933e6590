/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-config.h"
#include "procstream-output-core-private.h"

G_BEGIN_DECLS

/* The inner record of an output that is read in this thread, and whose chunks the test makes: nothing comes by itself. */
ProcstreamOutputCore *test_core_new (guint max_chunks); /* 0: the default */
/* As @config says, read in this thread all the same. */
ProcstreamOutputCore *test_core_new_for (ProcstreamOutputConfig *config);
void                  test_core_free (ProcstreamOutputCore *self);
void                  test_core_feed (ProcstreamOutputCore *self,
                                      const char           *text);

G_END_DECLS
