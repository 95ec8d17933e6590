// SPDX-License-Identifier: LGPL-2.1-or-later
// Both outputs of a child in the order in which it writes, told apart.

using Procstream;

void run () throws Error {
    // [both]
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE) { merged_view = true, exact_order = true };
    var child = launcher.create ({ "sh", "-c", "echo one; echo two >&2; echo three; echo four >&2" });

    child.merged.chunk_info.connect ((info) => {
        unowned var data = info.bytes.get_data ();
        print ("%s: %s\n", info.stream, ((string) data).substring (0, data.length).chomp ());
    });
    // [/both]

    var loop = new MainLoop ();
    child.completed.connect ((result) => loop.quit ());
    child.start ();
    loop.run ();
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
