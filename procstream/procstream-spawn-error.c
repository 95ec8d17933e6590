/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What went wrong, as an error that names the process and the thing at fault. Arguments are never named: they hold secrets. */

#include "procstream-spawn-private.h"

#include "procstream-error.h"

#include <errno.h>
#include <unistd.h>

static int
spawn_code (int code)
{
  switch (code)
    {
    case EACCES:
      return G_SPAWN_ERROR_ACCES;
    case EPERM:
      return G_SPAWN_ERROR_PERM;
    case E2BIG:
      return G_SPAWN_ERROR_TOO_BIG;
    case ENOEXEC:
      return G_SPAWN_ERROR_NOEXEC;
    case ENAMETOOLONG:
      return G_SPAWN_ERROR_NAMETOOLONG;
    case ENOENT:
      return G_SPAWN_ERROR_NOENT;
    case ENOMEM:
      return G_SPAWN_ERROR_NOMEM;
    case ENOTDIR:
      return G_SPAWN_ERROR_NOTDIR;
    case ELOOP:
      return G_SPAWN_ERROR_LOOP;
    case ETXTBSY:
      return G_SPAWN_ERROR_TXTBUSY;
    case EIO:
      return G_SPAWN_ERROR_IO;
    case EINVAL:
      return G_SPAWN_ERROR_INVAL;
    case EISDIR:
      return G_SPAWN_ERROR_ISDIR;
    case ELIBBAD:
      return G_SPAWN_ERROR_LIBBAD;
    case EAGAIN:
      return G_SPAWN_ERROR_FORK;
    default:
      return G_SPAWN_ERROR_FAILED;
    }
}

/* The one shortage that has a code of its own, wherever it strikes. ETOOMANYREFS is the same limit, counted for descriptors that
 * are on their way through a socket. */
static gboolean
is_shortage (int code)
{
  return code == EMFILE || code == ENFILE || code == ETOOMANYREFS;
}

static GError *
new_error (ProcstreamSpawnRequest *request,
           GQuark                  domain,
           int                     code,
           int                     cause,
           const char             *what)
{
  if (is_shortage (cause))
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "Could not start “%s”: %s: %s",
                        request->name, what, g_strerror (cause));
  return g_error_new (domain, code, "Could not start “%s”: %s: %s", request->name, what, g_strerror (cause));
}

GError *
procstream_spawn_error_from_errno (ProcstreamSpawnRequest *request,
                                   int                     code)
{
  /* Its arguments and environment do not go through the socket. */
  if (code == EMSGSIZE)
    return new_error (request, G_SPAWN_ERROR, G_SPAWN_ERROR_TOO_BIG, code,
                      request->path ? "the names of its program and of its working directory, and PATH" : "the names of its program and of its working directory");
  return new_error (request, G_SPAWN_ERROR, spawn_code (code), code, "no socket to its helper program");
}

GError *
procstream_spawn_error_from_watch (ProcstreamSpawnRequest *request,
                                   int                     code)
{
  /* That a device has no space is not what is meant. */
  return new_error (request, G_SPAWN_ERROR, spawn_code (code), code,
                    code == ENOSPC ? "its start cannot be watched, because the user's limit of epoll watches is reached"
                                   : "its start cannot be watched");
}

/* GLib gives every failure of posix_spawn() the same code; what the message ends in is all that is left of the cause. (ENFILE goes
 * first: what EMFILE is called is the beginning of what ENFILE is called.) */
static int
cause_of (const GError *error)
{
  const int known[] = { E2BIG, EAGAIN, ENOMEM, ENFILE, EMFILE };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (strstr (error->message, g_strerror (known[i])))
      return known[i];
  return 0;
}

GError *
procstream_spawn_error_from_subprocess (ProcstreamSpawnRequest *request,
                                        const GError           *error)
{
  int cause = cause_of (error);

  if (access (request->helper, X_OK) != 0)
    return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER,
                        "Could not start “%s”: the helper program “%s” cannot be run: %s",
                        request->name, request->helper, g_strerror (errno));
  if (cause == E2BIG)
    return new_error (request, G_SPAWN_ERROR, G_SPAWN_ERROR_TOO_BIG, cause, "its arguments and environment");
  if (cause != 0)
    return new_error (request, G_SPAWN_ERROR, spawn_code (cause), cause, "no new process");
  return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER, "Could not start “%s”: %s",
                      request->name, error->message);
}

