/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-dispatcher-private.h"

G_BEGIN_DECLS

/* The record behind a dispatcher, for the files that make it up and no others: -dispatcher.c hands out in the iterations of the context,
 * -dispatcher-wait.c while a call blocks. */

/*
 * There is one dispatcher per context, as long as there are items, and in it one GSource (a level) per priority that an item has.
 *
 * Whenever mutex is free:
 * - an item is in the ready list of its level exactly if queued; then one reference to the item and one to its data are the list's;
 * - a level is in levels exactly if n_items of it is not 0, and it is attached; an item has a level exactly if it was not closed;
 * - runs is the stack of the item functions that are being called, by the one thread that owns the context. Each holds a
 *   reference to the item and one to its data.
 *
 * Waking. The first item that becomes ready in a level wakes the context; later ones find it awake. Nor is it woken while awake: the
 * thread that owns it is in a slice, looks at the list again before it leaves, and at prepare before it sleeps, which takes awake
 * away. So does a source of ours whose work makes items ready (enter and leave). While a blocking call polls by itself (polling), it is woken through wake_fd instead.
 * It does not own the context then; one that has lost it wakes the new owner for what became ready meanwhile.
 *
 * What the I/O thread makes ready wakes nobody before its piece of work is over: it only notes the dispatcher (noted, exactly while that is
 * in the list of the thread, which has a reference to its memory), and wakes once for all, if there is something then that nobody has
 * taken. Who is woken earlier would run into the locks that the rest of the work takes. Nor does it write to wake_fd under the mutex, which
 * is the first thing that the woken thread takes: the write may come when polling is over, and then ends a later poll for nothing.
 *
 * Recursion. A function may iterate the context, and wait there for what it would itself have handed out next. So a nested slice first
 * queues what is being run once more (again), once; that is also why such a level is ready for a nested iteration. Should the
 * function have nothing more it says so, and nothing spins.
 *
 * Life. users counts items, holds and blocking calls: while there are any the dispatcher is in the registry and keeps the context, which is
 * NULL after that.
 * ref_count is for the memory alone: the users have one together, each level has one, and so has what a cancellable may call.
 */
typedef struct _Dispatcher Dispatcher;

typedef struct
{
  GSource     parent;
  Dispatcher *dispatcher;
  int         priority;
  guint       n_items;
  GQueue      ready;  /* of ProcstreamDispatchItem, through their link */
  gboolean    due;    /* its own source is to run in this iteration */
  gboolean    served; /* it had its slice of this iteration */
} Level;

struct _ProcstreamDispatchItem
{
  gatomicrefcount        ref_count;
  Dispatcher            *dispatcher;
  Level                 *level;  /* NULL: closed */
  gboolean               queued; /* also read without the lock */
  gboolean               once;   /* in a slice */
  guint                  slice;  /* it ran in last */
  GList                  link;
  ProcstreamDispatchFunc func;
  gpointer               data;
  gpointer (*ref) (gpointer);
  void (*unref) (gpointer);
};

typedef struct _Run Run;
struct _Run
{
  ProcstreamDispatchItem *item;
  gboolean                again; /* a nested slice has not queued it yet */
  Run                    *outer;
};

struct _Dispatcher
{
  gatomicrefcount ref_count;
  guint           users;
  GMainContext   *context;

  GMutex     mutex;
  GPtrArray *levels; /* of Level, by priority */
  Run       *runs;
  guint      slices; /* so far */
  guint      holds;
  gboolean   awake;
  gboolean   polling;
  gboolean   woken;
  gboolean   noted;
  int        wake_fd; /* -1: not needed yet */
};

/* The one of @context, NULL where there is none and it is not to be made; to be let go of. */
Dispatcher *procstream_dispatcher_use (GMainContext *context,
                                       gboolean      make);
void        procstream_dispatcher_let_go (Dispatcher *self);
Dispatcher *procstream_dispatcher_ref_memory (Dispatcher *self);
void        procstream_dispatcher_unref_memory (Dispatcher *self);
void        procstream_dispatcher_wake (Dispatcher *self);
gboolean    procstream_dispatcher_is_ready_locked (Level *level);
/* One slice for each level. */
void procstream_dispatcher_run_levels (Dispatcher *self);

G_END_DECLS
