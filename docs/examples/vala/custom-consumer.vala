// SPDX-License-Identifier: LGPL-2.1-or-later
// A consumer class of one's own.

using Procstream;

// [class]
// Counts lines and bytes. Its methods run in the main context of the thread that made it.
class Statistics : Consumer {
    private int n_lines = 0;
    private size_t n_bytes = 0;

    public override bool chunk (Bytes chunk) {
        n_bytes += chunk.length;
        return false;
    }

    public override bool lines (string[] lines) {
        n_lines += lines.length;
        return false;
    }

    public override void ended (Error? error) {
        print ("ended: %d lines, %d bytes\n", n_lines, (int) n_bytes);
    }
}
// [/class]

int main () {
    try {
        // [attach]
        var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
        var child = launcher.create ({ "printf", "one\\ntwo\\nthree\\n" });
        var statistics = new Statistics ();
        child.stdout.attach (statistics);
        child.start ();
        statistics.wait (NO_TIMEOUT, null);
        // [/attach]
        return 0;
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
}
