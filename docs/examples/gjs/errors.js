// SPDX-License-Identifier: LGPL-2.1-or-later
// What can go wrong, and how to tell.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Procstream from 'gi://Procstream?version=1.0';

// [not-found]
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
try {
    launcher.spawnv(['/nowhere/program']);
} catch (error) {
    if (!error.matches(GLib.SpawnError, GLib.SpawnError.NOENT))
        throw error;
    print('no such program: /nowhere/program');
}
// [/not-found]

// [unset]
try {
    new Procstream.Launcher().spawnv(['true']);
} catch (error) {
    if (!error.matches(Procstream.ChildError, Procstream.ChildError.UNSET_POLICY))
        throw error;
    print(`not chosen: ${error.message.includes('delivery') ? 'delivery' : error.message}`);
}
// [/unset]

// [timeout]
const child = launcher.spawnv(['sleep', '1000']);
try {
    child.wait(10, null);
} catch (error) {
    if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT))
        throw error;
    // The child is as it was: what becomes of it is for the program to say.
    print('still running after 10 ms');
    child.kill();
    child.wait(Procstream.NO_TIMEOUT, null);
}
print(`ended by signal ${child.term_signal}`);
// [/timeout]
