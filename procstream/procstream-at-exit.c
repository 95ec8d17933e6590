/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-at-exit-private.h"

#include "procstream-platform-private.h"

#include <stdlib.h>

/* The functions of atexit() are called in the reverse order of their registration, which is that in which a program came to use the parts
 * of the library. So one is registered, for all of them. */
static GMutex   mutex;
static gboolean registered;
static void (*steps[PROCSTREAM_N_EXIT_STEPS]) (void);

/* Whoever comes second waits for the first: when it returns, all is done. */
static gpointer
take_steps (gpointer data)
{
  for (int i = 0; i < PROCSTREAM_N_EXIT_STEPS; i++)
    {
      void (*func) (void);

      g_mutex_lock (&mutex);
      func = steps[i];
      g_mutex_unlock (&mutex);
      if (func)
        func ();
    }
  return NULL;
}

void
procstream_at_exit_run (void)
{
  static GOnce once = G_ONCE_INIT;

  /* A mutex may be held for ever in a forked copy, by a thread that is not there. */
  if (!procstream_platform_forked ())
    g_once (&once, take_steps, NULL);
}

void
procstream_at_exit (ProcstreamExitStep step,
                    void (*func) (void))
{
  g_mutex_lock (&mutex);
  steps[step] = func;
  if (!registered && atexit (procstream_at_exit_run) != 0)
    g_error ("Could not prepare for the exit of the program: out of memory");
  registered = TRUE;
  g_mutex_unlock (&mutex);
}
