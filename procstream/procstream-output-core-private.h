/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-enums.h"
#include "procstream-chunk-log-private.h"
#include "procstream-line-splitter-private.h"
#include "procstream-match-place-private.h"

G_BEGIN_DECLS

/* The inner record of an output: the log, its lock, the source it is read from, and who subscribes. Atomically counted; held by
 * the I/O thread, the child's inner record, subscriptions and the outer ProcstreamOutput. */
typedef struct _ProcstreamOutputCore ProcstreamOutputCore;

/* Where the bytes of one output come from. A source belongs to its core, feeds it from the thread that reads, and outlives
 * its closing for as long as a thread of its own is still busy. */
typedef struct _ProcstreamSource ProcstreamSource;

/* Checked and complete: nothing in it is unset. */
typedef struct
{
  ProcstreamBackend     backend;
  ProcstreamReaderMode  reader;
  ProcstreamDelivery    delivery;
  ProcstreamLogOptions  log;
  gsize                 read_chunk_size;
  gint64                max_stall_ms; /* -1: no limit */
  ProcstreamLineOptions lines;
} ProcstreamOutputSettings;

ProcstreamOutputCore *procstream_output_core_new (const char                     *name,
                                                  const ProcstreamOutputSettings *settings,
                                                  GMainContext                   *context, /* the captured one */
                                                  gconstpointer                   family);                   /* see ProcstreamEmission; NULL: its own */
ProcstreamOutputCore *procstream_output_core_ref (ProcstreamOutputCore *self);
void                  procstream_output_core_unref (ProcstreamOutputCore *self); /* any thread */

/* Exactly one of these starts it, from any thread. */
void procstream_output_core_open_pipe (ProcstreamOutputCore *self,
                                       int                   fd); /* taken; the read end of a pipe of ours */
void procstream_output_core_open_fd (ProcstreamOutputCore *self,
                                     int                   fd); /* taken; anybody's */
void procstream_output_core_open_stream (ProcstreamOutputCore *self,
                                         GInputStream         *stream);
void procstream_output_core_open_source (ProcstreamOutputCore *self,
                                         ProcstreamSource     *source); /* taken */
/* FALSE with errno: it is no terminal, or not open. */
gboolean procstream_output_core_set_terminal_size (ProcstreamOutputCore *self,
                                                   guint                 columns,
                                                   guint                 rows);
void     procstream_output_core_end (ProcstreamOutputCore *self); /* nothing to read: ended at once */

/* It ends for everybody, whatever there may be to be read; one that is not open yet, as soon as it is. Any thread. */
void procstream_output_core_cut (ProcstreamOutputCore *self);

/* @func is called after the terminal event was appended, in whatever thread reads, and again, in any thread, when the last of those
 * pushed subscribers that were still behind then has had it. Set before opening. */
void     procstream_output_core_set_ended_func (ProcstreamOutputCore *self,
                                                void (*func) (gpointer),
                                                gpointer       data,
                                                GDestroyNotify destroy);
gboolean procstream_output_core_is_ended (ProcstreamOutputCore *self);
/* It ended, and every pushed subscriber that does not stand still has had everything. */
gboolean procstream_output_core_is_settled (ProcstreamOutputCore *self);

/* Somebody wants it read although there is no subscription: the outer object. When nobody holds it and nobody subscribes, it is
 * closed: nobody is left to read for. */
void procstream_output_core_hold (ProcstreamOutputCore *self);
void procstream_output_core_release (ProcstreamOutputCore *self);

const char *procstream_output_core_get_name (ProcstreamOutputCore *self);
/* What to call it in messages, where there may be many of the same name. */
void        procstream_output_core_take_label (ProcstreamOutputCore *self,
                                               char                 *label);
const char *procstream_output_core_get_label (ProcstreamOutputCore *self);
/* That of the thread that reads. */
GMainContext *procstream_output_core_get_home_context (ProcstreamOutputCore *self);
/* What its chunks are said to be of. */
void procstream_output_core_set_stream (ProcstreamOutputCore *self,
                                        ProcstreamStream      stream);
/* Its chunks are those of these. Before anybody may attach to it. */
void                            procstream_output_core_set_merged (ProcstreamOutputCore        *self,
                                                                   ProcstreamOutputCore *const *inputs);
gboolean                        procstream_output_core_is_merged (ProcstreamOutputCore *self);
const ProcstreamOutputSettings *procstream_output_core_get_settings (ProcstreamOutputCore *self);
gconstpointer                   procstream_output_core_get_family (ProcstreamOutputCore *self);
/* That of the stream in a lane of a line cursor: one that is not merged has but one. */
ProcstreamMatchPlace *procstream_output_core_get_match_place (ProcstreamOutputCore *self,
                                                              guint                 lane);
