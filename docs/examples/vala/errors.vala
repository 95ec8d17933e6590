// SPDX-License-Identifier: LGPL-2.1-or-later
// What can go wrong, and how to tell.

using Procstream;

void run () throws Error {
    // [not-found]
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
    try {
        launcher.spawnv ({ "/nowhere/program" });
    } catch (SpawnError.NOENT error) {
        print ("no such program: /nowhere/program\n");
    }
    // [/not-found]

    // [unset]
    try {
        new Launcher (Delivery.UNSET, Replay.UNSET).spawnv ({ "true" });
    } catch (ChildError.UNSET_POLICY error) {
        print ("not chosen: %s\n", "delivery" in error.message ? "delivery" : error.message);
    }
    // [/unset]

    // [timeout]
    var child = launcher.spawnv ({ "sleep", "1000" });
    try {
        child.wait (10, null);
    } catch (IOError.TIMED_OUT error) {
        // The child is as it was: what becomes of it is for the program to say.
        print ("still running after 10 ms\n");
        child.kill ();
        child.wait (NO_TIMEOUT, null);
    }
    print ("ended by signal %d\n", child.term_signal);
    // [/timeout]
}

int main () {
    try {
        run ();
        return 0;
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
}
