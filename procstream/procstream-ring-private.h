/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The last (or first) so many bytes of a stream: a ring buffer whose memory grows with what it holds, up to its limit. */
typedef struct _ProcstreamRing ProcstreamRing;

ProcstreamRing *procstream_ring_new (guint64 limit); /* > 0 */
void            procstream_ring_free (ProcstreamRing *self);

/* Adds what there is room for; returns how much that was. */
gsize procstream_ring_fill (ProcstreamRing *self,
                            const guint8   *data,
                            gsize           size);
/* Adds all, letting the oldest go; returns how many bytes are no longer, or never were, kept. */
guint64 procstream_ring_push (ProcstreamRing *self,
                              const guint8   *data,
                              gsize           size);
/* Lets the oldest go, which there must be. */
void  procstream_ring_drop (ProcstreamRing *self,
                            gsize           size);
gsize procstream_ring_get_size (ProcstreamRing *self);
/* Where there is room for all of it. */
void procstream_ring_copy_to (ProcstreamRing *self,
                              guint8         *target);
/* For what is not large: an array of GLib has less than 4 GiB. */
void procstream_ring_append_to (ProcstreamRing *self,
                                GByteArray     *bytes);
/* What keeping cost so far: how many bytes were copied in all. */
guint64 procstream_ring_get_bytes_moved (ProcstreamRing *self);

G_END_DECLS
