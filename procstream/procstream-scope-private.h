/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-bell-private.h"
#include "procstream-scope-core-private.h"
#include "procstream-scope.h"

G_BEGIN_DECLS

/*
 * The outer object. It owns the outer children, and is their list; whatever has to happen without it is in the inner record, which rings
 * for it (advance) after each change.
 *
 * mutex protects shown and incoming: children are added in any thread, and appear in the list in that of the context. Adding to the record
 * and to incoming is one step under mutex, and so is taking what came and what went, so a child is never seen to go before it came.
 * mutex is taken before that of the record.
 *
 * shown changes in the thread of the context alone, right before the emission that tells of it, and while one is under way (emitting)
 * nothing else changes it: a nested iteration leaves it to the outer one, by ringing again.
 *
 * muted is set once, and from then on nothing of it is emitted.
 */
struct _ProcstreamScope
{
  GObject parent_instance;

  ProcstreamScopeCore *core;
  ProcstreamBell      *bell;
  GMainContext        *context;
  GThread             *owner_thread;
  ProcstreamShutdown  *shutdown;

  GMutex     mutex;
  GPtrArray *shown;    /* of owned ProcstreamChild; replaced, never changed */
  GPtrArray *incoming; /* the same */

  gint                 muted; /* atomic */
  gboolean             emitting;
  gboolean             again;
  ProcstreamScopeFacts told; /* what was notified last */
};

/* All of them, in the order in which they were added: (transfer full) of owned ProcstreamChild. */
GPtrArray *procstream_scope_dup_children (ProcstreamScope *self);

G_END_DECLS
