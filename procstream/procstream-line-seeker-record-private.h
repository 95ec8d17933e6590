/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-dispatcher-private.h"
#include "procstream-line-cursor-private.h"
#include "procstream-line-seeker-private.h"
#include "procstream-tail-private.h"

G_BEGIN_DECLS

/* The record behind a search, for the files that make it up and no others: -seeker.c makes it, -seeker-run.c runs it, -seeker-end.c
 * decides, -seeker-leg.c cuts and tests the lines of one output, -seeker-report.c says what became of it. */

/*
 * ## Where it runs
 *
 * All legs are pulled from, by one run at a time, wherever that is:
 *  - in the I/O thread, where there is only text to look for;
 *  - in a worker, where there are regular expressions: one that takes for ever holds up this search and nothing else;
 *  - in the captured context, where functions of the program are asked. With regular expressions as well, the worker leaves
 *    the lines in asking and stops until all of them were asked about.
 *
 * running says that there is a run; who sets it owns what is marked (run). A worker looks at again before it stops; the
 * items of the dispatcher are simply posted again. Nothing runs before begun nor after decided.
 *
 * ## Order
 *
 * Each leg holds the next event of its output. Two legs are gone through in the order in which their chunks were read: after an
 * event was taken, a leg that had nothing is asked once more, so that what it gives later was read later.
 *
 * ## The decision
 *
 * It is the final state of the core, made once, by whoever comes first: a run that found something or met the end, the timer, a leg that
 * was dropped, or the program, which cancels the consumer or marks it as done. Of all but the program one sets found or error, once, and then
 * makes the state final; neither counts when the program was first, which the core knows. Whoever is too late changes nothing.
 * What a run holds is let go by the run, if there is one, else by the decision: see settle().
 *
 * Of a process that exited, everything that it wrote is searched, but nobody waits for those who inherited its outputs: when the exit
 * is known, the thread that reads each output notes how far it is with what the pipe holds by then (stop), and there the leg ends.
 * The other way round, when both outputs have ended, the exit is given a short time to be noticed, for the message.
 *
 * What was there at the beginning is searched however short the timeout: history is completed when it was, or when the search is over, and
 * a timeout that comes earlier waits for that, for a second at the most, since a regular expression may never be through.
 *
 * ## Life
 *
 * It lives as long as the core that owns it. Each leg that has a core of its own holds that, from when it is added until it was told
 * that its core is over: the thread that drops a leg may come to tell it long after everybody else has let go.
 *
 * ## What is searched
 *
 * Every byte that a leg is given from from on, once, as a part of its line: of a line that is torn, whose beginning was not given or stands
 * before from, the rest. What is known to stand before that rest is shown to regular expressions, and nothing is found in it. An empty rest
 * is no line. What was found tells where in its stream it ends, whether the line was finished or not, and however it was cut into chunks.
 *
 * from is 0, or, with NEXT, the place of the stream when the search begins: who waits at the same time begins at the same place. A
 * place moves when somebody is given a match, which is the caller's business and not that of the search: what nobody was told of was not found.
 *
 * ## Standing still
 *
 * While the owner is paused, whatever runs does nothing and wakes nobody; who resumes it wakes it. The legs themselves need not know.
 *
 * mutex is innermost but for that of the dispatcher: ready comes with an output's lock held.
 */
typedef struct
{
  ProcstreamLineSeeker   *search;
  ProcstreamConsumerCore *core;
  gboolean                owned; /* the core is this leg's own, not that of the consumer */
  ProcstreamLineOptions   options;

  ProcstreamLineCursor cursor;       /* run */
  ProcstreamLogEvent   held;         /* run */
  gboolean             ended;        /* run */
  gboolean             caught_up;    /* run: it had all that was there when it began */
  guint64              offset;       /* run: how much it had when there was nothing more */
  guint64              history_end;  /* that was so many bytes; constant from begin on */
  guint64              begin_offset; /* it was given what stands there, and what follows; constant from begin on */
  guint                dirty;        /* run: the lanes whose unfinished line was not tested, a bit each */
  gint64               last_time_us; /* run */
  guint64              n_lines;      /* run */
  ProcstreamLineEnd    end;          /* run: of the line that is being tested */

  /* Of the stream in each lane; constant from begin on. */
  ProcstreamMatchPlace *places[PROCSTREAM_N_LANES];
  guint64               from[PROCSTREAM_N_LANES]; /* what stands before is not searched */

  char           *stream; /* constant from begin on */
  char           *label;
  guint64         stop; /* mutex: it ends at that byte, at the latest */
  ProcstreamTail *tail; /* mutex */
  GError         *error;
  guint64         searched;
  guint64         torn;
  guint64         lost;
  guint64         missed; /* between the match before and what it was given */
} Leg;

