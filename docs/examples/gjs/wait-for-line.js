// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts a server, waits until it says that it is ready, and stops it.

import Procstream from 'gi://Procstream?version=1.0';

const SERVER = 'echo starting; echo "ready on port 8080"; exec sleep 1000';
const SIGTERM = 15;

// [wait]
async function waitForLine(reader, prefix) {
    // Leaving the loop cancels the reader: a reliable one that nobody reads would stop the server in the end.
    for await (const line of reader) {
        print(`server: ${line}`);
        if (line.startsWith(prefix))
            return;
    }
    throw new Error('the server ended before it was ready');
}

const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const child = launcher.create(['sh', '-c', SERVER]);
const reader = new Procstream.Reader();
child.stdout.attach(reader);
child.start();

await waitForLine(reader, 'ready');
// [/wait]

print('ready, stopping it');
child.send_signal(SIGTERM);
await child.wait_async(null);
print(`ended by signal ${child.term_signal}`);
