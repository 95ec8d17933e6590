# SPDX-License-Identifier: LGPL-2.1-or-later
# A child that says nothing for too long: a warning first, and then its end.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

# [warn]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
launcher.set_idle_timeout_ms(500)
child = launcher.create(['sh', '-c', 'echo begun; sleep 1000'])


def warn(child, silent_ms):
    print(f'{child.get_name()} has been silent for half a second')
    child.terminate_async(None, None, None)


child.connect('idle', warn)
child.start()
# [/warn]

loop = GLib.MainLoop()
child.connect('completed', lambda *_: loop.quit())
loop.run()
print('ended by signal', child.get_term_signal())

# [end]
launcher.set_idle_timeout_ms(Procstream.NO_TIMEOUT)
child = launcher.spawnv(['sh', '-c', 'echo begun; sleep 1000'])
options = Procstream.CompleteOptions(idle_timeout_ms=500, end_on=Procstream.EndOn.IDLE)
result = child.complete(options, None)
if result.get_cause() == Procstream.Cause.IDLE:
    print('it was idle, and had written:', result.get_stdout().get_text(), end='')
# [/end]
