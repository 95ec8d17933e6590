# SPDX-License-Identifier: LGPL-2.1-or-later
# Answers a program that asks only at a terminal.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

ASK = 'test -t 0 || exit 1; stty size; printf "name? "; read -r name; echo "hello $name"'

# [terminal]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
launcher.set_pty(True)
launcher.set_pty_columns(100)
launcher.set_stdin_mode(Procstream.StdinMode.PTY)
launcher.set_variable('TERM', 'dumb')
# [/terminal]

child = launcher.create(['sh', '-c', ASK])
collector = Procstream.Collector(collect=Procstream.Collect.LINES, keep=Procstream.Keep.FIRST)
child.get_stdout().attach(collector)
child.start()
child.get_stdin().write_async(GLib.Bytes(b'world\n'), None, None)
child.get_stdin().close()
collector.wait(Procstream.NO_TIMEOUT, None)
print('\n'.join(collector.dup_lines()))
