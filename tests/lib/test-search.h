/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-waiter-private.h"
#include "procstream-output-config-private.h"

#include <procstream/procstream.h>

#include "test-hold.h"

G_BEGIN_DECLS

/*
 * A line waiter and the outputs that it searches, which are read in this thread: nothing comes but what the test gives, and at the time that the
 * test says. While the I/O thread is held, nothing is searched.
 */

typedef struct
{
  ProcstreamOutputCore *outputs[2];
  ProcstreamLineWaiter *waiter;
  TestHold              hold;
  gboolean              in_both;
  guint                 n_over;  /* of a search in both: how often it was told */
  guint                 n_freed; /* and how often it was let go */
} TestSearch;

void             test_search_set_up_with (TestSearch        *fixture,
                                          ProcstreamDelivery delivery,
                                          ProcstreamReplay   replay,
                                          guint              max_chunks);
void             test_search_set_up (TestSearch   *fixture,
                                     gconstpointer data);
void             test_search_tear_down (TestSearch   *fixture,
                                        gconstpointer data);
void             test_search_add (TestSearch          *fixture,
                                  const char          *pattern,
                                  ProcstreamMatchFlags flags);
void             test_search_attach (TestSearch *fixture);
void             test_search_attach_both (TestSearch *fixture);
void             test_search_feed_at (TestSearch *fixture,
                                      guint       output,
                                      gint64      time_us,
                                      const char *text);
void             test_search_feed (TestSearch *fixture,
                                   const char *text);
void             test_search_end (TestSearch *fixture,
                                  guint       output,
                                  GError     *error);
ProcstreamMatch *test_search_wait_match (TestSearch *fixture);
void             test_search_expect_match (TestSearch *fixture,
                                           const char *text,
                                           const char *stream,
                                           guint64     number,
                                           guint       pattern);
char            *test_search_expect_error (TestSearch *fixture,
                                           GQuark      domain,
                                           int         code);
void             test_search_expect_in (const char *message,
                                        const char *part);
void             test_search_expect_free (TestSearch *fixture,
                                          guint       output);

G_END_DECLS
