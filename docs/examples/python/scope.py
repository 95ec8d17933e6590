# SPDX-License-Identifier: LGPL-2.1-or-later
# Children that belong to something, and a pool of them.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream

# [close]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
with Procstream.Scope() as scope:
    launcher.set_scope(scope)
    first = launcher.spawnv(['sleep', '1000'])
    second = launcher.spawnv(['sleep', '1000'])
print('ended by signals', first.get_term_signal(), 'and', second.get_term_signal())
# [/close]

# [pool]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
with Procstream.Scope(max_running=2, on_failure=Procstream.OnFailure.STOP_STARTING) as scope:
    for name in ('one', 'two', 'three'):
        scope.enqueue(launcher.create(['echo', name]))
    for result in scope.complete_all():
        result.check()
        print(result.dup_stdout_text(), end='')
# [/pool]
