// SPDX-License-Identifier: LGPL-2.1-or-later
// A consumer class whose methods take their time.

using Procstream;

// [class]
// Writes the output to a stream. The next chunk comes when the last one is written.
class Copy : Consumer {
    private OutputStream stream;

    public Copy (OutputStream stream) {
        this.stream = stream;
    }

    public override bool chunk (Bytes chunk) {
        hold ();
        write.begin (chunk);
        return false;
    }

    private async void write (Bytes chunk) {
        try {
            yield stream.write_all_async (chunk.get_data (), Priority.DEFAULT, null, null);
        } catch (Error error) {
            warning ("%s", error.message);
        }
        release ();
    }

    public override void ended (Error? error) {
        hold ();
        stream.close_async.begin (Priority.DEFAULT, null, () => release ());
    }
}
// [/class]

int main () {
    try {
        var stream = new MemoryOutputStream.resizable ();
        var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
        var child = launcher.create ({ "printf", "one\\ntwo\\nthree\\n" });
        var copy = new Copy (stream);
        child.stdout.attach (copy);
        child.start ();
        copy.wait (NO_TIMEOUT, null);
        print ("copied %d bytes\n", (int) stream.get_data_size ());
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
