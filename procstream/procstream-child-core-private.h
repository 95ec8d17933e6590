/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-enums.h"
#include "procstream-input-private.h"
#include "procstream-output-core-private.h"
#include "procstream-process-settings-private.h"
#include "procstream-pty-private.h"
#include "procstream-result-private.h"
#include "procstream-shutdown-private.h"
#include "procstream-waiters-private.h"
#include "procstream-writer.h"

G_BEGIN_DECLS

/* stdout, stderr and, where it was asked for, both of them merged; there is none after the first that is not there. */
#define PROCSTREAM_CHILD_MAX_OUTPUTS 3

/* What a child is made of: a snapshot of the launcher, checked and complete. */
typedef struct
{
  char                     *name;
  char                    **argv;
  char                    **envp; /* NULL: the program's own, as it is at the start */
  char                     *cwd;  /* NULL: the program's own */
  ProcstreamStdinMode       stdin_mode;
  char                     *stdin_file; /* exactly where the mode says so, as the next two */
  GBytes                   *stdin_bytes;
  GInputStream             *stdin_stream; /* until the child runs, or is known not to; the outer object holds it longer */
  gboolean                  merge_stderr;
  ProcstreamContainment     containment;
  ProcstreamProcessSettings settings;
  GArray                   *fds;            /* of ProcstreamSpawnFd, NULL: none; they go to the child when it starts */
  gboolean                  is_stage;       /* of a pipeline, which starts it */
  gboolean                  is_later_stage; /* and which feeds it */
  gboolean                  stdin_joined;   /* fds has the standard input */
  gboolean                  stdout_joined;  /* fds has the standard output */
  gboolean                  search_envp;
  ProcstreamPtySettings     pty;
  ProcstreamOutputSettings  outputs[PROCSTREAM_CHILD_MAX_OUTPUTS]; /* stdout, stderr, merged */
  gboolean                  merged_view;
  gboolean                  exact_order;
  gint64                    idle_timeout_ms;                     /* -1: it is not watched for silence */
  gboolean                  idle[2];                             /* stdout, stderr */
  char                     *files[PROCSTREAM_CHILD_MAX_OUTPUTS]; /* where they go, or go as well; NULL: nowhere */
  ProcstreamFileMode        file_modes[PROCSTREAM_CHILD_MAX_OUTPUTS];
  ProcstreamLifetime        lifetime; /* but for what detaching changes */
  ProcstreamShutdownPlan   *shutdown;
  guint32                   success[8]; /* a bit for each exit status */
} ProcstreamChildOptions;

void procstream_child_options_clear (ProcstreamChildOptions *options);
/* Whether something would be noticed of a silence that is to be told of. */
gboolean procstream_child_options_check_silence (const ProcstreamChildOptions *options,
                                                 GError                      **error);

/* The inner record of a child. Atomically counted; held by the outer ProcstreamChild and, from the start to the exit, by
 * the spawner and the I/O thread. */
typedef struct _ProcstreamChildCore ProcstreamChildCore;
/* That of the scope that it belongs to; see procstream-scope-core-private.h. */
typedef struct _ProcstreamScopeCore ProcstreamScopeCore;

/* Takes what is in @options. @advance is called with @outer, as long as that lives, in the thread that runs @context, each time that
 * something has changed. */
ProcstreamChildCore *procstream_child_core_new (ProcstreamChildOptions *options,
                                                GMainContext           *context,
                                                GObject                *outer,
                                                void (*advance) (gpointer outer));
ProcstreamChildCore *procstream_child_core_ref (ProcstreamChildCore *self);
void                 procstream_child_core_unref (ProcstreamChildCore *self);

/* Of a stage, before it is claimed: it gets @fd (taken) as its standard input or output, and nobody else has that. */
void procstream_child_core_join (ProcstreamChildCore *self,
                                 int                  target,
                                 int                  fd);
/* Whether its standard output can go on to another stage: straight, or through what is @observed. */
gboolean procstream_child_core_check_joint (ProcstreamChildCore *self,
                                            gboolean             observed,
                                            GError             **error);
