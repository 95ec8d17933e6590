/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What belongs to the process of a child. */

#include "procstream-launcher-private.h"

#include "procstream-enum-types.h"

void
procstream_launcher_install_process (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:cwd: (type filename) (getter get_cwd) (setter set_cwd)
   *
   * The working directory of children, or %NULL for the program's own at the
   * time of the start. A program that is named by a relative path is found
   * from there.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (cwd),
                                    g_param_spec_string ("cwd", NULL, NULL, NULL, flags));
  /**
   * ProcstreamLauncher:containment: (getter get_containment) (setter set_containment)
   *
   * What belongs to a child when it is signalled; its process group unless
   * set.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (containment),
                                    g_param_spec_enum ("containment", NULL, NULL, PROCSTREAM_TYPE_CONTAINMENT, PROCSTREAM_CONTAINMENT_GROUP, flags));
  /**
   * ProcstreamLauncher:nice: (getter get_nice) (setter set_nice)
   *
   * What is added to the program's own nice value for children: above 0 they get
   * less of the CPU than the program, below 0 more, which needs a privilege. 0
   * unless set. From -40 to 39, the distance between two nice values; with another value
   * [method@Procstream.Launcher.create] fails with %G_IO_ERROR_INVALID_ARGUMENT.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (settings.nice),
                                    g_param_spec_int ("nice", NULL, NULL, G_MININT, G_MAXINT, 0, flags));
  /**
   * ProcstreamLauncher:oom-score-adjust: (getter get_oom_score_adjust) (setter set_oom_score_adjust)
   *
   * What is added to the program's own `oom_score_adj` for children, see proc(5):
   * above 0 the kernel ends them before the program when memory runs out, below 0
   * after it, which needs a privilege. 0 unless set. What would go beyond 1000 or
   * -1000, which are the ends of the kernel's scale, stays there. From -2000 to 2000; with another value
   * [method@Procstream.Launcher.create] fails with %G_IO_ERROR_INVALID_ARGUMENT.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (settings.oom_score_adjust),
                                    g_param_spec_int ("oom-score-adjust", NULL, NULL, G_MININT, G_MAXINT, 0, flags));
  /**
   * ProcstreamLauncher:umask: (getter get_umask) (setter set_umask)
   *
   * Which permissions are taken away from files that children make, as umask(2)
   * has it, or -1 for the program's own at the time of the start. At most 0777 (octal); with another value
   * [method@Procstream.Launcher.create] fails with %G_IO_ERROR_INVALID_ARGUMENT.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (settings.umask),
                                    g_param_spec_int ("umask", NULL, NULL, G_MININT, G_MAXINT, -1, flags));
  /**
   * ProcstreamLauncher:parent-death-signal: (getter get_parent_death_signal) (setter set_parent_death_signal)
   *
   * Which signal the kernel sends to a child when the program ends in any way,
   * by `SIGKILL` and Ctrl-C too; 0 for none. It reaches the child alone, not what that has
   * started, and is lost when a child executes a program with more rights than its
   * user. With %PROCSTREAM_CONTAINMENT_TREE the guard sends it to the whole tree,
   * `SIGTERM` in place of none, and `SIGKILL` to those that are left after
   * [property@Procstream.Launcher:guard-grace-ms].
   *
   * Unless it is set, it is -1, which means `SIGTERM` for the children of
   * [method@Procstream.Launcher.run] and its like, whom nobody but the call knows, unless their
   * [property@Procstream.Launcher:lifetime] is %PROCSTREAM_LIFETIME_DETACHED, and none for all others,
   * which might be detached. With a number that is no signal [method@Procstream.Launcher.create] fails with
   * %G_IO_ERROR_INVALID_ARGUMENT.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (settings.parent_death_signal),
                                    g_param_spec_int ("parent-death-signal", NULL, NULL, G_MININT, G_MAXINT, -1, flags));
}

/**
 * procstream_launcher_get_cwd: (get-property cwd)
 * @self: a launcher
 *
 * Gets the working directory of children.
 *
 * Returns: (type filename) (transfer none) (nullable): the directory, or %NULL for
 *   the program's own
 *
 * Since: 1.0
 */
