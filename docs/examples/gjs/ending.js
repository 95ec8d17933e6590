// SPDX-License-Identifier: LGPL-2.1-or-later
// How children end, and what is known then.

import Procstream from 'gi://Procstream?version=1.0';

const SIGTERM = 15;
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);

// [terminate]
const child = launcher.spawnv(['sleep', '1000']);
const shutdown = new Procstream.Shutdown();
shutdown.add_close_stdin(2000);
shutdown.add_signal(SIGTERM, Procstream.SignalTarget.GROUP, 5000);
child.terminate(shutdown, Procstream.NO_TIMEOUT, null);
print(`ended by signal ${child.term_signal}`);
// [/terminate]

// [run]
try {
    Procstream.run(['grep', 'root', '/nowhere/file'], null);
} catch (error) {
    if (!error.matches(Procstream.ChildError, Procstream.ChildError.UNSUCCESSFUL))
        throw error;
    print(`exit status ${error.result.exit_code}`);
}
// [/run]

// [complete]
const slow = launcher.spawnv(['sh', '-c', 'echo begun; sleep 1000']);
const options = new Procstream.CompleteOptions({timeout_ms: 1000, end_on: Procstream.EndOn.TIMEOUT});
const result = slow.complete(options, null);
if (result.cause === Procstream.Cause.TIMED_OUT)
    print(`it took too long, and had written: ${result.stdout.text.trim()}`);
// [/complete]
