/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-rule-private.h"

G_BEGIN_DECLS

/* What is done to bytes before they are cut into lines: they are brought from another encoding into UTF-8, and escape sequences of
 * terminals are taken out. */
typedef struct _ProcstreamLineFilter ProcstreamLineFilter;

/* NULL where the options ask for neither. They have been checked. */
ProcstreamLineFilter *procstream_line_filter_new (const ProcstreamLineOptions *options);
void                  procstream_line_filter_free (ProcstreamLineFilter *self);

/* What comes out is valid until the next call, and often @data itself; it may be empty. */
const guint8 *procstream_line_filter_push (ProcstreamLineFilter *self,
                                           const guint8         *data,
                                           gsize                 size,
                                           gsize                *out_size);
/* What comes next does not follow what came before: it stands at @offset of the stream, after these bytes. Returns what would have come
 * out of them. */
const guint8 *procstream_line_filter_gap (ProcstreamLineFilter *self,
                                          guint64               offset,
                                          const guint8         *before,
                                          gsize                 size,
                                          gsize                *out_size);
/* Nothing more comes. */
const guint8 *procstream_line_filter_finish (ProcstreamLineFilter *self,
                                             gsize                *out_size);
/* Bytes that are not valid in the encoding; U+FFFD stands for them. */
guint64 procstream_line_filter_get_bytes_invalid (ProcstreamLineFilter *self);

/* Whether there is such an encoding. */
gboolean procstream_line_filter_check_encoding (const char *encoding,
                                                GError    **error);

G_END_DECLS