const char *
procstream_launcher_get_cwd (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->cwd;
}

/**
 * procstream_launcher_set_cwd: (set-property cwd)
 * @self: a launcher
 * @cwd: (type filename) (nullable): the working directory of children, or %NULL
 *
 * Sets the working directory of children.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_cwd (ProcstreamLauncher *self, const char *cwd)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_string (self, "cwd", cwd);
}

/**
 * procstream_launcher_get_containment: (get-property containment)
 * @self: a launcher
 *
 * Gets what belongs to a child when it is signalled.
 *
 * Returns: what belongs to a child when it is signalled
 *
 * Since: 1.0
 */
ProcstreamContainment
procstream_launcher_get_containment (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_CONTAINMENT_UNSET);

  return self->containment;
}

/**
 * procstream_launcher_set_containment: (set-property containment)
 * @self: a launcher
 * @containment: what belongs to a child when it is signalled
 *
 * Sets what belongs to a child when it is signalled.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_containment (ProcstreamLauncher *self, ProcstreamContainment containment)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "containment", containment);
}

/**
 * procstream_launcher_get_nice: (get-property nice)
 * @self: a launcher
 *
 * Gets what is added to the nice value.
 *
 * Returns: what is added to the nice value
 *
 * Since: 1.0
 */
int
procstream_launcher_get_nice (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->settings.nice;
}

/**
 * procstream_launcher_set_nice: (set-property nice)
 * @self: a launcher
 * @nice: what is added to the nice value
 *
 * Sets what is added to the nice value.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_nice (ProcstreamLauncher *self, int nice)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "nice", nice);
}

/**
 * procstream_launcher_get_oom_score_adjust: (get-property oom-score-adjust)
 * @self: a launcher
 *
 * Gets what is added to the OOM score.
 *
 * Returns: what is added to the OOM score
 *
 * Since: 1.0
 */
int
procstream_launcher_get_oom_score_adjust (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->settings.oom_score_adjust;
}

/**
 * procstream_launcher_set_oom_score_adjust: (set-property oom-score-adjust)
 * @self: a launcher
 * @oom_score_adjust: what is added to the OOM score
 *
 * Sets what is added to the OOM score.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_oom_score_adjust (ProcstreamLauncher *self, int oom_score_adjust)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "oom-score-adjust", oom_score_adjust);
}

/**
 * procstream_launcher_get_umask: (get-property umask)
 * @self: a launcher
 *
 * Gets the file mode creation mask, or -1 for the program's own.
 *
 * Returns: the file mode creation mask, or -1 for the program's own
 *
 * Since: 1.0
 */
int
procstream_launcher_get_umask (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), -1);

  return self->settings.umask;
}

/**
 * procstream_launcher_set_umask: (set-property umask)
 * @self: a launcher
 * @umask: the file mode creation mask, or -1 for the program's own
 *
 * Sets the file mode creation mask, or -1 for the program's own.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_umask (ProcstreamLauncher *self, int umask)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "umask", umask);
}

/**
 * procstream_launcher_get_parent_death_signal: (get-property parent-death-signal)
 * @self: a launcher
 *
 * Gets the signal that a child gets when the program ends.
 *
 * Returns: the signal that a child gets when the program ends, 0 for none, or -1
 *   unless it was set
 *
 * Since: 1.0
 */
int
procstream_launcher_get_parent_death_signal (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->settings.parent_death_signal;
}

/**
 * procstream_launcher_set_parent_death_signal: (set-property parent-death-signal)
 * @self: a launcher
 * @parent_death_signal: the signal that a child gets when the program ends, 0 for
 *   none, or -1 for what there is unless it is set
 *
 * Sets the signal that a child gets when the program ends.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_parent_death_signal (ProcstreamLauncher *self, int parent_death_signal)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "parent-death-signal", parent_death_signal);
}
