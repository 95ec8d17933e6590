// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers a program that asks only at a terminal.

using Procstream;

const string ASK = "test -t 0 || exit 1; stty size; printf 'name? '; read -r name; echo \"hello $name\"";

int main () {
    // [terminal]
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
    launcher.pty = true;
    launcher.pty_columns = 100;
    launcher.stdin_mode = StdinMode.PTY;
    launcher.set_variable ("TERM", "dumb");
    // [/terminal]

    try {
        var child = launcher.create ({ "sh", "-c", ASK });
        var collector = new Collector (Collect.LINES, Keep.FIRST);
        child.stdout.attach (collector);
        child.start ();
        child.stdin.write_async.begin (new Bytes ("world\n".data), null);
        child.stdin.close ();
        collector.wait (NO_TIMEOUT, null);
        print ("%s\n", string.joinv ("\n", collector.dup_lines ()));
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
