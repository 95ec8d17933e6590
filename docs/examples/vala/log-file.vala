// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes what a child prints to a log that is rotated.

using Procstream;

// [writer]
Writer make_log (string path) {
    var log = new Writer.for_path (path, FileMode.APPEND);
    log.write_mode = WriteMode.LINES;
    log.prefix = "%n | ";
    log.mark_losses = true;
    log.max_file_size = 10 * 1024 * 1024;
    log.max_backups = 5;
    return log;
}
// [/writer]

int main () {
    try {
        var launcher = new Launcher (Delivery.RELIABLE, Replay.NONE);
        var child = launcher.create ({ "printf", "%s\\n", "compiling", "linking" });
        string directory = DirUtils.make_tmp ("log-XXXXXX");
        string path = Path.build_filename (directory, "build.log");
        string text;

        var log = make_log (path);
        child.stdout.attach (log);
        child.start ();
        log.wait (NO_TIMEOUT, null);
        FileUtils.get_contents (path, out text);
        FileUtils.unlink (path);
        DirUtils.remove (directory);
        print ("%swritten: %d bytes\n", text, (int) log.bytes_written);
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
