# SPDX-License-Identifier: LGPL-2.1-or-later
# Starts a server, waits until it says that it is ready, and stops it.

import signal

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream

SERVER = 'echo starting; echo "ready on port 8080"; exec sleep 1000'

# [wait]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
child = launcher.create(['sh', '-c', SERVER])
reader = Procstream.Reader.new()
child.get_stdout().attach(reader)
child.start()

while True:
    line = reader.read_line(30000, None)
    if line is None:
        raise SystemExit('the server ended before it was ready')
    print('server:', line)
    if line.startswith('ready'):
        break
# A reliable reader that nobody reads would stop the server in the end.
reader.cancel()
# [/wait]

print('ready, stopping it')
child.send_signal(signal.SIGTERM)
child.wait(Procstream.NO_TIMEOUT, None)
print('ended by signal', child.get_term_signal())
