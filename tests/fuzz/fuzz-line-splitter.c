/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The line splitter against the model of its unit test: any input is options, bytes, gaps and ends. See driver.c. */

#include "procstream-line-splitter-private.h"

#include "line-model.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *failure = line_history_run (data, size);

  if (failure)
    g_error ("%s", failure);
  return 0;
}
