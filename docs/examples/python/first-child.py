# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a command, prints its lines as they come and says how it ended.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

# [run]
loop = GLib.MainLoop()
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
child = launcher.spawnv(['sh', '-c', 'echo compiling; echo linking; exit 3'])


def on_completed(_child, result):
    print('exit code:', result.get_exit_code())
    loop.quit()


child.get_stdout().connect('line', lambda _output, line: print('line:', line))
child.connect('completed', on_completed)
loop.run()
# [/run]
