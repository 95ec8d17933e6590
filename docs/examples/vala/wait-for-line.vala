// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts a server, waits until it says that it is ready, and stops it.

using Procstream;

const string SERVER = "echo starting; echo 'ready on port 8080'; exec sleep 1000";

// [wait]
async void wait_for_line (Reader reader, string prefix) throws Error {
    string? line;

    while ((line = yield reader.read_line_async (null)) != null) {
        print ("server: %s\n", line);
        if (line.has_prefix (prefix))
            return;
    }
    throw new IOError.FAILED ("The server ended before it was ready");
}

async void run () throws Error {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
    var child = launcher.create ({ "sh", "-c", SERVER });
    var reader = new Reader ();
    child.stdout.attach (reader);
    child.start ();

    yield wait_for_line (reader, "ready");
    // A reliable reader that nobody reads would stop the server in the end.
    reader.cancel ();
    // [/wait]

    print ("ready, stopping it\n");
    child.send_signal (ProcessSignal.TERM);
    yield child.wait_async ();
    print ("ended by signal %d\n", child.term_signal);
}

int main () {
    var loop = new MainLoop ();
    int status = 0;

    run.begin ((source, result) => {
        try {
            run.end (result);
        } catch (Error error) {
            printerr ("%s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
