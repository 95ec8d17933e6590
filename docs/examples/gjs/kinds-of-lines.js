// SPDX-License-Identifier: LGPL-2.1-or-later
// What a line can be: other separators, escape sequences, other encodings.

import Procstream from 'gi://Procstream?version=1.0';

const policy = {delivery: Procstream.Delivery.RELIABLE, replay: Procstream.Replay.NONE};

// [read]
async function printLines(script, options) {
    const config = new Procstream.OutputConfig({...policy, ...options});
    const launcher = new Procstream.Launcher({...policy, stdout_config: config});
    const child = launcher.create(['sh', '-c', script]);
    const reader = new Procstream.Reader();
    child.stdout.attach(reader);
    child.start();
    for (let line; (line = await reader.next_line_async(null)); )
        print(`${line.number} ${line.text} ${line.terminated ? '' : '(unfinished)'}`);
}

// Progress that is drawn over one line: each step is a line.
await printLines("printf '10%%\\r50%%\\r100%%\\n'", {line_separator: Procstream.LineSeparator.ANY});
// As find -print0 writes.
await printLines("printf 'one\\0two'", {line_separator: Procstream.LineSeparator.NUL});
await printLines("printf '\\033[31mred\\033[0m\\n'", {strip_escapes: true});
await printLines("printf 'h\\0i\\0\\n\\0'", {encoding: 'UTF-16LE'});
// [/read]
