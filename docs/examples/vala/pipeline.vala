// SPDX-License-Identifier: LGPL-2.1-or-later
// Joins children, looks at what goes through, and asks who is to blame.

using Procstream;

int main () {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);

    try {
        // [pipeline]
        var pipeline = new Pipeline ();
        pipeline.append (launcher, { "printf", "pear\\napple\\nbanana\\n" });
        pipeline.append (launcher, { "sort" });
        pipeline.append (launcher, { "head", "-n", "1" });
        pipeline.start ();
        var result = pipeline.complete (null, null);
        result.check ();
        print ("smallest: %s\n", result.dup_stdout_text ().strip ());
        // [/pipeline]

        var observed = new Pipeline ();
        var numbers = observed.append (launcher, { "seq", "1", "3" });
        observed.append (launcher, { "wc", "-l" });
        observed.set_observed (0, true);
        var collector = new Collector (Collect.LINES, Keep.FIRST);
        numbers.stdout.attach (collector);
        observed.start ();
        print ("counted: %s\n", observed.complete (null, null).dup_stdout_text ().strip ());
        collector.wait (NO_TIMEOUT, null);
        print ("on the way: %s\n", string.joinv (" ", collector.dup_lines ()));

        var failing = new Pipeline ();
        failing.append (launcher, { "cat", "/nowhere" });
        failing.append (launcher, { "sort" });
        failing.start ();
        result = failing.complete (null, null);
        var blamed = result.get_stage (result.blamed);
        print ("to blame: %s with status %d\n", blamed.name, blamed.exit_code);
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
