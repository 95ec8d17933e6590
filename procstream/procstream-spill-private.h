/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A temporary file without a name, which goes with the program if not before. It is written by one thread, and may block. */
typedef struct _ProcstreamSpill ProcstreamSpill;

ProcstreamSpill *procstream_spill_new (GError **error);
void             procstream_spill_free (ProcstreamSpill *self);

/* FALSE with an error; *@written bytes were written in any case. */
gboolean procstream_spill_append (ProcstreamSpill *self,
                                  gconstpointer    data,
                                  gsize            size,
                                  gsize           *written,
                                  GError         **error);
/* The first @size bytes, which must have been written, without reading them into memory where that is possible. Any thread, also while more is
 * appended. Should the disk not give them, there are fewer, and the program hears of it. */
GBytes *procstream_spill_map (ProcstreamSpill *self,
                              gsize            size);

G_END_DECLS
