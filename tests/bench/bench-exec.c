/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The least that a program can do that starts in place of another: it executes its arguments. Built as the helper of the library is, it tells
 * what a second execution takes on a machine. */

#include "procstream-helper-sys.h"

static __attribute__ ((noreturn)) void
run (char **argv,
     char **envp)
{
  sys (SYS_execve, (long) argv[1], (long) (argv + 1), (long) envp, 0, 0);
  sys_exit (127);
}

HELPER_MAIN (run)
