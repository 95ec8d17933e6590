// SPDX-License-Identifier: LGPL-2.1-or-later
// The last lines of both outputs of a child, as a list.

import GLib from 'gi://GLib';
import Procstream from 'gi://Procstream?version=1.0';

// [model]
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const child = launcher.create(['sh', '-c', 'for i in 1 2 3 4 5 6; do echo line $i; done']);

const model = new Procstream.LogModel({max_lines: 4});
model.follow(child.stdout);
model.follow(child.stderr);
child.start();
// [/model]

await new Promise(resolve => child.connect('completed', resolve));
while (model.n_items + model.lines_dropped < 6)
    GLib.MainContext.default().iteration(true);

// [use]
for (const line of model)
    print(`${line.stream}: ${line.text}`);
print(`${model.lines_dropped} older lines are gone`);
const last = model.find('line', Procstream.FindFlags.BACKWARD, model.n_items);
print(`the last match is number ${model.get_item(last).number} of its output`);
// [/use]
