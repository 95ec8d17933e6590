/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream-version.h>

/**
 * procstream_get_major_version:
 *
 * Returns the major version of the library that the program runs with, which
 * may be newer than the one it was compiled with.
 *
 * Can be called in any thread.
 *
 * Returns: the major version
 *
 * Since: 1.0
 */
guint
procstream_get_major_version (void)
{
  return PROCSTREAM_MAJOR_VERSION;
}

/**
 * procstream_get_minor_version:
 *
 * Returns the minor version of the library that the program runs with, which
 * may be newer than the one it was compiled with.
 *
 * Can be called in any thread.
 *
 * Returns: the minor version
 *
 * Since: 1.0
 */
guint
procstream_get_minor_version (void)
{
  return PROCSTREAM_MINOR_VERSION;
}

/**
 * procstream_get_micro_version:
 *
 * Returns the micro version of the library that the program runs with, which
 * may be newer than the one it was compiled with.
 *
 * Can be called in any thread.
 *
 * Returns: the micro version
 *
 * Since: 1.0
 */
guint
procstream_get_micro_version (void)
{
  return PROCSTREAM_MICRO_VERSION;
}

/**
 * procstream_check_version:
 * @major: a major version
 * @minor: a minor version
 * @micro: a micro version
 *
 * Whether the program runs with at least this version of the library. Programs
 * in languages that have no macros use it in place of
 * [func@Procstream.CHECK_VERSION].
 *
 * Can be called in any thread.
 *
 * Returns: true if the library is at least this version
 *
 * Since: 1.0
 */
gboolean
procstream_check_version (guint major,
                          guint minor,
                          guint micro)
{
  const guint have[] = { PROCSTREAM_MAJOR_VERSION, PROCSTREAM_MINOR_VERSION, PROCSTREAM_MICRO_VERSION };
  const guint want[] = { major, minor, micro };

  for (guint i = 0; i < G_N_ELEMENTS (have); i++)
    if (have[i] != want[i])
      return have[i] > want[i];
  return TRUE;
}
