// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a program that must not get much: few files, small ones, little of the environment, and after everybody else.

using Procstream;

int main () {
    // [limits]
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
    launcher.set_limit (Limit.OPEN_FILES, 32, 32);
    launcher.set_limit (Limit.FILE_SIZE, 1024 * 1024, 1024 * 1024);
    launcher.nice = 10;
    launcher.oom_score_adjust = 500;
    launcher.umask = 077;
    launcher.clear_environment ();
    launcher.set_variable ("MODE", "careful");
    // [/limits]

    try {
        var child = launcher.create ({ "sh", "-c", "ulimit -n; umask; echo \"$MODE\"" });
        var collector = new Collector (Collect.LINES, Keep.FIRST);
        child.stdout.attach (collector);
        child.start ();
        collector.wait (NO_TIMEOUT, null);
        print ("%s\n", string.joinv (" ", collector.dup_lines ()));
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
