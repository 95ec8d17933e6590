/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-silence-private.h"

/*
 * The outputs note the time of each chunk, which they have in any case; so a child that writes much costs whoever watches nothing.
 *
 * A child is silent only where it would be heard. An output that is paused, since somebody has more than enough of it, is not read; nor
 * is one that waits for such an output. What is there to be read and was not read yet, because the thread that does that is busy, was
 * written, too. Both are no silence: since_us is then the present. From the moment that reading goes on a silence counts anew.
 *
 * since_us never is earlier than in a look before, so what is not long enough now is so at since_us and the time that is asked for at the
 * earliest, whatever comes in between.
 */
void
procstream_silence_look (const ProcstreamSilence *self,
                         gint64                   begin_us,
                         gint64                   now_us,
                         ProcstreamSilenceFacts  *facts)
{
  gboolean held_up = FALSE;

  *facts = (ProcstreamSilenceFacts){ .since_us = begin_us, .over = TRUE };
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    {
      ProcstreamOutputActivity activity;

      if (!self->watched[i] && !self->in_step)
        continue;
      procstream_output_core_get_activity (self->outputs[i], &activity);
      facts->since_us = MAX (facts->since_us, activity.resumed_us);
      held_up |= activity.paused;
      if (!self->watched[i])
        continue;
      held_up |= activity.pending;
      facts->since_us = MAX (facts->since_us, activity.last_us);
      facts->last_us = MAX (facts->last_us, activity.last_us);
      facts->over &= activity.over;
    }
  if (held_up)
    facts->since_us = now_us;
}
