/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-emission-private.h"

static const char one[] = "one", two[] = "two";

static gpointer
is_one_under_way (gpointer data)
{
  return GINT_TO_POINTER (procstream_emission_is_under_way (one));
}

static gboolean
is_one_under_way_elsewhere (void)
{
  return GPOINTER_TO_INT (g_thread_join (g_thread_new ("elsewhere", is_one_under_way, NULL)));
}

/* Each is known while it is under way, also from inside of others, and of the same again; in its thread only. */
static void
test_nesting (void)
{
  ProcstreamEmission outer, inner, again;

  g_assert_false (procstream_emission_is_under_way (one));
  procstream_emission_begin (&outer, one);
  g_assert_true (procstream_emission_is_under_way (one));
  g_assert_false (procstream_emission_is_under_way (two));
  procstream_emission_begin (&inner, two);
  g_assert_true (procstream_emission_is_under_way (one));
  g_assert_true (procstream_emission_is_under_way (two));
  procstream_emission_begin (&again, one);
  procstream_emission_end (&again);
  g_assert_true (procstream_emission_is_under_way (one));
  g_assert_false (is_one_under_way_elsewhere ());
  procstream_emission_end (&inner);
  g_assert_false (procstream_emission_is_under_way (two));
  procstream_emission_end (&outer);
  g_assert_false (procstream_emission_is_under_way (one));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/emission/nesting", test_nesting);
  return g_test_run ();
}
