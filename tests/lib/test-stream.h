/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* An output whose other end the test holds, and what its signals said. */
typedef struct
{
  ProcstreamOutput *output;
  int               write_fd; /* -1: closed */

  GString   *bytes;  /* of chunk */
  GPtrArray *chunks; /* the GBytes themselves, kept */
  GPtrArray *line;   /* of line */
  GPtrArray *lines;  /* of lines */
  GString   *order;  /* a letter per emission: c l L g e */
  guint64    gap_chunks;
  guint64    gap_bytes;
  guint      n_gaps;
  gboolean   ended;
  GError    *error;
} TestStream;

typedef struct
{
  ProcstreamDelivery   delivery;
  ProcstreamReplay     replay;
  guint64              replay_limit;
  ProcstreamReaderMode reader;
  guint                max_chunks; /* 0: the default */
  guint                chunk_size;
  ProcstreamBackend    backend;      /* UNSET: the default */
  gint64               max_stall_ms; /* 0: the default */
} TestStreamOptions;

TestStream *test_stream_new (const TestStreamOptions *options);
/* Over a stream instead of a pipe, so there is nothing to write to or to close. */
TestStream *test_stream_new_from_input (const TestStreamOptions *options,
                                        GInputStream            *input);
void        test_stream_free (TestStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestStream, test_stream_free)

/* Connects what @signals names, by the letters of order. */
void test_stream_listen (TestStream *self,
                         const char *signals);
void test_stream_write (TestStream *self,
                        const char *text);
/* Writes, and waits (not iterating any context, unless that is what reads) until it has been read. */
void test_stream_write_read (TestStream *self,
                             const char *text);
void test_stream_close (TestStream *self);
void test_stream_run_to_end (TestStream *self);
void test_stream_run_until_bytes (TestStream *self,
                                  gsize       n);
/* Lets what is ready be dispatched, without waiting for anything. */
void test_iterate (void);

/* "a|b|c" for an array of strings. */
char *test_join (GPtrArray *strings);

G_END_DECLS
