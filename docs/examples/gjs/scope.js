// SPDX-License-Identifier: LGPL-2.1-or-later
// Children that belong to something, and a pool of them.

import Procstream from 'gi://Procstream?version=1.0';

const {Delivery, OnFailure, Replay} = Procstream;

// [close]
let launcher = Procstream.Launcher.new(Delivery.RELIABLE, Replay.NONE);
let scope = new Procstream.Scope();
let first, second;
try {
    launcher.scope = scope;
    first = launcher.spawnv(['sleep', '1000']);
    second = launcher.spawnv(['sleep', '1000']);
} finally {
    scope.close(Procstream.NO_TIMEOUT, null);
}
print(`ended by signals ${first.term_signal} and ${second.term_signal}`);
// [/close]

// [pool]
launcher = Procstream.Launcher.new(Delivery.RELIABLE, Replay.NONE);
scope = new Procstream.Scope({max_running: 2, on_failure: OnFailure.STOP_STARTING});
for (const name of ['one', 'two', 'three'])
    scope.enqueue(launcher.create(['echo', name]));
for (const result of scope.complete_all(null, null)) {
    result.check();
    print(result.stdout.text.trim());
}
// [/pool]
