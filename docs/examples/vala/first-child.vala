// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a command, prints its lines as they come and says how it ended.

using Procstream;

int main () {
    // [run]
    var loop = new MainLoop ();
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);

    try {
        var child = launcher.spawnv ({ "sh", "-c", "echo compiling; echo linking; exit 3" });

        child.stdout.line.connect ((line) => print ("line: %s\n", line));
        child.completed.connect ((result) => {
            print ("exit code: %d\n", result.exit_code);
            loop.quit ();
        });
        loop.run ();
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    // [/run]
    return 0;
}