/* Of a stage, while others are being started with it: what tells the outer object that the opening may soon be over. Any thread. */
void     procstream_child_core_hold_start (ProcstreamChildCore *self);
void     procstream_child_core_release_start (ProcstreamChildCore *self);
gboolean procstream_child_core_is_start_held (ProcstreamChildCore *self);

/* From created to starting; fails with WRONG_STATE, or as its scope says. Whoever succeeds must launch. */
gboolean procstream_child_core_claim (ProcstreamChildCore *self,
                                      GError             **error);
void     procstream_child_core_launch (ProcstreamChildCore *self);
/* For its scope, which may hold its own lock meanwhile: from created or queued to starting. Whoever makes it
 * starting tells of that, without a lock, before anything else; procstream_child_core_claim() does so itself. */
gboolean procstream_child_core_move (ProcstreamChildCore *self,
                                     ProcstreamChildState before,
                                     ProcstreamChildState after,
                                     GError             **error);
void     procstream_child_core_tell_claimed (ProcstreamChildCore *self);
/* If it is in @state, created or queued, it fails with @error. Without a lock; any thread. */
void procstream_child_core_refuse (ProcstreamChildCore *self,
                                   ProcstreamChildState state,
                                   const GError        *error);
void procstream_child_core_unqueue (ProcstreamChildCore *self,
                                    const GError        *error);
/* FALSE: it has one. @state is what it is at that moment: whatever starts it later asks the scope. */
gboolean procstream_child_core_set_scope (ProcstreamChildCore  *self,
                                          ProcstreamScopeCore  *scope,
                                          ProcstreamChildState *state,
                                          GError              **error);
/* From created to queued, and into @scope, or, if that is NULL, where it is. In the program's own thread: what it takes from the program's
 * environment is that of now. FALSE, and nothing has changed: it belongs to a scope, or was started or enqueued. */
gboolean procstream_child_core_enqueue (ProcstreamChildCore *self,
                                        ProcstreamScopeCore *scope,
                                        GError             **error);
/* Blocks until the program runs, or is known not to. */
gboolean procstream_child_core_wait_started (ProcstreamChildCore *self,
                                             GError             **error);
/* The outer object goes: @advance is not called again, and what never started never will, and leaves its scope. */
void procstream_child_core_abandon (ProcstreamChildCore *self);
/* Has @advance called soon. Any thread. */
void procstream_child_core_ring (ProcstreamChildCore *self);

const ProcstreamChildOptions *procstream_child_core_get_options (ProcstreamChildCore *self);
ProcstreamOutputCore         *procstream_child_core_get_output (ProcstreamChildCore *self,
                                                                guint                i); /* NULL: there is none */
/* For one that is read and goes to a file as well: makes the writer of that, which waits for the launch to open it. NULL: it is none. */
ProcstreamWriter *procstream_child_core_make_writer (ProcstreamChildCore *self,
                                                     guint                i);
gboolean          procstream_child_core_is_written (ProcstreamChildCore *self); /* all of these are over */
/* Has @func called as each of them is over, with a reference to @data that @unref gives back. */
void procstream_child_core_add_written_func (ProcstreamChildCore *self,
                                             void (*func) (gpointer      data,
                                                           const GError *error),
                                             gpointer data,
                                             gpointer (*ref) (gpointer),
                                             GDestroyNotify unref);
/* What is wrong with the first file that is not written as it should be, or not in full by now: (transfer full) (nullable). */
GError *procstream_child_core_dup_file_error (ProcstreamChildCore *self);
/* Who asked for the files is told what is wrong with them; nobody else need be. */
void                 procstream_child_core_ask_for_files (ProcstreamChildCore *self);
gboolean             procstream_child_core_was_asked_for_files (ProcstreamChildCore *self);
ProcstreamInputCore *procstream_child_core_get_input (ProcstreamChildCore *self);
ProcstreamWaiters   *procstream_child_core_get_claimed (ProcstreamChildCore *self); /* or abandoned: then it stays created */
ProcstreamWaiters   *procstream_child_core_get_started (ProcstreamChildCore *self);
ProcstreamWaiters   *procstream_child_core_get_exited (ProcstreamChildCore *self);

