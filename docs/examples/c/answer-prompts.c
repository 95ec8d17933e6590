/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers what a child asks, twice with the same prompt, and looks once more at what it said. */

#include <procstream/procstream.h>

#define ASK "for i in 1 2; do printf 'word? '; read -r word; echo \"you said $word\"; done"

// [answer]
static gboolean
find_said (ProcstreamChild     *child,
           const char          *what,
           ProcstreamMatchFlags flags,
           gint64               timeout_ms,
           GError             **error)
{
  g_autoptr (ProcstreamMatch) match = procstream_child_expect (child, "you said (\\w+)", PROCSTREAM_MATCH_REGEX | flags, timeout_ms, NULL, error);

  if (match)
    g_print ("%s: %s\n", what, procstream_match_get_group (match, 1));
  return match != NULL;
}

static gboolean
answer (ProcstreamChild *child,
        const char      *text,
        GError         **error)
{
  const ProcstreamMatchFlags prompt = PROCSTREAM_MATCH_PARTIAL | PROCSTREAM_MATCH_NEXT;
  g_autoptr (ProcstreamMatch) asked = procstream_child_expect (child, "word? ", prompt, 30000, NULL, error);

  return asked && procstream_input_write_utf8 (procstream_child_get_stdin (child), text, error) &&
         find_said (child, "it says", PROCSTREAM_MATCH_NEXT, 30000, error);
}

static gboolean
talk (ProcstreamChild *child,
      GError         **error)
{
  /* Without NEXT everything that replay kept is searched, from its beginning. */
  return answer (child, "hello\n", error) && answer (child, "world\n", error) &&
         find_said (child, "it said first", PROCSTREAM_MATCH_NONE, 0, error);
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