ProcstreamOutputState procstream_output_core_get_state (ProcstreamOutputCore *self);
void                  procstream_output_core_seal_replay (ProcstreamOutputCore *self);

typedef struct
{
  guint64 received;
  guint64 dropped;
  guint64 unobserved;
} ProcstreamOutputCounts;

void procstream_output_core_get_counts (ProcstreamOutputCore   *self,
                                        ProcstreamOutputCounts *counts);

/* Whether it says something, for whoever watches that it does. */
typedef struct
{
  gint64   last_us;    /* the time of its last chunk, 0: there was none */
  gint64   resumed_us; /* when it went on reading, 0: it never paused */
  gboolean paused;     /* it does not read */
  gboolean pending;    /* something is there that it has not read yet, as far as that is known */
  gboolean over;       /* nothing is read any more */
} ProcstreamOutputActivity;

/* Any thread. */
void procstream_output_core_get_activity (ProcstreamOutputCore     *self,
                                          ProcstreamOutputActivity *activity);

/* Called in the thread that reads before each chunk and before the end, without a lock: the place where the signals of the outer
 * object notice that handlers were connected. */
void procstream_output_core_set_probe (ProcstreamOutputCore *self,
                                       void (*probe) (gpointer),
                                       gpointer       data,
                                       GDestroyNotify destroy);

/* What goes on to another output. It is set before the start, and called in the thread that reads, without a lock, after the subscribers of
 * the output itself have had what it is told of. */
typedef struct
{
  void (*feeding) (gpointer data,
                   gboolean begins); /* see begin_feeding and end_feeding */
  void (*chunk) (gpointer         data,
                 ProcstreamChunk *chunk);
  void (*ended) (gpointer      data,
                 const GError *error); /* once, unless it is closed before */
  void (*free) (gpointer data);
} ProcstreamTapOps;

void procstream_output_core_set_tap (ProcstreamOutputCore   *self,
                                     const ProcstreamTapOps *ops,
                                     gpointer                data);
/* While held back, it does not read, whatever its subscribers have. Any thread. */
void procstream_output_core_set_held_back (ProcstreamOutputCore *self,
                                           gboolean              held_back);

/* One subscriber: a cursor and who is told. Atomically counted: one reference is the core's, one the subscriber's. */
typedef struct _ProcstreamSubscription ProcstreamSubscription;

typedef struct
{
  /* A pushed subscriber gets its events in the thread that reads, one after the other; TRUE says that it needs no more. It is
   * code of the library: it neither blocks nor calls the user. END is the last. NULL for one that pulls. */
  gboolean (*push) (gpointer                  data,
                    const ProcstreamLogEvent *event);
  /* A pushed subscriber got its last event; called without a lock. */
  void (*over) (gpointer data);
  /* It held up the reading for longer than it may, and is not subscribed any more; called without a lock. NULL: it stays, and gets a gap of
   * what it had not read, then an end with @error, in its own time. */
  void (*dropped) (gpointer      data,
                   guint64       chunks,
                   guint64       bytes,
                   const GError *error);
  /* For one that pulls: there is something to take. Called with the core locked: it may post or signal, no more. */
  void (*ready) (gpointer data);
  gpointer (*ref) (gpointer data);
  void (*unref) (gpointer data);
  /* The output is muted: who calls code of the user ends; called without a lock. NULL: it never does. */
  void (*muted) (gpointer data);
} ProcstreamSubscriberOps;

/* While it is opening, whoever subscribes starts at the beginning. */
void procstream_output_core_set_opening (ProcstreamOutputCore *self,
                                         gboolean              opening);

/* Synchronous: nothing that is appended after it returns is missed. @mark: chunks get that line index from the thread that
 * reads before the subscriber is given them, and where it is of LF those that are kept by now too, and it is told as soon as they have
 * it. NONE, or FALSE: it wants no lines; LF, or TRUE: lines. */
ProcstreamSubscription *procstream_output_core_subscribe (ProcstreamOutputCore          *self,
                                                          const ProcstreamSubscriberOps *ops,
                                                          gpointer                       data,
                                                          ProcstreamDelivery             delivery,
                                                          ProcstreamLineMark             mark);

typedef struct
{
  ProcstreamDelivery delivery;
  ProcstreamLineMark mark;
  gboolean           live_only;    /* nothing of before, whatever is kept */
  gboolean           paused;       /* from the beginning on */
  gboolean           occupies;     /* the place that was claimed */
  gboolean           for_handlers; /* of which there need not be any */
  gint64             max_stall_ms; /* 0 or less: no limit */
} ProcstreamSubscribeOptions;

