// SPDX-License-Identifier: LGPL-2.1-or-later
// A child that says nothing for too long: a warning first, and then its end.

import Procstream from 'gi://Procstream?version=1.0';

// [warn]
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
launcher.idle_timeout_ms = 500;
const child = launcher.create(['sh', '-c', 'echo begun; sleep 1000']);
child.connect('idle', (_child, _silentMs) => {
    print(`${child.name} has been silent for half a second`);
    child.terminate_async(null, null, null);
});
child.start();
// [/warn]
await new Promise(resolve => child.connect('completed', resolve));
print(`ended by signal ${child.term_signal}`);

// [end]
launcher.idle_timeout_ms = Procstream.NO_TIMEOUT;
const hung = launcher.spawnv(['sh', '-c', 'echo begun; sleep 1000']);
const options = new Procstream.CompleteOptions({idle_timeout_ms: 500, end_on: Procstream.EndOn.IDLE});
const result = hung.complete(options, null);
if (result.cause === Procstream.Cause.IDLE)
    print(`it was idle, and had written: ${result.stdout.text.trim()}`);
// [/end]
