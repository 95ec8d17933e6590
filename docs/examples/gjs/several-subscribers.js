// SPDX-License-Identifier: LGPL-2.1-or-later
// One output, three subscribers: a live view that may lose lines, a log of the
// last lines that may not, and one that comes when everything is over.

import Procstream from 'gi://Procstream?version=1.0';

const {Collect, Delivery, Keep, Replay} = Procstream;

// [subscribers]
const launcher = new Procstream.Launcher({
    delivery: Delivery.LOSSY, replay: Replay.LAST_BYTES, replay_limit: 4096,
});
const child = launcher.create(['seq', '1', '5']);
const output = child.stdout;

output.connect('line', (_output, line) => print(`live: ${line}`));
output.connect('gap', (_output, _chunks, size) => print(`live: ${size} bytes were too fast`));

const tail = new Procstream.Collector({
    collect: Collect.LINES, keep: Keep.LAST, max_lines: 2, delivery: Delivery.RELIABLE,
});
output.attach(tail);

const completed = new Promise(resolve => child.connect('completed', resolve));
child.start();
await completed;
print('tail:', ...tail.dup_lines());
// [/subscribers]

// [late]
const late = Procstream.Collector.new(Collect.LINES, Keep.FIRST);
output.attach(late);
await late.wait_async(null);
print('late:', ...late.dup_lines());
// [/late]
