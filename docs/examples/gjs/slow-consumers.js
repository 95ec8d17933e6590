// SPDX-License-Identifier: LGPL-2.1-or-later
// Two consumers that do not keep up: a view that is paused for a while, and a
// reader that nobody asks, which may not hold up the child for ever.

import Procstream from 'gi://Procstream?version=1.0';

const {ChildError, Collect, Delivery, Keep, Replay} = Procstream;

const launcher = Procstream.Launcher.new(Delivery.RELIABLE, Replay.NONE);
launcher.stdout_config = new Procstream.OutputConfig({max_buffered_chunks: 1});
const child = launcher.create(['seq', '1', '5']);
const output = child.stdout;

// [slow]
const view = Procstream.Collector.new(Collect.LINES, Keep.FIRST);
view.pause();
output.attach(view);

const forgotten = new Procstream.Reader({max_stall_ms: 100});
output.attach(forgotten);

child.start();
try {
    await forgotten.wait_async(null);
} catch (error) {
    if (error.matches(ChildError, ChildError.STALLED))
        print('dropped:', output.consumers_dropped);
}

print('paused:', view.lag_bytes, 'bytes behind');
view.resume();
await view.wait_async(null);
print('resumed:', ...view.dup_lines());
// [/slow]
