// SPDX-License-Identifier: LGPL-2.1-or-later
// Both outputs of a child in the order in which it writes, told apart.

import Procstream from 'gi://Procstream?version=1.0';

// [both]
const launcher = new Procstream.Launcher({
    delivery: Procstream.Delivery.RELIABLE, replay: Procstream.Replay.NONE,
    merged_view: true, exact_order: true,
});
const child = launcher.create(['sh', '-c', 'echo one; echo two >&2; echo three; echo four >&2']);

child.merged.connect('chunk-info', (_output, info) => {
    print(`${info.stream}: ${new TextDecoder().decode(info.bytes.toArray()).trimEnd()}`);
});
// [/both]

const completed = new Promise(resolve => child.connect('completed', resolve));
child.start();
await completed;
