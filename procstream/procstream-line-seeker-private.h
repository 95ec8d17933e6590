/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-consumer-private.h"
#include "procstream-line.h"
#include "procstream-line-private.h"
#include "procstream-pattern-private.h"

G_BEGIN_DECLS

/* Looks for the first line that one of several patterns finds, in one output or in two. It belongs to the inner record of a consumer, whose
 * final state says how it ended: DONE, a line was found. */
typedef struct _ProcstreamLineSeeker ProcstreamLineSeeker;

/* What was found: constant, atomically counted. */
typedef struct
{
  gatomicrefcount       ref_count;
  guint                 pattern; /* in the order of adding */
  ProcstreamMatchGroups groups;
  GBytes               *bytes; /* of the line */
  guint64               number;
  gint64                time_us;
  char                 *stream;
  ProcstreamLineEnd     end;
  guint64               end_offset; /* where in the stream the match ends */
  ProcstreamMatchPlace *place;      /* of the stream */
  gboolean              torn;       /* bytes is what was searched, without the beginning */
} ProcstreamFoundLine;

ProcstreamFoundLine *procstream_found_line_ref (ProcstreamFoundLine *self);
void                 procstream_found_line_unref (ProcstreamFoundLine *self);
ProcstreamLine      *procstream_found_line_to_line (ProcstreamFoundLine *self);

/* Both are called in the captured context, with a reference to the outer object. */
typedef struct
{
  /* Whether the function of the program that is pattern number @pattern accepts @line. */
  gboolean (*ask) (GObject        *outer,
                   guint           pattern,
                   ProcstreamLine *line);
  /* It is not called any more. */
  void (*forget) (GObject *outer);
} ProcstreamLineSeekerOps;

ProcstreamLineSeeker *procstream_line_seeker_new (const ProcstreamLineSeekerOps *ops,
                                                  GObject                       *outer,
                                                  GMainContext                  *context);
void                  procstream_line_seeker_free (ProcstreamLineSeeker *self);
/* Its owner, who frees it; before anything else. */
void procstream_line_seeker_set_core (ProcstreamLineSeeker   *self,
                                      ProcstreamConsumerCore *core);
void procstream_line_seeker_close (ProcstreamLineSeeker *self); /* the outer object goes */

/* Before the first leg. Takes @pattern; FALSE with WRONG_STATE when it is too late, or INVALID_ARGUMENT when it does not go with the others. */
gboolean procstream_line_seeker_add (ProcstreamLineSeeker *self,
                                     ProcstreamPattern    *pattern,
                                     GError              **error);
guint    procstream_line_seeker_get_n_patterns (ProcstreamLineSeeker *self);
gboolean procstream_line_seeker_is_next (ProcstreamLineSeeker *self); /* it begins after the match before */
void     procstream_line_seeker_set_timeout (ProcstreamLineSeeker *self,
                                             gint64                timeout_ms); /* from begin on; -1: none */

/* Each output that is searched is a leg, a consumer core that pulls: that of the owner, who subscribes it, if it is the only one, or one of
 * its own. FALSE with an error: there is nothing to look for. */
gboolean procstream_line_seeker_check (ProcstreamLineSeeker *self,
                                       GError              **error);
gboolean procstream_line_seeker_add_leg (ProcstreamLineSeeker        *self,
                                         const ProcstreamLineOptions *lines,
                                         GError                     **error);
void     procstream_line_seeker_add_output (ProcstreamLineSeeker        *self, /* after check; the output's place was claimed */
                                            ProcstreamOutputCore        *output,
                                            ProcstreamDelivery           delivery,
                                            const ProcstreamLineOptions *lines);
/* For a search whose process may exit: what the process is called, and what is to be done once nobody needs to hear of its exit. */
void procstream_line_seeker_expect_exit (ProcstreamLineSeeker *self,
                                         const char           *process,
                                         void (*over) (gpointer data),
                                         gpointer       data,
                                         GDestroyNotify destroy);
/* All legs are subscribed. */
void procstream_line_seeker_begin (ProcstreamLineSeeker *self);

/* Adds that of the legs that have cores of their own. */
void procstream_line_seeker_add_lag (ProcstreamLineSeeker *self,
                                     ProcstreamLag        *lag);

/* Any thread. */
void procstream_line_seeker_ready (ProcstreamLineSeeker *self);
/* The output is muted: one that asks functions of the program ends. Any thread. */
void procstream_line_seeker_mute (ProcstreamLineSeeker *self);
void procstream_line_seeker_over (ProcstreamLineSeeker *self); /* the core's state is final */
void procstream_line_seeker_exited (ProcstreamLineSeeker *self,
                                    const char           *message); /* how the process ended, NULL: not known */
/* What the timer does in the end. */
void procstream_line_seeker_expire (ProcstreamLineSeeker *self);

/* Completed when everything that was there at the beginning has been searched. Who waited for the core in vain waits for this as well, no
 * longer than the time that is returned (monotonic). */
ProcstreamWaiters *procstream_line_seeker_dup_history (ProcstreamLineSeeker *self);
gint64             procstream_line_seeker_get_history_deadline (ProcstreamLineSeeker *self);
/* It stands still: who waits for what was there does so in vain. Any thread. */
void procstream_line_seeker_give_up_history (ProcstreamLineSeeker *self);

/* Once the core's state is final: what was found, or why nothing was, as a new error. */
ProcstreamFoundLine *procstream_line_seeker_dup_found (ProcstreamLineSeeker *self,
                                                       GError              **error);
GError              *procstream_line_seeker_make_timeout_error (ProcstreamLineSeeker *self,
                                                                gint64                timeout_ms);

/* For tests: how many bytes of the first output it has searched. */
guint64 procstream_line_seeker_peek_offset (ProcstreamLineSeeker *self);

typedef struct
{
  guint64 searched;
  guint64 skipped;
  guint64 torn; /* bytes */
} ProcstreamLineSeekerCounts;

void procstream_line_seeker_get_counts (ProcstreamLineSeeker       *self,
                                        ProcstreamLineSeekerCounts *counts);

G_END_DECLS
