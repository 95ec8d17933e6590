// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes what a child prints to a log that is rotated.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Procstream from 'gi://Procstream?version=1.0';

// [writer]
function makeLog(path) {
    return new Procstream.Writer({
        file: Gio.File.new_for_path(path),
        file_mode: Procstream.FileMode.APPEND,
        write_mode: Procstream.WriteMode.LINES,
        prefix: '%n | ',
        mark_losses: true,
        max_file_size: 10 * 1024 * 1024,
        max_backups: 5,
    });
}
// [/writer]

const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const child = launcher.create(['printf', '%s\\n', 'compiling', 'linking']);
const directory = GLib.dir_make_tmp('log-XXXXXX');
const path = GLib.build_filenamev([directory, 'build.log']);
const log = makeLog(path);
child.stdout.attach(log);
child.start();
log.wait(Procstream.NO_TIMEOUT, null);
const [, contents] = GLib.file_get_contents(path);
GLib.unlink(path);
GLib.rmdir(directory);
print(`${new TextDecoder().decode(contents)}written: ${log.bytes_written} bytes`);
