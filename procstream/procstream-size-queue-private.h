/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The sizes of what lies one after the other in some memory, oldest first: of lines, of chunks. A size takes a byte for each seven bits. Part of
 * its owner's record; zeroed, it is empty. */
typedef struct
{
  guint8 *data;
  gsize   allocated; /* 0, or a power of two */
  gsize   start;
  gsize   used;
  guint64 length; /* how many sizes there are */
} ProcstreamSizeQueue;

void    procstream_size_queue_clear (ProcstreamSizeQueue *self);
void    procstream_size_queue_push (ProcstreamSizeQueue *self,
                                    guint64              size);
guint64 procstream_size_queue_peek (ProcstreamSizeQueue *self); /* the oldest; there is one */
guint64 procstream_size_queue_pop (ProcstreamSizeQueue *self);
/* One after the other: *@position is 0 first, and moves on. FALSE: there is none left. */
gboolean procstream_size_queue_next (const ProcstreamSizeQueue *self,
                                     gsize                     *position,
                                     guint64                   *size);

G_END_DECLS
