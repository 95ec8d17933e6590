/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-line.h>

G_BEGIN_DECLS

#define PROCSTREAM_TYPE_MATCH (procstream_match_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamMatch, procstream_match, PROCSTREAM, MATCH, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLine *procstream_match_get_line (ProcstreamMatch *self);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_match_get_text (ProcstreamMatch *self);
PROCSTREAM_AVAILABLE_IN_1_0
const char *const *procstream_match_get_groups (ProcstreamMatch *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint procstream_match_get_pattern (ProcstreamMatch *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_match_get_end_offset (ProcstreamMatch *self);

PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_match_get_group (ProcstreamMatch *self, guint number);
PROCSTREAM_AVAILABLE_IN_1_0
const char *procstream_match_get_named_group (ProcstreamMatch *self, const char *name);

G_END_DECLS
