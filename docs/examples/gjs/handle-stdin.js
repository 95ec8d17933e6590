// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes to a child and reads what it makes of it.

import Procstream from 'gi://Procstream?version=1.0';

// [write]
const launcher = new Procstream.Launcher({
    delivery: Procstream.Delivery.RELIABLE,
    replay: Procstream.Replay.NONE,
    stdin_mode: Procstream.StdinMode.PIPE,
});
const child = launcher.create(['sort']);
const collector = Procstream.Collector.new(Procstream.Collect.LINES, Procstream.Keep.FIRST);
child.stdout.attach(collector);
child.start();

try {
    await child.stdin.write_async(new TextEncoder().encode('pear\napple\nbanana\n'), null);
} catch (error) {
    // The child may have gone without reading; this program has not.
    print(`not everything was read: ${error.message}`);
}
child.stdin.close();
await collector.wait_async(null);
print(collector.dup_lines().join('\n'));
// [/write]
