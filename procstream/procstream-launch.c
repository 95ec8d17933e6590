/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-launcher-private.h"

#include "procstream-child-private.h"
#include "procstream-error.h"
#include "procstream-output-config-private.h"
#include "procstream-output-file-private.h"
#include "procstream-platform-private.h"
#include "procstream-spawn-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

/*
 * From the properties of a launcher to a child. What is handed on is complete, checked, and a copy: the launcher is not looked at
 * again.
 */

/* --- Making a child ----------------------------------------------------------------------------------------------------------- */

static gboolean
check_argv (const char *const *argv,
            GError           **error)
{
  if (argv && argv[0] && argv[0][0])
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       argv && argv[0] ? "A child needs a program: the first argument is empty"
                                       : "A child needs a program: there are no arguments");
  return FALSE;
}

/* C lets any number pass for an enumeration, and so may a language binding. */
static gboolean
check_choice (const char *name,
              const char *property,
              guint       value,
              guint       last,
              GError    **error)
{
  if (value > 0 && value <= last)
    return TRUE;
  if (value == 0)
    g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY,
                 "“%s”: the property “%s” was set to “unset”, as a misspelled value in JavaScript is", name, property);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "“%s”: the property “%s” must not be %u", name, property, value);
  return FALSE;
}

/* Ctrl-C at the terminal reaches the whole group of the program, a guard ends its tree with the program, and so does the signal. */
static gboolean
check_lifetime (ProcstreamLauncher *self,
                const char         *name,
                GError            **error)
{
  ProcstreamContainment containment = procstream_launcher_get_containment (self);

  if (procstream_launcher_get_lifetime (self) == PROCSTREAM_LIFETIME_DETACHED && procstream_launcher_get_scope (self))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s”: the property “lifetime” cannot be “detached” with a “scope”", name);
      return FALSE;
    }
  if (procstream_launcher_get_lifetime (self) == PROCSTREAM_LIFETIME_DETACHED && self->settings.parent_death_signal > 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s”: the property “lifetime” cannot be “detached” with a “parent-death-signal”, which ends the child when the program is gone", name);
      return FALSE;
    }
  if (procstream_launcher_get_lifetime (self) != PROCSTREAM_LIFETIME_DETACHED ||
      (containment != PROCSTREAM_CONTAINMENT_PROCESS && containment != PROCSTREAM_CONTAINMENT_TREE))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s”: the property “lifetime” can be “detached” only with a “containment” other than “process” and “tree”", name);
  return FALSE;
}

static gboolean
check_range (const char *name,
             const char *property,
             int         value,
             int         least,
             int         most,
             GError    **error)
{
  if (value >= least && value <= most)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s”: the property “%s” must be from %d to %d, not %d", name, property, least, most, value);
  return FALSE;
}

/* Properties and setters keep every value, so that no child is made without what was asked for. */
static gboolean
check_settings (const ProcstreamProcessSettings *settings,
                const char                      *name,
                GError                         **error)
{
  return check_range (name, "nice", settings->nice, -40, 39, error) &&
         check_range (name, "oom-score-adjust", settings->oom_score_adjust, -2000, 2000, error) &&
         check_range (name, "umask", settings->umask, -1, 0777, error) &&
         check_range (name, "parent-death-signal", settings->parent_death_signal, -1, NSIG - 1, error) &&
         check_range (name, "guard-grace-ms", settings->guard_grace_ms, 0, G_MAXINT, error);
}

/* 0 would be no silence at all. Which outputs it is about is seen when they are known. */
static gboolean
check_idle_timeout (const char *name,
                    gint64      idle_timeout_ms,
                    GError    **error)
{
  if (idle_timeout_ms > 0 || idle_timeout_ms == PROCSTREAM_NO_TIMEOUT)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s”: the property “idle-timeout-ms” must be 1 or more, or -1 for no limit, and not %" G_GINT64_FORMAT, name, idle_timeout_ms);
  return FALSE;
}

static gboolean
refuse (const char *name,
        const char *property,
        const char *why,
        GError    **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s”: the property “%s” %s", name, property, why);
  return FALSE;
}

