// SPDX-License-Identifier: LGPL-2.1-or-later
// Gives children something to read: bytes, a stream, and what comes by and by.

using Procstream;

// [queue]
// Queues as much as there is room for, and goes on when there is more.
class Feeder {
    private Input input;
    private string word;
    private int left;

    public Feeder (Input input, string word, int times) {
        this.input = input;
        this.word = word;
        left = times;
        input.notify["bytes-queued"].connect (go_on);
        go_on ();
    }

    private void go_on () {
        try {
            while (left > 0) {
                input.write_utf8 (word);
                left--;
            }
            input.close ();
        } catch (IOError.WOULD_BLOCK error) {
            // The change of what is queued calls again.
        } catch (Error error) {
            print ("not everything was read: %s\n", error.message);
        }
    }
}
// [/queue]

int main () {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);

    try {
        launcher.stdin_bytes = new Bytes ("pear\napple\n".data);
        print ("%s\n", launcher.run ({ "sort" }, null).dup_stdout_text ().strip ().replace ("\n", " "));

        // It is decompressed on the way.
        uint8[] packed = { 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00 };
        var memory = new MemoryInputStream.from_data (packed);
        launcher.stdin_stream = new ConverterInputStream (memory, new ZlibDecompressor (ZlibCompressorFormat.RAW));
        print ("%s\n", launcher.run ({ "cat" }, null).dup_stdout_text ());

        launcher.stdin_mode = StdinMode.PIPE;
        var child = launcher.spawnv ({ "wc", "-c" });
        child.stdin.max_queued_bytes = 16;
        var feeder = new Feeder (child.stdin, "many words, ", 1000);
        print ("%s\n", child.complete (null).dup_stdout_text ().strip ());
        feeder = null;
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
