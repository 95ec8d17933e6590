/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many line feeds there are. */
guint64 procstream_line_count_feeds (const guint8 *data,
                                     gsize         size);
/* How many lines: what follows the last line feed, if anything does, is one as well. */
guint64 procstream_line_count (const guint8 *data,
                               gsize         size);

G_END_DECLS
