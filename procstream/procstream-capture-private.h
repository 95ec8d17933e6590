/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-capture.h"

G_BEGIN_DECLS

typedef struct
{
  GBytes  *bytes; /* (transfer full) */
  guint64  bytes_seen;
  guint64  bytes_cut;
  guint64  bytes_lost;
  guint64  bytes_missed; /* before the collecting began */
  guint64  gaps;
  guint64  lines_seen;
  gboolean ended;
  GError  *read_error; /* (transfer full) instead of an end; NULL: none */
} ProcstreamCaptureFacts;

ProcstreamCapture *procstream_capture_new (ProcstreamCaptureFacts *facts);
/* Why it is not all of what was written to @name, as the end of a sentence; NULL: it is all. */
char *procstream_capture_describe_missing (ProcstreamCapture *self,
                                           const char        *name);

G_END_DECLS