static GError *
exec_error (ProcstreamSpawnRequest *request,
            int                     code)
{
  g_autofree char *program = g_filename_display_name (request->argv[0]);
  g_autofree char *what = NULL;

  if (code == E2BIG)
    what = g_strdup ("its arguments and environment");
  else
    what = g_strdup_printf ("the program “%s”%s", program, code == ENOENT && request->path ? ", searched for in PATH" : "");
  return new_error (request, G_SPAWN_ERROR, spawn_code (code), code, what);
}

static GError *
block_error (ProcstreamSpawnRequest       *request,
             const ProcstreamHelperReport *report)
{
  if (is_shortage (report->error))
    return new_error (request, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, report->error, "its descriptors");
  return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER,
                      "Could not start “%s”: the helper program “%s” does not belong to this version of the library",
                      request->name, request->helper);
}

/* What it may not do is told by the code as what it may not do to a file is. */
static GError *
setting_error (ProcstreamSpawnRequest       *request,
               const ProcstreamHelperReport *report)
{
  const ProcstreamProcessSettings *settings = &request->settings;
  g_autofree char                 *what = NULL;

  switch ((int) report->step)
    {
    case PROCSTREAM_HELPER_STEP_GUARD:
      what = g_strdup ("its guard");
      break;
    case PROCSTREAM_HELPER_STEP_SESSION:
      what = g_strdup ("its session");
      break;
    case PROCSTREAM_HELPER_STEP_CONTROLLING:
      what = g_strdup ("its controlling terminal");
      break;
    case PROCSTREAM_HELPER_STEP_LIMIT:
      what = g_strdup_printf ("its limit “%s”", procstream_limit_to_string (procstream_limit_from_resource (report->value)));
      break;
    case PROCSTREAM_HELPER_STEP_NICE:
      what = g_strdup_printf ("“nice” by %d", settings->nice);
      break;
    case PROCSTREAM_HELPER_STEP_OOM_SCORE:
      what = g_strdup_printf ("“oom-score-adjust” by %d", settings->oom_score_adjust);
      break;
    default:
      what = g_strdup_printf ("“parent-death-signal” %d", settings->parent_death_signal);
    }
  return new_error (request, G_IO_ERROR, g_io_error_from_errno (report->error), report->error, what);
}

GError *
procstream_spawn_error_from_report (ProcstreamSpawnRequest       *request,
                                    const ProcstreamHelperReport *report)
{
  g_autofree char *program = g_filename_display_name (request->argv[0]);
  g_autofree char *cwd = request->cwd ? g_filename_display_name (request->cwd) : NULL;
  g_autofree char *what = NULL;

  switch (report ? (int) report->step : -1)
    {
    case PROCSTREAM_HELPER_STEP_EXEC:
      return exec_error (request, report->error);
    case PROCSTREAM_HELPER_STEP_INTERPRETER:
      what = g_strdup_printf ("the interpreter of “%s”", program);
      return new_error (request, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, report->error, what);
    case PROCSTREAM_HELPER_STEP_CHDIR:
      what = g_strdup_printf ("the working directory “%s”", cwd);
      return new_error (request, G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, report->error, what);
    case PROCSTREAM_HELPER_STEP_GROUP:
      return new_error (request, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, report->error, "its process group");
    case PROCSTREAM_HELPER_STEP_FD:
      what = g_strdup_printf ("its descriptor %d", report->value);
      return new_error (request, G_IO_ERROR, g_io_error_from_errno (report->error), report->error, what);
    case PROCSTREAM_HELPER_STEP_GUARD:
    case PROCSTREAM_HELPER_STEP_SESSION:
    case PROCSTREAM_HELPER_STEP_CONTROLLING:
    case PROCSTREAM_HELPER_STEP_LIMIT:
    case PROCSTREAM_HELPER_STEP_NICE:
    case PROCSTREAM_HELPER_STEP_OOM_SCORE:
    case PROCSTREAM_HELPER_STEP_DEATH_SIGNAL:
      return setting_error (request, report);
    case PROCSTREAM_HELPER_STEP_BLOCK:
      return block_error (request, report);
    default:
      return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER,
                          "Could not start “%s”: the helper program “%s” ended before it was done",
                          request->name, request->helper);
    }
}
