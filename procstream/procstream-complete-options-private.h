/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-complete-options.h"
#include "procstream-shutdown-private.h"

G_BEGIN_DECLS

/* Options as plain data, checked. -1 and PROCSTREAM_UNLIMITED are no limit. */
typedef struct
{
  gint64                  timeout_ms;
  gint64                  idle_timeout_ms;
  gboolean                idle[2]; /* stdout, stderr */
  gint64                  drain_timeout_ms;
  guint64                 output_limit;
  ProcstreamEndOn         end_on;
  ProcstreamShutdownPlan *shutdown; /* NULL: the child's */
  gboolean                capture;
  gboolean                is_joint; /* the standard output goes on to a next stage: it is not what is waited for, and is neither kept nor limited */
  ProcstreamKeep          keep;
  guint64                 max_bytes;
  gboolean                allow_truncated;
  gboolean                close_stdin;
} ProcstreamCompleteSettings;

/* NULL stands for the default ones. FALSE with G_IO_ERROR_INVALID_ARGUMENT. */
gboolean procstream_complete_settings_init (ProcstreamCompleteSettings *self,
                                            ProcstreamCompleteOptions  *options,
                                            GError                    **error);
void     procstream_complete_settings_clear (ProcstreamCompleteSettings *self);

G_END_DECLS
