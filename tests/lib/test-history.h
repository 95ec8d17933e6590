/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Something is compared with a model of it on random histories. A history is any string of bytes, which the model reads as a set-up and
 * operations.
 *
 * PROCSTREAM_TEST_HISTORIES sets how many there are: a long run is one with a million. PROCSTREAM_TEST_SEED sets the seed of the first
 * one, and PROCSTREAM_TEST_HISTORY, with hexadecimal numbers, the only one.
 */
typedef struct
{
  const char *name; /* in messages */
  guint       count;
  gsize       setup;     /* bytes before the operations */
  gsize       operation; /* bytes of each of them */
  guint       most_operations;
  const char *often; /* half of all bytes are of these; NULL: of none */
  gsize       n_often;
  /* NULL when it is as it should be, else how it is not; the same for the same history. */
  char *(*run) (const guint8 *history,
                gsize         size);
} TestHistories;

/* Runs them; the first that fails is made as small as it can be, told, and fails the test. */
void test_histories_run (const TestHistories *self);
/* As small as it can be with no byte larger than needed. Of a history that fails. */
void test_histories_shrink (const TestHistories *self,
                            GByteArray          *history);

G_END_DECLS
