// SPDX-License-Identifier: LGPL-2.1-or-later
// How children end, and what is known then.

using Procstream;

void run () throws Error {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);

    // [terminate]
    var child = launcher.spawnv ({ "sleep", "1000" });
    var shutdown = new Shutdown ();
    shutdown.add_close_stdin (2000);
    shutdown.add_signal (ProcessSignal.TERM, SignalTarget.GROUP, 5000);
    child.terminate (shutdown, NO_TIMEOUT, null);
    print ("ended by signal %d\n", child.term_signal);
    // [/terminate]

    // [run]
    try {
        Procstream.run ({ "grep", "root", "/nowhere/file" }, null);
    } catch (ChildError.UNSUCCESSFUL error) {
        print ("exit status %d\n", ChildError.get_result (error).exit_code);
    }
    // [/run]

    // [complete]
    var slow = launcher.spawnv ({ "sh", "-c", "echo begun; sleep 1000" });
    var options = new CompleteOptions () { timeout_ms = 1000, end_on = EndOn.TIMEOUT };
    var result = slow.complete (options, null);
    if (result.cause == Cause.TIMED_OUT)
        print ("it took too long, and had written: %s", result.stdout.text);
    // [/complete]
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