ProcstreamChildState procstream_child_core_get_state (ProcstreamChildCore *self);
const char          *procstream_child_state_to_string (ProcstreamChildState state);
int                  procstream_child_core_get_pid (ProcstreamChildCore *self);
GSubprocess         *procstream_child_core_get_subprocess (ProcstreamChildCore *self);
gint64               procstream_child_core_get_elapsed_us (ProcstreamChildCore *self);
/* Adds to the message of @error the last lines of the output, as far as they are still kept: replayed, or unread. Any thread. */
void procstream_child_core_add_last_lines (ProcstreamChildCore *self,
                                           GError              *error);
/* NULL until it exited; the same object ever after. Owned by the core. */
ProcstreamResult *procstream_child_core_get_result (ProcstreamChildCore *self);

gboolean procstream_child_core_send_signal (ProcstreamChildCore *self,
                                            int                  signum,
                                            GError             **error);

/* After a stop by the terminal: its group, and its guard, which stops as the child does. Any thread. */
void procstream_child_core_continue (ProcstreamChildCore *self);

/* Begins to end the child as @plan says, because of @cause, or joins the shutdown that is under way. What is returned (transfer full) is complete when nobody is
 * left, or with the error that says who is. NULL with WRONG_STATE when it was never started. Any thread. */
ProcstreamWaiters *procstream_child_core_shut_down (ProcstreamChildCore    *self,
                                                    ProcstreamShutdownPlan *plan,
                                                    ProcstreamCause         cause,
                                                    GError                **error);
/* The same, and a shutdown that is under way kills no later than @plan would. NULL when it was never started. */
ProcstreamWaiters *procstream_child_core_shut_down_by (ProcstreamChildCore    *self,
                                                       ProcstreamShutdownPlan *plan,
                                                       ProcstreamCause         cause);
/* The same at the exit of the program, with its own plan. NULL also when it was detached, unless its shutdown is under way. */
ProcstreamWaiters *procstream_child_core_shut_down_at_exit (ProcstreamChildCore *self);
/* What a shutdown did not do in its time. Sends SIGKILL from here and now, if there is anybody. */
void procstream_child_core_kill_at_exit (ProcstreamChildCore *self);
/* The phases that were begun, in their order, number @i from 0 on: (transfer full) (nullable). */
ProcstreamShutdownPhase *procstream_child_core_dup_phase (ProcstreamChildCore *self,
                                                          guint                i);
/* Of a silence that has lasted as long as it may, and is not over: once, in the context of the outer object. */
gboolean procstream_child_core_take_silence (ProcstreamChildCore *self,
                                             gint64              *silent_ms);
/* What is known of it by now; the name is the record's own. */
void procstream_child_core_get_facts (ProcstreamChildCore   *self,
                                      ProcstreamResultFacts *facts);
/* It could not be started. In the I/O thread, or where it is launched. */
void procstream_child_core_fail (ProcstreamChildCore *self,
                                 const GError        *error);
/* Set exactly in failed, and constant. */
const GError *procstream_child_core_get_error (ProcstreamChildCore *self);
/* The one that is under way: (transfer full) (nullable). */
ProcstreamWaiters *procstream_child_core_dup_shutdown (ProcstreamChildCore *self);
/* Whether a shutdown is under way, or it was killed. */
gboolean procstream_child_core_is_being_ended (ProcstreamChildCore *self);

ProcstreamLifetime procstream_child_core_get_lifetime (ProcstreamChildCore *self);
/* The exit of the program does not end it. FALSE with WRONG_STATE when it has begun to. */
gboolean procstream_child_core_detach (ProcstreamChildCore *self,
                                       GError             **error);
/* It was started, and nobody of its group is left that could be reached. */
gboolean procstream_child_core_is_gone (ProcstreamChildCore *self);

G_END_DECLS
