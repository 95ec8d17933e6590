/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-read-size-private.h"

#include "procstream-slab-pool-private.h"

#define USUAL PROCSTREAM_SLAB_SIZE

static void
learn (ProcstreamReadSize *size,
       gsize               got)
{
  procstream_read_size_learn (size, size->expected, got);
}

/* What is configured is never exceeded, and a small one never changes. */
static void
test_small (void)
{
  ProcstreamReadSize size;

  procstream_read_size_init (&size, 10);
  g_assert_cmpuint (size.expected, ==, 10);
  learn (&size, 10);
  g_assert_cmpuint (size.expected, ==, 10);
  learn (&size, 1);
  g_assert_cmpuint (size.expected, ==, 10);
}

static void
test_grows (void)
{
  ProcstreamReadSize size;

  procstream_read_size_init (&size, 5 * USUAL);
  g_assert_cmpuint (size.expected, ==, USUAL);
  learn (&size, USUAL);
  g_assert_cmpuint (size.expected, ==, 2 * USUAL);
  learn (&size, 2 * USUAL - 1);
  g_assert_cmpuint (size.expected, ==, 2 * USUAL);
  learn (&size, 2 * USUAL);
  learn (&size, 4 * USUAL);
  g_assert_cmpuint (size.expected, ==, 5 * USUAL);
  learn (&size, 5 * USUAL);
  g_assert_cmpuint (size.expected, ==, 5 * USUAL);
}

/* Little by little, and never below what costs nothing. */
static void
test_shrinks (void)
{
  ProcstreamReadSize size;

  procstream_read_size_init (&size, 4 * USUAL);
  learn (&size, USUAL);
  learn (&size, 2 * USUAL);
  g_assert_cmpuint (size.expected, ==, 4 * USUAL);
  learn (&size, USUAL + 1);
  g_assert_cmpuint (size.expected, ==, 4 * USUAL);
  learn (&size, USUAL);
  g_assert_cmpuint (size.expected, ==, 2 * USUAL);
  learn (&size, 1);
  g_assert_cmpuint (size.expected, ==, USUAL);
  learn (&size, 1);
  g_assert_cmpuint (size.expected, ==, USUAL);
}

/* A read into the rest of a slab could not get more. */
static void
test_rest (void)
{
  ProcstreamReadSize size;

  procstream_read_size_init (&size, 4 * USUAL);
  learn (&size, USUAL);
  procstream_read_size_learn (&size, 100, 100);
  g_assert_cmpuint (size.expected, ==, 2 * USUAL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/read-size/small", test_small);
  g_test_add_func ("/read-size/grows", test_grows);
  g_test_add_func ("/read-size/shrinks", test_shrinks);
  g_test_add_func ("/read-size/rest", test_rest);
  return g_test_run ();
}
