/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The one unit that starts processes. Everything about the process to be is in a plain request; the answer comes in the I/O
 * thread. */
typedef struct
{
  int fd;     /* ours; the request owns it and closes it when it is freed */
  int target; /* number in the child */
} ProcstreamSpawnFd;

typedef struct _ProcstreamSpawnRequest ProcstreamSpawnRequest;
struct _ProcstreamSpawnRequest
{
  char    *name; /* of the process, for messages */
  char   **argv;
  char   **envp; /* NULL: the program's own, as it is when the request is made */
  char    *cwd;  /* NULL: the program's own */
  gboolean new_group;
  GArray  *fds; /* of ProcstreamSpawnFd: what the child gets, 0, 1 and 2 among them; a target that is not given is closed */
};

typedef struct
{
  int          pid;
  int          pidfd;      /* (transfer full), -1 where there is none */
  GSubprocess *subprocess; /* (transfer full) */
} ProcstreamSpawned;

ProcstreamSpawnRequest *procstream_spawn_request_new (const char        *name,
                                                      const char *const *argv);
void                    procstream_spawn_request_free (ProcstreamSpawnRequest *self);
void                    procstream_spawn_request_take_fd (ProcstreamSpawnRequest *self,
                                                          int                     fd,
                                                          int                     target);

/* @func is called exactly once, in the I/O thread: with @spawned (its contents are the callee's), once the real program runs,
 * or with an error that names the process and what failed. By then every descriptor of the request is closed here. */
typedef void (*ProcstreamSpawnFunc) (gpointer           user_data,
                                     ProcstreamSpawned *spawned,
                                     GError            *error);    /* (transfer none) */
void procstream_spawn (ProcstreamSpawnRequest *request, /* (transfer full) */
                       ProcstreamSpawnFunc     func,
                       gpointer                user_data);

G_END_DECLS
