/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-pipeline-core-private.h"
#include "procstream-pipeline.h"

G_BEGIN_DECLS

/*
 * The outer object. It owns the outer children, which are the list of stages; everything that is done with all of them at once is in the
 * inner record, and what is under way there goes on without it. It is changed in the thread that made it alone.
 *
 * Nothing below holds it but the tasks of its calls, so it is nobody's duty to keep it: a running child keeps itself.
 */
struct _ProcstreamPipeline
{
  GObject parent_instance;

  ProcstreamPipelineCore *core;
  GPtrArray              *children; /* of ProcstreamChild */
  GListStore             *stages;   /* of the same, which only one thread may look at */
  GMainContext           *context;
  GThread                *owner_thread;
};

G_END_DECLS
