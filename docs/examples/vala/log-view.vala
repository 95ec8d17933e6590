// SPDX-License-Identifier: LGPL-2.1-or-later
// The last lines of both outputs of a child, as a list.

using Procstream;

int main () {
    try {
        // [model]
        var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
        var child = launcher.create ({ "sh", "-c", "for i in 1 2 3 4 5 6; do echo line $i; done" });

        var model = new LogModel () { max_lines = 4 };
        model.follow (child.stdout);
        model.follow (child.stderr);
        child.start ();
        // [/model]

        while (model.get_n_items () + model.lines_dropped < 6)
            MainContext.default ().iteration (true);

        // [use]
        for (uint i = 0; i < model.get_n_items (); i++) {
            var line = (Line) model.get_item (i);
            print ("%s: %s\n", line.stream, line.text);
        }
        print ("%d older lines are gone\n", (int) model.lines_dropped);
        var last = model.find ("line", FindFlags.BACKWARD, model.get_n_items ());
        var line = (Line) model.get_item ((uint) last);
        print ("the last match is number %d of its output\n", (int) line.number);
        // [/use]
        child.wait (NO_TIMEOUT, null);
        return 0;
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
}
