// SPDX-License-Identifier: LGPL-2.1-or-later
// Children that belong to something, and a pool of them.

using Procstream;

void close_all () throws Error {
    // [close]
    var scope = new Scope ();
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE) { scope = scope };
    var first = launcher.spawnv ({ "sleep", "1000" });
    var second = launcher.spawnv ({ "sleep", "1000" });
    scope.close (NO_TIMEOUT, null);
    print ("ended by signals %d and %d\n", first.term_signal, second.term_signal);
    // [/close]
}

void run_pool () throws Error {
    // [pool]
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
    var scope = new Scope () { max_running = 2, on_failure = OnFailure.STOP_STARTING };
    foreach (var name in new string[] { "one", "two", "three" })
        scope.enqueue (launcher.create ({ "echo", name }));
    foreach (var result in scope.complete_all (null, null)) {
        result.check ();
        print ("%s", result.stdout.text);
    }
    // [/pool]
}

int main () {
    try {
        close_all ();
        run_pool ();
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
