// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a command, prints its lines as they come and says how it ended.

import Procstream from 'gi://Procstream?version=1.0';

// [run]
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const child = launcher.spawnv(['sh', '-c', 'echo compiling; echo linking; exit 3']);

child.stdout.connect('line', (_output, line) => print(`line: ${line}`));
const result = await new Promise(resolve => child.connect('completed', (_child, r) => resolve(r)));
print(`exit code: ${result.exit_code}`);
// [/run]
