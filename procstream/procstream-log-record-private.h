/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-consumer.h"
#include "procstream-log-pending-private.h"

G_BEGIN_DECLS

/* The inner record of a log model: what the threads that read may know of it. Atomically counted; held by the model and by its
 * feeds. */
typedef struct _ProcstreamLogRecord ProcstreamLogRecord;

typedef struct
{
  guint    max_lines;
  guint64  max_bytes;
  gboolean show_gaps;
} ProcstreamLogLimits;

typedef struct
{
  guint64 lines_dropped;
  guint64 gaps;
  guint64 bytes_lost;
} ProcstreamLogCounts;

/* @changed is called in @context, with a reference to @outer held, at most once in an iteration, when there is something to take. */
ProcstreamLogRecord *procstream_log_record_new (GObject      *outer,
                                                GMainContext *context,
                                                void (*changed) (GObject *outer));
ProcstreamLogRecord *procstream_log_record_ref (ProcstreamLogRecord *self);
void                 procstream_log_record_unref (ProcstreamLogRecord *self);
/* The outer object goes, and with it what waits in its context. */
void procstream_log_record_close (ProcstreamLogRecord *self);

void procstream_log_record_set_limits (ProcstreamLogRecord       *self,
                                       const ProcstreamLogLimits *limits);
void procstream_log_record_get_limits (ProcstreamLogRecord *self,
                                       ProcstreamLogLimits *limits);
void procstream_log_record_get_counts (ProcstreamLogRecord *self,
                                       ProcstreamLogCounts *counts);
void procstream_log_record_add_dropped (ProcstreamLogRecord *self,
                                        guint64              lines);
/* The id that the list begins with; for searches, which run elsewhere. */
void    procstream_log_record_set_first_shown (ProcstreamLogRecord *self,
                                               guint64              id);
guint64 procstream_log_record_get_first_shown (ProcstreamLogRecord *self);
void    procstream_log_record_post (ProcstreamLogRecord *self);

/* (transfer full) what came since the model took it last, in the order in which it came, and at most how many lines and bytes of what it
 * shows until @shown_end may stay when it shows that, for all to keep to the limits. The names that stand for the numbers of streams are added to @streams, an
 * array of reference counted strings that only this adds to. */
ProcstreamLogPending *procstream_log_record_begin_showing (ProcstreamLogRecord *self,
                                                           guint64              shown_end,
                                                           GPtrArray           *streams,
                                                           guint64             *max_lines,
                                                           guint64             *max_bytes);
/* (transfer full) what is to be shown now of @showing, which is taken: less, when an output was muted meanwhile. */
ProcstreamLogPending *procstream_log_record_end_showing (ProcstreamLogRecord  *self,
                                                         ProcstreamLogPending *showing);
/* Lets go of what is pending; returns the id that comes next, or in a forked copy, where nothing does, one behind all. */
guint64 procstream_log_record_forget_pending (ProcstreamLogRecord *self);
/* For tests: what the threads that read hold while they add to it. */
GMutex *procstream_log_record_peek_mutex (ProcstreamLogRecord *self);

/* A consumer of one output that gives its lines to the record. */
ProcstreamConsumer *procstream_log_feed_new (ProcstreamLogRecord *record);

G_END_DECLS
