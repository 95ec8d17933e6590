/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pseudo-terminal of children. */

#include "procstream-launcher-private.h"

#include "procstream-enum-types.h"

void
procstream_launcher_install_pty (GObjectClass *klass)
{
  const GParamFlags flags = PROCSTREAM_LAUNCHER_PROPERTY_FLAGS;

  /**
   * ProcstreamLauncher:pty: (getter get_pty) (setter set_pty)
   *
   * Whether children run on a pseudo-terminal of their own: programs that only
   * flush, colour or prompt on a terminal do so then.
   *
   * The child is the leader of a session whose controlling terminal it is. Its
   * standard output goes there, its standard error too unless
   * [property@Procstream.Launcher:stderr-config] is set, and its standard input comes from there if
   * [property@Procstream.Launcher:stdin-mode] says so. What arrives is
   * [property@Procstream.Child:stdout]; the two outputs cannot be told apart. Its
   * end comes when nobody has the terminal open any more, as with a pipe, or when
   * the child exits. The program keeps its side open until then, so that no child gets a
   * `SIGHUP` for having closed its outputs, or because nobody reads them any more. What is
   * written after the end, by a child that opens `/dev/tty` again, and what is
   * written when nobody reads any more, is thrown away.
   *
   * It cannot be had with %PROCSTREAM_CONTAINMENT_PROCESS, nor when the standard
   * output goes elsewhere. The variable `TERM` is the program's own; programs that
   * look at it may want it set, to `dumb` or `xterm`.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (pty.enabled),
                                    g_param_spec_boolean ("pty", NULL, NULL, FALSE, flags));
  /**
   * ProcstreamLauncher:pty-columns: (getter get_pty_columns) (setter set_pty_columns)
   *
   * How wide the pseudo-terminal is when the child starts, in characters; 80
   * unless set, which every program expects. From 1 to 65535; with another value no child is made.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (pty.columns),
                                    g_param_spec_uint ("pty-columns", NULL, NULL, 0, G_MAXUINT, 80, flags));
  /**
   * ProcstreamLauncher:pty-rows: (getter get_pty_rows) (setter set_pty_rows)
   *
   * How high the pseudo-terminal is when the child starts, in lines; 24 unless
   * set, which every program expects. From 1 to 65535; with another value no child is made.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (pty.rows),
                                    g_param_spec_uint ("pty-rows", NULL, NULL, 0, G_MAXUINT, 24, flags));
  /**
   * ProcstreamLauncher:pty-flags: (getter get_pty_flags) (setter set_pty_flags)
   *
   * How the pseudo-terminal treats what passes through it. Unless set, what is
   * written arrives as it is, lines of input are handed over whole, a byte 3
   * (Ctrl-C) in the input is a `SIGINT`, and the end of the input is told by a byte 4
   * (Ctrl-D), which closing the child's [property@Procstream.Child:stdin] sends. A line of
   * input must then be shorter than 4096 bytes, the rest is lost in the kernel.
   *
   * Since: 1.0
   */
  procstream_launcher_add_property (klass, PROCSTREAM_LAUNCHER_FIELD (pty.flags),
                                    g_param_spec_flags ("pty-flags", NULL, NULL, PROCSTREAM_TYPE_PTY_FLAGS, PROCSTREAM_PTY_FLAGS_NONE, flags));
}

/**
 * procstream_launcher_get_pty: (get-property pty)
 * @self: a launcher
 *
 * Gets whether children run on a pseudo-terminal.
 *
 * Returns: whether children run on a pseudo-terminal
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_pty (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->pty.enabled;
}

/**
 * procstream_launcher_set_pty: (set-property pty)
 * @self: a launcher
 * @pty: whether children run on a pseudo-terminal
 *
 * Sets whether children run on a pseudo-terminal.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_pty (ProcstreamLauncher *self, gboolean pty)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "pty", !!pty);
}

/**
 * procstream_launcher_get_pty_columns: (get-property pty-columns)
 * @self: a launcher
 *
 * Gets how wide the pseudo-terminal is, in characters.
 *
 * Returns: how wide the pseudo-terminal is, in characters
 *
 * Since: 1.0
 */
guint
procstream_launcher_get_pty_columns (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->pty.columns;
}

/**
 * procstream_launcher_set_pty_columns: (set-property pty-columns)
 * @self: a launcher
 * @pty_columns: how wide the pseudo-terminal is, in characters
 *
 * Sets how wide the pseudo-terminal is, in characters.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_pty_columns (ProcstreamLauncher *self, guint pty_columns)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "pty-columns", pty_columns);
}

/**
 * procstream_launcher_get_pty_rows: (get-property pty-rows)
 * @self: a launcher
 *
 * Gets how high the pseudo-terminal is, in lines.
 *
 * Returns: how high the pseudo-terminal is, in lines
 *
 * Since: 1.0
 */
guint
procstream_launcher_get_pty_rows (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->pty.rows;
}

/**
 * procstream_launcher_set_pty_rows: (set-property pty-rows)
 * @self: a launcher
 * @pty_rows: how high the pseudo-terminal is, in lines
 *
 * Sets how high the pseudo-terminal is, in lines.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_pty_rows (ProcstreamLauncher *self, guint pty_rows)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "pty-rows", pty_rows);
}

/**
 * procstream_launcher_get_pty_flags: (get-property pty-flags)
 * @self: a launcher
 *
 * Gets how the pseudo-terminal treats what passes through it.
 *
 * Returns: how the pseudo-terminal treats what passes through it
 *
 * Since: 1.0
 */
ProcstreamPtyFlags
procstream_launcher_get_pty_flags (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_PTY_FLAGS_NONE);

  return self->pty.flags;
}

/**
 * procstream_launcher_set_pty_flags: (set-property pty-flags)
 * @self: a launcher
 * @pty_flags: how the pseudo-terminal treats what passes through it
 *
 * Sets how the pseudo-terminal treats what passes through it.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_pty_flags (ProcstreamLauncher *self, ProcstreamPtyFlags pty_flags)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  procstream_launcher_store_int (self, "pty-flags", pty_flags);
}
