# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes to a child and reads what it makes of it.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

# [write]
launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.NONE,
                               stdin_mode=Procstream.StdinMode.PIPE)
child = launcher.create(['sort'])
collector = Procstream.Collector.new(Procstream.Collect.LINES, Procstream.Keep.FIRST)
child.get_stdout().attach(collector)
child.start()

try:
    child.get_stdin().write_utf8('pear\napple\nbanana\n')
    child.get_stdin().close()
except GLib.Error as error:
    # The child may have gone without reading; this program has not.
    print('it does not read:', error.message)

collector.wait(Procstream.NO_TIMEOUT, None)
print(*collector.dup_lines(), sep='\n')
# [/write]
