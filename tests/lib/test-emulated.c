/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stands where the library looks for its helper, and runs one that was built for another processor in an emulator of that. Only the helper is
 * emulated: what it executes is not. */

#include "procstream-helper-private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The emulator refuses that request of the guard. What was asked for outlasts execve(), so it is asked for here; for a guard alone, as
 * another program would keep it. */
static int
adopt_orphans (void)
{
  ProcstreamHelperBlock block = { 0 };

  return recv (PROCSTREAM_HELPER_SOCKET, &block, sizeof block, MSG_PEEK) != (ssize_t) sizeof block ||
         !(block.flags & PROCSTREAM_HELPER_GUARD) || prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

/* The two signals that the emulator's C library keeps to itself cannot be reached from within. */
static void
reset_hidden_signals (void)
{
  static const uint64_t action[8];

  for (int signum = 32; signum < 34; signum++)
    syscall (SYS_rt_sigaction, signum, action, NULL, _NSIG / 8);
}

/* Not with what is below a directory for the other processor's files, if there is one. */
int
main (int    argc,
      char **argv)
{
  static const char *const first[] = { EMULATOR, "-L", "/", HELPER };
  const char             **args = calloc ((size_t) argc + 4, sizeof *args);

  if (args == NULL)
    return 126;
  for (int i = 0; i < 4; i++)
    args[i] = first[i];
  for (int i = 1; i < argc; i++)
    args[i + 3] = argv[i];
  if (!adopt_orphans ())
    {
      perror ("prctl");
      return 126;
    }
  reset_hidden_signals ();
  execv (EMULATOR, (char *const *) args);
  perror (EMULATOR);
  return 126;
}
