// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a program that must not get much: few files, small ones, little of the environment, and after everybody else.

import Procstream from 'gi://Procstream?version=1.0';

// [limits]
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
launcher.set_limit(Procstream.Limit.OPEN_FILES, 32, 32);
launcher.set_limit(Procstream.Limit.FILE_SIZE, 1024 * 1024, 1024 * 1024);
launcher.nice = 10;
launcher.oom_score_adjust = 500;
launcher.umask = 0o77;
launcher.clear_environment();
launcher.set_variable('MODE', 'careful');
// [/limits]

const child = launcher.create(['sh', '-c', 'ulimit -n; umask; echo "$MODE"']);
const collector = new Procstream.Collector({
    collect: Procstream.Collect.LINES,
    keep: Procstream.Keep.FIRST,
});
child.stdout.attach(collector);
child.start();
collector.wait(Procstream.NO_TIMEOUT, null);
print(collector.dup_lines().join(' '));
