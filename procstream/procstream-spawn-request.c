/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A request, and how it travels to the helper program. */

#include "procstream-spawn-private.h"

#include "procstream-platform-private.h"

#include <dlfcn.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PROCSTREAM_LIBEXECDIR
#define PROCSTREAM_LIBEXECDIR "/usr/libexec"
#endif

static void
clear_fd (gpointer data)
{
  ProcstreamSpawnFd *given = data;

  if (given->fd >= 0)
    close (given->fd);
}

GArray *
procstream_spawn_fds_new (void)
{
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (ProcstreamSpawnFd));

  g_array_set_clear_func (fds, clear_fd);
  return fds;
}

ProcstreamSpawnRequest *
procstream_spawn_request_new (const char        *name,
                              const char *const *argv)
{
  ProcstreamSpawnRequest *self = g_new0 (ProcstreamSpawnRequest, 1);

  self->name = g_strdup (name);
  self->argv = g_strdupv ((char **) argv);
  self->terminal = PROCSTREAM_HELPER_NO_TERMINAL;
  self->controlling = PROCSTREAM_HELPER_NO_TERMINAL;
  self->guard_fd = -1;
  self->settings.umask = -1;
  self->fds = procstream_spawn_fds_new ();
  return self;
}

void
procstream_spawn_request_free (ProcstreamSpawnRequest *self)
{
  procstream_spawn_request_close_fds (self);
  g_array_unref (self->fds);
  g_free (self->name);
  g_strfreev (self->argv);
  g_strfreev (self->envp);
  g_free (self->cwd);
  g_free (self->path);
  g_free (self->helper);
  g_free (self);
}

void
procstream_spawn_request_take_fd (ProcstreamSpawnRequest *self,
                                  int                     fd,
                                  int                     target)
{
  ProcstreamSpawnFd given = { fd, target };

  g_array_append_val (self->fds, given);
}

void
procstream_spawn_request_close_fds (ProcstreamSpawnRequest *self)
{
  g_array_set_size (self->fds, 0);
  if (self->guard_fd >= 0)
    close (g_steal_fd (&self->guard_fd));
}

/* --- The helper program ------------------------------------------------------------------------------------------------------- */

static gpointer
find_installed_once (gpointer data)
{
  Dl_info info;

  /* In the build tree the helper lies beside the library. An object without a path in its name is the program itself, found
   * through PATH. */
  if (dladdr ((void *) procstream_spawn_find_helper, &info) != 0 && info.dli_fname && strchr (info.dli_fname, '/'))
    {
      g_autofree char *object = g_canonicalize_filename (info.dli_fname, NULL);
      g_autofree char *directory = g_path_get_dirname (object);
      g_autofree char *beside = g_build_filename (directory, "procstream-helper", NULL);

      if (access (beside, X_OK) == 0)
        return g_steal_pointer (&beside);
    }
  return g_strdup (PROCSTREAM_LIBEXECDIR "/procstream-helper");
}

char *
procstream_spawn_find_helper (void)
{
  static GOnce once = G_ONCE_INIT;
  const char  *chosen = secure_getenv ("PROCSTREAM_HELPER");

  if (chosen && *chosen)
    return g_canonicalize_filename (chosen, NULL);
  return g_strdup (g_once (&once, find_installed_once, NULL));
}

/* --- The environment ---------------------------------------------------------------------------------------------------------- */

/* The directories that g_spawn_async() searches. No name at all would be that of each directory. */
void
procstream_spawn_environment_read (ProcstreamSpawnEnvironment *self,
                                   const char                 *program,
                                   char                      **envp,
                                   gboolean                    search_envp)
{
  const char *path;

  procstream_spawn_environment_clear (self);
  self->envp = envp ? g_strdupv (envp) : g_get_environ ();
  path = search_envp ? g_environ_getenv (self->envp, "PATH") : g_getenv ("PATH");
  if (program[0] != '\0' && !strchr (program, '/'))
    self->path = g_strdup (path ? path : "/bin:/usr/bin:.");
  self->helper = procstream_spawn_find_helper ();
}

void
procstream_spawn_environment_clear (ProcstreamSpawnEnvironment *self)
{
  g_clear_pointer (&self->envp, g_strfreev);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->helper, g_free);
}

void
procstream_spawn_request_take_environment (ProcstreamSpawnRequest     *self,
                                           ProcstreamSpawnEnvironment *environment)
{
  g_strfreev (self->envp);
  g_free (self->path);
  g_free (self->helper);
  self->envp = g_steal_pointer (&environment->envp);
  self->path = g_steal_pointer (&environment->path);
  self->helper = g_steal_pointer (&environment->helper);
}

/* --- The block ---------------------------------------------------------------------------------------------------------------- */

static guint32
append_string (GByteArray *bytes,
               const char *string)
{
  guint32 offset = bytes->len;

  if (!string)
    return 0;
  g_byte_array_append (bytes, (const guint8 *) string, strlen (string) + 1);
  return offset;
}

static guint32
flags_of (ProcstreamSpawnRequest *self)
{
  guint32 flags = 0;

  if (self->new_session)
    flags |= PROCSTREAM_HELPER_NEW_SESSION;
  else if (self->new_group)
    flags |= PROCSTREAM_HELPER_NEW_GROUP;
  if (self->guard)
    flags |= PROCSTREAM_HELPER_GUARD;
  if (self->settings.keep_descendants)
    flags |= PROCSTREAM_HELPER_KEEP;
  if (self->settings.umask >= 0)
    flags |= PROCSTREAM_HELPER_UMASK;
  if (procstream_platform_has (PROCSTREAM_FEATURE_PIDFD))
    flags |= PROCSTREAM_HELPER_PIDFD;
  return flags;
}