ProcstreamSubscription *procstream_output_core_subscribe_full (ProcstreamOutputCore             *self,
                                                               const ProcstreamSubscriberOps    *ops,
                                                               gpointer                          data,
                                                               const ProcstreamSubscribeOptions *options);
/* Nothing is pushed once this returns; a push that another thread is in the middle of is waited for. */
void procstream_output_core_unsubscribe (ProcstreamOutputCore   *self,
                                         ProcstreamSubscription *subscription);
/* For a subscriber that pulls, in the thread that takes. */
void                    procstream_output_core_set_wants_lines (ProcstreamOutputCore   *self,
                                                                ProcstreamSubscription *subscription,
                                                                ProcstreamLineMark      mark);
ProcstreamSubscription *procstream_subscription_ref (ProcstreamSubscription *self);
void                    procstream_subscription_unref (ProcstreamSubscription *self);

/* The next event of a subscriber that pulls. When there is none, ready is called as soon as there is. */
ProcstreamLogEventType procstream_output_core_take (ProcstreamOutputCore   *self,
                                                    ProcstreamSubscription *subscription,
                                                    ProcstreamLogEvent     *event);
/* Blocks until there is one, the deadline (monotonic, -1: none) passes or @cancellable is cancelled. */
gboolean procstream_output_core_wait (ProcstreamOutputCore   *self,
                                      ProcstreamSubscription *subscription,
                                      gint64                  deadline_us,
                                      GCancellable           *cancellable);
void     procstream_log_event_clear (ProcstreamLogEvent *event);
/* How much of the output it has had, lost or not, as an offset in bytes; that of the end once it is over. */
guint64 procstream_output_core_get_offset (ProcstreamOutputCore   *self,
                                           ProcstreamSubscription *subscription);
/* In the thread that reads: the offset at which everything that is there to be read by now will have been read. */
guint64 procstream_output_core_get_pending_offset (ProcstreamOutputCore *self);

/* One that is paused stays where it is: once this returns nothing more is pushed or taken, as with unsubscribe. */
void procstream_output_core_set_paused (ProcstreamOutputCore   *self,
                                        ProcstreamSubscription *subscription,
                                        gboolean                paused);
void procstream_output_core_get_lag (ProcstreamOutputCore   *self,
                                     ProcstreamSubscription *subscription,
                                     ProcstreamLag          *lag);

/* The last bytes of what is still kept, @max at most, for whom was not subscribed. Any thread. */
GByteArray *procstream_output_core_dup_last (ProcstreamOutputCore *self,
                                             gsize                 max);

/* Tells all who subscribe by now that it is muted. Any thread, without a lock. */
void procstream_output_core_mute (ProcstreamOutputCore *self);
/* (transfer full) 1 from when it is muted on, which outlives it: atomic, and a g_atomic_rc_box. */
gint *procstream_output_core_dup_muted (ProcstreamOutputCore *self);

/* The place of a consumer, of which a single output has one, and others as many as are wanted. */
gboolean procstream_output_core_claim (ProcstreamOutputCore *self,
                                       GError              **error);
void     procstream_output_core_unclaim (ProcstreamOutputCore *self); /* nobody subscribed with it */
/* The subscription is about to end: its place is free already. A lock of the subscriber's may be held. */
void procstream_output_core_vacate (ProcstreamOutputCore   *self,
                                    ProcstreamSubscription *subscription);

/* Drops who has held up the reading for longer than it may by @now_us; a timer calls it when that may be so. */
void    procstream_output_core_check_stalls (ProcstreamOutputCore *self,
                                             gint64                now_us);
guint64 procstream_output_core_get_n_dropped (ProcstreamOutputCore *self);

/* For sources, in the thread that reads. TRUE: go on; FALSE: stop until told to read again (or for good). */
gboolean procstream_output_core_feed (ProcstreamOutputCore *self,
                                      ProcstreamChunk      *chunk); /* (transfer full) */
/* For a source that may feed several chunks in a row: between the two, those that pull are not woken. Waking another thread costs more
 * than reading a chunk; woken once, it finds them all. The end wakes in any case. */
void procstream_output_core_begin_feeding (ProcstreamOutputCore *self);
void procstream_output_core_end_feeding (ProcstreamOutputCore *self);
void procstream_output_core_feed_end (ProcstreamOutputCore *self,
                                      GError               *error); /* (transfer full) (nullable) */
/* Runs @func, then @destroy, in the thread that reads @self. */
void procstream_output_core_invoke_data (ProcstreamOutputCore *self,
                                         void (*func) (gpointer),
                                         gpointer       data,
                                         GDestroyNotify destroy);

G_END_DECLS
