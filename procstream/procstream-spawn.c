/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-spawn-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-pipe-private.h"
#include "procstream-platform-private.h"
#include "procstream-poll-set-private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * How a process starts. A request passes through three threads, and belongs to one of them at any time:
 *
 *  1. The caller's queues the request. Who asked for the start read the environment, in the program's own thread as only that may do
 *     so safely: a library thread that calls on its behalf, having opened files or having had no room before, brings what was read.
 *  2. The spawner, one thread for the life of the program, because what a kernel ties to the thread that made a process must outlast
 *     the process. It makes a socket, queues block and descriptors in it, and starts the helper through GSubprocess. The socket
 *     becomes the helper's descriptor 0, the one way on GLib's posix_spawn() path that duplicates nothing in this process: a
 *     duplicate that fails for want of descriptors makes that path abort the program. Nothing of ours ever loses close-on-exec.
 *     It does not wait for the helper: a program on a disk that hangs delays nobody else.
 *  3. The I/O thread is woken once, when the socket closes: the program runs, or the helper reported a failure and ended. Only the
 *     hang-up is watched for, so that the helper's first message does not wake anybody.
 *
 * The watch has no reference of its own, and is armed when the helper has started: the record is there until finish(), which is called
 * once, in the I/O thread, after the watch was removed. A call under way holds a reference.
 *
 * A GSubprocess that failed is waited for, so that no process and no descriptor of a failed start is left when the caller hears of it. A
 * program that runs, and whose pidfd did not arrive for want of a descriptor, is ended: without that it could not be told what becomes of it.
 */
typedef struct
{
  gatomicrefcount         ref_count;
  ProcstreamSpawnRequest *request;
  ProcstreamSpawnFunc     func;
  gpointer                user_data;
  GError                 *error;

  int                    socket; /* our end, -1 when closed */
  ProcstreamPollSet     *set;    /* the spawner's, which is never freed */
  ProcstreamWatch        watch;
  ProcstreamSpawned      spawned;
  gboolean               introduced; /* pid and pidfd are known */
  gboolean               lost_pidfd; /* for want of a descriptor */
  gboolean               failed;     /* failure is what the helper said, or would say of that */
  ProcstreamHelperReport failure;
} Start;

static Start *
start_new (ProcstreamSpawnRequest *request,
           ProcstreamSpawnFunc     func,
           gpointer                user_data)
{
  Start *self = g_new0 (Start, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->request = request;
  self->func = func;
  self->user_data = user_data;
  self->socket = -1;
  self->spawned.pidfd = -1;
  return self;
}

static gpointer
start_ref (gpointer data)
{
  Start *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
start_unref (gpointer data)
{
  Start *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  procstream_spawn_request_free (self->request);
  g_clear_error (&self->error);
  g_free (self);
}

/* --- In the I/O thread: the answer -------------------------------------------------------------------------------------------- */

static void
finish (Start *self)
{
  procstream_spawn_request_close_fds (self->request);
  if (self->error)
    self->func (self->user_data, NULL, self->error);
  else
    self->func (self->user_data, &self->spawned, NULL);
  start_unref (self);
}

static gboolean
finish_cb (gpointer data)
{
  finish (data);
  return G_SOURCE_REMOVE;
}

static void
reaped_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Start *self = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL);
  g_clear_object (&self->spawned.subprocess);
  finish (self);
}

static void
fail_when_reaped (Start *self)
{
  GMainContext *context = procstream_io_thread_get_context ();

  if (self->lost_pidfd)
    g_subprocess_force_exit (self->spawned.subprocess);
  if (self->spawned.pidfd >= 0)
    close (self->spawned.pidfd);
  self->spawned.pidfd = -1;
  self->error = procstream_spawn_error_from_report (self->request, self->failed ? &self->failure : NULL);
  g_main_context_push_thread_default (context);
  g_subprocess_wait_async (self->spawned.subprocess, NULL, reaped_cb, self);
  g_main_context_pop_thread_default (context);
}

/* --- In the I/O thread: what the helper says ---------------------------------------------------------------------------------- */

static int
attached_fd (struct msghdr *message)
{
  struct cmsghdr *header = CMSG_FIRSTHDR (message);
  int             fd = -1;

  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN (sizeof fd))
    memcpy (&fd, CMSG_DATA (header), sizeof fd);
  return fd;
}

static void
take_report (Start                        *self,
             const ProcstreamHelperReport *report,
             int                           fd)
{
  if (report->step == PROCSTREAM_HELPER_STEP_NONE && !self->introduced)
    {
      self->introduced = TRUE;
      self->spawned.pid = report->value;
      self->spawned.guard_pid = report->guard;
      self->spawned.pidfd = fd;
      return;
    }
  if (fd >= 0)
    close (fd);
  self->failed = TRUE;
  self->failure = *report;
}

