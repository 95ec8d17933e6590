/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-bell-private.h"
#include "procstream-input.h"

G_BEGIN_DECLS

/* The inner record of an input: the queue of what is to be written and the descriptor. Atomically counted; held by the child's inner
 * record, the outer ProcstreamInput and writes that can be cancelled. */
typedef struct _ProcstreamInputCore ProcstreamInputCore;

ProcstreamInputCore *procstream_input_core_new (const char *name); /* of the process, for messages */
ProcstreamInputCore *procstream_input_core_ref (ProcstreamInputCore *self);
void                 procstream_input_core_unref (ProcstreamInputCore *self);

/* Before it is opened: it is typed at a terminal. @has_end: what is typed can say that it is the end. */
void procstream_input_core_set_terminal (ProcstreamInputCore *self,
                                         gboolean             has_end);
/* The process runs: takes the write end of a pipe of ours, and begins with what was queued. In the I/O thread, once. */
void procstream_input_core_open (ProcstreamInputCore *self,
                                 int                  fd);
/* No more can be written, now or ever: all that is queued fails with a copy of @error. Any thread; the first one counts. */
void procstream_input_core_fail (ProcstreamInputCore *self,
                                 const GError        *error);
/* No more can be written; closed once all that is queued was. Any thread. */
void procstream_input_core_close (ProcstreamInputCore *self);
/* Who writes. */
typedef enum
{
  PROCSTREAM_INPUT_ROLE_WAITS,      /* for it to be written, so that the queue is as long as the program lets it be */
  PROCSTREAM_INPUT_ROLE_IN_NO_TIME, /* refused with WOULD_BLOCK where there is no room */
  PROCSTREAM_INPUT_ROLE_FEEDER,     /* who looks for room, and writes alone where there is one */
} ProcstreamInputRole;

/* Queues @bytes, and tells nobody what becomes of them. FALSE: no more can be written. Any thread. */
gboolean procstream_input_core_write (ProcstreamInputCore *self,
                                      GBytes              *bytes,
                                      ProcstreamInputRole  role,
                                      GError             **error);
/* The same, for @task (taken). */
void procstream_input_core_write_task (ProcstreamInputCore *self,
                                       GBytes              *bytes,
                                       GTask               *task);

typedef struct
{
  guint64  queued;
  guint64  n_changes; /* of that */
  guint64  written;
  guint64  max_queued;
  gboolean feed_failed;
} ProcstreamInputCounts;

/* Rung when the counts have changed; by the outer object, when that is made. */
void procstream_input_core_take_bell (ProcstreamInputCore *self,
                                      ProcstreamBell      *bell);
void procstream_input_core_get_counts (ProcstreamInputCore   *self,
                                       ProcstreamInputCounts *counts);
void procstream_input_core_set_max_queued (ProcstreamInputCore *self,
                                           guint64              max_queued);

/* What is written comes from one place of the library's own. Before it is opened. */
void     procstream_input_core_set_fed (ProcstreamInputCore *self);
gboolean procstream_input_core_is_fed (ProcstreamInputCore *self);
/* @feeder is called when there may be room, and when there never will be again; any thread, without a lock. Once. */
void procstream_input_core_set_feeder (ProcstreamInputCore *self,
                                       void (*feeder) (gpointer data),
                                       gpointer       data,
                                       GDestroyNotify destroy);

typedef enum
{
  PROCSTREAM_INPUT_ROOM_NOW,
  PROCSTREAM_INPUT_ROOM_LATER,
  PROCSTREAM_INPUT_ROOM_NEVER,
} ProcstreamInputRoom;

ProcstreamInputRoom procstream_input_core_get_room (ProcstreamInputCore *self);
/* There is no more: it is closed after what is queued. @error (nullable): why there should have been. */
void    procstream_input_core_end_feed (ProcstreamInputCore *self,
                                        const GError        *error);
GError *procstream_input_core_dup_feed_error (ProcstreamInputCore *self); /* (transfer full) (nullable) */

/* In the thread of the child, whose context its changes are told in. */
ProcstreamInput *procstream_input_new_for_core (ProcstreamInputCore *core,
                                                GMainContext        *context);
/* No change is notified any more. Any thread. */
void procstream_input_mute (ProcstreamInput *self);

G_END_DECLS