static guint32
append_limits (GByteArray                      *bytes,
               const ProcstreamProcessSettings *settings)
{
  guint32 n = 0;

  for (guint i = 1; i < PROCSTREAM_N_LIMITS; i++)
    {
      const ProcstreamLimitValue *value = &settings->limits[i];
      /* -1 is the kernel's word for "no limit", too. */
      ProcstreamHelperLimit limit = { procstream_limit_to_resource (i), value->soft, value->hard };

      if (!value->set)
        continue;
      g_byte_array_append (bytes, (const guint8 *) &limit, sizeof limit);
      n++;
    }
  return n;
}

static GByteArray *
pack (ProcstreamSpawnRequest *self)
{
  GByteArray           *bytes = g_byte_array_sized_new (512);
  ProcstreamHelperBlock block = {
    .version = PROCSTREAM_HELPER_VERSION,
    .flags = flags_of (self),
    .n_fds = self->fds->len,
    .terminal = self->terminal,
    .controlling = self->controlling,
    .nice = self->settings.nice,
    .oom_score = self->settings.oom_score_adjust,
    .umask = MAX (self->settings.umask, 0),
    .death_signal = self->settings.parent_death_signal,
    .parent = getpid (),
    .grace_ms = (guint32) MAX (self->settings.guard_grace_ms, 0),
  };

  g_byte_array_append (bytes, (const guint8 *) &block, sizeof block);
  block.n_limits = append_limits (bytes, &self->settings);
  for (guint i = 0; i < self->fds->len; i++)
    {
      gint32 target = g_array_index (self->fds, ProcstreamSpawnFd, i).target;

      g_byte_array_append (bytes, (const guint8 *) &target, sizeof target);
    }
  block.program_offset = append_string (bytes, self->argv[0]);
  block.path_offset = append_string (bytes, self->path);
  block.cwd_offset = append_string (bytes, self->cwd);
  block.size = bytes->len;
  memcpy (bytes->data, &block, sizeof block);
  return bytes;
}

static gboolean
send_message (ProcstreamSpawnRequest *self,
              int                     socket,
              gconstpointer           data,
              gsize                   size,
              guint                   first,
              guint                   n_fds)
{
  struct iovec iov = { (void *) data, size };
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (PROCSTREAM_HELPER_FDS_PER_MESSAGE * sizeof (int))];
  } control;
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
  gssize        sent;

  if (n_fds > 0)
    {
      message.msg_control = &control;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      memset (&control, 0, message.msg_controllen);
      control.header = (struct cmsghdr){ CMSG_LEN (n_fds * sizeof (int)), SOL_SOCKET, SCM_RIGHTS };
    }
  for (guint i = 0; i < n_fds; i++)
    memcpy (CMSG_DATA (&control.header) + i * sizeof (int), &g_array_index (self->fds, ProcstreamSpawnFd, first + i).fd, sizeof (int));
  do
    sent = sendmsg (socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

/* Two descriptors cannot have one number. */
static gboolean
check_targets (ProcstreamSpawnRequest *self,
               GError                **error)
{
  guint most = PROCSTREAM_HELPER_MAX_FDS - (self->guard ? 1 : 0); /* its channel is sent as one of them */
  g_autoptr (GHashTable) targets = self->fds->len > 3 ? g_hash_table_new (NULL, NULL) : NULL;

  for (guint i = 0; i < self->fds->len; i++)
    {
      int      target = g_array_index (self->fds, ProcstreamSpawnFd, i).target;
      gboolean twice = targets && !g_hash_table_add (targets, GINT_TO_POINTER (target));

      for (guint j = 0; !targets && j < i; j++)
        twice |= g_array_index (self->fds, ProcstreamSpawnFd, j).target == target;
      if (target < 0 || twice)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "Could not start “%s”: descriptor number %d is %s", self->name, target, twice ? "given twice" : "negative");
          return FALSE;
        }
    }
  if (self->fds->len <= most)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Could not start “%s”: more than %u descriptors", self->name,
               most);
  return FALSE;
}

gboolean
procstream_spawn_request_send (ProcstreamSpawnRequest *self,
                               int                     socket,
                               GError                **error)
{
  g_autoptr (GByteArray) bytes = NULL;
  guint    first;
  gboolean sent;

  if (!check_targets (self, error))
    return FALSE;
  if (self->guard)
    procstream_spawn_request_take_fd (self, g_steal_fd (&self->guard_fd), PROCSTREAM_HELPER_CHANNEL);
  first = MIN (self->fds->len, PROCSTREAM_HELPER_FDS_PER_MESSAGE);
  bytes = pack (self);
  errno = EMSGSIZE;
  sent = bytes->len <= PROCSTREAM_HELPER_MAX_BLOCK && send_message (self, socket, bytes->data, bytes->len, 0, first);
  while (sent && first < self->fds->len)
    {
      guint n = MIN (self->fds->len - first, PROCSTREAM_HELPER_FDS_PER_MESSAGE);

      sent = send_message (self, socket, "", 1, first, n);
      first += n;
    }
  if (!sent)
    g_propagate_error (error, procstream_spawn_error_from_errno (self, errno));
  return sent;
}
