/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Brings what other threads have ready to a main context: one GSource per context and priority, a list of ready items,
 * a bounded slice per iteration shared by all of them. */
typedef struct _ProcstreamDispatchItem ProcstreamDispatchItem;

typedef struct
{
  gint64 deadline_us; /* monotonic; work should stop when it has passed */
  gssize bytes;       /* bytes that may still be handed out in this iteration; the item subtracts */
} ProcstreamBudget;

/* Runs in the thread that owns the context; TRUE: there is more to do, call again. */
typedef gboolean (*ProcstreamDispatchFunc) (gpointer          data,
                                            ProcstreamBudget *budget);

/* @data is not owned: an item must be freed (from any thread) before its data is. While its function runs, @data is
 * kept alive with @ref/@unref, as queued items are. */
ProcstreamDispatchItem *procstream_dispatch_item_new (GMainContext          *context,
                                                      int                    priority,
                                                      ProcstreamDispatchFunc func,
                                                      gpointer               data,
                                                      gpointer (*ref) (gpointer),
                                                      void (*unref) (gpointer));
void                    procstream_dispatch_item_post (ProcstreamDispatchItem *self); /* any thread, idempotent */
/* Before it is posted: it runs at most once in an iteration of the context, and is posted again for the next one. */
void procstream_dispatch_item_set_once (ProcstreamDispatchItem *self);
void procstream_dispatch_item_set_priority (ProcstreamDispatchItem *self,
                                            int                     priority);
/* From here on it is not called any more, does nothing, and keeps neither the context nor its data, even if it was posted: for who is kept
 * by an item that waits in a context which nobody iterates. To be freed all the same. Any thread, any number of times. */
void procstream_dispatch_item_close (ProcstreamDispatchItem *self);
void procstream_dispatch_item_free (ProcstreamDispatchItem *self);

gboolean procstream_budget_spent (ProcstreamBudget *self);

/* In the I/O thread, after a piece of its work: until then, what that made ready wakes nobody. */
void procstream_dispatcher_wake_noted (void);

/* Has a blocking call that sleeps for @context, without owning it, look again. Any thread. */
void procstream_dispatcher_wake_sleeper (GMainContext *context);

typedef enum
{
  PROCSTREAM_RUN_STOPPED,
  PROCSTREAM_RUN_DONE,
  PROCSTREAM_RUN_LOST,
} ProcstreamRunEnd;

/* For blocking calls. Dispatches all items and the poll set of @context until @done returns TRUE (DONE), the deadline (monotonic, or -1)
 * passes or @cancellable is cancelled (STOPPED), or another thread owns @context (LOST): it is acquired when nobody does, and not
 * owned while the call sleeps. @done must become TRUE only after an item of the context was posted, or by what is dispatched. */
ProcstreamRunEnd procstream_dispatcher_run_until (GMainContext *context,
                                                  gboolean (*done) (gpointer),
                                                  gpointer      data,
                                                  gint64        deadline_us,
                                                  GCancellable *cancellable);
/* The same in the thread whose objects are served in @context, for as long as it takes: while another thread owns @context, @sleep waits
 * until @done would return TRUE, @cancellable is cancelled or its deadline passes. Returns what @done returned last. */
gboolean procstream_dispatcher_wait (GMainContext *context,
                                     gboolean (*done) (gpointer),
                                     void (*sleep) (gpointer      data,
                                                    gint64        deadline_us,
                                                    GCancellable *cancellable),
                                     gpointer      data,
                                     gint64        deadline_us,
                                     GCancellable *cancellable);

/* For tests: how often a context was lost. */
extern int procstream_dispatcher_losses; /* atomic */

/* Around the work of a source that is being dispatched in @context: what that makes ready wakes nobody, for it is handed out by the
 * same iteration, at the end, unless it is less urgent than @priority. NULL: nothing can become ready. */
gpointer procstream_dispatcher_enter (GMainContext *context);
void     procstream_dispatcher_leave (gpointer dispatcher,
                                      int      priority);

/* While held, run_until iterates the whole context: somebody's code needs it. */
void procstream_dispatcher_hold_iterate (GMainContext *context);
void procstream_dispatcher_release_iterate (GMainContext *context);

G_END_DECLS
