# SPDX-License-Identifier: LGPL-2.1-or-later
# One output, three subscribers: a live view that may lose lines, a log of the
# last lines that may not, and one that comes when everything is over.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

# [subscribers]
launcher = Procstream.Launcher.new(Procstream.Delivery.LOSSY, Procstream.Replay.LAST_BYTES)
launcher.set_replay_limit(4096)
child = launcher.create(['seq', '1', '5'])
output = child.get_stdout()

output.connect('line', lambda _output, line: print('live:', line))
output.connect('gap', lambda _output, _chunks, size: print('live:', size, 'bytes were too fast'))

tail = Procstream.Collector(collect=Procstream.Collect.LINES, keep=Procstream.Keep.LAST, max_lines=2,
                            delivery=Procstream.Delivery.RELIABLE)
output.attach(tail)

loop = GLib.MainLoop()
child.connect('completed', lambda *_: loop.quit())
child.start()
loop.run()
print('tail:', *tail.dup_lines())
# [/subscribers]

# [late]
late = Procstream.Collector.new(Procstream.Collect.LINES, Procstream.Keep.FIRST)
output.attach(late)
late.wait(Procstream.NO_TIMEOUT, None)
print('late:', *late.dup_lines())
# [/late]
