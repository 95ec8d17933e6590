/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-core-private.h"

G_BEGIN_DECLS

/* For how long a child has written nothing. Plain data: it knows no main loop, and is told the time. Whoever watches looks now and then:
 * when the silence it found would be long enough, and after that once in as long a time, misses no silence that was. */
typedef struct
{
  ProcstreamOutputCore *outputs[2]; /* borrowed */
  gboolean              watched[2];
  gboolean              in_step; /* neither is read while one pauses */
} ProcstreamSilence;

typedef struct
{
  gint64   since_us; /* from then on nothing came, though it would have been read; @now_us: that cannot be said */
  gint64   last_us;  /* when something came last, 0: never */
  gboolean over;     /* and nothing will */
} ProcstreamSilenceFacts;

/* What was before @begin_us does not count. Any thread, without a lock. */
void procstream_silence_look (const ProcstreamSilence *self,
                              gint64                   begin_us,
                              gint64                   now_us,
                              ProcstreamSilenceFacts  *facts);

G_END_DECLS
