/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-helper-private.h"
#include "procstream-process-settings-private.h"

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
  char   **envp; /* NULL: the program's own, as it is when the request is handed over */
  char    *cwd;  /* NULL: the program's own */
  gboolean new_group;
  gboolean guard;       /* the helper stays as a guard of the tree */
  int      guard_fd;    /* then its end of the channel, as those in fds; else -1 */
  gboolean new_session; /* and so a new group */
  int      controlling; /* -1, or a target that becomes the controlling terminal of the new session */
  int      terminal;    /* -1, or a target that may be a terminal: the new group takes the foreground there, if the program's had it */
  GArray  *fds;         /* of ProcstreamSpawnFd: what the child gets, 0, 1 and 2 among them; a target that is not given is closed */

  ProcstreamProcessSettings settings;
  gboolean                  search_envp; /* for argv[0], in the PATH of envp instead of the program's own */

  char *path;   /* taken from a ProcstreamSpawnEnvironment: */
  char *helper; /* what to search in, NULL where argv[0] is a path; the helper program, NULL until then */
};

/* What a start takes from the program's own environment, which only the program's own threads may read: another one may do so
 * while they change it. All NULL: not read yet. */
typedef struct
{
  char **envp;
  char  *path;
  char  *helper;
} ProcstreamSpawnEnvironment;

typedef struct
{
  int          pid;
  int          pidfd;      /* (transfer full), -1 where there is none */
  int          guard_pid;  /* 0: there is none */
  GSubprocess *subprocess; /* (transfer full) */
  gint64       begun_us;   /* when there was a process; the program itself runs from a little later on */
} ProcstreamSpawned;

GArray                 *procstream_spawn_fds_new (void); /* owns its descriptors */
ProcstreamSpawnRequest *procstream_spawn_request_new (const char        *name,
                                                      const char *const *argv);
void                    procstream_spawn_request_free (ProcstreamSpawnRequest *self);
void                    procstream_spawn_request_take_fd (ProcstreamSpawnRequest *self,
                                                          int                     fd,
                                                          int                     target);

/* @envp (nullable): what is used instead of the program's own. */
void procstream_spawn_environment_read (ProcstreamSpawnEnvironment *self,
                                        const char                 *program,
                                        char                      **envp,
                                        gboolean                    search_envp);
void procstream_spawn_environment_clear (ProcstreamSpawnEnvironment *self);
/* What was read is the request's; @self is cleared. */
void procstream_spawn_request_take_environment (ProcstreamSpawnRequest     *self,
                                                ProcstreamSpawnEnvironment *environment);

/* A request that has no environment reads it, here in the caller's thread.
 *
 * @func is called exactly once, in the I/O thread: with @spawned (its contents are the callee's), once the real program runs,
 * or with an error that names the process and what failed. By then every descriptor of the request is closed here, and a process
 * that failed is reaped. Only in a forked copy of the program, where there is no such thread, it is called at once. */
typedef void (*ProcstreamSpawnFunc) (gpointer           user_data,
                                     ProcstreamSpawned *spawned,
                                     GError            *error);    /* (transfer none) */
void procstream_spawn (ProcstreamSpawnRequest *request, /* (transfer full) */
                       ProcstreamSpawnFunc     func,
                       gpointer                user_data);

/* --- Between the parts of this unit ------------------------------------------------------------------------------------------- */

gboolean procstream_spawn_request_send (ProcstreamSpawnRequest *self, /* the block and the descriptors */
                                        int                     socket,
                                        GError                **error);
void     procstream_spawn_request_close_fds (ProcstreamSpawnRequest *self);
char    *procstream_spawn_find_helper (void);

GError *procstream_spawn_error_from_errno (ProcstreamSpawnRequest *request,
                                           int                     code);
GError *procstream_spawn_error_from_watch (ProcstreamSpawnRequest *request,
                                           int                     code);
GError *procstream_spawn_error_from_subprocess (ProcstreamSpawnRequest *request,
                                                const GError           *error);
GError *procstream_spawn_error_from_report (ProcstreamSpawnRequest       *request,
                                            const ProcstreamHelperReport *report); /* NULL: none came */

G_END_DECLS
