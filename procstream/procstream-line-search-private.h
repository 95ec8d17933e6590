/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-enums.h"
#include "procstream-line-store-private.h"

G_BEGIN_DECLS

/* Whether a line is looked for. Immutable; one thread at a time. */
typedef struct _ProcstreamLineMatcher ProcstreamLineMatcher;

ProcstreamLineMatcher *procstream_line_matcher_new_text (const char *text, /* valid UTF-8 */
                                                         gboolean    caseless,
                                                         GError    **error);
ProcstreamLineMatcher *procstream_line_matcher_new_regex (GRegex  *regex, /* of which a copy is made */
                                                          GError **error);
void                   procstream_line_matcher_free (ProcstreamLineMatcher *self);
/* FALSE with an error: it could not be found out. */
gboolean procstream_line_matcher_match (ProcstreamLineMatcher      *self,
                                        const ProcstreamStoredLine *line,
                                        GError                    **error);
/* For tests: what is matched, of what was made from a regular expression. */
GRegex *procstream_line_matcher_peek_regex (ProcstreamLineMatcher *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcstreamLineMatcher, procstream_line_matcher_free)

G_END_DECLS
