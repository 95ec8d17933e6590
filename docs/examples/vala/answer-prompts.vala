// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers what a child asks, and looks once more at what it said.

using Procstream;

const string ASK = "printf 'name? '; read -r name; echo \"hello $name\"; printf 'sure? '; read -r sure";

// [answer]
void answer (Child child, string prompt, string text) throws Error {
    var asked = child.expect (prompt, MatchFlags.PARTIAL, 30000, null);

    print ("it asks: %s\n", asked.text.strip ());
    child.stdin.write_async.begin (new Bytes (@"$text\n".data), null);
}

void talk (Child child) throws Error {
    answer (child, "name? ", "world");
    print ("it says: %s\n", child.expect ("hello \\w+", MatchFlags.REGEX, 30000, null).groups[0]);
    answer (child, "sure? ", "yes");
    // What replay kept is searched first, so this is found again.
    print ("it said: %s\n", child.expect ("hello \\w+", MatchFlags.REGEX, 0, null).groups[0]);
}
// [/answer]

int main () {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.ALL) { stdin_mode = StdinMode.PIPE };

    try {
        var child = launcher.spawnv ({ "sh", "-c", ASK });

        talk (child);
        child.wait (NO_TIMEOUT, null);
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
