// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers a prompt, and reads what comes in as many ways as it needs.

using Procstream;

const string SCRIPT = "printf 'name> '; read name; printf 'hello %s\\n4\\nabcdmo' $name; read x; echo re";

string decode (Bytes bytes) {
    return ((string) bytes.get_data ()).substring (0, (long) bytes.get_size ());
}

// [talk]
async void talk () throws Error {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE) { stdin_mode = StdinMode.PIPE };
    var child = launcher.create ({ "sh", "-c", SCRIPT });
    var reader = new Reader ();
    child.stdout.attach (reader);
    child.start ();

    // A prompt is no line: nothing ends it.
    var prompt = yield reader.read_until_async (new Bytes ("> ".data), 100);
    print ("prompt: %s\n", decode (prompt));
    yield child.stdin.write_async (new Bytes ("you\n".data), null);
    print ("%s\n", yield reader.read_line_async ());
    // A number of bytes, after the line that says how many.
    var size = int.parse (yield reader.read_line_async ());
    print ("%d bytes: %s\n", size, decode (yield reader.read_exactly_async (size)));
    // A read that times out, or is cancelled, loses nothing of what it had.
    try {
        reader.read_line (10);
    } catch (IOError.TIMED_OUT error) {
        print ("not yet\n");
    }
    child.stdin.close ();
    print ("%s\n", yield reader.read_line_async ());
}
// [/talk]

int main () {
    var loop = new MainLoop ();
    int status = 0;

    talk.begin ((source, result) => {
        try {
            talk.end (result);
        } catch (Error error) {
            printerr ("%s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
