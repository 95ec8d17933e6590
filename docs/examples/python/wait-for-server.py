# SPDX-License-Identifier: LGPL-2.1-or-later
# Starts a server, waits until it says at which port it is, and talks to it; then one that fails.

import re
import socket

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

SERVER = '''
import socket
server = socket.create_server(('127.0.0.1', 0))
print('listening on port', server.getsockname()[1], flush=True)
client, _address = server.accept()
client.sendall(b'hello\\n')
client.close()
server.accept()
'''

# [start]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
server = launcher.spawnv(['python3', '-c', SERVER])
ready = server.expect(re.compile(r'listening on port (\d+)'), timeout=30)
port = int(ready[1])
# [/start]

with socket.create_connection(('127.0.0.1', port)) as connection:
    print('the server says:', connection.recv(100).decode().strip())
server.kill()
server.wait(Procstream.NO_TIMEOUT, None)

# [fail]
broken = launcher.spawnv(['sh', '-c', 'echo "no configuration" >&2; exit 1'])
try:
    broken.expect('listening', timeout=30)
except GLib.Error as error:
    assert error.matches(Procstream.child_error_quark(), Procstream.ChildError.NO_MATCH)
    print('it did not start:', error.message.splitlines()[-1].strip())
# [/fail]

# [several]
worker = launcher.create(['sh', '-c', 'echo "W: low memory"; echo "E: no disk"; echo up'])
waiter = Procstream.LineWaiter()
waiter.add_pattern('up', Procstream.MatchFlags.WHOLE_LINE)
waiter.add_pattern('E: ', Procstream.MatchFlags.PREFIX)
worker.attach_waiter(waiter)
worker.start()
match = waiter.wait_match(timeout=30)
print(('it is up', 'it failed')[match.pattern], '-', match.text)
# [/several]
