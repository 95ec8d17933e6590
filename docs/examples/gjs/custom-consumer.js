// SPDX-License-Identifier: LGPL-2.1-or-later
// A consumer class of one's own.

import GObject from 'gi://GObject';
import Procstream from 'gi://Procstream?version=1.0';

// [class]
/* Counts lines and bytes. Its functions run in the main context of the thread that made it. */
const Statistics = GObject.registerClass(
class Statistics extends Procstream.Consumer {
    nLines = 0;
    nBytes = 0;

    vfunc_chunk(chunk) {
        this.nBytes += chunk.get_size();
    }

    vfunc_lines(lines) {
        this.nLines += lines.length;
    }

    vfunc_ended(_error) {
        print(`ended: ${this.nLines} lines, ${this.nBytes} bytes`);
    }
});
// [/class]

// [attach]
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const child = launcher.create(['printf', 'one\\ntwo\\nthree\\n']);
const statistics = new Statistics();
child.stdout.attach(statistics);
child.start();
await statistics.wait_async(null);
// [/attach]
