// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers a program that asks only at a terminal.

import Procstream from 'gi://Procstream?version=1.0';

const ASK = 'test -t 0 || exit 1; stty size; printf "name? "; read -r name; echo "hello $name"';

// [terminal]
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
launcher.pty = true;
launcher.pty_columns = 100;
launcher.stdin_mode = Procstream.StdinMode.PTY;
launcher.set_variable('TERM', 'dumb');
// [/terminal]

const child = launcher.create(['sh', '-c', ASK]);
const collector = new Procstream.Collector({
    collect: Procstream.Collect.LINES,
    keep: Procstream.Keep.FIRST,
});
child.stdout.attach(collector);
child.start();
child.stdin.write_async(new TextEncoder().encode('world\n'), null, null);
child.stdin.close();
collector.wait(Procstream.NO_TIMEOUT, null);
print(collector.dup_lines().join('\n'));
