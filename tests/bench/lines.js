// SPDX-License-Identifier: LGPL-2.1-or-later
// Million lines per second that reach a JavaScript handler of `lines`.
//
// Usage: gjs -m lines.js PROCSTREAM-BENCH

import GLib from 'gi://GLib';
import System from 'system';
import Procstream from 'gi://Procstream?version=1.0';

const N_LINES = 5000000;

let count = 0;
const loop = new GLib.MainLoop(null, false);
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
launcher.set_stderr_config(Procstream.OutputConfig.new_inherit());
const child = launcher.create([System.programArgs[0], '--child', 'lines', `${80 * N_LINES}`]);
const output = child.get_stdout();
output.connect('lines', (_output, lines) => {
    count += lines.length;
});
output.connect('ended', () => loop.quit());
const begin = GLib.get_monotonic_time();
child.start();
loop.run();
const elapsed = (GLib.get_monotonic_time() - begin) / 1e6;
if (count !== N_LINES) {
    printerr(`${count} lines arrived instead of ${N_LINES}`);
    System.exit(1);
}
print(count / elapsed / 1e6);
