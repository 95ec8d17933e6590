/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-process-settings-private.h"

#include <string.h>
#include <sys/resource.h>

/* Each limit of ours is one of the system's, with a name, and no two are the same. */
static void
test_limits (void)
{
  for (ProcstreamLimit limit = PROCSTREAM_LIMIT_UNSET + 1; limit < PROCSTREAM_N_LIMITS; limit++)
    {
      const char   *name = procstream_limit_to_string (limit);
      int           resource = procstream_limit_to_resource (limit);
      struct rlimit value;

      g_assert_cmpint (resource, >=, 0);
      g_assert_cmpint (getrlimit (resource, &value), ==, 0);
      g_assert_cmpint (procstream_limit_from_resource (resource), ==, limit);
      for (ProcstreamLimit other = PROCSTREAM_LIMIT_UNSET; other < limit; other++)
        g_assert_cmpstr (procstream_limit_to_string (other), !=, name);
    }
}

/* Whatever the names say, these must not be exchanged. */
static void
test_values (void)
{
  g_assert_cmpint (procstream_limit_to_resource (PROCSTREAM_LIMIT_OPEN_FILES), ==, RLIMIT_NOFILE);
  g_assert_cmpint (procstream_limit_to_resource (PROCSTREAM_LIMIT_CPU_SECONDS), ==, RLIMIT_CPU);
  g_assert_cmpint (procstream_limit_to_resource (PROCSTREAM_LIMIT_ADDRESS_SPACE), ==, RLIMIT_AS);
  g_assert_cmpint (procstream_limit_to_resource (PROCSTREAM_LIMIT_REALTIME_US), ==, RLIMIT_RTTIME);
  g_assert_cmpstr (procstream_limit_to_string (PROCSTREAM_LIMIT_OPEN_FILES), ==, "open-files");
}

static void
test_others (void)
{
  g_assert_cmpint (procstream_limit_from_resource (RLIMIT_RSS), ==, PROCSTREAM_LIMIT_UNSET);
  g_assert_cmpint (procstream_limit_from_resource (-1), ==, PROCSTREAM_LIMIT_UNSET);
  g_assert_cmpint (procstream_limit_from_resource (1000), ==, PROCSTREAM_LIMIT_UNSET);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/process-settings/limits", test_limits);
  g_test_add_func ("/process-settings/values", test_values);
  g_test_add_func ("/process-settings/others", test_others);
  return g_test_run ();
}
