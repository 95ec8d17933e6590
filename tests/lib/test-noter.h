/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

#include "test-stream.h"

G_BEGIN_DECLS

/* A consumer of the program's own that says in one text what it was told. */
typedef struct _TestNoter TestNoter;
struct _TestNoter
{
  ProcstreamConsumer parent_instance;
  GString           *order;           /* "c:text L:line,line g:chunks,bytes end"; for an end with an error "stalled" or "failed" */
  void (*in_chunk) (TestNoter *self); /* NULL: nothing */
  TestStream *stream;
  gpointer    other;
};
typedef ProcstreamConsumerClass TestNoterClass;

TestNoter *test_noter_new (void);
/* Attached to the output of @stream. */
TestNoter *test_noter_attach (TestStream *stream);
/* It must have noted @order. */
void  test_noter_free (TestNoter  *self,
                       const char *order);
guint test_noter_count_alive (void);

/* Of other consumers. */
ProcstreamCollector *test_collector_new (void);
ProcstreamCollector *test_collector_attach (TestStream *stream);
void                 test_collector_assert (ProcstreamCollector *collector,
                                            const char          *text);
void                 test_stream_attach (TestStream *self,
                                         gpointer    consumer);
void                 test_consumer_wait (gpointer consumer); /* it must end well */

G_END_DECLS