/* The kernel does not say why what was attached is not there: for want of a descriptor, or because a sandbox keeps it back. */
static void
take_loss (Start *self)
{
  int fd = fcntl (self->socket, F_DUPFD_CLOEXEC, 0);

  if (fd >= 0)
    {
      close (fd);
      return;
    }
  self->lost_pidfd = TRUE;
  self->failed = TRUE;
  self->failure = (ProcstreamHelperReport){ .step = PROCSTREAM_HELPER_STEP_BLOCK, .error = errno };
}

/* FALSE when there is no more, and not yet an end. */
static gboolean
receive (Start    *self,
         gboolean *ended)
{
  ProcstreamHelperReport report = { 0 };
  struct iovec           iov = { &report, sizeof report };
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (sizeof (int))];
  } control;
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  gssize        size = recvmsg (self->socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return errno == EINTR;
  if (size == sizeof report)
    {
      take_report (self, &report, attached_fd (&message));
      if (message.msg_flags & MSG_CTRUNC)
        take_loss (self);
      return TRUE;
    }
  *ended = TRUE;
  return FALSE;
}

/* A pidfd may be numbered 0 to 2 in a program that closed those; nothing of ours stays there. */
static void
lift_pidfd (Start *self)
{
  if (self->spawned.pidfd >= 0)
    self->spawned.pidfd = procstream_fd_above_standard (self->spawned.pidfd);
}

static void
socket_cb (gpointer     data,
           GIOCondition condition)
{
  Start   *self = data;
  gboolean ended = FALSE;

  while (receive (self, &ended))
    ;
  if (!ended)
    return;
  procstream_poll_set_remove (self->set, self->watch);
  close (self->socket);
  self->socket = -1;
  lift_pidfd (self);
  if (self->introduced && !self->failed)
    finish (self);
  else
    fail_when_reaped (self);
}

/* --- In the spawner ----------------------------------------------------------------------------------------------------------- */

/* The queue is under mutex, and whoever fills it signals when it is free again: the thread that is woken would only wait for it. */
typedef struct
{
  GMutex               mutex;
  GCond                filled;
  GQueue               queue;    /* of Start */
  GSubprocessLauncher *launcher; /* one for all: making one copies the environment, which the thread may not read */
  ProcstreamPollSet   *set;      /* of the I/O thread; held, so that it is not made anew for each start */
} Spawner;

/* A copy of the program that is forked just now inherits the helper's end, and while it has it open, the end of file that says
 * "the program runs" does not come. So a fork happens before a socket is made or after it was noted here, and the copy closes it. */
static GMutex sockets_mutex;
static int    helper_socket = -1;

static void
before_fork_cb (void)
{
  g_mutex_lock (&sockets_mutex);
}

static void
forking_parent_cb (void)
{
  g_mutex_unlock (&sockets_mutex);
}

static void
forked_copy_cb (void)
{
  if (helper_socket >= 0)
    close (helper_socket);
  helper_socket = -1;
  g_mutex_unlock (&sockets_mutex);
}

static gboolean
make_sockets (int fds[2])
{
  int errsv;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
    return FALSE;
  fds[0] = procstream_fd_above_standard (fds[0]);
  errsv = errno;
  fds[1] = procstream_fd_above_standard (fds[1]);
  if (fds[0] >= 0 && fds[1] >= 0)
    return TRUE;
  errsv = fds[0] < 0 ? errsv : errno;
  for (int i = 0; i < 2; i++)
    if (fds[i] >= 0)
      close (fds[i]);
  errno = errsv;
  return FALSE;
}

/* The helper's end, which belongs to the launcher from now on. */
static gboolean
give_socket (Start               *self,
             GSubprocessLauncher *launcher,
             GError             **error)
{
  int      fds[2];
  gboolean made;

  g_mutex_lock (&sockets_mutex);
  made = make_sockets (fds);
  if (made)
    helper_socket = fds[1];
  g_mutex_unlock (&sockets_mutex);
  if (!made)
    {
      g_propagate_error (error, procstream_spawn_error_from_errno (self->request, errno));
      return FALSE;
    }
  self->socket = fds[0];
  g_subprocess_launcher_take_stdin_fd (launcher, fds[1]);
  return TRUE;
}

