// SPDX-License-Identifier: LGPL-2.1-or-later
// One output, three subscribers: a live view that may lose lines, a log of the
// last lines that may not, and one that comes when everything is over.

using Procstream;

void run () throws Error {
    // [subscribers]
    var launcher = new Launcher (Delivery.LOSSY, Replay.LAST_BYTES) { replay_limit = 4096 };
    var child = launcher.create ({ "seq", "1", "5" });
    var output = child.stdout;

    output.line.connect ((line) => print ("live: %s\n", line));
    output.gap.connect ((chunks, bytes) => print ("live: %s bytes were too fast\n", bytes.to_string ()));

    var tail = new Collector (Collect.LINES, Keep.LAST) { max_lines = 2, delivery = Delivery.RELIABLE };
    output.attach (tail);

    var loop = new MainLoop ();
    child.completed.connect ((result) => loop.quit ());
    child.start ();
    loop.run ();
    print ("tail: %s\n", string.joinv (" ", tail.dup_lines ()));
    // [/subscribers]

    // [late]
    var late = new Collector (Collect.LINES, Keep.FIRST);
    output.attach (late);
    late.wait (NO_TIMEOUT, null);
    print ("late: %s\n", string.joinv (" ", late.dup_lines ()));
    // [/late]
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
