/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-output-core-private.h"

/* What is done to all outputs of a child at once. */

/**
 * procstream_child_seal_replay:
 * @self: a child
 *
 * Ends replay of all outputs, as [method@Procstream.Output.seal_replay] does of one:
 * for a program that has looked at how its child started, and wants to keep nothing of
 * what comes for those who come later.
 *
 * Since: 1.0
 */
void
procstream_child_seal_replay (ProcstreamChild *self)
{
  g_return_if_fail (procstream_child_is_of_launcher_and_not_disposed (self));

  for (guint i = 0; i < PROCSTREAM_CHILD_MAX_OUTPUTS && self->outputs[i]; i++)
    procstream_output_core_seal_replay (procstream_child_core_get_output (self->core, i));
}
