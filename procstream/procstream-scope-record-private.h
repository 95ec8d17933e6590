/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-scope-core-private.h"

G_BEGIN_DECLS

/* The record behind a scope, between its parts; nobody else looks inside. What holds whenever mutex is free is said in
 * procstream-scope-core.c. */

typedef enum
{
  PROCSTREAM_MEMBER_CREATED,
  PROCSTREAM_MEMBER_QUEUED,
  PROCSTREAM_MEMBER_RUNNING,
  PROCSTREAM_MEMBER_OVER,
} ProcstreamMemberPhase;

typedef struct
{
  ProcstreamChildCore  *child;
  ProcstreamMemberPhase phase;
  gboolean              from_queue;
  gboolean              could_not_start;
  guint                 func_id; /* of the link among those who wait for its exit */
  GList                 link;
  GQueue               *in; /* which of queue, finished and staying it is in; NULL: none */
  GList                 in_link;
} ProcstreamMember;

struct _ProcstreamScopeCore
{
  gatomicrefcount ref_count;
  GMutex          mutex;

  const ProcstreamScopeCoreOps *ops;
  gpointer                      data;

  GQueue      members; /* of ProcstreamMember, in the order in which they were added */
  GHashTable *by_child;
  GQueue      queue; /* of ProcstreamMember */
  guint       n_running;
  guint       n_queued;
  guint64     n_finished;
  GQueue      finished; /* of ProcstreamMember, in the order in which they became over */
  GQueue      staying;  /* the same, in no order */
  GPtrArray  *gone;     /* of owned ProcstreamChildCore; NULL: none */
  GPtrArray  *failed;   /* the same */

  guint               max_running;
  ProcstreamOnFailure on_failure;
  guint               max_finished;

  gboolean           closed;
  gboolean           abandoned;
  gboolean           pumping;
  char              *failure; /* the name of the first child that failed */
  ProcstreamWaiters *ended;
  guint              pending;
  GError            *first_error;
  guint              n_errors;
};

GPtrArray *procstream_children_new (void); /* of owned ProcstreamChildCore */

/* Of -scope-core.c. The outer object may have something to tell. Without a lock. */
void procstream_scope_core_tell (ProcstreamScopeCore *self);
/* The caller has a reference to the child, and, for one that is not over, takes its function away. */
void procstream_scope_core_drop_locked (ProcstreamScopeCore *self,
                                        ProcstreamMember    *member);

/* Of -scope-end.c. */
GPtrArray *procstream_scope_core_collect_locked (ProcstreamScopeCore  *self,
                                                 ProcstreamMemberPhase phase);
/* Those that are still in @state fail, as if they could not be started. Without a lock. */
void procstream_scope_core_refuse_all (ProcstreamScopeCore *self,
                                       GPtrArray           *children,
                                       ProcstreamChildState state);

G_END_DECLS
