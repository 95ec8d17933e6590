/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* A consumer of the program's own that takes lines and nothing else, and keeps them all, each with “|” after it. */
typedef struct
{
  ProcstreamConsumer parent_instance;
  GString           *joined;
} TestRecorder;
typedef ProcstreamConsumerClass TestRecorderClass;

TestRecorder *test_recorder_new (void);

/* In the same way. */
void test_join_lines (GString           *joined,
                      const char *const *lines);

G_END_DECLS
