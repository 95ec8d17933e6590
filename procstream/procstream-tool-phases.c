/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-phases-private.h"

#include <signal.h>
#include <string.h>

#define MAX_SECONDS (G_MAXINT / 1000)

static gboolean
refuse (const char *phase,
        const char *reason,
        GError    **error)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--phase “%s”: %s", phase, reason);
  return FALSE;
}

/* TERM, SIGTERM, or a number; 0: none of these. */
static int
find_signal (const char *word)
{
  const char *name = g_str_has_prefix (word, "SIG") ? word + 3 : word;
  guint64     number;

  for (int i = 1; i < NSIG; i++)
    if (g_strcmp0 (sigabbrev_np (i), name) == 0)
      return i;
  return g_ascii_string_to_unsigned (word, 10, 1, NSIG - 1, &number, NULL) ? (int) number : 0;
}

/* With an s or without. */
static gboolean
parse_seconds (const char *text,
               gint64     *ms)
{
  char  *end;
  double seconds = g_ascii_strtod (text, &end);

  if (end == text || (*end && strcmp (end, "s") != 0) || !(seconds >= 0 && seconds <= MAX_SECONDS))
    return FALSE;
  *ms = seconds > 0 ? MAX (1, (gint64) (seconds * 1000 + 0.5)) : 0;
  return TRUE;
}

/* The kill is always the last, and is only given a time here. */
static gboolean
add_kill (ProcstreamShutdown *shutdown,
          const char         *phase,
          gint64              ms, /* -1: not given */
          GError            **error)
{
  if (ms == 0)
    return refuse (phase, "SIGKILL needs more than no time", error);
  if (ms > 0)
    procstream_shutdown_set_kill_timeout_ms (shutdown, ms);
  return TRUE;
}

static gboolean
add_phase (ProcstreamShutdown *shutdown,
           const char         *phase,
           gboolean            is_last,
           gint64              grace_ms,
           GError            **error)
{
  g_auto (GStrv) parts = g_strsplit (phase, ":", 2);
  int    signum = parts[0] ? find_signal (parts[0]) : 0;
  gint64 ms = -1;

  if (signum == 0)
    return refuse (phase, "there is no such signal", error);
  if (parts[1] && !parse_seconds (parts[1], &ms))
    return refuse (phase, "what follows the colon is a number of seconds from 0 on", error);
  if (signum == SIGKILL && !is_last)
    return refuse (phase, "nothing can follow SIGKILL", error);
  if (signum == SIGKILL)
    return add_kill (shutdown, phase, ms, error);
  procstream_shutdown_add_signal (shutdown, signum, PROCSTREAM_SIGNAL_TARGET_GROUP, ms < 0 ? grace_ms : ms);
  return TRUE;
}

static gboolean
is_only_kill (const char *const *phases)
{
  g_autofree char *first = g_strdelimit (g_strdup (phases[0]), ":", '\0');

  return phases[1] == NULL && find_signal (first) == SIGKILL;
}

ProcstreamShutdown *
tool_phases_parse (const char *const *phases,
                   gint64             grace_ms,
                   GError           **error)
{
  g_autoptr (ProcstreamShutdown) shutdown = NULL;

  if (phases == NULL || phases[0] == NULL)
    return procstream_shutdown_new_terminate (grace_ms);
  shutdown = is_only_kill (phases) ? procstream_shutdown_new_kill () : procstream_shutdown_new ();
  for (guint i = 0; phases[i]; i++)
    if (!add_phase (shutdown, phases[i], phases[i + 1] == NULL, grace_ms, error))
      return NULL;
  return g_steal_pointer (&shutdown);
}

gint64
tool_phases_get_grace_ms (ProcstreamShutdown *shutdown)
{
  return procstream_shutdown_get_total_ms (shutdown) - procstream_shutdown_get_kill_timeout_ms (shutdown);
}