/* Whether the standard output can come through it is known later. */
static gboolean
check_pty (ProcstreamLauncher *self,
           const char         *name,
           GError            **error)
{
  if (self->pty.enabled && self->containment == PROCSTREAM_CONTAINMENT_PROCESS)
    return refuse (name, "containment", "must not be “process” with “pty”, which needs a session", error);
  if (self->pty.enabled && procstream_launcher_get_exact_order (self))
    return refuse (name, "exact-order", "has no meaning with “pty”, where both outputs are one", error);
  if (!self->pty.enabled && self->stdin_mode == PROCSTREAM_STDIN_MODE_PTY)
    return refuse (name, "stdin-mode", "must not be “pty” without “pty”", error);
  if (self->pty.flags & ~(guint) (PROCSTREAM_PTY_FLAGS_ECHO | PROCSTREAM_PTY_FLAGS_CRLF | PROCSTREAM_PTY_FLAGS_RAW_INPUT))
    return refuse (name, "pty-flags", "has unknown flags", error);
  return check_range (name, "pty-columns", (int) MIN (self->pty.columns, G_MAXINT), 1, G_MAXUINT16, error) &&
         check_range (name, "pty-rows", (int) MIN (self->pty.rows, G_MAXINT), 1, G_MAXUINT16, error);
}

/* On a terminal the two are one, unless the standard error is wanted elsewhere. */
static gboolean
merges_stderr (ProcstreamLauncher *self)
{
  return self->merge_stderr || (self->pty.enabled && self->stderr_config == NULL);
}

static gboolean
check_options (ProcstreamLauncher *self,
               const char         *name,
               GError            **error)
{
  if (!check_choice (name, "stdin-mode", procstream_launcher_get_stdin_mode (self), PROCSTREAM_STDIN_MODE_STREAM, error) ||
      !procstream_launcher_check_stdin (self, name, error) ||
      !check_choice (name, "containment", procstream_launcher_get_containment (self), PROCSTREAM_CONTAINMENT_TREE, error) ||
      !check_choice (name, "lifetime", procstream_launcher_get_lifetime (self), PROCSTREAM_LIFETIME_DETACHED, error) ||
      !check_lifetime (self, name, error) ||
      !check_settings (&self->settings, name, error) ||
      !check_pty (self, name, error) ||
      !check_idle_timeout (name, self->idle_timeout_ms, error) ||
      !procstream_launcher_check_limits (self, name, error) ||
      !procstream_launcher_check_environment (self, name, error) ||
      !procstream_launcher_check_success_statuses (self, name, error) ||
      !procstream_launcher_check_fds (self, name, error))
    return FALSE;
  if (!procstream_launcher_get_merge_stderr (self) || procstream_launcher_get_stderr_config (self) == NULL)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s”: “stderr-config” has no meaning together with “merge-stderr”", name);
  return FALSE;
}

/* A stderr that is merged is nobody's to read, as if it were discarded. */
static gboolean
resolve_outputs (ProcstreamLauncher     *self,
                 const char             *name,
                 ProcstreamChildOptions *options,
                 GError                **error)
{
  g_autoptr (ProcstreamOutputConfig) merged = merges_stderr (self) ? procstream_output_config_new_discard () : NULL;
  g_autofree char *owner_out = g_strdup_printf ("%s (stdout)", name);
  g_autofree char *owner_err = g_strdup_printf ("%s (stderr)", name);
  g_autofree char *owner_merged = g_strdup_printf ("%s (merged)", name);

  return procstream_output_config_resolve (procstream_launcher_get_stdout_config (self), owner_out, procstream_launcher_get_delivery (self), procstream_launcher_get_replay (self),
                                           procstream_launcher_get_replay_limit (self), &options->outputs[0], error) &&
         procstream_output_config_resolve (merged ? merged : procstream_launcher_get_stderr_config (self), owner_err, procstream_launcher_get_delivery (self), procstream_launcher_get_replay (self),
                                           procstream_launcher_get_replay_limit (self), &options->outputs[1], error) &&
         procstream_launcher_resolve_order (self, name, options->outputs, error) &&
         procstream_output_file_resolve (procstream_launcher_get_stdout_config (self), owner_out, &options->files[0], &options->file_modes[0], error) &&
         procstream_output_file_resolve (procstream_launcher_get_stderr_config (self), owner_err, &options->files[1], &options->file_modes[1], error) &&
         procstream_output_file_resolve (procstream_launcher_get_merged_config (self), owner_merged, &options->files[2], &options->file_modes[2], error);
}

/* What arrives at a terminal has to be read. */
static gboolean
check_pty_output (ProcstreamLauncher           *self,
                  const ProcstreamChildOptions *options,
                  GError                      **error)
{
  ProcstreamBackend backend = options->outputs[0].backend;

  if (!self->pty.enabled || backend == PROCSTREAM_BACKEND_BROADCAST || backend == PROCSTREAM_BACKEND_SINGLE)
    return TRUE;
  return refuse (options->name, "stdout-config", "must not lead elsewhere with “pty”", error);
}

