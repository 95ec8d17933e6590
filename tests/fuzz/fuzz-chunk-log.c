/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The chunk log against the model of its unit test: any input is a history. See driver.c. */

#include "procstream-chunk-log-private.h"

#include "chunk-log-model.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *failure = chunk_log_history_run (data, size);

  if (failure)
    g_error ("%s", failure);
  return 0;
}
