// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts a server, waits until it says at which port it is, and talks to it; then one that fails.

using Procstream;

const string SERVER = """
import socket
server = socket.create_server(('127.0.0.1', 0))
print('listening on port', server.getsockname()[1], flush=True)
client, _address = server.accept()
client.sendall(b'hello\n')
client.close()
server.accept()
""";

void start_and_talk (Launcher launcher) throws Error {
    // [start]
    var server = launcher.spawnv ({ "python3", "-c", SERVER });
    var ready = server.expect ("listening on port (\\d+)", MatchFlags.REGEX, 30000, null);
    var port = (uint16) int.parse (ready.groups[1]);
    // [/start]

    var connection = new SocketClient ().connect_to_host ("127.0.0.1", port);
    var stream = new DataInputStream (connection.input_stream);
    print ("the server says: %s\n", stream.read_line ());
    server.kill ();
    server.wait (NO_TIMEOUT, null);
}

void fail (Launcher launcher) throws Error {
    // [fail]
    var broken = launcher.spawnv ({ "sh", "-c", "echo 'no configuration' >&2; exit 1" });
    try {
        broken.expect ("listening", MatchFlags.NONE, 30000, null);
    } catch (ChildError.NO_MATCH error) {
        var lines = error.message.split ("\n");
        print ("it did not start: %s\n", lines[lines.length - 1].strip ());
    }
    // [/fail]
}

void wait_for_either (Launcher launcher) throws Error {
    // [several]
    var worker = launcher.create ({ "sh", "-c", "echo 'W: low memory'; echo 'E: no disk'; echo up" });
    var waiter = new LineWaiter ();
    waiter.add_pattern ("up", MatchFlags.WHOLE_LINE);
    waiter.add_pattern ("E: ", MatchFlags.PREFIX);
    worker.attach_waiter (waiter);
    worker.start ();
    var match = waiter.wait_match (30000, null);
    print ("%s - %s\n", match.pattern == 0 ? "it is up" : "it failed", match.text);
    // [/several]
}

int main () {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);

    try {
        start_and_talk (launcher);
        fail (launcher);
        wait_for_either (launcher);
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
