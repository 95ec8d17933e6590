// SPDX-License-Identifier: LGPL-2.1-or-later
// What a line can be: other separators, escape sequences, other encodings.

using Procstream;

// [read]
void print_lines (string script, OutputConfig config) throws Error {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE) { stdout_config = config };
    var child = launcher.create ({ "sh", "-c", script });
    var reader = new Reader ();
    child.stdout.attach (reader);
    child.start ();
    for (var line = reader.next_line (NO_TIMEOUT); line != null; line = reader.next_line (NO_TIMEOUT))
        print ("%d %s %s\n", (int) line.number, line.text, line.terminated ? "" : "(unfinished)");
}

void read_all () throws Error {
    // Progress that is drawn over one line: each step is a line.
    print_lines ("printf '10%%\\r50%%\\r100%%\\n'",
                 new OutputConfig (Delivery.RELIABLE, Replay.NONE) { line_separator = LineSeparator.ANY });
    // As find -print0 writes.
    print_lines ("printf 'one\\0two'",
                 new OutputConfig (Delivery.RELIABLE, Replay.NONE) { line_separator = LineSeparator.NUL });
    print_lines ("printf '\\033[31mred\\033[0m\\n'",
                 new OutputConfig (Delivery.RELIABLE, Replay.NONE) { strip_escapes = true });
    print_lines ("printf 'h\\0i\\0\\n\\0'",
                 new OutputConfig (Delivery.RELIABLE, Replay.NONE) { encoding = "UTF-16LE" });
}
// [/read]

int main () {
    try {
        read_all ();
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
