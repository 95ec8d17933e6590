/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-history.h"

#include "test-utils.h"

#include <string.h>

/* The tests' own shrinker: a model that is wrong in a known way comes down to what is wrong with it. */

/* Fails when an operation (5 or more, an even number) comes before one (anything, 7), if the set-up is at least 3. */
static char *
run_pairs (const guint8 *history,
           gsize         size)
{
  gboolean armed = FALSE;

  if (size < 1 || history[0] < 3)
    return NULL;
  for (gsize i = 1; i + 2 <= size; i += 2)
    {
      if (armed && history[i + 1] == 7)
        return g_strdup ("It happened");
      armed |= history[i] >= 5 && history[i + 1] % 2 == 0;
    }
  return NULL;
}

static const TestHistories pairs = {
  .name = "pairs",
  .count = 300,
  .setup = 1,
  .operation = 2,
  .most_operations = 200,
  .often = "\7",
  .n_often = 1,
  .run = run_pairs,
};

static void
test_shrink (void)
{
  const guint8 smallest[] = { 3, 5, 0, 0, 7 };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  guint shrunk = 0;

  for (guint n = 0; n < 50; n++)
    {
      g_autoptr (GByteArray) history = g_byte_array_new ();
      g_autofree char *failure = NULL;

      for (guint i = 0; i < 101; i++)
        g_byte_array_append (history, (guint8[]){ g_rand_int_range (random, 0, 10) }, 1);
      failure = run_pairs (history->data, history->len);
      if (failure == NULL)
        continue;
      test_histories_shrink (&pairs, history);
      g_assert_cmpmem (history->data, history->len, smallest, sizeof smallest);
      shrunk++;
    }
  g_assert_cmpuint (shrunk, >, 10);
}

static void
test_run_subprocess (void)
{
  test_histories_run (&pairs);
}

/* What fails is told in its smallest form, and can be run again. */
static void
test_run (void)
{
  g_test_trap_subprocess ("/history/run/subprocess", 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*It happened; the smallest history that does so: PROCSTREAM_TEST_HISTORY=\"03 05 00 00 07\"*");
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/history/shrink", test_shrink);
  g_test_add_func ("/history/run", test_run);
  g_test_add_func ("/history/run/subprocess", test_run_subprocess);
  return g_test_run ();
}
