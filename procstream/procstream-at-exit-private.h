/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is done when the program exits, or says that it will, in this order: what children wrote at their end is there to be written. */
typedef enum
{
  PROCSTREAM_EXIT_STEP_CHILDREN,
  PROCSTREAM_EXIT_STEP_WRITERS,
  PROCSTREAM_N_EXIT_STEPS,
} ProcstreamExitStep;

/* @func is called when the program returns from main() or calls exit(), in the thread that does, but not in a forked copy of the
 * program. Any thread; again, with the same function, it does nothing. */
void procstream_at_exit (ProcstreamExitStep step,
                         void (*func) (void));

/* Does it now, once; not in a forked copy. What is registered afterwards is never called. */
void procstream_at_exit_run (void);

G_END_DECLS
