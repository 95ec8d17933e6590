// SPDX-License-Identifier: LGPL-2.1-or-later
// Two consumers that do not keep up: a view that is paused for a while, and a
// reader that nobody asks, which may not hold up the child for ever.

using Procstream;

void run () throws Error {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) { max_buffered_chunks = 1 };
    var child = launcher.create ({ "seq", "1", "5" });
    var output = child.stdout;

    // [slow]
    var view = new Collector (Collect.LINES, Keep.FIRST);
    view.pause ();
    output.attach (view);

    var forgotten = new Reader () { max_stall_ms = 100 };
    output.attach (forgotten);

    child.start ();
    try {
        forgotten.wait (NO_TIMEOUT, null);
    } catch (ChildError.STALLED error) {
        print ("dropped: %s\n", output.consumers_dropped.to_string ());
    }

    print ("paused: %s bytes behind\n", view.lag_bytes.to_string ());
    view.resume ();
    view.wait (NO_TIMEOUT, null);
    print ("resumed: %s\n", string.joinv (" ", view.dup_lines ()));
    // [/slow]
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
