# SPDX-License-Identifier: LGPL-2.1-or-later
"""Million lines per second that reach a Python handler of `lines`.

Usage: lines.py PROCSTREAM-BENCH
"""

import sys
import time

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream  # noqa: E402

N_LINES = 5000000

count = 0
loop = GLib.MainLoop()


def lines_cb(_output, lines):
    global count
    count += len(lines)


def ended_cb(_output, _error):
    loop.quit()


launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
launcher.set_stderr_config(Procstream.OutputConfig.new_inherit())
child = launcher.create([sys.argv[1], '--child', 'lines', str(80 * N_LINES)])
output = child.get_stdout()
output.connect('lines', lines_cb)
output.connect('ended', ended_cb)
begin = time.monotonic()
child.start()
loop.run()
elapsed = time.monotonic() - begin
if count != N_LINES:
    sys.exit(f'{count} lines arrived instead of {N_LINES}')
print(count / elapsed / 1e6)
