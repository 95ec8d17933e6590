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
  guint64  gaps;
  guint64  lines_seen;
  gboolean ended;
} ProcstreamCaptureFacts;

ProcstreamCapture *procstream_capture_new (ProcstreamCaptureFacts *facts);

G_END_DECLS