/* The child has its own, so that the launcher may be changed before it starts. */
static gboolean
dup_fds (ProcstreamLauncher *self,
         const char         *name,
         GArray            **fds,
         GError            **error)
{
  for (guint i = 0; self->fds && i < self->fds->len; i++)
    {
      ProcstreamSpawnFd given = g_array_index (self->fds, ProcstreamSpawnFd, i);
      int               fd = given.fd;

      given.fd = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      if (given.fd < 0)
        {
          int errsv = errno;

          /* What is no descriptor is a value that cannot be. */
          g_set_error (error, G_IO_ERROR, (int) (errsv == EBADF ? G_IO_ERROR_INVALID_ARGUMENT : g_io_error_from_errno (errsv)),
                       "“%s”: the descriptor %d, to be number %d of the child: %s", name, fd, given.target, g_strerror (errsv));
          return FALSE;
        }
      if (*fds == NULL)
        *fds = procstream_spawn_fds_new ();
      g_array_append_val (*fds, given);
    }
  return TRUE;
}

static gboolean
take_idle (ProcstreamLauncher     *self,
           ProcstreamChildOptions *options,
           GError                **error)
{
  options->merge_stderr = merges_stderr (self);
  options->idle_timeout_ms = self->idle_timeout_ms;
  options->idle[0] = self->idle_stdout;
  options->idle[1] = self->idle_stderr;
  return procstream_child_options_check_silence (options, error);
}

static gboolean
make_options (ProcstreamLauncher     *self,
              const char *const      *argv,
              ProcstreamChildOptions *options,
              GError                **error)
{
  if (!check_argv (argv, error))
    return FALSE;
  options->name = procstream_launcher_make_name (self, argv);
  options->shutdown = procstream_shutdown_plan_new (procstream_launcher_get_shutdown (self), error);
  if (options->shutdown == NULL)
    g_prefix_error (error, "“%s”: ", options->name);
  if (options->shutdown == NULL || !check_options (self, options->name, error) ||
      !resolve_outputs (self, options->name, options, error) ||
      !check_pty_output (self, options, error) ||
      !take_idle (self, options, error) ||
      !dup_fds (self, options->name, &options->fds, error))
    {
      procstream_child_options_clear (options);
      return FALSE;
    }
  options->argv = g_strdupv ((char **) argv);
  options->envp = g_strdupv ((char **) procstream_launcher_get_environment (self));
  options->cwd = g_strdup (procstream_launcher_get_cwd (self));
  options->stdin_mode = procstream_launcher_get_stdin_mode (self);
  options->stdin_file = g_strdup (self->stdin_mode == PROCSTREAM_STDIN_MODE_FILE ? self->stdin_file : NULL);
  if (self->stdin_mode == PROCSTREAM_STDIN_MODE_BYTES)
    options->stdin_bytes = g_bytes_ref (self->stdin_bytes);
  if (self->stdin_mode == PROCSTREAM_STDIN_MODE_STREAM)
    options->stdin_stream = g_object_ref (self->stdin_stream);
  options->merged_view = procstream_launcher_get_merged_view (self);
  options->exact_order = procstream_launcher_get_exact_order (self);
  memcpy (options->success, self->success, sizeof options->success);
  options->lifetime = procstream_launcher_get_lifetime (self);
  options->containment = procstream_launcher_get_containment (self);
  options->settings = self->settings;
  options->settings.parent_death_signal = MAX (0, self->settings.parent_death_signal);
  options->pty = self->pty;
  options->search_envp = self->search_environment_path;
  return TRUE;
}

/* What its launcher says of the standard input is for the first stage alone. */
static void
make_later_stage (ProcstreamChildOptions *options)
{
  options->stdin_mode = PROCSTREAM_STDIN_MODE_PIPE;
  options->is_later_stage = TRUE;
  g_clear_pointer (&options->stdin_file, g_free);
  g_clear_pointer (&options->stdin_bytes, g_bytes_unref);
  g_clear_object (&options->stdin_stream);
}

/* Nobody else knows of it, so nobody could detach it, or end it where the program does not come to do so. */
static void
make_unknown (ProcstreamLauncher     *self,
              ProcstreamChildOptions *options)
{
  if (self->settings.parent_death_signal < 0 && options->lifetime != PROCSTREAM_LIFETIME_DETACHED)
    options->settings.parent_death_signal = SIGTERM;
}

typedef enum
{
  ROLE_CHILD,
  ROLE_UNKNOWN_CHILD,
  ROLE_STAGE,
  ROLE_LATER_STAGE,
} Role;

