# SPDX-License-Identifier: LGPL-2.1-or-later
# Two consumers that do not keep up: a view that is paused for a while, and a
# reader that nobody asks, which may not hold up the child for ever.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
config = Procstream.OutputConfig.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
config.set_max_buffered_chunks(1)
launcher.set_stdout_config(config)
child = launcher.create(['seq', '1', '5'])
output = child.get_stdout()

# [slow]
view = Procstream.Collector.new(Procstream.Collect.LINES, Procstream.Keep.FIRST)
view.pause()
output.attach(view)

forgotten = Procstream.Reader(max_stall_ms=100)
output.attach(forgotten)

child.start()
try:
    forgotten.wait(Procstream.NO_TIMEOUT, None)
except GLib.Error as error:
    if error.matches(Procstream.child_error_quark(), Procstream.ChildError.STALLED):
        print('dropped:', output.get_consumers_dropped())

print('paused:', view.get_lag_bytes(), 'bytes behind')
view.resume()
view.wait(Procstream.NO_TIMEOUT, None)
print('resumed:', *view.dup_lines())
# [/slow]
