/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How much the next read asks for: what the ones before it give reason to expect, and at most what is configured. */
typedef struct
{
  gsize max;
  gsize expected;
} ProcstreamReadSize;

void procstream_read_size_init (ProcstreamReadSize *self,
                                gsize               max);
void procstream_read_size_learn (ProcstreamReadSize *self,
                                 gsize               asked,
                                 gsize               got);

G_END_DECLS
