/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-bell-private.h"
#include "procstream-scope-core-private.h"
#include "procstream-scope-roster-private.h"
#include "procstream-scope.h"

G_BEGIN_DECLS

/*
 * The outer object. It owns the outer children, by its roster, and is their list; whatever has to happen without it is in the inner record,
 * which rings for it (advance) after each change.
 *
 * What is shown changes in the thread of the context alone, right before the emission that tells of it, and while one is under way (emitting)
 * nothing else changes it: a nested iteration leaves it to the outer one, by ringing again.
 *
 * mutex protects shutdown, which is set in the thread of the context, and read there without it, and in any thread that closes.
 *
 * muted is set once, and from then on nothing of it is emitted.
 */
struct _ProcstreamScope
{
  GObject parent_instance;

  ProcstreamScopeCore   *core;
  ProcstreamScopeRoster *roster;
  ProcstreamBell        *bell;
  GMainContext          *context;
  GThread               *owner_thread;

  GMutex              mutex;
  ProcstreamShutdown *shutdown;

  gint                 muted; /* atomic */
  gboolean             emitting;
  gboolean             again;
  ProcstreamScopeFacts told; /* what was notified last */
};

G_END_DECLS
