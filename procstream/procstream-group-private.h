/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint living;  /* processes that run, sleep or are stopped */
  guint zombies; /* processes that are dead, and that nobody has waited for */
  int   pids[8]; /* of the first of the living, for messages */
} ProcstreamGroupCensus;

/* Counts the members of the process group @group that belong to the session @session, or to one that its leader made, as far as they are visible. FALSE where /proc
 * cannot be read. What it says is for deciding whether to wait, and for messages: the numbers may be somebody else's by the time that
 * it returns. */
gboolean procstream_group_count (int                    group,
                                 int                    session,
                                 ProcstreamGroupCensus *census);

typedef struct
{
  int                   group;
  int                   session;
  ProcstreamGroupCensus census; /* the answer */
} ProcstreamGroupQuery;

/* The same for any number of groups, for the cost of one: all of /proc is read, which with many processes takes milliseconds, and may
 * block. */
gboolean procstream_group_count_all (ProcstreamGroupQuery *queries,
                                     guint                 n);

G_END_DECLS
