// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts a server, waits until it says that it is ready, and stops it.

import Gio from 'gi://Gio';
import Procstream from 'gi://Procstream?version=1.0';

// [promisify]
Gio._promisify(Procstream.Child.prototype, 'wait_async', 'wait_finish');
Gio._promisify(Procstream.Reader.prototype, 'read_line_async', 'read_line_finish');
// [/promisify]

const SERVER = 'echo starting; echo "ready on port 8080"; exec sleep 1000';
const SIGTERM = 15;

// [wait]
async function waitForLine(reader, prefix) {
    for (;;) {
        // eslint-disable-next-line no-await-in-loop
        const line = await reader.read_line_async(null);
        if (line === null)
            throw new Error('the server ended before it was ready');
        print(`server: ${line}`);
        if (line.startsWith(prefix))
            return;
    }
}

const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const child = launcher.create(['sh', '-c', SERVER]);
const reader = new Procstream.Reader();
child.stdout.attach(reader);
child.start();

await waitForLine(reader, 'ready');
// A reliable reader that nobody reads would stop the server in the end.
reader.cancel();
// [/wait]

print('ready, stopping it');
child.send_signal(SIGTERM);
await child.wait_async(null);
print(`ended by signal ${child.term_signal}`);
