// SPDX-License-Identifier: LGPL-2.1-or-later
// A child that says nothing for too long: a warning first, and then its end.

using Procstream;

void run () throws Error {
    // [warn]
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE) { idle_timeout_ms = 500 };
    var child = launcher.create ({ "sh", "-c", "echo begun; sleep 1000" });
    child.idle.connect ((source, silent_ms) => {
        print ("%s has been silent for half a second\n", source.name);
        source.terminate_async.begin (null, null);
    });
    child.start ();
    // [/warn]

    var loop = new MainLoop ();
    child.completed.connect ((result) => loop.quit ());
    loop.run ();
    print ("ended by signal %d\n", child.term_signal);

    // [end]
    launcher.idle_timeout_ms = NO_TIMEOUT;
    var hung = launcher.spawnv ({ "sh", "-c", "echo begun; sleep 1000" });
    var options = new CompleteOptions () { idle_timeout_ms = 500, end_on = EndOn.IDLE };
    var result = hung.complete (options, null);
    if (result.cause == Cause.IDLE)
        print ("it was idle, and had written: %s", result.stdout.text);
    // [/end]
}

int main () {
    try {
        run ();
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
