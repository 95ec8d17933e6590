/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-output-core-private.h"
#include "procstream-valid-text-private.h"

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

/* Of the standard error, if anything of that is kept: that is where a program says what is wrong. */
static GByteArray *
dup_last_bytes (ProcstreamChildCore *self)
{
  g_autoptr (GByteArray) last = NULL;

  for (guint i = 2; i > 0 && (last == NULL || last->len == 0); i--)
    {
      g_clear_pointer (&last, g_byte_array_unref);
      last = procstream_output_core_dup_last (procstream_child_core_get_output (self, i - 1), PROCSTREAM_TAIL_BYTES);
    }
  return g_steal_pointer (&last);
}

void
procstream_child_core_add_last_lines (ProcstreamChildCore *self,
                                      GError              *error)
{
  g_autoptr (GByteArray) last = dup_last_bytes (self);
  g_autofree char *text = g_strchomp (procstream_valid_text_new ((const char *) last->data, last->len));
  g_autofree char *before = NULL;

  if (text[0] == '\0')
    return;
  before = error->message;
  error->message = g_strdup_printf ("%s; its last output:\n%s", before, procstream_valid_text_find_last_lines (text));
}