/* A line that functions of the program are to be asked about. */
typedef struct
{
  ProcstreamFoundLine *line;
  Leg                 *leg;
  guint                lane;
  gint64               line_end; /* positions of its cursor, which does not go on before the question is answered */
  gint64               match_end;
  gboolean             partial;
  guint                n_patterns; /* those before this number are to be asked */
  gboolean             found;      /* else the line was found by pattern n_patterns */
} Question;

struct _ProcstreamLineSeeker
{
  ProcstreamConsumerCore        *core; /* not counted: the owner */
  GWeakRef                       outer;
  GMainContext                  *context;
  const ProcstreamLineSeekerOps *ops;
  GPtrArray                     *patterns; /* of ProcstreamPattern; constant from the first leg on */
  gboolean                       uses_worker;
  gboolean                       asks;
  gboolean                       is_next; /* it begins after the match before */
  guint                          n_legs;
  Leg                            legs[2];
  gint64                         timeout_ms;
  gconstpointer                  family;

  char *process; /* NULL: none whose exit counts */
  void (*over) (gpointer data);
  gpointer       over_data;
  GDestroyNotify over_destroy;

  ProcstreamWaiters *history; /* mutex: another one from each time that it was paused */

  GString             *scratch;   /* run */
  ProcstreamFoundLine *hit;       /* run: found, and not yet decided */
  GQueue               asking;    /* run: of Question */
  guint                ask_depth; /* functions of the program that are being called; of the context's thread */

  GMutex                  mutex;
  gboolean                begun;
  gboolean                decided; /* also read without the lock */
  gboolean                running;
  gboolean                again;
  gboolean                is_asking; /* asking is not empty, and a worker must wait */
  ProcstreamDispatchItem *item;
  GSource                *timer;
  gint64                  begin_us;
  gint64                  end_us;      /* of the timeout; -1: none */
  gboolean                end_awaits;  /* it is over, but for history */
  gboolean                caught_up;   /* history is, or is about to be, complete */
  gint64                  exit_end_us; /* until when the exit is waited for; -1: it is not */
  gboolean                exited;
  gboolean                exit_missed;
  char                   *exit_message;
  guint64                 searched_offset; /* of the first leg */
  guint64                 skipped;
  char                   *skipped_why;
  ProcstreamFoundLine    *found;
  GError                 *error;
};

gpointer procstream_line_seeker_ref (gpointer data); /* the owner's record, and with it the search */
void     procstream_line_seeker_unref (gpointer data);
void     procstream_line_seeker_drop_item (ProcstreamLineSeeker *self);

/* Runs, as the dispatcher knows them. */
gboolean procstream_line_seeker_run_in_io_thread (gpointer          data,
                                                  ProcstreamBudget *budget);
gboolean procstream_line_seeker_run_in_context (gpointer          data,
                                                ProcstreamBudget *budget);
void     procstream_line_seeker_wake_locked (ProcstreamLineSeeker *self);

/* When it is decided, and nothing runs. */
void procstream_line_seeker_settle (ProcstreamLineSeeker *self);
void procstream_line_seeker_end_legs (ProcstreamLineSeeker *self);
void procstream_line_seeker_decide_found (ProcstreamLineSeeker *self);
/* The error of @leg_core is that of the search. */
void procstream_line_seeker_fail (ProcstreamLineSeeker   *self,
                                  ProcstreamConsumerCore *leg_core);
/* All legs have ended, and nothing was found. */
void     procstream_line_seeker_conclude (ProcstreamLineSeeker *self);
void     procstream_line_seeker_complete_history (ProcstreamLineSeeker *self);
void     procstream_line_seeker_rearm_locked (ProcstreamLineSeeker *self);
gboolean procstream_line_seeker_timer_cb (gpointer user_data);

/* Takes the next event of @leg, if it holds none and there is one. */
void procstream_seeker_leg_fetch (Leg *leg);
/* What the event that it holds has; sets hit or adds to asking. */
void procstream_seeker_leg_take (Leg *leg);
/* There is nothing to take now: the line that is not finished. */
void procstream_seeker_leg_look_at_unfinished (Leg *leg);
void procstream_seeker_leg_let_go (Leg *leg);

/* The line of @self, found by pattern number @pattern. */
ProcstreamFoundLine *procstream_question_to_hit (const Question *self,
                                                 guint           pattern);
void                 procstream_question_free (Question *self);

/* Why nothing was found, with the mutex held. */
GError *procstream_line_seeker_explain_locked (ProcstreamLineSeeker *self,
                                               const GError         *cause); /* NULL: there is none but the end */
GError *procstream_line_seeker_explain_timeout_locked (ProcstreamLineSeeker *self,
                                                       gint64                timeout_ms);

G_END_DECLS
