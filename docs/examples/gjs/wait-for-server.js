// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts a server, waits until it says at which port it is, and talks to it; then one that fails.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Procstream from 'gi://Procstream?version=1.0';

Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');
Gio._promisify(Gio.SocketClient.prototype, 'connect_to_host_async', 'connect_to_host_finish');

const SERVER = `
import socket
server = socket.create_server(('127.0.0.1', 0))
print('listening on port', server.getsockname()[1], flush=True)
client, _address = server.accept()
client.sendall(b'hello\\n')
client.close()
server.accept()
`;
const {MatchFlags} = Procstream;

// [start]
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const server = launcher.spawnv(['python3', '-c', SERVER]);
const ready = await server.expect_async(/listening on port (\d+)/, MatchFlags.NONE, 30000);
const port = Number(ready.groups[1]);
// [/start]

const connection = await new Gio.SocketClient().connect_to_host_async('127.0.0.1', port, null);
const stream = new Gio.DataInputStream({base_stream: connection.input_stream});
const [greeting] = await stream.read_line_async(GLib.PRIORITY_DEFAULT, null);
print(`the server says: ${greeting}`);
server.kill();
server.wait(Procstream.NO_TIMEOUT, null);

// [fail]
const broken = launcher.spawnv(['sh', '-c', 'echo "no configuration" >&2; exit 1']);
try {
    await broken.expect_async('listening', MatchFlags.NONE, 30000);
} catch (error) {
    if (!error.matches(Procstream.ChildError, Procstream.ChildError.NO_MATCH))
        throw error;
    print(`it did not start: ${error.message.split('\n').pop().trim()}`);
}
// [/fail]

// [several]
const worker = launcher.create(['sh', '-c', 'echo "W: low memory"; echo "E: no disk"; echo up']);
const waiter = new Procstream.LineWaiter({timeout_ms: 30000});
waiter.add_pattern('up', MatchFlags.WHOLE_LINE);
waiter.add_pattern('E: ', MatchFlags.PREFIX);
worker.attach_waiter(waiter);
worker.start();
const match = await waiter.wait_match_async(null);
print(`${['it is up', 'it failed'][match.pattern]} - ${match.text}`);
// [/several]
