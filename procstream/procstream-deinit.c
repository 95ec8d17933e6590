/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-deinit.h"

#include "procstream-at-exit-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-lifetime-private.h"
#include "procstream-platform-private.h"

/**
 * procstream_deinit:
 *
 * Does at once what the library otherwise does when the program exits: ends the
 * children of the program, each as its shutdown says, unless they are detached, and lets
 * the writers write what there is to be written. It blocks until that is done, for no longer
 * than the shutdowns say and 5 seconds for the writers.
 *
 * It is for programs that do not end by returning from `main()` or with `exit()`, and so
 * would leave their children behind: those that call `_exit()`, or that
 * end themselves with the signal that they were asked to end with, as Python does with
 * Ctrl-C. In Python it is called by itself, as a function of `atexit`.
 *
 * Nothing can be started afterwards: that fails as it does during the exit of the program.
 * Calling it again does nothing, and neither does it in a copy of the program that
 * was made with `fork()`. It may be called in any thread, but not by a consumer
 * that is called in a thread of the library, nor in a signal handler of `sigaction()`; see
 * g_unix_signal_add() instead.
 *
 * Since: 1.0
 */
void
procstream_deinit (void)
{
  if (procstream_platform_forked ())
    return;
  g_return_if_fail (!procstream_io_thread_is_current ());

  /* Where no child ever was, too, none may be started from now on. */
  procstream_lifetime_prepare ();
  procstream_at_exit_run ();
}

/**
 * procstream_deinit_hurry:
 *
 * Has [func@Procstream.deinit], or the exit of the program, kill the children that it still waits for instead of giving them the time of
 * their shutdowns, as somebody wants who presses Ctrl-C again. What the writers take is not shortened.
 *
 * It returns at once. It may be called in any thread while that is under way, and before; but not in a signal handler of
 * `sigaction()`. In a copy of the program that was made with `fork()` it does nothing.
 *
 * In Python it is called by itself when Ctrl-C comes while the program is ending its children.
 *
 * Since: 1.0
 */
void
procstream_deinit_hurry (void)
{
  if (!procstream_platform_forked ())
    g_cancellable_cancel (procstream_lifetime_get_hurry ());
}
