/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-bell-private.h"
#include "procstream-child.h"
#include "procstream-scope-core-private.h"

G_BEGIN_DECLS

/* The outer children of a scope. Atomically counted: the outer scope and the inner record hold it. */
typedef struct _ProcstreamScopeRoster ProcstreamScopeRoster;

/* What the inner record tells; the data is a roster. */
extern const ProcstreamScopeCoreOps procstream_scope_roster_ops;

/* @bell is rung for each change. */
ProcstreamScopeRoster *procstream_scope_roster_new (ProcstreamBell *bell);
gpointer               procstream_scope_roster_ref (gpointer data);
void                   procstream_scope_roster_unref (gpointer data);

/* Whatever makes a child one of the record, or takes what is gone from that, is one step with what is noted of it here. */
void procstream_scope_roster_lock (ProcstreamScopeRoster *self);
void procstream_scope_roster_unlock (ProcstreamScopeRoster *self);
/* The child belongs to the scope from now on. One that was neither started nor enqueued is not held. */
void procstream_scope_roster_add_locked (ProcstreamScopeRoster *self,
                                         ProcstreamChild       *child);
/* It was enqueued, or is being started, and is held from now on, if it is not already. */
void procstream_scope_roster_admit_locked (ProcstreamScopeRoster *self,
                                           ProcstreamChildCore   *child);

/* What is shown, in the order in which they came: of owned ProcstreamChild. Replaced, never changed. In the thread of the context. */
GPtrArray *procstream_scope_roster_get_shown (ProcstreamScopeRoster *self);

/* What has changed since it was asked last. Each that failed is known, also if it went before it was ever shown. */
typedef struct
{
  GPtrArray *before; /* what was shown: of owned ProcstreamChild */
  GPtrArray *known;  /* that, and what came since */
  GPtrArray *failed; /* of owned ProcstreamChildCore */
} ProcstreamScopeChange;

void procstream_scope_change_clear (ProcstreamScopeChange *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ProcstreamScopeChange, procstream_scope_change_clear)

/* Shows what there is now. In the thread of the context. */
void procstream_scope_roster_advance (ProcstreamScopeRoster *self,
                                      ProcstreamScopeCore   *core,
                                      ProcstreamScopeChange *change);

/* All of them, those too that are not held: (transfer full) of owned ProcstreamChild. Any thread. */
GPtrArray *procstream_scope_roster_dup_children (ProcstreamScopeRoster *self);
/* Those that are held and have not left the record, in the order in which they came, whether they are shown or not yet: the same. */
GPtrArray *procstream_scope_roster_dup_held (ProcstreamScopeRoster *self,
                                             ProcstreamScopeCore   *core);
/* The outer scope goes. Any thread. */
void procstream_scope_roster_clear (ProcstreamScopeRoster *self);

G_END_DECLS
