/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-result-private.h"

G_BEGIN_DECLS

/* Everything is set in the constructor and never again; so there is no lock and nothing is notified. */
struct _ProcstreamResult
{
  GObject parent_instance;

  char              *name;
  int                exit_code;
  int                term_signal;
  gint64             duration_us;
  ProcstreamUsage    usage;
  ProcstreamCause    cause;
  int                phase;
  GListStore        *attempts; /* of ProcstreamShutdownAttempt */
  gboolean           success;
  gboolean           running;
  gboolean           cut_allowed;
  ProcstreamCapture *captures[2];
  char              *tail;
  GError            *input_error;
  char              *message;
  GError            *file_error;
  GError            *start_error; /* NULL: it ran */
};

G_END_DECLS
