/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include <string.h>

/* The library runs with the headers it was compiled with, here. */
static void
test_getters (void)
{
  g_autofree char *version = g_strdup_printf ("%u.%u.%u", procstream_get_major_version (), procstream_get_minor_version (),
                                              procstream_get_micro_version ());

  g_assert_cmpuint (procstream_get_major_version (), ==, PROCSTREAM_MAJOR_VERSION);
  g_assert_cmpuint (procstream_get_minor_version (), ==, PROCSTREAM_MINOR_VERSION);
  g_assert_cmpuint (procstream_get_micro_version (), ==, PROCSTREAM_MICRO_VERSION);
  g_assert_cmpstr (PROCSTREAM_VERSION_S, ==, version);
}

/* Where a part stands to the one that is there: older (-1), the same (0) or newer (1). */
static int
compare (int have,
         int want)
{
  return (want > have) - (want < have);
}

/* The most significant part that differs decides, whatever is below it. */
static gboolean
is_covered (int major,
            int minor,
            int micro)
{
  int order = compare (PROCSTREAM_MAJOR_VERSION, major) * 4 +
              compare (PROCSTREAM_MINOR_VERSION, minor) * 2 +
              compare (PROCSTREAM_MICRO_VERSION, micro);

  return order <= 0;
}

/* Every order of the three parts, in the function and in the macro. */
static void
test_check (void)
{
  const int have[] = { PROCSTREAM_MAJOR_VERSION, PROCSTREAM_MINOR_VERSION, PROCSTREAM_MICRO_VERSION };
  int       part[3][5];

  for (int i = 0; i < 3; i++)
    {
      const int around[] = { 0, MAX (have[i] - 1, 0), have[i], have[i] + 1, 1000 };

      memcpy (part[i], around, sizeof around);
    }
  for (int i = 0; i < 5 * 5 * 5; i++)
    {
      int      major = part[0][i % 5], minor = part[1][i / 5 % 5], micro = part[2][i / 25];
      gboolean covered = is_covered (major, minor, micro);

      g_assert_cmpint (procstream_check_version (major, minor, micro), ==, covered);
      g_assert_cmpint (PROCSTREAM_CHECK_VERSION (major, minor, micro), ==, covered);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/version/getters", test_getters);
  g_test_add_func ("/version/check", test_check);
  return g_test_run ();
}
