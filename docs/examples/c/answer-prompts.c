/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers what a child asks, and looks once more at what it said. */

#include <procstream/procstream.h>

#include <string.h>

#define ASK "printf 'name? '; read -r name; echo \"hello $name\"; printf 'sure? '; read -r sure"

// [answer]
static gboolean
answer (ProcstreamChild *child,
        const char      *prompt,
        const char      *text,
        GError         **error)
{
  g_autoptr (ProcstreamMatch) asked = procstream_child_expect (child, prompt, PROCSTREAM_MATCH_PARTIAL, 30000, NULL, error);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  if (asked == NULL)
    return FALSE;
  g_print ("it asks: %s\n", prompt);
  procstream_input_write_async (procstream_child_get_stdin (child), bytes, NULL, NULL, NULL);
  return TRUE;
}

static gboolean
find_greeting (ProcstreamChild *child,
               const char      *what,
               gint64           timeout_ms,
               GError         **error)
{
  g_autoptr (ProcstreamMatch) match = procstream_child_expect (child, "hello \\w+", PROCSTREAM_MATCH_REGEX, timeout_ms, NULL, error);

  if (match)
    g_print ("%s: %s\n", what, procstream_match_get_group (match, 0));
  return match != NULL;
}

static gboolean
talk (ProcstreamChild *child,
      GError         **error)
{
  /* What replay kept is searched first, so the greeting is found again. */
  return answer (child, "name?", "world\n", error) && find_greeting (child, "it says", 30000, error) &&
         answer (child, "sure?", "yes\n", error) && find_greeting (child, "it said", 0, error);
}
// [/answer]

int
main (void)
{
  const char *const argv[] = { "sh", "-c", ASK, NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_ALL);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = procstream_launcher_spawnv (launcher, argv, &error);
  if (child == NULL || !talk (child, &error) || !procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