static ProcstreamChild *
create (ProcstreamLauncher *self,
        const char *const  *argv,
        Role                role,
        GError            **error)
{
  ProcstreamScope       *scope = procstream_launcher_get_scope (self);
  ProcstreamChildOptions options = { 0 };
  g_autoptr (ProcstreamChild) child = NULL;

  if (!procstream_platform_check_forked ("make a child", error) || !make_options (self, argv, &options, error))
    return NULL;
  options.is_stage = role >= ROLE_STAGE;
  if (role == ROLE_LATER_STAGE)
    make_later_stage (&options);
  if (role == ROLE_UNKNOWN_CHILD)
    make_unknown (self, &options);
  child = procstream_child_new (&options);
  if (scope && !procstream_scope_add (scope, child, error))
    return NULL;
  return g_steal_pointer (&child);
}

ProcstreamChild *
procstream_launcher_create_stage (ProcstreamLauncher *self,
                                  const char *const  *argv,
                                  gboolean            is_later_stage,
                                  GError            **error)
{
  return create (self, argv, is_later_stage ? ROLE_LATER_STAGE : ROLE_STAGE, error);
}

ProcstreamChild *
procstream_launcher_create_unknown (ProcstreamLauncher *self,
                                    const char *const  *argv,
                                    GError            **error)
{
  return create (self, argv, ROLE_UNKNOWN_CHILD, error);
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_launcher_create:
 * @self: a launcher
 * @argv: (array zero-terminated=1) (element-type filename): the program, looked
 *   up in `PATH` when its name has no slash, and its arguments
 * @error: return location for an error
 *
 * Makes a child that does not run yet. What is attached or connected to it
 * before [method@Procstream.Child.start] misses nothing. A file that may be executed and that the kernel does not know how to
 * execute, such as a script that does not begin with `#!`, is run by `/bin/sh`, as execvp(3) does. Of a child whose object goes
 * before it was started, the outputs and what is attached to them end with %G_IO_ERROR_CLOSED.
 *
 * Returns: (transfer full): a new child, or %NULL with
 *   %PROCSTREAM_CHILD_ERROR_UNSET_POLICY, which names the property,
 *   %G_IO_ERROR_INVALID_ARGUMENT, %G_IO_ERROR_TOO_MANY_OPEN_FILES when
 *   descriptors were to be duplicated for it, %PROCSTREAM_CHILD_ERROR_SCOPE_CLOSED when it would
 *   belong to a scope that is closed, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
ProcstreamChild *
procstream_launcher_create (ProcstreamLauncher *self,
                            const char *const  *argv,
                            GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return create (self, argv, ROLE_CHILD, error);
}

/**
 * procstream_launcher_spawnv:
 * @self: a launcher
 * @argv: (array zero-terminated=1) (element-type filename): the program and its
 *   arguments
 * @error: return location for an error
 *
 * Makes a child and starts it, blocking until it runs. What is attached or
 * connected to it before the main context next iterates, or a blocking call
 * is made, misses nothing.
 *
 * Returns: (transfer full): a running child, or %NULL with an error of
 *   [method@Procstream.Launcher.create] or [method@Procstream.Child.start]
 *
 * Since: 1.0
 */
ProcstreamChild *
procstream_launcher_spawnv (ProcstreamLauncher *self,
                            const char *const  *argv,
                            GError            **error)
{
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (self, argv, error);

  if (child == NULL || !procstream_child_start (child, error))
    return NULL;
  return g_steal_pointer (&child);
}

static void
started_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (procstream_child_start_finish (PROCSTREAM_CHILD (object), result, &error))
    g_task_return_pointer (task, g_object_ref (object), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * procstream_launcher_spawn_async:
 * @self: a launcher
 * @argv: (array zero-terminated=1) (element-type filename): the program and its
 *   arguments
 * @cancellable: (nullable): when already cancelled, nothing is started; a start
 *   that was begun is not interrupted
 * @callback: (nullable): called when the program runs, or is known not to
 * @user_data: data for @callback
 *
 * Makes a child and starts it. What is connected or attached in the callback,
 * or right after awaiting it, misses nothing.
 *
 * Since: 1.0
 */
void
procstream_launcher_spawn_async (ProcstreamLauncher *self,
                                 const char *const  *argv,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* Without the cancellable: a child that runs must not get lost on its way to the caller. */
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, procstream_launcher_spawn_async);
  child = procstream_launcher_create (self, argv, &error);
  if (child == NULL)
    g_task_return_error (task, error);
  else
    procstream_child_start_async (child, cancellable, started_cb, g_steal_pointer (&task));
}

/**
 * procstream_launcher_spawn_finish:
 * @self: a launcher
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Launcher.spawn_async].
 *
 * Returns: (transfer full): a running child, or %NULL with %G_IO_ERROR_CANCELLED
 *   or an error of [method@Procstream.Launcher.spawnv]
 *
 * Since: 1.0
 */
ProcstreamChild *
procstream_launcher_spawn_finish (ProcstreamLauncher *self,
                                  GAsyncResult       *result,
                                  GError            **error)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_launcher_spawn_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
