# SPDX-License-Identifier: LGPL-2.1-or-later
# What can go wrong, and how to tell.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Gio, GLib, Procstream

# [not-found]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
try:
    launcher.spawnv(['/nowhere/program'])
except GLib.Error as error:
    if not error.matches(GLib.spawn_error_quark(), GLib.SpawnError.NOENT):
        raise
    print('no such program: /nowhere/program')
# [/not-found]

# [unset]
try:
    Procstream.Launcher().spawnv(['true'])
except GLib.Error as error:
    if not error.matches(Procstream.child_error_quark(), Procstream.ChildError.UNSET_POLICY):
        raise
    print('not chosen:', 'delivery' if 'delivery' in error.message else error.message)
# [/unset]

# [timeout]
child = launcher.spawnv(['sleep', '1000'])
try:
    child.wait(10, None)
except GLib.Error as error:
    if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT):
        raise
    # The child is as it was: what becomes of it is for the program to say.
    print('still running after 10 ms')
    child.kill()
    child.wait(Procstream.NO_TIMEOUT, None)
print('ended by signal', child.get_term_signal())
# [/timeout]
