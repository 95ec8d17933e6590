/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* What the library and its helper program say to each other. The helper may be built without any library, so there is no GLib here.
 *
 * The helper finds one end of a socket of whole messages as its descriptor 0. Before it runs, the library has already queued the
 * block, with the descriptors that the program is to get, in it; so no descriptor ever has to lose its close-on-exec flag in a
 * process that other threads fork, and the helper's arguments and environment are the program's own.
 *
 * The helper answers with a report of its pid, with a pidfd attached, and nothing else when all goes well: the socket is
 * close-on-exec, and its end of file says that the program runs. A second report says which step failed instead.
 *
 * To extend it: add a flag or an offset at the end of the block, a step, and raise the version. Both sides always come from one
 * build, and say so when they do not. */

#include <stdint.h>

#define PROCSTREAM_HELPER_VERSION 4
#define PROCSTREAM_HELPER_SOCKET 0
#define PROCSTREAM_HELPER_MAX_BLOCK 65536
#define PROCSTREAM_HELPER_FDS_PER_MESSAGE 253 /* SCM_MAX_FD of the kernel */
#define PROCSTREAM_HELPER_MAX_FDS 1024
#define PROCSTREAM_HELPER_NO_TERMINAL (-1)
#define PROCSTREAM_HELPER_CHANNEL (-2) /* as the last target: not the program's, but the guard's end of its channel */

enum
{
  PROCSTREAM_HELPER_NEW_GROUP = 1 << 0,
  PROCSTREAM_HELPER_PIDFD = 1 << 1,
  PROCSTREAM_HELPER_NEW_SESSION = 1 << 2, /* and so a new group */
  PROCSTREAM_HELPER_UMASK = 1 << 3,
  PROCSTREAM_HELPER_GUARD = 1 << 4, /* the helper stays, as the parent of the program */
  PROCSTREAM_HELPER_KEEP = 1 << 5,  /* and what the program leaves is not ended with it */
};

typedef struct
{
  uint64_t resource; /* RLIMIT_… */
  uint64_t soft;
  uint64_t hard;
} ProcstreamHelperLimit;

/* Its size keeps what follows it aligned. Followed by ProcstreamHelperLimit limits[n_limits], int32_t targets[n_fds], then the strings, each ended by a NUL. An offset counts
 * from the start of the block; 0: none. */
typedef struct
{
  uint32_t version;
  uint32_t size; /* of all of it */
  uint32_t flags;
  uint32_t n_fds;
  int32_t  terminal;       /* a target whose foreground group the program's group becomes, if ours was it */
  uint32_t program_offset; /* what to execute */
  uint32_t path_offset;    /* directories to search it in, separated by colons; none: it is a path */
  uint32_t cwd_offset;
  uint32_t n_limits;
  int32_t  controlling; /* a target that becomes the controlling terminal of the new session */
  int32_t  nice;        /* added to what the program has */
  int32_t  oom_score;   /* added to what the program has */
  uint32_t umask;
  int32_t  death_signal; /* sent when the program is gone, 0: none */
  int32_t  parent;       /* the program */
  uint32_t grace_ms;     /* of a guard: between asking and killing; 0: nobody is asked */
} ProcstreamHelperBlock;

typedef enum
{
  PROCSTREAM_HELPER_STEP_NONE, /* not a failure: @value is the pid */
  PROCSTREAM_HELPER_STEP_BLOCK,
  PROCSTREAM_HELPER_STEP_GROUP,
  PROCSTREAM_HELPER_STEP_CHDIR,
  PROCSTREAM_HELPER_STEP_FD, /* @value is the number in the child */
  PROCSTREAM_HELPER_STEP_EXEC,
  PROCSTREAM_HELPER_STEP_INTERPRETER, /* the file is there; what it names to run it is not */
  PROCSTREAM_HELPER_STEP_SESSION,
  PROCSTREAM_HELPER_STEP_CONTROLLING, /* terminal */
  PROCSTREAM_HELPER_STEP_LIMIT,       /* @value is the resource */
  PROCSTREAM_HELPER_STEP_NICE,
  PROCSTREAM_HELPER_STEP_OOM_SCORE,
  PROCSTREAM_HELPER_STEP_DEATH_SIGNAL,
  PROCSTREAM_HELPER_STEP_GUARD,
} ProcstreamHelperStep;

typedef struct
{
  int32_t step;
  int32_t error; /* errno */
  int32_t value;
  int32_t guard; /* with a pid: that of the guard, 0: none */
} ProcstreamHelperReport;

/* --- The channel of a guard: a socket of whole messages, until either is gone -------------------------------------------------- */

enum
{
  PROCSTREAM_GUARD_NOBODY, /* to look again is all that is asked */
  PROCSTREAM_GUARD_CHILD,
  PROCSTREAM_GUARD_STRAYS, /* who is in the tree, and not in the group of the child */
  PROCSTREAM_GUARD_TREE,
};

/* To it. SIGKILL, but to the child alone, kills the whole tree until nobody is left. */
typedef struct
{
  int32_t whom;
  int32_t signum;
} ProcstreamGuardOrder;

#define PROCSTREAM_GUARD_MAX_LEFT 8

/* From it, when the child has ended, and when it has given up killing. All that it knows is said each time. */
typedef struct
{
  int32_t ended;  /* the child has: */
  int32_t exited; /* it did, with the status; else it died of the signal that the status is */
  int32_t status;
  int32_t gave_up;
  int32_t n_left;                          /* who could not be killed, as far as that is known */
  int32_t left[PROCSTREAM_GUARD_MAX_LEFT]; /* the first of them */
  int64_t user_us;                         /* of the child and its descendants that had ended by then */
  int64_t system_us;
  int64_t peak_bytes; /* of the largest of them */
} ProcstreamGuardNews;