static void
take_socket_back (GSubprocessLauncher *launcher)
{
  g_mutex_lock (&sockets_mutex);
  g_subprocess_launcher_take_stdin_fd (launcher, -1);
  helper_socket = -1;
  g_mutex_unlock (&sockets_mutex);
}

/* Before there is a process: one whose start nobody hears of could only be killed. */
static gboolean
watch_socket (Start             *self,
              ProcstreamPollSet *set,
              GError           **error)
{
  self->set = set;
  self->watch = procstream_poll_set_add (set, self->socket, G_IO_HUP, socket_cb, self, start_ref, start_unref);
  if (self->watch == 0)
    g_propagate_error (error, procstream_spawn_error_from_watch (self->request, errno));
  return self->watch != 0;
}

static gboolean
run_helper (Start               *self,
            GSubprocessLauncher *launcher,
            GError             **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GPtrArray) argv = NULL;

  if (!procstream_spawn_request_send (self->request, self->socket, error))
    return FALSE;
  procstream_spawn_request_close_fds (self->request);
  argv = g_ptr_array_new ();
  g_ptr_array_add (argv, self->request->helper);
  for (char **argument = self->request->argv; *argument; argument++)
    g_ptr_array_add (argv, *argument);
  g_ptr_array_add (argv, NULL);
  g_subprocess_launcher_set_environ (launcher, self->request->envp);
  self->spawned.subprocess = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, &reason);
  self->spawned.begun_us = g_get_monotonic_time ();
  if (!self->spawned.subprocess)
    g_propagate_error (error, procstream_spawn_error_from_subprocess (self->request, reason));
  return self->spawned.subprocess != NULL;
}

static void
serve (Start   *self,
       Spawner *spawner)
{
  gboolean started = give_socket (self, spawner->launcher, &self->error) &&
                     watch_socket (self, spawner->set, &self->error) &&
                     run_helper (self, spawner->launcher, &self->error);

  take_socket_back (spawner->launcher);
  if (started)
    {
      /* From now on the I/O thread may be done with the record at any time. */
      procstream_poll_set_arm (self->set, self->watch);
      return;
    }
  if (self->watch != 0)
    procstream_poll_set_remove (self->set, self->watch);
  if (self->socket >= 0)
    close (self->socket);
  procstream_io_thread_invoke (finish_cb, self, NULL);
}

static Start *
await_start (Spawner *self)
{
  Start *start;

  g_mutex_lock (&self->mutex);
  while ((start = g_queue_pop_head (&self->queue)) == NULL)
    g_cond_wait (&self->filled, &self->mutex);
  g_mutex_unlock (&self->mutex);
  return start;
}

static gpointer
spawner_thread (gpointer data)
{
  Spawner *self = data;

  for (;;)
    serve (await_start (self), self);
  return NULL;
}

static gpointer
start_spawner_once (gpointer data)
{
  Spawner *self = g_new0 (Spawner, 1);
  GThread *thread;

  if (pthread_atfork (before_fork_cb, forking_parent_cb, forked_copy_cb) != 0)
    g_error ("Could not prepare for a fork: out of memory");
  g_mutex_init (&self->mutex);
  g_cond_init (&self->filled);
  g_queue_init (&self->queue);
  self->launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);
  self->set = procstream_poll_set_get (procstream_io_thread_get_context ());
  thread = procstream_platform_start_thread ("procstream-spawn", spawner_thread, self);
  if (thread == NULL)
    g_error ("The thread that starts processes could not be started");
  g_thread_unref (thread);
  return self;
}

/* --- In the caller's thread --------------------------------------------------------------------------------------------------- */

void
procstream_spawn (ProcstreamSpawnRequest *request,
                  ProcstreamSpawnFunc     func,
                  gpointer                user_data)
{
  static GOnce     once = G_ONCE_INIT;
  g_autofree char *what = g_strdup_printf ("start “%s”", request->name);
  g_autoptr (GError) error = NULL;
  Spawner *spawner;
  Start   *start;

  if (!procstream_platform_check_forked (what, &error))
    {
      procstream_spawn_request_free (request);
      func (user_data, NULL, error);
      return;
    }
  if (request->helper == NULL)
    {
      ProcstreamSpawnEnvironment environment = { 0 };

      procstream_spawn_environment_read (&environment, request->argv[0], request->envp, request->search_envp);
      procstream_spawn_request_take_environment (request, &environment);
    }
  spawner = g_once (&once, start_spawner_once, NULL);
  start = start_new (request, func, user_data);
  g_mutex_lock (&spawner->mutex);
  g_queue_push_tail (&spawner->queue, start);
  g_mutex_unlock (&spawner->mutex);
  g_cond_signal (&spawner->filled);
}
