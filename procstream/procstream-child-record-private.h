/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-bell-private.h"
#include "procstream-child-core-private.h"
#include "procstream-child-request-private.h"
#include "procstream-guard-private.h"
#include "procstream-poll-set-private.h"
#include "procstream-pty-keeper-private.h"
#include "procstream-scope-core-private.h"
#include "procstream-shutdown-private.h"
#include "procstream-writing-private.h"

G_BEGIN_DECLS

/* See procstream-child-shutdown.c. */
typedef struct _ProcstreamShutdownRun ProcstreamShutdownRun;

/* The inner record of a child, between its parts; nobody else looks inside. What holds whenever mutex is free is said in
 * procstream-child-core.c. */
struct _ProcstreamChildCore
{
  gatomicrefcount         ref_count;
  gint                    start_held; /* atomic */
  ProcstreamChildOptions  options;
  GMainContext           *context; /* the captured one */
  ProcstreamBell         *bell;
  ProcstreamOutputCore   *outputs[PROCSTREAM_CHILD_MAX_OUTPUTS];
  ProcstreamInputCore    *input;                                  /* NULL where it is no pipe */
  ProcstreamPtyKeeper    *keeper;                                 /* NULL where there is no pseudo-terminal */
  ProcstreamConsumerCore *writers[PROCSTREAM_CHILD_MAX_OUTPUTS];  /* of outputs that go to a file as well; NULL: none; constant once it may be started */
  ProcstreamWriting      *writings[PROCSTREAM_CHILD_MAX_OUTPUTS]; /* theirs */
  ProcstreamWaiters      *claimed;
  ProcstreamWaiters      *started;
  ProcstreamWaiters      *exited;

  gboolean            refused;         /* from the claim on: the program is about to exit */
  gboolean            exits_ignored;   /* at the launch, the program ignored SIGCHLD */
  gint                files_asked_for; /* atomic */
  gboolean            has_stream;      /* from the launch on: stdin_stream of options is its to read */
  ProcstreamChildEnds ends;            /* from launch: the pipes until the program runs, the terminal to the end */

  ProcstreamSpawnEnvironment environment; /* from when it was queued, or was launched, until its request has it */

  GMutex               mutex;
  GCond                cond; /* no longer starting */
  ProcstreamChildState state;
  gboolean             abandoned; /* while it was created */
  int                  pid;
  int                  pidfd;
  gboolean             group_gone; /* the kernel has said so */
  gboolean             reaping;    /* the status was asked for */
  gboolean             peeked;     /* the status was seen before anybody reaped: */
  int                  status;     /* as of waitpid() */
  GSubprocess         *subprocess;
  ProcstreamScopeCore *scope; /* NULL: none; set once, before it starts or while it runs */
  ProcstreamPollSet   *poll_set;
  ProcstreamWatch      watch;
  int                  guard_fd;    /* to the guard, from running until it is gone, -1: there is none */
  ProcstreamWatch      guard_watch; /* of that */
  ProcstreamGuardNews  news;        /* what the guard said last; all zero: nothing yet */
  gint64               begun_us;    /* when there was a process; its duration counts from here */
  gint64               start_us;    /* when it was known to run; its silence counts from here */
  gint64               end_us;
  int                  exit_code;   /* set with result */
  int                  term_signal; /* the same */
  ProcstreamCause      end_cause;   /* the same */
  int                  phase;       /* the last that was begun, in its shutdown; -1: none */
  ProcstreamResult    *result;
  GError              *error;

  GSource *idle_source; /* the I/O thread's; NULL: none */
  gboolean silence_noticed;
  gint64   silence_since_us;
  gint64   silence_told_us;

  ProcstreamCause        cause;  /* of the first shutdown that found the process running; NONE: there was none */
  gboolean               killed; /* SIGKILL was sent to the running process, or is about to be */
  guint                  n_shutdowns;
  gboolean               exiting;  /* the exit of the program ends it */
  ProcstreamShutdownRun *shutdown; /* the one under way; only the I/O thread ends it */
  GArray                *phases;   /* of ProcstreamShutdownStep: that were begun, of all shutdowns */
  GArray                *tries;    /* of ProcstreamShutdownTry, of the last shutdown that did anything */
};

void procstream_child_core_set_state_locked (ProcstreamChildCore *self,
                                             ProcstreamChildState state);
/* The program's own, as it is now. Whoever starts or enqueues it, or holds mutex. */
void procstream_child_core_read_environment (ProcstreamChildCore *self);
/* Before anybody is told of the end: the terminal is then there to be used. */
void procstream_child_core_take_terminal_back (ProcstreamChildCore *self,
                                               gboolean             killed);
/* From when it runs on. In the I/O thread; takes the reference of what was under way. */
void procstream_child_core_watch_exit (ProcstreamChildCore *self);
/* Whether the process has, though nobody may have been told yet. */
gboolean procstream_child_core_has_ended_locked (ProcstreamChildCore *self);
/* What the kernel says of the group of a process that has exited: 0: there is somebody, ESRCH: nobody, and then the pidfd is let go of; any
 * other errno: it cannot tell. */
int procstream_child_core_ask_for_group_locked (ProcstreamChildCore *self);

/* In the I/O thread. Asks for the status once; see procstream-child-exit.c. */
void procstream_child_core_ask_for_status (ProcstreamChildCore *self);
/* In the I/O thread: the child has exited with that status of waitpid(), if it is known. */
void procstream_child_core_conclude (ProcstreamChildCore *self,
                                     gboolean             known,
                                     int                  status);

/* The part of a guard; see procstream-child-guard.c. All but the last are called in the I/O thread. */
void     procstream_child_core_watch_guard (ProcstreamChildCore *self);
void     procstream_child_core_guard_reaped (ProcstreamChildCore *self);
void     procstream_child_core_guarded_gone (ProcstreamChildCore *self); /* the child is, as its pidfd says */
gboolean procstream_child_core_order_guard_locked (ProcstreamChildCore *self,
                                                   int                  whom,
                                                   int                  signum); /* FALSE with errno */

/* From when it runs on, and until it has exited; see procstream-child-idle.c. In the I/O thread. */
void procstream_child_core_watch_silence (ProcstreamChildCore *self);
void procstream_child_core_unwatch_silence (ProcstreamChildCore *self);
/* As its timer does: when to look again, -1: never. */
gint64 procstream_child_core_look_for_silence (ProcstreamChildCore *self,
                                               gint64               now_us);

/* In the I/O thread, after the state has changed, and only there: a shutdown that is under way goes on. */
void procstream_child_core_advance_shutdown (ProcstreamChildCore *self);

/* What belongs to the child, or the process alone. Locked, FALSE with errno; see procstream-child-signal.c. */
gboolean procstream_child_core_signal_locked (ProcstreamChildCore   *self,
                                              int                    signum,
                                              ProcstreamSignalTarget target);

G_END_DECLS
