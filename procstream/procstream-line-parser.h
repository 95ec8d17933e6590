/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_LINE_PARSER (procstream_line_parser_get_type ())

typedef struct _ProcstreamLineParser ProcstreamLineParser;

PROCSTREAM_AVAILABLE_IN_1_0
GType procstream_line_parser_get_type (void) G_GNUC_CONST;

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLineParser *procstream_line_parser_new (ProcstreamLineSeparator separator, guint max_length, ProcstreamLineOverflow overflow);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLineParser *procstream_line_parser_new_custom (GBytes *separator, guint max_length, ProcstreamLineOverflow overflow);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLineParser *procstream_line_parser_ref (ProcstreamLineParser *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_line_parser_unref (ProcstreamLineParser *self);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_line_parser_set_encoding (ProcstreamLineParser *self, const char *encoding, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_line_parser_set_strip_escapes (ProcstreamLineParser *self, gboolean strip_escapes);
PROCSTREAM_AVAILABLE_IN_1_0
char **procstream_line_parser_push (ProcstreamLineParser *self, GBytes *bytes);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_line_parser_gap (ProcstreamLineParser *self, gboolean at_line_start);
PROCSTREAM_AVAILABLE_IN_1_0
char **procstream_line_parser_finish (ProcstreamLineParser *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_line_parser_get_bytes_lost (ProcstreamLineParser *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcstreamLineParser, procstream_line_parser_unref)

G_END_DECLS
