/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-home-private.h"
#include "procstream-output-core-private.h"
#include "procstream-source-private.h"

G_BEGIN_DECLS

/* The record behind an output, for the files that make it up and no others: -output-record.c makes it and looks at it,
 * -output-core.c runs it, -output-subscription.c is what its subscribers do, -output-flow.c what they may do to each other. */

/*
 * Two locks, taken in this order:
 *
 *  - push_mutex is held while pushed subscribers are given their events, so that taking one away waits for a push in
 *    progress. It protects the position of their cursors, since nobody else moves those, and, together with mutex, the list of them: to
 *    change it takes both, to look at it one.
 *  - mutex protects everything else: the log, the state, the source and whether it reads. It is held for a few
 *    instructions at a time, and never while anything is called that could lock it again. Line indexes are built without it. Only
 *    where replay counts lines are bytes looked at under it: those of a chunk when it is appended, and those of the chunk that replay begins
 *    in when that moves on.
 *
 * What holds, whenever mutex is free:
 *
 *  - Only the thread that reads (the "home": the I/O thread, or the captured context) appends to the log, so the head of the log does
 *    not move under that thread's feet.
 *  - state is PAUSED exactly when it is held back, or the log said that it must pause and has not yet said that it may resume; the source
 *    reads exactly in state OPEN. Both change together, under the lock, so a resume by a subscriber's thread cannot get lost
 *    against a pause by the reader.
 *  - A subscription has a cursor from subscribe to unsubscribe (or, pushed, to its last event), and is armed when
 *    its owner was told that there is nothing: then, and only then, ready is called once for the next event (or, while a source
 *    feeds several in a row, for the last of a few).
 *  - While indexing is TRUE the home builds the line indexes of what the log keeps, the oldest first, and who pulls and wants lines
 *    is not yet given a chunk without one. Else whoever looks for an index that is not there builds it: one who came while the chunk
 *    was read, a lossy one whose history the log let go before its turn came, all where the captured context reads, which has no other
 *    thread to spare, and for history those whose lines do not end in LF, who are few.
 *  - A subscription that is paused is given nothing and told of nothing; its cursor stays where it is, with all that follows from
 *    that. As the list of them, it takes both locks to change that.
 *  - claimed is TRUE from when a consumer took the one place of a single output to the end of its subscription, which is the one that
 *    occupies it.
 *  - While the state is PAUSED and a subscription that has a limit holds up the reading, there is a stall_source, which fires when
 *    that limit is over, or earlier. After the end there is none for long.
 *  - n_finishing counts those who are not in a list any more, because they had their last event or were dropped, and whose over or dropped
 *    has not returned yet. An ended output is settled when it is 0 and all in the list stand still; whoever makes that so calls ended.
 *  - When holds is 0, nobody subscribes and the log is open, the source is closed and the state CLOSED.
 *
 * The source holds no reference to the core that outlives its closing, except while a thread of it is in a call; the core drops
 * it in feed_end, or when closed. So an abandoned core goes away by itself.
 */

struct _ProcstreamSubscription
{
  gatomicrefcount                ref_count;
  const ProcstreamSubscriberOps *ops;
  gpointer                       data;
  ProcstreamCursor              *cursor;       /* mutex; NULL once it is over */
  gboolean                       armed;        /* mutex */
  ProcstreamLineMark             mark;         /* mutex; NONE: wants no lines */
  gboolean                       paused;       /* see below */
  gboolean                       occupies;     /* mutex */
  gboolean                       for_handlers; /* constant */
  gint64                         max_stall_us; /* constant; 0: no limit */
  guint64                        start;        /* constant: the offset at which it began */
  gint64                         since_us;     /* constant; where there is one, when it subscribed */
};

struct _ProcstreamOutputCore
{
  gatomicrefcount          ref_count;
  char                    *name;
  char                    *label;     /* constant once it may be attached to; NULL: the name */
  ProcstreamStream         stream;    /* of what is read; constant once it is open */
  gboolean                 is_merged; /* constant, as the label is */
  ProcstreamOutputSettings settings;
  gconstpointer            family;          /* constant */
  gint                    *muted;           /* atomic; others may hold it */
  ProcstreamMatchPlace    *match_places[2]; /* constant, as the label is; the same but where it is merged */
  GMainContext            *context;         /* captured */

  GMutex     push_mutex;
  GPtrArray *pushed; /* of owned ProcstreamSubscription */

  GMutex                mutex;
  GCond                 cond; /* blocked takers; all are woken */
  guint                 n_blocked;
  ProcstreamChunkLog   *log;
  GPtrArray            *pulling;     /* of owned ProcstreamSubscription */
  guint                 n_finishing; /* those for whom it is over, and who do not know it yet */
  ProcstreamOutputState state;
  ProcstreamSource     *source;
  gboolean              feeding;     /* several chunks in a row */
  guint                 unannounced; /* of them, nobody was woken for so many */
  guint                 wake_after;  /* how many that may be */
  guint                 holds;
  gint64                last_us;    /* of the last chunk */
  gint64                resumed_us; /* the last time that the state went from PAUSED to OPEN */
  gboolean              held_back;
  gboolean              is_cut;           /* it is to end as soon as it is open */
  gboolean              opening;          /* atomic */
  guint                 line_subscribers; /* whose lines end in LF */
  GArray               *other_marks;      /* of ProcstreamLineMark: one for each subscriber whose lines do not */
  gboolean              claimed;
  guint                 n_limited;       /* subscriptions with a limit */
  gint64                paused_since_us; /* in state PAUSED, where there was such a one by then */
  GSource              *stall_source;    /* owned */
  guint64               n_dropped;
  gboolean              indexing;

  void (*probe) (gpointer);
  gpointer                probe_data;
  GDestroyNotify          probe_destroy;
  const ProcstreamTapOps *tap; /* constant from the start to the end, and then as in what follows: NULL for none */
  gpointer                tap_data;
  gboolean                is_tapped; /* constant once it is started */
  void (*ended) (gpointer);
  gpointer       ended_data;
  GDestroyNotify ended_destroy;

  ProcstreamHome *home; /* the thread that reads */
};

/* Of -output-core.c. Without a lock. */
void procstream_output_core_tell_if_settled (ProcstreamOutputCore *self);
/* After the log may have changed what it says of reading. */
void procstream_output_core_update_reading_locked (ProcstreamOutputCore *self);
void procstream_output_core_wake_one_locked (ProcstreamSubscription *subscription);
void procstream_output_core_wake_locked (ProcstreamOutputCore *self); /* who was told that there is nothing */
/* Nobody may be left to read for. Without a lock. */
void procstream_output_core_close_if_abandoned (ProcstreamOutputCore *self);
/* Everything that pushed subscribers have not had yet. Runs at home. */
void procstream_output_core_push_all (gpointer core);

/* Of -output-subscription.c. The end of each subscription. */
void procstream_output_core_drop_cursor_locked (ProcstreamOutputCore   *self,
                                                ProcstreamSubscription *subscription);

/* Of -output-flow.c. While reading is paused: somebody who has a limit may hold it up. */
void procstream_output_core_watch_stalls_locked (ProcstreamOutputCore *self);
/* It is over, so nobody holds up anything any more. Without a lock. */
void procstream_output_core_unwatch_stalls (ProcstreamOutputCore *self);

G_END_DECLS
