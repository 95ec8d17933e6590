// SPDX-License-Identifier: LGPL-2.1-or-later
// A consumer class whose functions take their time.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Procstream from 'gi://Procstream?version=1.0';

Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async', 'write_bytes_finish');
Gio._promisify(Gio.OutputStream.prototype, 'close_async', 'close_finish');

// [class]
/* Writes the output to a stream. The next chunk comes when the last one is written. */
const Copy = GObject.registerClass(
class Copy extends Procstream.Consumer {
    constructor(stream) {
        super();
        this.stream = stream;
    }

    async vfunc_chunk(chunk) {
        // A write may take a part of what it is given.
        while (chunk.get_size() > 0) {
            const written = await this.stream.write_bytes_async(chunk, GLib.PRIORITY_DEFAULT, null);
            chunk = chunk.new_from_bytes(written, chunk.get_size() - written);
        }
    }

    async vfunc_ended(_error) {
        await this.stream.close_async(GLib.PRIORITY_DEFAULT, null);
    }
});
// [/class]

const stream = Gio.MemoryOutputStream.new_resizable();
const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);
const child = launcher.create(['printf', 'one\\ntwo\\nthree\\n']);
const copy = new Copy(stream);
child.stdout.attach(copy);
child.start();
await copy.wait_async(null);
print(`copied ${stream.get_data_size()} bytes`);
