// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes to a child and reads what it makes of it.

using Procstream;

// [write]
async void sort () throws Error {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE) { stdin_mode = StdinMode.PIPE };
    var child = launcher.create ({ "sort" });
    var collector = new Collector (Collect.LINES, Keep.FIRST);
    child.stdout.attach (collector);
    child.start ();

    try {
        yield child.stdin.write_async (new Bytes ("pear\napple\nbanana\n".data), null);
    } catch (IOError.BROKEN_PIPE error) {
        // The child may have gone without reading; this program has not.
        print ("not everything was read: %s\n", error.message);
    }
    child.stdin.close ();
    yield collector.wait_async ();
    print ("%s\n", string.joinv ("\n", collector.dup_lines ()));
}
// [/write]

int main () {
    var loop = new MainLoop ();
    int status = 0;

    sort.begin ((source, result) => {
        try {
            sort.end (result);
        } catch (Error error) {
            printerr ("%s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
