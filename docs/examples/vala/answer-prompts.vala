// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers what a child asks, twice with the same prompt, and looks once more at what it said.

using Procstream;

const string ASK = "for i in 1 2; do printf 'word? '; read -r word; echo \"you said $word\"; done";

// [answer]
string answer (Child child, string text) throws Error {
    child.expect ("word? ", MatchFlags.PARTIAL | MatchFlags.NEXT, 30000, null);
    child.stdin.write_utf8 (@"$text\n");
    return child.expect ("you said (\\w+)", MatchFlags.REGEX | MatchFlags.NEXT, 30000, null).groups[1];
}

void talk (Child child) throws Error {
    print ("it says: %s\n", answer (child, "hello"));
    print ("it says: %s\n", answer (child, "world"));
    // Without NEXT everything that replay kept is searched, from its beginning.
    print ("it said first: %s\n", child.expect ("you said (\\w+)", MatchFlags.REGEX, 0, null).groups[1]);
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
