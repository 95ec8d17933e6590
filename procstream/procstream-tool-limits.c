/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-limits-private.h"

#include <string.h>

/* The names are those of prlimit(1), which are those of the kernel. */
static const struct
{
  const char     *name;
  ProcstreamLimit limit;
} names[] = {
  { "as", PROCSTREAM_LIMIT_ADDRESS_SPACE },
  { "core", PROCSTREAM_LIMIT_CORE_SIZE },
  { "cpu", PROCSTREAM_LIMIT_CPU_SECONDS },
  { "data", PROCSTREAM_LIMIT_DATA_SIZE },
  { "fsize", PROCSTREAM_LIMIT_FILE_SIZE },
  { "locks", PROCSTREAM_LIMIT_LOCKS },
  { "memlock", PROCSTREAM_LIMIT_LOCKED_MEMORY },
  { "msgqueue", PROCSTREAM_LIMIT_MESSAGE_QUEUES },
  { "nice", PROCSTREAM_LIMIT_NICE },
  { "nofile", PROCSTREAM_LIMIT_OPEN_FILES },
  { "nproc", PROCSTREAM_LIMIT_PROCESSES },
  { "rtprio", PROCSTREAM_LIMIT_REALTIME_PRIORITY },
  { "rttime", PROCSTREAM_LIMIT_REALTIME_US },
  { "sigpending", PROCSTREAM_LIMIT_PENDING_SIGNALS },
  { "stack", PROCSTREAM_LIMIT_STACK_SIZE },
};

static gboolean
refuse (const char *limit,
        const char *reason,
        GError    **error)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--limit “%s”: %s", limit, reason);
  return FALSE;
}

static ProcstreamLimit
find_limit (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i].name, name) == 0)
      return names[i].limit;
  return PROCSTREAM_LIMIT_UNSET;
}

/* A number, with K, M or G for powers of 1024, or “unlimited”. */
static gboolean
parse_value (const char *text,
             gint64     *value)
{
  static const char suffixes[] = "KMG";
  char             *end;
  const char       *suffix;
  guint64           number;

  *value = PROCSTREAM_NO_LIMIT;
  if (strcmp (text, "unlimited") == 0)
    return TRUE;
  if (!g_ascii_isdigit (text[0]))
    return FALSE;
  number = g_ascii_strtoull (text, &end, 10);
  suffix = *end ? strchr (suffixes, *end) : NULL;
  if (*end && (suffix == NULL || end[1]))
    return FALSE;
  if (suffix)
    {
      guint shift = 10 * (guint) (suffix - suffixes + 1);

      if (number > (guint64) G_MAXINT64 >> shift)
        return FALSE;
      number <<= shift;
    }
  *value = (gint64) number;
  return number <= G_MAXINT64;
}

static gboolean
apply (const char         *word,
       ProcstreamLauncher *launcher,
       GError            **error)
{
  g_auto (GStrv) pair = g_strsplit (word, "=", 2);
  g_auto (GStrv) values = NULL;
  ProcstreamLimit limit = pair[0] ? find_limit (pair[0]) : PROCSTREAM_LIMIT_UNSET;
  gint64          soft, hard;

  if (pair[0] == NULL || pair[1] == NULL)
    return refuse (word, "NAME=VALUE or NAME=SOFT:HARD is needed", error);
  if (limit == PROCSTREAM_LIMIT_UNSET)
    return refuse (word, "there is no such limit", error);
  values = g_strsplit (pair[1], ":", 2);
  if (!parse_value (values[0] ? values[0] : "", &soft) || !parse_value (values[0] && values[1] ? values[1] : pair[1], &hard))
    return refuse (word, "a limit is a number, with K, M or G at its end or without, or “unlimited”", error);
  if (hard != PROCSTREAM_NO_LIMIT && (soft == PROCSTREAM_NO_LIMIT || soft > hard))
    return refuse (word, "the soft limit is above the hard one", error);
  procstream_launcher_set_limit (launcher, limit, soft, hard);
  return TRUE;
}

gboolean
tool_limits_apply (const char *const  *limits,
                   ProcstreamLauncher *launcher,
                   GError            **error)
{
  for (guint i = 0; limits && limits[i]; i++)
    if (!apply (limits[i], launcher, error))
      return FALSE;
  return TRUE;
}
