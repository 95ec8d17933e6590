/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"

G_BEGIN_DECLS

/* How many children that have ended stay, unless it is said. */
#define PROCSTREAM_SCOPE_MAX_FINISHED 1000

/* ProcstreamScopeCore is the inner record of a scope: whose children they are, which of them wait for room, and whether anything may
 * start. Atomically counted; held by the outer ProcstreamScope, by its children, and by what waits for the end of each of them. */

/* What the outer object hears, each without a lock and in any thread, until the record goes. */
typedef struct
{
  /* Something that it may have to tell of. */
  void (*changed) (gpointer data);
  /* A child that was not enqueued is about to be started, by the calling thread. */
  void (*claimed) (gpointer             data,
                   ProcstreamChildCore *child);
  /* A child that was neither started nor enqueued is not its own any more. */
  void (*left) (gpointer             data,
                ProcstreamChildCore *child);
  GDestroyNotify destroy;
} ProcstreamScopeCoreOps;

/* Takes @data. */
ProcstreamScopeCore *procstream_scope_core_new (const ProcstreamScopeCoreOps *ops,
                                                gpointer                      data);
ProcstreamScopeCore *procstream_scope_core_ref (ProcstreamScopeCore *self);
void                 procstream_scope_core_unref (ProcstreamScopeCore *self);

/* The child belongs to it from now on. FALSE with SCOPE_CLOSED, or WRONG_STATE for one that has a scope. */
gboolean procstream_scope_core_add (ProcstreamScopeCore *self,
                                    ProcstreamChildCore *child,
                                    GError             **error);
/* The same, if it is not its own already (@added), and it waits for room. Nothing is started before the next pump. */
gboolean procstream_scope_core_enqueue (ProcstreamScopeCore *self,
                                        ProcstreamChildCore *child,
                                        gboolean            *added,
                                        GError             **error);
/* A child of it that has ended, or could not be started, is not its own any more; one that was neither started nor enqueued cannot be
 * after that. FALSE with WRONG_STATE. */
gboolean procstream_scope_core_remove (ProcstreamScopeCore *self,
                                       ProcstreamChildCore *child,
                                       GError             **error);
/* A child that nobody can start any more is not its own, if it was neither started nor enqueued. */
void procstream_scope_core_forget (ProcstreamScopeCore *self,
                                   ProcstreamChildCore *child);
/* Starts what there is room for. Without a lock; any thread. */
void procstream_scope_core_pump (ProcstreamScopeCore *self);
/* The start of a child of it that was not enqueued: from created to starting. */
gboolean procstream_scope_core_claim (ProcstreamScopeCore *self,
                                      ProcstreamChildCore *child,
                                      GError             **error);
/* Whether anything may start; FALSE with the error that tells why not. */
gboolean procstream_scope_core_check_open (ProcstreamScopeCore *self,
                                           ProcstreamChildCore *child,
                                           GError             **error);

/* Nothing starts from now on, and all of it is shut down, by @plan, or each by its own (NULL). What is returned (transfer full) is
 * complete when nobody is left, or with the error that tells who is. Once; later calls join. */
ProcstreamWaiters *procstream_scope_core_close (ProcstreamScopeCore    *self,
                                                ProcstreamShutdownPlan *plan);
/* The same at once, and by nothing but the kill. */
void procstream_scope_core_abort (ProcstreamScopeCore *self);
/* The outer object goes: closes, without waiting, and lets go of every child that has ended. */
void procstream_scope_core_abandon (ProcstreamScopeCore    *self,
                                    ProcstreamShutdownPlan *plan);

typedef struct
{
  guint               n_running;
  guint               n_queued;
  guint64             n_finished;
  gboolean            closed; /* it is, or is being closed */
  guint               max_running;
  ProcstreamOnFailure on_failure;
  guint               max_finished;
} ProcstreamScopeFacts;

void procstream_scope_core_get_facts (ProcstreamScopeCore  *self,
                                      ProcstreamScopeFacts *facts);
void procstream_scope_core_set_max_running (ProcstreamScopeCore *self,
                                            guint                max_running);
void procstream_scope_core_set_on_failure (ProcstreamScopeCore *self,
                                           ProcstreamOnFailure  on_failure);
void procstream_scope_core_set_max_finished (ProcstreamScopeCore *self,
                                             guint                max_finished);

/* Its children, in the order in which they were added: (transfer full) of owned ProcstreamChildCore. */
GPtrArray *procstream_scope_core_dup_children (ProcstreamScopeCore *self);
/* Those that are not its own any more, and those whose start from the queue failed, since it was asked last: (transfer full), the
 * same. */
GPtrArray *procstream_scope_core_steal_gone (ProcstreamScopeCore *self);
GPtrArray *procstream_scope_core_steal_failed (ProcstreamScopeCore *self);

G_END_DECLS
