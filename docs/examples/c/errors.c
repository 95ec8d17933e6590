/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can go wrong, and how to tell. */

#include <procstream/procstream.h>
#include <string.h>

static void
not_found (ProcstreamLauncher *launcher)
{
  // [not-found]
  const char *const argv[] = { "/nowhere/program", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (launcher, argv, &error);

  if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    g_print ("no such program: %s\n", argv[0]);
  // [/not-found]
}

static void
unset (void)
{
  // [unset]
  const char *const argv[] = { "true", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET);
  g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (launcher, argv, &error);

  if (g_error_matches (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY))
    g_print ("not chosen: %s\n", strstr (error->message, "delivery") ? "delivery" : error->message);
  // [/unset]
}

int
main (void)
{
  const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GError) error = NULL;

  not_found (launcher);
  unset ();
  // [timeout]
  child = procstream_launcher_spawnv (launcher, argv, NULL);
  if (!procstream_child_wait (child, 10, NULL, &error) && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      /* The child is as it was: what becomes of it is for the program to say. */
      g_print ("still running after 10 ms\n");
      procstream_child_kill (child, NULL);
      procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, NULL);
    }
  g_print ("ended by signal %d\n", procstream_child_get_term_signal (child));
  // [/timeout]
  return 0;
}
